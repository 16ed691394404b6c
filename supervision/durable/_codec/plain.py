"""Bodies of a tagged walk: for values whose type nobody has declared.

What msgpack has itself stands for itself: None, bool, int of 64 bits, float, str and
bytes.  Everything else is an array that begins with a tag; there are no maps.  So a
value comes back exactly, tuples as tuples, keys of any kind, in their order.  It costs
a microsecond for each thing in a value: declare types where there are many.

A class is known by its name in a table that the program has made (`classes`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from actors.hosting import shown
from supervision.durable._words.encoding import KINDS, is_known_kind

from .classes import Classes

# Any in this file: values are anything

(_LIST, _TUPLE, _DICT, _SET, _FROZENSET, _OBJECT, _MEMBER) = range(7)
(_INT, _STR, _DATETIME, _DATE, _TIME, _TIMEDELTA, _UUID, _DECIMAL) = range(16, 24)

_class_of: Callable[[Any], Any] = type
_AS_THEY_ARE: Final = frozenset({type(None), bool, float, bytes})
_LEAST, _MOST = -(2**63), 2**64 - 1
_BRIEF: Final = 60  # characters of a value in an error
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder().decode
CLASS: Final = "__class__"
"""In data for upcasters: the key under which the name of an object's class stands."""


class Plain:
    """Makes bodies of values, and values of bodies.

    Args:
        classes: those that may be in them.
    """

    def __init__(self, classes: Classes) -> None:
        self.classes = classes

    def encode(self, value: Any) -> bytes:
        """Make a body.

        Raises:
            TypeError: something in it would not come back as it is.
        """
        return pack(self.tree(value))

    def decode(self, body: bytes | memoryview) -> Any:
        """Make the value again.  Raises any Exception: it cannot be."""
        return self.value(unpack(body))

    # ------------------------------------------------------------------------ to bytes

    def tree(self, value: Any) -> Any:
        """Make what `pack` takes.  Raises TypeError: it would not come back."""
        cls = _class_of(value)
        if cls is int and 0 <= value <= _MOST:  # as below, for most results
            return value
        if cls is str and value.isascii():
            return value
        try:
            return self._tree(value)
        except RecursionError:
            msg = f"{brief(value)} is nested too deeply, or contains itself"
            raise TypeError(msg) from None

    def _tree(self, value: Any) -> Any:
        cls = _class_of(value)
        if cls in _AS_THEY_ARE:
            return value
        if cls is str:
            return value if value.isascii() else _str(value)
        write = _WRITE.get(cls)
        if write is not None:
            return write(value)
        tag = _TAGS.get(cls)
        if tag is not None:
            return [tag, *map(self._tree, value)]
        if cls is dict:
            made: list[Any] = [_DICT]
            for key, each in value.items():
                made += (self._tree(key), self._tree(each))
            return made
        return self._object(value, cls)

    def _object(self, value: Any, cls: type[Any]) -> list[Any]:
        kind = self.classes.of(cls)
        if kind is None:
            name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
            right = "declare its type, or list it in types="
            if not is_known_kind(cls):
                right = f"use builtin values, or declare some of: {KINDS}"
            msg = f"{brief(value)} of type {name} would not come back as it is: {right}"
            raise TypeError(msg)
        if kind.enum:
            if value.name not in cls.__members__:
                msg = f"{brief(value)} is no member of {kind.name} with a name"
                raise TypeError(msg)
            return [_MEMBER, kind.name, value.name]
        try:
            parts = kind.parts(value)
        except AttributeError as error:
            msg = f"a {kind.name} is not whole: {error.name} is not set"
            raise TypeError(msg) from None
        made: list[Any] = [_OBJECT, kind.name]
        for name, each in zip(kind.fields, parts, strict=True):
            made += (name, self._tree(each))
        return made

    # ---------------------------------------------------------------------- from bytes

    def value(self, tree: Any) -> Any:
        """Make the value again.  Raises any Exception: it cannot be."""
        cls = _class_of(tree)
        if cls in _AS_THEY_ARE or cls is str or cls is int:
            return tree
        if cls is not list:
            raise _strange(cls.__name__)
        tag: Any = tree[0]
        make = _MAKE.get(tag)
        if make is not None:
            return make(map(self.value, tree[1:]))
        if tag == _DICT:
            return dict(self._pairs(tree, 1))
        if tag == _OBJECT:
            return self.classes.named(tree[1]).make(dict(self._pairs(tree, 2)))
        if tag == _MEMBER:
            _, name, member = tree
            return self.classes.named(name).member(member)
        return _read(tree)

    def _pairs(self, tree: list[Any], first: int) -> Iterable[tuple[Any, Any]]:
        values = list(map(self.value, tree[first:]))
        return zip(values[::2], values[1::2], strict=True)

    def left_out(self, tree: Any) -> Iterator[str]:
        """Yield the fields in a body that the classes of its objects have not.

        Args:
            tree: what `unpack` gave, of a body that can be read.
        """
        if tree[0] == _OBJECT:
            kind = self.classes.named(tree[1])
            for name in kind.left_out(dict(zip(tree[2::2], tree[3::2], strict=True))):
                yield f"{kind.cls.__qualname__}.{name}"
        for each in tree:
            if _class_of(each) is list:
                yield from self.left_out(each)

    def plain(self, tree: Any, *, named: bool) -> Any:
        """Make builtin values of a body: an object is a dict of its fields.

        Needs no class.  Raises any Exception: it cannot be.

        Args:
            tree: what `unpack` gave.
            named: with the names of classes, under `CLASS`; a member of an enum has
                its own under "name".  False: as msgspec would have it.
        """
        cls = _class_of(tree)
        if cls is not list:
            return self.value(tree)
        tag: Any = tree[0]
        if tag in (_OBJECT, _DICT):
            rest = [self.plain(each, named=named) for each in tree[1:]]
            head = {CLASS: rest.pop(0)} if tag == _OBJECT else {}
            pairs = dict(zip(rest[::2], rest[1::2], strict=True))
            return {**head, **pairs} if named else pairs
        if tag == _MEMBER:
            _, name, member = tree
            if named:
                return {CLASS: name, "name": member}
            return self.classes.named(name).member(member).value
        make = _MAKE.get(tag)
        if make is not None:
            return make(self.plain(each, named=named) for each in tree[1:])
        return _read(tree)

    def revive(self, plain: Any) -> Any:
        """Make objects again of what `plain(named=True)` gave.

        Raises any Exception: it cannot be.
        """
        cls = _class_of(plain)
        if cls in _TAGS:
            return cls(map(self.revive, plain))
        if cls is not dict:
            return plain
        name = plain.get(CLASS)
        if name is None:
            return {self.revive(key): self.revive(it) for key, it in plain.items()}
        kind = self.classes.named(name)
        if kind.enum:
            return kind.member(plain["name"])
        return kind.make({key: self.revive(each) for key, each in plain.items()})


def pack(tree: Any) -> bytes:
    """Make bytes of what `Plain.tree` has made.  Raises TypeError: too deep."""
    try:
        return _pack(tree)
    except RecursionError:
        msg = "a value is nested too deeply, or contains itself"
        raise TypeError(msg) from None


def unpack(body: bytes | memoryview) -> Any:
    """Make what `Plain.value` takes.  Raises any Exception: it cannot be."""
    return _unpack(body)


def _strange(what: object) -> ValueError:
    return ValueError(f"what is no part of a body: {what!r:.20}")


# ------------------------------------------------------- values that have no parts


def _str(value: str) -> str | list[Any]:
    try:
        value.encode()
    except UnicodeEncodeError:
        return [_STR, value.encode("utf-8", "surrogatepass")]
    return value


def _int(value: int) -> int | list[Any]:
    if _LEAST <= value <= _MOST:
        return value
    size = value.bit_length() // 8 + 1
    return [_INT, value.to_bytes(size, "big", signed=True)]


def _zone(value: dt.datetime | dt.time) -> list[Any]:
    """Seconds and name of a fixed zone; those of others depend on tables outside."""
    zone = value.tzinfo
    if zone is None:
        return [value.fold]
    if type(zone) is not dt.timezone:
        msg = (
            f"{brief(value)} has a zone of type {type(zone).__name__}, which "
            "would not come back as it is: use value.astimezone(datetime.UTC)"
        )
        raise TypeError(msg)
    offset = zone.utcoffset(None)
    unnamed = dt.timezone(offset).tzname(None) == zone.tzname(None)
    name = [] if unnamed else [_str(zone.tzname(None))]
    return [value.fold, *_delta(offset), *name]


def _datetime(value: dt.datetime) -> list[Any]:
    bare = value.replace(tzinfo=None, fold=0)
    return [_DATETIME, bare.isoformat(), *_zone(value)]


def _time(value: dt.time) -> list[Any]:
    bare = value.replace(tzinfo=None, fold=0)
    return [_TIME, bare.isoformat(), *_zone(value)]


def _delta(value: dt.timedelta) -> list[Any]:
    return [value.days, value.seconds, value.microseconds]


def _tz(parts: list[Any]) -> dict[str, Any]:
    fold, *zone = parts
    if not zone:
        return {"fold": fold}
    offset, name = dt.timedelta(*zone[:3]), zone[3:]
    return {"fold": fold, "tzinfo": dt.timezone(offset, *map(_text, name))}


def _text(tree: Any) -> str:
    return tree if isinstance(tree, str) else _read_str(tree[1:])


def _read_str(parts: list[Any]) -> str:
    (data,) = parts
    return bytes.decode(data, "utf-8", "surrogatepass")


def _read_int(parts: list[Any]) -> int:
    (data,) = parts
    if type(data) is not bytes:
        raise _strange(type(data).__name__)
    return int.from_bytes(data, "big", signed=True)


def _read_datetime(parts: list[Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(parts[0]).replace(**_tz(parts[1:]))


def _read_time(parts: list[Any]) -> dt.time:
    return dt.time.fromisoformat(parts[0]).replace(**_tz(parts[1:]))


_TAGS: Final[dict[type[Any], int]] = {
    list: _LIST,
    tuple: _TUPLE,
    set: _SET,
    frozenset: _FROZENSET,
}
_MAKE: Final[dict[int, Callable[[Iterable[Any]], Any]]] = {
    tag: cls for cls, tag in _TAGS.items()
}
_WRITE: Final[dict[type[Any], Callable[[Any], Any]]] = {
    int: _int,
    dt.datetime: _datetime,
    dt.date: lambda value: [_DATE, value.toordinal()],
    dt.time: _time,
    dt.timedelta: lambda value: [_TIMEDELTA, *_delta(value)],
    UUID: lambda value: [_UUID, value.bytes],
    Decimal: lambda value: [_DECIMAL, str(value)],
}
_READ: Final[dict[int, Callable[[list[Any]], Any]]] = {
    _INT: _read_int,
    _STR: _read_str,
    _DATETIME: _read_datetime,
    _DATE: lambda parts: dt.date.fromordinal(*parts),
    _TIME: _read_time,
    _TIMEDELTA: lambda parts: dt.timedelta(*parts),
    _UUID: lambda parts: UUID(bytes=parts[0]),
    _DECIMAL: lambda parts: Decimal(str(*parts)),
}


def _read(tree: list[Any]) -> Any:
    read = _READ.get(tree[0]) if type(tree[0]) is int else None
    if read is None:
        raise _strange(tree[0] if type(tree[0]) is int else type(tree[0]).__name__)
    return read(tree[1:])


def brief(value: object) -> str:
    """Show the beginning of a value to a person."""
    text = shown(value)
    return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 1]}…"
