"""Between an actor and its engine: what each knows of the other.

What the engine must know of a class (is `receive` a plain function, which hooks are
there) is worked out once, when the class is made: `Props`.  What an actor can have its
cell do is `Seat`.  What the house tells its own actors is `Own`.  The checks of what
users give to both are here too.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol

import attrs

from actors._engine.checks import checked_seconds
from actors.exits import Decision, Exit
from actors.mailbox import Mailbox, Overflow
from actors.ref import AnyRef


@attrs.frozen
class Props:
    """What the engine knows of an actor's class and options; one object a class."""

    cls: type[Any]  # the Actor class
    label: str  # the first part of a name that nobody has given
    # a piece of its owner's work, such as a turn: it is killed when its owner is to
    # end, and its own `_over` is told of its end instead of its owner's hooks; before,
    # `_cut_off` that what it awaits has been cancelled
    work: bool
    plain: bool  # receive is a plain def
    started: bool  # these six: the hook is overridden
    stopped: bool
    undelivered: bool
    child_ended: bool
    child_started: bool
    child_stopped: bool
    consulted: bool  # child_ended or child_stopped
    stop_at_once: bool
    mailbox: Mailbox
    grace: float
    room: int  # the capacity, or -1 if the policy needs the slow way in


class Seat(Protocol):
    """The cell, as its actor sees it."""

    @property
    def ref(self) -> AnyRef: ...
    @property
    def ending(self) -> bool: ...
    @property
    def hub(self) -> Any: ...  # Any: its room stands above this one
    @property
    def context(self) -> contextvars.Context: ...
    @property
    def incarnation(self) -> int: ...
    @property
    def reason_to_end(self) -> Exit | None: ...
    def start(
        self,
        make: Callable[..., Any],
        args: tuple[Any, ...],
        name: str | None,
        mailbox: Mailbox | None,
        grace: float | None,
    ) -> AnyRef: ...
    def start_task(
        self, async_fn: Callable[..., Awaitable[Any]], args: tuple[Any, ...]
    ) -> None: ...
    def timer(
        self, seconds: float, message: Any, key: object, *, repeat: bool
    ) -> None: ...
    def cancel_timer(self, key: object) -> bool: ...
    def watch(self, ref: AnyRef, message: Any) -> None: ...
    def unwatch(self, ref: AnyRef) -> None: ...
    def stash(self, message: Any) -> None: ...
    def unstash_all(self) -> int: ...
    def finish(self) -> None: ...
    # Any: its room stands above this one
    def begin_work(self, actor: Any, props: Props, number: int) -> Any: ...
    def finish_work(self) -> None: ...
    def replace_props(self, props: Props) -> None: ...
    async def join_tasks(self) -> None: ...
    def kill(self) -> None: ...
    # Any: the message in hand, with its bookkeeping
    def crash(self, error: Exception, entry: Any, doing: str) -> None: ...
    def resume_child(self, child: AnyRef, decision: Decision) -> None: ...
    def end_child(self, child: AnyRef) -> bool: ...
    def halt_child(self, child: AnyRef) -> None: ...
    def place_child(self, child: AnyRef, before: AnyRef) -> None: ...
    def revive_child(self, child: AnyRef) -> None: ...
    def release_args(self, child: AnyRef) -> None: ...
    def owns(self, child: object) -> bool: ...
    def children(self) -> Iterator[AnyRef]: ...
    def postpone_ready(self) -> None: ...
    def report_ready(self, info: object) -> None: ...


class Own:
    """A message of the house's own to one of its actors: nobody's to lose.

    So it is never a dead letter, nor told to `undelivered`.
    """

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what  # a word for a person

    def __repr__(self) -> str:
        return f"<{self.what}>"


GO: Final = Own("go")
"""What a piece of work is told, once, when it is to begin."""


def room_of(mailbox: Mailbox) -> int:
    """The depth up to which a message may go in without a thought."""
    return -1 if mailbox.overflow is Overflow.KEEP_LATEST else mailbox.capacity


def without_types(make: object) -> str:
    """What to say of `Chat[str]` in place of a class: checkers take it for one."""
    cls = typing.get_origin(make)
    return f": {cls.__name__}, without its [...]" if isinstance(cls, type) else ""


def check_name(name: object) -> None:
    """Refuse what cannot be part of a path.

    Raises:
        TypeError, ValueError: not a non-empty str without a slash.
    """
    if not isinstance(name, str):
        msg = f"name must be a str, got {name!r}"
        raise TypeError(msg)
    if not name or "/" in name:
        msg = f"name must be non-empty and without '/', got {name!r}"
        raise ValueError(msg)


def with_options(props: Props, mailbox: object, grace: float | None) -> Props:
    """The props with the options of one start.

    Raises:
        TypeError, ValueError: an option is not what it should be.
    """
    if mailbox is not None:
        if not isinstance(mailbox, Mailbox):
            msg = f"mailbox must be a Mailbox, got {mailbox!r}"
            raise TypeError(msg)
        props = attrs.evolve(props, mailbox=mailbox, room=room_of(mailbox))
    if grace is not None:
        props = attrs.evolve(props, grace=checked_seconds("grace", grace))
    return props


def is_async(function: object) -> bool:
    """Whether it is an async function, also inside a partial or as `__call__`."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    call = getattr(inner, "__call__", None)  # noqa: B004 - an object with one
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(call)


def check_async(what: str, async_fn: object) -> None:
    """Refuse what is no async function.

    Raises:
        TypeError: it is none.
    """
    if not is_async(async_fn):
        msg = f"{what} takes an async function and its arguments, got {async_fn!r}"
        raise TypeError(msg)
