"""Sessions for random plans: talkers with more verbs, small limits and many faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

import attrs
import trio

from actors import (
    Batch,
    ChildPolicy,
    ChildSlotTimeoutError,
    Completed,
    Outcome,
    PromptPolicy,
    RefusedError,
    Steering,
    StepLimitError,
    ToolSkippedError,
    Turn,
    TurnPolicy,
    WhileBusy,
)
from tests.conformance.sessions.conversing import ScriptError, Stage, Talker

PROMPTS = (
    *("", "say:x", "sleep:1 point say:x say:y", "wait:door", "say:x sleep:3 point"),
    *("sleep:1 point sleep:1 point", "point work point", "sleep:2 point", "work work"),
    *("step point step point step point step", "step step step sleep:1 point"),
    *("fail:why", "sleep:1 fail:why", "crash", "sleep:1 crash sleep:1", "odd-end"),
    *("child sleep:1", "critical", "keep fail:why", "reject", "tool:door", "hang:deaf"),
    *("finish", "finish-soon sleep:3", "more sleep:1 point", "spend child", "ask-hook"),
    *("deaf-child", "sleep:30"),
)
REFUSALS = (RefusedError, ChildSlotTimeoutError, StepLimitError, ToolSkippedError)


@attrs.frozen
class Finish:
    """A message of a session's own timer."""


class Watched(Stage):
    """A stage that knows what the sessions must remember."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, Any] = {}  # {key: state}


class Chatty(Talker):
    """A talker with more verbs, and small limits."""

    stage: Watched

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=40,
        inactivity=15,
        tool_limit=25,
        abort_grace=5,
        alive_every=7,
        cleanup_within=2,
        stalls=(3, 6),
        steps=3,
        budget=3,
    )
    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, steering_capacity=2)
    child_turns: ClassVar[ChildPolicy] = ChildPolicy(
        depth=2, width=2, slot_wait=4, time_limit=9
    )

    def __init__(self, stage: Watched) -> None:
        super().__init__(stage)
        self.alone = 0  # turns that run and are no asides

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Look that it is alone, and finds the state that was left."""
        if turn.aside:
            return await super().take_turn(turn)
        self.alone += 1
        assert self.alone == 1
        assert turn.state in ((), self.stage.kept.get(turn.key))
        try:
            return await super().take_turn(turn)
        finally:
            self.alone -= 1

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Play the verbs of this file, and leave the others to the talker."""
        at_once: dict[str, Callable[[], object]] = {
            "crash": partial(self.start_soon, fail),
            "finish": self.finish,
            "finish-soon": partial(self.after, 1, Finish()),
            "more": partial(self.follow_up, "say:more"),
            "spend": partial(turn.spend, 2),
            "step": turn.step,
            "keep": partial(self.keep, turn),
            "reject": partial(turn.reject, "why"),
            "odd-end": partial(turn.note, odd=True),
        }
        others: dict[str, Callable[[], Awaitable[object]]] = {
            "work": partial(self.work, turn),
            "child": partial(turn.run_child, self.be_child),
            "critical": partial(turn.start_child, self.be_child, critical=True),
            "deaf-child": partial(turn.start_child, self.be_deaf),
            "ask-hook": partial(self.ask_hook, turn),
        }
        for word in prompt.split() or [""]:
            with suppress(*REFUSALS):
                if word in at_once:
                    at_once[word]()
                else:
                    await others.get(word, partial(super().play, turn, word))()

    def keep(self, turn: Turn[str, str]) -> None:
        """What it remembers now survives the turn."""
        turn.keep_state()
        if not turn.aside:
            self.stage.kept[turn.key] = turn.state

    async def ask_hook(self, turn: Turn[str, str]) -> None:
        """Ask one that is too slow."""
        await turn.consult(trio.sleep, 3, within=1, default=None)

    async def work(self, turn: Turn[str, str]) -> None:
        """Use a tool that takes a while."""
        with turn.tool("work"):
            await trio.sleep(2)

    async def be_child(self, turn: Turn[str, str]) -> None:
        """Run beside the turn, sometimes with a child of its own."""
        turn.spend(1)
        await turn.emit("child")
        await trio.sleep(2)
        if turn.depth == 1:
            await turn.run_child(self.be_child)

    async def be_deaf(self, turn: Turn[str, str]) -> None:
        """End only when the door is opened."""
        await super().play(turn, "hang:deaf")

    def handle(self, message: Any) -> None:
        """The one message is a `Finish`."""
        assert isinstance(message, Finish)
        self.finish()

    async def suspend(self) -> None:
        """Say goodbye; one kind of session fails at that."""
        await trio.sleep(0.5)
        self.bind(self.generation)
        if self.key == "b":
            raise ScriptError(self.key)

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Take a while; an odd end is a crash of the session."""
        await trio.sleep(0.5)
        await super().turn_ended(turn, outcome)
        if isinstance(outcome, Completed) and not turn.aside:
            self.stage.kept[turn.key] = turn.state
        if turn.prompt == "odd-end":
            raise ScriptError(turn.prompt)


class Batching(Chatty):
    """Takes several prompts into one turn, and all steering prompts at once."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=4, steering=Steering.ALL, batch=Batch(prompts=3)
    )


class Steered(Chatty):
    """Takes what is sent into the turn that runs; wants time for late chunks."""

    turns: ClassVar[TurnPolicy] = attrs.evolve(Chatty.turns, drain_window=0.5)
    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, busy=WhileBusy.STEER)


class Frail(Chatty):
    """Starts slowly and not always."""

    async def started(self) -> None:
        await trio.sleep(1)
        if self.key == "c" and self.generation % 2:
            raise ScriptError(self.key)
        if self.key == "b" and self.generation % 2:
            await trio.sleep(4)


async def fail() -> None:
    """Crash."""
    await trio.lowlevel.checkpoint()
    why = "crash"
    raise ScriptError(why)
