"""Which bodies are in a record, and in an answer, and where each of them stands.  Pure.

Every record and every answer is named here, those without a body too: one that is new
must not be forgotten.  Keys, ids, numbers and times are no bodies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

import attrs

from supervision.durable._codec.protocol import Where
from supervision.durable._words.histories import HistoryRow, Page, Read, Show, Shown
from supervision.durable._words.journals import ChunkPage, Chunks, ReadChunks
from supervision.durable._words.looks import (
    Find,
    Found,
    Hold,
    Holding,
    KeyRow,
    Keys,
    Look,
    Seen,
    Waiting,
)
from supervision.durable._words.records import (
    Accept,
    Accepted,
    Answer,
    Begin,
    Bind,
    Bring,
    Brought,
    Complete,
    Completion,
    Done,
    Ended,
    Fire,
    Forget,
    Forgotten,
    Overtaken,
    Prune,
    Pruned,
    Quarantine,
    Record,
    Refused,
    Repeated,
    Row,
    SessionRow,
    Settle,
    State,
    changed,
)
from supervision.durable._words.reminders import (
    Due,
    DuePage,
    Fired,
    ForgetReminder,
    Remind,
    ReminderRow,
    Unreminded,
)

Change: TypeAlias = Callable[[bytes, Where, str], bytes]
"""Seals or opens a body: `change(body, what it is, its key)`."""


def in_record(  # noqa: C901, PLR0911 - a case a record
    record: Record, change: Change
) -> Record:
    """Make a record whose bodies are changed."""
    match record:
        case Accept(row=row):
            return changed(record, row=changed_row(row, change))
        case Fire(row=row):
            return attrs.evolve(record, row=changed_row(row, change))
        case Complete(key=key):
            state = record.state
            return changed(
                record,
                ended=tuple(_ended(each, key, change) for each in record.ended),
                state=_state(state, key, change) if state is not None else None,
                token=_maybe(record.token, Where.TOKEN, key, change),
                sends=tuple(changed_row(each, change) for each in record.sends),
                entries=tuple(_entry(each, key, change) for each in record.entries),
                reminders=tuple(_reminder(each, change) for each in record.reminders),
            )
        case Settle(key=key, ended=ended):
            return attrs.evolve(record, ended=_ended(ended, key, change))
        case Bind(key=key, token=token):
            return attrs.evolve(record, token=_maybe(token, Where.TOKEN, key, change))
        case Quarantine(key=key, crashes=crashes):
            body = _maybe(crashes, Where.ORIGIN, key, change)
            return attrs.evolve(record, crashes=body)
        case Forget(key=key, withdrawn=withdrawn):
            body = change(withdrawn, Where.OUTCOME, key)
            return attrs.evolve(record, withdrawn=body)
        case Chunks(key=key, body=body):
            if not body:
                return record
            return attrs.evolve(record, body=change(body, Where.CHUNK, key))
        case Remind(reminder=reminder):
            return attrs.evolve(record, reminder=_reminder(reminder, change))
        case (
            Begin()
            | Bring()
            | Due()
            | Find()
            | ForgetReminder()
            | Hold()
            | Look()
            | Prune()
            | Read()
            | ReadChunks()
            | Show()
            | Waiting()
        ):
            return record
        case _:
            assert_never(record)


def in_answer(  # noqa: C901, PLR0911, PLR0912 - a case an answer
    record: Record, answer: Answer, change: Change
) -> Answer:
    """Make an answer to this record whose bodies are changed."""
    match answer:
        case Accepted(brought=brought):
            if brought is None:
                return answer
            return Accepted(_brought(brought, key_of(record), change))
        case Repeated(brought=brought):
            key = key_of(record)
            if brought is not None:
                brought = _brought(brought, key, change)
            outcome = _maybe(answer.outcome, Where.OUTCOME, key, change)
            return attrs.evolve(answer, outcome=outcome, brought=brought)
        case Brought():
            return _brought(answer, key_of(record), change)
        case Found(outcome=outcome):
            outcome = _maybe(outcome, Where.OUTCOME, key_of(record), change)
            return attrs.evolve(answer, outcome=outcome)
        case Page(rows=rows):
            key = key_of(record)
            return Page(tuple(_entry(each, key, change) for each in rows))
        case ChunkPage(blocks=blocks):
            key = key_of(record)
            return ChunkPage(
                tuple((last, change(body, Where.CHUNK, key)) for last, body in blocks)
            )
        case Seen(rows=seen):
            return Seen(tuple(_seen(each, change) for each in seen))
        case Shown(row=shown, entries=entries):
            key = key_of(record)
            return attrs.evolve(
                answer,
                row=_seen(shown, change) if shown is not None else None,
                state=_maybe(answer.state, Where.STATE, key, change),
                entries=tuple(_entry(each, key, change) for each in entries),
            )
        case DuePage(reminders=reminders):
            found = tuple(_reminder(each, change) for each in reminders)
            return attrs.evolve(answer, reminders=found)
        case (
            Completion()
            | Done()
            | Fired()
            | Forgotten()
            | Holding()
            | Keys()
            | Overtaken()
            | Pruned()
            | Refused()
            | Unreminded()
        ):
            return answer
        case _:
            assert_never(answer)


def key_of(record: Any) -> str:  # Any: one whose answer has bodies
    """Give the key whose bodies the answer has."""
    key: str = record.row.key if isinstance(record, Accept) else record.key
    return key


def _maybe(body: bytes | None, where: Where, key: str, change: Change) -> bytes | None:
    return None if body is None else change(body, where, key)


def changed_row(row: Row, change: Change) -> Row:
    """Make a prompt whose bodies are changed."""
    body = change(row.body, Where.PROMPT, row.key)
    origin = _maybe(row.origin, Where.ORIGIN, row.key, change)
    return changed(row, body=body, origin=origin)


def _ended(ended: Ended, key: str, change: Change) -> Ended:
    return changed(ended, outcome=change(ended.outcome, Where.OUTCOME, key))


def _state(state: State, key: str, change: Change) -> State:
    return changed(state, body=change(state.body, Where.STATE, key))


def _entry(entry: HistoryRow, key: str, change: Change) -> HistoryRow:
    return attrs.evolve(entry, body=change(entry.body, Where.ENTRY, key))


def _seen(row: KeyRow, change: Change) -> KeyRow:
    crashes = _maybe(row.crashes, Where.ORIGIN, row.key, change)
    return attrs.evolve(row, crashes=crashes)


def _reminder(reminder: ReminderRow, change: Change) -> ReminderRow:
    body = change(reminder.body, Where.PROMPT, reminder.key)
    return attrs.evolve(reminder, body=body)


def _brought(brought: Brought, key: str, change: Change) -> Brought:
    session = brought.session
    if session is not None:
        session = _session(session, key, change)
    return Brought(session, tuple(changed_row(each, change) for each in brought.rows))


def _session(row: SessionRow, key: str, change: Change) -> SessionRow:
    state = row.state
    return attrs.evolve(
        row,
        state=_state(state, key, change) if state is not None else None,
        token=_maybe(row.token, Where.TOKEN, key, change),
        crashes=_maybe(row.crashes, Where.ORIGIN, key, change),
    )
