"""Where a type is declared, msgspec writes what it brings back, and nothing else."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Protocol, TypedDict
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.hosting import shown
from supervision.durable._codec.protocol import Where
from supervision.durable._words.errors import CodecError
from tests.durable.codec.asking import (
    UNTYPED,
    Counted,
    Mood,
    Note,
    Options,
    Pair,
    Point,
    Private,
    Quoted,
    Rights,
    Said,
    Shape,
    Tree,
    again,
    anything,
    same,
    texts,
    values_of,
    way_of,
)

# Any in this file: types and values are anything

T = typing.TypeVar("T")
CET = dt.timezone(dt.timedelta(hours=1), "CET")


class Ask(msgspec.Struct, tag=True):
    """A Struct with a tag."""

    text: str
    _hidden: int = 0


class Tell(msgspec.Struct, tag=True):
    """Another one."""

    text: str


class Sized(Protocol):
    """Says nothing of what is in it."""


@attrs.frozen
class Held:
    """Holds many kinds of things."""

    n: int = 0
    ratio: float = 0.0
    texts: tuple[str, ...] = ()
    by_name: dict[str, list[int]] = attrs.field(factory=dict[str, list[int]])
    pair: tuple[int, str] | None = None
    tags: frozenset[str] = frozenset()
    kind: Literal["a", 1] = "a"
    mood: Mood = Mood.CALM
    said: Said | None = None
    at: dt.datetime | None = None
    id: UUID | None = None
    price: Decimal = Decimal(0)
    took: dt.timedelta = dt.timedelta(0)
    data: bytes = b""


some_said = some.builds(
    Said, texts, texts, some.floats(allow_nan=False), some.sampled_from(Mood)
)
some_held = some.builds(
    Held,
    n=some.integers() | some.booleans(),
    ratio=some.floats(allow_nan=False) | some.integers(),
    texts=some.lists(texts, max_size=3).map(tuple),
    by_name=some.dictionaries(texts, some.lists(some.integers(), max_size=2)),
    pair=some.none() | some.tuples(some.integers(), texts),
    tags=some.frozensets(texts, max_size=3) | some.sets(texts, max_size=2),
    kind=some.sampled_from(["a", 1]),
    mood=some.sampled_from(Mood),
    said=some.none() | some_said | some.builds(Quoted, texts, texts),
    at=some.none() | some.datetimes(timezones=some.sampled_from([None, dt.UTC, CET])),
    id=some.none() | some.uuids(),
    price=some.decimals(allow_nan=False),
    took=some.timedeltas(),
    data=some.binary(max_size=9),
)
HELD = values_of(list[Held], (Quoted,))


@given(some.lists(some_held, max_size=4))
def test_a_value_of_its_type_comes_back_as_it_was(value: list[Held]) -> None:
    """In one way or in the other: equal, and of the same types."""
    assert same(again(HELD, value), value)


@given(anything)
def test_a_value_of_another_type_is_refused_or_comes_back(value: Any) -> None:
    """It is never written so that it cannot be read."""
    for values in EACH_DECLARED:
        try:
            body = values.encode(value, Where.PROMPT)
        except TypeError:
            continue
        assert same(values.decode(body, Where.PROMPT), value)


@given(some.binary(max_size=30))
def test_bytes_of_something_else_are_refused(data: bytes) -> None:
    """Or are, by chance, a value."""
    for values in EACH_DECLARED:
        for head in (b"P\x01", b"T\x01\x00", b"T\x01\x04abcd"):
            with contextlib.suppress(CodecError):
                values.decode(head + data, Where.PROMPT)


KNOWN = [
    (None, None),
    (int, 3),
    (str, "ü"),
    (Said, Said("a", "b", 1.0, Mood.LOUD)),
    (tuple[Said, ...], (Said("a", "b"),) * 3),
    (list[Point], [Point(1, 2.0)]),
    (Pair, Pair("a", 2)),
    (Options, {"size": 3}),
    (Said | None, None),
    (dict[tuple[int, int], str], {(1, 2): "x"}),
    (dict[Mood, dt.date], {Mood.CALM: dt.date(2030, 1, 1)}),
    (Tree, Tree("a", Tree("b"), (Tree("c", None, (Tree("d"),)),))),
    (Ask | Tell, Tell("x")),
    (Ask, Ask("x", 3)),
    (Sequence[int], [1, 2]),
    (Mapping[str, int], {"a": 1}),
    (set[int], {1, 2}),
    (float | int | str, 3),
    (bytearray, bytearray(b"x")),
    (Annotated[int, msgspec.Meta(gt=3)], 4),
    (Literal["a", "b"], "b"),
    (typing.NewType("Id", int), 3),
    (dt.time | None, dt.time(1, 2, tzinfo=dt.UTC)),
]
EACH_DECLARED = [values_of(declared) for declared, _ in KNOWN]


@pytest.mark.parametrize(
    ("declared", "value"), KNOWN, ids=lambda each: shown(each)[:40]
)
def test_msgspec_writes_what_it_knows(declared: Any, value: Any) -> None:
    """And brings it back."""
    values = values_of(declared)

    assert way_of(values, value) in "PT"
    assert same(again(values, value), value)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (Any, 3),
        (object, 3),
        (Sized, 3),
        (Said | Note, Note("x")),
        (str | bytes, b"x"),
        (list[Any], [1]),
        (list, [1]),
        (Said | Any, Said("a", "b")),
        (Private, Private(1, 2)),
        (Shape, Shape.LINE),
        (Rights, Rights.READ),
        (Callable[[], int], 3),
        (T, 3),
        (list[T], [3]),  # type: ignore[valid-type]
        ("Nobody", 3),
    ],
    ids=lambda each: shown(each)[:40],
)
def test_of_what_it_does_not_know_the_walk_takes_care(
    declared: Any, value: Any
) -> None:
    """Classes that are named in the type need not be listed."""
    values = values_of(declared)

    assert way_of(values, value) == "U"
    assert same(again(values, value), value)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (float, 3),
        (int, True),
        (int, 2**70),
        (str, "\ud800"),
        (Said, Quoted("a", "b", source="c")),
        (dt.datetime, dt.datetime(2030, 1, 1, tzinfo=CET)),
        (dt.datetime, dt.datetime(2030, 1, 1, tzinfo=dt.UTC).replace(fold=1)),
        (dt.time, dt.time(3, tzinfo=CET)),
        (Sequence[int], (1, 2)),
        (typing.AbstractSet[int], frozenset({1})),
        (list[Counted], [Counted(1)]),
        (Counted, Counted(1)),
    ],
    ids=lambda each: shown(each)[:40],
)
def test_what_msgspec_would_bring_back_otherwise_goes_the_other_way(
    declared: Any, value: Any
) -> None:
    """Exactly as it is."""
    values = values_of(declared, (Quoted,))

    assert way_of(values, value) == "U"
    assert same(again(values, value), value)


def endless() -> list[Any]:
    """A list that contains itself."""
    found: list[Any] = []
    found.append(found)
    return found


@attrs.define
class Chain:
    """Can be made to contain itself."""

    next: Chain | None = None


def looped() -> Chain:
    """One that does."""
    found = Chain()
    found.next = found
    return found


@pytest.mark.parametrize(
    ("declared", "value", "words"),
    [
        (int, "3", "'3' of type str is no int"),
        (Said, Said("a", 3), r"3 of type int is no Said\.text: str"),  # type: ignore[arg-type]
        (tuple[Said, ...], (Said("a", "b"), Note("c")), "Note is no Said"),
        (int | None, "x", "str is no NoneType | int"),
        (int, 3.0, "float is no int"),
        (tuple[int, str], (1,), "a tuple has not 2 parts"),
        (Literal["a", 1], "b", "none of the values that are declared"),
        (Options, {"size": 1, "colour": 2}, "keys that are not declared"),
        (Options, {"size": "x"}, r"Options\.size"),
        (dict[str, int], {"a": "b"}, "str is no int"),
        (dict[str, int], {1: 1}, "int is no str"),
        (dict[str, int], collections.OrderedDict(), "OrderedDict would not come back"),
        (str, type("Text", (str,), {})("x"), "Text would not come back"),
        (Annotated[int, msgspec.Meta(gt=3)], 1, "could not be read again"),
        (Chain, looped(), "nested too deeply, or contains itself"),
        (list[list[int]], endless(), "list is no int|nested"),
        (Said, Said.__new__(Said), "not whole: who is not set"),
        (Said, Quoted("a", "b"), "Quoted would not come back as it is"),
        (Pair, ("a", 1), "tuple is no Pair"),
    ],
    ids=lambda each: shown(each)[:40],
)
def test_a_value_that_does_not_fit_is_refused(
    declared: Any, value: Any, words: str
) -> None:
    """With the place, the value and its type."""
    with pytest.raises(TypeError, match=words):
        values_of(declared).encode(value, Where.PROMPT)


def test_a_required_key_may_not_be_missing() -> None:
    """Of a TypedDict."""

    class Needs(TypedDict):
        size: int

    with pytest.raises(TypeError, match="a dict has no 'size'"):
        values_of(Needs).encode({}, Where.PROMPT)


def test_a_validator_that_refuses_what_was_written_is_heard_at_once() -> None:
    """Not when it is to be read."""

    @attrs.define(on_setattr=[])
    class Small:
        n: int = attrs.field(validator=attrs.validators.lt(10))

    value = Small(1)
    values = values_of(Small)

    assert way_of(values, value) == "T"
    value.n = 11
    with pytest.raises(TypeError, match="could not be read again"):
        values.encode(value, Where.PROMPT)


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        (Said, Said | Note, Said("a", "b")),
        (Said, Any, Said("a", "b")),
        (Said, Said | None, Said("a", "b")),
        (Any, Said, Said("a", "b")),
        (Any, str, "x"),
        (str, Any, "x"),
        (str, str | bytes, "x"),
        (dict[str, list[int]], Any, {"a": [1]}),
        (Said | Note, Note, Note("x")),
        (list[Said], tuple[Said, ...] | None, None),
    ],
    ids=lambda each: shown(each)[:40],
)
def test_a_body_is_read_whatever_is_declared_later(
    before: Any, after: Any, value: Any
) -> None:
    """Its first bytes say how it was written."""
    old, new = values_of(before, (Said,)), values_of(after, (Said,))
    if value is None:
        old = values_of(Any)
    body = old.encode(value, Where.PROMPT)

    assert same(new.decode(body, Where.PROMPT), value)


def test_a_body_whose_type_nobody_knows_any_more_is_refused() -> None:
    """Rather than read as something else."""
    body = values_of(tuple[Said, ...]).encode((Said("a", "b"),), Where.PROMPT)

    with pytest.raises(CodecError, match="written with a type, and none is declared"):
        UNTYPED.decode(body, Where.PROMPT)


def test_a_body_of_another_type_is_refused_without_its_text() -> None:
    """What an enum quotes is left out."""
    body = values_of(str).encode("secret", Where.PROMPT)

    for declared in (Mood, int, Said):
        with pytest.raises(CodecError) as caught:
            values_of(declared).decode(body, Where.PROMPT)
        assert caught.value.__cause__ is not None
        assert "secret" not in f"{caught.value} {caught.value.__cause__!r}"
        assert caught.value.__suppress_context__


def test_a_body_of_a_newer_release_says_so() -> None:
    """Its version is in its second byte."""
    with pytest.raises(CodecError, match="a newer release"):
        values_of(str).decode(b"P\x02abc", Where.PROMPT)
    with pytest.raises(CodecError, match="none of ours"):
        values_of(str).decode(b"XYabc", Where.PROMPT)
    with pytest.raises(CodecError, match="none of ours"):
        values_of(str).decode(b"", Where.PROMPT)
