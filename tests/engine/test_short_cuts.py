"""The short cuts of the engine do what the long ways do.

A message to an actor at rest, a stop of one, a crash with nothing to look after: each
has a way of its own, and each is left for the general way as soon as there is anything
to look at.
"""

from __future__ import annotations

import pytest
import trio
import trio.testing

from actors import (
    Actor,
    ActorCrashedError,
    ActorRef,
    ActorStopped,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    IncarnationEnded,
    Request,
    Stopped,
    open_system,
)
from actors.testing import seeds

BATCH = 64
"""At most so many messages before others have their turn."""


class Idle(Actor[object]):
    """Does nothing."""

    def receive(self, message: object) -> None:
        del message


class Spinner(Actor[int]):
    """Tells itself the next number, for ever or up to a limit."""

    def __init__(self, limit: int) -> None:
        self.seen = 0
        self.limit = limit

    def receive(self, message: int) -> None:
        self.seen = message
        if message < self.limit:
            self.ref.tell_nowait(message + 1)


class Watcher(Actor[list[int]]):
    """Writes down how far the spinner had come."""

    def __init__(self, spinners: list[Spinner]) -> None:
        self.spinners = spinners

    def receive(self, message: list[int]) -> None:
        message.append(self.spinners[0].seen)


class Known(Spinner):
    """A spinner that can be looked at."""

    def __init__(self, limit: int, spinners: list[Spinner]) -> None:
        super().__init__(limit)
        spinners.append(self)


class Ask(Request[int]):
    """What the asked do with it is theirs."""


class Late(Actor[Ask]):
    """Keeps what it is asked, and never answers."""

    def __init__(self) -> None:
        self.kept: list[Ask] = []

    async def receive(self, message: Ask) -> None:
        self.kept.append(message)


class Crasher(Actor[str]):
    """Crashes on "crash", notes the rest together with the incarnation."""

    lives = 0

    def __init__(self, notes: list[tuple[int, str]]) -> None:
        type(self).lives += 1
        self.life = type(self).lives
        self.notes = notes

    def receive(self, message: str) -> None:
        if message == "crash":
            raise ValueError(message)
        self.notes.append((self.life, message))


class Owner(Actor[str]):
    """Hands messages on to a `Crasher`, and decides as it is told."""

    def __init__(
        self, decision: Decision, notes: list[tuple[int, str]], exits: list[Exit]
    ) -> None:
        self.decision = decision
        self.notes = notes
        self.exits = exits
        self.child: ActorRef[str]

    def started(self) -> None:
        self.child = self.start(Crasher, self.notes, name="crasher")

    def receive(self, message: str) -> None:
        self.child.tell_nowait(message)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del child
        self.exits.append(exit)
        return self.decision


async def test_a_stop_of_an_actor_at_rest_ends_it_at_once() -> None:
    """With nothing to look after, the exit is there when `stop` returns."""
    async with open_system() as system:
        ref = system.start(Idle)
        await ref.wait_started()

        ref.stop("enough")

        assert ref.exit == Stopped("enough")
        assert system.statistics().actors == 0
        assert await ref.wait_stopped() == Stopped("enough")


async def test_an_end_at_once_is_an_event_too() -> None:
    """Who listens gets both events of an end, in order."""
    async with open_system() as system:
        ref = system.start(Idle)
        with system.subscribe(IncarnationEnded, ActorStopped) as subscription:
            ref.stop()

            events = subscription.drain()

    assert [type(event) for event in events] == [IncarnationEnded, ActorStopped]
    assert {event.ref for event in events} == {ref}
    assert [getattr(event, "exit", None) for event in events] == [Stopped()] * 2


async def test_the_end_of_many_children_lets_others_run() -> None:
    """However many idle children end with their owner, others have their turns."""

    class Parent(Actor[int]):
        def receive(self, message: int) -> None:
            for _ in range(message):
                self.start(Idle)

    turns = 0

    async def other() -> None:
        nonlocal turns
        while parent.exit is None:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with open_system() as system, trio.open_nursery() as nursery:
        parent = system.start(Parent)
        await parent.tell(10_000)
        await trio.testing.wait_all_tasks_blocked()
        assert system.statistics().actors == 10_001

        parent.stop()
        nursery.start_soon(other)
        await parent.wait_stopped()

        assert system.statistics().actors == 0
    assert turns > 5


@seeds(20)
async def test_a_busy_actor_gives_way_after_a_batch() -> None:
    """One that tells itself for ever keeps another waiting for a batch at most."""
    spinners: list[Spinner] = []
    seen: list[int] = []
    async with open_system() as system:
        spinner = system.start(Known, 10_000_000, spinners)
        others = [system.start(Watcher, spinners) for _ in range(5)]
        spinner.tell_nowait(1)
        for _ in range(20):
            before = spinners[0].seen
            for other in others:
                other.tell_nowait(seen)
            while len(seen) < 5:  # noqa: ASYNC110 - each step is what is tested
                await trio.lowlevel.checkpoint()

            assert max(seen) - before <= 2 * BATCH
            seen.clear()
        spinner.kill()


async def test_names_are_numbered_when_they_are_first_asked_for() -> None:
    """A path without a given name is unique and stays; nobody pays before."""
    async with open_system() as system:
        refs = [system.start(Idle) for _ in range(5)]

        last, first = refs[4].path, refs[0].path

        assert last != first
        assert [refs[4].path, refs[0].path] == [last, first]
        assert len({ref.path for ref in refs}) == 5
        assert all(ref.path.startswith("/Idle-") for ref in refs)


async def test_a_crash_takes_the_same_end_whether_somebody_listens_or_not() -> None:
    """The short way, and the long way that events bring, leave the same behind."""
    outcomes: list[object] = []
    for listened in (False, True):
        Crasher.lives = 0
        notes: list[tuple[int, str]] = []
        exits: list[Exit] = []
        async with open_system() as system:
            if listened:
                system.subscribe(IncarnationEnded)
            owner = system.start(Owner, Decision.RESTART, notes, exits, name="owner")
            for message in ("a", "crash", "b", "crash", "crash", "c"):
                await owner.tell(message)
            await trio.testing.wait_all_tasks_blocked()
            statistics = system.statistics()
        errors = [exit_.error for exit_ in exits if isinstance(exit_, Crashed)]
        outcomes.append(
            (
                notes,
                [(type(error), error.args, error.__notes__) for error in errors],
                [
                    (letter.ref.path, letter.message, letter.reason)
                    for letter in system.dead_letters
                ],
                (statistics.restarts, statistics.crashes, statistics.handled),
            )
        )

    assert outcomes[0] == outcomes[1]
    assert notes == [(1, "a"), (2, "b"), (4, "c")]
    note = "in actor /owner/crasher (incarnation 2), handling 'crash'"
    assert errors[1].__notes__ == [note]


@seeds(20)
async def test_what_waits_behind_a_crash_goes_to_the_next_life() -> None:
    """In one batch: handled, crash, handled by the next incarnation, in order."""
    Crasher.lives = 0
    notes: list[tuple[int, str]] = []
    exits: list[Exit] = []
    async with open_system() as system:
        owner = system.start(Owner, Decision.RESTART, notes, exits)
        for number in range(30):
            owner.tell_nowait("crash" if number % 7 == 3 else str(number))
        await trio.testing.wait_all_tasks_blocked()

    expected = [str(number) for number in range(30) if number % 7 != 3]
    assert [message for _, message in notes] == expected
    assert notes[-1][0] == 5
    assert len(exits) == 4


@pytest.mark.parametrize("listened", [False, True])
async def test_a_message_that_cannot_be_shown_hides_no_crash(listened: bool) -> None:  # noqa: FBT001
    """A failing `repr` is told in the note; the crash goes its way."""

    class Mute(str):
        __slots__ = ()

        def __repr__(self) -> str:
            raise ZeroDivisionError

    notes: list[tuple[int, str]] = []
    exits: list[Exit] = []
    async with open_system() as system:
        if listened:
            system.subscribe(IncarnationEnded)
        owner = system.start(Owner, Decision.RESTART, notes, exits)
        owner.tell_nowait(Mute("crash"))
        owner.tell_nowait("b")
        await trio.testing.wait_all_tasks_blocked()

    assert [message for _, message in notes] == ["b"]
    (exit_,) = exits
    assert isinstance(exit_, Crashed)
    assert "a Mute whose repr() fails" in exit_.error.__notes__[0]


@pytest.mark.parametrize("crash", [False, True])
async def test_cells_that_only_end_are_counted_too(crash: bool) -> None:  # noqa: FBT001
    """However many end in a row, others have their turns between them."""

    class Brief(Actor[int]):
        def receive(self, message: int) -> None:
            del message
            if crash:
                raise ValueError

    class Parent(Actor[int]):
        def receive(self, message: int) -> None:
            for ref in [self.start(Brief) for _ in range(message)]:
                ref.tell_nowait(1)
                if not crash:
                    ref.stop()

        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            del child, exit
            return Decision.END

    turns = 0
    async with open_system() as system:
        system.start(Parent).tell_nowait(20_000)
        while system.statistics().ended < 20_000:  # noqa: ASYNC110 - turns are counted
            turns += 1
            await trio.lowlevel.checkpoint()

    assert turns > 15


async def test_a_crash_that_the_owner_lets_end_is_the_end() -> None:
    """END on the short way: the ref is dead, what is queued is undelivered."""
    notes: list[tuple[int, str]] = []
    exits: list[Exit] = []
    async with open_system() as system:
        owner = system.start(Owner, Decision.END, notes, exits, name="owner")
        for message in ("a", "crash", "b"):
            owner.tell_nowait(message)
        await trio.testing.wait_all_tasks_blocked()

        assert system.statistics().actors == 1
        messages = [letter.message for letter in system.dead_letters]

    assert notes[-1][1] == "a"
    assert messages == ["crash", "b"]


async def test_an_asker_who_has_left_is_skipped() -> None:
    """A request at an actor at rest whose asker is gone is not handled."""

    class Answering(Actor[Ask]):
        handled = 0

        async def receive(self, message: Ask) -> None:
            Answering.handled += 1
            message.reply(1)

    async with open_system() as system:
        ref = system.start(Answering)
        assert await ref.ask(Ask()) == 1
        with trio.CancelScope() as scope:
            scope.cancel()
            await ref.ask(Ask())
        await trio.testing.wait_all_tasks_blocked()
        assert await ref.ask(Ask()) == 1

    assert scope.cancelled_caught
    assert Answering.handled == 2


async def test_an_asked_actor_that_ends_without_an_answer_fails_the_asker() -> None:
    """What the short way has begun and not answered is in the actor's care."""
    errors: list[Exception] = []

    async def asker(ref: ActorRef[Ask]) -> None:
        try:
            await ref.ask(Ask())
        except ActorStoppedError as error:
            errors.append(error)

    async with open_system() as system, trio.open_nursery() as nursery:
        late = system.start(Late)
        for _ in range(2):
            nursery.start_soon(asker, late)
            await trio.testing.wait_all_tasks_blocked()
        assert not errors

        late.stop()
        await trio.testing.wait_all_tasks_blocked()
        failed = len(errors)
        nursery.cancel_scope.cancel()

    assert failed == 2


async def test_a_crash_on_an_ask_is_the_askers_error() -> None:
    """The short way of a single ask fails its asker with the crash as the cause."""

    class Angry(Actor[Ask]):
        async def receive(self, message: Ask) -> None:
            raise ValueError(message)

    class Keeper(Actor[Request[ActorRef[Ask]]]):
        def receive(self, message: Request[ActorRef[Ask]]) -> None:
            message.reply(self.start(Angry))

        def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
            del child, exit
            return Decision.RESTART

    async with open_system() as system:
        angry = await system.start(Keeper).ask(Request[ActorRef[Ask]]())
        causes: list[BaseException | None] = []
        for _ in range(3):
            try:
                await angry.ask(Ask())
            except ActorCrashedError as error:
                causes.append(error.__cause__)

        assert system.statistics().restarts == 3
    assert [type(cause) for cause in causes] == [ValueError] * 3


async def test_the_depth_of_a_mailbox_that_its_actor_fills() -> None:
    """The high-water mark is at most one batch below the truth."""

    class Filler(Actor[int]):
        def receive(self, message: int) -> None:
            for _ in range(message):
                self.ref.tell_nowait(0)

    async with open_system() as system:
        ref = system.start(Filler)
        ref.tell_nowait(500)
        await trio.testing.wait_all_tasks_blocked()

        (snapshot,) = system.tree().children

    assert 500 - BATCH <= snapshot.mailbox.high_water <= 500
    assert snapshot.mailbox.handled == 501


async def test_the_age_behind_a_suspended_message_is_right_to_a_millisecond(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """However many messages come while it waits, and whichever is the oldest."""
    del autojump_clock

    class Sleeper(Actor[float]):
        async def receive(self, message: float) -> None:
            await trio.sleep(message)

    async with open_system() as system:
        ref = system.start(Sleeper)
        ref.tell_nowait(10.0)
        await trio.sleep(1)
        came: list[float] = []
        for _ in range(400):
            came.append(trio.current_time())
            ref.tell_nowait(0.1)
            await trio.sleep(0.005)
        for _ in range(100):
            await trio.sleep(0.13)
            (snapshot,) = system.tree().children
            age = snapshot.mailbox.oldest_age
            if age is None:
                break
            handled = snapshot.mailbox.handled - 1
            truth = trio.current_time() - came[handled]
            assert truth - 1e-9 <= age <= truth + 0.0011
        ref.kill()
