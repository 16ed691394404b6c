"""Conversations by hand on Trio, once for both boxes: a task for each turn."""

from collections import OrderedDict
from functools import partial

import trio
import trio.testing

from benchmarks.floors.on_trio.boxes import Box, Item, MakeBox
from benchmarks.floors.on_trio.tasks import Counter, echo, running, serve
from benchmarks.load import CLIENTS, KEPT, STREAMS, UNREAD, share, zipf
from benchmarks.run import Run, clock
from benchmarks.scenario import Contender


async def _take_turn(make: MakeBox, run: Run) -> None:
    samples: list[float] = []
    total = 0
    answers: dict[str, Box] = {"key": make()}

    async def work(value: int, answer: Box) -> None:
        answer.put(value + 1)

    async with running() as nursery:
        for value in range(run.count):
            started = clock()
            answer = answers["key"]
            nursery.start_soon(work, value, answer)
            total += await answer.get() - value
            samples.append(clock() - started)
    run.equal(total, run.count)
    run.samples(samples)


async def _streams(make: MakeBox, run: Run) -> None:
    each = share(run.count, STREAMS)
    gate, reading = trio.Event(), Counter(STREAMS)
    chunks = 0

    async def write(stream: Box) -> None:
        await gate.wait()
        for number in range(each):
            await stream.send(number)
        stream.close()

    async def read(stream: Box) -> None:
        nonlocal chunks
        seen = 0

        def check(number: Item) -> None:
            nonlocal seen
            run.equal(number, seen, "a chunk")
            seen += 1

        await stream.serve(check)
        chunks += seen
        reading.handle(1)

    async with running() as nursery:
        for _ in range(STREAMS):
            stream = make(UNREAD)
            nursery.start_soon(write, stream)
            nursery.start_soon(read, stream)
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(each * STREAMS):
            gate.set()
            await reading.done.wait()
    run.equal(chunks, each * STREAMS, "chunks")


class _Kept:
    """Boxes with a task each, by key; the one unused for longest makes room."""

    def __init__(self, make: MakeBox, nursery: trio.Nursery) -> None:
        self._make = make
        self._nursery = nursery
        # {key: [box, asks under way]}, the one unused for longest first
        self._boxes: OrderedDict[str, list[Item]] = OrderedDict()
        self.opened = 0

    async def ask(self, key: str, value: int) -> int:
        """Ask the one of this key, which is made if it is not there."""
        kept = self._boxes.get(key)
        if kept is None:
            if len(self._boxes) >= KEPT:
                self._evict()
            (box,) = serve(self._nursery, self._make, 1, echo(self._make))
            kept = self._boxes[key] = [box, 0]
            self.opened += 1
        self._boxes.move_to_end(key)
        kept[1] += 1
        answer: int = await kept[0].ask(value)
        kept[1] -= 1
        return answer

    def _evict(self) -> None:
        key = next(key for key, (_, asks) in self._boxes.items() if not asks)
        self._boxes.pop(key)[0].close()

    def close(self) -> None:
        """Let all of them end."""
        while self._boxes:
            self._boxes.popitem()[1][0].close()


async def _router_churn(make: MakeBox, run: Run) -> None:
    keys = zipf(share(run.count, CLIENTS) * CLIENTS, run.random)
    total = 0

    async def client(kept: _Kept, own: list[int]) -> None:
        nonlocal total
        for key in own:
            answer = await kept.ask(f"{key}", key)
            total += answer - key

    with run.timed(len(keys)):
        async with trio.open_nursery() as sessions:
            kept = _Kept(make, sessions)
            async with trio.open_nursery() as clients:
                for number in range(CLIENTS):
                    clients.start_soon(client, kept, keys[number::CLIENTS])
            kept.close()
    run.equal(total, len(keys))
    run.note(opened=kept.opened)


def conversing(make: MakeBox) -> dict[str, Contender]:
    """`{scenario's name: contender}` with boxes of this kind."""
    return {
        "take_turn": partial(_take_turn, make),
        "streams_1000": partial(_streams, make),
        "router_churn": partial(_router_churn, make),
    }
