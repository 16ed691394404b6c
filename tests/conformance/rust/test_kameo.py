"""kameo's tests: restarts keep messages, stops are graceful, the console tells."""

from __future__ import annotations

import pytest
import trio

from actors import (
    ActorCrashedError,
    ActorRef,
    ActorStoppedError,
    Crashed,
    DeadlockError,
    Finished,
    Killed,
    Stopped,
    open_system,
)
from actors.testing import seeds
from tests.conformance.actors_under_test import (
    ONE_PLACE,
    Crash,
    CrashAsk,
    Do,
    Echo,
    Hold,
    Hooked,
    Journal,
    Owner,
    Puppet,
    busy_with,
    child_of,
    collect,
    end_always,
    in_turn,
    restart_always,
    restart_finished,
    settle,
    two_seconds,
    watch,
)


async def told(ref: ActorRef[object], *messages: object) -> None:
    """Tell the messages in their order while the actor is busy, then let it go on."""
    gate = await busy_with(ref)
    for message in messages:
        await ref.tell(message)
    gate.set()
    await settle()


@seeds(50)
async def test_kameo_messages_survive_supervised_panic_restart() -> None:
    """A restart after a crash loses the message that crashed and no other."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)

        await told(ref, 1, 2, Crash(), 3, Crash(), Crash(), 4)

        assert journal == [1, 2, 3, 4]
        assert system.statistics().restarts == 3


@seeds(50)
async def test_kameo_messages_survive_supervised_normal_stop_restart() -> None:
    """What is queued when an actor finishes is handled first, by the old incarnation.

    In kameo a normal stop leaves the queue to the new one; ours drains it.  The ref
    takes messages again after the restart.
    """
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner, in_turn(restart_finished, end_always))
        ref = await child_of(owner, Hooked, journal)

        await told(ref, 1, Do(lambda me: me.finish()), 2)
        await ref.tell(3)
        await settle()

        life: Journal = ["made", "started"]
        assert journal == [*life, 1, 2, ("stopped", Finished()), *life, 3]


@seeds(20)
async def test_kameo_siblings_not_notified_of_supervised_restart() -> None:
    """A restart of one child is nothing to its siblings, even if they watch it."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        failing = await child_of(owner, Puppet)
        sibling = await child_of(owner, Hooked, journal)
        await watch(sibling, failing)

        await failing.tell(Crash())
        await settle()

        assert journal == ["made", "started"]


@seeds(10)
async def test_kameo_factory_uses_cloned_args() -> None:
    """Each incarnation is made with the arguments of the start, the same objects."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)
        for number in range(3):
            await ref.tell(Crash())
            await ref.tell(number)
        await settle()

        assert journal == [0, 1, 2]


@seeds(20)
async def test_kameo_rapid_restarts() -> None:
    """A hundred crashes in a row lose nothing between them and leave nothing behind."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)
        for number in range(100):
            ref.tell_nowait(Crash())
            ref.tell_nowait(number)
        await settle()

        assert journal == list(range(100))
        statistics = system.statistics()
        assert (statistics.restarts, statistics.actors) == (100, 2)


@seeds(20)
async def test_kameo_graceful_stop_with_supervised_children_does_not_deadlock() -> None:
    """An owner that would always restart its children stops them when it stops."""
    async with open_system() as system:
        owner = system.start(Owner, restart_always)
        children = [await child_of(owner, Puppet) for _ in range(3)]

        owner.stop()

        assert await owner.wait_stopped() == Stopped()
        assert [child.exit for child in children] == [Stopped()] * 3


@seeds(20)
async def test_kameo_child_asks_stopping_supervisor() -> None:
    """A child that asks its stopping owner gets an error at once: no deadlock."""
    async with open_system() as system:
        owner = system.start(Puppet)
        child = await child_of(owner, Puppet)
        gate = await busy_with(owner)
        owner.stop()

        async def ask_owner(me: Puppet) -> None:
            del me
            with pytest.raises(ActorStoppedError):
                await owner.ask(Echo())

        await child.ask(Do(ask_owner))
        gate.set()
        assert await owner.wait_stopped() == Stopped()
        assert trio.current_time() == 0


@seeds(20)
async def test_kameo_child_asks_supervisor_that_waits_for_it() -> None:
    """An ask that is in the queue when the owner stops is answered before it ends."""
    answers: Journal = []
    async with open_system() as system:
        owner = system.start(Puppet)
        child = await child_of(owner, Puppet)
        gate = await busy_with(owner)

        async def ask_owner(me: Puppet) -> None:
            del me
            answers.append(await owner.ask(Echo()))

        await child.tell(Do(ask_owner))
        await settle()
        owner.stop()
        gate.set()

        await owner.wait_stopped()
        assert answers == ["echo"]


@seeds(20)
async def test_kameo_both_of_two_asking_children() -> None:
    """Both of two children that ask a stopping owner get their error."""
    errors: Journal = []
    async with open_system() as system:
        owner = system.start(Puppet)
        children = [await child_of(owner, Puppet) for _ in range(2)]

        async def ask_when_stopping(me: Puppet) -> None:
            del me
            await trio.sleep(1)
            with pytest.raises(ActorStoppedError) as caught:
                await owner.ask(Echo())
            errors.append(caught.value.path)

        for child in children:
            await child.tell(Do(ask_when_stopping))
        await settle()
        owner.stop()

        assert await owner.wait_stopped() == Stopped()
        assert errors == [owner.path] * 2


@seeds(20)
async def test_kameo_child_asks_killed_supervisor() -> None:
    """A child's ask fails when its owner is killed; both are gone at once."""
    results: dict[object, object] = {}
    request = Hold()
    async with open_system() as system:
        owner = system.start(Puppet)
        child = await child_of(owner, Puppet)
        await child.ask(Do(lambda me: me.start_soon(collect, owner, request, results)))
        await settle()

        owner.kill()

        assert await owner.wait_stopped() == Killed()
        assert child.exit == Killed()
        assert trio.current_time() == 0


@seeds(50)
async def test_kameo_tells_survive_restart_of_actor_with_children() -> None:
    """Messages that come while an actor stops its children to restart are handled."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet, journal)
        slow = await child_of(ref, Hooked, [], {"stopped": two_seconds})
        await ref.tell(Crash())
        await trio.sleep(1)
        for number in range(3):
            await ref.tell(number)
        assert journal == []
        await trio.sleep(2)

        assert journal == [0, 1, 2]
        assert slow.exit == Stopped()


@seeds(20)
async def test_kameo_ask_during_restart() -> None:
    """An ask that comes during a restart waits for the new incarnation.

    kameo bounces it with `ActorRestarting`.  Ours is queued like every message: who
    does not want to wait says `within`.
    """
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Hooked, [], {"stopped": two_seconds})
        await ref.tell(Crash())
        await trio.sleep(1)

        with pytest.raises(trio.TooSlowError):
            await ref.ask(Echo(), within=0.5)
        assert await ref.ask(Echo("up again")) == "up again"
        assert trio.current_time() == 2


@seeds(20)
async def test_kameo_on_undelivered_only_on_terminal_stop() -> None:
    """`undelivered` gets what was queued, in order, when the actor has ended."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, journal)
        await busy_with(ref)
        for number in range(3):
            await ref.tell(number)
        ref.kill()
        await ref.wait_stopped()

        assert journal[2:] == [
            ("stopped", Killed()),
            *(("undelivered", number) for number in range(3)),
        ]


@seeds(10)
async def test_kameo_on_undelivered_not_when_empty() -> None:
    """Nothing left, nothing to undeliver."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, journal)
        await ref.tell("handled")
        ref.stop()
        await ref.wait_stopped()

        assert journal[-2:] == ["handled", ("stopped", Stopped())]


@seeds(20)
async def test_kameo_on_undelivered_not_on_restart() -> None:
    """A restart delivers what is left: `undelivered` is not called."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Hooked, journal)
        crash = Crash()
        await told(ref, crash, "left")

        life = ["made", "started"]
        assert journal == [*life, ("stopped", Crashed(crash.error)), *life, "left"]


@seeds(20)
async def test_kameo_on_undelivered_after_restart_then_exhausted() -> None:
    """When the owner gives up after a restart, what is left is undelivered once."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner, in_turn(restart_always, end_always))
        ref = await child_of(owner, Hooked, journal)
        await told(ref, Crash(), 1, Crash(), 2, 3)

        assert 1 in journal
        assert journal[-2:] == [("undelivered", 2), ("undelivered", 3)]


@seeds(20)
async def test_kameo_on_undelivered_asks_bounce() -> None:
    """A request that is left fails its asker; the hook may answer it instead."""
    results: dict[object, object] = {}
    rescued, bounced = Hold(), Echo()

    class Rescuing(Puppet):
        """Answers the requests that nobody will handle, if it can."""

        def undelivered(self, message: object) -> None:
            if isinstance(message, Hold):
                message.reply("rescued")

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Rescuing)
        await busy_with(ref)
        for request in (rescued, bounced):
            nursery.start_soon(collect, ref, request, results)
            await settle()
        ref.kill()
        await settle()

        assert results[rescued] == "rescued"
        assert isinstance(results[bounced], ActorStoppedError)


@seeds(20)
async def test_kameo_graceful_stop_queue_processed() -> None:
    """What is queued at the stop is handled; later tells and asks are refused at once.

    kameo's `is_alive` turns false at the stop.  Our `exit` is None until the end:
    the actor is still at work, only its mailbox is closed.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        gate = await busy_with(ref)
        for number in range(3):
            await ref.tell(number)

        ref.stop()
        with pytest.raises(ActorStoppedError):
            await ref.tell("late")
        with pytest.raises(ActorStoppedError):
            ref.tell_nowait("late")
        with pytest.raises(ActorStoppedError):
            await ref.ask(Echo())
        assert ref.exit is None
        gate.set()
        await ref.wait_stopped()

        assert journal == [0, 1, 2]
        assert ref.exit == Stopped()


@seeds(20)
async def test_kameo_graceful_stop_refuses_senders_who_wait_for_room() -> None:
    """Who waits for room when the actor is stopped is refused, not forgotten."""
    refused: Journal = []

    async def tell(ref: ActorRef[object], number: int) -> None:
        with pytest.raises(ActorStoppedError):
            await ref.tell(number)
        refused.append(number)

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, mailbox=ONE_PLACE)
        gate = await busy_with(ref)
        await ref.tell("in")
        for number in range(3):
            nursery.start_soon(tell, ref, number)
        await settle()

        ref.stop()
        await settle()
        assert set(refused) == {0, 1, 2}
        gate.set()


@seeds(20)
async def test_kameo_graceful_stop_is_not_undone_by_a_crash() -> None:
    """An actor that was asked to stop and crashes on the way is not restarted.

    Else the stop would be lost, and whoever waits for it would wait for ever.
    """
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet)
        gate = await busy_with(ref)
        await ref.tell(Crash())
        ref.stop()
        gate.set()

        with trio.fail_after(1):
            assert isinstance(await ref.wait_stopped(), Crashed)


@seeds(20)
async def test_kameo_pipe_continuation_may_await_and_stop() -> None:
    """A child task may await, tell its actor the result, and stop it."""
    journal: Journal = []

    async def fetch(ref: ActorRef[object]) -> None:
        await trio.sleep(1)
        await ref.tell("result")
        ref.stop()

    async with open_system() as system:
        ref = system.start(Puppet, journal)
        await ref.ask(Do(lambda me: me.start_soon(fetch, ref)))
        assert await ref.ask(Echo()) == "echo"

        assert await ref.wait_stopped() == Stopped()
        assert journal == ["result"]


@seeds(20)
async def test_kameo_pipe_stopping_cancels_pending_future() -> None:
    """A stop cancels the child tasks and waits until they are gone."""
    journal: Journal = []

    async def fetch() -> None:
        try:
            await trio.sleep_forever()
        finally:
            journal.append("cancelled")

    async with open_system() as system:
        ref = system.start(Hooked, journal)
        await ref.ask(Do(lambda me: me.start_soon(fetch)))
        await settle()
        assert system.tree().children[0].tasks == 1

        ref.stop()
        await ref.wait_stopped()

        assert journal[-2:] == ["cancelled", ("stopped", Stopped())]


@seeds(20)
async def test_kameo_console_wait_for_cycle() -> None:
    """With `debug`, a circle of asks is an error that names it, for the last asker."""
    async with open_system(debug=True) as system:
        owner = system.start(Owner, name="owner")
        first = await child_of(owner, Puppet, name="first")
        second = await child_of(owner, Puppet, name="second")
        back = Do(lambda _: first.ask(Echo()))

        with pytest.raises(ActorCrashedError) as caught:
            await first.ask(Do(lambda _: second.ask(back)), within=1)

        from_second = caught.value.__cause__
        assert isinstance(from_second, ActorCrashedError)
        deadlock = from_second.__cause__
        assert isinstance(deadlock, DeadlockError)
        assert deadlock.cycle == (second.path, first.path, second.path)


@seeds(10)
async def test_kameo_console_handler_activity() -> None:
    """The tree shows what an actor has in hand while it awaits, and for how long."""
    async with open_system() as system:
        ref = system.start(Puppet)
        (idle,) = system.tree().children
        assert (idle.state, idle.in_hand, idle.in_hand_age) == ("idle", None, None)

        gate = await busy_with(ref)
        await trio.sleep(3)
        (busy,) = system.tree().children
        assert (busy.state, busy.in_hand, busy.in_hand_age) == ("waiting", "Wait", 3)
        gate.set()


@seeds(10)
async def test_kameo_console_restart_count() -> None:
    """The tree counts the incarnations of each actor."""
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Puppet)
        for _ in range(2):
            with pytest.raises(ActorCrashedError):
                await ref.ask(CrashAsk())
            await settle()

        (child,) = system.tree().children[0].children
        assert child.incarnation == 3


@seeds(10)
async def test_kameo_console_dead_actor_reaped() -> None:
    """An actor that has ended is gone from the tree at once.

    kameo shows the dead for a while; ours are an event and an `exit` on their ref.
    """
    async with open_system() as system:
        ref = system.start(Puppet)
        ref.stop()
        await ref.wait_stopped()

        assert system.tree().children == ()
        assert ref.exit == Stopped()
