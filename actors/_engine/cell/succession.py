"""What comes after an incarnation: the owner decides, a new life or the end for good.

An owner is asked about a child (`child_ended`) in the owner's own turn: at once when
the owner is at rest, through its control lane when it is not; meanwhile the child is
held.  A restart puts a new instance into the same cell; the mailbox, the path and the
ref stay.  The end for good empties the mailbox and tells the watchers.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import trio

from actors._engine.parts.entry import Entry
from actors._engine.parts.life import ALIVE, ENDED, HELD, after
from actors._engine.parts.notices import ChildEnded, ChildNews, Notice
from actors._engine.seat import Own
from actors.errors import DuplicateNameError
from actors.events import ActorStopped, DeadLetterReason
from actors.exits import Crashed, Decision, Exit
from actors.messages import PENDING
from actors.ref import Terminated

from .beginning import publish_started, tell_started
from .fields import FAIL, RESUME, START, Fields, Rare
from .inbox import bury, control, put_back, skip, stopped_error, turn_away
from .moves import HALTED, fail, held
from .owner import (
    consult_at_rest,
    failed_at_the_end,
    failed_plain,
    hear,
    let_go,
    take_in,
)

# looked up once: an enum's members cost a call each time on Python 3.11
_HOLD = Decision.HOLD
_ESCALATE = Decision.ESCALATE


def ask_owner(cell: Fields, exit_: Exit) -> Decision | None:
    """What the owner decides; None: it will, in its own turn."""
    owner: Fields | None = cell.owner
    crashed = isinstance(exit_, Crashed)
    if cell.props.work:
        return Decision.END
    if owner is None:  # the root: its crash is the system's
        if isinstance(exit_, Crashed):
            cell.hub.interrupt(exit_.error)
        return Decision.END
    if owner.state != ALIVE or owner.attention & FAIL:
        # it is ending: no restart; without a hook of its own the crash is its own
        return Decision.END if owner.props.child_ended else Decision.ESCALATE
    if not owner.props.child_ended:
        return Decision.ESCALATE if crashed else Decision.END
    if owner.queue is not None:
        control(owner, ChildEnded(cell, exit_))
        return None
    return consult_at_rest(owner, cell, exit_)


def apply(cell: Fields, decision: Decision | None) -> bool:
    """Carry the decision out.  True: a new incarnation is ready to go on."""
    exit_ = cell.pending_exit
    match after(decision, retired=_retired(cell)):
        case "restart":
            return _restart(cell)
        case "hold":
            cell.state = HELD
            cell.room = -1
            if cell.queue is None:  # held is not at rest
                cell.queue = cell.new_queue()
            if decision is _HOLD:
                held(cell)
            return False
        case _:
            finish(cell)
    owner: Fields | None = cell.owner
    if cell.props.work or owner is None:
        return False
    if isinstance(exit_, Crashed):
        if decision is _ESCALATE:
            fail(owner, exit_)
        return False
    late = cell.pending_exit  # it may have crashed in its last hooks
    if isinstance(late, Crashed) and not owner.props.child_ended:
        fail(owner, late)
    return False


def _retired(cell: Fields) -> bool:
    """Whether somebody has asked it to stop, so that a crash brings no new life."""
    rare = cell.rare
    crashed = isinstance(cell.pending_exit, Crashed)
    return (crashed and cell.closed) or (rare is not None and rare.retired)


def resume(cell: Fields) -> bool:
    """Carry out what the owner decided about a held cell."""
    rare = cell.need_rare()
    cell.attention &= ~RESUME
    decision, rare.decision = rare.decision, None
    if rare.halting:
        rare.halting = False
        decision = ask_owner(cell, HALTED)
    alive = apply(cell, decision)
    if alive and not cell.props.started:
        tell_started(cell)
    return alive


# ------------------------------------------------------------------------- a new life


def _restart(cell: Fields) -> bool:
    hub = cell.hub
    rare = cell.need_rare()
    rare.incarnation += 1
    hub.restarts += 1
    cell.pending_exit = None
    cell.closed = False
    cell.state = ALIVE
    cell.open_room()
    rare.killed = rare.retired = rare.stillborn = rare.halting = False
    rare.unready = 0
    rare.info = rare.decision = None
    rare.errors = None
    unstash_all(cell)
    props = cell.props
    try:
        actor = props.cls(*cell.args)
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split
        return stillborn(cell, error)  # noqa: ASYNC104 - no Cancelled of a plain def
    cell.actor = actor
    actor._seat = cell
    if props.started:
        cell.attention |= START
    else:
        publish_started(cell)
    return True


def unstash_all(cell: Fields) -> int:
    """See `Actor.unstash_all`."""
    cell.hub.check_thread("unstash_all()")
    stash = cell.rare.stash if cell.rare is not None else None
    if not stash:
        return 0
    entries = stash.take()
    put_back(cell, entries)
    return len(entries)


def stillborn(cell: Fields, error: BaseException) -> bool:
    """The constructor of a new incarnation has failed."""
    cell.need_rare().stillborn = True
    failed_plain(cell, error, "in __init__")
    cell.be_ready()  # in its turn: others go first
    return False


def revive(cell: Fields) -> None:
    """Put a new incarnation into a cell that had ended for good.

    Its owner wants it again: whoever has kept the ref reaches the new one.  Those who
    watched it have been told that it ended, and what was in its mailbox is gone.

    Raises:
        DuplicateNameError: another child has its name by now.
        ActorStoppedError: the owner is ending.
        Exception: the constructor's; the cell stays as it was.
    """
    owner: Fields = cell.owner
    assert cell.state == ENDED
    if owner.state != ALIVE or owner.attention & FAIL:
        raise stopped_error(owner)
    names = owner.rare.names if owner.rare is not None else None
    if names is not None and cell.given in names:
        raise DuplicateNameError(names[cell.given].path)
    # its own: the worker of the one before may be in that one's context still
    context = owner.context.copy()
    if cell.hub.fresh is not None:
        context.run(cell.hub.fresh)
    actor = context.run(cell.props.cls, *cell.args)
    # what the one before had beside is its own: who waited for its end may look still
    before = cell.rare if cell.rare is not None else Rare()
    rare = cell.rare = Rare()
    rare.incarnation = before.incarnation + 1
    rare.accepted = before.accepted
    rare.kept = before.kept
    cell.context = context
    cell.pending_exit = None
    cell.closed = False
    cell.state = ALIVE
    cell.open_room()
    cell.actor = actor
    actor._seat = cell
    cell.hub.started += 1
    take_in(owner, cell)
    if cell.props.started:
        cell.attend_to(START)
    else:
        publish_started(cell)


# ------------------------------------------------------------------- the end for good


def finish(cell: Fields) -> None:
    """The end for good."""
    exit_ = cell.pending_exit
    assert exit_ is not None
    hub = cell.hub
    cell.closed = True
    cell.room = -1
    rare = cell.rare
    left: list[Any] = []
    if rare is not None and rare.stash:
        left.extend(rare.stash.take())
    queue = cell.queue
    if queue:
        left.extend(queue)
        queue.clear()
    if type(queue) is deque:
        hub.recycle(queue)
    cell.state = ENDED
    turn_away(cell)
    for raw in left:
        _undelivered(cell, raw if type(raw) is Entry else Entry(raw))
    exit_ = cell.pending_exit or exit_
    cell.attention = 0
    cell.queue = None
    actor: Any = cell.actor  # Any: only work has `_over`
    del cell.actor
    owner: Fields | None = cell.owner
    if owner is not None:
        let_go(owner, cell)
    hub.ended += 1
    if rare is not None:
        _tell_watchers(cell, rare, exit_)
    if ActorStopped in hub.events.wanted and not cell.props.work:
        hub.publish(ActorStopped(hub.now(), cell, exit_, len(left)))
    if cell.props.work:
        actor._over(exit_)
    elif owner is not None and owner.props.child_stopped:
        hear(owner, ChildNews("child_stopped", (cell, exit_, len(left)), final=True))


def _undelivered(cell: Fields, entry: Entry) -> None:
    if cell.props.undelivered and not _moot(entry):
        try:
            cell.actor.undelivered(entry.message)
        except BaseException as error:  # noqa: BLE001, ASYNC103 - split
            failed_at_the_end(cell, error, "undelivered")
    if _moot(entry):
        skip(cell, entry)
    else:
        bury(cell, entry, DeadLetterReason.UNDELIVERED)


def _moot(entry: Entry) -> bool:
    """Nobody waits for it, so nobody loses it."""
    ticket = entry.ticket
    return (
        entry.tick is not None
        or isinstance(entry.message, Own)
        or (ticket is not None and ticket.state != PENDING)
    )


def _tell_watchers(cell: Fields, rare: Rare, exit_: Exit) -> None:
    if rare.watches is not None:
        for watcher, message in rare.watches.take_watchers().items():
            notice = Terminated(cell, exit_) if message is None else message
            control(watcher, Notice(cell, notice))
    if rare.kept is not None:
        rare.kept.gone()
    rare.last_exit = exit_
    for event in (rare.started, rare.ended):
        if event is not None:
            event.set()


def ended_event(cell: Fields) -> trio.Event:
    """Set when the cell has ended for good."""
    rare = cell.need_rare()
    if rare.ended is None:
        rare.ended = trio.Event()
        if cell.state == ENDED:
            rare.ended.set()
    return rare.ended


async def wait_stopped(cell: Fields) -> Exit:
    """See `ActorRef.wait_stopped`."""
    if cell.state == ENDED:
        exit_ = cell.pending_exit
        await trio.lowlevel.checkpoint()
    else:
        rare = cell.need_rare()  # of this life: there may be another by then
        await ended_event(cell).wait()
        exit_ = rare.last_exit
    assert exit_ is not None
    return exit_
