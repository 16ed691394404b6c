"""How the tests speak to a store: rows with defaults, and a batch as one call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import attrs
import msgspec
import pytest
import trio

from benchmarks.postgres.server import Server
from supervision.durable import MemoryStore, PostgresStore, SqliteStore
from supervision.durable._words.opened import Engine, Opened
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import (
    Accept,
    Answer,
    Complete,
    Ended,
    Record,
    Row,
    State,
)

A = TypeVar("A")
SMALL: Final = StorePolicy(prompt_bytes=100, state_bytes=200, entry_bytes=100)
KINDS: Final = ("memory", "sqlite", "postgres")


def make_store(kind: str, folder: Path, policy: StorePolicy = SMALL) -> Engine:
    """Make a store of this kind."""
    if kind == "memory":
        return MemoryStore(policy=policy)
    return SqliteStore(folder / "chat.db", policy=policy)


def row(number: int, key: str = "a", name: str | None = None, **changes: Any) -> Row:
    """Make a prompt; Any: each field is named by the test."""
    fields: dict[str, Any] = {
        "kind": "send",
        "tenant": None,
        "job": None,
        "origin": None,
        "attempts": 1,
        "tried": 0,
        "begun": None,
        "steers": None,
        "body": b"body",
        "at": float(number),
    }
    name = name if name is not None else f"id-{number}"
    return Row(number=number, key=key, id=name, **{**fields, **changes})


def accept(
    number: int,
    key: str = "a",
    name: str | None = None,
    *,
    bring: bool = False,
    **changes: Any,  # see `row`
) -> Accept:
    """Make an `Accept` of such a prompt."""
    return Accept(row(number, key, name, **changes), bring)


def complete(*numbers: int, key: str = "a", turn: int = 7, **changes: Any) -> Complete:
    """Make a `Complete` that ends these prompts; Any: see `row`."""
    fields: dict[str, Any] = {
        "ended": tuple(Ended(each, b"done", turn) for each in numbers),
        "state": State(b"state", 1),
        "at": 50.0,
    }
    return Complete(key=key, turn=turn, **{**fields, **changes})


class Bench:
    """An opened store, and what is asked of it in a test."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened

    async def carry(self, *batch: Any) -> Sequence[Answer]:
        """Have a batch carried out.

        Raises:
            Exception: what was told instead of answers.
        """
        heard: list[Sequence[Answer] | Exception] = []
        there = trio.Event()

        def told(answers: Sequence[Answer] | Exception) -> None:
            heard.append(answers)
            there.set()

        self.opened.carry(batch, told)
        assert heard == [], "told in the same step"
        await there.wait()
        (answers,) = heard
        if isinstance(answers, Exception):
            raise answers
        assert len(answers) == len(batch)
        return answers

    async def ask(self, record: Record, answer: type[A]) -> A:
        """Have one record carried out, whose answer is of this type."""
        (found,) = await self.carry(record)
        assert isinstance(found, answer), found
        return found


@asynccontextmanager
async def opened(store: Engine) -> AsyncGenerator[Bench]:
    """Open a store for this block."""
    bench = Bench(await store.claim().open())
    try:
        yield bench
    finally:
        with trio.CancelScope(shield=True):
            await bench.opened.close()


def plain(value: object) -> object:
    """Give an answer as plain data, to be compared."""
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return [plain(each) for each in items]
    names = _fields(type(value))
    if names is None:
        return value
    return (type(value).__name__, {each: plain(getattr(value, each)) for each in names})


def _fields(cls: Any) -> Sequence[str] | None:  # Any: of an answer
    if issubclass(cls, msgspec.Struct):
        names: Sequence[str] = cls.__struct_fields__
        return names
    return [each.name for each in attrs.fields(cls)] if attrs.has(cls) else None


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of store."""
    kind: str = request.param
    return kind


@pytest.fixture
def store(
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    new_schema: Callable[[], str],
) -> Engine:
    """A new store of each kind."""
    if kind == "postgres":
        server: Server = request.getfixturevalue("server")
        return PostgresStore(server.dsn(), schema=new_schema(), policy=SMALL)
    return make_store(kind, tmp_path)
