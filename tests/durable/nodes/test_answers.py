"""Answers of turns at other nodes: read here, whole, and gone on with."""

from __future__ import annotations

import pytest
import trio

from actors import (
    Completed,
    Journal,
    StreamGapError,
    StreamRestartedError,
    Turn,
    UnknownPromptError,
)
from actors.testing import seeds
from tests.durable.keeping.stage import Player, turn_runs

from .town import TTL, open_town


@seeds(10)
async def test_an_answer_from_elsewhere_is_whole_in_the_moment_of_its_end() -> None:
    """Nobody has read it here: it is read in the store, and is not empty."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router
        for name in ("l", "m", "n"):
            receipt = await router.accept(key, "count:3", id=name, stream=Journal())
            assert isinstance(await receipt.outcome(), Completed)
            async with router.reopen_turn(key, name) as answer:
                assert len([each async for each in answer]) == 3


@seeds(5)
@pytest.mark.parametrize("at", ["the owner", "another node"])
async def test_a_reader_who_is_behind_is_told_that_the_key_was_reset(at: str) -> None:
    """It has not read all of a whole answer, which is not kept any more."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        owner, other = town.nodes["b"].router, town.nodes["a"].router
        router = owner if at == "the owner" else other
        journal = Journal(chunks=2)
        receipt = await router.accept(key, "count:20", id="m", stream=journal)
        assert isinstance(await receipt.outcome(), Completed)
        async with router.reopen_turn(key, "m") as answer:
            owner.reset(key)
            await trio.sleep(20)
            with pytest.raises(StreamGapError) as caught:
                await anext(answer)
            assert (caught.value.after, caught.value.last) == (0, 20)
            with pytest.raises(StopAsyncIteration):
                await anext(answer)
        with pytest.raises(UnknownPromptError):
            async with router.reopen_turn(key, "m"):
                pass


@seeds(5)
async def test_an_answer_with_a_journal_is_read_from_another_node() -> None:
    """While it is made, and again from its third chunk when it has ended."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        router = town.nodes["a"].router

        async with router.open_turn(
            key, "count:20 wait:door count:5", id="m", stream=Journal()
        ) as answer:
            first = [await answer.__anext__() for _ in range(20)]
            town.stage.open("door")
            rest = [chunk async for chunk in answer]

        assert first == [f"1.{number}" for number in range(1, 21)]
        assert rest == [f"1.{number}" for number in range(1, 6)]
        assert isinstance(answer.receipt.ended, Completed)
        async with router.reopen_turn(key, "m", after=3) as again:
            assert [chunk async for chunk in again] == [*first[3:], *rest]


@seeds(5)
async def test_a_reader_goes_on_at_a_node_that_knows_of_fewer_chunks() -> None:
    """It waits there for what it has not had; the store had nothing yet."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        near, owner = town.nodes["a"].router, town.nodes["b"].router
        receipt = await near.accept(
            key, "wait:begin count:5 wait:door count:2", id="m", stream=Journal()
        )
        async with near.reopen_turn(key, "m"):  # so that a knows of the answer
            await turn_runs(town.stage, "wait:begin count:5 wait:door count:2")
        town.nodes["b"].store.stand_still()
        town.stage.open("begin")
        async with owner.reopen_turn(key, "m") as there:
            had = [await anext(there) for _ in range(5)]

        async with near.reopen_turn(key, "m", after=5) as here:
            town.nodes["b"].store.go_on()
            town.stage.open("door")
            rest = [each async for each in here]
        await receipt.outcome()

        assert had == [f"1.{number}" for number in range(1, 6)]
        assert rest == ["1.1", "1.2"]
        assert here.number == 7


@seeds(5)
@pytest.mark.parametrize("had", [2, 1])
async def test_a_reader_goes_on_at_a_node_that_has_lost_the_key_unawares(
    had: int,
) -> None:
    """It is cut off, and has the prompt in its queue still: nothing was said there."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        cut_off, owner = town.nodes["b"], town.nodes["a"]
        await cut_off.router.accept(key, "wait:first", id="n")
        await cut_off.router.accept(key, "count:2 wait:door", id="m", stream=Journal())
        cut_off.store.cut_off()
        await town.until(lambda: owner.owns() == town.partitions)
        town.stage.open("first")
        async with owner.router.reopen_turn(key, "m") as there:
            for _ in range(had):
                await anext(there)

        async with cut_off.router.reopen_turn(key, "m", after=there.number) as here:
            cut_off.store.join_again()
            town.stage.open("door")
            rest = [each async for each in here]

        assert rest == ["1.1", "1.2"][had:]
        assert here.number == there.number + len(rest)


class Twice(Player):
    """Crashes in its first try, at "once"."""

    async def play(self, turn: Turn[str, str], verb: str, what: str) -> None:
        """Do what one word says."""
        if verb == "once" and turn.attempt == 1:
            verb = "crash"
        await super().play(turn, verb, what)


@seeds(5)
async def test_who_is_not_reading_when_a_second_try_ends_elsewhere_gets_it_whole() -> (
    None
):
    """It has heard of the try when that was not over; nothing of it is missing."""
    async with open_town("a", "b", make=Twice) as town:
        key, router = town.key_of("b"), town.nodes["a"].router
        await router.accept(
            key,
            "count:3 wait:first once count:5 wait:second count:2",
            id="m",
            attempts=2,
            stream=Journal(),
        )
        async with router.reopen_turn(key, "m") as answer:
            had = [await anext(answer) for _ in range(3)]
            for door in ("first", "second"):
                town.stage.open(door)
                await trio.sleep(TTL)
            with pytest.raises(StreamRestartedError):
                await anext(answer)
            rest = [each async for each in answer]

        assert had == ["1.1", "1.2", "1.3"]
        assert rest == [f"2.{each}" for each in (1, 2, 3, 1, 2, 3, 4, 5, 1, 2)]


@seeds(5)
async def test_a_reader_elsewhere_finds_the_latest_try() -> None:
    """Though its node has not heard of it yet, and knows chunks that are gone."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        near = town.nodes["a"]
        receipt = await near.router.accept(
            key, "count:5 wait:door crash", id="m", stream=Journal(), attempts=2
        )
        async with near.router.reopen_turn(key, "m") as here:
            await trio.sleep(2)  # a has heard of five
            near.store.question_latency = 6
            town.stage.open("door")
            await town.until(lambda: town.outcomes()["m"] is not None)
            had = [await anext(here) for _ in range(5)]
            near.store.question_latency = 0
        await receipt.outcome()

        assert had == [f"2.{number}" for number in range(1, 6)]
