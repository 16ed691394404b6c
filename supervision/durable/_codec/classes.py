"""The classes that may be in a body, each by a stable name: module and qualified name.

Only what the program itself has listed, or declared, is ever made from a body: a name
that is not in the table is refused, never imported.  A class that moves to another
module has another name, and what is stored with the old one cannot be read any more.

Objects are made as copies are: without `__init__`, converters or validators, so that
exactly the fields come back that were there.  Of fields that a newer class has, the
defaults are taken; of fields that it has no more, nothing.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, get_args, get_type_hints

import attrs

from actors import Limit, Preempted
from supervision.durable._words.encoding import KINDS, is_known_kind

from .models import FIELDS, PARTS, is_model, maker_of, parts_of, types_of
from .protocol import NOT_LISTED, Lacking

# Any in this file: classes and their fields are anything

_OURS: Final = {"actors.Limit": Limit, "actors.Preempted": Preempted}
"""Ours have the name by which users import them."""


_HASH: Final = "_attrs_cached_hash"


class Kind:
    """A class in the table: how its objects are taken apart and made."""

    __slots__ = (
        "_defaults",
        "_is_tuple",
        "_keeps_hash",
        "_maker",
        "cls",
        "enum",
        "fields",
        "name",
        "parts",
    )

    def __init__(self, name: str, cls: Any) -> None:
        self.name = name
        self.cls = cls
        self._is_tuple = issubclass(cls, tuple)
        self._keeps_hash = keeps_hash(cls)
        self.enum = issubclass(cls, enum.Enum)
        """Its members are known by their names."""
        # {field: makes its default; None: it has none}
        self._defaults = {} if self.enum or is_model(cls) else _fields(cls)
        self.fields = tuple(self._defaults)
        self.parts: Callable[[Any], tuple[Any, ...]] = _parts(self.fields)
        """Gives the values of `fields`.  Raises AttributeError: one is not set."""
        self._maker: Callable[[Mapping[str, Any]], Any] | None = None
        if is_model(cls):
            self.fields, self.parts, self._maker = PARTS, parts_of, maker_of(cls)

    def make(self, given: Mapping[str, Any]) -> Any:
        """Make an object with these fields.

        Raises:
            Lacking: a field is missing that has no default.
        """
        if self._maker is not None:
            return self._maker(given)
        fields: dict[str, Any] = {}
        for name, default in self._defaults.items():
            if name in given:
                fields[name] = given[name]
            elif default is not None:
                fields[name] = default()
            else:
                msg = f"{self.name}.{name} is missing"
                raise Lacking(msg)
        if self._is_tuple:
            return self.cls._make(fields.values())
        made = self.cls.__new__(self.cls)
        if self._keeps_hash:
            object.__setattr__(made, _HASH, None)
        for name, value in fields.items():
            object.__setattr__(made, name, value)
        return made

    def left_out(self, given: Mapping[str, Any]) -> Iterator[str]:
        """Yield the names of fields that a body has, and this class has not.

        Args:
            given: what `make` would be given; the values may be as they are in a body.
        """
        known: Iterable[str] = self._defaults
        if self._maker is not None:
            # of a model: a tag, then names and values by turns
            given, known = dict.fromkeys(given[FIELDS][1::2]), self.cls.model_fields
        for name in given:  # in older bodies of a model: a cached property, too
            if name not in known and not (self._maker and hasattr(self.cls, name)):
                yield name

    def member(self, name: object) -> Any:
        """Give a member of an enum.  Raises ValueError: there is none."""
        members: Mapping[Any, Any] = self.cls.__members__ if self.enum else {}
        if name not in members:
            msg = f"no such member of {self.name}"
            raise ValueError(msg)
        return members[name]


_A_CLASS: Final = re.compile(r"[A-Za-z_][\w.<>]{0,200}", re.ASCII)


class Classes:
    """The table.

    Args:
        listed: attrs classes, dataclasses, models of pydantic, enums, named tuples.
        declared: types in which there may be more of them.  Those in the types of
            fields count in both.

    Raises:
        TypeError: one that is listed is none of these.
        ValueError: two have the same name.
    """

    def __init__(
        self, listed: Sequence[type[Any]] = (), declared: Iterable[Any] = ()
    ) -> None:
        self._by_name: dict[str, Kind] = {}
        self._by_class: dict[type[Any], Kind] = {}
        for name, cls in _OURS.items():
            self._add(name, cls)
        for each in listed:
            if not is_known_kind(each):
                msg = f"types= takes {KINDS}, got {each!r:.100}"
                raise TypeError(msg)
        for one in (*listed, *declared):
            for each in found_in(one):
                if is_known_kind(each):
                    self._add(name_of(each), each)

    def _add(self, name: str, cls: type[Any]) -> None:
        if cls in self._by_class:
            return
        if name in self._by_name:
            msg = f"two classes have the name {name}: bodies would not say which"
            raise ValueError(msg)
        self._by_name[name] = self._by_class[cls] = Kind(name, cls)

    def of(self, cls: type[Any]) -> Kind | None:
        """Find a class; None: it is not in the table."""
        return self._by_class.get(cls)

    def named(self, name: object) -> Kind:
        """Find a class by its name.  Raises ValueError: it is not in the table."""
        found = self._by_name.get(name) if isinstance(name, str) else None
        if found is None:
            if not isinstance(name, str) or _A_CLASS.fullmatch(name) is None:
                name = "a class"  # the bytes may be anything
            msg = f"{NOT_LISTED}{name}, which is neither declared nor in types="
            if name.startswith("__main__."):
                msg += (
                    ": it was written by a program that was run as a script, where its "
                    "classes have other names than where it is imported"
                )
            raise ValueError(msg)
        return found


def keeps_hash(cls: Any) -> bool:
    """Tell whether attrs keeps the hash of an object in it (`cache_hash`)."""
    return _HASH in getattr(getattr(cls.__hash__, "__code__", None), "co_names", ())


def name_of(cls: type[Any]) -> str:
    """Give a class's name in bodies."""
    return f"{cls.__module__}.{cls.__qualname__}"


def found_in(declared: Any) -> Iterator[type[Any]]:
    """Yield the classes in a type, and in the fields of those that can be taken apart.

    Each once, of every kind.
    """
    seen: set[Any] = set()
    rest = [declared]
    while rest:
        each = rest.pop()
        rest.extend(get_args(each))
        if not inspect.isclass(each) or each in seen:
            continue
        seen.add(each)
        yield each
        if is_model(each):
            rest.extend(types_of(each))
        elif is_known_kind(each) and not issubclass(each, enum.Enum):
            rest.extend(hints_of(each).values())


def hints_of(cls: Any) -> dict[str, Any]:
    """Give the types of a class's fields; none if they cannot be read."""
    try:
        return get_type_hints(cls)
    except Exception:  # noqa: BLE001 - annotations are anybody's code
        return {}


def _fields(cls: Any) -> dict[str, Callable[[], Any] | None]:
    if attrs.has(cls):
        return {each.name: _attrs_default(each) for each in attrs.fields(cls)}
    if dataclasses.is_dataclass(cls):
        return {each.name: _dataclass_default(each) for each in dataclasses.fields(cls)}
    defaults = cls._field_defaults
    return {each: _giving(defaults, each) for each in cls._fields}


def _giving(defaults: Mapping[str, Any], name: str) -> Callable[[], Any] | None:
    return (lambda: defaults[name]) if name in defaults else None


def _attrs_default(field: Any) -> Callable[[], Any] | None:
    default = field.default
    if default is attrs.NOTHING:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return None if default.takes_self else default.factory
    return lambda: default


def _dataclass_default(field: Any) -> Callable[[], Any] | None:
    if field.default_factory is not dataclasses.MISSING:
        factory: Callable[[], Any] = field.default_factory
        return factory
    if field.default is not dataclasses.MISSING:
        return lambda: field.default
    return None


def _parts(fields: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if not fields:
        return lambda _: ()
    get = attrgetter(*fields)
    return get if len(fields) > 1 else lambda value: (get(value),)
