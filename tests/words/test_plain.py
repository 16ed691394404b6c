"""`plain`: any value as JSON, bounded, and never an error."""

from __future__ import annotations

import collections
import enum
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Actor, Crashed, open_system
from supervision._words.plain import plain

LOOP: list[object] = []
LOOP.append(LOOP)


class Colour(enum.Enum):
    """Plain members."""

    RED = 1


class Level(enum.IntEnum):
    """Members that are numbers."""

    HIGH = 3


class Word(str):
    """A text with a mind of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError


class Liar(dict[str, int]):
    """A mapping that fails when it is looked through."""

    def items(self) -> Iterator[tuple[str, int]]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        raise RuntimeError


class Silent:
    """Has no `repr` that works."""

    def __repr__(self) -> str:
        raise RuntimeError


class Quiet(Actor[int]):
    """Does nothing."""

    def receive(self, message: int) -> None:
        del message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        ("é", "é"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (2**63, str(2**63)),
        (10**5000, "(int: its repr() fails: ValueError)"),
        (Colour.RED, "RED"),
        (Level.HIGH, "HIGH"),
        (PurePosixPath("a/b"), "a/b"),
        (ValueError("x"), "ValueError: x"),
        (Crashed(ValueError("x")), "Crashed(error=ValueError('x'))"),
        (b"raw", "b'raw'"),
        ((1, [2, {3}]), [1, [2, [3]]]),
        ({"a": {1: 2}, None: 3}, {"a": {"1": 2}, "None": 3}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (LOOP, [[[[["[[...]]"]]]]]),
        (Silent(), "(Silent: its repr() fails: RuntimeError)"),
        (Word("x"), "(cannot be shown: RuntimeError)"),
        (Liar(a=1), "(cannot be shown: RuntimeError)"),
    ],
    ids=lambda value: type(value).__name__,  # their own words may fail
)
def test_what_is_no_json_is_said_in_words(value: object, shown: object) -> None:
    """JSON is what it is."""
    assert plain(value) == shown
    assert type(plain(value)) is type(shown)


async def test_a_ref_is_its_path() -> None:
    """Who reads a log looks for paths."""
    async with open_system() as system:
        ref = system.start(Quiet, name="quiet")

        assert plain([ref, (ref,)]) == ["/quiet", ["/quiet"]]


def test_a_field_that_holds_half_the_program_is_short() -> None:
    """Wide, deep or long: it is cut."""
    wide = plain([[0] * 1000] * 1000)
    deep: object = 1
    for _ in range(1000):
        deep = {"down": deep}

    assert len(json.dumps(wide)) < 10_000
    assert wide[-1] == "..."
    assert list(plain(dict.fromkeys(range(5000), 0)))[-2:] == ["1998", "..."]
    assert len(json.dumps(plain(deep))) < 3000
    assert len(plain("x" * 5000)) == 2000
    assert len(plain(b"x" * 5000)) == 2000


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text() | st.integers(), each),
    )
)
def test_the_result_is_always_json(value: object) -> None:
    """Strict JSON, without NaN."""
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == plain(value)
