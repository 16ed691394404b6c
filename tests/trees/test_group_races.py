"""Real supervisors whose children do two things at once.

Each test is a sequence that has once left children waiting for ever, or ended the
supervisor; the pure machine's tests (test_machine.py) have their twins.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import trio

from actors import Actor, ActorRef, AnyRef, Crashed, Decision, open_system
from actors.testing import seeds
from supervision import (
    Backoff,
    ChildSpec,
    ChildState,
    CountChildren,
    Restart,
    RestartLimit,
    RestartLimitError,
    Strategy,
    Supervisor,
    list_children,
    restart_child,
    start_child,
)

RUNNING, STARTING = ChildState.RUNNING, ChildState.STARTING
RESTARTING = ChildState.RESTARTING
GROUPS = pytest.mark.parametrize(
    "strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE]
)


class BangError(Exception):
    """What children crash with."""


class Stage:
    """What the children of one test share."""

    def __init__(self) -> None:
        self.lives: Counter[str] = Counter()  # {name: `started` hooks so far}
        self.gates: dict[tuple[str, int], trio.Event] = {}  # {(name, life): waits}


class Worker(Actor[str]):
    """It crashes when it is told so."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage = stage
        self.name = name

    async def started(self) -> None:
        self.stage.lives[self.name] += 1
        gate = self.stage.gates.get((self.name, self.stage.lives[self.name]))
        if gate is not None:
            await gate.wait()

    def receive(self, message: str) -> None:
        raise BangError(message)


class Quitter(Actor[str]):
    """Each life of it ends at once, and nobody is asked about its end."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def started(self) -> None:
        self.stage.lives["quitter"] += 1
        if self.stage.lives["quitter"] < 50:
            self.ref.tell_nowait("end")

    def receive(self, message: str) -> None:
        del message
        self.ref.stop()

    def stopped(self, exit: Any) -> None:  # noqa: A002
        del exit
        self.ref.kill()


def static(*children: ChildSpec[Any], **members: Any) -> type[Supervisor]:
    """A class of supervisors; without a limit, unless one is given."""
    members = {"limit": None, "children": children, **members}
    return type("Static", (Supervisor,), members)


def workers(stage: Stage, ids: str, **options: Any) -> list[ChildSpec[Any]]:
    """A spec for each of the ids, which are separated by spaces."""
    return [ChildSpec(Worker, stage, id_, id=id_, **options) for id_ in ids.split()]


async def refs_of(sup: ActorRef[Any]) -> dict[str, AnyRef]:
    """`{id: ref}` of those that have an actor."""
    listed = await list_children(sup)
    return {info.id: info.ref for info in reversed(listed) if info.ref is not None}


async def states_of(sup: ActorRef[Any]) -> dict[str, ChildState]:
    """`{id: state}`, in the order of start."""
    return {info.id: info.state for info in reversed(await list_children(sup))}


@GROUPS
@seeds(10)
async def test_two_that_crash_in_one_go_come_back_both(strategy: Strategy) -> None:
    """The second crash finds the first one between its resumption and its life."""
    stage = Stage()
    make = static(*workers(stage, "a b"), strategy=strategy)
    async with open_system() as system:
        sup = system.start(make, name="s")
        await sup.wait_started()
        before = await refs_of(sup)

        before["b"].tell_nowait("crash")
        before["a"].tell_nowait("crash")
        await trio.sleep(1)

        assert await states_of(sup) == {"a": RUNNING, "b": RUNNING}
        assert await refs_of(sup) == before
        # whoever was taken down with the other crashes in its second life
        assert {stage.lives["a"], stage.lives["b"]} <= {2, 3}


@GROUPS
@seeds(10)
async def test_all_crash_in_one_go_again_and_again(strategy: Strategy) -> None:
    """Whatever the order, all come back, with the refs that they had."""
    stage = Stage()
    make = static(*workers(stage, "a b c d"), strategy=strategy)
    async with open_system() as system:
        sup = system.start(make, name="s")
        await sup.wait_started()
        before = await refs_of(sup)
        for order in ("abcd", "dcba", "bdac", "cadb"):
            for id_ in order:
                before[id_].tell_nowait("crash")
            await trio.sleep(1)

            assert await states_of(sup) == dict.fromkeys("abcd", RUNNING)
            assert await refs_of(sup) == before


@seeds(40)
async def test_a_held_child_that_is_stopped_is_not_resumed() -> None:
    """The news of its end wait behind news that would have it resumed."""
    stage = Stage()
    gate = stage.gates["a", 2] = trio.Event()
    made = workers(stage, "a") + workers(stage, "b", restart=Restart.TRANSIENT)
    async with open_system() as system:
        sup = system.start(static(*made, strategy=Strategy.ONE_FOR_ALL), name="s")
        await sup.wait_started()
        before = await refs_of(sup)
        before["b"].tell_nowait("crash")
        await trio.sleep(1)
        assert await states_of(sup) == {"a": STARTING, "b": RESTARTING}

        gate.set()
        before["b"].stop()
        sup.tell_nowait(CountChildren())
        await trio.sleep(1)

        states = {"a": RUNNING, "b": ChildState.STOPPED}
        assert await states_of(sup) == states
        assert await refs_of(sup) == {"a": before["a"]}
        assert sup.exit is None


@pytest.mark.parametrize("way", ["start_child", "restart_child"])
@pytest.mark.parametrize("what", ["hangs", "waits"])
@seeds(3)
async def test_a_crash_behind_a_group_at_work_forgets_nobody(
    way: str, what: str
) -> None:
    """Rest for one: a younger group does not replace an older one."""
    stage = Stage()
    backoff = Backoff(1, 1, jitter=0) if what == "waits" else None
    made = [
        *workers(stage, "a"),
        *workers(stage, "b", backoff=backoff),
        *workers(stage, "c"),
        *workers(stage, "d", limit=RestartLimit(0, within=60)),
    ]
    late = made[-1]
    if way == "start_child":
        made.pop()
    gate = trio.Event()
    if what == "hangs":
        stage.gates["b", 2] = gate
    async with open_system() as system:
        make = static(*made, strategy=Strategy.REST_FOR_ONE)
        sup = system.start(make, name="s")
        await sup.wait_started()
        before = await refs_of(sup)
        if way == "restart_child":
            before.pop("d").tell_nowait("crash")
            await trio.sleep(0.1)
            assert (await states_of(sup))["d"] is ChildState.QUARANTINED

        before["b"].tell_nowait("crash")
        await trio.sleep(0.1)
        if way == "restart_child":
            young = await restart_child(sup, "d")
        else:
            young = await start_child(sup, late)
        young.tell_nowait("crash")
        await trio.sleep(0.1)
        gate.set()
        await trio.sleep(60)

        # d may only be in quarantine, or back with its group
        states = await states_of(sup)
        assert {id_: states[id_] for id_ in "abc"} == dict.fromkeys("abc", RUNNING)
        after = await refs_of(sup)
        assert {id_: after[id_] for id_ in "abc"} == before
        assert stage.lives["a"] == 1


@seeds(3)
async def test_a_crash_behind_the_supervisors_own_start_forgets_nobody() -> None:
    """It is ready when all that it has declared are, not before."""
    stage = Stage()
    gate = stage.gates["a", 1] = trio.Event()
    make = static(*workers(stage, "a b"), strategy=Strategy.REST_FOR_ONE)
    async with open_system() as system:
        sup = system.start(make, name="s")
        young = await start_child(sup, *workers(stage, "c"))
        young.tell_nowait("crash")
        with trio.move_on_after(1) as scope:
            await sup.wait_started()
        assert scope.cancelled_caught
        gate.set()
        await sup.wait_started()
        await trio.sleep(1)

        assert await states_of(sup) == dict.fromkeys("abc", RUNNING)


@seeds(3)
async def test_lives_that_end_without_a_question_use_up_the_limit() -> None:
    """Else they would go on for ever, at the speed of the machine."""
    stage = Stage()

    class Owner(Actor[object]):
        def started(self) -> None:
            make = static(ChildSpec(Quitter, stage), limit=RestartLimit(3, within=5))
            self.child = self.start(make, name="s")

        def receive(self, message: object) -> None:
            """Take nothing."""

        def child_ended(self, child: AnyRef, exit: Any) -> Decision:  # noqa: A002
            del child
            ends.append(exit)
            return Decision.END

    ends: list[Any] = []
    async with open_system() as system:
        system.start(Owner)
        await trio.sleep(1)

        (exit_,) = ends
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert stage.lives["quitter"] == 4
