"""`Known`: a window of message ids by number, and the jobs that run."""

from __future__ import annotations

from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Aborted, Completed, Failed, Outcome, Receipt, TimedOut
from supervision._routing.parts.known import BYTES, FOR, IDS, Known, Past, barest
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
    assert len(known._jobs) <= 3 * JOBS // 2 + 1


def test_jobs_that_have_ended_do_not_pile_up() -> None:
    """However many jobs there were: the memory holds no more than so many."""
    known, home = Known(), lane()
    for number in range(10 * JOBS):
        each = receipt(home, number)
        known.remember_job(str(number), each)
        end(each)

        assert len(known._jobs) <= JOBS


# ------------------------------------------------------------ within its bounds


def told(known: Known, name: str, number: int, *, part: float) -> Receipt[Any]:
    """A message that has its outcome, of so much of what may be remembered."""
    given_ = receipt(lane(), number)
    known.remember(name, given_, 9)
    given_.settle(Completed("x" * int(part * BYTES)))
    known.settled(name, given_)
    return given_


def whole(known: Known) -> list[str]:
    """Those of a, b, c whose outcome is remembered as it was."""
    found = [(name, known.receipt_of(name)) for name in "abc"]
    return [
        name
        for name, each in found
        if each is not None and each.ended is not None and not each.ended.forgotten
    ]


def test_a_message_is_found_by_its_id_and_by_that_of_its_receipt() -> None:
    """Each of several."""
    known, home = Known(), lane()
    receipts = [receipt(home, number) for number in (1, 2, 3)]
    for each in receipts:
        known.remember(f"m{each.id}", each, 9)

    assert [known.find(number) for number in (1, 2, 3)] == receipts
    assert [known.find(f"m{number}") for number in (1, 2, 3)] == receipts
    assert (known.find(4), known.find("m4")) == (None, None)


def test_of_what_is_too_much_the_oldest_outcomes_are_bare() -> None:
    """That they have ended is known, and nothing else is forgotten."""
    known = Known()
    first = told(known, "a", 1, part=0.4)
    told(known, "b", 2, part=0.4)
    assert whole(known) == ["a", "b"]

    told(known, "c", 3, part=0.4)

    assert whole(known) == ["b", "c"]
    again = known.receipt_of("a")
    assert again is not None
    assert again is not first
    assert (again.id, again.prompt) == (1, None)


@pytest.mark.parametrize("all_", [False, True])
def test_what_is_forgotten_counts_no_more(*, all_: bool) -> None:
    """There is room for others, and it is not looked for again."""
    known = Known()
    told(known, "a", 1, part=0.8)

    if all_:
        known.forget_messages()
    else:
        known.forget_message("a")
        known.forget_message("a")

    assert known.receipt_of("a") is None
    told(known, "b", 2, part=0.4)
    told(known, "c", 3, part=0.4)
    assert whole(known) == ["b", "c"]
    told(known, "a", 4, part=0.4)
    assert whole(known) == ["a", "c"]


def test_a_failure_is_remembered_in_words() -> None:
    """Its traceback would hold on to whatever ran."""
    known, given_ = Known(), receipt(lane(), 1)
    known.remember("a", given_, 9)
    given_.settle(Failed(error=ValueError("secret")))

    known.settled("a", given_)

    found = known.receipt_of("a")
    assert found is not None
    assert isinstance(found.ended, Failed)
    assert found.ended.forgotten
    assert "ValueError" in str(found.ended.error)


@pytest.mark.parametrize("again", [False, True])
def test_who_is_not_known_takes_no_room(*, again: bool) -> None:
    """It was pushed out of the window, or another was sent with its id since."""
    known, late = Known(), receipt(lane(), 1)
    if again:
        known.remember("x", late, 9)
        known.remember("x", receipt(lane(), 2), 9)
    word.set("said")
    late._context = copy_context()
    late.settle(Completed("x" * BYTES))

    known.settled("x", late)
    told(known, "a", 3, part=0.6)

    assert whole(known) == ["a"]
    assert len(late.context) > 0


@pytest.mark.parametrize("row", [None, "its place in a store"])
def test_its_place_in_a_store_is_remembered(row: Any) -> None:
    """Whoever gets it again may wait until it is durable."""
    given_ = receipt(lane(), 1)
    given_.need_more().row = row
    end(given_)

    found = barest(given_)

    assert (found._more.row if found._more is not None else None) == row


# -------------------------------------------------- of keys that are forgotten


def knowing(count: int) -> Known:
    """So many messages."""
    known = Known()
    for number in range(count):
        known.remember(str(number), receipt(lane(), number), count)
    return known


def test_what_a_key_knew_is_remembered_once() -> None:
    """The latest, counted as it is; a key that knew nothing is not remembered."""
    past = Past()
    past.keep("a", knowing(5), 0.0)
    latest = knowing(2)
    past.keep("a", latest, 1.0)
    past.keep("b", knowing(0), 1.0)

    assert len(past) == 2
    assert past.get("a", 1.0) is latest
    assert past.get("b", 1.0) is None
    past.keep("a", knowing(0), 2.0)
    assert past.get("a", 2.0) is None
    assert len(past) == 0


def test_what_a_key_knew_is_remembered_for_a_day() -> None:
    """Not a moment longer, whoever asks or comes."""
    past = Past()
    for key, at in (("a", 0.0), ("b", 10.0), ("c", 20.0)):
        past.keep(key, knowing(1), at)

    assert past.get("a", FOR) is not None
    assert past.get("a", FOR + 1) is None
    assert len(past) == 2
    past.keep("d", knowing(1), FOR + 15.0)
    assert len(past) == 2
    assert past.get("b", 0.0) is None


def test_of_too_many_those_of_the_longest_forgotten_keys_go() -> None:
    """As many as may be are kept."""
    past, many = Past(), knowing(IDS // 4)
    for key in "abcd":
        past.keep(key, many, 0.0)
    assert len(past) == IDS

    past.keep("e", knowing(1), 0.0)

    assert past.get("a", 0.0) is None
    assert past.get("b", 0.0) is many
    assert len(past) == IDS - IDS // 4 + 1
