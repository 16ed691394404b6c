"""Entries of histories: the statements that write, read and forget them.

All in a transaction that is the caller's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import starmap
from typing import Final

from supervision.durable._sqlite.sql import Connection, Cursor
from supervision.durable._words.histories import HistoryRow, Page, Read, Show
from supervision.durable._words.records import (
    Complete,
)

SPAN: Final = (
    "(select min(n) from history where key = ?1),"
    " (select max(n) from history where key = ?1)"
)
"""Two columns: the numbers of the first entry of key `?1` and of the last; or null."""
_FORGET: Final = "delete from history where key = ?"
_DROP: Final = "delete from history where key = ? and n < ?"
_WRITE: Final = (
    "insert or replace into history (key, n, turn, version, body) values (?,?,?,?,?)"
)
_READ: Final = (
    "select n, body, version from history where key = ? and n >= ? and n < ? order by n"
)
_NEWEST: Final = (
    "select n, body, version from history where key = ? and n < ?"
    " order by n desc limit ?"
)


def write(cursor: Cursor, records: Sequence[Complete]) -> None:
    """Put in what turns leave, each of another key; few leave anything."""
    gone = [(each.key, each.begins) for each in records if each.begins is not None]
    if gone:
        cursor.executemany(_DROP, gone)
    entries = [
        (record.key, each.number, record.turn, each.version, each.body)
        for record in records
        for each in record.entries
    ]
    if entries:
        cursor.executemany(_WRITE, entries)


def read(connection: Connection, record: Read) -> Page:
    """Read entries, up to a size."""
    cursor = connection.execute(_READ, (record.key, record.first, record.end))
    try:
        return Page(tuple(_first(starmap(HistoryRow, cursor), record.most)))
    finally:
        cursor.close()  # there may be more


def newest(connection: Connection, record: Show) -> tuple[HistoryRow, ...]:
    """Read the newest entries, up to a number and a size."""
    before = sys.maxsize if record.before is None else record.before
    cursor = connection.execute(_NEWEST, (record.key, before, record.newest))
    try:
        return tuple(reversed(_first(starmap(HistoryRow, cursor), record.most)))
    finally:
        cursor.close()  # there may be more


def _first(rows: Iterable[HistoryRow], most: int) -> list[HistoryRow]:
    found: list[HistoryRow] = []
    size = 0
    for row in rows:
        found.append(row)
        size += len(row.body)
        if size >= most:
            break
    return found


def forget(cursor: Cursor, key: str) -> None:
    """Those of a key are gone."""
    cursor.execute(_FORGET, (key,))


def span(first: int | None, last: int | None) -> tuple[int, int]:
    """Give what `SPAN` has found as the number of the first, and of the next one."""
    return (0, 0) if first is None or last is None else (first, last + 1)
