"""Reaping, eviction and resuming of sessions: scenarios S87 to S90, S93 and S95.

What happens to real processes is in `test_sessions_sigkill.py` (S92) and
`test_sessions_processes.py` (S94).
"""

from __future__ import annotations

from collections import Counter

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    CloseReason,
    Completed,
    Exit,
    SaturatedError,
    Session,
    SessionClosed,
    SessionOpened,
    Turn,
    open_system,
)
from actors.testing import run_seeded, seeds
from supervision import Limits, MemoryTokens, RouterRef, start_router
from tests.conformance.sessions.conversing import SlowStarter, Talker, open_stage

IDLE = 10.0
"""Seconds after which the sessions of these tests are reaped."""


class Single(Talker):
    """Sees that there is never more than one actor of its key, clean-up included."""

    async def started(self) -> None:
        self.stage.running[f"actors of {self.key}"] += 1
        assert self.stage.running[f"actors of {self.key}"] == 1
        await trio.lowlevel.checkpoint()
        self.stage.started.append(self.key)

    async def suspend(self) -> None:
        await trio.lowlevel.checkpoint()

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        await trio.lowlevel.checkpoint()
        self.stage.running[f"actors of {self.key}"] -= 1
        self.stage.stopped.append(self.key)


ROUNDS = 20


async def race_the_reaper() -> tuple[int, int]:
    """Send at the very instant of reaping, `ROUNDS` times.

    Returns how often the old session and how often a successor had the prompt.
    """
    kept = replaced = 0
    async with open_stage(Single, limits=Limits(idle=IDLE)) as (
        stage,
        router,
        _,
        system,
    ):
        events = system.subscribe(SessionOpened, SessionClosed, capacity=1000)
        for number in range(ROUNDS):
            key = f"k{number}"
            first = router.send(key, "first")
            await first.outcome()
            await trio.sleep(IDLE)
            for _ in range(number % 7):  # some steps into the clean-up
                await trio.lowlevel.checkpoint()

            second = router.send(key, "second")
            third = router.send(key, "third")

            with trio.fail_after(IDLE / 2):
                assert await second.outcome() == Completed("second", turn=second.turn)
                assert await third.outcome() == Completed("third", turn=third.turn)
            mine = [each for each in events.drain() if each.key == key]
            opened = sum(isinstance(each, SessionOpened) for each in mine)
            closed = [each.reason for each in mine if isinstance(each, SessionClosed)]
            assert opened in (1, 2)
            assert closed == [CloseReason.REAPED] * (opened - 1)
            info = router.inspect(key)
            assert info is not None
            assert (info.phase, info.queued) == ("idle", 0)
            kept += opened == 1
            replaced += opened == 2
        wanted = [
            (f"k{number}", prompt)
            for number in range(ROUNDS)
            for prompt in ("first", "second", "third")
        ]
        assert stage.begun == stage.ended == wanted
    assert sorted(stage.started) == sorted(stage.stopped)
    return kept, replaced


def test_s87_a_prompt_sent_at_the_instant_of_reaping_is_never_lost() -> None:
    """The old session keeps it or a successor has it: once, in order, never neither.

    Both happen among 10,000 interleavings, and the successor starts only when the old
    one has cleaned up.
    """
    reached = kept = replaced = 0

    for seed in range(500):
        olds, news = run_seeded(race_the_reaper, seed=seed)
        reached += olds + news
        kept += olds
        replaced += news

    assert reached >= 10_000
    assert kept > 0
    assert replaced > 0


@seeds(500)
async def test_s88_a_busy_or_queued_session_is_neither_reaped_nor_evicted() -> None:
    """One that waits for a permission, for a slot or with a queue counts as busy."""
    async with open_stage(limits=Limits(sessions=3, turns=2, idle=IDLE)) as (
        stage,
        router,
        _,
        system,
    ):
        closed = system.subscribe(SessionClosed)
        asking = router.send("asking", "tool:permission")
        working = [router.send("working", each) for each in ("wait:door", "more")]
        await settle()
        waiting = router.send("waiting", "slotless")

        await trio.sleep(5 * IDLE)
        with pytest.raises(SaturatedError) as caught:
            router.send("another", "hello")

        assert (caught.value.key, caught.value.limit) == ("another", 3)
        assert closed.drain() == []
        assert {each.key: each.phase for each in router.list()} == {
            "asking": "tool",
            "working": "running",
            "waiting": "waiting for a slot",
        }
        stage.open("permission", "door")
        for receipt in (asking, *working, waiting):
            assert isinstance(await receipt.outcome(), Completed)
        assert {each.generation for each in router.list()} == {1}
        ready = trio.current_time()

        # now they are idle, and it is their turn to go
        await trio.sleep(IDLE)
        await settle()

        gone = closed.drain()
        assert sorted(each.key for each in gone) == ["asking", "waiting", "working"]
        assert {each.reason for each in gone} == {CloseReason.REAPED}
        assert all(each.at >= ready for each in gone)
        assert router.list() == []


@seeds(20)
async def test_s89_a_fresh_session_is_not_evicted_before_its_first_prompt() -> None:
    """While it starts it is busy, however long it takes, and its prompt is taken."""
    async with open_stage(SlowStarter, limits=Limits(sessions=1, idle=IDLE)) as (
        stage,
        router,
        _,
        _,
    ):
        first = router.send("fresh", "hello")
        await trio.sleep(2 * IDLE)

        with pytest.raises(SaturatedError):
            router.send("other", "too early")
        assert [each.key for each in router.list()] == ["fresh"]

        stage.open("start:fresh", "start:other")
        assert isinstance(await first.outcome(), Completed)
        second = router.send("other", "hello")  # the first one is idle now
        assert isinstance(await second.outcome(), Completed)
        assert stage.begun == [("fresh", "hello"), ("other", "hello")]
        assert [each.key for each in router.list()] == ["other"]


@seeds(20)
async def test_s89_the_used_session_is_evicted_instead_of_the_fresh_one() -> None:
    """Even if the fresh one has never done anything and the used one just has."""
    async with open_stage(SlowStarter, limits=Limits(sessions=2)) as (
        stage,
        router,
        _,
        system,
    ):
        stage.open("start:used", "start:third")
        fresh = router.send("fresh", "hello")
        await trio.sleep(5)
        await router.send("used", "hello").outcome()
        closed = system.subscribe(SessionClosed)

        third = router.send("third", "hello")
        await third.outcome()

        gone = closed.drain()
        assert [(each.key, each.reason) for each in gone] == [
            ("used", CloseReason.EVICTED)
        ]
        assert fresh.ended is None
        stage.open("start:fresh")
        assert isinstance(await fresh.outcome(), Completed)


@seeds(20)
async def test_s90_looking_at_a_session_does_not_keep_it_alive() -> None:
    """`inspect`, `list` and `statistics` show the idle time and do not touch it."""
    async with open_stage(limits=Limits(idle=IDLE)) as (_, router, _, system):
        closed = system.subscribe(SessionClosed)
        await router.send("k", "hello").outcome()
        idle: list[float | None] = []

        for _ in range(int(IDLE)):
            info = router.inspect("k")
            assert info is not None
            assert router.list() == [info]
            assert (router.statistics().sessions, router.statistics().idle) == (1, 1)
            idle.append(info.idle)
            await trio.sleep(1)
        await settle()

        assert idle == pytest.approx([float(each) for each in range(int(IDLE))])
        assert router.inspect("k") is None
        assert router.list() == []
        (gone,) = closed.drain()
        assert gone.reason is CloseReason.REAPED
        assert gone.at == pytest.approx(IDLE)


class Agents:
    """A double of what is behind the sessions: it may forget a conversation."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.made: Counter[str] = Counter()  # {key: conversations begun}

    async def load(self, sid: str) -> None:
        """Go on with a conversation.  Raises LookupError: it is forgotten."""
        await trio.lowlevel.checkpoint()
        if sid not in self.known:
            raise LookupError(sid)

    async def begin(self, key: str) -> str:
        """Begin a conversation; returns its id."""
        await trio.lowlevel.checkpoint()
        self.made[key] += 1
        sid = f"{key}-{self.made[key]}"
        self.known.add(sid)
        return sid


class Resumer(Session[str, str]):
    """Goes on where an earlier session of its key was, or says that it cannot."""

    def __init__(self, agents: Agents) -> None:
        self.agents = agents
        self.sid = ""
        self.lost = False

    async def started(self) -> None:
        if isinstance(self.token, str):
            try:
                await self.agents.load(self.token)
            except LookupError:
                self.lost = True
            else:
                self.sid = self.token
                return
        self.sid = await self.agents.begin(self.key)
        self.bind(self.sid)

    async def take_turn(self, turn: Turn[str, str]) -> str:
        if self.lost:
            self.lost = False
            await turn.emit("history lost")
        await turn.emit(turn.prompt)
        return self.sid


async def read(router: RouterRef[str, str], prompt: str) -> tuple[list[str], object]:
    """Have one prompt answered; returns the chunks and the result."""
    async with router.open_turn("k", prompt) as stream:
        chunks = [chunk async for chunk in stream]
        outcome = await stream.outcome()
    assert isinstance(outcome, Completed)
    return chunks, outcome.result


@seeds(20)
async def test_s93_a_conversation_that_cannot_be_loaded_is_told_lost_once() -> None:
    """A new one is begun, its id replaces the old one, and exactly one notice comes."""
    agents, tokens = Agents(), MemoryTokens()
    async with open_system() as system:
        router = start_router(
            system, Resumer, agents, limits=Limits(idle=IDLE), tokens=tokens
        )
        assert await read(router, "one") == (["one"], "k-1")

        # reaped, and it can be loaded
        await trio.sleep(2 * IDLE)
        assert router.inspect("k") is None
        assert await read(router, "two") == (["two"], "k-1")

        # reaped, and forgotten meanwhile
        await trio.sleep(2 * IDLE)
        agents.known.clear()
        assert await read(router, "three") == (["history lost", "three"], "k-2")
        assert await read(router, "four") == (["four"], "k-2")
        assert tokens.load() == {"k": "k-2"}

        # the new one can be loaded again
        await trio.sleep(2 * IDLE)
        assert await read(router, "five") == (["five"], "k-2")
    assert agents.made == {"k": 2}
    assert tokens.load() == {"k": "k-2"}


class Forgetful(Talker):
    """Writes down the order of suspensions."""

    async def suspend(self) -> None:
        self.stage.stopped.append(self.key)


@pytest.mark.parametrize("keys", ["bac", "abc", "cba"])
@seeds(20)
async def test_s95_of_equally_old_sessions_the_one_used_first_goes_first(
    keys: str,
) -> None:
    """All were last used at the same time: the order of use decides, in every run."""
    async with open_stage(Forgetful, limits=Limits(sessions=3)) as (
        stage,
        router,
        _,
        system,
    ):
        events = system.subscribe(SessionClosed)
        for key in keys:
            await router.send(key, "hello").outcome()
        assert len({each.last_activity for each in router.list()}) == 1

        for key in ("x", "y", "z"):
            await router.send(key, "hello").outcome()

        gone = [(each.key, each.reason) for each in events.drain()]
        assert gone == [(key, CloseReason.EVICTED) for key in keys]
        assert stage.stopped == list(keys)
        assert sorted(each.key for each in router.list()) == ["x", "y", "z"]


async def evict_after_a_tie() -> tuple[list[str], list[str]]:
    """Have three sessions become idle together, then evict them one after the other."""
    async with open_stage(limits=Limits(sessions=3)) as (stage, router, _, system):
        events = system.subscribe(SessionClosed, capacity=1000)
        receipts = [router.send(key, "wait:door") for key in "bac"]
        await settle()
        stage.open("door")
        for receipt in receipts:
            await receipt.outcome()
        for key in ("x", "y", "z"):
            await router.send(key, "hello").outcome()
        gone = [each.key for each in events.drain()]
    return [key for key, _ in stage.finals[:3]], gone


def test_s95_a_tie_after_a_common_end_is_broken_by_the_order_of_the_ends() -> None:
    """The scheduler decides in which order turns end, and nothing else does."""
    for seed in range(50):
        ended, gone = run_seeded(evict_after_a_tie, seed=seed)

        assert sorted(ended) == ["a", "b", "c"]
        assert gone == ended
