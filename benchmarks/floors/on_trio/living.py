"""Starting, stopping, failing, idling by hand on Trio, once for both boxes."""

from functools import partial

import trio
import trio.testing

from benchmarks.floors.on_trio.boxes import Box, Item, MakeBox
from benchmarks.floors.on_trio.tasks import Counter, running, serve
from benchmarks.load import WATCHES
from benchmarks.run import Run, clock
from benchmarks.scenario import Contender


async def _spawn_stop(make: MakeBox, run: Run) -> None:
    counter = Counter(run.count)
    with run.timed():
        async with trio.open_nursery() as nursery:
            boxes = serve(nursery, make, run.count, counter.handle)
            for box in boxes:
                box.put(1)
            await counter.done.wait()
            for box in boxes:
                box.close()
    run.equal(counter.total, run.count)


async def _memory(make: MakeBox, run: Run) -> None:
    counter = Counter(run.count)
    async with running() as nursery:
        with run.resident():
            boxes = serve(nursery, make, run.count, counter.handle)
            for box in boxes:
                box.put(1)
            await counter.done.wait()
    run.equal(counter.total, len(boxes))


async def _restart(make: MakeBox, queued: int, run: Run) -> None:
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

    async def supervise(box: Box) -> None:
        while True:
            try:
                await box.serve(child)
            except ValueError:
                continue

    async with running() as nursery:
        box = make()
        nursery.start_soon(supervise, box)
        for _ in range(run.count):
            counter.goal += queued
            counter.done = trio.Event()
            box.put("crash")
            for _ in range(queued):
                box.put("ping")
            await counter.done.wait()
    run.equal(counter.total, run.count * queued, "messages handled")
    run.equal(len(samples), run.count)
    run.samples(samples)


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


async def _skynet(make: MakeBox, run: Run) -> None:
    root = make()
    with run.timed():
        await _skynet_node(make, root, 0, run.count)
    run.equal(await root.get(), run.count * (run.count - 1) // 2)


async def _watch(make: MakeBox, run: Run) -> None:
    counter = Counter(0)
    told: list[int] = [0] * run.count
    watchers: list[Box] = []

    def notice(number: int, _ended: Item) -> None:
        told[number] += 1
        counter.handle(1)

    async def watched(box: Box) -> None:
        try:
            await box.serve(print)
        finally:
            for watcher in watchers:
                watcher.put(box)

    async with running() as nursery:
        for number in range(run.count):
            watchers.append(make())
            nursery.start_soon(watchers[-1].serve, partial(notice, number))
        for _ in range(WATCHES):
            box = make()
            nursery.start_soon(watched, box)
            await trio.testing.wait_all_tasks_blocked()
            counter.goal += run.count
            counter.done = trio.Event()
            with run.timed():
                box.close()
                await counter.done.wait()
    run.equal(told, [WATCHES] * run.count, "notices")


def living(make: MakeBox) -> dict[str, Contender]:
    """`{scenario's name: contender}` with boxes of this kind."""
    return {
        "spawn_stop": partial(_spawn_stop, make),
        "memory_10k": partial(_memory, make),
        "memory_100k": partial(_memory, make),
        "restart": partial(_restart, make, 1),
        "restart_1000": partial(_restart, make, 1_000),
        "supervised_restart": partial(_restart, make, 1),
        "supervised_restart_1000": partial(_restart, make, 1_000),
        "skynet_10k": partial(_skynet, make),
        "skynet_100k": partial(_skynet, make),
        "watch_10k": partial(_watch, make),
    }
