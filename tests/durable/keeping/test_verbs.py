"""`reset`, `close` and `cancel_all` of keys in every state, with a store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
import trio

from actors import Aborted, Completed, Outcome, Receipt, Withdrawn
from actors.testing import seeds
from supervision import Limits, RouterRef

from .stage import (
    Player,
    Process,
    Stage,
    completed,
    open_process,
    turn_runs,
)

Make = Callable[[Process], Awaitable[list[Receipt[str]]]]
LIMITS = Limits(sessions=2, turns=2, idle=1000)


class Slow(Player):
    """Starts when the door "start" is opened."""

    async def started(self) -> None:  # type: ignore[override]
        """Wait."""
        await self.stage.doors["start"].wait()
        super().started()


async def idle(process: Process) -> list[Receipt[str]]:
    """There, and nothing runs."""
    process.stage.open("start")
    receipt = await process.router.accept("ann", "old")
    await receipt.outcome()
    await trio.sleep(1)
    return []


async def passivated(process: Process) -> list[Receipt[str]]:
    """In the store only."""
    await idle(process)
    await trio.sleep(2000)
    assert process.router.inspect("ann") is None
    return []


async def starting(process: Process) -> list[Receipt[str]]:
    """Its session has not started."""
    return [await process.router.accept("ann", name) for name in ("one", "two")]


async def unwritten(process: Process) -> list[Receipt[str]]:
    """Nothing of it is in the store."""
    process.stage.memory.stand_still()
    process.stage.open("start")
    return [process.router.send("ann", name) for name in ("one", "two")]


async def running(process: Process) -> list[Receipt[str]]:
    """A turn runs, prompts wait, one steers."""
    process.stage.open("start")
    router = process.router
    receipts = [await router.accept("ann", "wait:never bind:x")]
    await turn_runs(process.stage, "wait:never bind:x")
    receipts.append(await router.accept("ann", "waits"))
    receipts.append(router.steer("ann", "steers"))
    return receipts


async def without_a_slot(process: Process) -> list[Receipt[str]]:
    """Its turn waits for one."""
    process.stage.open("start")
    process.router.configure(Limits(sessions=10, turns=1, idle=1000))
    await process.router.accept("bob", "wait:never")
    await turn_runs(process.stage, "wait:never")
    return [await process.router.accept("ann", name) for name in ("one", "two")]


async def without_a_mark(process: Process) -> list[Receipt[str]]:
    """Its turn has a slot, and its mark is on its way."""
    await idle(process)
    process.stage.memory.stand_still()
    receipts = [process.router.send("ann", name) for name in ("one", "two")]
    await trio.sleep(1)
    return receipts


async def without_a_commit(process: Process) -> list[Receipt[str]]:
    """Its turn has ended, and nobody knows."""
    process.stage.open("start")
    first = await process.router.accept("ann", "wait:door bind:y")
    await turn_runs(process.stage, "wait:door bind:y")
    second = await process.router.accept("ann", "two")
    process.stage.memory.stand_still()
    process.stage.open("door")
    await trio.sleep(1)
    return [first, second]


async def without_a_place(process: Process) -> list[Receipt[str]]:
    """There are too many other sessions: it waits until one has gone."""
    process.stage.open("start")
    for key in ("bob", "cyd"):
        await (await process.router.accept(key, "x")).outcome()
    process.stage.memory.stand_still()
    return [process.router.send("ann", name) for name in ("one", "two")]


_REF: Any = RouterRef  # Any: a checker would lose its type arguments
FORGETTING: list[Any] = [_REF.reset, _REF.close]  # Any: methods
STATES = [
    idle,
    passivated,
    starting,
    unwritten,
    running,
    without_a_slot,
    without_a_mark,
    without_a_commit,
    without_a_place,
]


@pytest.mark.parametrize("verb", FORGETTING)
@pytest.mark.parametrize("state", STATES)
@seeds(2)
async def test_a_key_is_forgotten_in_every_state(
    state: Make, verb: Callable[..., object]
) -> None:
    """What it had ends, and what comes then finds nothing."""
    stage = Stage()
    async with open_process(stage, Slow, limits=LIMITS) as process:
        router = process.router
        receipts = await state(process)
        assert verb(router, "ann", reason="why")
        new = router.send("ann", "new", id="new")
        stage.memory.go_on()
        stage.open("start")

        for receipt in receipts:
            outcome: Outcome = await receipt.outcome()
            assert isinstance(outcome, Withdrawn | Aborted | Completed)
            assert stage.outcomes()[_id(stage, receipt)] == outcome
        assert completed(await new.outcome())
        assert stage.state("ann") == ("new",)
        session = stage.memory.session("ann")
        assert session is not None
        assert session.token is None
        stage.open("never")
        await stage.all_ended()
        await trio.sleep(10)
        assert router.statistics().queued == 0
        assert router.statistics().turns_running == 0


@pytest.mark.parametrize("state", STATES)
@seeds(2)
async def test_what_waits_is_taken_back_in_every_state(state: Make) -> None:
    """`cancel_all` keeps the state, and the key goes on."""
    stage = Stage()
    async with open_process(stage, Slow, limits=LIMITS) as process:
        router = process.router
        receipts = await state(process)
        before = stage.state("ann") or ()
        router.cancel_all("ann", reason="why")
        new = router.send("ann", "new", id="new")
        stage.memory.go_on()
        stage.open("start")

        for receipt in receipts:
            outcome: Outcome = await receipt.outcome()
            assert isinstance(outcome, Withdrawn | Aborted | Completed)
            assert stage.outcomes()[_id(stage, receipt)] == outcome
        assert completed(await new.outcome())
        assert stage.state("ann")[: len(before)] == before
        assert stage.state("ann")[-1] == "new"
        stage.open("never")
        await stage.all_ended()


def _id(stage: Stage, receipt: Receipt[str]) -> str:
    """Its address in the store."""
    (row,) = [each for each in stage.memory.prompts() if each.number == receipt.id]
    return row.id


class Newer(Player):
    """Of a newer release."""

    state_version: ClassVar[int] = 2


@pytest.mark.parametrize("verb", FORGETTING)
@seeds(2)
async def test_a_held_key_is_freed_when_it_is_forgotten(
    verb: Callable[..., object],
) -> None:
    """Nothing of it begins before; its prompts are withdrawn, new ones run."""
    stage = Stage()
    async with open_process(stage, Newer) as process:
        await (await process.router.accept("ann", "old")).outcome()
        await process.router.accept("ann", "wait:never", id="open", attempts=2)
        await turn_runs(stage, "wait:never")
        process.kill()
    stage.begun.clear()
    async with open_process(stage) as process:
        router = process.router
        waits = await router.accept("ann", "waits")
        await trio.sleep(100)
        assert stage.begun == []
        assert waits.ended is None
        found = await router.find("ann", "open")
        assert found is not None

        assert verb(router, "ann", reason="why")
        new = await router.accept("ann", "new")
        assert completed(await new.outcome())
        assert isinstance(await waits.outcome(), Withdrawn)
        assert isinstance(await found.outcome(), Withdrawn)
        await stage.all_ended()
    assert stage.state("ann") == ("new",)
    assert stage.begun == [("ann", "new")]


@seeds(2)
async def test_a_key_is_forgotten_before_it_is_brought() -> None:
    """Whoever has found a prompt of it, or sent it again, is told."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "wait:never", id="open", attempts=2)
        await turn_runs(stage, "wait:never")
        process.kill()
    stage.memory.stand_still()
    limits = Limits(sessions=1, turns=1)
    async with open_process(stage, limits=limits) as process:
        router = process.router
        router.send("bob", "wait:door")  # there is no place for another
        found: list[Receipt[str] | None] = []

        async def find() -> None:
            found.append(await router.find("ann", "open"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(find)
            await trio.sleep(1)
            stage.memory.go_on()
        assert router.inspect("ann") is None
        assert router.close("ann", reason="why")

        assert [each and await each.outcome() for each in found] == [Withdrawn("why")]
        assert router.statistics().queued == 1
        stage.open("door")
    assert stage.begun[-1] == ("bob", "wait:door")
