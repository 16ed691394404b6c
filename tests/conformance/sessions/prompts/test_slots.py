"""Sessions, part 3: slots for turns and places for sessions, shared fairly.

Nobody waits for a session that is slow: not other sessions, not the router, not the
verbs.  The numbers are those of our list of scenarios.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import ClassVar

import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ChildPolicy,
    ChildSlotTimeoutError,
    CloseReason,
    Completed,
    DepthExceededError,
    Failed,
    PromptPolicy,
    Session,
    SessionStartError,
    Turn,
    TurnStarted,
    Withdrawn,
    open_system,
)
from actors.testing import TurnLog, seeds
from supervision import Limits, start_router
from tests.conformance.sessions.conversing import Talker, open_stage


class Patient(Talker):
    """May have many prompts waiting."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=60)


@seeds(20)
async def test_s13_sessions_get_slots_in_the_order_of_their_arrival() -> None:
    """With two slots taken C, D and E wait, and each gets the next one that is free."""
    limits = Limits(sessions=100, turns=2)
    async with open_stage(limits=limits) as (stage, router, *_):
        receipts = [router.send(key, f"wait:{key}") for key in "ABCDE"]
        await settle()

        assert sorted(stage.begun) == [("A", "wait:A"), ("B", "wait:B")]
        statistics = router.statistics()
        assert (statistics.turns_running, statistics.turns_waiting) == (2, 3)
        assert statistics.slots == 2
        assert [info.phase for info in router.list() if info.key in "CDE"] == [
            "waiting for a slot"
        ] * 3

        for door, next_one in zip("BAC", "CDE", strict=True):
            stage.open(door)
            await settle()
            assert stage.begun[-1] == (next_one, f"wait:{next_one}")
            assert stage.running.total() == 2
        stage.open("D", "E")
        for receipt in receipts:
            assert isinstance(await receipt.outcome(), Completed)
        assert stage.most_in_all == 2


@seeds(20)
async def test_s14_a_long_queue_does_not_keep_the_slot() -> None:
    """B is served before the second of A's fifty: a slot is for one turn."""
    limits = Limits(sessions=100, turns=1)
    async with open_stage(Patient, limits=limits) as (stage, router, *_):
        router.send("A", "wait:door")
        await settle()
        fifty = [router.send("A", str(number)) for number in range(50)]
        other = router.send("B", "b")
        stage.open("door")

        assert isinstance(await other.outcome(), Completed)
        await fifty[-1].outcome()

        assert stage.begun[:3] == [("A", "wait:door"), ("B", "b"), ("A", "0")]
        assert stage.begun[3:] == [("A", str(number)) for number in range(1, 50)]


@seeds(20)
async def test_s14_a_session_waits_for_one_turn_of_each_session_ahead() -> None:
    """Of four sessions with a queue each runs in every round, whatever the slots."""
    for slots in (1, 2, 3):
        limits = Limits(sessions=100, turns=slots)
        async with open_stage(Patient, limits=limits) as (stage, router, _log, system):
            starts = system.subscribe(TurnStarted)
            for key in "ABCD":
                for number in range(5):
                    router.send(key, f"{number} sleep:1")
            await trio.sleep(30)

            assert len(stage.begun) == 20
            begun = [(event.key, event.at) for event in starts.drain()]
            for key in "ABCD":
                times = [at for whose, at in begun if whose == key]
                waits = [later - earlier for earlier, later in pairwise(times)]
                assert max(waits) <= ceil(4 / slots)  # each turn takes a second
            assert stage.most_in_all == slots


class Ancestor(Session[int, str]):
    """Takes a turn with so many generations below it; -1 means one child too many."""

    child_turns: ClassVar[ChildPolicy] = ChildPolicy(depth=3, width=1, slot_wait=5)

    async def take_turn(self, turn: Turn[int, str]) -> object:
        if turn.prompt < 0:
            await turn.start_child(self.linger)
            await turn.start_child(self.linger)
        return await self.descend(turn, turn.prompt)

    async def linger(self, turn: Turn[int, str]) -> None:
        """Be a child that does not end."""
        del turn
        await trio.sleep_forever()

    async def descend(self, turn: Turn[int, str], levels: int) -> str:
        """Say how deep it went, through children that are waited for."""
        if not levels:
            return str(turn.depth)
        outcome = await turn.run_child(self.descend, levels - 1)
        if isinstance(outcome, Failed):
            raise outcome.error
        assert isinstance(outcome, Completed)
        return f"{turn.depth} {outcome.result}"


@seeds(500)
async def test_s15_child_turns_need_no_slot_of_their_own() -> None:
    """With one slot a turn waits for its great-grandchild; too deep fails at once."""
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Ancestor, limits=Limits(turns=1))
        deep = [router.send(key, 3) for key in "AB"]
        deeper = router.send("C", 4)
        for receipt in deep:
            outcome = await receipt.outcome()
            assert isinstance(outcome, Completed)
            assert outcome.result == "0 1 2 3"
        failed = await deeper.outcome()

        assert isinstance(failed, Failed)
        assert isinstance(failed.error, DepthExceededError)
        assert failed.error.limit == 3
        assert trio.current_time() == 0
        await settle()
        assert router.statistics().turns_running == 0
    log.check()


@seeds(20)
async def test_s15_one_child_too_many_is_an_error_after_a_while() -> None:
    """It waits for room as long as the policy says, and does not hang."""
    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Ancestor, limits=Limits(turns=1))
        failed = await router.send("A", -1).outcome()

        assert isinstance(failed, Failed)
        assert isinstance(failed.error, ChildSlotTimeoutError)
        assert failed.error.width == 1
        assert trio.current_time() == 5
        assert isinstance(await router.send("A", 0).outcome(), Completed)
    log.check()


@seeds(500)
async def test_s16_a_session_that_streams_holds_up_no_other() -> None:
    """For ten minutes A answers; all verbs for other keys are done at once."""
    limits = Limits(sessions=100, turns=100, idle=100)
    async with open_stage(limits=limits) as (stage, router, *_):
        read: list[str] = []

        async def stream() -> None:
            words = " ".join(f"say:{number} sleep:60" for number in range(10))
            async with router.open_turn("A", words) as answer:
                async for chunk in answer:
                    read.append(chunk)  # noqa: PERF401 - seen while it grows

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stream)
            await trio.sleep(30)
            for key in "BCDE":
                assert isinstance(await router.send(key, "x").outcome(), Completed)
            cancelled = router.send("F", "wait:never")
            await settle()
            assert router.cancel("F", reason="enough")
            assert isinstance(await cancelled.outcome(), Aborted)
            assert {info.key for info in router.list()} == set("ABCDEF")
            assert router.close("E")
            await settle()
            assert {info.key for info in router.list()} == set("ABCDF")
            assert trio.current_time() == 30

            await trio.sleep(101)
            assert [info.key for info in router.list()] == ["A"]
            assert router.statistics().closed[CloseReason.REAPED] == 4
            assert (stage.running["A"], len(read)) == (1, 3)

        assert read == [str(number) for number in range(10)]
        assert trio.current_time() == 600


class HungStart(Talker):
    """B's never starts."""

    async def started(self) -> None:
        if self.key == "B":
            try:
                await trio.sleep_forever()
            finally:
                self.stage.stopped.append("B")
        self.stage.started.append(self.key)


@seeds(500)
async def test_s17_a_start_that_hangs_is_bounded_and_holds_up_no_other() -> None:
    """B's senders are told after the time for a start; all else goes on meanwhile."""
    limits = Limits(sessions=100, turns=1, start_within=5, idle=2)
    async with open_stage(HungStart, limits=limits) as (stage, router, *_):
        waiting = [router.send("B", prompt) for prompt in "xy"]
        await settle()
        for key in "CDE":
            assert isinstance(await router.send(key, "z").outcome(), Completed)
        assert router.statistics().sessions == 4
        assert {info.key: info.phase for info in router.list()} == {
            "B": "starting",
            "C": "idle",
            "D": "idle",
            "E": "idle",
        }
        assert trio.current_time() == 0

        await trio.sleep(3)
        assert [info.key for info in router.list()] == ["B"]
        for receipt in waiting:
            outcome = await receipt.outcome()
            assert isinstance(outcome, Failed)
            assert isinstance(outcome.error, SessionStartError)
            assert outcome.error.__cause__ is None
        assert trio.current_time() == 5
        await settle()

        assert router.inspect("B") is None
        assert stage.stopped == ["B"]
        assert sorted(stage.started) == ["C", "D", "E"]


@seeds(500)
async def test_s18_the_router_waits_for_no_turn() -> None:
    """While a system event has its turn, others are served and a stop stops at once."""
    async with open_stage() as (stage, router, *_):
        stopped = router.send("K", "wait:never")
        event = router.send("events", "wait:event")
        users = [router.send(key, "hello") for key in "UVW"]
        await settle()

        assert router.cancel("K", reason="stop")
        assert await stopped.outcome() == Aborted("stop", turn=stopped.turn)
        for receipt in users:
            assert isinstance(receipt.ended, Completed)
        assert (trio.current_time(), event.ended) == (0, None)
        assert stage.running["events"] == 1

        stage.open("event")
        assert isinstance(await event.outcome(), Completed)


class Listener(Talker):
    """Writes down what is spoken before it is answered; that takes five seconds."""

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        if prompt.startswith("audio"):
            with turn.tool("transcribe"):
                await trio.sleep(5)
        await super().play(turn, prompt)


@seeds(20)
async def test_s19_a_message_that_takes_preparing_keeps_its_place() -> None:
    """The text that comes during a transcription waits for it; others do not."""
    async with open_stage(Listener) as (stage, router, *_):
        audio = router.send("K", "audio")
        await trio.sleep(1)
        text = router.send("K", "text")
        await router.send("J", "hello").outcome()
        assert trio.current_time() == 1

        await text.outcome()

        assert trio.current_time() == 5
        assert stage.ended == [("J", "hello"), ("K", "audio"), ("K", "text")]
        assert isinstance(audio.ended, Completed)


@seeds(20)
async def test_s19_a_stop_does_not_wait_for_the_preparing() -> None:
    """A transcription is part of its turn, and is aborted with it, at once."""
    async with open_stage(Listener) as (stage, router, *_):
        audio = router.send("K", "audio")
        text = router.send("K", "text")
        await trio.sleep(2)

        assert router.cancel_all("K")
        assert isinstance(await audio.outcome(), Aborted)
        assert isinstance(await text.outcome(), Withdrawn)

        assert trio.current_time() == 2
        assert stage.begun == [("K", "audio")]
        assert isinstance(await router.send("K", "again").outcome(), Completed)
