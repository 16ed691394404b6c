"""OTP's supervisor_SUITE: how supervisors start, and what they can be asked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
import trio

from actors import (
    ActorStarted,
    ActorStoppedError,
    Crashed,
    Finished,
    Killed,
    Mailbox,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import open_tasks, seeds, start_probe
from supervision import (
    AutoShutdown,
    Backoff,
    ChildAlreadyPresentError,
    ChildAlreadyStartedError,
    ChildCounts,
    ChildRestartingError,
    ChildRunningError,
    ChildSpec,
    ChildStartError,
    ChildState,
    CombinationError,
    DuplicateChildError,
    DynamicSupervisor,
    MaxChildrenError,
    Restart,
    RestartChild,
    RestartLimit,
    RestartLimitError,
    SpecError,
    StartChild,
    StartedChild,
    StartInstance,
    Strategy,
    Supervisor,
    UnknownChildError,
    UnsupportedError,
    check_specs,
    count_children,
    delete_child,
    describe_child,
    get_spec,
    list_children,
    restart_child,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import Journal
from tests.conformance.supervised import (
    BoomError,
    Echo,
    From,
    Stage,
    Worker,
    children_of,
    crash,
    dynamic,
    keep,
    refs_of,
    settle,
    start_ready,
    states_of,
    static,
    worker,
)

RUNNING, STOPPED = ChildState.RUNNING, ChildState.STOPPED
TEMPORARY, TRANSIENT = Restart.TEMPORARY, Restart.TRANSIENT
MADE_OR_STARTED = pytest.mark.parametrize("where", ["fail_made", "fail_started"])
NEVER_AGAIN = RestartLimit(0, within=5)
A_MINUTE = Backoff(60, limit=60, jitter=0)

# ------------------------------------------------------------------------- start


@seeds(10)
async def test_otp_sup_start_normal() -> None:
    """A supervisor without children starts, counts none, and stops without a trace."""
    async with open_system() as system:
        sup = await start_ready(system, static())

        assert await list_children(sup) == ()
        assert await count_children(sup) == ChildCounts(0, 0, 0, 0)

        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        assert system.statistics().actors == 0
    assert open_tasks() == []


@seeds(10)
async def test_otp_sup_start_normal_dynamic() -> None:
    """So does a dynamic one."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))

        assert await list_children(sup) == ()
        assert await count_children(sup) == ChildCounts(1, 0, 0, 0)

        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        assert system.statistics().actors == 0
        assert stage.log == []
    assert open_tasks() == []


@seeds(10)
async def test_otp_sup_start_ignore_init() -> None:
    """A supervisor that finishes in `declare` ends in order and starts nobody."""
    stage = Stage()

    class Ignoring(Supervisor):
        def declare(self) -> Iterable[ChildSpec[Any]]:
            self.finish()
            return stage.specs("a b")

    journal: Journal = []
    async with open_system() as system:
        sup = await keep(system, Ignoring, journal=journal)

        assert await sup.wait_stopped() == Finished()
        await settle()
        assert journal == [(sup.path, Finished())]
        assert stage.log == []
        assert system.statistics().actors == 1  # the owner


@seeds(10)
async def test_otp_sup_start_ignore_init_below_a_supervisor() -> None:
    """Its own supervisor keeps it as stopped and goes on with the next child."""
    stage = Stage()

    class Ignoring(Supervisor):
        def declare(self) -> Iterable[ChildSpec[Any]]:
            self.finish()
            return ()

    async with open_system() as system:
        inner = ChildSpec(Ignoring, id="inner")
        sup = await start_ready(system, static(inner, stage.spec("a")))

        assert await states_of(sup) == {"inner": STOPPED, "a": RUNNING}
        assert (await describe_child(sup, "inner")).exit == Finished()
        assert (await describe_child(sup, "inner")).restarts == 0


@seeds(10)
async def test_otp_sup_start_ignore_child() -> None:
    """A child that finishes in `started` is kept as stopped; the others are started."""
    stage = Stage()
    stage.plan("b", finish_started={1})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b c")))

        assert await states_of(sup) == {"a": RUNNING, "b": STOPPED, "c": RUNNING}
        assert stage.names("made") == ["a", "b", "c"]
        info = await describe_child(sup, "b")
        assert (info.ref, info.exit, info.restarts) == (None, Finished(), 0)
        assert await count_children(sup) == ChildCounts(3, 2, 0, 3)
        others = await refs_of(sup)

        # it can be started later, in its old place
        ref = await restart_child(sup, "b")
        assert await refs_of(sup) == {**others, "b": ref}
        assert list(await states_of(sup)) == ["a", "b", "c"]


@seeds(10)
async def test_otp_sup_start_ignore_child_start_child() -> None:
    """So is one that is started later; who asked for it gets its ref."""
    stage = Stage()
    stage.plan("a", finish_started={1})
    async with open_system() as system:
        sup = await start_ready(system, static())

        ref = await start_child(sup, stage.spec("a"))

        assert await ref.wait_stopped() == Finished()
        assert await states_of(sup) == {"a": STOPPED}
        assert stage.count["a made"] == 1


@seeds(10)
async def test_otp_sup_start_ignore_temporary_child() -> None:
    """A temporary child that finishes in `started` is not kept."""
    stage = Stage()
    stage.plan("b", finish_started={1})
    specs = (stage.spec("a"), stage.spec("b", restart=TEMPORARY), stage.spec("c"))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))

        assert await states_of(sup) == {"a": RUNNING, "c": RUNNING}
        assert stage.names("made") == ["a", "b", "c"]
        assert await count_children(sup) == ChildCounts(2, 2, 0, 2)
        with pytest.raises(UnknownChildError):
            await restart_child(sup, "b")


@seeds(10)
async def test_otp_sup_start_ignore_temporary_child_start_child() -> None:
    """Nor is one that is started later: its id is free again."""
    stage = Stage()
    stage.plan("a", finish_started={1})
    spec = stage.spec("a", restart=TEMPORARY)
    async with open_system() as system:
        sup = await start_ready(system, static())

        first = await start_child(sup, spec)

        assert await first.wait_stopped() == Finished()
        assert await list_children(sup) == ()
        second = await start_child(sup, spec)
        assert await refs_of(sup) == {"a": second}
        assert second is not first


@seeds(10)
async def test_otp_sup_start_ignore_temporary_child_start_child_simple() -> None:
    """Nor is one of a dynamic supervisor."""
    stage = Stage()
    stage.plan("a", finish_started={1})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage, restart=TEMPORARY)))

        first = await start_child(sup, "a")

        assert await first.wait_stopped() == Finished()
        assert await list_children(sup) == ()
        assert await count_children(sup) == ChildCounts(1, 0, 0, 0)


@seeds(10)
async def test_otp_sup_start_ignore_permanent_child_start_child_simple() -> None:
    """Nor is a permanent one of a dynamic supervisor, which stops clean afterwards."""
    stage = Stage()
    stage.plan("a", finish_started={1})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))

        first = await start_child(sup, "a")
        assert await first.wait_stopped() == Finished()
        other = await start_child(sup, "b")

        assert [each.ref for each in await list_children(sup)] == [other]
        assert await count_children(sup) == ChildCounts(1, 1, 0, 1)
        assert stage.count["a made"] == 1
        sup.stop()
        assert await sup.wait_stopped() == Stopped()
        assert stage.names("stopped") == ["a", "b"]


def faulty_declarations(stage: Stage) -> dict[str, tuple[Any, type[Exception]]]:
    """The wrong declarations: `{what: (what declare returns, the error)}`."""
    significant = stage.spec("b", restart=TRANSIENT, significant=True)
    return {
        "rubbish": ((stage.spec("a"), 42), SpecError),
        "twice": ((stage.spec("a"), stage.spec("a")), DuplicateChildError),
        "significant": ((stage.spec("a"), significant), CombinationError),
    }


@pytest.mark.parametrize("what", ["rubbish", "twice", "significant"])
async def test_otp_sup_start_error_return(what: str) -> None:
    """What `declare` returns is checked before any child is started."""
    stage = Stage()
    declared: tuple[ChildSpec[Any], ...]
    declared, kind = faulty_declarations(stage)[what]

    class Declaring(Supervisor):
        def declare(self) -> Iterable[ChildSpec[Any]]:
            return declared

    async with open_system() as system:
        sup = await keep(system, Declaring)

        with pytest.raises(ActorStoppedError) as caught:
            await sup.wait_started()
        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert type(exit_.error) is kind
        assert caught.value.__cause__ is exit_.error
        assert stage.log == []


async def test_otp_sup_start_error_return_dynamic() -> None:
    """So is the template that a dynamic supervisor declares."""
    stage = Stage()
    template = cast("ChildSpec[Any]", (worker(stage), worker(stage)))

    class Declaring(DynamicSupervisor):
        def declare(self) -> ChildSpec[Any]:
            return template

    async with open_system() as system:
        sup = await keep(system, Declaring)

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert type(exit_.error) is SpecError


@seeds(10)
async def test_otp_sup_start_fail() -> None:
    """What `declare` raises is how the supervisor crashes, the very error."""
    error = BoomError("declare")

    class Failing(Supervisor):
        def declare(self) -> Iterable[ChildSpec[Any]]:
            raise error

    journal: Journal = []
    async with open_system() as system:
        sup = await keep(system, Failing, journal=journal)

        with pytest.raises(ActorStoppedError) as caught:
            await sup.wait_started()
        assert caught.value.__cause__ is error
        await settle()
        assert journal == [(sup.path, Crashed(error))]


async def test_otp_sup_start_fail_in_the_constructor() -> None:
    """What the supervisor's constructor raises goes to the one who starts it."""

    class Unmade(Supervisor):
        def __init__(self) -> None:
            raise BoomError

    async with open_system() as system:
        with pytest.raises(BoomError):
            system.start(Unmade, name="sup")

        assert system.statistics().actors == 0
        await start_ready(system, static())  # the name is free


async def test_otp_sup_start_fail_at_the_top() -> None:
    """At the top level it leaves the system's block."""

    class Failing(Supervisor):
        def declare(self) -> Iterable[ChildSpec[Any]]:
            raise BoomError

    async def main() -> None:
        async with open_system() as system:
            system.start(Failing)
            await trio.sleep_forever()

    with pytest.raises(BoomError):
        await main()


@MADE_OR_STARTED
@seeds(10)
async def test_otp_sup_start_child_returns_error(where: str) -> None:
    """A child that cannot be started: those before it stop in reverse, the error says.

    The error names the child and has its crash as the cause; no later child is made.
    """
    stage = Stage()
    stage.plan("c", **{where: {1}})
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b c d")))

        exit_ = await sup.wait_stopped()

        assert isinstance(exit_, Crashed)
        error = exit_.error
        assert isinstance(error, ChildStartError)
        assert (error.path, error.id) == (sup.path, "c")
        assert isinstance(error.__cause__, BoomError)
        assert error.exit == Crashed(error.__cause__)
        assert stage.names("made") == ["a", "b", "c"]
        assert stage.names("started") == ["a", "b"]
        assert [each for each in stage.names("stopped") if each != "c"] == ["b", "a"]
        assert system.statistics().actors == 1  # the owner


@seeds(10)
async def test_otp_sup_start_child_returns_error_killed() -> None:
    """A child that is killed before it is ready could not be started either."""
    stage = Stage()
    stage.plan("b").hang(1)
    async with open_system() as system:
        sup = await keep(system, static(*stage.specs("a b")))
        await settle()
        ref = (await refs_of(sup))["b"]

        ref.kill()

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        error = exit_.error
        assert isinstance(error, ChildStartError)
        assert (error.id, error.exit, error.__cause__) == ("b", Killed(), None)
        assert stage.names("stopped") == ["b", "a"]


@MADE_OR_STARTED
@seeds(10)
async def test_otp_sup_start_restart_child_returns_error(where: str) -> None:
    """A child that cannot be restarted: the supervisor gives up as its limit says."""
    stage = Stage()
    stage.plan("b", **{where: From(2)})
    sup_class = static(*stage.specs("a b"), limit=RestartLimit(2, within=5))
    async with open_system() as system:
        sup = await keep(system, sup_class)
        await sup.wait_started()

        await crash((await refs_of(sup))["b"])

        exit_ = await sup.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, RestartLimitError)
        assert stage.count["b made"] == 3
        assert stage.count["a made"] == 1
        assert [record.id for record in exit_.error.history] == ["b"] * 3
        assert isinstance(exit_.error.__cause__, BoomError)


@MADE_OR_STARTED
@seeds(10)
async def test_otp_sup_start_child_returns_error_simple(where: str) -> None:
    """A dynamic supervisor gives the error to who asked, and lives."""
    stage = Stage()
    stage.plan("b", **{where: {1}})
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), limit=NEVER_AGAIN))
        first = await start_child(sup, "a")

        with pytest.raises(ChildStartError) as caught:
            await start_child(sup, "b")

        assert (caught.value.path, caught.value.id) == (sup.path, None)
        assert isinstance(caught.value.__cause__, BoomError)
        assert stage.count["b made"] == 1
        assert [each.ref for each in await list_children(sup)] == [first]
        second = await start_child(sup, "b")
        assert {each.ref for each in await list_children(sup)} == {first, second}


async def test_otp_sup_start_map() -> None:
    """The defaults of a spec are filled in and can be read back, by id and by ref."""
    stage = Stage()
    spec = ChildSpec(Worker, stage, "a", None)
    async with open_system() as system:
        sup = await start_ready(system, static(spec))

        seen = await get_spec(sup, "Worker")

        assert seen == spec
        assert (seen.make, seen.args, seen.id) == (Worker, (stage, "a", None), "Worker")
        assert seen.restart is Restart.PERMANENT
        assert (seen.grace, seen.mailbox, seen.significant) == (None, None, False)
        assert (seen.limit, seen.backoff) == (None, None)
        assert await get_spec(sup, (await refs_of(sup))["Worker"]) == spec


async def test_otp_sup_start_map_simple() -> None:
    """A dynamic supervisor gives its template back."""
    stage = Stage()
    template = worker(stage, grace=3, restart=TRANSIENT)
    async with open_system() as system:
        sup = await start_ready(system, dynamic(template))
        ref = await start_child(sup, "a")

        seen = await get_spec(sup, ref)

        assert seen == template
        assert (seen.grace, seen.restart, seen.args) == (3, TRANSIENT, (stage,))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("make", 42),
        ("make", object),
        ("make", lambda: None),
        ("id", ""),
        ("id", "a/b"),
        ("id", 1),
        ("restart", "permanent"),
        ("restart", True),
        ("grace", -1),
        ("grace", True),
        ("grace", "5"),
        ("grace", math.nan),
        ("mailbox", 5),
        ("significant", 1),
        ("significant", None),
        ("limit", 3),
        ("backoff", 1.0),
    ],
)
def test_otp_sup_start_map_faulty_specs(field: str, value: object) -> None:
    """Each faulty field is refused where it is written, with its own error."""
    options: dict[str, Any] = {"make": Worker, field: value}

    with pytest.raises(SpecError) as caught:
        ChildSpec(options.pop("make"), Stage(), "a", None, **options)

    assert type(caught.value) is SpecError
    assert caught.value.field == field
    assert caught.value.value is value
    assert field in str(caught.value)


def test_otp_sup_start_map_faulty_specs_combination() -> None:
    """A permanent child cannot be significant."""
    with pytest.raises(CombinationError) as caught:
        Stage().spec("a", significant=True)

    assert caught.value.field == "restart"


@seeds(10)
async def test_otp_check_no_exit() -> None:
    """A failed start is told once to the owner, and once to who watches."""
    stage = Stage()
    stage.plan("b", fail_started={1})
    journal: Journal = []
    async with open_system() as system:
        probe = start_probe(system)
        sup = await keep(system, static(*stage.specs("a b")), journal=journal)
        probe.watch(sup)

        exit_ = await sup.wait_stopped()
        await trio.sleep(60)

        assert journal == [(sup.path, exit_)]
        assert probe.messages == (Terminated(sup, exit_),)


# ------------------------------------------------------------------ administration


@seeds(20)
async def test_otp_child_adm() -> None:
    """The life of a child by administration: start, stop, restart, delete.

    Each thing that cannot be done in a state is refused with its own error, and the
    sibling is not touched by any of it.
    """
    stage = Stage()
    spec = stage.spec("b")
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a"), limit=NEVER_AGAIN))
        a = (await refs_of(sup))["a"]
        first = await start_child(sup, spec)
        assert await refs_of(sup) == {"a": a, "b": first}

        # running
        with pytest.raises(ChildAlreadyStartedError) as caught:
            await start_child(sup, spec)
        assert (caught.value.id, caught.value.ref) == ("b", first)
        with pytest.raises(ChildRunningError):
            await restart_child(sup, "b")
        with pytest.raises(ChildRunningError):
            await delete_child(sup, "b")
        assert await refs_of(sup) == {"a": a, "b": first}

        # stopped
        await stop_child(sup, "b")
        assert first.exit == Stopped()
        assert await states_of(sup) == {"a": RUNNING, "b": STOPPED}
        await stop_child(sup, "b")  # again: nothing
        with pytest.raises(ChildAlreadyPresentError) as present:
            await start_child(sup, spec)
        assert (present.value.id, present.value.ref) == ("b", None)

        # restarted: a new actor behind the same ref
        second = await restart_child(sup, "b")
        assert second is first
        assert (second.path, second.exit) == (f"{sup.path}/b", None)
        assert await second.ask(Echo("here")) == "here"
        assert await refs_of(sup) == {"a": a, "b": second}

        # deleted
        await stop_child(sup, "b")
        await delete_child(sup, "b")
        assert await refs_of(sup) == {"a": a}
        assert list(await states_of(sup)) == ["a"]
        third = await start_child(sup, spec)
        assert await refs_of(sup) == {"a": a, "b": third}
        assert stage.count["a made"] == 1
        assert stage.count["b made"] == 3


ASKS: dict[str, Callable[[Any, str], Any]] = {
    "stop_child": stop_child,
    "restart_child": restart_child,
    "delete_child": delete_child,
    "describe_child": describe_child,
    "get_spec": get_spec,
}


@pytest.mark.parametrize("ask", ASKS)
async def test_otp_child_adm_unknown_id(ask: str) -> None:
    """An id that the supervisor does not know is refused by each request."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a")))

        with pytest.raises(UnknownChildError) as caught:
            await ASKS[ask](sup, "nobody")

        assert (caught.value.path, caught.value.child) == (sup.path, "nobody")
        assert await states_of(sup) == {"a": RUNNING}


@seeds(10)
async def test_otp_child_adm_by_ref() -> None:
    """A static supervisor takes the ref of its child too, and refuses a foreign one."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        other = await start_ready(system, static(stage.spec("c")), name="other")
        refs, foreign = await refs_of(sup), (await refs_of(other))["c"]

        with pytest.raises(UnknownChildError):
            await stop_child(sup, foreign)
        assert foreign.exit is None
        await stop_child(sup, refs["b"])

        assert await refs_of(sup) == {"a": refs["a"]}
        assert await states_of(sup) == {"a": RUNNING, "b": STOPPED}


@seeds(20)
async def test_otp_child_adm_restarting() -> None:
    """While a child is restarting it can be stopped, and nothing else."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(
            system, static(stage.spec("a"), stage.spec("b", backoff=A_MINUTE))
        )
        refs = await refs_of(sup)
        await crash(refs["b"])
        assert await states_of(sup) == {"a": RUNNING, "b": ChildState.RESTARTING}

        with pytest.raises(ChildAlreadyPresentError):
            await start_child(sup, stage.spec("b"))
        with pytest.raises(ChildRestartingError):
            await restart_child(sup, "b")
        with pytest.raises(ChildRestartingError):
            await delete_child(sup, "b")
        await stop_child(sup, "b")

        assert await states_of(sup) == {"a": RUNNING, "b": STOPPED}
        assert (await describe_child(sup, "b")).ref is None
        await trio.sleep(200)
        assert stage.count["b made"] == 1
        assert await refs_of(sup) == {"a": refs["a"]}


@MADE_OR_STARTED
@seeds(10)
async def test_otp_child_adm_start_fails(where: str) -> None:
    """A child that cannot be started later is not kept; nobody else is touched."""
    stage = Stage()
    stage.plan("b", **{where: {1}})
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a"), limit=NEVER_AGAIN))
        before = await children_of(system, sup)

        with pytest.raises(ChildStartError) as caught:
            await start_child(sup, stage.spec("b"))

        assert (caught.value.path, caught.value.id) == (sup.path, "b")
        assert isinstance(caught.value.__cause__, BoomError)
        assert await children_of(system, sup) == before
        assert stage.count["b made"] == 1
        ref = await start_child(sup, stage.spec("b"))
        assert await refs_of(sup) == {"a": before["a"].ref, "b": ref}


@MADE_OR_STARTED
@seeds(10)
async def test_otp_restart_child_returns_error(where: str) -> None:
    """A stopped child that cannot be started again is kept, stopped; nothing counts."""
    stage = Stage()
    stage.plan("b", **{where: {2, 3}})
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b"), limit=NEVER_AGAIN))
        before = await children_of(system, sup)
        await stop_child(sup, "b")

        for _ in range(2):
            with pytest.raises(ChildStartError) as caught:
                await restart_child(sup, "b")
            assert caught.value.id == "b"
            assert isinstance(caught.value.__cause__, BoomError)
            assert await states_of(sup) == {"a": RUNNING, "b": STOPPED}

        await restart_child(sup, "b")
        assert await states_of(sup) == {"a": RUNNING, "b": RUNNING}
        assert (await children_of(system, sup))["a"] == before["a"]
        assert stage.count["b made"] == 4


@seeds(10)
async def test_otp_child_adm_temporary() -> None:
    """A temporary child that is stopped is forgotten."""
    stage = Stage()
    specs = (stage.spec("a"), stage.spec("b", restart=TEMPORARY))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        refs = await refs_of(sup)

        await stop_child(sup, "b")

        assert refs["b"].exit == Stopped()
        assert await states_of(sup) == {"a": RUNNING}
        for ask in ASKS.values():
            with pytest.raises(UnknownChildError):
                await ask(sup, "b")


@seeds(20)
async def test_otp_child_adm_stop_and_start_at_once() -> None:
    """Requests that are made while a child stops see a stopping, then a stopped one."""
    stage = Stage()
    stage.plan("a", stopped_takes=2)
    async with open_system() as system, trio.open_nursery() as nursery:
        sup = await start_ready(system, static(stage.spec("a")))
        nursery.start_soon(stop_child, sup, "a")
        await settle()
        assert await states_of(sup) == {"a": ChildState.STOPPING}

        with pytest.raises(ChildRunningError):
            await restart_child(sup, "a")
        with pytest.raises(ChildRunningError):
            await delete_child(sup, "a")
        assert trio.current_time() == 0
        await stop_child(sup, "a")  # a second one waits for the same end

        assert trio.current_time() == 2
        assert await states_of(sup) == {"a": STOPPED}
        assert stage.count["a stopped"] == 1


@seeds(20)
async def test_otp_child_adm_simple() -> None:
    """A dynamic supervisor's children are stopped by ref, and forgotten.

    An ended ref is fine, a living foreign one is unknown, an id does not exist, and
    there is nothing to restart or to delete.
    """
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        other = await start_ready(system, static(stage.spec("x")), name="other")
        foreign = (await refs_of(other))["x"]
        a, b = await start_child(sup, "a"), await start_child(sup, "b")
        assert {each.ref for each in await list_children(sup)} == {a, b}

        await stop_child(sup, a)
        assert a.exit == Stopped()
        assert [each.ref for each in await list_children(sup)] == [b]
        await stop_child(sup, a)  # it has ended
        with pytest.raises(UnknownChildError):
            await stop_child(sup, foreign)
        with pytest.raises(UnsupportedError):
            await stop_child(sup, "b")
        with pytest.raises(UnsupportedError):
            await restart_child(sup, "b")
        with pytest.raises(UnsupportedError):
            await delete_child(sup, "b")
        with pytest.raises(UnsupportedError):
            await describe_child(sup, "b")
        with pytest.raises(UnsupportedError):
            await sup.ask(StartChild(stage.spec("c")))

        assert foreign.exit is None
        assert [each.ref for each in await list_children(sup)] == [b]
        assert await b.ask(Echo()) == "echo"
        assert stage.count["b made"] == 1
        assert stage.names("made") == ["x", "a", "b"]


async def test_otp_child_adm_simple_arguments_for_a_static_one() -> None:
    """A static supervisor has no template to which arguments could be given."""
    async with open_system() as system:
        sup = await start_ready(system, static())

        with pytest.raises(UnsupportedError):
            await sup.ask(StartInstance(("a",)))

        assert await list_children(sup) == ()


@seeds(10)
async def test_otp_child_adm_simple_max_children() -> None:
    """A full dynamic supervisor says so; nothing is started until a place is free."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage), max_children=1))
        first = await start_child(sup, "a")

        with pytest.raises(MaxChildrenError) as caught:
            await start_child(sup, "b")

        assert caught.value.max_children == 1
        assert stage.names("made") == ["a"]
        await stop_child(sup, first)
        second = await start_child(sup, "b")
        assert [each.ref for each in await list_children(sup)] == [second]


@seeds(10)
async def test_otp_extra_return() -> None:
    """What a child gives to `report_ready` goes to who asked for its start."""
    stage = Stage()
    stage.plan("b", info={"port": 80})
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a")))

        started = await sup.ask(StartChild(stage.spec("b")))

        refs = await refs_of(sup)
        assert started == StartedChild(refs["b"], {"port": 80})
        await stop_child(sup, "b")
        stage.plan("b", info="again")
        restarted = await sup.ask(RestartChild("b"))
        assert restarted.info == "again"
        assert await refs_of(sup) == {"a": refs["a"], "b": restarted.ref}
        assert restarted.ref is refs["b"]


@seeds(10)
async def test_otp_extra_return_none() -> None:
    """A child that gives nothing is started without info."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static())

        started = await sup.ask(StartChild(stage.spec("a")))

        assert started == StartedChild((await refs_of(sup))["a"], None)


@seeds(10)
async def test_otp_simple_one_for_one_extra() -> None:
    """So it goes with a dynamic supervisor."""
    stage = Stage()
    stage.plan("a", info=[1, 2])
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))

        started = await sup.ask(StartInstance(("a",)))

        assert [each.ref for each in await list_children(sup)] == [started.ref]
        assert started == StartedChild(started.ref, [1, 2])


SIGNIFICANCE = [
    (restart, significant, auto)
    for restart, significant, auto in itertools.product(
        Restart, (False, True), AutoShutdown
    )
]


@pytest.mark.parametrize(("restart", "significant", "auto"), SIGNIFICANCE)
def test_otp_child_specs(
    restart: Restart,
    significant: bool,  # noqa: FBT001 - a parameter of the test
    auto: AutoShutdown,
) -> None:
    """Significant goes with TRANSIENT and TEMPORARY, if the supervisor heeds it."""
    stage = Stage()
    good = not significant or (
        restart is not Restart.PERMANENT and auto is not AutoShutdown.NEVER
    )

    def make() -> tuple[ChildSpec[Any], ...]:
        spec = stage.spec("a", restart=restart, significant=significant)
        assert static(spec, auto_shutdown=auto).children == (spec,)
        return check_specs([spec], auto_shutdown=auto)

    if good:
        (checked,) = make()
        assert (checked.restart, checked.significant) == (restart, significant)
    else:
        with pytest.raises(CombinationError):
            make()
    assert stage.log == []


@pytest.mark.parametrize(
    "options",
    [
        {"restart": Restart.TRANSIENT},
        {"grace": 0},
        {"grace": 0.5},
        {"grace": math.inf},
        {"id": "any text"},
        {"mailbox": Mailbox(capacity=1)},
        {"limit": RestartLimit(0, within=math.inf)},
        {"backoff": Backoff(0.1, limit=0.1, factor=1, jitter=0, reset_after=1)},
    ],
    ids=str,
)
async def test_otp_child_specs_map(options: dict[str, Any]) -> None:
    """Every field can be set, is what it was set to, and the child starts with it."""
    stage = Stage()
    spec = ChildSpec(Worker, stage, "a", None, **options)
    async with open_system() as system:
        sup = await start_ready(system, static(spec))

        seen = await get_spec(sup, spec.id)

        assert seen == spec
        assert {name: getattr(seen, name) for name in options} == options
        assert await states_of(sup) == {spec.id: RUNNING}


async def test_otp_child_specs_significant_at_run_time() -> None:
    """A supervisor that never shuts down by itself takes no significant child later."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(stage.spec("a")))
        spec = stage.spec("b", restart=TRANSIENT, significant=True)

        with pytest.raises(CombinationError):
            await start_child(sup, spec)

        assert await states_of(sup) == {"a": RUNNING}
        assert stage.names("made") == ["a"]


WRONG: Any = "wrong"


FAULTY_CLASSES: list[tuple[Callable[[Stage], object], str]] = [
    (lambda _: static(strategy=WRONG), "strategy"),
    (lambda _: static(limit=WRONG), "limit"),
    (lambda _: static(auto_shutdown=WRONG), "auto_shutdown"),
    (lambda _: static(WRONG), "children"),
    (lambda _: dynamic(WRONG), "template"),
    (lambda stage: dynamic(worker(stage), limit=WRONG), "limit"),
    (lambda stage: dynamic(worker(stage), max_children=WRONG), "max_children"),
    (lambda stage: dynamic(worker(stage), max_children=-1), "max_children"),
    (lambda stage: dynamic(worker(stage), max_children=True), "max_children"),
]


@pytest.mark.parametrize(("make", "field"), FAULTY_CLASSES)
def test_otp_sup_flags(make: Callable[[Stage], object], field: str) -> None:
    """Each wrong declaration of a supervisor is refused when its class is made."""
    with pytest.raises(SpecError) as caught:
        make(Stage())

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("restarts", "within", "kind"),
    [
        (-1, 5, ValueError),
        (1.5, 5, TypeError),
        (True, 5, TypeError),
        (1, 0, ValueError),
        (1, -1, ValueError),
        (1, math.nan, ValueError),
        (1, "5", TypeError),
        (1, True, TypeError),
    ],
)
def test_otp_sup_flags_limit(restarts: Any, within: Any, kind: type[Exception]) -> None:
    """A limit is an int of at least 0 and a number of seconds above 0."""
    with pytest.raises(kind):
        RestartLimit(restarts, within=within)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("auto", AutoShutdown)
async def test_otp_sup_flags_valid(strategy: Strategy, auto: AutoShutdown) -> None:
    """Every combination of valid flags starts."""
    stage = Stage()
    make = static(stage.spec("a"), strategy=strategy, limit=None, auto_shutdown=auto)
    async with open_system() as system:
        sup = await start_ready(system, make)

        assert await states_of(sup) == {"a": RUNNING}


# -------------------------------------------------------------- what can be seen


@seeds(10)
async def test_otp_which_children() -> None:
    """All children are listed, the latest in the order of start first."""
    stage = Stage()
    inner = ChildSpec(static(stage.spec("x")), id="inner")
    specs = (stage.spec("a"), inner, stage.spec("b", backoff=A_MINUTE))
    async with open_system() as system:
        sup = await start_ready(system, static(*specs))
        late = await start_child(sup, stage.spec("c"))
        refs = await refs_of(sup)
        await stop_child(sup, "a")
        await crash(refs["b"])

        seen = await list_children(sup)

        assert [(each.id, each.ref, each.state) for each in seen] == [
            ("c", late, RUNNING),
            ("b", refs["b"], ChildState.RESTARTING),
            ("inner", refs["inner"], RUNNING),
            ("a", None, STOPPED),
        ]
        assert [each.supervisor for each in seen] == [False, False, True, False]
        assert [each.cls for each in seen] == ["Worker", "Worker", "Static", "Worker"]
        assert [each.restarts for each in seen] == [0, 1, 0, 0]
        assert seen[3].exit == Stopped()
        assert isinstance(seen[1].exit, Crashed)
        assert (seen[0].exit, seen[2].exit) == (None, None)


@seeds(10)
async def test_otp_which_child() -> None:
    """One child can be asked for, by id or by ref: the same as in the list."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, static(*stage.specs("a b")))
        refs = await refs_of(sup)
        await crash(refs["b"])

        b, a = await list_children(sup)

        assert await describe_child(sup, "a") == a
        assert await describe_child(sup, refs["b"]) == b
        assert (b.restarts, len(b.history), a.restarts, a.history) == (1, 1, 0, ())
        assert b.history[0].id == "b"
        assert b.history[0].exit == b.exit
        assert (b.history[0].at, b.history[0].delay) == (trio.current_time(), 0)


@seeds(10)
async def test_otp_which_children_simple() -> None:
    """A dynamic supervisor's children have their paths for ids, and the same fields."""
    stage = Stage()
    async with open_system() as system:
        sup = await start_ready(system, dynamic(worker(stage)))
        refs = [await start_child(sup, name) for name in "abc"]
        await crash(refs[1])

        seen = await list_children(sup)

        assert [each.ref for each in seen] == [refs[2], refs[1], refs[0]]
        assert [each.id for each in seen] == [each.path for each in reversed(refs)]
        assert [each.restarts for each in seen] == [0, 1, 0]
        assert {each.state for each in seen} == {RUNNING}
        assert {(each.supervisor, each.cls) for each in seen} == {(False, "Worker")}
        assert await describe_child(sup, refs[1]) == seen[1]
        assert all(ref.path.startswith(f"{sup.path}/") for ref in refs)


async def test_otp_get_callback_module() -> None:
    """The definition behind a child can be read: its class, its spec, its events."""
    stage = Stage()
    inner = static(stage.spec("a"))
    async with open_system() as system:
        started = system.subscribe(ActorStarted)
        sup = await start_ready(system, static(ChildSpec(inner, id="inner")))
        ref = (await refs_of(sup))["inner"]

        info = await describe_child(sup, "inner")

        assert (info.cls, info.supervisor) == (inner.__name__, True)
        assert (await get_spec(sup, ref)).make is inner
        assert (await get_spec(ref, "a")).make is Worker
        assert [(each.cls, each.path) for each in system.tree().walk()][1:] == [
            ("Static", "/sup"),
            ("Static", "/sup/inner"),
            ("Worker", "/sup/inner/a"),
        ]
        paths = [event.ref.path for event in started.drain()]
        assert paths == ["/sup/inner/a", "/sup/inner", "/sup"]
