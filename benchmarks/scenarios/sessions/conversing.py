"""Conversing: whole turns, from the prompt to its outcome, and what they stream.

The floors start a bare Trio task for each turn, with a box for its answer.
"""

import gc
from collections.abc import Mapping
from statistics import median
from typing import ClassVar, Final

import trio
import trio.testing

from actors import Bounded, Completed, Session, Turn, open_system
from benchmarks.load import CLIENTS, KEPT, STREAMS, UNREAD, share, zipf
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from benchmarks.scenarios.cast import Counting
from benchmarks.scenarios.sessions.cast import (
    MANY,
    WIDE,
    Gate,
    Replier,
    Unlimited,
    route_to,
)
from supervision import Limits, RouterRef, start_router

SLICES: Final = 40
"""How often turns with and without deadlines are measured, in turns."""


async def take_turns(router: RouterRef[int, int], count: int) -> list[float]:
    """One turn after the other, each awaited; return the seconds of the right ones."""
    samples: list[float] = []
    for value in range(count):
        started = clock()
        outcome = await router.send("key", value).outcome()
        seconds = clock() - started
        if isinstance(outcome, Completed) and outcome.result == value + 1:
            samples.append(seconds)
    return samples


class TakeTurn(Scenario):
    """The time of a turn that answers at once, from its prompt to its outcome."""

    count = 10_000
    unit = MICROSECONDS
    short = True
    provided = True

    async def ours(self, run: Run) -> None:
        """One session, one turn after the other."""
        async with open_system() as system:
            samples = await take_turns(route_to(system, Replier), run.count)
        run.equal(len(samples), run.count, "right answers")
        run.samples(samples)


class TurnDeadlines(Scenario):
    """Turns with all their deadlines armed, one after the other.

    `time_ratio` is the time of a turn over that of one without any deadline, the median
    of slices that follow each other in one process. The contender `plain` has none.
    """

    count = 10_000
    floor = "plain"

    async def ours(self, run: Run) -> None:
        """With the default limits, and in turns without any."""
        async with open_system() as system:
            armed = route_to(system, Replier, name="armed")
            free = route_to(system, Unlimited, name="free")
            each = share(run.count, SLICES)
            for router in (armed, free):
                await take_turns(router, each)
            gc.collect()
            gc.freeze()
            spent: list[tuple[float, float]] = []
            right = 0
            for number in range(SLICES):
                pair = [0.0, 0.0]
                for which in (0, 1) if number % 2 else (1, 0):
                    samples = await take_turns((armed, free)[which], each)
                    pair[which] = sum(samples)
                    right += len(samples)
                spent.append((pair[0], pair[1]))
        run.equal(right, 2 * SLICES * each, "right answers")
        run.elapsed(sum(armed for armed, _ in spent), SLICES * each)
        run.note(time_ratio=median(armed / free for armed, free in spent))

    async def plain(self, run: Run) -> None:
        """Without any limit."""
        async with open_system() as system:
            router = route_to(system, Unlimited)
            with run.timed():
                samples = await take_turns(router, run.count)
        run.equal(len(samples), run.count, "right answers")


class Teller(Session[int, int]):
    """Streams so many numbers when the gate opens."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Emit them."""
        await self.gate.opened.wait()
        for number in range(turn.prompt):
            await turn.emit(number)
        return turn.prompt


class Streams1000(Scenario):
    """Read the chunks of 1,000 answers that are streamed at once."""

    name = "streams_1000"
    count = 50_000
    counts: ClassVar[Mapping[str, int]] = {"channel": 50_000, "asyncio": 50_000}
    provided = True

    async def ours(self, run: Run) -> None:
        """A session and a reader for each; all wait for the gate."""
        each = share(run.count, STREAMS)
        gate, reading = Gate(), Counting(STREAMS)
        whole = chunks = 0
        gate.close()

        async def read(router: RouterRef[int, int], key: str) -> None:
            nonlocal whole, chunks
            async with router.open_turn(key, each, stream=Bounded(UNREAD)) as stream:
                seen = 0
                async for number in stream:
                    run.equal(number, seen, "a chunk")
                    seen += 1
            chunks += seen
            outcome = await stream.outcome()
            whole += isinstance(outcome, Completed) and outcome.result == seen == each
            reading.add(1)

        async with open_system() as system:
            router = route_to(system, Teller, gate)
            async with trio.open_nursery() as readers:
                for number in range(STREAMS):
                    readers.start_soon(read, router, f"{number}")
                await trio.testing.wait_all_tasks_blocked()
                with run.timed(each * STREAMS):
                    gate.open()
                    await reading.done.wait()
        run.equal(chunks, each * STREAMS, "chunks")
        run.equal(whole, STREAMS, "whole answers")


class RouterChurn(Scenario):
    """Turns of sessions that come and go: 10,000 zipf keys, 1,000 of them kept.

    A session that is not there is created; the one that has been idle for longest makes
    room for it. `opened` is how many sessions that took.
    """

    number = "B17"
    count = 10_000
    counts: ClassVar[Mapping[str, int]] = {"channel": 10_000, "asyncio": 10_000}
    provided = True

    async def ours(self, run: Run) -> None:
        """100 clients, each one turn after the other; all is closed in the end."""
        each = share(run.count, CLIENTS)
        keys = zipf(each * CLIENTS, run.random)
        right = 0

        async def client(router: RouterRef[int, int], own: list[int]) -> None:
            nonlocal right
            for key in own:
                receipt = await router.send_wait(f"{key}", key)
                outcome = await receipt.outcome()
                right += getattr(outcome, "result", None) == key + 1

        async with open_system() as system:
            limits = Limits(sessions=KEPT, turns=MANY, idle=WIDE.idle)
            router = start_router(system, Replier, limits=limits)
            with run.timed(len(keys)):
                async with trio.open_nursery() as clients:
                    for number in range(CLIENTS):
                        clients.start_soon(client, router, keys[number::CLIENTS])
                kept = router.list()
                for info in kept:
                    router.close(info.key)
                while router.statistics().sessions:
                    await trio.testing.wait_all_tasks_blocked()
            statistics = router.statistics()
            left = len(router.list())
        run.equal(right, len(keys), "right answers")
        run.equal(len(kept), min(KEPT, len(set(keys))), "sessions that were kept")
        run.equal(left, 0, "sessions that are left")
        run.equal(sum(statistics.closed.values()), statistics.opened, "sessions closed")
        run.equal(statistics.accepted, len(keys), "accepted prompts")
        run.at_most(statistics.opened, len(keys), "sessions that were opened")
        run.note(opened=statistics.opened)
