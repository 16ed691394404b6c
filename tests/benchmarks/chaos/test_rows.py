"""What chaos reads of a store: the bodies that a store of ours has written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from actors import Session, Turn, open_system
from benchmarks.chaos.rows import count_open, read_partitions, read_rows
from benchmarks.postgres.server import Server
from supervision import start_router
from supervision.durable import PostgresStore, TurnInterruptedError
from tests.durable.conftest import new_schema, server

__all__ = ["new_schema", "server"]


class Chat(Session[str, str, tuple[str, ...]]):
    """As those of chaos, but that it fails as one that was interrupted."""

    def new_state(self) -> tuple[str, ...]:
        return ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> int:
        if turn.prompt == "value":
            raise ValueError(turn.prompt)
        if turn.prompt == "interrupted":
            raise TurnInterruptedError(turn.key, 1)
        turn.state = (*turn.state, turn.prompt)
        return len(turn.state)


async def test_what_is_kept_is_read(
    server: Server, new_schema: Callable[[], str], monkeypatch: Any
) -> None:
    """States, kinds of outcomes and errors, and whose the partitions are."""
    schema = new_schema()
    monkeypatch.setattr("benchmarks.chaos.rows.SCHEMA", schema)
    store = PostgresStore(server.dsn(), schema=schema, node="a", partitions=2)
    async with open_system() as system:
        router = start_router(system, Chat, durable=store)
        for name in ("one", "value", "interrupted", "two"):
            await (await router.accept("k", name, id=name, attempts=2)).outcome()

        rows = await trio.to_thread.run_sync(read_rows, server.dsn())
        partitions = await trio.to_thread.run_sync(read_partitions, server.dsn())
        count = await trio.to_thread.run_sync(count_open, server.dsn())

    assert rows.states == {"k": ("one", "two")}
    assert [(each.id, each.outcome, each.error) for each in rows.prompts] == [
        ("one", "completed", ""),
        ("value", "failed", "ValueError"),
        ("interrupted", "failed", "TurnInterruptedError"),
        ("two", "completed", ""),
    ]
    assert [(each.attempts, each.tried) for each in rows.prompts] == [(2, 1)] * 4
    assert rows.nodes == ("a",)
    assert {owner for owner, _ in partitions.values()} == {"a"}
    assert partitions == rows.partitions
    assert count == (0, 0)
