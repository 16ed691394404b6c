"""A type as a tree of places, made of what msgspec says about it.

A type is unknown if msgspec does not know what is in it (`Any`, `object`, a Protocol),
or would leave something out: the private fields of an attrs class, a combination of
flags.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeAlias, get_origin
from uuid import UUID

import attrs
from msgspec import inspect as kinds

from actors.hosting import Whole

from .classes import keeps_hash
from .columns import (
    Classes,
    Field,
    Inner,
    Place,
    among,
    fields,
    items,
    keys,
    one_of,
    pairs,
    parts,
    times,
)

# Any in this file: types are anything

Shape: TypeAlias = tuple[Classes, Inner | None]


class UnknownTypeError(Whole, TypeError):
    """A type of which msgspec would not bring all values back."""


class Places:
    """Makes the places of a type.  For one type."""

    def __init__(self) -> None:
        self._made: dict[int, Place | None] = {}  # {id(info): its place; None: begun}
        self.careful = False
        """Constraints, validators or hooks of a class: they run when a body is read, so
        it is to be read again before anybody relies on it."""
        self.builtin = True
        """A body is read the same without the type."""

    def of(self, info: kinds.Type, where: str = "") -> Place:
        """Make the place of a type, and those inside.

        Raises:
            UnknownTypeError: msgspec would not bring all its values back.
        """
        if id(info) in self._made:
            return self._again(info)
        self._made[id(info)] = None
        shape = _SHAPES.get(type(info))
        if shape is None:
            msg = f"nobody knows what is in a {type(info).__name__}"
            raise UnknownTypeError(msg)
        self.builtin &= type(info) in _BUILTIN
        self.careful |= any(getattr(info, it, None) is not None for it in _CONSTRAINTS)
        takes, inner = shape(self, info)
        what = " | ".join(sorted(each.__qualname__ for each in takes))
        made = self._made[id(info)] = Place(where + what, takes, inner)
        return made

    # Any: its class is known to have a `cls`, which pyright cannot see
    def _again(self, info: Any) -> Place:
        """The place of a type that stands in several, perhaps inside itself."""
        ready = self._made[id(info)]
        if ready is not None:
            return ready

        def inner(column: Sequence[Any]) -> None:
            place = self._made[id(info)]
            assert place is not None
            place.check(column)

        is_dict = isinstance(info, kinds.TypedDictType)
        cls: type[Any] = dict if is_dict else _class_of(info)
        return Place(cls.__qualname__, frozenset({cls}), inner)

    def fields(self, known: Sequence[kinds.Field], name: str) -> list[Field]:
        """Make the places of an object's fields."""
        return [
            Field(
                each.name,
                attrgetter(each.name),
                self.of(each.type, f"{name}.{each.name}: "),
                each.required,
            )
            for each in known
        ]


def _class_of(info: Any) -> type[Any]:
    cls: type[Any] = get_origin(info.cls) or info.cls
    return cls


def _leaf(cls: type[Any], inner: Inner | None = None) -> Callable[[Places, Any], Shape]:
    shape = (frozenset({cls}), inner)
    return lambda _to, _info: shape


def _collection(cls: type[Any]) -> Callable[[Places, Any], Shape]:
    return lambda to, info: (frozenset({cls}), items(to.of(info.item_type)))


def _enum(_: Places, info: Any) -> Shape:
    if issubclass(info.cls, enum.Flag):
        msg = "msgspec cannot read all combinations of flags"
        raise UnknownTypeError(msg)
    return frozenset({info.cls}), None


def _literal(_: Places, info: Any) -> Shape:
    values: Sequence[Any] = info.values
    return frozenset(map(type, values)), among(values)


def _union(to: Places, info: Any) -> Shape:
    places = [to.of(each) for each in info.types]
    takes = frozenset(chain.from_iterable(each.takes for each in places))
    return takes, one_of(places)


def _dict(to: Places, info: Any) -> Shape:
    return frozenset({dict}), pairs(to.of(info.key_type), to.of(info.value_type))


def _tuple(to: Places, info: Any) -> Shape:
    return frozenset({tuple}), parts([to.of(each) for each in info.item_types])


def _named_tuple(to: Places, info: Any) -> Shape:
    cls = _class_of(info)
    known = to.fields(info.fields, cls.__qualname__)
    return frozenset({cls}), parts([each.place for each in known])


def _typed_dict(to: Places, info: Any) -> Shape:
    known = to.fields(info.fields, _class_of(info).__qualname__)
    got = [attrs.evolve(each, get=itemgetter(each.name)) for each in known]
    return frozenset({dict}), keys(got)


def _object(to: Places, info: Any) -> Shape:
    """An attrs class, a dataclass, a Struct."""
    cls = _class_of(info)
    if not hasattr(cls, "__struct_fields__") and any(
        each.name.startswith("_") for each in info.fields
    ):
        msg = f"msgspec leaves out the private fields of {cls.__qualname__}"
        raise UnknownTypeError(msg)
    if keeps_hash(cls):
        msg = f"msgspec makes objects of {cls.__qualname__} that cannot be hashed"
        raise UnknownTypeError(msg)
    to.careful |= any(hasattr(cls, each) for each in _HOOKS) or (
        attrs.has(cls) and any(each.validator for each in attrs.fields(cls))
    )
    return frozenset({cls}), fields(to.fields(info.fields, cls.__qualname__))


_HOOKS: Final = ("__post_init__", "__attrs_post_init__", "__attrs_pre_init__")
_CONSTRAINTS: Final = (
    *("gt", "ge", "lt", "le", "multiple_of"),
    *("min_length", "max_length", "pattern", "tz"),
)
_BUILTIN: Final[frozenset[type[Any]]] = frozenset(
    {
        *(
            kinds.NoneType,
            kinds.BoolType,
            kinds.IntType,
            kinds.FloatType,
            kinds.StrType,
        ),
        *(kinds.BytesType, kinds.UnionType, kinds.ListType, kinds.DictType),
    }
)
_SHAPES: Final[dict[type[Any], Callable[[Places, Any], Shape]]] = {
    kinds.NoneType: _leaf(type(None)),
    kinds.BoolType: _leaf(bool),
    kinds.IntType: _leaf(int),
    kinds.FloatType: _leaf(float),
    kinds.StrType: _leaf(str),
    kinds.BytesType: _leaf(bytes),
    kinds.ByteArrayType: _leaf(bytearray),
    kinds.DateTimeType: _leaf(dt.datetime, times),
    kinds.DateType: _leaf(dt.date),
    kinds.TimeType: _leaf(dt.time, times),
    kinds.TimeDeltaType: _leaf(dt.timedelta),
    kinds.UUIDType: _leaf(UUID),
    kinds.DecimalType: _leaf(Decimal),
    kinds.EnumType: _enum,
    kinds.LiteralType: _literal,
    kinds.UnionType: _union,
    kinds.ListType: _collection(list),
    kinds.VarTupleType: _collection(tuple),
    kinds.SetType: _collection(set),
    kinds.FrozenSetType: _collection(frozenset),
    kinds.DictType: _dict,
    kinds.TupleType: _tuple,
    kinds.NamedTupleType: _named_tuple,
    kinds.TypedDictType: _typed_dict,
    kinds.DataclassType: _object,
    kinds.StructType: _object,
}
