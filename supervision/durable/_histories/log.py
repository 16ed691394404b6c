"""`StoredLog`: the history of a key, as a router has it whose store has the entries.

An entry is packed when it is appended: what cannot be written is refused where it
stands in the user's code.  It goes out with its turn's commit.  Reads are records like
others, carried out in their order, so a read that was asked for before a commit sees
what was there before it, and one that was asked for later what is there then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import trio

from actors.hosting import Change
from supervision.durable._codec.protocol import Where
from supervision.durable._words.errors import StoreAwayError, StoreRefusedError
from supervision.durable._words.histories import HistoryRow, Page, Read
from supervision.durable._words.records import Refused
from supervision.durable._writing.book import Question
from supervision.durable._writing.waiter import ENDED

PAGE_BYTES: Final = 1024 * 1024
"""Of entries that are read at once, more or less."""


@attrs.frozen(eq=False)
class Commit:
    """What of a history goes with a turn's commit."""

    entries: tuple[HistoryRow, ...]
    begins: int | None
    size: int
    """Bytes of its bodies."""
    before: tuple[int, int]
    """The numbers of the log without it."""


class StoredLog:
    """The numbers of a key's entries, which are in the store.

    Args:
        kept: the router's `Kept`.
        key: whose.
        span: the number of the first entry, and of the next one.
    """

    __slots__ = ("_kept", "_key", "changes", "end", "first")

    # Any: its module stands above this one
    def __init__(self, kept: Any, key: str, span: tuple[int, int]) -> None:
        self._kept = kept
        self._key = key
        self.first, self.end = span
        self.changes = 0

    # Any: entries are anything
    def pack(self, entry: Any) -> HistoryRow:
        """See `Log`.  Its number is given later."""
        codec = self._kept.codec
        body: bytes = codec.encode(entry, Where.ENTRY)
        most = self._kept.policy.entry_bytes
        if len(body) > most:
            msg = f"an entry has at most {most} bytes when stored, got {len(body)}"
            raise ValueError(msg)
        return HistoryRow(0, body, codec.entry_version)

    def unpack(self, packed: HistoryRow) -> Any:
        """See `Log`.  Raises CodecError: it cannot be read."""
        codec = self._kept.codec
        return codec.decode(packed.body, Where.ENTRY, packed.version)

    async def read(self, first: int, end: int) -> Sequence[tuple[int, HistoryRow]]:
        """See `Log`.

        Raises:
            StoreAwayError: the router has ended.
            StoreRefusedError: the store does not take the question.
        """
        if self._kept.writer.ended:
            raise StoreAwayError(ENDED)
        there = trio.Event()
        heard: list[Page | Refused | Exception] = []

        def told(answer: Page | Refused | Exception) -> None:
            heard.append(answer)
            there.set()

        self._kept.submit(Question(Read(self._key, first, end, PAGE_BYTES), told))
        await there.wait()
        (answer,) = heard
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Refused):
            raise StoreRefusedError(self._key, answer.why)
        return [(row.number, row) for row in answer.rows]

    # ------------------------------------------------------------------ it is written

    def written(self, change: Change) -> Commit:
        """What a turn leaves is on its way: as it is to be written."""
        before = (self.first, self.end)
        self.first, self.end = change.first, change.end
        self.changes += change.replaced
        entries = tuple(
            HistoryRow(number, row.body, row.version) for number, row in change.rows
        )
        size = sum(len(each.body) for each in entries)
        return Commit(entries, change.first if change.replaced else None, size, before)

    def refused(self, commit: Commit) -> None:
        """The store has not taken it: it is as it was."""
        self.first, self.end = commit.before
        self.changes += 1

    def forget(self) -> None:
        """There is nothing any more."""
        self.first = self.end = 0
        self.changes += 1
