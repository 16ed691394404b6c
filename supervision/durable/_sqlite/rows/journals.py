"""Journals: the statements that write, read and forget blocks of chunks.

All in a transaction that is the caller's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from supervision.durable._sqlite.sql import Connection, Cursor
from supervision.durable._words.journals import GONE, ChunkPage, Chunks, ReadChunks

LAST: Final = "(select max(last) from chunks where prompt = number)"
"""A column: the number of the last chunk of a prompt's answer that is kept; or null."""
_BASE: Final = "update prompts set base = ? where number = ? and stream > 0"
_DROP: Final = "delete from chunks where prompt = ? and last <= ?"
_WRITE: Final = (
    "insert or replace into chunks (prompt, last, body) select ?1, ?2, ?3"
    " where exists (select 1 from prompts"
    " where number = ?1 and stream > 0 and base < ?2)"
)
_READ: Final = (
    "select last, body from chunks where prompt = ? and last > ? order by last"
)
_OF_KEY: Final = (
    "key = ?1 and stream > 0 and number not in (select value from json_each(?2))"
)
_FORGET: Final = (
    f"delete from chunks where prompt in (select number from prompts where {_OF_KEY})"  # noqa: S608
)
_FORGOTTEN: Final = f"update prompts set stream = {GONE} where {_OF_KEY}"  # noqa: S608
_OLD: Final = (
    "select number from prompts where stream > 0 and outcome is not null"
    " and ended_at < ? order by ended_at, number limit ?"
)
_GONE: Final = f"update prompts set stream = {GONE} where number = ? and stream > 0"  # noqa: S608
_DELETE: Final = "delete from chunks where prompt = ?"


def write(cursor: Cursor, records: Sequence[Chunks]) -> None:
    """Keep blocks, in their order: a try may have begun anew among them."""
    blocks: list[tuple[int, int, bytes]] = []
    for each in records:
        if each.body:
            blocks.append((each.number, each.last, each.body))
            continue
        cursor.executemany(_WRITE, blocks)
        blocks.clear()
        if each.lost:
            cursor.execute(_DELETE, (each.number,))
            cursor.execute(_GONE, (each.number,))
            continue
        cursor.execute(_BASE, (each.base, each.number))
        cursor.execute(_DROP, (each.number, each.base))
    cursor.executemany(_WRITE, blocks)


def read(connection: Connection, record: ReadChunks) -> ChunkPage:
    """Read blocks, up to a size."""
    cursor = connection.execute(_READ, (record.number, record.after))
    found: list[tuple[int, bytes]] = []
    size = 0
    try:
        for last, body in cursor:
            found.append((last, body))
            size += len(body)
            if size >= record.most:
                break
    finally:
        cursor.close()  # there may be more
    return ChunkPage(tuple(found))


def forget(cursor: Cursor, key: str, but: Collection[int]) -> None:
    """Those of a key are gone, but for these prompts."""
    numbers = f"[{','.join(map(str, but))}]"
    cursor.execute(_FORGET, (key, numbers))
    cursor.execute(_FORGOTTEN, (key, numbers))


def prune(connection: Connection, before: float, most: int) -> int:
    """Delete some of those that ended before a time; how many."""
    rows = connection.execute(_OLD, (before, most)).fetchall()
    cursor = connection.cursor()
    cursor.executemany(_DELETE, rows)
    cursor.executemany(_GONE, rows)
    return len(rows)
