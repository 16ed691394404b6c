"""`Known`: a window of message ids by number, and the jobs that run."""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Aborted, Completed, Outcome, Receipt, TimedOut
from supervision._routing.parts.known import Known, barest
from tests.routing.parts.making import PROPERTY, end, lane, receipt

word: ContextVar[str] = ContextVar("word")
JOBS = 64  # from so many on, those that have ended are forgotten


def test_nothing_is_known_at_first() -> None:
    """A new memory knows no message, and no job runs in it."""
    known = Known()

    assert known.receipt_of("x") is None
    assert not known.runs("x")


def test_a_message_is_known_by_its_first_receipt() -> None:
    """A message that is remembered has its receipt, and no other has it."""
    known, given_ = Known(), receipt(lane(), 1)

    known.remember("x", given_, 1)

    assert known.receipt_of("x") is given_
    assert known.receipt_of("y") is None


def test_a_message_is_known_after_its_outcome() -> None:
    """An outcome forgets no message: sent again it still gets its receipt."""
    known, given_ = Known(), receipt(lane(), 1)
    known.remember("x", given_, 1)

    end(given_)

    assert known.receipt_of("x") is given_


def test_a_window_of_none_remembers_nothing() -> None:
    """With a window of 0 no message is known; those of before stay as they are."""
    known = Known()
    known.remember("x", receipt(lane(), 1), 1)

    known.remember("y", receipt(lane(), 2), 0)

    assert known.receipt_of("y") is None
    assert known.receipt_of("x") is not None


def test_a_smaller_window_counts_from_the_next_message() -> None:
    """A window that has become smaller keeps the latest, the new one included."""
    known, home = Known(), lane()
    for number in range(5):
        known.remember(str(number), receipt(home, number), 5)

    known.remember("5", receipt(home, 5), 2)

    assert [n for n in range(6) if known.receipt_of(str(n))] == [4, 5]


@PROPERTY
@given(st.lists(st.integers(0, 6), max_size=40))
def test_exactly_the_latest_are_known(windows: list[int]) -> None:
    """The latest so many are known, whatever the window was before, and no other."""
    known, home = Known(), lane()
    kept: list[Receipt[Any]] = []
    for number, window in enumerate(windows):
        each = receipt(home, number)
        known.remember(str(number), each, window)
        if window:
            kept = [*kept, each][-window:]

        for given_ in range(number + 1):
            found = known.receipt_of(str(given_))
            assert found is next((r for r in kept if r.id == given_), None)


@pytest.mark.parametrize(
    ("outcome", "bare"),
    [
        (Completed("long", turn=3), Completed(None, turn=3, forgotten=True)),
        (Completed(notes={"a": 1}), Completed(forgotten=True)),
        (Aborted("why", partial=("a",)), Aborted("why", forgotten=True)),
        (TimedOut(partial=("a",), dropped=2), TimedOut(dropped=2, forgotten=True)),
        (Aborted("x" * 2000), Aborted(None, forgotten=True)),
    ],
)
def test_what_may_be_large_is_not_remembered(outcome: Outcome, bare: Outcome) -> None:
    """How it ended is, and that there was more."""
    given_ = receipt(lane(), 1)
    given_._turn = 3
    given_.settle(outcome)

    found = barest(given_)

    assert (found.id, found.turn, found.prompt) == (1, 3, None)
    assert found.ended == bare
    assert len(found.context) == 0


def test_what_is_remembered_of_a_sender_is_empty_at_the_end() -> None:
    """Its context may hold on to anything, for a day."""
    known, given_ = Known(), receipt(lane(), 1)
    word.set("said")
    given_._context = copy_context()
    known.remember("x", given_, 1)
    end(given_)

    known.settled("x", given_)

    assert len(given_.context) == 0


def test_a_job_runs_until_its_receipt_has_an_outcome() -> None:
    """A job runs from its acceptance on, waiting included; its outcome ends it."""
    known, given_ = Known(), receipt(lane(), 1)
    known.remember_job("nightly", given_)

    assert known.runs("nightly")
    assert not known.runs("hourly")

    end(given_)
    assert not known.runs("nightly")


def test_a_job_may_run_again() -> None:
    """A job that has ended and begins again runs."""
    known, home = Known(), lane()
    first = receipt(home, 1)
    known.remember_job("nightly", first)
    end(first)

    known.remember_job("nightly", receipt(home, 2))

    assert known.runs("nightly")


def test_jobs_that_run_are_not_forgotten_however_many() -> None:
    """Jobs that have ended give their memory back, those that run never do."""
    known, home = Known(), lane()
    receipts = [receipt(home, number) for number in range(3 * JOBS)]
    for each in receipts:
        known.remember_job(str(each.id), each)
        if each.id % 2:
            end(each)

    assert [n for n in range(3 * JOBS) if known.runs(str(n))] == list(
        range(0, 3 * JOBS, 2)
    )
    assert len(known._jobs) < 3 * JOBS


def test_jobs_that_have_ended_do_not_pile_up() -> None:
    """However many jobs there were: the memory holds no more than so many."""
    known, home = Known(), lane()
    for number in range(10 * JOBS):
        each = receipt(home, number)
        known.remember_job(str(number), each)
        end(each)

        assert len(known._jobs) <= JOBS
