"""Looking: what a service spends on one look at it, in time and in memory."""

import gc
import heapq
import tracemalloc
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Final

import trio
import trio.testing

from actors import open_system
from benchmarks.load import SHOWN, share
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from benchmarks.scenarios.sessions.cast import Gate, Gated, open_sessions, route_to
from supervision.service import View

BUSY: Final = 100
"""Sessions whose turn runs, with one more prompt waiting."""

LISTED: Final = 100
"""Sessions in a list, unless somebody asks for more."""


class Steps(trio.abc.Instrument):
    """How long tasks have held up all others at most, between two checkpoints."""

    def __init__(self, clock: Callable[[], float] = clock) -> None:
        self.longest = 0.0
        self._clock = clock
        self._begun = clock()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """A task goes on."""
        del task
        self._begun = self._clock()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """It waits."""
        del task
        self.longest = max(self.longest, self._clock() - self._begun)


class _Look(Scenario):
    """The time of a frame of the live view: 30 actors, and the worst 30 sessions.

    `step_us` is how long a frame holds up all others at once, the median of some
    frames; `list_us`, `tree_us`, `statistics_us` and `session_us` are the times of a
    list of 100 sessions, of the tree, of all that is counted, of one session; `kib` is
    the memory of a frame while it is made. The contender `plain` finds the 30 worst of
    as many rows in a dict.
    """

    count = 40
    unit = MICROSECONDS
    floor = "plain"
    family = "looks"

    async def ours(self, run: Run) -> None:
        """A view of a system with one router."""
        gate = Gate()
        keys = [f"{number}" for number in range(self.size)]
        async with open_system() as system:
            router = route_to(system, Gated, gate)
            opened = await open_sessions(router, keys)
            gate.close()
            for key in keys[:: share(self.size, BUSY)] * 2:
                router.send(key, 1)
            await trio.testing.wait_all_tasks_blocked()
            gc.collect()
            gc.freeze()
            view = View(system)

            async def frame() -> int:
                found = await view.top(rows=SHOWN, sessions=SHOWN)
                return found["sessions"]["matching"]

            async def listed() -> int:
                return (await view.sessions(limit=LISTED))["matching"]

            async def tree() -> int:
                return (await view.tree("/router"))["owns"]

            async def counted() -> int:
                return view.statistics()["routers"][0]["sessions"]

            async def one() -> int:
                return self.size * (view.session(keys[-1])["key"] == keys[-1])

            frames = await self._timed(run, frame, run.count)
            some = share(run.count, 10)
            steps = [await _longest_step(frame) for _ in range(some)]
            notes = {
                name: 1e6 * median(await self._timed(run, look, some))
                for name, look in (
                    ("list_us", listed),
                    ("tree_us", tree),
                    ("statistics_us", counted),
                    ("session_us", one),
                )
            }
            peak = await _peak(frame)
            gate.open()
        run.equal(opened, self.size, "sessions that have answered")
        run.samples(frames)
        run.note(step_us=1e6 * median(steps), kib=peak / 1024, **notes)

    def plain(self, run: Run) -> None:
        """By hand, with a number to go by."""
        rows = {f"{each}": (run.random.random(), each) for each in range(self.size)}
        gc.collect()
        gc.freeze()
        spent: list[float] = []
        found: list[dict[str, object]] = []
        for _ in range(run.count):
            started = clock()
            worst = heapq.nlargest(SHOWN, rows.items(), key=lambda row: row[1])
            found = [{"key": key, "age": age} for key, (age, _) in worst]
            spent.append(clock() - started)
        run.equal(len(found), min(SHOWN, self.size), "rows that were found")
        run.samples(spent)

    async def _timed(
        self, run: Run, look: Callable[[], Awaitable[int]], count: int
    ) -> list[float]:
        spent: list[float] = []
        for _ in range(count):
            started = clock()
            sessions = await look()
            spent.append(clock() - started)
            run.equal(sessions, self.size, "sessions that were seen")
        return spent


class Look10K(_Look):
    """The time of a frame of the live view with 10,000 sessions."""

    name = "look_10k"
    size = 10_000
    short = True


class Look100K(_Look):
    """The time of a frame of the live view with 100,000 sessions."""

    name = "look_100k"
    size = 100_000
    rounds = 3


async def _longest_step(look: Callable[[], Awaitable[int]]) -> float:
    """Seconds for which a look holds up all others at most."""
    gc.collect()  # a collection is nobody's step
    steps = Steps()
    trio.lowlevel.add_instrument(steps)
    await trio.lowlevel.checkpoint()  # the step in which it was added was not seen
    await look()
    await trio.lowlevel.checkpoint()
    trio.lowlevel.remove_instrument(steps)
    return steps.longest


async def _peak(look: Callable[[], Awaitable[int]]) -> int:
    """The bytes that a look has at once, at most."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        await look()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
