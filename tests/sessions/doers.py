"""The cast of the tests of wrong input: sessions that do what their prompts are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeAlias, cast

import trio

from actors import ChildPolicy, Session, Turn, TurnPolicy, open_system
from supervision import MemoryTokens, RouterRef, start_router

Deed: TypeAlias = Callable[[Turn[Any, Any]], Awaitable[object]]
"""What a prompt of these tests may be: what the turn does."""


class Doer(Session[Any, Any]):
    """Does its prompts, or nothing."""

    turns = TurnPolicy(steps=2, time_limit=1000)
    child_turns = ChildPolicy(depth=1)
    latest: ClassVar[list[Doer]] = []

    def started(self) -> None:
        self.latest[:] = [self]

    async def take_turn(self, turn: Turn[Any, Any]) -> object:
        if callable(turn.prompt):
            return await cast("Deed", turn.prompt)(turn)
        await trio.lowlevel.checkpoint()
        return turn.prompt


@asynccontextmanager
async def open_router() -> AsyncGenerator[RouterRef[Any, Any]]:
    """Open a system with a router of doers."""
    async with open_system() as system:
        yield start_router(system, Doer, tokens=MemoryTokens())


async def for_ever(turn: Turn[Any, Any]) -> None:
    """A turn that does not end."""
    del turn
    await trio.sleep_forever()
