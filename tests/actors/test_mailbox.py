"""Mailboxes: overflow policies, order, control lane, stash, and exact figures."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorRef,
    Decision,
    Exit,
    Mailbox,
    Overflow,
    StashFullError,
    Stopped,
    Terminated,
    open_system,
)
from tests.actors.cast import (
    CRASH,
    SMALL,
    Boom,
    Cast,
    Do,
    Plain,
    Puppet,
    Question,
    Riddle,
    Start,
    begin,
    busy,
    look,
    start_below,
)


def parity(message: object) -> object:
    """Return the key of a number: odd or even; other messages are their own key."""
    return message % 2 if isinstance(message, int) else message


@pytest.mark.parametrize(
    ("overflow", "fills", "kept"),
    [
        (Overflow.WAIT, 2, [0, 1]),
        (Overflow.REJECT, 2, [0, 1]),
        (Overflow.DROP_OLDEST, 1, [0]),
        (Overflow.DROP_OLDEST, 2, [0, 1]),
        (Overflow.DROP_OLDEST, 5, [3, 4]),
        (Overflow.DROP_NEWEST, 1, [0]),
        (Overflow.DROP_NEWEST, 2, [0, 1]),
        (Overflow.DROP_NEWEST, 5, [0, 1]),
        (Overflow.KEEP_LATEST, 1, [0]),
        (Overflow.KEEP_LATEST, 2, [0, 1]),
        (Overflow.KEEP_LATEST, 5, [4, 3]),
    ],
)
async def test_each_policy_keeps_what_it_says(
    overflow: Overflow, fills: int, kept: list[int]
) -> None:
    """Filled below, up to and beyond a capacity of two, while the actor waits."""
    log: list[object] = []
    key = parity if overflow is Overflow.KEEP_LATEST else None
    async with open_system() as system:
        mailbox = Mailbox(2, overflow=overflow, key=key)
        ref = system.start(Puppet, log, mailbox=mailbox)
        free = await busy(ref, queued=fills)

        seen = look(system, ref).mailbox
        free.set()
        await settle()

        assert log == kept
        assert seen.depth == len(kept)
        assert seen.high_water == len(kept)
        assert seen.capacity == 2
        assert len(system.dead_letters) == fills - len(kept)


async def test_keep_latest_drops_the_oldest_key_when_full_of_other_keys() -> None:
    """A new key in a mailbox full of other keys pushes the oldest one out."""
    log: list[object] = []
    async with open_system() as system:
        mailbox = Mailbox(2, overflow=Overflow.KEEP_LATEST, key=parity)
        ref = system.start(Puppet, log, mailbox=mailbox)
        free = await busy(ref, queued=2)

        ref.tell_nowait("third")
        free.set()
        await settle()

        assert log == [1, "third"]
        assert [letter.message for letter in system.dead_letters] == [0]


async def test_keep_latest_works_at_rest_with_asks_and_through_the_stash() -> None:
    """From rest a message is handled; asks and stashed messages find their way."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        mailbox = Mailbox(2, overflow=Overflow.KEEP_LATEST, key=parity)
        ref = system.start(Puppet, log, mailbox=mailbox)
        ref.tell_nowait(5)
        assert await ref.ask(Question(1)) == 1
        free = await busy(ref)
        ref.tell_nowait(Do(lambda me: me.stash("first")))
        ref.tell_nowait(Do(lambda me: me.unstash_all()))
        free.set()
        await settle()
        asker = await begin(nursery, ref.ask, Question(2))

        assert asker.value == 2
        assert log == [5, "first"]


async def test_keep_latest_lets_the_senders_key_function_fail_the_sender() -> None:
    """What `key` raises is raised by the tell, and the actor does not notice."""

    def picky(message: object) -> int:
        if message == "odd one":
            raise Boom
        return 0

    log: list[object] = []
    async with open_system() as system:
        mailbox = Mailbox(2, overflow=Overflow.KEEP_LATEST, key=picky)
        ref = system.start(Plain, log, mailbox=mailbox)

        with pytest.raises(Boom):
            ref.tell_nowait("odd one")
        ref.tell_nowait(1)
        await settle()

        assert log == [1]


async def test_what_is_left_with_keep_latest_is_undelivered_at_the_end() -> None:
    """The end of an actor with such a mailbox buries what is queued."""
    async with open_system() as system:
        mailbox = Mailbox(9, overflow=Overflow.KEEP_LATEST, key=parity)
        ref = system.start(Puppet, mailbox=mailbox)
        await busy(ref, queued=5)

        ref.kill()
        await ref.wait_stopped()

        assert [letter.message for letter in system.dead_letters][-2:] == [4, 3]


async def test_waiting_senders_get_in_in_their_order_and_before_later_ones() -> None:
    """FIFO among senders, also against one who comes when there is room again."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log, mailbox=Mailbox(1))
        free = await busy(ref, queued=1)
        for name in "abcde":
            await begin(nursery, ref.tell, name)
        free.set()
        await ref.tell("last")
        await settle()

        assert log == [0, *"abcde", "last"]


async def test_a_cancelled_sender_in_the_middle_is_left_out() -> None:
    """Cancelled means not sent; those before and behind keep their order."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Puppet, log, mailbox=Mailbox(1))
        free = await busy(ref, queued=1)
        scope = trio.CancelScope()

        async def give_up() -> None:
            with scope:
                await ref.tell("gone")

        await begin(nursery, ref.tell, "a")
        await begin(nursery, give_up)
        await begin(nursery, ref.tell, "b")
        scope.cancel()
        await settle()

        assert look(system, ref).mailbox.waiting_senders == 2
        free.set()
        await settle()
        assert log == [0, "a", "b"]


async def test_all_senders_may_give_up() -> None:
    """With nobody left to let in the mailbox goes on as ever."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log, mailbox=Mailbox(1))
        free = await busy(ref, queued=1)
        with trio.move_on_after(0):
            await ref.tell("gone")
        free.set()
        await settle()
        await ref.tell("on")
        await settle()

        assert log == [0, "on"]


async def test_the_control_lane_is_never_full_and_goes_first() -> None:
    """Ends of watched actors and of children come before what is queued."""
    log: list[object] = []

    class Parent(Puppet):
        def child_ended(self, child: ActorRef[object], exit: Exit) -> Decision:  # noqa: A002
            self.log.append((child.path, exit))
            return Decision.END

    async with open_system() as system:
        ref = system.start(Parent, log, name="parent", mailbox=SMALL)
        child = await ref.ask(Start(Puppet, (), "child"))
        other = system.start(Puppet, name="other")
        ref.tell_nowait(Do(lambda me: me.watch(other)))
        await settle()
        free = await busy(ref, queued=2)
        child.stop()
        other.stop()
        await settle()

        assert log == []
        free.set()
        await settle()
        assert log == [
            (child.path, Stopped()),
            Terminated(other, Stopped()),
            0,
            1,
        ]


async def test_a_stop_of_a_full_mailbox_is_accepted() -> None:
    """Stopping needs no room; what is queued is handled first."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Puppet, log, mailbox=SMALL)
        free = await busy(ref, queued=2)
        ref.stop()
        free.set()

        assert await ref.wait_stopped() == Stopped()
        assert log == [0, 1]


# -------------------------------------------------------------------------- stash


class Shy(Plain):
    """Stashes all but functions until it is told to open up."""

    def receive(self, message: object) -> None:
        match message:
            case "open":
                self.log.append(self.unstash_all())
                self.shy = False
            case "again":
                self.shy = True
            case Do():
                self.obey(message)
            case _ if getattr(self, "shy", True):
                self.stash(message)
            case _:
                self.obey(message)


async def test_the_stash_comes_back_in_front_in_its_order() -> None:
    """Stashed messages go before those that are queued when it is emptied."""
    log: list[object] = []
    async with open_system() as system:
        ref = system.start(Shy, log)
        for message in (1, 2, "open", 3, "open"):
            ref.tell_nowait(message)
        await settle()

        assert log == [2, 1, 2, 3, 0]


@pytest.mark.parametrize("stop", [False, True])
async def test_what_is_stashed_and_unstashed_at_once_comes_again(
    stop: bool,  # noqa: FBT001
) -> None:
    """Also as the only message, also when the actor is stopping."""
    log: list[object] = []

    def receive_again(me: Cast) -> None:
        me.log.append("seen")
        if len(me.log) == 1:
            me.stash(message)
            me.unstash_all()

    message = Do(receive_again)
    async with open_system() as system:
        ref = system.start(Plain, log)
        ref.tell_nowait(message)
        if stop:
            ref.stop()
        await settle()

        assert log == ["seen", "seen"]
        assert len(system.dead_letters) == 0


async def test_a_stashed_request_is_answered_later() -> None:
    """The asker waits as long as its request is stashed."""
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Shy)
        asker = await begin(nursery, ref.ask, Question(3))
        assert not asker.done

        ref.tell_nowait("open")
        await settle()

        assert asker.value == 3


async def test_a_stashed_request_whose_asker_has_left_is_skipped() -> None:
    """It is not begun a second time."""
    log: list[object] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(Shy, log)
        scope = trio.CancelScope()

        async def give_up() -> None:
            with scope:
                await ref.ask(Riddle())

        await begin(nursery, give_up)
        scope.cancel()
        await settle()
        ref.tell_nowait("open")
        await settle()

    assert log == [1]


async def test_the_stash_is_bounded() -> None:
    """`StashFullError` names the actor and its bound, and is a crash like any other."""
    log: list[object] = []
    errors: list[StashFullError] = []

    def overfill(me: Cast) -> None:
        try:
            me.stash(3)
        except StashFullError as error:
            errors.append(error)

    async with open_system() as system:
        ref = system.start(Shy, log, name="shy", mailbox=Mailbox(stash=2))
        for message in (1, 2, Do(overfill), "open"):
            ref.tell_nowait(message)
        await settle()

    assert log == [2, 1, 2]
    assert [(error.path, error.capacity) for error in errors] == [("/shy", 2)]
    assert "takes 2 messages" in str(errors[0])


async def test_a_restart_puts_the_stash_back() -> None:
    """The next incarnation gets what the last one had set aside."""
    log: list[object] = []
    async with open_system() as system:
        ref = await start_below(system, Shy, log)
        ref.tell_nowait("kept")
        ref.tell_nowait(CRASH)
        ref.tell_nowait("open")
        await settle()

        assert log == [1, "kept"]


async def test_the_stash_of_an_ended_actor_is_undelivered() -> None:
    """Stashed first, then queued: that is the order of `undelivered`."""
    log: list[object] = []

    class Heir(Shy):
        def undelivered(self, message: object) -> None:
            self.log.append(("undelivered", message))

    async with open_system() as system:
        ref = system.start(Heir, log)
        ref.tell_nowait("stashed")
        await settle()
        ref.tell_nowait(Do(lambda me: me.ref.kill()))
        ref.tell_nowait("queued")
        await ref.wait_stopped()

        assert log == [("undelivered", "stashed"), ("undelivered", "queued")]


# ------------------------------------------------------------------------ figures


async def test_depth_high_water_and_handled_are_exact() -> None:
    """Depth is what waits now, high water the most that ever waited."""
    async with open_system() as system:
        ref = system.start(Puppet)
        free = await busy(ref, queued=7)
        full = look(system, ref).mailbox
        free.set()
        await settle()
        free = await busy(ref, queued=3)
        later = look(system, ref).mailbox
        free.set()

        assert (full.depth, full.high_water, full.handled) == (7, 7, 1)
        assert (later.depth, later.high_water, later.handled) == (3, 7, 9)


async def test_the_age_of_the_oldest_message_is_exact(
    autojump_clock: MockClock,
) -> None:
    """Messages that come at known times, taken one by one: each age is right."""
    del autojump_clock
    frees = [trio.Event() for _ in range(4)]
    async with open_system() as system:
        ref = system.start(Puppet)
        free = await busy(ref)
        assert look(system, ref).mailbox.oldest_age is None
        for event in frees:  # they come at 0, 10, 20 and 30
            ref.tell_nowait(Do(lambda _, event=event: event.wait()))  # type: ignore[misc]
            await trio.sleep(10)

        ages = [look(system, ref).mailbox.oldest_age]
        for event in [free, *frees[:3]]:
            event.set()
            await settle()
            await trio.sleep(1)
            ages.append(look(system, ref).mailbox.oldest_age)
        frees[3].set()

        # at 40: 40 - 0; then 41 - 10, 42 - 20, 43 - 30, nothing
        assert ages == [40, 31, 22, 13, None]


async def test_the_age_is_right_after_a_long_backlog(
    autojump_clock: MockClock,
) -> None:
    """Ten thousand messages in a row leave no old time behind."""
    del autojump_clock
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=Mapped)
        free = await busy(ref)
        for number in range(10_000):
            ref.tell_nowait(number)
            if number % 1000 == 0:
                await trio.sleep(1)
        assert look(system, ref).mailbox.oldest_age == 10
        free.set()
        await settle()
        assert look(system, ref).mailbox.oldest_age is None

        await trio.sleep(50)
        free = await busy(ref, queued=1)
        await trio.sleep(2)

        assert look(system, ref).mailbox.oldest_age == 2
        free.set()


Mapped = Mailbox(capacity=20_000)


async def test_the_age_is_right_between_the_slices_of_a_long_backlog(
    autojump_clock: MockClock,
) -> None:
    """Another actor, run between two slices, sees the age of what waits then."""
    del autojump_clock
    seen: list[tuple[int, float | None]] = []
    async with open_system() as system:
        ref = system.start(Puppet, mailbox=Mapped)
        watcher = system.start(Plain)

        def glance(me: Cast) -> None:
            figures = look(system, ref).mailbox
            seen.append((figures.depth, figures.oldest_age))
            if figures.depth:
                me.ref.tell_nowait(Do(glance))

        free = await busy(ref)
        for _ in range(3000):
            ref.tell_nowait("first lot")
        await trio.sleep(5)
        for _ in range(3000):
            ref.tell_nowait("second lot")
        await trio.sleep(3)
        free.set()
        watcher.tell_nowait(Do(glance))
        await settle()

    assert seen[-1] == (0, None)
    assert len(seen) > 4
    for depth, age in seen[:-1]:
        assert age == (8 if depth > 3000 else 3)


async def test_an_actor_that_looks_at_itself_sees_the_age_of_what_is_behind(
    autojump_clock: MockClock,
) -> None:
    """In the middle of a slice the age is of the messages that still wait."""
    del autojump_clock
    ages: list[float | None] = []
    async with open_system() as system:
        ref = system.start(Puppet)
        free = await busy(ref)

        def glance(_: Cast) -> None:
            ages.append(look(system, ref).mailbox.oldest_age)

        ref.tell_nowait(Do(glance))
        await trio.sleep(3)
        ref.tell_nowait("behind")
        free.set()
        await settle()

    assert ages == [0]


async def test_a_dropped_tick_does_not_stop_its_timer(
    autojump_clock: MockClock,
) -> None:
    """`every` goes on after a tick was dropped from a full mailbox."""
    del autojump_clock
    log: list[object] = []
    async with open_system() as system:
        mailbox = Mailbox(1, overflow=Overflow.DROP_OLDEST)
        ref = system.start(Puppet, log, mailbox=mailbox)
        ref.tell_nowait(Do(lambda me: me.every(2, "tick")))
        await settle()
        free = await busy(ref)
        await trio.sleep(3)
        ref.tell_nowait("pushes the tick out")
        assert [letter.message for letter in system.dead_letters] == ["tick"]
        free.set()
        await trio.sleep(2)

    assert log == ["pushes the tick out", "tick"]


async def test_a_child_task_may_empty_the_stash_of_an_actor_at_rest() -> None:
    """What comes back wakes the actor."""
    log: list[object] = []
    gate = trio.Event()
    async with open_system() as system:
        ref = system.start(Shy, log)

        async def later(me: Cast) -> None:
            await gate.wait()
            log.append(me.unstash_all())
            me.log.append("emptied")

        ref.tell_nowait("kept")
        ref.tell_nowait(Do(lambda me: me.start_soon(later, me)))
        await settle()
        gate.set()
        await settle()
        ref.tell_nowait("open")
        await settle()

    assert log == [1, "emptied", 1, "kept"]
