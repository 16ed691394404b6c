"""Figures as words: three digits, a unit where it is needed.

Pure functions; whoever shows figures uses these.
"""

import math
from typing import Final

from benchmarks.figures import Ratio
from benchmarks.scenario import BYTES, MICROSECONDS

NOTHING: Final = "-"

# (at least, divisor, suffix)
_SUFFIXES: Final = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
_WHOLE: Final = 100
"""From here on three digits need no decimal point."""
_WIDE: Final = 1000
"""An interval whose ends are further apart says nothing."""


def number(value: float | None) -> str:
    """Three significant digits, without an exponent where people can read it."""
    if value is None:
        return NOTHING
    if not math.isfinite(value):
        return f"{value}"
    if value and (abs(value) < 1e-3 or abs(value) >= 1e15):  # noqa: PLR2004
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"


def amount(value: float | None, unit: str) -> str:
    """A figure in its unit: `5.76M/s`, `405 B`, `4.98 us`."""
    if value is None:
        return NOTHING
    if unit == BYTES:
        return f"{value:,.0f} B"
    if unit == MICROSECONDS:
        return f"{number(value)} us"
    for least, divisor, suffix in _SUFFIXES:
        if abs(value) >= least:
            return f"{number(value / divisor)}{suffix}{unit}"
    return f"{number(value)}{unit}"


def per_cent(value: float | None) -> str:
    """A part of something, such as a spread: `3.1 %`."""
    if value is None:
        return NOTHING
    return f"{value:.1f} %" if value < _WHOLE else f"{value:.0f} %"


def ratio_text(found: Ratio) -> str:
    """The interval of a ratio: `0.49 to 0.54`; nothing without one.

    One that says nothing, as of two rounds that differ, takes no room in a table.
    """
    if found.low is None or found.high is None:
        return NOTHING
    if found.high > _WIDE * found.low:
        return "anything"
    return f"{number(found.low)} to {number(found.high)}"


def duration(seconds: float | None) -> str:
    """Minutes and seconds: `1:05`; nothing if unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
