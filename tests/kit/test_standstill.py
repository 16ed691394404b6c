"""What waits for ever under a virtual clock: it ends, and says who waits in what."""

from __future__ import annotations

import io
import pickle
import re
import sys
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import Actor, ActorRef, Mailbox, Request, open_system
from actors.testing import LivelockError, StandstillError, run_seeded, seeds, who_waits
from actors.testing._standstill import _Alarm, watched
from actors.testing._waiting import _where

pytest_plugins = ("pytester",)


@attrs.frozen
class Question(Request[int]):
    """Answered by nobody."""


class Asker(Actor[object]):
    """Hands each question on to somebody, or keeps it."""

    mailbox = Mailbox(capacity=2)

    def __init__(self, other: ActorRef[Question] | None = None) -> None:
        self.other = other

    async def receive(self, message: object) -> None:
        del message
        if self.other is None:
            await trio.sleep_forever()
        else:
            await self.other.ask(Question())


async def wait_for_ever() -> None:
    """Wait in a line of one's own."""
    await trio.Event().wait()


async def ask_in_vain() -> None:
    """A question that is handed on, and kept."""
    async with open_system() as system:
        last = system.start(Asker, name="last")
        first = system.start(Asker, last, name="first")
        system.start(Asker, name="calm")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_ever, name="helper")
            nursery.start_soon(first.ask, Question())
            await wait_all_tasks_blocked()
            await first.tell("more")
            await last.ask(Question())


def stands_still(error: pytest.ExceptionInfo[StandstillError]) -> list[str]:
    """The lines of the tree."""
    assert str(error.value).startswith(
        "everything waits, and no clock runs: for ever\n"
    )
    return error.value.tree.splitlines()


# ---------------------------------------------------------------------- what it says


def test_a_deadlock_says_who_waits_in_what() -> None:
    """The lines of tests and actors, with what they have called; seed and all."""

    @seeds(2)
    async def story() -> None:
        await ask_in_vain()

    with pytest.raises(StandstillError) as caught:
        story()

    lines = stands_still(caught)
    text = "\n".join(lines)
    assert lines[0] == "tasks:"
    assert "in ask_in_vain: await last.ask(Question())  <- " in text
    assert "in wait_for_ever: await trio.Event().wait()  <- Event.wait" in text
    assert lines[lines.index("    helper") - 2] == "  " + lines[1].strip()
    (first,) = [line for line in lines if line.startswith("  /first")]
    (last,) = [line for line in lines if line.startswith("  /last")]
    assert first == (
        "  /first  Asker, waiting, Question in hand for 0 s, 1 in its mailbox"
    )
    assert last.startswith("  /last  Asker, waiting, Question in hand for 0 s")
    after = lines[lines.index(first) + 1]
    assert f'File "{__file__}"' in after
    assert "in Asker.receive: await self.other.ask(Question())  <- " in after
    assert "in Asker.receive: await trio.sleep_forever()  <- sleep_forever" in text
    assert lines[-1] == "  and 1 at rest"
    assert ", seed " in caught.value.__notes__[0]


def test_workers_and_timers_of_the_engine_are_not_shown() -> None:
    """They wait for work, as ever."""
    with pytest.raises(StandstillError) as caught:
        run_seeded(ask_in_vain, seed=0)

    assert not [line for line in stands_still(caught) if "actors._" in line]


async def test_who_waits_may_be_asked_at_any_time(autojump_clock: MockClock) -> None:
    """Who runs is shown, too; of many busy actors some."""
    del autojump_clock
    async with open_system() as system:
        for _ in range(53):
            await system.start(Asker).tell("wait")
        full = system.start(Asker, name="full")
        async with trio.open_nursery() as nursery:
            for _ in range(4):
                nursery.start_soon(full.tell, "wait")
            await wait_all_tasks_blocked()
            shown = who_waits()
            nursery.cancel_scope.cancel()

    assert "in test_who_waits_may_be_asked_at_any_time: shown = who_waits()" in shown
    assert shown.count("Asker, waiting") == 50
    assert "  and 4 more that are busy" in shown


class Generous(Actor[object]):
    """Starts a child task for each message."""

    def receive(self, message: object) -> None:
        del message
        self.start_soon(wait_for_ever)


async def _wait_in_generator() -> AsyncGenerator[int]:
    yield 1
    await trio.sleep_forever()


async def test_who_waits_knows_of_child_tasks_and_senders(
    autojump_clock: MockClock,
) -> None:
    """And of asynchronous generators on the way."""
    del autojump_clock

    async def read() -> None:
        async with aclosing(_wait_in_generator()) as numbers:
            async for _ in numbers:
                pass

    async with open_system() as system:
        await system.start(Generous, name="generous").tell("one")
        full = system.start(Asker, name="full")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            for _ in range(4):
                nursery.start_soon(full.tell, "wait")
            await wait_all_tasks_blocked()
            shown = who_waits()
            nursery.cancel_scope.cancel()

    assert "  /generous  Generous, idle, child tasks: 1\n" in shown
    assert "in wait_for_ever: await trio.Event().wait()" in shown
    assert (
        "/full  Asker, waiting, str in hand for 0 s, 2 in its mailbox, "
        "1 wait for room there"
    ) in shown
    assert "in _wait_in_generator: await trio.sleep_forever()" in shown


class Odd:
    """Can be awaited, and shows nobody what it awaits."""

    def __init__(self) -> None:
        self.inner: Any = wait_for_ever().__await__()

    def __await__(self) -> Generator[Any, Any, None]:
        odd: Any = self  # as good as a generator, for `await`
        return odd  # type: ignore[no-any-return]

    def __next__(self) -> object:
        return next(self.inner)

    def send(self, value: object) -> object:
        """Go on."""
        return self.inner.send(value)

    def throw(self, *error: Any) -> object:
        """End."""
        return self.inner.throw(*error)


async def wait_oddly() -> None:
    """Wait for what shows nothing."""
    await Odd()


def test_what_shows_nothing_is_shown_as_far_as_it_can_be() -> None:
    """The last line that is known; or none."""

    async def story() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever, name="plain")
            nursery.start_soon(wait_oddly, name="odd")

    with pytest.raises(StandstillError) as caught:
        run_seeded(story, seed=0)

    tree = caught.value.tree
    assert re.search(
        r"  plain\n .* in sleep_forever: await .*  <- \w+$", tree, re.MULTILINE
    )
    assert re.search(r"  odd\n .*, in wait_oddly: await Odd\(\)$", tree, re.MULTILINE)
    assert _where([]) == "it is not to be seen where"


# ------------------------------------------------------------------- when it says so


def run_virtually(clock: MockClock, async_fn: Callable[[], Awaitable[None]]) -> None:
    """Run a story that is watched."""
    trio.run(watched, async_fn, clock=clock)


async def sleep() -> None:
    """Sleep a little, by a clock that does not run."""
    await trio.sleep(1)


@pytest.mark.parametrize("threshold", [0, 0.001])
def test_a_clock_that_jumps_has_nowhere_to_go(threshold: float) -> None:
    """Also one that waits a moment before."""
    with pytest.raises(StandstillError) as caught:
        run_virtually(MockClock(autojump_threshold=threshold), wait_for_ever)

    assert "in wait_for_ever" in stands_still(caught)[2]


def test_a_clock_that_is_not_moved_is_none() -> None:
    """Deadlines do not come by themselves."""
    with pytest.raises(StandstillError) as caught:
        run_virtually(MockClock(), sleep)

    assert "in sleep: await trio.sleep(1)" in stands_still(caught)[2]


async def poll() -> None:
    """Wait until nothing happens, again and again: it is what happens."""
    for number in range(300):
        await wait_all_tasks_blocked(0.0001 if number % 50 == 0 else 0)


async def wait_for_thread() -> None:
    """A thread of Trio."""
    await trio.to_thread.run_sync(threading.Event().wait, 0.05)


async def wait_for_stranger() -> None:
    """A thread of somebody else."""
    called = trio.Event()
    token = trio.lowlevel.current_trio_token()

    def call() -> None:
        threading.Event().wait(0.05)
        token.run_sync_soon(called.set)

    thread = threading.Thread(target=call)
    thread.start()
    await called.wait()
    thread.join()


async def wait_for_word() -> None:
    """Word that was left for Trio before the wait."""
    for _ in range(20):
        called = trio.Event()
        trio.lowlevel.current_trio_token().run_sync_soon(called.set)
        await called.wait()


async def wait_for_process() -> None:
    """A process, which is waited for as input is."""
    await trio.run_process([sys.executable, "-S", "-c", ""])


@pytest.mark.parametrize("jumps", [True, False])
@pytest.mark.parametrize(
    "story",
    [poll, wait_for_thread, wait_for_stranger, wait_for_word, wait_for_process],
)
def test_what_may_end_is_no_standstill(
    story: Callable[[], Awaitable[None]], *, jumps: bool
) -> None:
    """Somebody else will wake it."""
    clock = MockClock(autojump_threshold=0) if jumps else MockClock()

    run_virtually(clock, story)

    assert clock.current_time() == 0


@pytest.fixture
def stranger() -> Iterator[None]:
    """A thread that is there, and says nothing."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("jumps", [True, False])
def test_a_stranger_is_waited_for_with_patience(
    monkeypatch: pytest.MonkeyPatch, *, jumps: bool
) -> None:
    """Which has an end, also where nothing makes the loop go round."""
    monkeypatch.setattr("actors.testing._standstill.PATIENCE", 0.05)
    clock = MockClock(autojump_threshold=0) if jumps else MockClock()
    began = time.monotonic()

    with pytest.raises(StandstillError):
        run_virtually(clock, wait_for_ever)

    assert time.monotonic() - began > 0.05
    assert not [each for each in threading.enumerate() if isinstance(each, _Alarm)]


@pytest.mark.usefixtures("stranger")
def test_patience_begins_anew_when_a_stranger_has_spoken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There may be more to come."""
    monkeypatch.setattr("actors.testing._standstill.PATIENCE", 0.08)
    began = time.monotonic()

    async def story() -> None:
        await wait_for_stranger()  # 0.05 s
        await trio.sleep_forever()

    with pytest.raises(StandstillError):
        run_virtually(MockClock(), story)

    assert time.monotonic() - began > 0.13


async def test_the_real_clock_is_not_watched() -> None:
    """It runs, and people have hands."""

    async def answer() -> int:
        await trio.lowlevel.checkpoint()
        return 42

    assert await watched(answer) == 42


# ------------------------------------------------------------------ how the test ends


async def wait_behind_shields() -> None:
    """A task in a nursery that nobody outside can cancel."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_for_ever)
            nursery.start_soon(wait_for_ever)


def test_a_shield_does_not_keep_it_from_ending() -> None:
    """Nurseries behind it are cancelled one by one."""
    with pytest.raises(StandstillError) as caught:
        run_virtually(MockClock(autojump_threshold=0), wait_behind_shields)

    assert "in wait_behind_shields" in stands_still(caught)[2]


def test_what_cannot_be_ended_is_at_least_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On standard error, while it goes on waiting."""
    released = trio.Event()

    class Helpful(io.StringIO):
        def write(self, text: str) -> int:
            released.set()
            return super().write(text)

    async def story() -> None:
        with trio.CancelScope(shield=True):
            await released.wait()

    told = Helpful()
    monkeypatch.setattr("sys.stderr", told)
    with pytest.raises(StandstillError):
        run_virtually(MockClock(autojump_threshold=0), story)

    assert "await released.wait()" in told.getvalue()
    assert "a shield keeps it from being ended" in told.getvalue()


def test_the_error_of_a_test_that_is_ended_is_its_context() -> None:
    """The standstill came first."""

    async def story() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ZeroDivisionError

    with pytest.raises(StandstillError) as caught:
        run_virtually(MockClock(autojump_threshold=0), story)

    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_the_error_survives_a_copy() -> None:
    """Runners that spread tests over processes send it home."""
    error = StandstillError("tasks:\n  all")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own

    assert isinstance(again, StandstillError)
    assert (again.tree, str(again)) == (error.tree, str(error))


# ------------------------------------------------------------------------ under pytest

STORIES = """
    import pytest
    import trio
    from hypothesis import HealthCheck, given, settings, strategies as st
    from actors import Actor, open_system

    @pytest.mark.trio
    def test_that_is_no_trio_test() -> None:
        pass

    class Waiting(Actor[object]):
        async def receive(self, message: object) -> None:
            await trio.sleep_forever()

    async def test_that_stands_still(autojump_clock) -> None:
        async with open_system() as system:
            waiting = system.start(Waiting, name="waiting")
            await waiting.tell("now")
            await waiting.wait_stopped()

    async def test_that_is_cut(nursery) -> None:
        nursery.cancel_scope.cancel()
        await trio.sleep(0)
        assert False, "not reached"

    async def test_that_is_cut_in_a_group(nursery) -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(trio.sleep_forever)
            nursery.cancel_scope.cancel()
        assert False, "not reached"

    @settings(max_examples=2, suppress_health_check=list(HealthCheck))
    @given(st.integers())
    async def test_that_is_cut_at_an_example(nursery, number) -> None:
        nursery.cancel_scope.cancel()
        await trio.sleep(0)

    async def test_that_crashes(nursery) -> None:
        async def crash() -> None:
            raise ZeroDivisionError

        nursery.start_soon(crash)
        await trio.sleep_forever()

    async def test_that_cancels_at_its_end(nursery) -> None:
        nursery.start_soon(trio.sleep_forever)
        await trio.sleep(0)
        nursery.cancel_scope.cancel()

    async def test_with_its_own_nursery() -> None:
        async with trio.open_nursery() as nursery:
            nursery.cancel_scope.cancel()
            await trio.sleep(0)
        assert True

    async def test_that_skips() -> None:
        pytest.skip("not today")

    @given(st.integers())
    async def test_by_example(number) -> None:
        await trio.sleep(0)

    def test_that_is_plain() -> None:
        pass
"""


def test_a_test_that_does_not_come_to_its_end_fails(pytester: pytest.Pytester) -> None:
    """It is cut, or it stands still; whatever else it does is as ever."""
    pytester.makepyfile(test_it=STORIES)
    pytester.makeini("[pytest]\ntrio_mode = true\n")

    result = pytester.runpytest_inprocess("-rf")

    result.assert_outcomes(failed=6, passed=4, skipped=1)
    result.stdout.fnmatch_lines_random(
        [
            "*FAILED *::test_that_stands_still*",
            "*FAILED *::test_that_is_cut - *",
            "*FAILED *::test_that_is_cut_in_a_group - *",
            "*FAILED *::test_that_is_cut_at_an_example - *",
            "*FAILED *::test_that_crashes - *",
            "*StandstillError: everything waits, and no clock runs: for ever",
            "*/waiting  Waiting, waiting, str in hand for 0 s",
            "test_that_is_cut was cancelled from outside, *fixture `nursery`*",
        ]
    )


# -------------------------------------------------- what goes on while the clock stands


class Again(Actor[str]):
    """Does it again at once."""

    async def receive(self, message: str) -> None:
        if message == "spin":
            await spin()
        self.after(0, message)


async def spin() -> None:
    """Go on for ever, in a line of one's own."""
    while True:  # noqa: ASYNC110 - that is the fault
        await trio.lowlevel.checkpoint()


async def go_round(message: str) -> None:
    """An actor keeps the clock from moving."""
    async with open_system() as system:
        owner = system.start(Asker, name="calm")
        assert owner.path == "/calm"
        await system.start(Again, name="again").tell(message)
        await trio.sleep(1)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No patience, so that a test takes no minute."""
    monkeypatch.setattr("actors.testing._livelock.PATIENCE", 0.0)
    monkeypatch.setattr("actors.testing._livelock.PASSES", 50)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("about", "named"),
    [
        ((go_round, "timer"), r"  /again  [\d,]+ messages handled"),
        ((go_round, "spin"), r"  /again  \d+ steps in what it has in hand"),
        ((spin,), r"  task .*\n      File .*, in spin: await trio.lowlevel.checkpoint"),
    ],
)
def test_what_goes_on_for_ever_is_named(about: Any, named: str) -> None:
    """An actor by its path, a task by its name and its line."""
    with pytest.raises(LivelockError) as error:
        run_seeded(*about, seed=3)

    text = str(error.value)
    assert text.startswith("the clock has not moved in ")
    assert "passes of Trio's loop" in text
    assert re.search(named, text)
    assert "  /calm" not in text
    assert str(pickle.loads(pickle.dumps(error.value))) == text  # noqa: S301 - our own


async def count_to(number: int) -> int:
    """Go on for long, and come to an end."""
    for _ in range(number):
        await trio.lowlevel.checkpoint()
    return number


def test_who_is_only_busy_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """There must be many passes, and real time must have gone by."""
    monkeypatch.setattr("actors.testing._livelock.PASSES", 50)
    assert run_seeded(count_to, 5000, seed=0) == 5000
    monkeypatch.setattr("actors.testing._livelock.PATIENCE", 0.0)
    monkeypatch.setattr("actors.testing._livelock.PASSES", 10_000)
    assert run_seeded(count_to, 5000, seed=0) == 5000


@pytest.mark.usefixtures("hasty")
def test_a_clock_that_moves_is_no_livelock() -> None:
    """However little, and however long that goes on."""

    async def tick() -> None:
        for _ in range(200):
            await trio.sleep(1e-6)

    run_seeded(tick, seed=0)


@pytest.mark.usefixtures("hasty")
def test_who_waits_for_something_from_outside_may_poll() -> None:
    """A thread may still say what all wait for."""
    done = threading.Event()

    async def poll() -> None:
        async with trio.open_nursery() as nursery:
            wait: Any = done.wait
            nursery.start_soon(trio.to_thread.run_sync, wait)
            await count_to(5000)
            done.set()

    run_seeded(poll, seed=0)


def test_a_pause_is_no_livelock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A debugger, or a machine that slept: not the run has taken that time."""
    monkeypatch.setattr("actors.testing._livelock.PASSES", 50)
    ticks = iter(range(0, 10**9, 3600))
    monkeypatch.setattr("actors.testing._livelock.PATIENCE", 400.0)
    monkeypatch.setattr(
        "actors.testing._livelock.time", SimpleNamespace(monotonic=lambda: next(ticks))
    )

    assert run_seeded(count_to, 5000, seed=0) == 5000  # some 300 looks, an hour each
