"""What a router says of its store, and what an operator does of it."""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from unittest.mock import ANY

import attrs
import pytest
import trio
import trio.testing

from actors import Completed, Failed, PromptPolicy, QueueFullError, open_system
from actors.hosting import actor_of
from actors.testing import seeds
from supervision import (
    Limits,
    NoStoreError,
    RestartLimit,
    StoreStatistics,
    start_router,
)
from supervision._routing.census import counts_of
from supervision._view.sessions import shape_of
from supervision.durable import (
    MemoryStore,
    SessionHeld,
    SessionHeldError,
    SqliteStore,
    StoreAwayError,
    StoreGrows,
    StorePolicy,
)
from supervision.durable._sqlite.opening import SqliteOpening
from supervision.durable._sqlite.sql import connect

from .stage import Player, Process, ScriptError, Stage, completed, open_process

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])


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
        carried = (stage.memory.batches, stage.memory.records)
        assert (store.batches, store.operations) == carried
        assert store.batches == 3
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
async def test_what_waits_of_a_held_key_is_counted_after_a_restart() -> None:
    """Also what its queue has not got: nobody can read it together with its state."""
    stage = Stage()
    async with open_process(stage, Newer) as process:
        await (await process.router.accept("ann", "old")).outcome()
    async with open_process(stage) as process:
        for name in ("2", "3"):
            await process.router.accept("ann", "waits", id=name)
        await trio.sleep(1)
        assert queued(process) == 2
        process.kill()
    async with open_process(stage) as process:
        await trio.sleep(1)
        assert queued(process) == 2
        await process.router.accept("ann", "more", id="4")
        assert queued(process) == 3
        found = await process.router.find("ann", "2")
        assert found is not None
        found.withdraw()
        assert queued(process) == 2
        process.router.reset("ann")
        await trio.sleep(1)
        assert queued(process) == 0


def queued(process: Process) -> int:
    """How many prompts of "ann" wait, to whoever looks at it alone or at all keys."""
    info = process.router.inspect("ann")
    lane = core_of(process).lanes["ann"]
    assert info is not None
    assert shape_of(core_of(process), lane)["queued"] == info.queued
    return info.queued


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


class Mended(Player):
    """One whose upcaster can be mended while it runs."""

    state_version: ClassVar[int] = 2


@attrs.define
class Flaky:
    """An upcaster that raises until it is mended."""

    broken: bool = True
    times: int = 0

    def __call__(self, state: Any) -> Any:
        self.times += 1
        if self.broken:
            raise ScriptError("why")
        return state


@KINDS
async def test_d67_a_held_key_is_released(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """All that waited runs, in order; one that is not mended stays held."""

    class Narrow(Mended):
        prompts = PromptPolicy(capacity=2)

    caplog.clear()
    flaky = Flaky()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "chat.db"
        store: Any = MemoryStore(upcasters={1: flaky})
        if kind == "sqlite":
            store = SqliteStore(path, upcasters={1: flaky})
        async with open_process(Stage(store)) as process:
            for key in ("ann", "bob"):
                await (await process.router.accept(key, "old")).outcome()
        new = Stage(store)
        async with open_process(new, Narrow) as process:
            router = process.router
            first = await router.accept("ann", "first")
            second = await router.accept("ann", "second")
            with pytest.raises(QueueFullError):
                router.send("ann", "third")
            await (await router.accept("carol", "other")).outcome()
            with pytest.raises(SessionHeldError, match="a state cannot be read"):
                await router.release("ann")
            with pytest.raises(SessionHeldError):
                await router.release("bob")  # it has no session, and was not tried
            assert await core_of(process).keeping.store.key("bob")  # behind that
            assert store_of(process).held == 2
            assert new.begun == [("carol", "other")]
            told = next(each for each in caplog.records if "is held" in each.message)
            assert told.exc_info is not None  # with what the upcaster has raised
            assert told.exc_info[1] is not None
            assert type(told.exc_info[1].__cause__).__name__ == "ScriptError"

            flaky.broken = False
            assert await router.release("ann")
            assert completed(await first.outcome())
            assert completed(await second.outcome())
            assert await router.release("bob")
            assert router.inspect("bob") is None
            assert not await router.release("ann")
            assert not await router.release("bob")
            assert not await router.release("nobody")
            assert store_of(process).held == 0
    assert new.begun[1:] == [("ann", "first"), ("ann", "second")]


@seeds(3)
async def test_d67_a_held_key_is_told_once_and_tried_now_and_then(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not by each prompt; anew when it has been released and is held again."""
    caplog.clear()
    flaky = Flaky()
    store = MemoryStore(upcasters={1: flaky})
    async with open_process(Stage(store)) as process:
        await (await process.router.accept("ann", "old")).outcome()
    async with open_process(Stage(store), Mended) as process:
        router = process.router
        events = process.system.subscribe(SessionHeld)
        receipts = [await router.accept("ann", f"{each}") for each in range(5)]
        await trio.sleep(30)
        receipts.append(await router.accept("ann", "5"))
        await trio.sleep(10)
        assert flaky.times == 1

        await trio.sleep(30)
        receipts.append(await router.accept("ann", "6"))
        await trio.sleep(10)
        assert flaky.times == 2
        with pytest.raises(SessionHeldError):
            await router.release("ann")
        assert flaky.times == 3
        assert len(events.drain()) == 1
        assert len([each for each in caplog.records if "is held" in each.message]) == 1

        flaky.broken = False
        await trio.sleep(100)
        receipts.append(await router.accept("ann", "7"))
        assert all([completed(await each.outcome()) for each in receipts])
    async with open_process(Stage(store)) as process:  # an older one
        router = process.router
        events = process.system.subscribe(SessionHeld)
        receipts = [await router.accept("ann", each) for each in ("x", "y")]
        await trio.sleep(10)
        assert len(events.drain()) == 1
        router.reset("ann")
        assert completed(await (await router.accept("ann", "new")).outcome())


@seeds(2)
async def test_how_long_a_history_is_is_seen() -> None:
    """Of a key that is there, of one that the store alone knows, without a store."""
    for store in (MemoryStore(), None):
        stage = Stage(store)
        async with open_system() as system:
            brief = Limits(sessions=9, turns=9, idle=50)
            router = start_router(system, Player, stage, limits=brief, durable=store)
            for prompt in ("x", "say:one say:two", "say:three"):
                await router.send("ann", prompt).outcome()
                info = router.inspect("ann")
                assert info is not None
                assert info.entries == {"x": 0, "say:three": 3}.get(prompt, 2)
            await trio.sleep(100)
            assert router.inspect("ann") is None
            if store is not None:
                actor: Any = actor_of(router.ref)
                known = await actor._house().keeping.store.key("ann")
                assert known.entries == 3


@seeds(1)
async def test_which_keys_are_held_is_known_without_trying_them() -> None:
    """A later process counts them when it begins."""
    stage = Stage()
    async with open_process(stage, Newer) as process:
        await (await process.router.accept("ann", "old")).outcome()
    async with open_process(stage) as process:
        with pytest.raises(SessionHeldError):
            await process.router.release("ann")
    async with open_process(stage) as process:
        await trio.sleep(1)
        assert process.router.list() == []
        assert store_of(process).held == 1
        process.router.close("ann")
        await trio.sleep(1)
        assert store_of(process).held == 0


@seeds(1)
async def test_what_is_asked_of_a_store_that_is_away_is_refused() -> None:
    """At once, and with why; so is what nobody will answer any more."""
    stage = Stage()
    async with open_process(stage) as process:
        core = core_of(process)
        store, router = core.keeping.store, process.router
        await (await router.accept("ann", "one", id="1")).outcome()
        stage.memory.away(100)
        router.send("ann", "two", id="2")
        await trio.sleep(1)
        for ask in (
            lambda: store.keys("", 9),
            lambda: store.key("ann"),
            lambda: store.prompt("ann", "1"),
            lambda: router.release("ann"),
        ):
            with pytest.raises(StoreAwayError, match="told to be away"):
                await ask()
        stage.memory.away(0)
        await trio.sleep(10)
        waits = await store.prompt("ann", "2")
        assert waits.outcome == Completed("two", turn=waits.turn)
        stage.memory.stand_still()
        errors: list[Exception] = []

        async def asks() -> None:
            with pytest.raises(StoreAwayError, match="has ended") as caught:
                await store.key("ann")
            errors.append(caught.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(asks)
            await trio.testing.wait_all_tasks_blocked()
            router.ref.stop()
            await router.ref.wait_stopped()
        assert len(errors) == 1
        for ask in (
            lambda: store.key("ann"),
            lambda: store.backup(Path("/x")),
            lambda: core.keeping.find("ann", "1"),
        ):
            with pytest.raises(StoreAwayError, match="has ended"):
                await ask()
        stage.memory.go_on()


@seeds(1)
async def test_what_a_store_says_of_keys_and_prompts() -> None:
    """Those that wait, those that ended, those in quarantine; unknown ones: None."""
    stage = Stage()
    brief = Limits(sessions=9, turns=9, restarts=RestartLimit(0, within=1), idle=1)
    async with open_process(stage, limits=brief) as process:
        router, store = process.router, core_of(process).keeping.store
        failed = await router.accept("ann", "bind:t fail:no", id="1", tenant="anna")
        await failed.outcome()
        await router.accept("ann", "wait:door", id="2", tenant="anna")
        await (await router.accept("bob", "crash", id="1")).outcome()
        await trio.sleep(5)
        ann, bob = await store.keys("", 9)
        assert (ann.key, ann.waiting, ann.token, ann.tenant) == ("ann", 1, True, "anna")
        assert ann.quarantined is None
        assert bob.quarantined is not None
        assert bob.quarantined > 20
        assert await store.keys("ann", 1) == [attrs.evolve(bob, quarantined=ANY)]
        assert await store.key("carol") is None

        ended, waits = await store.prompt("ann", "1"), await store.prompt("ann", "2")
        assert type(ended.outcome) is Failed
        assert (ended.number, ended.turn, waits.outcome) == (1, 1, None)
        assert waits.ended is None
        assert ended.ended is not None
        assert await store.prompt("ann", "3") is None
        assert await store.key("\ud800") is None  # no store has such a key
        stage.open("door")


@seeds(1)
async def test_a_router_without_a_store_releases_nothing() -> None:
    """It says what it would need."""
    stage = Stage()
    async with open_process(stage) as process:
        plain = start_router(process.system, Player, stage, name="plain")
        with pytest.raises(NoStoreError, match="release"):
            await plain.release("ann")
        with pytest.raises(ValueError, match="key"):
            await plain.release("")
