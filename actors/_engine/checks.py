"""What a number must be, and a function.  Asked wherever one is given, by its name."""

from __future__ import annotations

import datetime as dt
import inspect
import sys
from collections.abc import Mapping
from typing import Any, cast

import attrs


def whole(name: str, value: object, *, least: int) -> None:
    """Check a number.  Raises TypeError, ValueError: not an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name} must be an int, got {value!r}"
        raise TypeError(msg)
    if value < least:
        msg = f"{name} must be at least {least}, got {value}"
        raise ValueError(msg)


def seconds(name: str, value: object, *, zero: bool = False) -> None:
    """Check a time.

    Raises:
        TypeError, ValueError: not a number above 0 (or, with `zero`, at least 0), or
            an int that no clock can be added to; `math.inf` is for ever.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name} must be a number of seconds, got {value!r}"
        if isinstance(value, dt.timedelta):
            msg += ": give its total_seconds()"
        raise TypeError(msg)
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        msg = f"{name} must be seconds that a float holds: for ever is math.inf"
        raise ValueError(msg)
    if not (value >= 0 if zero else value > 0):
        least = "at least" if zero else "above"
        msg = f"{name} must be {least} 0 seconds, got {value!r}"
        raise ValueError(msg)


def checked_seconds(name: str, value: object) -> float:
    """Check a time of at least 0, and give it as a float.  Raises as `seconds` does."""
    seconds(name, value, zero=True)
    return float(cast("float", value))


def valid_seconds(
    instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Check a field: a time above 0."""
    del instance
    seconds(attribute.name, value)


def valid_seconds_or_0(
    instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Check a field: a time of at least 0."""
    del instance
    seconds(attribute.name, value, zero=True)


def valid_count(
    instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Check a field: a whole number of at least 1."""
    del instance
    whole(attribute.name, value, least=1)


def is_plain(function: object) -> bool:
    """Whether a call of it gives what it is for: no async function or generator."""
    late = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    return callable(function) and not late


def refuse_unread(cls: type, policies: Mapping[str, type]) -> None:
    """Refuse a policy that a class has under a name that nobody looks at.

    A constant (`SLOW = TurnPolicy(...)`) and a private name may be what one likes.

    Args:
        cls: it alone; what it inherits was looked at before.
        policies: `{"turns": TurnPolicy}`: where each is looked for.

    Raises:
        TypeError: a name in small letters has one, and is not where it is looked for.
    """
    kinds = tuple(policies.values())
    for name, value in vars(cls).items():
        if not isinstance(value, kinds) or name in policies or not name[:1].islower():
            continue
        right = next(each for each in policies if isinstance(value, policies[each]))
        msg = f"{cls.__name__}.{name} = {type(value).__name__}(...) would change "
        msg += f"nothing: call it `{right}`"
        raise TypeError(msg)
