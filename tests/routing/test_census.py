"""Which routers a system has, and that no count is lost when one ends."""

from __future__ import annotations

import attrs
import trio
import trio.testing

from actors import Session, Turn, open_system
from supervision import (
    ChildSpec,
    Limits,
    Router,
    Supervisor,
    find_child,
    router_ref,
    start_router,
)
from supervision._routing.census import counts_of, lost_of, routers_of, together


class Echo(Session[str, str]):
    """Answers, or crashes with its whole session."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        await turn.emit(turn.prompt)


class Fragile(Router):
    """A router that can be made to crash."""

    def receive(self, message: object) -> None:
        raise RuntimeError(message)


class Tree(Supervisor):
    """A router that is restarted."""

    children = (ChildSpec(Fragile, Echo, (), Limits(sessions=9), id="router"),)


async def test_all_routers_are_known_by_their_paths() -> None:
    """Wherever they stand, in the order of their paths; of this system only."""
    async with open_system() as system, open_system() as other:
        start_router(system, Echo, name="b")
        start_router(system, Echo, name="a")
        start_router(other, Echo, name="c")

        assert list(routers_of(system)) == ["/a", "/b"]
        assert list(routers_of(other)) == ["/c"]


async def test_a_system_without_routers_has_none() -> None:
    """Nothing is counted."""
    async with open_system() as system:
        assert counts_of(system) == {}


async def test_the_counts_of_a_router_that_has_ended_stay() -> None:
    """It is no longer alive, and what it had accepted is still told."""
    async with open_system() as system:
        router = start_router(system, Echo)
        await router.send("a", "one").outcome()
        router.ref.stop()
        await router.ref.wait_stopped()

        ((path, (alive, counts)),) = counts_of(system).items()

    assert (path, alive) == ("/router", False)
    assert (counts.accepted, counts.outcomes) == (1, {"Completed": 1})
    assert counts.sessions == 0


async def test_a_restart_adds_to_the_counts() -> None:
    """The next incarnation begins at nothing, the sum does not."""
    async with open_system() as system:
        tree = system.start(Tree)
        await tree.wait_started()
        ref = await find_child(tree, "router")
        router = router_ref(ref, Echo)
        await router.send("a", "one").outcome()
        lost = router.send("a", "two")
        ref.tell_nowait("crash")
        await lost.outcome()
        await trio.testing.wait_all_tasks_blocked()  # until there is a successor
        await router.send("a", "three").outcome()

        ((_, (alive, counts)),) = counts_of(system).items()
        (current,) = routers_of(system).values()

    assert alive
    assert counts.accepted == 3
    assert sum(counts.outcomes.values()) == 3
    assert current.accepted == 1


async def test_what_is_lost_is_named_by_the_living_and_the_dead() -> None:
    """Once, and the first hundred of all."""
    async with open_system() as system:
        paths: list[str] = []
        for name in ("a", "b"):
            router = start_router(system, Echo, name=name)
            paths.append(router.ref.path)
            routers_of(system)[router.ref.path].books.lost += [("k", 7)]
        assert lost_of(system) == tuple((path, "k", 7) for path in paths)

        router.ref.stop()
        await router.ref.wait_stopped()
        assert sorted(lost_of(system)) == [(path, "k", 7) for path in paths]

        routers_of(system)[paths[0]].books.lost += [("k", 8)] * 200
        assert len(lost_of(system)) == 100


async def test_the_longest_wait_is_that_of_all_lives() -> None:
    """Whichever of them had it; it is no sum."""
    async with open_system() as system:
        counts = start_router(system, Echo).statistics()
    long, short = (attrs.evolve(counts, wait_longest=each) for each in (5.0, 2.0))

    assert together(long, short).wait_longest == 5.0
    assert together(short, long).wait_longest == 5.0


async def test_many_ended_routers_do_not_fill_the_memory() -> None:
    """The counts of the thousand-and-first path are kept with those of others."""
    async with open_system() as system:
        for number in range(1_010):
            router = start_router(system, Echo, name=f"r{number}")
            await router.send("a", "x").outcome()
            router.ref.stop()
            await router.ref.wait_stopped()

        counts = counts_of(system)

    assert len(counts) == 1_001
    assert counts["/..."][1].accepted == 10
    assert sum(each.accepted for _, each in counts.values()) == 1_010


def test_a_router_made_outside_of_trio_is_no_error() -> None:
    """It is never started, so nobody needs to know it."""
    assert isinstance(Router(Echo), Router)


async def test_two_runs_of_trio_do_not_see_each_other() -> None:
    """What is known belongs to the run."""

    def elsewhere() -> list[str]:
        async def main() -> list[str]:
            async with open_system() as system:
                start_router(system, Echo)
                return list(routers_of(system))

        return trio.run(main)

    async with open_system() as system:
        assert await trio.to_thread.run_sync(elsewhere) == ["/router"]
        assert list(routers_of(system)) == []
