"""A key of which nothing can begin for now: it gives its place to another."""

from __future__ import annotations

from typing import Any

from actors import CloseReason, Completed
from supervision import Limits
from supervision._routing.parts import lane as lanes
from tests.routing.core.double import Later, check, made, send


def test_the_place_of_what_is_held_goes_to_the_first_in_line() -> None:
    """What was asked for it comes too late, and starts nothing."""
    core, world = made(Limits(sessions=2, turns=9), keeping=Later("bring"))
    keeping: Any = core.keeping
    send(core, "a")
    keeping.release("bring")
    world.step()
    send(core, "c")
    core.verbs.end("a", CloseReason.CLOSED, "why")
    send(core, "b")
    lane, other = core.lanes["c"], core.lanes["b"]
    assert (lane.phase, other.phase) == (lanes.STARTING, lanes.PLACE)
    world.said()

    core.sessions.hold(lane)

    assert (lane.phase, other.phase) == (lanes.PLACE, lanes.STARTING)
    keeping.release_all()
    assert world.said()[0] == "start b"
    assert lane.session is None
    assert core.places.stands_beside(lane)


def test_what_can_begin_again_takes_the_place_of_an_idle_one() -> None:
    """As a new one does."""
    core, world = made(Limits(sessions=1, turns=9), keeping=Later("bring"))
    keeping: Any = core.keeping
    held = send(core, "c")
    lane = core.lanes["c"]
    core.sessions.hold(lane)
    keeping.release_all()
    send(core, "b")
    keeping.release_all()
    world.finish(core.turn_ids)
    assert sorted(core.lanes) == ["b", "c"]

    core.sessions.come_back(lane)

    assert sorted(core.lanes) == ["c"]
    assert lane.phase == lanes.ASLEEP
    assert not core.places.stands_beside(lane)
    core.turns.advance(lane)
    keeping.release_all()
    world.finish(core.turn_ids)
    assert isinstance(held.ended, Completed)
    check(core, world)


def test_what_can_begin_again_stands_in_line_if_all_are_busy() -> None:
    """Until one is not."""
    core, world = made(Limits(sessions=1, turns=9), keeping=Later("bring"))
    keeping: Any = core.keeping
    send(core, "c")
    lane = core.lanes["c"]
    core.sessions.hold(lane)
    keeping.release_all()
    send(core, "b")
    keeping.release_all()
    world.step()

    core.sessions.come_back(lane)
    core.sessions.come_back(lane)

    assert lane.phase == lanes.PLACE
    assert not core.places.stands_beside(lane)
    core.verbs.end("b", CloseReason.CLOSED, "why")
    world.die(core.turn_ids)
    assert lane.phase == lanes.STARTING
