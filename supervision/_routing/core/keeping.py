"""`Keeping`: what is done with a prompt before the next step is taken, if anything.

Accept, begin and complete are three distinct moments, with one place each in the code;
each of these places goes through here.  A store keeps them: nothing runs before its
mark is stored, nothing is told before its commit.  In memory nothing has to be waited
for, and `Straight` calls straight on, in the same step.

A `go` is called once, with what the hook was given, in Trio's thread; at once or later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import trio

from actors import Journal, Outcome, Receipt, RefusedError
from actors.hosting import ChunkLog, Log, MemoryLog, TurnRun
from supervision._routing.nodes.words import Elsewhere
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import UNSET, Lane
from supervision._routing.reports import (
    KeyInfo,
    PromptInfo,
    Remembered,
    ReminderInfo,
    StoreStatistics,
)

from .waiting import Line

Begin: TypeAlias = Callable[[TurnRun], None]
End: TypeAlias = Callable[[TurnRun, Outcome], None]
Settle: TypeAlias = Callable[[Receipt[Any], Outcome], None]


class Stored(Protocol):
    """What may be asked of a router's store, by whoever looks.

    Whatever waits for the store raises StoreError: it does not answer, or the router
    has ended.
    """

    def statistics(self) -> StoreStatistics:
        """What is counted; from memory."""
        ...

    def why_held(self, lane: Lane) -> str | None:
        """Why nothing of a key begins: what is kept of it cannot be read; None."""
        ...

    def unread(self, lane: Lane) -> int:
        """How many prompts of a key that is held are there alone, in no queue."""
        ...

    async def keys(
        self, after: str, most: int, *, held: bool = False
    ) -> Sequence[KeyInfo]:
        """So many keys behind this one, in their order; or those that are held."""
        ...

    async def key(self, key: str) -> KeyInfo | None:
        """One key; None: the store has nothing of it."""
        ...

    async def remembered(
        self, key: str, newest: int, before: int | None
    ) -> Remembered | None:
        """See `RouterRef.read`."""
        ...

    async def prompt(self, key: str, id: str) -> PromptInfo | None:  # noqa: A002
        """A prompt by its address; None: unknown.  Nothing follows from the look."""
        ...

    async def reminders(
        self, most: int, *, key: str | None = None
    ) -> tuple[Sequence[ReminderInfo], bool]:
        """So many reminders, of all keys or of one, by due time; and are there more?"""
        ...

    async def backup(self, path: Path) -> int:
        """Copy the store to this path while it is used; returns the copy's bytes."""
        ...

    async def release(self, key: str) -> bool:
        """See `RouterRef.release`."""
        ...


class Reminds(Protocol):
    """Keeps reminders."""

    def draft(
        self,
        key: str,
        name: str,
        after: object,
        at: object,
        every: object,
        *,
        prompt: Any,
    ) -> Any:
        """Make one.  Raises TypeError, ValueError: it cannot be."""

    def draft_forget(self, key: str, name: str) -> str:
        """Look at a name.  Raises TypeError, ValueError: it cannot be one."""
        ...

    async def remind(self, draft: Any) -> None:
        """Keep one.  A checkpoint."""

    async def unremind(self, key: str, name: str) -> bool:
        """Forget one; whether it was there.  A checkpoint."""
        ...


class KeepsStreams(Protocol):
    """Keeps the chunks of answers."""

    def make(self, policy: Journal) -> ChunkLog[Any]:
        """Make the stream of a prompt that is about to be accepted."""
        ...

    async def find(
        self,
        key: str,
        id: str | int,  # noqa: A002
    ) -> tuple[Receipt[Any], ChunkLog[Any] | None] | None:
        """A prompt by its address, and its stream; a checkpoint.

        Returns:
            None: unknown, or its chunks are not kept any more; without a stream: they
            never were.

        Raises:
            StoreError: it does not answer, or the router has ended.
        """
        ...

    def repeated(self, receipt: Receipt[Any]) -> int | None:
        """The number of the prompt that is kept in place of this one; None: it is."""
        ...


class Keeping(Protocol):
    """Stands between a router's decisions and what follows from them."""

    plain: bool
    """Nothing is kept: what is quick may pass by."""
    epoch: int
    """Which opening of its store this is; in memory the incarnation of the router."""
    left: Sequence[Receipt[Any]]
    """The prompts that wait and are not lost when the router ends."""
    store: Stored | None
    """What may be asked of its store; None: there is none."""
    reminding: Reminds | None
    """None: no reminders are kept."""
    journals: KeepsStreams | None
    """None: no chunks are kept."""
    others: Elsewhere | None
    """What is known of keys of other nodes; None: there are no others."""

    def epoch_of(self, lane: Lane) -> int:
        """Rises with each owner of its key."""
        ...

    def offered(self, offer: Offer) -> None:
        """A prompt is about to be accepted; nothing has been changed yet.

        Raises:
            RefusedError: there is no room for it.
            TypeError, ValueError: it cannot be kept as it is.
        """

    def drafted(self, offer: Offer) -> None:
        """A turn is to leave this prompt.

        Raises:
            TypeError, ValueError: it cannot be kept as it is.
        """

    def leave_there(self, offer: Offer) -> Receipt[Any] | None:
        """There is no place for the key of a prompt that a turn has left.

        It waits where it is kept; None: it is kept nowhere.
        """
        ...

    def line_for(self, error: RefusedError) -> Line | None:
        """Where whoever was refused with this may wait for room; None: nowhere."""

    def accepted(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """A prompt has been accepted, and waits."""

    def bring(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """A key is to have a session: bring what is known of it, then go on."""

    def begins(self, run: TurnRun, go: Begin) -> None:
        """A turn has its slot; `go` tells its session."""

    def unbegun(self, run: TurnRun) -> None:
        """A turn that has its slot has not begun, and will not: its prompts wait."""

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """A turn's outcome is about to be certain: as it will be told."""
        ...

    def ended(self, run: TurnRun, outcome: Outcome, go: End) -> None:
        """A turn has ended; `go` gives its prompts their outcome, and its slot back."""

    def returning(self, run: TurnRun) -> Sequence[Receipt[Any]]:
        """What was put into a turn, and waits again as soon as its end is kept."""
        ...

    def settled(self, receipt: Receipt[Any], outcome: Outcome, go: Settle) -> None:
        """A prompt gets an outcome that no turn has given it; `go` tells it."""

    def bound(self, key: str, token: object) -> None:
        """A token has been bound under a key; None: forgotten."""

    def quarantined(self, lane: Lane, term: float, crash: BaseException) -> None:
        """A key is in quarantine, for so many seconds."""

    def forgotten(self, lane: Lane, reason: object) -> None:
        """A key is reset or closed, token and all; what waits is to be withdrawn."""

    def forgotten_unseen(self, key: str, reason: object) -> bool:
        """As `forgotten`, of a key without a lane; False: nothing is known of it."""
        ...

    def history_of(self, lane: Lane) -> Log:
        """What has been kept of a key's history."""
        ...

    def left_by(self, lane: Lane) -> Any:
        """A session has ended as it was to: the state that its successor finds.

        UNSET: there is none, it makes a new one.
        """

    async def find(self, key: str, id: str) -> Receipt[Any] | None:  # noqa: A002
        """A prompt by its address; None: unknown.  A checkpoint."""
        ...

    def take_back(self, receipt: Receipt[Any]) -> None:
        """Whoever waited until it was kept is cancelled: as if never sent."""

    def kept(self, receipt: Receipt[Any]) -> bool:
        """Whether a prompt that waits when the router ends is not lost."""
        ...

    def room(self) -> None:
        """There may be a place for one more key."""

    def leave(self) -> None:
        """The router ends: nothing begins any more."""


class Straight:
    """Keeps nothing: calls straight on.

    Args:
        epoch: the incarnation of the router.
    """

    __slots__ = ("epoch",)

    plain = True
    left: Sequence[Receipt[Any]] = ()
    store: Stored | None = None
    reminding: Reminds | None = None
    journals: KeepsStreams | None = None
    others: Elsewhere | None = None

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_of(self, lane: Lane) -> int:
        """See `Keeping`."""
        del lane
        return self.epoch

    def offered(self, offer: Offer) -> None:
        """See `Keeping`."""

    def drafted(self, offer: Offer) -> None:
        """See `Keeping`."""

    def leave_there(self, offer: Offer) -> Receipt[Any] | None:
        """See `Keeping`."""

    def line_for(self, error: RefusedError) -> Line | None:
        """See `Keeping`."""

    def accepted(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """See `Keeping`."""

    def bring(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """See `Keeping`."""
        go(lane)

    def begins(self, run: TurnRun, go: Begin) -> None:
        """See `Keeping`."""
        go(run)

    def unbegun(self, run: TurnRun) -> None:
        """See `Keeping`."""

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """See `Keeping`."""
        del run
        return outcome

    def ended(self, run: TurnRun, outcome: Outcome, go: End) -> None:
        """See `Keeping`."""
        go(run, outcome)

    def returning(self, run: TurnRun) -> Sequence[Receipt[Any]]:
        """See `Keeping`."""
        del run
        return ()

    def settled(self, receipt: Receipt[Any], outcome: Outcome, go: Settle) -> None:
        """See `Keeping`."""
        go(receipt, outcome)

    def bound(self, key: str, token: object) -> None:
        """See `Keeping`."""

    def quarantined(self, lane: Lane, term: float, crash: BaseException) -> None:
        """See `Keeping`."""

    def forgotten(self, lane: Lane, reason: object) -> None:
        """See `Keeping`."""

    def forgotten_unseen(self, key: str, reason: object) -> bool:
        """See `Keeping`."""
        del key, reason
        return False

    def history_of(self, lane: Lane) -> MemoryLog:
        """See `Keeping`."""
        extra = lane.need_extra()
        log: MemoryLog | None = extra.history
        if log is None:
            log = extra.history = MemoryLog()
        return log

    def left_by(self, lane: Lane) -> Any:
        """See `Keeping`."""
        lane.need_extra().history = None
        return UNSET

    async def find(self, key: str, id: str) -> Receipt[Any] | None:  # noqa: A002
        """See `Keeping`."""
        del key, id
        await trio.lowlevel.checkpoint()
        return None

    def take_back(self, receipt: Receipt[Any]) -> None:
        """See `Keeping`."""

    def kept(self, receipt: Receipt[Any]) -> bool:
        """See `Keeping`."""
        del receipt
        return False

    def room(self) -> None:
        """See `Keeping`."""

    def leave(self) -> None:
        """See `Keeping`."""
