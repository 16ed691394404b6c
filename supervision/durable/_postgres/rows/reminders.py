"""Reminders: kept, forgotten, due, come.

One that was forgotten by a `ForgetReminder` stays for a while, with the record's mark:
whoever asks again, as his answer was lost, is answered the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import starmap

from supervision.durable._sharing.words import Lease
from supervision.durable._words.records import Complete, Fire
from supervision.durable._words.reminders import (
    Due,
    DuePage,
    ForgetReminder,
    ReminderRow,
)

from . import prompts
from .message import Message, Need, Rows, array, number, text


def keep(
    message: Message,
    rows: Sequence[ReminderRow],
    leases: Sequence[Need],
    partition_of: Callable[[str], int],
) -> None:
    """Keep some, each in place of one with its name."""
    given = message.given(
        {
            "key text": [row.key for row in rows],
            "name text": [row.name for row in rows],
            "due float8": [row.due for row in rows],
            "every float8": [row.every for row in rows],
            "body bytea": [row.body for row in rows],
        },
        leases,
        [partition_of(row.key) for row in rows],
    )
    message.say(
        f"insert into {message.tables}.reminders (key, name, p, due, every, body)"
        " select distinct on (key, name) key, name, p, due, every, body"
        f" from {given} g where ok"
        " order by key, name, ord desc on conflict (key, name) do update"
        " set due = excluded.due, every = excluded.every, body = excluded.body,"
        " gone = null, gone_at = null"
    )


def leave(
    message: Message,
    records: Sequence[Complete],
    leases: Sequence[Need],
    partition_of: Callable[[str], int],
) -> None:
    """Keep those that turns leave, and forget those that they forget."""
    kept = [
        (row, lease)
        for record, lease in zip(records, leases, strict=True)
        for row in record.reminders
    ]
    if kept:
        rows, needs = [row for row, _ in kept], [lease for _, lease in kept]
        keep(message, rows, needs, partition_of)
    gone = [
        (record.key, name, lease)
        for record, lease in zip(records, leases, strict=True)
        for name in record.unremind
    ]
    if gone:
        given = message.given(
            {
                "key text": [key for key, *_ in gone],
                "name text": [name for _, name, _ in gone],
            },
            [lease for *_, lease in gone],
        )
        message.say(
            f"delete from {message.tables}.reminders r using {given} g"
            " where g.ok and r.key = g.key and r.name = g.name"
        )


def forget(
    message: Message,
    record: ForgetReminder,
    lease: Lease | None,
    told: Callable[[bool], None],
) -> None:
    """Forget one, and remember by which record; `told` gets whether it was this."""
    s = message.tables
    place = f"key = {text(record.key)} and name = {text(record.name)}"
    message.say(
        f"update {s}.reminders set gone = {record.mark}, gone_at = {number(record.at)}"
        f" where {place} and gone is null and {message.holds(lease)}"
    )
    message.say(
        f"select exists (select 1 from {s}.reminders"
        f" where {place} and gone = {record.mark})",
        lambda found: told(found[0][0]),
    )


def fire(
    message: Message,
    records: Sequence[Fire],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
    told: Callable[[int, bool], None],
) -> None:
    """Accept the prompts of those that are due, and set them to their next time.

    Args:
        message: it is added to it.
        records: each of another key.
        leases: what each needs.
        partition_of: gives the partition of a key.
        told: called with the index of each, and whether its prompt is kept.
    """
    s = message.tables
    given = message.given(
        {
            **prompts.given([record.row for record in records]),
            "name text": [record.name for record in records],
            "due float8": [record.due for record in records],
            "next float8": [record.next for record in records],
        },
        leases,
        [partition_of(record.row.key) for record in records],
    )

    def read(found: Rows) -> None:
        for each, done in found:
            told(each - 1, done)

    message.say(
        f"with g as materialized {given},"
        f" later as (update {s}.reminders r set due = g.next from g where g.ok"
        " and r.key = g.key and r.name = g.name and r.due = g.due and r.gone is null"
        " and g.next is not null returning g.ord),"
        f" over as (delete from {s}.reminders r using g where g.ok"
        " and r.key = g.key and r.name = g.name and r.due = g.due and r.gone is null"
        " and g.next is null returning g.ord),"
        f" new as (insert into {s}.prompts (p, {prompts.COLUMNS})"
        f" select p, {prompts.COLUMNS}"
        " from g where g.ord in (select ord from later union all select ord from over)"
        " order by ord on conflict do nothing returning number)"
        " select g.ord, exists (select 1 from new where new.number = g.number)"
        f" or coalesce((select q.key = g.key and q.id = g.id from {s}.prompts q"
        " where q.number = g.number), false) from g",
        read,
    )


def due(message: Message, record: Due, told: Callable[[DuePage], None]) -> None:
    """Look for them; one more than is asked for: when it is due."""
    only = ["gone is null"]
    if record.after is not None:
        at, key, name = record.after
        place = f"({number(at)}, {text(key)}, {text(name)})"
        only.append(f"(due, key, name) > {place}")
    if record.key is not None:
        only.append(f"key = {text(record.key)}")
    if record.partitions is not None:
        only.append(f"p = any ({array(record.partitions, 'int4')})")

    def read(found: Rows) -> None:
        rows = [*starmap(ReminderRow, found)]
        page = [row for row in rows[: record.most] if row.due <= record.until]
        behind = rows[len(page) :]
        told(DuePage(tuple(page), behind[0].due if behind else None))

    message.say(
        f"select key, name, due, every, body from {message.tables}.reminders"
        f" where {' and '.join(only)} order by due, key, name limit {record.most + 1}",
        read,
    )
