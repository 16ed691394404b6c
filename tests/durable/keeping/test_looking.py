"""What a router says of its store, and what an operator does of it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio

from actors.hosting import actor_of
from actors.testing import seeds
from supervision import StoreStatistics, start_router
from supervision._routing.census import counts_of
from supervision.durable import SqliteStore, StoreGrows, StorePolicy
from supervision.durable._sqlite.opening import SqliteOpening
from supervision.durable._sqlite.sql import connect

from .stage import Player, Process, Stage, completed, open_process


class Newer(Player):
    """Of a newer release."""

    state_version: ClassVar[int] = 2


def store_of(process: Process) -> StoreStatistics:
    """What it says of its store."""
    store = process.router.statistics().store
    assert store is not None
    return store


def core_of(process: Process) -> Any:
    """Its parts; Any: what it has of its store."""
    actor: Any = actor_of(process.router.ref)
    return actor._house()


@seeds(2)
async def test_what_the_store_does_is_counted() -> None:
    """Prompts on their way, transactions, time; and that it does not answer."""
    stage = Stage()
    async with open_process(stage) as process:
        before = store_of(process)
        assert (before.opened, before.age, before.path) == (0, None, "a MemoryStore")
        stage.memory.latency = 2.0
        await (await process.router.accept("ann", "one")).outcome()
        store = store_of(process)
        assert (store.opened, store.unwritten, store.down) == (1, 0, None)
        assert (store.batches, store.operations) == (3, 4)
        assert round(store.seconds, 6) == 6.0
        assert store.age is not None
        assert round(store.age, 6) == 6.0

        stage.memory.latency = 0.0
        stage.memory.away(1000)
        receipt = process.router.send("ann", "two")
        await trio.sleep(10)
        store = store_of(process)
        assert store.unwritten == 1
        assert store.unwritten_bytes > 0
        assert store.down is not None
        assert 9 < store.down <= 10
        assert store.why == "it was told to be away"
        stage.memory.away(0)
        await receipt.outcome()
        assert store_of(process).down is None
    assert process.router.ref.exit is not None


@seeds(1)
async def test_a_router_without_a_store_says_nothing_of_one() -> None:
    """None."""
    stage = Stage()
    async with open_process(stage) as process:
        router = start_router(process.system, Player, stage, name="plain")
        await router.send("ann", "x").outcome()
        assert router.statistics().store is None
        assert router.list()[0].held is None


@seeds(2)
async def test_counts_of_a_store_are_those_of_all_incarnations() -> None:
    """As those of its router."""
    stage = Stage()
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "one")).outcome()
        before = store_of(process)
        process.router.ref.stop()
        await process.router.ref.wait_stopped()
        again = start_router(process.system, Player, stage, durable=stage.store)
        await (await again.accept("ann", "two")).outcome()
        _, both = counts_of(process.system)["/router"]
        own = again.statistics().store

    assert both.store is not None
    assert own is not None
    assert (both.store.opened, own.opened) == (2, 2)
    assert both.store.batches == before.batches + own.batches
    assert both.store.operations == before.operations + own.operations


@seeds(2)
async def test_the_store_keeps_which_keys_are_held() -> None:
    """From one process to the next, until they can be read."""
    stage = Stage()
    async with open_process(stage, Newer) as process:
        await (await process.router.accept("ann", "old", id="1")).outcome()
    async with open_process(stage) as process:
        waits = await process.router.accept("ann", "waits", id="2")
        await trio.sleep(100)
        assert store_of(process).held == 1
        info = process.router.inspect("ann")
        assert info is not None
        assert info.held is not None
        assert "version 2" in info.held
        row = stage.memory.session("ann")
        assert row is not None
        assert row.held == info.held
        assert waits.ended is None
        process.kill()
    async with open_process(stage, Newer) as process:
        await trio.sleep(1)
        receipt = await process.router.find("ann", "2")
        assert receipt is not None
        assert completed(await receipt.outcome())
        await trio.lowlevel.checkpoint()
        row = stage.memory.session("ann")
        assert row is not None
        assert row.held is None
        assert store_of(process).held == 0


async def test_d64_a_log_that_cannot_be_brought_in_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once; the service goes on; again when it has shrunk and grown."""
    path, log = tmp_path / "chat.db", tmp_path / "chat.db-wal"
    stage = Stage(SqliteStore(path, policy=StorePolicy(log_bytes=200_000)))
    caplog.set_level(logging.WARNING, "supervision")
    async with open_process(stage) as process:
        events = process.system.subscribe(StoreGrows)
        await process.router.accept("ann", "first")

        async def grow(times: int) -> None:
            """A foreign reader stays while so many prompts are written."""
            reader = connect(path)
            reader.execute("begin; select * from prompts").fetchall()
            for _ in range(times):
                await (await process.router.accept("ann", "x" * 20_000)).outcome()
            reader.execute("rollback")
            reader.close()

        await grow(20)
        told = [each for each in events.drain() if isinstance(each, StoreGrows)]
        assert [(each.path, each.limit) for each in told] == [(str(path), 200_000)]
        assert 200_000 < told[0].bytes < 400_000
        assert log.stat().st_size > 200_000
        assert store_of(process).log == log.stat().st_size

        opened: SqliteOpening = core_of(process).keeping.opened
        assert await opened._writer.ask(opened._database.truncate)
        assert log.stat().st_size == 0
        await grow(20)
        assert len(list(events.drain())) == 1
    assert caplog.text.count("above its limit of 200000") == 2
