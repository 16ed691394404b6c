"""What an owner is told about its children, and what it may do with them."""

# A failure leaves the block of open_system(), so the block is what must raise.
# ruff: noqa: PT012

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest
import trio
import trio.lowlevel
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorRef,
    ActorStarted,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Finished,
    HookFailed,
    Killed,
    Stopped,
    Subscription,
    open_system,
)
from actors.testing import seeds
from tests.actors.cast import (
    CRASH,
    Boom,
    Do,
    Farewell,
    Plain,
    Puppet,
    Wait,
    boom,
    busy,
    leaves,
    look,
)


class Parent(Puppet):
    """Notes what it is told; decides by its table, else holds."""

    def __init__(self, log: list[Any], *decisions: Decision) -> None:
        super().__init__(log)
        self.decisions = list(decisions)

    def child_started(self, child: AnyRef, info: object) -> None:
        self.log.append(("started", child.path, info))

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        self.log.append(("ended", child.path, exit))
        return self.decisions.pop(0) if self.decisions else Decision.END

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        self.log.append(("stopped", child.path, exit, undelivered))


class Slow(Puppet):
    """Is started when the event is set."""

    def __init__(self, log: list[Any], event: trio.Event | None = None) -> None:
        super().__init__(log)
        self.event = trio.Event() if event is None else event

    async def started(self) -> None:
        await self.event.wait()


class Late(Puppet):
    """Is ready when it is told so."""

    def started(self) -> None:
        self.postpone_ready()


async def with_child(
    system: Any, parent: ActorRef[Any], make: Any, *args: Any, name: str = "child"
) -> ActorRef[Any]:
    """Have the parent start a child."""
    found: list[ActorRef[Any]] = []
    parent.tell_nowait(Do(lambda me: found.append(me.start(make, *args, name=name))))
    await settle()
    del system
    return found[0]


def do(act: Callable[[Any], object]) -> Do:
    """A message that says what to do."""
    return Do(act)


def halt(child: AnyRef, me: Any) -> None:
    """Have the parent halt its child."""
    me.halt_child(child)


# ------------------------------------------------------------------ child_started


@seeds(20)
async def test_an_owner_hears_when_a_slow_child_is_ready() -> None:
    """After its `started` hook, once for each incarnation."""
    log: list[Any] = []
    event = trio.Event()
    async with open_system() as system:
        parent = system.start(Parent, log, Decision.RESTART, name="p")
        child = await with_child(system, parent, Slow, [], event)
        assert log == []
        event.set()
        await settle()
        assert log == [("started", "/p/child", None)]
        child.tell_nowait(CRASH)
        await settle()
        assert [entry[0] for entry in log] == ["started", "ended", "started"]


async def test_a_child_without_a_started_hook_is_ready_without_a_word() -> None:
    """Not when it is started, not when it is restarted on the spot."""
    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, log, Decision.RESTART, name="p")
        child = await with_child(system, parent, Plain)
        child.tell_nowait(CRASH)
        await settle()
        assert [entry[0] for entry in log] == ["ended"]
        assert look(system, child).incarnation == 2


@seeds(20)
async def test_an_owner_hears_when_a_held_child_has_been_restarted() -> None:
    """Also if it has no `started` hook."""
    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, log, Decision.HOLD, name="p")
        child = await with_child(system, parent, Plain)
        child.tell_nowait(CRASH)
        await settle()
        parent.tell_nowait(do(lambda me: me.resume_child(child, Decision.RESTART)))
        await settle()
        assert [entry[0] for entry in log] == ["ended", "started"]


async def test_a_child_that_finishes_in_started_was_never_ready() -> None:
    """Its owner hears of its end alone."""

    class Brief(Plain):
        def started(self) -> None:
            self.finish()

    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, log, name="p")
        await with_child(system, parent, Brief)
        await settle()
    assert log == [
        ("ended", "/p/child", Finished()),
        ("stopped", "/p/child", Finished(), 0),
    ]


async def test_a_hook_about_children_that_fails_is_the_owners_crash() -> None:
    """With a note that names the hook."""

    class Bad(Parent):
        def child_started(self, child: AnyRef, info: object) -> None:
            boom(child, info)

    log: list[Any] = []
    with pytest.raises(Boom) as caught:
        async with open_system() as system:
            parent = system.start(Bad, log, name="p")
            child = await with_child(system, parent, Late)
            child.tell_nowait(do(lambda me: me.report_ready()))
            await trio.sleep_forever()
    assert any("in child_started" in note for note in caught.value.__notes__)


# -------------------------------------------------------------------------- ready


@seeds(20)
async def test_an_actor_may_say_itself_when_it_is_ready() -> None:
    """Until then it is starting, and handles messages all the same."""
    log: list[Any] = []
    async with open_system() as system:
        events = system.subscribe(ActorStarted)
        parent = system.start(Parent, log, name="p")
        child = await with_child(system, parent, Late, log)
        child.tell_nowait("handled")
        await settle()
        assert log == ["handled"]
        assert look(system, child).state == "starting"
        with trio.move_on_after(0.01) as waiting:
            await child.wait_started()
        assert waiting.cancelled_caught
        child.tell_nowait(do(lambda me: me.report_ready("info")))
        await child.wait_started()
        await settle()
        assert log == ["handled", ("started", "/p/child", "info")]
        assert look(system, child).state == "idle"
        child.tell_nowait(do(lambda me: me.report_ready("again")))
        await settle()
        assert len(log) == 2
        assert [event.ref.path for event in events.drain()] == ["/p", "/p/child"]


async def test_an_actor_tells_its_owner_something_when_it_starts() -> None:
    """`report_ready(info)` in `started`, nothing postponed."""

    class Open(Plain):
        def started(self) -> None:
            self.report_ready(4711)

    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, log, name="p")
        await with_child(system, parent, Open)
        await settle()
        assert log == [("started", "/p/child", 4711)]


async def test_to_postpone_is_for_the_started_hook() -> None:
    """Elsewhere it is a RuntimeError at the call."""
    errors: list[str] = []

    def postpone(me: Any) -> None:
        with pytest.raises(RuntimeError) as caught:
            me.postpone_ready()
        errors.append(str(caught.value))

    async def sleep_and_postpone(me: Any) -> None:
        await trio.lowlevel.checkpoint()
        postpone(me)

    async with open_system() as system:
        late = system.start(Late)
        late.tell_nowait(Do(postpone))
        late.tell_nowait(Do(sleep_and_postpone))
        await settle()
    assert errors == ["postpone_ready() is for the started hook"] * 2


# ------------------------------------------------------------------ child_stopped


@seeds(20)
async def test_an_owner_hears_of_each_end_for_good(autojump_clock: object) -> None:
    """Whoever decided it, with what was left; the name is free by then."""
    del autojump_clock
    log: list[Any] = []

    class Again(Parent):
        def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
            super().child_stopped(child, exit, undelivered)
            if not self.ending:
                self.start(Farewell, self.log, name="child")

    async with open_system() as system:
        parent = system.start(Again, log, Decision.HOLD, name="p")
        child = await with_child(system, parent, Puppet, name="child")
        go_on = await busy(child, queued=2)
        child.kill()
        await settle()
        assert log == [("ended", "/p/child", Killed())]
        child.stop()  # it is held: this ends it for good
        await settle()
        assert log[1:] == [("stopped", "/p/child", Killed(), 2)]
        go_on.set()
    assert log[2] == Stopped()
    assert log[3:] == [("stopped", "/p/child", Stopped(), 0)]


@seeds(20)
async def test_an_owner_that_is_ending_still_hears_of_ends() -> None:
    """And of nothing else; a failure there is reported, and stops nothing."""
    log: list[Any] = []

    class Bad(Parent):
        def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
            super().child_stopped(child, exit, undelivered)
            raise Boom

    class Ill(Puppet):
        def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
            raise Boom

    failed: Subscription[HookFailed] | None = None
    with pytest.raises(Exception, match="several crashes") as caught:
        async with open_system() as system:
            failed = system.subscribe(HookFailed)
            parent = system.start(Bad, log, name="p")
            await with_child(system, parent, Ill, name="one")
            await with_child(system, parent, Slow, [], name="two")
            parent.tell_nowait(CRASH)
            await parent.wait_stopped()
    assert [entry[:2] for entry in log] == [
        ("stopped", "/p/two"),
        ("stopped", "/p/one"),
    ]
    assert isinstance(log[1][2], Crashed)
    assert [type(error) for error in leaves(caught.value)] == [Boom] * 3
    assert failed is not None
    assert len(failed.drain()) == 2


# --------------------------------------------------------------------------- halt


@seeds(50)
async def test_a_halted_child_finishes_its_message_and_keeps_the_rest() -> None:
    """The queue is the next incarnation's; new messages are accepted all along."""
    log: list[Any] = []
    heard: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, heard, Decision.HOLD, name="p")
        child = await with_child(system, parent, Farewell, log)
        go_on = await busy(child, queued=2)
        parent.tell_nowait(do(lambda me: me.halt_child(child)))
        await settle()
        child.tell_nowait(2)
        assert heard == []
        go_on.set()
        await settle()
        assert look(system, child).state == "held"
        child.tell_nowait(3)
        (ended,) = heard
        assert isinstance(ended[2], Stopped)
        assert log == [ended[2]]
        parent.tell_nowait(do(lambda me: me.resume_child(child, Decision.RESTART)))
        await settle()
        assert log[1:] == [0, 1, 2, 3]
        assert look(system, child).incarnation == 2


@seeds(20)
async def test_a_child_at_rest_is_halted_too() -> None:
    """Its incarnation ends, its mailbox stays open."""
    heard: list[Any] = []
    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, heard, Decision.RESTART, name="p")
        child = await with_child(system, parent, Plain, log)
        parent.tell_nowait(do(lambda me: me.halt_child(child)))
        child.tell_nowait("kept")
        await settle()
        assert log == ["kept"]
        assert look(system, child).incarnation == 2
        assert [entry[0] for entry in heard] == ["ended"]


async def test_a_halted_child_that_takes_too_long_is_cancelled(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """After its grace; it was killed then, and keeps its mailbox."""
    del autojump_clock
    heard: list[Any] = []
    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, heard, Decision.RESTART, name="p")
        child = await with_child(system, parent, Puppet, log)
        await busy(child, queued=1)
        parent.tell_nowait(do(lambda me: me.halt_child(child)))
        await trio.sleep(Puppet.grace / 2)
        assert heard == []
        await trio.sleep(Puppet.grace)
        assert heard == [("ended", "/p/child", Killed())]
        assert log == [0]


@seeds(20)
async def test_a_halted_child_can_be_killed_and_can_crash() -> None:
    """What happened last is its exit."""
    for killed, exits in ((True, Killed), (False, Crashed)):
        heard: list[Any] = []
        async with open_system() as system:
            parent = system.start(Parent, heard, Decision.END, name="p")
            child = await with_child(system, parent, Puppet)
            wait = Wait()

            async def crash_later(me: Any, wait: Wait = wait) -> None:
                del me
                await wait.event.wait()
                raise Boom

            child.tell_nowait(Do(crash_later))
            await settle()
            parent.tell_nowait(Do(partial(halt, child)))
            await settle()
            if killed:
                child.kill()
            else:
                wait.event.set()
            assert isinstance(await child.wait_stopped(), exits)
        assert isinstance(heard[0][2], exits)


async def test_a_child_halted_while_it_starts_is_not_ready() -> None:
    """Its `started` runs to its end, and nobody is told."""
    heard: list[Any] = []
    event = trio.Event()
    async with open_system() as system:
        parent = system.start(Parent, heard, Decision.END, name="p")
        child = await with_child(system, parent, Slow, [], event)
        parent.tell_nowait(do(lambda me: me.halt_child(child)))
        await settle()
        event.set()
        with pytest.raises(ActorStoppedError):
            await child.wait_started()
    assert [entry[0] for entry in heard] == ["ended", "stopped"]


# ---------------------------------------------------------------------- end_child


async def test_an_idle_child_ends_on_the_spot_and_its_owner_knows() -> None:
    """No word to the hooks; its name is free, its ref says how it ended."""
    log: list[Any] = []
    ended: list[object] = []
    async with open_system() as system:
        parent = system.start(Parent, log, name="p")
        child = await with_child(system, parent, Plain)

        def end(me: Any) -> None:
            ended.append(me.end_child(child))
            ended.append(child.exit)
            ended.append(me.owns(child))
            me.start(Farewell, log, name="child")

        parent.tell_nowait(Do(end))
        await settle()
        assert ended == [True, Stopped(), False]
        assert log == []
        assert system.statistics().actors == 2
    assert [entry[:2] for entry in log[1:]] == [("stopped", "/p/child")]


async def test_a_child_with_something_to_do_ends_as_by_stop() -> None:
    """It was told, watches, is busy, has a `stopped` hook: the hooks are called."""
    for make in (Farewell, Puppet, Plain):
        log: list[Any] = []
        ended: list[object] = []
        async with open_system() as system:
            parent = system.start(Parent, log, name="p")
            child = await with_child(system, parent, make)
            go_on = await busy(child) if make is Puppet else trio.Event()
            if make is Plain:
                child.tell_nowait(Do(lambda me: me.after(60, "later")))
                await settle()
            parent.tell_nowait(Do(partial(end, child, ended)))
            await settle()
            go_on.set()
            assert await child.wait_stopped() == Stopped()
        assert ended == [False]
        assert [entry[0] for entry in log] == ["ended", "stopped"]


def end(child: AnyRef, ended: list[object], me: Any) -> None:
    """Have the parent end its child."""
    ended.append(me.end_child(child))


# ------------------------------------------------------------ decided while asked


@seeds(20)
async def test_an_owner_may_decide_while_it_is_asked() -> None:
    """`resume_child` in `child_ended`, and HOLD as the answer."""

    class Hasty(Parent):
        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            super().child_ended(child, exit)
            self.resume_child(child, Decision.RESTART)
            return Decision.HOLD

    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Hasty, log, name="p")
        child = await with_child(system, parent, Plain)
        child.tell_nowait(CRASH)
        await settle()
        assert [entry[0] for entry in log] == ["ended", "started"]
        parent.tell_nowait(do(lambda me: me.start_soon(trio.sleep, 0)))  # it is busy
        child.tell_nowait(CRASH)
        await settle()
        assert look(system, child).incarnation == 3


# ------------------------------------------------------------- place, own, release


async def test_children_are_stopped_as_they_are_placed() -> None:
    """A child placed before another is stopped after it."""
    log: list[Any] = []
    async with open_system() as system:
        parent = system.start(Parent, log, name="p")
        refs = [await with_child(system, parent, Plain, name=n) for n in "abcd"]
        a, b, c, d = refs

        def place(me: Any) -> None:
            me.place_child(d, a)
            me.place_child(b, d)
            me.place_child(c, c)
            assert me.child_refs() == (b, d, a, c)
            assert me.owns(a)
            assert not me.owns(me.ref)
            assert not me.owns("a")
            with pytest.raises(ValueError, match="not a child"):
                me.place_child(me.ref, a)

        parent.tell_nowait(Do(place))
        await settle()
    assert [entry[1] for entry in log] == ["/p/c", "/p/a", "/p/d", "/p/b"]


async def test_released_arguments_are_not_kept() -> None:
    """Neither by the cell nor by anything else of ours."""

    @attrs.define(eq=False, slots=False)
    class Thing:
        pass

    class Forgetful(Actor[object]):
        def __init__(self, thing: Thing) -> None:
            self.known = weakref.ref(thing)

        def receive(self, message: object) -> None: ...

    thing = Thing()
    gone = weakref.ref(thing)

    class Keeper(Puppet):
        def started(self) -> None:
            child = self.start(Forgetful, self.log.pop())
            self.release_args(child)

    async with open_system() as system:
        await system.start(Keeper, [thing]).wait_started()
        del thing
        gc.collect()
        assert gone() is None


# -------------------------------------------------------------------- stop at once


class Lazy(Plain):
    """Takes a second to stop."""

    async def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
        await trio.sleep(1)


async def test_children_stopped_at_once_take_no_longer_than_one(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """One after the other they would take a hundred seconds."""
    del autojump_clock

    class Crowd(Parent):
        stop_at_once = True
        grace = math.inf

    log: list[Any] = []
    async with open_system(stop_within=1000) as system:
        parent = system.start(Crowd, log, name="p")
        for number in range(100):
            await with_child(system, parent, Lazy, name=str(number))
        begun = trio.current_time()
        parent.stop()
        await parent.wait_stopped()
        assert trio.current_time() - begun == pytest.approx(1)
    assert len(log) == 100


async def test_a_kill_reaches_all_children_that_stop_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Also those that are stopping in order already."""
    del autojump_clock

    class Crowd(Parent):
        stop_at_once = True

    log: list[Any] = []
    async with open_system(stop_within=1000) as system:
        parent = system.start(Crowd, log, name="p")
        for number in range(10):
            child = await with_child(system, parent, Puppet, name=str(number))
            await busy(child)
        begun = trio.current_time()
        parent.stop()
        await settle()
        parent.kill()
        await parent.wait_stopped()
        assert trio.current_time() == begun
    assert [entry[2] for entry in log] == [Killed()] * 10


def test_stop_at_once_is_said_by_the_class() -> None:
    """It is looked at when the class is made, like the other declarations."""
    assert not Plain._props.stop_at_once
