"""The values of options: each is read from its text, or refused with what is right."""

from __future__ import annotations

import argparse
import math
from typing import Final

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
"""Of a log."""


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 on, not {text!r}"
        )
    return number


def seconds(text: str) -> float:
    """Read a time."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must be seconds, 0 or more, not {text!r}")
    return number


def level(text: str) -> tuple[str, str]:
    """Read the level of a logger: its name, or "" for all, and the level."""
    name, _, level = text.rpartition("=")
    if level.lower() not in LEVELS or (not name and "=" in text):
        known = ", ".join(LEVELS)
        raise argparse.ArgumentTypeError(
            f"must be one of {known}, or LOGGER= and one of them, not {text!r}"
        )
    return name, level.upper()


def interval(text: str) -> float:
    """Read the time between two frames."""
    number = seconds(text)
    if number < _QUICKEST:
        raise argparse.ArgumentTypeError(
            f"must be at least {_QUICKEST:g} s, not {text!r}"
        )
    return number


_QUICKEST = 0.1  # seconds: nobody reads faster
