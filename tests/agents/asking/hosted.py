"""An agent as our users have it: by `AgentSession`, in a router."""

from __future__ import annotations

import contextlib
import math
import os
import signal
from typing import Any

import attrs
import trio

from actors import (
    Completed,
    Failed,
    Outcome,
    Receipt,
    TurnNotCompletedError,
    open_system,
)
from supervision import Limits, RouterRef, start_router
from supervision.acp import AgentSession, Chunk, PromptLike, Text

from .subject import PATIENCE, Subject
from .wire import Json

_NOBODY = 2**30
AgentRouter = RouterRef[PromptLike, Chunk]


async def hosted(subject: Subject) -> Json:
    """A whole life: answered, denied a tool, aborted, killed, and what is left."""
    settings = attrs.evolve(
        subject.place.settings(subject.recipe, subject.model.url),
        auth_method=subject.recipe.auth or None,
    )
    sessions: list[AgentSession] = []
    asked: list[str] = []

    class Seen(AgentSession):
        async def started(self) -> None:
            await super().started()
            sessions.append(self)

        async def permission(self, request: Any) -> Any:
            asked.append(str(request.tool_call.title))
            return await super().permission(request)

    made: Json = {}
    async with open_system() as system:
        limits = Limits(sessions=2, turns=2, idle=math.inf)
        router = start_router(system, Seen, settings, limits=limits)
        made["answer"] = shown(await _ask(router, "[[say quince]]"))
        trace = subject.place.project / "hosted"
        made["denied"] = shown(await _ask(router, f"[[shell touch {trace}]]"))
        made["asked"], made["done"] = len(asked), trace.exists()
        made["aborted"] = shown(await _aborted(router))
        made["after"] = shown(await _ask(router, "[[say medlar]]"))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(sessions[-1].pid or _NOBODY, signal.SIGKILL)
        while sessions[-1].pid is not None:  # noqa: ASYNC110 - there is no event for it
            await trio.sleep(0.05)
        outcome = await _ask(router, "[[recall]]")
        made["after kill"] = shown(outcome)
        made["history lost"] = bool(outcome.notes.get("history_lost"))
    return made


async def _ask(router: AgentRouter, text: str) -> Outcome:
    return await _outcome(router.send("k", text))


async def _outcome(receipt: Receipt[PromptLike]) -> Outcome:
    with trio.fail_after(3 * PATIENCE):
        return await receipt.outcome()


async def _aborted(router: AgentRouter) -> Outcome:
    """Abort a turn at its first words."""
    async with router.open_turn("k", "[[slow 300]]") as stream:
        with contextlib.suppress(TurnNotCompletedError):
            async for chunk in stream:
                if isinstance(chunk, Text):
                    router.cancel("k", reason="enough")
        return await stream.outcome()


def shown(outcome: Outcome) -> str:
    """Say what an outcome is, in a few words."""
    words = type(outcome).__name__
    match outcome:
        case Completed():
            return f"{words}: {str(outcome.result)[:300]}"
        case Failed():
            return f"{words}: {type(outcome.error).__name__}: {outcome.error!s:.300}"
        case _:
            return words
