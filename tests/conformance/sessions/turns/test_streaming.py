"""Answers as they grow: who reads them, and when they are over.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

import operator
from typing import ClassVar

import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Bounded,
    Completed,
    Failed,
    Latest,
    Outcome,
    PromptEnded,
    TimedOut,
    Turn,
    TurnPolicy,
)
from actors.testing import seeds
from supervision import Limits, TurnStream
from tests.conformance.sessions.conversing import ScriptError, Talker
from tests.conformance.sessions.diaries import after, open_stage


class Page:
    """A message that users see, behind a slow and limited interface."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.in_flight = 0

    async def write(self, text: str) -> None:
        """Show this from now on; it takes some steps until it is there."""
        self.in_flight += 1
        try:
            for _ in range(3):
                await trio.lowlevel.checkpoint()
            self.shown.append(text)
        finally:
            self.in_flight -= 1


class Editor(Talker):
    """Shows its answer while it grows, by a task of the turn; the end by its hook."""

    page: ClassVar[Page] = Page()

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Answer, with an editor beside."""
        over = trio.Event()
        turn.start_soon(self._edit, over)
        try:
            for _ in range(5):
                await trio.lowlevel.checkpoint()
            await super().play(turn, prompt)
        finally:
            over.set()

    async def _edit(self, over: trio.Event) -> None:
        while not over.is_set():
            await self.page.write("draft")

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Show how it ended."""
        await super().turn_ended(turn, outcome)
        assert self.page.in_flight == 0
        await self.page.write(f"final: {type(outcome).__name__}")


class Counting(Talker):
    """Emits so many chunks, one every 10 ms: "0 ", "1 " and so on."""

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Count."""
        for number in range(int(prompt)):
            await trio.sleep(0.01)
            await turn.emit(f"{number} ")


class Fast(Talker):
    """Emits so many chunks without a pause, and counts them."""

    emitted: ClassVar[list[str]] = []

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Emit."""
        for number in range(int(prompt)):
            await turn.emit(str(number))
            self.emitted.append(str(number))


class Indicator(Talker):
    """Has a typing indicator that must go out; some ways to end are hard on it."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=50)
    out: ClassVar[list[tuple[str, bool]]] = []  # (key, whether it was out in time)

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Do what the prompt says, or crash the whole session."""
        if prompt == "crash":
            self.start_soon(self._crash)
        await super().play(turn, prompt)
        if prompt == "crash":
            await self.stage.wait("never")

    async def _crash(self) -> None:
        await trio.lowlevel.checkpoint()
        raise ScriptError(self.key)

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Put it out."""
        in_time = all(each.ended is None for each in turn.receipts)
        for _ in range(2):
            await trio.lowlevel.checkpoint()
        self.out.append((turn.key, in_time))
        await super().turn_ended(turn, outcome)


async def read_all(answer: TurnStream[str, str]) -> list[str]:
    """Read until the end."""
    return [chunk async for chunk in answer]


@seeds(500)
async def test_s72_the_final_text_is_the_last_that_users_see() -> None:
    """A task of the turn is over before `turn_ended` runs, however the turn ended."""
    page = Editor.page = Page()
    async with open_stage(Editor) as (stage, router, _, _system):
        for steps, (script, ending) in enumerate(
            (("well", Completed), ("fail:why", Failed), ("wait:never", Aborted))
        ):
            turn = router.send("k", script)
            if ending is Aborted:
                await after(8 + steps, lambda: None)
                router.cancel("k")
            outcome = await turn.outcome()
            assert page.shown[-1] == f"final: {type(outcome).__name__}"
            if outcome.turn is not None and ("k", script) in stage.begun:
                assert isinstance(outcome, ending)
            seen = list(page.shown)
            await settle()
            assert page.shown == seen
        finals = [each for each in page.shown if each != "draft"]
        assert len(finals) == len(stage.finals) == 3


@seeds(3)
async def test_s73_many_chunks_make_few_edits_and_one_whole_text() -> None:
    """`Latest`: one edit per interval, the last one too; nothing is missing."""
    for merge in (operator.add, None):
        begun = trio.current_time()
        latest = Latest(merge=merge, every=1.5)
        edits: list[str] = []
        edit = edits.append
        async with (
            open_stage(Counting) as (_, router, _log, _system),
            router.open_turn("k", "1000", stream=latest) as answer,
        ):
            async for chunk in answer:
                edit(chunk)
            assert isinstance(await answer.outcome(), Completed)
        elapsed = trio.current_time() - begun

        assert elapsed < 12
        assert 3 < len(edits) <= elapsed / 1.5 + 1
        whole = [f"{number} " for number in range(1000)]
        if merge is not None:
            assert "".join(edits) == "".join(whole)
        else:
            assert edits[-1] == whole[-1]


@seeds(20)
async def test_s74_a_slow_reader_makes_the_turn_wait_not_the_memory_grow() -> None:
    """Nor does it hold up a cancellation, or any other session."""
    Fast.emitted.clear()
    async with open_stage(Fast) as (_, router, _log, _system):
        async with router.open_turn("k", "1000", stream=Bounded(4)) as answer:
            await settle()
            assert len(Fast.emitted) == 4
            for number in range(10):
                assert await anext(answer) == str(number)
                await settle()
                assert len(Fast.emitted) <= number + 5
            other = router.send("j", "3")
            assert isinstance(await other.outcome(), Completed)
            router.cancel("k", reason="enough")
            assert await answer.outcome() == Aborted("enough", turn=answer.turn)

        async with router.open_turn("l", "1000", stream=Latest()) as answer:
            assert isinstance(await answer.outcome(), Completed)
            assert await read_all(answer) == ["999"]


@seeds(500)
async def test_s78_the_typing_indicator_goes_out_once_before_the_prompt_is_done() -> (
    None
):
    """By whatever path the turn ends, also if it never began."""
    Indicator.out.clear()
    async with open_stage(Indicator, limits=Limits(turns=1)) as (stage, router, _, _s):
        router.send("busy", "wait:a")
        await settle()
        waits = router.send("no slot", "say:x")
        await settle()
        router.cancel("no slot")
        assert isinstance(await waits.outcome(), Aborted)
        stage.open("a")
    scripts = {
        "well": "say:x",
        "fails": "fail:why",
        "aborted": "wait:never",
        "late": "wait:never",
        "crashes": "crash",
    }
    async with open_stage(Indicator) as (_, router, log, _system):
        receipts = {key: router.send(key, what) for key, what in scripts.items()}
        await after(20, lambda: router.cancel("aborted"))
        for key in ("well", "fails", "aborted", "crashes"):
            await receipts[key].outcome()
            assert Indicator.out.count((key, True)) == 1
        await trio.sleep(40)
        receipts["stopped"] = router.send("stopped", "wait:never")
        await receipts["late"].outcome()
        assert Indicator.out.count(("late", True)) == 1

    assert {key: type(each.ended) for key, each in receipts.items()} == {
        "well": Completed,
        "fails": Failed,
        "aborted": Aborted,
        "late": TimedOut,
        "crashes": Failed,
        "stopped": Aborted,
    }
    assert sorted(Indicator.out) == sorted(
        (key, True) for key in ("busy", "no slot", *receipts)
    )
    assert len(log.of(PromptEnded)) == len(receipts)
