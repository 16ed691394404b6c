"""The rules of OTP's supervisor that none of its test cases pins.

The numbers are those of the list that `supervision` was written from; where the rule is
kept in a different way the docstring says so.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
import trio

from actors import (
    ActorRef,
    ActorStoppedError,
    ActorSystem,
    AnyRef,
    Crashed,
    DuplicateNameError,
    Exit,
    Finished,
    Killed,
    Stopped,
    open_system,
)
from actors.testing import open_tasks, run_seeded, seeds
from supervision import (
    AdminRequest,
    AutoShutdown,
    Backoff,
    ChildSpec,
    ChildStartError,
    ChildState,
    DuplicateChildError,
    DynamicSupervisor,
    Restart,
    RestartLimit,
    RestartLimitError,
    SpecError,
    Strategy,
    SupervisionError,
    Supervisor,
    check_specs,
    count_children,
    delete_child,
    describe_child,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import Journal
from tests.conformance.supervised import (
    EXITS,
    USUAL,
    BoomError,
    Child,
    Crash,
    Echo,
    Finish,
    Stage,
    Wait,
    Worker,
    children_of,
    crash,
    dynamic,
    end_now,
    end_with,
    incarnations,
    keep,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
    worker,
)

RUNNING, STOPPED = ChildState.RUNNING, ChildState.STOPPED
RESTARTING = ChildState.RESTARTING
ONE, ALL, REST = Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE
TEMPORARY, TRANSIENT = Restart.TEMPORARY, Restart.TRANSIENT
NEVER_AGAIN = RestartLimit(0, within=5)
GONE = Child(None, STOPPED, 0)


def given_up(exit_: Exit | None) -> RestartLimitError:
    """The error of a supervisor that gave up."""
    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, RestartLimitError)
    return exit_.error


# ------------------------------------------------------------------- configuration


def test_rule_r01_defaults() -> None:
    """One for one, three restarts in five seconds (as Elixir), no auto shutdown."""
    assert Supervisor.strategy is ONE
    assert Supervisor.limit == DynamicSupervisor.limit == RestartLimit(3, within=5.0)
    assert Supervisor.limit == USUAL
    assert Supervisor.auto_shutdown is AutoShutdown.NEVER
    assert Supervisor.children == ()
    assert DynamicSupervisor.max_children is None
    assert Supervisor.grace == DynamicSupervisor.grace == math.inf


def test_rule_r03_unknown_options_are_refused() -> None:
    """OTP ignores an option that it does not know; we do not: it may be a typo."""
    options: dict[str, Any] = {"restrat": Restart.PERMANENT}

    with pytest.raises(TypeError, match="restrat"):
        ChildSpec(Worker, Stage(), "a", None, **options)


@seeds(10)
async def test_rule_r04_limit_of_zero() -> None:
    """With a limit of no restarts the first one ends the supervisor."""
    stage = Stage()
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b"), limit=NEVER_AGAIN))
        await sup.wait_started()

        await crash((await refs_of(sup))["a"])

        error = given_up(await sup.wait_stopped())
        assert len(error.history) == 1
        assert stage.names("made") == ["a", "b"]


@seeds(5)
async def test_rule_r04_no_limit() -> None:
    """Without a limit a supervisor never gives up."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), limit=None))
        before = await children_of(system, sup)
        a = (await refs_of(sup))["a"]

        for _ in range(100):
            await crash(a)

        after = await children_of(system, sup)
        assert after == {**before, "a": before["a"].again(100)}
        assert trio.current_time() == 0


def test_rule_r05_duplicate_ids() -> None:
    """Two children with one id are refused when the class is made."""
    stage = Stage()

    with pytest.raises(DuplicateChildError) as caught:
        static(*stage.specs("a b a"))

    assert caught.value.value == "a"
    with pytest.raises(DuplicateChildError):
        check_specs(stage.specs("b b"))
    assert stage.log == []


def test_rule_r06_one_template() -> None:
    """A dynamic supervisor takes exactly one spec."""
    stage = Stage()
    specs: Any = stage.specs("a b")

    with pytest.raises(SpecError) as caught:
        dynamic(specs)

    assert caught.value.field == "template"


def test_rule_r07_dry_check() -> None:
    """Specs can be checked without a supervisor, also from a generator."""
    stage = Stage()
    rubbish: Any = [stage.spec("a"), "b"]

    checked = check_specs(stage.spec(name) for name in "ab")

    assert [spec.id for spec in checked] == ["a", "b"]
    with pytest.raises(SpecError):
        check_specs(rubbish)
    with pytest.raises(SpecError):
        check_specs([], auto_shutdown=rubbish)
    assert stage.log == []


# ------------------------------------------------------------------ administration


class Owning(Supervisor):
    """Has an actor of its own beside its children."""

    def __init__(self, stage: Stage, own: list[AnyRef]) -> None:
        self.stage, self.own = stage, own

    def declare(self) -> Iterable[ChildSpec[Any]]:
        self.own.append(self.start(Worker, self.stage, "own", None, name="own"))
        return self.stage.specs("a")


@seeds(10)
async def test_rule_r15_a_name_that_is_taken_elsewhere() -> None:
    """A name that the supervisor gave to an actor of its own is not adopted."""
    stage = Stage()
    own: list[AnyRef] = []
    async with open_system() as system:
        sup = system.start(Owning, stage, own, name="sup")
        await sup.wait_started()
        before = await children_of(system, sup)

        with pytest.raises(DuplicateNameError):
            await start_child(sup, stage.spec("own"))

        assert await children_of(system, sup) == before
        assert list(before) == ["a"]
        assert own[0].exit is None


@seeds(10)
async def test_rule_r16_restart_child_is_free() -> None:
    """Stopping and starting by request counts for no limit."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), limit=NEVER_AGAIN))
        before = await children_of(system, sup)

        for _ in range(10):
            await stop_child(sup, "a")
            await restart_child(sup, "a")

        after = await children_of(system, sup)
        assert after["b"] == before["b"]
        assert after["a"].state is RUNNING
        info = await describe_child(sup, "a")
        assert (info.restarts, info.history) == (0, ())
        assert stage.count["a made"] == 11


@seeds(10)
async def test_rule_r16_restart_child_forgives() -> None:
    """A quarantined child stays so when stopped; started anew its own limit is anew."""
    stage = Stage()
    own = RestartLimit(1, within=math.inf)
    async with open_system() as system:
        make = static(stage.spec("a", limit=own), stage.spec("b"), limit=None)
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        for _ in range(2):
            await crash((await refs_of(sup))["a"])
        quarantined = Child(None, ChildState.QUARANTINED, 0)
        assert await children_of(system, sup) == {**before, "a": quarantined}

        await stop_child(sup, "a")
        assert await children_of(system, sup) == {**before, "a": quarantined}
        a = await restart_child(sup, "a")
        await crash(a)

        after = await children_of(system, sup)
        # three lives before: the quarantine ended the second of them
        assert after == {"a": Child(a, RUNNING, 4), "b": before["b"]}
        await crash(a)
        assert await children_of(system, sup) == {**before, "a": quarantined}
        assert stage.count["a made"] == 4


@seeds(10)
async def test_rule_r20_a_group_restart_revives_its_stopped_members() -> None:
    """Who was stopped or ended in order comes back with its group, and only with it.

    Not one before the failing child with REST_FOR_ONE; not one that was deleted, or
    quarantined.
    """
    for strategy, revived in ((ALL, "abdeg"), (REST, "bdeg")):
        stage = Stage()
        specs = (
            stage.spec("a"),
            stage.spec("b"),
            stage.spec("c"),
            stage.spec("d"),
            stage.spec("e", restart=TRANSIENT),
            stage.spec("f", limit=NEVER_AGAIN),
            stage.spec("g"),
        )
        async with open_system() as system:
            sup = await start_ready(system, static(*specs, strategy=strategy))
            refs = await refs_of(sup)
            for name in "acd":
                await stop_child(sup, name)
            await delete_child(sup, "c")
            await end_with("finished", refs["e"])
            await crash(refs["f"])
            stage.take()

            await crash(refs["b"])

            assert stage.names("made") == list(revived)
            states = {**dict.fromkeys("abdeg", RUNNING), "f": ChildState.QUARANTINED}
            if strategy is REST:
                states["a"] = STOPPED
            assert await states_of(sup) == states
            after = await refs_of(sup)
            assert (after["b"], after["g"]) == (refs["b"], refs["g"])
            assert after["d"] is refs["d"]


@seeds(20)
async def test_rule_r23_requests_while_a_child_starts() -> None:
    """A child that hangs in its start holds up nobody: OTP's supervisor would wait.

    Requests are answered, other children start and are restarted.
    """
    stage = Stage()
    gate = stage.plan("slow").hang(1)
    async with open_system() as system, trio.open_nursery() as nursery:
        sup = await start_ready(system, static(stage.spec("a")))
        before = await children_of(system, sup)
        nursery.start_soon(start_child, sup, stage.spec("slow"))
        await settle()

        assert await states_of(sup) == {"a": RUNNING, "slow": ChildState.STARTING}
        await start_child(sup, stage.spec("b"))
        await crash((await refs_of(sup))["a"])
        assert await states_of(sup) == {
            "a": RUNNING,
            "slow": ChildState.STARTING,
            "b": RUNNING,
        }
        assert (await children_of(system, sup))["a"] == before["a"].again()
        assert stage.count["slow started"] == 0
        gate.set()
        await settle()

        assert set((await states_of(sup)).values()) == {RUNNING}
        assert trio.current_time() == 0


@seeds(20)
async def test_rule_r23_requests_while_the_supervisor_starts() -> None:
    """Requests are answered before the supervisor is ready itself."""
    stage = Stage()
    gate = stage.plan("b").hang(1)
    async with open_system() as system:
        sup = system.start(static(*stage.specs("a b c")), name="sup")
        await settle()

        assert await states_of(sup) == {
            "a": RUNNING,
            "b": ChildState.STARTING,
            "c": ChildState.WAITING,
        }
        assert (await count_children(sup)).specs == 3
        a = (await refs_of(sup))["a"]
        await crash(a)
        assert stage.names("started") == ["a", "a"]
        with pytest.raises(trio.TooSlowError), trio.fail_after(10):
            await sup.wait_started()
        gate.set()
        await sup.wait_started()

        assert set((await states_of(sup)).values()) == {RUNNING}
        assert stage.names("made") == ["a", "b", "a", "c"]


# -------------------------------------------------------------- reacting to an exit


async def test_rule_r25_what_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A crash is one ERROR, with its error and what becomes of the child.

    An end in order is no error, of a permanent child either, but its restart is told.
    """
    stage = Stage()
    caplog.set_level(logging.DEBUG, logger="supervision")
    specs = (stage.spec("a"), stage.spec("b", restart=TRANSIENT))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        caplog.clear()

        await crash(refs["a"])
        errors = [each for each in caplog.records if each.levelno >= logging.ERROR]
        assert len(errors) == 1
        (record,) = errors
        assert record.name == "supervision"
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], BoomError)
        extra = vars(record)
        assert extra["supervisor"] == sup.path
        assert extra["child"] in ("a", refs["a"].path)
        assert extra["restarts"] == 1
        assert "restart" in str(extra["decision"]).lower()

        caplog.clear()
        await end_with("finished", refs["a"])
        assert all(each.levelno < logging.ERROR for each in caplog.records)
        assert any("a" in each.getMessage() for each in caplog.records)

        caplog.clear()
        await end_with("finished", refs["b"])
        assert all(each.levelno < logging.WARNING for each in caplog.records)


async def test_rule_r25_reports_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A crash loop writes ten errors in a second, and how many it left out."""
    stage = Stage()
    caplog.set_level(logging.WARNING, logger="supervision")
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a"), limit=None))
        a = (await refs_of(sup))["a"]

        for _ in range(50):
            await crash(a)
        errors = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert len(errors) == 10
    levels = [each.levelno for each in caplog.records]
    assert levels.count(logging.ERROR) == 10
    assert levels.count(logging.WARNING) == 1
    (warning,) = (each for each in caplog.records if each.levelno == logging.WARNING)
    assert "40" in warning.getMessage()


@seeds(10)
async def test_rule_r27_the_end_of_a_stranger_is_ignored() -> None:
    """An actor that the supervisor started itself may end; no child is concerned."""
    stage = Stage()
    own: list[AnyRef] = []
    async with open_system() as system:
        sup = system.start(Owning, stage, own, name="sup")
        await sup.wait_started()
        before = await children_of(system, sup)
        own[0].tell_nowait(Finish())
        assert await own[0].wait_stopped() == Finished()
        await settle()

        assert stage.names("stopped") == ["own"]
        assert await children_of(system, sup) == before
        assert list(before) == ["a"]


@seeds(10)
async def test_rule_r28_the_restart_type_is_looked_at_first() -> None:
    """Who is not to be restarted is not counted, even with a limit of nothing."""
    stage = Stage()
    specs = (
        stage.spec("a", restart=TEMPORARY),
        stage.spec("b", restart=TRANSIENT),
        stage.spec("c"),
    )
    for strategy in Strategy:
        async with open_system() as system:
            sup = await start_ready(
                system, static(*specs, strategy=strategy, limit=NEVER_AGAIN)
            )
            before = await children_of(system, sup)
            refs = await refs_of(sup)

            await crash(refs["a"])
            await end_with("finished", refs["b"])

            assert await children_of(system, sup) == {"b": GONE, "c": before["c"]}


# ----------------------------------------------------------------- limit and window


@seeds(10)
async def test_rule_r30_one_limit_for_all_children_of_one_supervisor() -> None:
    """Each supervisor has one limit, shared by its children and by nobody else's."""
    stage = Stage()
    twice = RestartLimit(2, within=5)
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b c"), limit=twice))
        other = await keep(
            system, static(*stage.specs("d e f"), limit=twice), name="other"
        )
        await sup.wait_started()
        await other.wait_started()
        before = await children_of(system, other)
        refs, others = await refs_of(sup), await refs_of(other)
        for ref in (refs["a"], others["d"], refs["b"], others["e"]):
            await crash(ref)

        await crash(refs["c"])

        error = given_up(await sup.wait_stopped())
        assert [record.id for record in error.history] == ["a", "b", "c"]
        assert await children_of(system, other) == {
            "d": before["d"].again(),
            "e": before["e"].again(),
            "f": before["f"],
        }


@pytest.mark.parametrize("make", ["static", "dynamic"])
@seeds(5)
async def test_rule_r31_both_ends_of_the_window_belong_to_it(make: str) -> None:
    """A restart counts while `now <= then + within`, to the clock's resolution."""
    for gap, survives in ((4.9, False), (5.0, False), (5.0001, True)):
        stage = Stage()
        limit = RestartLimit(1, within=5.0)
        async with open_system() as system:
            if make == "static":
                sup = await keep(system, static(stage.spec("a"), limit=limit))
                await sup.wait_started()
                a: Any = (await refs_of(sup))["a"]
            else:
                sup = await keep(system, dynamic(worker(stage), limit=limit))
                a = await start_child(sup, "a")
            await crash(a)
            assert await a.ask(Echo()) == "echo"
            await trio.sleep(gap)

            await crash(a)

            if survives:
                assert await a.ask(Echo()) == "echo"
                assert sup.exit is None
                assert stage.count["a made"] == 3
            else:
                assert len(given_up(await sup.wait_stopped()).history) == 2
                assert stage.count["a made"] == 2


@seeds(5)
async def test_rule_r31_the_window_slides() -> None:
    """What counts is any window: a burst across two of a fixed grid is a burst."""
    stage = Stage()
    async with open_system() as system:
        make = static(stage.spec("a"), limit=RestartLimit(2, within=10))
        sup = await keep(system, make)
        await sup.wait_started()
        a = (await refs_of(sup))["a"]
        for pause in (0, 9, 2, 9, 2):  # at 0, 9, 11, 20, 22
            await trio.sleep(pause)
            await crash(a)
            assert sup.exit is None, trio.current_time()

        await trio.sleep(1)
        await crash(a)  # at 23, with 20 and 22: the third within ten

        error = given_up(await sup.wait_stopped())
        assert [record.at for record in error.history] == [20, 22, 23]


@seeds(10)
async def test_rule_r35_what_is_free() -> None:
    """Stops and starts by request and ends in order count for no limit."""
    stage = Stage()
    stage.plan("never", fail_made={1})
    specs = (stage.spec("a"), stage.spec("b", restart=TRANSIENT), stage.spec("c"))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs, limit=NEVER_AGAIN))
        before = await children_of(system, sup)
        for how in ("finished", "stopped"):
            await end_with(how, (await refs_of(sup))["b"])
            await restart_child(sup, "b")
        await stop_child(sup, "a")
        with pytest.raises(ChildStartError):
            await start_child(sup, stage.spec("never"))

        after = await children_of(system, sup)
        assert (after["a"], after["c"]) == (GONE, before["c"])
        assert after["b"].state is RUNNING
        assert sup.exit is None


@pytest.mark.parametrize("restart", Restart)
@seeds(10)
async def test_rule_r36_over_the_limit_the_owner_decides(restart: Restart) -> None:
    """A supervisor that gives up has crashed, so its own supervisor restarts it.

    Also a transient one: in OTP its exit is `shutdown`, and it would not come back.
    """
    stage = Stage()
    inner = static(*stage.specs("a b"), limit=NEVER_AGAIN)
    specs = (stage.spec("x"), ChildSpec(inner, id="inner", restart=restart))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["inner"]
        old = await refs_of(ref)

        await crash(old["a"])

        after = await children_of(system, sup)
        assert {old["a"].exit is None, old["b"].exit is None} == {False}
        if restart is TEMPORARY:
            given_up(ref.exit)
            assert after == {"x": before["x"]}
            assert stage.names("made") == ["x", "a", "b"]
        else:
            assert after == {**before, "inner": before["inner"].again()}
            assert stage.names("made") == ["x", "a", "b", "a", "b"]
            (record,) = (await describe_child(sup, "inner")).history
            given_up(record.exit)
            new = await refs_of(ref)
            assert list(new) == ["a", "b"]
            assert new["a"] is not old["a"]


async def test_rule_r36_at_the_top_it_leaves_the_block() -> None:
    """At the top level the error leaves `open_system()`, the crash as its cause."""
    stage = Stage()

    async def main() -> None:
        async with open_system() as system:
            sup = await start_ready(
                system, static(*stage.specs("a b"), limit=NEVER_AGAIN)
            )
            (await refs_of(sup))["a"].tell_nowait(Crash())
            await trio.sleep_forever()

    with pytest.raises(RestartLimitError) as caught:
        await main()

    assert isinstance(caught.value.__cause__, BoomError)
    assert stage.names("stopped") == ["a", "b"]


@seeds(3)
async def test_rule_r37_levels_multiply() -> None:
    """With limits of 1 and 2 the leaf crashes (1 + 1) * (2 + 1) times, not more."""
    stage = Stage()
    inner = static(stage.spec("leaf"), limit=RestartLimit(1, within=math.inf))
    outer = static(ChildSpec(inner, id="inner"), limit=RestartLimit(2, within=math.inf))
    async with open_system() as system:
        sup = await keep(system, outer)
        await sup.wait_started()

        for number in range(6):
            assert sup.exit is None, number
            ref = (await refs_of(sup))["inner"]
            await crash((await refs_of(ref))["leaf"])
            await trio.sleep(1000)

        error = given_up(await sup.wait_stopped())
        assert error.id == "inner"
        cause = error.__cause__
        assert isinstance(cause, RestartLimitError)
        assert cause.id == "leaf"
        assert isinstance(cause.__cause__, BoomError)
        assert stage.count["leaf made"] == 6


@seeds(5)
async def test_rule_r38_backoff() -> None:
    """OTP has no backoff; ours grows, is bounded, and starts anew after quiet time.

    The mailbox collects meanwhile.
    """
    stage = Stage()
    backoff = Backoff(1, limit=5, factor=2, jitter=0, reset_after=10)
    async with open_system() as system:
        make = static(stage.spec("a", backoff=backoff), stage.spec("b"), limit=None)
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        a = (await refs_of(sup))["a"]
        steps = ((0, 1), (9, 2), (9, 4), (9, 5), (9, 5), (11, 1), (0, 2))
        for times, (quiet, delay) in enumerate(steps, start=1):
            await trio.sleep(quiet)
            await crash(a)
            a.tell_nowait(f"in pause {times}")
            await trio.sleep(delay - 0.001)
            assert await states_of(sup) == {"a": RESTARTING, "b": RUNNING}
            assert stage.count["a made"] == times
            await trio.sleep(0.002)

            assert await children_of(system, sup) == {
                "a": before["a"].again(times),
                "b": before["b"],
            }
            assert stage.log[-1] == f"a got in pause {times}"
        info = await describe_child(sup, "a")
        assert [each.delay for each in info.history] == [1, 2, 4, 5, 5, 1, 2]


@pytest.mark.parametrize("strategy", [ALL, REST])
@seeds(5)
async def test_rule_r38_backoff_of_a_group(strategy: Strategy) -> None:
    """The group goes down at once and comes up when the wait is over."""
    stage = Stage()
    later = Backoff(3, limit=3, jitter=0)
    specs = (stage.spec("a"), stage.spec("b", backoff=later), stage.spec("c"))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs, strategy=strategy))
        before = await children_of(system, sup)
        refs = await refs_of(sup)

        await crash(refs["b"])
        waiting = dict.fromkeys("abc", RESTARTING)
        if strategy is REST:
            waiting["a"] = RUNNING
        assert await states_of(sup) == waiting
        refs["c"].tell_nowait("meanwhile")
        await trio.sleep(2.99)
        assert await states_of(sup) == waiting
        await trio.sleep(0.02)

        assert await children_of(system, sup) == {
            name: each.again(0 if name == "a" and strategy is REST else 1)
            for name, each in before.items()
        }
        assert stage.log[-1] == "c got meanwhile"


# -------------------------------------------------------------------- restarting


@seeds(10)
async def test_rule_r39_the_original_arguments() -> None:
    """Each new incarnation is made with the very arguments of the first."""
    stage = Stage()
    one, two = object(), object()
    async with open_system() as system:
        sup = await start_ready(
            system, static(stage.spec("a", one), stage.spec("b"), strategy=ALL)
        )
        other = await start_ready(system, dynamic(worker(stage)), name="other")
        c = await start_child(other, "c", two)
        refs = await refs_of(sup)

        for ref in (refs["a"], refs["b"], c, c):
            await crash(ref)

        assert stage.args == {"a": [one] * 3, "b": [None] * 3, "c": [two] * 3}


@seeds(20)
async def test_rule_r40_a_halted_child_finishes_what_it_has_in_hand() -> None:
    """A sibling in a group restart finishes its message; the queue is kept."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), strategy=ALL))
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        wait = Wait()
        for message in (wait, "one", "two"):
            refs["b"].tell_nowait(message)
        await settle()

        await crash(refs["a"])
        refs["a"].tell_nowait("three")
        assert await states_of(sup) == {"a": RESTARTING, "b": ChildState.HALTING}
        stage.take()
        wait.gate.set()
        await settle()

        assert [each for each in stage.take() if each[0] == "b"] == [
            "b stopped",
            "b made",
            "b started",
            "b got one",
            "b got two",
        ]
        assert stage.count["a got three"] == 1
        assert await children_of(system, sup) == {
            name: each.again() for name, each in before.items()
        }


@seeds(10)
async def test_rule_r40_a_halted_child_has_its_grace() -> None:
    """One that does not finish in its grace is cancelled; its queue is kept."""
    stage = Stage()
    async with open_system() as system:
        specs = (stage.spec("a"), stage.spec("b", grace=2))
        sup = await start_ready(system, static(*specs, strategy=ALL))
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        refs["b"].tell_nowait(Wait())
        refs["b"].tell_nowait("behind")
        await settle()

        await crash(refs["a"])
        await trio.sleep(1.99)
        assert await states_of(sup) == {"a": RESTARTING, "b": ChildState.HALTING}
        await trio.sleep(0.02)

        assert await children_of(system, sup) == {
            name: each.again() for name, each in before.items()
        }
        assert stage.log[-1] == "b got behind"
        assert type(stage.exits["b"][0]) in (Killed, Stopped)


@seeds(20)
async def test_rule_r42_a_crash_during_a_group_restart() -> None:
    """Another crash in the middle of a group restart: nobody is lost or doubled."""
    stage = Stage()
    for strategy in (ALL, REST):
        async with open_system() as system:
            stage.plans.clear()
            gate = stage.plan("c").hang(stage.count["c starting"] + 2)
            sup = await start_ready(
                system, static(*stage.specs("a b c d"), strategy=strategy)
            )
            refs = await refs_of(sup)
            await crash(refs["a"])
            states = await states_of(sup)
            assert (states["c"], states["d"]) == (ChildState.STARTING, RESTARTING)

            await crash(refs["b"])
            gate.set()
            await settle()

            assert set((await states_of(sup)).values()) == {RUNNING}
            assert await refs_of(sup) == refs
            after = await children_of(system, sup)
            lives = {name: each.incarnation for name, each in after.items()}
            assert lives["b"] == 3
            assert lives["a"] == (3 if strategy is ALL else 2)
            assert lives["d"] == 2


@seeds(20)
async def test_rule_r43_stop_child_during_a_group_restart() -> None:
    """A member that is stopped by request during the restart stays stopped."""
    for name in "abcd":
        stage = Stage()
        gate = stage.plan("b").hang(2)
        async with open_system() as system, trio.open_nursery() as nursery:
            sup = await start_ready(
                system, static(*stage.specs("a b c d"), strategy=ALL)
            )
            before = await children_of(system, sup)
            await crash((await refs_of(sup))["c"])
            assert await states_of(sup) == {
                "a": RUNNING,
                "b": ChildState.STARTING,
                "c": RESTARTING,
                "d": RESTARTING,
            }

            nursery.start_soon(stop_child, sup, name)
            await settle()
            gate.set()
            await trio.sleep(60)

            assert await children_of(system, sup) == {
                each: GONE if each == name else before[each].again() for each in before
            }


@seeds(20)
async def test_rule_r43_a_stop_ends_a_child_that_waits() -> None:
    """A ref that is stopped while its child is restarting ends for good."""
    stage = Stage()
    later = Backoff(60, limit=60, jitter=0)
    specs = (
        stage.spec("a", backoff=later),
        stage.spec("b", backoff=later, restart=TRANSIENT),
        stage.spec("c"),
    )
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        for name in "ab":
            await crash(refs[name])

        refs["a"].stop()
        refs["b"].kill()
        await settle()

        assert refs["a"].exit is not None
        assert refs["b"].exit is not None
        assert await children_of(system, sup) == {
            "a": GONE,
            "b": GONE,
            "c": before["c"],
        }
        await trio.sleep(100)
        assert stage.names("made") == ["a", "b", "c"]


@pytest.mark.parametrize("strategy", Strategy)
@seeds(10)
async def test_rule_r26_a_permanent_child_that_crashes_while_it_stops(
    strategy: Strategy,
) -> None:
    """A permanent child whose last hook fails after a stop comes back all the same."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(
            system, static(*stage.specs("a b c"), strategy=strategy)
        )
        before = await children_of(system, sup)
        b = (await refs_of(sup))["b"]
        stage.plan("b", fail_stopped=True)

        b.stop()
        await settle()

        group = {ONE: "b", ALL: "abc", REST: "bc"}[strategy]
        after = await children_of(system, sup)
        assert {name: each.state for name, each in after.items()} == dict.fromkeys(
            "abc", RUNNING
        )
        for name in "ac":
            assert after[name] == before[name].again(1 if name in group else 0)
        again: Any = (await refs_of(sup))["b"]
        assert await again.ask(Echo()) == "echo"
        assert stage.count["b made"] == 2
        assert (await describe_child(sup, "b")).restarts == 1


@pytest.mark.parametrize("strategy", [ALL, REST])
@pytest.mark.parametrize("restart", Restart)
@seeds(10)
async def test_rule_r44_a_member_that_finishes_in_a_group_restart(
    strategy: Strategy, restart: Restart
) -> None:
    """What OTP calls ignore, in a group restart: the others go on; no retry.

    A temporary member is not started again in the first place.
    """
    stage = Stage()
    stage.plan("c", finish_started={2})
    specs = (*stage.specs("a b"), stage.spec("c", restart=restart), stage.spec("d"))
    async with open_system() as system:
        limit = RestartLimit(1, within=5)
        sup = await start_ready(system, static(*specs, strategy=strategy, limit=limit))
        before = await children_of(system, sup)
        c = (await refs_of(sup))["c"]

        await crash((await refs_of(sup))["b"])

        expected = {
            "a": before["a"].again(1 if strategy is ALL else 0),
            "b": before["b"].again(),
            "c": GONE,
            "d": before["d"].again(),
        }
        if restart is TEMPORARY:
            del expected["c"]
        assert await children_of(system, sup) == expected
        assert c.exit == (Stopped() if restart is TEMPORARY else Finished())
        assert stage.count["c made"] == (1 if restart is TEMPORARY else 2)


@seeds(20)
async def test_rule_r42_a_crash_while_the_supervisor_starts() -> None:
    """A group restart in the middle of the first start: all are ready in the end."""
    for strategy in (ALL, REST):
        stage = Stage()
        gate = stage.plan("b").hang(1)
        async with open_system() as system:
            sup = system.start(
                static(*stage.specs("a b c"), strategy=strategy), name="sup"
            )
            await settle()
            a = (await refs_of(sup))["a"]

            await crash(a)
            gate.set()
            await sup.wait_started()

            states = await states_of(sup)
            assert states == dict.fromkeys("abc", RUNNING)
            assert (await refs_of(sup))["a"] is a
            assert stage.names("started")[-3:] == ["a", "b", "c"]
            assert stage.count["c made"] == 1


@seeds(20)
async def test_rule_r43_stop_child_while_the_supervisor_starts() -> None:
    """A child that is starting, or waits for its turn, can be stopped; others go on."""
    for name in "abc":
        stage = Stage()
        gate = stage.plan("b").hang(1)
        async with open_system() as system, trio.open_nursery() as nursery:
            sup = system.start(static(*stage.specs("a b c d")), name="sup")
            await settle()

            nursery.start_soon(stop_child, sup, name)
            await settle()
            gate.set()
            await sup.wait_started()
            await trio.sleep(60)

            assert await states_of(sup) == {
                each: STOPPED if each == name else RUNNING for each in "abcd"
            }
            assert stage.count["c made"] == (0 if name == "c" else 1)
            assert stage.count["d made"] == 1


@pytest.mark.parametrize("strategy", [ALL, REST])
@seeds(10)
async def test_rule_r17_delete_child_during_a_group_restart(
    strategy: Strategy,
) -> None:
    """A member that was stopped and deleted meanwhile is missed by nobody."""
    stage = Stage()
    stage.plan("b", stopped_takes=2)
    async with open_system() as system:
        sup = await start_ready(
            system, static(*stage.specs("a b c"), strategy=strategy)
        )
        refs = await refs_of(sup)
        await crash(refs["a"])
        assert await states_of(sup) == {
            "a": RESTARTING,
            "b": ChildState.HALTING,
            "c": RESTARTING,
        }

        refs["a"].stop()
        await settle()
        await delete_child(sup, "a")
        late = await start_child(sup, stage.spec("d"))
        await crash(late)
        await trio.sleep(60)

        assert await states_of(sup) == dict.fromkeys("bcd", RUNNING)
        assert await refs_of(sup) == {"b": refs["b"], "c": refs["c"], "d": late}
        assert incarnations(system, sup) == {"b": 2, "c": 2, "d": 2}


@seeds(40)
async def test_rule_r42_a_crash_in_the_instant_of_a_restart() -> None:
    """A newcomer crashes when a member is to be restarted and has not been yet."""
    stage = Stage()
    stage.plan("b", stopped_takes=1)
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), strategy=ALL))
        await crash((await refs_of(sup))["a"])
        late = await start_child(sup, stage.spec("c"))
        stage.plan("b", stopped_takes=0)

        await trio.sleep(1)  # b is down, in this instant
        late.tell_nowait(Crash())
        await settle()

        await check_quiet(system, sup)
        assert list(await states_of(sup)) == ["a", "b", "c"]
        assert incarnations(system, sup)["c"] == 2
        assert stage.count["c made"] == 2
        made = [stage.count[f"{name} made"] for name in "ab"]
        assert made in ([2, 2], [3, 2], [3, 3])


class Sometimes:
    """A part of all numbers, at random, until it is told to be none."""

    def __init__(self, random: Random, part: float) -> None:
        self.random, self.part = random, part

    def __contains__(self, number: object) -> bool:
        return self.random.random() < self.part


class Storm:
    """Whatever there is happens to a supervisor, in an order that a number fixes."""

    def __init__(self, number: int) -> None:
        self.random = Random(number)  # noqa: S311 - a seeded load
        self.stage = Stage()
        self.fate = Sometimes(self.random, 0.2)

    async def blow(
        self, sup: ActorRef[AdminRequest], requests: Sequence[Callable[[], Any]]
    ) -> None:
        """Let children end and be asked for, often in the same instant."""
        random = self.random
        for name in NAMES:
            plan = self.stage.plan(name, stopped_takes=random.choice((0, 0, 1)))
            plan.fail_made = plan.fail_started = plan.finish_started = self.fate
        async with trio.open_nursery() as nursery:
            for _ in range(60):
                refs = [each.ref for each in await list_children(sup) if each.ref]
                if refs and random.random() < 0.6:
                    with contextlib.suppress(ActorStoppedError):
                        end_now(random.choice(list(EXITS)), random.choice(refs))
                else:
                    nursery.start_soon(self.ask, random.choice(requests))
                if random.random() < 0.3:
                    await settle()
                if random.random() < 0.3:
                    await trio.sleep(random.random() * 2)
            self.fate.part = 0
        await trio.sleep(100)

    async def ask(self, request: Callable[[], Any]) -> None:
        """Ask for something that may be refused."""
        with contextlib.suppress(SupervisionError):
            await request()


async def check_quiet(system: ActorSystem, sup: ActorRef[AdminRequest]) -> list[AnyRef]:
    """Every child is running, and what is running is a child; in the order of start."""
    children = await list_children(sup)
    assert {each.state for each in children} <= {RUNNING}
    refs = [each.ref for each in reversed(children) if each.ref is not None]
    assert len(refs) == len(children)
    below = system.tree().children[0].children
    assert sorted(each.path for each in below) == sorted(ref.path for ref in refs)
    for ref in refs:
        assert await ref.ask(Echo()) == "echo"
    assert (await count_children(sup)).active == len(refs)
    return refs


NAMES = "abcdefg"
LATER = Backoff(1, limit=3, jitter=0)


async def storm(number: int) -> None:
    """Blow on a static supervisor."""
    storm = Storm(number)
    spec = storm.stage.spec
    specs = (
        spec("a"),
        spec("b", restart=TRANSIENT),
        spec("c", backoff=LATER),
        spec("d", restart=TEMPORARY),
        spec("e", limit=RestartLimit(3, within=10)),
        spec("f", backoff=LATER, restart=TRANSIENT),
    )
    async with open_system() as system:
        make = static(*specs, strategy=(ONE, ALL, REST)[number % 3], limit=None)
        sup = await start_ready(system, make)
        by_name: tuple[Any, ...] = (stop_child, restart_child, delete_child)
        requests = [partial(each, sup, name) for each in by_name for name in NAMES]
        requests += [partial(start_child, sup, spec(name)) for name in NAMES]

        await storm.blow(sup, requests)

        states = await states_of(sup)
        assert set(states.values()) <= {RUNNING, STOPPED, ChildState.QUARANTINED}
        for name, state in states.items():
            if state is not RUNNING:
                await restart_child(sup, name)
        refs = await check_quiet(system, sup)
        storm.stage.take()
        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        names = [ref.path.rpartition("/")[2] for ref in reversed(refs)]
        assert storm.stage.names("stopped") == names


async def dynamic_storm(number: int) -> None:
    """Blow on a dynamic supervisor."""
    storm = Storm(number)
    restart = list(Restart)[number % 3]
    template = worker(storm.stage, restart=restart, backoff=(None, LATER)[number % 2])
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template, limit=None, max_children=9))
        requests: list[Callable[[], Any]] = [
            partial(start_child, sup, name) for name in NAMES
        ]

        async def stop_any() -> None:
            refs = [each.ref for each in await list_children(sup) if each.ref]
            await stop_child(sup, storm.random.choice([*refs, sup]))

        await storm.blow(sup, [*requests, stop_any, stop_any, stop_any])

        refs = await check_quiet(system, sup)
        assert len(refs) <= 9
        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        assert all(ref.exit == Stopped() for ref in refs)


@pytest.mark.parametrize("blow", [storm, dynamic_storm])
def test_rule_r42_storm(blow: Callable[[int], Awaitable[None]]) -> None:
    """Whatever happens in whatever order, no child is lost, doubled or left midway."""
    for number in range(60):
        try:
            run_seeded(blow, number, seed=number)
        except BaseException as error:
            error.add_note(f"number {number}")
            raise


# ------------------------------------------------------------------- termination


@seeds(10)
async def test_rule_r58_a_stop_ends_the_waits() -> None:
    """A supervisor whose children wait for their backoff is stopped at once."""
    stage = Stage()
    later = Backoff(60, limit=60, jitter=0)
    for strategy in Strategy:
        specs = (stage.spec("a"), stage.spec("b", backoff=later), stage.spec("c"))
        async with open_system() as system:
            sup = await start_ready(system, static(*specs, strategy=strategy))
            refs = await refs_of(sup)
            await crash(refs["b"])

            sup.stop()

            assert await sup.wait_stopped() == Stopped()
            assert trio.current_time() == 0
            assert all(ref.exit is not None for ref in refs.values())
    assert stage.count["b made"] == len(Strategy)


@seeds(10)
async def test_rule_r52_a_deadline_on_a_supervisor_leaves_no_orphans() -> None:
    """A supervisor with finite grace is killed when it is over, after its children.

    In OTP its children may survive it.
    """
    stage = Stage()
    stage.plan("leaf", stopped_takes=10)
    inner = static(stage.spec("x"), stage.spec("leaf", grace=3))
    specs = (stage.spec("a"), ChildSpec(inner, id="inner", grace=1))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        ref = (await refs_of(sup))["inner"]
        leaf = (await refs_of(ref))["leaf"]

        sup.stop()
        await ref.wait_stopped()

        assert leaf.exit is not None
        assert stage.names("stopped") == ["leaf", "x"]
        assert trio.current_time() <= 3
        assert await sup.wait_stopped() == Stopped()
        assert stage.names("stopped") == ["leaf", "x", "a"]
    assert open_tasks() == []


async def test_rule_r53_expected_exits_are_no_errors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A stop in order, a finish, and a kill without grace are no errors in the log."""
    stage = Stage()
    caplog.set_level(logging.ERROR)
    specs = (
        stage.spec("a"),
        stage.spec("b", restart=TRANSIENT),
        stage.spec("c", grace=0),
    )
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)
        refs["b"].tell_nowait(Finish())
        refs["c"].tell_nowait(Wait())
        await settle()

        await stop_child(sup, "c")
        sup.stop()
        await sup.wait_stopped()

        assert (refs["b"].exit, refs["c"].exit) == (Finished(), Killed())
    assert caplog.records == []


@seeds(10)
async def test_rule_r56_one_slow_dynamic_child_holds_up_no_other() -> None:
    """Dynamic children stop side by side: each ends when it is done."""
    stage = Stage()
    journal: Journal = []
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, grace=20)))
        refs = {n: await start_child(sup, str(n)) for n in range(1, 11)}
        for number in refs:
            stage.plan(str(number), stopped_takes=number)

        async def watch(number: int) -> None:
            await refs[number].wait_stopped()
            journal.append((number, trio.current_time()))

        async with trio.open_nursery() as nursery:
            for number in refs:
                nursery.start_soon(watch, number)
            await settle()
            sup.stop()

        assert journal == [(number, float(number)) for number in refs]
        assert sup.exit == Stopped()
