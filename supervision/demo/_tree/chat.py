"""The session of the demo: answers at the rate of a model, until its accident.

It reads the prompt, uses a tool now and then, and emits its chunks, each its own
number.  A tool that crashes under it is asked again; one that is away is done without.
"""

from __future__ import annotations

import contextlib
from typing import ClassVar, Final

import trio

from actors import (
    ActorError,
    AnyRef,
    Session,
    ToolSkippedError,
    Turn,
    TurnPolicy,
)
from actors.hosting import Whole
from supervision import SupervisionError, find_child
from supervision.demo.traffic.book import ANSWERED, MADE_AGAIN, MET, WITHOUT
from supervision.demo.traffic.plan import Plan
from supervision.demo.traffic.recording import (
    CHUNK,
    TOKENS_PER_SECOND,
    Accident,
    Prompt,
)

from .ledger import Ledger
from .tools import NAMES, Call

_TOOL_EVERY: Final = 4
"""Each fourth prompt uses a tool."""
_TOOL_TAKES: Final = 2.0
"""Seconds of the recording."""
_CALL_WITHIN: Final = 30.0
"""Seconds of the recording, and at least `_CALL_AT_LEAST` of the clock, for a call."""
_CALL_AT_LEAST: Final = 2.0
_TRIES: Final = 3
_BETWEEN_TRIES: Final = 0.1
_WORDS_EVERY: Final = 4
"""After so many chunks it looks whether somebody has put a word in."""


class ScriptedError(Whole, Exception):
    """What is raised where an accident is to happen."""


class Chat(Session[Prompt, int]):
    """One conversation.

    Args:
        plan: how fast.
        ledger: where it says how long its prompts waited, and what its tools came to.
        demo: the supervisor that has the tools.
    """

    initial_state = 0  # turns so far

    def __init__(self, plan: Plan, ledger: Ledger, demo: AnyRef) -> None:
        self.plan = plan
        self.ledger = ledger
        self.demo = demo

    async def take_turn(self, turn: Turn[Prompt, int]) -> int:
        """Read, perhaps use a tool, then write the chunks; the result: which try."""
        prompt = turn.prompt
        pace = self.plan.pace
        self.ledger.waits.append(turn.started_at - turn.receipts[0].at)
        await trio.sleep(pace(prompt.prefill))
        if not prompt.number % _TOOL_EVERY:
            with contextlib.suppress(ToolSkippedError):  # somebody has put a word in
                await self._use_tool(turn, NAMES[prompt.chunks % len(NAMES)])
        for number in range(prompt.chunks):
            if number == prompt.after:
                await self._suffer(turn, prompt)
            await trio.sleep(pace(CHUNK / TOKENS_PER_SECOND))
            if number % _WORDS_EVERY == _WORDS_EVERY - 1:
                await turn.checkpoint()
            await turn.emit(number)
        turn.state += 1
        return turn.attempt

    async def _use_tool(self, turn: Turn[Prompt, int], name: str) -> None:
        pace = self.plan.pace
        within = max(_CALL_AT_LEAST, pace(_CALL_WITHIN))
        with turn.tool(name):
            for tried in range(_TRIES):
                if tried:
                    self.ledger.notes[MADE_AGAIN] += 1
                    await trio.sleep(_BETWEEN_TRIES)
                try:
                    tool = await find_child(self.demo, "tools", name)
                    await tool.ask(Call(pace(_TOOL_TAKES)), within=within)
                except (ActorError, SupervisionError, trio.TooSlowError) as error:
                    self.ledger.notes[MET + type(error).__name__] += 1
                else:
                    self.ledger.notes[ANSWERED] += 1
                    return
        self.ledger.notes[WITHOUT] += 1

    async def _suffer(self, turn: Turn[Prompt, int], prompt: Prompt) -> None:
        if not self.plan.faults:
            return
        match prompt.accident:
            case Accident.RAISES:
                msg = "the turn was to raise here"
                raise ScriptedError(msg)
            case Accident.CRASHES if turn.attempt > 1:
                pass  # now it goes well
            case Accident.CRASHES:
                self.start_soon(_crash)
                await trio.sleep_forever()
            case Accident.HANGS:
                await trio.sleep_forever()
            case Accident.DRIVELS:
                while True:
                    await trio.sleep(self.plan.policy.inactivity / 4)
                    turn.progress()
            case _:
                pass


def chat_of(plan: Plan) -> type[Chat]:
    """The class of the sessions of this plan: its turns have the plan's limits."""

    class PlannedChat(Chat):
        turns: ClassVar[TurnPolicy] = plan.policy

    PlannedChat.__name__ = PlannedChat.__qualname__ = Chat.__name__
    return PlannedChat


async def _crash() -> None:
    msg = "the session was to crash here"
    raise ScriptedError(msg)
