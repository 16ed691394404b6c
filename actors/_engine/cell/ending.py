"""How an incarnation ends.

The end of an incarnation is one path, whatever caused it (`pending_exit` says what):

    timers and watches end - child tasks are cancelled and joined - children are
    stopped, the youngest first, each to its very end - `stopped` runs, shielded,
    bounded - requests in hand fail - the owner decides - restart, or the end for good

When there is nothing to wait for, the whole path is plain calls in the worker that
found the end (`begin_end`): a restart in place costs no task switch.  Otherwise it is
one coroutine (`_end`) that the worker drives like a `receive`.

What the owner decides and what follows from it is `succession`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Final

import trio

from actors._engine.crashes import shown
from actors._engine.parts.children import youngest_first
from actors._engine.parts.life import ALIVE, ENDED, ENDING
from actors.events import IncarnationEnded
from actors.exits import Crashed, Decision, Killed
from actors.messages import Request

from .fields import FAIL, Fields, Rare
from .moves import CRASHED, STOPPED, answer_error, kill, late
from .owner import add_errors, consult_at_rest, failed_at_the_end, flush_news
from .reach import unwatch_all
from .succession import apply, ask_owner, ended_event, stillborn

_REQUEST: Any = Request  # Any: a checker would lose R in isinstance
_RESTART: Final = Decision.RESTART  # looked up once, see `moves`
AT_ONCE: Final = 1000  # children that may end without a wait before others have a turn


# Any: what a coroutine yields to Trio
def begin_end(cell: Fields) -> bool | Coroutine[Any, Any, bool]:
    """End the incarnation: True or False as `_conclude`, or a coroutine for it."""
    rare = cell.rare
    cell.attention &= ~FAIL
    cell.state = ENDING
    if rare is not None:
        rare.halting = False
        if rare.control:
            flush_news(cell, rare.control)
        if rare.ticks is not None:
            rare.ticks.cancel_all()
        unwatch_all(cell)
        if rare.tasks is not None or rare.errors:
            return _end(cell, rare)
    if cell.youngest is not None:
        return _end(cell, cell.need_rare())
    if cell.props.stopped and not (rare is not None and rare.stillborn):
        return _end(cell, cell.need_rare())
    return _conclude(cell)


async def _end(cell: Fields, rare: Rare) -> bool:
    for child in tuple(youngest_first(cell)):
        if child.props.work:
            kill(child)
    tasks = rare.tasks
    if tasks is not None:
        tasks.cancel()
        await tasks.wait_ended()
    await _stop_children(cell, rare)
    if rare.errors:
        add_errors(cell, rare.errors)
        rare.errors = None
    if cell.props.stopped and not rare.stillborn:
        await _run_stopped(cell, rare)
    if cell.worker is not None:
        cell.worker.suspended = False  # nothing is awaited from here on
    return _conclude(cell)


async def _stop_children(cell: Fields, rare: Rare) -> None:
    """The youngest first, each to its very end; or all at once, if so declared."""
    at_once = 0
    if cell.props.stop_at_once:  # their graces run side by side
        for child in tuple(youngest_first(cell)):
            _stop(cell, rare, child)
            at_once += 1
            if not at_once % AT_ONCE:
                await trio.lowlevel.checkpoint()
        at_once = 0
    while (child := cell.youngest) is not None:
        _stop(cell, rare, child)
        if child.state != ENDED:
            await ended_event(child).wait()
        else:
            at_once += 1
            if not at_once % AT_ONCE:
                await trio.lowlevel.checkpoint()


# Any: a cell, whose room stands above this one
def _stop(cell: Fields, rare: Rare, child: Any) -> None:
    if rare.killed or isinstance(cell.pending_exit, Killed):
        child.kill()
    else:
        child.request_stop(STOPPED)


async def _run_stopped(cell: Fields, rare: Rare) -> None:
    exit_ = cell.pending_exit
    assert exit_ is not None
    deadline = cell.hub.now() + cell.props.grace
    try:
        result = cell.actor.stopped(exit_)
        if result is not None:
            with trio.CancelScope(deadline=deadline) as rare.hook_scope:
                if cell.hub.cut:  # the system's deadline is over already
                    rare.hook_scope.cancel()
                await result
            if rare.hook_scope.cancelled_caught:
                late(cell, "stopped")
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split, nothing swallowed
        failed_at_the_end(cell, error, "stopped")
    finally:
        rare.hook_scope = None


def _conclude(cell: Fields) -> bool:
    """The incarnation is over.  True: a new one is in the cell, go on with it."""
    rare = cell.rare
    exit_ = cell.pending_exit
    assert exit_ is not None
    hub = cell.hub
    if rare is not None:
        if rare.grace_timer is not None:
            rare.grace_timer.cancel()
            rare.grace_timer = None
        if rare.held:
            for ticket in tuple(rare.held):
                ticket.fail(answer_error(cell, exit_, None))
    if IncarnationEnded in hub.events.wanted and not cell.props.work:
        hub.publish(IncarnationEnded(hub.now(), cell, cell.incarnation, exit_))
    return apply(cell, ask_owner(cell, exit_))


# Any: messages are anything
def recover(cell: Fields, message: Any, error: BaseException) -> bool | None:
    """Crash and have the owner decide, if there is nothing else to do.

    For a plain message of an actor that nobody listens to, with nothing to look
    after.  None: not such a case, nothing has been done; else as `apply`.
    """
    hub = cell.hub
    owner: Fields = cell.owner
    rare = cell.need_rare()
    if (
        not isinstance(error, Exception)
        or cell.attention
        or cell.closed
        or cell.props.stopped
        or hub.events.wanted
        or isinstance(message, _REQUEST)
        or cell.youngest is not None
        or cell.props.work
        or rare.stash is not None
        or rare.ticks
        or (rare.watches is not None and rare.watches.watching)
        or rare.held
        or rare.tasks is not None
        or owner.queue is not None
        or owner.state != ALIVE
        or not owner.props.child_ended
    ):
        return None
    hub.crashes += 1
    where = f"in actor {rare.path or cell.path} (incarnation {rare.incarnation})"
    error.add_note(f"{where}, handling {shown(message)}")
    hub.dead_letters.add(hub.now(), cell, message, CRASHED)
    cell.state = ENDING
    exit_ = cell.pending_exit = Crashed(error)
    decision = consult_at_rest(owner, cell, exit_)
    if (
        decision is not _RESTART
        or cell.closed  # asked to end while the owner was asked
        or rare.retired
        or rare.decision is not None
        or rare.unready
        or rare.info is not None
        or cell.props.started
    ):
        return apply(cell, decision)
    # what `succession` comes to when there is nothing to undo
    rare.incarnation += 1
    hub.restarts += 1
    cell.pending_exit = None
    cell.state = ALIVE
    try:
        cell.actor = actor = cell.props.cls(*cell.args)
    except BaseException as failure:  # noqa: BLE001, ASYNC103 - split
        return stillborn(cell, failure)  # noqa: ASYNC104
    actor._seat = cell
    if rare.started is not None:
        rare.started.set()
    return True
