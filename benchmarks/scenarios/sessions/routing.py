"""Routing: what it costs to hand a prompt to the session of its key.

Only `send` is measured, not the turn: the sessions take their turns between the timed
parts.
"""

import gc
from collections.abc import Awaitable, Callable
from statistics import median
from typing import ClassVar, Final

import trio.testing

from actors import ActorSystem, open_system
from benchmarks.load import BURST, middle, share
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from benchmarks.scenarios.cast import Counting, Worker, tell_in_turn
from benchmarks.scenarios.sessions.cast import Gate, Gated, open_sessions, route_to
from supervision import RouterRef

SLICES: Final = 40
"""How often sends and tells are measured, in turns."""

HOT: Final = 10
"""Sessions that prompts are for, whatever the number of live ones."""

# sends or tells so many; returns the seconds that it took
Send = Callable[[int], Awaitable[float]]


class Routing:
    """Prompts for sessions that a gate can hold up, and how long their sends take."""

    def __init__(self, router: RouterRef[int, int], gate: Gate) -> None:
        self.router = router
        self.gate = gate
        self.routed = 0
        """Prompts that were taken back from a queue, or handled."""

    async def to_running(self, keys: list[str], burst: list[str]) -> float:
        """Send a burst to sessions whose turns run; then take back what has queued."""
        self.gate.close()
        for key in keys:
            self.router.send(key, 0)
        await trio.testing.wait_all_tasks_blocked()
        seconds = self._send(burst)
        for key in keys:
            self.routed += len(self.router.cancel_all(key).withdrawn)
        await trio.testing.wait_all_tasks_blocked()
        return seconds

    async def to_idle(self, burst: list[str]) -> float:
        """Send a burst to idle sessions, so that each begins a turn."""
        self.gate.open()
        before = self.gate.handled
        seconds = self._send(burst)
        await trio.testing.wait_all_tasks_blocked()
        self.routed += self.gate.handled - before
        return seconds

    def _send(self, burst: list[str]) -> float:
        send = self.router.send
        started = clock()
        for key in burst:
            send(key, 1)
        return clock() - started


class _Route(Scenario):
    """Hand prompts to live sessions, in bursts; the subclasses say to which.

    `time_ratio` is their time over that of as many `await ref.tell(...)` to plain
    actors, handled, the median of slices that follow each other in one process;
    `nowait_ratio` the same with `tell_nowait`, as in the floor.
    """

    number = "B1"
    count = 80_000
    floor = "plain"
    _sessions: ClassVar[int] = 1
    _handled: int = 0

    async def ours(self, run: Run) -> None:
        """Sends to sessions, and in turns two kinds of tells to plain actors."""
        async with open_system() as system:
            ways = (
                await self._sending(system),
                await self._telling(system, waiting=True),
                await self._telling(system),
            )
            each = share(run.count, SLICES)
            spent: list[list[float]] = []
            gc.collect()
            gc.freeze()
            for number in range(SLICES):
                seconds = [0.0, 0.0, 0.0]
                for turn in range(3):
                    which = (number + turn) % 3
                    seconds[which] = await ways[which](each)
                spent.append(seconds)
        run.equal(self._handled, 3 * SLICES * each, "prompts and messages that came")
        run.elapsed(sum(sent for sent, *_ in spent), SLICES * each)
        run.note(
            time_ratio=median(sent / told for sent, told, _ in spent),
            nowait_ratio=median(sent / told for sent, _, told in spent),
        )

    async def plain(self, run: Run) -> None:
        """Tells, until they have been handled."""
        async with open_system() as system:
            tell = await self._telling(system)
            each = share(run.count, SLICES)
            gc.collect()
            gc.freeze()
            seconds = [await tell(each) for _ in range(SLICES)]
        run.equal(self._handled, SLICES * each, "messages handled")
        run.elapsed(sum(seconds), SLICES * each)

    async def _sending(self, system: ActorSystem) -> Send:
        gate = Gate()
        routing = Routing(route_to(system, Gated, gate), gate)
        keys = [f"{number}" for number in range(self._sessions)]
        await open_sessions(routing.router, keys)

        async def send(count: int) -> float:
            seconds, before = 0.0, routing.routed
            for first in range(0, count, BURST):
                size = min(BURST, count - first)
                burst = (keys * size)[:size]
                if self._sessions == 1:
                    seconds += await routing.to_running(keys, burst)
                else:
                    seconds += await routing.to_idle(burst)
            self._handled += routing.routed - before
            return seconds

        return send

    async def _telling(self, system: ActorSystem, *, waiting: bool = False) -> Send:
        counting = Counting(0)
        refs = [system.start(Worker, counting) for _ in range(self._sessions)]

        async def tell(count: int) -> float:
            before = counting.total
            counting.expect(count)
            started = clock()
            for first in range(0, count, BURST):
                size = min(BURST, count - first)
                if waiting:
                    for ref in (refs * size)[:size]:
                        await ref.tell(1)
                else:
                    await tell_in_turn((refs * size)[:size], size)
            await counting.done.wait()
            self._handled += counting.total - before
            return clock() - started

        return tell


class RouteQueued(_Route):
    """Hand prompts to one session whose turn runs, so that they queue."""

    short = True


class RouteIdle(_Route):
    """Hand a prompt to each of 1,000 idle sessions, again and again."""

    count = 40_000
    _sessions = BURST


class _RouteLive(Scenario):
    """The time of a send while so many sessions are live.

    The prompts are for ten sessions whose turns run; the others are idle. `time_ratio`
    is the time over that with a router that has those ten alone, the median of bursts
    that follow each other in one process. What is seen is the router, not the
    processor's caches: `any_us` is the time of a send to one of the idle sessions,
    drawn from all of them, which begins its turn. The contender `plain` looks ten of as
    many actors up in a dict, and tells them.
    """

    number = "B1"
    count = 100_000
    floor = "plain"
    unit = MICROSECONDS
    family = "routing"
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """Bursts, as evenly for the ten as it goes."""
        size, bursts = min(BURST, run.count), share(run.count, BURST)
        async with open_system() as system:
            many = await self._open(run, system, self.size)
            few = await self._open(run, system, HOT)
            gc.collect()
            gc.freeze()
            spent: list[tuple[float, float]] = []
            for number in range(bursts):
                pair = [0.0, 0.0]
                for which in (0, 1) if number % 2 else (1, 0):
                    routing, keys = (many, few)[which]
                    hot = keys[:: len(keys) // HOT][:HOT]
                    pair[which] = await routing.to_running(hot, (hot * size)[:size])
                spent.append((pair[0], pair[1]))
            routing, keys = many
            some = min(size, len(keys))
            drawn = [
                await routing.to_idle(run.random.sample(keys, some))
                for _ in range(share(bursts, 10))
            ]
            live = routing.router.statistics().sessions
        run.equal(live, len(keys), "live sessions")
        sent = size * bursts + some * len(drawn)
        run.equal(routing.routed, sent, "prompts that were queued or handled")
        run.samples([seconds / size for seconds, _ in spent])
        run.note(
            any_us=middle(drawn) / some,
            time_ratio=median(seconds / least for seconds, least in spent),
        )

    async def plain(self, run: Run) -> None:
        """Tells by key; handled between the bursts."""
        size, bursts = min(BURST, run.count), share(run.count, BURST)
        counting = Counting(0)
        async with open_system() as system:
            refs = {
                f"{key}": system.start(Worker, counting) for key in range(self.size)
            }
            await trio.testing.wait_all_tasks_blocked()
            hot = list(refs)[:: len(refs) // HOT][:HOT]
            burst = (hot * size)[:size]
            gc.collect()
            gc.freeze()
            spent: list[float] = []
            for _ in range(bursts):
                counting.expect(size)
                started = clock()
                for key in burst:
                    refs[key].tell_nowait(1)
                spent.append(clock() - started)
                await counting.done.wait()
        run.equal(counting.total, size * bursts, "messages handled")
        run.samples([seconds / size for seconds in spent])

    async def _open(
        self, run: Run, system: ActorSystem, count: int
    ) -> tuple[Routing, list[str]]:
        gate = Gate()
        routing = Routing(route_to(system, Gated, gate, name=f"{count}"), gate)
        keys = [f"{number}" for number in range(count)]
        opened = await open_sessions(routing.router, keys)
        run.equal(opened, count, "sessions that have answered")
        return routing, keys


class Route10K(_RouteLive):
    """The time of a send while 10,000 sessions are live, and while 10 are."""

    name = "route_10k"
    size = 10_000


class Route1M(_RouteLive):
    """The time of a send while a million sessions are live, and while 10 are."""

    name = "route_1m"
    size = 1_000_000
    rounds = 1
