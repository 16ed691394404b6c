"""Messages: any value; `Request`, a message that expects an answer; its `Ticket`.

An ask puts a fresh `Ticket` into the request (the request is frozen to its users, the
ticket is ours), queues it, and parks the asking task on the ticket.  Whoever holds the
request answers through it: the answer goes straight into the ticket and wakes the
asker, so it needs no mailbox on the way back, and an answer to an asker who has left
finds a closed ticket and is only counted.

This room imports `_engine.park` and knows neither cells nor workers: a ticket knows its
`holder` (the cell that has the request in its care) only as something to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, Self, TypeVar

import trio
from trio.lowlevel import enable_ki_protection, reschedule

from ._engine.park import WAKE, Trap, make_trap

M_contra = TypeVar("M_contra", contravariant=True)
M_co = TypeVar("M_co", covariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

PENDING: Final = 0
ANSWERED: Final = 1  # `value` is the answer
FAILED: Final = 2  # answered by `fail`: `value` is the error
CLOSED: Final = 3  # by the framework: `value` is the error, None if the asker has left

# where a request is, as far as it matters
HELD: Final = 1  # begun and not answered: in its holder's set
QUEUED: Final = 2  # in a stash, or in the mailbox of a second actor


class Waiting(Protocol):
    """A task that waits for the ticket."""

    task: trio.lowlevel.Task | None
    hub: Counting


class Counting(Protocol):
    """Where the tasks are counted that were woken and have not run yet: the hub."""

    woken: int

    def check_thread(self, what: str) -> None:
        """Refuse a call that comes from another thread than Trio's."""


class Parking:
    """A place to wait for an answer: a task and its trap, used again and again."""

    __slots__ = ("hub", "task", "ticket", "trap")

    def __init__(self, hub: Counting) -> None:
        self.hub = hub
        self.task: trio.lowlevel.Task | None = None
        self.ticket: Ticket | None = None
        self.trap: Trap = make_trap(self._abort)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        ticket = self.ticket
        if ticket is not None:
            ticket.abandon()
        return trio.lowlevel.Abort.SUCCEEDED


class Holder(Protocol):
    """Who has accepted requests in its care: a cell."""

    @property
    def path(self) -> str:
        """Its path."""
        ...

    def ticket_closed(self, ticket: Ticket) -> None:
        """The ticket needs no more care."""

    def ticket_late(self) -> None:
        """An answer came after the asker had left."""


class Ticket:
    """One ask: where its answer goes."""

    __slots__ = ("care", "holder", "parking", "state", "value")

    def __init__(self, holder: Holder) -> None:
        self.state: int = PENDING
        self.value: Any  # set with the state
        self.parking: Waiting | None = None  # who waits; None: nobody any more
        self.care: int = 0  # HELD or QUEUED; 0: in its first mailbox, or in hand
        self.holder = holder

    def settle(self, state: int, value: Any) -> None:
        """End the ask, once; wake the asker if it waits.

        Raises:
            WrongThreadError: called in another thread than the asker's.
        """
        parking = self.parking
        task = parking.task if parking is not None else None
        if task is not None:
            try:
                reschedule(task, WAKE)  # first: nothing has changed if it fails
            except (RuntimeError, AssertionError):  # Trio's own checks
                assert parking is not None
                parking.hub.check_thread("the answer to a request")
                raise
        self.state = state
        self.value = value
        if self.care == HELD:
            self.holder.ticket_closed(self)
        if parking is not None:
            self.parking = None
            if task is not None:
                parking.hub.woken += 1

    def hand_to(self, holder: Holder) -> None:
        """Another actor has it in its care from now on."""
        if self.care == HELD:
            self.holder.ticket_closed(self)
        self.holder = holder
        self.care = QUEUED

    def fail(self, error: BaseException) -> None:
        """Close it with an error from the framework, unless it has ended already."""
        if self.state == PENDING:
            self.settle(CLOSED, error)

    def abandon(self) -> None:
        """The asker has left (Trio wakes it itself)."""
        if self.state == PENDING:
            self.parking = None
            self.settle(CLOSED, None)

    def too_slow(self) -> None:
        """The asker's `within` is over."""
        if self.state == PENDING:
            error = trio.TooSlowError(f"{self.holder.path} has not answered in time")
            self.settle(CLOSED, error)


class Address(Protocol[M_contra]):
    """Anything that takes messages of type M: the typing's view of an `ActorRef`."""

    def tell_nowait(self, message: M_contra) -> None:
        """See `ActorRef.tell_nowait`."""


class Request(Generic[R]):
    """A message that expects an answer of type R; subclass it, by habit frozen.

    Ask it with `ActorRef.ask`, answer it with `reply` or `fail`: in `receive`, later,
    or from anywhere else that holds it.  A request object is asked once.  While it
    waits for its answer it is in the care of the actor that was asked, or to which it
    was handed on by `ActorRef.forward`: if that actor ends, the asker gets the error at
    once.

    Example:
        >>> @attrs.frozen
        ... class Total(Request[int]):
        ...     pass
    """

    __slots__ = ("_ticket",)
    _ticket: Ticket | None

    def __attrs_pre_init__(self) -> None:
        set_ticket(self, None)

    def _bind(self, to: Address[Self]) -> R:
        """Exists for the type checkers: who may be asked this, and what comes back."""
        raise NotImplementedError  # pragma: no cover - never called

    @enable_ki_protection
    def reply(self, value: R) -> None:
        """Answer: the asker's `ask` returns `value`.  Not a checkpoint.

        Does nothing if the request was told, not asked; if the asker has left or the
        request has failed, the answer is dropped and counted
        (`statistics().late_replies`).

        Raises:
            RuntimeError: it has been answered already, which is the caller's error.
        """
        try:
            ticket = self._ticket
        except AttributeError:  # not made by attrs, and told
            return
        if ticket is None:
            return
        if ticket.state != PENDING:
            _again(ticket, self)
            return
        if ticket.parking is None and not ticket.care:  # inline: nobody to wake
            ticket.value = value
            ticket.state = ANSWERED
        else:
            ticket.settle(ANSWERED, value)

    @enable_ki_protection
    def fail(self, error: BaseException) -> None:
        """Answer with an error: the asker's `ask` raises `error` itself.

        Otherwise as `reply`.

        Raises:
            TypeError: `error` is not an exception.
            RuntimeError: it has been answered already.
        """
        if not isinstance(error, Exception):
            msg = f"fail() takes an Exception instance, got {error!r}"
            raise TypeError(msg)
        ticket = ticket_of(self)
        if ticket is None:
            return
        if ticket.state == PENDING:
            ticket.settle(FAILED, error)
        else:
            _again(ticket, self)

    @property
    def abandoned(self) -> bool:
        """True when nobody waits for the answer any more: work for it is in vain."""
        ticket = ticket_of(self)
        return ticket is not None and ticket.state == CLOSED


# the slot's own descriptor: the only way past the __setattr__ of a frozen class
set_ticket: Callable[[Request[Any], Ticket | None], None]
set_ticket = vars(Request)["_ticket"].__set__


def ticket_of(request: Request[Any]) -> Ticket | None:
    """The request's ticket; None before it is asked."""
    try:
        return request._ticket
    except AttributeError:  # not made by attrs, so the slot was never set
        return None


_REQUEST: Any = Request  # Any: a checker would lose R in isinstance


def open_ticket(message: Any) -> Ticket | None:
    """The ticket of a message that somebody waits for an answer to, else None."""
    if not isinstance(message, _REQUEST):
        return None
    ticket = ticket_of(message)
    return ticket if ticket is not None and ticket.state == PENDING else None


def unaskable(request: object) -> Exception:
    """The error for who asks what is no request, or has its ticket already."""
    if not isinstance(request, _REQUEST):
        msg = f"ask() takes a Request, got {request!r}; use tell() for the rest"
        return TypeError(msg)
    msg = f"{request!r} has been asked already; make a new request for each ask"
    return RuntimeError(msg)


def _again(ticket: Ticket, request: Request[Any]) -> None:
    if ticket.state != CLOSED:
        msg = f"{request!r} has been answered already; answer a request once"
        raise RuntimeError(msg)
    ticket.holder.ticket_late()


class Askable(Protocol[M_co, R_co]):
    """A request that an actor taking M may be asked, and that answers R.

    Python cannot write "in M *and* a Request[R]"; variance says it: `Request._bind`
    accepts only addresses that take this very request, and an `ActorRef[A | B]` is such
    an address for `A`.  Nothing ever calls `_bind`.
    """

    def _bind(self, to: Address[M_co]) -> R_co: ...
