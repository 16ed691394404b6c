"""`Encoding`: what a user says of the values that a store is to keep."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from actors.hosting import is_plain

_TUPLE: Final[Any] = tuple
KINDS: Final = "attrs classes, dataclasses, models of pydantic, enums and named tuples"
"""What is known by name, in words."""


def _classes(value: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    if isinstance(value, type) or not isinstance(value, Iterable):
        msg = f"types must be a list of classes, got {value!r}"
        raise TypeError(msg)
    classes = tuple(value)
    for each in classes:
        if not is_known_kind(each):
            msg = f"types= takes {KINDS}, got {each!r:.100}"
            raise TypeError(msg)
    return classes


def is_known_kind(cls: Any) -> bool:
    """Whether it is a class whose objects can be taken apart, and made again."""
    return inspect.isclass(cls) and (
        attrs.has(cls)
        or dataclasses.is_dataclass(cls)
        or issubclass(cls, enum.Enum)
        or hasattr(cls, "__pydantic_validator__")
        or (issubclass(cls, _TUPLE) and hasattr(cls, "_fields"))
    )


def _upcasters(name: str, value: object) -> dict[int, Any]:
    if value is None:
        return {}
    given: Any = value
    if isinstance(value, Mapping) and all(
        type(each) is int and is_plain(fn) for each, fn in given.items()
    ):
        return dict(given)
    msg = f"{name} must be {{version: function}}, the versions int, no function async,"
    msg = f"{msg} got {value!r}"
    raise TypeError(msg)


def _of_states(value: object) -> dict[int, Any]:
    return _upcasters("upcasters", value)


def _of_entries(value: object) -> dict[int, Any]:
    return _upcasters("entry_upcasters", value)


def _seal(_: object, field: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not (
        is_plain(getattr(value, "seal", None))
        and is_plain(getattr(value, "open", None))
    ):
        # not its repr, which may be the secret itself
        kind = type(value).__name__
        msg = f"{field.name} must be an object with seal() and open(), neither of them"
        msg = f"{msg} async, got one of {kind}"
        raise TypeError(msg)


@attrs.frozen
class Encoding:
    """How values become bytes; looked at when a router takes the store."""

    # Any: types and values of users
    types: tuple[type[Any], ...] = attrs.field(default=(), converter=_classes)
    """Classes that are known by name in values whose type nobody has declared."""
    state: Any = None
    """The type of states, in place of what the session class says; None: as it says."""
    upcasters: Mapping[int, Callable[[Any], Any]] = attrs.field(
        default=None, converter=_of_states
    )
    """`{n: fn}`: builtin values of a state of version n to those of n + 1."""
    entry_upcasters: Mapping[int, Callable[[Any], Any]] = attrs.field(
        default=None, converter=_of_entries
    )
    """The same for entries of a history."""
    seal: Any = attrs.field(default=None, validator=_seal)
    """What seals bodies, and opens them; None: they are as they are."""
