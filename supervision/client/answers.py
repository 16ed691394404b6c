"""Is what a server sent what the words of the control socket say?  Pure.

A client looks at every answer once, here, so that nothing behind it has to doubt a
field.  Fields that are not known are left alone: a later version may add some.
"""

from __future__ import annotations

import functools
import types
import typing
from typing import Any, TypeVar

from actors.hosting import Whole

T = TypeVar("T")
_Form = tuple[str, Any]  # of an annotation: how to look, and at what


class ShapeError(Whole, Exception):
    """A value is not of its shape; says where, what it should be and what it is."""

    def __init__(self, where: str, wanted: str, got: object) -> None:
        super().__init__(where, wanted, got)
        self.where = where
        """Like `tree.children[3].depth`."""
        self.wanted = wanted
        """In words."""
        self.got = got
        """What is there."""

    def __str__(self) -> str:
        shown = repr(self.got)
        if len(shown) > _SHOWN:
            shown = shown[:_SHOWN] + "..."
        return f"{self.where or 'the answer'} should be {self.wanted}, but is {shown}"


def checked(value: object, shape: type[T]) -> T:
    """Return a value that came as JSON, if it is of that shape (a TypedDict).

    Raises:
        ShapeError: it is not.
    """
    _look(value, shape, "")
    return value  # type: ignore[return-value]


def _look(value: object, wanted: Any, where: str) -> None:
    """Look at a value, and at all that is in it."""
    kind, inner = _form(wanted)
    if kind == "optional":
        if value is not None:
            _look(value, inner, where)
    elif kind == "plain":
        if not _is_plain(value, inner):
            raise ShapeError(where, _WORDS[wanted], value)
    elif kind == "list":
        items: list[Any] = _a(_LIST, value, where)
        for number, each in enumerate(items):
            _look(each, inner, f"{where}[{number}]")
    elif kind == "dict":
        named: dict[str, Any] = _a(_DICT, value, where)
        for name, each in named.items():
            _look(each, inner, f"{where}[{name!r}]")
    else:
        found: dict[str, Any] = _a(_DICT, value, where)
        _look_into(found, inner, where)


def _look_into(found: dict[str, Any], fields: dict[str, Any], where: str) -> None:
    for name, annotation in fields.items():
        inside = f"{where}.{name}" if where else name
        if name not in found:
            raise ShapeError(inside, "there", _MISSING)
        _look(found[name], annotation, inside)


def _is_plain(value: object, wanted: Any) -> bool:
    return isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)


def _a(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise ShapeError(where, "a list" if kind is _LIST else "an object", value)
    return value


@functools.cache
def _form(wanted: Any) -> _Form:
    """Take an annotation of a shape apart."""
    if typing.is_typeddict(wanted):
        return "fields", typing.get_type_hints(wanted)
    origin, parts = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is list:
        return "list", parts[0]
    if origin is dict:  # JSON: the names are strings
        return "dict", parts[1]
    if origin is types.UnionType:
        (inner,) = (part for part in parts if part is not types.NoneType)
        return "optional", inner
    return "plain", (int, float) if wanted is float else wanted


class _Missing:
    def __repr__(self) -> str:
        return "missing"


_LIST: Any = list  # Any: checkers would take them for lists of what they do not know
_DICT: Any = dict
_MISSING = _Missing()
_SHOWN = 60  # characters of a wrong value
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "a yes or no"}
