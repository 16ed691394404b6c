"""OTP's supervisor_SUITE: auto shutdown, counting, and many children.

Nothing is timed: work is counted in calls of Python functions, so that "linear" is a
fact of the algorithm and not of the machine.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from actors import Actor, ActorRef, Crashed, Finished, Stopped, open_system
from actors.testing import run_seeded, seeds
from supervision import (
    AdminRequest,
    AutoShutdown,
    Backoff,
    ChildCounts,
    ChildSpec,
    ChildState,
    CombinationError,
    Restart,
    RestartLimit,
    Strategy,
    count_children,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.supervised import (
    EXITS,
    Stage,
    children_of,
    crash,
    dynamic,
    end_with,
    keep,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
    worker,
)

RUNNING, STOPPED = ChildState.RUNNING, ChildState.STOPPED
ANY, EVERY = AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT
TEMPORARY, TRANSIENT = Restart.TEMPORARY, Restart.TRANSIENT
ALL = Strategy.ONE_FOR_ALL
MODES = pytest.mark.parametrize("mode", [ANY, EVERY])
HOWS = pytest.mark.parametrize("how", EXITS)
NORMAL = ("finished", "stopped")


def group(
    stage: Stage,
    names: str,
    restart: Restart,
    *,
    others: str = "",
    **options: Any,
) -> tuple[ChildSpec[object], ...]:
    """Specs of significant workers, and of others that are not."""
    return (
        *(stage.spec(each, restart=restart, **options) for each in others),
        *(
            stage.spec(each, restart=restart, significant=True, **options)
            for each in names
        ),
    )


# --------------------------------------------------------------------- significant


@MODES
@HOWS
@seeds(5)
async def test_otp_nonsignificant_temporary(mode: AutoShutdown, how: str) -> None:
    """The end of a temporary child that is not significant ends nobody else."""
    await check_others(TEMPORARY, mode, how)


@MODES
@HOWS
@seeds(5)
async def test_otp_nonsignificant_transient(mode: AutoShutdown, how: str) -> None:
    """Nor does that of a transient one, nor its restart."""
    await check_others(TRANSIENT, mode, how)


async def check_others(restart: Restart, mode: AutoShutdown, how: str) -> None:
    """All children that are not significant end; the rest of the group lives."""
    stage = Stage()
    specs = group(stage, "s", restart, others="ab")
    async with open_system() as system:
        sup = await start_ready(system, static(*specs, auto_shutdown=mode))
        before = await children_of(system, sup)
        refs = await refs_of(sup)

        for name in "ab":
            await end_with(how, refs[name])
        await trio.sleep(60)

        after = await children_of(system, sup)
        assert sup.exit is None
        assert after["s"] == before["s"]
        restarted = restart is TRANSIENT and how not in NORMAL
        for name in "ab":
            assert stage.count[f"{name} made"] == (2 if restarted else 1)
            assert (after.get(name) == before[name].again()) is restarted


@HOWS
@seeds(10)
async def test_otp_significant_temporary(how: str) -> None:
    """With ANY the first temporary significant child that ends, however, ends all."""
    stage = Stage()
    specs = group(stage, "st", TEMPORARY, others="ab")
    async with open_system() as system:
        sup = await keep(system, static(*specs, auto_shutdown=ANY))
        await sup.wait_started()
        refs = await refs_of(sup)

        await end_with(how, refs["s"])

        assert await sup.wait_stopped() == Finished()
        assert stage.names("stopped") == ["s", "t", "b", "a"]
        assert type(refs["s"].exit) is type(EXITS[how])
        assert {refs[name].exit for name in "abt"} == {Stopped()}
        assert stage.names("made") == list("abst")


@HOWS
@seeds(10)
async def test_otp_significant_temporary_all(how: str) -> None:
    """With ALL it is the last one that does."""
    stage = Stage()
    specs = group(stage, "st", TEMPORARY, others="ab")
    async with open_system() as system:
        sup = await keep(system, static(*specs, auto_shutdown=EVERY))
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)

        await end_with(how, refs["t"])
        await trio.sleep(60)
        assert await children_of(system, sup) == {
            name: before[name] for name in ("a", "b", "s")
        }
        await end_with(how, refs["s"])

        assert await sup.wait_stopped() == Finished()
        assert stage.names("stopped") == ["t", "s", "b", "a"]


@HOWS
@seeds(10)
async def test_otp_significant_transient(how: str) -> None:
    """With ANY a transient one that finishes or is stopped ends all.

    One that crashes or is killed is restarted, and ends nobody.
    """
    stage = Stage()
    specs = group(stage, "st", TRANSIENT, others="a")
    async with open_system() as system:
        sup = await keep(system, static(*specs, auto_shutdown=ANY))
        await sup.wait_started()
        before = await children_of(system, sup)

        await end_with(how, (await refs_of(sup))["s"])

        if how in NORMAL:
            assert await sup.wait_stopped() == Finished()
            assert stage.names("stopped") == ["s", "t", "a"]
            assert stage.names("made") == list("ast")
        else:
            await trio.sleep(60)
            after = await children_of(system, sup)
            assert after == {**before, "s": before["s"].again()}


@HOWS
@seeds(10)
async def test_otp_significant_transient_all(how: str) -> None:
    """With ALL it is the last one that does; the one before is kept as stopped."""
    stage = Stage()
    specs = group(stage, "st", TRANSIENT, others="a")
    async with open_system() as system:
        sup = await keep(system, static(*specs, auto_shutdown=EVERY))
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)

        await end_with(how, refs["s"])
        await trio.sleep(60)
        after = await children_of(system, sup)
        if how in NORMAL:
            assert {name: each.state for name, each in after.items()} == {
                "a": RUNNING,
                "s": STOPPED,
                "t": RUNNING,
            }
            assert (after["a"], after["t"]) == (before["a"], before["t"])
            await end_with(how, refs["t"])
            assert await sup.wait_stopped() == Finished()
            assert stage.names("stopped") == ["s", "t", "a"]
        else:
            assert after == {**before, "s": before["s"].again()}


@seeds(10)
async def test_otp_significant_transient_all_restarted_by_request() -> None:
    """One that has ended and was started again counts again."""
    stage = Stage()
    async with open_system() as system:
        specs = group(stage, "st", TRANSIENT)
        sup = await keep(system, static(*specs, auto_shutdown=EVERY))
        await sup.wait_started()
        await end_with("finished", (await refs_of(sup))["s"])
        again = await restart_child(sup, "s")

        await end_with("finished", (await refs_of(sup))["t"])
        await trio.sleep(60)
        assert await states_of(sup) == {"s": RUNNING, "t": STOPPED}
        await end_with("finished", again)

        assert await sup.wait_stopped() == Finished()


@MODES
@seeds(10)
async def test_otp_significant_stop_child(mode: AutoShutdown) -> None:
    """`stop_child` ends nobody else, not even for the last significant child."""
    for restart in (TEMPORARY, TRANSIENT):
        stage = Stage()
        async with open_system() as system:
            specs = group(stage, "st", restart, others="a")
            sup = await start_ready(system, static(*specs, auto_shutdown=mode))
            before = await children_of(system, sup)

            await stop_child(sup, "s")
            await stop_child(sup, "t")
            await trio.sleep(60)

            after = await children_of(system, sup)
            assert after["a"] == before["a"]
            kept = {"a": RUNNING, "s": STOPPED, "t": STOPPED}
            assert await states_of(sup) == (
                kept if restart is TRANSIENT else {"a": RUNNING}
            )


@seeds(10)
async def test_otp_significant_stop_child_then_the_last() -> None:
    """One that was stopped by request is not waited for: the other is the last."""
    stage = Stage()
    async with open_system() as system:
        specs = group(stage, "st", TRANSIENT, others="a")
        sup = await keep(system, static(*specs, auto_shutdown=EVERY))
        await sup.wait_started()
        refs = await refs_of(sup)
        await stop_child(sup, "s")

        await end_with("finished", refs["t"])

        assert await sup.wait_stopped() == Finished()
        assert stage.names("stopped") == ["s", "t", "a"]


@MODES
@seeds(10)
async def test_otp_significant_bystander(mode: AutoShutdown) -> None:
    """A significant child that goes with its group's restart is not an end by itself.

    If it was the last one there is nobody left to wait for, and the group is complete:
    OTP would wait for ever.
    """
    for names, left in (("st", 1), ("s", 0)):
        stage = Stage()
        specs = (
            stage.spec("a"),
            *(stage.spec(n, restart=TEMPORARY, significant=True) for n in names[:1]),
            *(stage.spec(n, restart=TRANSIENT, significant=True) for n in names[1:]),
        )
        make = static(*specs, auto_shutdown=mode, strategy=ALL)
        async with open_system() as system:
            sup = await keep(system, make)
            await sup.wait_started()
            before = await children_of(system, sup)

            await crash((await refs_of(sup))["a"])
            await trio.sleep(60)

            if left:
                assert await children_of(system, sup) == {
                    "a": before["a"].again(),
                    "t": before["t"].again(),
                }
            else:
                assert await sup.wait_stopped() == Finished()


@MODES
@seeds(10)
async def test_otp_significant_quarantined(mode: AutoShutdown) -> None:
    """A significant child over its own limit has ended by itself."""
    stage = Stage()
    limit = RestartLimit(1, within=60)
    specs = group(stage, "st", TRANSIENT, others="a", limit=limit)
    async with open_system() as system:
        sup = await keep(system, static(*specs, auto_shutdown=mode, limit=None))
        await sup.wait_started()
        refs = await refs_of(sup)
        await crash(refs["s"])
        assert sup.exit is None

        await crash(refs["s"])
        if mode is EVERY:
            assert (await states_of(sup))["s"] is ChildState.QUARANTINED
            await crash(refs["t"])
            await crash(refs["t"])

        assert await sup.wait_stopped() == Finished()
        assert stage.count["s made"] == 2
        assert refs["a"].exit == Stopped()


@pytest.mark.parametrize("restart", [TEMPORARY, TRANSIENT])
def test_otp_significant_simple(restart: Restart) -> None:
    """A dynamic supervisor takes no significant template, as OTP from 29 on."""
    with pytest.raises(CombinationError):
        dynamic(worker(Stage(), restart=restart, significant=True))


@MODES
@pytest.mark.parametrize("restart", [TEMPORARY, TRANSIENT])
@seeds(10)
async def test_otp_significant_finished_at_once(
    mode: AutoShutdown, restart: Restart
) -> None:
    """`finish()` in `started` is the end of a short job; OTP's `ignore` is no end."""
    stage = Stage()
    stage.plan("s", finish_started={1})
    family = static(
        stage.spec("a"),
        stage.spec("s", restart=restart, significant=True),
        auto_shutdown=mode,
    )
    async with open_system() as system:
        sup = system.start(family)

        assert await sup.wait_stopped() == Finished()
        assert stage.names("made") == ["a", "s"]


@seeds(10)
async def test_otp_significant_escalation() -> None:
    """Nested supervisors chain completion upwards; who is not concerned stays."""
    stage = Stage()
    leaf = group(stage, "s", TEMPORARY, others="a")
    inner = static(*leaf, auto_shutdown=ANY)
    middle = static(
        stage.spec("b"),
        ChildSpec(inner, id="inner", restart=TRANSIENT, significant=True),
        auto_shutdown=EVERY,
    )
    outer = static(
        stage.spec("c"),
        ChildSpec(middle, id="middle", restart=TRANSIENT),
    )
    async with open_system() as system:
        sup = await start_ready(system, outer)
        before = await children_of(system, sup)
        top = await refs_of(sup)
        below = await refs_of(top["middle"])
        leaves = await refs_of(below["inner"])

        await end_with("crashed", leaves["s"])

        assert await below["inner"].wait_stopped() == Finished()
        assert await top["middle"].wait_stopped() == Finished()
        assert isinstance(leaves["s"].exit, Crashed)
        assert stage.names("stopped") == ["s", "a", "b"]
        await settle()
        after = await children_of(system, sup)
        assert after["c"] == before["c"]
        assert after["middle"].state is STOPPED
        assert len(stage.names("made")) == 4


@seeds(10)
async def test_otp_significant_escalation_permanent() -> None:
    """A supervisor that is complete is restarted if it is permanent itself."""
    stage = Stage()
    inner = static(*group(stage, "s", TEMPORARY), auto_shutdown=ANY)
    async with open_system() as system:
        sup = await start_ready(system, static(ChildSpec(inner, id="inner")))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["inner"]

        await end_with("finished", (await refs_of(ref))["s"])

        assert await children_of(system, sup) == {"inner": before["inner"].again()}
        assert stage.names("started") == ["s", "s"]


# ------------------------------------------------------------------------ counting


@pytest.mark.parametrize("number", [1000, 2000])
async def test_otp_count_children(number: int) -> None:
    """The counts are right for a thousand dynamic children, and for two."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, restart=TEMPORARY)))
        refs = [await start_child(sup, str(each)) for each in range(number)]
        assert await count_children(sup) == ChildCounts(1, number, 0, number)

        for ref in refs[::2]:
            ref.kill()
        await settle()

        half = number // 2
        assert await count_children(sup) == ChildCounts(1, half, 0, half)
        listed = {each.ref for each in await list_children(sup)}
        assert listed == set(refs[1::2])


@seeds(10)
async def test_otp_count_children_supervisor() -> None:
    """Supervisors are counted apart from workers, running or not."""
    stage = Stage()
    inner = static(*stage.specs("x y"))
    later = Backoff(60, limit=60, jitter=0)
    specs = (
        ChildSpec(inner, id="one"),
        stage.spec("a"),
        ChildSpec(inner, id="two", backoff=later),
        ChildSpec(dynamic(worker(stage)), id="three"),
        stage.spec("b", restart=TRANSIENT),
    )
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        assert await count_children(sup) == ChildCounts(5, 5, 3, 2)

        await stop_child(sup, "one")
        assert await count_children(sup) == ChildCounts(5, 4, 3, 2)
        await end_with("finished", refs["b"])
        assert await count_children(sup) == ChildCounts(5, 3, 3, 2)
        await end_with("killed", refs["two"])
        assert await count_children(sup) == ChildCounts(5, 2, 3, 2)
        await start_child(sup, ChildSpec(inner, id="four"))
        assert await count_children(sup) == ChildCounts(6, 3, 4, 2)


@seeds(10)
async def test_otp_count_restarting_children() -> None:
    """A child that is restarting is not active, of a static or a dynamic supervisor."""
    stage = Stage()
    later = Backoff(60, limit=60, jitter=0)
    specs = (stage.spec("a", backoff=later), stage.spec("b", backoff=later))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        other = await start_ready(
            system, dynamic(worker(stage, backoff=later)), name="other"
        )
        await start_child(other, "c")
        crashing = await start_child(other, "d")

        await crash((await refs_of(sup))["a"])
        await crash(crashing)

        assert await count_children(sup) == ChildCounts(2, 1, 0, 2)
        assert await count_children(other) == ChildCounts(1, 1, 0, 2)
        states = {each.ref: each.state for each in await list_children(other)}
        assert states[crashing] is ChildState.RESTARTING
        await trio.sleep(61)
        assert await count_children(sup) == ChildCounts(2, 2, 0, 2)
        assert await count_children(other) == ChildCounts(1, 2, 0, 2)


@seeds(10)
async def test_otp_count_restarting_children_that_are_stopped() -> None:
    """One that is stopped while it is restarting is counted out once."""
    stage = Stage()
    later = Backoff(60, limit=60, jitter=0)
    specs = [stage.spec(name, backoff=later) for name in "abc"]
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        other = await start_ready(
            system, dynamic(worker(stage, backoff=later)), name="other"
        )
        started = [await start_child(other, name) for name in "def"]
        refs = await refs_of(sup)
        for ref in (refs["a"], refs["b"], started[0], started[1]):
            await crash(ref)

        refs["a"].stop()
        started[0].stop()
        await settle()
        assert await count_children(sup) == ChildCounts(3, 1, 0, 3)
        assert await count_children(other) == ChildCounts(1, 1, 0, 2)
        await stop_child(sup, "b")
        await stop_child(other, started[1])

        assert await count_children(sup) == ChildCounts(3, 1, 0, 3)
        assert await count_children(other) == ChildCounts(1, 1, 0, 1)
        await trio.sleep(100)
        assert await count_children(sup) == ChildCounts(3, 1, 0, 3)
        assert await count_children(other) == ChildCounts(1, 1, 0, 1)


# -------------------------------------------------------------------------- memory


class Token:
    """Something that a child is given."""


class Forgetful(Actor[object]):
    """Does not keep what it is given."""

    def __init__(self, token: Token | None = None) -> None:
        del token

    def receive(self, message: object) -> None:
        del message
        self.finish()


@pytest.mark.parametrize("restart", Restart)
async def test_otp_do_not_save_start_parameters_for_temporary_children(
    restart: Restart,
) -> None:
    """Nothing keeps the arguments of a dynamic child that has ended."""
    template: ChildSpec[object] = ChildSpec(Forgetful, restart=restart)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template))
        tokens: list[weakref.ref[Token]] = []
        for _ in range(3):
            token = Token()
            tokens.append(weakref.ref(token))
            await stop_child(sup, await start_child(sup, token))
            del token
        gc.collect()

        assert [each() for each in tokens] == [None] * 3


@pytest.mark.parametrize("restart", Restart)
async def test_otp_do_not_save_start_parameters_for_temporary_children_that_live(
    restart: Restart,
) -> None:
    """Nobody needs the arguments of a child that is never restarted, so they go.

    Those of the others are kept: they are for the next incarnation.
    """
    async with open_system() as system:
        dynamic_sup = await start_ready(
            system, dynamic(ChildSpec(Forgetful, restart=restart)), name="dynamic"
        )
        static_sup = await start_ready(system, static(), name="static")
        one, two = Token(), Token()
        tokens = [weakref.ref(one), weakref.ref(two)]

        refs = [
            await start_child(dynamic_sup, one),
            await start_child(static_sup, ChildSpec(Forgetful, two, restart=restart)),
        ]
        del one, two
        gc.collect()

        kept = restart is not TEMPORARY
        assert [each() is not None for each in tokens] == [kept, kept]
        assert [ref.exit for ref in refs] == [None, None]


async def test_otp_do_not_save_child_specs_for_temporary_children() -> None:
    """Nothing keeps the spec of a temporary child that has ended, by itself or not."""
    async with open_system() as system:
        sup = await start_ready(system, static())
        specs: list[weakref.ref[Any]] = []
        for how in (*EXITS, "stop_child"):
            token = Token()
            spec = ChildSpec(Forgetful, token, restart=TEMPORARY)
            specs += [weakref.ref(spec), weakref.ref(token)]
            ref = await start_child(sup, spec)
            if how == "stop_child":
                await stop_child(sup, ref)
            else:
                await end_with(how, ref)
            del ref, spec, token
        gc.collect()

        assert await list_children(sup) == ()
        assert [each() for each in specs] == [None] * 10


# --------------------------------------------------------------------------- scale


def calls(async_fn: Callable[[int], Awaitable[None]], number: int) -> int:
    """How many calls of Python functions a Trio run of `async_fn(number)` makes."""
    made = 0

    def count(frame: types.FrameType, event: str, arg: object) -> None:
        nonlocal made
        del frame, arg
        made += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        run_seeded(async_fn, number, seed=0)
    finally:
        sys.setprofile(before)
    return made


def check_linear(async_fn: Callable[[int], Awaitable[None]], small: int) -> None:
    """Ten times the children make at most ten times the calls; some is fixed cost."""
    few, many = calls(async_fn, small), calls(async_fn, 10 * small)

    assert few > small
    assert many <= 10 * few


async def temporary_ones(number: int) -> None:
    """Start so many temporary children, each of which ends by itself at once."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static())
        other = await start_ready(
            system, dynamic(ChildSpec(Forgetful, restart=TEMPORARY)), name="other"
        )
        for each in range(number):
            spec = ChildSpec(Forgetful, id=str(each), restart=TEMPORARY)
            for ref in (await start_child(sup, spec), await start_child(other)):
                await ref.tell("end")
                await ref.wait_stopped()
        await settle()
        assert await list_children(sup) == await list_children(other) == ()
        assert await count_children(sup) == ChildCounts(0, 0, 0, 0)
        assert await count_children(other) == ChildCounts(1, 0, 0, 0)
        seen = system.statistics()
        assert (seen.actors, seen.started) == (2, 2 + 2 * number)
        assert stage.log == []


def test_otp_scale_many_temporary_children() -> None:
    """Ten times as many temporary children are ten times the work, not more."""
    check_linear(temporary_ones, 100)


def test_otp_scale_many_temporary_children_leave_nothing() -> None:
    """Ten thousand temporary children leave no more objects behind than a thousand."""
    left: list[int] = []

    async def main(number: int) -> None:
        async with open_system() as system:
            make = dynamic(ChildSpec(Forgetful, restart=TEMPORARY))
            sup = await start_ready(system, make)
            other = await start_ready(system, static(), name="other")
            for each in range(number):
                spec = ChildSpec(Forgetful, id=str(each), restart=TEMPORARY)
                for ref in (await start_child(sup), await start_child(other, spec)):
                    ref.tell_nowait("end")
                if not each % 100:
                    await settle()
            await settle()
            assert await list_children(sup) == await list_children(other) == ()
            assert system.statistics().ended == 2 * number
            gc.collect()
            left.append(len(gc.get_objects()))

    for number in (1000, 1000, 10_000):
        run_seeded(main, number, seed=0)

    assert left[2] <= left[1] + 100


async def all_at_once(number: int) -> None:
    """Start so many children, dynamic and static, and stop them with their owner."""
    async with open_system(stop_within=1000) as system:
        sup = await start_ready(system, dynamic(ChildSpec(Forgetful)))
        specs = (ChildSpec(Forgetful, id=str(each)) for each in range(number))
        other = await start_ready(system, static(*specs), name="other")
        for _ in range(number):
            await start_child(sup)
        assert (await count_children(sup)).active == number
        assert (await count_children(other)).active == number

        for ref in (sup, other):
            ref.stop()
            assert await ref.wait_stopped() == Stopped()
        assert system.statistics().actors == 0


def test_otp_scale_start_stop_many_children() -> None:
    """Starting many and stopping them together is linear."""
    check_linear(all_at_once, 100)


async def mass_exit(number: int) -> None:
    """Let so many dynamic children end in the same instant, and come back."""
    async with open_system(stop_within=1000) as system:
        make = dynamic(ChildSpec(Forgetful), limit=None)
        sup = await start_ready(system, make)
        specs = (ChildSpec(Forgetful, id=str(each)) for each in range(number))
        other = await start_ready(system, static(*specs, limit=None), name="other")
        refs = [await start_child(sup) for _ in range(number)]
        refs += (await refs_of(other)).values()

        for ref in refs:
            ref.kill()
        await settle()

        assert (await count_children(sup)).active == number
        assert (await count_children(other)).active == number
        assert system.statistics().restarts == 2 * number
        assert all(ref.exit is None for ref in refs)


def test_otp_scale_mass_exit_children() -> None:
    """A mass of exits in one instant is linear, and nobody is forgotten."""
    check_linear(mass_exit, 100)


async def admin_calls(sup: ActorRef[AdminRequest]) -> int:
    """How many calls it takes to count the children."""
    made = 0

    def count(frame: types.FrameType, event: str, arg: object) -> None:
        nonlocal made
        del frame, arg
        made += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        await count_children(sup)
    finally:
        sys.setprofile(before)
    return made


def test_otp_scale_count_children() -> None:
    """Counting a thousand children is the work of counting ten."""

    async def main() -> None:
        async with open_system() as system:
            few = await start_ready(system, dynamic(ChildSpec(Forgetful)), name="few")
            many = await start_ready(system, dynamic(ChildSpec(Forgetful)), name="many")
            for sup, number in ((few, 10), (many, 1000)):
                for _ in range(number):
                    await start_child(sup)
            specs = [ChildSpec(Forgetful, id=str(each)) for each in range(1000)]
            small = await start_ready(system, static(*specs[:10]), name="small")
            large = await start_ready(system, static(*specs), name="large")

            assert abs(await admin_calls(few) - await admin_calls(many)) <= 10
            assert abs(await admin_calls(small) - await admin_calls(large)) <= 10

    run_seeded(main, seed=0)
