"""The standard set of the benchmarks: each contender does its work and checks it."""

import asyncio
import gc
import inspect
import re
from collections.abc import Generator, Mapping
from typing import Final

import pytest
import trio

from benchmarks import catalogue
from benchmarks.floors.asyncio_by_hand import ASYNCIO
from benchmarks.floors.trio_by_hand import CHANNEL, PARK
from benchmarks.run import PERCENTILES, Run, WrongResultError
from benchmarks.scenario import MICROSECONDS, OURS, Contender, Scenario
from benchmarks.scenarios import SCENARIOS
from benchmarks.scenarios.cast import Counter, Echo, Next

FLOORS: Final[Mapping[str, Mapping[str, Contender]]] = {
    "park": PARK,
    "channel": CHANNEL,
    "asyncio": ASYNCIO,
}

# {beginning of a name: count}
COUNTS: Final[Mapping[str, int]] = {
    "skynet": 100,
    "mailbox_full": 1_000,
    "latency": 2,
    "restart": 2,
    "gc_pause": 200,
}
COUNT: Final = 20

BY_NAME: Final = {each.name: each for each in SCENARIOS}
CONTESTED: Final = [
    (name, contender)
    for name, cls in BY_NAME.items()
    for contender in cls().contenders()
    if contender == OURS or contender in FLOORS
]


@pytest.fixture(autouse=True)
def _quick_collections() -> Generator[None]:
    """A timed block collects garbage before: let it not look at the test session."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latency scenarios have up to 1,000 actors that never rest: here 3."""
    for cls in SCENARIOS:
        if cls.number == "B12":
            monkeypatch.setattr(cls, "size", min(cls.size, 3))


def perform(name: str, contender: str, count: int) -> Run:
    """Let the contender do its work in a loop of its own."""
    run = Run(count)
    work = BY_NAME[name]().contenders()[contender]
    if contender == "asyncio":
        assert inspect.iscoroutinefunction(work)
        asyncio.run(work(run))
    else:
        assert inspect.iscoroutinefunction(work)
        trio.run(work, run)
    return run


def count_of(name: str) -> int:
    """A count that takes milliseconds."""
    small = [count for each, count in COUNTS.items() if name.startswith(each)]
    return small[0] if small else COUNT


@pytest.mark.parametrize(("name", "contender"), CONTESTED)
def test_a_contender_does_its_work_and_checks_it(name: str, contender: str) -> None:
    """A small count ends, passes the contender's own checks, and gives a figure."""
    result = perform(name, contender, count_of(name)).result()

    assert result.count > 0
    if BY_NAME[name].unit == MICROSECONDS:
        assert list(result.percentiles) == list(PERCENTILES)


@pytest.mark.parametrize("count", [1, 7, 1_001])
@pytest.mark.parametrize("contender", [OURS, *FLOORS])
@pytest.mark.parametrize("name", ["fan_in", "ask_100_1", "suspend", "bounded_buffer"])
def test_any_count_ends(name: str, contender: str, count: int) -> None:
    """A count that cannot be shared out evenly is rounded, never waited for."""
    assert perform(name, contender, count).result().count > 0


def test_a_wrong_answer_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An actor that answers wrongly gives no figure."""

    def receive(_self: Echo, message: Next) -> None:
        message.reply(message.value)

    monkeypatch.setattr(Echo, "receive", receive)

    with pytest.raises(WrongResultError):
        perform("ask_100_1", OURS, 100)


def test_a_wrong_count_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A counter that counts one more after the last gives no figure."""

    def stopped(self: Counter, _exit: object) -> None:
        self.counting.total += self.total + 1

    monkeypatch.setattr(Counter, "stopped", stopped)

    with pytest.raises(WrongResultError, match="the result is 21, it must be 20"):
        perform("tell", OURS, 20)


def test_the_collector_is_left_as_it_was() -> None:
    """`gc_pause` restores thresholds and callbacks and leaves nothing frozen."""
    before = gc.get_threshold(), len(gc.callbacks)

    perform("gc_pause", OURS, 20)

    assert before == (gc.get_threshold(), len(gc.callbacks))
    assert gc.get_freeze_count() == 0


def test_names_are_unique() -> None:
    """No scenario hides another."""
    assert len(BY_NAME) == len(SCENARIOS)


def test_every_scenario_is_documented() -> None:
    """`list` shows the first line of each class's own docstring."""
    lines = [(cls.__dict__["__doc__"] or "").splitlines()[:1] for cls in SCENARIOS]

    assert [
        cls.name for cls, line in zip(SCENARIOS, lines, strict=True) if not line
    ] == []


def test_the_standard_set_is_complete() -> None:
    """Each of B1 to B22 is a scenario, or planned with a later issue."""
    here = {cls.number for cls in SCENARIOS} - {""}
    planned = set(re.findall(r"\bB\d+\b", repr(catalogue.PLANNED)))

    assert here | planned == {f"B{number}" for number in range(1, 23)}
    assert {"B14", "B15", "B17", "B21"} <= planned - here


@pytest.mark.parametrize("contender", FLOORS)
def test_every_floor_belongs_to_a_scenario(contender: str) -> None:
    """No floor stands under a name that the harness never looks up."""
    used = {name for name, each in CONTESTED if each == contender}

    assert set(FLOORS[contender]) == used


@pytest.mark.parametrize("cls", SCENARIOS)
def test_memory_is_measured_cold(cls: type[Scenario]) -> None:
    """Resident memory remembers its peak: bytes are never measured after a warm-up."""
    assert cls.unit != "bytes" or cls.warm_up == 0
