"""Whoever waits for a store is told when its router ends, by whatever way that is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import ClassVar

import pytest
import trio

from actors import ActorError, Journal, Turn, open_system
from actors.testing import seeds
from supervision import PromptKeptError, RouterRef, start_router
from supervision.durable import (
    MemoryStore,
    StoreAwayError,
    StoreInUseError,
    StorePolicy,
    StoreRefusedError,
)
from supervision.durable._words.records import Settle
from tests.durable.keeping.stage import Player, Stage, open_process, turn_runs

Router = RouterRef[str, str]


class Shown(Player):
    """Its first turn is in the hands of strangers."""

    turns_: ClassVar[list[Turn[str, str]]] = []

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Show it."""
        self.turns_.append(turn)
        return await super().take_turn(turn)


class Strangers:
    """Tasks outside of the system, each of which waits for something of the store."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.told: dict[str, object] = {}
        """What each of them got in the end."""
        self.names: list[str] = []

    def wait(self, name: str, async_fn: Callable[[], Awaitable[object]]) -> None:
        """Have one wait."""
        self.names.append(name)
        self._nursery.start_soon(self._wait, name, async_fn)

    async def _wait(self, name: str, async_fn: Callable[[], Awaitable[object]]) -> None:
        try:
            self.told[name] = await async_fn()
        except ActorError as error:
            self.told[name] = error


async def read(router: Router, name: str, after: int) -> None:
    """Read an answer to its end."""
    async with router.reopen_turn("ann", name, after=after) as answer:
        async for _ in answer:
            pass


@asynccontextmanager
async def crowd(
    stage: Stage, *, withdraws: bool = False
) -> AsyncGenerator[tuple[Router, Strangers]]:
    """Open a router on a store that stands still, and with strangers who wait.

    When the block has been left, everybody must have been told.

    Args:
        stage: whose store it is.
        withdraws: take a prompt back, in front of all that they ask for; the store is
            to refuse that, and the router to crash with it.
    """
    async with open_process(stage) as process:
        early = await process.router.accept(
            "ann", "count:50", id="early", stream=Journal(chunks=2)
        )
        await early.outcome()
        await (await process.router.accept("ann", "x", id="other")).outcome()
    Shown.turns_.clear()
    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            strangers = Strangers(nursery)
            crashes = pytest.raises(StoreRefusedError) if withdraws else nullcontext()
            with crashes:
                async with open_system(stop_within=2) as system:
                    router: Router = start_router(
                        system, Shown, stage, durable=stage.store
                    )
                    await (await router.accept("eve", "say:a")).outcome()
                    await router.accept("bob", "wait:never", attempts=2, id="runs")
                    behind = await router.accept("bob", "behind", id="behind")
                    await turn_runs(stage, "wait:never")
                    stage.memory.stand_still()
                    if withdraws:
                        behind.withdraw()
                    sent = router.send("cyd", "sent")
                    again = router.send("ann", "x", id="early")
                    wait = strangers.wait
                    wait("accept", lambda: router.accept("dan", "new"))
                    wait("durable", sent.durable)
                    wait("outcome", sent.outcome)
                    wait("again", again.outcome)
                    wait("behind", behind.outcome)
                    wait("find", lambda: router.find("ann", "other"))
                    wait("unknown", lambda: router.find("eve", "what"))
                    wait("reopen", lambda: read(router, "early", 3))
                    wait("release", lambda: router.release("ann"))
                    wait("forget", lambda: router.forget("ann", "alarm"))
                    wait(
                        "remind", lambda: router.remind("ann", "a", after=1, prompt="x")
                    )
                    wait("history", Shown.turns_[0].history.all(page=1).__anext__)
                    await trio.sleep(1)
                    assert not strangers.told
                    yield router, strangers
            await trio.sleep(1)  # they hear it in a step of their own
            assert sorted(strangers.told) == sorted(strangers.names)


@seeds(5)
@pytest.mark.parametrize("close_within", [1, 100])
async def test_everybody_is_told(close_within: float) -> None:
    """When the time of the store is over, and when that of the system is before it."""
    stage = Stage(MemoryStore(policy=StorePolicy(close_within=close_within)))
    async with crowd(stage) as (_, strangers):
        pass
    values = {name: type(told).__name__ for name, told in strangers.told.items()}
    assert values == {
        "accept": "PromptKeptError",
        "durable": "PromptKeptError",
        "outcome": "PromptKeptError",
        "again": "PromptKeptError",
        "behind": "PromptKeptError",
        **dict.fromkeys(
            ("find", "unknown", "reopen", "release", "forget", "remind", "history"),
            "StoreAwayError",
        ),
    }
    kept = {
        name: told.certain
        for name, told in strangers.told.items()
        if isinstance(told, PromptKeptError)
    }
    assert kept == {
        "accept": False,
        "durable": False,
        "outcome": False,
        "again": False,
        "behind": True,
    }
    stage.memory.go_on()
    stage.open("never")
    async with open_process(stage) as process:  # the store is free
        found = await process.router.find("bob", "behind")
        assert found is not None
        await found.outcome()


@seeds(5)
@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_everybody_is_told_when_it_is_ended_alone(how: str) -> None:
    """By whoever has its ref: the system goes on."""
    stage = Stage(MemoryStore(policy=StorePolicy(close_within=1)))
    async with crowd(stage) as (router, strangers):
        getattr(router.ref, how)()
        await trio.sleep(100)
        assert sorted(strangers.told) == sorted(strangers.names)


@seeds(5)
async def test_an_answer_that_ends_the_router_takes_nobody_with_it() -> None:
    """What was in the same batch behind it has its answer, and nobody had told it."""
    stage = Stage(MemoryStore(policy=StorePolicy(close_within=1)))
    # an outcome as small as they come: the router crashes with it
    stage.memory.refuse(lambda record: isinstance(record, Settle))
    async with crowd(stage, withdraws=True) as (_, strangers):
        stage.memory.go_on()
        await trio.sleep(1)
    assert len(strangers.told) == len(strangers.names)
    assert isinstance(strangers.told["remind"], StoreAwayError)


@seeds(5)
async def test_a_router_that_ends_waits_for_no_store_that_is_of_no_use() -> None:
    """It fails while it is waited for: there is nothing to wait for any more."""
    stage = Stage(MemoryStore(policy=StorePolicy(close_within=1000)))
    stage.memory.refuse(lambda record: isinstance(record, Settle))
    began = trio.current_time()

    async def go_on() -> None:
        await trio.sleep(10)
        stage.memory.go_on()

    async with trio.open_nursery() as nursery:
        with suppress(StoreRefusedError):
            async with open_system(stop_within=5000) as system:
                router = start_router(system, Player, stage, durable=stage.store)
                await router.accept("bob", "wait:never", id="runs")
                behind = await router.accept("bob", "behind", id="behind")
                stage.memory.stand_still()
                behind.withdraw()
                nursery.start_soon(go_on)
        assert trio.current_time() - began < 100


@seeds(5)
@pytest.mark.parametrize("how", ["left", "cancelled", "stopped", "killed", "in use"])
async def test_everybody_is_told_though_the_store_was_never_open(how: str) -> None:
    """Its router ends, or cannot begin, before that."""
    store = MemoryStore()
    stage = Stage(store)
    taken = store.claim() if how == "in use" else None
    crashes = pytest.raises(StoreInUseError) if taken else nullcontext()
    with trio.fail_after(1000):
        async with trio.open_nursery() as nursery:
            strangers = Strangers(nursery)
            with crashes, trio.CancelScope() as scope:
                async with open_system(stop_within=2) as system:
                    router = start_router(system, Player, stage, durable=store)
                    sent = router.send("ann", "sent")
                    strangers.wait("durable", sent.durable)
                    strangers.wait("outcome", sent.outcome)
                    strangers.wait("accept", lambda: router.accept("bob", "x"))
                    strangers.wait("find", lambda: router.find("bob", "x"))
                    strangers.wait("read", lambda: read(router, "m", 0))
                    if how == "cancelled":
                        scope.cancel()
                    elif how == "stopped":
                        router.ref.stop()
                    elif how == "killed":
                        router.ref.kill()
                    elif how == "in use":
                        await trio.sleep(1)
            await trio.sleep(1)
            assert sorted(strangers.told) == sorted(strangers.names)
    if taken is not None:
        taken.release()
    async with open_process(stage) as process:  # the store is free
        await (await process.router.accept("bob", "x")).outcome()
