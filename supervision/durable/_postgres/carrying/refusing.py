"""What PostgreSQL does not take, beside what no store takes.

Pure, and asked for each record: quick.
"""

from __future__ import annotations

from collections.abc import Iterator

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


def _texts(record: Record) -> Iterator[str]:
    """Give all texts of a record that are a user's."""
    match record:
        case Accept(row=row):
            yield from _row(row)
        case Complete():
            yield record.key
            for row in record.sends:
                yield from _row(row)
            for each in record.reminders:
                yield each.name
        case Begin() | Prune() | Due():
            return
        case Fire(row=row, name=name):
            yield from _row(row)
            yield name
        case Remind(reminder=reminder):
            yield reminder.key
            yield reminder.name
        case _:
            # what is only asked for is not there, but the statement must be possible
            for name in ("key", "after", "id", "name", "why"):
                value = getattr(record, name, None)
                if isinstance(value, str):
                    yield value


def _row(row: Row) -> Iterator[str]:
    yield row.key
    yield row.id
    if row.owner is not None:
        yield row.owner
    if row.job is not None:
        yield row.job
