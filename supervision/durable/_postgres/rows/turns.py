"""All that turns leave: outcomes, states, tokens; a statement for all of them.

What few of them leave (histories, reminders, prompts of their own, prompts that wait
again) has statements of its own, which are not there where nothing was left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from supervision.durable._sharing.words import Lease
from supervision.durable._words.records import Complete, Row

from . import histories, prompts, reminders
from .message import Message


def complete(
    message: Message,
    records: Sequence[Complete],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
    met: Callable[[int, Row, prompts.Met], None],
) -> None:
    """Keep all that turns leave, each of another key.

    Args:
        message: it is added to it.
        records: the turns.
        leases: what each needs.
        partition_of: gives the partition of a key.
        met: called with the index of a turn, a prompt that it has sent, and what stands
            in its place already.
    """
    if any(record.sends for record in records):
        _send(message, records, leases, partition_of, met)
    _keep(message, records, leases, partition_of)
    prompts.mark_again(
        message,
        [
            (number, tried, lease)
            for record, lease in zip(records, leases, strict=True)
            for number, tried in record.again
        ],
    )
    histories.write(message, records, leases)
    reminders.leave(message, records, leases, partition_of)


def _send(
    message: Message,
    records: Sequence[Complete],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
    met: Callable[[int, Row, prompts.Met], None],
) -> None:
    sends = [
        (index, row) for index, record in enumerate(records) for row in record.sends
    ]

    def others(found: prompts.Others) -> None:
        for place, what in found.items():
            met(*sends[place], what)

    prompts.insert(
        message,
        [row for _, row in sends],
        [partition_of(row.key) for _, row in sends],
        [leases[index] for index, _ in sends],
        unmarked=False,
        met=others,
    )


def _keep(
    message: Message,
    records: Sequence[Complete],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
) -> None:
    s = message.tables
    columns: dict[str, Sequence[object]] = {
        "key text": [record.key for record in records],
        "state bytea": [it.state and it.state.body for it in records],
        "version int8": [it.state and it.state.version for it in records],
        "generation int8": [record.generation for record in records],
        "keeps bool": [*map(_keeps, records)],
        "first int8": [it.ended[0].number if it.ended else None for it in records],
    }
    ways = {record.bound for record in records}
    if True in ways:
        columns["token bytea"] = [it.token if it.bound else None for it in records]
        columns["bound bool"] = [record.bound for record in records]
    partitions = [partition_of(record.key) for record in records]
    parts = [f"g as materialized {message.given(columns, leases, partitions)}"]
    ended = [
        (each, record.at, lease)
        for record, lease in zip(records, leases, strict=True)
        for each in record.ended
    ]
    if ended:
        outcomes = [(each, at) for each, at, _ in ended]
        ends = prompts.end(message, outcomes, [lease for *_, lease in ended])
        parts.append(f"ended as ({ends})")
    if ways == {True, False}:
        parts.append(f"bound as ({_upsert(s, bound=True, only='and g.bound')})")
        last = _upsert(s, bound=False, only="and not g.bound")
    else:
        last = _upsert(s, bound=True in ways)
    message.say(f"with {', '.join(parts)} {last}")


def _keeps(record: Complete) -> bool:
    """Whether there is something to keep in a row."""
    return (
        record.state is not None
        or (record.bound and record.token is not None)
        or bool(record.entries)
    )


def _upsert(s: str, *, bound: bool, only: str = "") -> str:
    """Keep what there is to keep: a row only if there is something, or there is one."""
    return (
        f"insert into {s}.sessions as s"
        " (key, p, state, state_version, token, generation, tenant)"
        f" select key, p, state, version, {'token' if bound else 'null'}, generation,"
        f" (select tenant from {s}.prompts q where q.number = g.first)"
        f" from g where g.ok {only} and (g.keeps"
        f" or (select true from {s}.sessions s where s.key = g.key))"
        " on conflict (key) do update set state = coalesce(excluded.state, s.state),"
        " state_version = coalesce(excluded.state_version, s.state_version),"
        f" token = {'excluded' if bound else 's'}.token,"
        " generation = excluded.generation,"
        " tenant = coalesce(excluded.tenant, s.tenant)"
    )
