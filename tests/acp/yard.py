"""Where tests keep their agents: real processes, on the real clock.

Tests wait for what an agent says, and for ends of processes, never for a time; limits
that are not to be reached are long, and those that must run out are short.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
import trio

from actors import ActorSystem, Completed, Failed, Outcome, open_system
from actors import TurnNotCompletedError as NotCompletedError
from actors.testing import TurnLog
from supervision import Limits, RouterRef, Tokens, start_router
from supervision.acp import AgentSession, AgentSettings, Chunk, PromptLike, Text

PUPPET = Path(__file__).parent / "puppet.py"
BOUND = 100.0
"""Seconds after which a test of real processes fails; nothing waits for it."""
SHORT = 0.05
"""Seconds of a limit that runs out in a test."""

E = TypeVar("E", bound=BaseException)


def puppet(*words: str, **options: Any) -> AgentSettings:
    """How a puppet is run: without a drain window, unless it is asked for."""
    command = [sys.executable, "-S", str(PUPPET), *words]
    given: dict[str, Any] = {"drain_window": 0.0, **options}
    return AgentSettings(command, **given)


class Yard:
    """One router of agents."""

    def __init__(
        self,
        system: ActorSystem,
        router: RouterRef[PromptLike, Chunk],
        log: TurnLog,
        mark: str,
    ) -> None:
        self.system = system
        self.router = router
        self.log = log
        self._mark = mark

    async def ask(
        self, prompt: PromptLike, key: str = "k"
    ) -> tuple[list[Chunk], Outcome]:
        """Put a prompt and read its answer: the chunks, and the outcome."""
        chunks: list[Chunk] = []
        async with self.router.open_turn(key, prompt) as stream:
            with contextlib.suppress(NotCompletedError):
                async for chunk in stream:
                    chunks.append(chunk)  # noqa: PERF401 - kept if it ends early
            return chunks, await stream.outcome()

    async def result(self, prompt: PromptLike, key: str = "k") -> object:
        """Put a prompt; the result of its turn, which must complete."""
        outcome = await self.router.send(key, prompt).outcome()
        assert isinstance(outcome, Completed), outcome
        return outcome.result

    async def failure(
        self, prompt: PromptLike, kind: type[E], key: str = "k"
    ) -> tuple[E, Failed]:
        """Put a prompt whose turn must fail; the error, and the outcome."""
        outcome = await self.router.send(key, prompt).outcome()
        assert isinstance(outcome, Failed), outcome
        assert isinstance(outcome.error, kind), outcome.error
        return outcome.error, outcome

    def processes(self) -> list[int]:
        """All that live of this yard's agents and of what they have started."""
        found: list[int] = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdecimal() and self._mark in (
                    folder.joinpath("environ").read_bytes().decode(errors="replace")
                ):
                    found.append(int(folder.name))
        return found


def alive(pid: int) -> bool:
    """Whether a process lives; one that nobody has reaped does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def texts(chunks: list[Chunk]) -> list[str]:
    """The pieces of text among the chunks."""
    return [chunk.text for chunk in chunks if isinstance(chunk, Text)]


@asynccontextmanager
async def open_yard(
    settings: AgentSettings,
    *,
    make: type[AgentSession] = AgentSession,
    limits: Limits | None = None,
    tokens: Tokens | None = None,
    durable: Any = None,  # Any: a store of any kind
    bound: float = BOUND,
) -> AsyncGenerator[Yard]:
    """Open a router of agents; afterwards nothing is left of them.

    Raises:
        trio.TooSlowError: the bound has passed.
    """
    mark = f"yard-{uuid.uuid4().hex}"
    settings = attrs.evolve(settings, env={**settings.env, "YARD": mark})
    wide = (
        limits if limits is not None else Limits(sessions=20, turns=20, idle=math.inf)
    )
    with trio.fail_after(bound):
        async with open_system() as system:
            log = TurnLog(system, durable=durable is not None)
            router = start_router(
                system, make, settings, limits=wide, tokens=tokens, durable=durable
            )
            yard = Yard(system, router, log, mark)
            yield yard
    log.check()
    assert yard.processes() == []
    assert_no_zombies()


def assert_no_zombies() -> None:
    """This process has no children, not even dead ones."""
    for task in Path("/proc/self/task").iterdir():
        try:
            children = task.joinpath("children").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):  # a thread that has ended
            continue
        for child in children.split():
            state = Path(f"/proc/{child}/stat").read_text(encoding="utf-8")
            assert state.rpartition(")")[2].split()[0] != "Z", child
    assert os.getpid()
