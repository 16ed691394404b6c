"""The watchdog of a turn that has run for a while: it begins as if it had watched."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Limit, TurnPolicy
from actors._sessions.turns.watchdog import Over, Probe, Stalled, Watchdog

POLICY = TurnPolicy(
    time_limit=100.0, inactivity=20.0, alive_every=1000.0, stalls=(5.0, 8.0)
)
BEGUN = 3.0


@pytest.mark.parametrize(
    ("signed", "due"),
    [(None, 8.0), (3.0, 8.0), (4.0, 9.0), (50.0, 55.0), (99.0, 103.0)],
)
def test_silence_is_counted_from_the_latest_sign(
    signed: float | None, due: float
) -> None:
    """The first stall, or the turn's limit if that is earlier."""
    dog = Watchdog(POLICY, BEGUN, signed)

    assert dog.next() == due


def test_the_latest_sign_is_what_it_was_told() -> None:
    """Without one, the first step was it."""
    assert Watchdog(POLICY, BEGUN, 7.0).last_sign == 7.0
    assert Watchdog(POLICY, BEGUN).last_sign == BEGUN


def test_the_limit_is_counted_from_the_first_step() -> None:
    """A sign of life does not move it."""
    dog = Watchdog(POLICY, BEGUN, 102.0)

    assert dog.look(102.9) == []
    assert dog.look(103.0) == [Over(Limit.TIME)]


def test_inactivity_is_counted_from_the_latest_sign() -> None:
    """To the instant."""
    dog = Watchdog(POLICY, BEGUN, 10.0)

    assert dog.look(math.nextafter(30.0, 0.0)) == [Stalled(5.0), Stalled(8.0)]
    assert dog.look(30.0) == [Over(Limit.INACTIVITY)]


def test_the_session_is_asked_from_the_first_step_on() -> None:
    """A sign of life makes no question later."""
    dog = Watchdog(
        TurnPolicy(alive_every=6.0, inactivity=math.inf, stalls=()), BEGUN, 8.0
    )

    assert dog.next() == 9.0
    assert dog.look(9.0) == [Probe()]
    assert dog.next() == 15.0


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    begun=st.floats(0, 50),
    gaps=st.lists(st.floats(0, 4.5), max_size=8),
    until=st.floats(0, 60),
)
def test_it_makes_no_difference_when_one_begins_to_look(
    begun: float, gaps: list[float], until: float
) -> None:
    """Signs that came before anything was due: made late it is as made at once."""
    early = Watchdog(POLICY, begun)
    signed = begun
    for gap in gaps:
        signed += gap
        early.sign(signed)
    late = Watchdog(POLICY, begun, signed)

    now = signed + until
    assert late.next() == early.next()
    assert late.last_sign == early.last_sign
    assert late.look(now) == early.look(now)
    assert late.next() == early.next()
