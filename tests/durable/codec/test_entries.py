"""Entries of a history: of a type that stands in the class, with their own versions."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.durable import CodecError
from supervision.durable._codec.declared import UNKNOWN, Declared
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from tests.durable.codec.asking import Mood, Note, Said, session_of

# Any in this file: types and entries are anything


def session(entry_type: Any = None, **said: Any) -> Any:
    """Make a session class that says this."""
    made = session_of(str)
    made.entry_type = entry_type
    for name, value in said.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("said", "declared"),
    [
        (None, UNKNOWN),
        (Said, Said),
        (Said | Note, Said | Note),
        ("dict[str, int]", dict[str, int]),
    ],
)
def test_a_class_says_of_which_type_they_are(said: Any, declared: Any) -> None:
    """Or nothing."""
    assert Declared(session(said)).entry == declared


def test_they_are_written_by_their_type() -> None:
    """What is not of it is refused."""
    codec = Values(session(Said))
    said = Said("a", "b", mood=Mood.CALM)
    body = codec.encode(said, Where.ENTRY)

    assert body[:1] == b"T"
    assert codec.decode(body, Where.ENTRY) == said
    assert codec.decode(body, Where.ENTRY, 1) == said
    with pytest.raises(TypeError, match=r"an entry cannot be stored: .* is no "):
        codec.encode(Note("x"), Where.ENTRY)


def test_where_no_type_is_declared_they_are_builtin_values() -> None:
    """Or of the classes that the store knows."""
    codec = Values(session(), types=(Note,))
    for entry in (("a", 1, None), Note("x"), {"k": [1.5]}):
        assert codec.decode(codec.encode(entry, Where.ENTRY), Where.ENTRY) == entry
    with pytest.raises(TypeError, match="Said"):
        codec.encode(Said("a", "b"), Where.ENTRY)


def test_their_versions_are_not_those_of_the_state() -> None:
    """Each has its own way."""
    old = Values(session(str))
    new = Values(
        session(Note, entry_version=2, state_version=7),
        entry_upcasters={1: lambda plain: {"text": plain}},
    )
    body = old.encode("a", Where.ENTRY)

    assert (old.version, old.entry_version) == (1, 1)
    assert (new.version, new.entry_version) == (7, 2)
    assert new.decode(body, Where.ENTRY, 1) == Note("a")
    with pytest.raises(CodecError, match=r"an entry .*no entry_upcasters\[1\]"):
        Values(session(Note, entry_version=2)).decode(body, Where.ENTRY, 1)
    with pytest.raises(CodecError, match="version 2, and this code knows 1"):
        old.decode(new.encode(Note("a"), Where.ENTRY), Where.ENTRY, 2)


@pytest.mark.parametrize(
    ("said", "upcasters", "words"),
    [
        ({"entry_version": 0}, None, "entry_version"),
        ({"entry_version": "2"}, None, "entry_version"),
        ({}, {0: str}, "a version in entry_upcasters"),
        ({}, {1: "no function"}, r"entry_upcasters\[1\] must be a function"),
    ],
)
def test_what_is_no_version_is_refused(said: Any, upcasters: Any, words: str) -> None:
    """By name."""
    with pytest.raises((TypeError, ValueError), match=words):
        Values(session(str, **said), entry_upcasters=upcasters)
