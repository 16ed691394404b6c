"""The end of a router, and many turns whose sessions are gone."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    CloseReason,
    Completed,
    Crashed,
    Exit,
    Failed,
    Killed,
    Lost,
    Receipt,
    Stopped,
    Withdrawal,
)
from actors.hosting import ASIDE
from supervision import Limits
from supervision._routing.core.draining import end_all
from supervision._routing.parts import lane as lanes
from tests.routing.core.double import Plain, Slow, check, made, send

MANY = 10_000
CRASHED = Crashed(RuntimeError("bang"))


class Sleepy(Plain):
    """It wants to be told before it is forgotten."""

    _suspends: ClassVar[bool] = True


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
    core, world = made(Limits(sessions=1, turns=9, sessions_per_owner=5))
    send(core, "a", owner="me")
    world.finish(1)
    world.quick = False
    withdrawn = send(core, "b", owner="me")
    assert withdrawn.withdraw() is Withdrawal.WITHDRAWN
    assert "b" in core.lanes  # it waits for the place that it was promised
    others = [send(core, "c", owner="you")] if core.idle.oldest else []

    end_all(core, Stopped())

    assert all(isinstance(each.ended, Lost) for each in others)
    assert (core.lanes, core.unsettled) == ({}, 0)
    assert core.admission._owners == {}
    check(core, world)


def test_a_key_that_waits_for_a_place_in_vain_costs_no_other_its_outcome() -> None:
    """A20: with others behind it in the map, each with an owner of its own."""
    core, world = made(Limits(sessions=3, turns=9, sessions_per_owner=5))
    for key in "abc":
        send(core, key, owner="me")
        world.finish(core.turn_ids)
    world.quick = False
    first, second, third = (send(core, key, owner=key) for key in "xyz")
    first.withdraw()

    end_all(core, Stopped())

    assert (type(second.ended), type(third.ended)) == (Lost, Lost)
    assert (core.lanes, core.unsettled) == ({}, 0)
    assert core.admission._owners == {}
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
