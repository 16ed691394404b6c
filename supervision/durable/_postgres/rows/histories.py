"""Entries of histories: the statements that write and read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap

from supervision.durable._words.histories import HistoryRow, Page, Read
from supervision.durable._words.records import Complete

from .message import Message, Need, Rows, text


def write(
    message: Message, records: Sequence[Complete], leases: Sequence[Need]
) -> None:
    """Put in what turns leave, each of another key; few leave anything."""
    s = message.tables
    both = [*zip(records, leases, strict=True)]
    gone = [each for each in both if each[0].begins is not None]
    if gone:
        given = message.given(
            {
                "key text": [record.key for record, _ in gone],
                "n int8": [record.begins for record, _ in gone],
            },
            [lease for _, lease in gone],
        )
        message.say(
            f"delete from {s}.history h using {given} g"
            " where g.ok and h.key = g.key and h.n < g.n"
        )
    new = [
        (record.key, entry.number, record.turn, entry.version, entry.body, lease)
        for record, lease in both
        for entry in record.entries
    ]
    if new:
        keys, places, by, versions, bodies, needs = zip(*new, strict=True)
        given = message.given(
            {
                "key text": keys,
                "n int8": places,
                "turn int8": by,
                "version int8": versions,
                "body bytea": bodies,
            },
            needs,
        )
        message.say(
            f"insert into {s}.history (key, n, turn, version, body)"
            " select distinct on (key, n) key, n, turn, version, body"
            f" from {given} g where ok order by key, n, ord desc"
            " on conflict (key, n) do update set turn = excluded.turn,"
            " version = excluded.version, body = excluded.body"
        )


def read(message: Message, record: Read, told: Callable[[Page], None]) -> None:
    """Read entries, up to a size."""

    def heard(found: Rows) -> None:
        told(Page(tuple(starmap(HistoryRow, found))))

    message.say(
        "select n, body, version from (select n, body, version,"
        " sum(length(body)) over (order by n) - length(body) as before"
        f" from {message.tables}.history where key = {text(record.key)}"
        f" and n >= {record.first} and n < {record.end}) h"
        f" where before < {record.most} order by n",
        heard,
    )
