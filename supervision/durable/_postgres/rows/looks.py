"""Keys as whoever looks sees them, and those with open prompts.

Open prompts stand in the index by (partition, key): a page of keys is made of the first
ones of each partition, so that no more is read than is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from supervision.durable._words.histories import HistoryRow, Show, Shown
from supervision.durable._words.looks import Keys, Look, Seen, Waiting, key_row

from . import sessions
from .message import Message, Rows, array, text


def waiting(message: Message, record: Waiting, told: Callable[[Keys], None]) -> None:
    """Look for keys with open prompts."""
    keys: list[str] = []

    def read(found: Rows) -> None:
        keys.extend(key for (key,) in found)

    of = record.partitions
    places = _all(message) if of is None else f"unnest({array(of, 'int4')})"
    pages = _open(message, places, record.after, record.most)
    message.say(
        f"select distinct key from {pages} k order by key limit {record.most}", read
    )
    sessions.held(message, lambda held: told(Keys(tuple(keys), held)))


def _all(message: Message) -> str:
    return f"generate_series(0, {message.place.partitions - 1})"


def _open(message: Message, places: str, after: str, most: int) -> str:
    return (
        f"(select k.key, p.p from {places} as p (p) cross join lateral"
        f" (select distinct q.key from {message.tables}.prompts q where q.p = p.p"
        f" and q.outcome is null and q.key > {text(after)}"
        f" order by q.key limit {most}) k)"
    )


def look(
    message: Message,
    record: Look,
    partition_of: Callable[[str], int],
    told: Callable[[Seen], None],
) -> None:
    """Look at keys."""
    s = message.tables

    def read(found: Rows) -> None:
        told(Seen(tuple(key_row(*each) for each in found)))

    held = " and held is not null" if record.held else ""
    if record.key is not None:
        keys = _one(message, record.key, partition_of(record.key), held=record.held)
    else:
        keys = (
            f"(select key, p from {s}.sessions where key > {text(record.after)}{held}"
            f" order by key limit {record.most})"
        )
        if not record.held:
            pages = _open(message, _all(message), record.after, record.most)
            keys += (
                f" union select key, p from {pages} k"
                f" union (select distinct key, p from {s}.reminders"
                f" where gone is null and key > {text(record.after)}"
                f" order by key limit {record.most})"
            )
    message.say(
        f"select {_columns(message)}"
        f" from (select * from ({keys}) k order by key limit {record.most}) k"
        f" left join {s}.sessions s on s.key = k.key order by k.key",
        read,
    )


def _one(message: Message, key: str, place: int, *, held: bool) -> str:
    """Write as SQL: this key, if it is there."""
    s, at = message.tables, text(key)
    if held:
        return f"select key, p from {s}.sessions where key = {at} and held is not null"
    return (
        f"select key, p from {s}.sessions where key = {at}"
        f" union select key, p from {s}.prompts where p = {place}"
        f" and outcome is null and key = {at}"
        f" union select key, p from {s}.reminders where key = {at} and gone is null"
    )


def _columns(message: Message) -> str:
    """Write as SQL what is seen of a key, as `key_row` takes it."""
    s = message.tables
    return (
        f"k.key, (select count(*) from {s}.prompts q where q.p = k.p"
        " and q.key = k.key and q.outcome is null), length(state),"
        " token is not null, coalesce(generation, 0), crashes, tenant, held,"
        f" (select min(n) from {s}.history h where h.key = k.key),"
        f" (select max(n) from {s}.history h where h.key = k.key)"
    )


def show(
    message: Message,
    record: Show,
    partition_of: Callable[[str], int],
    told: Callable[[Shown], None],
) -> None:
    """Show what a key remembers.

    One statement: another node's commit is seen whole by it, or not at all.
    """
    s = message.tables

    def read(found: Rows) -> None:
        if not found or found[0][0]:
            told(Shown(None))
            return
        (_, _, state, version, *columns), *entries = found
        last = columns[-1]
        end = 0 if last is None else last + 1
        rows = tuple(HistoryRow(n, body, of) for _, n, body, of, *_ in entries)
        told(Shown(key_row(*columns), state, version, end, rows))

    keys = _one(message, record.key, partition_of(record.key), held=False)
    before = "" if record.before is None else f" and n < {record.before}"
    nothing = ", null" * _COLUMNS
    message.say(
        "select 0 as o, null::int8 as n, state as body, state_version as version,"
        f" {_columns(message)}"
        f" from ({keys}) k left join {s}.sessions s on s.key = k.key"
        f" union all select 1, n, body, version{nothing} from"
        " (select n, body, version, sum(length(body)) over (order by n desc)"
        " - length(body) as size from"
        f" (select n, body, version from {s}.history where key = {text(record.key)}"
        f"{before} order by n desc limit {record.newest}) h) h"
        f" where size < {record.most} order by o, n",
        read,
    )


_COLUMNS: Final = 10
"""How many `_columns` writes."""
