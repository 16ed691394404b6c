"""The words of supervision and the books of restarts, row by row.

Nothing here needs Trio: time is a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from actors import Crashed, Exit, Finished, Killed, Stopped
from supervision import Backoff, Restart, RestartLimit, RestartRecord
from supervision._trees.pure.ledger import LATEST, Ledger

INF = math.inf
NAN = math.nan
CRASHED = Crashed(RuntimeError("boom"))
PERMANENT, TRANSIENT, TEMPORARY = (
    Restart.PERMANENT,
    Restart.TRANSIENT,
    Restart.TEMPORARY,
)


def make(cls: Callable[..., object], *args: object, **options: object) -> object:
    """Call a constructor with arguments of any type."""
    return cls(*args, **options)


def no_jitter() -> float:
    """Stand for `random.random`, at its least."""
    return 0.0


def half() -> float:
    """Stand for `random.random`, in its middle."""
    return 0.5


# -------------------------------------------------------------- who comes back


@pytest.mark.parametrize(
    ("restart", "exit_", "wanted"),
    [
        (PERMANENT, Finished(), True),
        (PERMANENT, Stopped(), True),
        (PERMANENT, Stopped("enough"), True),
        (PERMANENT, CRASHED, True),
        (PERMANENT, Killed(), True),
        (TRANSIENT, Finished(), False),
        (TRANSIENT, Stopped(), False),
        (TRANSIENT, Stopped("enough"), False),
        (TRANSIENT, CRASHED, True),
        (TRANSIENT, Killed(), True),
        (TEMPORARY, Finished(), False),
        (TEMPORARY, Stopped(), False),
        (TEMPORARY, Stopped("enough"), False),
        (TEMPORARY, CRASHED, False),
        (TEMPORARY, Killed(), False),
    ],
)
def test_the_restart_type_and_the_exit_say_who_comes_back(
    restart: Restart, exit_: Exit, *, wanted: bool
) -> None:
    """PERMANENT always, TRANSIENT when it did not end in order, TEMPORARY never."""
    assert restart.wants(exit_) is wanted


# -------------------------------------------------------------- wrong limits, backoffs

TOO_LONG = "must be seconds that a float holds: for ever is math.inf"


@pytest.mark.parametrize(
    ("args", "options", "error", "text"),
    [
        (("3",), {"within": 5}, TypeError, "restarts must be an int, got '3'"),
        ((3.0,), {"within": 5}, TypeError, "restarts must be an int, got 3.0"),
        ((True,), {"within": 5}, TypeError, "restarts must be an int, got True"),
        ((None,), {"within": 5}, TypeError, "restarts must be an int, got None"),
        ((-1,), {"within": 5}, ValueError, "restarts must be at least 0, got -1"),
        (
            (3,),
            {"within": "5"},
            TypeError,
            "within must be a number of seconds, got '5'",
        ),
        (
            (3,),
            {"within": True},
            TypeError,
            "within must be a number of seconds, got True",
        ),
        (
            (3,),
            {"within": None},
            TypeError,
            "within must be a number of seconds, got None",
        ),
        ((3,), {"within": 0}, ValueError, "within must be above 0 seconds, got 0"),
        ((3,), {"within": 0.0}, ValueError, "within must be above 0 seconds, got 0.0"),
        ((3,), {"within": -1}, ValueError, "within must be above 0 seconds, got -1"),
        ((3,), {"within": NAN}, ValueError, "within must be above 0 seconds, got nan"),
        ((3,), {"within": 10**400}, ValueError, f"within {TOO_LONG}"),
    ],
)
def test_a_wrong_limit_is_refused(
    args: tuple[Any, ...],
    options: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    """At the call, with a text that names the field and what it was."""
    with pytest.raises(error) as caught:
        make(RestartLimit, *args, **options)

    assert str(caught.value) == text


def test_a_limit_says_within_by_its_name() -> None:
    """Nobody mistakes the seconds for the number."""
    with pytest.raises(TypeError):
        make(RestartLimit, 3, 5.0)
    with pytest.raises(TypeError):
        make(RestartLimit, 3)


@pytest.mark.parametrize(
    ("args", "options", "error", "text"),
    [
        ((0, 1), {}, ValueError, "first must be above 0 seconds, got 0"),
        ((-1, 1), {}, ValueError, "first must be above 0 seconds, got -1"),
        ((NAN, 1), {}, ValueError, "first must be above 0 seconds, got nan"),
        ((10**400, 1), {}, ValueError, f"first {TOO_LONG}"),
        ((1, 10**400), {}, ValueError, f"limit {TOO_LONG}"),
        (
            (1, 1),
            {"factor": 10**400},
            ValueError,
            f"factor must be finite and at least 1, got 1{'0' * 39}",
        ),
        (("1", 1), {}, TypeError, "first must be a number of seconds, got '1'"),
        ((True, 1), {}, TypeError, "first must be a number of seconds, got True"),
        ((1, 0), {}, ValueError, "limit must be above 0 seconds, got 0"),
        ((1, 0.5), {}, ValueError, "limit must be finite and at least 1, got 0.5"),
        ((1, NAN), {}, ValueError, "limit must be above 0 seconds, got nan"),
        ((1, None), {}, TypeError, "limit must be a number of seconds, got None"),
        (
            (1, 2),
            {"factor": 0.9},
            ValueError,
            "factor must be finite and at least 1, got 0.9",
        ),
        (
            (1, 2),
            {"factor": NAN},
            ValueError,
            "factor must be finite and at least 1, got nan",
        ),
        ((1, 2), {"factor": "2"}, TypeError, "factor must be a number, got '2'"),
        ((1, 2), {"factor": True}, TypeError, "factor must be a number, got True"),
        ((1, INF), {}, ValueError, "limit must be finite and at least 1, got inf"),
        ((INF, INF), {}, ValueError, "limit must be finite and at least inf, got inf"),
        ((1, 2), {"factor": INF}, ValueError, "factor must be finite and at least 1"),
        ((1, 2), {"jitter": INF}, ValueError, "jitter must be finite and at least 0"),
        (
            (1, 2),
            {"jitter": -0.1},
            ValueError,
            "jitter must be finite and at least 0, got -0.1",
        ),
        (
            (1, 2),
            {"jitter": NAN},
            ValueError,
            "jitter must be finite and at least 0, got nan",
        ),
        ((1, 2), {"jitter": None}, TypeError, "jitter must be a number, got None"),
        (
            (1, 2),
            {"reset_after": 0},
            ValueError,
            "reset_after must be above 0 seconds, got 0",
        ),
        (
            (1, 2),
            {"reset_after": -1},
            ValueError,
            "reset_after must be above 0 seconds, got -1",
        ),
        (
            (1, 2),
            {"reset_after": "1"},
            TypeError,
            "reset_after must be a number of seconds, got '1'",
        ),
    ],
)
def test_a_wrong_backoff_is_refused(
    args: tuple[Any, ...],
    options: dict[str, Any],
    error: type[Exception],
    text: str,
) -> None:
    """At the call, with a text that names the field and what it was."""
    with pytest.raises(error) as caught:
        make(Backoff, *args, **options)

    assert str(caught.value).startswith(text)


# -------------------------------------------------------------- the wait


@pytest.mark.parametrize(
    ("backoff", "n", "random", "seconds"),
    [
        (Backoff(1, 30, jitter=0), 0, half, 1),
        (Backoff(1, 30, jitter=0), 1, half, 2),
        (Backoff(1, 30, jitter=0), 4, half, 16),
        (Backoff(1, 30, jitter=0), 5, half, 30),  # 32 is above the limit
        (Backoff(1, 30, jitter=0), 6, half, 30),
        (Backoff(1, 32, jitter=0), 5, half, 32),  # exactly the limit
        (Backoff(0.5, 9, factor=3, jitter=0), 0, half, 0.5),
        (Backoff(0.5, 9, factor=3, jitter=0), 2, half, 4.5),
        (Backoff(0.5, 9, factor=3, jitter=0), 3, half, 9),
        (Backoff(2, 2, jitter=0), 0, half, 2),  # the same for ever
        (Backoff(2, 2, jitter=0), 9, half, 2),
        (Backoff(2, 9, factor=1, jitter=0), 9, half, 2),
        # the jitter is a share of the wait, and goes beyond the limit
        (Backoff(1, 30), 0, no_jitter, 1),
        (Backoff(1, 30), 0, half, 1.1),
        (Backoff(1, 30, jitter=1), 0, half, 1.5),
        (Backoff(1, 30, jitter=1), 1, half, 3),
        (Backoff(1, 30, jitter=1), 9, half, 45),
        (Backoff(1, 30, jitter=2), 0, half, 2),
        # numbers that no float can hold are above every limit
        (Backoff(1, 30, factor=2.0, jitter=0), 5000, half, 30),
        (Backoff(1, 30, factor=2, jitter=0), 5000, half, 30),
        (Backoff(1.5, 30, factor=10, jitter=0), 400, half, 30),
    ],
)
def test_the_wait_grows_up_to_its_limit(
    backoff: Backoff, n: int, random: Callable[[], float], seconds: float
) -> None:
    """`min(limit, first * factor**n)`, and a share of it at random."""
    assert backoff.seconds(n, random) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("backoff", "quiet"),
    [
        (Backoff(1, 30), 15.5),
        (Backoff(2, 2), 2),
        (Backoff(1, 30, reset_after=INF), INF),
        (Backoff(1, 30, reset_after=4), 4),
        (Backoff(1, 30, reset_after=0.25), 0.25),
    ],
)
def test_the_quiet_that_ends_a_row_is_half_way_by_default(
    backoff: Backoff, quiet: float
) -> None:
    """As Akka's: the mean of `first` and `limit`."""
    assert backoff.quiet == quiet


def test_the_defaults_of_a_backoff_double_and_scatter() -> None:
    """Factor 2, jitter 0.2, no `reset_after`."""
    backoff = Backoff(1, 30)

    assert (backoff.factor, backoff.jitter, backoff.reset_after) == (2.0, 0.2, None)


# -------------------------------------------------------------- the books


def charge(ledger: Ledger, at: float, id_: str = "a", delay: float = 0.0) -> bool:
    """Enter a restart of a child that has crashed."""
    return ledger.charge((at, id_, CRASHED, delay))


def charges(limit: RestartLimit | None, *stamps: float) -> list[bool]:
    """What a new ledger says to a restart at each of these times."""
    ledger = Ledger(limit)
    return [charge(ledger, at) for at in stamps]


EDGE = 0.1 + 5.0  # the last instant of the window that a restart at 0.1 belongs to


@pytest.mark.parametrize(
    ("limit", "stamps", "allowed"),
    [
        (RestartLimit(0, within=5), [0], [False]),
        (RestartLimit(0, within=5), [0, 9], [False, False]),
        (RestartLimit(0, within=INF), [7], [False]),
        (RestartLimit(1, within=5), [0, 1], [True, False]),
        (RestartLimit(2, within=5), [0, 0, 0], [True, True, False]),
        (RestartLimit(3, within=5), [0, 1, 2, 3], [True, True, True, False]),
        # a restart that is exactly `within` old counts, a later one does not
        (RestartLimit(1, within=5), [0, 5], [True, False]),
        (RestartLimit(1, within=5), [0, math.nextafter(5, INF)], [True, True]),
        (RestartLimit(1, within=5), [0.1, EDGE], [True, False]),
        (RestartLimit(1, within=5), [0.1, math.nextafter(EDGE, INF)], [True, True]),
        (RestartLimit(2, within=5), [0, 1, 5], [True, True, False]),
        (RestartLimit(2, within=5), [0, 1, 5.01], [True, True, True]),
        # the window slides: it never starts anew by itself
        (RestartLimit(2, within=5), [0, 4, 5.5, 8], [True, True, True, False]),
        (RestartLimit(1, within=1), [0, 1.5, 3, 4.5], [True] * 4),
        (RestartLimit(1, within=1), [0, 1.5, 2.5], [True, True, False]),
        # one too many counts as well
        (RestartLimit(1, within=5), [0, 5, 10], [True, False, False]),
        (RestartLimit(1, within=5), [0, 5, 10.1], [True, False, True]),
        # for ever
        (RestartLimit(2, within=INF), [0, 1e6, 1e12], [True, True, False]),
        (None, [0] * 100, [True] * 100),
    ],
)
def test_the_window_slides_and_both_its_ends_count(
    limit: RestartLimit | None, stamps: list[float], allowed: list[bool]
) -> None:
    """At most `restarts` in any `within` seconds; `now <= then + within` counts."""
    assert charges(limit, *stamps) == allowed


def test_counted_are_the_records_in_the_window() -> None:
    """The oldest first, the one that was too many last; older ones are only records."""
    ledger = Ledger(RestartLimit(2, within=5))
    for number, at in enumerate([0.0, 3.0, 6.0, 8.0]):
        charge(ledger, at, f"c{number}", number / 2)

    assert ledger.counted() == (
        RestartRecord(3.0, "c1", CRASHED, 0.5),
        RestartRecord(6.0, "c2", CRASHED, 1.0),
        RestartRecord(8.0, "c3", CRASHED, 1.5),
    )
    assert ledger.records() == (
        RestartRecord(0.0, "c0", CRASHED, 0.0),
        *ledger.counted(),
    )


def test_without_a_limit_there_are_records_too() -> None:
    """And nothing is counted before the first."""
    assert Ledger(RestartLimit(2, within=5)).counted() == ()
    unlimited = Ledger(None)
    charge(unlimited, 1.0)

    assert unlimited.records() == (RestartRecord(1.0, "a", CRASHED, 0.0),)


def test_the_latest_are_kept_and_the_limit_counts_all() -> None:
    """Records are bounded; a limit above their number is kept to all the same."""
    limit = RestartLimit(LATEST + 10, within=INF)
    allowed = charges(limit, *range(LATEST + 12))
    assert allowed == [True] * (LATEST + 10) + [False, False]

    ledger = Ledger(limit)
    for at in range(LATEST + 5):
        charge(ledger, at)

    assert [record.at for record in ledger.records()] == list(range(5, LATEST + 5))
    assert ledger.counted() == ledger.records()
