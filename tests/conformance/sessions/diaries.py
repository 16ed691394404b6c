"""More of the cast of the session scenarios: diaries, and steps for races."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import trio

from actors import ActorSystem, Completed, Receipt, Turn
from actors.testing import TurnLog
from supervision import Limits, RouterRef
from tests.conformance.sessions import conversing
from tests.conformance.sessions.conversing import Stage, Talker

A_DAY = 86_400  # of the mock clock: what takes longer never ends


class Diarist(Talker):
    """Returns all that its session has been told, in order, joined by "|"."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Play the prompts; return the session's state."""
        await super().take_turn(turn)
        return "|".join(turn.state)


async def after(steps: int, act: Callable[[], object]) -> None:
    """Do something after so many steps of the scheduler."""
    for _ in range(steps):
        await trio.lowlevel.checkpoint()
    act()


async def result(receipt: Receipt[str]) -> str:
    """Wait for the result of a turn that completes."""
    outcome = await receipt.outcome()
    assert isinstance(outcome, Completed), outcome
    assert isinstance(outcome.result, str)
    return outcome.result


@asynccontextmanager
async def open_stage(
    make: type[Talker] = Talker, *, limits: Limits | None = None
) -> AsyncGenerator[tuple[Stage, RouterRef[str, str], TurnLog, ActorSystem]]:
    """Open the usual stage; what waits for ever fails the test instead of hanging it.

    Raises:
        trio.TooSlowError: a day has passed.
    """
    with trio.fail_after(A_DAY):
        async with conversing.open_stage(make, limits=limits) as stage:
            yield stage
