"""Telling and asking by hand on asyncio."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Final

from benchmarks.floors.on_asyncio.tasks import (
    Counter,
    Handle,
    Queue,
    ask,
    echo,
    produce,
    put_in_turn,
    running,
    serve,
    settle,
    timed_asks,
)
from benchmarks.load import BLOCK, CAPACITY, CLIENTS, QUEUE_ASKS, middle, share
from benchmarks.run import Run
from benchmarks.scenario import Contender


async def _serve_async(queue: Queue, counter: Counter) -> None:
    while True:
        await counter.handle_async(await queue.get())


async def _tell(producers: int, run: Run, *, plain: bool = True) -> None:
    each = share(run.count, producers)
    counter = Counter(each * producers)
    async with running() as tasks:
        queue = Queue()
        if plain:
            tasks.start_soon(serve(queue, counter.handle))
        else:
            tasks.start_soon(_serve_async(queue, counter))
        await settle()
        with run.timed(counter.goal):
            for _ in range(producers):
                tasks.start_soon(produce(queue.put_nowait, each))
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _tell_wait(producers: int, run: Run) -> None:
    each = share(run.count, producers)
    counter = Counter(each * producers)

    async def produce_waiting(queue: Queue) -> None:
        for _ in range(each):
            await queue.put(1)

    async with running() as tasks:
        queue = Queue(CAPACITY)
        tasks.start_soon(serve(queue, counter.handle))
        await settle()
        with run.timed(counter.goal):
            for _ in range(producers):
                tasks.start_soon(produce_waiting(queue))
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _from_threads(run: Run) -> None:
    counter = Counter(run.count)
    loop = asyncio.get_running_loop()

    def put_all(queue: Queue) -> None:
        for _ in range(run.count):
            loop.call_soon_threadsafe(queue.put_nowait, 1)

    async with running() as tasks:
        (queue,) = tasks.serve(1, counter.handle)
        await settle()
        with run.timed():
            await asyncio.to_thread(put_all, queue)
            await counter.done.wait()
    run.equal(counter.total, run.count)


async def _ping_pong(block: int | None, run: Run) -> None:
    total = 0
    size = block or run.count
    async with running() as tasks:
        (queue,) = tasks.serve(1, echo)
        await settle()
        for first in range(0, run.count, size):
            asks = min(size, run.count - first)
            with run.timed(asks):
                for value in range(asks):
                    total += await ask(queue, value) - value
        run.samples(await timed_asks(run, queue, share(run.count, 10)))
    run.equal(total, run.count)


async def _asks(clients: int, actors: int, run: Run) -> None:
    total = 0
    each = share(run.count, clients)

    async def client(queue: Queue) -> None:
        nonlocal total
        for value in range(each):
            answer = await ask(queue, value)
            total += answer - value

    async with running() as tasks:
        queues = tasks.serve(actors, echo)
        await settle()
        with run.timed(each * clients):
            async with asyncio.TaskGroup() as asking:
                for number in range(clients):
                    asking.create_task(client(queues[number % actors]))
    run.equal(total, each * clients)


async def _ask_within(run: Run) -> None:
    total = 0
    async with running() as tasks:
        (queue,) = tasks.serve(1, echo)
        await settle()
        with run.timed():
            for value in range(run.count):
                async with asyncio.timeout(1.0):
                    total += await ask(queue, value) - value
    run.equal(total, run.count)


async def _long_queue(run: Run) -> None:
    counter, asks = Counter(run.count), min(QUEUE_ASKS, run.count)
    async with running() as tasks:
        (asked,) = tasks.serve(1, echo)
        own = Queue()
        await settle()
        empty = await timed_asks(run, asked, asks)
        for _ in range(run.count):
            own.put_nowait(1)
        full = await timed_asks(run, asked, asks)
        tasks.start_soon(serve(own, counter.handle))
        await counter.done.wait()
    run.equal(counter.total, run.count, "what was queued")
    run.samples(full)
    run.note(empty_us=middle(empty), ratio=middle(full) / middle(empty))


async def _ring(size: int, run: Run) -> None:
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

    async with running() as tasks:
        for queue, following in zip(queues, [*queues[1:], queues[0]], strict=True):
            tasks.start_soon(serve(queue, partial(node, following.put_nowait)))
        await settle()
        with run.timed():
            queues[0].put_nowait(run.count - 1)
            await done.wait()
    run.equal(hops, run.count)


async def _busy(run: Run) -> None:
    actors = 1_000
    each = share(run.count, actors)
    counter = Counter(each * actors)
    async with running() as tasks:
        queues = tasks.serve(actors, counter.handle)
        tasks.start_soon(asyncio.sleep(3600))
        await settle()
        with run.timed(counter.goal):
            await put_in_turn(queues, each)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _suspend(run: Run) -> None:
    each = share(run.count, CLIENTS)
    counter = Counter(each * CLIENTS)

    async def actor(queue: Queue) -> None:
        while True:
            amount = await queue.get()
            await asyncio.sleep(0)
            counter.handle(amount)

    async with running() as tasks:
        queues = [Queue() for _ in range(CLIENTS)]
        for queue in queues:
            tasks.start_soon(actor(queue))
        await settle()
        with run.timed(counter.goal):
            await put_in_turn(queues, each)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


TELLING: Final[Mapping[str, Contender]] = {
    "tell": partial(_tell, 1),
    "tell_async": partial(_tell, 1, plain=False),
    "tell_wait": partial(_tell_wait, 1),
    "fan_in_wait": partial(_tell_wait, 10),
    "fan_in": partial(_tell, 10),
    "from_threads": _from_threads,
    "ping_pong": partial(_ping_pong, BLOCK),
    "ping_pong_1m": partial(_ping_pong, None),
    "ask_async": partial(_asks, 1, 1),
    "ask_100_1": partial(_asks, CLIENTS, 1),
    "ask_100_100": partial(_asks, CLIENTS, CLIENTS),
    "ask_within": _ask_within,
    "long_queue": _long_queue,
    "ring_100": partial(_ring, 100),
    "ring_503": partial(_ring, 503),
    "busy": _busy,
    "suspend": _suspend,
}
