"""Events, subscriptions and the store of dead letters."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorCrashed,
    ActorLate,
    ActorStarted,
    ActorStopped,
    Crashed,
    DeadLetter,
    DeadLetterReason,
    Decision,
    Event,
    HookFailed,
    IncarnationEnded,
    Mailbox,
    MessageAccepted,
    MessageBegun,
    MessageEnd,
    MessageEnded,
    Overflow,
    Stopped,
    open_system,
)
from tests.actors.cast import (
    CRASH,
    Boom,
    Do,
    Farewell,
    Plain,
    Puppet,
    Question,
    Riddle,
    begin,
    busy,
    start_below,
    start_owned,
)


async def test_a_life_is_told_in_events(autojump_clock: MockClock) -> None:
    """Start, crash, restart, end: each with its time, its ref and its incarnation."""
    del autojump_clock
    async with open_system() as system:
        owner, ref = await start_owned(system, Farewell, [])
        events = system.subscribe()
        await trio.sleep(1)
        ref.tell_nowait(CRASH)
        await trio.sleep(1)
        owner.tell_nowait(Decision.END)
        await settle()
        ref.stop("x")
        await ref.wait_stopped()

        seen = events.drain()

    error = next(event.error for event in seen if isinstance(event, ActorCrashed))
    assert isinstance(error, Boom)
    assert seen[:4] == [
        DeadLetter(1, ref, CRASH, DeadLetterReason.CRASHED),
        ActorCrashed(1, ref, 1, error),
        IncarnationEnded(1, ref, 1, Crashed(error)),
        ActorStarted(1, ref, 2),
    ]
    assert seen[4:] == [
        IncarnationEnded(2, ref, 2, Stopped("x")),
        ActorStopped(2, ref, Stopped("x"), 0),
    ]


async def test_the_last_event_of_an_actor_counts_what_was_left() -> None:
    """`ActorStopped.undelivered` is the number of messages nobody handled."""
    async with open_system() as system:
        events = system.subscribe(ActorStopped)
        ref = system.start(Puppet)
        await busy(ref, queued=3)
        ref.kill()
        await ref.wait_stopped()

        [event] = events.drain()
    assert isinstance(event, ActorStopped)
    assert event.undelivered == 3


async def test_a_late_actor_is_told_in_an_event(autojump_clock: MockClock) -> None:
    """`ActorLate` says what it was doing."""
    del autojump_clock
    async with open_system() as system:
        events = system.subscribe(ActorLate)
        ref = system.start(Puppet, grace=2)
        await busy(ref)
        ref.stop()
        await ref.wait_stopped()

        assert events.drain() == [ActorLate(2, ref, "receive")]


async def test_a_subscription_gets_its_types_and_no_others() -> None:
    """Each subscription its own; a subclass comes with its base."""
    async with open_system() as system:
        starts = system.subscribe(ActorStarted)
        ends = system.subscribe(IncarnationEnded, ActorStopped)
        everything = system.subscribe(Event)
        ref = system.start(Puppet)
        ref.tell_nowait(1)
        ref.stop()
        await ref.wait_stopped()

        assert [type(event) for event in starts.drain()] == [ActorStarted]
        assert [type(event) for event in ends.drain()] == [
            IncarnationEnded,
            ActorStopped,
        ]
        assert [type(event) for event in everything.drain()] == [
            ActorStarted,
            MessageAccepted,
            MessageBegun,
            MessageEnded,
            IncarnationEnded,
            ActorStopped,
        ]


async def test_the_default_is_the_life_of_actors_without_messages() -> None:
    """Single messages are told only to who names them."""
    async with open_system() as system:
        events = system.subscribe()

        assert events.types == {
            ActorStarted,
            ActorCrashed,
            IncarnationEnded,
            ActorStopped,
            ActorLate,
            HookFailed,
            DeadLetter,
        }


async def test_a_slow_reader_loses_the_oldest_and_is_told_how_many() -> None:
    """The publisher never waits; `dropped` counts."""
    async with open_system() as system:
        events = system.subscribe(ActorStarted, capacity=2)
        refs = [system.start(Puppet) for _ in range(5)]

        assert len(events) == 2
        assert events.dropped == 3
        assert [event.ref for event in events.drain()] == refs[3:]


async def test_a_reader_waits_for_events_and_sees_the_end() -> None:
    """`async for` gives them as they come and ends with the system."""
    seen: list[Event] = []
    async with trio.open_nursery() as nursery, open_system() as system:
        events = system.subscribe(ActorStarted)

        async def read() -> None:
            seen.extend([event async for event in events])

        nursery.start_soon(read)
        await settle()
        first = system.start(Puppet)
        await settle()
        assert [event.ref for event in seen] == []
        second = system.start(Puppet)

    assert [event.ref for event in seen] == [first, second]
    assert events.closed
    with pytest.raises(trio.EndOfChannel):
        events.receive_nowait()
    with pytest.raises(trio.EndOfChannel):
        await events.receive()


async def test_receive_nowait_takes_or_would_block() -> None:
    """What is here, or `trio.WouldBlock`; leaving the block closes it."""
    async with open_system() as system:
        with system.subscribe(ActorStarted) as events:
            with pytest.raises(trio.WouldBlock):
                events.receive_nowait()
            ref = system.start(Puppet)
            assert events.receive_nowait().ref is ref
        events.close()
        system.start(Puppet)

        assert events.closed
        assert len(events) == 0


async def test_a_closed_subscription_does_not_close_the_others() -> None:
    """The other one still gets what it wants, and no more is made than wanted."""
    async with open_system() as system:
        one = system.subscribe(ActorStarted)
        two = system.subscribe(ActorStopped)
        one.close()
        ref = system.start(Puppet)
        ref.stop()
        await ref.wait_stopped()

        assert len(one) == 0
        assert len(two) == 1


# ------------------------------------------------------------------------- messages


async def test_each_traced_message_has_a_number_a_beginning_and_an_end() -> None:
    """Handled, dead, skipped: one end for each that was accepted."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = await start_below(system, Puppet, decision=Decision.END)
        events = system.subscribe(MessageAccepted, MessageBegun, MessageEnded)
        ref.tell_nowait("one")
        await settle()
        free = await busy(ref)
        scope = trio.CancelScope()

        async def give_up() -> None:
            with scope:
                await ref.ask(Riddle())

        await begin(nursery, give_up)
        scope.cancel()
        await settle()
        ref.tell_nowait(CRASH)
        ref.tell_nowait("left")
        free.set()
        await ref.wait_stopped()

        accepted: list[int] = []
        begun: list[int] = []
        ended: dict[int, MessageEnd] = {}
        for event in events.drain():
            match event:
                case MessageAccepted():
                    accepted.append(event.number)
                case MessageBegun(incarnation=1):
                    begun.append(event.number)
                case MessageEnded():
                    assert event.number not in ended
                    ended[event.number] = event.end
                case _:
                    pytest.fail(f"what is {event}?")

    assert accepted == [1, 2, 3, 4, 5]
    assert begun == [1, 2, 4]
    assert ended == {
        1: MessageEnd.HANDLED,
        2: MessageEnd.HANDLED,
        3: MessageEnd.SKIPPED,
        4: MessageEnd.DEAD,
        5: MessageEnd.DEAD,
    }


@pytest.mark.parametrize("kind", [MessageAccepted, MessageBegun, MessageEnded])
@pytest.mark.parametrize("make", [Plain, Puppet])
async def test_traced_actors_do_the_same(
    kind: type[Event], make: type[Plain | Puppet]
) -> None:
    """Order, answers, bounds and drops do not change when somebody looks."""
    log: list[Any] = []
    async with open_system() as system:
        before = system.start(make, log)
        events = system.subscribe(kind)
        system.subscribe(MessageBegun)
        after = system.start(make, log, mailbox=Mailbox(2, overflow=Overflow.REJECT))
        for ref in (before, after):
            ref.tell_nowait(1)
            await ref.tell(2)
            await settle()
            assert await ref.ask(Question()) == 42
        after.tell_nowait(3)
        after.tell_nowait(4)
        with pytest.raises(trio.WouldBlock):
            after.tell_nowait(5)
        await settle()

        assert log == [1, 2, 1, 2, 3, 4]
        assert len(events) == 8


async def test_a_message_that_crashes_after_a_wait_has_its_end_too() -> None:
    """A traced message in hand is dead when its actor is killed with it."""
    async with open_system() as system:
        events = system.subscribe(MessageEnded)
        ref = system.start(Puppet)
        await busy(ref)
        ref.kill()
        await ref.wait_stopped()

        [event] = events.drain()
        assert isinstance(event, MessageEnded)
        assert event.end is MessageEnd.DEAD
        assert system.dead_letters.counts == {DeadLetterReason.KILLED: 1}


# ---------------------------------------------------------------------- dead letters


async def test_the_store_of_dead_letters_is_bounded_and_its_counts_are_not() -> None:
    """The latest are kept, all are counted, by reason."""
    async with open_system(dead_letters=2) as system:
        mailbox = Mailbox(1, overflow=Overflow.DROP_NEWEST)
        ref = system.start(Puppet, mailbox=mailbox)
        await busy(ref, queued=6)

        assert len(system.dead_letters) == 2
        assert [letter.message for letter in system.dead_letters] == [4, 5]
        assert system.dead_letters.counts == {DeadLetterReason.DROPPED_NEWEST: 5}
        ref.kill()


async def test_a_store_of_none_only_counts() -> None:
    """`dead_letters=0` keeps nothing."""
    async with open_system(dead_letters=0) as system:
        ref = await start_below(system, Puppet)
        ref.tell_nowait(CRASH)
        await settle()

        assert list(system.dead_letters) == []
        assert system.statistics().dead_letters == {DeadLetterReason.CRASHED: 1}


async def test_dead_letters_are_events_too() -> None:
    """The same object in the store and in the subscription."""
    async with open_system() as system:
        events = system.subscribe(DeadLetter)
        ref = await start_below(system, Puppet)
        ref.tell_nowait(Do(CRASH.act))
        await settle()

        assert events.drain() == list(system.dead_letters)
        assert len(system.dead_letters) == 1
