"""OTP's supervisor_SUITE: how a supervisor ends its children, and in which order."""

from __future__ import annotations

import logging
import math
from typing import Any

import pytest
import trio

from actors import (
    ActorCrashed,
    ActorLate,
    ActorRef,
    ActorStarted,
    ActorStopped,
    Crashed,
    Killed,
    Stopped,
    open_system,
)
from actors.testing import open_tasks, seeds
from supervision import (
    AdminRequest,
    ChildSpec,
    ChildState,
    Restart,
    RestartLimit,
    Strategy,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.supervised import (
    EXITS,
    BoomError,
    Finish,
    Shielded,
    Stage,
    Wait,
    children_of,
    crash,
    dynamic,
    end_with,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
    worker,
)

RUNNING, STOPPED = ChildState.RUNNING, ChildState.STOPPED
ALL, REST = Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE


async def stop(sup: ActorRef[AdminRequest]) -> float:
    """Stop a supervisor that ends in order; how many seconds it took."""
    begun = trio.current_time()
    sup.stop()
    assert await sup.wait_stopped() == Stopped()
    return trio.current_time() - begun


async def hang(*refs: ActorRef[Any]) -> None:
    """Have workers await for ever in `receive`, with a message behind it."""
    for ref in refs:
        ref.tell_nowait(Wait())
        ref.tell_nowait("behind")
    await settle()


# ----------------------------------------------------------------------- one child


@seeds(10)
async def test_otp_sup_stop_infinity() -> None:
    """A child with infinite grace is waited for, and ends as any other does."""
    stage = Stage()
    stage.plan("a", stopped_takes=100)
    specs = (stage.spec("a", grace=math.inf), stage.spec("b", grace=math.inf))
    async with open_system() as system:
        late = system.subscribe(ActorLate)
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        wait = Wait()
        refs["b"].tell_nowait(wait)
        refs["b"].tell_nowait("behind")
        await settle()
        stage.take()

        sup.stop()
        await trio.sleep(1000)
        assert (refs["a"].exit, refs["b"].exit) == (None, None)
        assert stage.take() == []
        wait.gate.set()

        assert await sup.wait_stopped() == Stopped()
        assert trio.current_time() == 1100
        assert stage.take() == ["b got behind", "b stopped", "a stopped", "a left"]
        assert stage.exits == {"a": [Stopped()], "b": [Stopped()]}
        assert late.drain() == []


@seeds(10)
async def test_otp_sup_stop_timeout() -> None:
    """A child that ignores its stop is killed at its deadline; one that obeys is not.

    The deadline is that of the child: one that needs a second of two gets it.
    """
    stage = Stage()
    stage.plan("b", stopped_takes=1)
    specs = (stage.spec("a", grace=3), stage.spec("b", grace=2))
    async with open_system() as system:
        late = system.subscribe(ActorLate)
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        await hang(refs["a"])

        sup.stop()

        assert await refs["b"].wait_stopped() == Stopped()
        assert trio.current_time() == 1
        assert await refs["a"].wait_stopped() == Killed()
        assert trio.current_time() == 4
        assert await sup.wait_stopped() == Stopped()
        assert [event.ref for event in late.drain()] == [refs["a"]]
        assert "a got behind" not in stage.log
        assert stage.names("stopped") == ["b", "a"]


@seeds(10)
async def test_otp_sup_stop_timeout_of_a_shielded_child() -> None:
    """One that no cancellation reaches is waited for; nothing of it survives."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a", grace=1)))
        (ref,) = (await refs_of(sup)).values()
        ref.tell_nowait(Shielded(10))
        ref.tell_nowait("behind")
        await settle()

        assert await stop(sup) == 10
        assert ref.exit == Killed()
        assert stage.names("stopped") == ["a"]
        assert "a got behind" not in stage.log


@seeds(5)
async def test_otp_sup_stop_timeout_dynamic() -> None:
    """Dynamic children have their deadlines side by side: it takes one grace, not N."""
    stage = Stage()
    async with open_system() as system:
        late = system.subscribe(ActorLate)
        sup = await start_ready(system, dynamic(worker(stage, grace=2)))
        obedient = [await start_child(sup, f"good {number}") for number in range(20)]
        ignorant = [await start_child(sup, f"bad {number}") for number in range(20)]
        await hang(*ignorant)

        assert await stop(sup) == 2
        assert {ref.exit for ref in obedient} == {Stopped()}
        assert {ref.exit for ref in ignorant} == {Killed()}
        assert {event.ref for event in late.drain()} == set(ignorant)


@seeds(10)
async def test_otp_sup_stop_brutal_kill() -> None:
    """A child without grace is killed at once: no queue, no clean-up that waits."""
    stage = Stage()
    stage.plan("a", stopped_takes=100)
    specs = (stage.spec("a", grace=0), stage.spec("b"))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        await hang(refs["a"])

        assert await stop(sup) == 0
        assert (refs["a"].exit, refs["b"].exit) == (Killed(), Stopped())
        assert "a left" not in stage.log
        assert "a got behind" not in stage.log


@seeds(10)
async def test_otp_sup_stop_brutal_kill_by_request() -> None:
    """So it is when the child alone is stopped."""
    stage = Stage()
    stage.plan("a", stopped_takes=100)
    async with open_system() as system:
        sup = await start_ready(
            system, static(stage.spec("a", grace=0), stage.spec("b"))
        )
        before = await children_of(system, sup)
        a = (await refs_of(sup))["a"]
        await hang(a)

        await stop_child(sup, "a")

        assert trio.current_time() == 0
        assert a.exit == Killed()
        assert "a left" not in stage.log
        after = await children_of(system, sup)
        assert (after["a"].state, after["b"]) == (STOPPED, before["b"])


@seeds(5)
async def test_otp_sup_stop_brutal_kill_dynamic() -> None:
    """So it is with many dynamic children."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, grace=0)))
        refs = [await start_child(sup, str(number)) for number in range(20)]
        for number in range(20):
            stage.plan(str(number), stopped_takes=100)
        await hang(*refs)

        assert await stop(sup) == 0
        assert {ref.exit for ref in refs} == {Killed()}
        assert stage.names("left") == []
        assert stage.names("behind") == []


@seeds(10)
async def test_otp_non_shutdown_exit_dynamic() -> None:
    """Children that end in another way during the stop do not hold it up.

    Nor are they restarted, nor is it the supervisor's failure.
    """
    stage = Stage()
    async with open_system() as system:
        crashed = system.subscribe(ActorCrashed)
        sup = await start_ready(system, dynamic(worker(stage, grace=5)))
        refs = {name: await start_child(sup, name) for name in EXITS}
        for ref in refs.values():
            ref.tell_nowait(Wait())
        await settle()
        stage.plan("crashed", fail_stopped=True)
        stage.plan("finished", stopped_takes=1)

        sup.stop()
        await trio.sleep(1)
        refs["killed"].kill()

        assert await sup.wait_stopped() == Stopped()
        assert trio.current_time() <= 6
        assert {name: stage.count[f"{name} made"] for name in refs} == dict.fromkeys(
            refs, 1
        )
        assert all(ref.exit is not None for ref in refs.values())
        assert {event.ref for event in crashed.drain()} <= {refs["crashed"]}


@pytest.mark.parametrize("make", ["static", "dynamic"])
async def test_otp_non_shutdown_exit_dynamic_is_reported(
    make: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A child that crashes while it is stopped is in the log, with its error."""
    stage = Stage()
    stage.plan("a", fail_stopped=True)
    caplog.set_level(logging.ERROR)
    async with open_system() as system:
        if make == "static":
            sup = await start_ready(system, static(*stage.specs("a b")))
        else:
            sup = await start_ready(system, dynamic(worker(stage)))
            await start_child(sup, "a")
            await start_child(sup, "b")
        b, a = (each.ref for each in await list_children(sup))
        assert a is not None
        assert b is not None

        await stop(sup)

        assert isinstance(a.exit, Crashed)
        assert b.exit == Stopped()
    errors = [each.exc_info[1] for each in caplog.records if each.exc_info]
    assert [type(each) for each in errors] == [BoomError]


@pytest.mark.parametrize("restart", Restart)
@pytest.mark.parametrize("how", EXITS)
@seeds(5)
async def test_otp_sup_stop_race(restart: Restart, how: str) -> None:
    """A child that ends by itself during the stop is awaited, and not restarted."""
    stage = Stage()
    stage.plan("c", stopped_takes=2)
    specs = (stage.spec("a"), stage.spec("b", restart=restart), stage.spec("c"))
    for strategy in Strategy:
        stage.take()
        async with open_system() as system:
            begun = trio.current_time()
            sup = await start_ready(system, static(*specs, strategy=strategy))
            refs = await refs_of(sup)
            sup.stop()
            await trio.sleep(1)
            assert stage.names("stopped") == ["c"]

            await end_with(how, refs["b"])

            assert await sup.wait_stopped() == Stopped()
            assert trio.current_time() == begun + 2
            assert stage.names("made") == ["a", "b", "c"]
            assert stage.names("stopped") == ["c", "b", "a"]
            assert type(refs["b"].exit) is type(EXITS[how])
            assert (refs["a"].exit, refs["c"].exit) == (Stopped(), Stopped())


@seeds(20)
async def test_otp_sup_stop_race_in_the_same_instant() -> None:
    """So it is when child and supervisor are told to end in the same instant."""
    stage = Stage()
    for how in EXITS:
        stage.take()
        async with open_system() as system, trio.open_nursery() as nursery:
            sup = await start_ready(system, static(*stage.specs("a b c")))
            refs = await refs_of(sup)
            nursery.start_soon(end_with, how, refs["b"])
            nursery.start_soon(stop, sup)
            await sup.wait_stopped()
            assert all(ref.exit is not None for ref in refs.values())
            assert refs["a"].exit == refs["c"].exit == Stopped()
            made = stage.names("made")
            assert made in (["a", "b", "c"], ["a", "b", "c", "b"])
            assert sorted(stage.names("stopped")) == sorted(made)
        assert open_tasks() == []


# ----------------------------------------------------------------------- by request


@seeds(10)
async def test_otp_stop_manual() -> None:
    """A supervisor is stopped by its ref: once, in order, with the reason given."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        refs = await refs_of(sup)

        sup.stop("enough")
        sup.stop("again")

        assert await sup.wait_stopped() == Stopped("enough")
        assert stage.names("stopped") == ["b", "a"]
        assert {ref.exit for ref in refs.values()} == {Stopped()}
        assert system.statistics().actors == 0
        await start_ready(system, static())  # the name is free


@seeds(10)
async def test_otp_stop_manual_timeout() -> None:
    """Who is tired of waiting leaves; the stop goes on and completes."""
    stage = Stage()
    stage.plan("a", stopped_takes=3)
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a")))

        sup.stop()
        with pytest.raises(trio.TooSlowError), trio.fail_after(1):
            await sup.wait_stopped()
        assert (trio.current_time(), sup.exit) == (1, None)

        assert await sup.wait_stopped() == Stopped()
        assert trio.current_time() == 3
        assert stage.log[-1] == "a left"


@seeds(10)
async def test_otp_stop_manual_timeout_of_stop_child() -> None:
    """So it is with `stop_child`: leaving it changes nothing about the stop."""
    stage = Stage()
    stage.plan("a", stopped_takes=3)
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        before = await children_of(system, sup)

        with pytest.raises(trio.TooSlowError), trio.fail_after(1):
            await stop_child(sup, "a")
        assert await states_of(sup) == {"a": ChildState.STOPPING, "b": RUNNING}
        await trio.sleep(3)

        assert await states_of(sup) == {"a": STOPPED, "b": RUNNING}
        assert (await children_of(system, sup))["b"] == before["b"]
        assert stage.count["a left"] == 1


# ---------------------------------------------------------------------- many, order


@seeds(5)
async def test_otp_simple_one_for_one_shutdown() -> None:
    """N slow dynamic children end in the time of one; N static ones one by one."""
    stage = Stage()
    names = [str(number) for number in range(50)]
    for name in names:
        stage.plan(name, stopped_takes=1)
    async with open_system(stop_within=1000) as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        for name in names:
            await start_child(sup, name)
        other = await start_ready(system, static(*map(stage.spec, names)), name="other")

        assert await stop(sup) == 1
        assert sorted(stage.names("left")) == sorted(names)
        assert await stop(other) == 50


@seeds(10)
async def test_otp_order_of_children() -> None:
    """Children start in order, each when the one before is ready, and stop in reverse.

    One is dead before the next is asked to stop.
    """
    stage = Stage()
    gates = [stage.plan(name).hang(1) for name in "abc"]
    for name in "abc":
        stage.plan(name, stopped_takes=1)
    async with open_system() as system:
        events = system.subscribe(ActorStarted, ActorStopped)
        sup = system.start(static(*stage.specs("a b c")), name="sup")
        for number, gate in enumerate(gates, start=1):
            await settle()
            assert stage.names("made") == list("abc"[:number])
            assert stage.names("started") == list("abc"[: number - 1])
            assert await states_of(sup) == {
                name: RUNNING
                if name < "abc"[number - 1]
                else ChildState.STARTING
                if name == "abc"[number - 1]
                else ChildState.WAITING
                for name in "abc"
            }
            gate.set()
        await sup.wait_started()
        refs = await refs_of(sup)
        stage.take()

        assert await stop(sup) == 3
        assert stage.take() == [
            f"{name} {what}" for name in "cba" for what in ("stopped", "left")
        ]
        assert [(type(event), event.ref) for event in events.drain()] == [
            *((ActorStarted, refs[name]) for name in "abc"),
            (ActorStarted, sup),
            *((ActorStopped, refs[name]) for name in "cba"),
            (ActorStopped, sup),
        ]


@pytest.mark.parametrize(
    ("strategy", "failing", "down", "up"),
    [
        (ALL, "c", "edba", "abcde"),
        (ALL, "a", "edcb", "abcde"),
        (ALL, "e", "dcba", "abcde"),
        (REST, "c", "ed", "cde"),
        (REST, "a", "edcb", "abcde"),
        (REST, "e", "", "e"),
    ],
)
@seeds(10)
async def test_otp_order_of_children_in_a_group(
    strategy: Strategy, failing: str, down: str, up: str
) -> None:
    """A group restart goes down in reverse, one by one, and up in order, one by one."""
    stage = Stage()
    for name in "abcde":
        stage.plan(name, stopped_takes=1)
    async with open_system() as system:
        sup = await start_ready(
            system, static(*stage.specs("a b c d e"), strategy=strategy)
        )
        before = await children_of(system, sup)
        gates = {name: stage.plan(name).hang(2) for name in up}
        stage.take()

        await crash((await refs_of(sup))[failing])
        await trio.sleep(len(down) + 1.5)

        halted = [
            f"{name} {what}" for name in failing + down for what in ("stopped", "left")
        ]
        assert stage.take() == [*halted, f"{up[0]} made"]
        for name, after in zip(up, [*up[1:], None], strict=True):
            gates[name].set()
            await settle()
            made = [f"{after} made"] if after else []
            assert stage.take() == [f"{name} started", *made]
        assert await children_of(system, sup) == {
            name: each.again(1 if name in up else 0) for name, each in before.items()
        }


@seeds(10)
async def test_otp_order_of_children_added_later() -> None:
    """A child that is started later is the last in order, and the first to stop."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), strategy=ALL))
        await start_child(sup, stage.spec("c"))
        stage.take()

        await crash((await refs_of(sup))["b"])
        assert stage.names("stopped") == ["b", "c", "a"]
        assert stage.names("made") == ["a", "b", "c"]

        stage.take()
        await stop(sup)
        assert stage.names("stopped") == ["c", "b", "a"]


@seeds(10)
async def test_otp_order_of_children_restarted_later() -> None:
    """A child that was stopped and started again keeps its place in the order."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b c"), strategy=ALL))
        await stop_child(sup, "b")
        await restart_child(sup, "b")
        assert list(await states_of(sup)) == ["a", "b", "c"]
        stage.take()

        await crash((await refs_of(sup))["c"])
        assert stage.names("stopped") == ["c", "b", "a"]
        assert stage.names("made") == ["a", "b", "c"]

        await stop_child(sup, "a")
        await restart_child(sup, "a")
        stage.take()
        await stop(sup)
        assert stage.names("stopped") == ["c", "b", "a"]


@seeds(10)
async def test_otp_order_of_children_one_finishes_by_itself() -> None:
    """Who finishes by itself while its group is halted is part of the group still."""
    stage = Stage()
    stage.plan("c", stopped_takes=2)
    async with open_system() as system:
        sup = await start_ready(
            system,
            static(
                *stage.specs("a b c"), strategy=ALL, limit=RestartLimit(1, within=9)
            ),
        )
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        await crash(refs["b"])
        assert await states_of(sup) == {
            "a": RUNNING,
            "b": ChildState.RESTARTING,
            "c": ChildState.HALTING,
        }

        refs["a"].tell_nowait(Finish())
        await trio.sleep(3)

        after = await children_of(system, sup)
        assert after == {name: each.again() for name, each in before.items()}


@seeds(10)
async def test_otp_sup_stop_while_starting() -> None:
    """A supervisor that is stopped while a child starts stops those it has.

    The later ones are never made.
    """
    stage = Stage()
    stage.plan("b").hang(1)
    async with open_system() as system:
        sup = system.start(static(*stage.specs("a b c")), name="sup")
        await settle()
        assert stage.names("made") == ["a", "b"]

        sup.stop()

        assert await sup.wait_stopped() == Stopped()
        assert stage.names("made") == ["a", "b"]
        assert stage.names("stopped") == ["b", "a"]
        assert system.statistics().actors == 0


@seeds(10)
async def test_otp_sup_stop_during_group_restart() -> None:
    """A supervisor that is stopped in the middle of a group restart ends in order."""
    stage = Stage()
    stage.plan("c", stopped_takes=2)
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b c"), strategy=ALL))
        refs = await refs_of(sup)
        await crash(refs["b"])

        sup.stop()

        assert await sup.wait_stopped() == Stopped()
        assert trio.current_time() == 2
        assert stage.names("made") == ["a", "b", "c"]
        assert stage.names("stopped") == ["b", "c", "a"]
        assert all(ref.exit is not None for ref in refs.values())


@seeds(10)
async def test_otp_sup_stop_nested() -> None:
    """A tree ends from its leaves: each supervisor after its own children."""
    stage = Stage()
    for name in "abcd":
        stage.plan(name, stopped_takes=6)
    inner = static(stage.spec("b", grace=10), stage.spec("c", grace=10))
    make = static(
        stage.spec("a", grace=10),
        ChildSpec(inner, id="inner"),
        stage.spec("d", grace=10),
    )
    async with open_system(stop_within=1000) as system:
        events = system.subscribe(ActorStopped)
        sup = await start_ready(system, make)

        assert await stop(sup) == 24  # an inner supervisor has all the time it needs
        assert [event.ref.path for event in events.drain()] == [
            "/sup/d",
            "/sup/inner/c",
            "/sup/inner/b",
            "/sup/inner",
            "/sup/a",
            "/sup",
        ]
        assert stage.exits == {name: [Stopped()] for name in "abcd"}
