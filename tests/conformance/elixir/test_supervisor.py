"""Elixir's `supervisor_test`: what it says beyond OTP's own suite."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
import trio

from actors import Finished, Killed, Mailbox, Stopped, open_system
from actors.testing import seeds
from supervision import (
    ChildSpec,
    ChildState,
    Restart,
    SpecError,
    Strategy,
    Supervisor,
    UnknownChildError,
    UnsupportedError,
    count_children,
    delete_child,
    describe_child,
    get_spec,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.supervised import (
    Stage,
    Wait,
    Worker,
    children_of,
    crash,
    end_with,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
)


class Patient(Worker):
    """A worker whose class says how long it may take and how much may wait."""

    grace = 7.0
    mailbox = Mailbox(5)


class Family(Supervisor):
    """Computes its children from the arguments of its constructor."""

    strategy = Strategy.ONE_FOR_ALL

    def __init__(self, stage: Stage, names: str) -> None:
        self.stage, self.names = stage, names

    def declare(self) -> Iterable[ChildSpec[Any]]:
        return self.stage.specs(self.names)


@seeds(5)
async def test_elixir_supervisor_child_spec_overrides() -> None:
    """A spec's options go before those of the class; what it leaves out is the class's.

    The spec itself says which were given: None stands for "as the class says".
    """
    stage = Stage()
    own = ChildSpec(Patient, stage, "own", None, id="own")
    other = ChildSpec(
        Patient, stage, "other", None, id="other", grace=1, mailbox=Mailbox(2)
    )
    async with open_system() as system:
        sup = await start_ready(system, static(own, other))
        refs = await refs_of(sup)
        capacities = {
            each.path: each.mailbox.capacity
            for each in system.tree().walk()
            if each.cls == "Patient"
        }
        took: dict[str, float] = {}
        for name in ("own", "other"):
            await refs[name].tell(Wait())
            await settle()
            before = trio.current_time()
            await stop_child(sup, name)
            took[name] = trio.current_time() - before

        assert capacities == {"/sup/own": 5, "/sup/other": 2}
        assert took == {"own": 7, "other": 1}
        assert {name: ref.exit for name, ref in refs.items()} == {
            "own": Killed(),
            "other": Killed(),
        }
        assert (await get_spec(sup, "own")).grace is None
        assert (await get_spec(sup, "other")).grace == 1


@seeds(10)
async def test_elixir_supervisor_init_2() -> None:
    """The flags are the class's, the children what `declare` makes of the arguments."""
    stage = Stage()
    async with open_system() as system:
        family = system.start(Family, stage, "a b c", name="family")
        await family.wait_started()
        before = await children_of(system, family)

        await crash((await refs_of(family))["b"])

        assert list(before) == ["a", "b", "c"]
        assert await children_of(system, family) == {
            name: child.again() for name, child in before.items()
        }


@seeds(10)
async def test_elixir_supervisor_init_2_runs_at_each_start() -> None:
    """A supervisor that is restarted computes its children anew, as if for the first.

    Children that were added at run time are not among them.
    """
    stage = Stage()
    async with open_system() as system:
        inner = ChildSpec(Family, stage, "a b", id="inner")
        top = await start_ready(system, static(inner), name="top")
        family = (await refs_of(top))["inner"]
        first = await children_of(system, family)
        await start_child(family, stage.spec("late"))
        stage.take()

        await end_with("killed", family)

        second = await children_of(system, family)
        assert list(second) == ["a", "b"]
        assert stage.names("started") == ["a", "b"]
        assert (await refs_of(top))["inner"] is family
        for name in "ab":
            assert second[name].ref is not first[name].ref
            assert second[name].incarnation == 1


@seeds(10)
async def test_elixir_supervisor_start_child_with_specs() -> None:
    """`start_child` takes a spec; anything else is refused and nothing is started."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a")))
        ref = await start_child(sup, stage.spec("b"))
        before = await children_of(system, sup)

        for wrong in ("b", {"id": "b"}, (Worker, stage, "b")):
            with pytest.raises(UnsupportedError):
                await start_child(sup, wrong)
        with pytest.raises(UnsupportedError):
            await start_child(sup)
        not_an_actor: Any = object
        with pytest.raises(SpecError):
            ChildSpec(not_an_actor, id="b")

        assert ref.path == "/sup/b"
        assert list(before) == ["a", "b"]
        assert await children_of(system, sup) == before
        assert stage.names("made") == ["a", "b"]


@seeds(10)
async def test_elixir_supervisor_child_life_cycle() -> None:
    """A child is started, found, stopped, restarted and deleted, one after the other.

    Stopped and restarted it is a new actor behind the old ref.
    """
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static())
        spec = stage.spec("a")
        first = await start_child(sup, spec)

        info = await describe_child(sup, "a")
        assert (info.ref, info.state) == (first, ChildState.RUNNING)
        assert (info.supervisor, info.cls, info.restarts) == (False, "Worker", 0)
        assert await get_spec(sup, first) == spec

        await stop_child(sup, "a")
        assert first.exit == Stopped()
        assert await states_of(sup) == {"a": ChildState.STOPPED}
        counts = await count_children(sup)
        assert (counts.specs, counts.active, counts.workers) == (1, 0, 1)

        second = await restart_child(sup, "a")
        assert second is first
        assert (second.path, second.exit) == ("/sup/a", None)
        assert await states_of(sup) == {"a": ChildState.RUNNING}

        await stop_child(sup, "a")
        await delete_child(sup, "a")
        assert await states_of(sup) == {}
        with pytest.raises(UnknownChildError) as caught:
            await restart_child(sup, "a")
        assert (caught.value.path, caught.value.child) == ("/sup", "a")
        assert stage.names("made") == ["a", "a"]
        assert trio.current_time() == 0


@seeds(10)
async def test_elixir_supervisor_child_life_cycle_of_one_that_finishes() -> None:
    """A transient child that has finished is kept as stopped, and can be restarted."""
    stage = Stage()
    spec = stage.spec("a", restart=Restart.TRANSIENT, grace=math.inf)
    async with open_system() as system:
        sup = await start_ready(system, static(spec))
        first = (await refs_of(sup))["a"]

        await end_with("finished", first)
        stopped = await states_of(sup)
        exit_ = first.exit
        second = await restart_child(sup, "a")

        assert second is first
        assert exit_ == Finished()
        assert stopped == {"a": ChildState.STOPPED}
        assert await states_of(sup) == {"a": ChildState.RUNNING}
        assert (await describe_child(sup, second)).restarts == 0
