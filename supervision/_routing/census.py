"""Which routers there are in a system, and what those that have ended had counted.

A router enters itself when it is made, and leaves its last counts here when it ends, so
that whoever looks at a service finds its routers without a walk through the tree, and
no count is lost when one is restarted.  Knows routers only by what it is given.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import attrs
import trio

from actors.hosting import actor_of, hub_of, seat_of

from .core.looking import statistics
from .reports import RouterStatistics

_OTHERS: Final = "/..."
_LOST: Final = 100  # prompts that are known by name
_PATHS: Final = 1000  # of ended routers; the counts of more are kept together

# Any: the routers' room stands above this one
_made: trio.lowlevel.RunVar[weakref.WeakSet[Any]] = trio.lowlevel.RunVar("routers")
_ADDED: Final = (
    "accepted",
    "kept",
    "repeated",
    "opened",
    "chunks",
    "unread",
    "out_of_turn",
    "wait_seconds",
)
# of the store
_STORED: Final = ("batches", "operations", "seconds", "sent_on", "moved", "fenced")
_COUNTED: Final = ("outcomes", "refused", "closed", "turn_seconds", "turns")


def enter(router: Any) -> None:
    """A router has been made; one made outside of Trio is never started."""
    if not trio.lowlevel.in_trio_run():
        return
    _all().add(router)


def leave(router: Any) -> None:
    """An incarnation of a router has ended: keep its counts."""
    _all().discard(router)
    past: dict[str, RouterStatistics] = _past(router._seat.hub)
    path = router.ref.path
    if path not in past and len(past) >= _PATHS:
        path = _OTHERS
    core = router._house()
    past[path] = together(past.get(path), statistics(core))
    lost = _lost(router._seat.hub)
    own = core.books.lost[: _LOST - len(lost)]
    lost += ((router.ref.path, key, number) for key, number in own)


def routers_of(system: Any) -> dict[str, Any]:
    """`{path: its core}` of those that are alive, in the order of their paths."""
    hub = hub_of(system)
    found: dict[str, Any] = {}
    for router in tuple(_all()):
        seat = seat_of(router)
        if seat is not None and seat.hub is hub and actor_of(router.ref) is router:
            found[router.ref.path] = router._house()
    return dict(sorted(found.items()))


def counts_of(system: Any) -> dict[str, tuple[bool, RouterStatistics]]:
    """`{path: (alive, statistics)}` of all routers so far, counts of all lives."""
    past = _past(hub_of(system))
    alive = routers_of(system)
    return {
        path: (
            path in alive,
            together(past.get(path), statistics(alive[path]))
            if path in alive
            else past[path],
        )
        for path in sorted(past.keys() | alive.keys())
    }


def lost_of(system: Any) -> tuple[tuple[str, str, int], ...]:
    """Path, key and id of the first 100 lost prompts of all routers so far."""
    found = list(_lost(hub_of(system)))
    for path, core in routers_of(system).items():
        found += ((path, key, number) for key, number in core.books.lost)
    return tuple(found[:_LOST])


def together(
    before: RouterStatistics | None, now: RouterStatistics
) -> RouterStatistics:
    """What is now, and the counts of both."""
    if before is None:
        return now
    changes: dict[str, Any] = {
        name: getattr(before, name) + getattr(now, name) for name in _ADDED
    }
    for name in _COUNTED:
        changes[name] = _sums(getattr(before, name), getattr(now, name))
    changes["wait_longest"] = max(before.wait_longest, now.wait_longest)
    if before.store is not None and now.store is not None:
        sums = {
            name: getattr(before.store, name) + getattr(now.store, name)
            for name in _STORED
        }
        changes["store"] = attrs.evolve(now.store, **sums)
    return attrs.evolve(now, **changes)


def _all() -> weakref.WeakSet[Any]:
    """All routers of this run of Trio."""
    try:
        return _made.get()
    except LookupError:
        made: weakref.WeakSet[Any] = weakref.WeakSet()
        _made.set(made)
        return made


def _sums(one: Mapping[Any, float], other: Mapping[Any, float]) -> dict[Any, float]:
    total: Counter[Any] = Counter()
    for each in (one, other):
        for key, number in each.items():
            total[key] += number  # type: ignore[assignment] # seconds too
    return dict(total)


def _past(hub: Any) -> dict[str, RouterStatistics]:
    past: dict[str, RouterStatistics] = hub.notes.setdefault("routers", {})
    return past


def _lost(hub: Any) -> list[tuple[str, str, int]]:
    lost: list[tuple[str, str, int]] = hub.notes.setdefault("lost", [])
    return lost
