"""Aborting: what ends with a turn, what stays, and who is told.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Abort,
    Aborted,
    Bounded,
    Completed,
    Outcome,
    PromptEnded,
    Turn,
    TurnEnded,
    TurnNotCompletedError,
    TurnStarted,
)
from actors.testing import open_tasks, seeds
from supervision import Limits, TurnStream
from tests.conformance.sessions.conversing import SlowStarter, Talker
from tests.conformance.sessions.diaries import Diarist, after, open_stage, result


class Parent(Diarist):
    """Has a family, at the word "family"; what its members hold is in `held`."""

    held: ClassVar[set[str]] = set()

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Be a parent, or do what the prompt says."""
        await super().play(turn, prompt)
        if prompt == "family":
            await self._hold("root", turn.run_child(self._child))

    async def _child(self, turn: Turn[str, str]) -> None:
        await self._hold("child", turn.run_child(self._grandchild))

    async def _grandchild(self, turn: Turn[str, str]) -> None:
        with turn.tool("dig"):
            await self._hold("grandchild", self.stage.wait("never"))

    async def _hold(self, name: str, work: Any) -> None:
        self.held.add(name)
        try:
            await work
        finally:
            with trio.move_on_after(1, shield=True):
                await trio.lowlevel.checkpoint()
            self.held.remove(name)


class Chatter(Talker):
    """Talks at the word "chatter", longer than anybody listens."""

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Talk."""
        await super().play(turn, prompt)
        for _ in range(2000 if prompt == "chatter" else 0):
            await turn.emit("bla")


class Tidy(Diarist):
    """Takes some steps to clean up after a turn."""

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Clean up."""
        await super().turn_ended(turn, outcome)
        for _ in range(3):
            await trio.lowlevel.checkpoint()


@seeds(20)
async def test_s53_a_soft_abort_lets_the_tool_finish_and_keeps_the_history() -> None:
    """No tool is begun any more; what the turn still says is its answer."""
    chunks: list[str] = []
    read = chunks.append
    async with open_stage(Diarist) as (stage, router, _, _system):
        script = "tool:t1 tool:t2 say:final"
        async with router.open_turn("k", script) as answer:
            await settle()
            assert answer.turn is not None
            first = router.abort(answer.turn, hard=False, hint="be brief")
            await settle()
            assert first is Abort.ABORTING
            assert answer.ended is None  # the tool is left alone
            stage.open("t1")
            async for chunk in answer:
                read(chunk)
            outcome = await answer.outcome()

        assert isinstance(outcome, Completed)
        assert outcome.interrupted == "be brief"
        assert chunks == ["final"]
        assert stage.skipped == [("t2", "interrupted")]
        assert await result(router.send("k", "next")) == f"{script}|next"
        stage.open("t3")
        router.send("k", "tool:t3")  # the abort is not armed for later
        await settle()
        assert stage.skipped == [("t2", "interrupted")]


@seeds(20)
async def test_s54_a_hard_abort_ends_the_family_and_nothing_else() -> None:
    """All that the turn has started is over, its state undone; what waits goes on."""
    Parent.held.clear()
    async with open_stage(Parent, limits=Limits(turns=1)) as (stage, router, log, _):
        await result(router.send("k", "old"))
        turn = router.send("k", "family")
        queued = router.send("k", "next")
        await settle()
        assert Parent.held == {"root", "child", "grandchild"}
        info = router.inspect("k")
        assert info is not None
        assert (info.children, info.queued) == (1, 1)
        assert turn.turn is not None

        assert router.abort(turn.turn, reason="stop") is Abort.ABORTING

        assert await turn.outcome() == Aborted("stop", turn=turn.turn)
        assert set() == Parent.held
        assert await result(queued) == "old|next"
        await settle()
        figures = router.statistics()
        assert (figures.turns_running, figures.turns_waiting) == (0, 0)
        assert len(log.of(TurnEnded, "k")) == 3
        assert [type(each) for _, each in stage.finals] == [
            Completed,
            Aborted,
            Completed,
        ]


@seeds(500)
async def test_s55_a_hard_abort_reaches_the_grandchild_in_its_tool() -> None:
    """When the outcome is there nothing of the family runs, whenever the abort came."""
    Parent.held.clear()
    async with open_stage(Parent) as (_, router, _log, _system):
        await result(router.send("k", "old"))
        await settle()
        before = open_tasks()
        aborted = 0
        for steps in range(6):
            turn = router.send("k", "family")
            await after(steps, lambda: None)
            cancelled = router.cancel("k", reason=steps)
            if turn.turn is None:  # it was not taken yet
                turn.withdraw()
            else:
                assert cancelled.turn == turn.turn
                assert await turn.outcome() == Aborted(steps, turn=turn.turn)
                aborted += 1
            await turn.outcome()
            assert set() == Parent.held
            await settle()
            assert open_tasks() == before
        assert aborted
        assert await result(router.send("k", "next")) == "old|next"


@seeds(20)
async def test_s56_a_turn_can_be_aborted_before_it_has_begun() -> None:
    """While it waits for a slot, or its session starts; nothing is armed for later."""
    async with open_stage(limits=Limits(turns=1)) as (stage, router, log, _):
        router.send("busy", "wait:a")
        await settle()
        waits = router.send("k", "never")
        await settle()
        assert waits.turn is not None
        assert router.abort(waits.turn, reason="stop") is Abort.ABORTING
        assert await waits.outcome() == Aborted("stop", turn=waits.turn)
        assert router.abort(waits.turn) is Abort.STALE
        later = router.send("k", "later")
        stage.open("a")
        assert isinstance(await later.outcome(), Completed)
        assert ("k", "never") not in stage.begun
        assert len(log.of(TurnStarted, "k")) == 1
        assert len(log.of(PromptEnded, "k")) == 2

    async with open_stage(SlowStarter) as (stage, router, log, _):
        first = router.send("k", "first")
        second = router.send("k", "second")
        await settle()
        assert router.cancel("k", reason="stop")
        assert isinstance(await first.outcome(), Aborted)
        assert second.ended is None
        stage.open("start:k")
        assert isinstance(await second.outcome(), Completed)
        assert stage.begun == [("k", "second")]
        assert stage.started == ["k"]
        assert len(log.of(PromptEnded, "k")) == 2


@seeds(200)
async def test_s59_an_abort_and_the_natural_end_make_one_outcome() -> None:
    """However often it is aborted: whoever was first decides, and it never flips."""
    async with open_stage(Tidy) as (stage, router, log, _):
        for steps in range(5):
            turn = router.send("k", f"wait:{steps} again")
            await settle()
            assert turn.turn is not None
            number = turn.turn
            aborts: list[Abort] = []

            def abort(number: int = number, aborts: list[Abort] = aborts) -> None:
                aborts.append(router.abort(number))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(after, 0, lambda s=steps: stage.open(str(s)))
                for late in range(3):
                    nursery.start_soon(after, steps + 2 * late, abort)
            outcome = await turn.outcome()

            assert aborts.count(Abort.ABORTING) == isinstance(outcome, Aborted)
            assert isinstance(outcome, Aborted | Completed)
            assert router.abort(number) is Abort.STALE
            await settle()
            assert turn.ended is outcome
            ends = [each.outcome for each in log.of(PromptEnded, "k")]
            assert ends.count(outcome) == 1
            assert len(ends) == steps + 1
        told = (await result(router.send("k", "end"))).split("|")
        kept = [isinstance(each, Completed) for _, each in stage.finals]
        assert len(told) == sum(kept)


async def read_out(answer: TurnStream[str, str]) -> None:
    """Read what is left."""
    async for _ in answer:
        pass


@seeds(500)
async def test_s60_an_abort_does_not_wait_for_a_turn_that_streams() -> None:
    """Whether it talks to a reader, waits for one, or has none."""
    async with open_stage(Chatter) as (stage, router, _, _system):

        async def listen(key: str, chunks: int) -> None:
            async with router.open_turn(key, "chatter", stream=Bounded(2)) as answer:
                for _ in range(chunks):
                    await anext(answer)
                await settle()
                assert answer.turn is not None
                assert router.abort(answer.turn, reason=key) is Abort.ABORTING
                assert await answer.outcome() == Aborted(key, turn=answer.turn)
                with pytest.raises(TurnNotCompletedError):
                    await read_out(answer)

        async def cancel() -> None:
            talks = router.send("alone", "chatter")
            await after(20, lambda: None)
            router.cancel("alone", reason="x")
            assert await talks.outcome() == Aborted("x", turn=talks.turn)

        with trio.fail_after(1):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(cancel)
                nursery.start_soon(listen, "slow", 0)
                nursery.start_soon(listen, "keen", 5)
        await settle()
        assert trio.current_time() == 0
        assert stage.running.total() == 0
        for key in ("slow", "keen", "alone"):
            assert isinstance(await router.send(key, "next").outcome(), Completed)


@seeds(500)
async def test_s68_an_abort_names_its_turn_and_reaches_no_other() -> None:
    """An old id is stale, whatever runs now; no verb goes without a key or a turn."""
    async with open_stage(Diarist) as (stage, router, _, _system):
        old = router.send("k", "old")
        await old.outcome()
        number = old.turn
        assert number is not None
        stale: list[Abort] = []
        receipts = [router.send("k", "one"), router.send("k", "wait:door")]
        receipts.append(router.send("j", "wait:door"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(after, 5, lambda: stage.open("door"))
            for steps in range(10):
                nursery.start_soon(
                    after, steps, lambda: stale.append(router.abort(number))
                )
        assert stale == [Abort.STALE] * 10
        assert [await result(each) for each in receipts] == [
            "old|one",
            "old|one|wait:door",
            "wait:door",
        ]
        assert router.abort(10**9) is Abort.STALE
        for name in ("abort", "cancel", "cancel_all", "reset", "close"):
            first, *_ = inspect.signature(getattr(router, name)).parameters.values()
            assert first.name in {"turn", "key"}
            assert first.default is inspect.Parameter.empty
