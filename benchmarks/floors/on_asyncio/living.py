"""Starting, stopping, failing, idling by hand on asyncio."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from benchmarks.floors.on_asyncio.tasks import Counter, Queue, running, serve, settle
from benchmarks.load import WATCHES
from benchmarks.run import Run, clock
from benchmarks.scenario import Contender


async def _spawn_stop(run: Run) -> None:
    counter = Counter(run.count)

    async def actor(queue: Queue) -> None:
        while (amount := await queue.get()) is not None:
            counter.handle(amount)

    with run.timed():
        async with asyncio.TaskGroup() as tasks:
            queues = [Queue() for _ in range(run.count)]
            for queue in queues:
                tasks.create_task(actor(queue))
            for queue in queues:
                queue.put_nowait(1)
            await counter.done.wait()
            for queue in queues:
                queue.put_nowait(None)
    run.equal(counter.total, run.count)


async def _memory(run: Run) -> None:
    counter = Counter(run.count)
    async with running() as tasks:
        with run.resident():
            queues = tasks.serve(run.count, counter.handle)
            for queue in queues:
                queue.put_nowait(1)
            await counter.done.wait()
    run.equal(counter.total, len(queues))


async def _restart(queued: int, run: Run) -> None:
    samples: list[float] = []
    crashed: float | None = None
    counter = Counter(0)

    def child(message: str) -> None:
        nonlocal crashed
        if message == "crash":
            crashed = clock()
            raise ValueError
        if crashed is not None:
            samples.append(clock() - crashed)
            crashed = None
        counter.handle(1)

    async def supervise(queue: Queue) -> None:
        while True:
            try:
                await serve(queue, child)
            except ValueError:
                continue

    async with running() as tasks:
        queue = Queue()
        tasks.start_soon(supervise(queue))
        for _ in range(run.count):
            counter.goal += queued
            counter.done.clear()
            queue.put_nowait("crash")
            for _ in range(queued):
                queue.put_nowait("ping")
            await counter.done.wait()
    run.equal(counter.total, run.count * queued, "messages handled")
    run.equal(len(samples), run.count)
    run.samples(samples)


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


async def _skynet(run: Run) -> None:
    root = Queue()
    with run.timed():
        await _skynet_node(root, 0, run.count)
    run.equal(await root.get(), run.count * (run.count - 1) // 2)


async def _watch(run: Run) -> None:
    counter = Counter(0)
    told = [0] * run.count
    watchers: list[Queue] = []

    def notice(number: int, _ended: object) -> None:
        told[number] += 1
        counter.handle(1)

    async def watched(queue: Queue) -> None:
        try:
            await queue.get()
        finally:
            for watcher in watchers:
                watcher.put_nowait(queue)

    async with running() as tasks:
        for number in range(run.count):
            watchers.append(Queue())
            tasks.start_soon(serve(watchers[-1], partial(notice, number)))
        for _ in range(WATCHES):
            queue = Queue()
            tasks.start_soon(watched(queue))
            await settle()
            counter.goal += run.count
            counter.done.clear()
            with run.timed():
                queue.put_nowait(None)
                await counter.done.wait()
    run.equal(told, [WATCHES] * run.count, "notices")


LIVING: Final[Mapping[str, Contender]] = {
    "spawn_stop": _spawn_stop,
    "memory_10k": _memory,
    "memory_100k": _memory,
    "restart": partial(_restart, 1),
    "restart_1000": partial(_restart, 1_000),
    "skynet_10k": _skynet,
    "skynet_100k": _skynet,
    "watch_10k": _watch,
}
