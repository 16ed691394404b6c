"""Facts about runs, scenarios and workers. None is about time."""

import asyncio
import json
from pathlib import Path

import attrs
import pytest
import trio

from benchmarks import Result, Run, Scenario, WrongResultError
from benchmarks.measuring.worker import (
    ABSENT,
    BROKEN,
    DONE,
    WRONG,
    Job,
    call,
    described,
    read,
)
from benchmarks.run import PERCENTILES, percentile

RESULT = Result(1.5, 10, 2.0, {"depth": 3.0}, {50: 1.0, 99.9: 2.0})


class HalfDone(Scenario):
    """A scenario with two contenders of its own, and a message's class."""

    count = 20_000

    class Message:
        """Not a contender."""

    async def ours(self, run: Run) -> None:
        """Say that it is done."""
        run.equal(1, 1)

    def other(self, run: Run) -> None:
        """Say nothing."""

    def _prepare(self) -> None: ...


class Fixed(HalfDone):
    """Its count is part of the question."""

    name = "fixed_one"
    count = 128
    fixed = True
    counts = {"triotp": 16}  # noqa: RUF012


class Tell1M(Fixed):
    """It has no name of its own."""


def test_a_timed_run_is_a_speed() -> None:
    """Its blocks add up, in operations and in seconds."""
    run = Run(10)
    with run.timed():
        pass
    with run.timed(5):
        pass
    run.equal("a", "a")

    result = run.result()

    assert result.count == 15
    assert result.value == pytest.approx(15 / result.seconds)
    assert result.percentiles == {}


def test_samples_alone_are_a_latency() -> None:
    """The figure is the median in microseconds; the percentiles come with it."""
    run = Run(1)
    run.samples([3e-6, 1e-6])
    run.sample(2e-6)
    run.equal(None, None)

    result = run.result()

    assert result.value == pytest.approx(2)
    assert result.count == 3
    assert tuple(result.percentiles) == PERCENTILES
    assert result.percentiles[100] == pytest.approx(3)


def test_samples_beside_a_timed_block_leave_it_a_speed() -> None:
    """The latencies stand beside it."""
    run = Run(1)
    run.elapsed(0.5, 100)
    run.sample(1e-6)
    run.equal(1, 1)

    assert run.result().value == 200
    assert run.result().percentiles[50] == pytest.approx(1)


def test_bytes_are_bytes_each() -> None:
    """Those that a block leaves, or that another program has measured."""
    run = Run(4)
    with run.resident():
        pass
    run.bytes_each(300.5, 1_000)
    run.at_most(1, 2)

    assert run.result().value == 300.5
    assert run.result().count == 1_000


def test_notes_are_kept() -> None:
    """The last one of a name counts."""
    run = Run(1)
    run.note(depth=3, peak=4)
    run.note(depth=5)
    run.elapsed(1)
    run.equal(1, 1)

    assert run.result().notes == {"depth": 5, "peak": 4}


def test_a_run_that_checked_nothing_is_refused() -> None:
    """A figure without its work is worth nothing."""
    run = Run(1)
    run.elapsed(1)

    with pytest.raises(WrongResultError, match="checked nothing"):
        run.result()


def test_a_run_that_measured_nothing_is_refused() -> None:
    """The message says what to do."""
    run = Run(1)
    run.equal(1, 1)

    with pytest.raises(WrongResultError, match=r"run\.timed"):
        run.result()


def test_a_wrong_result_is_refused_at_once() -> None:
    """The message says what it is and what it must be."""
    with pytest.raises(WrongResultError, match=r"the sum is 41, it must be 42$"):
        Run(1).equal(41, 42, "the sum")
    with pytest.raises(WrongResultError, match=r"depth is 51, it must be at most 50$"):
        Run(1).at_most(51, 50, "depth")


def test_the_same_seed_gives_the_same_numbers() -> None:
    """All contenders of a round get the same load."""
    assert Run(1, 7).random.random() == Run(9, 7).random.random()
    assert Run(1, 7).random.random() != Run(1, 8).random.random()


def test_a_percentile_is_one_of_the_values() -> None:
    """The smallest that so many per cent do not exceed."""
    values = [float(each) for each in range(1, 101)]

    shares = (0, 1, 50, 99, 99.9, 100)
    assert [percentile(values, each) for each in shares] == [1, 1, 50, 99, 100, 100]


def test_a_scenario_is_named_after_its_class() -> None:
    """In snake_case, unless it names itself; subclasses do not inherit the name."""
    assert HalfDone.name == "half_done"
    assert Fixed.name == "fixed_one"
    assert Tell1M.name == "tell1_m"


def test_the_public_methods_are_the_contenders() -> None:
    """In their order; neither classes nor what begins with an underscore is one."""
    assert list(HalfDone().contenders()) == ["ours", "other"]
    assert HalfDone().contender("other").__name__ == "other"
    with pytest.raises(KeyError):
        HalfDone().contender("erlang")


def test_counts_are_shared_out() -> None:
    """Slow contenders do less, a brief run a part; what is fixed or set stays."""
    scenario, fixed = HalfDone(), Fixed()

    assert scenario.count_for("ours") == 20_000
    assert scenario.count_for("ours", 0.1) == 2_000
    assert scenario.count_for("channel") == 4_000
    assert fixed.count_for("channel", 0.1) == 128
    assert fixed.count_for("triotp", 0.1) == 16


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (WrongResultError("is 1"), WRONG, "is 1"),
        (ExceptionGroup("", [ValueError(), WrongResultError("x")]), WRONG, "x"),
        (ModuleNotFoundError("No module named 'p'"), ABSENT, "No module named 'p'"),
        (ValueError("two\nlines"), BROKEN, "ValueError: two"),
        (ExceptionGroup("", [KeyError("a")]), BROKEN, "KeyError: 'a'"),
        (trio.TooSlowError(), BROKEN, "trio.TooSlowError"),
    ],
)
def test_an_error_becomes_a_kind_and_a_line(
    error: Exception, kind: str, reason: str
) -> None:
    """A wrong result is found in a group; what is not installed is merely absent."""
    assert described(error) == (kind, reason)


def test_a_workers_line_is_found_among_others() -> None:
    """A contender may print, and so may what it leaves behind."""
    result = attrs.asdict(RESULT)
    line = json.dumps({"outcome": DONE, "result": result})

    found = read(f"hello\n{line}\ngoodbye\n", "", 0)

    assert found.kind == DONE
    assert found.result == RESULT


@pytest.mark.parametrize(
    ("output", "errors", "code", "reason"),
    [
        ("", "a\nMemoryError\n", 1, "its process ended with 1: MemoryError"),
        ("", "", 3, "its process ended with 3: it said nothing"),
        ("", "", -9, "its process was ended by SIGKILL"),
        ('{"outcome": "done"}', "", 0, "its process ended with 0: it said nothing"),
    ],
)
def test_a_worker_without_a_line_is_broken(
    output: str, errors: str, code: int, reason: str
) -> None:
    """The reason is the last that it said, or how it died."""
    found = read(output, errors, code)

    assert (found.kind, found.reason) == (BROKEN, reason)


def test_a_job_is_a_command_line() -> None:
    """And comes back from it, with and without a module."""
    for job in (
        Job("a", "ours", 10, 3),
        Job("a", "ours", 10, 3, Path("/m.py")),
        Job("a", "ours", 10, 3, room="benchmarks.scenarios.messages.telling"),
    ):
        assert Job.from_arguments(job.arguments()[1:]) == job


def test_a_contender_is_run_by_the_loop_of_its_name() -> None:
    """`asyncio` by asyncio, any other coroutine by Trio, a plain function by nobody."""
    seen: list[str] = []

    async def on_trio(run: Run) -> None:
        await trio.lowlevel.checkpoint()
        seen.append(f"trio {run.count}")

    async def on_asyncio(run: Run) -> None:
        await asyncio.sleep(0)
        seen.append(f"asyncio {run.count}")

    def plain(run: Run) -> None:
        seen.append(f"plain {run.count}")

    call("ours", on_trio, Run(1))
    call("asyncio", on_asyncio, Run(2))
    call("asyncio", plain, Run(3))

    assert seen == ["trio 1", "asyncio 2", "plain 3"]
