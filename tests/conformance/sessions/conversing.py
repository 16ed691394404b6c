"""The cast of the session scenarios: sessions that do what their prompts say.

A `Stage` is what a test holds: it sees every turn begin and end, and opens gates.  A
`Talker` takes a prompt as a small script, one verb for each word:

    "say:hello"     emit the chunk "hello"
    "wait:door"     wait until the test calls `stage.open("door")`
    "sleep:5"       sleep 5 seconds of the mock clock
    "fail:why"      raise `ScriptError("why")`
    "hang:door"     wait for the door, deaf to cancellation
    "tool:name"     run a tool that waits for the door of its name
    "point"         a checkpoint; the prompts it takes are played as scripts too
    anything else   nothing

A turn adds its prompts to `session.state`, a tuple of str, and returns the last prompt.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import trio

from actors import ActorSystem, Outcome, Session, ToolSkippedError, Turn, open_system
from actors.testing import TurnLog
from supervision import Limits, RouterRef, start_router


class ScriptError(Exception):
    """What a script raises."""


class Stage:
    """What the test sees, and the doors it opens."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []  # (key, first prompt), in order
        self.ended: list[tuple[str, str]] = []
        self.finals: list[tuple[str, Outcome]] = []  # (key, outcome), by turn_ended
        self.running: Counter[str] = Counter()  # {key: turns that run}
        self.most: Counter[str] = Counter()  # {key: the most at once}
        self.most_in_all = 0
        self.started: list[str] = []  # keys, one for each session that has started
        self.stopped: list[str] = []
        self.skipped: list[tuple[str, str]] = []  # (tool, reason)
        self.steered: list[str] = []
        self._doors: defaultdict[str, trio.Event] = defaultdict(trio.Event)

    def open(self, *doors: str) -> None:
        """Let everybody through, now and later."""
        for door in doors:
            self._doors[door].set()

    async def wait(self, door: str) -> None:
        """Wait until somebody has opened it."""
        await self._doors[door].wait()

    def enter(self, key: str, prompt: str) -> None:
        """A turn begins."""
        self.begun.append((key, prompt))
        self.running[key] += 1
        self.most[key] = max(self.most[key], self.running[key])
        self.most_in_all = max(self.most_in_all, self.running.total())

    def leave(self, key: str, prompt: str) -> None:
        """A turn's body is over, however."""
        self.ended.append((key, prompt))
        self.running[key] -= 1


class Talker(Session[str, str]):
    """Plays its prompts."""

    initial_state: ClassVar[Any] = ()

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Play the prompts, one after the other."""
        self.stage.enter(turn.key, turn.prompt)
        try:
            for prompt in turn.prompts:
                await self.play(turn, prompt)
        finally:
            self.stage.leave(turn.key, turn.prompt)
        return turn.prompts[-1]

    async def play(  # noqa: C901 - a table
        self, turn: Turn[str, str], prompt: str
    ) -> None:
        """Do what one prompt says."""
        if not turn.aside:
            turn.state = (*turn.state, prompt)
        for word in prompt.split():
            verb, _, what = word.partition(":")
            match verb:
                case "say":
                    await turn.emit(what)
                case "wait":
                    await self.stage.wait(what)
                case "sleep":
                    await trio.sleep(float(what))
                case "fail":
                    raise ScriptError(what)
                case "hang":
                    with trio.CancelScope(shield=True):
                        await self.stage.wait(what)
                case "tool":
                    await self._use(turn, what)
                case "step":
                    turn.step()
                case "point":
                    for receipt in await turn.checkpoint():
                        self.stage.steered.append(receipt.prompt)
                        await self.play(turn, receipt.prompt)
                case _:
                    pass

    async def _use(self, turn: Turn[str, str], tool: str) -> None:
        try:
            with turn.tool(tool):
                await self.stage.wait(tool)
        except ToolSkippedError as skipped:
            self.stage.skipped.append((skipped.tool, skipped.reason))

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Note how it ended."""
        self.stage.finals.append((turn.key, outcome))


class SlowStarter(Talker):
    """Starts when the door "start:KEY" is opened, fails if "fail:KEY" is listed."""

    failing: ClassVar[set[str]] = set()

    async def started(self) -> None:
        """Wait for the door of this key."""
        await self.stage.wait(f"start:{self.key}")
        if self.key in self.failing:
            raise ScriptError(self.key)
        self.stage.started.append(self.key)


@asynccontextmanager
async def open_stage(
    make: type[Talker] = Talker, *, limits: Limits | None = None
) -> AsyncGenerator[tuple[Stage, RouterRef[str, str], TurnLog, ActorSystem]]:
    """Open a system with one router; when it is left, the log of all turns is checked.

    The limits are wide by default: 100 sessions, 100 turns.
    """
    stage = Stage()
    async with open_system() as system:
        log = TurnLog(system)
        wide = limits if limits is not None else Limits(sessions=100, turns=100)
        router = start_router(system, make, stage, limits=wide)
        yield stage, router, log, system
    log.check()
