"""`ends`: what follows a session's end, as a table; and the count of its crashes."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Aborted,
    CloseReason,
    Completed,
    Crashed,
    Exit,
    Failed,
    Finished,
    Killed,
    Outcome,
    SessionCrashedError,
    Stopped,
    TimedOut,
)
from actors.hosting import SHUT_DOWN, More
from supervision import Backoff, RestartLimit
from supervision._routing.parts.fates import Crashes, Fate, fate_of, tried_again
from tests.routing.parts.making import PROPERTY

BANG = RuntimeError("bang")
ORDERLY: tuple[Exit, ...] = (Finished(), Stopped(), Stopped("why"))
DISORDERLY: tuple[Exit, ...] = (Crashed(BANG), Killed())
WAIT = Backoff(1.0, 8.0, jitter=0.0, reset_after=10.0)


def no_jitter() -> float:
    """A random number that is never random."""
    return 0.0


@pytest.mark.parametrize("exit_", ORDERLY + DISORDERLY, ids=repr)
@pytest.mark.parametrize("starting", [False, True])
@pytest.mark.parametrize("planned", CloseReason)
def test_a_planned_end_is_what_was_planned(
    exit_: Exit, planned: CloseReason, *, starting: bool
) -> None:
    """A session that was to end is closed as was planned, however it has ended."""
    fate = fate_of(exit_, starting=starting, planned=planned)

    assert fate == (Fate.CLOSED, planned)


@pytest.mark.parametrize("exit_", ORDERLY + DISORDERLY, ids=repr)
def test_an_end_before_the_start_is_done_is_a_failed_start(exit_: Exit) -> None:
    """A session whose `started` was not done has failed to start, in any way."""
    fate = fate_of(exit_, starting=True, planned=None)

    assert fate == (Fate.UNSTARTED, CloseReason.FAILED_TO_START)


@pytest.mark.parametrize("exit_", ORDERLY, ids=repr)
def test_an_end_in_order_closes_the_key(exit_: Exit) -> None:
    """A session that ends in order, unasked, has finished."""
    fate = fate_of(exit_, starting=False, planned=None)

    assert fate == (Fate.CLOSED, CloseReason.FINISHED)


@pytest.mark.parametrize("exit_", DISORDERLY, ids=repr)
def test_a_crash_or_a_kill_is_replaced(exit_: Exit) -> None:
    """A session that crashes or is killed, unasked, has a successor."""
    fate = fate_of(exit_, starting=False, planned=None)

    assert fate == (Fate.REPLACED, CloseReason.CRASHED)


# -------------------------------------------------------------------- tried once more

CUT = Aborted(SHUT_DOWN)


@pytest.mark.parametrize(
    ("outcome", "ending", "tried"),
    [
        (Failed(error=SessionCrashedError("a")), False, 1),
        (Failed(error=SessionCrashedError("a")), True, 1),
        (Failed(error=BANG), False, None),
        (Failed(error=BANG), True, None),
        (Completed(), True, None),
        (TimedOut(), True, None),
        (CUT, False, None),
        (CUT, True, 1),
        (Aborted("why"), True, None),
    ],
    ids=repr,
)
def test_what_is_nobodys_fault_is_tried_again(
    outcome: Outcome, tried: int | None, *, ending: bool
) -> None:
    """As often as may be; what somebody has decided is decided."""
    more = More()
    more.attempts = 3

    assert tried_again(cut_short(), more, outcome, ending=ending) == tried
    more.tried = 1
    again = tried_again(cut_short(), more, outcome, ending=ending)
    assert again == (2 if tried else None)
    more.tried = 2
    assert tried_again(cut_short(), more, outcome, ending=ending) is None
    more.attempts, more.tried = 1, 0
    assert tried_again(cut_short(), more, outcome, ending=ending) is None


def test_whoever_gives_way_has_lost_no_try() -> None:
    """Nothing is wrong with it; a side question, or one that was to end, has ended."""
    more = More()
    more.attempts, more.tried = 3, 2

    def again(**what: Any) -> int | None:
        return tried_again(cut_short(**what), more, CUT, ending=True)

    assert again(returns=True) == 2
    assert again(returns=True, aside=True) is None
    assert again(returns=True, interrupted="") is None


def cut_short(
    *, aside: bool = False, interrupted: str | None = None, returns: bool = False
) -> Any:
    """What is asked of a turn.  Any: it stands for one."""
    extra = SimpleNamespace(returns=True) if returns else None
    return SimpleNamespace(aside=aside, interrupted=interrupted, extra=extra)


# ------------------------------------------------------------------------ the count


def charge(times: list[float], limit: RestartLimit) -> list[bool]:
    """Crash at these instants; what each was said to be."""
    crashes = Crashes()
    return [crashes.charge(BANG, now, limit) for now in times]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([0.0, 1.0, 2.0], [True, True, False]),
        ([0.0, 0.0, 0.0], [True, True, False]),
        ([0.0, 1.0, 10.0], [True, True, False]),  # both ends belong to the window
        ([0.0, 1.0, 10.1], [True, True, True]),  # the first is just out of it
        ([0.0, 1.0, 10.1, 10.9], [True, True, True, False]),
        ([0.0, 10.0, 20.0, 30.0], [True, True, True, True]),
        ([0.0, 10.0, 19.9], [True, True, True]),
        ([0.0, 10.0, 10.0, 20.0], [True, True, False, False]),
    ],
)
def test_the_window_is_inclusive(times: list[float], said: list[bool]) -> None:
    """Two crashes in any ten seconds are tolerated, both ends of the ten included."""
    assert charge(times, RestartLimit(2, within=10.0)) == said


def test_a_limit_of_none_tolerates_no_crash() -> None:
    """With a limit of 0 the first crash is one too many."""
    assert charge([0.0], RestartLimit(0, within=1.0)) == [False]


def test_a_window_without_end_counts_for_ever() -> None:
    """A window of `math.inf` forgets no crash."""
    limit = RestartLimit(1, within=math.inf)
    assert charge([0.0, 1e9], limit) == [True, False]


def test_the_latest_crash_is_kept() -> None:
    """The crash that counts as the cause is the latest; there is none at first."""
    crashes, limit = Crashes(), RestartLimit(5, within=1.0)
    assert crashes.latest is None
    assert len(crashes) == 0

    other = ValueError("other")
    crashes.charge(BANG, 0.0, limit)
    crashes.charge(other, 0.5, limit)

    assert crashes.latest is other
    assert len(crashes) == 2


@PROPERTY
@given(
    st.lists(st.integers(0, 8), max_size=25),
    st.integers(0, 4),
    st.integers(1, 12),
)
def test_a_crash_is_one_too_many_as_the_limit_says(
    gaps: list[int], restarts: int, within: int
) -> None:
    """Each crash counts those of the window that ends with it, itself included."""
    crashes, limit = Crashes(), RestartLimit(restarts, within=float(within))
    times: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        times.append(now)
        recent = sum(1 for each in times if each >= now - within)

        assert crashes.charge(BANG, now, limit) == (recent <= restarts)
        assert len(crashes) == recent


# -------------------------------------------------------------------------- the wait


def waits(times: list[float], backoff: Backoff = WAIT) -> list[float]:
    """End at these instants; how long the successors wait."""
    crashes = Crashes()
    return [crashes.wait(now, backoff, no_jitter) for now in times]


def test_the_wait_grows_in_a_row() -> None:
    """Ends in a row: each successor waits longer, up to the limit."""
    assert waits([0.0, 2.0, 5.0, 10.0, 19.0]) == [1.0, 2.0, 4.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("second", "wait"),
    [(1.0, 2.0), (10.999, 2.0), (11.0, 1.0), (50.0, 1.0)],
)
def test_quiet_ends_the_row(second: float, wait: float) -> None:
    """Quiet is counted from the end of the wait before; just enough of it is enough."""
    assert waits([0.0, second])[1] == wait


def test_a_row_goes_on_after_it_has_begun_anew() -> None:
    """After a quiet time the row begins anew, and grows as the first one did."""
    assert waits([0.0, 2.0, 100.0, 102.0, 105.0]) == [1.0, 2.0, 1.0, 2.0, 4.0]


def test_the_first_wait_is_the_first_whatever_the_clock_says() -> None:
    """A clock that is young still gives the first of a row, and a late one too."""
    assert waits([3.0]) == [1.0]
    assert waits([1e6]) == [1.0]


def test_the_jitter_is_added_and_belongs_to_the_wait() -> None:
    """With jitter the wait is longer, and quiet is counted from where it is over."""
    crashes = Crashes()
    backoff = Backoff(1.0, 8.0, jitter=1.0, reset_after=10.0)

    assert crashes.wait(0.0, backoff, lambda: 0.5) == 1.5
    assert crashes.wait(11.25, backoff, no_jitter) == 2.0
    assert crashes.wait(13.25 + 10.0, backoff, no_jitter) == 1.0


# -------------------------------------------------------------------- the quarantine


def test_a_quarantine_ends_the_trial_of_the_one_before() -> None:
    """After the new term one prompt is let in again, not refused as a second one."""
    crashes = Crashes()
    crashes.quarantine(0.0, WAIT, no_jitter)
    crashes.trial = True

    assert crashes.quarantine(1.0, WAIT, no_jitter) == 2.0

    assert (crashes.trial, crashes.until) == (False, 3.0)


@pytest.mark.parametrize(("second", "term"), [(10.999, 2.0), (11.0, 1.0)])
def test_quiet_after_a_quarantine_ends_the_row(second: float, term: float) -> None:
    """It is counted from the end of the term; just enough of it is enough."""
    crashes = Crashes()
    assert crashes.quarantine(0.0, WAIT, no_jitter) == 1.0

    assert crashes.quarantine(second, WAIT, no_jitter) == term


def test_a_pardon_ends_the_trial_and_forgets_the_crashes() -> None:
    """Not the row: the term of a quarantine soon after is the next one."""
    crashes, limit = Crashes(), RestartLimit(1, within=60.0)
    crashes.charge(BANG, 0.0, limit)
    crashes.quarantine(0.0, WAIT, no_jitter)
    crashes.trial = True

    crashes.pardon()

    assert (crashes.trial, len(crashes)) == (False, 0)
    assert crashes.charge(BANG, 1.0, limit)
    assert crashes.quarantine(1.0, WAIT, no_jitter) == 2.0
