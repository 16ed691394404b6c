"""All that turns leave: outcomes, states, tokens; a statement for all of them.

What few of them leave (histories, reminders, prompts of their own, prompts that wait
again) has statements of its own, which are not there where nothing was left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from supervision.durable._sharing.words import Lease
from supervision.durable._words.records import Complete, Row

from . import histories, prompts, reminders
from .message import Message

_GIVEN: Final = (
    "key text, ended json, state json, token text, bound boolean, keeps boolean,"
    " generation int8, at float8"
)


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
    again = [
        (each, lease)
        for record, lease in zip(records, leases, strict=True)
        for each in record.again
    ]
    if again:
        prompts.mark_again(
            message, [each for each, _ in again], [lease for _, lease in again]
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
    given = message.given(
        _GIVEN,
        [*map(_given, records)],
        leases,
        [partition_of(it.key) for it in records],
    )
    outcomes = (
        "(select e.number, decode(e.outcome, 'base64') outcome, e.turn, g.at, g.ord"
        " from g, json_to_recordset(g.ended) as"
        " e (number int8, outcome text, turn int8) where g.ok) e"
    )
    parts = [
        f"g as materialized {given}",
        f"ended as ({prompts.end(message, outcomes)})",
    ]
    if any(record.bound for record in records):
        parts.append(f"bound as ({_upsert(s, bound=True)})")
    message.say(f"with {', '.join(parts)} {_upsert(s, bound=False)}")


def _given(record: Complete) -> dict[str, Any]:
    """Make what is sent; Any: JSON."""
    state, token = record.state, record.token if record.bound else None
    return {
        "key": record.key,
        "ended": record.ended,
        "state": state,
        "token": token,
        "bound": record.bound,
        "keeps": state is not None or token is not None or bool(record.entries),
        "generation": record.generation,
        "at": record.at,
    }


def _upsert(s: str, *, bound: bool) -> str:
    """Keep what there is to keep: a row only if there is something, or there is one."""
    return (
        f"insert into {s}.sessions as s"
        " (key, p, state, state_version, token, generation, owner)"
        " select key, p, decode(state->>'body', 'base64'), (state->>'version')::int8,"
        " decode(token, 'base64'), generation, (select owner from"
        f" {s}.prompts q where q.number = (g.ended->0->>'number')::int8)"
        f" from g where g.ok and {'' if bound else 'not '}g.bound and (g.keeps"
        f" or (select true from {s}.sessions s where s.key = g.key))"
        " on conflict (key) do update set state = coalesce(excluded.state, s.state),"
        " state_version = coalesce(excluded.state_version, s.state_version),"
        f" token = {'excluded' if bound else 's'}.token,"
        " generation = excluded.generation, owner = coalesce(excluded.owner, s.owner)"
    )
