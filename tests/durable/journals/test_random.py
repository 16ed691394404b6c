"""Random turns whose chunks a store keeps: all is read, then and after the process.

As `tests/routing/reading/test_random`: what is said are texts, and lists that would be
changed by whoever has said them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, TypeAlias, cast

import pytest
import trio

from actors import (
    Completed,
    Failed,
    Journal,
    Partial,
    Session,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
    open_system,
)
from actors.testing import seeds
from supervision import RouterRef, start_router
from supervision.durable import MemoryStore, StorePolicy
from tests.routing.reading.test_random import Rules, Said, Speech, dice_of

Chunk: TypeAlias = "str | list[int]"
SPEECHES: dict[str, Speech] = {}
"""Of one test: a prompt is kept, and only names its speech."""


class Speakers(Session[str, Chunk]):
    """Say what a speech has them say."""

    async def take_turn(self, turn: Turn[str, Chunk]) -> None:
        speech = SPEECHES[turn.prompt]
        await speech.say(turn, dice_of(speech.dice.random()))


def shown(said: Said) -> Chunk:
    """A text, or a list; some are long."""
    who, number = said
    if number % 7 == 0:
        return [who, number]
    blanks = " " * (900 if number % 11 == 0 else 0)
    return f"{who} {number}{blanks}" if number % 5 else f"{who} {number} \u00e9"


def seen(chunk: Chunk) -> Said:
    """What was said."""
    who, number, *_ = chunk.split() if isinstance(chunk, str) else chunk
    return int(who), int(number)


class Mixed(Session[str, int]):
    """Says a number, and then a text, which is none."""

    async def take_turn(self, turn: Turn[str, int]) -> list[str]:
        text: Any = "a text"
        await turn.emit(1)
        try:
            await turn.emit(text)
        except TypeError:
            await turn.emit(2)
            return ["refused"]
        return []


class Refused(Session[str, str]):
    """Says two texts, and what is refused in front and between; and fails."""

    turns = TurnPolicy(partial=Partial())

    async def take_turn(self, turn: Turn[str, str]) -> None:
        wrong: Any = object()
        for said in (wrong, "a", wrong, "x" * 11, "b"):
            with suppress(TypeError, ValueError):
                await turn.emit(said)
        raise ZeroDivisionError


class Long(Session[str, str]):
    """Says a text, and then one that is too long."""

    async def take_turn(self, turn: Turn[str, str]) -> list[str]:
        refused: list[str] = []
        await turn.emit("a")
        try:
            await turn.emit("b" * 11)
        except ValueError as error:
            refused.append(str(error))
        await turn.emit("c")
        return refused


class Pausing(Session[str, str]):
    """Says two texts, waits, and says a third."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        await turn.emit("a" * 20)
        await turn.emit("b")
        await trio.sleep(1)
        await turn.emit("c")


async def test_what_was_said_behind_a_full_block_is_written_in_time() -> None:
    """Though no chunk of its burst was kept by itself."""
    store = MemoryStore(policy=StorePolicy(journal_bytes=60))
    async with open_system() as system:
        router = start_router(system, Pausing, durable=store)
        async with router.open_turn("k", "it", stream=Journal()) as answer:
            keeper = cast("Any", answer._reader).log.keeper
            assert [await anext(answer) for _ in range(2)] == ["a" * 20, "b"]
            await trio.sleep(0.5)
            assert keeper.written == 2
            assert [each async for each in answer] == ["c"]


async def test_a_burst_keeps_nothing_that_is_of_no_chunk() -> None:
    """Each is refused where it is emitted."""
    async with open_system() as system:
        router = start_router(system, Mixed, durable=MemoryStore())
        async with router.open_turn("k", "it", stream=Journal()) as answer:
            assert [each async for each in answer] == [1, 2]
        assert isinstance(answer.ended, Completed)
        assert answer.ended.result == ["refused"]


async def test_a_burst_keeps_no_chunk_that_is_too_large() -> None:
    """Also if a block has room for it."""
    store = MemoryStore(policy=StorePolicy(chunk_bytes=10))
    async with open_system() as system:
        router = start_router(system, Long, durable=store)
        async with router.open_turn("k", "it", stream=Journal()) as answer:
            assert [each async for each in answer] == ["a", "c"]
        assert isinstance(answer.ended, Completed)
        (why,) = answer.ended.result
        assert why == "a chunk has at most 10 bytes when stored, got 11"


@pytest.mark.parametrize("policy", [Refused.turns, TurnPolicy()])
@pytest.mark.parametrize("latency", [0.0, 1.0])
async def test_a_chunk_that_is_refused_was_not_emitted(
    policy: TurnPolicy, latency: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither counted nor part of the outcome; in a burst or not, with room or not."""
    monkeypatch.setattr(Refused, "turns", policy)
    room = StorePolicy(chunk_bytes=10, journal_bytes=60)
    store = MemoryStore(policy=room)
    store.latency = latency
    async with open_system() as system:
        router = start_router(system, Refused, durable=store)
        async with router.open_turn("k", "it", stream=Journal()) as answer:
            said: list[str] = []
            with suppress(TurnNotCompletedError):
                async for chunk in answer:
                    said.append(chunk)  # noqa: PERF401 - those before it raises
        assert said == ["a", "b"]
        assert router.statistics().chunks == 2
        assert isinstance(answer.ended, Failed)
        assert answer.ended.partial == (("a", "b") if policy.partial else ())


@pytest.mark.parametrize("chunks", [1, 100, 1000])
@pytest.mark.parametrize("room", [200, 5_000, 64 * 1024])
@seeds(8)
async def test_what_is_said_is_kept(seed: int, chunks: int, room: int) -> None:
    """And read, by who reads along, by who comes later, and after the process."""
    store = MemoryStore(policy=StorePolicy(journal_bytes=room))
    rules = Rules()
    async with open_system() as system:
        router: RouterRef[str, Chunk] = start_router(system, Speakers, durable=store)
        speech = SPEECHES["it"] = Speech(router, rules, seed, shown, seen)

        async def read_too(dice: Any) -> None:
            await trio.sleep(dice.choice([0, 0.5, 1]))
            async with router.reopen_turn("k", "m") as again:
                speech.check(await speech.read(again, dice))

        trio.lowlevel.add_instrument(rules)
        async with (
            trio.open_nursery() as nursery,
            router.open_turn(
                "k", "it", id="m", stream=Journal(chunks=chunks)
            ) as answer,
        ):
            nursery.start_soon(read_too, dice_of(speech.dice.random()))
            speech.check(await speech.read(answer, dice_of(speech.dice.random())))
        trio.lowlevel.remove_instrument(rules)
        assert rules.broken == []
        assert isinstance(answer.ended, Completed)
    async with open_system() as system:
        router = start_router(system, Speakers, durable=store)
        async with router.reopen_turn("k", "m") as again:
            speech.check([seen(chunk) async for chunk in again])
