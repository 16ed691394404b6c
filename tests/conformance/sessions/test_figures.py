"""What the router tells, and whether it adds up: scenarios S117 to S120."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Bounded,
    CloseReason,
    Completed,
    Exit,
    OutOfTurn,
    PromptAccepted,
    PromptEnded,
    PromptPolicy,
    PromptRefused,
    QueueFullError,
    Receipt,
    RefusedError,
    SessionClosed,
    SessionEvent,
    SessionOpened,
    Turn,
    TurnEnded,
    TurnPolicy,
    TurnStarted,
)
from actors.testing import run_seeded, seeds
from supervision import Limits, RestartLimit, RouterRef
from tests.conformance.sessions.conversing import (
    ScriptError,
    SlowStarter,
    Talker,
    open_stage,
)


class Crashing(Talker):
    """Crashes by its own child task with the prompt "crash"; its queue is short."""

    turns = TurnPolicy(time_limit=50, drain_window=1)
    prompts = PromptPolicy(capacity=3, steering_capacity=2)

    async def play(self, turn: Turn[str, str], prompt: str) -> None:
        if prompt == "crash":
            self.start_soon(self._crash)
            await trio.sleep_forever()
        await super().play(turn, prompt)

    async def _crash(self) -> None:
        raise ScriptError(self.key)


@seeds(20)
async def test_s117_the_figures_agree_with_the_outcomes_and_events() -> None:
    """Counts by outcome and error, waits, times of turns, chunks, sessions, crashes."""
    limits = Limits(sessions=100, turns=2, idle=1000)
    async with open_stage(Crashing, limits=limits) as (stage, router, _, system):
        events: Any = system.subscribe(SessionEvent, capacity=10_000)
        refused: Counter[str] = Counter()
        receipts: list[Receipt[str]] = []
        for key, prompt in (
            ("a", "say:x say:y"),
            ("a", "sleep:3"),
            ("b", "fail:why"),
            ("b", "wait:never"),  # until its time is over
            ("c", "crash"),
            ("c", "sleep:2"),
            ("c", "hello"),
            ("c", "withdrawn"),
            ("c", "one too many"),
        ):
            try:
                receipts.append(router.send(key, prompt))
            except QueueFullError as error:
                refused[type(error).__name__] += 1
        receipts[-1].withdraw()
        for receipt in receipts:
            await receipt.outcome()
        await settle()

        told = events.drain()
        figures = router.statistics()
        ended = [each.ended for each in receipts]
        assert figures.accepted == len(receipts)
        assert figures.outcomes == Counter(type(each).__name__ for each in ended)
        assert set(figures.outcomes) == {"Completed", "Failed", "TimedOut", "Withdrawn"}
        assert figures.refused == refused == {"QueueFullError": 1}
        assert figures.closed == {CloseReason.CRASHED: 1}
        assert (figures.chunks, figures.unread) == (2, 2)
        assert (figures.queued, figures.turns_running, figures.turns_waiting) == (
            0,
            0,
            0,
        )
        assert (figures.sessions, figures.idle) == (3, 3)
        assert figures.slots == 2

        seconds: defaultdict[str, float] = defaultdict(float)
        for event in told:
            if isinstance(event, TurnEnded):
                seconds[type(event.outcome).__name__] += event.seconds
        assert figures.turn_seconds == pytest.approx(dict(seconds))
        waits = [each.waited for each in told if isinstance(each, PromptEnded)]
        assert figures.wait_seconds == pytest.approx(sum(waits))
        assert figures.wait_longest == pytest.approx(max(waits))
        opened = [each for each in told if isinstance(each, SessionOpened)]
        assert figures.opened == len(opened) == 4
        closed = [each.reason for each in told if isinstance(each, SessionClosed)]
        assert figures.closed == Counter(closed)
        assert stage.running.total() == 0


def phase_of(router: RouterRef[str, str], key: str) -> str | None:
    """What the router knows of a session; None: nothing."""
    info = router.inspect(key)
    return info.phase if info is not None else None


class Draining(SlowStarter):
    """Waits for late chunks, and takes its time to clean up."""

    turns = TurnPolicy(drain_window=5)

    async def turn_ended(self, turn: Turn[str, str], outcome: object) -> None:
        del turn, outcome
        await trio.sleep(2)

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        await trio.sleep(2)


@seeds(20)
async def test_s118_a_session_is_shown_in_each_of_its_phases() -> None:
    """By the router alone: also one that starts, is deaf or cleans up."""
    async with open_stage(Draining, limits=Limits(turns=1, idle=100)) as (
        stage,
        router,
        _,
        _,
    ):
        assert router.inspect("k") is None
        receipt = router.send("k", "tool:search hang:door", tenant="alice")
        queued = [router.send("k", "hello") for _ in range(2)]
        await trio.sleep(1)
        assert phase_of(router, "k") == "starting"

        stage.open("start:k", "start:other")
        await trio.sleep(3)
        info = router.inspect("k")
        assert info is not None
        assert (info.key, info.tenant, info.generation) == ("k", "alice", 1)
        assert (info.phase, info.tool, info.turn) == ("tool", "search", receipt.turn)
        assert (info.queued, info.steering, info.children, info.asides) == (2, 0, 0, 0)
        assert (info.age, info.idle, info.last_activity) == (4, None, 3)

        other = router.send("other", "hello")
        router.steer("k", "listen")
        stage.open("search")
        await trio.sleep(1)
        info = router.inspect("k")
        assert info is not None
        assert (info.phase, info.tool, info.steering) == ("running", None, 1)
        assert (info.idle, info.last_activity) == (None, 1)
        assert phase_of(router, "other") == "waiting for a slot"
        assert [each.key for each in router.list()] == ["k", "other"]

        stage.open("door")
        await trio.sleep(1)
        assert phase_of(router, "k") == "draining"
        await trio.sleep(5)
        assert phase_of(router, "k") == "ending"
        for each in (receipt, other, *queued):
            assert isinstance(await each.outcome(), Completed)
        await settle()
        idle_since = trio.current_time()
        await trio.sleep(7)
        info = router.inspect("k")
        assert info is not None
        assert (info.turn, info.queued, info.tool) == (None, 0, None)
        assert info.idle == pytest.approx(trio.current_time() - idle_since)

        assert router.close("k").known
        await settle()
        assert phase_of(router, "k") in ("closing", None)
        await trio.sleep(5)
        assert router.inspect("k") is None


SCRIPTS = ["hello", "say:x", "sleep:1", "fail:w", "crash", "tool:t", "point", "hang:h"]


@attrs.define
class Actions:
    """What a random user does."""

    chance: random.Random
    receipts: list[Receipt[str]] = attrs.Factory(list[Receipt[str]])
    refused: int = 0

    async def act(self, router: RouterRef[str, str]) -> None:  # noqa: C901 - a list
        """Do something to some session."""
        key = self.chance.choice("abc")
        prompt = self.chance.choice(SCRIPTS)
        some = self.chance.choice(self.receipts) if self.receipts else None
        try:
            match self.chance.randrange(14):
                case 0 | 1 | 2 | 3 | 4:
                    self.receipts.append(router.send(key, prompt))
                case 5:
                    self.receipts.append(router.steer(key, prompt))
                case 6:
                    self.receipts.append(router.follow_up(key, prompt))
                case 7:
                    self.receipts.append(router.ask_aside(key, "sleep:1"))
                case 8 if some is not None:
                    some.withdraw()
                case 9:
                    router.cancel(key, hard=self.chance.random() < 0.5)
                case 10:
                    router.cancel_all(key)
                case 11:
                    self.chance.choice((router.reset, router.close))(key)
                case 12:
                    await trio.sleep(self.chance.choice((1, 1, 30)))
                case _:
                    await trio.lowlevel.checkpoint()
        except RefusedError:
            self.refused += 1


async def act_at_random(seed: int) -> Counter[str]:
    """Some users do as they like; returns how often which outcome came."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    users = [Actions(random.Random(chance.random())) for _ in range(2)]  # noqa: S311
    limits = Limits(sessions=2, turns=2, idle=20, restarts=RestartLimit(2, within=60))
    async with open_stage(Crashing, limits=limits) as (stage, router, _, system):
        events = system.subscribe(SessionEvent, capacity=100_000)
        stage.open("t")
        async with trio.open_nursery() as nursery:

            async def run(user: Actions) -> None:
                for _ in range(12):
                    await user.act(router)

            for user in users:
                nursery.start_soon(run, user)
        stage.open("h")
        if chance.random() < 0.5:
            await router.drain(within=chance.choice((1, 100)))

    assert events.dropped == 0
    return check_pairs(events.drain(), users)


def check_pairs(told: list[Any], users: list[Actions]) -> Counter[str]:
    """Each accepted prompt has one end, each turn that begins ends, and no other."""
    accepted = [each.prompt for each in told if isinstance(each, PromptAccepted)]
    ended = [each.prompt for each in told if isinstance(each, PromptEnded)]
    refused = [each.prompt for each in told if isinstance(each, PromptRefused)]
    assert len(set(accepted)) == len(accepted)
    assert sorted(ended) == sorted(accepted)
    assert not set(refused) & set(accepted)
    assert sum(user.refused for user in users) == len(refused)
    begun = [each.turn for each in told if isinstance(each, TurnStarted)]
    over = [each.turn for each in told if isinstance(each, TurnEnded)]
    assert len(set(over)) == len(over)
    assert len(set(begun)) == len(begun)
    assert set(begun) <= set(over)

    # the events and the receipts tell the same
    receipts = {each.id: each for user in users for each in user.receipts}
    assert sorted(receipts) == sorted(accepted)
    place = {each.prompt: n for n, each in enumerate(told) if type(each) is PromptEnded}
    for n, each in enumerate(told):
        if isinstance(each, PromptAccepted):
            assert n < place[each.prompt]
        elif isinstance(each, PromptEnded):
            assert receipts[each.prompt].ended is each.outcome
    return Counter(type(each.ended).__name__ for each in receipts.values())


def test_s119_every_accepted_prompt_has_one_end_in_the_event_log() -> None:
    """Whatever two users do to three sessions, in 500 seeded runs."""
    outcomes: Counter[str] = Counter()

    for seed in range(500):
        try:
            outcomes += run_seeded(act_at_random, seed, seed=seed)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise

    assert {"Completed", "Aborted", "Failed", "Withdrawn", "Lost"} <= set(outcomes)


class Connected(Talker):
    """What comes over a connection that all turns share is brought by the test."""

    turns = TurnPolicy(drain_window=5)
    latest: ClassVar[list[Connected]] = []

    async def started(self) -> None:
        self.latest[:] = [self]


def bring(turn: int | None, *chunks: str) -> list[bool]:
    """Have the session deliver some chunks; not a checkpoint, so it never waits."""
    return [Connected.latest[0].deliver(turn, chunk) for chunk in chunks]


@seeds(20)
async def test_s120_what_comes_without_a_turn_is_told_and_holds_up_nobody() -> None:
    """It is an event with its key, counted, and in no answer, however much it is."""
    async with open_stage(Connected) as (stage, router, _, system):
        events = system.subscribe(OutOfTurn, capacity=4)
        first = router.send("k", "hello")
        await first.outcome()

        # nobody has asked
        assert bring(None, *"abcdef") == [False] * 6

        assert events.dropped == 2
        assert [(each.key, each.turn, each.chunk) for each in events.drain()] == [
            ("k", None, chunk) for chunk in "cdef"
        ]

        # it is a turn's, until its drain window is over
        async with router.open_turn("k", "wait:door") as stream:
            await settle()
            assert bring(stream.turn, "a", "b") == [True, True]
            assert bring(first.turn, "x") == [False]
            stage.open("door")
            await settle()
            assert bring(stream.turn, "c") == [True]
            assert [chunk async for chunk in stream] == ["a", "b", "c"]
            assert bring(stream.turn, "y") == [False]

        # nor is it credited to the next one
        async with router.open_turn("k", "say:own") as later:
            await settle()
            assert bring(stream.turn, "z") == [False]
            assert [chunk async for chunk in later] == ["own"]
        assert [(each.turn, each.chunk) for each in events.drain()] == [
            (first.turn, "x"),
            (stream.turn, "y"),
            (stream.turn, "z"),
        ]
        assert router.statistics().out_of_turn == 9


@seeds(20)
async def test_s120_a_reader_that_is_behind_does_not_hold_up_the_connection() -> None:
    """What its stream has no room for is told as out of turn, and counted."""
    async with open_stage(Connected) as (stage, router, _, system):
        events = system.subscribe(OutOfTurn)
        async with router.open_turn("k", "wait:door", stream=Bounded(2)) as stream:
            await settle()

            assert bring(stream.turn, "a", "b", "c") == [True, True, False]

            stage.open("door")
            assert [chunk async for chunk in stream] == ["a", "b"]
        assert [(each.turn, each.chunk) for each in events.drain()] == [
            (stream.turn, "c")
        ]
