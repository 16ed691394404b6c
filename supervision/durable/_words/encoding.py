"""`Encoding`: what a user says of the values that a store is to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs


def _tuple(value: Iterable[type[Any]]) -> tuple[type[Any], ...]:
    return tuple(value)


def _dict(value: Mapping[int, Callable[[Any], Any]] | None) -> dict[int, Any]:
    return dict(value or {})


@attrs.frozen
class Encoding:
    """How values become bytes; looked at when a router takes the store."""

    # Any: types and values of users
    types: tuple[type[Any], ...] = attrs.field(default=(), converter=_tuple)
    """Classes that are known by name in values whose type nobody has declared."""
    state: Any = None
    """The type of states, in place of what the session class says; None: as it says."""
    upcasters: Mapping[int, Callable[[Any], Any]] = attrs.field(
        default=None, converter=_dict
    )
    """`{n: fn}`: builtin values of a state of version n to those of n + 1."""
    entry_upcasters: Mapping[int, Callable[[Any], Any]] = attrs.field(
        default=None, converter=_dict
    )
    """The same for entries of a history."""
    seal: Any = None
    """What seals bodies, and opens them; None: they are as they are."""
