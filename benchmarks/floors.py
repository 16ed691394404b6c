"""What Trio allows by hand: a task per actor, without names, bounds or supervision.

Every workload is written once for the two boxes of `boxes.py`.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio
import trio.testing

from .boxes import Box, ChannelBox, Handle, Item, MakeBox, ParkBox
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

    async def handle_suspending(self, amount: int) -> None:
        """Suspend once and count."""
        await trio.lowlevel.checkpoint()
        self.handle(amount)


@asynccontextmanager
async def running() -> AsyncGenerator[trio.Nursery, None]:
    """A nursery that is cancelled at the end of the block."""
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


def serve(
    nursery: trio.Nursery, make: MakeBox, count: int, handle: Handle
) -> list[Box]:
    """Boxes with a task each."""
    boxes = [make() for _ in range(count)]
    for box in boxes:
        nursery.start_soon(box.serve, handle)
    return boxes


async def _produce(put: Callable[[Item], None], count: int) -> None:
    for first in range(0, count, BURST):
        for _ in range(min(BURST, count - first)):
            put(1)
        await trio.lowlevel.checkpoint()


async def _tell(make: MakeBox, producers: int, count: int) -> Result:
    counter = Counter(count)
    async with running() as nursery:
        (box,) = serve(nursery, make, 1, counter.handle)
        await trio.testing.wait_all_tasks_blocked()
        started = clock()
        for _ in range(producers):
            nursery.start_soon(_produce, box.put, count // producers)
        await counter.done.wait()
        result = per_second(count, started)
    equal(counter.total, count)
    return result


async def _tell_wait(make: MakeBox, count: int) -> Result:
    counter = Counter(count)
    async with running() as nursery:
        box = make(1024)
        nursery.start_soon(box.serve, counter.handle)
        await trio.testing.wait_all_tasks_blocked()
        started = clock()
        for _ in range(count):
            await box.send(1)
        await counter.done.wait()
        result = per_second(count, started)
    equal(counter.total, count)
    return result


def _echo(make: MakeBox) -> Handle:
    answer = make().answer

    def handle(item: Item) -> None:
        value, caller = item
        answer(caller, value + 1)

    return handle


async def _asks(make: MakeBox, clients: int, actors: int, count: int) -> Result:
    total = 0

    async def client(box: Box) -> None:
        nonlocal total
        for value in range(count // clients):
            answer = await box.ask(value)
            total += answer - value

    async with running() as nursery:
        boxes = serve(nursery, make, actors, _echo(make))
        await trio.testing.wait_all_tasks_blocked()
        started = clock()
        async with trio.open_nursery() as asking:
            for number in range(clients):
                asking.start_soon(client, boxes[number % actors])
        result = per_second(count, started)
    equal(total, count)
    return result


async def _ask_within(make: MakeBox, count: int) -> Result:
    async with running() as nursery:
        (box,) = serve(nursery, make, 1, _echo(make))
        started = clock()
        for value in range(count):
            with trio.fail_after(1.0):
                equal(await box.ask(value), value + 1)
        return per_second(count, started)


async def _ring(make: MakeBox, size: int, count: int) -> Result:
    done = trio.Event()
    hops = 0
    boxes = [make() for _ in range(size)]

    def node(put: Callable[[Item], None], left: int) -> None:
        nonlocal hops
        hops += 1
        if left:
            put(left - 1)
        else:
            done.set()

    async with running() as nursery:
        for box, following in zip(boxes, [*boxes[1:], boxes[0]], strict=True):
            nursery.start_soon(box.serve, partial(node, following.put))
        await trio.testing.wait_all_tasks_blocked()
        started = clock()
        boxes[0].put(count - 1)
        await done.wait()
        result = per_second(count, started)
    equal(hops, count)
    return result


async def _spawn_stop(make: MakeBox, count: int) -> Result:
    counter = Counter(count)
    started = clock()
    async with trio.open_nursery() as nursery:
        boxes = serve(nursery, make, count, counter.handle)
        for box in boxes:
            box.put(1)
        for box in boxes:
            box.close()
    equal(counter.total, count)
    return per_second(count, started)


async def _memory(make: MakeBox, count: int) -> Result:
    counter = Counter(count)
    async with running() as nursery:
        before, started = resident_bytes(), clock()
        boxes = serve(nursery, make, count, counter.handle)
        for box in boxes:
            box.put(1)
        await counter.done.wait()
        return bytes_each(len(boxes), before, started)


async def _restart(make: MakeBox, count: int) -> Result:
    samples: list[float] = []
    crashed = 0.0
    handled = trio.Event()

    def child(message: str) -> None:
        nonlocal crashed
        if message == "crash":
            crashed = clock()
            raise ValueError
        samples.append(clock() - crashed)
        handled.set()

    async def supervise(box: Box) -> None:
        while True:
            try:
                await box.serve(child)
            except ValueError:
                continue

    async with running() as nursery:
        box = make()
        nursery.start_soon(supervise, box)
        for _ in range(count):
            handled = trio.Event()
            box.put("crash")
            box.put("ping")
            await handled.wait()
    equal(len(samples), count)
    return latency(samples)


async def _skynet_node(make: MakeBox, parent: Box, number: int, size: int) -> None:
    if size == 1:
        parent.put(number)
        return
    box, part, total = make(), size // 10, 0
    async with trio.open_nursery() as nursery:
        for child in range(10):
            nursery.start_soon(_skynet_node, make, box, number + child * part, part)
        for _ in range(10):
            total += await box.get()
    parent.put(total)


async def _skynet(make: MakeBox, count: int) -> Result:
    root, started = make(), clock()
    await _skynet_node(make, root, 0, count)
    equal(await root.get(), count * (count - 1) // 2)
    return per_second(count, started)


async def _busy(make: MakeBox, count: int) -> Result:
    counter = Counter(count)

    async def wait_long(_item: Item) -> None:
        await trio.sleep_forever()

    async with running() as nursery:
        boxes = serve(nursery, make, 1_000, counter.handle)
        busy = make()
        nursery.start_soon(busy.serve_async, wait_long)
        busy.put(1)
        await trio.testing.wait_all_tasks_blocked()
        started = clock()
        for _ in range(count // 1_000):
            for box in boxes:
                box.put(1)
            await trio.lowlevel.checkpoint()
        await counter.done.wait()
        return per_second(count, started)


async def _suspend(make: MakeBox, count: int) -> Result:
    counter = Counter(count)
    async with running() as nursery:
        boxes = [make() for _ in range(CLIENTS)]
        for box in boxes:
            nursery.start_soon(box.serve_async, counter.handle_suspending)
        await trio.testing.wait_all_tasks_blocked()
        started = clock()
        for _ in range(count // CLIENTS):
            for box in boxes:
                box.put(1)
        await counter.done.wait()
        return per_second(count, started)


def _workloads(make: MakeBox) -> dict[str, Function]:
    def run(workload: Callable[..., Awaitable[Result]], *arguments: int) -> Function:
        def measure(count: int) -> Result:
            return trio.run(partial(workload, make, *arguments, count))

        return measure

    return {
        "tell": run(_tell, 1),
        "tell_wait": run(_tell_wait),
        "fan_in": run(_tell, 10),
        "ping_pong": run(_asks, 1, 1),
        "ask_async": run(_asks, 1, 1),
        "ask_100_1": run(_asks, CLIENTS, 1),
        "ask_100_100": run(_asks, CLIENTS, CLIENTS),
        "ring_100": run(_ring, 100),
        "ring_503": run(_ring, 503),
        "spawn_stop": run(_spawn_stop),
        "memory_10k": run(_memory),
        "memory_100k": run(_memory),
        "restart": run(_restart),
        "skynet": run(_skynet),
        "busy": run(_busy),
        "suspend": run(_suspend),
        "ask_within": run(_ask_within),
    }


CHANNEL = _workloads(ChannelBox)
PARK = _workloads(ParkBox)
