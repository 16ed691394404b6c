"""Sessions as shapes: the worst of very many, without asking any of them.

The worst of all are found among those that are not idle; any other question looks at
every lane of the routers, a few hundred between two checkpoints.  Only those that are
to be shown become shapes.
"""

from __future__ import annotations

import functools
import heapq
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, cast, get_args

import attrs
import trio

from actors import CloseReason
from actors.hosting import last_sign_of
from supervision._routing.core.core import Core
from supervision._routing.core.looking import info, phase_of
from supervision._routing.limits import RouterStatistics
from supervision._routing.parts.lane import BACKOFF, CLOSING, GONE, QUARANTINED, Lane

from .errors import AmbiguousKeyError, BadQueryError, UnknownSessionError
from .shapes import RouterShape, SessionShape, SessionsShape

AT_ONCE: Final = 256
GLANCES: Final = 4096  # for a look that is much cheaper

Order = Literal["worst", "key", "age", "idle", "queued"]
"""worst: what a person would look at first: quarantined, waiting to come back, busy
without a sign of life for longest; then the idle ones, the latest first."""

ORDERS: Final[tuple[str, ...]] = get_args(Order)


def _trouble(router: Core, lane: Lane, now: float) -> tuple[float, ...]:
    phase = lane.phase
    if phase == QUARANTINED:
        return (4.0, lane.waiting)
    if phase == BACKOFF:
        return (3.0, lane.waiting)
    if phase == CLOSING:
        return (2.0, lane.waiting)
    run = lane.turn
    if run is not None and run.has_begun:
        return (1.0, now - last_sign_of(run) + lane.waiting)
    if lane.busy:
        return (1.0, lane.waiting)
    return (0.0, lane.since if lane in router.idle else 0.0)


def _idle(router: Core, lane: Lane, now: float) -> tuple[float, ...]:
    return (now - lane.since if lane in router.idle else -1.0,)


@functools.total_ordering
class _Backwards:
    """A key, for an order in which the first comes last."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and self.key == other.key

    def __lt__(self, other: _Backwards) -> bool:
        return self.key > other.key

    __hash__ = None  # type: ignore[assignment] # it is only compared


_KEYS: Final[Mapping[str, Callable[[Core, Lane, float], tuple[Any, ...]]]] = {
    "worst": _trouble,
    "key": lambda _router, lane, _now: (_Backwards(lane.key),),
    "age": lambda _router, lane, now: (now - lane.created_at,),
    "idle": _idle,
    "queued": lambda _router, lane, _now: (lane.waiting,),
}


def shape_of(router: Core, lane: Lane) -> SessionShape:
    """One session."""
    said = attrs.asdict(info(router, lane), recurse=False)
    return cast("SessionShape", {"router": router.ref.path, **said})


def router_shape(
    path: str, statistics: RouterStatistics, *, alive: bool
) -> RouterShape:
    """The counts of one router."""
    fields = attrs.asdict(statistics, recurse=False)
    fields["queued"] -= fields["answering"]
    fields["closed"] = {
        reason.name.lower(): number for reason, number in statistics.closed.items()
    }
    for name in ("outcomes", "refused", "turn_seconds", "turns"):
        fields[name] = dict(fields[name])
    return cast("RouterShape", {"path": path, "alive": alive, **fields})


async def list_sessions(
    routers: Mapping[str, Core],
    *,
    phase: str | None,
    match: str | None,
    order: str,
    limit: int,
) -> SessionsShape:
    """So many of them in this order, and how many there are."""
    if order not in ORDERS:
        msg = f"order must be one of {', '.join(ORDERS)}, not {order!r}"
        raise BadQueryError(msg)
    if order == "worst" and match is None and phase is None:
        return await _worst(routers, limit)
    found: list[tuple[tuple[Any, ...], int, Core, Lane]] = []
    matching = 0
    await trio.lowlevel.checkpoint()
    for seen, (router, lane) in enumerate(_all(routers), 1):
        if seen % AT_ONCE == 0:
            await trio.lowlevel.checkpoint()
        if match is not None and match not in lane.key:
            continue
        if phase is not None and phase_of(lane) != phase:
            continue
        matching += 1
        score = _KEYS[order](router, lane, router.now())
        # the number keeps routers and lanes from being compared; older ones first
        if len(found) < limit:
            heapq.heappush(found, (score, -matching, router, lane))
        elif limit and (score, -matching) > found[0][:2]:
            heapq.heapreplace(found, (score, -matching, router, lane))
    found.sort(reverse=True)
    shapes = [
        shape_of(router, lane)
        for _, _, router, lane in found
        if router.lanes.get(lane.key) is lane
    ]
    return SessionsShape(sessions=shapes, matching=matching)


async def _worst(routers: Mapping[str, Core], limit: int) -> SessionsShape:
    """The worst of all, with no more than a glance at those that are idle."""
    await trio.lowlevel.checkpoint()
    found: list[tuple[tuple[Any, ...], int, Core, Lane]] = []
    matching = 0
    for router in routers.values():
        now = router.now()
        busy = [lane for lane in await _notable(router) if lane.phase != GONE]
        matching += len(router.lanes)
        scores = (
            (_trouble(router, lane, now), id(lane), router, lane) for lane in busy
        )
        found += heapq.nlargest(limit, scores)
        lane = router.idle.youngest
        for _ in range(limit - len(busy)):
            if lane is None:
                break
            if lane.phase != QUARANTINED:
                found.append((_trouble(router, lane, now), id(lane), router, lane))
            lane = lane.older
    worst = heapq.nlargest(limit, found)
    shapes = [shape_of(router, lane) for _, _, router, lane in worst]
    return SessionsShape(sessions=shapes, matching=matching)


async def _notable(router: Core) -> list[Lane]:
    """The lanes of a router that are not idle, and those in quarantine."""
    lanes = {run.lane for run in router.turns.running.values()}
    idle_or_busy = len(lanes) + len(router.idle) >= len(router.lanes)
    if idle_or_busy and CloseReason.CRASHED not in router.books.closed:
        return list(lanes)  # there are no others
    found: list[Lane] = []
    everything = tuple(router.lanes.values())
    for start in range(0, len(everything), GLANCES):
        if start:
            await trio.lowlevel.checkpoint()
        idle = router.idle
        oldest = idle.oldest  # `lane in idle`, without a call for each
        found += [
            lane
            for lane in everything[start : start + GLANCES]
            if (lane.older is None and lane is not oldest) or lane.phase == QUARANTINED
        ]
    return found


def _all(routers: Mapping[str, Core]) -> Iterator[tuple[Core, Lane]]:
    for router in routers.values():
        for lane in tuple(router.lanes.values()):
            yield router, lane


def find_session(routers: Mapping[str, Core], key: str) -> tuple[Core, Lane]:
    """The one session of this key.

    Raises:
        UnknownSessionError: no router knows the key.
        AmbiguousKeyError: several do.
    """
    found = {path: each for path, each in routers.items() if key in each.lanes}
    if not found:
        msg = f"no router knows the session {key!r}"
        raise UnknownSessionError(msg)
    if len(found) > 1:
        raise AmbiguousKeyError(key, found)
    (router,) = found.values()
    return router, router.lanes[key]


def chosen(routers: Mapping[str, Core], path: str | None) -> Mapping[str, Core]:
    """All routers, or the one with this path.

    Raises:
        UnknownSessionError: there is no such router.
    """
    if path is None:
        return routers
    if path not in routers:
        known = ", ".join(routers) or "none"
        msg = f"there is no router {path!r}; there are: {known}"
        raise UnknownSessionError(msg)
    return {path: routers[path]}
