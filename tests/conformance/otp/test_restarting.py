"""OTP's supervisor_SUITE: who is restarted, by which strategy, and how often."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

import pytest
import trio

from actors import (
    ActorRef,
    ActorStopped,
    ActorSystem,
    Crashed,
    Finished,
    Stopped,
    open_system,
)
from actors.testing import seeds
from supervision import (
    AdminRequest,
    Backoff,
    ChildCounts,
    ChildSpec,
    ChildStartError,
    ChildState,
    Restart,
    RestartLimit,
    RestartLimitError,
    StartInstance,
    Strategy,
    count_children,
    describe_child,
    list_children,
    start_child,
    stop_child,
)
from tests.conformance.supervised import (
    EXITS,
    BoomError,
    Child,
    Crash,
    Echo,
    From,
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
RESTARTING = ChildState.RESTARTING
ONE, ALL, REST = Strategy.ONE_FOR_ONE, Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE
TWICE = RestartLimit(2, within=5)
FOUR_TIMES = RestartLimit(4, within=5)
GONE = Child(None, STOPPED, 0)
MADE_OR_STARTED = pytest.mark.parametrize("where", ["fail_made", "fail_started"])


async def given_up(sup: ActorRef[AdminRequest]) -> RestartLimitError:
    """Wait for the end of a supervisor that gives up, and return its error."""
    exit_ = await sup.wait_stopped()
    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, RestartLimitError)
    return exit_.error


async def crash_all(refs: Iterable[Any]) -> None:
    """Have workers crash, one after the other."""
    for ref in refs:
        await crash(ref)


# --------------------------------------------------------------------- strategies


@seeds(5)
async def test_otp_multiple_restarts() -> None:
    """Restarts that are further apart than the window never exhaust the limit."""
    stage = Stage()
    make = static(*stage.specs("a b"), limit=RestartLimit(1, within=1))
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)

        for times in range(1, 11):
            await crash(refs["a"])
            after = await children_of(system, sup)
            assert after == {**before, "a": before["a"].again(times)}
            await trio.sleep(1.01)

        # two within the window do
        await crash(refs["a"])
        await crash(refs["a"])
        error = await given_up(sup)
        assert len(error.history) == 2
        assert stage.count["a made"] == 12
        assert stage.count["b made"] == 1


@seeds(20)
async def test_otp_one_for_one() -> None:
    """Only the child that failed is a new one; one crash too many ends the supervisor.

    Then the others are stopped, the youngest first, and the error has the history.
    """
    stage = Stage()
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b c"), limit=TWICE))
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        stage.take()

        await crash(refs["b"])
        assert stage.take() == ["b stopped", "b made", "b started"]
        once = {**before, "b": before["b"].again()}
        assert await children_of(system, sup) == once

        await crash(refs["a"])
        assert stage.take() == ["a stopped", "a made", "a started"]
        assert await children_of(system, sup) == {**once, "a": before["a"].again()}

        await crash(refs["b"])
        error = await given_up(sup)
        assert stage.take() == ["b stopped", "c stopped", "a stopped"]
        assert (error.path, error.id, error.limit) == (sup.path, "b", TWICE)
        assert [record.id for record in error.history] == ["b", "a", "b"]
        assert isinstance(error.__cause__, BoomError)
        assert error.history[-1].exit == Crashed(error.__cause__)
        assert stage.exits["c"] == [Stopped()]
        assert isinstance(refs["b"].exit, Crashed)


@MADE_OR_STARTED
@seeds(20)
async def test_otp_one_for_one_escalation(where: str) -> None:
    """A child that cannot start again uses the limit up; its sibling is stopped too."""
    stage = Stage()
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b"), limit=FOUR_TIMES))
        await sup.wait_started()
        stage.plan("a", **{where: From(2)})

        await crash((await refs_of(sup))["a"])

        error = await given_up(sup)
        assert stage.count["a made"] == 1 + 4
        assert stage.count["a started"] == 1
        assert stage.exits["b"] == [Stopped()]
        assert stage.count["b made"] == 1
        assert [record.id for record in error.history] == ["a"] * 5
        assert isinstance(error.__cause__, BoomError)
        assert trio.current_time() == 0


@seeds(20)
async def test_otp_one_for_all() -> None:
    """All children are new ones: stopped in reverse, started in order, counted once."""
    stage = Stage()
    make = static(*stage.specs("a b c"), strategy=ALL, limit=TWICE)
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        stage.take()

        for times, name in enumerate("ba", start=1):
            await crash(refs[name])
            stops = {"a": "a c b", "b": "b c a"}[name].split()
            assert stage.names("stopped") == stops
            starts = [
                f"{each} {what}" for each in "abc" for what in ("made", "started")
            ]
            assert stage.take() == [f"{each} stopped" for each in stops] + starts
            after = await children_of(system, sup)
            assert after == {key: each.again(times) for key, each in before.items()}

        await crash(refs["c"])
        error = await given_up(sup)
        assert stage.names("stopped") == ["c", "b", "a"]
        assert stage.names("made") == []
        assert [record.id for record in error.history] == ["b", "a", "c"]


@seeds(20)
async def test_otp_temporary_bystander() -> None:
    """A temporary child is stopped with its group and forgotten, not started again."""
    stage = Stage()
    specs = (
        stage.spec("a", restart=Restart.TEMPORARY),
        stage.spec("b"),
        stage.spec("c", restart=Restart.TEMPORARY),
        stage.spec("d", restart=Restart.TRANSIENT),
    )
    for strategy, left in ((ALL, "bd"), (REST, "abd")):
        async with open_system() as system:
            sup = await start_ready(system, static(*specs, strategy=strategy))
            before = await children_of(system, sup)
            refs = await refs_of(sup)

            await crash(refs["b"])

            again = {name: before[name].again(0 if name == "a" else 1) for name in left}
            assert await children_of(system, sup) == again
            assert refs["c"].exit == Stopped()
            assert refs["a"].exit == (Stopped() if strategy is ALL else None)


@MADE_OR_STARTED
@seeds(20)
async def test_otp_one_for_all_escalation(where: str) -> None:
    """A child that cannot start again in its group uses the limit up as well.

    The group counts once, each attempt that fails once more; who comes after the one
    that fails is not started.
    """
    stage = Stage()
    make = static(*stage.specs("a b"), strategy=ALL, limit=FOUR_TIMES)
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        stage.plan("a", **{where: From(2)})

        await crash((await refs_of(sup))["a"])

        error = await given_up(sup)
        assert stage.count["a made"] == 1 + 4
        assert stage.count["b made"] == 1
        assert stage.count["b stopped"] == 1
        assert [type(each) for each in stage.exits["b"]] == [Stopped]
        assert len(error.history) == 5
        assert isinstance(error.__cause__, BoomError)


@MADE_OR_STARTED
@seeds(20)
async def test_otp_one_for_all_other_child_fails_restart(where: str) -> None:
    """A sibling fails to start in the group restart: all are stopped and start again.

    Also those that were up already; it counts once more.
    """
    stage = Stage()
    stage.plan("c", **{where: {2}})
    make = static(*stage.specs("a b c d"), strategy=ALL, limit=TWICE)
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        refs = await refs_of(sup)
        stage.take()

        await crash(refs["b"])

        assert stage.names("made") == ["a", "b", "c", "a", "b", "c", "d"]
        assert stage.names("started") == ["a", "b", "a", "b", "c", "d"]
        stopped = stage.names("stopped")
        if where == "fail_started":  # the hook runs for who was made
            assert stopped.pop(4) == "c"
        assert stopped == ["b", "d", "c", "a", "b", "a"]
        assert await refs_of(sup) == refs
        assert set((await states_of(sup)).values()) == {RUNNING}

        # one restart of the group and one retry: that was the limit
        stage.take()
        await crash(refs["d"])
        error = await given_up(sup)
        assert [record.id for record in error.history] == ["b", "c", "d"]
        assert stage.names("made") == []


@seeds(20)
async def test_otp_rest_for_one() -> None:
    """The child that failed and the later ones are new, the earlier ones are not."""
    stage = Stage()
    make = static(*stage.specs("a b c d"), strategy=REST, limit=TWICE)
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        stage.take()

        await crash(refs["b"])
        assert stage.names("stopped") == ["b", "d", "c"]
        assert stage.names("made") == stage.names("started") == ["b", "c", "d"]
        once = {
            name: each.again(0 if name == "a" else 1) for name, each in before.items()
        }
        assert await children_of(system, sup) == once

        # the last one has no rest
        stage.take()
        await crash(refs["d"])
        assert stage.take() == ["d stopped", "d made", "d started"]
        assert await children_of(system, sup) == {**once, "d": once["d"].again()}

        await crash(refs["c"])
        error = await given_up(sup)
        assert stage.take() == ["c stopped", "d stopped", "b stopped", "a stopped"]
        assert [record.id for record in error.history] == ["b", "d", "c"]


@MADE_OR_STARTED
@seeds(20)
async def test_otp_rest_for_one_escalation(where: str) -> None:
    """A member of the rest that cannot start again uses the limit up.

    Each retry goes on from it: those before it are started once.
    """
    stage = Stage()
    make = static(*stage.specs("a b c d"), strategy=REST, limit=FOUR_TIMES)
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        stage.plan("c", **{where: From(2)})

        await crash((await refs_of(sup))["b"])

        error = await given_up(sup)
        made = {name: stage.count[f"{name} made"] for name in "abcd"}
        assert made == {"a": 1, "b": 2, "c": 1 + 4, "d": 1}
        assert [record.id for record in error.history] == ["b", "c", "c", "c", "c"]
        assert isinstance(error.__cause__, BoomError)
        assert stage.names("stopped")[-2:] == ["b", "a"]


@MADE_OR_STARTED
@seeds(20)
async def test_otp_rest_for_one_other_child_fails_restart(where: str) -> None:
    """The retry goes on from who failed; earlier group members start only once."""
    stage = Stage()
    stage.plan("c", **{where: {2}})
    make = static(*stage.specs("a b c d"), strategy=REST, limit=TWICE)
    async with open_system() as system:
        sup = await keep(system, make)
        await sup.wait_started()
        before = await children_of(system, sup)
        refs = await refs_of(sup)
        stage.take()

        await crash(refs["b"])

        assert stage.names("made") == ["b", "c", "c", "d"]
        assert stage.names("started") == ["b", "c", "d"]
        stopped = stage.names("stopped")
        if where == "fail_started":
            assert stopped.pop() == "c"
        assert stopped == ["b", "d", "c"]
        after = await children_of(system, sup)
        assert {name: after[name] for name in "abd"} == {
            "a": before["a"],
            "b": before["b"].again(),
            "d": before["d"].again(),
        }
        assert (after["c"].ref, after["c"].state) == (refs["c"], RUNNING)

        await crash(refs["d"])
        error = await given_up(sup)
        assert [record.id for record in error.history] == ["b", "c", "d"]


# ------------------------------------------------------------------------ dynamic


async def start_some(sup: ActorRef[AdminRequest], names: str) -> list[ActorRef[Any]]:
    """Start workers below a dynamic supervisor."""
    return [await start_child(sup, name) for name in names]


def by_ref(children: dict[str, Child]) -> dict[object, int]:
    """The incarnations by refs: `{ref: incarnation}`."""
    return {each.ref: each.incarnation for each in children.values()}


@seeds(20)
async def test_otp_simple_one_for_one() -> None:
    """A dynamic child is restarted alone; one crash too many ends the supervisor."""
    stage = Stage()
    async with open_system() as system:
        sup = await keep(system, dynamic(worker(stage), limit=TWICE))
        a, b, c = await start_some(sup, "abc")

        await crash(b)
        assert by_ref(await children_of(system, sup)) == {a: 1, b: 2, c: 1}
        await crash(a)
        assert by_ref(await children_of(system, sup)) == {a: 2, b: 2, c: 1}
        assert stage.names("made") == ["a", "b", "c", "b", "a"]
        assert await count_children(sup) == ChildCounts(1, 3, 0, 3)

        await crash(b)
        error = await given_up(sup)
        assert [record.id for record in error.history] == [b.path, a.path, b.path]
        assert (error.id, error.path) == (b.path, sup.path)
        assert [ref.exit for ref in (a, c)] == [Stopped(), Stopped()]
        assert len(stage.names("made")) == 5


@MADE_OR_STARTED
@seeds(20)
async def test_otp_simple_one_for_one_escalation(where: str) -> None:
    """A dynamic child that cannot start again uses the limit up."""
    stage = Stage()
    async with open_system() as system:
        sup = await keep(system, dynamic(worker(stage), limit=FOUR_TIMES))
        a, b = await start_some(sup, "ab")
        stage.plan("a", **{where: From(2)})

        await crash(a)

        error = await given_up(sup)
        assert stage.count["a made"] == 1 + 4
        assert stage.count["b made"] == 1
        assert b.exit == Stopped()
        assert [record.id for record in error.history] == [a.path] * 5


@seeds(10)
async def test_otp_simple_one_for_one_corruption() -> None:
    """Odd input fails its own request only, and leaves nothing behind."""
    stage = Stage()
    odd: tuple[tuple[Any, ...], ...] = ((), ("a", 1, 2, 3), ("a", 1, 2, 3))
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        (ref,) = await start_some(sup, "x")

        for args in odd:
            with pytest.raises(ChildStartError) as caught:
                await sup.ask(StartInstance(args))
            assert isinstance(caught.value.__cause__, TypeError)

        assert [each.ref for each in await list_children(sup)] == [ref]
        assert await count_children(sup) == ChildCounts(1, 1, 0, 1)
        assert system.statistics().actors == 2
        assert await ref.ask(Echo()) == "echo"
        assert stage.names("made") == ["x"]


@seeds(10)
async def test_otp_simple_one_for_one_restart_ignore() -> None:
    """A dynamic child that finishes in the `started` of a restart is removed."""
    stage = Stage()
    stage.plan("a", finish_started={2})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        a, b = await start_some(sup, "ab")

        await crash(a)

        assert await a.wait_stopped() == Finished()
        assert [each.ref for each in await list_children(sup)] == [b]
        assert stage.count["a made"] == 2
        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        assert stage.names("stopped") == ["a", "a", "b"]


@seeds(10)
async def test_otp_one_for_one_restart_ignore() -> None:
    """A static one is kept, stopped; a permanent one, too."""
    stage = Stage()
    stage.plan("a", finish_started={2})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        before = await children_of(system, sup)

        await crash((await refs_of(sup))["a"])

        assert await children_of(system, sup) == {"a": GONE, "b": before["b"]}
        assert (await describe_child(sup, "a")).exit == Finished()
        assert stage.count["a made"] == 2


# ------------------------------------------------------------------ restart types


async def end_one(
    restart: Restart, how: str, *, strategy: Strategy
) -> tuple[dict[str, Child], dict[str, Child], Stage]:
    """End the middle one of three children; what was there before and after."""
    stage = Stage()
    specs = (stage.spec("a"), stage.spec("b", restart=restart), stage.spec("c"))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs, strategy=strategy))
        before = await children_of(system, sup)
        ref = before["b"].ref
        assert ref is not None

        await end_with(how, ref)

        after = await children_of(system, sup)
        ended = stage.exits["b"]
        assert [type(each) for each in ended] == [type(EXITS[how])]
        if after.get("b", GONE) == GONE:
            assert ref.exit == ended[0]
            assert stage.count["b made"] == 1
        else:
            assert ref.exit is None
            assert await ref.ask(Echo()) == "echo"
            assert stage.count["b made"] == 2
        await trio.sleep(60)
        assert await children_of(system, sup) == after
    return before, after, stage


async def end_one_dynamic(restart: Restart, how: str) -> bool:
    """End a dynamic child; True if it was restarted.  Its sibling is not touched."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, restart=restart)))
        a, b = await start_some(sup, "ab")

        await end_with(how, b)

        after = by_ref(await children_of(system, sup))
        await trio.sleep(60)
        assert by_ref(await children_of(system, sup)) == after
        assert type(stage.exits["b"][0]) is type(EXITS[how])
        if stage.count["b made"] == 1:
            assert after == {a: 1}
            assert b.exit == stage.exits["b"][0]
            return False
        assert after == {a: 1, b: 2}
        return True


async def check_restarted(restart: Restart, how: str) -> None:
    """The child is restarted, with the strategy's group or without."""
    assert await end_one_dynamic(restart, how)
    for strategy, group in ((ONE, "b"), (ALL, "abc"), (REST, "bc")):
        before, after, _ = await end_one(restart, how, strategy=strategy)
        assert after == {
            name: each.again(1 if name in group else 0) for name, each in before.items()
        }


async def check_not_restarted(restart: Restart, how: str, *, kept: bool) -> None:
    """The child is not restarted, and with no strategy is anyone else."""
    assert not await end_one_dynamic(restart, how)
    for strategy in Strategy:
        before, after, stage = await end_one(restart, how, strategy=strategy)
        expected = {**before, "b": GONE}
        if not kept:
            del expected["b"]
        assert after == expected
        assert stage.count["a made"] == stage.count["c made"] == 1


@seeds(5)
async def test_otp_permanent_normal() -> None:
    """A permanent child that finishes is restarted."""
    await check_restarted(Restart.PERMANENT, "finished")


@seeds(5)
async def test_otp_permanent_shutdown() -> None:
    """A permanent child that somebody stops is restarted."""
    await check_restarted(Restart.PERMANENT, "stopped")


@pytest.mark.parametrize("how", ["crashed", "killed"])
@seeds(5)
async def test_otp_permanent_abnormal(how: str) -> None:
    """A permanent child that crashes or is killed is restarted."""
    await check_restarted(Restart.PERMANENT, how)


@seeds(5)
async def test_otp_transient_normal() -> None:
    """A transient child that finishes is not restarted; a static one is kept."""
    await check_not_restarted(Restart.TRANSIENT, "finished", kept=True)


@seeds(5)
async def test_otp_transient_shutdown() -> None:
    """Nor is one that somebody stops."""
    await check_not_restarted(Restart.TRANSIENT, "stopped", kept=True)


@pytest.mark.parametrize("how", ["crashed", "killed"])
@seeds(5)
async def test_otp_transient_abnormal(how: str) -> None:
    """A transient child that crashes or is killed is restarted."""
    await check_restarted(Restart.TRANSIENT, how)


@seeds(5)
async def test_otp_temporary_normal() -> None:
    """A temporary child that finishes is not restarted, and is forgotten."""
    await check_not_restarted(Restart.TEMPORARY, "finished", kept=False)


@seeds(5)
async def test_otp_temporary_shutdown() -> None:
    """So is one that somebody stops."""
    await check_not_restarted(Restart.TEMPORARY, "stopped", kept=False)


@pytest.mark.parametrize("how", ["crashed", "killed"])
@seeds(5)
async def test_otp_temporary_abnormal(how: str) -> None:
    """So is one that crashes or is killed; with no strategy does anyone else start."""
    await check_not_restarted(Restart.TEMPORARY, how, kept=False)


# ------------------------------------------------------------------------ reports


@seeds(10)
async def test_otp_faulty_application_shutdown() -> None:
    """A start that fails three levels down says so at the top, link by link."""
    stage = Stage()
    stage.plan("leaf", fail_started={1})
    inner = static(*stage.specs("x leaf"))
    middle = static(stage.spec("y"), ChildSpec(inner, id="inner"))
    top = static(stage.spec("z"), ChildSpec(middle, id="middle"), stage.spec("never"))
    async with open_system() as system:
        sup = await keep(system, top)

        exit_ = await sup.wait_stopped()

        assert isinstance(exit_, Crashed)
        error: BaseException | None = exit_.error
        for path, child in (
            (sup.path, "middle"),
            (f"{sup.path}/middle", "inner"),
            (f"{sup.path}/middle/inner", "leaf"),
        ):
            assert isinstance(error, ChildStartError)
            assert (error.path, error.id) == (path, child)
            error = error.__cause__
        assert isinstance(error, BoomError)
        assert stage.names("made") == ["z", "y", "x", "leaf"]
        stopped = [each for each in stage.names("stopped") if each != "leaf"]
        assert stopped == ["x", "y", "z"]


async def test_otp_external_start_no_progress_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Starting children by request writes nothing into the log above DEBUG."""
    stage = Stage()
    caplog.set_level(logging.INFO)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        other = await start_ready(system, static(), name="static")
        for number in range(100):
            await start_child(sup, str(number))
            await start_child(other, stage.spec(str(number)))

        assert (await count_children(sup)).active == 100
        assert (await count_children(other)).active == 100
    assert caplog.records == []


# --------------------------------------------------------------------------- tree


def forest(stage: Stage) -> ChildSpec[AdminRequest]:
    """The top of a tree: two supervisors with two workers each."""
    left = static(*stage.specs("a b"))
    right = static(*stage.specs("c d"), strategy=ALL)
    top = static(ChildSpec(left, id="left"), ChildSpec(right, id="right"))
    return ChildSpec(top, id="top")


async def branches(
    system: ActorSystem, stage: Stage
) -> tuple[ActorRef[Any], ActorRef[Any], ActorRef[Any]]:
    """Start the forest; the refs of its top, its left and its right supervisor."""
    sup = await start_ready(system, static(forest(stage)))
    top = (await refs_of(sup))["top"]
    refs = await refs_of(top)
    return top, refs["left"], refs["right"]


@seeds(20)
async def test_otp_tree() -> None:
    """A supervisor that is killed comes back with its subtree, and nobody else does.

    Its children are new actors; those that were added at run time are not restored.
    """
    stage = Stage()
    async with open_system() as system:
        top, left, right = await branches(system, stage)
        await start_child(left, stage.spec("added"))
        tops, lefts = await children_of(system, top), await children_of(system, left)
        rights = await children_of(system, right)
        stage.take()

        left.kill()
        await settle()

        assert await children_of(system, top) == {
            "left": tops["left"].again(),
            "right": tops["right"],
        }
        assert await children_of(system, right) == rights
        after = await children_of(system, left)
        assert list(after) == ["a", "b"]
        assert [(each.state, each.incarnation) for each in after.values()] == [
            (RUNNING, 1),
            (RUNNING, 1),
        ]
        for name, each in lefts.items():
            assert each.ref is not None
            assert each.ref.exit is not None
            assert name == "added" or after[name].ref is not each.ref
        assert stage.names("stopped") == ["added", "b", "a"]
        assert stage.names("made") == stage.names("started") == ["a", "b"]


@seeds(20)
async def test_otp_tree_top() -> None:
    """When the supervisor above two others is killed, both come back."""
    stage = Stage()
    async with open_system() as system:
        top, left, right = await branches(system, stage)
        stage.take()

        top.kill()
        await settle()

        refs = await refs_of(top)
        assert list(refs) == ["left", "right"]
        assert refs["left"] is not left
        assert refs["right"] is not right
        assert left.exit is not None
        assert right.exit is not None
        assert stage.names("stopped") == ["d", "c", "b", "a"]
        assert stage.names("started") == ["a", "b", "c", "d"]
        assert list(await refs_of(refs["left"])) == ["a", "b"]
        assert list(await refs_of(refs["right"])) == ["c", "d"]


@seeds(20)
async def test_otp_tree_escalation() -> None:
    """A supervisor that gives up is restarted by its own; the cousins notice nothing.

    Its limit starts anew.
    """
    stage = Stage()
    async with open_system() as system:
        top, left, right = await branches(system, stage)
        tops, rights = await children_of(system, top), await children_of(system, right)
        for _ in range(4):  # a limit of three
            await crash((await refs_of(left))["a"])

        assert await children_of(system, top) == {
            "left": tops["left"].again(),
            "right": tops["right"],
        }
        assert await children_of(system, right) == rights
        assert stage.count["a made"] == 1 + 3 + 1
        assert stage.count["b made"] == 1 + 1
        before = await children_of(system, left)
        await crash((await refs_of(left))["a"])
        assert await children_of(system, left) == {**before, "a": before["a"].again()}


@seeds(20)
async def test_otp_tree_stopped_child_is_revived() -> None:
    """A child that was stopped by request comes back when its group is restarted."""
    stage = Stage()
    async with open_system() as system:
        top, left, right = await branches(system, stage)
        tops, lefts = await children_of(system, top), await children_of(system, left)
        refs = await refs_of(right)
        await stop_child(right, "c")
        assert await states_of(right) == {"c": STOPPED, "d": RUNNING}

        await crash(refs["d"])

        after = await children_of(system, right)
        assert {name: each.state for name, each in after.items()} == {
            "c": RUNNING,
            "d": RUNNING,
        }
        assert after["d"] == Child(refs["d"], RUNNING, 2)
        assert after["c"].ref is refs["c"]
        assert await children_of(system, top) == tops
        assert await children_of(system, left) == lefts


# ------------------------------------------------------------------- restart loops


@MADE_OR_STARTED
@seeds(10)
async def test_otp_hanging_restart_loop(where: str) -> None:
    """While a child fails to start again and again, requests are answered.

    Stopping the child ends the loop.
    """
    stage = Stage()
    stage.plan("b", **{where: range(2, 100_000)})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b c"), limit=None))
        before = await children_of(system, sup)
        refs = await refs_of(sup)

        refs["b"].tell_nowait(Crash())
        while stage.count["b made"] < 3:
            await count_children(sup)
        states = await states_of(sup)
        assert states.pop("b") in (RESTARTING, ChildState.STARTING)
        assert states == {"a": RUNNING, "c": RUNNING}
        await start_child(sup, stage.spec("d"))
        await stop_child(sup, "b")

        made = stage.count["b made"]
        assert made < 10_000
        await settle()
        await trio.sleep(60)
        assert stage.count["b made"] == made
        after = await children_of(system, sup)
        assert after.pop("d").state is RUNNING
        assert after == {**before, "b": GONE}


@seeds(20)
async def test_otp_hanging_restart_loop_in_started() -> None:
    """While a child hangs in the `started` of a restart, requests are answered."""
    stage = Stage()
    stage.plan("b").hang(2)
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b c")))
        before = await children_of(system, sup)
        await crash((await refs_of(sup))["b"])
        assert await states_of(sup) == {
            "a": RUNNING,
            "b": ChildState.STARTING,
            "c": RUNNING,
        }

        # a sibling is restarted meanwhile
        await crash((await refs_of(sup))["c"])
        assert stage.count["c started"] == 2
        stop_at = trio.current_time()
        await stop_child(sup, "b")

        assert trio.current_time() <= stop_at + 5
        assert await children_of(system, sup) == {
            **before,
            "b": GONE,
            "c": before["c"].again(),
        }


@MADE_OR_STARTED
@seeds(10)
async def test_otp_hanging_restart_loop_rest_for_one(where: str) -> None:
    """So it goes when the one that fails is a later member of a group."""
    stage = Stage()
    stage.plan("c", **{where: range(2, 100_000)})
    make = static(*stage.specs("a b c d"), strategy=REST, limit=None)
    async with open_system() as system:
        sup = await start_ready(system, make)
        before = await children_of(system, sup)

        (await refs_of(sup))["b"].tell_nowait(Crash())
        while stage.count["c made"] < 3:
            await count_children(sup)
        states = await states_of(sup)
        assert states.pop("c") in (RESTARTING, ChildState.STARTING)
        assert states == {"a": RUNNING, "b": RUNNING, "d": RESTARTING}
        await stop_child(sup, "c")

        made = stage.count["c made"]
        assert made < 10_000
        await settle()
        await trio.sleep(60)
        assert stage.count["c made"] == made
        assert await children_of(system, sup) == {
            "a": before["a"],
            "b": before["b"].again(),
            "c": GONE,
            "d": before["d"].again(),
        }


@MADE_OR_STARTED
@seeds(10)
async def test_otp_hanging_restart_loop_simple(where: str) -> None:
    """So it goes below a dynamic supervisor."""
    stage = Stage()
    stage.plan("b", **{where: range(2, 100_000)})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), limit=None))
        a, b = await start_some(sup, "ab")

        b.tell_nowait(Crash())
        while stage.count["b made"] < 3:
            await count_children(sup)
        (c,) = await start_some(sup, "c")
        await stop_child(sup, b)

        made = stage.count["b made"]
        assert made < 10_000
        await settle()
        await trio.sleep(60)
        assert stage.count["b made"] == made
        assert by_ref(await children_of(system, sup)) == {a: 1, c: 1}
        assert isinstance(b.exit, Crashed)


@pytest.mark.parametrize("strategy", [ALL, REST])
@seeds(10)
async def test_otp_hanging_restart_loop_revived(strategy: Strategy) -> None:
    """So it goes when it is a stopped child that its group wants back."""
    stage = Stage()
    stage.plan("b", fail_made=range(2, 100_000))
    make = static(*stage.specs("a b"), strategy=strategy, limit=None)
    async with open_system() as system:
        sup = await start_ready(system, make)
        before = await children_of(system, sup)
        await stop_child(sup, "b")

        (await refs_of(sup))["a"].tell_nowait(Crash())
        while stage.count["b made"] < 3:
            await count_children(sup)
        assert (await states_of(sup))["b"] in (RESTARTING, ChildState.STARTING)
        await stop_child(sup, "b")

        made = stage.count["b made"]
        assert made < 10_000
        await trio.sleep(60)
        assert stage.count["b made"] == made
        after = await children_of(system, sup)
        assert after["b"] == GONE
        assert (after["a"].ref, after["a"].state) == (before["a"].ref, RUNNING)


@seeds(20)
async def test_otp_hanging_restart_loop_supervisor_is_stopped() -> None:
    """A supervisor in a restart loop can be stopped itself, in order."""
    stage = Stage()
    stage.plan("b", fail_made=range(2, 100_000))
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b c"), limit=None))
        ended = system.subscribe(ActorStopped)

        (await refs_of(sup))["b"].tell_nowait(Crash())
        while stage.count["b made"] < 3:
            await count_children(sup)
        sup.stop()

        assert await sup.wait_stopped() == Stopped()
        assert stage.count["b made"] < 10_000
        assert stage.exits["a"] == stage.exits["c"] == [Stopped()]
        paths = [event.ref.path for event in ended.drain()]
        assert sorted(paths) == ["/sup", "/sup/a", "/sup/b", "/sup/c"]
        assert [each for each in paths if not each.endswith("b")] == [
            "/sup/c",
            "/sup/a",
            "/sup",
        ]


@seeds(20)
async def test_otp_hanging_restart_loop_backoff() -> None:
    """A child that waits for its backoff can be stopped; it does not come back."""
    stage = Stage()
    spec = stage.spec("b", backoff=Backoff(60, limit=60, jitter=0))
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a"), spec))
        before = await children_of(system, sup)
        b = (await refs_of(sup))["b"]
        await crash(b)
        assert await states_of(sup) == {"a": RUNNING, "b": RESTARTING}
        assert system.statistics().timers == 1

        await stop_child(sup, b)

        assert (trio.current_time(), system.statistics().timers) == (0, 0)
        assert isinstance(b.exit, Crashed)
        await trio.sleep(100)
        assert await children_of(system, sup) == {"a": before["a"], "b": GONE}
        assert stage.count["b made"] == 1
