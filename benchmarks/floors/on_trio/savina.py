"""Savina's programs by hand on Trio, each once for both boxes."""

from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import cycle

import trio
import trio.testing

from benchmarks.floors.on_trio.boxes import Box, Item, MakeBox
from benchmarks.floors.on_trio.tasks import Counter, put_in_turn, running
from benchmarks.load import BUFFER, CREATURES, DRAWN, FORKED, PEERS, PLAYERS, share
from benchmarks.run import Run
from benchmarks.scenario import Contender


async def _fork_join(make: MakeBox, run: Run) -> None:
    each = share(run.count, FORKED)
    counters = [Counter(each) for _ in range(FORKED)]
    boxes: list[Box] = [make() for _ in counters]
    async with running() as nursery:
        for box, counter in zip(boxes, counters, strict=True):
            nursery.start_soon(box.serve, counter.handle)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(each * FORKED):
            await put_in_turn(boxes, each)
            for counter in counters:
                await counter.done.wait()
    run.equal([counter.total for counter in counters], [each] * FORKED)


class _Player:
    """Pings a random other, and the next one when it is answered."""

    def __init__(self, box: Box, pings: int, counter: Counter) -> None:
        self.box = box
        self.targets: Iterator[Box] = iter(())
        self.missing = pings
        self.answered = -1  # the order to begin counts as an answer
        self.counter = counter

    def handle(self, sender: Box | None) -> None:
        """Answer a ping with None; after a None send the next."""
        if sender is not None:
            sender.put(None)
            return
        self.answered += 1
        if self.missing:
            self.missing -= 1
            next(self.targets).put(self.box)
        else:
            self.counter.handle(self.answered)


async def _big(make: MakeBox, run: Run) -> None:
    each = share(run.count, PLAYERS)
    counter = Counter(each * PLAYERS)
    boxes: list[Box] = [make() for _ in range(PLAYERS)]
    async with running() as nursery:
        for box in boxes:
            player = _Player(box, each, counter)
            player.targets = cycle(run.random.choices(boxes, k=DRAWN))
            nursery.start_soon(box.serve, player.handle)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(counter.goal):
            for box in boxes:
                box.put(None)
            await counter.done.wait()
    run.equal(counter.total, counter.goal, "the answers")


class _Mall:
    """Brings two creatures together, so many times."""

    def __init__(self, meetings: int) -> None:
        self.meetings = meetings
        # the box and the colour of who waits
        self.waiting: tuple[Box, int] | None = None

    def handle(self, creature: tuple[Box, int]) -> None:
        """Let one wait, or introduce two; tell it None when all is over."""
        if not self.meetings:
            creature[0].put(None)
        elif self.waiting is None:
            self.waiting = creature
        else:
            (other, colour), self.waiting = self.waiting, None
            self.meetings -= 1
            other.put(creature[1])
            creature[0].put(colour)


async def _creature(box: Box, mall: Box, colour: int, counter: Counter) -> None:
    meetings = 0
    mall.put((box, colour))
    while (other := await box.get()) is not None:
        meetings += 1
        if other != colour:
            colour = 3 - colour - other
        mall.put((box, colour))
    counter.handle(meetings)


async def _chameneos(make: MakeBox, run: Run) -> None:
    counter = Counter(2 * run.count)
    async with running() as nursery:
        with run.timed():
            mall = make()
            nursery.start_soon(mall.serve, _Mall(run.count).handle)
            for number in range(CREATURES):
                nursery.start_soon(_creature, make(), mall, number % 3, counter)
            await counter.done.wait()
    run.equal(counter.total, counter.goal, "the sum of the creatures' meetings")


class _Buffer:
    """Holds at most so many items; who must wait is answered later."""

    def __init__(self, make: MakeBox) -> None:
        self.answer = make().answer
        self.deepest = self.requests = 0
        self.items: deque[int] = deque()
        # {item, caller}, and callers
        self.putting: deque[tuple[int, Item]] = deque()
        self.taking: deque[Item] = deque()

    def handle(self, request: tuple[int, Item]) -> None:
        """Keep an item, or give one: who asks with 0 wants one."""
        item, caller = request
        items = self.items
        if not item:
            self.taking.append(caller)
        elif len(items) < BUFFER:
            items.append(item)
            self.answer(caller, 0)
        else:
            self.putting.append(request)
        self.requests += 1
        self.deepest = max(self.deepest, len(items))
        while items and self.taking:
            self.answer(self.taking.popleft(), items.popleft())
            if self.putting:
                item, caller = self.putting.popleft()
                items.append(item)
                self.answer(caller, 0)


async def _bounded_buffer(make: MakeBox, run: Run) -> None:
    each = share(run.count, PEERS)
    total = each * PEERS
    counter, buffer = Counter(total * (total + 1) // 2), _Buffer(make)
    box = make()

    async def producer(first: int) -> None:
        for item in range(first, first + each):
            await box.ask(item)

    async def consumer() -> None:
        for _ in range(each):
            counter.handle(await box.ask(0))

    async with running() as nursery:
        nursery.start_soon(box.serve, buffer.handle)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(total):
            for number in range(PEERS):
                nursery.start_soon(producer, number * each + 1)
            for _ in range(PEERS):
                nursery.start_soon(consumer)
            await counter.done.wait()
    run.equal(counter.total, counter.goal, "the sum of the items")
    run.equal(buffer.requests, 2 * total, "the requests")
    run.at_most(buffer.deepest, BUFFER, "the depth")


def savina(make: MakeBox) -> dict[str, Contender]:
    """`{scenario's name: contender}` with boxes of this kind."""
    return {
        "fork_join": partial(_fork_join, make),
        "big": partial(_big, make),
        "big_long": partial(_big, make),
        "chameneos": partial(_chameneos, make),
        "bounded_buffer": partial(_bounded_buffer, make),
    }
