"""Neighbours: what busy, waiting and flooded actors do to everybody else."""

from collections.abc import Mapping
from functools import partial
from typing import ClassVar

import attrs
import trio

from actors import Actor, ActorSystem, open_system
from benchmarks.load import (
    ASKING,
    BURST,
    CALM,
    CLIENTS,
    FLOODED,
    NAP,
    SPIN,
    middle,
    share,
    spin,
    tail,
)
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from benchmarks.scenarios.cast import (
    LARGE,
    AsyncEcho,
    Counting,
    Echo,
    SuspendingWorker,
    Worker,
    tell_in_turn,
)
from benchmarks.scenarios.messages.asking import timed_asks


class Sleeper(Actor[str]):
    """Never comes back from its first message."""

    async def receive(self, message: str) -> None:
        """Wait for ever."""
        del message
        await trio.sleep_forever()


async def _tell_many(
    run: Run, system: ActorSystem, kind: type[Worker | SuspendingWorker], actors: int
) -> float:
    """Tell actors in turn until each has its share; return messages per second."""
    counting = Counting(share(run.count, actors) * actors)
    workers = [system.start(kind, counting) for _ in range(actors)]
    await workers[-1].wait_started()
    started = clock()
    await tell_in_turn(workers, run.count)
    await counting.done.wait()
    seconds = clock() - started
    run.equal(counting.total, counting.goal)
    for worker in workers:
        worker.stop()
    return counting.goal / seconds


class Busy(Scenario):
    """Tell a thousand actors in turn beside one in a long await.

    `throughput_ratio` is the speed beside it over the speed without it.
    """

    number = "B22"
    count = 400_000
    counts: ClassVar[Mapping[str, int]] = {"pykka": 20_000}
    short = True
    provided = True
    _actors: ClassVar[int] = 1_000

    async def ours(self, run: Run) -> None:
        """First alone, then beside the sleeper, which is figure."""
        async with open_system() as system:
            alone = await _tell_many(run, system, Worker, self._actors)
            sleeper = system.start(Sleeper)
            sleeper.tell_nowait("sleep")
            beside = await _tell_many(run, system, Worker, self._actors)
            run.equal(sleeper.exit, None, "the exit of the sleeper")
            sleeper.kill()
        total = share(run.count, self._actors) * self._actors
        run.elapsed(total / beside, total)
        run.note(throughput_ratio=beside / alone)


class Suspend(Scenario):
    """Tell a hundred actors in turn that suspend once for each message."""

    count = 100_000
    floor = "channel"
    provided = True

    async def ours(self, run: Run) -> None:
        """An async receive with a checkpoint."""
        async with open_system() as system:
            speed = await _tell_many(run, system, SuspendingWorker, CLIENTS)
        total = share(run.count, CLIENTS) * CLIENTS
        run.elapsed(total / speed, total)


@attrs.define(eq=False)
class Switch:
    """Turns all spinners off."""

    on: bool = True


class Spinner(Actor[int]):
    """Tells itself the next number as long as the switch is on."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch

    def receive(self, message: int) -> None:
        """Go on."""
        if self.switch.on:
            self.ref.tell_nowait(message + 1)


class _Latency(Scenario):
    """Asks of one client while other actors never rest.

    The samples are of a plain `receive`, which an idle actor may run in the asking
    task. `async_p50_us` and `async_p99_us` are of an async one. Each is asked as often
    as the count says, or for a second.
    """

    number = "B12"
    family = "latency under load"
    count = 20_000
    unit = MICROSECONDS
    provided = True

    async def ours(self, run: Run) -> None:
        """The others tell themselves the next message."""
        switch = Switch()
        async with open_system() as system:
            spinners = [system.start(Spinner, switch) for _ in range(self.size)]
            echo, async_echo = system.start(Echo), system.start(AsyncEcho)
            await async_echo.wait_started()
            for spinner in spinners:
                spinner.tell_nowait(0)
            samples = await timed_asks(echo, run.count, until=clock() + ASKING)
            asked = await timed_asks(async_echo, run.count, until=clock() + ASKING)
            switch.on = False
            busy = [each for each in spinners if each.exit is None]
        run.equal(len(busy), self.size, "those who were busy to the end")
        run.samples(samples)
        run.note(async_p50_us=middle(asked), async_p99_us=tail(asked))


class Latency0(_Latency):
    """The latency of an ask with nobody else running."""

    name = "latency_0"
    size = 0


class Latency10(_Latency):
    """The latency of an ask while 10 others always have something to do."""

    name = "latency_10"
    size = 10


class Latency100(_Latency):
    """The latency of an ask while 100 others always have something to do."""

    name = "latency_100"
    size = 100
    counts: ClassVar[Mapping[str, int]] = {"erlang": 5_000}


class Latency1000(_Latency):
    """The latency of an ask while 1,000 others always have something to do."""

    name = "latency_1000"
    size = 1_000
    counts: ClassVar[Mapping[str, int]] = {"erlang": 1_000}


class Spinning(Actor[int]):
    """Computes for 5 us for each message."""

    mailbox = LARGE

    def __init__(self, counting: Counting) -> None:
        self.counting = counting

    def receive(self, message: int) -> None:
        """Compute and count."""
        spin()
        self.counting.add(message)


async def sleep_lately(done: trio.Event) -> list[float]:
    """Sleep again and again until `done`; return by how many seconds each was late."""
    late: list[float] = []
    while not done.is_set():
        started = clock()
        await trio.sleep(NAP)
        late.append(clock() - started - NAP)
    return late


class Flood(Scenario):
    """How late a task that sleeps 1 ms is while actors are flooded with messages.

    Each message takes 5 us. `added_p99_us` is the 99th percentile less that without a
    flood, `throughput` the messages per second.
    """

    count = 100_000
    counts: ClassVar[Mapping[str, int]] = {"channel": 100_000, "asyncio": 100_000}
    unit = MICROSECONDS
    provided = True

    async def ours(self, run: Run) -> None:
        """Twenty actors, told in turn; each burst has 5 ms of work."""
        total = share(run.count, FLOODED) * FLOODED
        counting = Counting(total)
        async with open_system() as system, trio.open_nursery() as nursery:
            flooded = [system.start(Spinning, counting) for _ in range(FLOODED)]
            await flooded[-1].wait_started()
            rested = trio.Event()
            nursery.start_soon(_rest, rested, total)
            calm = await sleep_lately(rested)
            started = clock()
            turns = BURST // FLOODED
            nursery.start_soon(partial(tell_in_turn, flooded, run.count, turns=turns))
            late = await sleep_lately(counting.done)
            seconds = clock() - started
        run.equal(counting.total, total)
        run.samples(late)
        run.note(added_p99_us=tail(late) - tail(calm), throughput=total / seconds)


async def _rest(rested: trio.Event, messages: int) -> None:
    await trio.sleep(min(CALM, messages * SPIN))
    rested.set()
