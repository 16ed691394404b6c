"""Observing: what it costs the actors when somebody looks at them."""

from collections import deque
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

import trio

from actors import ActorSystem, Event, Subscription, open_system
from benchmarks.load import share
from benchmarks.run import Run, clock
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import AsyncEcho, Counting, Idle, Next, Worker

SLICES: Final = 40
"""How often each way of looking is measured."""

TELLS: Final = 20
ASKS: Final = 5
"""So many tells and asks come to one actor that is started, told, and stopped."""

UNREAD: Final = 10_000
"""How many events the subscription keeps."""


class Load:
    """A mixed load on one system, in slices of so many rounds."""

    def __init__(self, system: ActorSystem, rounds: int) -> None:
        self.system = system
        self.rounds = rounds
        self.counting = Counting(0)
        self.counter = system.start(Worker, self.counting)
        self.echo = system.start(AsyncEcho)
        self.answered = 0
        self.events = 0

    async def nothing(self, *, lives: bool = True) -> None:
        """Tells, asks, and one short life, again and again; or no lives."""
        start, tell, ask = self.system.start, self.counter.tell_nowait, self.echo.ask
        self.counting.expect(self.rounds * TELLS)
        for number in range(self.rounds):
            for _ in range(TELLS):
                tell(1)
            for _ in range(ASKS):
                self.answered += await ask(Next(number)) - number
            if not lives:
                continue
            brief = start(Idle)
            brief.tell_nowait(1)
            brief.stop()
            if number == self.rounds - 1:
                await brief.wait_stopped()
        await self.counting.done.wait()

    async def events_read(self) -> None:
        """The same while a task reads all lifecycle events, one by one."""
        await self._beside(self._read)

    async def messages(self) -> None:
        """Tells and asks alone."""
        await self.nothing(lives=False)

    async def messages_observed(self) -> None:
        """The same with a subscription, which has nothing to tell of messages."""
        with self.system.subscribe():
            await self.messages()

    async def events_drained(self) -> None:
        """The same while a task takes all events that are there at once."""
        await self._beside(self._drain)

    async def _beside(
        self, read: Callable[[Subscription[Event]], Awaitable[None]]
    ) -> None:
        async with trio.open_nursery() as nursery:
            with self.system.subscribe(capacity=UNREAD) as subscription:
                nursery.start_soon(read, subscription)  # noqa: ASYNC111 - it ends then
                await self.nothing()

    async def _read(self, subscription: Subscription[Event]) -> None:
        async for _ in subscription:
            self.events += 1

    async def _drain(self, subscription: Subscription[Event]) -> None:
        async for _ in subscription:
            self.events += 1 + len(subscription.drain())

    async def statistics_read(self) -> None:
        """The same, with the statistics read once."""
        self.system.statistics()
        await self.nothing()


class Observed(Scenario):
    """Tells, asks, starts and stops while nobody looks; and what looking adds.

    `messages_percent` is the time that a subscription to all lifecycle events adds to
    tells and asks alone; they make no such events. `events_percent` is what it adds to
    the whole mix when a task reads the events one by one, `drained_percent` when it
    takes what is there at once, `statistics_percent` what reading the statistics once a
    second adds. They are medians over slices that follow each other in one process; the
    figure is that of the slices without any of them.
    """

    number = "B20"
    count = 120_000

    async def ours(self, run: Run) -> None:
        """Slices in turns: unobserved, events read or drained, statistics read."""
        rounds = share(run.count, SLICES * TELLS)
        async with open_system() as system:
            load = Load(system, rounds)
            ways = {
                "nothing": load.nothing,
                "events": load.events_read,
                "drained": load.events_drained,
                "statistics": load.statistics_read,
                "messages": load.messages,
                "messages observed": load.messages_observed,
            }
            spent = {name: list[float]() for name in ways}
            names = deque(ways)
            for _ in range(SLICES):
                for name in names:
                    started = clock()
                    await ways[name]()
                    spent[name].append(clock() - started)
                names.rotate()
            ended = system.statistics().ended
        slices = SLICES * len(ways) * rounds
        run.equal(load.counting.total, slices * TELLS, "tells")
        run.equal(load.answered, slices * ASKS, "asks")
        run.equal(ended, slices * 4 // len(ways), "short lives")
        run.equal(load.events, 2 * 3 * SLICES * rounds, "events")
        alone = spent["nothing"]
        run.elapsed(sum(alone), SLICES * rounds * (TELLS + ASKS + 1))
        run.note(
            messages_percent=_added(
                spent["messages"], spent["messages observed"], spent["messages"]
            ),
            events_percent=_added(alone, spent["events"], alone),
            drained_percent=_added(alone, spent["drained"], alone),
            statistics_percent=_added(alone, spent["statistics"], [1.0] * SLICES),
        )


def _added(alone: list[float], observed: list[float], whole: list[float]) -> float:
    """The median of what is added to each slice, in per cent of `whole`."""
    slices = zip(alone, observed, whole, strict=True)
    return 100 * median((most - least) / of for least, most, of in slices)
