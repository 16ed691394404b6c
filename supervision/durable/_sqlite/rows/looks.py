"""Keys as whoever looks sees them, and which are held: what is asked of the tables.

What it comes to is what `_memory/tables` says in plain Python.
"""

from __future__ import annotations

from typing import Final

from supervision.durable._sqlite.sql import Connection, Cursor, Value
from supervision.durable._words.histories import Show, Shown
from supervision.durable._words.looks import (
    Find,
    Found,
    Hold,
    Holding,
    Keys,
    Look,
    Seen,
    Waiting,
    key_row,
)

from . import histories
from .journals import LAST

_HOLD: Final = "update sessions set held = ? where key = ?"
_HELD: Final = "select count(*) from sessions where held is not null"
_SEEN: Final = (
    "select k.key, (select count(*) from prompts p where p.key = k.key and"
    " p.outcome is null), length(state), token is not null, coalesce(generation, 0),"
    " crashes, tenant, held, (select min(n) from history h where h.key = k.key),"
    " (select max(n) from history h where h.key = k.key)"
    " from ({}) k left join sessions s on s.key = k.key"
    " order by k.key"
)
_SEEN_ALL: Final = _SEEN.format(
    "select key from sessions where key > ?1 union"
    " select key from prompts where outcome is null and key > ?1 union"
    " select key from reminders where gone is null and key > ?1 order by key limit ?2"
)
_SEEN_HELD: Final = _SEEN.format(
    "select key from sessions where held is not null and key > ?1 order by key limit ?2"
)
_SEEN_ONE: Final = _SEEN.format(
    "select key from sessions where key = ?1 and (not ?2 or held is not null) union"
    " select key from prompts where outcome is null and key = ?1 and not ?2 union"
    " select key from reminders where gone is null and key = ?1 and not ?2"
)
_STATE: Final = (
    "select state, state_version, (select max(n) from history where key = ?1)"
    " from (select 1) left join sessions on key = ?1"
)

_WAITING: Final = (
    "select distinct key from prompts where outcome is null and key > ?"
    " order by key limit ?"
)

_FOUND: Final = (
    f"select number, outcome, turn, at, ended_at, stream, base, tried, {LAST}"  # noqa: S608
    " from prompts where key = ? and "
)
_BY_ID: Final = _FOUND + "id = ?"
_BY_NUMBER: Final = _FOUND + "number = ?"


def find(cursor: Cursor, record: Find) -> Found:
    """Look for a prompt."""
    by_id = record.number is None
    query, name = (_BY_ID, record.id) if by_id else (_BY_NUMBER, record.number)
    rows = cursor.execute(query, (record.key, name)).fetchall()
    return Found(*rows[0]) if rows else Found(None)


def waiting(connection: Connection, record: Waiting) -> Keys:
    """Look for keys with open prompts."""
    found = connection.execute(_WAITING, (record.after, record.most)).fetchall()
    return Keys(tuple(key for (key,) in found), held(connection))


def look(connection: Connection, record: Look) -> Seen:
    """Look at keys."""
    values: tuple[Value, ...]
    if record.key is not None:
        query, values = _SEEN_ONE, (record.key, record.held)
    else:
        query = _SEEN_HELD if record.held else _SEEN_ALL
        values = (record.after, record.most)
    found = connection.execute(query, values).fetchall()
    return Seen(tuple(key_row(*each) for each in found[: record.most]))


def show(connection: Connection, record: Show) -> Shown:
    """Show what a key remembers."""
    seen = look(connection, Look("", 1, key=record.key))
    if not seen.rows:
        return Shown(None)
    found = connection.execute(_STATE, (record.key,)).fetchall()
    ((state, version, last),) = found
    end = 0 if last is None else last + 1
    return Shown(
        seen.rows[0], state, version, end, histories.newest(connection, record)
    )


def hold(connection: Connection, record: Hold) -> Holding:
    """Keep why a key cannot be read."""
    connection.execute(_HOLD, (record.why, record.key))
    return Holding(held(connection))


def held(connection: Connection) -> int:
    """Count the keys that are held; there is an index of those alone."""
    ((number,),) = connection.execute(_HELD).fetchall()
    return int(number)
