"""Statistics over rounds: medians, spreads, ratios with an interval, exponents.

Pure functions of numbers; this room knows no scenario, no contender and no file.

A ratio is taken round by round, so that a slow minute of the machine, which meets both
contenders of a round, drops out. Its interval is the 95 % interval of Student's t for
the mean of the logarithms: ratios multiply, and their logarithms are what is symmetric.
"""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

# Student's t at 97.5 % for 1, 2, 3 ... degrees of freedom
_T: Final = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_PAIR: Final = 2
"""Fewer values than this have no spread."""


@attrs.frozen
class Ratio:
    """How many times the one figure is the other, and how sure that is.

    Without an interval, as after one round, `low` and `high` are None.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def clear(self) -> bool:
        """The interval exists and does not contain 1."""
        if self.low is None or self.high is None:
            return False
        return self.low > 1 or self.high < 1


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle.

    Raises:
        ValueError: there are no values.
    """
    return statistics.median(values)


def iqr(values: Sequence[float]) -> float | None:
    """The distance between the quartiles; None for fewer than two values."""
    if len(values) < _PAIR:
        return None
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return third - first


def spread(values: Sequence[float]) -> float | None:
    """The `iqr` in per cent of the median; None where that makes no sense."""
    width = iqr(values)
    if width is None or not (middle := median(values)):
        return None
    return abs(100 * width / middle)


def t_value(freedom: int) -> float:
    """Student's t at 97.5 %; beyond 30 degrees of freedom close to the normal 1.96.

    Raises:
        ValueError: there is less than one degree of freedom.
    """
    if freedom < 1:
        raise ValueError(f"degrees of freedom must be at least 1, got {freedom}")
    if freedom <= len(_T):
        return _T[freedom - 1]
    # the first terms of the expansion about the normal quantile
    z = 1.959964
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio | None:
    """Ours by theirs from paired rounds: the n-th of each belong together.

    Rounds that only one of them has are left out, as are pairs with a value that is not
    positive. None if no pair is left.
    """
    logs = [
        math.log(mine / other)
        for mine, other in zip(ours, theirs, strict=False)
        if mine > 0 and other > 0
    ]
    if not logs:
        return None
    mean = statistics.fmean(logs)
    if len(logs) < _PAIR:
        return Ratio(math.exp(mean))
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    width = t_value(len(logs) - 1) * error
    return Ratio(math.exp(mean), _exp(mean - width), _exp(mean + width))


def change(before: Ratio, after: Ratio) -> Ratio:
    """How many times `after` is `before`, two ratios that were measured apart.

    The variances of their logarithms add up, so the widths do as squares. There is an
    interval only if both have one.
    """
    value = after.value / before.value
    first, second = _width(before), _width(after)
    if first is None or second is None:
        return Ratio(value)
    width = math.hypot(first, second)
    return Ratio(value, value / _exp(width), value * _exp(width))


def unpaired(before: Sequence[float], after: Sequence[float]) -> Ratio | None:
    """`after` by `before` from two runs whose rounds do not belong together (Welch).

    None if one of them has no positive value.
    """
    first = [math.log(each) for each in before if each > 0]
    second = [math.log(each) for each in after if each > 0]
    if not first or not second:
        return None
    mean = statistics.fmean(second) - statistics.fmean(first)
    if len(first) < _PAIR or len(second) < _PAIR:
        return Ratio(math.exp(mean))
    parts = [statistics.variance(each) / len(each) for each in (first, second)]
    total = sum(parts)
    if not total:
        return Ratio(math.exp(mean), math.exp(mean), math.exp(mean))
    below = sum(
        part**2 / (len(each) - 1)
        for part, each in zip(parts, (first, second), strict=True)
    )
    width = t_value(max(1, int(total**2 / below))) * math.sqrt(total)
    return Ratio(math.exp(mean), _exp(mean - width), _exp(mean + width))


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """The slope of `{size: cost}` in log-log: 1 is linear, 0 is constant.

    None with fewer than two sizes; points that are not positive are left out.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points if x > 0 and y > 0]
    if len({x for x, _ in logs}) < _PAIR:
        return None
    return statistics.linear_regression(*zip(*logs, strict=True)).slope


def geometric_mean(values: Iterable[float]) -> float | None:
    """The mean that suits ratios; None without positive values."""
    known = [each for each in values if each > 0]
    return statistics.geometric_mean(known) if known else None


def _width(found: Ratio) -> float | None:
    """Half the interval's width in the logarithm; None without an interval."""
    if found.low is None or found.high is None:
        return None
    return math.log(found.high / found.low) / 2 if found.low > 0 else math.inf


def _exp(value: float) -> float:
    """`math.exp` that is infinite where the number is too large for a float."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
