"""`Clocks`: the watchdog's timer, and what is done when it goes off."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest

from actors import Limit, TurnPolicy, TurnStalled
from actors._sessions.turns.clocks import (
    Clocks,
    last_sign_of,
    time_left_of,
    tool_of,
)
from actors._sessions.turns.watchdog import GiveUp, Over, Probe, Watchdog
from tests.sessions.turns.double import House

POLICY = TurnPolicy(
    time_limit=100.0,
    inactivity=20.0,
    tool_limit=30.0,
    abort_grace=10.0,
    alive_every=1000.0,
    stalls=(5.0,),
)


@attrs.define(eq=False)
class Run:
    """A turn that writes down what its clocks say."""

    host: Any
    said: list[tuple[float, object]] = attrs.field(factory=list[tuple[float, object]])
    signed_at: float = 0.0
    turn: object = "a turn that is not over"
    open: bool = True
    stalled: bool = False  # of what it has beside

    def need_extra(self) -> Run:
        """What it has beside: itself."""
        return self

    def publish(self, kind: Any, *args: Any) -> None:
        """An event."""
        self.said.append((self.host.now(), (kind, *args)))

    def heed(self, verdict: Over | Probe | GiveUp) -> None:
        """A clock has run out."""
        self.said.append((self.host.now(), verdict))


def made(policy: TurnPolicy = POLICY) -> tuple[Clocks, Run, House]:
    """The clocks of a turn that begins at 0."""
    house = House()
    run = Run(house)
    clocks = Clocks(run, Watchdog(policy, 0.0))
    clocks.arm()
    return clocks, run, house


def test_the_timer_is_set_to_the_earliest() -> None:
    """There is one, however often it is set."""
    clocks, _, house = made()
    clocks.arm()
    clocks.arm()

    assert house.clock.armed == [5.0]


def test_what_is_due_is_told_and_heeded_in_its_instant() -> None:
    """A stall is an event, a limit is heeded; then nothing is due any more."""
    _, run, house = made()

    house.clock.move(500.0)

    assert run.said == [
        (5.0, (TurnStalled, 5.0)),
        (20.0, Over(Limit.INACTIVITY)),
    ]
    assert house.clock.armed == []


def test_a_sign_moves_the_timer_when_it_goes_off() -> None:
    """A timer that is too early finds nothing, and is set anew."""
    clocks, run, house = made()
    house.clock.move(3.0)
    clocks.watch.sign(3.0)
    assert house.clock.armed == [5.0]

    house.clock.move(7.0)

    assert run.said == []
    assert house.clock.armed == [8.0]


def test_stopped_clocks_say_nothing() -> None:
    """Stopping is idempotent."""
    clocks, run, house = made()

    clocks.stop()
    clocks.stop()
    house.clock.move(500.0)

    assert run.said == []
    assert clocks.timer is None


def test_a_turn_that_is_to_end_has_its_grace_and_nothing_else() -> None:
    """Then it is given up, once; later calls do not move it."""
    clocks, run, house = made()
    house.clock.move(4.0)

    clocks.end_within_grace()
    house.clock.move(9.0)
    clocks.end_within_grace()
    assert house.clock.armed == [14.0]
    house.clock.move(500.0)

    assert run.said == [(14.0, GiveUp())]
    assert house.clock.armed == []


def test_one_that_is_given_up_may_set_its_own_timer() -> None:
    """The last thing that clocks do is to say so: whatever timer is set stays."""
    house = House()

    class Careful(Run):
        """It needs a while for its last words."""

        def heed(self, verdict: Over | Probe | GiveUp) -> None:
            super().heed(verdict)
            clocks.timer = house.at(99.0, lambda: None)

    clocks = Clocks(Careful(house), Watchdog(POLICY, 0.0))
    clocks.end_within_grace()

    house.clock.move(50.0)

    assert house.clock.armed == [99.0]


def test_clocks_without_an_end_set_no_timer() -> None:
    """What never happens needs none."""
    never = TurnPolicy(
        time_limit=math.inf, inactivity=math.inf, alive_every=math.inf, stalls=()
    )
    _, _, house = made(never)

    assert house.clock.armed == []


@pytest.mark.parametrize("looked_at", [False, True])
def test_the_tool_and_the_latest_sign_are_known(*, looked_at: bool) -> None:
    """Of a turn that has clocks by them, of another by itself."""
    house = House()
    run = house.turn(POLICY)
    assert tool_of(run) is None
    house.clock.time = 2.0
    if looked_at:
        clocks = run.need_clocks()
        clocks.watch.tool_begins(2.0, "search")
    else:
        run.need_extra()
        run.sign()

    assert tool_of(run) == ("search" if looked_at else None)
    assert last_sign_of(run) == 2.0


def test_clocks_are_made_as_if_they_had_run_from_the_first_step() -> None:
    """A turn that needs some has them from its begin and its latest sign on."""
    house = House()
    house.clock.time = 10.0
    run = house.turn(POLICY)
    house.clock.time = 12.0
    run.sign()
    house.clock.time = 14.0

    clocks = run.need_clocks()

    assert run.need_clocks() is clocks
    assert clocks.watch.next() == 17.0  # five seconds after the sign
    assert clocks.watch.look(109.9)[-1] == Over(Limit.INACTIVITY)
    assert house.looks.young == {POLICY.first_look: {}}


def test_clocks_of_a_turn_that_waits_count_from_now() -> None:
    """It has had no first step: whatever counts, counts from here."""
    house = House()
    house.clock.time = 10.0
    run = house.turn(POLICY, begun=False)

    assert run.need_clocks().watch.next() == 15.0


def test_what_a_host_does_for_a_turn_does_not_count() -> None:
    """No limit comes while it is done; then all have the time back."""
    clocks, run, house = made()
    house.clock.move(3.0)
    run.signed_at = 3.0
    with clocks.held():
        assert house.clock.armed == [1000.0]
        house.clock.move(503.0)
        assert run.said == []

    assert house.clock.armed == [503.0 + 5.0]
    assert clocks.watch.left(503.0) == {"time": 97.0, "inactivity": 20.0}


def test_what_a_host_does_ends_with_a_turn_that_is_over() -> None:
    """Its clocks stay as they are: nothing goes off."""
    clocks, run, house = made()
    with clocks.held():
        run.open = False
        clocks.stop()

    assert house.clock.armed == []


def test_a_host_may_do_two_things_for_a_turn() -> None:
    """Limits are held as long as one of them is being done."""
    clocks, _, house = made()
    with clocks.held():
        house.clock.move(100.0)
        with clocks.held():
            house.clock.move(200.0)
        house.clock.move(300.0)

    assert clocks.watch.left(300.0)["time"] == 100.0


def test_a_reader_that_has_read_begins_the_wait_of_others_anew() -> None:
    """Two wait for it: the one that still does from the chunk that was taken last."""
    clocks, run, house = made(TurnPolicy(reader_limit=30.0, alive_every=1000.0))
    clocks.waits()
    house.clock.move(10.0)
    clocks.waits()
    assert house.clock.armed == [30.0]

    house.clock.move(20.0)
    clocks.served(read=True)
    assert house.clock.armed == [50.0]
    clocks.served(read=False)
    assert run.said == []
    assert 50.0 not in house.clock.armed


def test_a_writer_that_gives_up_does_not_stand_for_the_reader() -> None:
    """Nothing has been read: who still waits does so from the beginning."""
    clocks, _, house = made(TurnPolicy(reader_limit=30.0, alive_every=1000.0))
    clocks.waits()
    clocks.waits()
    house.clock.move(20.0)

    clocks.served(read=False)

    assert house.clock.armed == [30.0]


def test_a_wait_that_ends_with_its_turn_sets_no_timer() -> None:
    """The turn is over before its writer knows."""
    clocks, run, house = made()
    clocks.waits()
    run.open = False
    clocks.stop()

    clocks.served(read=False)

    assert house.clock.armed == []


@pytest.mark.parametrize("held", [False, True])
def test_silence_before_a_pause_counts_after_it(*, held: bool) -> None:
    """Waiting for a reader is not silence, and it is no sign either."""
    clocks, run, house = made()
    house.clock.move(1.0)
    run.signed_at = 1.0
    house.clock.move(4.0)
    if held:
        with clocks.held():
            house.clock.move(10.0)
    else:
        clocks.waits()
        house.clock.move(10.0)
        clocks.served(read=False)

    assert house.clock.armed == [12.0]
    house.clock.move(12.0)
    assert run.said == [(12.0, (TurnStalled, 5.0))]


@pytest.mark.parametrize("held", [False, True])
def test_a_sign_in_a_pause_ends_the_silence_before_it(*, held: bool) -> None:
    """What comes after it in the pause is not silence."""
    clocks, run, house = made()
    house.clock.move(4.0)
    if held:
        with clocks.held():
            house.clock.move(8.0)
            run.signed_at = 8.0
            house.clock.move(10.0)
    else:
        clocks.waits()
        house.clock.move(8.0)
        run.signed_at = 8.0
        house.clock.move(10.0)
        clocks.served(read=False)

    assert house.clock.armed == [15.0]


def test_a_tool_has_its_limit_from_its_begin_on() -> None:
    """The timer is set for it, and not any more when its turn is over."""
    clocks, run, house = made(TurnPolicy(tool_limit=3.0, alive_every=100.0))
    clocks.tool_begins("t", 0.0)
    assert house.clock.armed == [3.0]
    run.turn = None
    clocks.stop()

    clocks.tool_ends("t", 1.0)

    assert house.clock.armed == []


def test_the_time_that_is_left_counts_the_latest_sign() -> None:
    """Also one that no clock has looked at yet; of a turn that waits nothing runs."""
    house = House()
    run = house.turn(POLICY)
    run.need_clocks()
    house.clock.time = 4.0
    run.sign()

    assert time_left_of(run, 5.0) == {"time": 95.0, "inactivity": 19.0}
    assert time_left_of(house.turn(POLICY, begun=False), 5.0) == {}
