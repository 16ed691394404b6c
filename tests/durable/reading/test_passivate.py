"""A key is put away, and nothing of it is forgotten."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from actors import (
    ClosedToNewError,
    CloseReason,
    Failed,
    QuarantinedError,
    Receipt,
    SessionClosed,
    open_system,
)
from actors.testing import seeds
from supervision import (
    Backoff,
    ElsewhereError,
    Limits,
    NoStoreError,
    RestartLimit,
    VerbResult,
    start_router,
)
from supervision.durable import MemoryStore
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    completed,
    die_at_each_point,
    make_store,
    open_process,
    turn_runs,
)
from tests.durable.nodes.town import open_town

from .speaking import said

AWAY = VerbResult(known=True, away=True)


class Slow(Player):
    """Binds a token when it is put away, and takes its time to end."""

    async def suspend(self) -> None:
        """Bind."""
        await trio.sleep(1)
        self.bind("late")

    async def stopped(self, exit: object) -> None:  # noqa: A002 - as its base
        """Wait."""
        del exit
        await trio.sleep(2)


@seeds(5)
async def test_an_idle_session_ends_and_is_as_before_when_it_is_spoken_to() -> None:
    """It has cleaned up when the verb returns, and what it has bound is stored."""
    stage = Stage()
    async with open_process(stage, Slow) as process:
        await said(process, "one say:a")
        stage.memory.latency = 4.0
        events = process.system.subscribe(SessionClosed)
        began = trio.current_time()
        done = await process.router.passivate("ann")
        took = trio.current_time() - began
        (event,) = events.drain()

        assert done == AWAY
        assert str(done) == "put away 'ann'"
        assert took == 9.0  # what it has bound at 1 is stored at 5, and asked for
        stage.memory.latency = 0.0
        assert event.reason is CloseReason.PASSIVATED
        assert process.router.list() == []
        assert stage.memory.session("ann").token is not None  # type: ignore[union-attr]
        await said(process, "two say:b")
        assert stage.started == [("ann", 1, None), ("ann", 2, "late")]
        assert stage.state("ann") == ("one say:a", "two say:b")
        assert stage.entries("ann") == ("a", "b")
        closed = process.router.statistics().closed
    assert closed == {CloseReason.PASSIVATED: 1}


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_key_that_has_no_session(kind: str, tmp_path: Path) -> None:
    """Away already; or nobody knows it."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        await said(process, "one")
        assert await process.router.passivate("ann") == AWAY
        assert await process.router.passivate("ann") == AWAY
        nobody = await process.router.passivate("nobody")

    assert nobody == VerbResult(known=False)
    assert not nobody


@seeds(5)
async def test_a_session_that_has_something_to_do_is_left_as_it_is() -> None:
    """A turn, a turn that waits for a slot, a prompt behind it; and it says what."""
    stage = Stage()
    async with open_process(stage, limits=Limits(sessions=9, turns=1)) as process:
        running = await process.router.accept("ann", "wait:door")
        waiting = await process.router.accept("bob", "one")
        await turn_runs(stage, "wait:door")

        await trio.sleep(1)
        ann = await process.router.passivate("ann")
        bob = await process.router.passivate("bob")
        stage.open("door")

        assert (ann.known, ann.away, ann.busy) == (True, False, "running")
        assert (bob.known, bob.away, bob.busy) == (True, False, "waiting for a slot")
        assert str(ann) == "left 'ann' as it is: running"
        assert completed(await running.outcome())
        assert completed(await waiting.outcome())
        assert await process.router.passivate("ann") == AWAY


@seeds(3)
async def test_one_that_is_being_put_away_or_forgotten() -> None:
    """The second waits as well; what is forgotten is busy with that."""
    async with open_process(Stage(), Slow) as process:
        await said(process, "one")
        done: list[VerbResult] = []

        async def put_away() -> None:
            done.append(await process.router.passivate("ann"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(put_away)
            nursery.start_soon(put_away)
        assert done == [AWAY, AWAY]

        await said(process, "two")
        process.router.close("ann")
        assert (await process.router.passivate("ann")).busy == "closing"


@seeds(3)
async def test_a_key_in_quarantine_is_away_and_stays_there() -> None:
    """It has no session; prompts are refused as before, until its term is over."""
    limits = Limits(
        restarts=RestartLimit(0, within=100), quarantine=Backoff(30, 60, jitter=0)
    )
    async with open_process(Stage(), limits=limits) as process:
        router = process.router
        assert isinstance(await (await router.accept("ann", "crash")).outcome(), Failed)
        for _ in range(2):
            assert await router.passivate("ann") == AWAY
            with pytest.raises(QuarantinedError):
                await router.accept("ann", "one")
        info = router.inspect("ann")
        assert info is not None
        assert info.phase == "quarantined"
        await trio.sleep(31)
        assert await router.passivate("ann") == AWAY
        assert completed(await (await router.accept("ann", "one")).outcome())
        assert await router.passivate("ann") == AWAY
        assert router.list() == []


@seeds(3)
async def test_a_key_that_is_held_says_so() -> None:
    """With a prompt it is left as it is; without one it is away, as any other."""
    stage = Stage(MemoryStore(upcasters={1: _cannot}))
    async with open_process(stage) as process:
        for key in ("ann", "bob"):
            await (await process.router.accept(key, "old")).outcome()
    async with open_process(stage, Newer, limits=Limits(sessions=1)) as process:
        router = process.router
        waits = [await router.accept(key, "x") for key in ("ann", "bob")]
        await trio.sleep(1)

        # one stands beside, and there is no room there for the other
        assert [each.phase for each in router.list()] == ["held", "held"]
        left = await router.passivate("ann")
        assert (left.busy, str(left)) == ("held", "left 'ann' as it is: held")
        read = await router.read("ann")
        assert read is not None
        assert read.phase == "held"

        for each in waits:
            each.withdraw()
        await trio.sleep(1)
        assert await router.passivate("ann") == AWAY


class Newer(Player):
    """Of a release whose states are others."""

    state_version = 2


def _cannot(state: object) -> object:
    raise ValueError(state)


@seeds(2)
async def test_who_is_cancelled_has_it_put_away_all_the_same() -> None:
    """It only does not wait."""
    async with open_process(Stage(), Slow) as process:
        await said(process, "one")
        with trio.move_on_after(0.5) as scope:
            await process.router.passivate("ann")
        assert scope.cancelled_caught
        await trio.sleep(5)
        assert process.router.list() == []


@pytest.mark.parametrize("make", [Player, Slow])
@seeds(30)
async def test_a_prompt_that_comes_meanwhile_is_not_lost(make: type[Player]) -> None:
    """In whatever order; each has one turn, and finds what was before."""
    stage = Stage()
    receipts: list[Receipt[str]] = []
    async with open_process(stage, make) as process:

        async def send() -> None:
            for number in range(8):
                receipts.append(await process.router.accept("ann", f"say:{number}"))
                await trio.sleep(number % 3)  # it begins to end, and ends, meanwhile

        async def put_away() -> None:
            for _ in range(40):
                assert await process.router.passivate("ann")
                await trio.sleep(0.25)

        await said(process, "first")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            nursery.start_soon(put_away)
            nursery.start_soon(put_away)
        assert all([completed(await each.outcome()) for each in receipts])
        assert await process.router.passivate("ann") == AWAY
        assert process.router.statistics().closed[CloseReason.PASSIVATED] > 2

    says = tuple(f"say:{number}" for number in range(8))
    assert stage.state("ann") == ("first", *says)
    assert stage.entries("ann") == tuple(str(number) for number in range(8))


@seeds(3)
async def test_a_process_that_dies_meanwhile_loses_nothing() -> None:
    """At each point of its batches: what was accepted has one outcome afterwards."""
    accepted: list[str] = []

    async def story(process: Process) -> None:
        accepted.clear()

        async def send(name: str) -> None:
            await process.router.accept("ann", f"{name} say:{name}", id=name)
            accepted.append(name)

        await send("one")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, "two")
            nursery.start_soon(process.router.passivate, "ann")
        await trio.sleep(3)
        await process.router.passivate("ann")
        await send("three")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        await stage.all_ended()
        outcomes = stage.outcomes()
        assert {*accepted} <= {*outcomes}
        done = tuple(
            each for each in ("one", "two", "three") if completed(outcomes.get(each))
        )
        assert stage.entries("ann") == done
        found = await process.router.read("ann")
        assert found is None or found.history == done

    assert await die_at_each_point(story, check, Slow) > 12


@seeds(3)
async def test_keys_of_other_nodes() -> None:
    """Refused, with the node; `anywhere` has it done there."""
    async with open_town("a", "b") as town:
        key, near = town.key_of("b"), town.nodes["a"].router
        await (await near.accept(key, "one say:x")).outcome()

        with pytest.raises(ElsewhereError, match=r"passivate\(\)"):
            await near.passivate(key)
        running = await near.accept(key, "two wait:door")
        await turn_runs(town.stage, "two wait:door")
        busy = await near.anywhere.passivate(key)
        town.stage.open("door")
        await running.outcome()
        done = await near.anywhere.passivate(key)
        again = await near.anywhere.passivate(key)
        own = await town.nodes["b"].router.anywhere.passivate(key)

        assert (busy.busy, busy.away, busy.node) == ("running", False, "b")
        assert (done.away, done.node, str(done)) == (
            *(True, "b"),
            f"put away {key!r} on node b",
        )
        assert (again.away, again.known) == (True, True)
        assert own == AWAY
        assert town.nodes["b"].router.list() == []
        assert town.state(key) == ("one say:x", "two wait:door")


@seeds(1)
async def test_without_a_store_it_is_refused() -> None:
    """It says what would be right; nothing was done."""
    async with open_system() as system:
        router = start_router(system, Player, Stage())
        await router.send("ann", "one").outcome()
        with pytest.raises(
            NoStoreError, match=r"has none: .* or close\(\) it"
        ) as caught:
            await router.passivate("ann")
        assert len(router.list()) == 1
    for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):  # noqa: S301
        assert str(again) == str(caught.value)


@seeds(1)
async def test_arguments_and_routers_that_are_none() -> None:
    """By name; and it is a checkpoint."""
    async with open_process(Stage()) as process:
        router: Any = process.router
        with pytest.raises(TypeError, match="a session's key"):
            await router.passivate(1)
        await said(process, "one")
        for key in ("ann", "ann", "nobody"):
            with trio.testing.assert_checkpoints():
                await router.passivate(key)
        process.router.ref.stop()
        await process.router.ref.wait_stopped()
        with pytest.raises(ClosedToNewError):
            await router.passivate("ann")
