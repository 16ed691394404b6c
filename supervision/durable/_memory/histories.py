"""Entries of histories, in memory: what commits and readers do to them.  Pure."""

from __future__ import annotations

from supervision.durable._words.histories import HistoryRow, Page, Read, Show
from supervision.durable._words.records import (
    Complete,
)


class Histories:
    """Entries by key and number."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[int, HistoryRow]] = {}  # {key: {number: entry}}

    def of(self, key: str) -> tuple[HistoryRow, ...]:
        """List the entries of a key, by number."""
        rows = self._rows.get(key, {})
        return tuple(rows[number] for number in sorted(rows))

    def write(self, record: Complete) -> tuple[int, int]:
        """Put in what a turn leaves; the first number of the key then, and the next."""
        rows = self._rows.setdefault(record.key, {})
        for number in [each for each in rows if each < (record.begins or 0)]:
            del rows[number]
        rows.update((each.number, each) for each in record.entries)
        if not rows:
            del self._rows[record.key]
            return 0, 0
        return min(rows), max(rows) + 1

    def read(self, record: Read) -> Page:
        """Read entries, up to a size."""
        found: list[HistoryRow] = []
        size = 0
        for row in self.of(record.key):
            if record.first <= row.number < record.end and size < record.most:
                found.append(row)
                size += len(row.body)
        return Page(tuple(found))

    def newest(self, record: Show) -> tuple[HistoryRow, ...]:
        """Give the newest entries, up to a number and a size."""
        found: list[HistoryRow] = []
        size = 0
        for row in reversed(self.of(record.key)):
            if record.before is not None and row.number >= record.before:
                continue
            if len(found) == record.newest or size >= record.most:
                break
            found.append(row)
            size += len(row.body)
        return tuple(reversed(found))

    def forget(self, key: str) -> None:
        """Those of a key are gone."""
        self._rows.pop(key, None)
