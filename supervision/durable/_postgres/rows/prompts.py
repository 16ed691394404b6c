"""Prompts: kept, marked, ended; and found, by their address or in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from supervision.durable._sharing.words import Lease
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Begin,
    Row,
    SessionRow,
    Settle,
    State,
)

from .message import Message, Rows, json, numbers, texts

COLUMNS: Final = (
    "number, key, id, kind, owner, job, origin, attempts, tried, begun,"
    " steers, body, at, stream, base"
)
"""A row, as it is read."""
GIVEN: Final = (
    "number int8, key text, id text, kind text, owner text, job text, origin text,"
    " attempts int8, tried int8, begun int8, steers int8, body text, at float8,"
    " stream int8, base int8"
)
"""A row, as it is given in JSON."""
_FOUND: Final = "q.number, q.outcome, q.turn, q.at, q.ended_at, q.stream, q.base"


@attrs.frozen(eq=False)
class Met:
    """What stands at a prompt's address."""

    number: int | None
    """None: nothing that could be seen."""
    outcome: bytes | None = None
    turn: int | None = None


Others: TypeAlias = "dict[int, Met]"
"""{index of a row: what stands in its place}; of those that were new there is none."""


def insert(
    message: Message,
    rows: Sequence[Row],
    partitions: Sequence[int],
    leases: Sequence[Lease | None],
    *,
    unmarked: bool,
    met: Callable[[Others], None],
) -> None:
    """Keep prompts that are not there, in their order.

    Args:
        message: they are added to it.
        rows: the prompts.
        partitions: of each.
        leases: what each needs.
        unmarked: one whose lease is gone is kept, without its mark; if not, it is not.
        met: called with those that were not new.
    """
    s = message.tables
    given = message.given(GIVEN, rows, leases, partitions)
    tried, begun, only = "tried", "begun", "where g.ok"
    if unmarked:
        tried = "case when g.ok or begun is null then tried else 0 end"
        begun = "case when g.ok then begun end"
        only = ""

    def read(found: Rows) -> None:
        met({each - 1: Met(*rest) for each, *rest in found})

    message.say(
        f"with g as materialized {given},"
        f" new as (insert into {s}.prompts (p, {COLUMNS})"
        " select p, number, key, id, kind, owner, job, decode(origin, 'base64'),"
        f" attempts, {tried}, {begun}, steers, decode(body, 'base64'), at, stream, base"
        f" from g {only} order by ord on conflict do nothing returning number, key, id)"
        " select g.ord, coalesce(q.number, n.number), q.outcome, q.turn"
        " from g left join new on new.number = g.number and new.key = g.key"
        " and new.id = g.id"
        " left join new n on n.key = g.key and n.id = g.id"
        f" left join {s}.prompts q on q.key = g.key and q.id = g.id"
        " where new.number is null order by g.ord",
        read,
    )


def mark(
    message: Message, records: Sequence[Begin], leases: Sequence[Lease | None]
) -> None:
    """Make marks; of two on one prompt the later one counts."""
    marks = [
        {"number": number, "tried": tried, "begun": record.opened}
        for record in records
        for number, tried in zip(record.numbers, record.tried, strict=True)
    ]
    needs = [
        lease
        for record, lease in zip(records, leases, strict=True)
        for _ in record.numbers
    ]
    if marks:
        _mark(message, marks, needs)


def mark_again(
    message: Message,
    marks: Sequence[tuple[int, int]],
    leases: Sequence[Lease | None],
) -> None:
    """(number, tried) of prompts that wait again."""
    rows = [{"number": number, "tried": tried, "begun": 0} for number, tried in marks]
    _mark(message, rows, leases)


def _mark(
    message: Message, marks: Sequence[object], leases: Sequence[Lease | None]
) -> None:
    given = message.given("number int8, tried int8, begun int8", marks, leases)
    message.say(
        f"update {message.tables}.prompts q set tried = g.tried, begun = g.begun"
        f" from (select distinct on (number) * from {given} g where ok"
        " order by number, ord desc) g"
        " where q.number = g.number and q.outcome is null"
    )


def end(message: Message, outcomes: str) -> str:
    """Write as SQL: give outcomes, each prompt the first one.

    Args:
        message: whose tables.
        outcomes: what to select (number, outcome, turn, at, ord) from.
    """
    return (
        f"update {message.tables}.prompts q set outcome = e.outcome, turn = e.turn,"
        " ended_at = e.at, begun = null, body = null, origin = null"
        f" from (select distinct on (number) * from {outcomes} order by number, ord) e"
        " where q.number = e.number and q.outcome is null"
    )


def settle(
    message: Message, records: Sequence[Settle], leases: Sequence[Lease | None]
) -> None:
    """Give outcomes."""
    rows = [
        {"number": each.number, "outcome": each.outcome, "turn": each.turn, "at": at}
        for each, at in ((record.ended, record.at) for record in records)
    ]
    given = message.given(
        "number int8, outcome text, turn int8, at float8", rows, leases
    )
    decoded = (
        "(select number, decode(outcome, 'base64') outcome, turn, at, ord"
        f" from {given} g where ok) e"
    )
    message.say(end(message, decoded))


# ----------------------------------------------------------------------- what is there


def find(
    message: Message, asked: Sequence[Find], told: Callable[[int, Found], None]
) -> None:
    """Look for prompts; `told` gets the index of each, and what was found."""
    s = message.tables
    rows = [{"key": each.key, "id": each.id, "number": each.number} for each in asked]
    given = message.given("key text, id text, number int8", rows, [None])

    def read(found: Rows) -> None:
        for each, *columns in found:
            told(each - 1, Found(*columns))

    for by, only in (("id", "is null"), ("number", "is not null")):
        if all((each.number is None) == (by == "number") for each in asked):
            continue
        message.say(
            f"select g.ord, {_FOUND}, coalesce(q.tried, 0),"
            f" (select max(last) from {s}.chunks where prompt = q.number)"
            f" from {given} g join {s}.prompts q on q.key = g.key and q.{by} = g.{by}"
            f" where g.number {only}",
            read,
        )


def bring(
    message: Message,
    places: Mapping[str, int],
    told: Callable[[dict[str, SessionRow], dict[str, Rows]], None],
) -> None:
    """Read what is kept of keys, and their open prompts in their order.

    Args:
        message: it is added to it.
        places: {key: its partition}.
        told: called with what is kept, and the columns of the prompts, by key.
    """
    s = message.tables
    sessions: dict[str, SessionRow] = {}

    def read_sessions(found: Rows) -> None:
        for key, state, version, *rest, first, last in found:
            kept = None if state is None else State(state, version)
            entries = (0, 0) if first is None else (first, last + 1)
            token, generation, crashes, owner, held = rest
            sessions[key] = SessionRow(
                kept, token, generation, crashes, owner, held, entries
            )

    def read_prompts(found: Rows) -> None:
        rows: dict[str, Rows] = {}
        for columns in found:
            rows.setdefault(columns[1], []).append(columns)
        told(sessions, rows)

    message.say(
        "select s.key, state, state_version, token, generation, crashes, owner, held,"
        f" (select min(n) from {s}.history h where h.key = s.key),"
        f" (select max(n) from {s}.history h where h.key = s.key)"
        f" from {s}.sessions s where s.key = any ({texts([*places])})",
        read_sessions,
    )
    columns = ", ".join(f"q.{each}" for each in COLUMNS.split(", "))
    message.say(
        f"select {columns} from rows from (json_array_elements_text("
        f"{json([*places])}), unnest({numbers(places.values(), 'int4')})) as g (key, p)"
        f" join {s}.prompts q on q.p = g.p and q.key = g.key and q.outcome is null"
        " order by q.begun is null, q.steers is null, q.seq",
        read_prompts,
    )


def lookup(
    message: Message, places: Iterable[tuple[str, str]], met: Callable[[Met], None]
) -> None:
    """Look again for what stands at addresses, one after the other."""
    for key, name in places:
        given = message.given("key text, id text", [{"key": key, "id": name}], [None])

        def read(found: Rows) -> None:
            met(Met(*found[0]) if found else Met(None))

        message.say(
            f"select q.number, q.outcome, q.turn from {given} g"
            f" join {message.tables}.prompts q on q.key = g.key and q.id = g.id",
            read,
        )
