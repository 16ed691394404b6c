"""`Receipt`: what the sender of a prompt holds, and the prompt's way to its outcome.

A receipt is made when its prompt is accepted and settled exactly once, by whoever has
it then: its lane while it waits, its turn from then on.  Settling is one plain step:
set the outcome, wake who waits.  A prompt that is taken back stays where it is, as a
husk that is passed over; `Lane` counts them.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
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

from .outcomes import Outcome, Withdrawal, Withdrawn

P = TypeVar("P")


class PromptKind(enum.Enum):
    """How a prompt was sent."""

    SEND = "send"
    STEER = "steer"
    """And there was a turn to put it into."""
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
    message_id: str | None = None
    job: str | None = None
    attempts = 1  # how often it may be tried
    weight = 1.0  # in a batch
    front = False  # it has been put back before others
    tried = 0  # how often it has been, when its session crashed
    work: Callable[[Any], Awaitable[object]] | None = None  # of WORK: async_fn(turn)
    stream: Any = None  # the Chunks of its reader
    steers: Any = None  # the turn whose checkpoint it waits for
    settling = False  # its outcome is being kept, and is not told yet


class Keeper(Protocol):
    """Where prompts wait: a lane."""

    @property
    def key(self) -> str: ...
    def withdraw(self, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take it back, unless a turn has it."""
        ...


class Receipt(Generic[P]):
    """One accepted prompt: its id, and its outcome when it has one.

    Holding it is optional: the outcome comes all the same.  It may be kept for as long
    as you like; it keeps the prompt alive.
    """

    __slots__ = (
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
        self.prompt = prompt
        """What was sent."""
        self.id = id
        """Unique in its router; rises with acceptance."""
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
    def origin(self) -> object:
        """What `send(origin=)` was given: where the answer belongs.  Default None."""
        return self._more.origin if self._more is not None else None

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
        """
        if self._outcome is not None:
            global _looks  # noqa: PLW0603 - a count, of any run of Trio
            _looks += 1
            if _looks & SCHEDULE_EVERY:
                await checkpoint_if_cancelled()
            else:
                await checkpoint()
            return self._outcome
        waiter = _spares.pop() if _spares else _Waiter()
        waiter.task = current_task()
        waiter.receipt = self
        waiter.earlier = self._waiters
        self._waiters = waiter
        try:
            await park(waiter.trap)
        finally:
            waiter.task = waiter.receipt = waiter.earlier = None
            if len(_spares) < _MOST_SPARES:
                _spares.append(waiter)
        assert self._outcome is not None
        return self._outcome

    def withdraw(self, reason: object = None) -> Withdrawal:
        """Take the prompt back, if no turn has it yet.  Not a checkpoint.

        Also a steering prompt that no checkpoint has taken.  Of this and its pickup
        exactly one happens.

        Args:
            reason: for the outcome, `Withdrawn(reason)`.
        """
        if self._outcome is None and self._lane.withdraw(self, Withdrawn(reason)):
            return Withdrawal.WITHDRAWN
        return Withdrawal.TOO_LATE

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
        """How it was sent."""
        return self._more.kind if self._more is not None else PROMPT

    def settle(self, outcome: Outcome) -> bool:
        """Give it its outcome, once; False if it has one."""
        if self._outcome is not None:
            return False
        self._outcome = outcome
        waiter, self._waiters = self._waiters, None
        while waiter is not None:
            task = waiter.task
            waiter = waiter.earlier
            if task is not None:
                reschedule(task, WAKE)
        return True


class _Waiter:
    """A place to wait for an outcome: a task and its trap, used again and again."""

    __slots__ = ("earlier", "receipt", "task", "trap")

    def __init__(self) -> None:
        self.task: trio.lowlevel.Task | None = None
        self.receipt: Receipt[Any] | None = None
        self.earlier: _Waiter | None = None
        self.trap: Trap = make_trap(self._abort)

    def _abort(self, _: object) -> Abort:
        """Its task is cancelled: out of the list."""
        receipt = self.receipt
        if receipt is not None:
            if receipt._waiters is self:
                receipt._waiters = self.earlier
            else:
                later = receipt._waiters
                while later is not None and later.earlier is not self:
                    later = later.earlier
                if later is not None:
                    later.earlier = self.earlier
        return Abort.SUCCEEDED


SCHEDULE_EVERY: Final = 63  # a mask
_MOST_SPARES: Final = 1024
_looks = 0  # at outcomes that were there
_spares: list[_Waiter] = []  # free ones, of any run of Trio: an append, a pop
