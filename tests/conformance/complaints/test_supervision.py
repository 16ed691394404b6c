"""What users of other supervisors complain about; the numbers are the specification's.

The other complaints are in `test_regressions_elsewhere.py`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

import pytest
import trio

from actors import (
    Actor,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Finished,
    Killed,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import open_tasks, seeds
from supervision import (
    AdminRequest,
    AutoShutdown,
    Backoff,
    ChildAlreadyStartedError,
    ChildSpec,
    ChildStartError,
    ChildState,
    DuplicateChildError,
    Restart,
    RestartLimit,
    RestartLimitError,
    Strategy,
    Supervisor,
    count_children,
    delete_child,
    describe_child,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import Journal, Puppet, watch
from tests.conformance.supervised import (
    BoomError,
    Crash,
    Echo,
    From,
    Shielded,
    Stage,
    Wait,
    Worker,
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


@seeds(2)
async def test_complaint_10_restart_storm() -> None:
    """A child that cannot start is tried ever more rarely, not as fast as it goes.

    An hour with a backoff of up to a minute is about sixty tries; the jitter keeps
    children that failed together apart.
    """
    stage = Stage()
    names = [f"w{number}" for number in range(10)]
    for name in names:
        stage.plan(name, fail_made=From(2))

    class Storm(Supervisor):
        """Has its jitter, and no limit."""

        limit = None
        children = tuple(
            stage.spec(name, backoff=Backoff(1, 60, jitter=0.5)) for name in names
        )

    async with open_system() as system:
        sup = await start_ready(system, Storm)
        for ref in (await refs_of(sup)).values():
            ref.tell_nowait(Crash())
        await settle()
        first = [info.history[0].delay for info in await list_children(sup)]
        await trio.sleep(3600)

        tries = [stage.count[f"{name} made"] - 1 for name in names]
        assert all(3600 / 90 <= number <= 70 for number in tries)
        assert len(set(first)) == len(first)
        assert all(1 <= delay < 1.5 for delay in first)


@seeds(5)
async def test_complaint_10_restart_storm_ends_without_backoff_too() -> None:
    """Without a backoff the limit ends it: so many tries in no time, and no more."""
    stage = Stage()
    stage.plan("a", fail_started=From(2))
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a")))
        await sup.wait_started()
        await crash((await refs_of(sup))["a"])

        assert isinstance(await sup.wait_stopped(), Crashed)
        assert stage.count["a made"] == 1 + 3
        assert trio.current_time() == 0


@seeds(5)
async def test_complaint_11_root_budget_kills_the_whole_node() -> None:
    """The top level has the limit that it is given; None is never too much.

    Four crashes in an instant end a supervisor with the default limit, and the block
    with an error that says why.
    """
    for limit in (None, RestartLimit(3, within=5)):
        stage = Stage()
        caught: list[RestartLimitError] = []
        try:
            async with open_system() as system:
                sup = await start_ready(
                    system, static(*stage.specs("a b"), limit=limit)
                )
                ref = (await refs_of(sup))["a"]
                for _ in range(4):
                    await crash(ref)
        except RestartLimitError as error:
            caught.append(error)

        assert bool(caught) is (limit is not None)
        for given_up in caught:
            assert str(given_up) == (
                "/sup gave up: more than 3 restarts within 5 s (a)"
            )
            assert isinstance(given_up.__cause__, BoomError)
        assert stage.exits["b"] == [Stopped()]


@seeds(10)
async def test_complaint_11_budget_per_level() -> None:
    """Each level has its own limit: what one gives up is one restart to the next."""
    stage = Stage()
    low = static(*stage.specs("a"), limit=RestartLimit(1, within=60))
    async with open_system() as system:
        middle = static(ChildSpec(low, id="low"), limit=RestartLimit(2, within=60))
        top = await keep(system, middle)
        await top.wait_started()
        crashes = 0
        while top.exit is None:
            inner = (await refs_of(top))["low"]
            await crash((await refs_of(inner))["a"])
            crashes += 1

        assert crashes == (1 + 1) * (2 + 1)
        assert stage.count["a made"] == crashes


@seeds(10)
async def test_complaint_12_one_noisy_entity() -> None:
    """A child with its own limit is let go before it uses up that of all.

    It is seen: its state, its history and its last crash are there, and it can be
    brought back.
    """
    stage = Stage()
    noisy = stage.spec("noisy", limit=RestartLimit(2, within=60))
    async with open_system() as system:
        sup = await start_ready(
            system, static(noisy, *stage.specs("b c"), limit=RestartLimit(3, within=60))
        )
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["noisy"]
        for _ in range(3):
            await crash(ref)

        after = await children_of(system, sup)
        assert {name: after[name] for name in "bc"} == {
            name: before[name] for name in "bc"
        }
        info = await describe_child(sup, "noisy")
        assert info.state is ChildState.QUARANTINED
        assert isinstance(info.exit, Crashed)
        assert len(info.history) >= 2
        assert sup.exit is None

        # the two restarts count for all; the one that was not done does not
        await crash((await refs_of(sup))["b"])
        assert sup.exit is None

        again = await restart_child(sup, "noisy")
        assert again is ref  # who has kept it reaches the new one
        assert stage.count["noisy made"] == 4
        assert await ref.ask(Echo()) == "echo"


@seeds(10)
async def test_complaint_12_many_noisy_entities_are_not_hidden() -> None:
    """Limits of their own do not hide a failure of all: the common one adds them up."""
    stage = Stage()
    own = RestartLimit(2, within=60)
    specs = [stage.spec(name, limit=own) for name in "abcd"]
    async with open_system() as system:
        sup = await keep(system, static(*specs, limit=RestartLimit(3, within=60)))
        await sup.wait_started()
        refs = await refs_of(sup)
        for name in "abc":
            await crash(refs[name])
        assert sup.exit is None
        await crash(refs["d"])

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert [each.id for each in exit_.error.history] == ["a", "b", "c", "d"]


@seeds(3)
async def test_complaint_13_crash_loop_is_logged_and_bounded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A thousand crashes in a second are ten records, and one with the number."""
    caplog.clear()
    stage = Stage()
    caplog.set_level(logging.WARNING, logger="supervision")
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a"), limit=None))
        ref = (await refs_of(sup))["a"]
        for _ in range(1000):
            ref.tell_nowait(Crash())
        await trio.sleep(5)
        await crash(ref)
        await trio.sleep(5)

    records = [each for each in caplog.records if each.name == "supervision"]
    errors = [each for each in records if each.levelno == logging.ERROR]
    assert len(errors) == 10 + 1
    assert all(each.exc_info for each in errors)
    left_out = [each for each in records if each.levelno == logging.WARNING]
    assert len(left_out) == 1
    assert "990" in left_out[0].getMessage()
    assert stage.count["a made"] == 1002


@seeds(10)
async def test_complaint_14_throwing_constructor_is_told_to_watchers() -> None:
    """A child that cannot be made again has ended: its watchers and askers are told."""
    stage = Stage()
    stage.plan("a", fail_made=From(2))
    journal: Journal = []
    async with open_system() as system:
        spec = stage.spec("a", limit=RestartLimit(2, within=5))
        watcher = ChildSpec(Puppet, journal, id="watcher")
        sup = await start_ready(system, static(spec, watcher))
        refs = await refs_of(sup)
        await watch(refs["watcher"], refs["a"])

        refs["a"].tell_nowait(Crash())
        with pytest.raises(ActorStoppedError) as caught:
            await refs["a"].ask(Echo())

        assert isinstance(caught.value.__cause__, BoomError)
        await settle()
        assert journal == [Terminated(refs["a"], refs["a"].exit or Finished())]
        assert await states_of(sup) == {
            "a": ChildState.QUARANTINED,
            "watcher": ChildState.RUNNING,
        }
        assert [each.path for each in system.tree().walk()][1:] == [
            "/sup",
            "/sup/watcher",
        ]


@seeds(10)
async def test_complaint_16_start_failing_during_restart() -> None:
    """A start that fails during a restart is the child's failure, not the supervisor's.

    For every strategy: it is tried again, and what came up before stays or comes again.
    """
    for strategy in Strategy:
        for where in ("fail_made", "fail_started"):
            stage = Stage()
            stage.plan("b", **{where: {2}})
            async with open_system() as system:
                make = static(*stage.specs("a b c"), strategy=strategy)
                sup = await start_ready(system, make)
                refs = await refs_of(sup)

                await crash(refs["b"])

                assert sup.exit is None
                assert await refs_of(sup) == refs
                assert set((await states_of(sup)).values()) == {ChildState.RUNNING}
                assert stage.count["b made"] == 3
                for ref in refs.values():
                    assert await ref.ask(Echo()) == "echo"


@seeds(10)
async def test_complaint_16_start_failing_during_restart_of_a_dynamic_child() -> None:
    """The same for a dynamic supervisor; one that finishes in `started` is forgotten.

    The supervisor can be stopped in order afterwards.
    """
    stage = Stage()
    stage.plan("a", fail_made={2})
    stage.plan("b", finish_started={2})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        refs = [await start_child(sup, name) for name in "ab"]
        for ref in refs:
            await crash(ref)

        assert [each.ref for each in await list_children(sup)] == [refs[0]]
        sup.stop()
        assert await sup.wait_stopped() == Stopped()


@seeds(3)
async def test_complaint_17_supervisor_in_a_restart_loop_can_be_shut_down() -> None:
    """A loop without backoff and limit does not keep a supervisor from being stopped.

    Nor from answering, nor other actors from their turn.
    """
    for hook in ("fail_made", "fail_started"):
        stage = Stage()
        stage.plan("a", **{hook: From(2)})
        async with open_system() as system:
            sup = await start_ready(system, static(*stage.specs("b a"), limit=None))
            refs = await refs_of(sup)
            refs["a"].tell_nowait(Crash())
            for _ in range(5):
                await trio.lowlevel.checkpoint()
            assert stage.count["a made"] > 30

            # it answers, and other children are served
            assert (await count_children(sup)).specs == 2
            assert await refs["b"].ask(Echo()) == "echo"
            late = await start_child(sup, stage.spec("late"))
            assert await late.ask(Echo()) == "echo"

            sup.stop()
            assert await sup.wait_stopped() == Stopped()
            assert stage.exits["b"] == [Stopped()]
            made = stage.count["a made"]
            await trio.sleep(1)
            assert stage.count["a made"] == made
            assert system.statistics().actors == 0


@seeds(3)
async def test_complaint_17_child_in_a_restart_loop_can_be_stopped() -> None:
    """`stop_child` ends such a loop, and the supervisor is as before."""
    stage = Stage()
    stage.plan("a", fail_started=From(2))
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), limit=None))
        refs = await refs_of(sup)
        refs["a"].tell_nowait(Crash())
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        assert stage.count["a made"] > 30

        await stop_child(sup, "a")

        made = stage.count["a made"]
        await trio.sleep(1)
        assert stage.count["a made"] == made
        assert await states_of(sup) == {
            "a": ChildState.STOPPED,
            "b": ChildState.RUNNING,
        }
        await delete_child(sup, "a")
        assert list(await states_of(sup)) == ["b"]


Start = Callable[[ActorRef[AdminRequest], str], Awaitable[AnyRef]]


async def goes_on(stage: Stage, make: type[Actor[AdminRequest]], start: Start) -> None:
    """Have a child hang in `started`; requests, restarts, starts and stops go on."""
    gate = stage.plan("slow").hang(stage.count["slow starting"] + 1)
    async with open_system() as system, trio.open_nursery() as nursery:
        sup = await start_ready(system, make)
        before = trio.current_time()
        other = await start(sup, "other")
        nursery.start_soon(start, sup, "slow")
        await settle()

        states = [each.state.value for each in await list_children(sup)]
        assert sorted(states) == ["running", "starting"]
        await crash(other)
        assert await other.ask(Echo()) == "echo"
        third = await start(sup, "third")
        await stop_child(sup, third)
        assert third.exit is not None
        assert (await count_children(sup)).active == 2  # a starting one is active
        assert "slow started" not in stage.log
        assert trio.current_time() == before

        gate.set()
        await settle()
        assert stage.take()[-1] == "slow started"
        assert (await count_children(sup)).active == 2


@seeds(10)
async def test_complaint_18_slow_child_init_blocks_nobody() -> None:
    """While one child hangs in `started` all else goes on, in both kinds of supervisor.

    Requests, restarts of others, starts and stops take no time.
    """
    stage = Stage()
    await goes_on(
        stage,
        static(limit=None),
        lambda sup, name: start_child(sup, stage.spec(name)),
    )
    await goes_on(stage, dynamic(worker(stage)), start_child)


@seeds(10)
async def test_complaint_19_orphans_at_shutdown_race() -> None:
    """Whatever is being started or restarted when a supervisor ends, nobody is left."""
    before = open_tasks()
    for end in ("stop", "kill"):
        stage = Stage()
        stage.plan("hangs").hang(1)
        stage.plan("loops", fail_made=From(2))
        async with open_system() as system, trio.open_nursery() as nursery:
            specs = (
                stage.spec("waits", backoff=Backoff(10, 10)),
                stage.spec("loops", backoff=Backoff(1, 1)),
                stage.spec("busy", grace=1),
            )
            sup = await keep(system, static(*specs, limit=None))
            await sup.wait_started()
            refs = await refs_of(sup)

            async def start_hanging(
                sup: ActorRef[AdminRequest] = sup, stage: Stage = stage
            ) -> None:
                with pytest.raises((ActorStoppedError, ChildStartError)):
                    await start_child(sup, stage.spec("hangs", grace=1))

            nursery.start_soon(start_hanging)
            refs["waits"].tell_nowait(Crash())
            refs["loops"].tell_nowait(Crash())
            refs["busy"].tell_nowait(Wait())
            await trio.sleep(2.5)
            refs["busy"].tell_nowait(Crash())
            getattr(sup, end)()
            await sup.wait_stopped()

            assert [ref.exit is None for ref in refs.values()] == [False] * 3
            assert [
                each.path for each in system.tree().walk() if "sup" in each.path
            ] == []
            made = stage.log.count("loops made")
            await trio.sleep(100)
            assert stage.log.count("loops made") == made
            statistics = system.statistics()
            assert (statistics.actors, statistics.timers) == (1, 0)
    assert open_tasks() == before


@seeds(5)
async def test_complaint_28_no_overall_shutdown_deadline() -> None:
    """One deadline for the whole tree, however many are slow; the late are named.

    The cleanup of those above and beside them runs all the same.
    """
    stage = Stage()
    inner = static(*[stage.spec(name, grace=math.inf) for name in "abc"])
    make = static(stage.spec("first"), ChildSpec(inner, id="inner"), stage.spec("last"))
    async with open_system(stop_within=10) as system:
        sup = await start_ready(system, make)
        refs = await refs_of((await refs_of(sup))["inner"])
        for ref in refs.values():
            await ref.tell(Wait())
        await settle()
        begun = trio.current_time()

    report = system.stop_report
    assert report is not None
    assert report.seconds == trio.current_time() - begun == 10
    assert {each.path for each in report.late} >= {
        "/sup/inner/a",
        "/sup/inner/b",
        "/sup/inner/c",
    }
    assert {ref.exit for ref in refs.values()} == {Killed()}
    for name in ("first", "a", "b", "c", "last"):
        assert stage.count[f"{name} stopped"] == 1


@seeds(5)
async def test_complaint_28_stop_takes_no_longer_than_it_needs() -> None:
    """A grace is a limit and not a wait: a tree with nothing to do stops in no time."""
    stage = Stage()
    inner = static(*[stage.spec(name, grace=1000) for name in "abc"])
    async with open_system() as system:
        await start_ready(system, static(ChildSpec(inner, id="inner")))

    assert system.stop_report is not None
    assert system.stop_report.seconds == 0
    assert system.stop_report.late == ()


@seeds(10)
async def test_complaint_29_group_cannot_stop_when_its_work_is_done() -> None:
    """A group ends with the first, or the last, of its significant members.

    Then its owner is told that it finished, and those that only helped are stopped.
    """
    for mode, first_ends in (
        (AutoShutdown.ANY_SIGNIFICANT, True),
        (AutoShutdown.ALL_SIGNIFICANT, False),
    ):
        stage = Stage()
        specs = [
            stage.spec(name, restart=Restart.TRANSIENT, significant=True)
            for name in "ab"
        ]
        group = static(*specs, stage.spec("helper"), auto_shutdown=mode)
        async with open_system() as system:
            spec = ChildSpec(group, id="group", restart=Restart.TRANSIENT)
            top = await start_ready(system, static(spec), name="top")
            sup = (await refs_of(top))["group"]
            refs = await refs_of(sup)

            await crash(refs["a"])  # it is restarted, so its work is not done
            assert sup.exit is None
            await end_with("finished", refs["a"])
            assert (sup.exit is not None) is first_ends
            if not first_ends:
                await end_with("finished", refs["b"])

            assert sup.exit == Finished()
            assert refs["helper"].exit == Stopped()
            assert await states_of(top) == {"group": ChildState.STOPPED}
            assert stage.count["helper made"] == 1


@seeds(5)
async def test_complaint_30_counters_that_are_never_reset() -> None:
    """A child that fails once an hour for ever never uses up three in five seconds."""
    stage = Stage()
    async with open_system() as system:
        spec = stage.spec("a", limit=RestartLimit(1, within=60))
        sup = await start_ready(system, static(spec))
        ref = (await refs_of(sup))["a"]
        for _ in range(100):
            await crash(ref)
            await trio.sleep(3600)

        info = await describe_child(sup, "a")
        assert (info.state, info.restarts) == (ChildState.RUNNING, 100)


@seeds(2)
async def test_complaint_30_counters_that_leak() -> None:
    """Children that have gone leave nothing behind, and a history has an end."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(
            system, dynamic(worker(stage, restart=Restart.TEMPORARY))
        )
        forever = await start_ready(
            system, static(*stage.specs("a"), limit=None), name="s"
        )
        for number in range(200):
            (await start_child(sup, f"w{number}")).tell_nowait(Crash())
            await crash((await refs_of(forever))["a"])

        assert await list_children(sup) == ()
        counts = await count_children(sup)
        assert (counts.specs, counts.active, counts.workers) == (1, 0, 0)
        assert len((await describe_child(forever, "a")).history) == 10
        await trio.sleep(10)
        statistics = system.statistics()
        assert (statistics.actors, statistics.timers) == (3, 0)


@seeds(10)
async def test_complaint_30_no_way_to_retire_a_supervised_child() -> None:
    """A kill of a permanent child restarts it; `stop_child` is the way to retire it."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["a"]

        await end_with("killed", ref)
        assert (await children_of(system, sup))["a"] == before["a"].again()
        await stop_child(sup, "a")
        await trio.sleep(1000)

        assert ref.exit == Stopped()
        after = await children_of(system, sup)
        assert (after["a"].state, after["b"]) == (ChildState.STOPPED, before["b"])
        assert stage.count["a made"] == 2


@seeds(10)
async def test_complaint_30_tasks_not_rerun_after_rest_for_one() -> None:
    """Work that a child began in `started` is begun anew in its next incarnation."""
    stage = Stage()

    class Busy(Worker):
        """Begins its work when it starts."""

        async def started(self) -> None:
            self.start_soon(self.work)
            await super().started()

        async def work(self) -> None:
            self.stage.note(self.name, "works")
            await trio.sleep_forever()

    specs = [ChildSpec(Busy, stage, name, None, id=name) for name in "abc"]
    async with open_system() as system:
        make = static(*specs, strategy=Strategy.REST_FOR_ONE)
        sup = await start_ready(system, make)
        await settle()
        await crash((await refs_of(sup))["b"])

        assert {name: stage.count[f"{name} works"] for name in "abc"} == {
            "a": 1,
            "b": 2,
            "c": 2,
        }
        tasks = {each.path: each.tasks for each in system.tree().walk()}
        assert [tasks[f"/sup/{name}"] for name in "abc"] == [1, 1, 1]


@seeds(10)
async def test_complaint_30_duplicate_id_deadlock() -> None:
    """An id that is taken is an error at once, in a declaration and in a request."""
    stage = Stage()
    with pytest.raises(DuplicateChildError):
        static(*stage.specs("a a"))
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        before = await children_of(system, sup)
        with pytest.raises(ChildAlreadyStartedError) as caught:
            await start_child(sup, stage.spec("a"))

        assert caught.value.ref is before["a"].ref
        assert await children_of(system, sup) == before
        assert trio.current_time() == 0


@seeds(10)
async def test_complaint_30_panic_in_stopping_hook_resurrects() -> None:
    """A crash in `stopped` of a child that was to end does not bring it back."""
    stage = Stage()
    for restart in Restart:
        name = restart.value
        stage.plan(name, fail_stopped=True)
        async with open_system() as system:
            sup = await start_ready(system, static(stage.spec(name, restart=restart)))
            ref = (await refs_of(sup))[name]
            await stop_child(sup, name)
            await settle()

            assert isinstance(ref.exit, Crashed)
            assert stage.count[f"{name} made"] == 1
            assert (await count_children(sup)).active == 0
            assert sup.exit is None


@seeds(10)
async def test_complaint_30_nobody_to_report_to() -> None:
    """An actor without a supervisor that crashes takes the block down, nothing else.

    protoactor crashed on the missing supervisor; here there is always an owner.
    """
    stage = Stage()
    with pytest.raises(BoomError):  # noqa: PT012 - the block itself raises
        async with open_system() as system:
            await start_ready(system, static(*stage.specs("a")))
            alone = system.start(Worker, stage, "alone", None)
            await alone.tell(Crash())
            await trio.sleep_forever()

    assert stage.exits["a"] == [Stopped()]
    assert isinstance(stage.exits["alone"][0], Crashed)


@seeds(10)
async def test_complaint_30_shielded_child_keeps_its_place_in_the_order() -> None:
    """A child that no cancellation reaches is waited for; nobody starts before."""
    stage = Stage()
    async with open_system() as system:
        specs = [stage.spec(name, grace=1) for name in "ab"]
        make = static(*specs, strategy=Strategy.ONE_FOR_ALL)
        sup = await start_ready(system, make)
        refs = await refs_of(sup)
        await refs["b"].tell(Shielded(5))
        await settle()
        stage.take()

        await crash(refs["a"])
        await trio.sleep(4)
        assert stage.take() == ["a stopped"]
        await trio.sleep(2)

        assert stage.take() == [
            "b stopped",
            "a made",
            "a started",
            "b made",
            "b started",
        ]
