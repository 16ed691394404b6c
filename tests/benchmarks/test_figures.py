"""Facts about the statistics over rounds, by tables; and about figures as words."""

import math

import pytest

from benchmarks import figures
from benchmarks.amounts import amount, duration, number, per_cent, ratio_text
from benchmarks.figures import Ratio
from benchmarks.scenario import BYTES, MICROSECONDS, PER_SECOND


@pytest.mark.parametrize(
    ("values", "middle", "width", "share"),
    [
        ([5.0], 5.0, None, None),
        ([1.0, 3.0], 2.0, 1.0, 50.0),
        ([4.0, 1.0, 2.0, 3.0, 5.0], 3.0, 2.0, 200 / 3),
        ([7.0, 7.0, 7.0], 7.0, 0.0, 0.0),
        ([-1.0, 1.0], 0.0, 1.0, None),
    ],
)
def test_the_median_has_its_quartiles_around_it(
    values: list[float], middle: float, width: float | None, share: float | None
) -> None:
    """The order does not matter; one value has no spread, nor has a median of 0."""
    assert figures.median(values) == middle
    assert figures.iqr(values) == width
    assert figures.spread(values) == pytest.approx(share)


@pytest.mark.parametrize(
    ("freedom", "wanted"),
    [(1, 12.706), (2, 4.303), (4, 2.776), (30, 2.042), (40, 2.021), (120, 1.980)],
)
def test_students_t_is_that_of_the_tables(freedom: int, wanted: float) -> None:
    """Up to 30 it is looked up, beyond that computed as exactly."""
    assert figures.t_value(freedom) == pytest.approx(wanted, abs=6e-4)


def test_no_freedom_has_no_t() -> None:
    """One value says nothing about its spread."""
    with pytest.raises(ValueError, match="at least 1"):
        figures.t_value(0)


def test_a_ratio_of_equal_rounds_is_exact() -> None:
    """A pace of the machine that meets both contenders of a round drops out."""
    found = figures.ratio([20.0, 10.0, 40.0], [10.0, 5.0, 20.0])

    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((2, 2, 2))
    assert found.clear


def test_the_interval_is_that_of_the_mean_logarithm() -> None:
    """By hand: logs 0, ln 4; mean ln 2, error ln 2, width 12.706 ln 2."""
    found = figures.ratio([1.0, 4.0], [1.0, 1.0])

    assert found is not None
    assert found.value == pytest.approx(2)
    assert found.low == pytest.approx(2 ** (1 - 12.706))
    assert found.high == pytest.approx(2 ** (1 + 12.706))
    assert not found.clear


def test_one_round_has_no_interval() -> None:
    """And is never clear, however large the ratio."""
    found = figures.ratio([100.0], [1.0])

    assert found is not None
    assert (found.low, found.high) == (None, None)
    assert found.value == pytest.approx(100)
    assert not found.clear


@pytest.mark.parametrize(
    ("ours", "theirs"), [([], [1.0]), ([1.0], []), ([0.0], [1.0]), ([1.0], [-1.0])]
)
def test_without_a_pair_there_is_no_ratio(
    ours: list[float], theirs: list[float]
) -> None:
    """A figure that is not positive makes no pair."""
    assert figures.ratio(ours, theirs) is None


def test_a_round_that_one_lacks_is_left_out() -> None:
    """The n-th rounds belong together, the rest of the longer one to nobody."""
    assert figures.ratio([2.0, 2.0, 9.0], [1.0, 1.0]) == figures.ratio(
        [2.0, 2.0], [1.0, 1.0]
    )


def test_an_interval_beyond_all_numbers_is_infinite() -> None:
    """Two rounds that are far apart say nothing, and do not overflow."""
    found = figures.ratio([1e300, 1.0], [1.0, 1e300])

    assert found is not None
    assert found.high == math.inf
    assert found.low == 0


def test_the_change_of_a_ratio_is_as_unsure_as_both_together() -> None:
    """The widths of the logarithms add up as squares: 3 and 4 make 5."""
    before = Ratio(1.0, math.exp(-3), math.exp(3))
    after = Ratio(2.0, 2 * math.exp(-4), 2 * math.exp(4))

    found = figures.change(before, after)

    assert found.value == 2
    assert found.low == pytest.approx(2 * math.exp(-5))
    assert found.high == pytest.approx(2 * math.exp(5))


def test_a_change_without_an_interval_has_none() -> None:
    """One of the runs had a single round."""
    assert figures.change(Ratio(1.0, 0.9, 1.1), Ratio(2.0)) == Ratio(2.0)


def test_rounds_of_different_runs_are_compared_unpaired() -> None:
    """Their order says nothing: only means and variances count."""
    found = figures.unpaired([1.0, 2.0, 4.0], [4.0, 16.0, 8.0])
    again = figures.unpaired([4.0, 1.0, 2.0], [8.0, 4.0, 16.0])

    assert found is not None
    assert again is not None
    assert found.value == pytest.approx(4)
    assert (found.low, found.high) == pytest.approx((again.low, again.high))
    width = 2.776 * math.sqrt(2 * math.log(2) ** 2 / 3)  # 4 degrees of freedom
    assert found.high == pytest.approx(4 * math.exp(width), rel=1e-3)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ([], [1.0], None),
        ([1.0], [3.0, 3.0], Ratio(3.0)),
        ([2.0, 2.0], [2.0, 2.0], Ratio(1.0, 1.0, 1.0)),
    ],
)
def test_too_few_rounds_compare_without_an_interval(
    before: list[float], after: list[float], wanted: Ratio | None
) -> None:
    """No round: nothing. One: no interval. No spread at all: an exact one."""
    found = figures.unpaired(before, after)

    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert found.value == pytest.approx(wanted.value)
        assert found.low == wanted.low
        assert found.high == wanted.high


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([(10, 3), (100, 30), (1_000, 300)], 1.0),
        ([(10, 7), (1_000, 7)], 0.0),
        ([(2, 4), (4, 16), (0, 1)], 2.0),
        ([(10, 3)], None),
        ([(10, 3), (10, 4)], None),
        ([], None),
    ],
)
def test_the_exponent_is_the_slope_in_log_log(
    points: list[tuple[float, float]], wanted: float | None
) -> None:
    """One size has no slope, and a size of 0 has no logarithm."""
    assert figures.exponent(points) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("values", "wanted"), [([2.0, 8.0], 4.0), ([0.0, 3.0], 3.0), ([], None)]
)
def test_the_geometric_mean_takes_what_is_positive(
    values: list[float], wanted: float | None
) -> None:
    """Without such a value there is none."""
    assert figures.geometric_mean(values) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.5144, "0.514"),
        (17.66, "17.7"),
        (304.2, "304"),
        (12_345.6, "12,346"),
        (0.000123, "1.23e-04"),
        (math.inf, "inf"),
    ],
)
def test_a_number_has_three_digits(value: float | None, wanted: str) -> None:
    """Without an exponent where people can read it without."""
    assert number(value) == wanted


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [
        (5_761_013.0, PER_SECOND, "5.76M/s"),
        (304_141.0, PER_SECOND, "304k/s"),
        (9_999.0, PER_SECOND, "9,999/s"),
        (2_345_678_901.0, PER_SECOND, "2.35G/s"),
        (405.4, BYTES, "405 B"),
        (4.98, MICROSECONDS, "4.98 us"),
        (None, BYTES, "-"),
    ],
)
def test_an_amount_has_its_unit(value: float | None, unit: str, wanted: str) -> None:
    """Speeds are short, bytes whole."""
    assert amount(value, unit) == wanted


def test_parts_intervals_and_times_are_short() -> None:
    """What is unknown is a dash."""
    assert [per_cent(each) for each in (None, 3.14, 250.0)] == ["-", "3.1 %", "250 %"]
    assert ratio_text(Ratio(0.5, 0.49, 0.54)) == "0.49 to 0.54"
    assert ratio_text(Ratio(0.5)) == "-"
    assert ratio_text(Ratio(1.0, 7e-10, 1.4e9)) == "anything"
    assert [duration(each) for each in (None, 65.2, 3_600)] == ["-:--", "1:05", "60:00"]
