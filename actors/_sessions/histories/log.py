"""`Log`: what is kept of a key's history; and `MemoryLog`, which has it in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import trio

from .draft import Change

# Any in this file: entries are anything


class Log(Protocol):
    """What a house has of a key's history."""

    @property
    def first(self) -> int:
        """The number that it begins with."""
        ...

    @property
    def end(self) -> int:
        """The number of the next entry."""
        ...

    @property
    def changes(self) -> int:
        """How often something else than an append was done."""
        ...

    def pack(self, entry: Any) -> Any:
        """Make of an entry what is kept of it.

        Raises:
            TypeError: it would not come back as it is.
            ValueError: it is too large.
        """

    def unpack(self, packed: Any) -> Any:
        """Make the entry again.

        Raises:
            Exception: it cannot be read.
        """

    async def read(self, first: int, end: int) -> Sequence[tuple[int, Any]]:
        """Read `(number, packed entry)` from one number on, in their order.

        Up to another, or not so far, but at least one; if the log has been changed
        meanwhile they may be others.  A checkpoint.
        """
        ...


class MemoryLog:
    """A log in memory, of entries as they are."""

    __slots__ = ("_entries", "changes", "first")

    def __init__(self) -> None:
        self.first = 0
        self.changes = 0
        self._entries: list[Any] = []

    @property
    def end(self) -> int:
        """See `Log`."""
        return self.first + len(self._entries)

    def pack(self, entry: Any) -> Any:
        """See `Log`."""
        return entry

    def unpack(self, packed: Any) -> Any:
        """See `Log`."""
        return packed

    async def read(self, first: int, end: int) -> Sequence[tuple[int, Any]]:
        """See `Log`."""
        await trio.lowlevel.checkpoint()
        return tuple(enumerate(self.between(first, end), max(first, self.first)))

    def between(self, first: int, end: int) -> Sequence[Any]:
        """Give the entries from one number on, up to another."""
        return self._entries[max(0, first - self.first) : max(0, end - self.first)]

    def commit(self, change: Change) -> None:
        """What a turn has left is kept."""
        if change.replaced:
            del self._entries[: change.first - self.first]
            self.first = change.first
            self.changes += 1
        for number, entry in change.rows:
            place = number - self.first
            self._entries[place : place + 1] = [entry]
