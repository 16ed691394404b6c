"""A state of an older release is brought to the version of the code, step by step."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._words.errors import CodecError
from tests.durable.codec.asking import Mood, Note, Said, session_of

# Any in this file: states are anything


@attrs.frozen
class Old:
    """The state of version 1."""

    text: str
    mood: Mood = Mood.LOUD


def codec(
    state: Any, version: int, upcasters: Any = None, types: tuple[type[Any], ...] = ()
) -> Values:
    """Make the codec of a class whose states have this type and version."""
    session = session_of(str, str, state)
    session.state_version = version
    return Values(session, upcasters=upcasters, types=types)


def split(plain: Any) -> Any:
    """Version 1 to 2: words instead of a text."""
    return {"words": plain["text"].split(), "mood": plain["mood"]}


def count(plain: Any) -> Any:
    """Version 2 to 3: their number, too."""
    return {**plain, "number": len(plain["words"])}


@attrs.frozen
class New:
    """The state of version 3."""

    words: tuple[str, ...]
    number: int
    mood: Mood


STEPS = {1: split, 2: count}


def test_a_version_is_one_if_nobody_says() -> None:
    """`state_version` is optional."""
    assert Values(session_of(str)).version == 1
    assert codec(str, 3).version == 3


def test_d66_upcasters_are_called_in_order() -> None:
    """Each is given what the one before has made."""
    body = codec(Old, 1).encode(Old("a b"), Where.STATE)
    new = codec(New, 3, STEPS)

    assert body[:1] == b"T"
    assert new.decode(body, Where.STATE, 1) == New(("a", "b"), 2, Mood.LOUD)
    middle = codec(dict[str, Any], 2).encode(
        {"words": ["x"], "mood": "calm"}, Where.STATE
    )
    assert new.decode(middle, Where.STATE, 2) == New(("x",), 1, Mood.CALM)


def test_a_state_of_this_version_is_read_as_it_is() -> None:
    """Said or not."""
    new = codec(New, 3, STEPS)
    body = new.encode(New((), 0, Mood.CALM), Where.STATE)

    assert new.decode(body, Where.STATE) == new.decode(body, Where.STATE, 3)


def test_a_state_that_no_type_was_declared_for_is_read_so_too() -> None:
    """The classes of then need not be there any more."""
    body = codec(Any, 1, types=(Old,)).encode(Old("a b"), Where.STATE)
    assert body[:1] == b"U"

    found = codec(New, 3, STEPS).decode(body, Where.STATE, 1)

    assert found == New(("a", "b"), 2, Mood.LOUD)


def test_where_no_type_is_declared_objects_have_the_names_of_their_classes() -> None:
    """An upcaster sees them, and may give others."""
    seen: list[Any] = []

    def rename(plain: Any) -> Any:
        seen.append(plain)
        said, *rest = plain
        return ({**said, "text": "new"}, *rest, {"__class__": NOTE, "text": "more"})

    name = "tests.durable.codec.asking"
    NOTE = f"{name}.Note"  # noqa: N806
    state = (Said("a", "b"), {1: [Mood.CALM], "set": frozenset({2})})
    body = codec(Any, 1, types=(Said,)).encode(state, Where.STATE)
    found = codec(Any, 2, {1: rename}, (Said, Note)).decode(body, Where.STATE, 1)

    mood = {"__class__": f"{name}.Mood", "name": "CALM"}
    assert seen == [
        (
            {
                "__class__": f"{name}.Said",
                "who": "a",
                "text": "b",
                "at": 0.0,
                "mood": mood,
            },
            {1: [mood], "set": frozenset({2})},
        )
    ]
    assert found == (
        Said("a", "new"),
        {1: [Mood.CALM], "set": frozenset({2})},
        Note("more"),
    )


def repeat(plain: Any) -> Any:
    """Make objects."""
    return [Note("x")] * plain["n"]


def fall(plain: Any) -> Any:
    """Be wrong."""
    return plain / 0


def shrug(plain: Any) -> Any:
    """Be wrong in silence."""
    return str(plain)


def test_builtin_states_of_a_declared_type_are_read_so_too() -> None:
    """And an upcaster may make objects itself."""
    body = codec(dict[str, int], 1).encode({"n": 3}, Where.STATE)
    new = codec(list[Note], 2, {1: repeat})

    assert body[:1] == b"P"
    assert new.decode(body, Where.STATE, 1) == [Note("x")] * 3


@pytest.mark.parametrize(
    ("upcasters", "version", "words"),
    [
        ({}, 1, r"it has version 1, and there is no upcasters\[1\] on the way to 3"),
        ({1: split}, 1, r"no upcasters\[2\]"),
        ({1: split, 2: fall}, 1, r"upcasters\[2\] raised TypeError"),
        (STEPS, 4, "it has version 4, and this code knows 3 at most"),
        (STEPS, 0, r"no upcasters\[0\]"),
        ({1: split, 2: shrug}, 1, "not of its type: Expected `object"),
    ],
)
def test_a_state_that_cannot_be_brought_says_why(
    upcasters: Any, version: int, words: str
) -> None:
    """The key is held then, and nothing is lost."""
    body = codec(Old, 1).encode(Old("a b"), Where.STATE)

    with pytest.raises(CodecError, match=words) as caught:
        codec(New, 3, upcasters).decode(body, Where.STATE, version)
    assert "raised" not in words or isinstance(caught.value.__cause__, TypeError)


@attrs.frozen
class Renamed:
    """As `Old`, with another name for its one field."""

    label: str


def test_a_field_that_is_missing_is_named() -> None:
    """Where `state_version` was forgotten: what is stored has the old name."""
    body = codec(Old, 1).encode(Old("a secret"), Where.STATE)

    with pytest.raises(
        CodecError, match=r"not of its type: .* field `label`"
    ) as caught:
        codec(Renamed, 1).decode(body, Where.STATE, 1)
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


def test_bytes_that_are_no_state_are_refused_in_any_version() -> None:
    """Before any upcaster is called."""
    with pytest.raises(CodecError, match="a state cannot be read"):
        codec(New, 3, STEPS).decode(b"", Where.STATE, 1)
    with pytest.raises(CodecError, match="a state cannot be read"):
        codec(New, 3, STEPS).decode(b"U\x01\xc1", Where.STATE, 1)


@pytest.mark.parametrize(
    ("version", "upcasters", "error"),
    [
        (0, {}, ValueError),
        ("1", {}, TypeError),
        (2, {0: split}, ValueError),
        (2, {1: "split"}, TypeError),
    ],
)
def test_what_is_no_version_is_refused(
    version: Any, upcasters: Any, error: type[Exception]
) -> None:
    """When the codec is made."""
    with pytest.raises(error):
        codec(str, version, upcasters)
