"""What PostgreSQL does not take, beside what no store takes.

Pure, and asked for each record: quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import (
    Accept,
    Begin,
    Complete,
    Fire,
    Prune,
    Record,
    Row,
)
from supervision.durable._words.reminders import Due, Remind
from supervision.durable._words.rules import refusal


def refused(record: Record, policy: StorePolicy) -> str | None:
    """Say why this record is not taken; None: it may be carried out."""
    why = refusal(record, policy)
    if why is None:
        for each in _texts(record):
            if "\0" in each:
                return f"{each!r:.100} has a zero: PostgreSQL takes no such text"
    return why


def _texts(record: Record) -> Sequence[str]:  # noqa: PLR0911 - a case a record
    """Give all texts of a record that are a user's."""
    match record:
        case Accept(row=row):
            return _row(row)
        case Complete(key=key, sends=sends, reminders=reminders):
            if not sends and not reminders:
                return (key,)
            rows = [each for row in sends for each in _row(row)]
            return (key, *rows, *(each.name for each in reminders))
        case Begin() | Prune() | Due():
            return ()
        case Fire(row=row, name=name):
            return (*_row(row), name)
        case Remind(reminder=reminder):
            return (reminder.key, reminder.name)
        case _:
            # what is only asked for is not there, but the statement must be possible
            found = (getattr(record, name, None) for name in _NAMES)
            return [each for each in found if isinstance(each, str)]


_NAMES: Final = ("key", "after", "id", "name", "why")


def _row(row: Row) -> tuple[str, ...]:
    return (row.key, row.id, row.tenant or "", row.job or "")
