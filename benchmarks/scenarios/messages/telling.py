"""Telling: how fast one actor takes in and handles what others send.

What never waits, `tell_nowait` into a mailbox with room for all, stands beside what
never waits of others, such as Erlang's cast. What waits for room, `await tell` into a
mailbox of the default size, has the next row (`tell_wait`, `fan_in_wait`); it stands
beside queues that are as long, and beside the same cast, because Erlang has no other.
"""

from collections.abc import Mapping
from typing import ClassVar

import trio

from actors import ActorRef, open_system
from benchmarks.load import share
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import LARGE, AsyncCounter, Counter, Counting, produce


class _Tell(Scenario):
    """Tell one counter; the subclasses say how many do, and who counts."""

    counts: ClassVar[Mapping[str, int]] = {"channel": 100_000, "asyncio": 300_000}
    _kind: ClassVar[type[Counter | AsyncCounter]] = Counter
    _producers: ClassVar[int] = 1
    provided = True

    async def ours(self, run: Run) -> None:
        """Producers in tasks beside the actor, in bursts."""
        each = share(run.count, self._producers)
        counting = Counting(each * self._producers)
        async with open_system() as system, trio.open_nursery() as nursery:
            counter = system.start(self._kind, counting, mailbox=LARGE)
            await counter.wait_started()
            with run.timed(counting.goal):
                for _ in range(self._producers):
                    nursery.start_soon(produce, counter, each)
                await counting.done.wait()
        run.equal(counting.total, counting.goal)


class Tell(_Tell):
    """Count what one producer tells without waiting, `tell_nowait` beside `cast`."""

    number = "B3"
    count = 1_000_000
    short = True


class TellAsync(_Tell):
    """The same, counted by an async receive that does not suspend."""

    number = "B1"
    count = 1_000_000
    _kind = AsyncCounter


class FanIn(_Tell):
    """Count what ten producers tell without waiting, `tell_nowait` beside `cast`."""

    number = "B1"
    count = 1_000_000
    short = True
    _producers = 10


class TellWait(Scenario):
    """Count what one producer tells that waits for room: `await tell`."""

    number = "B1"
    count = 600_000
    counts: ClassVar[Mapping[str, int]] = {"channel": 60_000}
    provided = True
    _producers: ClassVar[int] = 1

    async def ours(self, run: Run) -> None:
        """Producers in tasks beside the actor; a default mailbox."""
        each = share(run.count, self._producers)
        counting = Counting(each * self._producers)
        async with open_system() as system, trio.open_nursery() as nursery:
            counter = system.start(Counter, counting)
            await counter.wait_started()
            with run.timed(counting.goal):
                for _ in range(self._producers):
                    nursery.start_soon(_tell_waiting, counter, each)
                await counting.done.wait()
        run.equal(counting.total, counting.goal)


class FanInWait(TellWait):
    """Count what ten producers tell that wait for room: `await tell`."""

    _producers = 10


class FromThreads(Scenario):
    """Count what a foreign thread tells."""

    count = 500_000
    counts: ClassVar[Mapping[str, int]] = {
        "park": 100_000,
        "channel": 50_000,
        "asyncio": 100_000,
    }
    provided = True

    async def ours(self, run: Run) -> None:
        """`tell_from_thread` in a loop, in a thread of Trio's."""
        counting = Counting(run.count)
        async with open_system() as system:
            counter = system.start(Counter, counting, mailbox=LARGE)
            await counter.wait_started()
            with run.timed():
                await trio.to_thread.run_sync(_tell_all, counter, run.count)
                await counting.done.wait()
        run.equal(counting.total, run.count)


async def _tell_waiting(counter: ActorRef[int], count: int) -> None:
    for _ in range(count):
        await counter.tell(1)


def _tell_all(counter: ActorRef[int], count: int) -> None:
    for _ in range(count):
        counter.tell_from_thread(1)
