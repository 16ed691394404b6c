"""Elixir's `Task` and `Task.Supervisor`, and its `GenServer.call`, with what we have.

A task is one of three things here: a child task of an actor (`Actor.start_soon`, which
is Elixir's `async`, linked), a TEMPORARY child of a dynamic supervisor that is asked
(`async_nolink`: its crash is a value), or a plain nursery around several asks
(`async_stream`, `yield_many`, `await_many`).
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from operator import methodcaller
from typing import Any

import attrs
import pytest
import trio

from actors import (
    Actor,
    ActorCrashedError,
    ActorError,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Crashed,
    DeadlockError,
    Finished,
    Killed,
    Request,
    Stopped,
    open_system,
)
from actors.testing import open_tasks, seeds
from supervision import (
    AdminRequest,
    Backoff,
    ChildSpec,
    DynamicSupervisor,
    MaxChildrenError,
    Restart,
    SpecError,
    count_children,
    list_children,
    start_child,
    stop_child,
)
from tests.conformance.actors_under_test import (
    Do,
    Hold,
    Journal,
    Owner,
    Puppet,
    boom,
    child_of,
    forever,
)
from tests.conformance.supervised import (
    BoomError,
    Echo,
    Stage,
    crash,
    dynamic,
    keep,
    refs_of,
    settle,
    start_ready,
    static,
)

Job = Callable[[], Awaitable[object]]
End = Callable[[AnyRef], object]
KILL: End = methodcaller("kill")
STOP: End = methodcaller("stop")
callers: ContextVar[tuple[str, ...]] = ContextVar("callers", default=())


@attrs.frozen(eq=False)
class Run(Request[Any]):
    """Run the job; the answer, whatever it is, is what it returns."""

    job: Job


class Runner(Actor[Run]):
    """Runs one job and finishes."""

    async def receive(self, message: Run) -> None:
        message.reply(await message.job())
        self.finish()


TASK = ChildSpec(Runner, restart=Restart.TEMPORARY)


def tasks(
    *, grace: float | None = None, max_children: int | None = None
) -> type[DynamicSupervisor]:
    """A supervisor of tasks whose crashes are nobody's but the asker's."""
    template = ChildSpec(Runner, restart=Restart.TEMPORARY, grace=grace)
    return dynamic(template, max_children=max_children)


async def run(supervisor: ActorRef[AdminRequest], job: Job) -> object:
    """Run a job in a child of its own; it does not outlive who waits for it."""
    ref = await start_child(supervisor)
    try:
        return await ref.ask(Run(job))
    finally:
        ref.kill()


async def outcome(supervisor: ActorRef[AdminRequest], job: Job) -> object:
    """As `run`, but how it ended is a value too."""
    try:
        return await run(supervisor, job)
    except ActorError as error:
        return error


async def stream(
    supervisor: ActorRef[AdminRequest],
    jobs: list[Job],
    *,
    at_once: int = 100,
    each: float = math.inf,
) -> list[object]:
    """Run jobs side by side, `at_once` at most; the outcomes in the order of the jobs.

    A job that takes longer than `each` seconds is killed and its outcome is None.
    """
    outcomes: list[object] = [None] * len(jobs)
    room = trio.CapacityLimiter(at_once)

    async def one(number: int) -> None:
        with trio.move_on_after(each):
            outcomes[number] = await outcome(supervisor, jobs[number])
        room.release_on_behalf_of(number)

    async with trio.open_nursery() as nursery:
        for number in range(len(jobs)):
            await room.acquire_on_behalf_of(number)
            nursery.start_soon(one, number)
    return outcomes


def give(value: object, seconds: float = 0) -> Job:
    """A job that returns the value after a while."""

    async def job() -> object:
        await trio.sleep(seconds)
        return value

    return job


def fail(seconds: float = 0) -> Job:
    """A job that raises `BoomError` after a while."""

    async def job() -> object:
        await trio.sleep(seconds)
        raise BoomError

    return job


def cause_of(error: object) -> BaseException | None:
    """What an error that was returned came from."""
    assert isinstance(error, BaseException)
    return error.__cause__


# ------------------------------------------------------------------ Task.Supervisor


@seeds(20)
async def test_elixir_task_supervisor_async_linked() -> None:
    """The crash of a child task is its actor's, and the actor's end is the task's."""
    journal: Journal = []

    async def task(me: Puppet) -> None:
        del me
        try:
            await trio.sleep_forever()
        finally:
            journal.append("cancelled")

    async def fail_later() -> None:
        await trio.sleep(1)
        boom()

    async with open_system() as system:
        owner = system.start(Owner, None, journal)
        ref = await child_of(owner, Puppet)
        await ref.ask(Do(lambda me: me.start_soon(task, me)))
        await ref.ask(Do(lambda me: me.start_soon(fail_later)))
        await trio.sleep(2)

        assert journal[0] == "cancelled"
        ended = journal[1]
        assert isinstance(ended, tuple)
        assert isinstance(ended[1], Crashed)
        assert isinstance(ended[1].error, BoomError)
        assert await ref.ask(Echo()) == "echo"  # its next incarnation, without tasks
        assert system.statistics().restarts == 1
        assert [each.tasks for each in system.tree().walk()] == [0, 0, 0]


@seeds(20)
async def test_elixir_task_supervisor_async_nolink_owner_survives() -> None:
    """The crash of a task in a child of its own is an error to who asked, no more."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        ref = system.start(Puppet)

        async def ask_task(me: Puppet) -> str:
            del me
            with pytest.raises(ActorCrashedError) as caught:
                await run(pool, fail())
            assert isinstance(caught.value.__cause__, BoomError)
            return "survived"

        assert await ref.ask(Do(ask_task)) == "survived"
        assert (ref.exit, pool.exit) == (None, None)
        assert await run(pool, give(42)) == 42
        assert await list_children(pool) == ()
        assert system.statistics().restarts == 0


@seeds(10)
async def test_elixir_task_supervisor_custom_shutdown() -> None:
    """A task at work has the grace of its spec when its supervisor stops."""
    async with open_system() as system, trio.open_nursery() as nursery:
        outcomes: list[object] = []

        async def collect_outcome(pool: ActorRef[AdminRequest], job: Job) -> None:
            outcomes.append(await outcome(pool, job))

        pool = await start_ready(system, tasks(grace=3))
        nursery.start_soon(collect_outcome, pool, give("in time", 2))
        nursery.start_soon(collect_outcome, pool, give("too late", 4))
        await settle()
        pool.stop()
        assert await pool.wait_stopped() == Stopped()
        await settle()

        assert trio.current_time() == 3
        assert outcomes[0] == "in time"
        assert isinstance(outcomes[1], ActorStoppedError)
        assert outcomes[1].exit == Killed()


@seeds(10)
async def test_elixir_task_supervisor_max_children_raises() -> None:
    """One task too many is refused; the others go on."""
    async with open_system() as system, trio.open_nursery() as nursery:
        pool = await start_ready(system, tasks(max_children=1))
        nursery.start_soon(run, pool, give("first", 1))
        await settle()

        with pytest.raises(MaxChildrenError):
            await run(pool, give("second"))

        assert (await count_children(pool)).active == 1
        await trio.sleep(1.5)
        assert await run(pool, give("third")) == "third"


@seeds(10)
async def test_elixir_task_supervisor_callers_chain() -> None:
    """A task knows its callers, whatever a context variable says: [caller | its own].

    A child task has the context of its actor; what it adds is seen by its own tasks,
    not by the actor.
    """
    chains: dict[str, tuple[str, ...]] = {}

    async def inner() -> None:
        chains["inner"] = callers.get()

    async def outer() -> None:
        chains["outer"] = callers.get()
        callers.set(("outer", *callers.get()))
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(inner)

    def begin(me: Puppet) -> None:
        callers.set(("actor",))
        me.start_soon(outer)

    async with open_system() as system:
        ref = system.start(Puppet)
        other = system.start(Puppet)
        await ref.ask(Do(begin))
        await settle()

        assert chains == {"outer": ("actor",), "inner": ("outer", "actor")}
        assert await ref.ask(Do(lambda _: callers.get())) == ("actor",)
        assert await other.ask(Do(lambda _: callers.get())) == ()


@seeds(10)
async def test_elixir_task_supervisor_start_child_restart_option_reruns() -> None:
    """A transient child runs its work again until it has not crashed."""
    stage = Stage()

    class Errand(Actor[object]):
        """Does its work when it starts, and finishes; twice it fails."""

        def __init__(self, stage: Stage) -> None:
            self.stage = stage

        def started(self) -> None:
            self.report_ready()
            self.start_soon(self.work)

        async def work(self) -> None:
            await trio.sleep(1)
            if self.stage.note("errand", "run") < 3:
                raise BoomError
            self.finish()

        def receive(self, message: object) -> None:
            raise NotImplementedError

    async with open_system() as system:
        template = ChildSpec(Errand, stage, restart=Restart.TRANSIENT)
        pool = await start_ready(system, dynamic(template))
        ref = await start_child(pool)

        assert await ref.wait_stopped() == Finished()
        assert stage.log == ["errand run"] * 3
        assert trio.current_time() == 3
        assert await list_children(pool) == ()


@seeds(10)
async def test_elixir_task_supervisor_terminate_child() -> None:
    """`stop_child` ends one task, its asker is told, the others go on."""
    outcomes: dict[str, object] = {}

    async with open_system() as system, trio.open_nursery() as nursery:
        pool = await start_ready(system, tasks(grace=0))

        async def keep_outcome(name: str, ref: AnyRef, job: Job) -> None:
            try:
                outcomes[name] = await ref.ask(Run(job))
            except ActorStoppedError as error:
                outcomes[name] = error.exit

        first, second = [await start_child(pool) for _ in range(2)]
        nursery.start_soon(keep_outcome, "first", first, give(1, 10))
        nursery.start_soon(keep_outcome, "second", second, give(2, 10))
        await settle()

        await stop_child(pool, first)
        await settle()
        assert outcomes == {"first": Killed()}
        assert list((await refs_of(pool)).values()) == [second]
        await second.wait_stopped()
        await settle()
        assert outcomes["second"] == 2


@seeds(20)
async def test_elixir_task_supervisor_await_exits_on_error_or_exit() -> None:
    """Who waits for a task is told at once that it crashed, was killed or stopped."""
    async with open_system() as system, trio.open_nursery() as nursery:
        pool = await start_ready(system, tasks(grace=3))

        crashed = await outcome(pool, fail())
        assert isinstance(crashed, ActorCrashedError)
        assert isinstance(cause_of(crashed), BoomError)

        for end in (KILL, STOP):
            ref = await start_child(pool)
            nursery.start_soon(_end_when_settled, ref, end)
            with pytest.raises(ActorStoppedError) as caught:
                await ref.ask(Run(trio.sleep_forever))
            assert caught.value.exit == Killed()
        assert pool.exit is None


async def _end_when_settled(ref: AnyRef, end: End) -> None:
    await settle()
    end(ref)


@seeds(20)
async def test_elixir_task_supervisor_await_timeout_leaves_nothing() -> None:
    """After a timeout the late answer reaches nobody and no timer or task is left."""
    journal: Journal = []
    before = open_tasks()
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        ref = system.start(Puppet, journal)
        task = await start_child(pool)

        async def give_up(me: Puppet) -> None:
            del me
            with pytest.raises(trio.TooSlowError):
                await task.ask(Run(give("late", 2)), within=1)

        await ref.ask(Do(give_up))
        await task.wait_stopped()
        await settle()

        assert trio.current_time() == 2
        assert journal == []
        statistics = system.statistics()
        assert (statistics.late_replies, statistics.timers) == (1, 0)
        assert len(system.dead_letters) == 0
    assert open_tasks() == before


# --------------------------------------------------------------------- async_stream


@seeds(10)
async def test_elixir_async_stream_ordered_results() -> None:
    """The results come in the order of the input, whoever was first."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        jobs = [give(number, 5 - number) for number in range(5)]

        assert await stream(pool, jobs) == [0, 1, 2, 3, 4]
        assert trio.current_time() == 5


@seeds(10)
async def test_elixir_async_stream_slowest_first() -> None:
    """A slow first job does not hold up the others; two at a time make two lanes."""
    async with open_system() as system:
        pool = await start_ready(system, tasks(max_children=2))
        jobs = [give(number, 4 if number == 0 else 1) for number in range(5)]

        assert await stream(pool, jobs, at_once=2) == [0, 1, 2, 3, 4]
        assert trio.current_time() == 4


@seeds(10)
async def test_elixir_async_stream_exits_as_values() -> None:
    """A job that crashes is a value among the others."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())

        first, second, third = await stream(pool, [give(1, 2), fail(1), give(3)])

        assert (first, third) == (1, 3)
        assert isinstance(second, ActorCrashedError)
        assert isinstance(second.__cause__, BoomError)
        assert pool.exit is None


@seeds(10)
async def test_elixir_async_stream_early_halt_stops_unused_tasks() -> None:
    """Who has seen enough cancels the scope: the tasks at work end with it."""
    ended: list[str] = []

    async def endless() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append("cancelled")

    async with open_system() as system:
        pool = await start_ready(system, tasks())
        with trio.move_on_after(1):
            await stream(pool, [endless] * 3)
        await settle()

        assert ended == ["cancelled"] * 3
        assert await list_children(pool) == ()
        assert trio.current_time() == 1


@seeds(10)
async def test_elixir_async_stream_no_leaked_messages() -> None:
    """An actor that runs a stream gets nothing but its own messages afterwards."""
    journal: Journal = []
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        ref = system.start(Puppet, journal)
        jobs = [give(1), fail(), give(3, 9), give(4)]

        async def run_stream(me: Puppet) -> object:
            del me
            return [type(each) for each in await stream(pool, jobs, each=5)]

        answer = await ref.ask(Do(run_stream))
        await trio.sleep(10)
        await ref.tell("own")
        await settle()

        assert answer == [int, ActorCrashedError, type(None), int]
        assert journal == ["own"]


@seeds(10)
async def test_elixir_async_stream_max_children_clean_stop() -> None:
    """A stream that asks for more tasks than may be fails and leaves none at work."""
    async with open_system() as system:
        pool = await start_ready(system, tasks(max_children=2))
        jobs: list[Job] = [trio.sleep_forever] * 3

        # MaxChildrenError is an ActorError too: `outcome` makes a value of it
        outcomes = await stream(pool, jobs, each=1)
        await settle()

        assert [type(each) for each in outcomes].count(MaxChildrenError) == 1
        assert outcomes.count(None) == 2
        assert await list_children(pool) == ()
        assert await run(pool, give("room again")) == "room again"


@seeds(10)
async def test_elixir_async_stream_timeout_kills_the_task() -> None:
    """A job over its time is killed, its place is None, the others are not touched."""
    async with open_system() as system:
        pool = await start_ready(system, tasks(grace=math.inf))

        outcomes = await stream(pool, [give(1, 2), give(2, 4), give(3)], each=3)
        await settle()

        assert outcomes == [1, None, 3]
        assert trio.current_time() == 3
        assert await list_children(pool) == ()


@seeds(10)
async def test_elixir_async_stream_zip_input_on_exit() -> None:
    """The outcomes stand in the order of the input, so zip tells which one failed."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        jobs = {"good": give(1), "bad": fail(), "slow": give(2, 1)}

        outcomes = await stream(pool, [*jobs.values()])

        failed = [
            name
            for name, each in zip(jobs, outcomes, strict=True)
            if isinstance(each, ActorError)
        ]
        assert failed == ["bad"]


@seeds(10)
async def test_elixir_async_stream_no_leaked_tasks() -> None:
    """A stream that fails, by its own caller, leaves no child and no Trio task."""
    before = open_tasks()
    async with open_system() as system:
        pool = await start_ready(system, tasks())

        async def fail_soon() -> None:
            await trio.sleep(1)
            raise BoomError

        with pytest.RaisesGroup(BoomError):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stream, pool, [give(1, 5)] * 20)
                nursery.start_soon(fail_soon)
        await settle()

        assert await list_children(pool) == ()
        statistics = system.statistics()
        assert (statistics.actors, statistics.timers) == (1, 0)
    assert open_tasks() == before


def test_elixir_async_stream_invalid_shutdown_refused() -> None:
    """A grace that is none is refused before any task is started."""
    grace: Any
    for grace in (-1, "unknown", math.nan):
        with pytest.raises(SpecError):
            tasks(grace=grace)


# ----------------------------------------------------------------------------- Task


@seeds(20)
async def test_elixir_task_ignore_discards_on_time_late_and_failed() -> None:
    """Whoever tells instead of asking gets nothing back: no answer, late or failed."""
    journal: Journal = []
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        ref = system.start(Puppet, journal)
        jobs = [give("on time"), give("late", 3), fail()]

        async def tell_all(me: Puppet) -> None:
            del me
            for job in jobs:
                await (await start_child(pool)).tell(Run(job))

        await ref.ask(Do(tell_all))
        await trio.sleep(5)

        assert journal == []
        assert ref.exit is None
        assert pool.exit is None
        assert await list_children(pool) == ()
        assert system.statistics().late_replies == 0


@seeds(10)
async def test_elixir_task_await_by_non_owner_raises() -> None:
    """A request has one asker: another task that asks the same one is refused."""
    async with open_system() as system, trio.open_nursery() as nursery:
        pool = await start_ready(system, tasks())
        ref = await start_child(pool)
        request = Run(give("mine", 1))
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await ref.ask(request))

        nursery.start_soon(ask)
        await settle()
        with pytest.raises(RuntimeError, match="asked already"):
            await ref.ask(request)
        await trio.sleep(2)

        assert answers == ["mine"]


@seeds(10)
async def test_elixir_task_yield_many_limit() -> None:
    """A scope that is left after the first n answers has n answers."""
    got: list[object] = []
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        async with trio.open_nursery() as nursery:

            async def one(value: int) -> None:
                got.append(await run(pool, give(value, value)))
                if len(got) == 2:
                    nursery.cancel_scope.cancel()

            for value in (3, 1, 2, 4):
                nursery.start_soon(one, value)
        await settle()

        assert got == [1, 2]
        assert trio.current_time() == 2
        assert await list_children(pool) == ()


@seeds(10)
async def test_elixir_task_yield_many_on_timeout_nil() -> None:
    """Who leaves an ask lets the task go on: it can be waited for once more."""
    done: list[str] = []

    async def job() -> None:
        await trio.sleep(3)
        done.append("done")

    async with open_system() as system:
        pool = await start_ready(system, tasks())
        ref = await start_child(pool)
        answer: object = None
        with trio.move_on_after(1):
            answer = await ref.ask(Run(job))

        assert (answer, ref.exit, done) == (None, None, [])
        assert await ref.wait_stopped() == Finished()
        assert (done, trio.current_time()) == (["done"], 3)


@seeds(10)
async def test_elixir_task_yield_many_on_timeout_kill() -> None:
    """Or kills it: then it has not been done."""
    done: list[str] = []

    async def job() -> None:
        await trio.sleep(3)
        done.append("done")

    async with open_system() as system:
        pool = await start_ready(system, tasks())
        with trio.move_on_after(1):
            await run(pool, job)
        await settle()

        assert await list_children(pool) == ()
        await trio.sleep(5)
        assert done == []


@seeds(10)
async def test_elixir_task_yield_many_on_timeout_ignore() -> None:
    """Or forgets it: it ends by itself, the supervisor forgets it too."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        with trio.move_on_after(1):
            await (await start_child(pool)).ask(Run(fail(3)))
        assert (await count_children(pool)).active == 1
        await trio.sleep(5)

        assert await list_children(pool) == ()
        assert pool.exit is None


@seeds(10)
async def test_elixir_task_await_many_first_failure_ends_all() -> None:
    """In a nursery the first failure ends the other asks, and their tasks."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        with pytest.RaisesGroup(ActorCrashedError):
            async with trio.open_nursery() as nursery:
                for job in (give(1, 9), fail(1), give(2, 9)):
                    nursery.start_soon(run, pool, job)
        await settle()

        assert trio.current_time() == 1
        assert await list_children(pool) == ()
        assert pool.exit is None


@seeds(10)
async def test_elixir_task_await_many_input_order() -> None:
    """Answers that are kept by number come out in the order of the input."""
    answers: dict[int, object] = {number: None for number in range(4)}  # noqa: C420
    async with open_system() as system:
        pool = await start_ready(system, tasks())

        async def one(number: int) -> None:
            answers[number] = await run(pool, give(f"answer {number}", 4 - number))

        async with trio.open_nursery() as nursery:
            for number in answers:
                nursery.start_soon(one, number)

        assert list(answers.values()) == [f"answer {number}" for number in range(4)]


@seeds(20)
async def test_elixir_task_shutdown_returns_a_result_that_is_there() -> None:
    """An answer that is there when the asker is cancelled is not lost."""
    hold = Hold()
    answers: list[str] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet)
        scope = trio.CancelScope()

        async def ask() -> None:
            with scope:
                answers.append(await ref.ask(hold))

        nursery.start_soon(ask)
        await settle()
        hold.reply("there")
        scope.cancel()
        ref.kill()
        await settle()

        assert answers == ["there"]
        assert system.statistics().late_replies == 0


@seeds(10)
async def test_elixir_task_shutdown_brutal() -> None:
    """A task that is killed ends at once, whatever its grace; no restart comes."""
    cleaned: list[str] = []

    async def job() -> None:
        try:
            await trio.sleep_forever()
        finally:
            cleaned.append("cleaned up")

    async with open_system() as system:
        pool = await start_ready(system, tasks(grace=math.inf))
        ref = await start_child(pool)
        await ref.tell(Run(job))
        await settle()

        ref.kill()

        assert await ref.wait_stopped() == Killed()
        assert cleaned == ["cleaned up"]
        assert trio.current_time() == 0
        assert await list_children(pool) == ()


@seeds(10)
async def test_elixir_task_shutdown_of_nothing_ignored() -> None:
    """To stop or kill what has gone does nothing, by its ref or by its supervisor."""
    async with open_system() as system:
        pool = await start_ready(system, tasks())
        ref = await start_child(pool)
        await ref.ask(Run(give(1)))
        await ref.wait_stopped()

        for _ in range(2):
            ref.stop()
            ref.kill()
            await stop_child(pool, ref)

        assert ref.exit == Finished()
        assert pool.exit is None


# ---------------------------------------------------------------- Registry, GenServer


@seeds(10)
async def test_elixir_registry_a_dead_owner_does_not_block_its_name() -> None:
    """As soon as `stop_child` returns, the id and the path are free for another."""
    stage = Stage()
    stage.plan("a", stopped_takes=2)
    spec = stage.spec("a", restart=Restart.TEMPORARY)
    async with open_system() as system:
        sup = await start_ready(system, static(spec))
        first = (await refs_of(sup))["a"]

        await stop_child(sup, "a")
        second = await start_child(sup, spec)

        assert trio.current_time() == 2
        assert second is not first
        assert second.path == first.path
        assert first.exit == Stopped()


@seeds(10)
async def test_elixir_gen_server_call_names_callee_and_cause() -> None:
    """The error of an ask names who was asked and why there is no answer."""
    stage = Stage()
    async with open_system() as system, trio.open_nursery() as nursery:
        pool = await start_ready(system, tasks(grace=0), name="pool")

        # noproc
        gone = await start_child(pool)
        gone.kill()
        await gone.wait_stopped()
        with pytest.raises(ActorStoppedError) as stopped:
            await gone.ask(Run(give(1)))
        assert gone.path in str(stopped.value)
        assert stopped.value.exit == Killed()

        # the callee crashes
        crashed = await outcome(pool, fail())
        assert "/pool/" in str(crashed)
        assert isinstance(cause_of(crashed), BoomError)

        # killed, and stopped, with the request in hand
        for end in (KILL, STOP):
            ref = await start_child(pool)
            nursery.start_soon(_end_when_settled, ref, end)
            with pytest.raises(ActorStoppedError, match=ref.path) as stopped:
                await ref.ask(Run(trio.sleep_forever))
            assert stopped.value.exit == Killed()

        # a call to itself
        one = system.start(Puppet, name="one")

        async def ask_self(me: Puppet) -> None:
            with pytest.raises(DeadlockError, match="/one asks /one"):
                await me.ref.ask(Echo())

        await one.ask(Do(ask_self))
        assert stage.log == []


@seeds(10)
async def test_elixir_gen_server_call_names_restarting_callee() -> None:
    """An ask of a child that is stopped while it waits to restart fails at once."""
    stage = Stage()
    backoff = Backoff(10, 10, jitter=0)
    async with open_system() as system, trio.open_nursery() as nursery:
        spec = stage.spec("a", backoff=backoff)
        sup = await keep(system, static(spec))
        await sup.wait_started()
        ref = (await refs_of(sup))["a"]
        await crash(ref)

        nursery.start_soon(_end_when_settled, ref, STOP)
        with pytest.raises(ActorStoppedError, match="/a ") as caught:
            await ref.ask(Echo())

        assert caught.value.path == ref.path
        assert trio.current_time() == 0


@seeds(10)
async def test_elixir_gen_server_call_timeout_names_callee() -> None:
    """A bounded ask that takes too long says who was asked, and for how long."""
    async with open_system() as system:
        ref = system.start(Puppet, name="slow")

        with pytest.raises(trio.TooSlowError, match="/slow"):
            await ref.ask(Do(forever), within=2)

        ref.kill()


@seeds(10)
async def test_elixir_gen_server_stop_unknown() -> None:
    """To stop a child that there is not is an error that names it; nothing happens."""
    async with open_system() as system:
        sup = await start_ready(system, static())
        with pytest.raises(LookupError, match="/sup has no child 'nobody'"):
            await stop_child(sup, "nobody")
        assert sup.exit is None
