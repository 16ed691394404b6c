"""Full mailboxes and busy neighbours by hand on Trio, once for both boxes."""

from functools import partial

import trio
import trio.testing

from benchmarks.floors.on_trio.boxes import Box, Item, MakeBox
from benchmarks.floors.on_trio.tasks import (
    Counter,
    echo,
    put_in_turn,
    running,
    serve,
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
    """A box that is too small, and what became of what was offered to it."""

    def __init__(self, make: MakeBox) -> None:
        self.box = make(FULL)
        self.handled = self.lost = 0
        self.latest: dict[int, int] = {}

    async def slow(self, item: int) -> None:
        """Suspend once, then count."""
        self.latest.pop(item, None)
        await trio.lowlevel.checkpoint()
        self.handled += 1

    def put(self, policy: str, number: int) -> bool:
        """Queue it as the policy says; False if something was lost by it."""
        if policy == REFUSE:
            return self.box.offer(number)
        if policy == DROP:
            return self.box.push(number)
        key = number % KEYS
        queued = key in self.latest
        self.latest[key] = number
        if not queued:
            self.box.put(key)
        return not queued

    async def produce(self, policy: str, count: int) -> None:
        """Offer so many."""
        for number in range(count):
            if policy == WAIT:
                await self.box.send(number)
                continue
            if not self.put(policy, number):
                self.lost += 1
            await trio.lowlevel.checkpoint()


async def _mailbox_full(make: MakeBox, policy: str, run: Run) -> None:
    each = share(run.count, PRODUCERS)
    offered = each * PRODUCERS
    full = _Full(make)
    with run.timed(offered):
        async with trio.open_nursery() as serving:
            serving.start_soon(full.box.serve_async, full.slow)
            async with trio.open_nursery() as nursery:
                for _ in range(PRODUCERS):
                    nursery.start_soon(full.produce, policy, each)
            full.box.close()
    run.equal(full.handled + full.lost, offered)
    if offered >= 10 * FULL:
        run.equal(full.lost > 0, policy != WAIT, "whether any was lost")
    run.note(handled_percent=100 * full.handled / offered)


async def _latency(make: MakeBox, others: int, run: Run) -> None:
    async def chatter() -> None:
        box = make()
        box.put(0)
        while True:
            box.put(await box.get() + 1)
            if not box.yields:
                await trio.lowlevel.checkpoint()

    async with running() as nursery:
        (box,) = serve(nursery, make, 1, echo(make))
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(others):
            nursery.start_soon(chatter)
        await trio.lowlevel.checkpoint()
        run.samples(await timed_asks(run, box, run.count, ASKING))


async def _sleep_lately(done: trio.Event) -> list[float]:
    late: list[float] = []
    while not done.is_set():
        started = clock()
        await trio.sleep(NAP)
        late.append(clock() - started - NAP)
    return late


async def _rest(rested: trio.Event, messages: int) -> None:
    await trio.sleep(min(CALM, messages * SPIN))
    rested.set()


async def _flood(make: MakeBox, run: Run) -> None:
    each = share(run.count, FLOODED)
    counter = Counter(each * FLOODED)

    def handle(item: Item) -> None:
        spin()
        counter.handle(item)

    async with running() as nursery:
        boxes: list[Box] = serve(nursery, make, FLOODED, handle)
        await trio.testing.wait_all_tasks_blocked()
        rested = trio.Event()
        nursery.start_soon(_rest, rested, counter.goal)
        calm = await _sleep_lately(rested)
        started = clock()
        flood = partial(put_in_turn, boxes, each, turns=BURST // FLOODED)
        nursery.start_soon(flood)
        late = await _sleep_lately(counter.done)
        seconds = clock() - started
    run.equal(counter.total, counter.goal)
    run.samples(late)
    run.note(added_p99_us=tail(late) - tail(calm), throughput=counter.goal / seconds)


def waiting(make: MakeBox) -> dict[str, Contender]:
    """`{scenario's name: contender}` with boxes of this kind."""
    return {
        "mailbox_full_wait": partial(_mailbox_full, make, WAIT),
        "mailbox_full_reject": partial(_mailbox_full, make, REFUSE),
        "mailbox_full_drop_oldest": partial(_mailbox_full, make, DROP),
        "mailbox_full_drop_newest": partial(_mailbox_full, make, REFUSE),
        "mailbox_full_latest": partial(_mailbox_full, make, LATEST),
        "latency_0": partial(_latency, make, 0),
        "latency_10": partial(_latency, make, 10),
        "latency_100": partial(_latency, make, 100),
        "latency_1000": partial(_latency, make, 1_000),
        "flood": partial(_flood, make),
    }
