"""What every store keeps to, whatever it is made of: what is refused, what is behind.

Pure, and asked for each record: quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias, assert_never

from .histories import HistoryRow, Read, Show
from .journals import Chunks, ReadChunks
from .looks import (
    Find,
    Hold,
    Look,
    Waiting,
)
from .policy import StorePolicy
from .records import (
    Accept,
    Begin,
    Bind,
    Bring,
    Complete,
    Ended,
    Fire,
    Forget,
    Prune,
    Quarantine,
    Record,
    Refused,
    Row,
    Settle,
)
from .reminders import Due, ForgetReminder, Remind, ReminderRow

MADE: Final = "~"
"""What the ids begin with that nobody has given."""


def refusal(  # noqa: C901, PLR0911, PLR0912 - a case a record
    record: Record, policy: StorePolicy
) -> str | None:
    """Say why no store takes this record; None: it may be carried out.

    A body above its limit, or text that has no bytes (half of a pair of surrogates).
    Of a `Complete` all is refused with a part of it.
    """
    if type(record) is Accept:  # a pattern asks the class of the class, for the most
        return _row(record.row, policy)
    if type(record) is Complete:
        return _complete(record, policy)
    match record:
        case Begin() | Chunks():
            return None
        case Remind(reminder=reminder):
            return _reminder(reminder, policy)
        case ForgetReminder(key=key, name=name):
            return _text(key, name)
        case Settle(ended=ended):
            return _ended(ended, policy)
        case Forget(key=key, withdrawn=withdrawn):
            if len(withdrawn) > policy.state_bytes:
                return _large("outcome", len(withdrawn), policy.state_bytes)
            return _text(key)
        case (
            Bring(key=key)
            | Bind(key=key)
            | Quarantine(key=key)
            | Read(key=key)
            | Show(key=key)
            | Waiting(after=key)
        ):
            return _text(key)
        case Look(after=after, key=key):
            return _text(after, key or "")
        case Hold(key=key, why=why):
            return _text(key, why or "")
        case Find(key=key, id=name):
            return _text(key, name)
        case ReadChunks() | Prune() | Due() | Fire():
            return None
        case _:
            assert_never(record)


def unwritable(*texts: str) -> str | None:
    """Say which of these no store takes: it has no bytes; None: all can be written."""
    return _text(*texts)


Mark: TypeAlias = "tuple[int, int, int, int | None]"
"""(number, tried, begun, what to set `begun` to if it is taken back)."""


def marks_of(record: Record) -> Sequence[Mark]:
    """List the marks that a record makes."""
    if isinstance(record, Accept):
        row = record.row
        if row.begun is not None:
            return ((row.number, row.tried, row.begun, None),)
    elif isinstance(record, Begin):
        pairs = zip(record.numbers, record.tried, strict=True)
        return [(number, tried, record.opened, 0) for number, tried in pairs]
    return ()


FULL: Final = Refused("its key has as many prompts as it may have", full=True)
"""Of an `Accept` whose key has no room."""


def accepting(batch: Sequence[Record]) -> dict[int, int]:
    """Give `{number: index of the record of this batch that accepts it}`.

    A batch may come twice, if its answers were lost.  What a record says or does to
    the prompts of a key is meant for those that were there before it: by this a second
    time comes to the same as the first, when those behind it were not there yet.
    """
    found: dict[int, int] = {}
    for index, record in enumerate(batch):
        if isinstance(record, Accept | Fire):
            found[record.row.number] = index
        elif isinstance(record, Complete):
            for row in record.sends:
                found[row.number] = index
    return found


def _complete(record: Complete, policy: StorePolicy) -> str | None:
    state = record.state
    if state is not None and len(state.body) > policy.state_bytes:
        return _large("state", len(state.body), policy.state_bytes)
    for ended in record.ended:
        if len(ended.outcome) > policy.state_bytes:
            return _ended(ended, policy)
    if not record.key.isascii() and (why := _text(record.key)) is not None:
        return why
    if not (record.sends or record.entries or record.reminders):
        return None
    return (
        _first(_row(each, policy) for each in record.sends)
        or _first(_entry(each, policy) for each in record.entries)
        or _first(_reminder(each, policy) for each in record.reminders)
    )


def _row(row: Row, policy: StorePolicy) -> str | None:
    if len(row.body) > policy.prompt_bytes:
        return _large("prompt", len(row.body), policy.prompt_bytes)
    if row.tenant is row.job is None and row.key.isascii() and row.id.isascii():
        return None  # as below, for the most
    return _text(row.key, row.id, row.tenant or "", row.job or "")


def _entry(entry: HistoryRow, policy: StorePolicy) -> str | None:
    if len(entry.body) > policy.entry_bytes:
        return _large("entry", len(entry.body), policy.entry_bytes)
    return None


def _reminder(reminder: ReminderRow, policy: StorePolicy) -> str | None:
    if len(reminder.body) > policy.prompt_bytes:
        return _large("prompt", len(reminder.body), policy.prompt_bytes)
    return _text(reminder.key, reminder.name)


def _ended(ended: Ended, policy: StorePolicy) -> str | None:
    if len(ended.outcome) > policy.state_bytes:
        return _large("outcome", len(ended.outcome), policy.state_bytes)
    return None


def _text(*texts: str) -> str | None:
    for text in texts:
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                return f"{text!r:.100} is no text that can be stored"
    return None


def _first(found: Iterable[str | None]) -> str | None:
    return next(filter(None, found), None)


def _large(what: str, size: int, most: int) -> str:
    return f"the {what} has {size} bytes, {most} may be"
