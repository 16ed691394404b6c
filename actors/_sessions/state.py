"""The state of a conversation: its type, and what may not be one.

A state is a value.  `initial_state` is one for all keys of a class, so whatever can be
changed in place would be shared by strangers: it is refused where it is written.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import attrs

if TYPE_CHECKING:  # a default is Python 3.13's; to checkers this package is built in
    from typing_extensions import TypeVar as TypeVarWithDefault

    P = TypeVar("P")
    C = TypeVar("C")
    S = TypeVarWithDefault("S", default=Any)
else:
    P = TypeVar("P")
    C = TypeVar("C")
    S = TypeVar("S")

_PLAIN: Final = {str, int, float, bool, bytes, type(None)}
_CALLED = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


# Any: what stands between the brackets may be anything
def with_default(cls: type[Any], given: Any) -> Any:
    """What a generic class is given in brackets, with S where it was left out."""
    parameters = getattr(cls, "__parameters__", ())
    several = issubclass(type(given), tuple)
    listed: Any = given if several else [given]
    if parameters and parameters[-1] is S and len(listed) == len(parameters) - 1:
        return (*listed, Any)
    return given


def refuse_shared(name: str, state: object) -> None:
    """Refuse an initial state that can be changed in place.

    Raises:
        TypeError: it can, or it is a class or a function.
    """
    if _is_called(state):
        what = "would be the state itself, it is not called"
    elif can_change(state):
        what = "can be changed, and would be shared by all keys"
    else:
        return
    msg = (
        f"{name}.initial_state = {state!r:.100} {what}: make a new one for each key, "
        "`def new_state(self): return ...`, or use a value such as a tuple, a "
        "frozenset or a frozen class of such"
    )
    raise TypeError(msg)


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
        elif _looks_open(value) and (value is state or not _is_called(value)):
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


def _is_called(value: object) -> bool:
    """Whether it is a class or a function."""
    return isinstance(value, _CALLED)
