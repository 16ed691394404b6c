"""Elixir's `dynamic_supervisor_test`: many children of one template."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest
import trio

from actors import (
    ActorSystem,
    AnyRef,
    Crashed,
    Exit,
    Finished,
    Killed,
    Stopped,
    open_system,
)
from actors.testing import seeds
from supervision import (
    Backoff,
    ChildSpec,
    ChildState,
    MaxChildrenError,
    Restart,
    RestartLimit,
    RestartLimitError,
    SpecError,
    count_children,
    describe_child,
    list_children,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import Journal
from tests.conformance.supervised import (
    EXITS,
    BoomError,
    Finish,
    From,
    Plan,
    Stage,
    Wait,
    children_of,
    crash,
    dynamic,
    end_with,
    incarnations,
    keep,
    refs_of,
    settle,
    start_ready,
    static,
    worker,
)

TEN_SECONDS = Backoff(10, 10, jitter=0)


def lives(system: ActorSystem, ref: AnyRef) -> int | None:
    """Its which incarnation the actor at this path is in; None if there is none."""
    for each in system.tree().walk():
        if each.path == ref.path:
            return each.incarnation
    return None


@seeds(20)
async def test_elixir_dynamic_supervisor_max_children() -> None:
    """One child more than allowed is an error to who asked, and to nobody else."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), max_children=2))
        first = await start_child(sup, "a")
        await start_child(sup, "b")
        before = await children_of(system, sup)

        with pytest.raises(MaxChildrenError) as caught:
            await start_child(sup, "c")

        assert (caught.value.path, caught.value.max_children) == ("/sup", 2)
        assert stage.names("made") == ["a", "b"]
        assert await children_of(system, sup) == before

        # a child that has gone makes room for one
        await stop_child(sup, first)
        await start_child(sup, "d")
        with pytest.raises(MaxChildrenError):
            await start_child(sup, "e")
        assert stage.names("made") == ["a", "b", "d"]


@seeds(20)
async def test_elixir_dynamic_supervisor_max_children_counts_starting_ones() -> None:
    """A child that is not ready yet holds its place; one that fails gives it back."""
    stage = Stage()
    gate = stage.plan("a", fail_started={1}).hang(1)
    async with open_system() as system, trio.open_nursery() as nursery:
        sup = await start_ready(system, dynamic(worker(stage), max_children=1))

        async def start_first() -> None:
            with pytest.raises(Exception, match="could not be started"):
                await start_child(sup, "a")

        nursery.start_soon(start_first)
        await settle()
        with pytest.raises(MaxChildrenError):
            await start_child(sup, "b")
        gate.set()
        await settle()

        await start_child(sup, "c")
        assert stage.names("started") == ["c"]


@seeds(20)
async def test_elixir_dynamic_supervisor_restarting_on_exit_counted() -> None:
    """A child that waits for its restart holds its place among the `max_children`."""
    stage = Stage()
    template = worker(stage, backoff=TEN_SECONDS)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template, max_children=1))
        ref = await start_child(sup, "a")
        await crash(ref)

        with pytest.raises(MaxChildrenError):
            await start_child(sup, "b")
        counts = await count_children(sup)
        assert (counts.specs, counts.active) == (1, 0)
        assert (await describe_child(sup, ref)).state is ChildState.RESTARTING

        await trio.sleep(10.5)
        assert (await describe_child(sup, ref)).state is ChildState.RUNNING
        with pytest.raises(MaxChildrenError):
            await start_child(sup, "b")

        await stop_child(sup, ref)
        await start_child(sup, "c")
        assert stage.names("made") == ["a", "a", "c"]


@seeds(20)
async def test_elixir_dynamic_supervisor_restarting_on_init_counted() -> None:
    """A child that fails to start again and again holds its place all the time."""
    stage = Stage()
    stage.plan("a", fail_made={2}, fail_started={2})
    template = worker(stage, backoff=TEN_SECONDS)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template, max_children=1, limit=None))
        ref = await start_child(sup, "a")
        await crash(ref)

        for made in (1, 2, 3):  # the first failed in `__init__`, the next in `started`
            assert stage.count["a made"] == made
            assert (await describe_child(sup, ref)).state is ChildState.RESTARTING
            with pytest.raises(MaxChildrenError):
                await start_child(sup, "b")
            await trio.sleep(10)
            await settle()

        assert stage.count["a made"] == 4
        assert (await describe_child(sup, ref)).state is ChildState.RUNNING
        with pytest.raises(MaxChildrenError):
            await start_child(sup, "b")
        assert stage.count["b made"] == 0


@seeds(10)
async def test_elixir_dynamic_supervisor_restarting_a_child_with_extra_arguments() -> (
    None
):
    """A child is made again with the arguments of its own start, the same objects."""
    stage = Stage()
    mine, yours = object(), object()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        first = await start_child(sup, "a", mine)
        second = await start_child(sup, "b", yours)

        await crash(first)
        await crash(second)
        await crash(first)

        assert stage.args == {"a": [mine, mine, mine], "b": [yours, yours]}
        assert (lives(system, first), lives(system, second)) == (3, 2)


@seeds(10)
async def test_elixir_dynamic_supervisor_child_is_restarted_with_different_values() -> (
    None
):
    """Whatever a start comes to at a restart, the supervisor goes on.

    Ready, ready with an info, "ignore" (the child finishes in `started` and is
    forgotten), an error in the constructor, an error in `started`.
    """
    plans = {
        "ok": Plan(),
        "info": Plan(info="told to nobody"),
        "ignore": Plan(finish_started={2}),
        "error": Plan(fail_made={2}),
        "rubbish": Plan(fail_started={2}),
    }
    stage = Stage()
    stage.plans |= plans
    refs: dict[str, AnyRef] = {}
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), limit=None))
        for name in plans:
            refs[name] = await start_child(sup, name)
        for ref in refs.values():
            await crash(ref)

        left = {each.ref: each.restarts for each in await list_children(sup)}

        assert left == {
            refs["ok"]: 1,
            refs["info"]: 1,
            refs["error"]: 2,
            refs["rubbish"]: 2,
        }
        assert refs["ignore"].exit == Finished()
        assert sup.exit is None
        assert (await count_children(sup)).active == 4
        sup.stop()
        assert await sup.wait_stopped() == Stopped()


@seeds(20)
async def test_elixir_dynamic_supervisor_child_is_restarted_when_trying_again() -> None:
    """The first attempt fails, the second succeeds: the same ref, two restarts."""
    stage = Stage()
    stage.plan("a", fail_made={2})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        ref = await start_child(sup, "a")
        sibling = await start_child(sup, "b")

        await crash(ref)

        info = await describe_child(sup, ref)
        assert (info.state, info.restarts) == (ChildState.RUNNING, 2)
        assert [type(record.exit) for record in info.history] == [Crashed, Crashed]
        assert stage.log.count("a made") == 3
        assert stage.names("started") == ["a", "b", "a"]
        assert lives(system, sibling) == 1
        await ref.tell("alive")
        await settle()
        assert stage.log[-1] == "a got alive"


@seeds(20)
async def test_elixir_dynamic_supervisor_child_triggers_maximum_restarts() -> None:
    """The restart that is one too many ends the supervisor and all its children."""
    journal: Journal = []
    stage = Stage()
    async with open_system() as system:
        limit = RestartLimit(1, within=5)
        make = dynamic(worker(stage), limit=limit)
        sup = await keep(system, make, journal=journal)
        first = await start_child(sup, "a")
        second = await start_child(sup, "b")

        await crash(first)
        assert (lives(system, first), sup.exit) == (2, None)
        await crash(second)  # the limit is shared

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert isinstance(exit_.error.__cause__, BoomError)
        assert (exit_.error.path, exit_.error.limit) == (sup.path, limit)
        assert [record.id for record in exit_.error.history] == [
            first.path,
            second.path,
        ]
        assert sorted(stage.names("made")) == ["a", "a", "b"]
        assert sorted(stage.names("stopped")) == ["a", "a", "b"]
        assert first.exit == Stopped()
        assert isinstance(second.exit, Crashed)


@seeds(20)
async def test_elixir_dynamic_supervisor_child_triggers_maximum_intensity() -> None:
    """When trying again: each attempt that fails is a restart of its own."""
    stage = Stage()
    stage.plan("a", fail_made=From(2))
    async with open_system() as system:
        make = dynamic(worker(stage), limit=RestartLimit(2, within=5))
        sup = await keep(system, make)
        ref = await start_child(sup, "a")
        sibling = await start_child(sup, "b")

        await crash(ref)

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert len(exit_.error.history) == 3
        assert stage.count["a made"] == 3
        assert sibling.exit == Stopped()
        assert trio.current_time() == 0


@seeds(10)
async def test_elixir_dynamic_supervisor_temporary_child() -> None:
    """A temporary child is never restarted and is forgotten, however it ends."""
    stage = Stage()
    template = worker(stage, restart=Restart.TEMPORARY)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template))
        refs = {how: await start_child(sup, how) for how in EXITS}
        for how, ref in refs.items():
            await end_with(how, ref)

        assert [type(ref.exit) for ref in refs.values()] == [
            type(exit_) for exit_ in EXITS.values()
        ]
        assert await list_children(sup) == ()
        assert stage.names("made") == list(EXITS)


@seeds(10)
async def test_elixir_dynamic_supervisor_transient_child() -> None:
    """A transient child is restarted if it crashed or was killed, else forgotten."""
    stage = Stage()
    template = worker(stage, restart=Restart.TRANSIENT)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template))
        refs = {how: await start_child(sup, how) for how in EXITS}
        for how, ref in refs.items():
            await end_with(how, ref)

        assert set((await refs_of(sup)).values()) == {refs["crashed"], refs["killed"]}
        assert {how: lives(system, ref) for how, ref in refs.items()} == {
            "finished": None,
            "stopped": None,
            "crashed": 2,
            "killed": 2,
        }
        assert refs["finished"].exit == Finished()
        assert refs["stopped"].exit == Stopped("enough")


@seeds(10)
async def test_elixir_dynamic_supervisor_permanent_child() -> None:
    """A permanent child is restarted however it ended, under its old ref."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), limit=None))
        refs = {how: await start_child(sup, how) for how in EXITS}
        for how, ref in refs.items():
            await end_with(how, ref)
            await ref.tell("again")
        await settle()

        assert set((await refs_of(sup)).values()) == {*refs.values()}
        assert {how: lives(system, ref) for how, ref in refs.items()} == dict.fromkeys(
            EXITS, 2
        )
        assert stage.names("got again") == list(EXITS)
        assert [stage.exits[how][0] for how in ("finished", "stopped")] == [
            Finished(),
            Stopped("enough"),
        ]


def test_elixir_dynamic_supervisor_with_valid_shutdown() -> None:
    """Any number of seconds from 0 on is a grace, for ever too; None is the class's."""
    stage = Stage()
    for grace in (0, 1, 2.5, math.inf, None):
        template = worker(stage, grace=grace)
        assert template.grace == grace
        assert dynamic(template).template is template


def test_elixir_dynamic_supervisor_with_invalid_shutdown() -> None:
    """Anything else is refused when the spec is made."""
    grace: Any
    for grace in (-1, math.nan, "5", "infinity", True, False):
        with pytest.raises(SpecError) as caught:
            worker(Stage(), grace=grace)
        assert (caught.value.field, caught.value.value is grace) == ("grace", True)


@attrs.frozen
class Case:
    """A way for children to end when their supervisor is stopped."""

    seconds: float
    """How long it takes."""
    exit: type[Exit]
    """Of what type the exit is."""
    grace: float
    busy: bool = False
    """Whether it is stuck in `receive`."""
    takes: float = 0
    """Seconds in `stopped`."""
    fails: bool = False
    """Whether `stopped` raises."""


async def stops(case: Case, children: int = 3) -> None:
    """Stop a supervisor with children of this kind, and see that it is as it says."""
    stage = Stage()
    names = [f"w{number:02}" for number in range(children)]
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, grace=case.grace)))
        refs: list[AnyRef] = []
        for name in names:
            stage.plan(name, stopped_takes=case.takes, fail_stopped=case.fails)
            refs.append(await start_child(sup, name))
            if case.busy:
                await refs[-1].tell(Wait())
        await settle()
        before = trio.current_time()

        sup.stop()
        exit_ = await sup.wait_stopped()

        assert exit_ == Stopped()
        assert [type(ref.exit) for ref in refs] == [case.exit] * children
        assert sorted(stage.names("stopped")) == names
        assert trio.current_time() - before == case.seconds


@seeds(5)
async def test_elixir_dynamic_supervisor_terminates_children_with_brutal_kill() -> None:
    """A grace of 0 is no time at all: who is at work is killed there and then."""
    await stops(Case(0, Killed, grace=0, busy=True))


@seeds(5)
async def test_elixir_dynamic_supervisor_terminates_children_with_infinity() -> None:
    """An endless grace is waited for, all children side by side."""
    await stops(Case(1000, Stopped, grace=math.inf, takes=1000))


@seeds(5)
async def test_elixir_dynamic_supervisor_terminates_children_infinity_abnormal() -> (
    None
):
    """A child that fails on its way out holds up nobody; its exit says so."""
    await stops(Case(1000, Crashed, grace=math.inf, takes=1000, fails=True))


@seeds(5)
async def test_elixir_dynamic_supervisor_terminates_children_with_integer() -> None:
    """Children that are ready within their grace end in order, in their own time."""
    await stops(Case(2, Stopped, grace=3, takes=2))


@seeds(5)
async def test_elixir_dynamic_supervisor_terminates_children_integer_abnormal() -> None:
    """The same with children that fail on their way out."""
    await stops(Case(2, Crashed, grace=3, takes=2, fails=True))


@seeds(5)
async def test_elixir_dynamic_supervisor_terminates_children_expired_integer() -> None:
    """Children over their grace are killed then; many take no longer than one."""
    await stops(Case(3, Killed, grace=3, busy=True), children=20)


@seeds(20)
async def test_elixir_dynamic_supervisor_terminates_children_permanent_normal() -> None:
    """A permanent child that ends by itself while all is stopped is not restarted."""
    stage = Stage()
    wait = Wait()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        ref = await start_child(sup, "a")
        await ref.tell(wait)
        await ref.tell(Finish())
        await settle()

        sup.stop()
        await settle()
        wait.gate.set()

        assert await sup.wait_stopped() == Stopped()
        assert isinstance(ref.exit, Finished | Stopped)
        assert stage.count["a made"] == 1


@seeds(10)
async def test_elixir_dynamic_supervisor_terminates_children_mixed() -> None:
    """One stop, children of every kind: each ends in its own way, in its own time."""
    stage = Stage()
    template: ChildSpec[object] = worker(stage, grace=3)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template))
        stage.plan("slow", stopped_takes=2)
        stage.plan("failing", fail_stopped=True)
        stage.plan("hanging", stopped_takes=100)
        names = ("idle", "slow", "failing", "stuck", "hanging", "dying")
        refs = {name: await start_child(sup, name) for name in names}
        await refs["stuck"].tell(Wait())
        await settle()

        sup.stop()
        await trio.sleep(1)
        refs["slow"].kill()  # it is on its way already: nothing comes of it but haste
        exit_ = await sup.wait_stopped()

        assert exit_ == Stopped()
        assert trio.current_time() == 3
        exits = {name: type(ref.exit) for name, ref in refs.items()}
        assert exits["idle"] is exits["dying"] is Stopped
        assert exits["failing"] is Crashed
        assert exits["stuck"] is Killed
        assert {name: stage.count[f"{name} made"] for name in names} == dict.fromkeys(
            names, 1
        )
        assert {name: stage.count[f"{name} stopped"] for name in names} == (
            dict.fromkeys(names, 1)
        )
        assert stage.count["hanging left"] == 0


@seeds(10)
async def test_elixir_dynamic_supervisor_terminate_child_brutal() -> None:
    """`stop_child` with a grace of 0 kills a child that is at work, and only that."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, grace=0)))
        ref, sibling = [await start_child(sup, name) for name in "ab"]
        await ref.tell(Wait())
        await settle()

        await stop_child(sup, ref)

        assert ref.exit == Killed()
        assert trio.current_time() == 0
        assert list((await refs_of(sup)).values()) == [sibling]
        assert (lives(system, sibling), stage.count["a made"]) == (1, 1)


@seeds(10)
async def test_elixir_dynamic_supervisor_terminate_child_integer() -> None:
    """`stop_child` gives a child its grace, and returns when it has gone."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, grace=3)))
        stage.plan("a", stopped_takes=2)
        slow, stuck = [await start_child(sup, name) for name in "ab"]
        await stuck.tell(Wait())
        await settle()

        await stop_child(sup, slow)
        assert (slow.exit, trio.current_time()) == (Stopped(), 2)
        await stop_child(sup, stuck)
        assert (stuck.exit, trio.current_time()) == (Killed(), 5)
        assert await list_children(sup) == ()


@seeds(20)
async def test_elixir_dynamic_supervisor_terminate_child_restarting() -> None:
    """`stop_child` of a child in a restart loop ends the loop."""
    stage = Stage()
    stage.plan("a", fail_made=From(2))
    template = worker(stage, backoff=TEN_SECONDS)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template, limit=None))
        ref = await start_child(sup, "a")
        await crash(ref)
        await trio.sleep(25)
        assert stage.count["a made"] == 3

        await stop_child(sup, ref)

        assert trio.current_time() == 25
        assert ref.exit is not None
        assert await list_children(sup) == ()
        await trio.sleep(100)
        assert stage.count["a made"] == 3
        assert incarnations(system, sup) == {}


@seeds(10)
async def test_elixir_dynamic_supervisor_shown_as_a_supervisor() -> None:
    """Whoever looks sees that it is a supervisor: in counts, in lists, in the tree."""
    stage = Stage()
    inner = ChildSpec(dynamic(worker(stage)), id="many")
    async with open_system() as system:
        top = await start_ready(system, static(inner, stage.spec("one")), name="top")
        many = (await refs_of(top))["many"]
        await start_child(many, "a")

        counts = await count_children(top)
        assert (counts.supervisors, counts.workers) == (1, 1)
        assert {
            each.id: (each.supervisor, each.cls) for each in await list_children(top)
        } == {"many": (True, "Dynamic"), "one": (False, "Worker")}
        seen = [(each.path, each.cls) for each in system.tree().walk()]
        assert seen[1:3] == [("/top", "Static"), ("/top/many", "Dynamic")]
        assert {cls for _, cls in seen[3:]} == {"Worker"}
