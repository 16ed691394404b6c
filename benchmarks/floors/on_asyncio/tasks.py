"""What every workload by hand on asyncio begins with: tasks that serve queues."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.load import BURST
from benchmarks.run import Run, clock

# Items are whatever the workload puts in: the floor has no types to keep.
Queue = asyncio.Queue[Any]
Handle = Callable[[Any], None]


class Counter:
    """Counts what is handled and says when the last has come."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = asyncio.Event()

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


class Tasks:
    """Tasks that are cancelled at the end of `running()`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start_soon(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in a task."""
        self._tasks.add(asyncio.create_task(work))

    def serve(self, count: int, handle: Handle) -> list[Queue]:
        """Queues with a task each."""
        queues = [Queue() for _ in range(count)]
        for queue in queues:
            self.start_soon(serve(queue, handle))
        return queues

    async def cancel(self) -> None:
        """Cancel every task and wait for it; a failure of one is raised."""
        for task in self._tasks:
            task.cancel()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end


@asynccontextmanager
async def running() -> AsyncGenerator[Tasks]:
    """Tasks until the end of the block."""
    tasks = Tasks()
    yield tasks
    await tasks.cancel()


async def serve(queue: Queue, handle: Handle) -> None:
    """Handle items one by one, for ever."""
    while True:
        handle(await queue.get())


async def settle() -> None:
    """Let the tasks begin."""
    for _ in range(3):
        await asyncio.sleep(0)


async def produce(put: Handle, count: int) -> None:
    """Put `count` ones, in bursts."""
    for first in range(0, count, BURST):
        for _ in range(min(BURST, count - first)):
            put(1)
        await asyncio.sleep(0)


async def put_in_turn(queues: list[Queue], each: int, *, turns: int = 1) -> None:
    """Put one into each queue in turn; after so many turns let the others run."""
    for turn in range(each):
        for queue in queues:
            queue.put_nowait(1)
        if not turn % turns:
            await asyncio.sleep(0)


def echo(item: tuple[int, asyncio.Future[int]]) -> None:
    """Answer `value + 1`."""
    value, future = item
    if not future.done():
        future.set_result(value + 1)


async def ask(queue: Queue, value: int) -> int:
    """Put `(value, future)` and wait for the answer."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    queue.put_nowait((value, future))
    return await future


async def timed_asks(
    run: Run, queue: Queue, count: int, seconds: float = math.inf
) -> list[float]:
    """Ask `count` times, or for so many seconds; return the seconds of each."""
    samples: list[float] = []
    total, until = 0, clock() + seconds
    for value in range(count):
        started = clock()
        if started > until:
            break
        total += await ask(queue, value) - value
        samples.append(clock() - started)
    run.equal(total, len(samples), "the answers")
    return samples
