"""Pekko's `AskSpec` and `ActorContextAskSpec`."""

from __future__ import annotations

import pytest
import trio

from actors import (
    ActorCrashedError,
    ActorRef,
    ActorStoppedError,
    Crashed,
    DeadLetterReason,
    Stopped,
    open_system,
)
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    ONE_PLACE,
    BoomError,
    CrashAsk,
    Do,
    Echo,
    Hold,
    Journal,
    Owner,
    Puppet,
    QuickPuppet,
    busy_with,
    child_of,
    collect,
    end_always,
    forever,
    settle,
    stop_when_settled,
)

BOTH = (Puppet, QuickPuppet)


@seeds(10)
async def test_ask_dead_target() -> None:
    """Asking the dead fails at once; the error has the exit."""
    async with open_system() as system:
        for make in BOTH:
            ref = system.start(make)
            ref.stop("why")
            await ref.wait_stopped()

            with pytest.raises(ActorStoppedError) as caught:
                await ref.ask(Echo())

            assert caught.value.exit == Stopped("why")


@seeds(10)
async def test_ask_dead_target_that_crashed() -> None:
    """Asking somebody who ended by a crash says what the crash was."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        for make in BOTH:
            ref = await child_of(owner, make)
            crash = CrashAsk()
            await ref.tell(crash)
            assert await ref.wait_stopped() == Crashed(crash.error)

            with pytest.raises(ActorStoppedError) as caught:
                await ref.ask(Echo())

            assert caught.value.__cause__ is crash.error


@seeds(10)
async def test_ask_no_reply() -> None:
    """Without an answer an ask waits, up to its `within`, or to the scope around it."""
    async with open_system() as system:
        for make in BOTH:
            ref = system.start(make)
            begun = trio.current_time()

            with pytest.raises(trio.TooSlowError):
                await ref.ask(Hold(), within=1)
            with pytest.raises(trio.TooSlowError):
                with trio.fail_after(1):
                    await ref.ask(Hold())

            assert trio.current_time() - begun == 2


@seeds(10)
async def test_ask_no_reply_within_counts_the_wait_for_room() -> None:
    """`within` bounds the whole ask, the wait for room in a full mailbox included."""
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=ONE_PLACE)
        gate = await busy_with(ref)
        ref.tell_nowait("fills the mailbox")
        with trio.move_on_after(10) as guard:
            with pytest.raises(trio.TooSlowError):
                await ref.ask(Echo(), within=1)

        assert not guard.cancelled_caught
        assert trio.current_time() == 1
        gate.set()


@seeds(10)
async def test_ask_late_reply() -> None:
    """A late answer reaches nobody: it is counted, and is no dead letter.

    Pekko sends it to the dead letters.  We count it: nobody can do anything about it,
    and users elsewhere take such letters for errors.
    """
    async with open_system() as system:
        for make in BOTH:
            ref = system.start(make)
            by_value, by_error = Hold(), Hold()
            for hold in (by_value, by_error):
                with pytest.raises(trio.TooSlowError):
                    await ref.ask(hold, within=1)

            by_value.reply("late")
            by_error.fail(BoomError())

        assert system.statistics().late_replies == 4
        assert len(system.dead_letters) == 0


@seeds(10)
async def test_ask_failure_status() -> None:
    """`fail` makes the ask raise that very error, and harms nobody else."""
    async with open_system() as system:
        for make in BOTH:
            ref = system.start(make)
            hold, error = Hold(), BoomError()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_fail_later, hold, error)
                with pytest.raises(BoomError) as caught:
                    await ref.ask(hold)

            assert caught.value is error
            assert await ref.ask(Echo()) == "echo"


async def _fail_later(hold: Hold, error: Exception) -> None:
    await settle()
    hold.fail(error)


@seeds(20)
async def test_ask_responder_throws() -> None:
    """A crash on a request reaches the asker at once, with the crash as the cause."""
    async with open_system() as system:
        owner = system.start(Owner)
        for make in BOTH:
            ref = await child_of(owner, make)
            request = CrashAsk()

            with pytest.raises(ActorCrashedError) as caught:
                await ref.ask(request, within=1)

            assert caught.value.__cause__ is request.error
            assert caught.value.request is request
            assert trio.current_time() == 0
            assert await ref.ask(Echo()) == "echo"


@seeds(20)
async def test_ask_responder_throws_on_another_message() -> None:
    """A crash fails the requests in hand too; those in the queue are still handled."""
    results: dict[object, object] = {}
    in_hand, queued = Hold(), Echo()
    async with open_system() as system, trio.open_nursery() as nursery:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet)
        nursery.start_soon(collect, ref, in_hand, results)
        await settle()
        gate = await busy_with(ref)
        await ref.tell(CrashAsk())
        nursery.start_soon(collect, ref, queued, results)
        await settle()

        gate.set()
        await settle()

        assert isinstance(results[in_hand], ActorCrashedError)
        assert results[queued] == "echo"


@seeds(20)
async def test_ask_replies_keep_order() -> None:
    """Requests of one sender are handled in order, and each gets its own answer."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        for number in range(5):
            await ref.tell(number)
            assert await ref.ask(Echo(str(number))) == str(number)
            assert journal[-1] == number


@seeds(10)
async def test_ask_mapping_failure_fails_asker() -> None:
    """What the asker does with the answer is its own code: its error is its crash.

    Pekko maps answers to messages by a function; ours come back from `await`.
    """
    async with open_system() as system:
        owner = system.start(Owner)
        server = system.start(Puppet)
        asking = await child_of(owner, Puppet)

        async def ask_and_map(me: Puppet) -> int:
            del me
            return int(await server.ask(Echo("no number")))

        with pytest.raises(ActorCrashedError) as caught:
            await asking.ask(Do(ask_and_map))

        assert isinstance(caught.value.__cause__, ValueError)
        assert await server.ask(Echo()) == "echo"


@seeds(10)
async def test_ask_status_replies_unwrap() -> None:
    """An asking actor gets the value or the raised error: nothing to unwrap."""
    async with open_system() as system:
        server = system.start(Puppet)
        asking = system.start(Puppet)

        async def ask_both(me: Puppet) -> str:
            hold = Hold()
            me.start_soon(_fail_later, hold, BoomError())
            with pytest.raises(BoomError):
                await server.ask(hold)
            return await server.ask(Echo("value"))

        assert await asking.ask(Do(ask_both)) == "value"


@seeds(20)
async def test_ask_abandoned_request_is_not_begun() -> None:
    """A request whose asker has left before it was begun is skipped."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet)
        gate = await busy_with(ref)
        with trio.move_on_after(1):
            await ref.ask(Do(lambda _: journal.append("begun")))

        gate.set()
        assert await ref.ask(Echo()) == "echo"

        assert journal == []


@seeds(10)
async def test_ask_forwarded_request_is_answered_by_the_one_who_has_it() -> None:
    """A request may be handed on: whoever holds it answers the asker."""
    async with open_system() as system:
        second = system.start(Puppet)
        first = system.start(Forwarder, second)

        assert await first.ask(Echo("handed on")) == "handed on"


class Forwarder(Puppet):
    """Hands every request on."""

    def __init__(self, to: ActorRef[object]) -> None:
        super().__init__()
        self.to = to

    async def receive(self, message: object) -> None:
        self.to.forward(message)


@seeds(20)
async def test_ask_forwarded_request_fails_with_its_last_holder() -> None:
    """If the actor that a request was handed on to ends, the asker is told at once."""
    async with open_system() as system:
        second = system.start(Puppet)
        first = system.start(Forwarder, second)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_when_settled, second)
            with pytest.raises(ActorStoppedError) as caught:
                await first.ask(Hold(), within=5)

        assert caught.value.path == second.path


@seeds(20)
async def test_ask_forwarded_request_outlives_who_handed_it_on() -> None:
    """If the actor that handed a request on ends, the answer still comes."""

    async def stop_and_answer(first: ActorRef[object], hold: Hold) -> None:
        await stop_when_settled(first)
        hold.reply("answer")

    async with open_system() as system:
        first = system.start(Forwarder, system.start(Puppet))
        hold = Hold()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_and_answer, first, hold)
            assert await first.ask(hold, within=5) == "answer"


@seeds(10)
async def test_ask_no_reply_because_it_ended() -> None:
    """An actor that ends without an answer fails the requests it has in hand."""
    async with open_system() as system:
        for make in BOTH:
            ref = system.start(make)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop_when_settled, ref)
                with pytest.raises(ActorStoppedError) as caught:
                    await ref.ask(Hold(), within=5)

            assert caught.value.path == ref.path
        assert trio.current_time() == 0


@seeds(10)
async def test_ask_no_reply_because_it_was_killed() -> None:
    """A kill fails the requests in hand and in the queue, at once."""
    results: dict[object, object] = {}
    in_hand, queued = Do(forever), Echo()
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet)
        for request in (in_hand, queued):
            nursery.start_soon(collect, ref, request, results)
            await settle()
        ref.kill()
        await settle()

        assert isinstance(results[in_hand], ActorStoppedError)
        assert isinstance(results[queued], ActorStoppedError)
        reasons = [letter.reason for letter in system.dead_letters]
        assert reasons == [DeadLetterReason.KILLED, DeadLetterReason.UNDELIVERED]
