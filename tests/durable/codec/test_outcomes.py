"""Every outcome can be stored, and is afterwards what it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as some

import actors
from actors import (
    Aborted,
    Completed,
    Failed,
    Incomplete,
    Limit,
    Lost,
    NotAliveError,
    Outcome,
    Preempted,
    QuarantinedError,
    QueueFullError,
    Rejected,
    SessionCrashedError,
    SessionStartError,
    Steered,
    StepLimitError,
    TimedOut,
    Withdrawn,
)
from supervision.durable._codec.classes import Classes
from supervision.durable._codec.failures import words_of
from supervision.durable._codec.outcomes import KINDS, Outcomes
from supervision.durable._codec.plain import Plain, pack
from supervision.durable._codec.protocol import Where
from supervision.durable._words.errors import (
    CodecError,
    StateTooLargeError,
    StoredError,
    StoreRefusedError,
    TurnInterruptedError,
)
from tests.durable.codec.asking import (
    TYPES,
    UNTYPED,
    Note,
    Said,
    anything,
    keys,
    same,
    texts,
)

# Any in this file: what an outcome holds is anything

shared = {
    "turn": some.none() | some.integers(1, 2**70),
    "notes": some.dictionaries(texts, anything, max_size=2),
    "late": some.booleans(),
    "forgotten": some.booleans(),
}
half = {
    **shared,
    "partial": some.lists(anything, max_size=2).map(tuple),
    "dropped": some.integers(0, 9),
}
stored_errors = some.builds(StoredError, texts, texts, texts)
reasons = (
    anything | stored_errors | some.builds(Preempted, some.integers(), some.booleans())
)
OUTCOMES = some.one_of(
    some.builds(Completed, result=anything, interrupted=some.none() | texts, **shared),
    some.builds(Steered, **shared),
    some.builds(Aborted, reason=reasons, **half),
    some.builds(TimedOut, limit=some.sampled_from(Limit), **half),
    some.builds(Failed, error=stored_errors, attempts=some.integers(1, 9), **half),
    some.builds(Withdrawn, reason=reasons, **shared),
    some.builds(Rejected, reason=reasons, **shared),
    some.builds(Lost, reason=texts, **shared),
)


def again(outcome: Any) -> Any:
    """Make bytes of it, and it of the bytes."""
    return UNTYPED.decode(UNTYPED.encode(outcome, Where.OUTCOME), Where.OUTCOME)


def facts(error: BaseException | None) -> object:
    """All that one can see of it."""
    if error is None:
        return None
    known = {name: each for name, each in vars(error).items() if name != "until"}
    return type(error), str(error), error.args, known, facts(error.__cause__)


@given(OUTCOMES)
def test_an_outcome_comes_back_as_it_was(outcome: Outcome) -> None:
    """Its kind, and each field."""
    found = again(outcome)

    assert type(found) is type(outcome)
    for field in attrs.fields(type(outcome)):
        one, other = getattr(outcome, field.name), getattr(found, field.name)
        assert (
            same(dict(one), dict(other))
            if field.name == "notes"
            else (same(one, other))
        )


@given(
    some.builds(
        Completed,
        result=some.none() | anything,
        turn=some.none() | some.integers(-1, 2**64),
        interrupted=some.none() | texts,
        late=some.booleans(),
    )
)
def test_the_quick_way_is_the_long_one(outcome: Completed) -> None:
    """Of what most of them are."""
    outcomes = Outcomes(Plain(Classes(TYPES, ())))

    assert pack(outcomes.tree(outcome)) == pack(outcomes.fully(outcome))


def test_every_kind_of_outcome_is_known() -> None:
    """A new one has to be written into the table."""
    todo, found = [Outcome], set[type[Outcome]]()
    while todo:
        for cls in todo.pop().__subclasses__():
            todo.append(cls)
            if cls.__module__.partition(".")[0] == "actors":
                found.add(cls)

    assert set(KINDS.values()) == found - {Incomplete}
    assert {cls.__name__ for cls in KINDS.values()} <= set(dir(actors))


def test_what_is_no_outcome_is_refused() -> None:
    """Also the base of all."""
    for each in (Outcome(), Incomplete(), 3):
        with pytest.raises(TypeError, match="is no outcome"):
            UNTYPED.encode(each, Where.OUTCOME)


@pytest.mark.parametrize(
    "outcome",
    [
        Completed(object()),
        Completed([{"a": object()}]),
        Completed(notes={"a": object()}),
    ],
)
def test_a_completed_turn_with_a_result_that_cannot_be_stored_is_refused(
    outcome: Completed,
) -> None:
    """It was promised to somebody."""
    with pytest.raises(TypeError, match="object would not come back"):
        UNTYPED.encode(outcome, Where.OUTCOME)


MAKERS: list[Callable[[Any], Outcome]] = [
    Aborted,
    Withdrawn,
    Rejected,
    Lost,
    lambda it: Aborted(partial=(1, it)),
    lambda it: Aborted(notes={"why": it}),
    lambda it: Completed(interrupted=it),
    lambda it: Failed(error=ValueError(it)),
    lambda it: Failed(error=QuarantinedError(it)),
    lambda it: Failed(error=StoredError("a", "b"), attempts=it),
]


class Mute:
    """Cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    "stranger", [object(), Mute(), [Mute()], {Mute(): 1}, {1, Mute}]
)
@pytest.mark.parametrize("make", MAKERS)
def test_any_other_outcome_can_be_stored_whatever_is_in_it(
    make: Any, stranger: object
) -> None:
    """It is shown in words instead, and these are not long."""
    body = UNTYPED.encode(make(stranger), Where.OUTCOME)

    assert type(UNTYPED.decode(body, Where.OUTCOME)) is type(make(stranger))
    assert len(body) < 2000


def test_what_can_be_stored_beside_it_is() -> None:
    """One chunk that cannot does not take the others with it."""
    found = again(Aborted(object(), partial=(1, Mute(), "x"), notes={"a": (1,)}))

    assert found.partial[0] == 1
    assert found.partial[1].startswith("a Mute whose repr")
    assert found.partial[2] == "x"
    assert found.notes == {"a": (1,)}
    assert found.reason.startswith("<object object")


@pytest.mark.parametrize(
    "error",
    [
        TurnInterruptedError("alice", 2),
        QuarantinedError("alice"),
        SessionStartError("alice", "it raised"),
        SessionCrashedError("alice"),
        NotAliveError("alice"),
        StepLimitError(3, 4),
        CodecError("a prompt", "it is odd"),
        StateTooLargeError("alice", "state", 10, 9),
        StoreRefusedError("alice", "too large"),
        QueueFullError("alice", 1, 2, "prompts"),
    ],
)
def test_our_errors_come_back_as_they_are(error: Exception) -> None:
    """With their attributes; also as a reason; their causes in words."""
    error.__cause__ = StoredError("KeyError", "'x'", "")

    assert facts(again(Failed(error=error)).error) == facts(error)
    assert facts(again(Rejected(error)).reason) == facts(error)


def test_an_instant_does_not_outlive_its_clock() -> None:
    """It is one of a process that has ended."""
    assert again(Failed(error=QuarantinedError("alice", 17.0))).error.until is None


def test_an_exception_comes_back_in_words() -> None:
    """Class, text, and where it came from."""

    def fall() -> None:
        msg = "the ground"
        raise LookupError(msg)

    with pytest.raises(LookupError) as caught:
        fall()
    error = caught.value
    found = again(Failed(error=error, attempts=2))

    assert found.attempts == 2
    assert (found.error.type, found.error.text) == ("LookupError", "the ground")
    assert "in fall" in found.error.traceback
    assert found.error == words_of(error)
    assert again(found) == found


def test_a_subclass_of_one_of_ours_comes_back_in_words() -> None:
    """Its constructor is a stranger's."""

    class StepLimitError(actors.StepLimitError):
        pass

    found = again(Failed(error=StepLimitError(1, 2)))

    assert type(found.error) is StoredError
    assert found.error.type.endswith("StepLimitError")


def test_one_of_ours_with_something_strange_comes_back_in_words() -> None:
    """Say an attribute that somebody has put there."""
    error = SessionCrashedError("alice")
    error.key = object()  # type: ignore[assignment]

    assert type(again(Failed(error=error)).error) is StoredError


def test_words_are_not_long() -> None:
    """Eight KiB of text, eight of traceback."""
    error: Exception = ValueError("long " * 10_000)
    for _ in range(100):
        error, error.__cause__ = ValueError("x" * 1000), error
    body = UNTYPED.encode(Failed(error=error), Where.OUTCOME)

    assert len(body) < 100_000
    assert UNTYPED.decode(body, Where.OUTCOME).error.type == "ValueError"


def test_an_exception_that_cannot_be_shown_is_stored_all_the_same() -> None:
    """So is one whose causes go in a circle."""

    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    error = MuteError()
    error.__cause__ = error

    assert again(Failed(error=error)).error.text == "its text cannot be made"


def test_a_group_comes_back_in_words() -> None:
    """As several that escaped at once."""
    error = ExceptionGroup("several", [ValueError("x"), KeyError("y")])

    assert "KeyError" in again(Failed(error=error)).error.traceback


def test_a_field_of_a_newer_release_is_left_out() -> None:
    """Releases run side by side."""
    body = b"O\x01" + pack(["steered", "turn", 0, 3, "colour", 7, "red"])

    assert UNTYPED.decode(body, Where.OUTCOME) == Steered(turn=3)


@pytest.mark.parametrize(
    "tree",
    [
        ["finished"],
        ["steered", "turn"],
        ["steered", "turn", 9, 3],
        ["failed"],
        ["failed", "error", 1, [9, "x", None]],
        ["failed", "error", 1, [0, [0, "a", 3, "c"], None]],
        ["failed", "error", 1, [1, "KeyError", [0, [0], [2]], None]],
        ["lost", "reason", 0, [99]],
        3,
    ],
)
def test_what_is_no_outcome_any_more_cannot_be_read(tree: Any) -> None:
    """An unknown kind, a field without a value, an error of no known form."""
    with pytest.raises(CodecError, match="an outcome cannot be read"):
        UNTYPED.decode(b"O\x01" + pack(tree), Where.OUTCOME)


def test_an_outcome_is_no_prompt() -> None:
    """Nor is a prompt an outcome."""
    with pytest.raises(CodecError):
        UNTYPED.decode(UNTYPED.encode(Lost(), Where.OUTCOME), Where.PROMPT)
    with pytest.raises(CodecError):
        UNTYPED.decode(UNTYPED.encode(3, Where.PROMPT), Where.OUTCOME)


@given(anything | some.builds(object))
def test_a_reason_can_always_be_stored(value: Any) -> None:
    """As itself, or in words."""
    found = UNTYPED.decode(UNTYPED.encode_reason(value), Where.ORIGIN)

    assert type(found) is str if type(value) is object else same(found, value)


def test_a_reason_may_be_an_object_of_a_listed_class() -> None:
    """And comes back as one."""
    assert again(Aborted(Said("a", "b"))) == Aborted(Said("a", "b"))
    assert again(Withdrawn({Note("x"): keys is None})).reason == {Note("x"): False}
