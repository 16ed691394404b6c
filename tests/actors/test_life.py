"""Life and death: hooks, children, timers, watches, ends, crashes, decisions."""

# A crash leaves the block of open_system(), so the block is what must raise.
# ruff: noqa: PT012

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorCrashed,
    ActorCrashedError,
    ActorLate,
    ActorStoppedError,
    AnyRef,
    Crashed,
    DeadLetterReason,
    Decision,
    Exit,
    Finished,
    HookFailed,
    Killed,
    Late,
    Mailbox,
    Overflow,
    Stopped,
    Terminated,
    open_system,
)
from tests.actors.cast import (
    CRASH,
    Boom,
    Cast,
    Do,
    Farewell,
    Owner,
    Plain,
    Puppet,
    Question,
    Start,
    Wait,
    begin,
    boom,
    boom_later,
    busy,
    leaves,
    look,
    start_below,
    start_owned,
)

# ------------------------------------------------------------------ started, stopped


class Scribe(Cast):
    """Logs every step of its life."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()
        self.log.append("started")

    async def receive(self, message: object) -> None:
        await trio.lowlevel.checkpoint()
        self.log.append(message)
        result = self.obey(message)
        if result is not None:
            await result

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        await trio.lowlevel.checkpoint()
        self.log.append(exit)

    def undelivered(self, message: object) -> None:
        self.log.append(("undelivered", message))


async def test_a_life_in_its_order() -> None:
    """`started`, messages, `stopped`, then what nobody handled."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Scribe, log)
        wait = Wait()
        ref.tell_nowait(wait)
        ref.tell_nowait("never")
        await settle()
        ref.kill()
        await ref.wait_stopped()

    assert log == ["started", wait, Killed(), ("undelivered", "never")]


class Fails(Puppet):
    """Crashes in one hook."""

    def __init__(self, where: str, log: list[Any]) -> None:
        super().__init__(log)
        self.where = where

    def started(self) -> None:
        self.log.append("started")
        if self.where == "started":
            boom()

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        self.log.append(exit)
        if self.where == "stopped":
            boom()

    def undelivered(self, message: object) -> None:
        self.log.append(message)
        if self.where == "undelivered":
            boom()


@pytest.mark.parametrize("where", ["stopped", "undelivered"])
async def test_a_hook_that_raises_crashes_its_actor(where: str) -> None:
    """The exit is the crash, its note says which hook; `stopped` runs anyway."""
    log: list[Any] = []
    async with open_system() as system:
        ref = await start_below(system, Fails, where, log, decision=Decision.END)
        ref.tell_nowait(Do(lambda me: me.ref.kill()))
        ref.tell_nowait("left")
        exit_ = await ref.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, Boom)
    assert f"in {where}" in exit_.error.__notes__[-1]
    assert log == ["started", Killed(), "left"]


async def test_a_crash_in_stopped_after_a_crash_is_a_group_of_both() -> None:
    """Neither hides the other; `HookFailed` says what `stopped` raised."""
    async with open_system() as system:
        events = system.subscribe(HookFailed)
        ref = await start_below(system, Fails, "stopped", [], decision=Decision.END)
        ref.tell_nowait(CRASH)
        exit_ = await ref.wait_stopped()

        [event] = events.drain()

    assert isinstance(event, HookFailed)
    assert event.hook == "stopped"
    assert isinstance(exit_, Crashed)
    assert [type(error) for error in leaves(exit_.error)] == [Boom, Boom]


async def test_wait_started_waits_for_the_hook() -> None:
    """It returns when `started` is done, at once later, and raises when it failed."""
    gate = trio.Event()

    class Slow(Puppet):
        async def started(self) -> None:
            await gate.wait()

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Slow)
        assert look(system, ref).state == "starting"
        first = await begin(nursery, ref.wait_started)
        second = await begin(nursery, ref.wait_started)
        assert not first.done
        assert look(system, ref).state == "starting"
        gate.set()
        await settle()

        assert first.done
        assert second.done
        await ref.wait_started()
        await system.start(Puppet).wait_started()


async def test_wait_started_raises_from_the_crash_when_it_never_started() -> None:
    """Ended before it was ready: `ActorStoppedError`, also for who comes later."""
    async with open_system() as system:
        ref = await start_below(system, Fails, "started", [], decision=Decision.END)
        for _ in range(2):
            with pytest.raises(ActorStoppedError) as caught:
                await ref.wait_started()
            assert isinstance(caught.value.__cause__, Boom)


async def test_wait_stopped_tells_each_of_many_waiters_also_late_ones() -> None:
    """The exit, to who waits and to who comes later; `exit` says it too."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Farewell)
        waiter = await begin(nursery, ref.wait_stopped)
        assert ref.exit is None
        ref.stop("done")
        await settle()

        assert waiter.value == await ref.wait_stopped() == ref.exit == Stopped("done")


async def test_wait_stopped_does_not_swallow_a_crash() -> None:
    """Looking at it does not handle it: it still climbs."""
    exits: list[Exit] = []
    with pytest.raises(Boom):
        async with open_system() as system:
            ref = system.start(Puppet)
            ref.tell_nowait(CRASH)
            with trio.CancelScope(shield=True):
                exits.append(await ref.wait_stopped())
            await trio.sleep_forever()

    assert isinstance(exits[0], Crashed)


@pytest.mark.parametrize("make", [Plain, Puppet])
async def test_finish_ends_an_actor_by_its_own_will(make: type[Cast]) -> None:
    """The exit is `Finished`; what is queued is handled first."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(make, log)
        ref.tell_nowait(Do(lambda me: me.finish()))
        ref.tell_nowait("rest")

        assert await ref.wait_stopped() == Finished()

    assert log == ["rest"]


# ------------------------------------------------------------------------ child tasks


async def test_child_tasks_run_beside_the_actor_and_end_with_it() -> None:
    """Started before and after the nursery is open; cancelled and joined at the end."""
    log: list[Any] = []

    async def task(name: str) -> None:
        log.append(name)
        try:
            await trio.sleep_forever()
        finally:
            log.append(f"{name} ended")

    async with open_system() as system:
        ref = system.start(Farewell, log)
        ref.tell_nowait(Do(lambda me: me.start_soon(task, "a")))
        await settle()
        ref.tell_nowait(Do(lambda me: me.start_soon(task, "b")))
        await settle()
        assert look(system, ref).tasks == 2
        assert await ref.ask(Question()) == 42
        ref.stop()
        await ref.wait_stopped()

    assert log[:2] == ["a", "b"]
    assert set(log[2:4]) == {"a ended", "b ended"}
    assert log[4] == Stopped()


async def test_a_child_task_that_ends_leaves_nothing_and_others_may_follow() -> None:
    """The nursery closes with the last task and opens again for the next."""
    log: list[Any] = []

    async def task() -> None:
        await trio.lowlevel.checkpoint()
        log.append("done")

    async with open_system() as system:
        ref = system.start(Puppet)
        for _ in range(3):
            ref.tell_nowait(Do(lambda me: me.start_soon(task)))
            await settle()
            assert look(system, ref).tasks == 0

    assert log == ["done"] * 3


async def test_a_crash_of_a_child_task_is_the_actors_crash() -> None:
    """The other tasks are cancelled; the exit holds the very exception."""
    ended = trio.Event()

    async def other() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.END)
        ref.tell_nowait(Do(lambda me: me.start_soon(other)))
        ref.tell_nowait(Do(lambda me: me.start_soon(boom_later, 0)))
        exit_ = await ref.wait_stopped()

        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, Boom)
        assert "in a child task" in exit_.error.__notes__[-1]
        assert ended.is_set()


async def test_an_actor_that_is_ending_starts_no_tasks_children_or_timers() -> None:
    """In `stopped` all three raise `ActorStoppedError`."""
    errors: list[type[Exception]] = []

    class Late(Puppet):
        def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            for call in (
                lambda: self.start(Puppet),
                lambda: self.start_soon(trio.sleep, 1),
                lambda: self.after(1, "x"),
            ):
                try:
                    call()
                except ActorStoppedError as error:
                    errors.append(type(error))

    async with open_system() as system:
        system.start(Late).stop()

    assert errors == [ActorStoppedError] * 3


# ------------------------------------------------------------------------------ timers


async def test_after_tells_once_at_its_time(autojump_clock: MockClock) -> None:
    """`after` is exact on Trio's clock, `after(0)` is now."""
    del autojump_clock
    times: list[float] = []
    note = Do(lambda _: times.append(trio.current_time()))
    async with open_system() as system:
        ref = system.start(Puppet)
        begun = trio.current_time()
        ref.tell_nowait(Do(lambda me: me.after(3, note)))
        ref.tell_nowait(Do(lambda me: me.after(1, note)))
        ref.tell_nowait(Do(lambda me: me.after(0, note)))
        await trio.sleep(10)

        assert times == [begun, begun + 1, begun + 3]
        assert system.statistics().timers == 0


async def test_every_keeps_its_grid_and_skips_what_it_missed(
    autojump_clock: MockClock,
) -> None:
    """Ticks come on a fixed grid; while one is queued the next are skipped."""
    del autojump_clock
    times: list[float] = []
    note = Do(lambda _: times.append(trio.current_time()))
    async with open_system() as system:
        ref = system.start(Puppet)
        ref.tell_nowait(Do(lambda me: me.every(2, note)))
        await trio.sleep(5)
        free = await busy(ref)
        await trio.sleep(4.5)
        free.set()
        await trio.sleep(1)

    # at 5 it is busy until 9.5: of the ticks at 6 and 8 one comes, at 9.5
    assert times == [2, 4, 9.5, 10]


async def test_a_key_replaces_a_timer_also_when_its_message_is_queued(
    autojump_clock: MockClock,
) -> None:
    """Of two with the same key only the newer one's message comes."""
    del autojump_clock
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        ref.tell_nowait(Do(lambda me: me.after(1, "old", key="k")))
        await settle()
        wait = Wait()
        ref.tell_nowait(wait)
        ref.tell_nowait(Do(lambda me: me.after(1, "new", key="k")))
        await trio.sleep(1.5)  # "old" is queued behind
        wait.event.set()
        await trio.sleep(5)

    assert log == ["new"]


async def test_cancel_timer_says_whether_there_was_one(
    autojump_clock: MockClock,
) -> None:
    """True once, False for a stranger, None and after the tick."""
    del autojump_clock
    log: list[Any] = []
    found: list[bool] = []

    def cancel(me: Cast) -> None:
        found.extend(me.cancel_timer(key) for key in ("a", "a", "b", None))

    async with open_system() as system:
        ref = system.start(Puppet, log)
        ref.tell_nowait(Do(lambda me: me.every(1, "tick", key="a")))
        ref.tell_nowait(Do(lambda me: me.after(1, "once", key="b")))
        ref.tell_nowait(Do(lambda me: me.after(9, "nameless")))
        await trio.sleep(2.5)
        ref.tell_nowait(Do(cancel))
        await trio.sleep(2)

    assert log == ["tick", "once", "tick"]
    assert found == [True, False, False, False]


async def test_timers_end_with_their_incarnation(autojump_clock: MockClock) -> None:
    """Neither set nor queued ticks of the old incarnation reach the new one."""
    del autojump_clock
    log: list[Any] = []
    async with open_system() as system:
        ref = await start_below(system, Puppet, log)
        ref.tell_nowait(Do(lambda me: me.every(1, "old", key="k")))
        ref.tell_nowait(Do(lambda me: me.after(1, "old")))
        await settle()
        free = await busy(ref)
        ref.tell_nowait(CRASH)
        await trio.sleep(1.5)
        free.set()
        await trio.sleep(5)

        assert look(system, ref).incarnation == 2
        assert system.statistics().timers == 0
    assert log == []


async def test_a_tick_waits_for_room_and_is_cancelled_there(
    autojump_clock: MockClock,
) -> None:
    """A full mailbox delays a tick; cancelled meanwhile it does not come."""
    del autojump_clock
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        ref.tell_nowait(Do(lambda me: me.after(1, "tick")))
        await settle()
        free = await busy(ref, queued=1024)
        await trio.sleep(2)
        assert look(system, ref).mailbox.waiting_senders == 1
        free.set()
        await trio.sleep(1)

    assert log[-1] == "tick"
    assert len(log) == 1025


async def test_a_tick_that_finds_no_room_and_must_not_wait_is_a_dead_letter(
    autojump_clock: MockClock,
) -> None:
    """With `Overflow.REJECT` there is nobody to raise to."""
    del autojump_clock
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=Mailbox(1, overflow=Overflow.REJECT))
        ref.tell_nowait(Do(lambda me: me.after(1, "tick")))
        await settle()
        free = await busy(ref, queued=1)
        await trio.sleep(2)
        free.set()

        [letter] = system.dead_letters
        assert (letter.message, letter.reason) == ("tick", DeadLetterReason.NO_ROOM)


async def test_ticks_do_not_reach_a_stopping_actor(autojump_clock: MockClock) -> None:
    """After a stop nothing new comes, also not from timers."""
    del autojump_clock
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        ref.tell_nowait(Do(lambda me: me.every(1, "tick")))
        await settle()
        free = await busy(ref)
        ref.stop()
        await trio.sleep(3.5)
        free.set()
        await ref.wait_stopped()

    assert log == []


# ----------------------------------------------------------------------------- watches


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_watcher_is_told_once(when: str) -> None:
    """Watched twice, and also when the watched one has ended already."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        other = system.start(Puppet)

        def watch_twice(me: Cast) -> None:
            me.watch(other)
            me.watch(other)

        watch = Do(watch_twice)
        if when == "before":
            ref.tell_nowait(watch)
            await settle()
        other.stop("x")
        await other.wait_stopped()
        if when == "after":
            ref.tell_nowait(watch)
        await settle()

    assert log == [Terminated(other, Stopped("x"))]


async def test_watch_with_delivers_a_message_of_ones_own() -> None:
    """Instead of `Terminated`; another message for the same ref is an error."""
    log: list[Any] = []
    errors: list[str] = []

    def differently(me: Cast) -> None:
        try:
            me.watch(other)
        except ValueError as error:
            errors.append(str(error))

    async with open_system() as system:
        ref = system.start(Puppet, log)
        other = system.start(Puppet, name="other")
        ref.tell_nowait(Do(lambda me: me.watch_with(other, "gone")))
        ref.tell_nowait(Do(differently))
        await settle()
        other.kill()
        await settle()
        ref.tell_nowait(Do(lambda me: me.watch_with(other, "still gone")))
        await settle()

    assert log == ["gone", "still gone"]
    assert errors == ["/other is watched already, with another message; unwatch it"]


async def test_unwatch_drops_a_notice_that_has_not_been_handled() -> None:
    """Between the end and its handling: no notice; the others' notices stay."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        one, two = system.start(Puppet), system.start(Puppet)
        for other in (one, two):
            ref.tell_nowait(Do(lambda me, other=other: me.watch(other)))  # type: ignore[misc]
        await settle()
        gate = trio.Event()

        async def unwatch_later(me: Cast) -> None:
            await gate.wait()
            me.unwatch(one)

        ref.tell_nowait(Do(unwatch_later))
        await settle()
        one.stop()
        two.stop()
        await settle()
        gate.set()
        await settle()

    assert log == [Terminated(two, Stopped())]


async def test_unwatch_of_the_only_notice_and_of_strangers_does_nothing_more() -> None:
    """The actor lives on, and may watch again."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        other = system.start(Puppet)
        gate = trio.Event()

        async def story(me: Cast) -> None:
            me.unwatch(other)
            me.watch(other)
            me.unwatch(me.ref)
            me.unwatch(other)
            me.watch(other)
            await gate.wait()
            me.unwatch(other)

        ref.tell_nowait(Do(story))
        await settle()
        other.stop()
        await settle()
        gate.set()
        await settle()
        assert log == []
        ref.tell_nowait(Do(lambda me: me.watch(other)))
        await settle()

    assert log == [Terminated(other, Stopped())]


async def test_watching_ends_with_the_incarnation_and_with_the_watcher() -> None:
    """A new incarnation hears nothing of what the old one watched."""
    log: list[Any] = []
    async with open_system() as system:
        ref = await start_below(system, Puppet, log)
        other = system.start(Puppet)
        ref.tell_nowait(Do(lambda me: me.watch(other)))
        ref.tell_nowait(CRASH)
        await settle()
        second = system.start(Puppet, log)
        second.tell_nowait(Do(lambda me: me.watch(other)))
        await settle()
        second.stop()
        await settle()
        other.stop()
        await settle()

    assert log == []


# --------------------------------------------------------------- stop, grace, kill


async def test_stop_kill_and_finish_may_come_twice_and_in_any_order() -> None:
    """The first reason stays; what comes after the end does nothing."""
    async with open_system() as system:
        ref = system.start(Puppet)
        ref.stop("first")
        ref.stop("second")
        assert await ref.wait_stopped() == Stopped("first")
        ref.stop()
        ref.kill()
        assert ref.exit == Stopped("first")


async def test_grace_is_followed_by_a_kill(autojump_clock: MockClock) -> None:
    """At its very second; the exit is `Killed`, and an event names it."""
    del autojump_clock
    async with open_system() as system:
        late = system.subscribe(ActorLate)
        ref = system.start(Puppet, name="slow", grace=3)
        await busy(ref)
        begun = trio.current_time()
        ref.stop()

        assert await ref.wait_stopped() == Killed()
        assert trio.current_time() == begun + 3

    assert [(each.ref.path, each.phase) for each in late.drain()] == [
        ("/slow", "receive")
    ]
    assert system.stop_report is not None
    assert system.stop_report.late == ()  # it was not the system's stop


async def test_grace_also_runs_for_a_backlog_of_slow_messages(
    autojump_clock: MockClock,
) -> None:
    """The seconds are for all that is queued, not for each message."""
    del autojump_clock
    log: list[Any] = []

    async def step(me: Cast) -> None:
        await trio.sleep(1)
        me.log.append(trio.current_time())

    async with open_system() as system:
        ref = system.start(Puppet, log, grace=3.5)
        for _ in range(9):
            ref.tell_nowait(Do(step))
        ref.stop()
        assert await ref.wait_stopped() == Killed()

    assert log == [1, 2, 3]


async def test_a_stopped_hook_over_its_grace_is_cut_off(
    autojump_clock: MockClock,
) -> None:
    """It cannot stall its owner; an event says it was in `stopped`."""
    del autojump_clock

    class Stuck(Puppet):
        async def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            await trio.sleep_forever()

    async with open_system() as system:
        late = system.subscribe(ActorLate)
        ref = system.start(Stuck, name="stuck", grace=2)
        ref.stop()
        assert await ref.wait_stopped() == Stopped()
        assert trio.current_time() == 2

    assert [(each.ref.path, each.phase) for each in late.drain()] == [
        ("/stuck", "stopped")
    ]


async def test_a_kill_cancels_what_the_actor_awaits_and_its_children() -> None:
    """All below are killed too, however deep."""
    async with open_system() as system:
        top = system.start(Puppet)
        middle = await top.ask(Start(Farewell, ([],)))
        low = await middle.ask(Start(Puppet))
        await busy(low)
        await busy(top)
        top.kill()

        assert await top.wait_stopped() == Killed()
        assert (middle.exit, low.exit) == (Killed(), Killed())


async def test_a_kill_while_stopping_children_kills_them() -> None:
    """An owner that is ending passes a kill on to the child that it waits for."""
    async with open_system() as system:
        top = system.start(Puppet)
        low = await top.ask(Start(Puppet))
        await busy(low)
        top.stop()
        await settle()
        assert low.exit is None
        assert look(system, top).state == "ending"
        top.kill()

        await top.wait_stopped()
        assert low.exit == Killed()


async def test_a_kill_in_started_cancels_it() -> None:
    """`started` may hang; a kill ends it, and `wait_started` raises."""

    class Hangs(Puppet):
        async def started(self) -> None:
            await trio.sleep_forever()

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Hangs)
        waiter = await begin(nursery, ref.wait_started)
        ref.kill()
        await settle()

        assert ref.exit == Killed()
        assert isinstance(waiter.error, ActorStoppedError)


async def test_children_stop_last_started_first_each_to_its_end() -> None:
    """The next is stopped only when the one started after it has ended."""
    log: list[Any] = []

    class Named(Puppet):
        def __init__(self, name: str) -> None:
            super().__init__(log)
            self.name = name

        async def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            self.log.append(f"{self.name} stopping")
            await trio.lowlevel.checkpoint()
            self.log.append(f"{self.name} stopped")

    async with open_system() as system:
        ref = system.start(Named, "top")
        for name in ("one", "two"):
            await ref.ask(Start(Named, (name,), name))
        system.start(Named, "later")

    assert [line for line in log if line.endswith("stopped")] == [
        "later stopped",
        "two stopped",
        "one stopped",
        "top stopped",
    ]
    assert log[:2] == ["later stopping", "later stopped"]


async def test_leaving_the_block_handles_what_is_queued() -> None:
    """The end of the block is a stop, not a kill."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        for number in range(3000):
            await ref.tell(number)

    assert log == list(range(3000))


async def test_the_total_deadline_names_the_late_ones(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is late is killed, named in the report and in the log."""
    del autojump_clock

    async def stubborn() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)

    class Stuck(Puppet):
        async def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            await trio.sleep_forever()

    async with open_system(stop_within=4) as system:
        system.start(Stuck, name="hook", grace=60)
        tasks = system.start(Puppet, name="tasks", grace=60)
        tasks.tell_nowait(Do(lambda me: me.start_soon(stubborn)))
        hangs = system.start(Puppet, name="hangs", grace=60)
        await hangs.ask(Start(Puppet, (), "idle"))
        await busy(hangs)
        begun = trio.current_time()

    report = system.stop_report
    assert report is not None
    assert Late("/hangs", "receive") in report.late
    assert Late("/hook", "stopped") in report.late
    assert "/hangs was late to stop, in receive" in caplog.text
    assert 4 <= trio.current_time() - begun == report.seconds <= 70


async def test_cancelling_the_surrounding_scope_stops_the_tree_in_order() -> None:
    """The body is cancelled; the actors stop as ever, handling what they have."""
    log: list[Any] = []
    with trio.CancelScope() as scope:
        async with open_system() as system:
            ref = system.start(Farewell, log)
            for number in range(3):
                ref.tell_nowait(number)
            scope.cancel()
            await trio.sleep_forever()

    assert scope.cancelled_caught
    assert log == [0, 1, 2, Stopped()]


async def test_nothing_starts_in_a_system_that_is_stopping_or_has_ended() -> None:
    """`system.start` raises `ActorStoppedError`."""
    errors: list[Exception] = []

    class Late(Puppet):
        def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            try:
                system.start(Puppet)
            except ActorStoppedError as error:
                errors.append(error)

    async with open_system() as system:
        system.start(Late)

    assert len(errors) == 1
    with pytest.raises(ActorStoppedError):
        system.start(Puppet)


# ------------------------------------------------------------- crashes climb to the top


class Nested(Puppet):
    """Does something when it starts, one level below."""

    def __init__(self, act: Do) -> None:
        super().__init__()
        self.act = act

    async def started(self) -> None:
        ref = self.start(Puppet, name="below")
        ref.tell_nowait(self.act)


class StartsBadly(Puppet):
    """Crashes in `started`."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()
        boom()


class StopsBadly(Puppet):
    """Crashes in `stopped`, having been told to finish."""

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        await trio.lowlevel.checkpoint()
        boom()


async def late_crash(_: Cast) -> None:
    """Crash after having waited."""
    await boom_later()


TASK_CRASH = Do(lambda me: me.start_soon(boom_later))
WAYS: list[tuple[str, type[Cast], tuple[Any, ...], Any, str]] = [
    ("receive", Puppet, (), CRASH, "/top"),
    ("plain receive", Plain, (), CRASH, "/top"),
    ("after a wait", Puppet, (), Do(late_crash), "/top"),
    ("child task", Puppet, (), TASK_CRASH, "/top"),
    ("started", StartsBadly, (), None, "/top"),
    ("stopped", StopsBadly, (), Do(lambda me: me.finish()), "/top"),
    ("nested child", Nested, (CRASH,), None, "/top/below"),
    ("nested child task", Nested, (TASK_CRASH,), None, "/top/below"),
]


@pytest.mark.parametrize(
    ("make", "args", "message", "path"),
    [way[1:] for way in WAYS],
    ids=[way[0] for way in WAYS],
)
async def test_an_unsupervised_crash_leaves_the_block_as_itself(
    make: type[Cast], args: tuple[Any, ...], message: object, path: str
) -> None:
    """The original exception, no group; a note names the actor; the body ends."""
    with pytest.raises(Boom) as caught:
        async with open_system() as system:
            ref = system.start(make, *args, name="top")
            if message is not None:
                ref.tell_nowait(message)
            await trio.sleep_forever()

    assert any(f"actor {path}" in note for note in caught.value.__notes__)
    assert caught.value.__context__ is None


async def test_a_constructor_that_raises_at_the_start_raises_there() -> None:
    """The caller of `start` gets it; no actor was started."""

    class Bad(Puppet):
        def __init__(self) -> None:
            boom()

    async with open_system() as system:
        with pytest.raises(Boom):
            system.start(Bad, name="bad")
        system.start(Puppet, name="bad")
        assert system.statistics().started == 1


async def test_a_constructor_that_raises_on_a_restart_is_a_crash() -> None:
    """It climbs like any other; its note says `__init__`."""
    lives: list[int] = []

    class Once(Puppet):
        def __init__(self) -> None:
            super().__init__()
            lives.append(1)
            if len(lives) > 1:
                boom()

    class Parent(Owner):
        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            super().child_ended(child, exit)
            return Decision.RESTART if len(self.log) == 1 else Decision.ESCALATE

    with pytest.raises(Boom) as caught:
        async with open_system() as system:
            owner = system.start(Parent)
            child = await owner.ask(Start(Once))
            child.tell_nowait(CRASH)
            await trio.sleep_forever()

    assert any("in __init__" in note for note in caught.value.__notes__)
    assert len(lives) == 2


async def test_an_unsupervised_crash_of_an_actor_stops_its_siblings_in_order() -> None:
    """The tree stops as ever."""
    log: list[Any] = []
    with pytest.raises(Boom):
        async with open_system() as system:
            system.start(Farewell, log)
            system.start(Puppet).tell_nowait(CRASH)
            await trio.sleep_forever()

    assert log == [Stopped()]


async def test_a_crash_together_with_an_exception_of_the_body_is_a_group() -> None:
    """Both leave the block."""
    with pytest.raises(ExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        async with open_system() as system:
            system.start(StopsBadly)
            raise ValueError

    assert [type(error) for error in caught.value.exceptions] == [Boom, ValueError]


async def test_an_exception_of_the_body_leaves_the_block_as_itself() -> None:
    """The actors stop in order first."""
    log: list[Any] = []
    error = ValueError()
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - this very object
        async with open_system() as system:
            system.start(Farewell, log)
            raise error

    assert caught.value is error
    assert log == [Stopped()]


async def test_two_crashes_at_the_top_leave_as_a_group() -> None:
    """None of two unsupervised crashes is lost."""
    with pytest.raises(ExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        async with open_system() as system:
            system.start(StopsBadly)
            system.start(StopsBadly)

    flat = caught.value.split(Boom)
    assert flat[1] is None


# ----------------------------------------------------------------------- decisions


async def test_restart_makes_a_new_object_in_the_same_cell() -> None:
    """Same ref, same arguments, next incarnation; `exit` stays None."""
    log: list[Any] = []
    owner_log: list[Any] = []
    async with open_system() as system:
        ref = await start_below(system, Puppet, log, log=owner_log)
        me: list[Cast] = []
        ref.tell_nowait(Do(me.append))
        ref.tell_nowait(CRASH)
        ref.tell_nowait(Do(me.append))
        await settle()

        assert me[0] is not me[1]
        assert me[0].log is me[1].log
        assert look(system, ref).incarnation == 2
        assert ref.exit is None
        [(path, exit_)] = owner_log
        assert path == "/owner/child"
        assert isinstance(exit_, Crashed)
        assert system.statistics().restarts == 1


async def test_restart_also_follows_an_end_in_order() -> None:
    """An actor that has finished may be started again by its owner."""
    async with open_system() as system:
        ref = await start_below(system, Scribe, [])
        ref.tell_nowait(Do(lambda me: me.finish()))
        await settle()

        assert look(system, ref).incarnation == 2
        assert await ref.ask(Question()) == 42


async def test_end_lets_the_child_go_and_escalate_brings_its_owner_down() -> None:
    """END: a crash stays below. ESCALATE: it is the owner's crash."""
    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.END)
        ref.tell_nowait(CRASH)
        assert isinstance(await ref.wait_stopped(), Crashed)

    with pytest.raises(Boom):
        async with open_system() as system:
            ref = await start_below(system, Puppet, decision=Decision.ESCALATE)
            ref.tell_nowait(CRASH)
            await trio.sleep_forever()


async def test_escalate_of_an_end_in_order_is_an_end() -> None:
    """There is nothing to escalate."""
    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.ESCALATE)
        ref.stop()
        assert await ref.wait_stopped() == Stopped()
        assert len(system.tree().children) == 1


@pytest.mark.parametrize(
    ("decision", "state"), [(Decision.RESTART, "idle"), (Decision.END, None)]
)
async def test_a_held_child_collects_until_it_is_resumed(
    decision: Decision, state: str | None
) -> None:
    """HOLD: the mailbox takes messages; `resume_child` decides."""
    log: list[Any] = []
    async with open_system() as system:
        owner, ref = await start_owned(system, Puppet, log, decision=Decision.HOLD)
        ref.tell_nowait(CRASH)
        await settle()
        assert look(system, ref).state == "held"
        ref.tell_nowait("meanwhile")
        await settle()
        assert log == []

        owner.tell_nowait(Do(lambda me: me.resume_child(ref, decision)))
        await settle()

        assert log == (["meanwhile"] if state else [])
        if state is None:
            assert isinstance(ref.exit, Crashed)
        else:
            assert look(system, ref).state == state


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_held_child_can_be_stopped_and_killed(how: str) -> None:
    """Either ends it, with the exit that it had."""
    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.HOLD)
        ref.tell_nowait(CRASH)
        await settle()
        getattr(ref, how)()

        assert isinstance(await ref.wait_stopped(), Crashed)


async def test_an_owner_that_ends_ends_a_held_child() -> None:
    """Leaving the block with a held child does not hang."""
    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.HOLD)
        ref.tell_nowait(CRASH)
        await settle()

    assert isinstance(ref.exit, Crashed)


async def test_a_busy_owner_is_asked_in_its_turn() -> None:
    """Meanwhile the child is held; the decision comes before queued messages."""
    log: list[Any] = []
    async with open_system() as system:
        owner, ref = await start_owned(system, Puppet, log=log)
        free = await busy(owner, queued=1)
        ref.tell_nowait(CRASH)
        await settle()
        assert look(system, ref).state == "held"
        free.set()
        await settle()

        assert look(system, ref).incarnation == 2
        assert log[0][0] == "/owner/child"
        assert log[1] == 0


@pytest.mark.parametrize("decision", [None, "raise"])
async def test_a_child_ended_that_fails_is_the_owners_crash(decision: object) -> None:
    """Not a Decision, or an exception: the owner crashes, the child ends."""

    class Bad(Puppet):
        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            del child, exit
            if decision == "raise":
                boom()
            return decision  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

    with pytest.raises((Boom, TypeError)) as caught:
        async with open_system() as system:
            child = await system.start(Bad, name="bad").ask(Start(Puppet))
            child.stop()
            await trio.sleep_forever()

    assert any("in child_ended" in note for note in caught.value.__notes__)


async def test_a_stop_while_the_incarnation_ends_means_no_restart() -> None:
    """Asked to stop meanwhile: the owner's RESTART does not bring it back."""
    gate = trio.Event()

    class Slow(Puppet):
        async def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            await gate.wait()

    async with open_system() as system:
        for how in ("stop", "kill"):
            gate = trio.Event()
            owner = system.start(Owner)
            ref = await owner.ask(Start(Slow))
            ref.tell_nowait(CRASH)
            await settle()
            getattr(ref, how)()
            gate.set()
            assert isinstance(await ref.wait_stopped(), Crashed)


async def test_a_crash_is_published_with_its_incarnation() -> None:
    """Once for each crash."""
    async with open_system() as system:
        events = system.subscribe(ActorCrashed)
        ref = await start_below(system, Puppet)
        ref.tell_nowait(CRASH)
        ref.tell_nowait(CRASH)
        await settle()

        seen = [event for event in events.drain() if isinstance(event, ActorCrashed)]
    assert [event.incarnation for event in seen] == [1, 2]
    assert system.statistics().crashes == 2


async def test_receive_that_returns_something_is_a_crash() -> None:
    """Only None is right."""

    class Wrong(Actor[Any]):
        def receive(self, message: Any) -> Any:
            return 7 if message == "seven" else None

    async with open_system() as system:
        ref = await start_below(system, Wrong, decision=Decision.END)
        ref.tell_nowait("seven")
        exit_ = await ref.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert "must return None, got 7" in str(exit_.error)


@pytest.mark.parametrize("make", [Plain, Puppet])
async def test_a_plain_receive_that_returns_a_coroutine_is_told_what_to_do(
    make: type[Cast],
) -> None:
    """A coroutine cannot be run inline: the crash says to declare `async def`."""

    class Forgets(make):  # type: ignore[misc, valid-type]
        def receive(self, message: object) -> Any:
            return None if isinstance(message, Do) else forgotten()

    async def forgotten() -> None:
        pytest.fail("ran")

    async with open_system() as system:
        ref = await start_below(system, Forgets, decision=Decision.END)
        with pytest.raises(ActorCrashedError) as caught:
            await ref.ask(Question())

    assert "declare it `async def`" in str(caught.value.__cause__)


async def test_a_stopped_hook_that_is_interrupted_lets_system_exit_through() -> None:
    """`SystemExit` in `stopped` leaves the block; the actor has ended in order."""

    class Leaves(Puppet):
        def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            raise SystemExit(4)

    refs: list[AnyRef] = []
    with pytest.raises(SystemExit) as caught:
        async with open_system() as system:
            refs.append(system.start(Leaves))

    assert caught.value.code == 4
    assert refs[0].exit == Stopped()


async def test_two_crashed_tasks_are_a_group() -> None:
    """Two tasks that crash in the same step: neither is lost."""
    gate = trio.Event()

    async def wait_and_crash() -> None:
        try:
            await gate.wait()
        finally:
            boom()

    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.END)
        for _ in range(2):
            ref.tell_nowait(Do(lambda me: me.start_soon(wait_and_crash)))
        await settle()
        gate.set()
        exit_ = await ref.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert [type(error) for error in leaves(exit_.error)] == [Boom, Boom]


async def test_a_task_that_crashes_while_its_actor_is_killed_is_a_crash() -> None:
    """What goes wrong in the clean-up of a killed actor is not lost."""

    async def clean_up_badly() -> None:
        try:
            await trio.sleep_forever()
        finally:
            boom()

    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.END)
        ref.tell_nowait(Do(lambda me: me.start_soon(clean_up_badly)))
        await settle()
        ref.kill()
        exit_ = await ref.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert isinstance(exit_.error, Boom)


async def test_an_actor_killed_by_itself_before_it_waits_is_cancelled_there() -> None:
    """`kill` and `stop` from inside of `receive` work at its next wait."""
    log: list[Any] = []

    async def story(me: Cast) -> None:
        me.ref.kill()
        log.append("still here")
        await trio.sleep_forever()

    async with open_system() as system:
        ref = system.start(Farewell, log)
        ref.tell_nowait(Do(story))
        assert await ref.wait_stopped() == Killed()

    assert log == ["still here", Killed()]


async def test_an_actor_that_stops_itself_before_it_waits_has_its_grace(
    autojump_clock: MockClock,
) -> None:
    """The grace of a stop from inside begins at the wait."""
    del autojump_clock

    async def story(me: Cast) -> None:
        me.ref.stop()
        await trio.sleep_forever()

    async with open_system() as system:
        ref = system.start(Puppet, grace=3)
        ref.tell_nowait(Do(story))
        assert await ref.wait_stopped() == Killed()
        assert trio.current_time() == 3


async def test_five_hundred_actors_that_waited_leave_a_bounded_number_of_workers() -> (
    None
):
    """Spare workers beyond 256 retire."""
    gate = trio.Event()
    async with open_system() as system:
        refs = [system.start(Puppet) for _ in range(500)]
        for ref in refs:
            ref.tell_nowait(Do(lambda _: gate.wait()))
        await settle()
        assert system.statistics().workers >= 500
        gate.set()
        await settle()

        assert system.statistics().workers <= 257


async def test_a_thousand_short_lives_are_counted() -> None:
    """Started, told, stopped: each ends, each message is handled."""
    log: list[Any] = []
    async with open_system() as system:
        for number in range(1000):
            ref = system.start(Plain, log)
            ref.tell_nowait(number)
            ref.stop()
        await settle()
        statistics = system.statistics()

    assert (statistics.started, statistics.ended) == (1000, 1000)
    assert log == list(range(1000))


async def test_overridden_hooks_may_call_the_ones_they_override() -> None:
    """The defaults do nothing, and decide as a nursery does."""
    decisions: list[Decision] = []

    class Dutiful(Puppet):
        def started(self) -> Any:
            return super().started()

        def stopped(self, exit: Exit) -> Any:  # noqa: A002
            return super().stopped(exit)

        def undelivered(self, message: object) -> None:
            super().undelivered(message)
            self.log.append(message)

        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            decisions.append(super().child_ended(child, exit))
            return Decision.END

    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Dutiful, log)
        for message in (Do(lambda me: me.finish()), CRASH):
            child = await ref.ask(Start(Puppet))
            child.tell_nowait(message)
            await child.wait_stopped()
        await busy(ref, queued=1)
        ref.kill()
        await ref.wait_stopped()

    assert decisions == [Decision.END, Decision.ESCALATE]
    assert log == [0]


async def test_a_started_that_returns_something_is_a_crash() -> None:
    """Only None is right, as in `receive`."""

    class Wrong(Puppet):
        def started(self) -> Any:
            return 7

    async with open_system() as system:
        ref = await start_below(system, Wrong, decision=Decision.END)
        exit_ = await ref.wait_stopped()

    assert isinstance(exit_, Crashed)
    assert "started must return None, got 7" in str(exit_.error)


async def test_a_sender_that_has_left_does_not_disturb_a_stop() -> None:
    """Cancelled while it waited for room, then the actor is stopped."""
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=Mailbox(1))
        free = await busy(ref, queued=1)
        with trio.move_on_after(0):
            await ref.tell("gone")
        ref.stop()
        free.set()

        assert await ref.wait_stopped() == Stopped()


async def test_many_mailboxes_in_use_at_once_are_emptied_all() -> None:
    """Three hundred backlogs at the same time: every message is handled."""
    log: list[Any] = []
    async with open_system() as system:
        for _ in range(300):
            ref = system.start(Plain, log)
            ref.tell_nowait(1)
            ref.tell_nowait(2)
        await settle()

    assert sorted(log) == [1] * 300 + [2] * 300


async def test_an_unsupervised_crash_and_another_before_the_end_are_a_group() -> None:
    """Two actors at the top crash on their own: both errors leave the block."""
    with pytest.raises(BaseExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        async with open_system() as system:
            for _ in range(2):
                system.start(Puppet).tell_nowait(Do(leave))
            await trio.sleep_forever()

    assert [type(error) for error in leaves(caught.value)] == [SystemExit, SystemExit]


def leave(_: Cast) -> None:
    """Raise `SystemExit`."""
    raise SystemExit(3)


async def test_a_bug_of_the_engine_ends_the_block_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Order is given up, structure is not: the block is left with the error."""
    error = LookupError("a bug")

    def broken(_: object) -> None:
        raise error

    ended = trio.Event()

    async def task() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    with pytest.raises(LookupError) as caught:
        async with open_system() as system:
            other = system.start(Puppet)
            other.tell_nowait(Do(lambda me: me.start_soon(task)))
            await busy(other)
            ref = system.start(Puppet)
            with monkeypatch.context() as patch:
                patch.setattr(type(ref), "begin_end", broken)
                ref.kill()
                await trio.sleep_forever()

    assert caught.value is error
    assert ended.is_set()


async def test_an_object_says_its_stopped_once_even_if_its_successor_is_stillborn(
    autojump_clock: MockClock,
) -> None:
    """A constructor that fails at a restart does not end the old object again."""
    del autojump_clock
    made: list[int] = []
    stopped: list[int] = []

    class Child(Actor[object]):
        def __init__(self) -> None:
            self.number = len(made) + 1
            made.append(self.number)
            if self.number == 2:
                raise OSError

        def receive(self, message: object) -> None:
            raise ValueError(message)

        def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            stopped.append(self.number)

    class Restarts(Actor[object]):
        def started(self) -> None:
            self.child = self.start(Child)

        def receive(self, message: object) -> None:
            self.child.tell_nowait(message)

        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            del child, exit
            return Decision.RESTART

    async with open_system() as system:
        system.start(Restarts).tell_nowait("crash")
        await settle()

        assert (made, stopped) == ([1, 2, 3], [1])

    assert stopped == [1, 3]
