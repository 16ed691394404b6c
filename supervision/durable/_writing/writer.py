"""`Writer`: one batch is out at a time; the next is closed steps after its answers.

Steps after, not at once: whoever was just told has had its step then, and is in the
next batch.  Closing it when the store becomes free, or at the first submit, would halve
every group.  How many steps is the store's to say: on a server a batch is dear, and it
is worth some steps more that turns which wait for nothing are all in the same one.

Answers are told some at a time, a step of Trio's loop after the other: what a turn is
made of is still in the processor's cache when it goes on, and nobody else waits for
five hundred.

A store that is away gets its batch again, as it was, after pauses that grow; nothing
else is carried out meanwhile.  Any other error is the router's crash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import trio

from actors.hosting import Timer
from supervision.durable._sharing.words import Fenced, Owned
from supervision.durable._words.errors import StoreAwayError
from supervision.durable._words.opened import Opened
from supervision.durable._words.policy import StorePolicy

from .book import Book, Entry, Question

TOLD: Final = 64
"""Answers that are told in one step."""


class Surroundings(Protocol):
    """What a writer needs of the router, and tells it."""

    def now(self) -> float:
        """Seconds on Trio's clock."""
        ...

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        """Call `call()` at `deadline`."""
        ...

    def random(self) -> float:
        """A number in [0, 1)."""
        ...

    def is_down(self, error: StoreAwayError) -> None:
        """The store does not answer; told once, until it does."""

    def is_up(self, seconds: float) -> None:
        """It answers again, after so long."""

    def has_room(self) -> None:
        """Prompts have been written."""

    def fail(self, error: Exception) -> None:
        """The store is of no use any more, or an answer was."""

    def fenced(self, entry: Entry, answer: Fenced) -> None:
        """A record's key was not this node's."""


class Writer:
    """What is written, in its order.

    Args:
        policy: how much a batch takes, how it is tried again.
        around: the router.
    """

    __slots__ = (
        "_around",
        "_down_since",
        "_due",
        "_error",
        "_opened",
        "_pause",
        "_policy",
        "_quiet",
        "_retry",
        "_sent_at",
        "_steps",
        "batches",
        "book",
        "ended",
        "records",
        "rider",
        "seconds",
        "took",
    )

    def __init__(self, policy: StorePolicy, around: Surroundings) -> None:
        self._policy = policy
        self._around = around
        self.book = Book(policy)
        """What waits, and what is out."""
        self._opened: Opened | None = None
        self._due = False  # a batch is about to be closed
        self._steps = 1  # in how many steps
        self._pause = policy.retry_first
        self._retry: Timer | None = None
        self._down_since: float | None = None
        self._error: StoreAwayError | None = None  # why, if it is down
        self._quiet: trio.Event | None = None
        self._sent_at = 0.0
        self.ended = False
        """Nothing is written, and nothing is answered, any more."""
        self.batches = 0
        """Batches that have been answered."""
        self.records = 0
        """Records in them."""
        self.seconds = 0.0
        """Time that they took in the store."""
        self.took = 0.0
        """Time that the latest one took."""
        self.rider: Callable[[int], Entry] | None = None
        """Makes what goes with the next batch of others, and makes none: so many
        records are waiting for it.  Called once."""

    @property
    def down(self) -> bool:
        """Whether the store does not answer."""
        return self._down_since is not None

    def trouble(self) -> tuple[float, StoreAwayError] | None:
        """For how many seconds the store has not answered, and why; None: it does."""
        if self._down_since is None or self._error is None:
            return None
        return self._around.now() - self._down_since, self._error

    def begin(self, opened: Opened) -> None:
        """The store is open: what waits may be carried out."""
        self._opened = opened
        self._soon()

    def submit(self, entry: Entry) -> None:
        """Have a record carried out, after all that were submitted before."""
        self.book.add(entry)
        if not self._due:
            self._soon()

    def submit_of(self, _lane: object, entry: Entry) -> None:
        """As `submit`: a record about a key, which is this router's and no other's."""
        self.book.add(entry)
        if not self._due:
            self._soon()

    def _soon(self, *, told: bool = False) -> None:
        if self._due or self.book.out or self._opened is None:
            return
        self._steps = self._opened.steps if told else 1
        if self._steps == 1 and not self.book.waits:
            return
        self._due = True
        trio.lowlevel.current_trio_token().run_sync_soon(self._close)

    def _close(self) -> None:
        self._steps -= 1
        if self._steps:
            trio.lowlevel.current_trio_token().run_sync_soon(self._close)
            return
        self._due = False
        if self._opened is None or self.book.out:
            return
        if self.rider is not None and self.book.waits:
            rider, self.rider = self.rider, None
            self.book.add(rider(len(self.book)))
        if self.book.close():
            self._carry()
        elif self._quiet is not None:
            self._quiet.set()

    def _carry(self) -> None:
        self._retry = None
        opened = self._opened
        if opened is None or not self.book.out:
            return
        self._sent_at = self._around.now()
        batch: list[Any] = [entry.record for entry in self.book.out]
        if opened.sharing is not None:
            for index, entry in enumerate(self.book.out):
                if entry.lease is not None:
                    batch[index] = Owned(entry.record, entry.lease)
        opened.carry(batch, self._told)

    def _told(self, answers: Sequence[Any] | Exception) -> None:
        if self._opened is None:
            return  # nobody waits for it any more
        if isinstance(answers, StoreAwayError):
            self._away(answers)
            return
        if isinstance(answers, Exception):
            self._fail(answers)
            return
        now = self._around.now()
        self._pause = self._policy.retry_first
        if self._down_since is not None:
            seconds, self._down_since = now - self._down_since, None
            self._around.is_up(seconds)
        self.batches += 1
        self.records += len(answers)
        self.took = now - self._sent_at
        self.seconds += self.took
        self._tell(answers, 0)

    def _tell(self, answers: Sequence[Any], first: int) -> None:
        """Tell some, those from `first` on, and the others in the steps after."""
        if self._opened is None:
            return  # as above
        last = first + TOLD
        batch = self.book.answered(TOLD)
        told = zip(batch, answers[first:last], strict=True)
        for at, (entry, answer) in enumerate(told):
            try:
                if type(answer) is Fenced:
                    self._around.fenced(entry, answer)
                else:
                    entry.told(answer)
            except Exception as error:  # noqa: BLE001 - the router's crash, not Trio's
                # nobody has told those behind it, nor who has asked
                rest = batch[at if isinstance(entry, Question) else at + 1 :]
                self.book.out = rest + self.book.out
                self._fail(error)
                return
        if self.book.out:
            token = trio.lowlevel.current_trio_token()
            token.run_sync_soon(self._tell, answers, last)
            return
        self._around.has_room()
        self._soon(told=True)
        if not self.book and self._quiet is not None:
            self._quiet.set()

    def _fail(self, error: Exception) -> None:
        """Nothing more is written: nobody waits for it at the end."""
        self._opened = None
        if self._quiet is not None:
            self._quiet.set()
        self._around.fail(error)

    def _away(self, error: StoreAwayError) -> None:
        now = self._around.now()
        self._error = error
        if self._down_since is None:
            self._down_since = now
            self._around.is_down(error)
        pause = self._pause * (1 - self._around.random() / 2)
        self._pause = min(2 * self._pause, self._policy.retry_most)
        self._retry = self._around.at(now + pause, self._carry)

    async def wait_quiet(self, within: float) -> None:
        """Wait until all is written, but not longer than this.  A checkpoint."""
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(within):
            while self._opened is not None and self.book:
                self._quiet = trio.Event()
                await self._quiet.wait()

    def end(self) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
        """Write nothing more.

        Returns:
            What has had no answer; nobody but the caller will tell it.  What may have
            been carried out; and what never will be.
        """
        self._opened = None
        self.ended = True
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        return self.book.rest()
