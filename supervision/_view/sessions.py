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
from supervision._routing.core.looking import (
    ELSEWHERE,
    PASSIVATED,
    PHASES,
    SUSPENDED,
    abandoned,
    find,
    info,
    phase_of,
    queued,
)
from supervision._routing.parts.lane import BACKOFF, CLOSING, GONE, QUARANTINED, Lane
from supervision._routing.reports import KeyInfo, RouterStatistics, SessionInfo

from .errors import AmbiguousKeyError, BadQueryError, UnknownSessionError
from .shapes import RouterShape, SessionShape, SessionsShape

AWAY: Final = frozenset({PASSIVATED, ELSEWHERE})
"""The phases of keys that a router does not have in memory."""
AT_ONCE: Final = 256
GLANCES: Final = 4096  # for a look that is much cheaper

Order = Literal["worst", "key", "age", "idle", "queued"]
"""worst: what a person would look at first: given up and still burning, quarantined,
waiting to come back, busy without a sign of life for longest; then the idle ones, the
latest first."""

ORDERS: Final[tuple[str, ...]] = get_args(Order)
ALL_PHASES: Final = (*PHASES, SUSPENDED)
"""What a list may be asked for."""


_WRONG: Final = {QUARANTINED: 4.0, BACKOFF: 3.0, CLOSING: 2.0}


def _trouble(router: Core, lane: Lane, now: float) -> tuple[float, ...]:
    if router.burning and (burnt := router.burning.of(lane.key)):
        return (5.0, now - burnt[0].since)
    wrong = _WRONG.get(lane.phase)
    if wrong is not None:
        return (wrong, lane.waiting)
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
    "queued": lambda router, lane, _now: (queued(router, lane),),
}


def shape_of(router: Core, lane: Lane) -> SessionShape:
    """One session."""
    return told_shape(router, info(router, lane), None)


def told_shape(router: Core, told: SessionInfo, node: str | None) -> SessionShape:
    """What is said of one session; of which node, if it is another one's."""
    said = attrs.asdict(told, recurse=False)
    return cast("SessionShape", {"router": router.ref.path, **said, "node": node})


def suspended_shape(router: Core, key: str) -> SessionShape:
    """A key that has no session, and a token to resume one."""
    return SessionShape(
        router=router.ref.path,
        key=key,
        tenant=None,
        generation=0,
        phase=SUSPENDED,
        turn=None,
        tool=None,
        queued=0,
        steering=0,
        children=0,
        asides=0,
        readers=router.readers.of(key),
        age=None,
        idle=None,
        last_activity=None,
        given_up=0,
        burning=None,
        quarantined=None,
        held=None,
        entries=0,
        node=None,
    )


def router_shape(
    path: str, statistics: RouterStatistics, *, alive: bool
) -> RouterShape:
    """The counts of one router."""
    fields = attrs.asdict(statistics, recurse=False)
    fields["queued"] -= fields["answering"]
    fields["closed"] = {
        reason.name.lower(): number for reason, number in statistics.closed.items()
    }
    if statistics.store is not None:
        fields["store"] = attrs.asdict(statistics.store)
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
    _one_of("order", order, ORDERS)
    if phase is not None:
        _one_of("phase", phase, ALL_PHASES)
    if phase == SUSPENDED:
        return await _suspended(routers, match, limit)
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
        if phase is not None and phase_of(router, lane) != phase:
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
        if find(router, lane.key) is lane
    ]
    return SessionsShape(sessions=shapes, matching=matching)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        msg = f"{name} must be one of {', '.join(known)}, not {value!r}"
        raise BadQueryError(msg)


async def _worst(routers: Mapping[str, Core], limit: int) -> SessionsShape:
    """The worst of all, with no more than a glance at those that are idle."""
    await trio.lowlevel.checkpoint()
    found: list[tuple[tuple[Any, ...], int, Core, Lane]] = []
    matching = 0
    for router in routers.values():
        now = router.now()
        busy = [lane for lane in await _notable(router) if lane.phase != GONE]
        burnt: list[Lane] = []
        if router.burning:
            burnt = [each for key in router.burning if (each := find(router, key))]
            busy += [lane for lane in burnt if lane not in busy]
            matching += len(abandoned(router))
        matching += len(router.lanes)
        scores = (
            (_trouble(router, lane, now), id(lane), router, lane) for lane in busy
        )
        found += heapq.nlargest(limit, scores)
        lane = router.idle.youngest
        for _ in range(limit - len(busy)):
            if lane is None:
                break
            if lane.phase != QUARANTINED and lane not in burnt:
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


async def _suspended(
    routers: Mapping[str, Core], match: str | None, limit: int
) -> SessionsShape:
    """The keys that would be resumed, as they have become so."""
    shapes: list[SessionShape] = []
    matching = 0
    for router in routers.values():
        await trio.lowlevel.checkpoint()
        for seen, key in enumerate(tuple(router.tokens.suspended), 1):
            if seen % GLANCES == 0:
                await trio.lowlevel.checkpoint()
            if match is None or match in key:
                matching += 1
                if len(shapes) < limit:
                    shapes.append(suspended_shape(router, key))
    return SessionsShape(sessions=shapes, matching=matching)


def _all(routers: Mapping[str, Core]) -> Iterator[tuple[Core, Lane]]:
    for router in routers.values():
        for lane in (*router.lanes.values(), *abandoned(router)):
            yield router, lane


def find_session(routers: Mapping[str, Core], key: str) -> tuple[Core, Lane | None]:
    """The router of this key, and its entry; None: it is suspended.

    Raises:
        UnknownSessionError: no router knows the key.
        AmbiguousKeyError: several do.
    """
    found = {
        path: each
        for path, each in routers.items()
        if key in each.lanes or key in each.tokens.suspended or key in each.burning
    }
    if not found:
        msg = f"no router knows the session {key!r}"
        raise UnknownSessionError(msg)
    if len(found) > 1:
        raise AmbiguousKeyError(key, found)
    (router,) = found.values()
    return router, find(router, key)


def passivated_shape(router: Core, key: str, info: KeyInfo | None) -> SessionShape:
    """A key that only a store knows, or that is another node's."""
    shape = suspended_shape(router, key)
    shape["phase"] = PASSIVATED
    others = router.keeping.others
    if others is not None and others.has(key):
        there = others.locate(key)
        shape["phase"] = ELSEWHERE
        shape["node"] = there.node if there is not None else None
    if info is not None:
        shape["tenant"], shape["generation"] = info.tenant, info.generation
        shape["queued"], shape["entries"] = info.waiting, info.entries
        shape["held"], shape["quarantined"] = info.held, info.quarantined
    return shape


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
