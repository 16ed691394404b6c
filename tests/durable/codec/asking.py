"""The classes of these tests, and what "the same" means: with the same types, too."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict
from uuid import UUID

import attrs
from hypothesis import strategies as some

from actors import Session, Turn
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values

# Any in this file: values are anything


class Mood(enum.Enum):
    """Of whoever says something."""

    CALM = "calm"
    LOUD = "loud"


class Shape(enum.Enum):
    """With values that msgspec does not take."""

    POINT = (0, 0)
    LINE = (0, 1)


class Rights(enum.Flag):
    """May be combined."""

    READ = 1
    WRITE = 2


@attrs.frozen
class Said:
    """A message."""

    who: str
    text: str
    at: float = 0.0
    mood: Mood = Mood.CALM


@attrs.frozen
class Quoted(Said):
    """A subclass with a field more."""

    source: str = "nobody"


@attrs.frozen
class Note:
    """Another message."""

    text: str


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    y: float = 0.0


class Pair(NamedTuple):
    """A named tuple."""

    left: str
    right: int = 1


class Options(TypedDict, total=False):
    """A dict with known keys."""

    size: int
    name: str


@attrs.frozen
class Tree:
    """Has itself inside."""

    name: str
    left: Tree | None = None
    all: tuple[Tree, ...] = ()


@attrs.define
class Private:
    """Has a field that msgspec leaves out."""

    shown: int
    _hidden: int = 0
    made: int = attrs.field(default=3, init=False)


@attrs.frozen
class Counted:
    """Its hook would change what is read."""

    n: int

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "n", self.n + 1)


TYPES = (Said, Quoted, Note, Point, Pair, Mood, Shape, Tree, Private, Counted)


def session_of(prompt: Any, chunk: Any = Any, state: Any = Any) -> type[Any]:
    """Make a session class with these types."""

    class Made(Session[prompt, chunk, state]):
        async def take_turn(self, turn: Turn[Any, Any, Any]) -> None:
            """Do nothing."""

    return Made


def values_of(prompt: Any, types: tuple[type[Any], ...] = ()) -> Values:
    """Make the codec of a session with prompts of this type."""
    return Values(session_of(prompt), types=types)


UNTYPED = values_of(Any, TYPES)


def again(values: Values, value: Any, where: Where = Where.PROMPT) -> Any:
    """Make bytes of it, and it of the bytes."""
    return values.decode(values.encode(value, where), where)


def way_of(values: Values, value: Any) -> str:
    """Give the letter of the way in which it is written."""
    return values.encode(value, Where.PROMPT)[:1].decode()


def parts(value: Any) -> Iterator[Any]:
    """Yield what is in a value, in its order, with classes."""
    yield type(value)
    inside = within(value)
    if inside is None:
        yield leaf(value)
    else:
        for each in inside:
            yield from parts(each)


def within(value: Any) -> Iterable[Any] | None:
    """Give the parts of a value; None: it has none."""
    if is_a(value, dict):
        return [each for pair in value.items() for each in pair]
    if is_a(value, set, frozenset):
        return sorted(str(list(parts(each))) for each in value)
    if is_a(value, list, tuple):
        items: Iterable[Any] = value
        return items
    for known in (attrs, dataclasses):
        if hasattr(value, "__attrs_attrs__" if known is attrs else "__match_args__"):
            fields: Any = known.fields(type(value))
            return [getattr(value, each.name) for each in fields]
    return None


def leaf(value: Any) -> Any:
    """Give what a value without parts is known by."""
    if is_a(value, float):
        return "nan" if math.isnan(value) else (value, math.copysign(1, value))
    if is_a(value, dt.datetime, dt.time):
        zone = value.tzinfo
        return value.isoformat(), value.fold, zone and zone.tzname(None), type(zone)
    return str(value) if is_a(value, Decimal) else value


def is_a(value: Any, *classes: type[Any]) -> bool:
    """Tell whether it is of one of these classes."""
    return isinstance(value, classes)


def same(one: Any, other: Any) -> bool:
    """Whether both are equal and of the same types, down to the last part."""
    return list(parts(one)) == list(parts(other))


zones = some.one_of(
    some.none(),
    some.just(dt.UTC),
    some.integers(-86399, 86399).map(lambda s: dt.timezone(dt.timedelta(seconds=s))),
    some.just(dt.timezone(dt.timedelta(hours=1), "CET")),
)
texts = some.text(some.characters(exclude_categories=()), max_size=8)
leaves = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.integers(-(2**80), 2**80),
    some.floats(),
    texts,
    some.binary(max_size=8),
    some.dates(),
    some.datetimes(timezones=zones),
    some.times(timezones=zones),
    some.timedeltas(),
    some.uuids(),
    some.decimals(allow_nan=False),
    some.sampled_from(
        [*Mood, *Shape, Decimal("sNaN12"), Decimal("-0.00"), UUID(int=0)]
    ),
)
keys = leaves.filter(lambda each: not _is_snan(each) and each == each)  # noqa: PLR0124
"""What can be looked up."""


def _is_snan(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_snan()


def _inside(values: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    return some.one_of(
        some.lists(values, max_size=3),
        some.lists(values, max_size=3).map(tuple),
        some.dictionaries(keys, values, max_size=3),
        some.sets(keys, max_size=3),
        some.frozensets(keys, max_size=3),
        some.builds(Said, values, values, values, values),
        some.builds(Quoted, values, texts, source=values),
        some.builds(Point, values, values),
        some.builds(Pair, values, values),
        some.builds(Private, values, values),
    )


anything = some.recursive(leaves, _inside, max_leaves=12)
"""Any value that can be stored where no type is declared."""
