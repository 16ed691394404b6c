"""Messages: what every sender can rely on, cell by cell of DESIGN section 5's table."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorCrashedError,
    ActorRef,
    ActorStoppedError,
    AnyRef,
    Crashed,
    DeadLetterReason,
    DeadlockError,
    Decision,
    Killed,
    Mailbox,
    MailboxFullError,
    MessageDroppedError,
    Overflow,
    Request,
    Stopped,
    open_system,
)
from tests.actors.cast import (
    CRASH,
    SMALL,
    Bomb,
    Boom,
    Cast,
    Do,
    Outcome,
    Plain,
    Puppet,
    Question,
    Riddle,
    begin,
    busy,
    look,
    send,
    start_below,
)

THREE = pytest.mark.parametrize("how", ["tell_nowait", "tell", "ask"])
TELLS = pytest.mark.parametrize("how", ["tell_nowait", "tell"])
BOTH = pytest.mark.parametrize("make", [Plain, Puppet])


class Heir(Puppet):
    """Logs what it is handed back at its end."""

    def undelivered(self, message: object) -> None:
        self.log.append(("undelivered", message))


# ------------------------------------------------------------- room in the mailbox


@TELLS
async def test_room_a_told_message_is_queued_and_handled_in_its_turn(how: str) -> None:
    """`tell` and `tell_nowait` return at once; the message waits behind others."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        free = await busy(ref, queued=1)

        await send(how, ref, "told")

        assert look(system, ref).mailbox.depth == 2
        free.set()
        await settle()
        assert log == [0, "told"]


@BOTH
async def test_room_ask_is_queued_and_its_caller_waits_for_the_answer(
    make: type[Cast],
) -> None:
    """The asker goes on when the actor answers, not before."""
    async with open_system() as system, trio.open_nursery() as nursery:
        owner = system.start(Puppet)
        free = await busy(owner)

        asker = await begin(nursery, owner.ask, Question(7))

        assert not asker.done
        assert look(system, owner).mailbox.depth == 1
        free.set()
        await settle()
        assert asker.value == 7
        assert await system.start(make).ask(Question(8)) == 8


@pytest.mark.parametrize("how", ["tell", "ask"])
@BOTH
async def test_room_each_send_is_a_cancellation_point(
    how: str, make: type[Cast]
) -> None:
    """Under cancellation nothing arrives, at no position of the schedule counter."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(make, log)
        for _ in range(130):
            with trio.CancelScope() as scope:
                scope.cancel()
                await send(how, ref, Riddle())
            assert scope.cancelled_caught

        await settle()
        assert log == []


@pytest.mark.parametrize("how", ["tell", "ask"])
async def test_room_one_send_in_64_is_a_schedule_point(how: str) -> None:
    """A loop that only sends lets other tasks run at least every 64th time."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with open_system() as system, trio.open_nursery() as nursery:
        nursery.start_soon(other)
        ref = system.start(Plain)
        for _ in range(6400):
            await send(how, ref, Question())
        assert turns >= 95
        nursery.cancel_scope.cancel()


# ------------------------------------------------------------------------- full


async def test_full_tell_nowait_raises_would_block_with_the_figures() -> None:
    """`MailboxFullError` is a `trio.WouldBlock` that says who and how many."""
    async with open_system() as system:
        ref = system.start(Puppet, name="small", mailbox=SMALL)
        free = await busy(ref, queued=2)

        with pytest.raises(trio.WouldBlock) as caught:
            ref.tell_nowait(3)

        assert isinstance(caught.value, MailboxFullError)
        assert (caught.value.path, caught.value.depth, caught.value.capacity) == (
            "/small",
            2,
            2,
        )
        assert "2 messages wait" in str(caught.value)
        free.set()


async def test_full_tell_waits_for_room_first_come_first_served() -> None:
    """Three senders wait; they get in in the order in which they came."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log, mailbox=SMALL)
        free = await busy(ref, queued=2)
        for name in "abc":
            await begin(nursery, ref.tell, name)

        assert look(system, ref).mailbox.waiting_senders == 3
        free.set()
        await settle()
        assert log == [0, 1, "a", "b", "c"]


@pytest.mark.parametrize("how", ["tell", "ask"])
async def test_full_a_cancelled_sender_has_not_sent(how: str) -> None:
    """Who gives up while waiting for room leaves nothing; the others move up."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log, mailbox=SMALL)
        free = await busy(ref, queued=2)
        scope = trio.CancelScope()

        async def give_up() -> None:
            with scope:
                await send(how, ref, Riddle())

        await begin(nursery, give_up)
        await begin(nursery, ref.tell, "next")
        scope.cancel()
        await settle()
        free.set()
        await settle()

        assert log == [0, 1, "next"]


async def test_full_ask_waits_for_room_and_then_for_its_answer() -> None:
    """The ask gets its place when there is room, and its answer in its turn."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, mailbox=SMALL)
        free = await busy(ref, queued=2)

        asker = await begin(nursery, ref.ask, Question(5))

        assert look(system, ref).mailbox.waiting_senders == 1
        free.set()
        await settle()
        assert asker.value == 5


@THREE
async def test_full_with_reject_all_three_raise_at_once(how: str) -> None:
    """`Overflow.REJECT` never waits."""
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=Mailbox(1, overflow=Overflow.REJECT))
        free = await busy(ref, queued=1)

        with pytest.raises(MailboxFullError):
            await send(how, ref, Question())
        free.set()


# -------------------------------------------------------------- policy says drop


def one_key(_: object) -> str:
    """Return the same key for every message."""
    return "the only one"


def key_by_type(message: object) -> type:
    """Return a key for each type of message."""
    return type(message)


OLDEST = Mailbox(1, overflow=Overflow.DROP_OLDEST)
NEWEST = Mailbox(1, overflow=Overflow.DROP_NEWEST)
LATEST = Mailbox(1, overflow=Overflow.KEEP_LATEST, key=one_key)
LATEST_OF_MANY = Mailbox(1, overflow=Overflow.KEEP_LATEST, key=key_by_type)
MAKES_ROOM = pytest.mark.parametrize(
    ("mailbox", "reason"),
    [
        (OLDEST, DeadLetterReason.DROPPED_OLDEST),
        (LATEST, DeadLetterReason.REPLACED),
        (LATEST_OF_MANY, DeadLetterReason.DROPPED_OLDEST),
    ],
)


@TELLS
@MAKES_ROOM
async def test_drop_a_told_message_takes_the_place_of_an_old_one(
    how: str, mailbox: Mailbox, reason: DeadLetterReason
) -> None:
    """The old message is a dead letter with its reason, the new one is handled."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log, mailbox=mailbox)
        free = await busy(ref, queued=1)

        await send(how, ref, "new")

        [letter] = system.dead_letters
        assert (letter.ref, letter.message, letter.reason) == (ref, 0, reason)
        free.set()
        await settle()
        assert log == ["new"]


@MAKES_ROOM
async def test_drop_an_ask_takes_the_place_of_an_old_message(
    mailbox: Mailbox, reason: DeadLetterReason
) -> None:
    """The ask is queued and answered, the old message is a dead letter."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, mailbox=mailbox)
        free = await busy(ref, queued=1)

        asker = await begin(nursery, ref.ask, Question(3))

        assert [letter.reason for letter in system.dead_letters] == [reason]
        free.set()
        await settle()
        assert asker.value == 3


@MAKES_ROOM
async def test_drop_a_queued_request_that_is_dropped_fails_at_once(
    mailbox: Mailbox, reason: DeadLetterReason
) -> None:
    """Its asker gets `MessageDroppedError` while the actor is still busy."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, mailbox=mailbox)
        free = await busy(ref)
        asker = await begin(nursery, ref.ask, Question())

        ref.tell_nowait("newer")
        await settle()

        assert isinstance(asker.error, MessageDroppedError)
        assert asker.error.reason is reason
        assert ref.path in str(asker.error)
        free.set()


@TELLS
async def test_drop_newest_makes_the_new_message_a_dead_letter(how: str) -> None:
    """`DROP_NEWEST`: the sender goes on, the queued message stays."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log, mailbox=NEWEST)
        free = await busy(ref, queued=1)

        await send(how, ref, "new")

        [letter] = system.dead_letters
        assert letter.message == "new"
        assert letter.reason is DeadLetterReason.DROPPED_NEWEST
        free.set()
        await settle()
        assert log == [0]


async def test_drop_newest_fails_a_new_request_at_once() -> None:
    """`DROP_NEWEST`: the request that finds no room raises in its ask."""
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=NEWEST)
        free = await busy(ref, queued=1)

        with pytest.raises(MessageDroppedError):
            await ref.ask(Question())
        free.set()


# ------------------------------------------------------------- ended for good


@THREE
async def test_ended_for_good_all_three_raise_with_the_exit(how: str) -> None:
    """`ActorStoppedError` says how the actor ended."""
    async with open_system() as system:
        ref = system.start(Puppet)
        ref.stop("enough")
        await ref.wait_stopped()

        with pytest.raises(ActorStoppedError) as caught:
            await send(how, ref, Question())

        assert caught.value.exit == Stopped("enough")
        assert "has ended" in str(caught.value)


@THREE
async def test_ended_by_a_crash_all_three_raise_from_the_crash(how: str) -> None:
    """The cause of `ActorStoppedError` is the crash."""
    async with open_system() as system:
        ref = await start_below(system, Puppet, decision=Decision.END)
        ref.tell_nowait(CRASH)
        exit_ = await ref.wait_stopped()

        with pytest.raises(ActorStoppedError) as caught:
            await send(how, ref, Question())

        assert isinstance(exit_, Crashed)
        assert caught.value.__cause__ is exit_.error


@THREE
async def test_stopping_all_three_raise_without_an_exit_yet(how: str) -> None:
    """From the call of `stop` on nobody can send; what is queued is handled."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        free = await busy(ref, queued=1)
        ref.stop()

        with pytest.raises(ActorStoppedError) as caught:
            await send(how, ref, Question())

        assert caught.value.exit is None
        assert "is stopping" in str(caught.value)
        free.set()
        await ref.wait_stopped()
        assert log == [0]


# ---------------------------------------------------------- actor crashes on it


@TELLS
@BOTH
async def test_crash_on_it_a_told_message_is_gone_as_a_dead_letter(
    how: str, make: type[Cast]
) -> None:
    """It is reported with the crash and not replayed after the restart."""
    log: list[object] = []
    async with open_system() as system:
        ref = await start_below(system, make, log)

        await send(how, ref, CRASH)
        await settle()

        [letter] = system.dead_letters
        assert letter.message is CRASH
        assert letter.reason is DeadLetterReason.CRASHED
        assert look(system, ref).incarnation == 2
        assert await ref.ask(Question(1)) == 1


@BOTH
async def test_crash_on_it_ask_raises_at_once_from_the_crash(make: type[Cast]) -> None:
    """`ActorCrashedError`, its cause the crash, its request the one that did it."""
    async with open_system() as system:
        ref = await start_below(system, make)

        with pytest.raises(ActorCrashedError) as caught:
            await ref.ask(Bomb())

        assert isinstance(caught.value.__cause__, Boom)
        assert caught.value.request == Bomb()
        assert "Bomb()" in str(caught.value)
        assert await ref.ask(Question(1)) == 1


async def test_crash_on_it_ask_raises_also_when_the_actor_crashes_later() -> None:
    """A request in care of the crashing actor fails, though another caused it."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = await start_below(system, Puppet)
        asker = await begin(nursery, ref.ask, Riddle())
        assert not asker.done

        ref.tell_nowait(CRASH)
        await settle()

        assert isinstance(asker.error, ActorCrashedError)
        assert isinstance(asker.error.__cause__, Boom)


# -------------------------------------------------- actor crashes on something else


@THREE
@BOTH
async def test_crash_on_something_else_what_is_queued_is_for_the_next_incarnation(
    how: str, make: type[Cast]
) -> None:
    """Messages behind the crash are handled by the incarnation after it."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = await start_below(system, make, log)

        ref.tell_nowait(CRASH)
        asker = Outcome()
        nursery.start_soon(asker.of, send, how, ref, Question(6))
        ref.tell_nowait("behind")
        await settle()

        assert log == ["behind"]
        assert asker.error is None
        assert asker.value == (6 if how == "ask" else None)
        assert look(system, ref).incarnation == 2


# ------------------------------------------- last incarnation ends with messages queued


@TELLS
async def test_last_end_told_messages_are_undelivered_and_then_dead_letters(
    how: str,
) -> None:
    """The hook sees each in order, before it becomes a dead letter."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Heir, log)
        await busy(ref)
        await send(how, ref, "one")
        await send(how, ref, "two")

        ref.kill()
        assert await ref.wait_stopped() == Killed()

        assert log == [("undelivered", "one"), ("undelivered", "two")]
        letters = [(letter.message, letter.reason) for letter in system.dead_letters]
        assert letters[1:] == [
            ("one", DeadLetterReason.UNDELIVERED),
            ("two", DeadLetterReason.UNDELIVERED),
        ]
        assert letters[0][1] is DeadLetterReason.KILLED


@pytest.mark.parametrize("mailbox", [Mailbox(), Mailbox(1)], ids=["queued", "waiting"])
async def test_last_end_asks_raise_and_never_hang(mailbox: Mailbox) -> None:
    """Queued, or still waiting for room: `ActorStoppedError`."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, mailbox=mailbox)
        await busy(ref, queued=1)
        asker = await begin(nursery, ref.ask, Question())

        ref.kill()
        await settle()

        assert isinstance(asker.error, ActorStoppedError)


async def test_last_end_a_waiting_tell_raises() -> None:
    """A sender who waits for room is turned away when the actor is stopped."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, mailbox=SMALL)
        free = await busy(ref, queued=2)
        teller = await begin(nursery, ref.tell, "late")

        ref.stop()
        await settle()

        assert isinstance(teller.error, ActorStoppedError)
        free.set()


async def test_last_end_a_request_in_care_of_the_actor_fails() -> None:
    """Begun but not answered: the end of the actor is the end of the ask."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Plain)
        asker = await begin(nursery, ref.ask, Riddle())
        assert not asker.done

        ref.stop()
        await settle()

        assert isinstance(asker.error, ActorStoppedError)
        assert asker.error.exit == Stopped()


async def test_last_end_the_undelivered_hook_may_still_answer_a_request() -> None:
    """What the hook answers is answered, and is no dead letter."""

    class Polite(Puppet):
        def undelivered(self, message: object) -> None:
            if isinstance(message, Question):
                message.reply(0)

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Polite)
        await busy(ref)
        asker = await begin(nursery, ref.ask, Question())

        ref.kill()
        await settle()

        assert asker.value == 0
        assert DeadLetterReason.UNDELIVERED not in system.dead_letters.counts


# ---------------------------------------------------------------- the asker gives up


async def test_giving_up_before_it_has_begun_skips_the_request() -> None:
    """The actor never sees a request whose asker has left."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log)
        free = await busy(ref)
        riddle = Riddle()
        with trio.move_on_after(0):
            await ref.ask(riddle)

        free.set()
        await settle()

        assert riddle.abandoned
        assert log == []


async def test_giving_up_after_it_has_begun_marks_it_abandoned() -> None:
    """The actor can see that nobody waits; its late reply is dropped and counted."""
    log: list[Riddle] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log)
        scope = trio.CancelScope()

        async def ask() -> None:
            with scope:
                await ref.ask(Riddle())

        await begin(nursery, ask)
        [riddle] = log
        assert not riddle.abandoned
        scope.cancel()
        await settle()

        assert riddle.abandoned
        riddle.reply(1)
        riddle.fail(Boom())
        assert system.statistics().late_replies == 2


# ----------------------------------------------------------------- asking oneself


async def test_an_actor_that_asks_itself_gets_deadlock_error_at_once() -> None:
    """`DeadlockError` names the circle."""
    errors: list[DeadlockError] = []

    async def ask_itself(me: Cast) -> None:
        try:
            await me.ref.ask(Question())
        except DeadlockError as error:
            errors.append(error)

    async with open_system() as system:
        ref = system.start(Puppet, name="self")
        await ref.ask(Question())
        ref.tell_nowait(Do(ask_itself))
        await settle()

    [error] = errors
    assert error.cycle == ("/self", "/self")
    assert "/self asks /self" in str(error)


@pytest.mark.parametrize("nested", [False, True], ids=["receive", "nursery in receive"])
async def test_a_circle_of_asks_is_found_with_debug(nested: bool) -> None:  # noqa: FBT001
    """When a asks b asks a, the ask that would close the circle raises."""
    errors: list[DeadlockError] = []

    async def ask_and_tell(target: AnyRef, request: Request[int]) -> None:
        try:
            await target.ask(request)
        except DeadlockError as error:
            errors.append(error)

    @attrs.frozen
    class Pass(Request[int]):
        refs: tuple[ActorRef[object], ...]

    class Link(Puppet):
        async def receive(self, message: object) -> None:
            if isinstance(message, Pass):
                first, *rest = message.refs
                request = Pass(tuple(rest)) if rest else Question()
                if nested:
                    async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - it is cancelled
                        nursery.start_soon(ask_and_tell, first, request)
                else:
                    await ask_and_tell(first, request)
                message.reply(1)
            else:
                await super().receive(message)

    async with open_system(debug=True) as system:
        a = system.start(Link, name="a")
        b = system.start(Link, name="b")
        assert await a.ask(Pass((b, a))) == 1
        assert await b.ask(Question(9)) == 9  # outside of any circle

    assert [error.cycle for error in errors] == [("/b", "/a", "/b")]


async def test_with_debug_asks_that_are_no_circle_are_answered() -> None:
    """A chain of asks, a full mailbox and `within` work as without debugging."""
    async with open_system(debug=True) as system, trio.open_nursery() as nursery:
        last = system.start(Puppet, mailbox=Mailbox(1))
        first = system.start(Puppet)
        free = await busy(last, queued=1)
        answers: list[object] = []

        async def ask_on(_: Cast) -> None:
            answers.append(await last.ask(Question(4), within=5))

        first.tell_nowait(Do(ask_on))
        await settle()
        outside = await begin(nursery, last.ask, Question(5))
        free.set()
        await settle()

        assert answers == [4]
        assert outside.value == 5


# ------------------------------------------------------------------------ requests


async def test_a_request_is_asked_once() -> None:
    """Asking the same object again is the caller's error, answered or not."""
    async with open_system() as system:
        ref = system.start(Plain)
        question = Question()
        await ref.ask(question)

        with pytest.raises(RuntimeError, match="asked already"):
            await ref.ask(question)


async def test_a_request_is_answered_once() -> None:
    """A second `reply` or `fail` is the answerer's error."""
    async with open_system() as system:
        question = Question()
        assert await system.start(Plain).ask(question) == 42

        with pytest.raises(RuntimeError, match="answered already"):
            question.reply(1)
        with pytest.raises(RuntimeError, match="answered already"):
            question.fail(Boom())


async def test_a_told_request_may_be_answered_to_nobody() -> None:
    """`reply`, `fail` and `abandoned` of a request that was told do nothing."""
    log: list[Riddle] = []
    async with open_system() as system:
        system.start(Puppet, log).tell_nowait(Riddle())
        await settle()

    [riddle] = log
    riddle.reply(1)
    riddle.reply(2)
    riddle.fail(Boom())
    assert not riddle.abandoned


async def test_fail_raises_the_very_error_in_the_asking_task() -> None:
    """The asker gets the object that was given to `fail`; the actor lives on."""
    error = ValueError("no such thing")
    log: list[Riddle] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log)
        asker = await begin(nursery, ref.ask, Riddle())

        log[0].fail(error)
        await settle()

        assert asker.error is error
        assert ref.exit is None


@pytest.mark.parametrize("wrong", ["text", ValueError, KeyboardInterrupt()])
async def test_fail_takes_exceptions_only(wrong: object) -> None:
    """Anything else is a TypeError, and the request can still be answered."""
    riddle = Riddle()

    with pytest.raises(TypeError, match="Exception instance"):
        riddle.fail(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def test_anybody_who_holds_a_request_may_answer_it_later() -> None:
    """Another actor answers the request that the first one has passed on."""
    async with open_system() as system, trio.open_nursery() as nursery:
        second = system.start(Puppet)

        class Clerk(Plain):
            def receive(self, message: object) -> None:
                second.tell_nowait(message)

        asker = await begin(nursery, system.start(Clerk).ask, Question(11))

        assert asker.value == 11


async def test_a_request_class_made_without_attrs_can_be_asked_and_told() -> None:
    """Requests need no attrs: the slot for the ticket is found unset."""

    class Bare(Request[int]):
        pass

    class Answers(Plain):
        def receive(self, message: object) -> None:
            assert isinstance(message, Bare)
            message.reply(3)

    async with open_system() as system:
        ref = system.start(Answers)
        told = Bare()
        ref.tell_nowait(told)
        await settle()

        assert await ref.ask(Bare()) == 3
        assert not told.abandoned


# -------------------------------------------------------------------------- within


async def test_within_raises_too_slow_when_its_seconds_are_over(
    autojump_clock: MockClock,
) -> None:
    """At the very second, on Trio's clock, and the request is abandoned."""
    del autojump_clock
    async with open_system() as system:
        ref = system.start(Puppet)
        riddle = Riddle()
        begun = trio.current_time()

        with pytest.raises(trio.TooSlowError):
            await ref.ask(riddle, within=2.5)

        assert trio.current_time() == begun + 2.5
        assert riddle.abandoned


async def test_within_leaves_no_timer_when_the_answer_is_in_time() -> None:
    """Answered in time: the value, and nothing keeps running."""
    log: list[Riddle] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log)

        async def ask() -> int:
            return await ref.ask(Riddle(), within=9)

        asker = await begin(nursery, ask)
        assert system.statistics().timers == 1
        log[0].reply(6)
        await settle()

        assert asker.value == 6
        assert system.statistics().timers == 0


async def test_within_covers_the_wait_for_room(
    autojump_clock: MockClock,
) -> None:
    """A full mailbox does not make an ask wait longer than it said."""
    del autojump_clock
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=Mailbox(1))
        free = await busy(ref, queued=1)
        begun = trio.current_time()

        with trio.move_on_after(100), pytest.raises(trio.TooSlowError):
            await ref.ask(Question(), within=3)

        assert trio.current_time() == begun + 3
        free.set()


async def test_many_bounded_asks_leave_no_husks_behind() -> None:
    """A thousand asks answered in time: no timer is left, and later ones still work."""
    async with open_system() as system:
        ref = system.start(Puppet)
        for number in range(1000):
            assert await ref.ask(Question(number), within=60) == number

        assert system.statistics().timers == 0


async def test_bounded_asks_end_each_at_its_own_time(
    autojump_clock: MockClock,
) -> None:
    """A shorter bound set later is over earlier; answered ones are not called."""
    del autojump_clock
    log: list[Riddle] = []
    ends: list[tuple[float, float]] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log)

        async def ask(within: float) -> None:
            with pytest.raises(trio.TooSlowError):
                await ref.ask(Riddle(), within=within)
            ends.append((within, trio.current_time()))

        for within in (5, 3, 4):
            await begin(nursery, ask, within)
        answered = await begin(nursery, answer_in_time, ref)
        log[-1].reply(1)
        await settle()
        assert answered.done

    assert ends == [(3, 3), (4, 4), (5, 5)]


async def answer_in_time(ref: AnyRef) -> None:
    """Ask with the shortest bound of all."""
    await ref.ask(Riddle(), within=1)


async def test_an_ask_of_an_idle_plain_actor_that_ends_meanwhile_raises() -> None:
    """Between the ask and its schedule point the actor may stop."""
    async with open_system() as system:
        for _ in range(64):
            ref = system.start(Plain)
            async with trio.open_nursery() as nursery:
                asker = Outcome()
                nursery.start_soon(asker.of, ref.ask, Question(1))
                nursery.start_soon(trio.lowlevel.checkpoint)
                nursery.start_soon(Outcome().of, stop_now, ref)
            assert asker.value == 1 or isinstance(asker.error, ActorStoppedError)


async def stop_now(ref: AnyRef) -> None:
    """Stop it."""
    await trio.lowlevel.cancel_shielded_checkpoint()
    ref.stop()


async def test_an_ask_in_hand_is_given_up_when_its_asker_is_cancelled_twice() -> None:
    """Giving up after the answer is in does not undo it."""
    log: list[Riddle] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log)
        scope = trio.CancelScope()
        values: list[int] = []

        async def ask() -> None:
            with scope:
                values.append(await ref.ask(Riddle()))

        await begin(nursery, ask)
        log[0].reply(8)
        scope.cancel()
        await settle()

        assert values == [8]
        assert not log[0].abandoned


async def test_an_ask_can_be_bounded_as_in_all_of_trio(
    autojump_clock: MockClock,
) -> None:
    """`trio.fail_after` around an ask works as around anything."""
    del autojump_clock
    async with open_system() as system:
        ref = system.start(Puppet)

        with pytest.raises(trio.TooSlowError), trio.fail_after(1):
            await ref.ask(Riddle())


# ------------------------------------------------------------------------- forward


async def test_a_forwarded_request_is_answered_by_who_has_it_now() -> None:
    """The asker hears from the second actor, and of its end, not of the first one's."""
    async with open_system() as system, trio.open_nursery() as nursery:
        second = system.start(Puppet)

        class Clerk(Plain):
            def receive(self, message: object) -> None:
                if isinstance(message, Question | Riddle):
                    second.forward(message)
                else:
                    self.obey(message)

        first = system.start(Clerk)
        assert await first.ask(Question(11)) == 11
        asker = await begin(nursery, first.ask, Riddle())
        first.stop()
        await first.wait_stopped()
        assert not asker.done
        second.stop("closed")
        await settle()

        assert isinstance(asker.error, ActorStoppedError)
        assert asker.error.exit == Stopped("closed")


async def test_a_told_request_is_forwarded_as_a_message() -> None:
    """Nobody waits for it, so it is told."""
    log: list[object] = []
    async with open_system() as system:
        system.start(Puppet, log).forward(Riddle())
        await settle()

    assert log == [Riddle()]


async def test_forward_takes_requests_only_and_needs_room() -> None:
    """`TypeError` for the rest; a full mailbox raises, and the request stays here."""
    log: list[Riddle] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        first = system.start(Puppet, log)
        full = system.start(Puppet, mailbox=Mailbox(1))
        free = await busy(full, queued=1)
        wrong: Any = "no request"
        with pytest.raises(TypeError, match="takes a Request"):
            full.forward(wrong)
        asker = await begin(nursery, first.ask, Riddle())
        with pytest.raises(MailboxFullError):
            full.forward(log[0])

        log[0].reply(2)
        await settle()
        assert asker.value == 2
        free.set()


async def test_a_request_in_care_may_be_forwarded_later() -> None:
    """Taken and kept first, passed on in a later turn."""
    log: list[Riddle] = []
    second_log: list[Riddle] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        first, second = system.start(Puppet, log), system.start(Puppet, second_log)
        asker = await begin(nursery, first.ask, Riddle())
        second.forward(log[0])
        first.kill()
        await settle()
        assert not asker.done
        second_log[0].reply(9)
        await settle()

        assert asker.value == 9
