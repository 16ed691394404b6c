"""Numbers, times and names as a person reads them.  Pure.

Keys and paths come from strangers: `clean` makes whatever they hold safe to print.
"""

from __future__ import annotations

import re

_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024
_LITTLE = 0.095  # what is less is not written as 0.1
_TENTHS = 10  # below it a rate or a time has a digit behind the point


def clean(text: str) -> str:
    r"""Write what does not print as an escape: `\x1b`, `\n`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in text
    )


def words(name: str) -> str:
    """Write the name of a class as words: `TimedOut` as `timed out`."""
    return clean(_CAPITALS.sub(" ", name)).lower()


def whole(number: float | None) -> str:
    """Write a whole number, with commas between thousands."""
    return "-" if number is None else f"{number:,.0f}"


def rate(number: float) -> str:
    """Write how many a second."""
    if 0 < number < _LITTLE:
        return "<0.1/s"
    if 0 < number < _TENTHS:
        return f"{number:.1f}/s"
    return f"{number:,.0f}/s"


def span(seconds: float | None) -> str:
    """Write a time in at most six characters: `0.4s`, `12s`, `2m05s`, `3h12m`."""
    if seconds is None:
        return "-"
    seconds = max(seconds, 0.0)
    if seconds < _TENTHS - 0.05:
        return f"{seconds:.1f}s"
    if seconds < _MINUTE - 0.5:
        return f"{seconds:.0f}s"
    seconds = round(seconds)
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}m{seconds % _MINUTE:02}s"
    if seconds < _DAY:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02}m"
    return f"{seconds // _DAY:,}d{seconds % _DAY // _HOUR:02}h"


def size(count: int | None) -> str:
    """Write a number of bytes."""
    if count is None:
        return "-"
    number, unit = float(count), _UNITS[0]
    for unit in _UNITS:  # noqa: B007 - used behind the loop
        if number < _STEP:
            break
        number /= _STEP
    else:
        number *= _STEP
    if unit == _UNITS[0] or number >= _TENTHS:
        return f"{number:,.0f} {unit}"
    return f"{number:.1f} {unit}"


def plural(number: int, word: str, more: str | None = None) -> str:
    """Write a number and what is counted: `1 actor`, `2,000 actors`."""
    return f"{whole(number)} {word if number == 1 else more or word + 's'}"
