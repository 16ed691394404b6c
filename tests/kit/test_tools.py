"""The test kit: each tool does what it says, and each can fail."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors import (
    Actor,
    ActorCrashed,
    ActorStarted,
    ActorStopped,
    AnyRef,
    Crashed,
    DeadLetter,
    DeadLetterReason,
    Decision,
    Exit,
    IncarnationEnded,
    Mailbox,
    MessageAccepted,
    MessageBegun,
    MessageEnd,
    MessageEnded,
    Overflow,
    Request,
    Stopped,
    open_system,
)
from actors.testing import (
    DeadLetterProbe,
    EventLog,
    Fault,
    open_tasks,
    run_seeded,
    seeds,
    start_probe,
    with_faults,
)
from actors.testing._seeds import choose_seed

pytest_plugins = ("pytester",)


@attrs.frozen
class Total(Request[int]):
    """How much is it?"""


class Counter(Actor[int | Total]):
    """Adds; says the total."""

    def __init__(self, start: int = 0) -> None:
        self.total = start

    def receive(self, message: int | Total) -> None:
        if isinstance(message, Total):
            message.reply(self.total)
        else:
            self.total += message


class Slow(Actor[float]):
    """Sleeps for as long as it is told."""

    mailbox = Mailbox(capacity=1, overflow=Overflow.DROP_OLDEST)

    async def receive(self, message: float) -> None:
        await trio.sleep(message)


class Owner(Actor[int]):
    """Restarts what it owns; passes messages on."""

    def __init__(self, cls: type[Actor[int]]) -> None:
        self.cls = cls

    def started(self) -> None:
        self.child = self.start(self.cls, name="child")

    def receive(self, message: int) -> None:
        self.child.tell_nowait(message)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del child
        return Decision.RESTART if isinstance(exit, Crashed) else Decision.END


@contextmanager
def all_seeds() -> Generator[None]:
    """Forget `--actors-seed` for a while."""
    before = choose_seed(None)
    try:
        yield
    finally:
        choose_seed(before)


async def order_of_tasks() -> list[int]:
    """Let tasks race; return who came in when."""
    order: list[int] = []

    async def run(number: int) -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(run, number)
    return order


# ------------------------------------------------------------------------ seeds


def test_a_seed_fixes_the_order_of_scheduling() -> None:
    """The same seed gives the same order, other seeds give others."""
    orders = [run_seeded(order_of_tasks, seed=seed) for seed in range(20)]

    assert orders == [run_seeded(order_of_tasks, seed=seed) for seed in range(20)]
    assert len({tuple(order) for order in orders}) > 10


def test_a_seeded_run_has_a_clock_of_its_own() -> None:
    """It starts at 0 and jumps."""

    async def main(seconds: float) -> tuple[float, float]:
        begun = trio.current_time()
        await trio.sleep(seconds)
        return begun, trio.current_time()

    assert run_seeded(main, 1000.0, seed=1) == (0, 1000)
    assert run_seeded(main, 10.0, seed=1) == (0, 10)


def test_a_seeded_run_puts_the_scheduler_back() -> None:
    """Trio's private generator and switch are as before, also after a failure."""
    run: Any = trio._core._run
    state, switch = run._r.getstate(), run._ALLOW_DETERMINISTIC_SCHEDULING

    async def fail() -> None:
        raise OSError

    run_seeded(order_of_tasks, seed=3)
    with pytest.raises(OSError):  # noqa: PT011 - it has no text
        run_seeded(fail, seed=3)

    assert run._r.getstate() == state
    assert run._ALLOW_DETERMINISTIC_SCHEDULING is switch


def test_seeds_runs_once_per_seed() -> None:
    """Each run is a Trio run of its own, the arguments are passed on."""
    clocks: list[object] = []

    @seeds(5)
    async def story(name: str, *, number: int) -> None:
        assert (name, number) == ("a", 1)
        clocks.append(trio.lowlevel.current_clock())

    with all_seeds():
        story("a", number=1)

    assert len(set(clocks)) == 5
    assert all(isinstance(clock, MockClock) for clock in clocks)


def test_a_failing_seed_is_named() -> None:
    """The note names the seed and the option; the seeds after it are not run."""
    runs = 0

    @seeds(9)
    async def story() -> None:
        nonlocal runs
        runs += 1
        assert runs < 4

    with all_seeds(), pytest.raises(AssertionError) as caught:
        story()

    assert runs == 4
    (note,) = caught.value.__notes__
    assert "story, seed 3" in note
    assert "--actors-seed=3" in note


def test_a_chosen_seed_is_the_only_one() -> None:
    """As with `--actors-seed=7`: one run, in that seed's order, asked for or not."""
    orders: list[list[int]] = []

    @seeds(2)
    async def story() -> None:
        orders.append(await order_of_tasks())

    before = choose_seed(7)
    try:
        story()
    finally:
        choose_seed(before)

    assert orders == [run_seeded(order_of_tasks, seed=7)]


def test_the_option_chooses_the_seed(pytester: pytest.Pytester) -> None:
    """`pytest --actors-seed=N` runs seed N; the failure says how to repeat it."""
    pytester.makepyfile(
        test_it="""
        from actors.testing import seeds
        runs = []

        @seeds(5)
        async def test_fails() -> None:
            runs.append(1)
            assert len(runs) < 3

        def test_runs() -> None:
            print("runs:", len(runs))
        """
    )
    pytester.makeini("[pytest]\ntrio_mode = true\n")

    with all_seeds():
        every = pytester.runpytest_inprocess("-s")
        one = pytester.runpytest_inprocess("-s", "--actors-seed=4")

    every.assert_outcomes(failed=1, passed=1)
    every.stdout.fnmatch_lines(["*test_fails, seed 2; *--actors-seed=2*"])
    one.assert_outcomes(passed=2)
    one.stdout.fnmatch_lines(["*runs: 1*"])


@pytest.mark.parametrize(
    ("count", "error"), [(0, ValueError), (True, TypeError), (print, TypeError)]
)
def test_seeds_takes_a_number(count: Any, error: type[Exception]) -> None:
    """Also `@seeds` without brackets is refused at once."""
    with pytest.raises(error, match=r"seeds|count"):
        seeds(count)


def test_a_test_is_given_its_seed() -> None:
    """If it has a parameter of that name; by hand, it is run with one of one's own."""
    given: list[tuple[str, int]] = []

    @seeds(3)
    async def story(word: str, *, seed: int) -> None:
        await trio.lowlevel.checkpoint()
        given.append((word, seed))

    run: Callable[..., None] = story
    with all_seeds():
        run("a")
        story("b", seed=7)
        choose_seed(9)
        run("c")

    assert given == [("a", 0), ("a", 1), ("a", 2), ("b", 7), ("c", 9)]


def test_pytest_does_not_look_for_a_fixture_of_seeds(
    pytester: pytest.Pytester,
) -> None:
    """Other parameters are filled as ever."""
    pytester.makepyfile(
        test_it="""
        import pytest
        from actors.testing import seeds

        @pytest.mark.parametrize("word", ["a", "b"])
        @seeds(2)
        async def test_story(seed, tmp_path, word) -> None:
            print(f"{tmp_path.is_dir()} {word} {seed}!")
        """
    )
    pytester.makeini("[pytest]\ntrio_mode = true\n")

    with all_seeds():
        result = pytester.runpytest_inprocess("-s")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*True a 0!", "*True a 1!", "*True b 0!", "*True b 1!"]
    )


# ------------------------------------------------------------------------ probe


async def test_a_probe_writes_down_and_expects(autojump_clock: MockClock) -> None:
    """Messages are expected in their order; all stay in `messages`."""
    async with open_system() as system:
        probe = start_probe(system, name="probe")
        await probe.ref.tell(1)
        await probe.ref.tell("two")

        assert await probe.expect(1) == 1
        assert await probe.expect_type(str) == "two"
        await probe.expect_nothing(5)

        assert probe.ref.path == "/probe"
        assert probe.messages == (1, "two")
        assert repr(probe) == "<Probe /probe: 2 messages>"
        assert autojump_clock.current_time() == 5


async def test_a_probe_waits_for_what_is_to_come(autojump_clock: MockClock) -> None:
    """It waits up to `within` seconds on Trio's clock."""
    async with open_system() as system, trio.open_nursery() as nursery:
        probe = start_probe(system)

        async def tell_later() -> None:
            await trio.sleep(3)
            await probe.ref.tell("late")

        nursery.start_soon(tell_later)

        await probe.expect("late", within=4)
        assert autojump_clock.current_time() == 3


async def test_a_probe_answers_requests(autojump_clock: MockClock) -> None:
    """A request stays open until the test answers it."""
    del autojump_clock
    answers: list[int] = []
    async with open_system() as system, trio.open_nursery() as nursery:
        probe = start_probe(system)

        async def ask() -> None:
            answers.append(await probe.ref.ask(Total()))

        nursery.start_soon(ask)
        request = await probe.expect_type(Total)
        await probe.expect_nothing(2)
        request.reply(42)

    assert answers == [42]


async def test_a_probe_says_what_came_instead(autojump_clock: MockClock) -> None:
    """Each expectation fails with the expected, the message, and those before."""
    async with open_system() as system:
        probe = start_probe(system, name="p")
        for message in (1, 2, 3):
            await probe.ref.tell(message)
        await probe.expect(1)

        with pytest.raises(AssertionError, match=r"/p: expected 9, got 2; .*\[1, 2\]"):
            await probe.expect(9)
        with pytest.raises(
            AssertionError, match=r"expected nothing for 1.*got 3 after"
        ):
            await probe.expect_nothing(1)
        with pytest.raises(AssertionError, match="a message of type str, got 3"):
            await probe.expect_type(str)
        with pytest.raises(
            AssertionError, match=r"expected 4, nothing came within 1\.0"
        ):
            await probe.expect(4)
        assert autojump_clock.current_time() == 1

    with pytest.raises(AssertionError, match=r"has ended: Stopped"):
        await probe.expect(4)


async def test_a_probe_expects_the_end_of_others(autojump_clock: MockClock) -> None:
    """It watches who is to end, also when that has happened before."""
    del autojump_clock
    async with open_system() as system:
        probe = start_probe(system)
        first, second = system.start(Counter), system.start(Counter, name="second")
        probe.watch(first)
        probe.watch(first)
        first.stop("over")
        await first.wait_stopped()
        second.stop()
        await second.wait_stopped()

        assert await probe.expect_terminated(first) == Stopped("over")
        assert await probe.expect_terminated(second) == Stopped()
        await probe.expect_nothing(1)


async def test_a_probe_says_who_has_not_ended(autojump_clock: MockClock) -> None:
    """Another message, the end of another, or nothing."""
    del autojump_clock
    async with open_system() as system:
        probe = start_probe(system)
        one, two = system.start(Counter, name="one"), system.start(Counter, name="two")

        with pytest.raises(AssertionError, match="end of /one, nothing came"):
            await probe.expect_terminated(one)
        await probe.ref.tell(5)
        with pytest.raises(AssertionError, match="expected the end of /one, got 5"):
            await probe.expect_terminated(one)
        one.stop()
        with pytest.raises(AssertionError, match="the end of /two, got Terminated"):
            await probe.expect_terminated(two)


# ----------------------------------------------------------------- dead letters


async def test_dead_letters_are_expected(autojump_clock: MockClock) -> None:
    """In the order in which they died, with reason and actor, also after the block."""
    async with open_system() as system:
        letters = DeadLetterProbe(system)
        slow = system.start(Slow)
        await slow.tell(100)
        await trio.testing.wait_all_tasks_blocked()
        for message in (1, 2, 3):
            await slow.tell(message)

        assert (await letters.expect(1)).ref is slow
        await letters.expect(2, DeadLetterReason.DROPPED_OLDEST, ref=slow)
        await letters.expect_nothing(5)
        assert autojump_clock.current_time() == 5
        slow.kill()
        await letters.expect(100, DeadLetterReason.KILLED, within=0.5)

    await letters.expect(3, DeadLetterReason.UNDELIVERED)
    assert [letter.message for letter in letters.letters] == [1, 2, 100, 3]
    with pytest.raises(AssertionError, match="expected a dead letter 4, none came"):
        await letters.expect(4)


async def test_other_dead_letters_fail(autojump_clock: MockClock) -> None:
    """Message, reason and actor must be right; the text says what came."""
    del autojump_clock
    async with open_system() as system:
        letters = DeadLetterProbe(system)
        slow, other = system.start(Slow, name="slow"), system.start(Slow, name="other")
        await slow.tell(100)
        await trio.testing.wait_all_tasks_blocked()
        for message in (1, 2, 3, 4):
            await slow.tell(message)

        with pytest.raises(
            AssertionError, match="letter 9, got 1, DROPPED_OLDEST, of /s"
        ):
            await letters.expect(9)
        with pytest.raises(
            AssertionError, match="letter 2, KILLED, got 2, DROPPED_OLD"
        ):
            await letters.expect(2, DeadLetterReason.KILLED)
        with pytest.raises(
            AssertionError, match="expected no dead letter for 1 seconds"
        ):
            await letters.expect_nothing(1)
        with pytest.raises(
            AssertionError, match=r"letter 3, of /other, got 3, .* of /slow"
        ):
            await letters.expect(3, ref=other)
        with pytest.raises(AssertionError, match="letter 4, none came within"):
            await letters.expect(4)
        slow.kill()


async def test_lost_dead_letters_fail(autojump_clock: MockClock) -> None:
    """A probe whose capacity was too small does not pretend."""
    del autojump_clock
    async with open_system() as system:
        letters = DeadLetterProbe(system, capacity=1)
        slow = system.start(Slow)
        await slow.tell(100)
        await trio.testing.wait_all_tasks_blocked()
        for message in (1, 2, 3):
            await slow.tell(message)

        with pytest.raises(AssertionError, match="1 were lost"):
            await letters.expect(2)
        slow.kill()


# -------------------------------------------------------------------- event log


async def test_an_event_log_has_every_event(autojump_clock: MockClock) -> None:
    """Also those of single messages; `of` selects; a good run passes the check."""
    del autojump_clock
    async with open_system() as system:
        log = EventLog(system)
        counter = system.start(Counter, name="counter")
        await counter.tell(1)
        assert await counter.ask(Total()) == 1
        log.check()

    log.check()
    assert [type(event) for event in log.events if event.ref is counter] == [
        ActorStarted,
        MessageAccepted,
        MessageAccepted,
        MessageBegun,
        MessageEnded,
        MessageBegun,
        MessageEnded,
        IncarnationEnded,
        ActorStopped,
    ]
    assert [event.number for event in log.of(MessageBegun)] == [1, 2]
    assert len(log.of(ActorStarted, ref=counter)) == 1
    assert log.of(DeadLetter) == []
    assert log.dropped == 0


async def test_an_event_log_may_come_late(autojump_clock: MockClock) -> None:
    """An actor that is older than the log is checked from then on."""
    del autojump_clock
    fault: Fault = lambda n: OSError() if n == 1 else None  # noqa: E731
    flaky = with_faults(Counter, receive=fault)
    async with open_system() as system:
        owner = system.start(Owner, flaky)
        await owner.tell(1)
        await trio.testing.wait_all_tasks_blocked()
        log = EventLog(system)
        await owner.tell(2)

    log.check()
    assert {event.incarnation for event in log.of(MessageBegun)} == {1, 2}


async def test_an_event_log_that_lost_events_fails(autojump_clock: MockClock) -> None:
    """What is not known cannot be checked."""
    del autojump_clock
    async with open_system() as system:
        log = EventLog(system, capacity=3)
        await system.start(Counter).ask(Total())

        assert log.dropped == 1
        with pytest.raises(AssertionError, match="1 events were lost"):
            log.check()


A, B, E = MessageAccepted, MessageBegun, MessageEnded
HANDLED, DEAD, SKIPPED = MessageEnd.HANDLED, MessageEnd.DEAD, MessageEnd.SKIPPED
OVER = (IncarnationEnded, 1, Stopped())
GONE = (ActorStopped, Stopped(), 0)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        ([(A, 1, "x"), OVER, GONE], "message 1 was accepted and never ended"),
        ([(A, 1, "x"), (A, 1, "x")], "message 1 was accepted twice"),
        ([(A, 2, "x")], "message 2 was accepted after 0"),
        ([(A, 1, "x"), (E, 1, DEAD), (E, 1, DEAD)], "1 ended twice: DEAD, DEAD"),
        ([(E, 1, DEAD)], "message 1 ended and was never accepted"),
        ([(B, 1, 1)], "message 1 was begun and never accepted"),
        ([(A, 1, "x"), (E, 1, DEAD), (B, 1, 1)], "message 1 was begun after its end"),
        ([(A, 1, "x"), (B, 1, 1), (B, 1, 1)], "message 1 was begun twice"),
        (
            [(A, 1, "x"), (A, 2, "x"), (B, 1, 1), (B, 2, 1)],
            "message 2 was begun with 1 still in hand",
        ),
        ([(A, 1, "x"), (E, 1, HANDLED)], "message 1 was handled without being begun"),
        ([(A, 1, "x"), (B, 1, 1), (E, 1, SKIPPED)], "1 was skipped after being begun"),
        ([(A, 1, "x"), (B, 1, 1), OVER], "1 ended with message 1 in hand"),
        ([(A, 1, "x"), OVER, (B, 1, 1)], "1 began message 1 after the end of 1"),
        ([OVER, OVER], "incarnation 1 ended after the end of 1"),
        ([(ActorStarted, 1), (ActorStarted, 3)], "3 started after the end of 0"),
        ([OVER, (ActorCrashed, 1, OSError())], "1 crashed after the end of 1"),
        ([(ActorStarted, 1), OVER], "no ActorStopped"),
        ([OVER, GONE, GONE], r"ActorStopped\(.* came after ActorStopped"),
        ([OVER, GONE, (DeadLetter, 1, DeadLetterReason.KILLED)], "came after"),
    ],
)
async def test_the_check_finds_what_is_wrong(
    events: list[tuple[Any, ...]], text: str
) -> None:
    """Each promise, broken by invented events, is reported with the path."""
    async with open_system() as system:
        log = EventLog(system)
        ref = start_probe(system, name="invented").ref
    assert log.events
    log._events[:] = [cls(0.0, ref, *rest) for cls, *rest in events]

    with pytest.raises(AssertionError, match=f"/invented: .*{text}"):
        log.check()


async def test_a_dead_letter_may_come_after_the_end() -> None:
    """A message of another thread may come too late: no promise is broken."""
    async with open_system() as system:
        log = EventLog(system)
        ref = start_probe(system).ref
    assert log.events
    log._events.append(DeadLetter(0.0, ref, 1, DeadLetterReason.STOPPED))

    log.check()


# ----------------------------------------------------------------------- faults


async def test_a_fault_by_number_strikes_there(autojump_clock: MockClock) -> None:
    """The second message crashes, over all incarnations; the others are handled."""
    del autojump_clock
    numbers: list[int] = []

    def second(number: int) -> Exception | None:
        numbers.append(number)
        return OSError("fault") if number == 2 else None

    async with open_system() as system:
        letters = DeadLetterProbe(system)
        owner = system.start(Owner, with_faults(Counter, receive=second))
        for message in (10, 20, 30):
            await owner.tell(message)
        await letters.expect(20, DeadLetterReason.CRASHED)
        await letters.expect_nothing(1)

    assert numbers == [1, 2, 3]
    assert system.statistics().restarts == 1


@pytest.mark.parametrize("fault", [OSError("fault"), OSError])
@pytest.mark.parametrize("hook", ["receive", "started", "stopped"])
@pytest.mark.parametrize("cls", [Counter, Slow])
async def test_an_exception_as_a_fault_strikes_at_once(
    hook: str, cls: type[Actor[Any]], fault: Fault
) -> None:
    """Plain or async hook, instance or class: it is an ordinary crash."""
    faults: dict[str, Any] = {hook: fault}

    async def story() -> None:
        async with open_system() as system:
            ref = system.start(with_faults(cls, **faults))
            await ref.tell(0)

    with pytest.raises(OSError) as caught:  # noqa: PT011 - its notes are matched below
        await story()

    assert any(hook in note or "handling" in note for note in caught.value.__notes__)


class Worker(Actor[Any]):
    """Has async hooks, and runs what it is told to as a child task."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()

    def receive(self, message: Any) -> None:
        self.start_soon(message, "done")


async def test_a_child_task_may_fail(autojump_clock: MockClock) -> None:
    """The fault is raised in the task; a call that strikes not runs the task."""
    del autojump_clock
    done: list[str] = []

    class Asynchronous:
        async def __call__(self, word: str) -> None:
            done.append(word)

    fault: Fault = lambda n: OSError("fault") if n == 3 else None  # noqa: E731

    async def story() -> None:
        async with open_system() as system:
            ref = system.start(with_faults(Worker, started=lambda _: None, task=fault))
            for _ in range(3):
                await ref.tell(Asynchronous())
                await trio.sleep(1)

    with pytest.raises(OSError, match="fault") as caught:
        await story()

    assert done == ["done", "done"]
    assert any("child task" in note for note in caught.value.__notes__)


async def test_faulty_child_tasks_are_refused_as_ever() -> None:
    """`start_soon` takes async functions only, with faults too."""

    async def story() -> None:
        async with open_system() as system:
            await system.start(with_faults(Worker, task=OSError)).tell(len)
            await trio.sleep_forever()

    with pytest.raises(TypeError, match="takes an async function"):
        await story()


def test_a_class_with_faults_stays_what_it_was() -> None:
    """A subclass; a plain hook stays plain; without faults nothing is replaced."""
    faulty, calm = with_faults(Counter, receive=OSError), with_faults(Counter)

    assert issubclass(faulty, Counter)
    assert faulty.__name__ == "CounterWithFaults"
    assert faulty._props.plain
    assert not with_faults(Slow, receive=OSError)._props.plain
    assert calm.receive is Counter.receive
    assert not calm._props.started


@pytest.mark.parametrize(
    ("cls", "fault"), [(Counter, "fault"), (Counter(), None), (int, None)]
)
def test_misuse_of_faults_is_a_type_error(cls: Any, fault: Any) -> None:
    """At the call, whatever the type checker says."""
    with pytest.raises(TypeError, match="fault"):
        with_faults(cls, receive=fault)


# ------------------------------------------------------------------------ tasks


def test_open_tasks_lists_what_runs() -> None:
    """Tasks in nurseries at any depth, by name; not Trio's own, not the caller."""
    seen: list[list[str]] = []

    async def child(started: trio.Event) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 1, name="grandchild")
            started.set()
            await trio.sleep(1)
            seen.append(open_tasks())

    async def main() -> None:
        seen.append(open_tasks())
        started = trio.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, started, name="child")
            await started.wait()
            seen.append(open_tasks())
        seen.append(open_tasks())

    run_seeded(main, seed=0)

    before, during, of_child, after = seen
    assert before == after == []
    assert during == ["child", "grandchild"]
    assert any("main" in name for name in of_child)
    assert "child" not in of_child


async def test_a_system_leaves_no_task_behind() -> None:
    """As seen under pytest-trio, whose own tasks were there before."""
    before = open_tasks()
    async with open_system() as system:
        await system.start(Slow).tell(0)
        during = open_tasks()

    assert len(during) > len(before)
    assert open_tasks() == before
