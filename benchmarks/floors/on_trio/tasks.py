"""What every workload by hand on Trio begins with: tasks that serve boxes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import trio

from benchmarks.floors.on_trio.boxes import Box, Handle, Item, MakeBox
from benchmarks.load import BURST
from benchmarks.run import Run, clock


class Counter:
    """Counts what is handled and says when the last has come."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = trio.Event()

    def handle(self, amount: int) -> None:
        """Count one message."""
        self.total += amount
        if self.total == self.goal:
            self.done.set()

    async def handle_async(self, amount: int) -> None:
        """Count without suspending."""
        self.total += amount
        if self.total == self.goal:
            self.done.set()

    async def handle_suspending(self, amount: int) -> None:
        """Suspend once and count."""
        await trio.lowlevel.checkpoint()
        self.handle(amount)


@asynccontextmanager
async def running() -> AsyncGenerator[trio.Nursery]:
    """A nursery that is cancelled at the end of the block."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


def serve(
    nursery: trio.Nursery, make: MakeBox, count: int, handle: Handle
) -> list[Box]:
    """Boxes with a task each."""
    boxes: list[Box] = [make() for _ in range(count)]
    for box in boxes:
        nursery.start_soon(box.serve, handle)
    return boxes


def echo(make: MakeBox) -> Handle:
    """A handler that answers `value + 1`."""
    answer = make().answer

    def handle(item: Item) -> None:
        value, caller = item
        answer(caller, value + 1)

    return handle


async def produce(put: Callable[[Item], None], count: int) -> None:
    """Put `count` ones, in bursts."""
    for first in range(0, count, BURST):
        for _ in range(min(BURST, count - first)):
            put(1)
        await trio.lowlevel.checkpoint()


async def put_in_turn(boxes: list[Box], each: int, *, turns: int = 1) -> None:
    """Put one into each of `boxes` in turn; after so many turns let the others run."""
    for turn in range(each):
        for box in boxes:
            box.put(1)
        if not turn % turns:
            await trio.lowlevel.checkpoint()


async def timed_asks(run: Run, box: Box, count: int, seconds: float) -> list[float]:
    """Ask `count` times, or for so many seconds; return the seconds of each."""
    samples: list[float] = []
    total, until = 0, clock() + seconds
    for value in range(count):
        started = clock()
        if started > until:
            break
        total += await box.ask(value) - value
        samples.append(clock() - started)
    run.equal(total, len(samples), "the answers")
    return samples
