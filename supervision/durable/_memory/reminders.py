"""Reminders, and what each record does to them: as plain as `tables`."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from itertools import islice

import attrs

from supervision.durable._words.records import (
    Fire,
)
from supervision.durable._words.reminders import (
    Due,
    DuePage,
    ForgetReminder,
    ReminderRow,
    Unreminded,
)


class Reminders:
    """`{(key, name): reminder}`, and their order."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], ReminderRow] = {}
        self._order: list[tuple[float, str, str]] = []  # (due, key, name)
        # {(key, name): (mark, at) of the record that has forgotten it}
        self._gone: dict[tuple[str, str], tuple[int, float]] = {}

    def all(self) -> tuple[ReminderRow, ...]:
        """List them, by (due, key, name)."""
        return tuple(self._rows[key, name] for _, key, name in self._order)

    def keys(self) -> set[str]:
        """Whose they are."""
        return {key for key, _ in self._rows}

    def keep(self, row: ReminderRow) -> None:
        """Keep one, in place of one with its name."""
        place = row.key, row.name
        self._drop(place)
        self._gone.pop(place, None)
        self._rows[place] = row
        bisect.insort(self._order, (row.due, *place))

    def forget(self, key: str, name: str) -> None:
        """Forget one."""
        self._drop((key, name))
        self._gone.pop((key, name), None)

    def forget_marked(self, record: ForgetReminder) -> Unreminded:
        """Forget one, and remember by which record."""
        place = record.key, record.name
        if self._drop(place):
            self._gone[place] = record.mark, record.at
        mark, _ = self._gone.get(place, (None, 0.0))
        return Unreminded(mark == record.mark)

    def forget_all(self, key: str) -> bool:
        """Forget those of a key; whether there was one."""
        names = [name for here, name in self._rows if here == key]
        for name in names:
            self._drop((key, name))
        for place in [each for each in self._gone if each[0] == key]:
            del self._gone[place]
        return bool(names)

    def fires(self, record: Fire) -> bool:
        """Set one to its next time; whether it is there with this one."""
        key = record.row.key
        row = self._rows.get((key, record.name))
        if row is None or row.due != record.due:
            return False
        if record.next is None:
            self._drop((key, record.name))
        else:
            self.keep(attrs.evolve(row, due=record.next))
        return True

    def due(self, record: Due, partition_of: Callable[[str], int]) -> DuePage:
        """Look for them; `partition_of(key)` says where a key is."""
        begin = 0
        if record.after is not None:
            begin = bisect.bisect_right(self._order, record.after)
        found: list[ReminderRow] = []
        for due, key, name in islice(self._order, begin, None):
            if record.key not in (None, key):
                continue
            wanted = record.partitions
            if wanted is not None and partition_of(key) not in wanted:
                continue
            if due > record.until or len(found) == record.most:
                return DuePage(tuple(found), due)
            found.append(self._rows[key, name])
        return DuePage(tuple(found), None)

    def prune(self, before: float, most: int) -> int:
        """Drop what is remembered of those that were forgotten; how many."""
        old = sorted(
            (at, place) for place, (_, at) in self._gone.items() if at < before
        )[:most]
        for _, place in old:
            del self._gone[place]
        return len(old)

    def _drop(self, place: tuple[str, str]) -> bool:
        row = self._rows.pop(place, None)
        if row is None:
            return False
        del self._order[bisect.bisect_left(self._order, (row.due, *place))]
        return True
