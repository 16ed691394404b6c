"""Telling and asking by hand on Trio, each workload once for both boxes."""

import math
from collections.abc import Callable
from functools import partial

import trio
import trio.testing

from benchmarks.floors.on_trio.boxes import Box, Item, MakeBox
from benchmarks.floors.on_trio.tasks import (
    Counter,
    echo,
    produce,
    put_in_turn,
    running,
    serve,
    timed_asks,
)
from benchmarks.load import BLOCK, CAPACITY, CLIENTS, QUEUE_ASKS, middle, share
from benchmarks.run import Run
from benchmarks.scenario import Contender


async def _tell(make: MakeBox, producers: int, run: Run, *, plain: bool = True) -> None:
    each = share(run.count, producers)
    counter = Counter(each * producers)
    async with running() as nursery:
        box = make()
        if plain:
            nursery.start_soon(box.serve, counter.handle)
        else:
            nursery.start_soon(box.serve_async, counter.handle_async)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(counter.goal):
            for _ in range(producers):
                nursery.start_soon(produce, box.put, each)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _tell_wait(make: MakeBox, producers: int, run: Run) -> None:
    each = share(run.count, producers)
    counter = Counter(each * producers)

    async def produce_waiting(box: Box) -> None:
        for _ in range(each):
            await box.send(1)

    async with running() as nursery:
        box = make(CAPACITY)
        nursery.start_soon(box.serve, counter.handle)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(counter.goal):
            for _ in range(producers):
                nursery.start_soon(produce_waiting, box)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _from_threads(make: MakeBox, run: Run) -> None:
    counter = Counter(run.count)
    token = trio.lowlevel.current_trio_token()

    def put_all(box: Box) -> None:
        for _ in range(run.count):
            token.run_sync_soon(box.put, 1)

    async with running() as nursery:
        (box,) = serve(nursery, make, 1, counter.handle)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed():
            await trio.to_thread.run_sync(put_all, box)
            await counter.done.wait()
    run.equal(counter.total, run.count)


async def _ping_pong(make: MakeBox, run: Run) -> None:
    total = 0
    async with running() as nursery:
        (box,) = serve(nursery, make, 1, echo(make))
        await trio.testing.wait_all_tasks_blocked()
        for first in range(0, run.count, BLOCK):
            block = min(BLOCK, run.count - first)
            with run.timed(block):
                for value in range(block):
                    total += await box.ask(value) - value
        run.samples(await timed_asks(run, box, share(run.count, 10), math.inf))
    run.equal(total, run.count)


async def _asks(make: MakeBox, clients: int, actors: int, run: Run) -> None:
    total = 0
    each = share(run.count, clients)

    async def client(box: Box) -> None:
        nonlocal total
        for value in range(each):
            answer = await box.ask(value)
            total += answer - value

    async with running() as nursery:
        boxes = serve(nursery, make, actors, echo(make))
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(each * clients):
            async with trio.open_nursery() as asking:
                for number in range(clients):
                    asking.start_soon(client, boxes[number % actors])
    run.equal(total, each * clients)


async def _ask_within(make: MakeBox, run: Run) -> None:
    total = 0
    async with running() as nursery:
        (box,) = serve(nursery, make, 1, echo(make))
        await trio.testing.wait_all_tasks_blocked()
        with run.timed():
            for value in range(run.count):
                with trio.fail_after(1.0):
                    total += await box.ask(value) - value
    run.equal(total, run.count)


async def _long_queue(make: MakeBox, run: Run) -> None:
    counter, asks = Counter(run.count), min(QUEUE_ASKS, run.count)
    async with running() as nursery:
        (asked,) = serve(nursery, make, 1, echo(make))
        own = make()
        await trio.testing.wait_all_tasks_blocked()
        empty = await timed_asks(run, asked, asks, math.inf)
        for _ in range(run.count):
            own.put(1)
        full = await timed_asks(run, asked, asks, math.inf)
        nursery.start_soon(own.serve, counter.handle)
        await counter.done.wait()
    run.equal(counter.total, run.count, "what was queued")
    run.samples(full)
    run.note(empty_us=middle(empty), ratio=middle(full) / middle(empty))


async def _ring(make: MakeBox, size: int, run: Run) -> None:
    done = trio.Event()
    hops = 0
    boxes: list[Box] = [make() for _ in range(size)]

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
        with run.timed():
            boxes[0].put(run.count - 1)
            await done.wait()
    run.equal(hops, run.count)


async def _busy(make: MakeBox, run: Run) -> None:
    actors = 1_000
    each = share(run.count, actors)
    counter = Counter(each * actors)

    async def wait_long(_item: Item) -> None:
        await trio.sleep_forever()

    async with running() as nursery:
        boxes = serve(nursery, make, actors, counter.handle)
        busy = make()
        nursery.start_soon(busy.serve_async, wait_long)
        busy.put(1)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(counter.goal):
            await put_in_turn(boxes, each)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _suspend(make: MakeBox, run: Run) -> None:
    each = share(run.count, CLIENTS)
    counter = Counter(each * CLIENTS)
    async with running() as nursery:
        boxes: list[Box] = [make() for _ in range(CLIENTS)]
        for box in boxes:
            nursery.start_soon(box.serve_async, counter.handle_suspending)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(counter.goal):
            await put_in_turn(boxes, each)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


def telling(make: MakeBox) -> dict[str, Contender]:
    """`{scenario's name: contender}` with boxes of this kind."""
    return {
        "tell": partial(_tell, make, 1),
        "tell_async": partial(_tell, make, 1, plain=False),
        "tell_wait": partial(_tell_wait, make, 1),
        "fan_in_wait": partial(_tell_wait, make, 10),
        "fan_in": partial(_tell, make, 10),
        "from_threads": partial(_from_threads, make),
        "ping_pong": partial(_ping_pong, make),
        "ask_async": partial(_asks, make, 1, 1),
        "ask_100_1": partial(_asks, make, CLIENTS, 1),
        "ask_100_100": partial(_asks, make, CLIENTS, CLIENTS),
        "ask_within": partial(_ask_within, make),
        "long_queue": partial(_long_queue, make),
        "ring_100": partial(_ring, make, 100),
        "ring_503": partial(_ring, make, 503),
        "busy": partial(_busy, make),
        "suspend": partial(_suspend, make),
    }
