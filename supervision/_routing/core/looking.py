"""What a router says of itself and of its sessions, to whoever looks.

Looking asks nobody, changes nothing and is no sign of life.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from actors import Phase
from actors.hosting import (
    MemoryLog,
    TurnRun,
    can_change,
    in_burst,
    last_sign_of,
    steering_of,
    tool_of,
)
from supervision._routing.errors import NoStoreError
from supervision._routing.parts.lane import (
    ASLEEP,
    BACKOFF,
    CLOSING,
    GONE,
    OPEN,
    PLACE,
    QUARANTINED,
    STARTING,
    UNSET,
    Lane,
)
from supervision._routing.reports import Remembered, RouterStatistics, SessionInfo

from .core import Core

GIVEN_UP = "given up"
GATHERING: Final = "gathering"
SUSPENDED = "suspended"
PASSIVATED: Final = "passivated"
"""The phase of a key that only a store knows."""
ELSEWHERE: Final = "elsewhere"
"""The phase of a key of another node, as long as nobody asks that one."""
HELD: Final = "held"
"""What is kept of it cannot be read."""
TENANT: Final = "waiting for tenant"
"""It waits for a slot, and its tenant has as many as one may have."""
_IN_PLACE: Final = "read() of a state that can be changed in place"
_VALUE: Final = "make its state a value, such as a tuple or a frozen class of such"
_NAMES = {
    PLACE: "waiting for a place",
    STARTING: "starting",
    CLOSING: "closing",
    BACKOFF: "backing off",
    QUARANTINED: "quarantined",
    OPEN: "idle",
    ASLEEP: "idle",
}
_AT_REST = (OPEN, ASLEEP, GONE)
_UNREAD = (PLACE, STARTING, ASLEEP)
"""Where a key is that is held: beside those with places, or where it was asked for."""


PHASES: Final = (
    *dict.fromkeys(_NAMES.values()),
    *(phase.value for phase in Phase if phase is not Phase.ENDED),
    TENANT,
    GATHERING,
    "children",
    GIVEN_UP,
    HELD,
)
"""All that `phase_of` says."""


def phase_of(core: Core, lane: Lane) -> str:
    """What a session does, in words; `SessionInfo.phase`."""
    if lane.phase == OPEN:
        run: TurnRun | None = lane.turn
        if run is not None:
            return phase_of_turn(core, run)
        if lane.waiting:
            return GATHERING
        if lane.busy:
            return "children"
    elif lane.phase in _UNREAD and why_held(core, lane) is not None:
        return HELD
    if core.burning and lane.key in core.burning and lane.phase in _AT_REST:
        return GIVEN_UP
    return _NAMES[lane.phase]


def why_held(core: Core, lane: Lane) -> str | None:
    """Why nothing of a session begins: what its store has is unreadable; None."""
    store = core.keeping.store
    return store.why_held(lane) if store is not None else None


def queued(core: Core, lane: Lane) -> int:
    """How many prompts of a session wait, those included that are held in a store."""
    store = core.keeping.store
    return lane.waiting + (store.unread(lane) if store is not None else 0)


def phase_of_turn(core: Core, run: TurnRun) -> str:
    """What a turn does, in words."""
    turn = run.turn  # None: its end is being kept
    phase: Phase = turn.phase if turn is not None else Phase.ENDING
    if phase is Phase.WAITING and not run.slot and run.extra is not None:
        return TENANT if core.slots.is_full(run.extra.slot_tenant) else phase.value
    return phase.value


def abandoned(core: Core) -> list[Lane]:
    """Keys that the router has forgotten, while code of their turns goes on."""
    return [
        core.burning.of(key)[0].run.lane
        for key in core.burning
        if key not in core.lanes
    ]


def find(core: Core, key: str) -> Lane | None:
    """The entry of a key; None: there is none, and nothing of it goes on."""
    lane: Lane | None = core.lanes.get(key)
    if lane is None and key in core.burning:
        lane = core.burning.of(key)[0].run.lane
    return lane


def info(core: Core, lane: Lane) -> SessionInfo:
    """What there is to say of one session."""
    run: TurnRun | None = lane.turn
    extra = lane.extra
    now = core.now()
    children = extra.criticals if extra is not None else 0
    last = lane.since
    burnt = core.burning.of(lane.key)
    phase = phase_of(core, lane)
    turn = run.id if run is not None else None
    if run is not None and run.has_begun:
        last = last_sign_of(run)
    elif phase == GIVEN_UP:
        turn, last = burnt[0].run.id, last_sign_of(burnt[0].run)
    if run is not None and run.extra is not None and run.extra.family is not None:
        own = run.extra.family.children.values()
        children += sum(1 for child in own if not child.critical)
    return SessionInfo(
        key=lane.key,
        tenant=lane.tenant,
        generation=lane.generation,
        phase=phase,
        turn=turn,
        tool=tool_of(run) if run is not None else None,
        queued=queued(core, lane),
        steering=len(steering_of(run)) if run is not None else 0,
        children=children,
        asides=len(extra.asides or ()) if extra is not None else 0,
        readers=core.readers.of(lane.key),
        age=now - lane.created_at,
        idle=now - lane.since if lane in core.idle else None,
        last_activity=now - last,
        given_up=len(burnt),
        burning=now - burnt[0].since if burnt else None,
        quarantined=_quarantined(lane, now),
        held=why_held(core, lane),
        entries=_entries(core, lane),
    )


def whereabouts(core: Core, key: str) -> dict[str, Any]:
    """Where a key is and what it does: fields of `Remembered`, as in memory.

    Any: each has its type.
    """
    lane: Lane | None = core.lanes.get(key)
    others = core.keeping.others
    found: dict[str, Any] = {
        "tenant": lane.tenant if lane is not None else None,
        "generation": lane.generation if lane is not None else 0,
        "live": lane is not None,
        "phase": PASSIVATED,
        "held": None,
        "node": None,
        "age": None,
    }
    if lane is not None:
        found["phase"] = phase_of(core, lane)
        found["age"] = core.now() - lane.created_at
        found["held"] = why_held(core, lane)
    elif others is not None and others.has(key):
        there = others.locate(key)
        found["phase"] = ELSEWHERE
        found["node"] = there.node if there is not None else None
    elif key in core.tokens.suspended:
        found["phase"] = SUSPENDED
    return found


def remembered(
    core: Core, key: str, newest: int, before: int | None
) -> Remembered | None:
    """What is remembered of a key without a store, in memory; None: unknown.

    Raises:
        NoStoreError: its state can be changed in place, so that nobody knows what it
            was before the turn that may be running.
    """
    lane: Lane | None = core.lanes.get(key)
    if lane is None and key not in core.tokens.suspended:
        return None
    state: Any = core.committed(lane) if lane is not None else None
    if state is UNSET:
        state = None
    if can_change(state):
        raise NoStoreError(core.ref.path, _IN_PLACE, _VALUE)
    log: MemoryLog | None = None
    if lane is not None and lane.extra is not None:
        log = lane.extra.history
    first, end = (log.first, log.end) if log is not None else (0, 0)
    stop = end if before is None else min(end, before)
    begin = max(first, stop - newest)
    return Remembered(
        key=key,
        state=state,
        version=None,
        history=tuple(log.between(begin, stop)) if log is not None else (),
        entries=end - first,
        before=begin if begin > first else None,
        waiting=sum(1 for _ in lane.receipts()) if lane is not None else 0,
        **whereabouts(core, key),
    )


def _entries(core: Core, lane: Lane) -> int:
    """How many its history has; nothing is made for the look."""
    if lane.extra is None or (core.keeping.plain and lane.extra.history is None):
        return 0
    log = core.keeping.history_of(lane)
    return log.end - log.first


def _quarantined(lane: Lane, now: float) -> float | None:
    crashes = lane.extra.crashes if lane.extra is not None else None
    if lane.phase != QUARANTINED or crashes is None:
        return None
    return max(0.0, crashes.until - now)


def statistics(core: Core) -> RouterStatistics:
    """See `RouterRef.statistics`; goes through the turns."""
    books, slots = core.books, core.slots
    running = core.turns.running.values()
    store = core.keeping.store
    kept = sum(each.ended is None for each in core.keeping.left)
    return RouterStatistics(
        sessions=len(core.lanes),
        idle=len(core.idle),
        turns_running=slots.running,
        turns_waiting=slots.waiting,
        slots=slots.limit,
        queued=core.unsettled - kept,
        answering=sum(len(run.receipts) for run in running if run.slot),
        accepted=core.accepted,
        outcomes=MappingProxyType(books.prompts()),
        refused=MappingProxyType(dict(books.refused)),
        repeated=books.repeated,
        opened=books.opened,
        closed=MappingProxyType(dict(books.closed)),
        suspended=len(core.tokens.suspended),
        given_up=len(core.burning),
        chunks=core.chunks + sum(in_burst(run.stream) for run in running),
        unread=core.unread,
        out_of_turn=core.out_of_turn,
        wait_seconds=books.wait_seconds,
        wait_longest=books.wait_longest,
        turn_seconds=MappingProxyType(books.turn_seconds()),
        turns=MappingProxyType(books.turns()),
        kept=kept,
        store=store.statistics() if store is not None else None,
    )
