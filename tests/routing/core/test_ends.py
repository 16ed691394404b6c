"""The end of a router, and many turns whose sessions are gone."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    Batch,
    ClosedToNewError,
    CloseReason,
    Completed,
    Crashed,
    Exit,
    Failed,
    Killed,
    Lost,
    PromptPolicy,
    Receipt,
    Stopped,
    Withdrawal,
)
from actors.hosting import ASIDE, PROMPT, SHUT_DOWN
from supervision import Backoff, Limits
from supervision._routing.core.core import Core
from supervision._routing.core.draining import end_all, leave_all
from supervision._routing.parts import lane as lanes
from tests.routing.core.double import (
    Later,
    Plain,
    Slow,
    World,
    check,
    handle,
    made,
    send,
)

MANY = 10_000
CRASHED = Crashed(RuntimeError("bang"))


class Sleepy(Plain):
    """It wants to be told before it is forgotten."""

    _suspends: ClassVar[bool] = True


class Bursting(Plain):
    """It waits for more, a second long."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=9, window=1.0)
    )


def idle(core: Core, world: World) -> None:
    """The session a has had a turn."""
    send(core, "a")
    world.finish(core.turn_ids)


def error_of(receipt: Receipt[object]) -> BaseException:
    """What a prompt has failed with."""
    assert isinstance(receipt.ended, Failed)
    return receipt.ended.error


@pytest.mark.parametrize(
    ("exit_", "why"),
    [
        (Stopped(), "the router has ended"),
        (Crashed(RuntimeError("bang")), "the router has crashed"),
    ],
)
def test_whatever_waits_is_lost(exit_: Exit, why: str) -> None:
    """For a place, for a start, for a slot, for its turn, for a checkpoint, beside."""
    core, world = made(Limits(sessions=2, turns=1))
    send(core, "a")
    world.step()
    world.finish(1)
    receipts = [send(core, "b"), send(core, "b"), send(core, "a"), send(core, "a")]
    receipts.append(send(core, "a", kind=ASIDE))
    world.ending = True

    end_all(core, exit_)

    assert {each.ended and type(each.ended) for each in receipts} == {Lost}
    assert {getattr(each.ended, "reason", None) for each in receipts} == {why}
    assert (core.lanes, core.turns.running, core.unsettled) == ({}, {}, 0)
    assert (core.slots.running, core.slots.waiting, core.places.used) == (0, 0, 0)
    assert world.clock.armed == []


def test_an_end_is_told_once() -> None:
    """What had its outcome keeps it."""
    core, world = made()
    receipt = send(core, "a")
    world.finish(1)

    end_all(core, Stopped())

    assert receipt.ended == Completed(turn=1)
    assert core.books.prompts() == {"Completed": 1}


def test_one_that_was_cut_before_it_began_is_what_it_was_cut_with() -> None:
    """The end of the router does not change that."""
    core, _ = made()
    receipt = send(core, "a")
    core.verbs.cancel("a", hard=True, reason="why", hint=None)

    end_all(core, Stopped())

    assert receipt.ended == Aborted("why", turn=1)


def test_each_key_is_forgotten_once_when_the_router_ends() -> None:
    """A20: a key that waits for a place in vain is no error, and costs no outcome."""
    core, world = made(Limits(sessions=1, turns=9, sessions_per_tenant=5))
    send(core, "a", tenant="me")
    world.finish(1)
    world.quick = False
    withdrawn = send(core, "b", tenant="me")
    assert withdrawn.withdraw() is Withdrawal.WITHDRAWN
    assert "b" in core.lanes  # it waits for the place that it was promised
    others = [send(core, "c", tenant="you")] if core.idle.oldest else []

    end_all(core, Stopped())

    assert all(isinstance(each.ended, Lost) for each in others)
    assert (core.lanes, core.unsettled) == ({}, 0)
    assert core.admission._tenants == {}
    check(core, world)


def test_a_key_that_waits_for_a_place_in_vain_costs_no_other_its_outcome() -> None:
    """A20: with others behind it in the map, each with a tenant of its own."""
    core, world = made(Limits(sessions=3, turns=9, sessions_per_tenant=5))
    for key in "abc":
        send(core, key, tenant="me")
        world.finish(core.turn_ids)
    world.quick = False
    first, second, third = (send(core, key, tenant=key) for key in "xyz")
    first.withdraw()

    end_all(core, Stopped())

    assert (type(second.ended), type(third.ended)) == (Lost, Lost)
    assert (core.lanes, core.unsettled) == ({}, 0)
    assert core.admission._tenants == {}
    assert (core.places.used, core.places.waiting, core.places.leaving) == (0, 0, 0)


def test_turns_of_many_dead_sessions_need_no_stack() -> None:
    """Each gives its slot to the next, whose session is gone too."""
    core, world = made(Limits(sessions=MANY, turns=1))
    receipts: list[Receipt[object]] = [send(core, str(n)) for n in range(MANY)]
    world.step(1)
    for lane in core.lanes.values():
        lane.session._seat.ending = True

    world.finish(1)

    assert (core.slots.running, core.slots.waiting) == (0, 0)
    assert core.turns.running == {}
    assert sum(lane.waiting for lane in core.lanes.values()) == MANY - 1
    end_all(core, Stopped())
    assert all(each.ended is not None for each in receipts)
    assert core.unsettled == 0


def test_a_start_that_is_under_way_is_over_when_the_router_has_ended() -> None:
    """Nothing of it happens later."""
    core, world = made(Limits(sessions=9, turns=9, start_within=5.0), Slow)
    receipt = send(core, "a")
    session = core.lanes["a"].session

    end_all(core, Stopped())
    world.said()
    world.clock.move(99.0)

    assert isinstance(receipt.ended, Lost)
    assert world.said() == []
    core.leaving.ended(session._lane, session, Stopped())
    assert core.lanes == {}
    assert core.books.closed == {CloseReason.STOPPED: 1}  # it is counted once


def test_only_a_start_that_is_out_of_time_is_said_to_be() -> None:
    """The next one that fails says its own reason."""
    core, world = made(Limits(sessions=9, turns=9, start_within=5.0), Slow)
    send(core, "a")
    world.started("a")
    world.finish(1)
    world.gone(core.lanes["a"].session, CRASHED)
    late = send(core, "a")
    world.clock.move(5.0)
    world.gone(core.lanes["a"].session, Killed())
    assert "not started within 5 seconds" in str(error_of(late))

    again = send(core, "a")
    world.gone(core.lanes["a"].session, CRASHED)

    assert "`started` failed" in str(error_of(again))


def test_each_session_of_a_key_is_asked_to_suspend() -> None:
    """Also the one that came because its forerunner was asked in vain."""
    core, world = made(Limits(sessions=9, turns=9), Sleepy)
    for _ in range(2):
        send(core, "a")
        world.finish(core.turn_ids)
        world.said()
        session = core.lanes["a"].session

        core.sessions.close(core.lanes["a"], CloseReason.REAPED)
        assert world.said() == ["suspend a"]
        send(core, "a")
        world.gone(session)
        world.finish(core.turn_ids)

    check(core, world)


def test_a_receipt_that_is_kept_keeps_no_conversation() -> None:
    """The state of a key that is forgotten goes, whoever still knows of a prompt."""
    core, world = made()
    receipt = send(core, "a", "hello")
    world.finish(1)
    entry: Any = receipt._lane
    assert entry.state == ("hello",)

    core.sessions.close(core.lanes["a"], CloseReason.CLOSED)

    assert entry.state is None
    assert (entry.phase, entry.room) == (lanes.GONE, 0)


@pytest.mark.parametrize("aside", [False, True])
def test_a_turn_whose_last_words_are_being_said_ends_with_its_session(
    *, aside: bool
) -> None:
    """The engine has no more to say of it; its prompt has its outcome all the same."""
    core, world = made()
    idle(core, world)
    receipt = send(core, "a", kind=ASIDE if aside else PROMPT)
    world.step()
    run = core.turns.running[core.turn_ids]
    run.need_extra().leaving = True

    world.gone(core.lanes["a"].session, CRASHED)

    assert receipt.ended == Aborted(SHUT_DOWN, turn=run.id, late=True)
    assert core.turns.running == {}
    check(core, world)


def test_a_side_question_that_has_no_slot_ends_with_its_session() -> None:
    """It has not begun, so nothing of it is late."""
    core, world = made(Limits(sessions=9, turns=1))
    idle(core, world)
    send(core, "b")
    receipt = send(core, "a", kind=ASIDE)

    world.gone(core.lanes["a"].session, CRASHED)

    assert receipt.ended == Aborted(SHUT_DOWN, turn=core.turn_ids)
    check(core, world)


def test_what_a_deaf_turn_leaves_behind_ends_with_it() -> None:
    """A side question that runs, and one that waits for its slot."""
    core, world = made(Limits(sessions=9, turns=2))
    idle(core, world)
    deaf = send(core, "a")
    beside = send(core, "a", kind=ASIDE)
    unbegun = send(core, "a", kind=ASIDE)
    world.step()
    run = core.lanes["a"].turn
    run.verdict = Aborted("deaf")

    core.leaving.give_up(run)

    assert deaf.ended == Aborted("deaf", turn=run.id, late=True)
    assert beside.ended == Aborted(SHUT_DOWN, turn=run.id + 1, late=True)
    assert unbegun.ended == Aborted(SHUT_DOWN, turn=run.id + 2)
    check(core, world)


def test_the_second_deaf_turn_of_a_session_costs_its_successor_nothing() -> None:
    """That one is there already, and has a turn."""
    core, world = made(keeping=Later("ended"))
    idle(core, world)
    core.keeping.release_all()  # type: ignore[attr-defined] # a double
    send(core, "a")
    send(core, "a", kind=ASIDE)
    world.step()
    runs = tuple(core.turns.running.values())
    for run in runs:
        run.verdict = Aborted("deaf")
    core.leaving.give_up(runs[0])
    core.keeping.release_all()  # type: ignore[attr-defined] # a double
    after = send(core, "a")
    world.step()
    session = core.lanes["a"].session
    assert session is not None
    world.said()

    core.leaving.give_up(runs[1])

    assert world.said() == []
    assert core.lanes["a"].session is session
    assert after.ended is None
    world.finish(core.turn_ids)


def test_a_key_that_is_closing_has_one_successor_when_its_turn_is_given_up() -> None:
    """Who has come meanwhile waits for it, and it is started once."""
    core, world = made()
    idle(core, world)
    send(core, "a")
    world.step()
    run = core.lanes["a"].turn
    core.verbs.end("a", CloseReason.RESET, "why")
    after = send(core, "a")
    world.said()

    core.leaving.give_up(run)

    assert world.said() == ["kill a", "start a~2", "begin a 3"]
    assert core.lanes["a"].generation == 2
    assert core.books.opened == 2
    world.finish(3)
    assert isinstance(after.ended, Completed)
    check(core, world)


def test_a_key_that_is_brought_too_late_starts_nothing() -> None:
    """The router has ended meanwhile."""
    core, world = made(keeping=Later("bring"))
    keeping: Any = core.keeping
    receipt = send(core, "a")

    end_all(core, Stopped())
    keeping.release("bring")

    assert isinstance(receipt.ended, Lost)
    assert world.said() == []
    assert core.lanes == {}


def test_no_timer_outlives_the_router() -> None:
    """Of a successor that was to come, and of a burst that was waited for."""
    core, world = made(Limits(sessions=9, turns=9, backoff=Backoff(5.0, 5.0)), Bursting)
    receipt = send(core, "a", attempts=2)
    world.clock.move(2.0)
    world.step()
    world.gone(core.lanes["a"].session, CRASHED)
    assert core.lanes["a"].phase == lanes.BACKOFF
    send(core, "b")
    assert len(world.clock.armed) > 1

    end_all(core, Stopped())

    assert isinstance(receipt.ended, Lost)
    assert world.clock.armed == []


def test_when_its_process_has_to_leave_nobody_waits_any_more() -> None:
    """Whatever runs is given up, and whatever waits is lost; nothing else begins."""
    core, world = made(Limits(sessions=9, turns=2))
    running, waits = send(core, "a"), send(core, "a")
    cut = send(core, "b")
    world.step()
    unbegun, other = send(core, "c"), send(core, "d")
    core.verbs.cancel("b", hard=True, reason="stop", hint=None)
    world.said()

    leave_all(core, "it had to leave")

    assert running.ended == Aborted("it had to leave", turn=1, late=True)
    assert waits.ended == Lost("it had to leave")
    assert cut.ended == Aborted("stop", turn=2, late=True)
    assert unbegun.ended == Lost("it had to leave", turn=3)
    assert other.ended == Lost("it had to leave", turn=4)
    assert world.said() == ["kill a 1", "kill a", "kill b"]
    assert (core.turns.running, core.unsettled) == ({}, 0)
    assert sorted(core.books.lost) == [("a", 2), ("c", 4), ("d", 5)]
    assert (core.slots.running, core.slots.waiting) == (0, 0)
    with pytest.raises(ClosedToNewError):
        send(core, "e")


def test_a_plain_prompt_that_is_lost_is_named() -> None:
    """Also one that went in by the short way, and has nothing but its turn."""
    core, world = made(Limits(sessions=9, turns=1))
    idle(core, world)
    send(core, "b")
    receipt = handle(core).send("a", "x")
    assert (receipt.turn, receipt._more) == (3, None)

    leave_all(core, "it had to leave")

    assert receipt.ended == Lost("it had to leave", turn=3)
    assert ("a", receipt.id) in core.books.lost


def test_a_turn_that_has_returned_keeps_its_answer_when_its_process_leaves() -> None:
    """It only waited for what it had begun."""
    core, world = made()
    receipt = send(core, "a")
    world.step()
    run = core.lanes["a"].turn
    run.returned = Completed("answer", turn=1)

    leave_all(core, "it had to leave")

    assert isinstance(receipt.ended, Completed)
    assert receipt.ended.result == "answer"
