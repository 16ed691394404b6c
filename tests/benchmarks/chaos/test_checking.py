"""The checker of chaos: nothing of what is right, and each kind of what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from benchmarks.chaos.book import Began, Book, Sent, Told, read_begun
from benchmarks.chaos.checking import RULES, wrongs
from benchmarks.chaos.rows import PromptRow, Rows


def row(name: str, seq: int, outcome: str | None, turn: int | None) -> PromptRow:
    """Make a row of a prompt of k."""
    return PromptRow(
        name, "k", 0, seq, seq, "send", 2, 1, outcome, turn, float(turn or 0)
    )


ROWS = Rows(
    (
        row("p1", 1, "completed", 11),
        row("p2", 2, "completed", 12),
        row("p3", 3, "steered", 12),
        attrs.evolve(row("p4", 4, "failed", 13), error="ValueError"),
        attrs.evolve(
            row("p5", 5, "failed", None), tried=2, error="TurnInterruptedError"
        ),
        row("p6", 6, "aborted", 15),
        row("p7", 7, "completed", 16),
    ),
    {"k": ("p1", "p2", "p3", "p7")},
)


def told(kind: str, turn: int | None) -> list[Told]:
    """Make what one node has told."""
    return [Told(kind, turn, "n1")]


def book() -> Book:
    """Make a book of all that is right with these rows."""
    sent = [
        Sent("p1", "k", 2, called=1.0, accepted=2.0, told=told("Completed", 11)),
        Sent("p2", "k", 2, called=3.0, accepted=4.0, told=told("Completed", 12)),
        Sent("p3", "k", 2, steers=True, accepted=1.0, told=told("Steered", 12)),
        Sent("p4", "k", 2, fails=True, accepted=5.0, told=told("Failed", 13)),
        Sent("p5", "k", 2, accepted=5.0, told=told("Failed", None)),
        Sent("p6", "k", 2, accepted=5.0, told=told("Aborted", 15)),
        Sent("p7", "k", 2, sent_by="p1"),
        Sent("p8", "k", 2, sent_by="p4"),
        Sent("p9", "k", 2, called=9.0),  # nobody has heard that it was accepted
    ]
    made = Book({each.id: each for each in sent})
    made.sent["p1"].chunks, made.sent["p1"].read = 2, ["1 0", "1 1"]
    made.began = [
        Began(name, 1, 1, "n1", 1) for name in ("p1", "p2", "p4", "p5", "p6", "p7")
    ]
    made.cancelled, made.interrupted = {"k"}, True
    return made


def changed(name: str, **changes: Any) -> Rows:
    """Give the rows, with one of them changed."""
    prompts = [
        attrs.evolve(each, **changes) if each.id == name else each
        for each in ROWS.prompts
    ]
    return attrs.evolve(ROWS, prompts=tuple(prompts))


def state(*names: str) -> Rows:
    """Give the rows, with this state."""
    return attrs.evolve(ROWS, states={"k": names})


def without(name: str) -> Rows:
    """Give the rows, but for one."""
    prompts = tuple(each for each in ROWS.prompts if each.id != name)
    return attrs.evolve(ROWS, prompts=prompts)


def test_nothing_is_wrong_with_what_is_right() -> None:
    """All of it is as it must be."""
    assert wrongs(book(), ROWS) == []


FOUND = [
    ("accepted and not stored", without("p4"), "p4 of k was accepted"),
    ("accepted and not stored", changed("p4", key="j"), "p4 of k is stored under j"),
    (
        "stored twice, or sent by nobody",
        attrs.evolve(ROWS, prompts=(*ROWS.prompts, ROWS.prompts[3])),
        "p4 is stored 2 times",
    ),
    (
        "stored twice, or sent by nobody",
        attrs.evolve(ROWS, prompts=(*ROWS.prompts, row("x", 9, "aborted", 19))),
        "x is stored, and nobody has sent it",
    ),
    ("without an outcome", changed("p2", outcome=None), "p2 of k has no outcome"),
    ("without an outcome", attrs.evolve(ROWS, held=("k",)), "k is held"),
    (
        "a state that is not its completed prompts",
        state("p1", "p2", "p3", "p7", "p7"),
        r"\['p7'\] too much",
    ),
    (
        "a state that is not its completed prompts",
        state("p1", "p2", "p7"),
        r"lacks \['p3'\]",
    ),
    (
        "a state that is not its completed prompts",
        state("p1", "p7", "p2", "p3"),
        "from 1 on",
    ),
    (
        "a state that is not its completed prompts",
        attrs.evolve(ROWS, states={}),
        "lacks",
    ),
    (
        "out of order",
        attrs.evolve(
            changed("p1", ended_at=12.5), states={"k": ("p2", "p3", "p1", "p7")}
        ),
        "p2 is before p1",
    ),
    (
        "begun too often, or given up too early",
        changed("p1", attempts=0),
        "p1 was begun 1 times, of 0",
    ),
    (
        "begun too often, or given up too early",
        changed("p1", tried=3),
        "p1 has 3 tries in the store",
    ),
    (
        "begun too often, or given up too early",
        changed("p1", tried=0),
        "p1 was begun 1 times, of 0 marks",
    ),
    (
        "begun too often, or given up too early",
        changed("p5", tried=1),
        "p5 was given up after 1 of 2",
    ),
    (
        "begun too often, or given up too early",
        changed("p1", attempts=3),
        "p1 may be tried 3 times, not 2",
    ),
    ("an outcome for no reason", changed("p2", outcome="lost"), "p2 of k is lost"),
    ("an outcome for no reason", changed("p2", outcome="steered"), "p2 of k is steer"),
    ("an outcome for no reason", changed("p2", outcome="withdrawn"), "p2 of k is with"),
    (
        "an outcome for no reason",
        changed("p4", error="KeyError"),
        r"p4 of k is failed \(KeyError\)",
    ),
    ("told, and not stored", changed("p2", outcome="failed"), "p2 was told Completed"),
    ("told, and not stored", changed("p2", turn=14), "and Completed of turn 14 is"),
    ("told, and not stored", changed("p2", outcome=None), "the store has nothing"),
    ("sent by a turn that has not completed", without("p7"), "p7 is not there"),
    (
        "sent by a turn that has not completed",
        attrs.evolve(ROWS, prompts=(*ROWS.prompts, row("p8", 8, "completed", 18))),
        "p8 is there, and p4 has not completed",
    ),
]


@pytest.mark.parametrize(("rule", "rows", "words"), FOUND)
def test_what_is_wrong_in_the_store_is_found(rule: str, rows: Rows, words: str) -> None:
    """Under its rule, and named."""
    found = [each.words for each in wrongs(book(), rows) if each.rule == rule]

    assert any(re.search(words, each) for each in found), found


def _begun_twice(made: Book) -> None:
    made.began += made.began[:1] * 2


def _nobody_began(made: Book) -> None:
    made.began.clear()


def _read_in_part(made: Book) -> None:
    made.sent["p1"].read = ["1 0"]


def _read_of_two(made: Book) -> None:
    made.sent["p1"].read = ["1 0", "2 1"]


def _nobody_cancels(made: Book) -> None:
    made.cancelled.clear()


def _nothing_interrupts(made: Book) -> None:
    made.interrupted = False


def _nobody_hears(made: Book) -> None:
    made.sent["p2"].told.clear()


def _moves(made: Book) -> None:
    made.moved.append("0 was n1's")


def _leaves(made: Book) -> None:
    made.left.append("on n1: a slot")


def _dies(made: Book) -> None:
    made.died.append("n1 ended with 1")


OUTSIDE = [
    ("begun too often, or given up too early", _begun_twice, "p1 was begun 3"),
    ("begun too often, or given up too early", _nobody_began, "by nobody"),
    ("an answer that is not whole", _read_in_part, "to p1 was read"),
    ("an answer that is not whole", _read_of_two, "to p1 was read"),
    ("an outcome for no reason", _nobody_cancels, "p6 of k is aborted"),
    ("an outcome for no reason", _nothing_interrupts, "p5 of k is failed"),
    ("told, and not stored", _nobody_hears, "nobody was told more"),
    ("changed hands while the server was away", _moves, "0 was n1's"),
    ("left behind", _leaves, "on n1: a slot"),
    ("left behind", _dies, "n1 ended with 1"),
]


@pytest.mark.parametrize(("rule", "change", "words"), OUTSIDE)
def test_what_is_wrong_outside_is_found(
    rule: str, change: Callable[[Book], None], words: str
) -> None:
    """In what turns have written down, senders were told, and nodes have left."""
    made = book()
    change(made)

    found = wrongs(made, ROWS)

    assert {each.rule for each in found} == {rule}
    assert words in found[0].words


def test_who_sends_twice_may_find_it_taken_back() -> None:
    """The node that had it first has ended meanwhile."""
    made = book()
    made.sent["p6"].calls, made.sent["p6"].told = 2, told("Withdrawn", 15)

    assert wrongs(made, changed("p6", outcome="withdrawn")) == []


def test_each_rule_is_tried() -> None:
    """None of them finds nothing, whatever is wrong."""
    assert {rule for rule, *_ in (*FOUND, *OUTSIDE)} == set(RULES)


def test_what_turns_have_written_down_is_read(tmp_path: Path) -> None:
    """A line each; a file that is not there: nothing has begun."""
    path = tmp_path / "begun"
    assert read_begun(path) == []
    path.write_text("p1 1 2 n1 7\np1 2 3 n2 8\n")

    assert read_begun(path) == [
        Began("p1", 1, 2, "n1", 7),
        Began("p1", 2, 3, "n2", 8),
    ]


def test_what_was_to_steer_goes_with_a_turn_that_is_cancelled() -> None:
    """It is taken back, though it was sent once; else nobody knows why."""
    made = book()
    made.sent["p6"].steers, made.sent["p6"].told = True, told("Withdrawn", None)
    rows = changed("p6", outcome="withdrawn", turn=None)
    assert wrongs(made, rows) == []

    made.cancelled.clear()

    assert "p6 of k is withdrawn, for no reason" in [
        each.words for each in wrongs(made, rows)
    ]
