"""OTP's `gen_server_SUITE`: the cases that matter to us."""

from __future__ import annotations

import traceback

import pytest
import trio

from actors import (
    Actor,
    ActorCrashed,
    ActorCrashedError,
    ActorRef,
    ActorStoppedError,
    Crashed,
    DeadlockError,
    DuplicateNameError,
    Finished,
    MailboxFullError,
    Stopped,
    open_system,
)
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    ONE_PLACE,
    BoomError,
    Crash,
    Do,
    Echo,
    Hold,
    Hooked,
    Journal,
    Owner,
    Puppet,
    QuickPuppet,
    Timed,
    boom,
    busy_with,
    child_of,
    end_always,
    settle,
)


class Unborn(Puppet):
    """Cannot be made until somebody sets `ready`."""

    ready = False

    def __init__(self) -> None:
        super().__init__()
        if not self.ready:
            raise BoomError


@seeds(10)
async def test_gen_server_start() -> None:
    """An actor starts with or without a name; its ref works before it is ready."""
    async with open_system() as system:
        nameless = system.start(Puppet)
        named = system.start(Puppet, name="server")

        assert named.path == "/server"
        assert nameless.path != named.path
        assert await named.ask(Echo("a")) == "a"
        assert await nameless.ask(Echo("b")) == "b"


@seeds(10)
async def test_gen_server_start_already_started() -> None:
    """A name that a living actor has is refused; the error says who has it."""
    async with open_system() as system:
        first = system.start(Puppet, name="server")

        with pytest.raises(DuplicateNameError) as caught:
            system.start(Puppet, name="server")

        assert caught.value.path == first.path
        assert await first.ask(Echo()) == "echo"


@seeds(10)
async def test_gen_server_start_error() -> None:
    """What the constructor raises is raised by `start`, and nothing is left behind."""
    async with open_system() as system:
        with pytest.raises(BoomError):
            system.start(Unborn, name="server")

        assert system.tree().children == ()
        assert system.statistics().actors == 0


@seeds(10)
async def test_gen_server_start_init_timeout() -> None:
    """A start that takes too long is given up by the one who waits for it.

    OTP's start blocks and kills the server at its timeout.  Ours returns at once; who
    wants a bound waits for `wait_started` under one and kills.
    """
    journal: Journal = []
    async with open_system() as system:
        slow = system.start(Hooked, journal, {"started": trio.sleep_forever})

        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(1):
                await slow.wait_started()
        slow.kill()
        await slow.wait_stopped()

        with pytest.raises(ActorStoppedError):
            await slow.wait_started()


@seeds(10)
async def test_gen_server_start_event_timeout() -> None:
    """A timer that is set when the actor starts fires at its time.

    OTP returns a timeout from `init`; ours is `after` in `started`.
    """
    journal: Journal = []
    async with open_system() as system:
        system.start(Timed, journal, 2)

        await trio.sleep(1.9)
        assert journal == []
        await trio.sleep(0.2)
        assert journal == ["tick"]


@seeds(10)
async def test_gen_server_start_event_timeout_interrupt() -> None:
    """A message that comes before the timer may cancel it, and then it never fires.

    OTP's idle timeout is cancelled by any message; ours by who cancels it.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Timed, journal, 2)

        await trio.sleep(1)
        assert await ref.ask(Do(lambda me: me.cancel_timer("tick")))

        await trio.sleep(5)
        assert journal == []


@seeds(20)
async def test_gen_server_timeout_zero() -> None:
    """A timer of 0 seconds comes before everything that is queued after it was set."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)

        def set_and_tell(me: Puppet) -> None:
            me.after(0, "timeout")
            me.ref.tell_nowait("later")

        await ref.ask(Do(set_and_tell))
        await settle()

        assert journal == ["timeout", "later"]


@seeds(10)
async def test_gen_server_stop1() -> None:
    """A stop ends the actor, and `wait_stopped` returns when its hook has run.

    Stopping the dead is no error here, unlike OTP's `noproc`: what the caller wanted is
    the case, and `wait_stopped` says how it came about.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, journal, {"stopped": trio.lowlevel.checkpoint})

        ref.stop()
        assert await ref.wait_stopped() == Stopped()
        assert journal[-1] == ("stopped", Stopped())

        ref.stop("again")
        assert await ref.wait_stopped() == Stopped()


@seeds(10)
async def test_gen_server_stop2() -> None:
    """Any object may be the reason of a stop; it is in the exit."""
    async with open_system() as system:
        ref = system.start(Puppet)

        ref.stop(("odd", "reason"))

        assert await ref.wait_stopped() == Stopped(("odd", "reason"))
        assert ref.exit == Stopped(("odd", "reason"))


@seeds(10)
async def test_gen_server_stop3() -> None:
    """A wait for the end that takes too long leaves the stop going on.

    OTP gives the stop itself a timeout.  Ours is the scope around the waiting.
    """
    async with open_system() as system:
        ref = system.start(Puppet)
        gate = await busy_with(ref)

        ref.stop()
        with trio.move_on_after(1) as scope:
            await ref.wait_stopped()
        assert scope.cancelled_caught
        assert ref.exit is None

        gate.set()
        assert await ref.wait_stopped() == Stopped()


@seeds(10)
async def test_gen_server_stop4() -> None:
    """The name of a stopped actor is free again."""
    async with open_system() as system:
        first = system.start(Puppet, name="server")
        first.stop()
        await first.wait_stopped()

        second = system.start(Puppet, name="server")

        assert second is not first
        assert await second.ask(Echo()) == "echo"


@seeds(10)
async def test_gen_server_crash() -> None:
    """A crash report has the error with its traceback, and the last message in hand.

    An ordered stop makes no such report.
    """
    async with open_system() as system:
        owner = system.start(Owner)
        crashing = await child_of(owner, Puppet, name="crashing")
        with system.subscribe(ActorCrashed) as events:
            system.start(Puppet).stop()
            await crashing.tell(Crash(BoomError("why")))
            await settle()

            (event,) = events.drain()

        assert isinstance(event, ActorCrashed)
        assert event.ref is crashing
        report = "".join(traceback.format_exception(event.error))
        assert "BoomError: why" in report
        assert "in obey" in report
        assert "/crashing" in report
        assert "handling Crash(" in report


@seeds(5)
async def test_gen_server_loop_start_fail() -> None:
    """A constructor that raises leaves no name behind, however often."""
    async with open_system() as system:
        for _ in range(100):
            with pytest.raises(BoomError):
                system.start(Unborn, name="server")

        Unborn.ready = True
        try:
            assert await system.start(Unborn, name="server").ask(Echo()) == "echo"
        finally:
            Unborn.ready = False


@seeds(20)
async def test_gen_server_call() -> None:
    """An answer may be given at once, or later and from elsewhere, in any order."""
    answers: list[str] = []

    async def ask(ref: ActorRef[object], hold: Hold) -> None:
        answers.append(await ref.ask(hold))

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet)
        holds = [Hold(), Hold()]
        for hold in holds:
            nursery.start_soon(ask, ref, hold)
        await settle()
        assert await ref.ask(Echo("at once")) == "at once"

        holds[1].reply("second")
        await settle()
        holds[0].reply("first")
        await settle()

        assert answers == ["second", "first"]


@seeds(10)
async def test_gen_server_call_timeout() -> None:
    """An ask that is over its time raises TooSlowError and harms nobody."""
    async with open_system() as system:
        ref = system.start(Puppet)
        started_at = trio.current_time()

        with pytest.raises(trio.TooSlowError):
            await ref.ask(Hold(), within=2)

        assert trio.current_time() - started_at == 2
        assert await ref.ask(Echo()) == "echo"


class BadReturn(Puppet):
    """Returns something from `receive`."""

    def receive(self, message: object) -> None:  # type: ignore[override]  # the bug
        return message  # type: ignore[return-value]  # the bug on trial


@seeds(10)
async def test_gen_server_call_bad_return_value() -> None:
    """A bad return value crashes the actor, and the caller is told the cause."""
    async with open_system() as system:
        owner = system.start(Owner)
        bad = await child_of(owner, BadReturn)

        with pytest.raises(ActorCrashedError) as caught:
            await bad.ask(Echo())

        assert isinstance(caught.value.__cause__, TypeError)


@seeds(20)
async def test_gen_server_send_request() -> None:
    """A request may be sent now and waited for later: an ask in a nursery's task.

    OTP hands out request ids and collections of them; in Trio a task is the request id
    and a nursery the collection.
    """
    results: dict[str, str] = {}

    async def ask(ref: ActorRef[object], text: str) -> None:
        results[text] = await ref.ask(Echo(text))

    async with open_system() as system:
        ref = system.start(Puppet)
        async with trio.open_nursery() as nursery:
            for text in ("a", "b", "c"):
                nursery.start_soon(ask, ref, text)
            assert results == {}

        assert results == {"a": "a", "b": "b", "c": "c"}


@seeds(10)
async def test_gen_server_send_request_response_after_abandon() -> None:
    """A response that comes after the caller gave up is dropped and counted."""
    async with open_system() as system:
        ref = system.start(Puppet)
        hold = Hold()
        with trio.move_on_after(1):
            await ref.ask(hold)

        assert hold.abandoned
        hold.reply("late")

        assert system.statistics().late_replies == 1
        assert await ref.ask(Echo()) == "echo"


@seeds(10)
async def test_gen_server_send_request_duplicate() -> None:
    """One request object is asked once, and answered once."""
    async with open_system() as system:
        ref = system.start(Puppet)
        request = Echo()
        assert await ref.ask(request) == "echo"

        with pytest.raises(RuntimeError, match="asked already"):
            await ref.ask(request)
        with pytest.raises(RuntimeError, match="answered already"):
            request.reply("twice")


@seeds(10)
async def test_gen_server_cast() -> None:
    """A cast is handled later, in the order of casting."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        for number in range(5):
            ref.tell_nowait(number)
        assert journal == []

        await settle()
        assert journal == [0, 1, 2, 3, 4]


@seeds(10)
async def test_gen_server_cast_fast() -> None:
    """`tell_nowait` never waits, whatever the target does.

    OTP's cast to the unreachable is silent; ours says at the call that nobody will
    handle the message: full is `trio.WouldBlock`, dead is ActorStoppedError.
    """
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=ONE_PLACE)
        gate = await busy_with(ref)
        ref.tell_nowait("queued")

        with pytest.raises(MailboxFullError):
            ref.tell_nowait("no room")
        ref.stop()
        with pytest.raises(ActorStoppedError):
            ref.tell_nowait("too late")
        gate.set()


@seeds(10)
async def test_gen_server_info() -> None:
    """Any object is a message: there is one way in, for calls, casts and the rest."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        plain = object()

        await ref.tell(plain)
        await ref.tell(None)
        await settle()

        assert journal == [plain, None]


@seeds(10)
async def test_gen_server_continue() -> None:
    """What an actor puts back in front is handled before older queued messages.

    OTP's `continue` is a stash that is unstashed at once: the order is kept.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)

        def go_on(me: Puppet) -> None:
            me.ref.tell_nowait("queued")
            me.stash("continue 1")
            me.stash("continue 2")
            assert me.unstash_all() == 2

        await ref.ask(Do(go_on))
        await settle()

        assert journal == ["continue 1", "continue 2", "queued"]


@seeds(10)
async def test_gen_server_continue_stop() -> None:
    """An actor that finishes in a continuation ends; what was continued comes first."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)

        def go_on_and_finish(me: Puppet) -> None:
            me.stash("continue")
            me.unstash_all()
            me.finish()

        await ref.ask(Do(go_on_and_finish))

        assert await ref.wait_stopped() == Finished()
        assert journal == ["continue"]


@seeds(10)
async def test_gen_server_handle_event_timeout() -> None:
    """Looking at an actor does not touch its timers; a request may set one anew."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Timed, journal, 2)
        await trio.sleep(1.5)
        await ref.ask(Do(lambda me: me.after(2, "tick", key="tick")))
        assert system.tree().children[0].path == ref.path

        await trio.sleep(1.5)
        assert journal == []
        assert system.statistics().timers == 1
        await trio.sleep(1)
        assert journal == ["tick"]


@seeds(10)
async def test_gen_server_calling_self() -> None:
    """An actor that asks itself gets an error at once instead of waiting for ever."""
    async with open_system() as system:
        owner = system.start(Owner, name="owner")
        ref = await child_of(owner, Puppet, name="server")

        with pytest.raises(ActorCrashedError) as caught:
            await ref.ask(Do(lambda me: me.ref.ask(Echo())), within=1)

        assert isinstance(caught.value.__cause__, DeadlockError)
        assert caught.value.__cause__.cycle == ("/owner/server", "/owner/server")


@seeds(10)
async def test_gen_server_reply_by_alias_with_payload() -> None:
    """An answer does not go through the mailbox of the one who asks.

    So it need not scan the backlog, nor may it overtake or lose anything there.
    """
    journal: Journal = []
    async with open_system() as system:
        server = system.start(Puppet)
        asking = system.start(Puppet, journal)

        async def ask(me: Puppet) -> tuple[str, int]:
            for number in range(100):
                me.ref.tell_nowait(number)
            return await server.ask(Echo()), len(journal)

        assert await asking.ask(Do(ask)) == ("echo", 0)
        await settle()
        assert journal == list(range(100))


@seeds(5)
async def test_gen_server_undef_init() -> None:
    """An actor without a `started` hook is ready at once."""
    async with open_system() as system:
        ref = system.start(QuickPuppet)

        await ref.wait_started()

        assert system.tree().children[0].state == "idle"


@seeds(5)
async def test_gen_server_undef_terminate() -> None:
    """An actor without a `stopped` hook ends in order."""
    async with open_system() as system:
        ref = system.start(QuickPuppet)

        ref.stop()

        assert await ref.wait_stopped() == Stopped()


class Handless(Actor[object]):
    """Has no `receive`."""


@seeds(5)
async def test_gen_server_undef_handle_call() -> None:
    """A class without `receive` is refused at its start, not at its first message."""
    async with open_system() as system:
        with pytest.raises(TypeError, match="abstract"):
            system.start(Handless)


@seeds(10)
async def test_gen_server_terminate_crash_format() -> None:
    """A `stopped` hook that raises makes the end a crash, and the report names it."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        ref = await child_of(owner, Hooked, [], {"stopped": boom}, name="hooked")

        ref.stop()
        exit_ = await ref.wait_stopped()

        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, BoomError)
        assert "in stopped of actor" in exit_.error.__notes__[0]
        assert "/hooked" in exit_.error.__notes__[0]
