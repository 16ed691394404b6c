"""Prompts sent again of whose answers nothing is here: none of them looks empty."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from actors import (
    Bounded,
    Completed,
    Failed,
    Journal,
    Latest,
    Replay,
    StreamNotKeptError,
    TurnNotCompletedError,
    UnknownPromptError,
)
from actors.testing import seeds
from supervision import PromptKeptError, RouterRef
from tests.durable.keeping.stage import Process, Stage, open_process
from tests.durable.nodes.town import open_town

from .test_journals import numbers, read

FIRST = {"none": None, "replay": Replay(), "gone": Journal()}


async def send_first(process: Process, first: str, words: str = "count:3") -> None:
    """Have a prompt answered of which no store keeps the chunks."""
    if first == "bounded":
        async with process.router.open_turn("ann", words, id="m") as answer:
            assert [each async for each in answer] == numbers(1, 3)
        return
    receipt = await process.router.accept("ann", words, id="m", stream=FIRST[first])
    await receipt.outcome()
    if first == "gone":
        process.router.reset("ann")
        await trio.sleep(1)


async def not_kept(router: RouterRef[str, str], stream: Any) -> None:
    """Send it again, and be told so: as often as is asked."""
    async with router.open_turn("ann", "count:3", id="m", stream=stream) as answer:
        for _ in range(2):
            with pytest.raises(StreamNotKeptError) as caught:
                await anext(answer)
            assert (caught.value.key, caught.value.id) == ("ann", "m")
        assert isinstance(answer.ended, Completed)


@seeds(3)
@pytest.mark.parametrize("first", ["none", "bounded", "replay", "gone"])
@pytest.mark.parametrize("stream", [Bounded(), Latest(), Replay(), Journal()], ids=repr)
async def test_sent_again_after_a_kill_it_is_not_empty(first: str, stream: Any) -> None:
    """The second time too, when this process knows its outcome; and by its id."""
    if (first, stream) == ("gone", Journal()):
        pytest.skip("of that one test_broken says more: it is unknown")
    stage = Stage()
    async with open_process(stage) as process:
        await send_first(process, first)
        process.kill()
    async with open_process(stage) as process:
        for _ in range(2):
            await not_kept(process.router, stream)
        was_kept = first == "gone"
        with pytest.raises(UnknownPromptError if was_kept else StreamNotKeptError):
            await read(process.router, "m")


@seeds(3)
@pytest.mark.parametrize("stream", [Bounded(), Replay(), Journal()], ids=repr)
async def test_sent_again_while_it_runs_it_is_not_empty_at_its_end(stream: Any) -> None:
    """The reader waits for the outcome, and is told then."""
    stage = Stage()
    async with open_process(stage) as process:
        await process.router.accept("ann", "count:3 wait:door", id="m", attempts=2)
        process.kill()
    async with (
        open_process(stage) as process,
        process.router.open_turn(
            "ann", "count:3 wait:door", id="m", stream=stream
        ) as answer,
    ):
        with trio.move_on_after(100) as waits:
            await anext(answer)
        assert waits.cancelled_caught
        stage.open("door")
        with pytest.raises(StreamNotKeptError):
            await anext(answer)


@seeds(3)
async def test_sent_again_of_one_that_has_failed_its_outcome_says_enough() -> None:
    """An answer that is not whole does not look so anyway."""
    stage = Stage()
    async with open_process(stage) as process:
        receipt = await process.router.accept("ann", "fail:why", id="m")
        await receipt.outcome()
        process.kill()
    async with open_process(stage) as process:
        async with process.router.open_turn("ann", "fail:why", id="m") as answer:
            with pytest.raises(TurnNotCompletedError) as caught:
                await anext(answer)
        assert isinstance(caught.value.outcome, Failed)


@seeds(3)
async def test_sent_again_to_be_replayed_it_reads_the_journal_of_the_first() -> None:
    """Each time, and not only before its outcome is known here."""
    stage = Stage()
    async with open_process(stage) as process:
        receipt = await process.router.accept(
            "ann", "count:3", id="m", stream=Journal()
        )
        await receipt.outcome()
        process.kill()
    async with open_process(stage) as process:
        for _ in range(2):
            async with process.router.open_turn(
                "ann", "count:3", id="m", stream=Replay()
            ) as answer:
                assert [each async for each in answer] == numbers(1, 3)


@seeds(3)
@pytest.mark.parametrize("back", [False, True])
async def test_an_answer_whose_key_moves_to_another_node_is_not_empty(
    back: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    """It waited here, with a reader, and was answered there; also if it comes back."""
    async with open_town("a") as town:
        here = town.nodes["a"]
        router = here.router
        await router.accept("ann", "wait:door", attempts=3)
        await town.until(lambda: len(town.stage.begun) == 1)
        kept = router.send("ann", "count:4", id="r", stream=Replay(), attempts=2)
        async with router.open_turn("ann", "count:3 wait:more", id="m") as answer:
            here.store.cut_off()
            there = await town.add("b")
            await town.until(lambda: there.owns() == town.partitions)
            if back:
                here.store.join_again()
                await town.settled("a", "b")
                there.kill()
                await town.settled("a")
            town.stage.open("door", "more")
            if not back:
                await trio.sleep(5)
                here.store.join_again()
            with pytest.raises(StreamNotKeptError):
                await anext(answer)
            assert isinstance(answer.ended, Completed)
        assert isinstance(await kept.outcome(), Completed)
        with pytest.raises(StreamNotKeptError):
            await read(router, "r")


@seeds(3)
@pytest.mark.parametrize("stream", [Bounded(), Replay(), Journal()], ids=repr)
async def test_who_reads_at_the_end_of_a_drain_is_told_that_the_prompt_is_kept(
    stream: Any,
) -> None:
    """The next process has it; with a `Journal` its answer is read on there."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:door", attempts=2)
        with trio.fail_after(100), pytest.raises(PromptKeptError):
            await read_to_the_end(router, stream)
    stage.open("door")
    async with open_process(stage) as process:
        if stream == Journal():
            assert await read(process.router, "m") == numbers(1, 3)
            return
        receipt = await process.router.find("ann", "m")
        assert receipt is not None
        assert isinstance(await receipt.outcome(), Completed)
        with pytest.raises(StreamNotKeptError):
            await read(process.router, "m")


async def read_to_the_end(router: RouterRef[str, str], stream: Any) -> None:
    """Read an answer whose prompt waits, over the end of its router."""
    async with router.open_turn("ann", "count:3", id="m", stream=stream) as answer:
        await router.drain(5)
        router.ref.stop()
        await anext(answer)
