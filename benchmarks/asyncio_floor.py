"""The same work by hand on asyncio: a task and a queue per actor, a future per reply.

Not a floor of ours (Trio's scheduler costs more than asyncio's), but what the other
half of Python would write without a framework.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from .harness import (
    BURST,
    CLIENTS,
    Function,
    Result,
    bytes_each,
    clock,
    equal,
    latency,
    per_second,
    resident_bytes,
)

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


class Actors:
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
            self.start_soon(_serve(queue, handle))
        return queues

    async def cancel(self) -> None:
        """Cancel every task and wait for it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def running() -> AsyncGenerator[Actors, None]:
    """Actors until the end of the block."""
    actors = Actors()
    yield actors
    await actors.cancel()


async def _serve(queue: Queue, handle: Handle) -> None:
    while True:
        handle(await queue.get())


async def _settle() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def _produce(put: Handle, count: int) -> None:
    for first in range(0, count, BURST):
        for _ in range(min(BURST, count - first)):
            put(1)
        await asyncio.sleep(0)


async def _tell(producers: int, count: int) -> Result:
    counter = Counter(count)
    async with running() as actors:
        (queue,) = actors.serve(1, counter.handle)
        await _settle()
        started = clock()
        for _ in range(producers):
            actors.start_soon(_produce(queue.put_nowait, count // producers))
        await counter.done.wait()
        result = per_second(count, started)
    equal(counter.total, count)
    return result


async def _tell_wait(count: int) -> Result:
    counter = Counter(count)
    async with running() as actors:
        queue = Queue(1024)
        actors.start_soon(_serve(queue, counter.handle))
        await _settle()
        started = clock()
        for _ in range(count):
            await queue.put(1)
        await counter.done.wait()
        result = per_second(count, started)
    equal(counter.total, count)
    return result


def _echo(item: tuple[int, asyncio.Future[int]]) -> None:
    value, future = item
    if not future.done():
        future.set_result(value + 1)


async def _ask(queue: Queue, value: int) -> int:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    queue.put_nowait((value, future))
    return await future


async def _asks(clients: int, served: int, count: int) -> Result:
    total = 0

    async def client(queue: Queue) -> None:
        nonlocal total
        for value in range(count // clients):
            answer = await _ask(queue, value)
            total += answer - value

    async with running() as actors:
        queues = actors.serve(served, _echo)
        await _settle()
        started = clock()
        async with asyncio.TaskGroup() as asking:
            for number in range(clients):
                asking.create_task(client(queues[number % served]))
        result = per_second(count, started)
    equal(total, count)
    return result


async def _ask_within(count: int) -> Result:
    async with running() as actors:
        (queue,) = actors.serve(1, _echo)
        started = clock()
        for value in range(count):
            async with asyncio.timeout(1.0):
                equal(await _ask(queue, value), value + 1)
        return per_second(count, started)


async def _ring(size: int, count: int) -> Result:
    done = asyncio.Event()
    hops = 0
    queues = [Queue() for _ in range(size)]

    def node(put: Handle, left: int) -> None:
        nonlocal hops
        hops += 1
        if left:
            put(left - 1)
        else:
            done.set()

    async with running() as actors:
        for queue, following in zip(queues, [*queues[1:], queues[0]], strict=True):
            actors.start_soon(_serve(queue, partial(node, following.put_nowait)))
        await _settle()
        started = clock()
        queues[0].put_nowait(count - 1)
        await done.wait()
        result = per_second(count, started)
    equal(hops, count)
    return result


async def _spawn_stop(count: int) -> Result:
    total = 0

    async def actor(queue: Queue) -> None:
        nonlocal total
        while (amount := await queue.get()) is not None:
            total += amount

    started = clock()
    async with asyncio.TaskGroup() as tasks:
        queues = [Queue() for _ in range(count)]
        for queue in queues:
            tasks.create_task(actor(queue))
        for queue in queues:
            queue.put_nowait(1)
        for queue in queues:
            queue.put_nowait(None)
    equal(total, count)
    return per_second(count, started)


async def _memory(count: int) -> Result:
    counter = Counter(count)
    async with running() as actors:
        before, started = resident_bytes(), clock()
        queues = actors.serve(count, counter.handle)
        for queue in queues:
            queue.put_nowait(1)
        await counter.done.wait()
        return bytes_each(len(queues), before, started)


async def _restart(count: int) -> Result:
    samples: list[float] = []
    crashed = 0.0
    handled = asyncio.Event()

    def child(message: str) -> None:
        nonlocal crashed
        if message == "crash":
            crashed = clock()
            raise ValueError
        samples.append(clock() - crashed)
        handled.set()

    async def supervise(queue: Queue) -> None:
        while True:
            try:
                await _serve(queue, child)
            except ValueError:
                continue

    async with running() as actors:
        queue = Queue()
        actors.start_soon(supervise(queue))
        for _ in range(count):
            handled.clear()
            queue.put_nowait("crash")
            queue.put_nowait("ping")
            await handled.wait()
    equal(len(samples), count)
    return latency(samples)


async def _skynet_node(parent: Queue, number: int, size: int) -> None:
    if size == 1:
        parent.put_nowait(number)
        return
    queue, part, total = Queue(), size // 10, 0
    async with asyncio.TaskGroup() as children:
        for child in range(10):
            children.create_task(_skynet_node(queue, number + child * part, part))
        for _ in range(10):
            total += await queue.get()
    parent.put_nowait(total)


async def _skynet(count: int) -> Result:
    root, started = Queue(), clock()
    await _skynet_node(root, 0, count)
    equal(await root.get(), count * (count - 1) // 2)
    return per_second(count, started)


async def _busy(count: int) -> Result:
    counter = Counter(count)
    async with running() as actors:
        queues = actors.serve(1_000, counter.handle)
        actors.start_soon(asyncio.sleep(3600))
        await _settle()
        started = clock()
        for _ in range(count // 1_000):
            for queue in queues:
                queue.put_nowait(1)
            await asyncio.sleep(0)
        await counter.done.wait()
        return per_second(count, started)


async def _suspend(count: int) -> Result:
    counter = Counter(count)

    async def actor(queue: Queue) -> None:
        while True:
            amount = await queue.get()
            await asyncio.sleep(0)
            counter.handle(amount)

    async with running() as actors:
        queues = [Queue() for _ in range(CLIENTS)]
        for queue in queues:
            actors.start_soon(actor(queue))
        await _settle()
        started = clock()
        for _ in range(count // CLIENTS):
            for queue in queues:
                queue.put_nowait(1)
        await counter.done.wait()
        return per_second(count, started)


def _run(
    workload: Callable[..., Coroutine[Any, Any, Result]], *arguments: int
) -> Function:
    def measure(count: int) -> Result:
        return asyncio.run(workload(*arguments, count))

    return measure


ASYNCIO: dict[str, Function] = {
    "tell": _run(_tell, 1),
    "tell_wait": _run(_tell_wait),
    "fan_in": _run(_tell, 10),
    "ping_pong": _run(_asks, 1, 1),
    "ask_async": _run(_asks, 1, 1),
    "ask_100_1": _run(_asks, CLIENTS, 1),
    "ask_100_100": _run(_asks, CLIENTS, CLIENTS),
    "ring_100": _run(_ring, 100),
    "ring_503": _run(_ring, 503),
    "spawn_stop": _run(_spawn_stop),
    "memory_10k": _run(_memory),
    "memory_100k": _run(_memory),
    "restart": _run(_restart),
    "skynet": _run(_skynet),
    "busy": _run(_busy),
    "suspend": _run(_suspend),
    "ask_within": _run(_ask_within),
}
