"""Full mailboxes and busy neighbours by hand on asyncio."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from benchmarks.floors.on_asyncio.tasks import (
    Counter,
    Queue,
    echo,
    put_in_turn,
    running,
    settle,
    timed_asks,
)
from benchmarks.load import (
    ASKING,
    BURST,
    CALM,
    FLOODED,
    FULL,
    KEYS,
    NAP,
    PRODUCERS,
    SPIN,
    share,
    spin,
    tail,
)
from benchmarks.run import Run, clock
from benchmarks.scenario import Contender

WAIT, REFUSE, DROP, LATEST = "wait", "refuse", "drop", "latest"


class _Full:
    """A queue that is too small, and what became of what was offered to it."""

    def __init__(self) -> None:
        self.queue = Queue(FULL)
        self.handled = self.lost = 0
        self.latest: dict[int, int] = {}

    async def slow(self) -> None:
        """Suspend once for each item, then count it; None is the end."""
        while (item := await self.queue.get()) is not None:
            self.latest.pop(item, None)
            await asyncio.sleep(0)
            self.handled += 1

    def put(self, policy: str, number: int) -> bool:
        """Queue it as the policy says; False if something was lost by it."""
        room = not self.queue.full()
        if policy == LATEST:
            key = number % KEYS
            room = key not in self.latest
            self.latest[key] = number
            number = key
        elif policy == DROP and not room:
            self.queue.get_nowait()
        if room or policy == DROP:
            self.queue.put_nowait(number)
        return room

    async def produce(self, policy: str, count: int) -> None:
        """Offer so many."""
        for number in range(count):
            if policy == WAIT:
                await self.queue.put(number)
                continue
            if not self.put(policy, number):
                self.lost += 1
            await asyncio.sleep(0)


async def _mailbox_full(policy: str, run: Run) -> None:
    each = share(run.count, PRODUCERS)
    offered = each * PRODUCERS
    full = _Full()
    with run.timed(offered):
        async with asyncio.TaskGroup() as serving:
            serving.create_task(full.slow())
            async with asyncio.TaskGroup() as producers:
                for _ in range(PRODUCERS):
                    producers.create_task(full.produce(policy, each))
            await full.queue.put(None)
    run.equal(full.handled + full.lost, offered)
    if offered >= 10 * FULL:
        run.equal(full.lost > 0, policy != WAIT, "whether any was lost")
    run.note(handled_percent=100 * full.handled / offered)


async def _chatter() -> None:
    queue = Queue()
    queue.put_nowait(0)
    while True:
        queue.put_nowait(await queue.get() + 1)
        await asyncio.sleep(0)


async def _latency(others: int, run: Run) -> None:
    async with running() as tasks:
        (queue,) = tasks.serve(1, echo)
        await settle()
        for _ in range(others):
            tasks.start_soon(_chatter())
        await asyncio.sleep(0)
        run.samples(await timed_asks(run, queue, run.count, ASKING))


async def _sleep_lately(done: asyncio.Event) -> list[float]:
    late: list[float] = []
    while not done.is_set():
        started = clock()
        await asyncio.sleep(NAP)
        late.append(clock() - started - NAP)
    return late


async def _rest(rested: asyncio.Event, messages: int) -> None:
    await asyncio.sleep(min(CALM, messages * SPIN))
    rested.set()


async def _flood(run: Run) -> None:
    each = share(run.count, FLOODED)
    counter = Counter(each * FLOODED)

    def handle(amount: int) -> None:
        spin()
        counter.handle(amount)

    async with running() as tasks:
        queues = tasks.serve(FLOODED, handle)
        await settle()
        rested = asyncio.Event()
        tasks.start_soon(_rest(rested, counter.goal))
        calm = await _sleep_lately(rested)
        started = clock()
        tasks.start_soon(put_in_turn(queues, each, turns=BURST // FLOODED))
        late = await _sleep_lately(counter.done)
        seconds = clock() - started
    run.equal(counter.total, counter.goal)
    run.samples(late)
    run.note(added_p99_us=tail(late) - tail(calm), throughput=counter.goal / seconds)


WAITING: Final[Mapping[str, Contender]] = {
    "mailbox_full_wait": partial(_mailbox_full, WAIT),
    "mailbox_full_reject": partial(_mailbox_full, REFUSE),
    "mailbox_full_drop_oldest": partial(_mailbox_full, DROP),
    "mailbox_full_drop_newest": partial(_mailbox_full, REFUSE),
    "mailbox_full_latest": partial(_mailbox_full, LATEST),
    "latency_0": partial(_latency, 0),
    "latency_10": partial(_latency, 10),
    "latency_100": partial(_latency, 100),
    "latency_1000": partial(_latency, 1_000),
    "flood": _flood,
}
