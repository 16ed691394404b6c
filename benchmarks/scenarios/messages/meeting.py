"""Savina's programs of actors that wait for each other: chameneos, bounded buffer.

As in "Savina - An Actor Benchmark Suite" (Imam and Sarkar, 2014).
"""

from collections import deque

import attrs

from actors import Actor, ActorRef, Request, open_system
from benchmarks.load import BUFFER, CREATURES, PEERS, share
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import Counting


@attrs.frozen
class Meet:
    """A creature wants to meet another."""

    creature: ActorRef["Met | Fade"]
    colour: int


@attrs.frozen
class Met:
    """It has met one of this colour."""

    colour: int


@attrs.frozen
class Fade:
    """There are no more meetings."""


class Mall(Actor[Meet]):
    """Brings two creatures together, so many times."""

    def __init__(self, meetings: int) -> None:
        self.meetings = meetings
        self.waiting: Meet | None = None

    def receive(self, message: Meet) -> None:
        """Let one wait, or introduce two."""
        if not self.meetings:
            message.creature.tell_nowait(Fade())
        elif self.waiting is None:
            self.waiting = message
        else:
            other, self.waiting = self.waiting, None
            self.meetings -= 1
            other.creature.tell_nowait(Met(message.colour))
            message.creature.tell_nowait(Met(other.colour))


class Creature(Actor[Met | Fade]):
    """Meets others, taking the third colour after each meeting with another one."""

    def __init__(self, mall: ActorRef[Meet], colour: int, counting: Counting) -> None:
        self.mall = mall
        self.colour = colour
        self.meetings = 0
        self.counting = counting

    def started(self) -> None:
        """Go to the mall."""
        self.mall.tell_nowait(Meet(self.ref, self.colour))

    def receive(self, message: Met | Fade) -> None:
        """Change the colour and go again, or report."""
        if isinstance(message, Met):
            self.meetings += 1
            if message.colour != self.colour:
                self.colour = 3 - self.colour - message.colour
            self.mall.tell_nowait(Meet(self.ref, self.colour))
        else:
            self.counting.add(self.meetings)
            self.finish()


class Chameneos(Scenario):
    """Meetings of a hundred creatures of three colours in one mall."""

    number = "B8"
    count = 200_000
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """The sum of the creatures' counts is twice that of the meetings."""
        counting = Counting(2 * run.count)
        async with open_system() as system:
            with run.timed():
                mall = system.start(Mall, run.count)
                for number in range(CREATURES):
                    system.start(Creature, mall, number % 3, counting)
                await counting.done.wait()
        run.equal(counting.total, 2 * run.count, "the sum of the creatures' meetings")


@attrs.frozen
class Put(Request[None]):
    """Keep this item; answered when there was room for it."""

    item: int


class Take(Request[int]):
    """Give an item; answered when there was one."""


@attrs.define(eq=False)
class BufferLog:
    """What is to be said of a buffer afterwards."""

    deepest: int = 0
    requests: int = 0


class Buffer(Actor[Put | Take]):
    """Holds at most so many items; who must wait is answered later."""

    def __init__(self, capacity: int, log: BufferLog) -> None:
        self.capacity = capacity
        self.log = log
        self.items: deque[int] = deque()
        self.putting: deque[Put] = deque()
        self.taking: deque[Take] = deque()

    def receive(self, message: Put | Take) -> None:
        """Keep or give an item, or keep the request."""
        items = self.items
        if isinstance(message, Put):
            if len(items) < self.capacity:
                items.append(message.item)
                message.reply(None)
            else:
                self.putting.append(message)
        else:
            self.taking.append(message)
        self.log.requests += 1
        self.log.deepest = max(self.log.deepest, len(items))
        while items and self.taking:
            self.taking.popleft().reply(items.popleft())
            if self.putting:
                put = self.putting.popleft()
                items.append(put.item)
                put.reply(None)


class Producer(Actor[range]):
    """Puts items, one at a time."""

    def __init__(self, buffer: ActorRef[Put | Take]) -> None:
        self.buffer = buffer

    async def receive(self, message: range) -> None:
        """Put these."""
        for item in message:
            await self.buffer.ask(Put(item))


class Consumer(Actor[int]):
    """Takes items, one at a time, and adds them up."""

    def __init__(self, buffer: ActorRef[Put | Take], counting: Counting) -> None:
        self.buffer = buffer
        self.counting = counting

    async def receive(self, message: int) -> None:
        """Take so many."""
        for _ in range(message):
            self.counting.add(await self.buffer.ask(Take()))


class BoundedBuffer(Scenario):
    """Items through a buffer of 50, from 40 producers to 40 consumers."""

    number = "B9"
    count = PEERS * 1_000
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Producers and consumers ask; the buffer answers when it can."""
        each = share(run.count, PEERS)
        total = each * PEERS
        log = BufferLog()
        counting = Counting(total * (total + 1) // 2)
        async with open_system() as system:
            buffer = system.start(Buffer, BUFFER, log)
            producers = [system.start(Producer, buffer) for _ in range(PEERS)]
            consumers = [system.start(Consumer, buffer, counting) for _ in producers]
            await consumers[-1].wait_started()
            with run.timed(total):
                for number, producer in enumerate(producers):
                    first = number * each + 1
                    producer.tell_nowait(range(first, first + each))
                for consumer in consumers:
                    consumer.tell_nowait(each)
                await counting.done.wait()
        run.equal(counting.total, counting.goal, "the sum of the items")
        run.equal(log.requests, 2 * total, "the requests")
        run.at_most(log.deepest, BUFFER, "the depth")
