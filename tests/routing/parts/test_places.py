"""`Places`: never more than there are, each promised once, first come first served."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from supervision._routing.parts import lane as lanes
from supervision._routing.parts.lane import Lane
from supervision._routing.parts.places import Places
from tests.routing.parts.making import MACHINE, lane


def seated(places: Places) -> Lane:
    """A lane that has a place."""
    home = lane()
    assert places.enter(home)
    home.phase = lanes.OPEN
    return home


def test_places_are_taken_until_there_is_none() -> None:
    """So many lanes get one at once; the next stands in line."""
    places = Places(2)

    assert [places.enter(lane()) for _ in range(3)] == [True, True, False]
    assert (places.used, places.waiting, places.unpromised) == (2, 1, -1)


def test_the_line_is_first_come_first_served() -> None:
    """A place that is free goes to who has waited longest; only one is given for it."""
    places = Places(1)
    old = seated(places)
    waiting = [lane(key) for key in "bcd"]
    for each in waiting:
        assert not places.enter(each)
    assert places.next() is None

    places.leave(old)

    assert places.next() is waiting[0]
    assert places.next() is None
    assert places.waiting == 2


def test_nobody_slips_in_before_the_line() -> None:
    """While somebody waits, a newcomer waits too, even if a place is free."""
    places = Places(1)
    old = seated(places)
    first = lane("b")
    places.enter(first)
    places.leave(old)

    assert not places.enter(lane("c"))
    assert places.next() is first


def test_one_that_waits_may_leave_the_line() -> None:
    """It costs nobody a place."""
    places = Places(1)
    seated(places)
    first, second = lane("b"), lane("c")
    places.enter(first)
    places.enter(second)

    places.leave(first)

    assert (places.used, places.waiting) == (1, 1)
    places.leave(first)
    assert (places.used, places.waiting) == (1, 1)


def test_nobody_waits_nobody_is_next() -> None:
    """A free place without a line stays free."""
    places = Places(1)
    assert places.next() is None
    assert places.used == 0


def test_leaving_is_said_once() -> None:
    """A place that will be free is counted once, however often it is said."""
    places = Places(1)
    home = seated(places)
    assert not places.is_leaving(home)

    places.will_leave(home)
    places.will_leave(home)

    assert places.is_leaving(home)
    assert (places.leaving, places.unpromised) == (1, 1)


def test_staying_is_said_once() -> None:
    """A lane that stays takes back what was counted, once; another takes back none."""
    places = Places(2)
    home = seated(places)
    places.will_stay(home)  # it has no extra
    places.will_leave(home)

    places.will_stay(home)
    places.will_stay(home)

    assert not places.is_leaving(home)
    assert (places.leaving, places.unpromised) == (0, 1)


def test_a_place_is_promised_once() -> None:
    """One that is leaving makes room for one in line, and for no second."""
    places = Places(1)
    places.will_leave(seated(places))
    assert places.unpromised == 1

    assert not places.enter(lane("b"))
    assert places.unpromised == 0

    assert not places.enter(lane("c"))
    assert places.unpromised == -1


def test_a_lowered_limit_gives_no_place_until_enough_have_left() -> None:
    """Who has a place keeps it; who waits gets one when there are few enough."""
    places = Places(3)
    old = [seated(places) for _ in range(3)]
    waiting = lane("b")
    places.enter(waiting)

    places.limit = 1

    assert places.unpromised == -3
    for each in old[:2]:
        places.leave(each)
        assert places.next() is None
    places.leave(old[2])
    assert places.next() is waiting


def test_a_raised_limit_gives_places_in_order() -> None:
    """One after the other, until all are taken."""
    places = Places(1)
    seated(places)
    waiting = [lane(key) for key in "bcd"]
    for each in waiting:
        places.enter(each)

    places.limit = 3

    assert [places.next(), places.next(), places.next()] == [*waiting[:2], None]


def test_who_stands_beside_has_no_place_and_waits_for_none() -> None:
    """It may say so twice; as many may stand there as there are places."""
    places = Places(1)
    home = seated(places)

    assert places.step_aside(home)
    assert places.step_aside(home)

    assert places.stands_beside(home)
    assert (places.used, places.waiting, home.phase) == (0, 0, lanes.PLACE)
    other = seated(places)
    assert not places.step_aside(other)
    assert (places.stands_beside(other), other.phase) == (False, lanes.OPEN)


def test_who_comes_back_stands_beside_no_more() -> None:
    """It has a place again, and somebody else may step aside."""
    places = Places(1)
    home = seated(places)
    places.step_aside(home)

    assert places.step_back(home)
    home.phase = lanes.OPEN

    assert (places.stands_beside(home), places.used) == (False, 1)
    places.leave(home)
    assert places.step_aside(seated(places))


def test_who_is_forgotten_beside_makes_room_there() -> None:
    """And is free of all: it had no place to give back."""
    places = Places(1)
    home = seated(places)
    places.step_aside(home)

    places.leave(home)

    assert (places.stands_beside(home), places.used) == (False, 0)
    assert places.step_aside(seated(places))


class PlacesMachine(RuleBasedStateMachine):
    """Against a model: two lists and a number."""

    def __init__(self) -> None:
        super().__init__()
        self.seated: list[Lane] = []
        self.line: list[Lane] = []
        self.leaving: set[Lane] = set()
        self.highest = 0

    @initialize(limit=st.integers(1, 4))
    def open(self, limit: int) -> None:
        """Begin with so many places."""
        self.places = Places(limit)
        self.highest = limit

    def seat(self, home: Lane) -> None:
        """The model gives it a place."""
        home.phase = lanes.OPEN
        assert len(self.seated) < self.places.limit
        self.seated.append(home)

    @rule()
    def come(self) -> None:
        """A lane comes."""
        home = lane()
        at_once = not self.line and len(self.seated) < self.places.limit
        assert self.places.enter(home) == at_once
        if at_once:
            self.seat(home)
        else:
            self.line.append(home)

    @precondition(lambda self: self.seated)
    @rule(number=st.integers(0, 9), say=st.booleans())
    def leave(self, number: int, *, say: bool) -> None:
        """One with a place goes, or says that it will."""
        home = self.seated[number % len(self.seated)]
        if say:
            self.places.will_leave(home)
            self.leaving.add(home)
            return
        self.places.will_stay(home)
        self.places.leave(home)
        self.leaving.discard(home)
        self.seated.remove(home)

    @precondition(lambda self: self.seated)
    @rule(number=st.integers(0, 9))
    def stay(self, number: int) -> None:
        """One stays after all."""
        home = self.seated[number % len(self.seated)]
        self.places.will_stay(home)
        self.leaving.discard(home)

    @precondition(lambda self: self.line)
    @rule(number=st.integers(0, 9))
    def tire(self, number: int) -> None:
        """One leaves the line."""
        home = self.line.pop(number % len(self.line))
        self.places.leave(home)

    @rule()
    def give(self) -> None:
        """All that are free are given."""
        while (home := self.places.next()) is not None:
            assert home is self.line.pop(0)
            self.seat(home)
        assert not self.line or len(self.seated) >= self.places.limit

    @rule(limit=st.integers(1, 4))
    def configure(self, limit: int) -> None:
        """There are more, or fewer."""
        self.places.limit = limit
        self.highest = max(self.highest, limit)

    @invariant()
    def adds_up(self) -> None:
        """The counts are those of the model."""
        if not self.highest:
            return
        places = self.places
        assert places.used == len(self.seated) <= self.highest
        assert places.waiting == len(self.line)
        assert places.leaving == len(self.leaving)
        free = places.limit - len(self.seated)
        assert places.unpromised == free + len(self.leaving) - len(self.line)
        for home in self.seated:
            assert places.is_leaving(home) == (home in self.leaving)


TestPlaces = PlacesMachine.TestCase
TestPlaces.settings = MACHINE
