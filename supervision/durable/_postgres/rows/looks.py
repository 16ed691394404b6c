"""Keys as whoever looks sees them, and those with open prompts.

Open prompts stand in the index by (partition, key): a page of keys is made of the first
ones of each partition, so that no more is read than is told.
"""

from __future__ import annotations

from collections.abc import Callable

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
        at, place = text(record.key), partition_of(record.key)
        keys = f"select key, p from {s}.sessions where key = {at}{held}"
        if not record.held:
            keys += (
                f" union select key, p from {s}.prompts where p = {place}"
                f" and outcome is null and key = {at}"
            )
    else:
        keys = (
            f"(select key, p from {s}.sessions where key > {text(record.after)}{held}"
            f" order by key limit {record.most})"
        )
        if not record.held:
            pages = _open(message, _all(message), record.after, record.most)
            keys += f" union select key, p from {pages} k"
    message.say(
        f"select k.key, (select count(*) from {s}.prompts q where q.p = k.p"
        " and q.key = k.key and q.outcome is null), length(state),"
        " token is not null, coalesce(generation, 0), crashes, tenant, held,"
        f" (select min(n) from {s}.history h where h.key = k.key),"
        f" (select max(n) from {s}.history h where h.key = k.key)"
        f" from (select * from ({keys}) k order by key limit {record.most}) k"
        f" left join {s}.sessions s on s.key = k.key order by k.key",
        read,
    )
