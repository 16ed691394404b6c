"""The standard set of the benchmarks: each contender does its work and checks it."""

import asyncio
import gc
import inspect
from collections.abc import Generator, Mapping
from typing import Any, Final

import pytest
import trio

from actors import Exit
from benchmarks.floors.on_asyncio.table import ASYNCIO
from benchmarks.floors.on_trio.table import CHANNEL, PARK
from benchmarks.load import TREES, tree_size
from benchmarks.run import PERCENTILES, Run, WrongResultError
from benchmarks.scenario import MICROSECONDS, OURS, Contender, Scenario
from benchmarks.scenarios.cast import PLENTY, Counter, Echo, Next
from benchmarks.scenarios.lives.cascading import Branch, Leaf, Mortal
from benchmarks.scenarios.lives.storming import Crew, Sturdy, WeakCrew
from benchmarks.scenarios.services import serving
from benchmarks.scenarios.standard import SCENARIOS
from supervision import RestartLimit, RestartLimitError

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
    "supervised_restart": 2,
    "gc_pause": 200,
    "take_turn": 3,
    "turn_deadlines": 80,
    "turn_resumable": 80,
    "turn_traced": 40,
    "look": 2,
    "watched": 1,
    "accept": 40,
}
COUNT: Final = 20

BY_NAME: Final = {each.name: each for each in SCENARIOS}
CONTESTED: Final = [
    (name, contender)
    for name, cls in BY_NAME.items()
    for contender in cls().contenders()
    if contender in (OURS, "plain", "limiter", "nursery", "disk", "memory")
    or contender in FLOORS
]


@pytest.fixture(autouse=True)
def _quick_collections() -> Generator[None]:
    """A timed block collects garbage before: let it not look at the test session."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenarios with up to 1,000 busy actors have 3, a million sessions are 30.

    What lasts for a second, whatever the count, lasts for less.
    """
    for cls in SCENARIOS:
        many = cls.family in ("routing", "looks", "accepting", "turns kept")
        many = many or cls.name.startswith("watched") or cls.name.endswith("_slow")
        for which, most in ((cls.number == "B12", 3), (many, 30)):
            if which:
                monkeypatch.setattr(cls, "size", min(cls.size, most))
    monkeypatch.setattr(serving, "WATCHED", 0.02)
    monkeypatch.setattr(serving, "BUDGET", 0.5)


def perform(name: str, contender: str, count: int) -> Run:
    """Let the contender do its work in a loop of its own."""
    run = Run(count)
    work = BY_NAME[name]().contenders()[contender]
    if contender == "asyncio":
        assert inspect.iscoroutinefunction(work)
        asyncio.run(work(run))
    elif inspect.iscoroutinefunction(work):
        trio.run(work, run)
    else:
        work(run)
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


@pytest.mark.parametrize("cls", [Leaf, Branch])
def test_a_wrong_order_of_stopping_fails_the_run(
    monkeypatch: pytest.MonkeyPatch, cls: type[Leaf] | type[Branch]
) -> None:
    """Two who seem to have ended in each other's place give no figure."""
    right = cls.stopped

    def stopped(self: Any, exit: Exit) -> None:  # noqa: A002
        right(self, exit)
        if len(self.ended) > 1:
            self.ended[-2:] = self.ended[:-3:-1]

    monkeypatch.setattr(cls, "stopped", stopped)

    with pytest.raises(WrongResultError, match=r"in the reverse order .* is False"):
        perform("cascade_10x2", OURS, 20)


def test_a_tree_that_ends_in_order_is_whole() -> None:
    """The figure is that of each actor of each tree, the root among them."""
    for name, (levels, children) in TREES.items():
        size = tree_size(levels, children)

        assert perform(name, OURS, size).result().count == size
        assert perform(name, OURS, 2 * size).result().count == 2 * size

    assert tree_size(3, 10) == 1_111


@pytest.mark.parametrize(
    ("limits", "name", "words"),
    [
        ((RestartLimit(30, within=5.0), PLENTY), "storm_1000", "gave up: more than 30"),
        ((PLENTY, RestartLimit(4, within=5.0)), "escalation_1000", "came back is 4"),
    ],
)
def test_a_limit_that_does_not_hold_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[RestartLimit, RestartLimit],
    name: str,
    words: str,
) -> None:
    """A supervisor that gives up too soon, or one restart too late, has no figure."""
    monkeypatch.setattr(Crew, "limit", limits[0])
    monkeypatch.setattr(WeakCrew, "limit", limits[1])

    with pytest.raises((RestartLimitError, WrongResultError), match=words):
        perform(name, OURS, 40)


def test_a_child_that_crashes_twice_fails_the_storm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each child crashes once: a second crash is counted."""
    right = Sturdy.receive

    def receive(self: Sturdy, message: str) -> None:
        if message == "crash" and self.ref is self.storm.refs[0]:
            self.ref.tell_nowait("again")
        right(self, message)

    monkeypatch.setattr(Sturdy, "receive", receive)

    with pytest.raises(WrongResultError, match=r"restarts is \[.*2"):
        perform("storm_1000", OURS, 20)


def test_a_child_that_ends_otherwise_fails_the_mass_exit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Children that crash where they should finish give no figure."""

    def receive(_self: Mortal, message: str) -> None:
        raise ValueError(message)

    monkeypatch.setattr(Mortal, "receive", receive)

    with pytest.raises(WrongResultError, match="ended so is 0, it must be 20"):
        perform("mass_finish", OURS, 20)


@pytest.mark.parametrize("name", ["supervised_tell", "supervised_ask"])
def test_supervised_messages_have_their_time_by_plain_ones(name: str) -> None:
    """The note of ours that the goal is about; the contender has none."""
    assert perform(name, OURS, 400).result().notes.keys() == {"time_ratio"}
    assert perform(name, "plain", 400).result().notes == {}


def test_the_specs_of_children_are_shown_apart() -> None:
    """Of the memory of a static child a part is its spec."""
    notes = perform("supervised_memory_static", OURS, 20).result().notes

    assert notes.keys() == {"spec_bytes"}


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
    """Each of B1 to B22 is a scenario."""
    here = {cls.number for cls in SCENARIOS} - {""}

    assert here == {f"B{number}" for number in range(1, 23)}


@pytest.mark.parametrize("contender", FLOORS)
def test_every_floor_belongs_to_a_scenario(contender: str) -> None:
    """No floor stands under a name that the harness never looks up."""
    used = {name for name, each in CONTESTED if each == contender}

    assert set(FLOORS[contender]) == used


@pytest.mark.parametrize("cls", SCENARIOS)
def test_memory_is_measured_cold(cls: type[Scenario]) -> None:
    """Resident memory remembers its peak: bytes are never measured after a warm-up."""
    assert cls.unit != "bytes" or cls.warm_up == 0
