"""How much a value holds: in proportion, each thing once, and no stranger's code."""

from __future__ import annotations

import math
import sys
from collections import deque
from typing import Any

import attrs
import pytest

from actors._sessions.sizes import rough_size

BIG = "x" * 100_000


@attrs.frozen
class Slotted:
    """A frozen value, with slots."""

    text: str
    other: object = None


class Plain:
    """An object with a dict."""

    def __init__(self, text: str) -> None:
        self.text = text


class Rude:
    """One whose code must not be run."""

    def __sizeof__(self) -> int:
        raise ValueError

    def __iter__(self) -> Any:
        raise AssertionError

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


class Lying(list[str]):
    """A list that says it is empty."""

    def __iter__(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize(
    "value",
    [
        BIG,
        BIG.encode(),
        [BIG],
        (1, BIG),
        {BIG},
        {"key": [{"deep": BIG}]},
        {BIG: 1},
        deque([BIG]),
        Slotted(BIG),
        Slotted("", Plain(BIG)),
        ValueError(BIG),
        Lying([BIG]),
    ],
)
def test_what_it_refers_to_counts(value: Any) -> None:
    """However it is held."""
    assert len(BIG) < rough_size(value, math.inf) < 110_000


def test_each_thing_counts_once() -> None:
    """Also one that holds itself."""
    ring: list[Any] = [BIG, BIG]
    ring.append(ring)

    assert rough_size(ring, math.inf) < 101_000


SHARED: list[Any] = [Slotted, sys, len, rough_size, deque[int]().append]


@pytest.mark.parametrize("value", SHARED)
def test_what_is_shared_by_all_does_not_count(value: Any) -> None:
    """Classes, modules and functions."""
    assert rough_size(value, math.inf) == 0


def test_nobody_elses_code_is_run() -> None:
    """What does not say how large it is counts a little."""
    assert 0 < rough_size(Rude(), math.inf) < 1000


def test_it_stops_when_it_knows_enough() -> None:
    """Above the most that is asked about, and after so many things."""
    assert rough_size([BIG] * 3 + [object()], 10) < 1000
    many = list(range(10**6, 10**6 + 10**5))
    assert rough_size(many, math.inf) < sys.getsizeof(many) + 400_000
