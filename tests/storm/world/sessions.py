"""The cast: sessions that do what their prompts say.

Each word of a script is a method or a call in one of two tables: what is done at once,
and what is awaited.  What the framework may refuse inside a turn is passed over, so
that a turn fails only with what its script raises.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar, TypeAlias

import attrs
import trio

from actors import (
    ActorStoppedError,
    ChildSlotTimeoutError,
    DepthExceededError,
    Exit,
    Outcome,
    Phase,
    RefusedError,
    Session,
    StepLimitError,
    ToolSkippedError,
    Turn,
    TurnOverError,
)
from tests.storm.world.plan import Cast
from tests.storm.world.story import (
    Begun,
    Final,
    Offered,
    Over,
    Prompt,
    StormError,
    Story,
    Wrote,
)
from tests.storm.world.words import CHILDREN

Answer: TypeAlias = Turn[Prompt, str]

REFUSALS = (
    *(ActorStoppedError, RefusedError, ChildSlotTimeoutError, DepthExceededError),
    *(StepLimitError, ToolSkippedError),
)
AT_THE_END = {"bad-end", "slow-end", "deaf-end"}  # words for `turn_ended`
OWN = 1_000_000  # numbers of prompts that sessions send themselves begin here


@attrs.frozen
class Tick:
    """A message of a session's own timer."""

    word: str


class Performer(Session[Prompt, str]):
    """Plays scripts; its policies are the plan's, see `make_performer`."""

    initial_state: ClassVar[Any] = ()

    def __init__(self, story: Story) -> None:
        self.story = story
        self.dead = False  # what `alive` says no to
        self.said = 0

    # ---------------------------------------------------------------------- its life

    async def started(self) -> None:
        story, me = self.story, (self.key, self.generation)
        story.sessions[self.key] = self
        if me in story.plan.cast.starts_slowly:
            await trio.sleep(5)
        if me in story.plan.cast.fails_to_start:
            raise StormError(me)

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        await trio.lowlevel.checkpoint()
        me = (self.key, self.generation)
        if me in self.story.plan.cast.fails_to_stop:
            raise StormError(me)

    async def suspend(self) -> None:
        self.bind(self.generation)
        await trio.sleep(1.5)  # places are waited for meanwhile
        if self.key in self.story.plan.cast.fails_to_suspend:
            raise StormError(self.key)

    async def alive(self) -> bool:
        await trio.lowlevel.checkpoint()
        return not self.dead

    def handle(self, message: Tick) -> None:
        if message.word == "bad-timer":
            raise StormError(message.word)
        if message.word == "finish-later":
            self.finish()

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        if outcome.turn == parent:
            self.story.wrong("a child's outcome is not its parent's", f"{outcome}")

    # --------------------------------------------------------------------- its turns

    async def take_turn(self, turn: Answer) -> int:
        """Play all prompts of the turn."""
        with observed(self.story, turn):
            for prompt in turn.prompts:
                await self.play(turn, turn, prompt)
        return turn.prompt.number

    async def turn_ended(self, turn: Answer, outcome: Outcome) -> None:
        self.story.note(Final(turn.key, turn.id, outcome, self.state))
        words = [w for p in turn.prompts if _is_script(p) for w in p.script.split()]
        if "slow-end" in words:
            await trio.sleep(1)
        if "deaf-end" in words:
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
        if "bad-end" in words:
            raise StormError(turn.id)

    async def play(self, turn: Answer, top: Answer, prompt: Prompt) -> None:
        """Do what a prompt says; `top` is the turn itself, `turn` perhaps a child."""
        self.write(turn, top, prompt.number)
        for word in prompt.script.split():
            with suppress(*REFUSALS):
                await self.do(turn, top, prompt, word)

    async def do(self, turn: Answer, top: Answer, prompt: Prompt, word: str) -> None:
        """Do one word."""
        verb, _, what = word.partition(":")
        at_once: dict[str, Callable[[], object]] = {
            "raise": lambda: self.fail(word),
            "group": self.fail_twice,
            "reject": lambda: turn.reject(word),
            "task": lambda: turn.start_soon(self.task, what),
            "bad-task": lambda: turn.start_soon(self.fail_soon),
            "crash": lambda: self.start_soon(self.fail_soon),
            "crash-later": lambda: self.start_soon(self.fail_later),
            "dead": self.die,
            "finish": self.finish,
            "finish-later": lambda: self.after(1, Tick(verb)),
            "timer": lambda: self.after(1, Tick(verb)),
            "bad-timer": lambda: self.after(1, Tick(verb)),
            "spend": lambda: turn.spend(float(what)),
            "keep": lambda: self.keep(top),
            "write": lambda: self.write(turn, top, prompt.number),
            "note": lambda: turn.note(word=prompt.number),
            "drain": lambda: turn.start_soon(self.bring_late, turn),
            "end-drain": turn.end_drain,
            "late-use": lambda: self.start_soon(self.use_late, turn),
            "follow": lambda: self.follow(prompt),
            "bind": lambda: self.bind(prompt.number),
            "unbind": lambda: self.bind(None),
            "progress": turn.progress,
            "deliver": lambda: self.bring(turn),
        }
        awaited: dict[str, Callable[[], Awaitable[object]]] = {
            "say": lambda: self.say(turn, top),
            "sleep": lambda: trio.sleep(float(what)),  # noqa: ASYNC105 - it is below
            "hang": trio.sleep_forever,
            "deaf": lambda: self.be_deaf(float(what)),
            "point": lambda: self.take_steering(turn, top),
            "tool": lambda: self.use_tool(turn, float(what)),
            "bad-tool": lambda: self.use_tool(turn, None),
            "consult": lambda: turn.consult(trio.sleep, 3, within=1, default=None),
            "run-child": lambda: turn.run_child(self.be_child, top, what),
            "start-child": lambda: turn.start_child(self.be_child, top, what),
            "direct": lambda: turn.run_child(self.be_child, top, what, direct=True),
            "critical": lambda: turn.start_child(
                self.be_child, top, what, critical=True
            ),
            "loop-child": lambda: self.start_three(turn, top),
        }
        if verb in at_once:
            at_once[verb]()
        elif verb not in AT_THE_END:
            await awaited[verb]()

    # --------------------------------------------------------------- words of scripts

    def die(self) -> None:
        """Have what is behind the session be dead."""
        self.dead = True

    def fail(self, word: str) -> None:
        """Raise."""
        raise StormError(word)

    def fail_twice(self) -> None:
        """Raise a group."""
        msg = "two at once"
        raise ExceptionGroup(msg, [StormError(1), StormError(2)])

    async def fail_soon(self) -> None:
        """Raise, as a task."""
        await trio.lowlevel.checkpoint()
        raise StormError

    async def fail_later(self) -> None:
        """Raise, when others have had their time."""
        await trio.sleep(2)
        raise StormError

    async def task(self, what: str) -> None:
        """Be a task of a turn."""
        if what == "deaf":
            await self.be_deaf(4)
        else:
            await trio.sleep(float(what))

    async def be_deaf(self, seconds: float) -> None:
        """Ignore cancellation for a while, from a moment without one on."""
        await trio.lowlevel.checkpoint()
        with trio.CancelScope(shield=True):
            await trio.sleep(seconds)

    async def say(self, turn: Answer, top: Answer) -> None:
        """Emit something that nobody else has."""
        self.said += 1
        await turn.emit(f"{self.generation}.{top.id}.{self.said}")

    def write(self, turn: Answer, top: Answer, number: int) -> None:
        """Remember something."""
        if not top.aside:
            with suppress(TurnOverError):  # of a child that has outlived its parent
                value = (*turn.state, number)
                turn.state = value
                self.story.note(Wrote(top.id, value))

    def keep(self, top: Answer) -> None:
        """Keep what it remembers."""
        with suppress(TurnOverError):
            top.keep_state()
            if not top.aside:
                self.story.note(Wrote(top.id, top.state, kept=True))

    async def take_steering(self, turn: Answer, top: Answer) -> None:
        """Take steering prompts, and play them."""
        turn.step()
        for receipt in await turn.checkpoint():
            await self.play(turn, top, receipt.prompt)

    async def use_tool(self, turn: Answer, seconds: float | None) -> None:
        """Use a tool; None: one that raises."""
        with turn.tool(f"tool-{seconds}"):
            await trio.sleep(seconds or 1)
            if seconds is None:
                raise StormError

    async def be_child(self, turn: Answer, top: Answer, name: str) -> None:
        """Be a child turn."""
        await self.play(turn, top, Prompt(0, CHILDREN[name]))

    async def start_three(self, turn: Answer, top: Answer) -> None:
        """Start more children than there may be."""
        for _ in range(3):
            await turn.start_child(self.be_child, top, "slow")

    def follow(self, prompt: Prompt) -> None:
        """Send oneself a prompt."""
        if prompt.number >= OWN:
            return
        story = self.story
        origin = OWN + story.next_number()
        router = story.router()
        with suppress(RefusedError):
            receipt = self.follow_up(Prompt(origin, "say"), origin=origin)
            if router is not None:
                now = trio.current_time()
                story.note(Offered(now, self.key, router, "own", origin, receipt, None))

    def bring(self, turn: Answer) -> None:
        """Deliver a chunk to the turn, and one to none."""
        self.deliver(turn.id, "delivered")
        self.deliver(None, "out of turn")

    async def bring_late(self, turn: Answer) -> None:
        """Emit in the drain window."""
        await trio.sleep(0.25)
        with suppress(trio.WouldBlock):
            turn.emit_nowait("late")

    async def use_late(self, turn: Answer) -> None:
        """Use a turn that has ended."""
        await trio.sleep(4)
        if turn.phase is not Phase.ENDED:
            return
        for use in (turn.keep_state, lambda: turn.emit_nowait("too late")):
            with suppress(TurnOverError):
                use()
                promise = "a turn that has ended refuses to do more"
                self.story.wrong(promise, f"turn {turn.id} did {use}")


@contextmanager
def observed(story: Story, turn: Answer) -> Generator[None]:
    """Put the beginning and the end of a turn's body on the tape."""
    now, receipts = trio.current_time(), turn.receipts
    story.note(Begun(now, turn.key, turn.id, receipts, turn.aside, turn.state))
    try:
        yield
    finally:
        story.note(Over(trio.current_time(), turn.key, turn.id))


def make_performer(cast: Cast) -> type[Performer]:
    """Make the class of the sessions of a plan."""

    class Planned(Performer):
        turns = cast.turns
        prompts = cast.prompts
        child_turns = cast.children

    return Planned


def _is_script(prompt: object) -> bool:
    return isinstance(prompt, Prompt)
