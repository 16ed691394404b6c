"""Blocks that are entered when a store has their prompt: `open_turn(durable=True)`.

And that each verb which sends a prompt says how often it may be tried.
"""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors import (
    Bounded,
    Completed,
    Journal,
    Latest,
    Leave,
    Replay,
    StillRunningError,
    StreamRestartedError,
    TurnNotCompletedError,
)
from actors.testing import seeds
from supervision import NoStoreError, PromptKeptError, RouterRef, start_router
from supervision.durable import StoreRefusedError
from supervision.durable._words.records import Accept
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    completed,
    open_process,
    turn_runs,
)

STREAMS = pytest.mark.parametrize("stream", [None, Replay(), Journal()], ids=repr)


def readers(process: Process) -> int:
    """How many read answers of "ann"."""
    info = process.router.inspect("ann")
    return info.readers if info is not None else 0


@seeds(3)
@STREAMS
async def test_a_block_is_entered_when_the_store_has_its_prompt(stream: Any) -> None:
    """Then it survives a kill; a second sender with its id waits as well."""
    stage = Stage()
    async with open_process(stage) as process:
        stage.memory.stand_still()
        entered: list[float] = []

        async def read() -> None:
            async with process.router.open_turn(
                "ann",
                "wait:door",
                id="m",
                attempts=2 if stream is not None else 1,
                stream=stream,
                leave=Leave.DETACH,
                durable=True,
            ):
                entered.append(trio.current_time())
                await trio.sleep_forever()

        async with trio.open_nursery() as nursery:
            began = trio.current_time()
            for _ in range(2):
                nursery.start_soon(read)
            await trio.sleep(10)
            assert not entered
            stage.memory.go_on()
            await trio.sleep(1)
            assert len(entered) == 2
            assert entered[0] - began == 10
            process.kill()
            nursery.cancel_scope.cancel()
    stage.open("door")
    async with open_process(stage) as process:
        found = await process.router.find("ann", "m")
        assert found is not None
        assert completed(await found.outcome()) == (stream is not None)


@seeds(3)
@pytest.mark.parametrize("out", [False, True], ids=["waiting", "on its way"])
@STREAMS
async def test_cancelled_before_its_block_is_entered_it_is_not_sent(
    out: bool,  # noqa: FBT001 - pytest gives it
    stream: Any,
) -> None:
    """It leaves at once, also where the store does not answer; nobody reads."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await (await router.accept("ann", "first")).outcome()
        stage.memory.stand_still()
        if not out:
            router.send("bob", "other")
            await trio.sleep(1)
        with trio.move_on_after(5) as scope:
            async with router.open_turn(
                "ann", "cancelled", id="m", stream=stream, durable=True
            ):
                pass
        assert scope.cancelled_caught
        assert readers(process) == 0
        stage.memory.go_on()
        assert await router.find("ann", "m") is None  # its id is free
    assert ("ann", "cancelled") not in stage.begun


@seeds(2)
async def test_what_the_store_refuses_is_refused_before_the_block_is_entered() -> None:
    """Nobody reads, and the key goes on."""
    stage = Stage()
    stage.memory.refuse(lambda each: isinstance(each, Accept) and each.row.id == "m")
    async with open_process(stage) as process:
        router = process.router
        with pytest.raises(StoreRefusedError):
            async with router.open_turn("ann", "x", id="m", durable=True):
                pass
        assert readers(process) == 0
        async with router.open_turn("ann", "x", durable=True) as answer:
            assert completed(await answer.outcome())


@seeds(2)
async def test_the_router_may_end_before_the_block_is_entered() -> None:
    """Nobody knows then."""
    stage = Stage()
    async with open_process(stage) as process:
        stage.memory.stand_still()
        heard: list[PromptKeptError] = []

        async def read() -> None:
            with pytest.raises(PromptKeptError) as caught:
                async with process.router.open_turn("ann", "x", id="m", durable=True):
                    pass
            heard.append(caught.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            await trio.sleep(1)
            process.router.ref.stop()
        assert not heard[0].certain


@seeds(1)
async def test_without_a_store_no_block_is_durable() -> None:
    """Nor with what is no answer to yes or no; nothing is sent."""
    stage = Stage()
    async with open_process(stage) as process:
        router = start_router(process.system, Player, stage, name="plain")
        with pytest.raises(NoStoreError, match="open_turn"):
            async with router.open_turn("ann", "x", durable=True):
                pass
        wrong: Any = stage.memory
        with pytest.raises(TypeError, match="durable must be True or False"):
            async with process.router.open_turn("ann", "x", durable=wrong):
                pass
    assert stage.begun == []


async def by_open_turn(router: RouterRef[str, str], prompt: str) -> None:
    """Send it, and leave."""
    stream = Replay()
    async with router.open_turn("ann", prompt, id="m", attempts=2, stream=stream) as it:
        await it.receipt.durable()


async def by_steer(router: RouterRef[str, str], prompt: str) -> None:
    """Put it into no turn."""
    await router.steer("ann", prompt, id="m", attempts=2).durable()


async def by_steer_anywhere(router: RouterRef[str, str], prompt: str) -> None:
    """Put it into no turn, wherever it is."""
    await router.anywhere.steer("ann", prompt, id="m", attempts=2)


async def by_follow_up(router: RouterRef[str, str], prompt: str) -> None:
    """Send it for a turn of its own, to be read again."""
    receipt = router.follow_up("ann", prompt, id="m", attempts=2, stream=Journal())
    await receipt.durable()


@seeds(2)
@pytest.mark.parametrize(
    "send", [by_open_turn, by_steer, by_steer_anywhere, by_follow_up]
)
async def test_every_verb_says_how_often_a_prompt_may_be_tried(send: Any) -> None:
    """After a kill it is tried again."""
    stage = Stage()
    async with open_process(stage) as process:
        await send(process.router, "wait:door")
        await turn_runs(stage, "wait:door")
        process.kill()
    stage.open("door")
    async with open_process(stage) as process:
        found = await process.router.find("ann", "m")
        assert found is not None
        assert isinstance(await found.outcome(), Completed)
    assert stage.begun == [("ann", "wait:door")] * 2


@seeds(2)
async def test_who_reads_an_answer_that_is_tried_again_is_told() -> None:
    """Without a store, too; and a job is one at a time."""
    stage = Stage()
    async with open_process(stage) as process:
        router = start_router(process.system, Player, stage, name="plain")
        async with router.open_turn(
            "ann", "count:2 crash", attempts=2, job="daily", stream=Replay()
        ) as answer:
            seen = [await anext(answer), await anext(answer)]
            with pytest.raises(StreamRestartedError) as caught:
                await anext(answer)
            with pytest.raises(StillRunningError):
                router.follow_up("ann", "x", job="daily")
            seen += [await anext(answer), await anext(answer)]
            assert caught.value.attempt == 2
            with pytest.raises(TurnNotCompletedError):
                await anext(answer)
    assert seen == ["1.1", "1.2", "2.1", "2.2"]


@seeds(1)
@pytest.mark.parametrize("stream", [None, Bounded(), Latest()], ids=repr)
async def test_what_cannot_be_told_anew_is_tried_once(stream: Any) -> None:
    """A reader would get half of one try and half of the next."""
    stage = Stage()
    async with open_process(stage) as process:
        turn = process.router.open_turn("ann", "x", attempts=2, stream=stream)
        with pytest.raises(ValueError, match="attempts above 1 need stream=Replay"):
            async with turn:
                pass
    assert stage.begun == []
