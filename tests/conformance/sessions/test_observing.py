"""Repeated messages, bots that talk to each other, and slow watchers: S114 to S116.

What the router can be asked, and what the events say together, is in
`test_sessions_figures.py` (S117 to S120).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Completed,
    PromptAccepted,
    PromptPolicy,
    PromptRepeated,
    Receipt,
    Session,
    SessionEvent,
    Turn,
    open_system,
)
from actors.testing import seeds
from supervision import RouterRef, start_router
from tests.conformance.sessions.conversing import Talker, open_stage

# ------------------------------------------------------------------ delivered twice


@seeds(20)
async def test_s114_a_message_that_is_delivered_twice_has_one_turn() -> None:
    """While it waits, while it runs and afterwards: the same receipt, and an event."""
    async with open_stage() as (stage, router, _, system):
        events = system.subscribe(PromptRepeated)
        before = router.send("k", "wait:before")
        first = router.send("k", "wait:door", id="m1", origin="trigger 1")
        other = router.send("k", "hello", id="m2", origin="trigger 2")

        again = [router.send("k", "wait:door", id="m1")]
        stage.open("before")
        await before.outcome()
        await settle()
        again.append(router.send("k", "wait:door", id="m1", origin="elsewhere"))
        again.append(await router.send_wait("k", "wait:door", id="m1"))
        stage.open("door")
        await other.outcome()
        again.append(router.send("k", "wait:door", id="m1"))

        assert all(each is first for each in again)
        assert [(each.key, each.prompt) for each in events.drain()] == [
            ("k", first.id)
        ] * 4
        assert stage.begun == [("k", "wait:before"), ("k", "wait:door"), ("k", "hello")]
        assert (first.origin, other.origin) == ("trigger 1", "trigger 2")
        assert first.turn != other.turn
        statistics = router.statistics()
        assert (statistics.accepted, statistics.repeated) == (3, 4)


@seeds(20)
async def test_s114_the_same_id_means_something_else_to_another_session() -> None:
    """The window belongs to one key."""
    async with open_stage() as (stage, router, _, _):
        receipts = [router.send(key, "hello", id="m1") for key in ("a", "b")]

        for receipt in receipts:
            assert isinstance(await receipt.outcome(), Completed)

        assert receipts[0] is not receipts[1]
        assert sorted(stage.begun) == [("a", "hello"), ("b", "hello")]


class ShortMemory(Talker):
    """Remembers two ids."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(dedupe=2)


@seeds(20)
async def test_s114_only_so_many_ids_are_remembered() -> None:
    """The oldest goes first, so that the memory is bounded."""
    async with open_stage(ShortMemory) as (stage, router, _, _):
        receipts: dict[str, Receipt[str]] = {}
        for id_ in ("m1", "m2", "m3"):
            receipts[id_] = router.send("k", id_, id=id_)
            await receipts[id_].outcome()

        kept = [router.send("k", id_, id=id_) for id_ in ("m2", "m3")]
        forgotten = router.send("k", "m1", id="m1")
        await forgotten.outcome()

        assert kept == [receipts["m2"], receipts["m3"]]
        assert forgotten is not receipts["m1"]
        assert stage.begun == [("k", each) for each in ("m1", "m2", "m3", "m1")]


# ------------------------------------------------------------------ bots among them

SOFT, HARD = 4, 6
PAUSE = 60.0


@attrs.define
class Guard:
    """Stands before a router where bots may answer bots: counts prompts without people.

    More than `SOFT` of them in a row under one thread: each waits `PAUSE` seconds, and
    a notice says so, once.  More than `HARD`: no more, with a second notice.  A
    person's message counts from 0 again.
    """

    notices: list[str] = attrs.Factory(list[str])
    automatic: Counter[str] = attrs.Factory(Counter[str])  # {thread: in a row}
    refused: int = 0

    def person(self, router: RouterRef[str, str], thread: str, text: str) -> None:
        """A person says something to bot A of this thread."""
        self.automatic[thread] = 0
        router.send(f"{thread}/a", text, origin="person")

    async def bot(
        self, router: RouterRef[str, str], thread: str, to: str, text: str
    ) -> None:
        """A bot says something to another one of this thread."""
        self.automatic[thread] += 1
        count = self.automatic[thread]
        if count > HARD:
            self.refused += 1
            self.notices.append(f"{thread} stopped at {HARD}")
            return
        if count > SOFT:
            if count == SOFT + 1:
                self.notices.append(f"{thread} paused at {SOFT}")
            await trio.sleep(PAUSE)
        router.send(f"{thread}/{to}", text, origin="bot")


@attrs.define
class Room:
    """What the bots share."""

    guard: Guard = attrs.Factory(Guard)
    routers: list[RouterRef[str, str]] = attrs.Factory(list[RouterRef[str, str]])
    turns: Counter[tuple[str, object]] = attrs.Factory(Counter[tuple[str, object]])
    times: list[float] = attrs.Factory(list[float])


class Bot(Session[str, str]):
    """Answers everything, to the other bot of its thread."""

    def __init__(self, room: Room) -> None:
        self.room = room

    async def take_turn(self, turn: Turn[str, str]) -> None:
        thread, _, me = turn.key.partition("/")
        self.room.turns[thread, turn.receipts[0].origin] += 1
        self.room.times.append(trio.current_time())
        other = "b" if me == "a" else "a"
        self.start_soon(
            self.room.guard.bot, self.room.routers[0], thread, other, f"re {me}"
        )


@asynccontextmanager
async def open_room() -> AsyncGenerator[tuple[Room, RouterRef[str, str]]]:
    """Give the room, with a router of bots."""
    async with open_system() as system:
        room = Room()
        room.routers.append(start_router(system, Bot, room))
        yield room, room.routers[0]


@seeds(20)
async def test_s115_two_bots_that_answer_each_other_are_stopped() -> None:
    """Paused with a notice at the soft limit, stopped at the hard one: exactly there.

    A person's message starts the count again, and other threads are not concerned.
    """
    async with open_room() as (room, router):
        guard = room.guard
        guard.person(router, "t", "hello")
        await trio.sleep(1)

        assert room.turns == {("t", "person"): 1, ("t", "bot"): SOFT}
        assert room.times == [0] * (1 + SOFT)
        assert guard.notices == [f"t paused at {SOFT}"]

        await trio.sleep(10 * PAUSE)
        assert room.turns == {("t", "person"): 1, ("t", "bot"): HARD}
        assert room.times[1 + SOFT :] == [PAUSE, 2 * PAUSE]
        assert guard.notices[1:] == [f"t stopped at {HARD}"]
        assert guard.refused == 1

        guard.person(router, "u", "hello")
        guard.person(router, "t", "go on")
        await trio.sleep(20 * PAUSE)
        assert room.turns == {
            ("t", "person"): 2,
            ("t", "bot"): 2 * HARD,
            ("u", "person"): 1,
            ("u", "bot"): HARD,
        }
        assert router.statistics().outcomes == {"Completed": 3 + 3 * HARD}


# ------------------------------------------------------------------ slow watchers


@pytest.mark.parametrize("reading", [False, True])
@seeds(20)
async def test_s116_a_slow_subscriber_holds_up_no_turn(*, reading: bool) -> None:
    """What it misses is counted, and the latest events are the ones it has."""
    slow = 0
    async with open_stage() as (_, router, _, system):
        all_of_them = system.subscribe(SessionEvent, capacity=100_000)
        subscription = system.subscribe(SessionEvent, capacity=10)
        async with trio.open_nursery() as nursery:

            async def read() -> None:
                nonlocal slow
                async for _ in subscription:
                    slow += 1
                    await trio.sleep(3600)

            if reading:
                nursery.start_soon(read)
            for _ in range(5):
                receipts = [router.send(f"k{each}", "say:hello") for each in range(10)]
                for receipt in receipts:
                    assert isinstance(await receipt.outcome(), Completed)
            assert trio.current_time() == 0
            nursery.cancel_scope.cancel()

        every = all_of_them.drain()
        assert all_of_them.dropped == 0
        assert sum(isinstance(each, PromptAccepted) for each in every) == 50
        assert slow == reading
        assert subscription.dropped == len(every) - 10 - slow
        assert subscription.drain() == every[-10:]
