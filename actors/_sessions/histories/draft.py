"""`Draft`: what a turn has appended to its history, until it is kept or goes.

Pure.  Entries have numbers, which rise by one from each to the next.  A history begins
with the number `first`, and the next entry that is appended has the number `end`.  What
is put in place of the first entries has the last of their numbers, so all that comes
behind it keeps its own.  So whatever is kept is absolute ("this stands at number 7, and
what is below 5 goes"), and comes to the same when it is written twice.

An entry is here as its log has packed it.
"""

from __future__ import annotations

from typing import Any

import attrs

# Any in this file: entries are anything


@attrs.frozen(eq=False)
class Change:
    """What becomes of a log."""

    first: int
    """The number that it begins with from now on: what is below it goes."""
    end: int
    """The number of the next entry."""
    replaced: bool
    """Something stands in place of its first entries, or they are gone."""
    rows: tuple[tuple[int, Any], ...]
    """`(number, entry)`, in their order: each stands there, whatever stood there."""


class Draft:
    """What a turn has appended, and put in place of what was first.

    Args:
        first: the number that the log begins with.
        end: the number of its next entry.
    """

    __slots__ = (
        "_base",
        "_fresh",
        "_from",
        "_front",
        "_kept",
        "_replaced",
        "changes",
        "first",
    )

    def __init__(self, first: int, end: int) -> None:
        self.first = first
        """The number of the first entry, as the turn sees it."""
        self.changes = 0
        """How often something else than an append was done."""
        self._from = first
        self._base = end
        self._front: tuple[Any, ...] = ()  # from `first` on
        self._fresh: list[Any] = []  # from `_base` on; hidden where `_front` is
        self._replaced = False
        self._kept = (first, self._front, 0, False)

    @property
    def end(self) -> int:
        """The number of the next entry."""
        return self._base + len(self._fresh)

    def append(self, entry: Any) -> None:
        """Put an entry at the end."""
        self._fresh.append(entry)

    def replace(self, count: int, entries: tuple[Any, ...]) -> None:
        """Put these in place of the first so many; there are as many, and no more."""
        assert len(entries) <= count <= self.end - self.first
        self.first += count - len(entries)
        self._front = (*entries, *self._front[count:])
        self._replaced = True
        self.changes += 1

    def keep(self) -> None:
        """From now on it goes back to what it is now."""
        self._kept = (self.first, self._front, len(self._fresh), self._replaced)

    def put_back(self) -> None:
        """Have it be as it was when it was kept, or as it began."""
        self.first, self._front, count, self._replaced = self._kept
        del self._fresh[count:]
        self.changes += 1

    def undo(self) -> None:
        """Have it be as it began, whatever was kept since."""
        self._kept = (self._from, (), 0, False)
        self.put_back()

    # ------------------------------------------------------------------- what it holds

    def in_log(self, first: int, end: int) -> tuple[int, int]:
        """Of these numbers those that stand in the log: from one up to another."""
        first = max(first, self.first + len(self._front))
        return first, max(first, min(end, self._base))

    def row(self, number: int) -> Any:
        """What stands at a number that is not in the log."""
        place = number - self.first
        if place < len(self._front):
            return self._front[place]
        return self._fresh[number - self._base]

    def change(self) -> Change | None:
        """What becomes of the log; None: nothing."""
        first, end = self.first, self.end
        if not self._replaced and end == self._base:
            return None
        behind = first + len(self._front)
        numbers = (*range(first, behind), *range(max(behind, self._base), end))
        rows = tuple((each, self.row(each)) for each in numbers)
        return Change(first, end, self._replaced, rows)
