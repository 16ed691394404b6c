"""Whether one session crashes or many: by how many keys, within how long."""

from __future__ import annotations

import pytest

from supervision import Backoff, RestartLimit
from supervision._routing.parts.fates import _MOST, Crashes, Outage

BANG = RuntimeError("bang")


@pytest.mark.parametrize(
    ("crashes", "said"),
    [
        ([("a", 0)] * 9, [False] * 9),  # one session, however often
        ([("a", 0), ("b", 1), ("c", 2)], [False] * 3),
        ([("a", 0), ("b", 1), ("c", 2), ("d", 10)], [False] * 3 + [True]),
        ([("a", 0), ("b", 1), ("c", 2), ("d", 10.5)], [False] * 4),  # a is long ago
        ([("a", 0), ("b", 1), ("c", 2), ("a", 9), ("d", 11)], [False] * 4 + [True]),
        ([("a", 0), ("b", 0), ("c", 0), ("d", 0), ("a", 1)], [False] * 3 + [True] * 2),
    ],
)
def test_an_outage_is_many_keys_in_a_short_time(
    crashes: list[tuple[str, float]], said: list[bool]
) -> None:
    """Three others within ten seconds."""
    outage = Outage()
    assert [outage.crashed(*each) for each in crashes] == said


def test_it_remembers_no_more_than_it_needs() -> None:
    """However many crash."""
    outage = Outage()
    for number in range(1000):
        outage.crashed(str(number), 0.0)
    assert len(outage._latest) == _MOST


def test_terms_grow_and_end_with_quiet() -> None:
    """Each is longer, until it was quiet for long enough; with jitter."""
    terms = Backoff(10.0, 40.0, jitter=0.5, reset_after=100.0)
    crashes = Crashes()
    said: list[float] = []
    for now in (0.0, 50.0, 100.0, 150.0, 289.0, 500.0):
        said.append(crashes.quarantine(now, terms, lambda: 0.0))
        assert crashes.until == now + said[-1]
    assert said == [10.0, 20.0, 40.0, 40.0, 40.0, 10.0]
    assert Crashes().quarantine(0.0, terms, lambda: 1.0) == 15.0


def test_a_pardon_forgets_the_crashes() -> None:
    """The limit is counted anew."""
    crashes, limit = Crashes(), RestartLimit(0, within=9.0)
    assert not crashes.charge(BANG, 0.0, limit)
    crashes.trial = True
    crashes.pardon()
    assert (len(crashes), crashes.trial) == (0, False)
