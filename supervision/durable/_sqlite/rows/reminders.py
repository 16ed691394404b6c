"""What records do to reminders: statements, as `carrying` has them for prompts.

One that was forgotten by a `ForgetReminder` stays for a while, with the record's mark:
whoever asks again, as his answer was lost, is answered the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from typing import Any, Final

from supervision.durable._sqlite.sql import Connection, Cursor
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

_KEEP: Final = (
    "insert into reminders (key, name, due, every, body) values (?, ?, ?, ?, ?)"
    " on conflict (key, name) do update set due = excluded.due,"
    " every = excluded.every, body = excluded.body, gone = null, gone_at = null"
)
_FORGET: Final = "delete from reminders where key = ? and name = ?"
_MARK: Final = (
    "update reminders set gone = ?, gone_at = ?"
    " where key = ? and name = ? and gone is null"
)
_MARKED: Final = "select 1 from reminders where key = ? and name = ? and gone = ?"
_IS_THERE: Final = "select 1 from reminders where key = ? and gone is null limit 1"
_FORGET_ALL: Final = "delete from reminders where key = ?"
_SET: Final = (
    "update reminders set due = ?"
    " where key = ? and name = ? and due = ? and gone is null"
)
_COMES: Final = (
    "delete from reminders where key = ? and name = ? and due = ? and gone is null"
)
# one more than is asked for: when it is due
_DUE: Final = (
    "select key, name, due, every, body from reminders where gone is null"
    " and (due, key, name) > (?, ?, ?) order by due, key, name limit ?"
)
_DUE_OF: Final = (
    "select key, name, due, every, body from reminders where key = ? and gone is null"
    " and (due, key, name) > (?, ?, ?) order by due, name limit ?"
)
_PRUNE: Final = (
    "delete from reminders where (key, name) in (select key, name from reminders"
    " where gone is not null and gone_at < ? order by gone_at, key, name limit ?)"
)
_FIRST: Final = (-1e300, "", "")


class Reminders:
    """The reminders of a file, in a transaction that is the caller's."""

    def __init__(self, connection: Connection, cursor: Cursor) -> None:
        self._connection = connection
        self._cursor = cursor

    def keep(self, rows: Sequence[ReminderRow]) -> None:
        """Keep some, each in place of one with its name."""
        self._cursor.executemany(
            _KEEP, [(row.key, row.name, row.due, row.every, row.body) for row in rows]
        )

    def forget(self, places: Sequence[tuple[str, str]]) -> None:
        """Forget some."""
        self._cursor.executemany(_FORGET, places)

    def forget_marked(self, record: ForgetReminder) -> Unreminded:
        """Forget one, and remember by which record."""
        place = record.key, record.name
        self._cursor.execute(_MARK, (record.mark, record.at, *place))
        return Unreminded(bool(self._rows(_MARKED, *place, record.mark)))

    def forget_all(self, key: str) -> bool:
        """Forget those of a key; whether there was one."""
        there = bool(self._rows(_IS_THERE, key))
        self._cursor.execute(_FORGET_ALL, (key,))
        return there

    def fires(self, record: Fire) -> bool:
        """Set one to its next time; whether it is there with this one."""
        place = record.row.key, record.name, record.due
        if record.next is None:
            self._cursor.execute(_COMES, place)
        else:
            self._cursor.execute(_SET, (record.next, *place))
        return self._connection.changes() > 0

    def due(self, record: Due) -> DuePage:
        """Look for them."""
        after = record.after if record.after is not None else _FIRST
        if record.key is None:
            rows = self._rows(_DUE, *after, record.most + 1)
        else:
            rows = self._rows(_DUE_OF, record.key, *after, record.most + 1)
        found = [*starmap(ReminderRow, rows)]
        page = [row for row in found[: record.most] if row.due <= record.until]
        behind = found[len(page) :]
        return DuePage(tuple(page), behind[0].due if behind else None)

    def prune(self, before: float, most: int) -> int:
        """Drop what is remembered of those that were forgotten; how many."""
        self._cursor.execute(_PRUNE, (before, most))
        return self._connection.changes()

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read rows; Any: of the columns that the query names."""
        return self._cursor.execute(query, values).fetchall()
