"""Values, and what can be changed in place.

Looked at from outside: what a class says of itself is believed.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable
from typing import Any, Final, cast

import attrs

_PLAIN: Final = {str, int, float, bool, bytes, type(None)}
_CALLED = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def can_change(state: object) -> bool:
    """Whether a state can be changed in place, as far as can be seen.

    Or something in it: in a tuple, a frozenset, the fields of a class of attrs or a
    dataclass, and so on.  Of a class that is compared by what it holds a field that is
    not compared is no part of the value: it may be a cache.
    """
    seen: set[int] = set()
    fields: dict[object, list[str] | None] = {}  # {class: what is looked at}
    left: list[object] = [state]
    while left:
        value = left.pop()
        if type(value) in _PLAIN or id(value) in seen:
            continue
        seen.add(id(value))  # it is alive as long as the one that is looked at
        if isinstance(value, (tuple, frozenset)):
            left += cast("Iterable[object]", value)
            continue
        cls = type(value)
        if cls not in fields:
            fields[cls] = _fields(cls)
        names = fields[cls]
        if names is not None:
            left += [getattr(value, name, None) for name in names]
        elif _looks_open(value) and (value is state or not is_called(value)):
            return True
    return False


def _looks_open(value: object) -> bool:
    """Whether a value can be changed, by what its class says."""
    try:
        hash(value)
    except TypeError:
        return True
    cls = type(value)
    if cls.__hash__ is not object.__hash__:
        return False  # it is compared, and hashed, by what it holds
    has_fields = hasattr(value, "__dict__") or hasattr(cls, "__slots__")
    return has_fields and cls.__setattr__ is object.__setattr__


# Any: no checker narrows it to a class of attrs and back
def _fields(cls: Any) -> list[str] | None:
    """Names of the fields that are looked at; None: it is to be looked at as it is."""
    by_identity = cls.__hash__ is object.__hash__
    if cls.__hash__ is None or (by_identity and cls.__setattr__ is object.__setattr__):
        return None  # it can be changed itself
    if attrs.has(cls):
        return [each.name for each in attrs.fields(cls) if each.eq or by_identity]
    if dataclasses.is_dataclass(cls):
        given = dataclasses.fields(cls)
        return [each.name for each in given if each.compare or by_identity]
    return None


def is_called(value: object) -> bool:
    """Whether it is a class or a function."""
    return isinstance(value, _CALLED)
