"""Cascading: supervisors end, with all that they own, or their children by themselves.

A supervisor stops its children in the reverse order of their start, and ends after
them; those of a dynamic supervisor end in no order.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from actors import Actor, ActorRef, AnyRef, Crashed, Exit, Finished, open_system
from benchmarks.load import TIMES, TREES, share, tree_size
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import IdleChildren
from supervision import (
    ChildSpec,
    DynamicSupervisor,
    Restart,
    Supervisor,
    count_children,
    list_children,
    start_child,
    stop_child,
)


class Leaf(Actor[object]):
    """Notes when it ends."""

    def __init__(self, ended: list[int], number: int) -> None:
        self.ended = ended
        self.number = number

    def receive(self, message: object) -> None:
        """Do nothing."""

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Note it."""
        del exit
        self.ended.append(self.number)


class Branch(Supervisor):
    """A tree of so many levels of supervisors; notes when it ends.

    The actors of the tree are numbered in the order in which they are started.
    """

    def __init__(self, ended: list[int], number: int, levels: int, width: int) -> None:
        self.ended = ended
        self.number = number
        self.levels = levels
        self.width = width

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """Branches with a level less, or leaves."""
        levels = self.levels - 1
        size = tree_size(levels, self.width)
        for child in range(self.width):
            number = self.number + 1 + child * size
            where = self.ended, number
            if levels:
                yield ChildSpec(Branch, *where, levels, self.width, id=f"{number}")
            else:
                yield ChildSpec(Leaf, *where, id=f"{number}")

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Note it."""
        super().stopped(exit)
        self.ended.append(self.number)


class _Cascade(Scenario):
    """Stop whole trees of supervisors, the youngest first, children before owners.

    The time is that of the stops, from the root's `stop` to its end.
    """

    number = "B15"
    provided = True
    _levels: ClassVar[int] = 1
    _width: ClassVar[int] = 0
    """0: the count."""

    async def ours(self, run: Run) -> None:
        """One tree after the other."""
        width = self._width or run.count
        size = tree_size(self._levels, width)
        times = share(run.count, size) if self._width else TIMES
        async with open_system() as system:
            for _ in range(times):
                ended: list[int] = []
                root = system.start(Branch, ended, 0, self._levels, width)
                await root.wait_started()
                run.equal(system.statistics().actors, size, "actors of the tree")
                with run.timed(size):
                    root.stop()
                    await root.wait_stopped()
                run.equal(len(ended), size, "actors that have ended")
                in_order = ended == list(range(size))[::-1]
                run.equal(in_order, True, "ended in the reverse order of the start")  # noqa: FBT003
                run.equal(system.statistics().actors, 0, "actors that are left")


class Cascade3x10(_Cascade):
    """Stop trees of 3 levels of supervisors, 10 children each (1,111 actors)."""

    name = "cascade_3x10"
    count = 20_000
    _levels, _width = TREES[name]


class Cascade5x5(_Cascade):
    """Stop trees of 5 levels of supervisors, 5 children each (3,906 actors)."""

    name = "cascade_5x5"
    count = 20_000
    _levels, _width = TREES[name]


class Cascade10x2(_Cascade):
    """Stop trees of 10 levels of supervisors, 2 children each (2,047 actors)."""

    name = "cascade_10x2"
    count = 20_000
    _levels, _width = TREES[name]


class CascadeFlat(_Cascade):
    """Stop 10,000 children of one supervisor, in the reverse order of their start."""

    count = 10_000
    fixed = True


class StartStopChildren(Scenario):
    """Ask a dynamic supervisor to start a child and to stop it, one after the other."""

    count = 100_000
    counts: ClassVar[Mapping[str, int]] = {"triotp": 1_000, "erlang": 100_000}
    provided = True

    async def ours(self, run: Run) -> None:
        """`start_child` and `stop_child`."""
        ended = 0
        async with open_system() as system:
            supervisor = system.start(IdleChildren)
            await supervisor.wait_started()
            with run.timed():
                for _ in range(run.count):
                    child = await start_child(supervisor)
                    await stop_child(supervisor, child)
                    ended += child.exit is not None
            counts = await count_children(supervisor)
            run.equal(counts.active, 0, "children that are left")
            statistics = system.statistics()
        run.equal(ended, run.count, "children that have ended")
        run.equal(statistics.started, run.count + 1, "actors that were started")
        run.equal(statistics.actors, 1, "actors that are left")


class Mortal(Actor[str]):
    """Ends when it is told to, in one way or the other."""

    def receive(self, message: str) -> None:
        """Crash or finish."""
        if message == "crash":
            raise ValueError(message)
        self.finish()


class Mortals(DynamicSupervisor):
    """Lets its children go."""

    template = ChildSpec(Mortal, restart=Restart.TEMPORARY)


class _MassExit(Scenario):
    """All temporary children of a dynamic supervisor end at once.

    Five times; the time is from the first message until all have ended and the
    supervisor has said how many are left.
    """

    count = 5_000
    fixed = True
    provided = True
    _word: ClassVar[str]
    _exit: ClassVar[type[Exit]]

    async def ours(self, run: Run) -> None:
        """A message to each."""
        async with open_system() as system:
            supervisor = system.start(Mortals)
            for _ in range(TIMES):
                refs = [await start_child(supervisor) for _ in range(run.count)]
                with run.timed():
                    active = await self._end(supervisor, refs)
                run.equal(active, 0, "active children")
                run.equal(await list_children(supervisor), (), "children")
                ended = sum(isinstance(ref.exit, self._exit) for ref in refs)
                run.equal(ended, run.count, "children that have ended so")
                run.equal(system.statistics().actors, 1, "actors that are left")

    async def _end(self, supervisor: ActorRef[Any], refs: list[AnyRef]) -> int:
        for ref in refs:
            ref.tell_nowait(self._word)
        for ref in refs:
            if ref.exit is None:
                await ref.wait_stopped()
        return (await count_children(supervisor)).active


class MassCrash(_MassExit):
    """5,000 temporary children of a dynamic supervisor crash at once."""

    _word = "crash"
    _exit = Crashed


class MassFinish(_MassExit):
    """5,000 temporary children of a dynamic supervisor finish at once."""

    _word = "finish"
    _exit = Finished
