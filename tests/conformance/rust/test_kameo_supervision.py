"""kameo's supervision tests; with them those of ractor, TriOTP and Pykka.

What kameo calls a restart limit is per child: here the limit of a `ChildSpec`.
"""

from __future__ import annotations

import pytest
import trio

from actors import (
    Crashed,
    Finished,
    Killed,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import DeadLetterProbe, seeds
from supervision import (
    ChildSpec,
    ChildState,
    Restart,
    RestartLimit,
    RestartLimitError,
    Strategy,
    count_children,
    describe_child,
    list_children,
    start_child,
)
from tests.conformance.actors_under_test import Journal, Puppet, watch
from tests.conformance.supervised import (
    EXITS,
    BoomError,
    Child,
    Crash,
    Finish,
    Stage,
    Wait,
    Worker,
    children_of,
    crash,
    end_with,
    keep,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
)


async def ends(restart: Restart, how: str, state: ChildState | None) -> None:
    """End a child that has a sibling: see what becomes of it, and that it is all.

    `state` is the child's afterwards; None if it is forgotten.
    """
    stage = Stage()
    spec = stage.spec("a", restart=restart)
    async with open_system() as system:
        sup = await start_ready(system, static(spec, stage.spec("b")))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["a"]

        await end_with(how, ref)

        after = await children_of(system, sup)
        assert after["b"] == before["b"]
        if state is ChildState.RUNNING:
            assert after["a"] == before["a"].again()
            assert ref.exit is None
            await ref.tell("alive")
            await settle()
            assert stage.log[-1] == "a got alive"
        else:
            assert type(ref.exit) is type(EXITS[how])
            assert after.get("a") == (None if state is None else Child(None, state, 0))
        made = 2 if state is ChildState.RUNNING else 1
        assert (stage.count["a made"], stage.count["b made"]) == (made, 1)
        assert stage.count["a stopped"] == 1


@seeds(10)
async def test_kameo_restart_type_permanent_normal() -> None:
    """A permanent child that finishes, or is stopped, is started again."""
    await ends(Restart.PERMANENT, "finished", ChildState.RUNNING)


@seeds(10)
async def test_kameo_restart_type_permanent_stopped() -> None:
    """Also one that somebody has stopped by its ref; `stop_child` would end it."""
    await ends(Restart.PERMANENT, "stopped", ChildState.RUNNING)


@seeds(10)
async def test_kameo_restart_type_permanent_panic() -> None:
    """A permanent child that crashes is started again."""
    await ends(Restart.PERMANENT, "crashed", ChildState.RUNNING)


@seeds(10)
async def test_kameo_restart_type_permanent_killed() -> None:
    """A permanent child that is killed is started again."""
    await ends(Restart.PERMANENT, "killed", ChildState.RUNNING)


@seeds(10)
async def test_kameo_restart_type_transient_normal() -> None:
    """A transient child that finishes stays stopped; its spec is kept."""
    await ends(Restart.TRANSIENT, "finished", ChildState.STOPPED)


@seeds(10)
async def test_kameo_restart_type_transient_stopped() -> None:
    """A transient child that is stopped stays stopped; its spec is kept."""
    await ends(Restart.TRANSIENT, "stopped", ChildState.STOPPED)


@seeds(10)
async def test_kameo_restart_type_transient_panic() -> None:
    """A transient child that crashes is started again."""
    await ends(Restart.TRANSIENT, "crashed", ChildState.RUNNING)


@seeds(10)
async def test_kameo_restart_type_transient_killed() -> None:
    """A transient child that is killed is started again."""
    await ends(Restart.TRANSIENT, "killed", ChildState.RUNNING)


@seeds(10)
async def test_kameo_restart_type_never_normal() -> None:
    """A temporary child that finishes is forgotten."""
    await ends(Restart.TEMPORARY, "finished", None)


@seeds(10)
async def test_kameo_restart_type_never_panic() -> None:
    """A temporary child that crashes is forgotten."""
    await ends(Restart.TEMPORARY, "crashed", None)


@seeds(10)
async def test_kameo_restart_type_never_killed() -> None:
    """A temporary child that is killed is forgotten."""
    await ends(Restart.TEMPORARY, "killed", None)


@seeds(20)
async def test_kameo_restart_limit() -> None:
    """Over its own limit a child is let go; the supervisor and the others stay."""
    stage = Stage()
    spec = stage.spec("a", limit=RestartLimit(2, within=5))
    async with open_system() as system:
        sup = await start_ready(system, static(spec, stage.spec("b"), limit=None))
        before = await children_of(system, sup)
        ref = (await refs_of(sup))["a"]

        await crash(ref)
        await crash(ref)
        assert (await children_of(system, sup))["a"] == before["a"].again(2)
        await crash(ref)

        after = await children_of(system, sup)
        assert after["a"].state is ChildState.QUARANTINED
        assert after["b"] == before["b"]
        assert isinstance(ref.exit, Crashed)
        assert sup.exit is None
        info = await describe_child(sup, "a")
        assert isinstance(info.exit, Crashed)
        assert isinstance(info.exit.error, BoomError)
        assert stage.count["a made"] == 3


@seeds(5)
async def test_kameo_restart_count_resets() -> None:
    """A restart counts for `within` seconds, the last instant included; then no more.

    In kameo the count falls to nothing only after a pause; here each restart grows old
    by itself.
    """
    for later, state in (
        (5.0, ChildState.QUARANTINED),
        (5.001, ChildState.RUNNING),
    ):
        stage = Stage()
        spec = stage.spec("a", limit=RestartLimit(2, within=5))
        async with open_system() as system:
            sup = await start_ready(system, static(spec, limit=None))
            ref = (await refs_of(sup))["a"]
            begun = trio.current_time()
            await crash(ref)  # at 0
            await trio.sleep(3)
            await crash(ref)  # at 3
            await trio.sleep_until(begun + later)
            await crash(ref)  # at 5, more or less

            assert await states_of(sup) == {"a": state}


@seeds(5)
async def test_kameo_restart_count_of_a_slow_rate_never_exhausts() -> None:
    """A child that fails every four seconds lives for ever on two in five seconds.

    kameo would drop it, for there is never a pause of five seconds.
    """
    stage = Stage()
    spec = stage.spec("a", limit=RestartLimit(2, within=5))
    async with open_system() as system:
        sup = await start_ready(system, static(spec, limit=None))
        ref = (await refs_of(sup))["a"]
        for _ in range(50):
            await crash(ref)
            await trio.sleep(4)

        assert await states_of(sup) == {"a": ChildState.RUNNING}
        assert (await describe_child(sup, "a")).restarts == 50


async def restarted_by(strategy: Strategy, failing: str, again: str) -> None:
    """Crash one of `a b c d`: exactly those in `again` have a new incarnation."""
    stage = Stage()
    async with open_system() as system:
        make = static(*stage.specs("a b c d"), strategy=strategy)
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        stage.take()

        await crash((await refs_of(sup))[failing])

        assert await children_of(system, sup) == {
            name: child.again() if name in again else child
            for name, child in before.items()
        }
        stopped = [name for name in reversed(again) if name != failing]
        assert stage.names("stopped") == [failing, *stopped]
        assert stage.names("started") == [*again]


@seeds(10)
async def test_kameo_one_for_one() -> None:
    """Only the child that fails has a new incarnation."""
    await restarted_by(Strategy.ONE_FOR_ONE, "b", "b")


@seeds(10)
async def test_kameo_one_for_all() -> None:
    """All children have a new one: the youngest is stopped first and started last."""
    await restarted_by(Strategy.ONE_FOR_ALL, "b", "abcd")


@seeds(10)
async def test_kameo_rest_for_one() -> None:
    """The child that fails and those behind it have a new one."""
    await restarted_by(Strategy.REST_FOR_ONE, "b", "bcd")


@seeds(5)
async def test_kameo_first_and_last_child() -> None:
    """The first and the last child of a group make no exception."""
    await restarted_by(Strategy.ONE_FOR_ONE, "a", "a")
    await restarted_by(Strategy.ONE_FOR_ONE, "d", "d")
    await restarted_by(Strategy.ONE_FOR_ALL, "a", "abcd")
    await restarted_by(Strategy.ONE_FOR_ALL, "d", "abcd")
    await restarted_by(Strategy.REST_FOR_ONE, "a", "abcd")
    await restarted_by(Strategy.REST_FOR_ONE, "d", "d")


@seeds(10)
async def test_kameo_one_for_all_group_counts_for_the_limit() -> None:
    """A group restart counts once, and counts: a failing group is not for ever.

    In kameo failures inside a coordinated restart go past the limit.
    """
    stage = Stage()
    async with open_system() as system:
        make = static(
            *stage.specs("a b c"),
            strategy=Strategy.ONE_FOR_ALL,
            limit=RestartLimit(2, within=5),
        )
        sup = await keep(system, make)
        await sup.wait_started()
        refs = await refs_of(sup)

        await crash(refs["a"])
        await crash(refs["b"])
        assert sup.exit is None
        await crash(refs["c"])

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert [record.id for record in exit_.error.history] == ["a", "b", "c"]
        assert stage.count["a made"] == 3


@seeds(20)
async def test_kameo_siblings_notified_of_permanent_death() -> None:
    """A sibling that watches is told once: when the child is over its limit.

    So it is of a temporary child's first end.
    """
    stage = Stage()
    journal: Journal = []
    limited = stage.spec("limited", limit=RestartLimit(1, within=5))
    fleeting = stage.spec("fleeting", restart=Restart.TEMPORARY)
    watcher = ChildSpec(Puppet, journal, id="watcher")
    async with open_system() as system:
        sup = await start_ready(system, static(limited, fleeting, watcher, limit=None))
        refs = await refs_of(sup)
        await watch(refs["watcher"], refs["limited"])
        await watch(refs["watcher"], refs["fleeting"])

        await crash(refs["limited"])
        assert journal == []
        await crash(refs["limited"])
        (notice,) = journal
        assert isinstance(notice, Terminated)
        assert notice.ref is refs["limited"]
        assert isinstance(notice.exit, Crashed)

        await end_with("finished", refs["fleeting"])
        assert journal[1:] == [Terminated(refs["fleeting"], Finished())]
        assert refs["watcher"].exit is None


class Undelivered(Worker):
    """A worker that logs what is left when it has ended."""

    def undelivered(self, message: object) -> None:
        self.stage.note(self.name, f"left with {message}")


@seeds(20)
async def test_kameo_on_undelivered_on_budget_exhausted() -> None:
    """What is queued when a child is over its limit is undelivered; not before.

    The messages of a sibling that is stopped with the supervisor are handled.
    """
    stage = Stage()
    own = ChildSpec(
        Undelivered, stage, "own", None, id="own", limit=RestartLimit(1, within=5)
    )
    shared = ChildSpec(Undelivered, stage, "shared", None, id="shared")
    async with open_system() as system:
        letters = DeadLetterProbe(system)
        make = static(own, shared, limit=RestartLimit(2, within=5))
        sup = await keep(system, make)
        await sup.wait_started()
        refs = await refs_of(sup)
        wait = Wait()

        # over its own limit
        for message in (Crash(), 1, Crash(), 2, 3):
            refs["own"].tell_nowait(message)
        await settle()
        info = await describe_child(sup, "own")
        assert (info.state, info.undelivered) == (ChildState.QUARANTINED, 2)
        assert stage.names("got 1") == ["own"]
        assert stage.log[-2:] == ["own left with 2", "own left with 3"]

        # over the supervisor's, which ends for it
        sibling = await start_child(sup, stage.spec("sibling"))
        for queued in (wait, 6):
            sibling.tell_nowait(queued)
        for message in (Crash(), 4, Crash(), 5):
            refs["shared"].tell_nowait(message)
        await settle()
        wait.gate.set()
        exit_ = await sup.wait_stopped()

        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert stage.names("got 4") == ["shared"]
        assert stage.names("left with 5") == ["shared"]
        assert stage.names("got 6") == ["sibling"]
        dead = [each.message for each in letters.letters]
        assert [each for each in dead if isinstance(each, int)] == [2, 3, 5]


# --------------------------------------------------------- ractor, TriOTP and Pykka


@seeds(20)
async def test_ractor_kill_interrupts_supervision_work() -> None:
    """A supervisor that waits for a child to stop can be killed, and all below it."""
    stage = Stage()
    async with open_system() as system:
        specs = [stage.spec(name, grace=1000) for name in "abc"]
        sup = await keep(system, static(*specs))
        await sup.wait_started()
        refs = await refs_of(sup)
        for ref in refs.values():
            await ref.tell(Wait())
        await settle()

        sup.stop()
        await trio.sleep(1)
        assert stage.names("stopped") == []
        sup.kill()
        await sup.wait_stopped()

        assert trio.current_time() == 1
        assert [ref.exit for ref in refs.values()] == [Killed()] * 3
        assert sorted(stage.names("stopped")) == ["a", "b", "c"]


@seeds(20)
async def test_ractor_kill_interrupts_a_supervisor_that_starts_children() -> None:
    """A supervisor can be killed while a child hangs in `started`."""
    stage = Stage()
    stage.plan("b").hang(1)
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b c")))
        await settle()
        assert stage.names("made") == ["a", "b"]

        sup.kill()

        assert await sup.wait_stopped() == Killed()
        assert trio.current_time() == 0
        assert stage.names("made") == ["a", "b"]
        assert [each.path for each in system.tree().walk() if "/sup" in each.path] == []


@seeds(20)
async def test_triotp_permanent_child_returning_over_the_limit() -> None:
    """A permanent child that finishes too often is a failure of its supervisor.

    There is no crash behind it, so the error has no cause; its history says `Finished`.
    """
    stage = Stage()
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b")))
        await sup.wait_started()
        refs = await refs_of(sup)
        for _ in range(3):
            await end_with("finished", refs["a"])
        assert sup.exit is None
        await refs["a"].tell(Finish())

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert exit_.error.__cause__ is None
        assert [each.exit for each in exit_.error.history] == [Finished()] * 4
        assert refs["b"].exit == Stopped()


@seeds(10)
async def test_triotp_child_ready_before_next_starts_under_a_supervisor() -> None:
    """A supervisor starts the next child when the one before is ready, not sooner."""
    stage = Stage()
    gate = stage.plan("b").hang(1)
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b c")))
        await trio.sleep(10)
        assert stage.log == ["a made", "a started", "b made"]
        assert await states_of(sup) == {
            "a": ChildState.RUNNING,
            "b": ChildState.STARTING,
            "c": ChildState.WAITING,
        }

        gate.set()
        await sup.wait_started()

        assert stage.log[3:] == ["b started", "c made", "c started"]
        assert trio.current_time() == 10


@seeds(10)
async def test_pykka_42_supervision_missing() -> None:
    """An actor that fails is started again by who is there for it, at its address.

    Nobody else has to notice, and nobody has to do anything.
    """
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a")))
        ref = (await refs_of(sup))["a"]
        wait = Wait()

        for message in (wait, "before", Crash(), "after"):
            ref.tell_nowait(message)
        wait.gate.set()
        await settle()

        assert stage.names("got before") == stage.names("got after") == ["a"]
        assert stage.count["a made"] == 2
        assert (await count_children(sup)).active == 1
        assert [each.ref for each in await list_children(sup)] == [ref]
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(1):
                await ref.wait_stopped()
