"""`ends`: what a turn's outcome is, and in which order the reasons count."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
import trio

from actors import (
    Aborted,
    Completed,
    Crashed,
    Exit,
    Failed,
    Finished,
    Killed,
    Outcome,
    Rejected,
    SessionCrashedError,
    Stopped,
    TimedOut,
)
from actors._sessions.turns.verdicts import (
    PARENT_ENDED,
    SHUT_DOWN,
    RejectTurnError,
    cancelled_in,
    completed,
    ended_with_session,
    failed,
    unwrapped,
    with_crash,
)
from tests.sessions.turns.double import House, nothing

_GROUP: Any = ExceptionGroup  # Any: a checker does not know of what
BANG, OTHER = RuntimeError("bang"), ValueError("other")


def nested(error: Exception, depth: int) -> Exception:
    """An error in so many groups of one."""
    for _ in range(depth):
        error = ExceptionGroup("nursery", [error])
    return error


# ----------------------------------------------------------------------- the decisions


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_groups_of_one_are_taken_off(depth: int) -> None:
    """What nurseries put around an error is not part of it."""
    assert unwrapped(nested(BANG, depth)) is BANG


def test_a_group_of_several_is_kept() -> None:
    """Several errors are a group, without the groups of one around that."""
    both = ExceptionGroup("both", [BANG, OTHER])

    assert unwrapped(nested(both, 2)) is both


def test_an_exception_with_a_field_of_that_name_is_no_group() -> None:
    """Something that only looks like a group is left as it is."""

    class LooksLikeOneError(Exception):
        """It has `exceptions`."""

        exceptions = (BANG,)

    error = LooksLikeOneError()
    assert unwrapped(error) is error


def test_an_error_fails_a_turn() -> None:
    """The outcome has the error itself."""
    outcome = failed(nested(BANG, 1))

    assert isinstance(outcome, Failed)
    assert outcome.error is BANG


def test_an_interrupt_fails_a_turn_too() -> None:
    """It is not unwrapped: it goes on as it came."""
    interrupt = KeyboardInterrupt()
    outcome = failed(interrupt)

    assert isinstance(outcome, Failed)
    assert outcome.error is interrupt


@pytest.mark.parametrize("depth", [0, 2])
def test_a_rejection_is_no_failure(depth: int) -> None:
    """`Turn.reject` makes a turn `Rejected`, out of nurseries too."""
    assert failed(nested(RejectTurnError("why"), depth)) == Rejected("why")


@pytest.mark.parametrize("exit_", [Finished(), Stopped(), Killed()], ids=repr)
@pytest.mark.parametrize("returned", [None, Completed(1), Failed(error=BANG)])
def test_what_came_out_of_the_body_is_the_outcome(
    returned: Outcome | None, exit_: Exit
) -> None:
    """As long as nothing crashed beside it."""
    assert with_crash(returned, exit_) is returned


@pytest.mark.parametrize("returned", [None, Completed(1), Rejected("why")])
def test_a_crash_beside_the_body_fails_the_turn(returned: Outcome | None) -> None:
    """A task of the turn's own that crashes counts more than what was returned."""
    outcome = with_crash(returned, Crashed(BANG))

    assert isinstance(outcome, Failed)
    assert outcome.error is BANG


def test_the_same_error_twice_is_one() -> None:
    """What left the body and what crashed its actor may be the same."""
    returned = Failed(error=BANG)

    assert with_crash(returned, Crashed(BANG)) is returned


def test_two_errors_are_a_group() -> None:
    """The body's first."""
    outcome = with_crash(Failed(error=BANG), Crashed(OTHER))

    assert isinstance(outcome, Failed)
    group: Any = outcome.error
    assert isinstance(group, _GROUP)
    assert group.exceptions == (BANG, OTHER)


def test_a_turn_of_a_crashed_session_has_failed_with_it() -> None:
    """The cause is the crash, and the error names the key."""
    outcome = ended_with_session("a", Crashed(BANG))

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionCrashedError)
    assert outcome.error.key == "a"
    assert outcome.error.__cause__ is BANG


@pytest.mark.parametrize("exit_", [None, Finished(), Stopped(), Killed()], ids=repr)
def test_a_turn_of_a_session_that_is_stopped_is_aborted(exit_: Exit | None) -> None:
    """Whoever stopped it, and however."""
    assert ended_with_session("a", exit_) == Aborted(SHUT_DOWN)


@pytest.mark.parametrize(
    ("outcome", "kept"),
    [
        (Completed(), True),
        (Completed(interrupted=""), True),
        (Aborted(), False),
        (None, False),
    ],
)
def test_only_what_completes_keeps_its_state(
    outcome: Outcome | None, *, kept: bool
) -> None:
    """Also a turn that has honoured a soft abort."""
    assert completed(outcome) is kept


async def test_a_cancellation_is_found_wherever_it_is() -> None:
    """Alone, or in a group, without what is beside it; else there is none."""
    caught: list[trio.Cancelled] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            caught.append(error)
            raise
    cancelled = caught[0]

    assert cancelled_in(cancelled) is cancelled
    found: Any = cancelled_in(BaseExceptionGroup("", [BANG, cancelled]))
    assert found.exceptions == (cancelled,)
    assert cancelled_in(BANG) is None
    assert cancelled_in(ExceptionGroup("", [BANG])) is None


# ---------------------------------------------------------------------- the precedence

VERDICT = TimedOut()


@pytest.mark.parametrize(
    ("verdict", "returned", "exit_", "session", "outcome"),
    [
        (VERDICT, Completed(1), Crashed(BANG), Crashed(OTHER), VERDICT),
        (VERDICT, None, Killed(), None, VERDICT),
        (None, Completed(1), Finished(), Crashed(OTHER), Completed(1)),
        (None, Completed(1), Crashed(BANG), Crashed(OTHER), Failed(error=BANG)),
        (None, None, Crashed(BANG), Crashed(OTHER), Failed(error=BANG)),
        (None, None, Killed(), Stopped(), Aborted(SHUT_DOWN)),
        (None, None, Killed(), None, Aborted("the turn was stopped")),
    ],
)
def test_the_first_of_verdict_body_crash_owner_counts(
    verdict: Outcome | None,
    returned: Outcome | None,
    exit_: Exit,
    session: Exit | None,
    outcome: Outcome,
) -> None:
    """A verdict before what was returned, that before a crash's absence, and so on."""
    house = House()
    run = house.turn()
    run.verdict, run.returned = verdict, returned
    house.session._seat.ending = session is not None
    house.session._seat.reason_to_end = session

    run._over(exit_)

    assert run.outcome is not None
    assert run.outcome == attrs.evolve(outcome, turn=run.id)
    assert house.log == [f"over 1 {type(outcome).__name__}"]


def test_a_turn_whose_session_crashes_has_failed_with_it() -> None:
    """Nothing else is known of it."""
    house = House()
    run = house.turn()
    house.session._seat.ending = True
    house.session._seat.reason_to_end = Crashed(BANG)

    run._over(Killed())

    assert isinstance(run.outcome, Failed)
    assert isinstance(run.outcome.error, SessionCrashedError)


def test_a_child_that_is_killed_ends_with_its_parent() -> None:
    """Whatever its session is doing."""
    house = House()
    child = house.turn().need_family().start(nothing, critical=False, direct=False)
    house.step(child)
    house.session._seat.ending = True

    child._over(Killed())

    assert child.outcome == Aborted(PARENT_ENDED, turn=child.id)


def test_one_that_has_not_begun_waits_again() -> None:
    """Its session has ended before its first step: it never was."""
    house = House()
    run = house.turn(begun=False)

    run._over(Killed())

    assert house.log == ["unbegin 1"]
    assert run.outcome is None


def test_one_that_was_cut_before_it_began_has_ended() -> None:
    """It has a verdict, and that is its outcome."""
    house = House()
    run = house.turn(begun=False)
    run.verdict = VERDICT

    run._over(Killed())

    assert house.log == ["over 1 TimedOut"]


def test_an_outcome_is_given_once() -> None:
    """What comes later counts for nothing."""
    house = House()
    run = house.turn()
    run.conclude(Aborted("why"))

    run.conclude(Completed())
    run._over(Crashed(BANG))

    assert run.outcome == Aborted("why", turn=run.id)
    assert house.log == ["over 1 Aborted"]


def test_an_outcome_has_what_the_turn_has_noted() -> None:
    """Its id and its notes; one that is late says so."""
    house = House()
    run = house.turn()
    run.need_extra().notes = {"reason": "end"}

    run.conclude(Aborted("why"), late=True)

    assert run.outcome == Aborted("why", turn=1, notes={"reason": "end"}, late=True)
