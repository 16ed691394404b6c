"""What counts as a sign of life of a turn: whatever it says or does in its own name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeAlias

import pytest
import trio

from actors import (
    Completed,
    Session,
    Turn,
    TurnPolicy,
    TurnResumed,
    TurnStalled,
    open_system,
)
from actors.testing import TurnLog
from supervision import start_router

Sign: TypeAlias = Callable[[Turn[Any, Any]], Awaitable[object]]


async def _emit_nowait(turn: Turn[Any, Any]) -> None:
    turn.emit_nowait("x")


async def _progress(turn: Turn[Any, Any]) -> None:
    turn.progress()


async def _step(turn: Turn[Any, Any]) -> None:
    turn.step()


async def _tool(turn: Turn[Any, Any]) -> None:
    with turn.tool("t"):
        pass


SIGNS: dict[str, Sign] = {
    "emit": lambda turn: turn.emit("x"),
    "emit_nowait": _emit_nowait,
    "progress": _progress,
    "step": _step,
    "checkpoint": lambda turn: turn.checkpoint(),
    "tool": _tool,
}


class Slow(Session[Sign, str]):
    """Gives a sign, three times, after two seconds each."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(inactivity=3.0, stalls=(1.5,))

    async def take_turn(self, turn: Turn[Sign, str]) -> None:
        for _ in range(3):
            await trio.sleep(2)
            await turn.prompt(turn)


class Unwatched(Slow):
    """Nobody is told of its silence."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(inactivity=3.0, stalls=())


@pytest.mark.parametrize("name", SIGNS)
async def test_a_sign_counts_without_a_stall_before_it(
    name: str, autojump_clock: trio.abc.Clock
) -> None:
    """Its time is written down each time, not only when a stall is over."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Unwatched)

        assert isinstance(await router.send("a", SIGNS[name]).outcome(), Completed)


@pytest.mark.parametrize("name", SIGNS)
async def test_a_sign_of_life_begins_the_silence_anew(
    name: str, autojump_clock: trio.abc.Clock
) -> None:
    """The turn is never silent for as long as it may be; and each stall is over."""
    del autojump_clock
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Slow)
        outcome = await router.send("a", SIGNS[name]).outcome()
        kinds = [type(each) for each in log.events]

    assert isinstance(outcome, Completed)
    told = [each for each in kinds if each in (TurnStalled, TurnResumed)]
    assert told == [TurnStalled, TurnResumed] * 3
