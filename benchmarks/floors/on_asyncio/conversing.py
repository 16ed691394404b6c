"""Conversations by hand on asyncio: a task for each turn or session, queues between."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from benchmarks.floors.on_asyncio.tasks import Counter, Queue, ask, echo, serve, settle
from benchmarks.load import CLIENTS, KEPT, STREAMS, UNREAD, share, zipf
from benchmarks.run import Run, clock
from benchmarks.scenario import Contender


async def _take_turn(run: Run) -> None:
    samples: list[float] = []
    total = 0
    answers = {"key": Queue()}

    async def work(value: int, answer: Queue) -> None:
        await answer.put(value + 1)

    async with asyncio.TaskGroup() as tasks:
        for value in range(run.count):
            started = clock()
            answer = answers["key"]
            tasks.create_task(work(value, answer))
            total += await answer.get() - value
            samples.append(clock() - started)
    run.equal(total, run.count)
    run.samples(samples)


async def _streams(run: Run) -> None:
    each = share(run.count, STREAMS)
    gate, reading = asyncio.Event(), Counter(STREAMS)
    chunks = 0

    async def write(stream: Queue) -> None:
        await gate.wait()
        for number in range(each):
            await stream.put(number)
        await stream.put(None)

    async def read(stream: Queue) -> None:
        nonlocal chunks
        seen = 0
        while (number := await stream.get()) is not None:
            run.equal(number, seen, "a chunk")
            seen += 1
        chunks += seen
        reading.handle(1)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(STREAMS):
            stream = Queue(UNREAD)
            tasks.create_task(write(stream))
            tasks.create_task(read(stream))
        await settle()
        with run.timed(each * STREAMS):
            gate.set()
            await reading.done.wait()
    run.equal(chunks, each * STREAMS, "chunks")


class _Kept:
    """Queues with a task each, by key; the one unused for longest makes room."""

    def __init__(self) -> None:
        # {key: [queue, task, asks under way]}, the one unused for longest first
        self._queues: OrderedDict[str, list[Any]] = OrderedDict()
        self._ending: list[asyncio.Task[None]] = []
        self.opened = 0

    async def ask(self, key: str, value: int) -> int:
        """Ask the one of this key, which is made if it is not there."""
        kept = self._queues.get(key)
        if kept is None:
            if len(self._queues) >= KEPT:
                self._evict()
            queue = Queue()
            task = asyncio.create_task(serve(queue, echo))
            kept = self._queues[key] = [queue, task, 0]
            self.opened += 1
        self._queues.move_to_end(key)
        kept[2] += 1
        answer = await ask(kept[0], value)
        kept[2] -= 1
        return answer

    def _evict(self) -> None:
        key = next(key for key, (_, _, asks) in self._queues.items() if not asks)
        self._end(self._queues.pop(key)[1])

    def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        self._ending.append(task)

    async def close(self) -> None:
        """End all of them, and wait until they have ended."""
        while self._queues:
            self._end(self._queues.popitem()[1][1])
        await asyncio.gather(*self._ending, return_exceptions=True)


async def _router_churn(run: Run) -> None:
    keys = zipf(share(run.count, CLIENTS) * CLIENTS, run.random)
    total = 0
    kept = _Kept()

    async def client(own: list[int]) -> None:
        nonlocal total
        for key in own:
            answer = await kept.ask(f"{key}", key)
            total += answer - key

    with run.timed(len(keys)):
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(client(keys[number::CLIENTS]))
        await kept.close()
    run.equal(total, len(keys))
    run.note(opened=kept.opened)


CONVERSING: Final[Mapping[str, Contender]] = {
    "take_turn": _take_turn,
    "streams_1000": _streams,
    "router_churn": _router_churn,
}
"""{scenario's name: contender}."""
