"""What went wrong elsewhere: TriOTP, Orleans, Pykka, and what users complain about.

The numbers of the complaints are those of the list in the supervision specification.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import trio

import actors
from actors import (
    ActorCrashed,
    ActorCrashedError,
    ActorStoppedError,
    Crashed,
    DeadLetterReason,
    DeadlockError,
    Decision,
    Exit,
    Mailbox,
    MailboxFullError,
    MessageDroppedError,
    Overflow,
    Stopped,
    Terminated,
    open_system,
)
from actors.testing import open_tasks, seeds
from tests.conformance.actors_under_test import (
    ONE_PLACE,
    BoomError,
    Crash,
    CrashAsk,
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
    collect,
    end_always,
    forever,
    settle,
    stop_when_settled,
    tell_when_settled,
    two_seconds,
    watch,
)


@seeds(10)
async def test_triotp_late_reply_must_not_hurt_server() -> None:
    """A server that answers an asker who has left goes on as if nothing had been."""
    async with open_system() as system:
        ref = system.start(Puppet)
        late = Hold()

        async def answer_late(me: Puppet) -> None:
            del me
            await trio.sleep(2)
            late.reply("late")

        with pytest.raises(trio.TooSlowError):
            await ref.ask(late, within=1)
        await ref.ask(Do(answer_late))

        assert await ref.ask(Echo()) == "echo"
        assert system.statistics().crashes == 0


@seeds(20)
async def test_triotp_callee_crash_must_fail_caller() -> None:
    """A callee that crashes, with or without a restart, fails its caller at once."""
    async with open_system() as system:
        for decide in (None, end_always):
            owner = system.start(Owner, decide)
            ref = await child_of(owner, Puppet)
            with pytest.raises(ActorCrashedError):
                await ref.ask(CrashAsk())

        assert trio.current_time() == 0


@seeds(10)
async def test_triotp_cast_must_not_wait() -> None:
    """`tell_nowait` returns before the actor has done anything."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(QuickPuppet, journal)

        ref.tell_nowait("cast")

        assert journal == []
        await settle()
        assert journal == ["cast"]


@seeds(10)
async def test_triotp_terminate_must_run_on_cancel() -> None:
    """The stop hook runs, and may await, when the program is cancelled."""
    journal: Journal = []
    with trio.move_on_after(1):
        async with open_system() as system:
            system.start(Hooked, journal, {"stopped": two_seconds})
            await trio.sleep_forever()

    assert journal[-1] == ("stopped", Stopped())
    assert trio.current_time() == 3


@seeds(10)
async def test_triotp_child_ready_before_next_starts() -> None:
    """`wait_started` makes an order of starts: one is ready, the next is started."""
    journal: Journal = []
    async with open_system() as system:
        for number in range(3):
            hooks = {"started": two_seconds}
            await system.start(Hooked, Journal(), hooks).wait_started()
            journal.append((number, trio.current_time()))

    assert journal == [(0, 2), (1, 4), (2, 6)]


@seeds(50)
async def test_orleans_second_activation_never_runs_two_at_once() -> None:
    """However it is restarted, an actor never runs twice at the same time."""
    running: Journal = []

    class Exclusive(Puppet):
        """Fails if another incarnation of it is at work."""

        async def receive(self, message: object) -> None:
            assert running == []
            running.append(self)
            try:
                await trio.lowlevel.checkpoint()
                await super().receive(message)
            finally:
                running.clear()

    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Exclusive, journal)
        for number in range(20):
            ref.tell_nowait(number)
            ref.tell_nowait(Crash())
        await settle()

        assert journal == list(range(20))


@seeds(10)
async def test_orleans_deactivation_hook_gets_reason_and_token() -> None:
    """The stop hook is told why, and its time is bounded by the grace.

    Orleans hands a cancellation token in; in Trio it is the scope around the hook.
    """
    journal: Journal = []

    async def clean_up() -> None:
        try:
            await trio.sleep_forever()
        finally:
            journal.append(trio.current_time())

    async with open_system() as system:
        ref = system.start(Hooked, journal, {"stopped": clean_up}, grace=3)
        ref.stop("idle")
        await ref.wait_stopped()

        assert journal[2:] == [("stopped", Stopped("idle")), 3]


@seeds(10)
async def test_orleans_long_request_reported() -> None:
    """Who has a request in hand for long is seen in the tree, with its age."""
    async with open_system() as system:
        ref = system.start(Puppet, name="stuck")
        with trio.move_on_after(60):
            await ref.ask(Do(forever))

        long = [
            (each.path, each.in_hand)
            for each in system.tree().walk()
            if (each.in_hand_age or 0) > 30
        ]
        assert long == [("/stuck", "Do")]
        ref.kill()


@seeds(20)
async def test_pykka_pr23_left_over_inbox_is_failed() -> None:
    """Asks that are left in the mailbox when an actor ends fail; none is dropped."""
    results: dict[object, object] = {}
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet)
        await busy_with(ref)
        for _ in range(3):
            nursery.start_soon(collect, ref, Echo(), results)
        await settle()
        ref.kill()
        await settle()

        assert [type(each) for each in results.values()] == [ActorStoppedError] * 3


@seeds(20)
async def test_pykka_46_and_231_caller_hangs_when_callee_dies() -> None:
    """A caller is woken at once when its callee is killed with the request in hand."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet)

        async def kill() -> None:
            await settle()
            ref.kill()

        nursery.start_soon(kill)
        with pytest.raises(ActorStoppedError):
            await ref.ask(Do(forever))

        assert trio.current_time() == 0


@seeds(20)
async def test_pykka_76_and_48_deadlock_by_mutual_asks() -> None:
    """Two actors that ask each other: a bound ends it, and both are well after."""
    async with open_system() as system:
        owner = system.start(Owner)
        first, second = [await child_of(owner, Puppet) for _ in range(2)]
        back = Do(lambda _: first.ask(Echo(), within=1))

        with pytest.raises(ActorCrashedError):
            await first.ask(Do(lambda _: second.ask(back)))

        assert trio.current_time() == 1
        assert await first.ask(Echo()) == await second.ask(Echo()) == "echo"


@seeds(10)
async def test_complaint_01_unbounded_mailbox() -> None:
    """Mailboxes are bounded, and depth and high water can be read at any time."""
    async with open_system() as system:
        ref = system.start(Puppet)
        gate = await busy_with(ref)
        for number in range(1024):
            ref.tell_nowait(number)
        with pytest.raises(MailboxFullError):
            ref.tell_nowait("one too many")

        (full,) = system.tree().children
        gate.set()
        await settle()
        (empty,) = system.tree().children

        assert (full.mailbox.depth, full.mailbox.capacity) == (1024, 1024)
        assert (empty.mailbox.depth, empty.mailbox.high_water) == (0, 1024)


@seeds(20)
async def test_complaint_02_dropped_control_messages() -> None:
    """A mailbox that drops never drops a notice of death or a child's end."""
    journal: Journal = []
    dropping = Mailbox(1, overflow=Overflow.DROP_OLDEST)
    async with open_system() as system:
        owner = system.start(Owner, end_always, journal, mailbox=dropping)
        child, other = await child_of(owner, Puppet), system.start(Puppet)
        await watch(owner, other)
        gate = await busy_with(owner)
        child.kill()
        other.stop()
        await settle()
        for number in range(100):
            owner.tell_nowait(number)

        gate.set()
        await settle()

        assert {type(each) for each in journal[:2]} == {tuple, Terminated}
        assert len(journal) == 3
        assert journal[-1] == 99


@seeds(10)
async def test_complaint_03_reject_throws_into_innocent_senders() -> None:
    """By default a full mailbox fails nobody: `tell` waits its turn.

    An error for the sender is what REJECT is declared for, and `tell_nowait` says.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal, mailbox=ONE_PLACE)
        gate = await busy_with(ref)
        async with trio.open_nursery() as nursery:
            for number in range(5):
                nursery.start_soon(ref.tell, number)
            await settle()
            (full,) = system.tree().children
            assert full.mailbox.waiting_senders == 4
            gate.set()
        await settle()

        assert {*journal} == {*range(5)}


@seeds(10)
async def test_complaint_04_drops_are_dead_letters() -> None:
    """Every dropped message is a dead letter with its reason; its asker is told."""
    async with open_system() as system:
        dropping = Mailbox(1, overflow=Overflow.DROP_OLDEST)
        ref = system.start(Puppet, mailbox=dropping)
        gate = await busy_with(ref)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tell_when_settled, ref, "newer")
            with pytest.raises(MessageDroppedError):
                await ref.ask(Echo())

        (letter,) = system.dead_letters
        assert letter.reason is DeadLetterReason.DROPPED_OLDEST
        assert isinstance(letter.message, Echo)
        gate.set()


@seeds(10)
async def test_complaint_04_failing_hook_loses_no_message() -> None:
    """An `undelivered` hook that raises does not keep the others from their end."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        ref = await child_of(owner, Hooked, [], {"undelivered": boom})
        await busy_with(ref)
        for number in range(3):
            await ref.tell(number)
        ref.kill()
        exit_ = await ref.wait_stopped()

        undelivered = [
            each.message
            for each in system.dead_letters
            if each.reason is DeadLetterReason.UNDELIVERED
        ]
        assert undelivered == [0, 1, 2]
        assert isinstance(exit_, Crashed)


@seeds(2)
async def test_complaint_05_ask_timeout_leaks() -> None:
    """Hundreds of asks, in time, too late or cancelled, leave no timer and no task."""
    async with open_system() as system:
        ref = system.start(Puppet)
        assert await ref.ask(Echo()) == "echo"
        before = open_tasks()
        for _ in range(300):
            await ref.ask(Echo(), within=5)
            with trio.move_on_after(0):
                await ref.ask(Hold(), within=5)
        for _ in range(10):
            with pytest.raises(trio.TooSlowError):
                await ref.ask(Hold(), within=0.1)

        assert system.statistics().timers == 0
        assert open_tasks() == before


@seeds(10)
async def test_complaint_06_late_replies_pollute_mailbox() -> None:
    """An actor that gave up an ask never sees the answer as a message."""
    journal: Journal = []
    hold = Hold()
    async with open_system() as system:
        server = system.start(Puppet)
        asking = system.start(Puppet, journal)

        async def give_up(me: Puppet) -> None:
            del me
            with pytest.raises(trio.TooSlowError):
                await server.ask(hold, within=1)

        await asking.ask(Do(give_up))
        hold.reply("late")
        await settle()

        assert journal == []
        assert system.statistics().late_replies == 1
        assert len(system.dead_letters) == 0


@seeds(20)
async def test_complaint_07_caller_hangs_when_callee_dies() -> None:
    """An ask never waits for a dead actor, in whatever way it died."""

    async def finish(me: Puppet) -> None:
        me.finish()
        await settle()

    async with open_system() as system, trio.open_nursery() as nursery:
        owner = system.start(Owner, end_always)
        finishing = await child_of(owner, Puppet)
        stopping = await child_of(owner, Puppet)
        nursery.start_soon(stop_when_settled, stopping)

        with pytest.raises(ActorStoppedError):
            await stopping.ask(Hold())
        await finishing.tell(Do(finish))
        with pytest.raises(ActorStoppedError):
            await finishing.ask(Hold())

        assert trio.current_time() == 0


@seeds(50)
async def test_complaint_08_messages_lost_on_restart() -> None:
    """Whatever several senders tell an actor that crashes, each arrives, in order."""
    journal: list[object] = []

    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal, mailbox=Mailbox(2))

        async def send(sender: str) -> None:
            for number in range(10):
                await ref.tell(f"{sender}{number}")
                await ref.tell(Crash())

        async with trio.open_nursery() as nursery:
            for sender in "abc":
                nursery.start_soon(send, sender)
        await settle()

        for sender in "abc":
            own = [each for each in journal if str(each).startswith(sender)]
            assert own == [f"{sender}{number}" for number in range(10)]


@seeds(10)
async def test_complaint_09_stash_dropped() -> None:
    """A stash ends in the mailbox or among the dead letters, never nowhere."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)

        def stash_and_crash(me: Puppet) -> None:
            me.stash("to the mailbox")
            raise BoomError

        await ref.tell(Do(stash_and_crash))
        await settle()
        await ref.ask(Do(lambda me: me.stash("to the dead letters")))
        ref.kill()
        await ref.wait_stopped()

        assert journal == ["to the mailbox"]
        assert [each.message for each in system.dead_letters][1:] == [
            "to the dead letters"
        ]


@seeds(10)
async def test_complaint_13_crash_loop_without_a_log_line() -> None:
    """Each crash of a loop is an event and is counted, restarted or not."""
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet)
        with system.subscribe(ActorCrashed) as events:
            for _ in range(5):
                await ref.tell(Crash())
            await settle()

            crashes = events.drain()

        assert [isinstance(each, ActorCrashed) for each in crashes] == [True] * 5
        assert system.statistics().crashes == 5


@seeds(20)
async def test_complaint_14_throwing_constructor_left_a_zombie() -> None:
    """An actor that cannot be made again has ended, and its watchers are told."""
    journal: Journal = []
    made: Journal = []

    class Once(Puppet):
        """Can be made once."""

        def __init__(self) -> None:
            super().__init__()
            made.append(self)
            if len(made) > 1:
                boom()

    def restart_the_first(exit_: Exit) -> Decision:
        del exit_
        return Decision.RESTART if len(made) == 1 else Decision.END

    async with open_system() as system:
        owner = system.start(Owner, restart_the_first)
        ref = await child_of(owner, Once)
        await watch(system.start(Puppet, journal), ref)
        await ref.tell(Crash())
        exit_ = await ref.wait_stopped()
        await settle()

        assert isinstance(exit_, Crashed)
        assert journal == [Terminated(ref, exit_)]
        assert system.tree().children[0].children == ()


@seeds(10)
async def test_complaint_15_terminating_actor_busy_spins() -> None:
    """An actor that waits for its end uses no steps of the scheduler."""
    async with open_system() as system:
        ref = system.start(Hooked, Journal(), {"stopped": two_seconds})
        await ref.wait_started()
        ref.stop()
        steps = _Steps()
        trio.lowlevel.add_instrument(steps)
        await trio.sleep(1)
        trio.lowlevel.remove_instrument(steps)

        assert ref.exit is None
        assert steps.count < 10


class _Steps(trio.abc.Instrument):
    """Counts the steps of tasks."""

    def __init__(self) -> None:
        self.count = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        del task
        self.count += 1


@seeds(20)
async def test_complaint_20_parent_stop_kills_children_without_cleanup() -> None:
    """When an owner stops or crashes, its children end in order, hooks and queues."""
    for end in ("stop", "crash"):
        journal: Journal = []
        async with open_system() as system:
            top = system.start(Owner, end_always)
            owner = await child_of(top, Puppet)
            child = await child_of(owner, Hooked, journal, {"stopped": two_seconds})
            await child.wait_started()
            child.tell_nowait("queued")
            if end == "stop":
                owner.stop()
            else:
                owner.tell_nowait(Crash())
            await owner.wait_stopped()

            assert journal == ["made", "started", "queued", ("stopped", Stopped())]


@seeds(20)
async def test_complaint_21_unsupervised_crash_swallowed() -> None:
    """A crash that nobody supervises leaves the block as itself, the path noted."""
    error = BoomError()

    async def run() -> None:
        async with open_system() as system:
            owner = system.start(Puppet, name="owner")
            child = await child_of(owner, Puppet, name="child")
            await child.tell(Crash(error))
            await trio.sleep_forever()

    with pytest.raises(BoomError) as caught:
        await run()

    assert caught.value is error
    assert "/owner/child" in error.__notes__[0]


@seeds(20)
async def test_complaint_22_deadlock_by_self_or_mutual_call() -> None:
    """Looking for circles finds one of three, and stops no ask that is none."""
    async with open_system(debug=True) as system:
        owner = system.start(Owner)
        refs = [await child_of(owner, Puppet) for _ in range(3)]
        first, second, third = refs

        straight = Do(lambda _: second.ask(Do(lambda _: third.ask(Echo()))))
        assert await first.ask(straight) == "echo"
        back = Do(lambda _: first.ask(Echo()))
        circle = Do(lambda _: second.ask(Do(lambda _: third.ask(back))))
        with pytest.raises(ActorCrashedError) as caught:
            await first.ask(circle)

        error: BaseException | None = caught.value
        while error is not None and not isinstance(error, DeadlockError):
            error = error.__cause__
        assert error is not None
        assert set(error.cycle) == {ref.path for ref in refs}


@seeds(10)
async def test_complaint_23_stuck_actor_is_invisible() -> None:
    """A stuck actor shows the age of its message and of the oldest queued one."""
    async with open_system() as system:
        ref = system.start(Puppet)
        gate = await busy_with(ref)
        await trio.sleep(1)
        await ref.tell("waits")
        await trio.sleep(2)

        (stuck,) = system.tree().children
        assert (stuck.in_hand, stuck.in_hand_age) == ("Wait", 3)
        assert (stuck.mailbox.depth, stuck.mailbox.oldest_age) == (1, 2)
        gate.set()


@seeds(20)
async def test_complaint_24_timer_vs_deactivation_deadlock() -> None:
    """A tick that comes while its actor ends is dropped; the end waits for no timer."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Timed, journal, 1)
        gate = await busy_with(ref)
        ref.stop()
        await trio.sleep(1.5)
        gate.set()

        assert await ref.wait_stopped() == Stopped()
        assert trio.current_time() == 1.5
        assert system.statistics().timers == 0


@seeds(20)
async def test_complaint_25_asks_during_drain_deadlock() -> None:
    """An actor that asks while it drains gets its answer; who asks it gets an error."""
    async with open_system() as system:
        server = system.start(Puppet)
        ref = system.start(Puppet)
        gate = await busy_with(ref)

        async def ask_both(me: Puppet) -> None:
            del me
            assert await server.ask(Echo()) == "echo"
            back = Do(lambda _: ref.ask(Echo()))
            with pytest.raises(ActorCrashedError):
                await (await child_of(owner, Puppet)).ask(back)

        owner = system.start(Owner, end_always)
        await ref.tell(Do(ask_both))
        ref.stop()
        gate.set()

        assert await ref.wait_stopped() == Stopped()
        assert trio.current_time() == 0


def test_complaint_27_time_is_hard_to_test() -> None:
    """The engine reads no clock but Trio's, so a test's clock is the only one."""
    house = Path(actors.__file__).parent
    rooms = sorted({*house.rglob("*.py")} - {*house.glob("testing/*.py")})
    assert rooms
    for room in rooms:
        nodes = list(ast.walk(ast.parse(room.read_text(encoding="utf-8"))))
        imported = {name for node in nodes for name in _imported(node)}
        assert not imported & {"time", "asyncio", "random"}, room.name
        if "datetime" in imported:  # a time may be said; what time it is, may not
            used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
            assert not used & {"now", "today", "utcnow"}, room.name


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            return [node.module or ""]
        case _:
            return []
