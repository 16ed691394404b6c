"""A loop that stood still: its silence is not the turn's.

By hand, where a clock that is moved at once is a loop that was blocked; and with Trio,
whose clock is moved under a task that does not let go of the loop.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from trio.testing import MockClock

from actors import (
    Aborted,
    Completed,
    Limit,
    Outcome,
    Session,
    TimedOut,
    Turn,
    TurnPolicy,
    open_system,
)
from actors._sessions.turns.clocks import SOON
from actors._sessions.turns.looks import GAP, Fair
from actors._sessions.turns.watchdog import GiveUp, Over, Stalled, Unread, Watchdog
from actors.testing import seeds
from supervision import Limits, start_router
from tests.sessions.turns.double import HandClock
from tests.sessions.turns.test_clocks import made

POLICY = TurnPolicy(
    time_limit=100.0, inactivity=20.0, abort_grace=10.0, alive_every=50.0, stalls=()
)


def test_what_is_late_is_looked_at_twice() -> None:
    """Between the two everybody has a turn of the loop; a sign is in time then."""
    clocks, run, house = made(POLICY)
    house.clock.jump(20.5)
    assert run.said == []
    run.signed_at = 20.5
    house.clock.move(20.5 + SOON)
    assert run.said == []
    assert house.clock.armed == [40.5]

    house.clock.jump(40.9)
    house.clock.move(40.9 + SOON)
    assert run.said == [(40.9 + SOON, Over(Limit.INACTIVITY))]
    del clocks


def test_what_is_in_time_is_judged_at_once() -> None:
    """Nothing can have come meanwhile."""
    _, run, house = made(POLICY)
    house.clock.move(20.0)

    assert run.said == [(20.0, Over(Limit.INACTIVITY))]


def test_a_gap_begins_the_silence_anew() -> None:
    """The turn has all of its time to say something."""
    _, run, house = made(POLICY)
    house.clock.jump(1000.0)

    assert run.said == []
    assert house.clock.armed == [1020.0]
    house.clock.move(1020.0)
    assert run.said == [(1020.0, Over(Limit.INACTIVITY))]


def test_the_other_clocks_have_the_time_back() -> None:
    """All of it, if it is longer than what the loop was known to run; else the rest."""
    clocks, run, house = made(POLICY)
    clocks.tool_begins("t", 0.0)
    house.clock.jump(53.0)  # the question whether it lives was due at 50
    run.signed_at = 53.0
    house.clock.move(53.0 + SOON)
    assert clocks.watch._started == 3.0
    house.clock.move(90.0)
    house.clock.jump(9000.0)

    gap = 9000.0 - clocks.watch._started
    assert clocks.watch.next() > 9000.0
    assert gap < 100.0


@pytest.mark.parametrize("late", [0.5, 5.0])
def test_an_end_is_waited_for_in_time_that_ran(late: float) -> None:
    """A turn that was told to end while the loop stood still can still do so."""
    clocks, run, house = made(POLICY)
    clocks.end_within_grace()
    house.clock.jump(10.0 + late)
    assert run.said == []
    house.clock.move(99.0)

    assert [said for _, said in run.said] == [GiveUp()]
    assert run.said[0][0] >= 10.0 + late + SOON


def test_a_loop_that_is_always_late_ends_a_turn_all_the_same() -> None:
    """Its time limit does not run away, though it comes later."""
    _, run, house = made(POLICY)
    while house.clock.armed and house.now() < 10_000:
        house.clock.jump(house.clock.armed[0] + 2.0)

    overs = [(at, said) for at, said in run.said if isinstance(said, Over)]
    assert [said for _, said in overs] == [Over(Limit.TIME)]
    assert overs[0][0] < 150.0


def test_forgiving_is_a_sum() -> None:
    """Silence from now on, paused or not; the others later by what is lost."""
    dog = Watchdog(TurnPolicy(inactivity=20, stalls=(5,), tool_limit=30), 0.0)
    dog.tool_begins(10.0, "t")
    dog.forgive(100.0, 85.0)
    assert dog.look(100.0) == []
    dog.tool_ends(101.0, "t")
    assert dog.next() == 106.0
    dog.forgive(200.0, 94.0)
    assert dog.next() == 205.0
    assert dog.look(205.0) == [Stalled(5)]


def test_what_was_known_to_run_is_not_given_back() -> None:
    """The loop ran at 20, for the latest sign: from there on the time is lost."""
    clocks, run, house = made(POLICY)
    house.clock.move(15.0)
    run.signed_at = 15.0
    house.clock.move(20.0)
    assert house.clock.armed == [35.0]

    house.clock.jump(60.0)

    assert run.said == []
    assert clocks.watch.left(60.0)["time"] == 100.0 + 40.0 - 60.0


def test_whoever_waits_for_a_reader_has_the_time_back() -> None:
    """The reader had no chance to read."""
    dog = Watchdog(TurnPolicy(reader_limit=30, alive_every=100), 0.0)
    dog.waits(5.0)

    dog.forgive(30.0, 20.0)

    assert dog.next() == 55.0
    assert dog.look(54.0) == []
    assert dog.look(55.0) == [Unread()]


def test_held_limits_have_a_gap_back_once() -> None:
    """Not for the gap, and again for the hold."""
    dog = Watchdog(POLICY, 0.0)
    dog.hold(10.0)
    dog.forgive(25.0, 5.0)
    dog.release(30.0)

    assert dog.left(30.0)["time"] == 100.0 - 10.0


def test_an_end_has_a_gap_back() -> None:
    """Whoever is to end could not."""
    dog = Watchdog(POLICY, 0.0)
    dog.ending(20.0)

    dog.forgive(27.0, 5.0)

    assert dog.left(27.0) == {"grace": 8.0}
    assert dog.next() == 35.0


def test_a_fair_timer_is_set_anew_after_a_gap() -> None:
    """A small delay is none; and it can be taken back at any time."""
    clock = HandClock()
    calls: list[float] = []
    host: Any = clock

    def call() -> None:
        calls.append(clock.now())

    Fair(host, 5.0, call)
    clock.jump(5.0 + GAP)
    assert calls == [6.0]
    timer = Fair(host, 5.0, call)
    clock.jump(50.0)
    assert calls == [6.0]
    assert clock.armed == [55.0]
    clock.move(55.0)
    assert calls == [6.0, 55.0]
    timer = Fair(host, 5.0, call)
    clock.jump(90.0)
    timer.cancel()
    clock.move(999.0)
    assert calls == [6.0, 55.0]


# ------------------------------------------------------------------------ with Trio


class Reads(Session[str, str]):
    """Passes on what comes through a pipe; a task reads it, another has the turn."""

    pipe: ClassVar[Any]
    asked: ClassVar[int] = 0
    answers: ClassVar[bool] = True
    turns: ClassVar[TurnPolicy] = TurnPolicy(
        time_limit=60, inactivity=5, alive_every=2, abort_grace=3, stalls=()
    )

    async def started(self) -> None:
        """Take a moment, if the key says so."""
        if self.key == "slow":
            await trio.sleep(2)

    async def alive(self) -> bool:
        """Take a moment, which may be that in which the loop stands still."""
        Reads.asked += 1
        await trio.sleep(0.5)
        return True

    async def take_turn(self, turn: Turn[str, str]) -> str:
        send, receive = trio.open_memory_channel[str](0)
        turn.start_soon(self.read, send)
        async with receive:
            async for word in receive:
                await turn.emit(word)
        return "done"

    async def read(self, send: trio.MemorySendChannel[str]) -> None:
        """Read what comes."""
        async with send:
            async for word in self.pipe:
                await send.send(word)


def stand_still(seconds: float) -> None:
    """Let time pass while nobody else runs."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    clock.jump(seconds)


async def talk(send: trio.MemorySendChannel[str]) -> None:
    """Say something each second; the loop stands still now and then."""
    async with send:
        for number in range(20):
            await trio.sleep(1)
            send.send_nowait(str(number))
            if number % 5 == 4:
                stand_still(5.0 if number % 10 == 4 else 7200.0)


@seeds(5)
async def test_a_lively_turn_is_not_timed_out_by_a_blocked_loop() -> None:
    """What it said meanwhile is read first; a pause of hours is nobody's."""
    send, Reads.pipe = trio.open_memory_channel[str](99)
    async with open_system() as system, trio.open_nursery() as nursery:
        router = start_router(system, Reads)
        nursery.start_soon(talk, send)

        assert await router.send("k", "go").outcome() == Completed("done", turn=1)


@seeds(5)
async def test_a_silent_turn_is_timed_out_after_it() -> None:
    """In its own time."""
    send, Reads.pipe = trio.open_memory_channel[str](99)
    async with open_system() as system, send:
        router = start_router(system, Reads)
        receipt = router.send("k", "go")
        await trio.sleep(1)
        stand_still(3600)
        begun = trio.current_time()
        outcome: Outcome = await receipt.outcome()

        assert outcome == TimedOut(Limit.INACTIVITY, turn=1)
        assert 4 < trio.current_time() - begun < 6


@seeds(5)
@pytest.mark.parametrize("when", [0.1, 2.2, 2.4])
async def test_a_session_is_not_dead_because_the_loop_was(when: float) -> None:
    """A question whose answer had no chance to come is asked again."""
    send, Reads.pipe = trio.open_memory_channel[str](99)
    Reads.asked = 0
    async with open_system() as system:
        router = start_router(system, Reads)
        receipt = router.send("k", "go")
        await trio.sleep(when)
        stand_still(30)
        for _ in range(5):
            await trio.sleep(1)
            send.send_nowait("word")
        send.close()

        assert await receipt.outcome() == Completed("done", turn=1)
        assert Reads.asked >= 1


@seeds(5)
async def test_a_start_and_a_soft_abort_have_their_time_too() -> None:
    """Both are counted anew when the loop stood still at their ends."""
    send, Reads.pipe = trio.open_memory_channel[str](99)
    async with open_system() as system:
        router = start_router(system, Reads, limits=Limits(start_within=3))
        receipt = router.send("slow", "go")
        await trio.sleep(1)
        stand_still(100)
        await trio.sleep(2)
        assert receipt.turn == 1
        router.abort(1, hard=False, within=4, reason="late")
        stand_still(100)
        await trio.sleep(1)
        send.close()
        outcome = await receipt.outcome()

    assert isinstance(outcome, Completed)
    assert outcome.interrupted == ""
    assert not isinstance(outcome, Aborted)
