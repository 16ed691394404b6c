"""How incarnations begin.

A start is a constructor's call and a link to the owner; no task is made.  An actor
without a `started` hook is ready when it is made; with one, when the hook is done, or
later, when it says so itself (`report_ready`).
"""

from __future__ import annotations

import inspect
from threading import get_ident
from typing import Any, Final

import trio
from trio.lowlevel import enable_ki_protection

from actors._engine.crashes import stray_of
from actors._engine.parts.life import ALIVE, ENDED
from actors._engine.parts.notices import ChildNews
from actors._engine.seat import Props, check_name, with_options
from actors.actor import check_class
from actors.errors import DuplicateNameError
from actors.events import ActorStarted
from actors.exits import Finished

from .fields import FAIL, START, Fields
from .inbox import stopped_error
from .owner import hear, take_in

# Rare.unready
POSTPONED: Final = 1  # the `started` hook runs, and is not to be the last word
BEGUN: Final = 2  # it is done


@enable_ki_protection
def start(  # noqa: C901 - written out
    cell: Fields,
    make: Any,  # what a user gives may be anything
    args: tuple[Any, ...],
    name: str | None,
    mailbox: Any,
    grace: float | None,
) -> Any:
    """Start a child cell; see `Actor.start`."""
    if get_ident() != cell.hub.thread:
        cell.hub.check_thread("start()")
    props: Props | None = getattr(make, "_props", None)
    if props is None or props.cls is not make:
        props = check_class(make)
    if cell.state != ALIVE or cell.attention & FAIL or root_closed(cell):
        raise stopped_error(cell)
    if mailbox is not None or grace is not None:
        props = with_options(props, mailbox, grace)
    if name is not None:
        check_name(name)
        taken = cell.rare.names if cell.rare is not None else None
        if taken is not None and name in taken:
            raise DuplicateNameError(taken[name].path)
    context = cell.context.copy()
    if cell.hub.fresh is not None:
        context.run(cell.hub.fresh)
    try:
        actor = context.run(make, *args)
    except TypeError as error:
        explain(make, error)
        raise
    except BaseException as error:
        stray = stray_of(error)
        if stray is not None:
            raise stray from error  # noqa: ASYNC104 - no Cancelled of a plain def
        raise
    child = type(cell)(cell.hub, cell, props, args, name, context)
    child.actor = actor
    actor._seat = child
    take_in(cell, child)
    if props.started:
        child.attend_to(START)
    elif ActorStarted in cell.hub.events.wanted:
        publish_started(child)
    return child


def explain(make: Any, error: TypeError) -> None:
    """Note at an error of a constructor that it can never be called by `start`."""
    init = inspect.unwrap(make.__init__)
    code = getattr(init, "__code__", None)  # not its signature: annotations may raise
    if code is None:
        return
    first, count = code.co_argcount, code.co_kwonlyargcount
    given: dict[str, Any] = init.__kwdefaults__ or {}
    keywords = code.co_varnames[first : first + count]
    names = [each for each in keywords if each not in given]
    if names:
        error.add_note(
            "an actor's constructor is given positional arguments only: give "
            f"{', '.join(names)} of {make.__name__} a default, or no `*` before"
        )


def root_closed(cell: Fields) -> bool:
    """The system is stopping."""
    return cell.owner is None and cell.closed


def publish_started(cell: Fields) -> None:
    """The incarnation is ready."""
    rare = cell.rare
    if rare is not None and rare.started is not None:
        rare.started.set()
    hub = cell.hub
    if ActorStarted in hub.events.wanted:
        hub.publish(ActorStarted(hub.now(), cell, cell.incarnation))


def begun(cell: Fields) -> None:
    """The `started` hook is done."""
    rare = cell.rare
    if rare is not None and rare.unready:
        rare.unready = BEGUN
    else:
        publish_started(cell)
        tell_started(cell)


def tell_started(cell: Fields) -> None:
    """Have the owner told that this child is ready."""
    owner: Fields | None = cell.owner
    if owner is None or not owner.props.child_started:
        return
    if cell.closed and type(cell.pending_exit) is Finished:
        return  # it has finished itself while it started
    info = cell.rare.info if cell.rare is not None else None
    hear(owner, ChildNews("child_started", (cell, info), final=False))


@enable_ki_protection
def postpone_ready(cell: Fields) -> None:
    """See `Actor.postpone_ready`."""
    cell.hub.check_thread("postpone_ready()")
    worker = cell.worker
    if worker is None or worker.phase != "started":
        msg = "postpone_ready() is for the started hook"
        raise RuntimeError(msg)
    cell.need_rare().unready = POSTPONED


@enable_ki_protection
def report_ready(cell: Fields, info: object) -> None:
    """See `Actor.report_ready`."""
    cell.hub.check_thread("report_ready()")
    rare = cell.need_rare()
    over = rare.unready == BEGUN
    rare.unready = 0
    rare.info = info
    if over and cell.state == ALIVE and not cell.attention & FAIL:
        publish_started(cell)
        tell_started(cell)


async def wait_started(cell: Fields) -> None:
    """See `ActorRef.wait_started`."""
    starting = cell.state == ALIVE and not cell.attention & FAIL
    if starting and not is_starting(cell):
        await trio.lowlevel.checkpoint()
        return
    if cell.state != ENDED:
        rare = cell.need_rare()
        if rare.started is None or rare.started.is_set():
            rare.started = trio.Event()
        await rare.started.wait()
    else:
        await trio.lowlevel.checkpoint()
    if cell.state == ENDED:
        raise stopped_error(cell)


def is_starting(cell: Fields) -> bool:
    """It is not ready yet."""
    worker = cell.worker
    rare = cell.rare
    return (
        bool(cell.attention & START)
        or (worker is not None and worker.suspended and worker.phase == "started")
        or (rare is not None and rare.unready > 0)
    )
