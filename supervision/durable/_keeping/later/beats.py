"""When a reminder is due, and which of its due times were missed.  Pure.

Times are seconds since the epoch, in microseconds: so that a due time is the same in a
store, in an id and as a `datetime`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

import attrs

from actors import Reminder
from actors.hosting import seconds
from supervision.durable._words.rules import MADE

PREFIX: Final = f"{MADE}remind:"
"""What the ids of reminders' prompts begin with."""
LEAST_EVERY: Final = 1.0
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


@attrs.frozen
class Beat:
    """What is to be done about a reminder that is due."""

    due: float
    """The due time that its prompt is for: the latest."""
    missed: int
    """How many there were before it, for which no prompt has come."""
    next: float | None
    """The next one; None: there is none."""


def beat_of(due: float, every: float | None, now: float) -> Beat:
    """Say what a reminder comes to that is due at `due`, now or earlier."""
    if every is None:
        return Beat(due, 0, None)
    missed = max(0, math.floor((now - due) / every))
    return Beat(at_beat(due, every, missed), missed, at_beat(due, every, missed + 1))


def at_beat(due: float, every: float, number: int) -> float:
    """The due time so many after this one."""
    return round(due + number * every, 6)


def first_due(
    now: float, after: object, at: object, every: object
) -> tuple[float, float | None]:
    """Look at what a reminder is to be: when it is due first, and how often.

    Raises:
        TypeError, ValueError: it cannot be.
    """
    if every is not None:
        length = _number("every", every)
        if length < LEAST_EVERY:
            msg = f"every must be at least {LEAST_EVERY:g} second, got {every!r}"
            raise ValueError(msg)
        every = length
    if (after is None) == (at is None):
        msg = "a reminder is `after=` so many seconds or `at=` a time: give one of them"
        raise TypeError(msg)
    if isinstance(at, datetime):
        if at.tzinfo is None or at.utcoffset() is None:
            msg = f"at must be a datetime with a time zone, got {at!r}"
            raise ValueError(msg)
        due = at.timestamp()
    elif at is not None:
        msg = f"at must be a datetime, got {at!r}"
        raise TypeError(msg)
    else:
        due = now + _number("after", after)
    due = round(due, 6)
    if not 0 <= due < _LATEST:
        msg = f"a reminder is due between 1970 and 9999, got {due:.0f} s since 1970"
        raise ValueError(msg)
    return due, every


def _number(name: str, value: object) -> float:
    seconds(name, value)
    assert isinstance(value, int | float)
    if math.isinf(value):
        msg = f"{name} must be a number of seconds, got {value!r}"
        raise ValueError(msg)
    return float(value)


def id_of(name: str, due: float) -> str:
    """The id of the prompt that a reminder has for a due time."""
    return f"{PREFIX}{name}:{_at(due):%Y-%m-%dT%H:%M:%S.%fZ}"


def reminder_of(id_: str, missed: int) -> Reminder:
    """What a prompt with such an id is about."""
    name, due = id_.removeprefix(PREFIX)[:-28], id_[-27:-1]
    at = datetime.fromisoformat(due).replace(tzinfo=UTC)
    return Reminder(name, at, missed)


def _at(due: float) -> datetime:
    return datetime.fromtimestamp(due, UTC)
