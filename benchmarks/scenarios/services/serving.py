"""Serving: what a service pays for being watched, and how fast it stops."""

import gc
import tempfile
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

import trio
import trio.testing

from actors import Receipt
from benchmarks.load import SHOWN, TALKS, WATCHED, middle
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.services.cast import (
    Hung,
    Look,
    Onlooker,
    Served,
    Slice,
    Talkers,
    serving,
)
from benchmarks.scenarios.sessions.cast import Gate, Gated, Replier, open_sessions

QUIET: Final = 5
"""Looks while nothing else is going on."""

BUDGET: Final = 1.0
"""Seconds for the stop of a service whose turns do not end."""


class _Watched(Scenario):
    """Turns of a service that somebody watches, with one look in each second.

    100 clients have one turn after the other, in slices of a second. In turns the
    service has no control socket, one that nobody talks to, and one at which a client
    in a process of its own asks for a frame of the live view. `unwatched_percent` and
    `watched_percent` are what these take of the turns in a second of the processor's,
    the medians of slices that follow each other; `frame_percent` is the processor time
    of a frame while nothing else is going on, of a second; `frame_us` what the client
    waits for one beside the load. The figure is that of the watched slices, on the
    clock; the contender `plain` has no control socket at all.
    """

    count = 8  # slices of each kind
    fixed = True
    floor = "plain"
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """Slices in turns."""
        spent: dict[str, list[Slice]] = {}
        looks: list[Look] = []
        quiet: list[float] = []
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            path = Path(folder) / "s"
            async with serving(Replier) as served:
                talkers = await self._open(run, served)
                async with Onlooker.at(path) as onlooker:
                    async with _control(served, path):
                        for _ in range(QUIET):
                            before = time.process_time()
                            await _look(onlooker, looks)
                            quiet.append(time.process_time() - before)
                    _settle()
                    ways: dict[str, Callable[[], AbstractAsyncContextManager[None]]] = {
                        "alone": nullcontext,
                        "unwatched": partial(_control, served, path),
                        "watched": partial(_looked_at, served, path, onlooker, looks),
                    }
                    names = deque(ways)
                    for _ in range(run.count):
                        for name in names:
                            async with ways[name]():
                                found = await talkers.talk(WATCHED)
                            spent.setdefault(name, []).append(found)
                        names.rotate()
        self._close(run, talkers)
        seen = [(each.sessions, each.shown) for each in looks]
        once = (self.size, min(self.size, SHOWN))
        run.equal(seen, [once] * (QUIET + run.count), "sessions that were seen")
        run.elapsed(
            sum(each.seconds for each in spent["watched"]),
            sum(each.turns for each in spent["watched"]),
        )
        run.note(
            unwatched_percent=_taken(spent["alone"], spent["unwatched"]),
            watched_percent=_taken(spent["alone"], spent["watched"]),
            frame_percent=100 * median(quiet),
            frame_us=middle([each.seconds for each in looks[QUIET:]]),
        )

    async def plain(self, run: Run) -> None:
        """Nobody can watch."""
        async with serving(Replier) as served:
            talkers = await self._open(run, served)
            _settle()
            slices = [await talkers.talk(WATCHED) for _ in range(run.count)]
        self._close(run, talkers)
        run.elapsed(
            sum(each.seconds for each in slices), sum(each.turns for each in slices)
        )

    async def _open(self, run: Run, served: Served) -> Talkers:
        keys = [f"{number}" for number in range(self.size)]
        opened = await open_sessions(served.router, keys)
        run.equal(opened, self.size, "sessions that have answered")
        return Talkers(served.router, keys)

    def _close(self, run: Run, talkers: Talkers) -> None:
        run.equal(talkers.right, talkers.turns, "right answers")


class Watched10K(_Watched):
    """Turns of a service with 10,000 sessions while somebody watches it."""

    name = "watched_10k"
    size = 10_000
    rounds = 3


class Watched100K(_Watched):
    """Turns of a service with 100,000 sessions while somebody watches it."""

    name = "watched_100k"
    size = 100_000
    rounds = 2


class Drain(Scenario):
    """Stop a service with 10,000 accepted prompts, until it has ended.

    They are those of 1,000 sessions; nothing of them may be lost. The contender `plain`
    waits for the outcomes, and its service goes on.
    """

    count = 10_000
    floor = "plain"

    async def ours(self, run: Run) -> None:
        """The drain, the stop of the tree, and the report."""
        gate = Gate()
        async with serving(Gated, gate) as served:
            await _accept(served, gate, run.count)
            with run.timed():
                gate.open()
                served.service.stop("it is measured")
                report = await served.ended()
        run.equal(report.outcomes, {"Completed": run.count}, "outcomes")
        run.equal((report.in_time, report.exit_code), (True, 0), "an end in order")

    async def plain(self, run: Run) -> None:
        """The turns alone."""
        gate = Gate()
        async with serving(Gated, gate) as served:
            receipts = await _accept(served, gate, run.count)
            with run.timed():
                gate.open()
                for receipt in receipts:
                    await receipt.outcome()
        run.equal(gate.handled, run.count, "turns")


class _Hung(Scenario):
    """A service with 10,000 accepted prompts; the turns that run do not end."""

    count = 10_000
    fixed = True

    async def _served(self, run: Run, served: Served, how: Callable[[], None]) -> None:
        await _accept(served, Gate(), run.count)
        with run.timed():
            how()
            report = await served.ended()
        running = min(TALKS, run.count)
        run.equal(report.accepted, run.count, "accepted prompts")
        wanted = {"Aborted": running, "Lost": run.count - running}
        found = {name: number for name, number in wanted.items() if number}
        run.equal(report.outcomes, found, "outcomes")
        took = report.drain_seconds + report.stop_seconds
        run.at_most(took, report.budget, "seconds")
        run.note(budget_percent=100 * took / report.budget)


class DrainHung(_Hung):
    """Stop a service within a second though 1,000 turns do not end.

    `budget_percent` is what it takes of that second. Some of it is spent in waiting for
    the turns, so the figure tells little.
    """

    rounds = 3

    async def ours(self, run: Run) -> None:
        """The drain until its time is up, then the stop."""
        async with serving(Hung, budget=BUDGET) as served:
            await self._served(run, served, lambda: served.service.stop("measured"))


class StopNow(_Hung):
    """Stop a service at once, with 1,000 turns that do not end and 9,000 to come.

    As the second signal does. The contender `nursery` has as many tasks in one that is
    cancelled, and an event for each prompt.
    """

    floor = "nursery"

    async def ours(self, run: Run) -> None:
        """Everything is cancelled."""
        async with serving(Hung) as served:
            await self._served(run, served, lambda: served.service.stop_now("measured"))

    async def nursery(self, run: Run) -> None:
        """Tasks and events by hand."""
        events = [trio.Event() for _ in range(run.count)]
        tasks = min(TALKS, run.count)

        async def serve(first: int) -> None:
            try:
                await trio.sleep_forever()
            finally:
                for event in events[first::tasks]:
                    event.set()

        async with trio.open_nursery() as nursery:
            for number in range(tasks):
                nursery.start_soon(serve, number)
            await trio.testing.wait_all_tasks_blocked()
            with run.timed():
                nursery.cancel_scope.cancel()
                for event in events:
                    with trio.CancelScope(shield=True):
                        await event.wait()
        run.equal(sum(event.is_set() for event in events), run.count, "outcomes")


async def _accept(served: Served, gate: Gate, count: int) -> list[Receipt[int]]:
    """Have so many prompts accepted, by sessions with a turn that runs."""
    gate.close()
    sessions = min(TALKS, count)
    receipts = [
        served.router.send(f"{number % sessions}", number) for number in range(count)
    ]
    await trio.testing.wait_all_tasks_blocked()
    return receipts


@asynccontextmanager
async def _control(served: Served, path: Path) -> AsyncGenerator[None]:
    """The service has a control socket, in this block."""
    from supervision.control import bind_socket, serve_control  # noqa: PLC0415 - extra

    with bind_socket(path) as bound:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve_control, served.service.view, bound)
            yield
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _looked_at(
    served: Served, path: Path, onlooker: Onlooker, looks: list[Look]
) -> AsyncGenerator[None]:
    """It has one, and the onlooker looks once in this block, from its beginning on."""
    async with _control(served, path), trio.open_nursery() as beside:
        beside.start_soon(_look, onlooker, looks)
        yield


async def _look(onlooker: Onlooker, looks: list[Look]) -> None:
    looks.append(await onlooker.look())


def _settle() -> None:
    """Do as a service does after its start."""
    gc.collect()
    gc.freeze()


def _taken(alone: list[Slice], other: list[Slice]) -> float:
    """The median of what is missing in each slice, in per cent."""
    pairs = zip(alone, other, strict=True)
    return 100 * median(1 - less.speed / more.speed for more, less in pairs)
