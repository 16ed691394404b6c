"""A state with a field that its class has no more is not read: the field would be lost.

The next turn writes a state whole.  Somebody has renamed a field and forgotten
`state_version`, or has rolled back to a release that does not know it yet.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, TypedDict, cast

import attrs
import msgspec
import pytest
from hypothesis import given
from pydantic import BaseModel

from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._words.errors import CodecError
from tests.durable.codec.asking import TYPES, Pair, Said, Tree, anything, session_of

# Any in this file: states are anything


@attrs.frozen
class Old:
    """As the state was."""

    turns: int
    question: str = ""


@attrs.frozen
class New:
    """What it is now."""

    turns: int
    questions: tuple[str, ...] = ()


@dataclasses.dataclass
class OldPoint:
    """As it was."""

    x: int
    y: int = 0


@dataclasses.dataclass
class NewPoint:
    """What it is now."""

    x: int


class OldWords(TypedDict, total=False):
    """As it was."""

    text: str
    mood: str


class NewWords(TypedDict, total=False):
    """What it is now."""

    text: str


class OldStruct(msgspec.Struct, tag="it", rename="camel"):
    """As it was."""

    some_text: str
    the_mood: str = ""


class NewStruct(msgspec.Struct, tag="it", rename="camel"):
    """What it is now."""

    some_text: str


class OldModel(BaseModel):
    """As it was."""

    text: str
    mood: str = ""


class NewModel(BaseModel):
    """What it is now."""

    text: str


def codec(state: Any, *types: type[Any], **more: Any) -> Values:
    """Make the codec of a class with states of this type."""
    session = session_of(str, str, state)
    session.state_version = more.pop("version", 1)
    return Values(session, types=types, **more)


def read(old: Values, value: Any, new: Values) -> Any:
    """Have the new code read what the old one has written."""
    body = old.encode(value, Where.STATE)
    return new.decode(body, Where.STATE, old.version)


@pytest.mark.parametrize(
    ("old", "new", "value", "field"),
    [
        (Old, New, Old(1, "may I?"), "New.question"),
        (Old | None, New | None, Old(1), "New.question"),
        (list[Old], list[New], [Old(1)], "New.question"),
        (tuple[Old, int], tuple[New, int], (Old(1), 2), "New.question"),
        (dict[str, Old], dict[str, New], {"a": Old(1)}, "New.question"),
        (dict[int, Old], dict[int, New], {7: Old(1)}, "New.question"),
        (OldPoint, NewPoint, OldPoint(1, 2), "NewPoint.y"),
        (OldWords, NewWords, {"text": "a", "mood": "b"}, "'mood'"),
        (OldStruct, NewStruct, OldStruct("a", "b"), "NewStruct.theMood"),
    ],
)
def test_a_field_that_its_class_has_no_more_is_refused_by_name(
    old: Any, new: Any, value: Any, field: str
) -> None:
    """And so is the key of a TypedDict; wherever it stands."""
    with pytest.raises(CodecError, match=f"it has a field {field}, which this code"):
        read(codec(old), value, codec(new))


def test_so_it_is_where_no_type_is_declared() -> None:
    """Of classes that are listed, and of models."""
    for old, new, value in (
        (Old, New, Old(1, "may I?")),
        (OldModel, NewModel, OldModel(text="a", mood="b")),
    ):
        name, module = old.__qualname__, old.__module__
        renamed = cast("Any", type(name, (new,), {"__module__": module}))
        renamed.__qualname__ = name
        field = "question" if old is Old else "mood"
        states = ({"some": [value]}, "more", Pair("a"))
        with pytest.raises(CodecError, match=f"a field {name}.{field}, which"):
            read(codec(Any, old, Pair), states, codec(Any, renamed, Pair))


def test_an_upcaster_says_what_becomes_of_it() -> None:
    """Then it may go: somebody has thought of it."""

    def carry(plain: Any) -> Any:
        return {**plain, "questions": [plain["question"]]}

    new = codec(New, version=2, upcasters={1: carry})
    assert read(codec(Old), Old(1, "may I?"), new) == New(1, ("may I?",))

    def drop(plain: Any) -> Any:
        return plain

    new = codec(New, version=2, upcasters={1: drop})
    assert read(codec(Old), Old(1, "may I?"), new) == New(1)


def test_prompts_and_entries_are_not_written_again() -> None:
    """Nothing is lost by reading them."""
    body = Values(session_of(Old)).encode(Old(1, "x"), Where.PROMPT)

    assert Values(session_of(New)).decode(body, Where.PROMPT) == New(1)


def test_a_field_more_or_another_order_is_no_field_less() -> None:
    """Defaults are taken, as ever."""

    @attrs.frozen
    class More:
        question: str = ""
        turns: int = 0
        more: tuple[int, ...] = (1,)

    assert read(codec(Old), Old(2, "a"), codec(More)) == More("a", 2)
    assert read(codec(Said | Old), Said("a", "b"), codec(Tree | Said)) == Said("a", "b")


def test_what_is_remembered_of_an_object_is_no_field() -> None:
    """`cached_property` is written with it; on a class without slots anything is."""

    @attrs.frozen
    class Slots:
        x: int

        @functools.cached_property
        def twice(self) -> int:
            return 2 * self.x

    @attrs.define(slots=False)
    class Loose:
        x: int

        @functools.cached_property
        def twice(self) -> int:
            return 2 * self.x

    for cls in (Slots, Loose):
        value = cls(1)
        assert value.twice == 2
        assert read(codec(cls), value, codec(cls)) == cls(1)


@given(anything)
def test_what_this_code_has_written_it_can_read(value: Any) -> None:
    """Whatever it is."""
    values = codec(Any, *TYPES)
    body = values.encode(value, Where.STATE)

    values.decode(body, Where.STATE, 1)
