"""The engine: each guarantee of DESIGN section 4, under many orders of scheduling."""

# A crash leaves the block of open_system(), so the block is what must raise.
# ruff: noqa: PT012

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorRef,
    ActorSystem,
    Crashed,
    Decision,
    Exit,
    Killed,
    Request,
    Stopped,
    open_system,
)
from actors.testing import open_tasks, seeds
from tests.actors.cast import (
    CRASH,
    Boom,
    Cast,
    Do,
    Outcome,
    Plain,
    Puppet,
    Question,
    Riddle,
    Start,
    begin,
    boom_later,
    contains_only,
    look,
    send,
    start_below,
    start_owned,
)

# -------------------------------------------------- one at a time, FIFO per sender


@attrs.frozen
class Numbered:
    """The messages of one sender, in its order."""

    name: int
    number: int


class Lonely(Puppet):
    """Notices if it is ever entered twice at once."""

    inside = False
    """True while it handles a message."""

    async def receive(self, message: object) -> None:
        assert not self.inside
        self.inside = True
        if isinstance(message, Numbered) and message.number % 3 == 0:
            await trio.lowlevel.checkpoint()
        if isinstance(message, Question):
            message.reply(1)
        self.log.append(message)
        self.inside = False


@seeds()
async def test_one_message_at_a_time_and_fifo_per_sender() -> None:
    """Senders of all kinds at once: never two messages in hand, none out of order."""
    logs: list[list[Any]] = [[], []]

    async def sender(name: int, refs: list[ActorRef[Any]]) -> None:
        for number in range(6):
            for ref in refs:
                how = "tell" if (name + number) % 2 else "tell_nowait"
                await send(how, ref, Numbered(name, number))
                if number == name:
                    await ref.ask(Question())
            if number % 2:
                await trio.lowlevel.checkpoint()

    async with open_system() as system:
        refs: list[ActorRef[Any]] = [system.start(Lonely, log) for log in logs]
        async with trio.open_nursery() as nursery:
            for name in range(4):
                nursery.start_soon(sender, name, refs)

    for log in logs:
        for name in range(4):
            numbers = [
                m.number for m in log if isinstance(m, Numbered) and m.name == name
            ]
            assert numbers == list(range(6))
        assert log.count(Question()) == 4


# ------------------------------------------------------------------------ structured


WAITING = ["waiting", "waiting"]


async def sleep_on(_: Cast) -> None:
    """Wait for ever."""
    await trio.sleep_forever()


async def nap(_: Cast) -> None:
    """Wait for a second."""
    await trio.sleep(1)


async def hang() -> None:
    """Wait for ever, reluctantly."""
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.lowlevel.checkpoint()


async def hang_in_nurseries(_: Cast) -> None:
    """Wait for ever in a nursery in a nursery."""
    async with trio.open_nursery() as outer, trio.open_nursery() as inner:
        outer.start_soon(hang)
        inner.start_soon(hang)


class Busy(Cast):
    """Has everything running: children, tasks, timers, a hook that waits."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()
        self.start(Puppet).tell_nowait(Do(hang_in_nurseries))
        self.start_soon(hang)
        self.every(1, "tick")
        self.after(1000, "never")

    async def receive(self, message: object) -> None:
        result = self.obey(message)
        if result is not None:
            await result

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        await trio.sleep(1)


async def run_everything(system: ActorSystem, nursery: trio.Nursery) -> None:
    """Start actors in every state there is."""
    for _ in range(2):
        busy = system.start(Busy, grace=2)
        busy.tell_nowait(Do(lambda me: me.start_soon(hang)))
    hung = system.start(Puppet, grace=2)
    hung.tell_nowait(Do(hang_in_nurseries))
    nursery.start_soon(Outcome().of, hung.ask, Question())
    riddled = system.start(Plain)
    nursery.start_soon(Outcome().of, riddled.ask, Riddle())
    held = await start_below(system, Puppet, decision=Decision.HOLD)
    held.tell_nowait(CRASH)
    system.start(Busy).kill()
    system.start(Busy).stop()


def open_files() -> list[str]:
    """List the open file descriptors, where the system can say."""
    folder = Path("/proc/self/fd")
    return sorted(os.listdir(folder)) if folder.exists() else []  # noqa: PTH208


@pytest.mark.parametrize("end", ["end", "exception", "cancel", "crash"])
@seeds()
async def test_nothing_is_left_after_the_block(end: str) -> None:
    """No task, no nursery, no file, however it ends and whatever was running."""
    tasks, files = open_tasks(), open_files()
    here = trio.lowlevel.current_task()
    nurseries = len(here.child_nurseries)
    systems: list[ActorSystem] = []
    with trio.CancelScope() as scope:
        try:
            async with trio.open_nursery() as nursery, open_system() as system:
                systems.append(system)
                await run_everything(system, nursery)
                if end == "exception":
                    raise Boom
                if end == "cancel":
                    scope.cancel()
                if end == "crash":
                    system.start(Puppet).tell_nowait(CRASH)
                await trio.sleep(1.5)
        except BaseExceptionGroup as group:
            assert group.split((Boom, trio.Cancelled))[1] is None  # noqa: PT017

    assert open_tasks() == tasks
    assert len(here.child_nurseries) == nurseries
    assert systems[0].tree().children == ()
    assert systems[0].statistics().actors == 0
    if sys.platform == "linux":
        assert open_files() == files


# ------------------------------------------------------------ nobody is held up


@seeds()
async def test_a_hung_receive_holds_up_nobody_else() -> None:
    """Six actors hang in `receive`, six in `started`; the others answer in no time."""

    class Hangs(Puppet):
        async def started(self) -> None:
            await trio.sleep_forever()

    async with open_system() as system:
        hung = [system.start(Puppet, grace=0) for _ in range(6)]
        others = [system.start(make) for make in (Plain, Puppet) for _ in range(3)]
        for ref in hung:
            ref.tell_nowait(Do(sleep_on))
        hung += [system.start(Hangs, grace=0) for _ in range(6)]
        async with trio.open_nursery() as nursery:
            answers = [Outcome() for _ in others]
            for answer, ref in zip(answers, others, strict=True):
                nursery.start_soon(answer.of, ref.ask, Question())

        assert [answer.value for answer in answers] == [42] * 6
        assert trio.current_time() == 0
        assert all(look(system, ref).state in {"waiting", "starting"} for ref in hung)


@seeds()
async def test_actors_that_never_suspend_share_the_time() -> None:
    """Two that tell themselves without end: each gets turns, and so do other tasks."""
    counts = [0, 0]
    turns = 0

    class Endless(Plain):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def receive(self, message: object) -> None:
            counts[self.number] += 1
            self.ref.tell_nowait(message)

    async with open_system() as system:
        refs = [system.start(Endless, number) for number in range(2)]
        for ref in refs:
            ref.tell_nowait("on")
        while min(counts) == 0 or turns < 6:
            await trio.lowlevel.checkpoint()
            turns += 1

        quiet = system.start(Puppet)
        assert await quiet.ask(Question()) == 42
        assert max(counts) < 100_000
        for ref in refs:
            ref.kill()


@seeds(200)
async def test_a_stop_of_an_actor_that_never_rests_is_bounded_by_its_grace() -> None:
    """Its backlog is cut off between two slices, when the grace is over."""

    class Endless(Plain):
        def receive(self, message: object) -> None:
            self.unstash_all()
            self.stash(message)
            self.unstash_all()

    async with open_system() as system:
        ref = system.start(Endless, grace=0)
        ref.tell_nowait("on")
        ref.stop()

        assert await ref.wait_stopped() == Killed()


# -------------------------------------------------------------------- kill is exact


@seeds()
async def test_a_kill_cancels_exactly_its_activation_and_its_tasks() -> None:
    """Of three actors in the same position only the killed one notices."""
    log: list[str] = []

    async def wait(name: str) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            log.append(name)
            raise

    def act(name: str) -> Do:
        def run(me: Cast) -> Awaitable[None]:
            me.start_soon(wait, f"{name} task")
            return wait(f"{name} receive")

        return Do(run)

    async with open_system() as system:
        refs = [system.start(Puppet, name=name, grace=0) for name in "abc"]
        for ref, name in zip(refs, "abc", strict=True):
            ref.tell_nowait(act(name))
        await settle()
        refs[1].kill()
        assert await refs[1].wait_stopped() == Killed()

        assert sorted(log) == ["b receive", "b task"]
        assert [look(system, ref).state for ref in (refs[0], refs[2])] == [
            "waiting"
        ] * 2


@seeds()
async def test_the_worker_of_a_killed_actor_works_on_for_others() -> None:
    """A cancelled scope is renewed: what the worker holds next is not cancelled."""
    log: list[Any] = []
    async with open_system() as system:
        for _ in range(3):
            ref = system.start(Puppet, log)
            ref.tell_nowait(Do(sleep_on))
            await settle()
            ref.kill()
            await ref.wait_stopped()
        other = system.start(Puppet, log)
        other.tell_nowait(Do(nap))
        other.tell_nowait("slept")
        await trio.sleep(2)

    assert log == ["slept"]


@seeds()
async def test_a_kill_that_meets_the_end_of_the_wait_is_one_end() -> None:
    """Killed in the same step in which its wait is over: one exit, one dead letter."""
    async with open_system() as system:
        ref = system.start(Puppet)
        gate = trio.Event()
        ref.tell_nowait(Do(lambda _: gate.wait()))
        await settle()
        gate.set()
        ref.kill()

        assert await ref.wait_stopped() == Killed()
        assert sum(system.dead_letters.counts.values()) <= 1


# ---------------------------------------------------------- exceptions stop at the cell


@seeds()
async def test_exceptions_stop_at_the_cell() -> None:
    """A crash, a group and a crash after a wait are exits; the neighbours live on."""

    def group(_: Cast) -> None:
        text = "two"
        raise ExceptionGroup(text, [Boom(), ValueError()])

    async with open_system() as system:
        neighbour = system.start(Puppet)
        exits: list[Exit] = []
        acts: list[Callable[[Cast], object]] = [
            CRASH.act,
            group,
            lambda _: boom_later(),
            lambda me: me.start_soon(boom_later),
        ]
        for number, act in enumerate(acts):
            owner = system.start(Lenient, name=f"owner {number}")
            ref = await owner.ask(Start(Puppet))
            ref.tell_nowait(Do(act))
            exits.append(await ref.wait_stopped())
        assert await neighbour.ask(Question()) == 42

    kinds = [type(exit_.error) for exit_ in exits if isinstance(exit_, Crashed)]
    assert kinds == [Boom, ExceptionGroup, Boom, Boom]


class Lenient(Puppet):
    """Lets each child go."""

    def child_ended(self, child: ActorRef[Any], exit: Exit) -> Decision:  # noqa: A002
        del child, exit
        return Decision.END


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@seeds(200)
async def test_what_must_not_be_swallowed_is_not(
    kind: type[BaseException],
    wait: bool,  # noqa: FBT001
) -> None:
    """Of a mixed group the exceptions are the crash; the rest leaves the block."""

    async def mixed(_: Cast) -> None:
        if wait:
            await trio.lowlevel.checkpoint()
        text = "mixed"
        raise BaseExceptionGroup(text, [Boom(), kind()])

    ref: ActorRef[Any] | None = None
    with pytest.raises(BaseExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        async with open_system() as system:
            owner, ref = await start_owned(system, Puppet, decision=Decision.END)
            del owner
            ref.tell_nowait(Do(mixed))
            await trio.sleep_forever()

    assert contains_only(caught.value, kind)
    assert ref is not None
    exit_ = ref.exit
    assert isinstance(exit_, Crashed)
    assert contains_only(exit_.error, Boom)


@seeds(200)
async def test_a_cancelled_that_nobody_caused_is_a_crash() -> None:
    """Raised from elsewhere, `trio.Cancelled` does not kill and is not swallowed."""
    stolen: list[trio.Cancelled] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:  # noqa: ASYNC103 - that is the fault
            stolen.append(error)

    def throw(_: Cast) -> None:
        raise stolen[0]

    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.END)
        ref.tell_nowait(Do(throw))
        exit_ = await ref.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert exit_.error.__cause__ is stolen[0]


# --------------------------------------------------------------------------- context

VAR: ContextVar[str] = ContextVar("VAR", default="none")


@pytest.mark.parametrize("make", [Plain, Puppet])
@seeds(200)
async def test_each_actor_has_its_own_context(make: type[Cast]) -> None:
    """Neither the sender's values nor the previous actor's are seen."""
    VAR.set("body")
    seen: list[str] = []

    def note(_: Cast) -> None:
        seen.append(VAR.get())

    def change(me: Cast) -> None:
        VAR.set(me.ref.path)
        me.start_soon(note_task)

    async def note_task() -> None:
        seen.append(f"task of {VAR.get()}")

    async with open_system() as system:
        first, second = system.start(make, name="a"), system.start(make, name="b")
        VAR.set("sender")
        first.tell_nowait(Do(change))
        second.tell_nowait(Do(note))
        first.tell_nowait(Do(note))
        await settle()
        assert sorted(seen) == ["/a", "body", "task of /a"]
        assert VAR.get() == "sender"

        seen.clear()
        await first.ask(Question())
        child = await first.ask(Start(make, (), "child"))
        child.tell_nowait(Do(note))
        await settle()
        assert seen == ["/a"]
        assert VAR.get() == "sender"


@seeds(200)
async def test_a_context_outlives_waits_and_restarts() -> None:
    """What an actor has set is set after a wait and after a restart."""
    seen: list[str] = []

    async def change(_: Cast) -> None:
        VAR.set("mine")
        await trio.lowlevel.checkpoint()
        seen.append(VAR.get())

    def note(_: Cast) -> None:
        seen.append(VAR.get())

    async with open_system() as system:
        ref = await start_below(system, Puppet)
        other = system.start(Puppet)
        other.tell_nowait(Do(nap))
        ref.tell_nowait(Do(change))
        await settle()
        ref.tell_nowait(Do(note))
        ref.tell_nowait(CRASH)
        ref.tell_nowait(Do(note))
        other.tell_nowait(Do(note))
        await trio.sleep(2)

    assert seen == ["mine", "mine", "mine", "none"]


# ---------------------------------------------------------- all of Trio inside receive


@seeds()
async def test_all_of_trio_works_inside_receive() -> None:
    """Cancel scopes, nurseries, deadlines, `current_task`: before and after a wait."""
    log: list[object] = []

    async def story(me: Cast) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep_forever()
        log.append(scope.cancelled_caught)
        task = trio.lowlevel.current_task()
        begun = trio.current_time()
        with trio.move_on_after(5):
            await trio.sleep_forever()
        log.append(trio.current_time() - begun)
        log.append(trio.lowlevel.current_task() is task)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1)
            answer = await other.ask(Question())
            me.log.append(answer)
        with pytest.raises(trio.TooSlowError), trio.fail_after(1):
            await other.ask(Riddle())

    async with open_system() as system:
        other = system.start(Puppet)
        ref = system.start(Puppet, log)
        ref.tell_nowait(Do(story))
        ref.tell_nowait("behind")
        await trio.sleep(20)

    assert log == [True, 5, True, 42, "behind"]


# -------------------------------------------------------- inline ask equals worker ask


@attrs.frozen
class Case(Request[object]):
    """Does one of the things that can be done with a request."""

    what: str


class Handler(Plain):
    """Does what the case says, in a plain `receive`."""

    def receive(self, message: object) -> None:  # noqa: C901 - a table
        if not isinstance(message, Case):
            self.obey(message)
            return
        match message.what:
            case "reply":
                message.reply(1)
            case "fail":
                message.fail(Boom())
            case "crash":
                raise Boom
            case "reply and crash":
                message.reply(2)
                raise Boom
            case "reply later":
                self.after(1, Do(lambda _: message.reply(3)))
            case "stash":
                self.stash(message)
                self.after(1, Do(lambda me: me.unstash_all()))
                self.after(2, Do(lambda _: message.reply(4)))
            case "stop":
                self.ref.stop()
            case "kill":
                self.ref.kill()
            case "tell itself and finish":
                self.ref.tell_nowait("told")
                message.reply(5)
                self.finish()
            case _:
                message.reply(VAR.get())


CASES = [
    "reply",
    "fail",
    "crash",
    "reply and crash",
    "reply later",
    "stash",
    "stop",
    "kill",
    "tell itself and finish",
    "context",
]


@pytest.mark.parametrize("what", CASES)
@seeds(200)
async def test_an_inline_answer_equals_a_workers(what: str) -> None:
    """The same outcome, exit, log and dead letters whoever ran `receive`."""
    VAR.set("outside")
    results: list[object] = []
    for idle in (True, False):
        log: list[Any] = []
        async with open_system() as system:
            VAR.set("asker")
            ref = await start_below(system, Handler, log, decision=Decision.END)
            if not idle:
                ref.tell_nowait("before")
            asker = Outcome()
            with trio.move_on_after(9):
                await asker.of(ref.ask, Case(what))
            await settle()
            statistics = system.statistics()
            results.append(
                (
                    asker.value,
                    type(asker.error),
                    type(ref.exit),
                    [message for message in log if message != "before"],
                    statistics.dead_letters,
                    statistics.crashes,
                    statistics.late_replies,
                )
            )
            VAR.set("outside")

    assert results[0] == results[1]


@seeds(200)
async def test_an_inline_answer_lets_exit_errors_through() -> None:
    """`SystemExit` in an inline answer leaves the asker's task; the actor is killed."""

    def leave(_: Cast) -> None:
        raise SystemExit(3)

    class Leaves(Plain):
        def receive(self, message: object) -> None:
            del message
            leave(self)

    async with open_system() as system:
        ref = system.start(Leaves)
        with pytest.raises(SystemExit):
            await ref.ask(Question())
        assert await ref.wait_stopped() == Killed()


# ----------------------------------------------------------------------- time is Trio's


@seeds(200)
async def test_time_is_trios() -> None:
    """Ten hours of timers, waits and deadlines passes in no time on a virtual clock."""
    log: list[float] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet)
        ref.tell_nowait(
            Do(lambda me: me.every(3600, Do(lambda _: log.append(trio.current_time()))))
        )
        asker = await begin(nursery, ref.ask, Riddle())
        await trio.sleep(36_000.5)
        ref.stop()
        await settle()
        assert asker.done

    assert log == [3600.0 * hour for hour in range(1, 11)]
    assert system.stop_report is not None
    assert system.stop_report.seconds == 0
    assert ref.exit == Stopped()
