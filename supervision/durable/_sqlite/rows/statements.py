"""What is said to SQLite about prompts and sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import Final

from supervision.durable._sqlite.sql import Cursor, Value
from supervision.durable._words.records import Complete, Row
from supervision.durable._words.rules import MADE

from . import histories

COLUMNS: Final = ", ".join(Row.__struct_fields__)
"""Of a prompt, as its record has them."""
_SIZES: Final = (32, 16, 8, 4, 2, 1)  # rows at once for which there are statements


@cache
def insert(rows: int) -> str:
    """Keep so many prompts that are not there."""
    one = f"({','.join('?' * len(Row.__struct_fields__))})"
    return (
        f"insert into prompts ({COLUMNS}) values {','.join([one] * rows)}"  # noqa: S608
        " on conflict do nothing"
    )


ROOM: Final = (
    "select (select count(*) from prompts where key = ?1 and outcome is null) < ?3"
    " or exists (select 1 from prompts where key = ?1 and id = ?2)"
)
OPEN: Final = (
    f"select {COLUMNS} from prompts where key = ? and outcome is null"  # noqa: S608
    " and number <> ? order by begun is null, steers is null, number"
)
MARK: Final = (
    "update prompts set tried = ?, begun = ? where number = ? and outcome is null"
)


@cache
def end(rows: int) -> str:
    """Give outcomes to so many prompts; (outcome, turn, ended_at, number) of each."""
    if rows == 1:
        return (
            "update prompts set outcome = ?, turn = ?, ended_at = ?, begun = null,"
            " body = null, origin = null where number = ? and outcome is null"
        )
    return (
        f"with given (o, t, e, n) as (values {','.join(['(?,?,?,?)'] * rows)})"  # noqa: S608
        " update prompts set outcome = o, turn = t, ended_at = e, begun = null,"
        " body = null, origin = null from given where number = n and outcome is null"
    )


# of a prompt that was taken back
SET_FREE: Final = (
    f"update prompts set id = '{MADE}' || number"  # noqa: S608
    " where number = ? and outcome is not null and turn is null"
)
# a row only if there is something to keep in it, or there is one
KEEP: Final = (
    "insert into sessions (key, state, state_version, token, generation, tenant)"
    " select ?1, ?2, ?3, ?4, ?5, (select tenant from prompts where number = ?6)"
    " where ?7 or exists (select 1 from sessions where key = ?1)"
    " on conflict (key) do update set"
    " state = iif(?2 is null, state, excluded.state),"
    " state_version = iif(?2 is null, state_version, excluded.state_version),"
    " token = iif(?8, excluded.token, token), generation = excluded.generation,"
    " tenant = coalesce(excluded.tenant, tenant)"
)
ENDED: Final = (
    "select number, turn from prompts where outcome is not null"
    " and number in (select value from json_each(?))"
)
# of a turn that leaves nothing to keep, of most sessions without a row
TOUCH: Final = (
    "update sessions set generation = ?, tenant ="
    " coalesce((select tenant from prompts where number = ?), tenant) where key = ?"
)
_SET: Final = (
    "insert into sessions (key, {0}, generation) select ?1, ?2, 1"
    " where ?2 is not null or exists (select 1 from sessions where key = ?1)"
    " on conflict (key) do update set {0} = excluded.{0}"
)
BIND: Final = _SET.format("token")
QUARANTINE: Final = _SET.format("crashes")
SESSION: Final = (
    "select state, state_version, token, generation, crashes, tenant, held,"  # noqa: S608
    f" {histories.SPAN} from sessions where key = ?1"
)
FORGET: Final = "delete from sessions where key = ?"
PRUNE: Final = (
    "delete from prompts where number in (select number from prompts"
    " where outcome is not null and ended_at < ?"
    " and +key not in (select key from sessions where held is not null)"
    " order by ended_at, number limit ?)"
)
# "+": by the time, not by the key, which may have ended very many
WITHDRAWN: Final = (
    "select number from prompts where outcome is not null and ended_at = ?"
    " and +key = ? and forgot = ? order by number"
)
FORGOT: Final = "update prompts set forgot = ? where number = ?"


def carry_out(
    cursor: Cursor, statement: Callable[[int], str], rows: Sequence[tuple[Value, ...]]
) -> None:
    """Carry out what `statement(n)` says to n rows, for many at once.

    What stands around a statement costs as much as what SQLite does to a row.
    """
    done = 0
    for size in _SIZES:
        while len(rows) - done >= size:
            some = rows[done : done + size]
            cursor.execute(statement(size), tuple(chain.from_iterable(some)))
            done += size


def kept(record: Complete) -> tuple[Value, ...]:
    """What a turn leaves, for `KEEP`."""
    state, token = record.state, record.token if record.bound else None
    return (
        record.key,
        None if state is None else state.body,
        None if state is None else state.version,
        token,
        record.generation,
        record.ended[0].number if record.ended else None,
        state is not None or token is not None or bool(record.entries),
        record.bound,
    )


def touched(record: Complete) -> tuple[Value, ...]:
    """What it leaves, for `TOUCH`."""
    number = record.ended[0].number if record.ended else None
    return record.generation, number, record.key
