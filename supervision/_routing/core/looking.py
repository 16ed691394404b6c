"""What a router says of itself and of its sessions, to whoever looks.

Looking asks nobody, changes nothing and is no sign of life.
"""

from __future__ import annotations

from types import MappingProxyType

from actors.hosting import TurnRun, last_sign_of, steering_of, tool_of
from supervision._routing.limits import RouterStatistics, SessionInfo
from supervision._routing.parts.lane import (
    ASLEEP,
    BACKOFF,
    CLOSING,
    OPEN,
    PLACE,
    QUARANTINED,
    STARTING,
    Lane,
)

from .core import Core

_NAMES = {
    PLACE: "waiting for a place",
    STARTING: "starting",
    CLOSING: "closing",
    BACKOFF: "backing off",
    QUARANTINED: "quarantined",
    OPEN: "idle",
    ASLEEP: "idle",
}


def phase_of(lane: Lane) -> str:
    """What a session does, in words; `SessionInfo.phase`."""
    if lane.phase == OPEN:
        run: TurnRun | None = lane.turn
        if run is not None:
            phase: str = run.turn.phase.value
            return phase
        if lane.busy:
            return "children"
    return _NAMES[lane.phase]


def info(core: Core, lane: Lane) -> SessionInfo:
    """What there is to say of one session."""
    run: TurnRun | None = lane.turn
    extra = lane.extra
    now = core.now()
    children = extra.criticals if extra is not None else 0
    last = lane.since
    if run is not None and run.has_begun:
        last = last_sign_of(run)
    if run is not None and run.extra is not None and run.extra.family is not None:
        own = run.extra.family.children.values()
        children += sum(1 for child in own if not child.critical)
    return SessionInfo(
        key=lane.key,
        owner=lane.owner,
        generation=lane.generation,
        phase=phase_of(lane),
        turn=run.id if run is not None else None,
        tool=tool_of(run) if run is not None else None,
        queued=lane.waiting,
        steering=len(steering_of(run)) if run is not None else 0,
        children=children,
        asides=len(extra.asides or ()) if extra is not None else 0,
        age=now - lane.created_at,
        idle=now - lane.since if lane in core.idle else None,
        last_activity=now - last,
    )


def statistics(core: Core) -> RouterStatistics:
    """See `RouterRef.statistics`; goes through the turns."""
    books, slots = core.books, core.slots
    running = core.turns.running.values()
    return RouterStatistics(
        sessions=len(core.lanes),
        idle=len(core.idle),
        turns_running=slots.running,
        turns_waiting=slots.waiting,
        slots=slots.limit,
        queued=core.unsettled,
        answering=sum(len(run.receipts) for run in running if run.slot),
        accepted=core.accepted,
        outcomes=MappingProxyType(books.prompts()),
        refused=MappingProxyType(dict(books.refused)),
        repeated=books.repeated,
        opened=books.opened,
        closed=MappingProxyType(dict(books.closed)),
        suspended=len(core.tokens),
        chunks=core.chunks,
        unread=core.unread,
        out_of_turn=core.out_of_turn,
        wait_seconds=books.wait_seconds,
        wait_longest=books.wait_longest,
        turn_seconds=MappingProxyType(books.turn_seconds()),
        turns=MappingProxyType(books.turns()),
    )
