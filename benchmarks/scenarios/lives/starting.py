"""Starting and stopping: how fast actors come and go.

An actor that has been started costs an object; a tree of them is Skynet, the usual
measure of cheap concurrency.
"""

from collections.abc import Mapping
from typing import ClassVar

import attrs

from actors import Actor, ActorRef, Stopped, open_system
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import Counting, Worker


class SpawnStop(Scenario):
    """Start actors, tell each one message, stop them, wait until all have ended.

    The last to handle its message says so, and only then the first is stopped; how each
    has ended is looked at.
    """

    number = "B4"
    count = 40_000
    counts: ClassVar[Mapping[str, int]] = {
        "channel": 10_000,
        "triotp": 2_000,
        "pykka": 1_000,
        "fauxtp": 4_000,
    }
    short = True
    provided = True

    async def ours(self, run: Run) -> None:
        """All are started before the first is told."""
        counting = Counting(run.count)
        async with open_system() as system:
            with run.timed():
                refs = [system.start(Worker, counting) for _ in range(run.count)]
                for ref in refs:
                    ref.tell_nowait(1)
                await counting.done.wait()
                for ref in refs:
                    ref.stop()
                stopped = 0
                for ref in refs:
                    exit = ref.exit or await ref.wait_stopped()  # noqa: A001
                    stopped += isinstance(exit, Stopped)
            run.equal(system.statistics().actors, 0, "actors that are left")
        run.equal(counting.total, run.count, "messages handled")
        run.equal(stopped, run.count, "actors that were stopped")


@attrs.frozen
class Grow:
    """Become the tree of the numbers from `number` on, `size` of them."""

    number: int
    size: int


class SkynetNode(Actor[Grow | int]):
    """Sums the numbers of its leaves for its parent."""

    def __init__(self, parent: ActorRef[Grow | int]) -> None:
        self.parent = parent
        self.missing = 10
        self.total = 0

    def receive(self, message: Grow | int) -> None:
        """Start ten children, or be a leaf, or add what a child says."""
        if isinstance(message, Grow):
            self._grow(message.number, message.size)
            return
        self.total += message
        self.missing -= 1
        if not self.missing:
            self.parent.tell_nowait(self.total)
            self.finish()

    def _grow(self, number: int, size: int) -> None:
        if size == 1:
            self.parent.tell_nowait(number)
            self.finish()
            return
        part = size // 10
        for child in range(10):
            node = self.start(SkynetNode, self.ref)
            node.tell_nowait(Grow(number + child * part, part))


class SkynetRoot(Actor[Grow | int]):
    """Starts the tree and keeps its sum."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting

    def receive(self, message: Grow | int) -> None:
        """Start the tree, or note its sum."""
        if isinstance(message, Grow):
            self.start(SkynetNode, self.ref).tell_nowait(message)
        else:
            self.counting.total = message
            self.counting.done.set()


class _Skynet(Scenario):
    """A tree of actors, ten children each; the count is that of its leaves."""

    number = "B10"
    family = "skynet"
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Each actor adds what its children say, and ends."""
        counting = Counting(run.count)
        async with open_system() as system:
            with run.timed():
                system.start(SkynetRoot, counting).tell_nowait(Grow(0, run.count))
                await counting.done.wait()
        run.equal(counting.total, run.count * (run.count - 1) // 2)


class Skynet10K(_Skynet):
    """Sum the numbers of 10,000 leaves in a tree of actors."""

    name = "skynet_10k"
    count = size = 10_000
    counts: ClassVar[Mapping[str, int]] = {
        "triotp": 1_000,
        "pykka": 1_000,
        "fauxtp": 1_000,
    }
    warm_up = 0.1
    short = True
    rounds = 5


class Skynet100K(_Skynet):
    """The same with 100,000 leaves."""

    name = "skynet_100k"
    count = size = 100_000
    rounds = 2


class Skynet1M(_Skynet):
    """The same with a million leaves."""

    name = "skynet_1m"
    count = size = 1_000_000
    warm_up = 0.01
    rounds = 1
