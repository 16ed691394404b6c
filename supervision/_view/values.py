"""Any value as a short text, without a step of a stranger's code.

What a service holds is looked at while it runs, in its own loop: a `repr` of somebody's
class might fail, wait, change something, or print a gigabyte.  So only plain values and
the fields of plain records are written out; of everything else the name of its class.
Pure.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from actors import ActorRef

LONGEST: Final = 100
"""Characters of a value."""
_ITEMS: Final = 5  # of a collection, or a record
_DEEPEST: Final = 2
_BITS: Final = 200  # of a whole number: more take long to write
_REF: Any = ActorRef  # Any: a checker would lose M in isinstance
_PLAIN: Final = {type(None), bool, float, complex}
_NAMED: Final = {
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
}
_BRACKETS: Final[dict[type, tuple[str, str]]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
_TYPE: Any = type
_DICT: Any = dict
_TUPLE: Any = tuple
_MISSING: Final = object()
_FIELDS: Final = ("__attrs_attrs__", "__dataclass_fields__", "__pydantic_fields__")


def show(value: object, limit: int = LONGEST) -> str:
    """A value in at most `limit` characters; runs no code but Python's own."""
    text = _show(value, _DEEPEST, limit)
    return text if len(text) <= limit else text[: max(limit - 3, 0)] + "..."


def _show(value: Any, deep: int, limit: int) -> str:  # noqa: PLR0911 - a table
    kind = _TYPE(value)
    if kind in _PLAIN:
        return repr(value)
    if kind is int:
        bits = value.bit_length()
        return repr(value) if bits <= _BITS else f"<int of {bits:,} bits>"
    if kind in {str, bytes, bytearray}:
        return repr(value[:limit])
    if kind in _BRACKETS:
        start, end = _BRACKETS[kind]
        return f"{start}{_several(value, deep, limit)}{end}"
    if kind is dict:
        return f"{{{_pairs(value, deep, limit)}}}"
    if kind in _NAMED:
        return f"<{_name(value)}>"
    if kind is type:
        return f"<class {_name(value)}>"
    if issubclass(kind, _REF):
        return str(value.path)
    fields = fields_of(value, kind, _ITEMS)
    if fields is None:
        return f"<{_name(kind)}>"
    inner = ", ".join(f"{name}={_show(each, deep - 1, limit)}" for name, each in fields)
    return f"{_name(kind)}({inner if deep > 0 else '...'})"


def _several(values: Iterable[Any], deep: int, limit: int) -> str:
    if deep <= 0:
        return "..."
    some = [_show(each, deep - 1, limit) for each in islice(values, _ITEMS + 1)]
    return _joined(some)


def _pairs(values: dict[Any, Any], deep: int, limit: int) -> str:
    if deep <= 0:
        return "..."
    return _joined(
        [
            f"{_show(key, deep - 1, limit)}: {_show(each, deep - 1, limit)}"
            for key, each in islice(values.items(), _ITEMS + 1)
        ]
    )


def _joined(some: list[str]) -> str:
    if len(some) > _ITEMS:
        some[_ITEMS] = "..."
    return ", ".join(some)


def _name(named: Any) -> str:
    """The qualified name of a class or a function; no descriptor of a stranger's."""
    if isinstance(named, type):
        return str(type.__dict__["__qualname__"].__get__(named))
    return str(getattr(named, "__qualname__", "a function"))


def fields_of(value: Any, kind: type, most: int) -> Iterator[tuple[str, Any]] | None:
    """So many fields of a record, of attrs, dataclasses, pydantic, as they are stored.

    None: it is no record.
    """
    for marker in _FIELDS:
        declared: Any = inspect.getattr_static(kind, marker, None)
        if type(declared) is _DICT:
            return _stored(value, list(declared)[:most])
        if isinstance(declared, _TUPLE):  # attrs makes a class of tuple for each
            names = [str(each.name) for each in declared[:most]]
            return _stored(value, names)
    return None


def _stored(value: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    for name in names:
        found: Any = inspect.getattr_static(value, name, _MISSING)
        if type(found) is types.MemberDescriptorType:  # of `__slots__`
            try:
                found = found.__get__(value)
            except AttributeError:
                found = _MISSING
        if found is not _MISSING:
            yield name, found
