"""Savina's programs by hand on asyncio."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Final

from benchmarks.floors.on_asyncio.tasks import (
    Counter,
    Queue,
    ask,
    put_in_turn,
    running,
    serve,
    settle,
)
from benchmarks.load import BUFFER, CREATURES, DRAWN, FORKED, PEERS, PLAYERS, share
from benchmarks.run import Run
from benchmarks.scenario import Contender

Caller = asyncio.Future[int]


async def _fork_join(run: Run) -> None:
    each = share(run.count, FORKED)
    counters = [Counter(each) for _ in range(FORKED)]
    queues: list[Queue] = [Queue() for _ in counters]
    async with running() as tasks:
        for queue, counter in zip(queues, counters, strict=True):
            tasks.start_soon(serve(queue, counter.handle))
        await settle()
        with run.timed(each * FORKED):
            await put_in_turn(queues, each)
            for counter in counters:
                await counter.done.wait()
    run.equal([counter.total for counter in counters], [each] * FORKED)


class _Player:
    """Pings a random other, and the next one when it is answered."""

    def __init__(self, queue: Queue, pings: int, counter: Counter) -> None:
        self.queue = queue
        self.targets: Iterator[Queue] = iter(())
        self.missing = pings
        self.answered = -1  # the order to begin counts as an answer
        self.counter = counter

    def handle(self, sender: Queue | None) -> None:
        """Answer a ping with None; after a None send the next."""
        if sender is not None:
            sender.put_nowait(None)
            return
        self.answered += 1
        if self.missing:
            self.missing -= 1
            next(self.targets).put_nowait(self.queue)
        else:
            self.counter.handle(self.answered)


async def _big(run: Run) -> None:
    each = share(run.count, PLAYERS)
    counter = Counter(each * PLAYERS)
    queues: list[Queue] = [Queue() for _ in range(PLAYERS)]
    async with running() as tasks:
        for queue in queues:
            player = _Player(queue, each, counter)
            player.targets = cycle(run.random.choices(queues, k=DRAWN))
            tasks.start_soon(serve(queue, player.handle))
        await settle()
        with run.timed(counter.goal):
            for queue in queues:
                queue.put_nowait(None)
            await counter.done.wait()
    run.equal(counter.total, counter.goal, "the answers")


class _Mall:
    """Brings two creatures together, so many times."""

    def __init__(self, meetings: int) -> None:
        self.meetings = meetings
        # the queue and the colour of who waits
        self.waiting: tuple[Queue, int] | None = None

    def handle(self, creature: tuple[Queue, int]) -> None:
        """Let one wait, or introduce two; tell it None when all is over."""
        if not self.meetings:
            creature[0].put_nowait(None)
        elif self.waiting is None:
            self.waiting = creature
        else:
            (other, colour), self.waiting = self.waiting, None
            self.meetings -= 1
            other.put_nowait(creature[1])
            creature[0].put_nowait(colour)


async def _creature(queue: Queue, mall: Queue, colour: int, counter: Counter) -> None:
    meetings = 0
    mall.put_nowait((queue, colour))
    while (other := await queue.get()) is not None:
        meetings += 1
        if other != colour:
            colour = 3 - colour - other
        mall.put_nowait((queue, colour))
    counter.handle(meetings)


async def _chameneos(run: Run) -> None:
    counter = Counter(2 * run.count)
    async with running() as tasks:
        with run.timed():
            mall = Queue()
            tasks.start_soon(serve(mall, _Mall(run.count).handle))
            for number in range(CREATURES):
                tasks.start_soon(_creature(Queue(), mall, number % 3, counter))
            await counter.done.wait()
    run.equal(counter.total, counter.goal, "the sum of the creatures' meetings")


class _Buffer:
    """Holds at most so many items; who must wait is answered later."""

    def __init__(self) -> None:
        self.deepest = self.requests = 0
        self.items: deque[int] = deque()
        # {item, caller}, and callers
        self.putting: deque[tuple[int, Caller]] = deque()
        self.taking: deque[Caller] = deque()

    def handle(self, request: tuple[int, Caller]) -> None:
        """Keep an item, or give one: who asks with 0 wants one."""
        item, caller = request
        items = self.items
        if not item:
            self.taking.append(caller)
        elif len(items) < BUFFER:
            items.append(item)
            caller.set_result(0)
        else:
            self.putting.append(request)
        self.requests += 1
        self.deepest = max(self.deepest, len(items))
        while items and self.taking:
            self.taking.popleft().set_result(items.popleft())
            if self.putting:
                item, caller = self.putting.popleft()
                items.append(item)
                caller.set_result(0)


async def _bounded_buffer(run: Run) -> None:
    each = share(run.count, PEERS)
    total = each * PEERS
    counter, buffer = Counter(total * (total + 1) // 2), _Buffer()
    queue = Queue()

    async def producer(first: int) -> None:
        for item in range(first, first + each):
            await ask(queue, item)

    async def consumer() -> None:
        for _ in range(each):
            counter.handle(await ask(queue, 0))

    async with running() as tasks:
        tasks.start_soon(serve(queue, buffer.handle))
        await settle()
        with run.timed(total):
            for number in range(PEERS):
                tasks.start_soon(producer(number * each + 1))
            for _ in range(PEERS):
                tasks.start_soon(consumer())
            await counter.done.wait()
    run.equal(counter.total, counter.goal, "the sum of the items")
    run.equal(buffer.requests, 2 * total, "the requests")
    run.at_most(buffer.deepest, BUFFER, "the depth")


SAVINA: Final[Mapping[str, Contender]] = {
    "fork_join": _fork_join,
    "big": _big,
    "big_long": _big,
    "chameneos": _chameneos,
    "bounded_buffer": _bounded_buffer,
}
