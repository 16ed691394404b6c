"""All that turns leave: outcomes, states, tokens; a statement for all of them.

What few of them leave (histories, reminders, prompts of their own, prompts that wait
again) has statements of its own, which are not there where nothing was left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from supervision.durable._sharing.words import Lease
from supervision.durable._words.records import Complete, Row

from . import histories, prompts, reminders
from .message import First, Message, Need, Rows


def complete(
    message: Message,
    records: Sequence[Complete],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
    met: Callable[[int, Row, prompts.Met], None],
    overtaken: Callable[[int], None],
) -> None:
    """Keep all that turns leave, each of another key.

    Args:
        message: it is added to it.
        records: the turns.
        leases: what each needs.
        partition_of: gives the partition of a key.
        met: called with the index of a turn, a prompt that it has sent, and what stands
            in its place already.
        overtaken: called with the index of a turn whose first prompt has an outcome of
            another one: nothing of it is kept.
    """
    needs = [*map(_needs, records, leases)]
    if any(record.sends for record in records):
        _send(message, records, needs, partition_of, met)
    _keep(message, records, leases, partition_of, overtaken)
    prompts.mark_again(
        message,
        [
            (number, tried, need)
            for record, need in zip(records, needs, strict=True)
            for number, tried in record.again
        ],
    )
    histories.write(message, records, needs)
    reminders.leave(message, records, needs, partition_of)


def _needs(record: Complete, lease: Lease | None) -> Need:
    """Give what is needed for all that has a statement of its own."""
    if not record.ended:
        return lease
    first = record.ended[0]
    return First(lease, first.number, first.turn)


def _send(
    message: Message,
    records: Sequence[Complete],
    needs: Sequence[Need],
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
        [needs[index] for index, _ in sends],
        unmarked=False,
        met=others,
    )


def _keep(
    message: Message,
    records: Sequence[Complete],
    leases: Sequence[Lease | None],
    partition_of: Callable[[str], int],
    overtaken: Callable[[int], None],
) -> None:
    s = message.tables
    firsts = [record.ended[0] if record.ended else None for record in records]
    columns: dict[str, Sequence[object]] = {
        "key text": [record.key for record in records],
        "state bytea": [it.state and it.state.body for it in records],
        "version int8": [it.state and it.state.version for it in records],
        "generation int8": [record.generation for record in records],
        "keeps bool": [*map(_keeps, records)],
        "first int8": [it and it.number for it in firsts],
        "turn int8": [it and it.turn for it in firsts],
    }
    ways = {record.bound for record in records}
    if True in ways:
        columns["token bytea"] = [it.token if it.bound else None for it in records]
        columns["bound bool"] = [record.bound for record in records]
    is_plain = all(len(record.ended) <= 1 for record in records)
    if is_plain:
        columns["outcome bytea"] = [it and it.outcome for it in firsts]
        columns["at float8"] = [record.at for record in records]
    partitions = [partition_of(record.key) for record in records]
    # what its first prompt is, before anything is done
    rows = (
        "g as materialized (select g.*, q.tenant,"
        " q.outcome is not null and q.turn is distinct from g.turn as over"
        f" from {message.given(columns, leases, partitions)} g"
        f" left join {s}.prompts q on q.number = g.first)"
    )
    parts = [rows]
    if is_plain:
        ends = "(select g.*, first as number from g where ok and not over)"
        parts.append(f"ended as ({prompts.ending(s, ends)})")
    else:
        parts.append(f"ended as ({prompts.ending(s, _ends(message, records))})")
    if ways == {True, False}:
        parts.append(f"bound as ({_upsert(s, bound=True, only='and g.bound')})")
        parts.append(f"kept as ({_upsert(s, bound=False, only='and not g.bound')})")
    else:
        parts.append(f"kept as ({_upsert(s, bound=True in ways)})")

    def read(found: Rows) -> None:
        for (each,) in found:
            overtaken(each - 1)

    message.say(f"with {', '.join(parts)} select ord from g where over", read, "int8")


def _ends(message: Message, records: Sequence[Complete]) -> str:
    """Write as SQL: the outcomes of turns that end more than one prompt."""
    ended = [
        (each, record.at, place)
        for place, record in enumerate(records, 1)
        for each in record.ended
    ]
    columns: dict[str, Sequence[object]] = {
        "number int8": [each.number for each, _, _ in ended],
        "outcome bytea": [each.outcome for each, _, _ in ended],
        "turn int8": [each.turn for each, _, _ in ended],
        "at float8": [at for _, at, _ in ended],
        "place int8": [place for *_, place in ended],
    }
    return (
        "(select distinct on (e.number) e.*"
        f" from {message.given(columns, ())} e join g on g.ord = e.place"
        " where g.ok and not g.over order by e.number, e.ord)"
    )


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
        f" tenant from g where g.ok and not g.over {only} and (g.keeps"
        f" or (select true from {s}.sessions s where s.key = g.key))"
        " on conflict (key) do update set state = coalesce(excluded.state, s.state),"
        " state_version = coalesce(excluded.state_version, s.state_version),"
        f" token = {'excluded' if bound else 's'}.token,"
        " generation = excluded.generation,"
        " tenant = coalesce(excluded.tenant, s.tenant)"
    )
