"""`Receipt`: what the sender of a prompt holds, and the prompt's way to its outcome.

A receipt is made when its prompt is accepted and settled exactly once, by whoever has
it then: its lane while it waits, its turn from then on.  Settling is one plain step:
set the outcome, wake who waits.  A prompt that is taken back stays where it is, as a
husk that is passed over; `Lane` counts them.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from threading import get_ident
from typing import Any, Final, Generic, Protocol, TypeVar

import trio
from trio.lowlevel import (
    Abort,
    checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    reschedule,
)

from actors._engine.park import WAKE, Trap, make_trap, park
from actors.errors import DeadlockError

from .outcomes import Outcome, Withdrawal, Withdrawn

P = TypeVar("P")


class PromptKind(enum.Enum):
    """How a prompt was sent."""

    SEND = "send"
    STEER = "steer"
    """And there was a turn to put it into.  Without one it was sent as by `SEND`."""
    FOLLOW_UP = "follow up"
    EXCLUSIVE = "run exclusive"
    ASIDE = "ask aside"


PROMPT: Final = PromptKind.SEND
FOLLOW_UP: Final = PromptKind.FOLLOW_UP
WORK: Final = PromptKind.EXCLUSIVE
ASIDE: Final = PromptKind.ASIDE


class More:
    """What few prompts have; defaults live in the class, so an empty one is small."""

    kind: PromptKind = PROMPT
    origin: object = None
    context: Context | None = None  # the sender's, if not whoever makes the receipt
    message_id: str | None = None
    job: str | None = None
    attempts = 1  # how often it may be tried
    weight = 1.0  # in a batch
    front = False  # it has been put back before others
    preempts = False  # it is to be the next one
    tried = 0  # how often it has been, when its session crashed
    work: Callable[[Any], Awaitable[object]] | None = None  # of WORK: async_fn(turn)
    stream: Any = None  # the Chunks of its reader
    unkept = False  # and what its turn says goes elsewhere: nobody here knows it
    steers: Any = None  # the turn whose checkpoint it waits for
    settling = False  # its outcome is being kept, and is not told yet
    body: bytes | None = None  # as a store is to have it
    row: Row | None = None  # its place in a store
    followers: list[Any] | None = None  # receipts of the same message, sent again
    reminder: Any = None  # which one it is the prompt of
    attempt: Any = None  # the span of its latest one, where turns are followed
    left: Exception | None = None  # why its outcome will not be told here


class Awaited(Protocol):
    """Something that tasks wait for."""

    _waiters: _Waiter | None  # the latest; earlier ones by `earlier`


class Row(Awaited, Protocol):
    """A prompt's place in a store."""

    error: Exception | None
    """Why the store does not have it, and will not."""

    @property
    def open(self) -> bool:
        """Whether the store has not said if it has it."""
        ...

    @property
    def stored(self) -> bool:
        """Whether the store has it."""
        ...


class Keeper(Protocol):
    """Where prompts wait: a lane."""

    # Any: their rooms stand above this one
    host: Any  # whose it is
    turn: Any  # the one that runs; None: none

    @property
    def key(self) -> str: ...
    def withdraw(self, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take it back, unless a turn has it."""
        ...

    def check_thread(self, what: str) -> None:
        """Refuse a call that comes from another thread than Trio's."""


class Receipt(Generic[P]):
    """One accepted prompt: its id, and its outcome when it has one.

    Holding it is optional: the outcome comes all the same.  It may be kept for as long
    as you like; it keeps the prompt alive.
    """

    __slots__ = (
        "_context",
        "_lane",
        "_more",
        "_outcome",
        "_turn",
        "_waiters",
        "at",
        "id",
        "prompt",
    )

    def __init__(
        self,
        lane: Keeper,
        prompt: P,
        id: int,  # noqa: A002 - its name to users
        at: float,
        more: More | None = None,
    ) -> None:
        self._lane = lane
        if more is None or more.context is None:
            self._context = copy_context()
        else:
            self._context, more.context = more.context, None
        self.prompt = prompt
        """What was sent."""
        self.id = id
        """Unique in its router; rises with acceptance, once its store is open."""
        self.at = at
        """When it was accepted: seconds on Trio's clock."""
        self._more = more
        self._outcome: Outcome | None = None
        self._turn: int | None = None  # id of the turn that has it
        self._waiters: _Waiter | None = None  # the latest; earlier ones by `earlier`

    def __repr__(self) -> str:
        return f"<Receipt {self.id} of {self.key!r}: {self._outcome or 'open'}>"

    @property
    def key(self) -> str:
        """The session's key."""
        return self._lane.key

    @property
    def given_id(self) -> str | None:
        """What `send(id=)` was given; None: nothing, or a reminder has sent it.

        The same in each try, and with a store in each process.  A turn has that of each
        of its prompts: `[each.given_id for each in turn.receipts]`.
        """
        more = self._more
        if more is None or more.reminder is not None:
            return None
        return more.message_id

    @property
    def origin(self) -> object:
        """What `send(origin=)` was given: where the answer belongs.  Default None."""
        return self._more.origin if self._more is not None else None

    @property
    def context(self) -> Context:
        """The context variables that its sender had when sending it, a copy.

        Kept, as the prompt is, for as long as the receipt.  What a session remembers of
        its messages (`PromptPolicy.dedupe`) has an empty one when they have ended.
        """
        return self._context

    @property
    def turn(self) -> int | None:
        """Id of the turn that has it; None while it waits, or if none ever had it."""
        return self._turn

    @property
    def ended(self) -> Outcome | None:
        """Its outcome; None as long as there is none.  Not a checkpoint."""
        return self._outcome

    @enable_ki_protection
    async def outcome(self) -> Outcome:
        """Wait for the outcome; any number of tasks may wait.

        A cancellation point always; if the outcome is there, a schedule point at least
        every 64th time, as `ActorRef.tell`.

        Raises:
            PromptKeptError: its router has ended, and a store keeps the prompt.
            DeadlockError: the prompt waits for the end of the turn whose own task
                calls this; from a task that the turn has started it is not seen.
        """
        if self._outcome is not None:
            global _looks  # noqa: PLW0603 - a count, of any run of Trio
            _looks += 1
            try:
                if _looks & SCHEDULE_EVERY:
                    await checkpoint_if_cancelled()
                else:
                    await checkpoint()
            except RuntimeError:  # Trio's: not in its thread
                self._lane.check_thread("Receipt.outcome()")
                raise
            return self._outcome
        if get_ident() != self._lane.host.events.thread:
            self._lane.check_thread("Receipt.outcome()")
        if self._more is not None and self._more.left is not None:
            await checkpoint()
            raise self._more.left
        if self._turn is None and self._lane.turn is not None and self.waits:
            self._refuse_own(self._lane.turn)
        waiter = enlist(self)
        try:
            await park(waiter.trap)
        finally:
            dismiss(waiter)
        if self._outcome is None:
            assert self._more is not None
            assert self._more.left is not None
            raise self._more.left
        return self._outcome

    @enable_ki_protection
    async def durable(self) -> None:
        """Wait until a store has the prompt: it survives the process from then on.

        A checkpoint.  Of a prompt that has its outcome too.

        Raises:
            StoreRefusedError: the store has not taken it; its outcome is `Rejected`.
            PromptKeptError: its router has ended, and nobody knows.
            RuntimeError: it is kept in no store: its router has none, or it is a side
                question or work of `run_exclusive`.
        """
        if get_ident() != self._lane.host.events.thread:
            self._lane.check_thread("Receipt.durable()")
        row = self._more.row if self._more is not None else None
        if row is None:
            msg = f"prompt {self.id} of session {self.key!r} is kept in no store"
            raise RuntimeError(msg)
        if not row.open:
            await checkpoint()
        else:
            waiter = enlist(row)
            try:
                await park(waiter.trap)
            finally:
                dismiss(waiter)
        if row.error is not None:
            raise row.error

    def withdraw(self, reason: object = None) -> Withdrawal:
        """Take the prompt back, if no turn has it yet.  Not a checkpoint.

        Also a steering prompt that no checkpoint has taken.  Of this and its pickup
        exactly one happens.

        Args:
            reason: for the outcome, `Withdrawn(reason)`.
        """
        self._lane.check_thread("Receipt.withdraw()")
        if self._outcome is None and self._lane.withdraw(self, Withdrawn(reason)):
            return Withdrawal.WITHDRAWN
        return Withdrawal.TOO_LATE

    # Any: a turn, whose room stands above this one
    def _refuse_own(self, run: Any) -> None:
        """Refuse to wait in the very turn that must end before this prompt has one."""
        ends_it = self._more is not None and self._more.preempts
        if not ends_it and run.is_task(current_task()):
            turn = run.ref.path
            raise DeadlockError((turn, turn.rpartition("/")[0], turn))

    # ------------------------------------------------------------------- for the lane

    def need_more(self) -> More:
        """Its `More`, made now if need be."""
        more = self._more
        if more is None:
            more = self._more = More()
        return more

    @property
    def waits(self) -> bool:
        """Whether it has no outcome, and none is on its way."""
        more = self._more
        return self._outcome is None and not (more is not None and more.settling)

    @property
    def kind(self) -> PromptKind:
        """How it was sent; SEND also if it was to steer and there was no turn."""
        return self._more.kind if self._more is not None else PROMPT

    def settle(self, outcome: Outcome) -> bool:
        """Give it its outcome, once; False if it has one."""
        if self._outcome is not None:
            return False
        self._outcome = outcome
        wake(self)
        return True

    def leave(self, why: Exception) -> None:
        """Its outcome will not be told here: say so to those who wait, or follow."""
        if self._outcome is None:
            more = self.need_more()
            more.left = why
            if more.stream is not None:
                more.stream.close()
            wake(self)
            for each in more.followers or ():
                each.leave(why)


def wake(awaited: Awaited) -> None:
    """Wake all who wait for it."""
    waiter, awaited._waiters = awaited._waiters, None
    while waiter is not None:
        task, waiter = waiter.task, waiter.earlier
        if task is not None:
            reschedule(task, WAKE)


def enlist(awaited: Awaited) -> _Waiter:
    """Have the current task wait for it: it is to park on the waiter's trap."""
    try:
        waiter = _spares.pop()
    except IndexError:  # not looked up first: another thread may be quicker
        waiter = _Waiter()
    waiter.task = current_task()
    waiter.awaited = awaited
    waiter.earlier = awaited._waiters
    awaited._waiters = waiter
    return waiter


def dismiss(waiter: _Waiter) -> None:
    """It waits no more."""
    waiter.task = waiter.awaited = waiter.earlier = None
    if len(_spares) < _MOST_SPARES:
        _spares.append(waiter)


class _Waiter:
    """A place to wait for something: a task and its trap, used again and again."""

    __slots__ = ("awaited", "earlier", "task", "trap")

    def __init__(self) -> None:
        self.task: trio.lowlevel.Task | None = None
        self.awaited: Awaited | None = None
        self.earlier: _Waiter | None = None
        self.trap: Trap = make_trap(self._abort)

    def _abort(self, _: object) -> Abort:
        """Its task is cancelled: out of the list."""
        awaited = self.awaited
        if awaited is not None:
            if awaited._waiters is self:
                awaited._waiters = self.earlier
            else:
                later = awaited._waiters
                while later is not None and later.earlier is not self:
                    later = later.earlier
                if later is not None:
                    later.earlier = self.earlier
        return Abort.SUCCEEDED


SCHEDULE_EVERY: Final = 63  # a mask
_MOST_SPARES: Final = 1024
_looks = 0  # at outcomes that were there
_spares: list[_Waiter] = []  # free ones, of any run of Trio: an append, a pop
