"""Found by trying to break answers that are kept."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio

from actors import Completed, Journal, Replay, StreamGapError, UnknownPromptError
from actors.testing import seeds
from supervision.durable import MemoryStore, StorePolicy
from supervision.durable._journals.journals import stream_of
from tests.durable.keeping.stage import (
    Player,
    Stage,
    make_store,
    open_process,
    turn_runs,
)

from .test_journals import numbers, read


@seeds(3)
async def test_sent_again_in_its_process_an_answer_that_has_ended_is_read() -> None:
    """As while it runs: an empty one would look whole."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        first = await router.accept("ann", "count:5", id="m", stream=Journal())
        await first.outcome()
        async with router.open_turn("ann", "x", id="m", stream=Journal()) as answer:
            assert [each async for each in answer] == numbers(1, 5)
            assert answer.receipt is first


@seeds(3)
async def test_sent_again_when_its_time_is_over_an_answer_is_not_empty() -> None:
    """A `Replay` that is not kept any more: there was something to read."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        first = await router.accept("ann", "count:5", id="m", stream=Replay(keep=0.0))
        silent = await router.accept("ann", "x", id="n", stream=Replay(keep=0.0))
        await first.outcome()
        await silent.outcome()
        await trio.sleep(1)
        with pytest.raises(UnknownPromptError):
            await read(router, "m")
        with pytest.raises(StreamGapError) as caught:
            async with router.open_turn("ann", "x", id="m", stream=Replay()):
                pass
        assert (caught.value.first, caught.value.last) == (6, 5)
        async with router.open_turn("ann", "x", id="n", stream=Replay()) as answer:
            assert [each async for each in answer] == []


@seeds(3)
@pytest.mark.parametrize("ends", ["early", "late"])
async def test_sent_a_third_time_it_reads_the_first_one_too(ends: str) -> None:
    """The second is another prompt to this process, and has no answer of its own."""
    stage = Stage()
    words = "count:5 wait:door"
    if ends == "early":
        stage.open("door")
    async with open_process(stage) as process:
        first = await process.router.accept(
            "ann", words, id="m", attempts=2, stream=Journal()
        )
        await turn_runs(stage, words)
        if ends == "early":
            await first.outcome()
        process.kill()
    whole = numbers(1, 5, attempt=1 if ends == "early" else 2)
    async with open_process(stage) as process:
        for _ in range(3):
            async with process.router.open_turn(
                "ann", words, id="m", stream=Journal()
            ) as answer:
                assert [await anext(answer) for _ in range(5)] == whole
        stage.open("door")
        receipt = await process.router.accept("ann", words, id="m", stream=Journal())
        await receipt.outcome()
        async with process.router.open_turn(
            "ann", words, id="m", stream=Journal()
        ) as answer:
            assert [each async for each in answer] == whole


@seeds(3)
async def test_sent_again_after_its_journal_it_is_not_empty() -> None:
    """Its outcome is there, and whoever reads is told."""
    stage = Stage()
    async with open_process(stage) as process:
        first = await process.router.accept("ann", "count:5", id="m", stream=Journal())
        await first.outcome()
        process.router.reset("ann")
        await trio.sleep(1)
        assert not stage.memory.journal(first.id)
    async with (
        open_process(stage) as process,
        process.router.open_turn("ann", "count:5", id="m", stream=Journal()) as answer,
    ):
        for _ in range(2):
            with pytest.raises(UnknownPromptError):
                await anext(answer)
        assert isinstance(await answer.outcome(), Completed)


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_a_number_above_all_is_unknown(kind: str, tmp_path: Any) -> None:
    """Also one that a store cannot be asked for; the router goes on."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        router = process.router
        receipt = await router.accept("ann", "count:5", stream=Journal())
        await receipt.outcome()
        for number in (-(2**70), -1, 0, 2**63 - 1, 2**63, 2**70):
            with pytest.raises(UnknownPromptError):
                await read(router, number)
        assert await read(router, receipt.id) == numbers(1, 5)


class Empty(Player):
    """Emits next to nothing, often."""

    chunk: ClassVar[str] = ""

    async def play(self, turn: Any, verb: str, what: str) -> None:
        """Count what has been emitted."""
        if verb != "empty":
            await super().play(turn, verb, what)
            return
        for number in range(int(what)):
            await turn.emit(self.chunk)
            self.stage.started.append((turn.key, number, None))


@seeds(3)
@pytest.mark.parametrize("chunk", ["", "x", "é"])
async def test_short_chunks_wait_for_the_store_as_well(chunk: str) -> None:
    """They too are on their way, and in memory, where each is an object."""
    stage = Stage(MemoryStore(policy=StorePolicy(journal_bytes=510)))
    make = type("Short", (Empty,), {"chunk": chunk})
    async with open_process(stage, make) as process:
        router = process.router
        words = "wait:go empty:1000"
        await router.accept("ann", words, id="m", stream=Journal(chunks=4))
        await turn_runs(stage, words)
        stage.memory.stand_still()
        stage.started.clear()
        stage.open("go")
        async with router.reopen_turn("ann", "m") as answer:
            for _ in range(35):
                await anext(answer)
            await trio.sleep(5)
            assert 35 <= len(stage.started) <= 41
            stage.memory.go_on()
            assert len([each async for each in answer]) == 965


@seeds(3)
async def test_an_answer_that_has_ended_is_in_no_memory() -> None:
    """The store has it; who is reading meanwhile needs no store."""
    stage = Stage()
    async with open_process(stage) as process:
        router = process.router
        async with router.open_turn("ann", "count:9", stream=Journal()) as answer:
            await answer.outcome()
            receipts = [answer.receipt]
            stage.memory.stand_still()
            assert [each async for each in answer] == numbers(1, 9)
            stage.memory.go_on()
        for number in range(20):
            receipt = await router.accept(
                "ann", "count:9", id=f"m{number}", stream=Journal()
            )
            await receipt.outcome()
            receipts.append(receipt)
        logs = [stream_of(each) for each in receipts]
        assert [each.last for each in logs if each is not None] == [9] * 21
        assert not any(each.queue for each in logs if each is not None)
        assert await read(router, "m3") == numbers(1, 9)
