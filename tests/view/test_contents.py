"""What conversations hold, as JSON: bounded, and no code of theirs is run."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import attrs
import pydantic
import pytest

from supervision._view.stored.contents import CHARACTERS, as_json


class Role(enum.Enum):
    """Who."""

    USER = 1


class Level(enum.IntEnum):
    """How much; a whole number too."""

    HIGH = 7


@attrs.frozen
class Said:
    """An entry."""

    role: Role
    text: str


@attrs.frozen(slots=False)
class Loose:
    """One with a dict."""

    inner: Said


@dataclass
class Row:
    """Of dataclasses."""

    number: int


class Model(pydantic.BaseModel):
    """Of pydantic."""

    words: list[str]


class Trap:
    """Its own code must not run."""

    def __repr__(self) -> str:
        raise AssertionError

    __str__ = __repr__


class TrapList(list[int]):
    """Goes through itself in a way of its own."""

    def __iter__(self) -> Iterator[int]:
        raise AssertionError


class TrapPair(tuple[int, ...]):
    """The same."""

    __slots__ = ()

    def __iter__(self) -> Iterator[int]:
        raise AssertionError


class Pair(NamedTuple):
    """A tuple with names."""

    a: int
    b: int


WHEN = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "right"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (2**64, "18446744073709551616"),
        ("\x1b\ud800 'x'", "\x1b\ud800 'x'"),
        (b"ab", "b'ab'"),
        ((1, "a"), [1, "a"]),
        ([{1, 2}], [[1, 2]]),
        ({"a": 1, 2: None}, {"a": 1, "2": None}),
        (Said(Role.USER, "hi"), {"role": "USER", "text": "hi"}),
        (Loose(Said(Role.USER, "")), {"inner": {"role": "USER", "text": ""}}),
        (Row(1), {"number": 1}),
        (Model(words=["a"]), {"words": ["a"]}),
        (Pair(1, 2), [1, 2]),
        (Level.HIGH, "HIGH"),
        (WHEN, "<datetime>"),
        (Trap(), "<Trap>"),
        (TrapList([1, 2]), [1, 2]),
        (TrapPair([1, 2]), [1, 2]),
    ],
)
def test_a_value_as_json(value: object, right: object) -> None:
    """Records are objects of their fields; of what is strange the class."""
    text = as_json(value)

    assert json.loads(text) == right
    assert text.isascii()
    assert "\n" not in text
    assert "\x1b" not in text


def test_a_proxy_is_not_asked_what_it_is() -> None:
    """A class that answers for another one is itself."""

    def fail(_: object) -> type:
        raise AssertionError

    proxy = type("Proxy", (), {"__class__": property(fail)})()

    assert as_json(proxy).startswith('"<')


def test_what_is_large_is_cut() -> None:
    """Texts, lists, depth; it says so."""
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]
    circle: list[Any] = []
    circle.append(circle)

    text = json.loads(as_json("x" * 10**6))
    texts = json.loads(as_json(["x" * 1000] * 1000))
    numbers = json.loads(as_json([*range(10_000)]))
    pairs = json.loads(as_json({each: each for each in range(10_000)}))

    assert text == "x" * CHARACTERS + "..."
    assert len(json.dumps(texts)) < CHARACTERS + 2000
    assert texts[-1] == "..."
    assert (len(numbers), numbers[-1]) == (2000, "...")
    assert len(pairs) <= 2000
    assert pairs["..."] == "..."
    assert "..." in as_json(deep)
    assert len(as_json(circle)) < 100
