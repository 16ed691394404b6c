"""Sessions that cannot be made, or are to end before they have begun."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from actors import (
    CloseReason,
    Completed,
    Crashed,
    Failed,
    SessionStartError,
    Withdrawn,
)
from actors.hosting import ASIDE
from supervision import Limits
from tests.routing.core.double import Plain, Slow, check, made, send

CRASHED = Crashed(RuntimeError("bang"))


class Sleepy(Plain):
    """It wants to be told before it is forgotten."""

    _suspends: ClassVar[bool] = True


def test_what_a_constructor_raises_is_told() -> None:
    """In words, and as the cause."""
    core, world = made()
    world.unborn = cause = ValueError("no key for the model")

    receipt = send(core, "a")

    assert isinstance(receipt.ended, Failed)
    error = receipt.ended.error
    assert isinstance(error, SessionStartError)
    assert error.__cause__ is cause
    assert "its constructor failed: ValueError('no key for the model')" in str(error)
    assert world.said() == ["unborn a ValueError"]
    check(core, world)


def test_an_interrupt_in_a_constructor_goes_on() -> None:
    """Its prompt has its outcome all the same."""
    core, world = made()
    interrupt: Any = KeyboardInterrupt()
    world.unborn = interrupt

    with pytest.raises(KeyboardInterrupt):
        send(core, "a")

    assert core.unsettled == 0
    assert "a" not in core.lanes


def test_a_key_whose_successor_cannot_be_made_is_idle() -> None:
    """Its state is kept as long as nobody needs its place."""
    core, world = made(Limits(sessions=1, turns=1))
    send(core, "a", "hello")
    world.finish(1)
    world.gone(core.lanes["a"].session, CRASHED)
    world.unborn = ValueError("no")
    failed = send(core, "a")
    assert isinstance(failed.ended, Failed)
    lane = core.lanes["a"]
    assert (lane.state, lane.busy, len(core.idle)) == (("hello",), False, 1)

    world.unborn = None
    other = send(core, "b")
    world.finish(core.turn_ids)

    assert isinstance(other.ended, Completed)
    assert "a" not in core.lanes
    check(core, world)


def test_a_successor_is_counted_when_it_is_made() -> None:
    """One that could not be made is none: the next has its number."""
    core, world = made()
    send(core, "a")
    world.finish(1)
    world.gone(core.lanes["a"].session, CRASHED)
    world.unborn = ValueError("no")
    send(core, "a")
    world.unborn = None
    world.said()

    send(core, "a")

    assert world.said()[0] == "start a~2"
    assert core.lanes["a"].generation == 2
    assert core.books.opened == 2


def test_a_side_question_that_was_taken_back_begins_nothing() -> None:
    """Others that waited for the start do."""
    core, world = made(make=Slow)
    send(core, "a")
    back = send(core, "a", kind=ASIDE)
    stays = send(core, "a", kind=ASIDE)
    back.withdraw("why")
    assert back.ended == Withdrawn("why")
    world.said()

    world.started("a")

    assert back.turn is None
    assert stays.turn is not None
    assert len([each for each in world.said() if each.startswith("begin")]) == 2
    check(core, world)


def test_a_session_is_asked_once_to_suspend() -> None:
    """However often it is told to end meanwhile."""
    core, world = made(make=Sleepy)
    send(core, "a")
    world.finish(1)
    world.said()
    lane = core.lanes["a"]
    core.sessions.close(lane, CloseReason.REAPED)
    assert world.said() == ["suspend a"]

    core.sessions.end(lane)

    assert world.said() == []
