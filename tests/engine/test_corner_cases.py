"""Corner cases: two rare things at once, and neither may lose or hang anything."""

# A failure leaves the block of open_system(), so the block is what must raise.
# ruff: noqa: PT012

from __future__ import annotations

import gc
import weakref
from contextlib import suppress
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorError,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Mailbox,
    MailboxFullError,
    MessageDroppedError,
    Overflow,
    open_system,
)
from actors.testing import seeds
from tests.actors.cast import (
    CRASH,
    Boom,
    Do,
    Farewell,
    Owner,
    Plain,
    Puppet,
    Question,
    Riddle,
    Start,
    begin,
    boom_later,
    busy,
    leaves,
    start_below,
    start_owned,
)

# ---------------------------------------------------------------- restart


class Fragile(Puppet):
    """Its second incarnation cannot be made."""

    def __init__(self, births: list[float], log: list[Any]) -> None:
        super().__init__(log)
        births.append(trio.current_time())
        if len(births) == 2:
            raise Boom


class Lingering(Fragile):
    """Takes its time to stop."""

    async def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
        await trio.sleep(0.5)


@seeds(20)
async def test_a_restart_that_fails_after_a_slow_stopped_is_restarted_again() -> None:
    """The third incarnation handles what was queued, and the block ends."""
    births: list[float] = []
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system:
            child = await start_below(system, Lingering, births, log)
            child.tell_nowait(CRASH)
            child.tell_nowait("after")
            await trio.sleep(5)
            assert log == ["after"]
            assert len(births) == 3
            for _ in range(3):
                assert await child.ask(Question(), within=1) == 42
                await trio.sleep(1)


@seeds(20)
async def test_a_restart_that_fails_after_a_wait_goes_on_without_a_push() -> None:
    """The third incarnation is made at once, though nobody else stirs the system."""
    births: list[float] = []
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system:
            child = await start_below(system, Fragile, births, log)
            child.tell_nowait(Do(lambda _: boom_later(1)))
            child.tell_nowait(Do(lambda _: log.append(trio.current_time())))
            await trio.sleep(50)
            assert births == pytest.approx([0, 1, 1])
            assert log == pytest.approx([1])


@seeds(20)
async def test_an_owner_restarted_hears_nothing_of_its_predecessors_child() -> None:
    """`child_ended` is called for children of this incarnation only."""
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system:
            middle = await start_below(system, Owner, Decision.RESTART, log)
            leaf = await middle.ask(Start(Puppet, (), "leaf"))
            middle.tell_nowait(Do(lambda _: boom_later(1)))
            await settle()
            leaf.tell_nowait(CRASH)
            await trio.sleep(5)
            assert log == []
            assert leaf.exit is not None
            assert await middle.ask(Question()) == 42


@seeds(20)
async def test_a_request_stashed_turns_after_it_came_survives_a_restart() -> None:
    """The next incarnation gets it again and may answer."""
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system, trio.open_nursery() as nursery:
            child = await start_below(system, Plain, log)
            asked = await begin(nursery, child.ask, Riddle())
            child.tell_nowait(Do(lambda actor: actor.stash(log[0])))
            await settle()
            child.tell_nowait(CRASH)
            await settle()
            assert log == [Riddle(), Riddle()]
            log[-1].reply(7)
            await settle()
            assert (asked.value, asked.error) == (7, None)


class LateWatcher(Puppet):
    """Watches when it is too late."""

    def __init__(self, target: AnyRef, log: list[Any]) -> None:
        super().__init__(log)
        self.target = target

    def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
        with suppress(ActorStoppedError):
            self.watch_with(self.target, "late notice")


@seeds(20)
async def test_a_watch_made_in_stopped_does_not_reach_the_next_incarnation() -> None:
    """Watching ends with the incarnation that asked for it."""
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system:
            target = system.start(Plain)
            watcher = await start_below(system, LateWatcher, target, log)
            watcher.tell_nowait(CRASH)
            await settle()
            target.stop()
            await settle()
            assert await watcher.ask(Question()) == 42
            assert log == []


def finish(actor: Actor[Any]) -> None:
    """End the actor by its own will."""
    actor.finish()


@pytest.mark.parametrize("end", [Do(finish), CRASH], ids=["finished", "crashed"])
@pytest.mark.parametrize("how", ["stop", "kill"])
@seeds(20)
async def test_an_end_asked_for_overrides_a_restart_just_decided(
    end: Do, how: str
) -> None:
    """A held child that is to restart and is then stopped or killed ends."""
    with trio.fail_after(100):
        async with open_system() as system:
            owner, child = await start_owned(system, Puppet, decision=Decision.HOLD)

            def resume_and_end(actor: Actor[Any]) -> None:
                actor.resume_child(child, Decision.RESTART)
                getattr(child, how)()

            child.tell_nowait(end)
            await settle()
            owner.tell_nowait(Do(resume_and_end))
            with trio.fail_after(9):
                await child.wait_stopped()
            with pytest.raises(ActorStoppedError):
                child.tell_nowait("too late")


# ---------------------------------------------------------------- ways out of the block


class BadEnd(Puppet):
    """Raises in `stopped`."""

    def __init__(self, kind: type[BaseException]) -> None:
        super().__init__()
        self.kind = kind

    def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
        raise self.kind


@pytest.mark.parametrize("kind", [Boom, SystemExit, KeyboardInterrupt])
@seeds(20)
async def test_a_cancellation_from_outside_hides_no_failure(
    kind: type[BaseException],
) -> None:
    """What `stopped` raises leaves a block that a scope around it has cancelled."""
    with trio.fail_after(100), pytest.raises(BaseException) as caught:  # noqa: PT011
        with trio.move_on_after(1):
            async with open_system() as system:
                system.start(BadEnd, kind)
                await trio.sleep_forever()
    assert [type(leaf) for leaf in leaves(caught.value)] == [kind]


async def fail_when_cancelled() -> None:
    """Wait, and raise when that is cancelled."""
    try:
        await trio.sleep_forever()
    finally:
        raise KeyError


@seeds(20)
async def test_no_cancellation_of_the_blocks_own_is_in_the_group_that_leaves() -> None:
    """A crash and an error of the body's clean-up leave as just these two."""
    with trio.fail_after(100), pytest.raises(ExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        async with open_system() as system:
            puppet = system.start(Puppet)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fail_when_cancelled)
                nursery.start_soon(trio.sleep_forever)
                await settle()
                puppet.tell_nowait(CRASH)
    assert {type(leaf) for leaf in leaves(caught.value)} == {KeyError, Boom}


class Trap(Puppet):
    """Raises at the place it is told."""

    def __init__(
        self, place: str, kind: type[BaseException], births: list[int]
    ) -> None:
        super().__init__()
        self.place, self.kind = place, kind
        births.append(1)
        if place == "constructor" and len(births) > 1:
            raise kind

    async def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
        if self.place == "undelivered later":
            await trio.sleep(1)

    def undelivered(self, message: object) -> None:  # noqa: ARG002
        if self.place.startswith("undelivered"):
            raise self.kind


class TrapOwner(Owner):
    """Restarts its child, or raises."""

    def __init__(self, place: str, kind: type[BaseException]) -> None:
        super().__init__()
        self.place, self.kind = place, kind

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        if self.place == "child_ended":
            raise self.kind
        if isinstance(exit, Crashed):
            return super().child_ended(child, exit)
        return Decision.END


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize(
    "place", ["undelivered", "undelivered later", "child_ended", "constructor"]
)
@seeds(20)
async def test_an_interrupt_in_a_rare_hook_stops_the_tree_in_order(
    place: str, kind: type[BaseException]
) -> None:
    """The others get their `stopped`, then the interrupt leaves the block."""
    log: list[Any] = []
    with trio.fail_after(100), pytest.raises(kind):
        async with open_system() as system:
            system.start(Farewell, log)
            owner = system.start(TrapOwner, place, kind)
            births: list[int] = []
            child: AnyRef = await owner.ask(Start(Trap, (place, kind, births)))
            if place.startswith("undelivered"):
                await busy(child, queued=1)
                child.kill()
            else:
                child.tell_nowait(CRASH)
            await trio.sleep_forever()
    assert len(log) == 1


class Nest(Actor[object]):
    """Has others below it, and none of them is ever done with stopping."""

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def started(self) -> None:
        if self.depth:
            self.start(Nest, self.depth - 1)

    def receive(self, message: object) -> None: ...

    async def stopped(self, exit: Exit) -> None:  # noqa: A002, ARG002
        await trio.sleep_forever()


@seeds(20)
async def test_the_time_to_stop_is_one_for_the_whole_tree() -> None:
    """Seven levels that hang in `stopped` are all cut short at `stop_within`."""
    with trio.fail_after(100):
        async with open_system(stop_within=1) as system:
            system.start(Nest, 6)
            await settle()
    assert system.stop_report is not None
    assert system.stop_report.seconds == pytest.approx(1)
    assert len(system.stop_report.late) == 7


@seeds(20)
async def test_the_stop_report_names_only_who_was_late_in_that_stop() -> None:
    """Actors that were killed after their grace long before are not in it."""
    with trio.fail_after(100):
        async with open_system() as system:
            for _ in range(3):
                hung = system.start(Puppet, grace=0.01)
                await busy(hung)
                hung.stop()
                await hung.wait_stopped()
    assert system.stop_report is not None
    assert system.stop_report.late == ()


# ---------------------------------------------------------------- mailboxes


class Relay(Actor[Riddle]):
    """Hands each riddle on."""

    def __init__(self, to: ActorRef[Any]) -> None:
        self.to = to

    def receive(self, message: Riddle) -> None:
        self.to.forward(message)


@seeds(20)
async def test_a_request_forwarded_and_dropped_fails_at_once() -> None:
    """Its asker learns that a full mailbox with DROP_NEWEST has dropped it."""
    mailbox = Mailbox(1, overflow=Overflow.DROP_NEWEST)
    with trio.fail_after(100):
        async with open_system() as system:
            full = system.start(Puppet, mailbox=mailbox)
            go_on = await busy(full, queued=1)
            with trio.fail_after(9), pytest.raises(MessageDroppedError):
                await system.start(Relay, full).ask(Riddle())
            go_on.set()


class Keyed(Puppet):
    """Keeps the latest per first item, and may send itself a message later."""

    mailbox = Mailbox(8, overflow=Overflow.KEEP_LATEST, key=lambda each: each[0])

    def __init__(self, reminder: object = None) -> None:
        super().__init__()
        self.reminder = reminder

    def started(self) -> None:
        if self.reminder is not None:
            self.after(1, self.reminder)


@pytest.mark.parametrize("way", ["timer", "thread"])
@pytest.mark.parametrize("bad", [5, ([],)], ids=["no key", "unhashable key"])
@seeds(20)
async def test_a_key_that_fails_behind_the_senders_back_crashes_its_actor(
    way: str, bad: object
) -> None:
    """It harms neither the timers nor what other threads have sent."""
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system:
            other = system.start(Puppet, log)
            reminder = bad if way == "timer" else None
            keyed = await start_below(system, Keyed, reminder, decision=Decision.END)
            if way == "thread":
                keyed.tell_from_thread(bad)
            other.tell_from_thread("next")
            ended = await keyed.wait_stopped()
            assert isinstance(ended, Crashed)
            assert isinstance(ended.error, TypeError)
            with pytest.raises(trio.TooSlowError):
                await other.ask(Riddle(), within=1)
            assert log == ["next", Riddle()]


class Ticking(Puppet):
    """Has a tick each second, if there is room."""

    mailbox = Mailbox(1, overflow=Overflow.DROP_NEWEST)

    def started(self) -> None:
        self.every(1, "tick")


@seeds(20)
async def test_a_periodic_timer_goes_on_after_a_dropped_tick() -> None:
    """Ticks that find a full mailbox are lost, the next ones come."""
    log: list[Any] = []
    with trio.fail_after(100):
        async with open_system() as system:
            go_on = await busy(system.start(Ticking, log), queued=1)
            await trio.sleep(3.5)
            go_on.set()
            await trio.sleep(3)
            assert log == [0, "tick", "tick", "tick"]


class Parcel:
    """A message that can be counted."""


def made(parcels: weakref.WeakSet[Parcel]) -> Parcel:
    """Make one more and count it."""
    parcel = Parcel()
    parcels.add(parcel)
    return parcel


@seeds(1)
async def test_a_full_mailbox_keeps_nothing_of_senders_that_have_left() -> None:
    """Messages of cancelled senders are forgotten while the actor still hangs."""
    parcels: weakref.WeakSet[Parcel] = weakref.WeakSet()
    with trio.fail_after(100):
        async with open_system() as system:
            hung = system.start(Puppet, mailbox=Mailbox(1))
            go_on = await busy(hung, queued=1)
            for _ in range(500):
                with trio.move_on_after(0.01):
                    await hung.tell(made(parcels))
            gc.collect()
            assert len(parcels) < 150
            go_on.set()


@seeds(1)
async def test_timers_whose_message_was_dropped_are_forgotten() -> None:
    """Only the dead letters still know the message of a dropped one-shot timer."""
    parcels: weakref.WeakSet[Parcel] = weakref.WeakSet()

    def order(actor: Actor[Any]) -> None:
        for _ in range(3000):
            actor.after(0, made(parcels))

    async with open_system() as system:
        mailbox = Mailbox(1, overflow=Overflow.DROP_OLDEST)
        system.start(Puppet, mailbox=mailbox).tell_nowait(Do(order))
        await trio.sleep(1)
        gc.collect()
        assert len(system.dead_letters) < 2000
        assert len(parcels) < len(system.dead_letters) + 100


class Aside(Actor[str]):
    """Sets each message aside and still waits."""

    mailbox = Mailbox(1, overflow=Overflow.DROP_OLDEST)

    async def receive(self, message: str) -> None:
        self.stash(message)
        await trio.sleep(1)


@seeds(20)
async def test_a_message_stashed_in_hand_has_one_end() -> None:
    """Killed with it in hand and others dropped meanwhile: one dead letter each."""
    async with open_system() as system:
        aside = system.start(Aside)
        aside.tell_nowait("in hand")
        await settle()
        aside.tell_nowait("dropped")
        aside.tell_nowait("queued")
        aside.kill()
        await aside.wait_stopped()
        dead = sorted(letter.message for letter in system.dead_letters)
        assert dead == ["dropped", "in hand", "queued"]


@pytest.mark.parametrize("make", [Plain, Puppet])
@seeds(20)
async def test_a_request_whose_ask_never_reached_the_queue_is_abandoned(
    make: type[Plain | Puppet],
) -> None:
    """Nobody waits for it: the ask was cancelled, or refused."""
    requests = [Riddle(), Riddle(), Riddle()]
    with trio.fail_after(100):
        async with open_system() as system:
            idle = system.start(make)
            await idle.wait_started()
            with trio.CancelScope() as scope:
                scope.cancel()
                await idle.ask(requests[0])
            idle.stop()
            with pytest.raises(ActorError):
                await idle.ask(requests[1])
            full = system.start(Puppet, mailbox=Mailbox(1, overflow=Overflow.REJECT))
            go_on = await busy(full, queued=1)
            with pytest.raises(MailboxFullError):
                await full.ask(requests[2])
            go_on.set()
            assert [each.abandoned for each in requests] == [True] * 3
