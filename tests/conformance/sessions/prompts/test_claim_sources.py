"""Sessions, part 2: many ways to a session, and still one turn at a time.

Timers, other actors and lanes are ways in; so is a message that meets the reaper.  The
numbers are those of our list of scenarios.
"""

from __future__ import annotations

import attrs
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Actor,
    CloseReason,
    Completed,
    Failed,
    Outcome,
    Session,
    Turn,
    Withdrawn,
)
from actors.testing import seeds
from supervision import Limits, RouterRef, start_router
from tests.conformance.sessions.conversing import ScriptError, Talker, open_stage


async def pause(steps: int) -> None:
    """Let the others run so many times."""
    for _ in range(steps):
        await trio.lowlevel.checkpoint()


class Historian(Talker):
    """Answers with all prompts that its state knows of, joined by "+"."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await super().take_turn(turn)
        return "+".join(turn.state)


@attrs.frozen
class Beat:
    """The heart of a session."""


class Lively(Talker):
    """Has a heartbeat after a second, and continues by itself after its first turn."""

    def started(self) -> None:
        self.after(1, Beat())

    def handle(self, message: object) -> None:
        if isinstance(message, Beat):
            self.follow_up("heartbeat sleep:1")

    async def take_turn(self, turn: Turn[str, str]) -> str:
        answer = await super().take_turn(turn)
        if turn.prompt.startswith("first"):
            self.follow_up("continuation sleep:1")
        return answer


class Bell(Actor[str]):
    """A source of system events: sends what it is told on to session K."""

    def __init__(self, router: RouterRef[str, str]) -> None:
        self.router = router

    def receive(self, message: str) -> None:
        self.router.send("K", message)


@seeds(500)
async def test_s07_turns_of_five_sources_run_one_at_a_time() -> None:
    """User, cron, heartbeat, system event and continuation share one mailbox."""
    async with open_stage(Lively) as (stage, router, _log, system):
        bell = system.start(Bell, router)
        router.send("K", "first sleep:1")

        async def at_1(prompt: str, job: str | None) -> None:
            await trio.sleep(1)
            router.send("K", prompt, job=job)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(at_1, "user sleep:1", None)
            nursery.start_soon(at_1, "cron sleep:1", "cron")
            await trio.sleep(1)
            bell.tell_nowait("system sleep:1")
        left: list[tuple[str, int]] = []
        for _ in range(5):
            await trio.sleep(0.5)
            info = router.inspect("K")
            assert info is not None
            left.append((info.phase, info.queued))
            await trio.sleep(0.5)
        await settle()

        assert left == [("running", waiting) for waiting in (4, 3, 2, 1, 0)]
        sources = sorted(prompt.split()[0] for _, prompt in stage.begun)
        assert sources == [
            "continuation",
            "cron",
            "first",
            "heartbeat",
            "system",
            "user",
        ]
        assert stage.most == {"K": 1}
        assert router.statistics().outcomes == {"Completed": 6}


class Suspending(Historian):
    """Takes its time to suspend itself."""

    async def suspend(self) -> None:
        await pause(3)
        self.stage.stopped.append(self.key)


@seeds(500)
async def test_s08_a_message_in_the_instant_of_reaping_is_answered() -> None:
    """By the old session or by its successor: no sender hears that there is none."""
    limits = Limits(sessions=100, turns=100, idle=10)
    async with open_stage(Suspending, limits=limits) as (stage, router, *_):

        async def come_back(key: str, steps: int) -> None:
            await router.send(key, "one").outcome()
            await trio.sleep(10)
            await pause(steps)
            outcome = await router.send(key, "two").outcome()
            assert isinstance(outcome, Completed)
            assert outcome.result in {"one+two", "two"}

        keys = [f"K{steps}" for steps in range(6)]
        async with trio.open_nursery() as nursery:
            for steps, key in enumerate(keys):
                nursery.start_soon(come_back, key, steps)
        await trio.sleep(11)

        assert sorted(stage.begun) == sorted(
            (key, prompt) for key in keys for prompt in ("one", "two")
        )
        assert router.statistics().sessions == 0
        assert set(stage.stopped) == set(keys)


@seeds(500)
async def test_s08_a_message_to_a_session_that_is_being_evicted_is_answered() -> None:
    """A newcomer takes its place, and at that moment somebody talks to it again."""
    limits = Limits(sessions=2, turns=100)
    async with open_stage(Suspending, limits=limits) as (stage, router, *_):
        await router.send("K", "hello").outcome()
        await router.send("L", "hello").outcome()
        for steps in range(4):
            await trio.sleep(1)
            fresh = f"L{steps}"

            newcomer = router.send(fresh, "one")  # K is the one that is idle longest
            await pause(steps)
            back = router.send("K", str(steps))

            for receipt in (newcomer, back):
                assert isinstance(await receipt.outcome(), Completed)
            await trio.sleep(1)
            assert isinstance(await router.send(fresh, "two").outcome(), Completed)

        assert [prompt for key, prompt in stage.begun if key == "K"] == [
            "hello",
            *map(str, range(4)),
        ]
        assert router.statistics().refused == {}
        assert router.statistics().closed[CloseReason.EVICTED] >= 4


def cancel_thread(router: RouterRef[str, str], thread: str) -> None:
    """Cancel everything in all lanes of one thread, as an application would."""
    for info in router.list():
        if info.key.rpartition("/")[0] == thread:
            router.cancel_all(info.key, reason="cancelled")


@seeds(20)
async def test_s10_a_key_is_matched_as_a_whole() -> None:
    """To cancel all of thread T1 leaves T10 alone; the key "c:T1" means no lanes."""
    async with open_stage() as (stage, router, *_):
        lanes = ["c:T1/ann", "c:T1/bob", "c:T10/ann", "c:T10/bob"]
        running = {lane: router.send(lane, "wait:door") for lane in lanes}
        queued = {lane: router.send(lane, "next") for lane in lanes}
        await settle()

        assert not router.cancel_all("c:T1")
        await settle()
        assert stage.running == dict.fromkeys(lanes, 1)

        cancel_thread(router, "c:T1")
        for lane in lanes[:2]:
            assert isinstance(await running[lane].outcome(), Aborted)
            assert isinstance(await queued[lane].outcome(), Withdrawn)
        await settle()
        assert sorted(stage.ended) == [(lane, "wait:door") for lane in lanes[:2]]

        stage.open("door")
        for lane in lanes[2:]:
            assert isinstance(await running[lane].outcome(), Completed)
            assert isinstance(await queued[lane].outcome(), Completed)


class Lane(Session[str, str]):
    """The lane of one sender in a thread: hands its prompts to the thread's agent."""

    def __init__(self, agents: RouterRef[str, str]) -> None:
        self.agents = agents

    async def take_turn(self, turn: Turn[str, str]) -> object:
        thread, _, sender = turn.key.rpartition("/")
        return await self.agents.send(thread, turn.prompt, origin=sender).outcome()


@seeds(500)
async def test_s11_two_lanes_of_one_agent_never_overlap() -> None:
    """Both are ready at once; the agent takes their prompts one after the other."""
    async with open_stage() as (stage, agents, _log, system):
        lanes = start_router(system, Lane, agents, name="lanes")
        outcomes: list[tuple[str, Outcome]] = []

        async def talk(sender: str) -> None:
            receipts = [lanes.send(f"T/{sender}", f"{sender}{n} sleep:1") for n in "12"]
            outcomes.extend([(sender, await receipt.outcome()) for receipt in receipts])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk, "ann")
            nursery.start_soon(talk, "bob")
            await trio.sleep(0.5)
            assert lanes.statistics().turns_running == 2
            assert agents.statistics().turns_running == 1

        assert stage.most == {"T": 1}
        assert trio.current_time() == 4
        for sender in ("ann", "bob"):
            theirs = [f"{sender}{number} sleep:1" for number in "12"]
            begun = [prompt for _, prompt in stage.begun if prompt.startswith(sender)]
            assert begun == theirs
            answers = [outcome for whose, outcome in outcomes if whose == sender]
            assert [
                answer.result.result
                for answer in answers
                if isinstance(answer, Completed)
            ] == theirs


class Clumsy(Historian):
    """Fails in several ways."""

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        await super().play(turn, prompt)
        match prompt:
            case "group":
                raise ExceptionGroup("both", [ScriptError("one"), ScriptError("two")])
            case "task":
                turn.start_soon(self.stumble)
                await self.stage.wait("never")
            case _:
                pass

    async def stumble(self) -> None:
        """Fail as a task of the turn."""
        await trio.lowlevel.checkpoint()
        raise ScriptError("task")


@seeds(500)
async def test_s12_a_turn_that_raises_costs_nothing_but_itself() -> None:
    """One failed outcome; its slot is free, its state undone, its session goes on."""
    async with open_stage(Clumsy, limits=Limits(turns=1)) as (stage, router, *_):
        ways = ["fail:body", "group", "task"]
        failing = [router.send(way, way) for way in ways]
        after = [router.send(way, "next") for way in ways]

        errors: list[BaseException] = []
        for receipt in failing:
            outcome = await receipt.outcome()
            assert isinstance(outcome, Failed)
            errors.append(outcome.error)
        for receipt in after:
            outcome = await receipt.outcome()
            assert isinstance(outcome, Completed)
            assert outcome.result == "next"
        await settle()

        assert [type(error) for error in errors] == [
            ScriptError,
            ExceptionGroup,
            ScriptError,
        ]
        for way in ways:
            finals = [type(outcome) for key, outcome in stage.finals if key == way]
            assert finals == [Failed, Completed]
        statistics = router.statistics()
        assert statistics.outcomes == {"Failed": 3, "Completed": 3}
        assert (statistics.turns_running, statistics.turns_waiting) == (0, 0)
        assert (statistics.closed, stage.most_in_all) == ({}, 1)  # none crashed
