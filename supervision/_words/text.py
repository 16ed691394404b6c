"""Words for people: strangers' text made safe to print, numbers made easy to read.

Keys, paths and exceptions are strangers' text: a terminal would obey the control
characters in it, and a broken `repr` would break who reports it.  Knows nothing of
services.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from supervision._trees.errors import shown

# What moves the cursor, starts a line, turns the writing direction, or is half a
# character.  A tab and, where there may be lines, a newline are let through.
_UNSAFE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_IN_LINES = re.compile(f"[{_UNSAFE}\ud800-\udfff]")
_IN_A_LINE = re.compile(f"[\n\t{_UNSAFE}\ud800-\udfff]")


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with its control characters as escapes, such as `\x1b`.

    Args:
        text: anybody's.
        lines: let newlines and tabs be what they are.  Default False.
    """
    if text.isprintable():
        return text
    return (_IN_LINES if lines else _IN_A_LINE).sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def cut(text: str, limit: int) -> str:
    """The text, or its beginning and `...` if it is longer than `limit` characters."""
    return text if len(text) <= limit else text[: max(limit - 3, 0)] + "..."


def safe_repr(value: object, limit: int = 200) -> str:
    """A value's `repr`, cut; it is a stranger's code and may fail."""
    try:
        return cut(repr(value), limit)
    except Exception as failure:  # noqa: BLE001 - it must not hide what is reported
        return f"({type(value).__name__}: its repr() fails: {type(failure).__name__})"


def error_line(error: BaseException) -> str:
    """An exception in one line: `ValueError: the purse is empty`."""
    text = shown(error)
    name = type(error).__name__
    return printable(f"{name}: {text}" if text else name)


def amount(number: int, word: str, words: str | None = None) -> str:
    """A number with its word: `1 turn`, `1,200 turns`."""
    plural = f"{word}s" if words is None else words
    return f"{number:,} {word if number == 1 else plural}"


def duration(seconds: float) -> str:
    """A time for a person: `0.3 s`, `12 s`, `4 min 05 s`, `2 h 07 min`."""
    if seconds < 9.95:  # noqa: PLR2004 - what rounds to 10.0 needs no tenths
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min"


def counted(numbers: Mapping[str, int]) -> str:
    """Numbers by their names, without zeros: `Completed 12, Lost 1`."""
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)


def listed(items: Iterable[str], total: int, limit: int) -> str:
    """The first of them, and how many more there are."""
    some = [item for item, _ in zip(items, range(limit), strict=False)]
    if total > len(some):
        some.append(f"and {total - len(some):,} more")
    return ", ".join(some)
