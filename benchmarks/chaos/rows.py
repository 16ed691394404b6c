"""What the store has, read by plain SQL: nothing of ours has a hand in it.

A body is two bytes that say how it was made, and MessagePack.  An outcome is a list:
its kind, then name, form and value of each field that is not as it is by default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

import attrs

# Any in this file: rows and bodies are whatever is there
SCHEMA = "trio_actors"
"""Where the tables are."""
_COLUMNS: Final = (
    *("id", "key", "p", "seq", "number", "kind", "attempts", "tried"),
    *("outcome", "turn", "ended_at"),
)
_PROMPTS: Final = f"select {', '.join(_COLUMNS)} from @prompts order by seq"  # noqa: S608
_OPEN: Final = "select count(*) from @prompts where outcome is null"
_VERBS: Final = "select count(*) from @verbs where answer is null"
_SESSIONS: Final = "select key, state, held from @sessions"
_PARTITIONS: Final = "select p, owner, epoch from @partitions order by p"
_NODES: Final = "select node from @nodes order by node"


@attrs.frozen
class PromptRow:
    """A prompt, as the store has it."""

    id: str
    key: str
    p: int
    seq: int
    number: int
    kind: str
    attempts: int
    tried: int
    outcome: str | None
    """Its kind; None: it has none."""
    turn: int | None
    ended_at: float | None
    error: str = ""
    """The class of a `Failed`'s error."""


@attrs.frozen
class Rows:
    """All that is looked at, in one moment."""

    prompts: tuple[PromptRow, ...]
    """In the order in which they were accepted."""
    states: dict[str, tuple[str, ...]]
    """{key: state}."""
    held: tuple[str, ...] = ()
    """Keys that are held."""
    partitions: dict[int, tuple[str | None, int]] = attrs.Factory(
        dict[int, tuple[str | None, int]]
    )
    """{partition: (owner, epoch)}."""
    nodes: tuple[str, ...] = ()
    """Those that have a row."""


def read_rows(dsn: str) -> Rows:
    """Read all of it, in one transaction.  It blocks.  Raises psycopg.Error."""
    with _connect(dsn) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        prompts = tuple(_prompt(row) for row in _all(connection, _PROMPTS))
        sessions = _all(connection, _SESSIONS)
        partitions = _all(connection, _PARTITIONS)
        nodes = _all(connection, _NODES)
    states = {
        key: tuple(_unpack(state)) for key, state, _ in sessions if state is not None
    }
    return Rows(
        prompts,
        states,
        held=tuple(key for key, _, held in sessions if held is not None),
        partitions={p: (owner, epoch) for p, owner, epoch in partitions},
        nodes=tuple(node for (node,) in nodes),
    )


def read_partitions(dsn: str) -> dict[int, tuple[str | None, int]]:
    """Read `{partition: (owner, epoch)}`.  It blocks.  Raises psycopg.Error."""
    with _connect(dsn) as connection:
        rows = _all(connection, _PARTITIONS)
    return {p: (owner, epoch) for p, owner, epoch in rows}


def count_open(dsn: str) -> tuple[int, int]:
    """Count prompts without an outcome, and verbs.  It blocks, as the others."""
    with _connect(dsn) as connection:
        ((prompts,),) = _all(connection, _OPEN)
        ((verbs,),) = _all(connection, _VERBS)
    return prompts, verbs


def _connect(dsn: str) -> Any:
    import psycopg  # noqa: PLC0415 - the checker is there without it

    return psycopg.connect(dsn, autocommit=True, connect_timeout=5)


def _all(connection: Any, query: str) -> list[tuple[Any, ...]]:
    """Ask; `@` stands for the schema."""
    rows: list[tuple[Any, ...]]
    rows = connection.execute(query.replace("@", f"{SCHEMA}.").encode()).fetchall()
    return rows


def _unpack(body: bytes) -> Any:
    import msgspec  # noqa: PLC0415

    way, rest = body[:2], body[2:]
    if way == b"T\x01":  # the length and the name of a class come first
        rest = rest[1 + rest[0] :]
    elif way not in (b"P\x01", b"O\x01"):
        msg = f"a body begins with {way!r}"
        raise ValueError(msg)
    return msgspec.msgpack.decode(rest)


def _prompt(row: tuple[Any, ...]) -> PromptRow:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    if (body := values["outcome"]) is not None:
        kind, *fields = _unpack(body)
        names: dict[str, Any] = dict(zip(fields[::3], fields[2::3], strict=True))
        values |= {"outcome": kind, "error": _class_of(names.get("error"))}
    return PromptRow(**values)


def _class_of(error: Any) -> str:
    """Find the name of the class in what an error is written as; "": there is none."""
    names = [each.rsplit(".", 1)[-1] for each in _texts(error)]
    ends = ("Error", "Exit", "Interrupt")
    return next((each for each in names if each.endswith(ends)), "")


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list):
        for each in cast("Any", tree):
            yield from _texts(each)
