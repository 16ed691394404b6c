"""`FirstLooks`: one timer for many turns, each looked at in its instant."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.hosting import FirstLooks
from tests.sessions.turns.double import HandClock


class Young:
    """A turn that nobody has looked at."""

    def __init__(self, looks: FirstLooks, clock: HandClock, after: float) -> None:
        self.looks, self.clock, self.after = looks, clock, after
        self.seen: list[float] = []
        self.clocks = 0
        looks.enter(self, after, clock.now())

    def need_clocks(self) -> None:
        """It has clocks from now on."""
        self.clocks += 1
        self.leave()

    def look(self) -> None:
        """Write down when."""
        assert self.clocks
        self.seen.append(self.clock.now())

    def leave(self) -> None:
        """It has ended, or has clocks."""
        self.looks.leave(self, self.after)


def made() -> tuple[FirstLooks, HandClock]:
    """Nobody is in it yet."""
    clock = HandClock()
    return FirstLooks(clock.now, clock.at), clock


def test_a_turn_is_looked_at_in_its_instant_and_once() -> None:
    """It has clocks of its own then, and leaves."""
    looks, clock = made()
    run = Young(looks, clock, 5.0)
    assert clock.armed == [5.0]

    clock.move(4.999)
    assert run.seen == []
    clock.move(100.0)

    assert run.seen == [5.0]
    assert run.clocks == 1
    assert clock.armed == []
    assert not any(looks.young.values())


def test_many_turns_have_one_timer() -> None:
    """It is set anew when it goes off, to the next one."""
    looks, clock = made()
    runs: list[Young] = []
    for now in range(4):
        clock.move(float(now))
        runs.append(Young(looks, clock, 10.0))
        assert clock.armed == [10.0]

    clock.move(11.0)
    assert clock.armed == [12.0]
    clock.move(99.0)

    assert [run.seen for run in runs] == [[10.0], [11.0], [12.0], [13.0]]
    assert clock.armed == []


def test_one_that_has_left_is_not_looked_at() -> None:
    """The timer finds nobody, and is set to the next one; leaving is idempotent."""
    looks, clock = made()
    first = Young(looks, clock, 5.0)
    clock.move(3.0)
    second = Young(looks, clock, 5.0)

    first.leave()
    first.leave()
    clock.move(7.0)
    assert clock.armed == [8.0]
    clock.move(9.0)

    assert (first.seen, second.seen) == ([], [8.0])


def test_one_that_never_was_in_it_may_leave() -> None:
    """Turns without clocks have nothing to be looked at for."""
    looks, clock = made()
    run = Young(looks, clock, math.inf)

    run.leave()

    assert clock.armed == []
    assert looks.young == {}


def test_each_policy_has_its_own_order() -> None:
    """An earlier instant moves the timer; all are looked at in their own."""
    looks, clock = made()
    slow = Young(looks, clock, 30.0)
    clock.move(1.0)
    quick = Young(looks, clock, 2.0)
    assert clock.armed == [3.0]
    later = Young(looks, clock, 10.0)
    assert clock.armed == [3.0]

    clock.move(3.0)
    assert clock.armed == [11.0]
    clock.move(40.0)

    assert (slow.seen, quick.seen, later.seen) == ([30.0], [3.0], [11.0])


def test_those_of_one_instant_are_looked_at_together() -> None:
    """Whatever their policies are."""
    looks, clock = made()
    first = Young(looks, clock, 10.0)
    clock.move(4.0)
    second = Young(looks, clock, 6.0)

    clock.move(10.0)

    assert first.seen == second.seen == [10.0]
    assert clock.armed == []


def test_one_that_begins_while_others_are_looked_at_is_not_forgotten() -> None:
    """A look may begin a turn: its instant counts, and one timer is enough."""
    looks, clock = made()
    more: list[Young] = []

    class Parent(Young):
        """It begins another when it is looked at."""

        def look(self) -> None:
            super().look()
            more.append(Young(looks, clock, 2.0))

    parent = Parent(looks, clock, 5.0)
    clock.move(1.0)
    other = Young(looks, clock, 5.0)
    clock.move(5.0)
    assert clock.armed == [6.0]

    clock.move(20.0)

    assert parent.seen == [5.0]
    assert other.seen == [6.0]
    assert [run.seen for run in more] == [[7.0]]
    assert clock.armed == []


def test_nobody_is_looked_at_after_the_end() -> None:
    """Closing forgets all, and the timer; it may be said twice."""
    looks, clock = made()
    run = Young(looks, clock, 5.0)

    looks.close()
    looks.close()
    clock.move(10.0)

    assert run.seen == []
    assert clock.armed == []


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 3),
            st.sampled_from([2.0, 5.0, 11.0]),
            st.one_of(st.none(), st.floats(0.01, 15)),
        ),
        max_size=20,
    )
)
def test_who_is_still_there_is_looked_at_in_its_instant(
    plan: list[tuple[float, float, float | None]],
) -> None:
    """Whoever comes and goes: each is looked at exactly when it is due, or never."""
    looks, clock = made()
    runs: list[tuple[Young, float, float | None]] = []

    def leave(run: Young) -> None:
        run.leave()

    for gap, after, life in plan:
        clock.move(clock.now() + gap)
        run = Young(looks, clock, after)
        runs.append((run, clock.now() + after, life))
        if life is not None:
            clock.at(clock.now() + life, lambda run=run: leave(run))  # type: ignore[misc]
    clock.move(1000.0)

    for run, due, life in runs:
        gone = life is not None and life < run.after
        if life != run.after:
            assert run.seen == ([] if gone else [due])
    assert clock.armed == []
    assert not any(looks.young.values())
