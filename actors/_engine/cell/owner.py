"""What a cell does as an owner: its hooks about children, and what it does with them.

`consult` asks what is to become of a child, `hear` tells news.  Both are plain calls in
the owner's own turn: at once when it is at rest, through its control lane when it is
busy.  An owner that is ending is told only that children have ended for good, at once:
it is in no hook of its own until they all have.
"""

from __future__ import annotations

from typing import Any

from trio.lowlevel import enable_ki_protection

from actors._engine.crashes import split_crash, told_once
from actors._engine.parts.children import link, place, unlink
from actors._engine.parts.life import ALIVE, ENDED, ENDING, HELD
from actors._engine.parts.notices import ChildNews, Lane, take_final_news
from actors.events import HookFailed
from actors.exits import Crashed, Decision, Exit

from .fields import CONTROL, FAIL, Fields
from .inbox import control
from .moves import KILLED, STOPPED, crash, decide, fail, halt

# Any throughout: what a user gives as a child may be anything


# ---------------------------------------------------------------------------- who is


def take_in(cell: Fields, child: Fields) -> None:
    """Make it the youngest child, under its name if it was given one."""
    link(cell, child)
    if type(child.given) is str:
        rare = cell.need_rare()
        if rare.names is None:
            rare.names = {}
        rare.names[child.given] = child


def let_go(cell: Fields, child: Fields) -> None:
    """Forget a child that has ended; its name is free."""
    unlink(cell, child)
    if type(child.given) is str:
        names = cell.need_rare().names
        assert names is not None
        del names[child.given]


def owns(cell: Fields, child: object) -> bool:
    """See `Actor.owns`."""
    return isinstance(child, Fields) and child.owner is cell and child.state != ENDED


def _own(cell: Fields, child: Any) -> Any:
    if isinstance(child, Fields) and child.owner is cell:
        return child
    msg = f"{child!r} is not a child of {cell.path}"
    raise ValueError(msg)


# ------------------------------------------------------------------------ its hooks


def consult(
    cell: Fields, child: Fields, exit_: Exit, *, inside: bool = False
) -> Decision:
    """Run the actor's `child_ended`; its crash is this actor's crash.

    `inside`: the cell's context has been entered already.
    """
    hook = cell.actor.child_ended
    hub = cell.hub
    asked, hub.asked = hub.asked, child
    try:
        decision: object
        if inside:
            decision = hook(child, exit_)
        else:
            decision = cell.context.run(hook, child, exit_)
        if not isinstance(decision, Decision):
            msg = f"child_ended must return a Decision, got {decision!r}"
            raise TypeError(msg)  # noqa: TRY301 - as if the hook had raised it
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split
        failed_plain(cell, error, "in child_ended")
        return Decision.END  # noqa: ASYNC104 - Cancelled cannot come from a plain def
    finally:
        hub.asked = asked
    return decision


def consult_at_rest(cell: Fields, child: Fields, exit_: Exit) -> Decision:
    """The same for an owner at rest, which is busy meanwhile."""
    cell.queue = cell.new_queue()  # nobody may enter it
    try:
        return consult(cell, child, exit_)
    finally:
        cell.rest_or_ready()


def hear(cell: Fields, news: ChildNews) -> None:
    """Have a hook told about a child, in the owner's turn."""
    if cell.state == ALIVE and not cell.attention & FAIL:
        if cell.queue is not None:
            control(cell, news)
            return
        cell.queue = cell.new_queue()  # busy: nobody may enter it meanwhile
        try:
            cell.context.run(listen, cell, news)
        finally:
            cell.rest_or_ready()
    elif not news.final:
        return
    elif cell.state == ENDING:
        cell.context.run(listen, cell, news)
    else:
        control(cell, news)  # `flush_news` has it


def listen(cell: Fields, news: ChildNews) -> None:
    """Run the hook; its crash is this actor's crash."""
    try:
        getattr(cell.actor, news.hook)(*news.args)
    except BaseException as error:  # noqa: BLE001, ASYNC103 - split
        if cell.state != ENDING:
            failed_plain(cell, error, f"in {news.hook}")
            return  # noqa: ASYNC104 - Cancelled cannot come from a plain def
        failed_at_the_end(cell, error, news.hook)


def flush_news(cell: Fields, lane: Lane) -> None:
    """The incarnation is ending: tell what must be told, drop the rest."""
    news = take_final_news(lane)
    if not lane:
        cell.attention &= ~CONTROL
    for item in news:
        listen(cell, item)


# ------------------------------------------------------------------ hooks that fail


def failed_plain(cell: Fields, error: BaseException, where: str) -> None:
    """Something has left a plain hook: a crash, or Ctrl-C and its like."""
    crashed, rest = split_crash(error)
    if rest is not None:
        cell.hub.interrupt(rest)
    if crashed is not None:
        crash(cell, crashed, None, where)
    else:
        fail(cell, KILLED)


def failed_at_the_end(cell: Fields, error: BaseException, hook: str) -> None:
    """Something has left a hook that runs while the cell ends: one crash more."""
    crashed, rest = split_crash(error)
    hub = cell.hub
    if rest is not None:
        hub.interrupt(rest)
    if crashed is None:
        return
    crashed.add_note(f"in {hook} of actor {cell.path}")
    hub.crashes += 1
    if isinstance(cell.pending_exit, Crashed):
        if HookFailed in hub.events.wanted:
            hub.publish(HookFailed(hub.now(), cell, hook, crashed))
        crashed.__context__ = cell.pending_exit.error
    add_errors(cell, [crashed])


def add_errors(cell: Fields, errors: list[BaseException]) -> None:
    """Crashes of tasks and children while ending are this actor's crash too.

    What is only the news of another, as when it waited for that child, does not count.
    """
    if isinstance(cell.pending_exit, Crashed):
        errors = [cell.pending_exit.error, *errors]
    errors = told_once(errors, f"actor {cell.path}")
    if len(errors) == 1:
        cell.pending_exit = Crashed(errors[0])
    else:
        text = f"several crashes ended {cell.path}"
        cell.pending_exit = Crashed(BaseExceptionGroup(text, errors))


# ------------------------------------------------- what it does with its children


@enable_ki_protection
def resume_child(cell: Fields, child: Any, decision: Decision) -> None:
    """See `Actor.resume_child`."""
    cell.hub.check_thread("resume_child()")
    if not owns(cell, child) or (child.state != HELD and cell.hub.asked is not child):
        msg = f"{child!r} is not a child of {cell.path} that is held"
        raise ValueError(msg)
    decide(child, decision)


@enable_ki_protection
def end_child(cell: Fields, child: Any) -> bool:
    """See `Actor.end_child`."""
    cell.hub.check_thread("end_child()")
    own = _own(cell, child)
    idle = own.queue is None and own.rare is None and own.youngest is None
    if idle and own.state == ALIVE and own.vanish(STOPPED, untold=True):
        return True
    own.request_stop(STOPPED)
    return False


@enable_ki_protection
def halt_child(cell: Fields, child: Any) -> None:
    """See `Actor.halt_child`."""
    cell.hub.check_thread("halt_child()")
    halt(_own(cell, child))


@enable_ki_protection
def revive_child(cell: Fields, child: Any) -> None:
    """See `Actor.revive_child`."""
    own = _own(cell, child)
    if own.state != ENDED:
        msg = f"{child!r} has not ended: it cannot be started again"
        raise ValueError(msg)
    own.revive()


@enable_ki_protection
def release_args(cell: Fields, child: Any) -> None:
    """See `Actor.release_args`."""
    cell.hub.check_thread("release_args()")
    _own(cell, child).args = ()


@enable_ki_protection
def place_child(cell: Fields, child: Any, before: Any) -> None:
    """See `Actor.place_child`."""
    cell.hub.check_thread("place_child()")
    own, younger = _own(cell, child), _own(cell, before)
    if owns(cell, own) and owns(cell, younger) and own is not younger:
        place(cell, own, younger)
