"""What a person sees: `tree()` and `statistics()`."""

from __future__ import annotations

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    DeadLetterReason,
    Decision,
    Exit,
    MailboxStatistics,
    SystemStatistics,
    open_system,
)
from tests.actors.cast import (
    CRASH,
    Cast,
    Do,
    Plain,
    Puppet,
    Question,
    Start,
    begin,
    busy,
    look,
    start_below,
)


async def test_the_tree_has_all_actors_in_the_order_of_their_start() -> None:
    """The root on top; paths of names, or of the class and a number."""
    async with open_system() as system:
        system.start(Plain, name="one")
        two = system.start(Puppet, name="two")
        await two.ask(Start(Puppet, (), "below"))
        unnamed = system.start(Plain)

        tree = system.tree()
        assert [seen.path for seen in tree.walk()] == [
            "/",
            "/one",
            "/two",
            "/two/below",
            unnamed.path,
        ]
        assert unnamed.path.startswith("/Plain-")
        assert [seen.cls for seen in tree.children] == ["Plain", "Puppet", "Plain"]
        assert repr(two) == "<ActorRef /two>"


async def test_a_snapshot_is_frozen() -> None:
    """What was seen stays as it was seen."""
    async with open_system() as system:
        ref = system.start(Puppet)
        before = look(system, ref)
        free = await busy(ref, queued=2)

        assert before.mailbox == MailboxStatistics(0, 0, 1024, None, 0, 0)
        assert before.state == "idle"
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            before.state = "new"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
        free.set()


async def test_an_ended_actor_is_not_in_the_tree() -> None:
    """Its siblings stay, whichever of them goes."""
    async with open_system() as system:
        refs = [system.start(Puppet, name=name) for name in "abc"]
        for ref, left in zip(
            [refs[1], refs[0], refs[2]], [["/a", "/c"], ["/c"], []], strict=True
        ):
            ref.stop()
            await ref.wait_stopped()
            assert [seen.path for seen in system.tree().children] == left
        system.start(Puppet, name="a")


async def test_each_state_of_an_actor_can_be_seen() -> None:
    """Ready, starting, running, waiting, stopping, ending, held, idle."""
    seen: list[str] = []
    gate = trio.Event()

    class Slow(Puppet):
        async def started(self) -> None:
            await gate.wait()

        async def stopped(self, exit: Exit) -> None:  # noqa: A002
            del exit
            await gate.wait()

    async with open_system() as system:

        def note(me: Cast) -> None:
            seen.append(look(system, me.ref).state)

        ref = system.start(Puppet)
        assert look(system, ref).state == "idle"
        ref.tell_nowait(Do(note))
        assert look(system, ref).state == "ready"
        await settle()
        assert seen == ["running"]

        slow = system.start(Slow)
        assert look(system, slow).state == "starting"
        await settle()
        assert look(system, slow).state == "starting"
        gate.set()
        await settle()
        assert look(system, slow).state == "idle"
        gate = trio.Event()
        free = await busy(slow)
        assert look(system, slow).state == "waiting"
        slow.stop()
        assert look(system, slow).state == "stopping"
        free.set()
        await settle()
        assert look(system, slow).state == "ending"
        gate.set()

        held = await start_below(system, Puppet, decision=Decision.HOLD)
        held.tell_nowait(CRASH)
        await settle()
        assert look(system, held).state == "held"


async def test_the_message_in_hand_and_its_age_are_seen(
    autojump_clock: MockClock,
) -> None:
    """The class of the message, and the seconds since it waits with it."""
    del autojump_clock
    async with open_system() as system:
        ref = system.start(Puppet)
        await trio.sleep(3)
        free = await busy(ref)
        await trio.sleep(7)

        waiting = look(system, ref)
        free.set()
        await settle()
        idle = look(system, ref)

    assert (waiting.in_hand, waiting.in_hand_age) == ("Wait", 7)
    assert (idle.in_hand, idle.in_hand_age) == (None, None)


async def test_statistics_count_the_whole_system() -> None:
    """Every counter, after a known story."""
    async with open_system() as system, trio.open_nursery() as nursery:
        assert system.statistics() == SystemStatistics(
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {}
        )
        ref = await start_below(system, Puppet)  # one ask
        plain = system.start(Plain)
        await plain.ask(Question())
        ref.tell_nowait(1)
        ref.tell_nowait(CRASH)
        ref.tell_nowait(Do(lambda me: me.after(60, "later")))
        gone = system.start(Puppet)
        gone.stop()
        await settle()
        free = await busy(ref)
        other = await begin(nursery, ref.ask, Question())
        ready = system.start(Plain)
        ready.tell_nowait(1)

        seen = system.statistics()
        assert attrs.evolve(seen, spare_workers=0, workers=0) == SystemStatistics(
            actors=4,
            started=5,
            ended=1,
            restarts=1,
            crashes=1,
            handled=6,
            ready=1,
            workers=0,
            spare_workers=0,
            timers=1,
            late_replies=0,
            dead_letters={DeadLetterReason.CRASHED: 1},
        )
        assert seen.workers > seen.spare_workers
        free.set()
        await settle()
        assert other.value == 42

    ended = system.statistics()
    assert (ended.actors, ended.started, ended.ended) == (0, 5, 5)
    assert (ended.workers, ended.spare_workers, ended.timers) == (0, 0, 0)
