"""ractor's tests: stop, kill and drain, and a panic in every hook."""

from __future__ import annotations

import pytest
import trio

from actors import (
    ActorCrashedError,
    ActorLate,
    ActorStoppedError,
    Crashed,
    Decision,
    DuplicateNameError,
    Exit,
    Killed,
    Stopped,
    open_system,
)
from actors.testing import open_tasks, seeds
from tests.conformance.actors_under_test import (
    BoomError,
    Crash,
    Do,
    Echo,
    Hooked,
    Hooks,
    Journal,
    Owner,
    Puppet,
    boom,
    busy_with,
    child_of,
    collect,
    end_always,
    forever,
    settle,
    two_seconds,
)


@seeds(20)
async def test_ractor_stop_beats_queued_messages() -> None:
    """A kill goes before what is queued; a stop lets it be handled first.

    ractor's `stop` leaves the queue unhandled and `drain` handles it.  Our `stop` is
    its drain, and to leave at once is to `kill`.
    """
    stopped: Journal = []
    killed: Journal = []
    async with open_system() as system:
        to_stop, to_kill = (system.start(Puppet, each) for each in (stopped, killed))
        for ref in (to_stop, to_kill):
            ref.tell_nowait("queued")
        to_stop.stop()
        to_kill.kill()

        assert await to_stop.wait_stopped() == Stopped()
        assert await to_kill.wait_stopped() == Killed()
        assert (stopped, killed) == (["queued"], [])


@seeds(20)
async def test_ractor_kill_interrupts_handler() -> None:
    """A kill cancels what `receive` awaits."""
    async with open_system() as system:
        ref = system.start(Puppet)
        await busy_with(ref)

        ref.kill()

        assert await ref.wait_stopped() == Killed()
        assert trio.current_time() == 0


@seeds(20)
async def test_ractor_kill_interrupts_lifecycle_hooks() -> None:
    """A kill cancels `started`, and then `stopped` runs.

    ractor's kill interrupts the stop hook too.  Ours is for cleaning up: it always
    runs, shielded, for at most its grace.
    """
    journal: Journal = []
    async with open_system() as system:
        hooks: Hooks = {"started": trio.sleep_forever, "stopped": two_seconds}
        ref = system.start(Hooked, journal, hooks)
        await settle()

        ref.kill()

        assert await ref.wait_stopped() == Killed()
        assert journal == ["made", "started", ("stopped", Killed())]
        assert trio.current_time() == 2


@seeds(20)
async def test_ractor_kill_cuts_a_hanging_stop_hook_off() -> None:
    """A stop hook that hangs is cut off after its grace; the actor is named late."""
    async with open_system() as system:
        late = system.subscribe(ActorLate)
        ref = system.start(Hooked, Journal(), {"stopped": trio.sleep_forever}, grace=3)

        ref.kill()
        await ref.wait_stopped()
        assert trio.current_time() == 3

    assert [each.ref.path for each in late.drain()] == [ref.path]


@seeds(20)
async def test_ractor_stop_does_not_interrupt_handler() -> None:
    """A stop waits for the message in hand."""
    journal: Journal = []

    async def slow(me: Puppet) -> None:
        await trio.sleep(2)
        me.journal.append("done")

    async with open_system() as system:
        ref = system.start(Puppet, journal)
        await ref.tell(Do(slow))
        await settle()

        ref.stop()

        assert await ref.wait_stopped() == Stopped()
        assert journal == ["done"]


@seeds(10)
async def test_ractor_panic_in_pre_start() -> None:
    """What the constructor raises goes to the one who starts, and crashes nobody."""
    async with open_system() as system:

        class Unmade(Puppet):
            """Cannot be made."""

            def __init__(self) -> None:
                boom()

        with pytest.raises(BoomError):
            system.start(Unmade)

        assert system.statistics().crashes == 0


@seeds(20)
async def test_ractor_panic_in_post_start() -> None:
    """A crash in `started` is the owner's to decide; who waits for it is told."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner, end_always, journal)
        ref = await child_of(owner, Hooked, [], {"started": boom})

        with pytest.raises(ActorStoppedError) as caught:
            await ref.wait_started()

        assert isinstance(caught.value.__cause__, BoomError)
        assert journal == [(ref.path, Crashed(caught.value.__cause__))]


@seeds(20)
async def test_ractor_panic_in_handle() -> None:
    """A crash in `receive` is the owner's to decide, asked once."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner, end_always, journal)
        ref = await child_of(owner, Puppet)
        crash = Crash()
        await ref.tell(crash)

        assert await ref.wait_stopped() == Crashed(crash.error)
        assert journal == [(ref.path, Crashed(crash.error))]


@seeds(20)
async def test_ractor_panic_in_post_stop() -> None:
    """A crash in `stopped` is a crash, and does not bring a stopped actor back."""
    async with open_system() as system:
        owner = system.start(Owner)
        ref = await child_of(owner, Hooked, [], {"stopped": boom})
        ref.stop()

        with trio.move_on_after(1):
            assert isinstance(await ref.wait_stopped(), Crashed)

        # else the block could never be left: its `stopped` would crash again and again
        owner.kill()
        assert isinstance(ref.exit, Crashed)


@seeds(20)
async def test_ractor_panic_in_supervisor_handler() -> None:
    """A crash in `child_ended` is the owner's own crash; the child has ended."""

    def raising(exit_: Exit) -> Decision:
        raise BoomError(exit_)

    journal: Journal = []
    async with open_system() as system:
        top = system.start(Owner, end_always, journal)
        owner = await child_of(top, Owner, raising)
        child = await child_of(owner, Puppet)
        await child.tell(Crash())

        exit_ = await owner.wait_stopped()

        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, BoomError)
        assert isinstance(child.exit, Crashed)
        assert journal == [(owner.path, exit_)]


@seeds(20)
async def test_ractor_killing_supervisor_ends_children() -> None:
    """A kill ends the whole tree below, each with its stop hook."""
    journal: Journal = []
    async with open_system() as system:
        owner = system.start(Owner)
        child = await child_of(owner, Puppet)
        grandchild = await child_of(child, Hooked, journal)

        owner.kill()
        await owner.wait_stopped()

        assert child.exit == grandchild.exit == Killed()
        assert journal[-1] == ("stopped", Killed())
        assert system.tree().children == ()


@seeds(20)
async def test_ractor_cancelling_spawn_future_runs_cleanup() -> None:
    """Giving up the wait for a start leaves an actor that can still be ended."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, journal, {"started": two_seconds})
        with trio.move_on_after(1):
            await ref.wait_started()

        ref.kill()
        await ref.wait_stopped()

        assert journal == ["made", "started", ("stopped", Killed())]


@seeds(20)
async def test_ractor_aborting_task_runs_cleanup() -> None:
    """Cancelling the block that owns the actors stops them in order, hooks and all."""
    journal: Journal = []
    with trio.CancelScope() as scope:
        async with open_system() as system:
            ref = system.start(Hooked, journal, {"stopped": two_seconds})
            await ref.tell("queued")
            scope.cancel()
            await trio.sleep_forever()

    assert scope.cancelled_caught
    assert journal == ["made", "started", "queued", ("stopped", Stopped())]
    assert trio.current_time() == 2


@seeds(10)
async def test_ractor_aborting_task_leaves_no_tasks() -> None:
    """After the block there is no task left of it, whatever its actors were doing."""
    before = open_tasks()
    async with open_system() as system:
        ref = system.start(Puppet)
        await ref.ask(Do(lambda me: me.start_soon(forever)))
        await ref.tell(Do(forever))
        await settle()
        ref.kill()

    assert open_tasks() == before


@seeds(10)
async def test_ractor_failed_spawn_leaves_no_name() -> None:
    """The name of an actor that crashed in `started` is free when it has ended."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        failed = await child_of(owner, Hooked, [], {"started": boom}, name="name")
        await failed.wait_stopped()

        again = await child_of(owner, Puppet, name="name")

        assert again.path == failed.path
        assert await again.ask(Echo()) == "echo"


@seeds(20)
async def test_ractor_post_stop_done_before_wait_returns() -> None:
    """`wait_stopped` returns after the stop hook, to everybody who waits."""
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Hooked, Journal(), {"stopped": two_seconds})

        async def wait() -> None:
            await ref.wait_stopped()
            journal.append(trio.current_time())

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(wait)
            ref.stop()

        assert journal == [2] * 3


@seeds(20)
async def test_ractor_drain() -> None:
    """What is queued at the stop is done, asks included, then the actor ends."""
    journal: Journal = []
    results: dict[object, object] = {}
    request = Echo()
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, journal)
        gate = await busy_with(ref)
        await ref.tell(1)
        nursery.start_soon(collect, ref, request, results)
        await settle()
        ref.stop()
        gate.set()
        await ref.wait_stopped()
        await settle()

        assert journal == [1]
        assert results == {request: "echo"}


@seeds(10)
async def test_ractor_drain_reentrant_send() -> None:
    """A stopping actor cannot tell itself: its mailbox is closed to everybody.

    ractor admits what a draining actor sends to itself.  Ours would have no end then;
    what must still be done may be stashed and unstashed.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)

        def send_to_itself(me: Puppet) -> None:
            with pytest.raises(ActorStoppedError):
                me.ref.tell_nowait("refused")
            me.stash("admitted")
            me.unstash_all()

        gate = await busy_with(ref)
        await ref.tell(Do(send_to_itself))
        ref.stop()
        gate.set()
        await ref.wait_stopped()

        assert journal == ["admitted"]


@seeds(20)
async def test_ractor_linked_spawn_on_draining_supervisor() -> None:
    """A stopping actor may start children while it drains; they end with it.

    ractor refuses.  For us draining is ordinary work, and ending comes after; from
    then on `start` raises ActorStoppedError.
    """
    journal: Journal = []

    class StartsAtEnd(Puppet):
        """Tries to start a child in its stop hook."""

        def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            with pytest.raises(ActorStoppedError):
                self.start(Puppet)
            self.journal.append("refused")

    async with open_system() as system:
        ref = system.start(StartsAtEnd, journal)
        gate = await busy_with(ref)
        await ref.tell(Do(lambda me: journal.append(me.start(Hooked, journal).path)))
        ref.stop()
        gate.set()
        await ref.wait_stopped()

        assert journal[0] == "made"
        assert journal[-2:] == [("stopped", Stopped()), "refused"]


@seeds(20)
async def test_ractor_stop_children_and_wait_during_own_shutdown() -> None:
    """An actor may stop a child and wait for it in the middle of its own end."""
    async with open_system() as system:
        ref = system.start(Puppet)
        child = await child_of(ref, Hooked, [], {"stopped": two_seconds})

        async def stop_child(me: Puppet) -> Exit:
            me.ref.stop()
            child.stop("by its owner")
            return await child.wait_stopped()

        assert await ref.ask(Do(stop_child)) == Stopped("by its owner")
        assert await ref.wait_stopped() == Stopped()
        assert trio.current_time() == 2


@seeds(10)
async def test_ractor_wrong_type_refused() -> None:
    """Asking what is no request is an error of the asker; the actor does not notice.

    What type of message an actor takes is for the type checkers.
    """
    journal: Journal = []
    async with open_system() as system:
        ref = system.start(Puppet, journal)
        wrong: str = "no request"

        with pytest.raises(TypeError, match="takes a Request"):
            await ref.ask(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

        assert await ref.ask(Echo()) == "echo"
        assert journal == []


@seeds(20)
async def test_ractor_multi_call() -> None:
    """Asking many is a nursery of asks; one that crashes does not hurt the others."""
    results: dict[object, object] = {}
    requests = [Echo(str(number)) for number in range(5)]
    async with open_system() as system:
        owner = system.start(Owner)
        refs = [await child_of(owner, Puppet) for _ in requests]
        await refs[0].tell(Crash())
        async with trio.open_nursery() as nursery:
            for ref, request in zip(refs, requests, strict=True):
                nursery.start_soon(collect, ref, request, results)

        assert results == {request: request.text for request in requests}


@seeds(10)
async def test_ractor_exit_after() -> None:
    """An actor may be stopped later, by a task of its owner's."""
    async with open_system() as system:
        owner = system.start(Puppet)
        child = await child_of(owner, Puppet)

        async def exit_after() -> None:
            await trio.sleep(2)
            child.stop("its time has come")

        await owner.ask(Do(lambda me: me.start_soon(exit_after)))

        assert await child.wait_stopped() == Stopped("its time has come")
        assert trio.current_time() == 2


@seeds(10)
async def test_ractor_duplicate_name() -> None:
    """Names are unique among the children of one owner, not in the whole system."""
    async with open_system() as system:
        first, second = system.start(Puppet), system.start(Puppet)
        await child_of(first, Puppet, name="name")
        await child_of(second, Puppet, name="name")

        def start_again(me: Puppet) -> None:
            with pytest.raises(DuplicateNameError):
                me.start(Puppet, name="name")

        await first.ask(Do(start_again))


@seeds(10)
async def test_ractor_panic_in_child_task() -> None:
    """A crash in a child task is the actor's crash."""
    async with open_system() as system:
        owner = system.start(Owner, end_always)
        ref = await child_of(owner, Puppet)

        async def crash() -> None:
            await trio.sleep(1)
            boom()

        await ref.ask(Do(lambda me: me.start_soon(crash)))
        with pytest.raises(ActorCrashedError):
            await ref.ask(Do(forever))

        exit_ = await ref.wait_stopped()
        assert isinstance(exit_, Crashed)
        assert isinstance(exit_.error, BoomError)
