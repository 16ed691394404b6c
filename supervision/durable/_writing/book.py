"""`Book`: which records become one batch, and what has been accepted and not written.

Pure.  Records are carried out in the order in which they were submitted; one that is
taken back before its batch is closed is never carried out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Accept, Record


class Entry:
    """A record on its way.

    Args:
        record: what is to be carried out.
        told: called with its answer.
        size: bytes of its bodies.
        receipts: the prompts whose outcome or acceptance it is.
    """

    __slots__ = ("_told", "lease", "out", "receipts", "record", "size", "void")

    def __init__(
        self,
        record: Record,
        told: Callable[[Any], None],  # Any: the answer that belongs to the record
        size: int = 0,
        receipts: tuple[Any, ...] = (),  # Any: receipts, of any prompts
    ) -> None:
        self.record = record
        self._told = told
        self.size = size
        self.receipts = receipts
        self.out = False  # it is in a batch, or was
        self.void = False  # it was taken back
        self.lease: Any = None  # of a store that is shared: what it depends on

    def told(self, answer: Any) -> None:  # Any: as above
        """Hear the answer; those of which there are many have their own."""
        self._told(answer)


class Question(Entry):
    """A record whose answer a task waits for: `told` takes an error as well.

    It is told one when there will be no answer: the router has ended.
    """

    __slots__ = ()


class Book:
    """What waits, and what is out.

    Args:
        policy: how much a batch takes, and how much may be unwritten.
    """

    __slots__ = ("_policy", "_size", "_voids", "_waiting", "bytes", "out", "prompts")

    def __init__(self, policy: StorePolicy) -> None:
        self._policy = policy
        self._waiting: deque[Entry] = deque()
        self._size = 0  # bytes of them
        self._voids = 0  # among them: those that were taken back
        self.out: tuple[Entry, ...] = ()
        """The batch that has no answers yet."""
        self.prompts = 0
        """Prompts that have been accepted and are not written."""
        self.bytes = 0
        """Bytes of their bodies."""

    def __len__(self) -> int:
        """How many records have no answer."""
        return len(self._waiting) - self._voids + len(self.out)

    @property
    def waits(self) -> bool:
        """Whether there is anything for another batch."""
        return len(self._waiting) > self._voids

    @property
    def latest(self) -> Entry | None:
        """What was submitted last, if it is not out: more may be put into it."""
        return self._waiting[-1] if self._waiting else None

    def has_room(self, size: int) -> bool:
        """Whether one more prompt of this size may be accepted."""
        policy = self._policy
        return not self.prompts or (
            self.prompts < policy.unwritten
            and self.bytes + size <= policy.unwritten_bytes
        )

    def has(self, wanted: Callable[[Entry], bool]) -> bool:
        """Whether such a record has no answer."""
        return any(map(wanted, self.out)) or any(
            wanted(each) for each in self._waiting if not each.void
        )

    def add(self, entry: Entry) -> None:
        """Submit a record."""
        self._waiting.append(entry)
        self._size += entry.size
        if type(entry.record) is Accept:
            self.prompts += 1
            self.bytes += entry.size

    def take_back(self, entry: Entry) -> bool:
        """Never carry it out; False: it is out, or has been answered."""
        if entry.void or entry.out:
            return False
        entry.void = True
        self._voids += 1
        self._written(entry)
        return True

    def close(self) -> tuple[Entry, ...]:
        """Make a batch of what waits, as much as one may take."""
        most, room = self._policy.batch, self._policy.batch_bytes
        waiting = self._waiting
        if len(waiting) <= most and self._size <= room and not self._voids:
            self.out = tuple(waiting)  # as below, of all
            waiting.clear()
            self._size = 0
            for entry in self.out:
                entry.out = True
            return self.out
        batch: list[Entry] = []
        while waiting and len(batch) < most:
            entry = waiting[0]
            if not entry.void:
                room -= entry.size
                if batch and room < 0:
                    break
                entry.out = True
                batch.append(entry)
            else:
                self._voids -= 1
            waiting.popleft()
            self._size -= entry.size
        self.out = tuple(batch)
        return self.out

    def answered(self, most: int) -> tuple[Entry, ...]:
        """So many of the batch, its first ones, have answers: they are not out."""
        batch, self.out = self.out[:most], self.out[most:]
        for entry in batch:  # as `_written`
            if type(entry.record) is Accept:
                self.prompts -= 1
                self.bytes -= entry.size
        return batch

    def rest(self) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
        """Take out all that has no answer, in its order.

        Returns:
            What is out: nobody knows whether it is carried out; and what never will be.
        """
        out, waiting = self.out, tuple(each for each in self._waiting if not each.void)
        for entry in waiting:
            entry.out = True
        self.out = ()
        self._waiting.clear()
        self._size = self._voids = 0
        self.prompts = self.bytes = 0
        return out, waiting

    def _written(self, entry: Entry) -> None:
        if type(entry.record) is Accept:
            self.prompts -= 1
            self.bytes -= entry.size
