"""`tell_from_thread`: messages from threads that are not Trio's."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorRef,
    DeadLetterReason,
    Mailbox,
    Overflow,
    open_system,
)
from tests.actors.cast import Do, Plain, Puppet, busy


async def test_messages_of_a_thread_arrive_in_their_order() -> None:
    """All of them, first told first handled."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Plain, log)

        def work() -> None:
            for number in range(500):
                ref.tell_from_thread(number)

        await trio.to_thread.run_sync(work)
        await arrived(ref)

    assert log == list(range(500))


async def arrived(ref: ActorRef[Any]) -> None:
    """Return when what threads have told before is handled."""
    done = trio.Event()
    ref.tell_from_thread(Do(lambda _: done.set()))
    await done.wait()


async def test_messages_of_many_threads_arrive_in_the_order_of_each() -> None:
    """No message of eight threads is lost or out of the order of its thread."""
    log: list[Any] = []
    together = threading.Barrier(8)
    async with open_system() as system:
        ref = system.start(Plain, log)

        def work(name: int) -> None:
            together.wait(100)
            for number in range(100):
                ref.tell_from_thread(name * 1000 + number)

        async with trio.open_nursery() as nursery:
            for name in range(8):
                nursery.start_soon(trio.to_thread.run_sync, work, name)
        await arrived(ref)

    for name in range(8):
        told = [number % 1000 for number in log if number // 1000 == name]
        assert told == list(range(100))


@pytest.mark.parametrize("overflow", [Overflow.WAIT, Overflow.REJECT])
async def test_a_message_that_finds_no_room_is_a_dead_letter(
    overflow: Overflow,
) -> None:
    """A thread cannot wait: the reason is NO_ROOM."""
    log: list[Any] = []
    async with open_system() as system:
        ref = system.start(Puppet, log, mailbox=Mailbox(1, overflow=overflow))
        free = await busy(ref, queued=1)
        await trio.to_thread.run_sync(ref.tell_from_thread, "too much")
        await settle()

        [letter] = system.dead_letters
        assert (letter.ref, letter.message) == (ref, "too much")
        assert letter.reason is DeadLetterReason.NO_ROOM
        free.set()

    assert log == [0]


async def test_a_message_to_an_ended_actor_is_a_dead_letter() -> None:
    """The thread is not told; the reason is STOPPED."""
    async with open_system() as system:
        ref = system.start(Puppet)
        ref.stop()
        await ref.wait_stopped()
        await trio.to_thread.run_sync(ref.tell_from_thread, "too late")
        await settle()

        [letter] = system.dead_letters
        assert letter.message == "too late"
        assert letter.reason is DeadLetterReason.STOPPED


def test_after_the_run_a_thread_gets_an_error() -> None:
    """`trio.RunFinishedError`, as everywhere in Trio."""

    async def main() -> ActorRef[Any]:
        async with open_system() as system:
            return system.start(Puppet)

    ref = trio.run(main)

    with pytest.raises(trio.RunFinishedError):
        ref.tell_from_thread(1)
