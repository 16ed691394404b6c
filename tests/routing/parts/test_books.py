"""`Books`: what a router has counted, named when somebody looks."""

from __future__ import annotations

from actors import Aborted, CloseReason, Completed, Failed
from supervision._routing.parts.books import Books


def test_new_books_are_empty() -> None:
    """All counts begin at nothing."""
    books = Books()

    assert (books.settled, books.opened, books.repeated) == (0, 0, 0)
    assert (books.wait_seconds, books.wait_longest) == (0.0, 0.0)
    assert (books.refused, books.closed) == ({}, {})
    assert (books.prompts(), books.turns(), books.turn_seconds()) == ({}, {}, {})


def test_a_kind_has_one_tally() -> None:
    """What is counted for a kind of outcome is counted together, and for no other."""
    books = Books()

    assert books.of(Completed) is books.of(Completed)
    assert books.of(Completed) is not books.of(Failed)


def test_counts_have_the_names_of_their_outcomes() -> None:
    """Prompts and turns are counted apart, and what has not happened has no name."""
    books = Books()
    books.of(Completed).prompts += 3
    books.of(Completed).turns += 2
    books.of(Completed).seconds += 1.5
    books.of(Aborted).turns += 1
    books.of(Failed).prompts += 1

    assert books.prompts() == {"Completed": 3, "Failed": 1}
    assert books.turns() == {"Completed": 2, "Aborted": 1}
    assert books.turn_seconds() == {"Completed": 1.5, "Aborted": 0.0}


def test_what_was_never_counted_counts_nothing() -> None:
    """Refusals and ends of sessions are counted by their reasons."""
    books = Books()
    books.refused["QueueFullError"] += 1
    books.closed[CloseReason.RESET] += 2

    assert books.refused["SaturatedError"] == 0
    assert books.refused == {"QueueFullError": 1}
    assert books.closed == {CloseReason.RESET: 2}
