"""Keys as whoever looks sees them, in plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence

from supervision.durable._words.histories import HistoryRow, Show, Shown
from supervision.durable._words.looks import (
    KeyRow,
    Look,
    Seen,
)
from supervision.durable._words.records import SessionRow

from .histories import Histories


def look(
    record: Look,
    sessions: Mapping[str, SessionRow],
    waiting: Mapping[str, Collection[int]],
    reminded: Collection[str],
    histories: Histories,
) -> Seen:
    """Look at keys.

    Args:
        record: which.
        sessions: `{key: what is kept of it}`.
        waiting: `{key: numbers of its open prompts}`.
        reminded: keys with reminders.
        histories: of all keys.
    """
    there = {*sessions, *waiting, *reminded}
    if record.key is not None:
        there &= {record.key}
    else:
        there = {each for each in there if each > record.after}
    rows = (
        _seen(
            each,
            sessions.get(each),
            len(waiting.get(each, ())),
            histories.of(each),
        )
        for each in sorted(there)
    )
    found = (each for each in rows if not record.held or each.held is not None)
    return Seen(tuple(itertools.islice(found, record.most)))


def show(
    record: Show,
    sessions: Mapping[str, SessionRow],
    waiting: Mapping[str, Collection[int]],
    reminded: Collection[str],
    histories: Histories,
) -> Shown:
    """Show what a key remembers; see `look`."""
    seen = look(Look("", 1, key=record.key), sessions, waiting, reminded, histories)
    if not seen.rows:
        return Shown(None)
    session = sessions.get(record.key)
    state = session.state if session is not None else None
    entries = histories.of(record.key)
    return Shown(
        seen.rows[0],
        state.body if state is not None else None,
        state.version if state is not None else None,
        entries[-1].number + 1 if entries else 0,
        histories.newest(record),
    )


def _seen(
    key: str, row: SessionRow | None, waiting: int, history: Sequence[HistoryRow]
) -> KeyRow:
    return KeyRow(
        key=key,
        waiting=waiting,
        state=len(row.state.body) if row is not None and row.state else None,
        token=row is not None and row.token is not None,
        generation=row.generation if row is not None else 0,
        crashes=row.crashes if row is not None else None,
        tenant=row.tenant if row is not None else None,
        held=row.held if row is not None else None,
        entries=history[-1].number + 1 - history[0].number if history else 0,
    )
