"""The clocks of a turn: what ends it, what only tells, and what moves which.

Each test is a scenario of chat services that run many sessions at once, by its number.
"""

from __future__ import annotations

import math
from typing import ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    CloseReason,
    Completed,
    Failed,
    HookOverdue,
    Limit,
    NotAliveError,
    SessionClosed,
    SessionOpened,
    TimedOut,
    Turn,
    TurnEnded,
    TurnPolicy,
    TurnResumed,
    TurnStalled,
)
from actors.testing import seeds
from supervision import Limits
from tests.conformance.sessions.conversing import ScriptError, Talker
from tests.conformance.sessions.diaries import Diarist, open_stage, result


class Chatter(Talker):
    """Says something every so many seconds, for ever, if its prompt is a number."""

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Talk."""
        await super().play(turn, prompt)
        while prompt.isdigit():
            await trio.sleep(float(prompt))
            await turn.emit("still there")


class Patient(Talker):
    """Has more time than its tools."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=7200)


class Silent(Diarist):
    """May be silent for an hour; one that has hung remembers "late" at last."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(inactivity=3600, abort_grace=120)

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Play, and remember."""
        await super().play(turn, prompt)
        if prompt.startswith("hang"):
            turn.state = (*turn.state, "late")


class OfProcess(Diarist):
    """Lives as long as its process does."""

    dead: ClassVar[set[int]] = set()  # generations whose process is dead
    mute: ClassVar[set[int]] = set()  # generations whose process does not answer
    asked: ClassVar[list[float]] = []

    async def alive(self) -> bool:
        """Ask the process."""
        self.asked.append(trio.current_time())
        if self.generation in self.mute:
            await trio.sleep_forever()
        await trio.lowlevel.checkpoint()
        return self.generation not in self.dead


class Counsel(Talker):
    """Consults its hooks; what they have said is its answer."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Ask all of them, whatever they do."""
        pace = float(turn.prompt)

        async def observe() -> str:
            await trio.sleep(0.25 * pace)
            return "observed"

        async def intercept() -> str:
            await trio.sleep(2.5 * pace)
            return "changed"

        async def approve(who: str) -> str:
            await trio.sleep(30 * pace)
            return who

        async def broken() -> str:
            await trio.lowlevel.checkpoint()
            raise ScriptError("broken")

        answers = (
            await turn.consult(observe, within=0.5, default="skipped"),
            await turn.consult(intercept, within=5, default="unchanged"),
            await turn.consult(approve, "yes", within=60, default="no"),
            await turn.consult(broken, within=5, default="whole"),
        )
        return " ".join(answers)


@pytest.mark.parametrize("pace", [7, 299])
def test_s81_chatter_does_not_move_the_time_limit_of_a_turn(pace: int) -> None:
    """It is an instant, set when the turn begins: after 1800 seconds it is over."""

    @seeds(500 if pace == 299 else 10)
    async def chatter() -> None:
        begun = trio.current_time()
        async with open_stage(Chatter) as (_, router, _log, _system):
            receipt = router.send("k", str(pace))

            outcome = await receipt.outcome()

            assert outcome == TimedOut(Limit.TIME, turn=receipt.turn)
            assert trio.current_time() == begun + 1800
            assert router.statistics().chunks == 1799 // pace
            # the next one has its own
            following = router.send("k", "sleep:1")
            assert isinstance(await following.outcome(), Completed)

    chatter()


@seeds(20)
async def test_s82_a_silent_tool_is_not_taken_for_inactivity() -> None:
    """It has a limit of its own; silence without a tool has another."""
    async with open_stage(Patient) as (stage, router, _, _system):
        turn = router.send("k", "sleep:200 tool:long sleep:200 say:x sleep:299")
        await trio.sleep(200 + 1200)
        info = router.inspect("k")
        assert info is not None
        assert (info.phase, info.tool) == ("tool", "long")
        stage.open("long")
        assert isinstance(await turn.outcome(), Completed)

        for script, limit, seconds in (
            ("sleep:100 tool:endless", Limit.TOOL, 1900),
            ("sleep:301", Limit.INACTIVITY, 300),
            ("sleep:299 say:x sleep:301", Limit.INACTIVITY, 599),
        ):
            begun = trio.current_time()
            turn = router.send("k", script)
            assert await turn.outcome() == TimedOut(limit, turn=turn.turn)
            assert trio.current_time() == begun + seconds
        assert isinstance(await router.send("k", "next").outcome(), Completed)


@seeds(20)
async def test_s83_a_process_that_dies_silently_is_found_dead() -> None:
    """Within `alive_every`; the turn fails, what waits goes on in a new session."""
    OfProcess.dead, OfProcess.mute = {1}, {2}
    OfProcess.asked.clear()
    async with open_stage(OfProcess) as (_, router, log, _):
        turn = router.send("k", "wait:never")
        queued = [router.send("k", "wait:ever"), router.send("k", "sleep:100")]

        outcome = await turn.outcome()

        assert trio.current_time() == 30
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, NotAliveError)
        await settle()
        assert queued[0].ended is None
        outcome = await queued[0].outcome()
        assert trio.current_time() == 90  # asked after 30, which it had to answer
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, NotAliveError)
        assert await result(queued[1]) == "sleep:100"
        assert OfProcess.asked == [30, 60, 120, 150, 180]
        assert [each.generation for each in log.of(SessionOpened)] == [1, 2, 3]
        closed = [(each.generation, each.reason) for each in log.of(SessionClosed)]
        assert closed == [(1, CloseReason.CRASHED), (2, CloseReason.CRASHED)]
        info = router.inspect("k")
        assert info is not None
        assert info.phase == "idle"


class DeafParent(Talker):
    """Has a child turn that is deaf, and waits for it, or leaves it to the session."""

    turns = TurnPolicy(inactivity=math.inf)

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        """Wait for the child if the prompt says so."""
        if prompt in ("join", "leave"):
            child = await turn.start_child(self.deaf, critical=prompt == "leave")
            if prompt == "join":
                await child.outcome()

    async def deaf(self, turn: Turn[str, str]) -> None:
        """Hear nothing."""
        del turn
        with trio.CancelScope(shield=True):
            await self.stage.wait("door")


@pytest.mark.parametrize("prompt", ["join", "leave"])
def test_s84_a_deaf_child_turn_does_not_keep_the_key(prompt: str) -> None:
    """Its limit, its grace and its parent's grace later a new session takes over."""

    @seeds(20)
    async def run() -> None:
        async with open_stage(DeafParent) as (stage, router, log, _system):
            try:
                first = router.send("k", prompt)
                second = router.send("k", "second")

                outcome = await first.outcome()
                assert isinstance(await second.outcome(), Completed)
                await trio.sleep_until(300 + 120 + 120)

                if prompt == "join":
                    assert isinstance(outcome, Aborted)
                    assert outcome.late
                else:
                    assert isinstance(outcome, Completed)
                assert isinstance(await router.send("k", "x").outcome(), Completed)
                reasons = [each.reason for each in log.of(SessionClosed)]
                assert reasons == [CloseReason.GIVEN_UP]
                info = router.inspect("k")
                assert info is not None
                assert (info.phase, info.children) == ("given up", 0)  # it burns
            finally:
                stage.open("door")

    run()


@seeds(20)
async def test_s84_a_turn_that_does_not_end_is_given_up() -> None:
    """After limit and grace the sender is told and the key is free.

    What it does afterwards does not count: not its state, not its slot.
    """
    async with open_stage(Silent, limits=Limits(turns=1)) as (stage, router, log, _):
        try:
            await result(router.send("k", "old"))
            turn = router.send("k", "hang:door")
            queued = router.send("k", "queued")
            await trio.sleep(1800 + 119)
            assert turn.ended is None

            outcome = await turn.outcome()

            assert trio.current_time() == 1920
            assert outcome == TimedOut(Limit.TIME, turn=turn.turn, late=True)
            assert await result(queued) == "old|queued"
            reasons = [each.reason for each in log.of(SessionClosed)]
            assert reasons == [CloseReason.GIVEN_UP]

            # the same for one that was aborted
            aborted = router.send("k", "hang:door")
            await settle()
            router.cancel("k", reason="stop")
            assert await aborted.outcome() == Aborted(
                "stop", turn=aborted.turn, late=True
            )
            assert trio.current_time() == 1920 + 120
        finally:
            stage.open("door")
        await settle()
        assert turn.ended is outcome
        for each in (turn.turn, aborted.turn):
            assert sum(end.turn == each for end in log.of(TurnEnded)) == 1
            assert sum(end.turn == each for _, end in stage.finals) <= 1
        assert await result(router.send("k", "next")) == "old|queued|next"
        assert router.statistics().turns_running == 0


@seeds(20)
async def test_s85_a_stall_is_told_and_nothing_is_done_about_it() -> None:
    """After 10 and 30 seconds of silence; progress clears it, and it may come again."""
    async with open_stage() as (_, router, log, _system):
        turn = router.send("k", "sleep:35 say:x sleep:12 say:y sleep:9 tool:long")
        await trio.sleep(34)
        info = router.inspect("k")
        assert info is not None
        assert (info.phase, info.turn) == ("running", turn.turn)
        assert info.last_activity == pytest.approx(34)
        await trio.sleep(300)  # a tool runs: that is no stall
        router.cancel("k")
        await turn.outcome()

        told = [
            (each.at, each.silent)
            for each in log.of(TurnStalled)
            if each.turn == turn.turn
        ]
        assert told == [(10, 10), (30, 30), (45, 10)]
        assert [each.at for each in log.of(TurnResumed)] == [35, 47]
        assert router.statistics().outcomes == {"Aborted": 1}


@seeds(20)
async def test_s86_a_slow_or_broken_hook_gets_its_default_and_the_turn_goes_on() -> (
    None
):
    """Each has its own time; a hook that is in time is heard."""
    async with open_stage(Counsel) as (_, router, log, _system):
        assert await result(router.send("k", "1")) == "observed changed yes whole"
        assert trio.current_time() == 0.25 + 2.5 + 30
        begun = trio.current_time()
        turn = router.send("k", "1000")

        assert await result(turn) == "skipped unchanged no whole"

        assert trio.current_time() == begun + 0.5 + 5 + 60
        events = [each for each in log.of(HookOverdue) if each.turn == turn.turn]
        names = [each.hook.rpartition(".")[2] for each in events]
        assert names == ["observe", "intercept", "approve", "broken"]
        assert [each.error is None for each in events] == [True, True, True, False]
        assert isinstance(events[3].error, ScriptError)
        assert len(log.of(HookOverdue)) == 5
