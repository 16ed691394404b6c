"""How a turn is ended early, and what is done about one that does not end."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Abort,
    Aborted,
    Completed,
    Finished,
    Stopped,
    TimedOut,
    TurnPolicy,
    Withdrawn,
)
from actors._sessions.phase import DRAINING, ENDED, ENDING
from actors._sessions.turns.early import cut, give_up, let_go, withdraw_steering
from actors._sessions.turns.steering import Steering
from actors.hosting import TurnRun, abort
from tests.sessions.turns.double import House, nothing

POLICY = TurnPolicy(abort_grace=10.0, cleanup_within=3.0)


def softly(run: TurnRun, *, within: float | None = None, hint: str = "") -> Abort:
    """Abort it, as `RouterRef.abort(hard=False)` does."""
    return abort(run, hard=False, reason="why", hint=hint or None, within=within)


def hard(run: TurnRun) -> Abort:
    """Abort it, as `RouterRef.abort` does."""
    return abort(run, hard=True, reason="why", hint=None, within=None)


def steered(house: House, run: TurnRun) -> list[int]:
    """Let two prompts wait for its checkpoint."""
    steering = run.need_extra().steering = Steering()
    receipts = [house.receipt(number) for number in (8, 9)]
    for each in receipts:
        steering.put(each)
    return [each.id for each in receipts]


# --------------------------------------------------------------------------------- cut


def test_the_first_verdict_counts() -> None:
    """It is recorded and carried out; a second is refused."""
    house = House()
    run = house.turn(POLICY)

    assert cut(run, TimedOut())
    assert not cut(run, Aborted("late"))

    assert run.verdict == TimedOut()
    assert house.log == ["kill turn 1"]


@pytest.mark.parametrize("phase", [ENDING, ENDED])
def test_a_turn_that_ends_is_not_cut(phase: object) -> None:
    """Its outcome is certain."""
    house = House()
    run = house.turn(POLICY)
    run.phase = phase  # type: ignore[assignment] # one of the two

    assert not cut(run, TimedOut())
    assert (run.verdict, house.log) == (None, [])


def test_a_turn_that_is_cut_has_its_grace() -> None:
    """From the cut on; then the house goes on without it."""
    house = House()
    run = house.turn(POLICY)
    house.clock.move(4.0)

    cut(run, TimedOut())
    house.clock.move(13.9)
    assert house.log == ["kill turn 1"]
    house.clock.move(99.0)

    assert house.log == ["kill turn 1", "give up 1"]


def test_a_turn_that_waits_is_the_houses_to_cut() -> None:
    """There is no actor to be killed, and no grace."""
    house = House()
    run = house.turn(POLICY, begun=False)

    assert cut(run, TimedOut())

    assert house.log == ["cut waiting 1"]
    assert house.clock.armed == []


def test_a_cut_reaches_children_of_both_kinds() -> None:
    """Those that wait for their first step too: they are cut as they come."""
    house = House()
    run = house.turn(POLICY)
    family = run.need_family()
    plain = family.start(nothing, critical=False, direct=False)
    critical = family.start(nothing, critical=True, direct=False)
    house.step(plain)
    house.log.clear()

    cut(run, TimedOut())

    assert plain.verdict == critical.verdict == Aborted("turn 1 was cut")
    assert house.log == ["kill turn 2", "kill turn 1"]


def test_a_turn_that_the_engine_cuts_off_has_its_grace() -> None:
    """It has no verdict of its own; then the house goes on without it."""
    house = House()
    run = house.turn(POLICY)
    run._seat.reason_to_end = Stopped()  # type: ignore[misc] # a double

    run._cut_off()
    house.clock.move(9.9)
    assert house.log == []
    house.clock.move(99.0)

    assert house.log == ["give up 1"]


def test_a_turn_that_has_ended_is_not_cut_off() -> None:
    """Nor one that waits for its first step: no clock is set for either."""
    house = House()
    ended, waiting = house.turn(POLICY), house.turn(POLICY, begun=False)
    ended.conclude(Completed())
    house.clock.move(99.0)

    ended._cut_off()
    waiting._cut_off()

    assert house.clock.armed == []


# ------------------------------------------------------------------------------- abort


def test_a_hard_abort_is_a_cut() -> None:
    """It has a verdict at once, and its steering prompts are taken back."""
    house = House()
    run = house.turn(POLICY)
    steered(house, run)
    steering = run.need_extra().steering
    assert steering is not None
    waiting = steering.live()

    assert hard(run) is Abort.ABORTING
    assert hard(run) is Abort.ALREADY
    assert softly(run) is Abort.ALREADY

    assert run.verdict == Aborted("why")
    assert [each.ended for each in waiting] == [Withdrawn("why")] * 2


def test_a_soft_abort_only_asks() -> None:
    """Nothing is killed; what it is asked with is there to be seen, once."""
    house = House()
    run = house.turn(POLICY)

    assert softly(run, hint="enough") is Abort.ABORTING
    assert softly(run, hint="really") is Abort.ALREADY

    assert (run.interrupted, run.verdict) == ("enough", None)
    house.clock.move(9.0)
    assert house.log == []


def test_a_soft_abort_takes_back_what_waits_for_a_checkpoint() -> None:
    """It would never be taken."""
    house = House()
    run = house.turn(POLICY)
    steered(house, run)
    steering = run.need_extra().steering
    assert steering is not None
    waiting = steering.live()

    softly(run)

    assert [each.ended for each in waiting] == [Withdrawn("why")] * 2
    assert len(steering) == 0


def test_a_soft_abort_becomes_a_hard_one_after_its_time() -> None:
    """With the reason that was given; not before."""
    house = House()
    run = house.turn(POLICY)
    house.clock.move(1.0)
    softly(run, within=4.0)

    house.clock.move(4.9)
    assert run.verdict is None
    house.clock.move(5.0)

    assert run.verdict == Aborted("why")
    assert house.log == ["kill turn 1"]


def test_a_soft_abort_without_a_time_stays_soft() -> None:
    """Only the turn's own clocks end it."""
    house = House()
    run = house.turn(POLICY)
    softly(run)

    assert house.clock.armed == [10.0]  # the first look, as before
    assert run.verdict is None


@pytest.mark.parametrize("ends", ["completes", "drains"])
def test_a_soft_abort_that_is_honoured_becomes_no_hard_one(ends: str) -> None:
    """The turn has ended, or its body has, when the time is over."""
    house = House()
    run = house.turn(POLICY)
    softly(run, within=4.0)

    if ends == "completes":
        run.conclude(Completed(interrupted=""))
    else:
        run.phase = DRAINING
    house.clock.move(5.0)

    assert run.verdict is None
    assert "kill turn 1" not in house.log


def test_a_hard_abort_overtakes_a_soft_one() -> None:
    """A turn that was asked may be told."""
    house = House()
    run = house.turn(POLICY)
    softly(run)

    assert hard(run) is Abort.ABORTING
    assert run.verdict == Aborted("why")


@pytest.mark.parametrize("how", ["hard", "soft"])
def test_a_turn_that_waits_never_begins(how: str) -> None:
    """Either way."""
    house = House()
    run = house.turn(POLICY, begun=False)

    assert (hard if how == "hard" else softly)(run) is Abort.ABORTING

    assert run.verdict == Aborted("why")
    assert run.interrupted is None
    assert house.log == ["cut waiting 1"]


def test_a_turn_that_has_ended_is_stale() -> None:
    """One whose outcome is certain has it already."""
    house = House()
    run = house.turn(POLICY)

    run.phase = ENDING
    assert hard(run) is Abort.ALREADY
    assert softly(run) is Abort.ALREADY
    run.phase = ENDED
    assert hard(run) is Abort.STALE
    assert softly(run) is Abort.STALE
    assert house.log == []


def test_taking_steering_back_names_what_was_taken() -> None:
    """In order, once; a turn without any has none."""
    house = House()
    run = house.turn(POLICY)
    assert withdraw_steering(run, "why") == ()
    run.need_extra()
    assert withdraw_steering(run, "why") == ()

    numbers = steered(house, run)

    assert withdraw_steering(run, "why") == tuple(numbers)
    assert withdraw_steering(run, "why") == ()


# ------------------------------------------------------------------------- it stays on


def test_a_turn_that_is_given_up_is_the_houses_to_let_go() -> None:
    """Its session has nothing to say."""
    house = House()
    run = house.turn(POLICY)

    give_up(run)

    assert house.log == ["give up 1"]


def test_one_that_is_given_up_has_a_verdict() -> None:
    """Its own, or what its end by the engine amounts to."""
    late, cut_off = House().turn(POLICY), House().turn(POLICY)
    seat: Any = cut_off._seat
    seat.reason_to_end = Stopped()
    cut(late, TimedOut())
    give_up(late)
    give_up(cut_off)

    assert late.verdict == TimedOut()
    assert isinstance(cut_off.verdict, Aborted)


def test_a_turn_that_has_ended_is_not_let_go() -> None:
    """It came to its end in time after all."""
    house = House()
    run = house.turn(POLICY)
    run.conclude(Completed())
    house.log.clear()

    let_go(run)

    assert house.log == []


def test_a_deaf_child_is_its_parents_end() -> None:
    """It is the parent that its caller waits for: its own grace begins here."""
    house = House()
    run = house.turn(POLICY)
    child = run.need_family().start(nothing, critical=False, direct=False)
    house.log.clear()

    give_up(child)

    assert run.verdict == Aborted("its child, turn 2, does not end")
    assert "give up 2" not in house.log
    assert house.log[-1] == "kill turn 1"
    house.clock.move(10.0)
    assert house.log[-1] == "give up 1"


def test_a_deaf_child_without_a_parent_is_let_go() -> None:
    """Its parent has ended: it goes with the session."""
    house = House()
    run = house.turn(POLICY)
    child = run.need_family().start(nothing, critical=True, direct=False)
    run.conclude(Completed())
    house.log.clear()

    give_up(child)

    assert house.log == ["give up 2"]


def test_the_last_words_of_a_turn_are_a_piece_of_its_session() -> None:
    """They have twice the time of the hook; then it is let go, said or not."""
    house = House()
    house.session._finalises = True
    run = house.turn(POLICY)
    house.clock.move(1.0)

    give_up(run)

    assert house.log == ["begin 1 in session quickly"]
    assert run.phase is ENDING
    house.clock.move(6.9)
    assert len(house.log) == 1
    house.clock.move(7.0)
    assert house.log[1:] == ["give up 1"]


def test_the_last_words_of_a_turn_whose_session_ends_are_the_houses() -> None:
    """If the house cannot have them said either, the turn is let go at once."""
    house = House()
    house.session._finalises = True
    house.session._seat.ending = True
    run = house.turn(POLICY)

    give_up(run)

    assert house.log == ["last words 1", "give up 1"]


def test_a_turn_that_has_said_its_last_words_says_no_others() -> None:
    """One that hangs in its own hook is let go at once."""
    house = House()
    house.session._finalises = True
    run = house.turn(POLICY)
    run.phase = ENDING

    give_up(run)

    assert house.log == ["give up 1"]


def test_a_turn_that_others_speak_for_does_not_end_by_itself() -> None:
    """What its actor comes to in the end counts for nothing."""
    house = House()
    house.session._finalises = True
    run = house.turn(POLICY)
    give_up(run)

    run._over(Finished())

    assert run.outcome is None
    assert "over 1" not in " ".join(house.log)
