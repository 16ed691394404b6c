"""When a burst begins: a debounce with a cap, as arithmetic."""

from __future__ import annotations

import math
from typing import Any

import pytest

from actors import Batch
from actors.hosting import FOLLOW_UP
from supervision._routing.parts.busy import AT_ONCE, begins_at
from tests.routing.parts.making import lane, receipt, take_back

W = Batch(prompts=3, weight=10.0, window=2.0)


@pytest.mark.parametrize(
    ("batch", "sent", "due"),
    [
        (None, [5], AT_ONCE),
        (Batch(), [5], AT_ONCE),
        (W, [], AT_ONCE),
        (W, [5], 7.0),  # `window` after the latest
        (W, [5, 6], 8.0),
        (W, [5, 14], 15.0),  # `max_wait` after the first: five windows
        (W, [5, 6, 7], AT_ONCE),  # it is full
        (W, [5, 6, 7, 8], AT_ONCE),  # and more than that
        (Batch(prompts=9, window=2.0, max_wait=3.0), [5, 6, 7], 8.0),
        (Batch(prompts=9, window=2.0, max_wait=1.0), [5], 6.0),
        (Batch(prompts=1, window=2.0), [5], AT_ONCE),
        (Batch(window=math.inf, max_wait=4.0), [5, 6], 9.0),
    ],
)
def test_the_moment_ends(batch: Batch | None, sent: list[int], due: float) -> None:
    """By the latest prompt, by the first, or because the turn is full."""
    home = lane()
    for instant in sent:
        home.push(receipt(home, instant))  # accepted at its number

    assert begins_at(home, batch) == due


@pytest.mark.parametrize(
    "sent",
    [
        [{"weight": 10.0}],
        [{"weight": 6.0}, {"weight": 5.0}],
        [{}, {"kind": FOLLOW_UP}],
        [{}, {"stream": object()}],
        [{"kind": FOLLOW_UP}],
        [{"stream": object()}, {}],
    ],
)
def test_it_ends_at_once_when_nothing_more_could_join(sent: list[Any]) -> None:
    """By weight; or what waits behind shares no turn; or what is first does not."""
    home = lane()
    for number, options in enumerate(sent, 1):
        home.push(receipt(home, number, **options))

    assert begins_at(home, W) == AT_ONCE


def test_what_was_taken_back_does_not_count() -> None:
    """The moment is that of the prompts which are left."""
    home = lane()
    first, latest = receipt(home, 5), receipt(home, 6)
    home.push(first)
    home.push(latest)
    take_back(home, latest)

    assert begins_at(home, W) == 7.0
