"""Pekko's `EventStreamSpec`, `ActorLifeCycleSpec`, and its mailboxes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

from actors import (
    ActorCrashed,
    ActorStarted,
    ActorStopped,
    Crashed,
    DeadLetter,
    DeadLetterReason,
    Event,
    HookFailed,
    IncarnationEnded,
    Mailbox,
    MessageAccepted,
    Overflow,
    Stopped,
    open_system,
)
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    ONE_PLACE,
    BoomError,
    Crash,
    Hooked,
    Journal,
    Owner,
    Puppet,
    boom,
    busy_with,
    child_of,
    end_always,
    leaves,
    settle,
)


@seeds(10)
async def test_event_stream_by_type() -> None:
    """A subscriber gets the types it named and no others, in the order of happening."""
    async with open_system() as system:
        with system.subscribe(ActorStarted, ActorStopped) as events:
            ref = system.start(Puppet)
            await ref.tell("message")
            ref.stop()
            await ref.wait_stopped()

            assert [type(each) for each in events.drain()] == [
                ActorStarted,
                ActorStopped,
            ]


@seeds(10)
async def test_event_stream_by_type_incl_subclasses() -> None:
    """Who subscribes to a base class gets every class below it."""
    async with open_system() as system:
        with system.subscribe(Event) as events:
            ref = system.start(Puppet)
            await ref.tell("message")
            ref.stop()
            await ref.wait_stopped()

            kinds = [type(each) for each in events.drain()]
            assert kinds[0] is ActorStarted
            assert MessageAccepted in kinds
            assert kinds[-2:] == [IncarnationEnded, ActorStopped]


@seeds(10)
async def test_event_stream_unsubscribe() -> None:
    """A subscription that was closed gets nothing more, and says so to its reader."""
    async with open_system() as system:
        events = system.subscribe(ActorStarted)
        system.start(Puppet)
        events.close()
        events.close()
        system.start(Puppet)

        assert len(events.drain()) == 1
        with pytest.raises(trio.EndOfChannel):
            await events.receive()


@seeds(10)
async def test_event_stream_dead_letter_subscriber_stopping() -> None:
    """A subscriber that ends makes no dead letters about dead letters.

    Events go into a ring, not into a mailbox; a subscriber that has gone gets none.
    """
    async with open_system() as system:
        with system.subscribe(DeadLetter, capacity=2):
            ref = system.start(Puppet, mailbox=ONE_PLACE)
            await busy_with(ref)
            await ref.tell("queued")
            ref.kill()
            await ref.wait_stopped()

        ref.tell_from_thread("too late")
        await settle()

        assert system.dead_letters.counts == {
            DeadLetterReason.KILLED: 1,
            DeadLetterReason.UNDELIVERED: 1,
            DeadLetterReason.STOPPED: 1,
        }


@seeds(10)
async def test_event_stream_slow_subscriber() -> None:
    """A slow reader loses the oldest events and knows how many; nobody waits for it."""
    async with open_system() as system:
        with system.subscribe(ActorStarted, capacity=2) as events:
            refs = [system.start(Puppet) for _ in range(5)]

            assert events.dropped == 3
            assert [each.ref for each in events.drain()] == refs[-2:]


@seeds(20)
async def test_life_cycle_hook_order() -> None:
    """The order of a life: made, started, messages, stopped, then undelivered."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, journal)
        await ref.tell("message")
        gate = await busy_with(ref)
        await ref.tell("left")
        ref.kill()
        gate.set()
        exit_ = await ref.wait_stopped()

        assert journal == [
            "made",
            "started",
            "message",
            ("stopped", exit_),
            ("undelivered", "left"),
        ]


@seeds(20)
async def test_life_cycle_hook_order_with_restart() -> None:
    """Each incarnation has its own hooks; the old ends before the new is made."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Hooked, journal)
        crash = Crash()
        await ref.tell(crash)
        await ref.tell("after")
        await settle()
        ref.stop()
        await ref.wait_stopped()

        life = ["made", "started"]
        assert journal == [
            *life,
            ("stopped", Crashed(crash.error)),
            *life,
            "after",
            ("stopped", Stopped()),
        ]


@seeds(10)
async def test_life_cycle_failures_in_post_stop_logged() -> None:
    """A crash in `stopped` of a crashed actor is an event; the first crash is kept."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        ref = await child_of(owner, Hooked, [], {"stopped": boom})
        with system.subscribe(HookFailed) as events:
            crash = Crash(ValueError("first"))
            await ref.tell(crash)
            exit_ = await ref.wait_stopped()
            (event,) = events.drain()

        assert isinstance(event, HookFailed)
        assert event.hook == "stopped"
        assert isinstance(event.error, BoomError)
        assert isinstance(exit_, Crashed)
        assert leaves(exit_.error) == (crash.error, event.error)


@seeds(10)
async def test_life_cycle_pre_start_failure() -> None:
    """A crash in `started` is decided about like any other crash."""
    journal: Journal = []

    def fail_at_first() -> None:
        if journal.count("made") == 1:
            boom()

    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Hooked, journal, {"started": fail_at_first})
        await ref.wait_started()
        await ref.tell("message")
        await settle()

        assert journal.count("made") == 2
        assert journal[-1] == "message"


@seeds(20)
async def test_life_cycle_graceful_stop_children_first() -> None:
    """Children are stopped, the last started first, before the owner's own cleanup."""
    journal: Journal = []

    def note(name: str) -> dict[str, Callable[[], object]]:
        return {"stopped": lambda: journal.append(name)}

    async with open_system() as system:
        owner = system.start(Hooked, Journal(), note("owner"))
        for name in ("first", "second"):
            await child_of(owner, Hooked, [], note(name))

        owner.stop()
        await owner.wait_stopped()

        assert journal == ["second", "first", "owner"]


@seeds(20)
async def test_mailbox_control_aware_first() -> None:
    """The control lane goes first and is no part of the capacity."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner, end_always, journal, mailbox=Mailbox(1))
        child = await child_of(owner, Puppet, name="child")
        gate = await busy_with(owner)
        await owner.tell("queued")
        child.kill()
        await settle()

        gate.set()
        await settle()

        assert [type(each) for each in journal] == [tuple, str]


@seeds(20)
async def test_mailbox_bounded_with_push_timeout() -> None:
    """A sender may bound its wait for room; given up means not sent."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal, mailbox=ONE_PLACE)
        gate = await busy_with(ref)
        await ref.tell("in")

        with trio.move_on_after(1) as scope:
            await ref.tell("given up")
        assert scope.cancelled_caught
        gate.set()
        await settle()

        assert journal == ["in"]


@pytest.mark.parametrize(
    ("overflow", "kept", "reason"),
    [
        (Overflow.DROP_OLDEST, [3, 4], DeadLetterReason.DROPPED_OLDEST),
        (Overflow.DROP_NEWEST, [1, 2], DeadLetterReason.DROPPED_NEWEST),
    ],
)
def test_mailbox_bounded_that_drops(
    overflow: Overflow, kept: list[int], reason: DeadLetterReason
) -> None:
    """A dropping mailbox never stops a sender; what it drops is a dead letter."""

    @seeds(5)
    async def run() -> None:
        journal: Journal = []
        async with open_system() as system:
            ref = system.start(Puppet, journal, mailbox=Mailbox(2, overflow=overflow))
            gate = await busy_with(ref)
            for number in (1, 2, 3, 4):
                ref.tell_nowait(number)
            gate.set()
            await settle()

            assert journal == kept
            assert system.dead_letters.counts == {reason: 2}

    run()


@seeds(5)
async def test_mailbox_selector_defaults() -> None:
    """Without a declaration there are 1,024 places; an option goes first."""
    async with open_system() as system:
        system.start(Puppet)
        system.start(Puppet, mailbox=Mailbox(7))

        capacities = [each.mailbox.capacity for each in system.tree().children]
        assert capacities == [1024, 7]


@seeds(10)
async def test_event_stream_crash_and_end() -> None:
    """A crash shows as a crash, then the incarnation's end, then the actor's."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        ref = await child_of(owner, Puppet)
        with system.subscribe() as events:
            await ref.tell(Crash())
            await ref.wait_stopped()

            kinds = [type(each) for each in events.drain()]

        assert kinds == [DeadLetter, ActorCrashed, IncarnationEnded, ActorStopped]
