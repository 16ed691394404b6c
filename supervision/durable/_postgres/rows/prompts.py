"""Prompts: kept, marked, ended; and found, by their address or in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Final, TypeAlias

import attrs

from supervision.durable._sharing.words import Lease
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Begin,
    Ended,
    Row,
    SessionRow,
    Settle,
    State,
)
from supervision.durable._words.rules import MADE, Mark

from .message import Message, Need, Rows

COLUMNS: Final = (
    "number, key, id, kind, tenant, job, origin, attempts, tried, begun,"
    " steers, body, at, stream, base"
)
"""A row, as it is read."""
_KINDS: Final = (
    ("number", "int8"),
    ("key", "text"),
    ("id", "text"),
    ("kind", "text"),
    ("tenant", "text"),
    ("job", "text"),
    ("origin", "bytea"),
    ("attempts", "int8"),
    ("tried", "int8"),
    ("begun", "int8"),
    ("steers", "int8"),
    ("body", "bytea"),
    ("at", "float8"),
    ("stream", "int8"),
    ("base", "int8"),
)
_values: Final = attrgetter(*(name for name, _ in _KINDS))
_FOUND: Final = "q.number, q.outcome, q.turn, q.at, q.ended_at, q.stream, q.base"


@attrs.frozen(eq=False)
class Met:
    """What stands at a prompt's address."""

    number: int | None
    """None: nothing that could be seen."""
    outcome: bytes | None = None
    turn: int | None = None
    room: bool = True
    """False: there was none for this prompt."""
    others: Sequence[int] = ()
    """Of a prompt that asks: open ones of its key of other openings that were there."""


Others: TypeAlias = "dict[int, Met]"
"""{index of a row: what stands in its place}; of one that is new only if it asks for
others, and there are some."""


def given(rows: Sequence[Row]) -> dict[str, Sequence[object]]:
    """Give prompts as columns; see `Message.given`."""
    columns = zip(*map(_values, rows), strict=True)
    return {
        f"{name} {kind}": values
        for (name, kind), values in zip(_KINDS, columns, strict=True)
    }


def insert(
    message: Message,
    rows: Sequence[Row],
    partitions: Sequence[int],
    leases: Sequence[Need],
    *,
    unmarked: bool,
    met: Callable[[Others], None],
    capacities: Sequence[int | None] = (),
    owns: Sequence[tuple[int, int] | None] = (),
) -> None:
    """Keep prompts that are not there, in their order.

    Args:
        message: they are added to it.
        rows: the prompts.
        partitions: of each.
        leases: what each needs.
        unmarked: one whose lease is gone is kept, without its mark; if not, it is not.
        met: called with those that were not new, or have others before them.
        capacities: how many prompts without outcome the key of each may have.
        owns: one whose key has open ones with numbers outside of these is not marked,
            and told which; the same for all that have it.
    """
    s = message.tables
    columns = given(rows)
    is_limited = any(each is not None for each in capacities)
    if is_limited:
        columns["cap int8"] = capacities
    own = next((each for each in owns if each is not None), None)
    if own is not None:
        columns["own bool"] = [each is not None for each in owns]
    given_rows = message.given(columns, leases, partitions)
    ok, told = "g.ok", "new.number is null"
    kinds = {"g.room" if is_limited else "true": "bool"}
    if own is not None:
        given_rows = (
            f"(select c.*, {_others(message, own)} as others from {given_rows} c)"
        )
        ok += " and g.others = '{}'"
        told += " or g.others <> '{}'"
        kinds["g.others"] = "int8[]"
    if is_limited:
        given_rows = f"b as materialized {given_rows}, {_roomy(s)}"
    else:
        given_rows = f"g as materialized {given_rows}"
    tried, begun, only = "tried", "begun", "where g.ok"
    if unmarked:
        tried = f"case when {ok} then tried else 0 end"
        begun = f"case when {ok} then begun end"
        only = "where g.room" if is_limited else ""

    def read(found: Rows) -> None:
        met({each - 1: Met(*rest) for each, *rest in found})

    message.say(
        f"with {given_rows},"
        f" new as (insert into {s}.prompts (p, {COLUMNS})"
        " select p, number, key, id, kind, tenant, job, origin, attempts,"
        f" {tried}, {begun}, steers, body, at, stream, base from g {only}"
        " order by ord on conflict do nothing returning number, key, id)"
        " select g.ord, coalesce(q.number, n.number), q.outcome, q.turn,"
        f" {', '.join(kinds)}"
        " from g left join new on new.number = g.number and new.key = g.key"
        " and new.id = g.id"
        " left join new n on n.key = g.key and n.id = g.id"
        f" left join {s}.prompts q on q.key = g.key and q.id = g.id"
        f" where {told} order by g.ord",
        read,
        " ".join(("int8 int8 bytea int8", *kinds.values())),
    )


def _roomy(s: str) -> str:
    """Write as SQL: what is given, and whether its key may have one more.

    Or the prompt is known.  Those before it that are new count as well: all of a key
    are to have the same limit.
    """
    return (
        " h as materialized (select b.*, (select true from"
        f" {s}.prompts q where q.key = b.key and q.id = b.id) is not null as known"
        " from b),"
        " g as materialized (select h.*, h.cap is null or h.known or"
        f" (select count(*) from (select 1 from {s}.prompts q where q.p = h.p"
        " and q.key = h.key and q.outcome is null limit h.cap) q)"
        " + count(*) filter (where not h.known) over (partition by h.key order by"
        " h.ord rows between unbounded preceding and 1 preceding) < h.cap as room"
        " from h)"
    )


def _others(message: Message, own: tuple[int, int]) -> str:
    """Write as SQL: the open prompts of other openings that stand before that of `c`.

    All that can be seen do, if it is new; what cannot be seen yet comes by polling.
    """
    s = message.tables
    first, last = (message.value(str(each), "int8") for each in own)
    return (
        f"case when c.own then array(select q.number from {s}.prompts q"
        " where q.p = c.p and q.key = c.key and q.outcome is null"
        f" and q.number not between {first} and {last} and not exists (select"
        f" from {s}.prompts i where i.number = c.number and i.seq < q.seq)"
        " order by q.begun is null, q.steers is null, q.seq) else '{}' end"
    )


def mark(
    message: Message, records: Sequence[Begin], leases: Sequence[Lease | None]
) -> None:
    """Make marks; of two on one prompt the later one counts."""
    marks = [
        (number, tried, record.opened, lease)
        for record, lease in zip(records, leases, strict=True)
        for number, tried in zip(record.numbers, record.tried, strict=True)
    ]
    _mark(message, marks)


def mark_again(message: Message, marks: Sequence[tuple[int, int, Need]]) -> None:
    """(number, tried, what it needs) of prompts that wait again."""
    _mark(message, [(number, tried, 0, lease) for number, tried, lease in marks])


def _mark(message: Message, marks: Sequence[tuple[int, int, int, Need]]) -> None:
    if not marks:
        return
    numbers, tried, begun, leases = zip(*marks, strict=True)
    columns = {"number int8": numbers, "tried int8": tried, "begun int8": begun}
    message.say(
        f"update {message.tables}.prompts q set tried = g.tried, begun = g.begun"
        " from (select distinct on (number) * from"
        f" {message.given(columns, leases)} g where ok"
        " order by number, ord desc) g"
        " where q.number = g.number and q.outcome is null"
    )


def unmark(message: Message, marks: Sequence[Mark]) -> None:
    """Take marks back, each if it is there and its prompt has no outcome."""
    numbers, tried, begun, before = zip(*marks, strict=True)
    columns = {
        "number int8": numbers,
        "tried int8": tried,
        "begun int8": begun,
        "before int8": before,
    }
    message.say(
        f"update {message.tables}.prompts q set tried = g.tried - 1, begun = g.before"
        f" from {message.given(columns, ())} g where q.number = g.number"
        " and q.tried = g.tried and q.begun = g.begun and q.outcome is null"
    )


def end(
    message: Message,
    ended: Sequence[tuple[Ended, float]],
    leases: Sequence[Lease | None],
) -> str:
    """Write as SQL: give outcomes, each prompt the first one.

    Args:
        message: whose tables.
        ended: (outcome, when).
        leases: what each needs.
    """
    columns: dict[str, Sequence[object]] = {
        "number int8": [each.number for each, _ in ended],
        "outcome bytea": [each.outcome for each, _ in ended],
        "turn int8": [each.turn for each, _ in ended],
        "at float8": [at for _, at in ended],
    }
    return ending(
        message.tables,
        "(select distinct on (number) * from"
        f" {message.given(columns, leases)} g where ok order by number, ord)",
    )


def ending(s: str, outcomes: str) -> str:
    """Write as SQL: give these outcomes, each to a prompt that has none.

    Args:
        s: the tables.
        outcomes: number, outcome, turn, at; as SQL.
    """
    return (
        f"update {s}.prompts q set outcome = e.outcome, turn = e.turn,"
        " ended_at = e.at, begun = null, body = null, origin = null"
        f" from {outcomes} e where q.number = e.number and q.outcome is null"
    )


def settle(
    message: Message, records: Sequence[Settle], leases: Sequence[Lease | None]
) -> None:
    """Give outcomes, and set the ids of those free that were taken back."""
    message.say(end(message, [(each.ended, each.at) for each in records], leases))
    unsent = [each.ended.number if each.unsent else None for each in records]
    if any(each is not None for each in unsent):
        message.say(
            f"update {message.tables}.prompts q set id = '{MADE}' || q.number"
            f" from {message.given({'number int8': unsent}, leases)} g where g.ok"
            " and q.number = g.number and q.outcome is not null and q.turn is null"
        )


# ----------------------------------------------------------------------- what is there


def find(
    message: Message, asked: Sequence[Find], told: Callable[[int, Found], None]
) -> None:
    """Look for prompts; `told` gets the index of each, and what was found."""
    s = message.tables
    columns: dict[str, Sequence[object]] = {
        "key text": [each.key for each in asked],
        "id text": [each.id for each in asked],
        "number int8": [each.number for each in asked],
    }
    given = message.given(columns, ())

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
            "int8 int8 bytea int8 float8 float8 int8 int8 int8 int8",
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
            token, generation, crashes, tenant, held = rest
            sessions[key] = SessionRow(
                kept, token, generation, crashes, tenant, held, entries
            )

    def read_prompts(found: Rows) -> None:
        rows: dict[str, Rows] = {}
        for columns in found:
            rows.setdefault(columns[1], []).append(columns)
        told(sessions, rows)

    message.say(
        "select s.key, state, state_version, token, generation, crashes, tenant, held,"
        f" (select min(n) from {s}.history h where h.key = s.key),"
        f" (select max(n) from {s}.history h where h.key = s.key)"
        f" from {s}.sessions s where s.key = any ({message.array(places, 'text')})",
        read_sessions,
        "text bytea int8 bytea int8 bytea text text int8 int8",
    )
    columns = ", ".join(f"q.{each}" for each in COLUMNS.split(", "))
    message.say(
        f"select {columns} from unnest({message.array(places, 'text')},"
        f" {message.array(places.values(), 'int4')}) as g (key, p)"
        f" join {s}.prompts q on q.p = g.p and q.key = g.key and q.outcome is null"
        " order by q.begun is null, q.steers is null, q.seq",
        read_prompts,
        " ".join(kind for _, kind in _KINDS),
    )


def lookup(
    message: Message, rows: Sequence[Row], met: Callable[[int, Met], None]
) -> None:
    """Look again for what stands at addresses; `met` gets the index of each."""
    columns = {
        "key text": [row.key for row in rows],
        "id text": [row.id for row in rows],
    }

    def read(found: Rows) -> None:
        for each, *what in found:
            met(each - 1, Met(*what))

    message.say(
        "select g.ord, q.number, q.outcome, q.turn from"
        f" {message.given(columns, ())} g left join {message.tables}.prompts q"
        " on q.key = g.key and q.id = g.id order by g.ord",
        read,
    )
