"""A store that takes its time: nothing begins and nothing is told before its `go`."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Aborted,
    CloseReason,
    Completed,
    Crashed,
    Lost,
    Steered,
    Stopped,
    Withdrawal,
    Withdrawn,
)
from actors.hosting import ASIDE
from supervision import Limits
from supervision._routing.core.core import Core
from supervision._routing.core.draining import end_all
from supervision._routing.core.looking import phase_of
from tests.routing.core.double import Later, Plain, World, check, made, send

ONE = Limits(sessions=9, turns=1)


def late(
    *hooks: str, limits: Limits = ONE, make: type[Plain] = Plain
) -> tuple[Core, World, Later]:
    """A core with a store that takes its time in these hooks."""
    keeping = Later(*hooks)
    core, world = made(limits, make, keeping)
    return core, world, keeping


def abort(core: Core, key: str = "a") -> None:
    """Hard."""
    core.verbs.cancel(key, hard=True, reason="why", hint=None)


# ------------------------------------------------------------------------------- begins


def test_a_turn_begins_when_its_mark_is_stored() -> None:
    """It has its slot meanwhile, and is a turn."""
    core, world, keeping = late("begins")
    receipt = send(core, "a")
    assert world.said() == ["start a"]
    assert (core.slots.running, receipt.turn) == (1, 1)

    keeping.release("begins")

    assert world.said() == ["begin a 1"]
    world.finish(1)
    assert receipt.ended == Completed(turn=1)
    check(core, world)


def test_a_turn_that_waits_for_its_mark_does_not_wait_for_its_tenant() -> None:
    """It has the slot that its tenant may have."""
    core, _world, _ = late("begins", limits=Limits(turns=9, turns_per_tenant=1))

    for key in "ab":
        send(core, key, tenant="me")

    first, other = (phase_of(core, core.lanes[key]) for key in "ab")
    assert (first, other) == ("waiting for a slot", "waiting for tenant")


def test_an_abort_between_slot_and_go_is_concluded_and_gives_its_slot_back() -> None:
    """The turn never runs; whoever is next has the slot."""
    core, world, keeping = late("begins")
    receipt = send(core, "a")
    send(core, "b")

    abort(core)
    assert receipt.ended is None
    check(core, world)
    keeping.release("begins")
    world.step()

    assert receipt.ended == Aborted("why", turn=1)
    assert core.slots.running == 1  # b's
    keeping.release("begins")
    assert world.said()[-1] == "begin b 2"
    check(core, world)


def test_a_session_that_ends_between_slot_and_go_has_its_prompts_wait_again() -> None:
    """Its successor takes them; the `go` of the turn that never was does nothing."""
    core, world, keeping = late("begins")
    receipt = send(core, "a")
    session = core.lanes["a"].session

    world.gone(session)
    assert receipt.turn == 2
    assert world.said() == ["start a", "start a~2"]
    check(core, world)
    keeping.release("begins")
    assert world.said() == []
    keeping.release("begins")

    assert world.said() == ["begin a 2"]
    world.finish(2)
    assert receipt.ended == Completed(turn=2)
    check(core, world)


def test_a_router_that_ends_between_slot_and_go_begins_nothing() -> None:
    """The prompt is lost, once."""
    core, world, keeping = late("begins")
    receipt = send(core, "a")
    core.lanes["a"].session._seat.ending = True
    world.ending = True

    end_all(core, Stopped())
    outcome = receipt.ended
    keeping.release_all()

    assert isinstance(outcome, Lost)
    assert receipt.ended is outcome
    assert (core.lanes, core.slots.running, core.turns.running) == ({}, 0, {})


# -------------------------------------------------------------------------------- ended


def test_nothing_is_told_before_the_commit() -> None:
    """The outcome is certain and not told; the slot is kept, the next one waits."""
    core, world, keeping = late("ended")
    first, second, other = send(core, "a", 1), send(core, "a", 2), send(core, "b")
    world.said()

    world.finish(1, "done")
    assert (first.ended, second.turn, other.turn) == (None, None, 2)
    assert (core.slots.running, world.said()) == (1, [])
    assert keeping.log[-1] == "seal 1"
    check(core, world)

    keeping.release("ended")
    assert first.ended == Completed("done", turn=1)
    assert world.said() == ["begin b 2"]
    assert second.turn == 3
    check(core, world)


def test_an_abort_after_the_end_is_too_late() -> None:
    """What was sealed is told."""
    core, world, keeping = late("ended")
    receipt = send(core, "a")
    world.finish(1, "done")

    abort(core)
    core.verbs.cancel_all("a", None)
    keeping.release("ended")

    assert receipt.ended == Completed("done", turn=1)
    check(core, world)


def test_what_is_sent_before_the_commit_waits_for_it() -> None:
    """Also what was to steer: there is nothing to steer any more."""
    core, world, keeping = late("ended")
    send(core, "a")
    world.finish(1)
    sent, steering = send(core, "a"), send(core, "a", steer=True)
    assert world.said() == ["start a", "begin a 1"]

    keeping.release("ended")

    assert world.said() == ["begin a 2"]
    assert {sent.turn, steering.turn} == {2, None}
    world.finish(2)
    keeping.release("ended")
    world.finish(3)
    keeping.release("ended")
    assert sent.ended == Completed(turn=sent.turn)
    assert steering.ended == Completed(turn=steering.turn)
    check(core, world)


def test_a_session_that_crashes_before_the_commit_changes_nothing_of_it() -> None:
    """The turn is over; the next one is its successor's, after the commit."""
    core, world, keeping = late("ended")
    first, second = send(core, "a"), send(core, "a")
    world.finish(1, "done")

    world.gone(core.lanes["a"].session, Crashed(RuntimeError("bang")))
    assert (first.ended, second.turn) == (None, None)
    keeping.release("ended")

    assert first.ended == Completed("done", turn=1)
    assert second.turn == 2
    assert world.said()[-1] == "begin a 2"
    check(core, world)


# ------------------------------------------------------------------------------ settled


def test_a_prompt_that_is_taken_back_runs_nowhere_before_its_commit() -> None:
    """It is no prompt that waits any more, though nobody has been told."""
    core, world, keeping = late("settled")
    send(core, "a")
    receipt, other = send(core, "a"), send(core, "a")

    assert receipt.withdraw("why") is Withdrawal.WITHDRAWN
    assert receipt.ended is None
    assert core.lanes["a"].waiting == 1
    check(core, world)
    world.finish(1)

    assert (receipt.turn, other.turn) == (None, 2)
    keeping.release("settled")
    assert receipt.ended == Withdrawn("why")
    check(core, world)


def test_a_prompt_is_taken_back_once() -> None:
    """A second call is too late, also before the first one is told."""
    core, world, keeping = late("settled")
    send(core, "a")
    receipt, other = send(core, "a"), send(core, "a")

    assert receipt.withdraw(1) is Withdrawal.WITHDRAWN
    assert receipt.withdraw(2) is Withdrawal.TOO_LATE
    assert core.verbs.cancel_all("a", 3).withdrawn == (other.id,)
    check(core, world)
    keeping.release_all()

    assert (receipt.ended, other.ended) == (Withdrawn(1), Withdrawn(3))
    assert [each for each in keeping.log if each.startswith("settled")] == [
        f"settled {receipt.id} Withdrawn",
        f"settled {other.id} Withdrawn",
    ]


def test_steering_that_is_taken_back_steers_nothing_before_its_commit() -> None:
    """No checkpoint takes it, and it begins no turn."""
    core, world, keeping = late("settled")
    send(core, "a")
    world.step()
    receipt, other = (send(core, "a", steer=True) for _ in range(2))
    steering = core.lanes["a"].turn.extra.steering

    receipt.withdraw("why")
    assert steering.live() == [other]
    assert len(steering) == 1
    assert steering.take() is other
    assert steering.take() is None
    steering.put(other)
    world.finish(1)

    assert (receipt.turn, other.turn) == (None, 2)
    keeping.release_all()
    assert receipt.ended == Withdrawn("why")
    check(core, world)


def test_steering_that_is_taken_cannot_be_taken_back_before_its_commit() -> None:
    """A turn has it."""
    core, world, keeping = late("settled")
    send(core, "a")
    world.step()
    run = core.lanes["a"].turn
    receipt = send(core, "a", steer=True)
    taken = run.extra.steering.take()
    taken._turn = run.id
    core.settle(taken, Steered(turn=run.id))

    assert receipt.withdraw() is Withdrawal.TOO_LATE
    world.finish(1)
    keeping.release_all()

    assert receipt.ended == Steered(turn=1)
    check(core, world)


def test_a_side_question_that_is_taken_back_begins_no_turn() -> None:
    """It waited for the session, which is ready before the commit."""
    core, world, keeping = late("settled", "bring")
    receipt = send(core, "a", kind=ASIDE)

    assert receipt.withdraw("why") is Withdrawal.WITHDRAWN
    keeping.release("bring")

    assert world.said() == ["start a"]
    keeping.release("settled")
    assert receipt.ended == Withdrawn("why")
    check(core, world)


def test_a_cancelled_prompt_that_had_no_turn_has_none_before_its_commit() -> None:
    """`cancel` of a session that starts aborts the first of what waits."""
    core, world, keeping = late("settled", "bring")
    first, second = send(core, "a"), send(core, "a")

    abort(core)
    assert core.lanes["a"].waiting == 1
    keeping.release("bring")

    assert (first.turn, second.turn) == (None, 1)
    keeping.release("settled")
    assert first.ended == Aborted("why")
    check(core, world)


# -------------------------------------------------------------------------------- bring


def test_a_session_starts_when_its_key_has_been_brought() -> None:
    """Prompts wait meanwhile."""
    core, world, keeping = late("bring")
    receipt = send(core, "a")
    assert (world.said(), receipt.turn) == ([], None)

    keeping.release("bring")

    assert world.said() == ["start a", "begin a 1"]
    check(core, world)


@pytest.mark.parametrize("how", [CloseReason.CLOSED, CloseReason.RESET])
def test_a_key_that_is_ended_while_it_is_brought_starts_nothing(
    how: CloseReason,
) -> None:
    """What was brought is not asked for any more."""
    core, world, keeping = late("bring")
    receipt = send(core, "a")

    core.verbs.end("a", how, "why")
    assert receipt.ended == Withdrawn("why")
    keeping.release("bring")

    assert world.said() == []
    assert ("a" in core.lanes) == (how is CloseReason.RESET)
    check(core, world)


def test_a_key_that_begins_anew_is_brought_anew() -> None:
    """What was brought for the old one is not taken for it; one session starts."""
    core, world, keeping = late("bring")
    send(core, "a", "old")
    core.verbs.end("a", CloseReason.RESET, None)
    receipt = send(core, "a", "new")

    keeping.release("bring")
    assert world.said() == []
    keeping.release("bring")

    assert world.said() == ["start a", "begin a 1"]
    world.finish(1)
    assert receipt.ended == Completed(turn=1)
    assert core.lanes["a"].state == ("new",)
    check(core, world)


def test_a_router_that_has_ended_brings_nobody() -> None:
    """The prompt is lost, and no session starts."""
    core, world, keeping = late("bring")
    receipt = send(core, "a")

    end_all(core, Stopped())
    keeping.release_all()

    assert isinstance(receipt.ended, Lost)
    assert world.said() == []
    assert core.lanes == {}


def test_what_waits_may_be_taken_back_while_a_key_is_brought() -> None:
    """The session starts all the same, and is idle."""
    core, world, keeping = late("bring")
    receipt = send(core, "a")

    assert receipt.withdraw() is Withdrawal.WITHDRAWN
    keeping.release("bring")

    assert world.said() == ["start a"]
    assert len(core.idle) == 1
    check(core, world)


# ----------------------------------------------------------------------------- the rest


def test_everything_is_told_to_the_store_once() -> None:
    """Acceptance, outcome, tokens and the end of a key, in their order."""
    core, world, keeping = late()
    receipt = send(core, "a")
    lane = core.lanes["a"]
    core.bind(lane, lane.session, "token")
    core.bind(lane, lane.session, None)
    core.bind(lane, lane.session, None)  # nothing to forget
    world.finish(1)
    core.verbs.end("a", CloseReason.CLOSED, None)
    core.verbs.end("a", CloseReason.CLOSED, None)  # unknown

    assert keeping.log == [
        f"accepted a {receipt.id}",
        "bound a token",
        "bound a None",
        "seal 1",
        "forgotten a",
    ]


def test_a_prompt_that_is_kept_is_not_lost_at_the_end() -> None:
    """It waits in the store for the next router."""

    class Keeping(Later):
        """Keeps all."""

        def kept(self, receipt: Any) -> bool:
            return bool(receipt.prompt == "kept")

    core, world = made(ONE, Plain, Keeping())
    send(core, "x")
    kept, lost = send(core, "x", "kept"), send(core, "x", "lost")

    world.ending = True
    end_all(core, Stopped())

    assert kept.ended is None
    assert isinstance(lost.ended, Lost)


def test_whatever_is_late_all_comes_to_its_end() -> None:
    """With every hook late, each prompt still has its one outcome."""
    hooks = ("bring", "begins", "ended", "settled")
    core, world, keeping = late(*hooks)
    receipts = [send(core, key) for key in "aabbc"]
    receipts[1].withdraw()
    for _ in range(20):
        keeping.release_all()
        world.step()
        for turn in tuple(world.begun):
            world.finish(turn)

    assert all(each.ended is not None for each in receipts)
    assert (core.unsettled, core.slots.running, core.turns.running) == (0, 0, {})
    assert len(core.idle) == 3
    check(core, world)
