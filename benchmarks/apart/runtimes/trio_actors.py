"""Ours: a session's history, one turn at a time by itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from actors import Completed, Session, Turn, open_system
from benchmarks.apart.model import SHOWN, Model
from supervision import RouterRef, start_router

ALL = "/all"
"""A prompt that asks for what is remembered."""


class Talk(Session[str, str]):
    """Shows the model what was said last."""

    def __init__(self, model: Model) -> None:
        self.model = model

    async def take_turn(self, turn: Turn[str, str]) -> object:
        """Answer one prompt."""
        if turn.prompt == ALL:
            return [each async for each in turn.history.all()]
        earlier = await turn.history.window(SHOWN - 1)
        said = await self.model.answer([*earlier, turn.prompt])
        turn.history.append(turn.prompt)
        turn.history.append(said)
        return said


class Ours:
    """A router of such sessions."""

    def __init__(self, router: RouterRef[str, str]) -> None:
        self.router = router

    async def say(self, key: str, text: str) -> str:
        """Send it."""
        outcome = await self.router.send(key, text).outcome()
        assert isinstance(outcome, Completed)
        return str(outcome.result)

    async def remembered(self, key: str) -> list[str]:
        """Ask the session."""
        outcome = await self.router.send(key, ALL).outcome()
        assert isinstance(outcome, Completed)
        return list(outcome.result)


@asynccontextmanager
async def open_runtime(model: Model) -> AsyncGenerator[Ours]:
    """Open a system with one router."""
    async with open_system() as system:
        yield Ours(start_router(system, Talk, model))
