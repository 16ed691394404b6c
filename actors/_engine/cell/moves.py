"""How a cell is asked to end: the table of `parts.life`, carried out.

Every request to end (stop, kill, halt, a crash of the actor, of a task or of a child)
is recorded here in one step, in `closed`, `pending_exit` and the attention flags;
carrying it out is for the worker that looks next (`ending`).
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable
from typing import Any, Final

from trio.lowlevel import enable_ki_protection

from actors._engine.crashes import shown
from actors._engine.parts.entry import Entry
from actors._engine.parts.life import (
    ALIVE,
    ENDING,
    HELD,
    ROWS,
    Effect,
    Event,
    Phase,
)
from actors.errors import ActorCrashedError, ActorStoppedError
from actors.events import ActorCrashed, ActorLate, DeadLetterReason, MessageEnd
from actors.exits import Crashed, Decision, Exit, Finished, Killed, Stopped
from actors.messages import open_ticket
from actors.snapshot import Late

from .fields import FAIL, RESUME, Fields
from .inbox import bury, trace_end, turn_away

STOPPED: Final = Stopped()
HALTED: Final = Stopped("halted by its owner")
KILLED: Final = Killed()
FINISHED: Final = Finished()
# looked up once: an enum's members cost a call each time on Python 3.11
CRASHED: Final = DeadLetterReason.CRASHED
_DEAD: Final = DeadLetterReason.KILLED
_RESTART: Final = Decision.RESTART

_logger = logging.getLogger("actors")


def phase_of(cell: Fields) -> Phase:
    """Where it is in the table."""
    state = cell.state
    rare = cell.rare
    if state == ALIVE:
        if cell.attention & FAIL:
            return "halting" if rare is not None and rare.halting else "failing"
        return "draining" if cell.closed else "open"
    if state == HELD:
        return "decided" if rare is not None and rare.decision is not None else "held"
    return "ending" if state == ENDING else "ended"


def happen(cell: Fields, event: Event, exit_: Exit) -> None:
    """Do what the table says."""
    for effect in _STEPS.get((phase_of(cell), event), ()):
        effect(cell, exit_)


# ---------------------------------------------------------------------- the effects


def _close(cell: Fields, _: Exit) -> None:
    cell.closed = True
    cell.room = -1
    turn_away(cell)


def _note(cell: Fields, exit_: Exit) -> None:
    cell.pending_exit = exit_


def _hurry(cell: Fields, _: Exit) -> None:
    if cell.queue is None:
        cell.leave_rest()
    elif cell.worker is not None and cell.worker.suspended:
        arm_grace(cell)


def _cut(cell: Fields, _: Exit) -> None:
    if cell.rare is not None:
        cell.rare.halting = False
    cell.attend_to(FAIL)
    worker = cell.worker
    if worker is not None and worker.suspended:
        worker.cancel()
        if cell.props.work:
            actor: Any = cell.actor  # Any: only work has `_cut_off`
            actor._cut_off()


def _linger(cell: Fields, _: Exit) -> None:
    cell.need_rare().halting = True
    cell.attend_to(FAIL)
    if cell.worker is not None and cell.worker.suspended:
        arm_grace(cell)


def _add(cell: Fields, exit_: Exit) -> None:
    assert isinstance(exit_, Crashed)
    rare = cell.need_rare()
    rare.errors = [*(rare.errors or ()), exit_.error]


def _retire(cell: Fields, _: Exit) -> None:
    cell.need_rare().retired = True


def _pass_on(cell: Fields, exit_: Exit) -> None:
    cell.need_rare().killed = True
    youngest = cell.youngest
    if youngest is not None and cell.props.stop_at_once:
        for child in tuple(cell.children()):
            happen(child, "kill", exit_)
    elif youngest is not None:
        happen(youngest, "kill", exit_)


def _give_up(cell: Fields, _: Exit) -> None:
    decide(cell, Decision.END)


def _ask_again(cell: Fields, _: Exit) -> None:
    rare = cell.need_rare()
    if rare.decision is _RESTART:
        rare.halting = True


_EFFECTS: Final[dict[Effect, Callable[[Fields, Exit], None]]] = {
    "close": _close,
    "note": _note,
    "hurry": _hurry,
    "cut": _cut,
    "linger": _linger,
    "add": _add,
    "retire": _retire,
    "pass on": _pass_on,
    "give up": _give_up,
    "ask again": _ask_again,
}
_STEPS: Final = {
    (row.phase, row.event): tuple(_EFFECTS[effect] for effect in row.effects)
    for row in ROWS
}


# ------------------------------------------------------------------- what is asked


@enable_ki_protection
def kill(cell: Fields) -> None:
    """See `ActorRef.kill`."""
    happen(cell, "kill", KILLED)


def halt(cell: Fields) -> None:
    """End the incarnation in order, and leave the mailbox open for the next one.

    Of a held cell whose restart has been decided: take that back, ask again.
    """
    happen(cell, "halt", HALTED)


def fail(cell: Fields, exit_: Exit) -> None:
    """End the incarnation now: it crashed, a task or child of it did, or a cut."""
    happen(cell, "crash" if isinstance(exit_, Crashed) else "cut off", exit_)


def crash(cell: Fields, error: Exception, entry: Entry | None, doing: str) -> None:
    """An exception escaped: the message is gone, the incarnation is to end.

    `doing` goes into the note of the error, with the message in `entry` behind it.
    """
    hub = cell.hub
    hub.crashes += not cell.props.work
    incarnation = cell.need_rare().incarnation
    exit_ = Crashed(error)
    if entry is None:
        add_note(cell, error, doing)
    else:
        add_note(cell, error, f"{doing} {shown(entry.message)}")
        lose(cell, entry, exit_)
    if ActorCrashed in hub.events.wanted and not cell.props.work:
        hub.publish(ActorCrashed(hub.now(), cell, incarnation, error))
    fail(cell, exit_)


def add_note(cell: Fields, error: Exception, doing: str) -> None:
    """Say in the error where it comes from."""
    incarnation = cell.need_rare().incarnation
    error.add_note(f"in actor {cell.path} (incarnation {incarnation}), {doing}")


def lose(cell: Fields, entry: Entry, exit_: Exit) -> None:
    """The message in hand is lost with the incarnation, unless it was stashed."""
    message = entry.message
    stash = cell.rare.stash if cell.rare is not None else None
    if stash is not None and stash.holds(message, cell.handled):
        trace_end(cell, entry.number, MessageEnd.STASHED)
        return
    ticket = open_ticket(message)
    if ticket is not None and ticket.holder is cell:
        ticket.fail(answer_error(cell, exit_, message))
    bury(cell, entry, CRASHED if isinstance(exit_, Crashed) else _DEAD)


# Any: a request is any message
def answer_error(cell: Fields, exit_: Exit, request: Any) -> Exception:
    """The error for an asker whose request ends with the incarnation."""
    if isinstance(exit_, Crashed):
        crashed = ActorCrashedError(cell.path, request)
        crashed.__cause__ = exit_.error
        return crashed
    return ActorStoppedError(cell.path, exit_)


# --------------------------------------------------------------------------- lateness


def arm_grace(cell: Fields) -> None:
    """Start the clock of a stop that is not done at once.

    Who still starts while the whole system stops has handled nothing yet: what its
    `started` waits for will be of no use, and is cancelled now.
    """
    rare = cell.need_rare()
    worker = cell.worker
    ends = cell.hub.late is not None and cell.closed
    if ends and worker is not None and worker.suspended and worker.phase == "started":
        _cut(cell, STOPPED)
        return
    if rare.grace_timer is None and cell.props.grace != math.inf:
        deadline = cell.hub.now() + cell.props.grace
        rare.grace_timer = cell.hub.timers.at(deadline, lambda: _overdue(cell))


def _overdue(cell: Fields) -> None:
    if cell.state != ALIVE:
        return
    late(cell)
    if cell.closed:
        kill(cell)
    else:
        fail(cell, KILLED)  # it was halted: the mailbox stays open


def late(cell: Fields, phase: str | None = None) -> None:
    """Record that this actor had to be cut off."""
    hub = cell.hub
    if phase is None:
        worker = cell.worker
        phase = worker.phase if worker is not None else "queue"
    # a stranger's filter or handler must not keep anybody from being killed
    with contextlib.suppress(Exception, SystemExit):
        _logger.warning("%s was late to stop, in %s", cell.path, phase)
    if hub.late is not None:
        hub.late.append(Late(cell.path, phase))
    if ActorLate in hub.events.wanted:
        hub.publish(ActorLate(hub.now(), cell, phase))


def cut_short(cell: Fields) -> None:
    """The system's total deadline is over: kill, and cut the `stopped` hook too."""
    rare = cell.rare
    scope = rare.hook_scope if rare is not None else None
    if cell.state == ALIVE:  # one that was not even asked to stop only waited
        busy = cell.worker is not None or (cell.closed and bool(cell.queue))
    else:
        busy = rare is not None and rare.tasks is not None
    kill(cell)
    if scope is not None:
        scope.cancel()  # the hook reports itself late
    elif busy and cell.owner is not None:
        late(cell, "tasks" if cell.state == ENDING else None)


def reason_to_end(cell: Fields) -> Exit | None:
    """Why the incarnation is to end, also if only its tasks know yet."""
    tasks = cell.rare.tasks if cell.rare is not None else None
    if tasks is not None and tasks.crash is not None:
        return Crashed(tasks.crash)
    return cell.pending_exit


# -------------------------------------------------------------- a held cell's decision


def decide(cell: Fields, decision: Decision) -> None:
    """The owner has decided about this held cell: have a worker carry it out."""
    if decision is Decision.HOLD:
        return
    rare = cell.need_rare()
    if cell.hub.asked is cell:
        rare.decision = decision  # the answer is on its way, and looks here
    elif phase_of(cell) == "held":
        rare.decision = decision
        carry_on(cell)


def answered(cell: Fields, decision: Decision) -> None:
    """The owner has been asked about this held cell, and this is its answer."""
    if decision is not Decision.HOLD:
        cell.need_rare().decision = decision
    held(cell)


def held(cell: Fields) -> None:
    """The owner has been asked about this cell, which is held."""
    rare = cell.need_rare()
    if rare.decision is not None:
        carry_on(cell)
    elif not rare.retired:
        cell.closed = False  # the next incarnation's mailbox collects


def carry_on(cell: Fields) -> None:
    """Have a worker carry out what has been decided about this held cell."""
    cell.attention |= RESUME
    cell.be_ready()
