"""Where no type is declared, what comes back is what was given, or it is refused."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
import zoneinfo
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from supervision.durable._codec.classes import Classes, name_of
from supervision.durable._codec.plain import pack
from supervision.durable._codec.protocol import Where
from supervision.durable._words.errors import CodecError
from tests.durable.codec.asking import (
    UNTYPED,
    Counted,
    Mood,
    Note,
    Pair,
    Point,
    Private,
    Rights,
    Said,
    again,
    anything,
    same,
    values_of,
    way_of,
)

# Any in this file: values are anything


@given(anything)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    """Equal, and of the same types."""
    assert same(again(UNTYPED, value), value)


@given(some.binary(max_size=40))
def test_bytes_that_are_no_body_are_refused(data: bytes) -> None:
    """Whatever they are."""
    for head in (b"", b"U\x01", b"P\x01", b"T\x01", b"T\x01\x00", b"O\x01", b"J\x01"):
        for where in Where:
            with contextlib.suppress(CodecError):
                UNTYPED.decode(head + data, where)


@given(anything, some.data())
def test_a_body_with_one_byte_changed_gives_a_value_or_is_refused(
    value: Any, data: some.DataObject
) -> None:
    """It never crashes who reads it."""
    body = bytearray(UNTYPED.encode(value, Where.PROMPT))
    body[data.draw(some.integers(0, len(body) - 1))] = data.draw(some.integers(0, 255))
    with contextlib.suppress(CodecError):
        UNTYPED.decode(bytes(body), Where.PROMPT)


@given(anything, some.data())
def test_half_a_body_is_refused(value: Any, data: some.DataObject) -> None:
    """As is an empty one."""
    body = UNTYPED.encode(value, Where.PROMPT)
    with pytest.raises(CodecError):
        UNTYPED.decode(body[: data.draw(some.integers(0, len(body) - 1))], Where.PROMPT)


class Text(str):
    """A str of its own."""

    __slots__ = ()


class Stranger:
    """Nobody has listed it."""


@attrs.frozen
class Unlisted:
    """Nor this."""

    x: int = 0


def endless() -> list[Any]:
    """A list that contains itself."""
    found: list[Any] = []
    found.append(found)
    return found


def not_whole() -> Private:
    """An object without its fields."""
    return Private.__new__(Private)


BERLIN = dt.datetime(2030, 1, 1, tzinfo=zoneinfo.ZoneInfo("Etc/GMT-1"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Text("x"), "'x' of type .*Text would not come back as it is: use"),
        ([{"a": (Stranger(),)}], "Stranger .*declare some of: attrs"),
        (Unlisted(), "Unlisted would not .*list it in types="),
        (collections.OrderedDict([("a", 1)]), "OrderedDict"),
        (collections.Counter("a"), "Counter"),
        (Rights.READ | Rights.WRITE, "Rights"),
        (True + 1j, "complex"),
        (range(3), "range"),
        (print, "builtin_function"),
        (Said, "type"),
        (ValueError("x"), "ValueError"),
        (endless(), "nested too deeply, or contains itself"),
        (BERLIN, "zone of type ZoneInfo"),
        (not_whole(), "Private is not whole"),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
def test_what_would_not_come_back_is_refused(value: Any, words: str) -> None:
    """With its type, and what to do."""
    with pytest.raises(TypeError, match=f"a prompt cannot be stored: .*{words}"):
        UNTYPED.encode(value, Where.PROMPT)


def test_a_combination_of_flags_without_a_name_is_refused() -> None:
    """A member that is named may be listed."""
    values = values_of(Any, (Rights,))

    assert again(values, Rights.READ) is Rights.READ
    with pytest.raises(TypeError, match=r"no member of .*Rights with a name"):
        values.encode(Rights.READ | Rights.WRITE, Where.PROMPT)


def test_a_class_that_is_not_listed_any_more_is_named() -> None:
    """By its name alone, and only if that is one."""
    body = values_of(Any, (Said,)).encode(Said("secret", "secret"), Where.PROMPT)

    with pytest.raises(CodecError) as caught:
        values_of(Any, ()).decode(body, Where.PROMPT)
    with pytest.raises(CodecError) as other:
        values_of(Any, ()).decode(body.replace(b".Said", b"? aid"), Where.PROMPT)

    assert f"an object of {name_of(Said)}, which is neither declared nor" in str(
        caught.value
    )
    assert "an object of a class, which is neither" in str(other.value)
    assert "secret" not in f"{caught.value} {caught.value.__cause__!r} {other.value}"


def test_a_refusal_shows_little_of_the_value() -> None:
    """Sixty characters are enough to know it by."""
    with pytest.raises(TypeError) as caught:
        UNTYPED.encode(Text("secret " * 1000), Where.PROMPT)

    assert len(str(caught.value)) < 300


def test_a_value_whose_repr_fails_is_refused_like_any_other() -> None:
    """Its class is shown."""

    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError

    with pytest.raises(TypeError, match="a Mute whose repr"):
        UNTYPED.encode(Mute(), Where.PROMPT)


def test_objects_are_made_without_their_hooks() -> None:
    """So exactly the fields come back that were there."""
    counted = Counted(1)

    assert counted.n == 2
    assert again(UNTYPED, counted).n == 2


def test_a_private_field_comes_back_too() -> None:
    """And one that is not in the constructor."""
    value = Private(1, 2)
    value.made = 9

    assert again(UNTYPED, value) == value
    assert again(UNTYPED, value).made == 9


def test_a_hash_that_is_kept_is_made_anew() -> None:
    """A class that caches it finds none at first."""

    @attrs.frozen(cache_hash=True)
    class Cached:
        x: int

    for values in (values_of(Any, (Cached,)), values_of(Cached)):
        assert hash(again(values, Cached(3))) == hash(Cached(3))


def test_fields_that_a_newer_class_has_get_their_defaults() -> None:
    """What it has no more is left out; what has no default is refused."""

    @attrs.frozen
    class Old:
        a: int
        b: int

    @attrs.frozen
    class New:
        a: int
        c: list[int] = attrs.field(factory=list[int])
        d: int = 4

    @attrs.frozen
    class Strict:
        z: int

    for cls in (Old, New, Strict):
        cls.__qualname__ = "Thing"
    old, new, strict = (values_of(Any, (cls,)) for cls in (Old, New, Strict))
    body = old.encode(Old(1, 2), Where.PROMPT)

    assert new.decode(body, Where.PROMPT) == New(1, [], 4)
    with pytest.raises(CodecError) as caught:
        strict.decode(body, Where.PROMPT)
    assert str(caught.value).endswith("Thing.z is missing")


def test_defaults_of_dataclasses_and_named_tuples_count_as_well() -> None:
    """Written by hand, as an older release would have."""
    plain = UNTYPED._plain
    point = plain.classes.of(Point)
    pair = plain.classes.of(Pair)
    assert point is not None
    assert pair is not None

    assert point.make({"x": 3}) == Point(3)
    assert pair.make({"left": "a"}) == Pair("a")
    with pytest.raises(ValueError, match=r"Point\.x is missing"):
        point.make({})
    with pytest.raises(ValueError, match=r"Pair\.left is missing"):
        pair.make({})


def test_two_classes_of_one_name_are_refused() -> None:
    """A body would not say which."""
    one, two = (attrs.make_class("Twin", ["x"]) for _ in range(2))

    with pytest.raises(ValueError, match=r"two classes have the name .*Twin"):
        values_of(Any, (one, two))
    assert values_of(Any, (one, one)).version == 1


@pytest.mark.parametrize("each", [int, Stranger, 3, "Said", ValueError])
def test_only_classes_with_fields_can_be_listed(each: Any) -> None:
    """Of others nobody knows what is in them."""
    with pytest.raises(TypeError, match="types= takes attrs classes"):
        values_of(Any, (each,))


def test_a_class_that_is_not_listed_any_more_is_not_made() -> None:
    """Nothing is imported by a name in a body."""
    body = UNTYPED.encode(Note("x"), Where.PROMPT)

    with pytest.raises(CodecError, match="a prompt cannot be read"):
        values_of(Any).decode(body, Where.PROMPT)


def test_classes_in_declared_types_need_not_be_listed() -> None:
    """Where msgspec does not take the type itself: a union of two."""
    values = values_of(Said | Note)

    assert way_of(values, Note("x")) == "U"
    assert again(values, Said("a", "b", mood=Mood.LOUD)).mood is Mood.LOUD


def test_an_unknown_tag_is_refused() -> None:
    """Say of a newer release."""
    body = b"U\x01" + msgspec.msgpack.encode([99, 1])

    with pytest.raises(CodecError) as caught:
        UNTYPED.decode(body, Where.PROMPT)
    assert "no part of a body" in str(caught.value.__cause__) or caught.value.__cause__


def test_the_classes_of_outcomes_have_public_names() -> None:
    """What is stored does not know where they are made."""
    names = {"actors.Limit", "actors.Preempted"}

    assert {Classes().named(each).name for each in names} == names


def test_what_has_no_fields_is_stored_too() -> None:
    """And what gets its defaults from a factory, or has none that can be made."""

    @attrs.frozen
    class Empty:
        pass

    @dataclasses.dataclass
    class Bag:
        things: list[int] = dataclasses.field(default_factory=list[int])

    @attrs.frozen
    class Double:
        n: int
        twice: int = attrs.Factory(lambda self: self.n * 2, takes_self=True)

    values = values_of(Any, (Empty, Bag, Double))

    assert again(values, [Empty(), Bag([1]), Double(2)]) == [
        Empty(),
        Bag([1]),
        Double(2),
    ]
    kinds = [values._plain.classes.of(each) for each in (Bag, Double)]
    assert kinds[0] is not None
    assert kinds[0].make({}) == Bag()
    with pytest.raises(ValueError, match="twice is missing"):
        assert kinds[1] is None or kinds[1].make({"n": 1})


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [99],
        ["x"],
        [6, "actors.Limit", "NEVER"],
        [6, "tests.durable.codec.asking.Said", "CALM"],
        [16, "x"],
        [16, 3],
        [17, "x"],
        [18, "2030-01-01", 3],
        [20, "x"],
        [23, "x"],
        [2, 1],
        [5, "actors.Preempted", "prompt"],
        [5, 3],
    ],
)
def test_a_tree_that_is_no_value_is_refused(tree: Any) -> None:
    """As an odd number of keys and values is."""
    with pytest.raises(CodecError, match="a prompt cannot be read"):
        UNTYPED.decode(b"U\x01" + msgspec.msgpack.encode(tree), Where.PROMPT)


def test_what_is_nested_so_deeply_that_it_cannot_be_written_is_refused() -> None:
    """By the writer, if not by the walk."""
    with pytest.raises(TypeError, match="nested too deeply"):
        pack(endless())
