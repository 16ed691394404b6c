"""Facts about the pictures: what is in them, not how they look."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.judging.aims import THROUGHPUT
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import BYTES, MICROSECONDS, OURS
from benchmarks.showing.curves import latencies, scalings, tail
from benchmarks.showing.paint import (
    PlotsMissingError,
    decades,
    in_order,
    matplotlib,
    short,
    span,
    spread,
)
from benchmarks.showing.plots import overview, write_plots
from tests.benchmarks.reports import entry, report, steady

CONTENDERS = (OURS, "erlang", "park", "stranger")


def full() -> Report:
    """Something for each picture."""
    return report(*_entries())


def _entries() -> Iterator[Entry]:
    for number, who in enumerate(CONTENDERS, start=1):
        for name in THROUGHPUT:
            yield entry(name, who, *steady(1e6 / number), percentiles=True)
        for size in (0, 10, 1_000):
            yield entry(
                f"latency_{size}",
                who,
                *steady(10.0 * number),
                unit=MICROSECONDS,
                family="latency under load",
                size=size,
                notes={"async_p50_us": 3.0, "async_p99_us": 9.0} if who == OURS else {},
                percentiles=True,
            )
        for size in (10_000, 100_000):
            yield entry(
                f"memory_{size}",
                who,
                *steady(400.0 * number),
                unit=BYTES,
                family="memory",
                size=size,
            )


def test_right_is_better_whatever_the_unit() -> None:
    """Ours has twice the speed, half the bytes, and half the time."""
    found = report(
        entry("speed", OURS, 20.0),
        entry("speed", "park", 10.0),
        entry("size", OURS, 10.0, unit=BYTES),
        entry("size", "park", 20.0, unit=BYTES),
        entry("time", OURS, 10.0, unit=MICROSECONDS),
        entry("time", "park", 20.0, unit=MICROSECONDS),
    )

    blocks = overview(found)

    assert [words for words, _ in blocks] == [
        "more per second",
        "less memory",
        "shorter time",
    ]
    for _, (row,) in blocks:
        assert row.cells["park"].ratio.value == pytest.approx(2)
        assert row.cells["park"].floor


def test_a_time_has_a_row_for_its_middle_and_one_for_its_tail() -> None:
    """A short median with a long tail does not look better than it is."""
    found = report(
        entry("wait", OURS, 10.0, unit=MICROSECONDS, percentiles=True),
        entry("wait", "park", 20.0, unit=MICROSECONDS, percentiles=True),
        entry("wait", "erlang", 20.0, unit=MICROSECONDS),
    )

    ((_, rows),) = overview(found)

    assert [row.name for row in rows] == ["wait, p50", "wait, p99"]
    assert [list(row.cells) for row in rows] == [["park"], ["park"]]


def test_a_row_without_anybody_to_compare_with_is_left_out() -> None:
    """Nor is there one without ours."""
    found = report(
        entry("alone", OURS, 1.0),
        entry("theirs", "park", 1.0),
        entry("failed", OURS, 1.0),
        entry("failed", "park", missing="it failed"),
    )

    assert overview(found) == []


def test_the_geometric_mean_is_that_of_the_goals() -> None:
    """Of those contenders that have all its rows."""
    some = [each for each in full().entries if each.unit != MICROSECONDS]
    found = report(*(each for each in some if each.scenario != "busy"))
    with_mean, without = overview(full()), overview(found)

    assert with_mean[0][1][-1].name == "geometric mean"
    assert list(with_mean[0][1][-1].cells) == ["erlang", "park", "stranger"]
    assert without[0][1][-1].name != "geometric mean"


def test_a_panel_of_latencies_for_each_load() -> None:
    """Ping-pong stands for the load of nobody; an async receive has its own line."""
    panels = latencies(full())

    assert [heading for heading, _ in panels] == [
        "nobody else running",
        "10 other actors running",
        "1,000 other actors running",
    ]
    assert [line.label for line in panels[1][1]] == [
        "ours",
        "ours, async",
        "Trio, parked",
        "Erlang",
        "stranger",
    ]
    assert [x for x, _ in panels[1][1][1].points] == pytest.approx([tail(50), 2])


def test_without_ping_pong_latency_0_is_shown() -> None:
    """One of them answers the question of the ask with nobody else there."""
    some = [each for each in full().entries if each.scenario != "ping_pong"]

    assert latencies(report(*some))[0][0] == "nobody else running"


def test_a_curve_has_its_exponent_beside_its_name() -> None:
    """Ten times the actors take ten times the memory."""
    panels = dict(scalings(full()))

    assert set(panels) == {"latency under load", "memory"}
    assert [line.label for line in panels["memory"]] == [
        "ours  1.00",
        "Trio, parked  1.00",
        "Erlang  1.00",
        "stranger  1.00",
    ]


def test_one_size_makes_no_curve() -> None:
    """There is nothing to see in a point."""
    found = report(entry("memory", OURS, 1.0, unit=BYTES, family="memory", size=10))

    assert scalings(found) == []


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ([], []),
        ([0.5], [0.5]),
        ([0.1, 0.5, 0.9], [0.1, 0.5, 0.9]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.55, 0.5], [0.575, 0.475]),
        ([0.5, 0.5, 0.5, 0.75], [0.4, 0.5, 0.6, 0.75]),
        ([0.5, 0.5, 0.5, 0.65], [0.3875, 0.4875, 0.5875, 0.6875]),
        ([1.0, 0.95], [1.0, 0.9]),
        ([1.0, 1.0], [0.9, 1.0]),
    ],
)
def test_labels_do_not_touch(wanted: list[float], places: list[float]) -> None:
    """They stay in their order, near where they want to be, and below the end."""
    assert spread(wanted, gap=0.1, end=1.0) == pytest.approx(places)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0512, "0.051"), (0.5, "0.50"), (5.06, "5.1"), (17.2, "17"), (1234.0, "1,200")],
)
def test_two_digits_are_enough(value: float, text: str) -> None:
    """The picture shows where, the number roughly how much."""
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1 µs"), (10.0, "10 µs"), (1e3, "1 ms"), (1e7, "10 s")],
)
def test_a_time_has_the_unit_that_suits_it(value: float, text: str) -> None:
    """From microseconds to seconds on one axis."""
    assert span(value) == text


def test_decades_are_within() -> None:
    """Ends that are powers of ten are among them."""
    assert decades(0.1, 50) == pytest.approx([0.1, 1, 10])


def test_ours_is_first_and_strangers_are_last() -> None:
    """Whatever the order of the run."""
    assert in_order(["x", "erlang", "park", OURS]) == [OURS, "park", "erlang", "x"]


def test_without_matplotlib_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is an extra, and imported only when a picture is made."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(PlotsMissingError, match=re.escape("trio-actors[plots]")):
        write_plots(full(), tmp_path)


def with_matplotlib() -> None:
    """Skip the test where the extra is not installed."""
    try:
        matplotlib()
    except PlotsMissingError as error:
        pytest.skip(str(error))


def test_equal_reports_give_equal_files(tmp_path: Path) -> None:
    """Neither dates nor random names, so that a repository can keep them."""
    with_matplotlib()

    first = write_plots(full(), tmp_path / "first")
    second = write_plots(full(), tmp_path / "second")

    assert [path.name for path in first] == [
        "overview.svg",
        "latency.svg",
        "scaling.svg",
    ]
    for before, after in zip(first, second, strict=True):
        text = before.read_text(encoding="utf-8")
        assert text == after.read_text(encoding="utf-8")
        assert "<dc:date>" not in text
        assert ET.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own file


def test_a_picture_without_anything_to_show_is_left_out(tmp_path: Path) -> None:
    """A run of one scenario alone has an overview only."""
    with_matplotlib()
    found = report(entry("mine", OURS, 2.0), entry("mine", "by_hand", 1.0))

    assert [path.name for path in write_plots(found, tmp_path)] == ["overview.svg"]
    assert write_plots(report(), tmp_path / "none") == []
    assert not (tmp_path / "none").exists()
