"""Supervised: what an actor costs that has a supervisor, beside one that has none.

The contender `plain` is the same work with actors that the system owns.
"""

import gc
from collections.abc import Awaitable, Callable, Iterable, Sequence
from statistics import median
from typing import Any, Final

import trio.testing

from actors import ActorRef, ActorSystem, AnyRef, open_system
from benchmarks.load import BURST, share
from benchmarks.run import Run, clock, resident_bytes
from benchmarks.scenario import BYTES, Scenario
from benchmarks.scenarios.cast import (
    Counting,
    Echo,
    Guardian,
    Idle,
    IdleChildren,
    Next,
    Worker,
    produce,
)
from benchmarks.scenarios.lives.memory import start_idle
from supervision import (
    ChildSpec,
    Supervisor,
    count_children,
    describe_child,
    start_child,
)

SLICES: Final = 40
"""How often messages to a supervised and to a plain actor are measured in turns."""


class Declared(Supervisor):
    """Has the children that it is given the specs of."""

    def __init__(self, specs: Sequence[ChildSpec[Any]]) -> None:
        self.specs = specs

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """Those."""
        return self.specs


async def rest(refs: Iterable[AnyRef]) -> None:
    """Tell each something, and let them handle it."""
    for ref in refs:
        ref.tell_nowait(1)
    await trio.testing.wait_all_tasks_blocked()


class _SupervisedMemory(Scenario):
    """Resident memory for each idle child that has handled one message."""

    number = "B11"
    count = 100_000
    unit = BYTES
    floor = "plain"
    fixed = True
    warm_up = 0
    rounds = 3

    async def plain(self, run: Run) -> None:
        """Owned by the system, with the list of refs."""
        handled = Idle.handled
        async with open_system() as system:
            with run.resident():
                refs = await start_idle(system, run.count)
            run.equal(system.statistics().actors, len(refs))
        run.equal(Idle.handled - handled, run.count)


class SupervisedMemoryDynamic(_SupervisedMemory):
    """Resident bytes for each of 100,000 idle children of a dynamic supervisor."""

    provided = True

    async def ours(self, run: Run) -> None:
        """With the list of refs."""
        handled = Idle.handled
        refs: list[AnyRef] = []
        async with open_system() as system:
            supervisor = system.start(IdleChildren)
            await supervisor.wait_started()
            with run.resident():
                for first in range(0, run.count, BURST):
                    size = min(BURST, run.count - first)
                    burst = [await start_child(supervisor) for _ in range(size)]
                    await rest(burst)
                    refs += burst
            active = (await count_children(supervisor)).active
        run.equal(active, len(refs), "active children")
        run.equal(Idle.handled - handled, run.count)


class SupervisedMemoryStatic(_SupervisedMemory):
    """Resident bytes for each of 100,000 idle children of a static supervisor.

    Their specs are among them; `spec_bytes` is what these take.
    """

    async def ours(self, run: Run) -> None:
        """With the list of refs."""
        handled = Idle.handled
        refs: list[AnyRef] = []
        async with open_system() as system:
            with run.resident():
                before = resident_bytes()
                specs = [ChildSpec(Idle, id=f"{each}") for each in range(run.count)]
                spec_bytes = (resident_bytes() - before) / run.count
                supervisor = system.start(Declared, specs)
                await supervisor.wait_started()
                for first in range(0, run.count, BURST):
                    burst: list[AnyRef] = []
                    for number in range(first, min(first + BURST, run.count)):
                        info = await describe_child(supervisor, f"{number}")
                        if info.ref is not None:
                            burst.append(info.ref)
                    await rest(burst)
                    refs += burst
            active = (await count_children(supervisor)).active
        run.equal(active, len(refs), "active children")
        run.equal(Idle.handled - handled, run.count)
        run.note(spec_bytes=spec_bytes)


# tells or asks one actor, and waits until so many messages have been handled
Send = Callable[[int], Awaitable[None]]


class _SupervisedMessages(Scenario):
    """Messages to a child of a supervisor.

    `time_ratio` is their time over that of messages to a plain actor, the median of
    slices that follow each other in one process.
    """

    number = "B1"
    floor = "plain"

    async def ours(self, run: Run) -> None:
        """A child of a supervisor, and in turns a plain actor."""
        async with open_system() as system:
            supervisor = system.start(Guardian)
            mine = await self._child(supervisor)
            other = self._plain(system)
            each = share(run.count, SLICES)
            spent: list[tuple[float, float]] = []
            gc.collect()
            gc.freeze()
            for number in range(SLICES):
                if number % 2:
                    first = await _timed(other, each)
                    spent.append((await _timed(mine, each), first))
                else:
                    first = await _timed(mine, each)
                    spent.append((first, await _timed(other, each)))
        run.equal(self._handled, 2 * SLICES * each, "messages handled")
        run.elapsed(sum(mine for mine, _ in spent), SLICES * each)
        run.note(time_ratio=median(mine / other for mine, other in spent))

    async def plain(self, run: Run) -> None:
        """An actor that the system owns."""
        async with open_system() as system:
            send = self._plain(system)
            each = share(run.count, SLICES)
            gc.collect()
            gc.freeze()
            seconds = [await _timed(send, each) for _ in range(SLICES)]
        run.equal(self._handled, SLICES * each, "messages handled")
        run.elapsed(sum(seconds), SLICES * each)

    _handled: int = 0

    async def _child(self, supervisor: ActorRef[Any]) -> Send:
        raise NotImplementedError

    def _plain(self, system: ActorSystem) -> Send:
        raise NotImplementedError


async def _timed(send: Send, count: int) -> float:
    started = clock()
    await send(count)
    return clock() - started


class SupervisedTell(_SupervisedMessages):
    """One producer tells a child of a supervisor."""

    count = 500_000

    async def _child(self, supervisor: ActorRef[Any]) -> Send:
        counting = Counting(0)
        spec = ChildSpec(Worker, counting)
        return self._sending(await start_child(supervisor, spec), counting)

    def _plain(self, system: ActorSystem) -> Send:
        counting = Counting(0)
        return self._sending(system.start(Worker, counting), counting)

    def _sending(self, ref: ActorRef[int], counting: Counting) -> Send:
        async def send(count: int) -> None:
            before = counting.total
            counting.expect(count)
            await produce(ref, count)
            await counting.done.wait()
            self._handled += counting.total - before

        return send


class SupervisedAsk(_SupervisedMessages):
    """One client asks a child of a supervisor, one ask after the other."""

    count = 200_000

    async def _child(self, supervisor: ActorRef[Any]) -> Send:
        return self._asking(await start_child(supervisor, ChildSpec(Echo)))

    def _plain(self, system: ActorSystem) -> Send:
        return self._asking(system.start(Echo))

    def _asking(self, echo: ActorRef[Next]) -> Send:
        async def send(count: int) -> None:
            total = 0
            for value in range(count):
                total += await echo.ask(Next(value)) - value
            self._handled += total

        return send
