"""Chunks that are read as fast as they come: what is left out on their way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeAlias

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Bounded,
    Completed,
    Limit,
    Replay,
    Session,
    TimedOut,
    Turn,
    TurnPolicy,
    open_system,
)
from actors.testing import TurnLog, seeds
from supervision import RouterRef, TurnStream, start_router

Deed: TypeAlias = Callable[[Turn[Any, int]], Awaitable[object]]

BOTH = pytest.mark.parametrize("policy", [Bounded(64), Replay(chunks=64)])


class Doer(Session[Deed, int]):
    """Does its prompts, and is to say something every ten seconds."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(inactivity=10, stalls=())

    async def take_turn(self, turn: Turn[Deed, int]) -> object:
        return await turn.prompt(turn)


@asynccontextmanager
async def open_router(
    session: type[Session[Deed, int]] = Doer,
) -> AsyncGenerator[RouterRef[Deed, int]]:
    """Open a system with a router; at the end the log is checked."""
    async with open_system() as system:
        log = TurnLog(system)
        yield start_router(system, session)
    log.check()


async def read_all(answer: TurnStream[Any, int]) -> list[int]:
    """Read an answer to its end."""
    return [number async for number in answer]


# ------------------------------------------------------------------- room, and turns


@seeds(20)
async def test_a_reader_that_keeps_up_is_never_waited_for() -> None:
    """The turn gets no clocks of its own: its reader takes what fills the stream."""
    clocks: list[object] = []

    async def say(turn: Turn[Any, int]) -> None:
        for number in range(1000):
            await turn.emit(number)
        clocks.append(turn._run.extra)

    async with open_router() as router, router.open_turn("k", say) as answer:
        read = await read_all(answer)

    assert read == [*range(1000)]
    assert clocks == [None]


@pytest.mark.parametrize("room", [640, 1000])
async def test_a_reader_lets_others_run(room: int) -> None:
    """At every 64th chunk at the latest, also if it never has to wait."""
    turns = read = 0

    async def say(turn: Turn[Any, int]) -> None:
        for number in range(room):
            await turn.emit(number)

    async def others() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=Bounded(room)) as answer,
        trio.open_nursery() as nursery,
    ):
        await settle()
        nursery.start_soon(others)
        read = len(await read_all(answer))
        nursery.cancel_scope.cancel()

    assert read == room
    assert turns >= room // 64 - 2  # it begins and ends between two of them


# ------------------------------------------------------------------- signs of life


@BOTH
async def test_each_chunk_is_a_sign_of_life(
    policy: Bounded | Replay, autojump_clock: trio.testing.MockClock
) -> None:
    """Also of a burst, and when the reader was awake and does something else."""
    del autojump_clock

    async def say(turn: Turn[Any, int]) -> None:
        for seconds in (0, 9, 9, 9):
            await trio.sleep(seconds)
            for number in range(3):
                await turn.emit(number)
        await trio.sleep(11)

    async with (
        open_router() as router,
        router.open_turn("k", say, stream=policy) as answer,
    ):
        begun = trio.current_time()
        await anext(answer)
        outcome = await answer.outcome()

    assert outcome == TimedOut(Limit.INACTIVITY, turn=answer.turn)
    assert trio.current_time() - begun == 37


@BOTH
@seeds(20)
async def test_a_chunk_is_a_sign_of_whoever_has_said_it(
    policy: Bounded | Replay,
) -> None:
    """A child that has woken the reader of both has signed for itself alone."""
    begun = trio.current_time()

    async def say(turn: Turn[Any, int], number: int) -> None:
        await trio.sleep(5)
        await turn.emit(number)
        await trio.sleep(2)

    async def have_said(turn: Turn[Any, int]) -> list[float]:
        children = [
            await turn.start_child(say, number, direct=True) for number in range(2)
        ]
        await trio.sleep(6)
        return [child._run.signed_at - begun for child in children]

    async with (
        open_router() as router,
        router.open_turn("k", have_said, stream=policy) as answer,
    ):
        read = await read_all(answer)
        outcome = await answer.outcome()

    assert sorted(read) == [0, 1]
    assert isinstance(outcome, Completed)
    assert outcome.result == [5, 5]


# ---------------------------------------------------------------------- several


@seeds(100)
async def test_readers_of_one_answer_all_wake_up_at_once() -> None:
    """Also one that falls asleep when another one has been woken and not yet run."""
    late: list[float] = []

    async def say(turn: Turn[Any, int]) -> None:
        for second in range(10):
            for _ in range(2 + second % 3):
                await turn.emit(second)
                await trio.lowlevel.checkpoint()
            await trio.sleep(1)

    async def read_too(router: RouterRef[Deed, int]) -> None:
        begun = trio.current_time()
        async with router.reopen_turn("k", "m") as again:
            async for second in again:
                late.append(trio.current_time() - begun - second)
                await trio.lowlevel.checkpoint()

    async with (
        open_router() as router,
        router.open_turn("k", say, id="m", stream=Replay()),
        trio.open_nursery() as nursery,
    ):
        for _ in range(4):
            nursery.start_soon(read_too, router)

    assert late == 4 * 29 * [0]


@BOTH
async def test_who_reads_behind_the_block_is_told_so(policy: Bounded | Replay) -> None:
    """In words: the same that are said on the other side of a bridge."""

    async def speak(turn: Turn[Any, int]) -> None:
        for number in range(3):
            await turn.emit(number)

    async with open_router() as router:
        async with router.open_turn("k", speak, stream=policy) as answer:
            assert await anext(answer) == 0
        with pytest.raises(trio.ClosedResourceError, match="block of this answer has"):
            await anext(answer)
