"""Any value as a short text: of a stranger's class not a step is run."""

from __future__ import annotations

import enum
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import attrs

from actors import Actor, open_system
from supervision._view.values import show


class Trap:
    """Breaks whoever does anything with it."""

    def __repr__(self) -> str:
        raise AssertionError

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class Worse:
    """Breaks also who asks whether it is one of his."""

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise AssertionError


class Sly(str):
    """A text whose repr is a stranger's."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise AssertionError


class Colour(enum.Enum):
    """Of a stranger."""

    RED = 1


@attrs.frozen
class Point:
    """In slots."""

    x: int
    other: Any = None


@attrs.define
class Half:
    """A field of it is not set."""

    a: int = attrs.field(init=False)
    b: int = 2


@attrs.frozen(slots=False)
class Loose:
    """In a dictionary."""

    x: int


@dataclass
class Record:
    """Of the standard library."""

    name: str
    trap: Any


def function() -> None:
    """Do nothing."""


# no parameters of a test: pytest looks at those
ROWS: list[tuple[Any, str]] = [
    (None, "None"),
    (True, "True"),
    (12, "12"),
    (1.5, "1.5"),
    (1 << 1000, "<int of 1,001 bits>"),
    ("a'b", '"a\'b"'),
    (b"ab", "b'ab'"),
    ([1, [2, [3]]], "[1, [2, [...]]]"),
    ((1,), "(1)"),
    (list(range(10)), "[0, 1, 2, 3, 4, ...]"),
    ({1}, "{1}"),
    (frozenset({1}), "frozenset({1})"),
    ({"a": {"b": {"c": 1}}}, "{'a': {'b': {...}}}"),
    (dict.fromkeys(range(9), 0), "{0: 0, 1: 0, 2: 0, 3: 0, 4: 0, ...}"),
    (Point(1, Point(2)), "Point(x=1, other=Point(x=2, other=None))"),
    (Loose(3), "Loose(x=3)"),
    (Half(), "Half(b=2)"),
    (Record("a", Trap()), "Record(name='a', trap=<Trap>)"),
    (Trap(), "<Trap>"),
    ([Trap(), Trap], "[<Trap>, <class Trap>]"),
    (Sly("x"), "<Sly>"),
    (Colour.RED, "<Colour>"),
    (OrderedDict(a=1), "<OrderedDict>"),
    (function, "<function>"),
    ("x".upper, "<str.upper>"),
    (int, "<class int>"),
]


def test_a_value_is_written_by_what_python_knows_of_it() -> None:
    """Plain values, plain records; of others the name of the class."""
    found = [show(value) for value, _ in ROWS]

    assert found == [text for _, text in ROWS]


def test_not_even_its_class_is_asked_of_a_value() -> None:
    """`isinstance` would run a property of that name."""
    assert show((Worse(), Worse())) == "(<Worse>, <Worse>)"


def test_a_text_is_cut_before_it_is_written() -> None:
    """However long it is."""
    assert show("x" * 10_000_000, 20) == "'xxxxxxxxxxxxxxxx..."
    assert len(show([["x" * 1000] * 9] * 9)) == 100


async def test_a_ref_is_its_path() -> None:
    """An actor's name says more than its class."""

    class Quiet(Actor[str]):
        def receive(self, message: str) -> None:
            """Nothing."""

    async with open_system() as system:
        assert show(system.start(Quiet, name="quiet")) == "/quiet"
