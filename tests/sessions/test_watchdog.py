"""The clocks of a turn: limits, silence, tools and what is done about them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Limit, TurnPolicy
from actors._sessions.turns.watchdog import (
    GiveUp,
    Over,
    Probe,
    Stalled,
    Unread,
    Verdict,
    Watchdog,
)

Act: TypeAlias = Callable[[Watchdog, float], object]
Script: TypeAlias = list[tuple[float, Act]]
Report: TypeAlias = list[tuple[float, Verdict]]

QUIET = TurnPolicy(
    time_limit=math.inf,
    inactivity=math.inf,
    tool_limit=math.inf,
    abort_grace=math.inf,
    alive_every=math.inf,
    stalls=(),
)


def policy(**times: object) -> TurnPolicy:
    """A policy with these clocks only."""
    fields = {
        name: getattr(QUIET, name)
        for name in ("time_limit", "inactivity", "tool_limit", "abort_grace")
    }
    return TurnPolicy(**{**fields, "alive_every": math.inf, "stalls": (), **times})  # type: ignore[arg-type]


def watch(clocks: TurnPolicy, script: Script, *, until: float) -> Report:
    """Run a turn that starts at 0 as its shell would, with a timer for `next()`."""
    dog = Watchdog(clocks, 0.0)
    report: Report = []

    def let_pass(instant: float) -> None:
        armed = dog.next()
        while armed <= instant:
            report.extend((armed, verdict) for verdict in dog.look(armed))
            armed = dog.next()

    for at, act in script:
        let_pass(at)
        act(dog, at)
    let_pass(until)
    return report


def sign(dog: Watchdog, now: float) -> None:
    """Show a sign of life."""
    dog.sign(now)


def pause(dog: Watchdog, now: float) -> None:
    """Wait for the reader."""
    dog.pause(now)


def resume(dog: Watchdog, now: float) -> None:
    """The reader has read."""
    dog.resume(now)


def hold(dog: Watchdog, now: float) -> None:
    """Something is done that is not the turn's doing."""
    dog.hold(now)


def release(dog: Watchdog, now: float) -> None:
    """It is done."""
    dog.release(now)


def ending(dog: Watchdog, now: float) -> None:
    """Abort the turn."""
    dog.ending(now)


def begins(name: str) -> Act:
    """A tool begins."""
    return lambda dog, now: dog.tool_begins(now, name)


def ends(name: str) -> Act:
    """A tool ends."""
    return lambda dog, now: dog.tool_ends(now, name)


def every(seconds: float, *, until: float) -> Script:
    """Signs of life at equal distances."""
    return [(seconds * n, sign) for n in range(1, int(until / seconds) + 1)]


TIME, INACTIVITY, TOOL = Over(Limit.TIME), Over(Limit.INACTIVITY), Over(Limit.TOOL)

CASES: dict[str, tuple[TurnPolicy, Script, Report]] = {
    "nothing is due without limits": (QUIET, [], []),
    "chatter does not move the time limit": (
        policy(time_limit=1800, inactivity=300),
        every(10, until=1790),
        [(1800, TIME)],
    ),
    "silence ends the turn": (policy(inactivity=300), [], [(300, INACTIVITY)]),
    "a sign of life starts the silence anew": (
        policy(inactivity=300),
        [(200, sign), (400, sign)],
        [(700, INACTIVITY)],
    ),
    "a silent tool is no silence": (
        policy(inactivity=300, tool_limit=1800),
        [(10, begins("t")), (1210, ends("t"))],
        [(1510, INACTIVITY)],
    ),
    "a tool has a limit of its own": (
        policy(inactivity=300, tool_limit=1800),
        [(10, begins("t"))],
        [(1810, TOOL)],
    ),
    "the time limit holds for tools": (
        policy(time_limit=600, tool_limit=1800),
        [(10, begins("t"))],
        [(600, TIME)],
    ),
    "the oldest of several tools is over first": (
        policy(tool_limit=100),
        [(10, begins("t")), (60, begins("u")), (90, ends("t"))],
        [(160, TOOL)],
    ),
    "silence begins after the last of several tools": (
        policy(inactivity=30),
        [(0, begins("t")), (1, begins("u")), (50, ends("t")), (70, ends("u"))],
        [(100, INACTIVITY)],
    ),
    "of tools with one name the oldest ends": (
        policy(tool_limit=100),
        [(0, begins("t")), (50, begins("t")), (90, ends("t"))],
        [(150, TOOL)],
    ),
    "waiting for the reader is no silence": (
        policy(inactivity=30, stalls=(10,)),
        [(5, pause), (1000, resume)],
        [(1005, Stalled(10)), (1025, INACTIVITY)],
    ),
    "pauses nest": (
        policy(inactivity=30),
        [(5, pause), (6, pause), (7, resume), (100, resume)],
        [(125, INACTIVITY)],
    ),
    "a sign in a pause ends the silence before it": (
        policy(inactivity=30),
        [(20, pause), (30, sign), (100, resume)],
        [(130, INACTIVITY)],
    ),
    "each stall is told once": (
        policy(stalls=(10, 30)),
        [],
        [(10, Stalled(10)), (30, Stalled(30))],
    ),
    "stalls are told anew after a sign": (
        policy(stalls=(10, 30)),
        [(15, sign)],
        [(10, Stalled(10)), (25, Stalled(10)), (45, Stalled(30))],
    ),
    "a stall changes nothing else": (
        policy(stalls=(10,), inactivity=20),
        [],
        [(10, Stalled(10)), (20, INACTIVITY)],
    ),
    "the stall comes before the end": (
        policy(stalls=(20,), inactivity=20),
        [],
        [(20, Stalled(20)), (20, INACTIVITY)],
    ),
    "of two limits at once it is the turn's own": (
        policy(time_limit=20, inactivity=20),
        [],
        [(20, TIME)],
    ),
    "only one limit is told": (
        policy(time_limit=50, inactivity=20, stalls=(40,), alive_every=30),
        [],
        [(20, INACTIVITY)],
    ),
    "it is asked whether the session is alive, tools or not": (
        policy(alive_every=400),
        [(1, begins("t"))],
        [(n * 400, Probe()) for n in range(1, 6)],
    ),
    "what is held has the time back": (
        policy(time_limit=100, inactivity=60),
        [(40, hold), (500, hold), (700, release), (1000, release)],
        [(1020, INACTIVITY)],
    ),
    "the time before it counts, and that after it": (
        policy(time_limit=100),
        [(40, hold), (1000, release), (1010, hold), (1500, release)],
        [(1550, TIME)],
    ),
    "a tool has the time back that it was held": (
        policy(tool_limit=100),
        [
            (0, begins("old")),
            (40, hold),
            (500, begins("new")),
            (600, ends("old")),
            (1000, release),
        ],
        [(1100, TOOL)],
    ),
    "a tool that had begun before has less": (
        policy(tool_limit=100),
        [(0, begins("old")), (40, hold), (500, begins("new")), (1000, release)],
        [(1060, TOOL)],
    ),
    "an abort does not wait for what is held": (
        policy(time_limit=100, abort_grace=120, alive_every=30),
        [(10, hold), (50, ending), (60, release)],
        [(30, Probe()), (170, GiveUp())],
    ),
    "a turn that does not end is given up": (
        policy(time_limit=100, abort_grace=120),
        [(100, ending)],
        [(100, TIME), (220, GiveUp())],
    ),
    "only the grace counts after an abort": (
        policy(
            time_limit=100, inactivity=50, stalls=(20,), alive_every=30, abort_grace=120
        ),
        [(10, ending), (60, sign), (90, ending)],
        [(130, GiveUp())],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_due_and_when(case: str) -> None:
    """The shell's timer finds exactly this until the instant 2000."""
    clocks, script, expected = CASES[case]

    assert watch(clocks, script, until=2000) == expected


def test_a_sign_tells_whether_there_was_a_stall() -> None:
    """Once for each stall; tools tell it too."""
    dog = Watchdog(policy(stalls=(10, 30)), 0.0)

    told = [dog.sign(5)]
    dog.look(40)
    told += [dog.sign(41), dog.sign(42)]
    dog.look(60)
    told += [dog.tool_begins(61, "t"), dog.tool_ends(62, "t")]
    dog.look(80)
    dog.pause(81)
    told += [dog.sign(82)]

    assert told == [False, True, False, True, False, True]


def test_a_late_look_finds_everything_that_was_due() -> None:
    """In the order in which to do it; one probe, however many were missed."""
    dog = Watchdog(policy(stalls=(10, 30), alive_every=20), 0.0)

    assert dog.look(100) == [Stalled(10), Stalled(30), Probe()]
    assert dog.look(100) == []
    assert dog.next() == 120


def test_what_is_left_is_of_the_limits_that_count_now() -> None:
    """None when one is over; the grace alone when it is to end."""
    dog = Watchdog(policy(time_limit=100, inactivity=50, abort_grace=120), 0.0)
    assert dog.left(10.0) == {"time": 90.0, "inactivity": 40.0}
    dog.tool_begins(20.0, "t")
    assert dog.left(60.0) == {"time": 40.0}
    assert dog.left(150.0) == {"time": 0.0}

    dog.look(100.0)
    assert dog.left(101.0) == {}
    dog.ending(110.0)

    assert dog.left(120.0) == {"grace": 110.0}
    assert dog.left(999.0) == {"grace": 0.0}


def test_silence_that_was_before_a_gap_is_forgotten() -> None:
    """Nobody knows what was said meanwhile, also if its clock stood still."""
    dog = Watchdog(policy(inactivity=100), 0.0)
    dog.pause(40.0)

    dog.forgive(60.0, 5.0)
    dog.resume(70.0)

    assert dog.next() == 170.0


def test_a_look_that_comes_early_finds_nothing() -> None:
    """A timer that was set for something else may go off; and nothing is said twice."""
    dog = Watchdog(policy(time_limit=100, abort_grace=120), 0.0)
    assert dog.look(99.9) == []
    assert dog.look(100.0) == [TIME]
    assert dog.look(101.0) == []

    dog.ending(110.0)

    assert dog.look(229.9) == []
    assert dog.look(230.0) == [GiveUp()]
    assert dog.look(999.0) == []


def test_each_wait_for_the_reader_is_counted_from_its_own_begin() -> None:
    """Between two of them nobody waits, and nothing is due."""
    dog = Watchdog(policy(reader_limit=60), 0.0)
    dog.waits(0.0)
    dog.served(1.0, read=True)
    assert dog.look(70.0) == []

    dog.waits(70.0)
    assert dog.next() == 130.0
    assert dog.look(129.0) == []
    assert dog.look(130.0) == [Unread()]


def test_the_tool_is_the_one_that_began_last() -> None:
    """Of those that run."""
    dog = Watchdog(QUIET, 0.0)
    seen: list[str | None] = [dog.tool]

    dog.tool_begins(1, "a")
    dog.tool_begins(2, "b")
    seen.append(dog.tool)
    dog.tool_ends(3, "b")
    seen.append(dog.tool)
    dog.tool_ends(4, "a")
    seen.append(dog.tool)

    assert seen == [None, "b", "a", None]


def test_a_tool_that_does_not_run_cannot_end() -> None:
    """And nothing has changed then."""
    dog = Watchdog(policy(inactivity=30), 0.0)

    with pytest.raises(ValueError, match="no tool 't' runs"):
        dog.tool_ends(20, "t")

    assert dog.next() == 30


CLOCKS = TurnPolicy(
    time_limit=500, inactivity=100, tool_limit=70, alive_every=30, abort_grace=9
)


class Shadow:
    """What a watchdog must think, counted in another way: second by second."""

    def __init__(self) -> None:
        self.dog = Watchdog(CLOCKS, 0.0)
        self.now = 0.0
        self.silent = 0.0  # seconds
        self.pauses = 0
        self.tools: list[tuple[str, float]] = []
        self.armed = self.dog.next()  # the timer of its shell
        self.signed = False  # since it was armed
        self.over: list[Verdict] = []

    def let_pass(self, seconds: float) -> None:
        """Nothing happens for so long; the shell's timer fires when it must."""
        until = self.now + seconds
        while self.armed <= until:
            verdicts = self.dog.look(self.armed)
            assert verdicts or self.signed, f"nothing was due at {self.armed}"
            self.advance(self.armed)
            for verdict in verdicts:
                self.check(verdict)
            self.arm()
        self.advance(until)

    def arm(self) -> None:
        """Set the timer."""
        self.armed = self.dog.next()
        self.signed = False

    def advance(self, until: float) -> None:
        """Move the clock."""
        if not (self.pauses or self.tools):
            self.silent += until - self.now
        self.now = until

    def check(self, verdict: Verdict) -> None:
        """Is it true?"""
        match verdict:
            case Over(limit=Limit.TIME):
                assert self.now == 500
            case Over(limit=Limit.INACTIVITY):
                assert self.silent == pytest.approx(100)
            case Over():
                assert verdict == TOOL
                assert self.now - self.tools[0][1] == pytest.approx(70)
            case Stalled(seconds=seconds):
                assert self.silent == pytest.approx(seconds)
            case Probe():
                assert self.now % 30 == 0
            case Unread():
                pytest.fail("it has no reader")
            case GiveUp():
                assert len(self.over) == 1
        if isinstance(verdict, Over | GiveUp):
            self.over.append(verdict)
            self.dog.ending(self.now)

    def act(self, what: str) -> None:
        """Something happens."""
        names = [name for name, _ in self.tools]
        rearm = True
        match what:
            case "pause":
                self.dog.pause(self.now)
                self.pauses += 1
                rearm = False
                self.signed = True
            case "resume" if self.pauses:
                self.dog.resume(self.now)
                self.pauses -= 1
            case "a" | "b":
                self.dog.tool_begins(self.now, what)
                self.tools.append((what, self.now))
                self.silent = 0.0
            case "-a" | "-b" if what[1] in names:
                self.dog.tool_ends(self.now, what[1])
                del self.tools[names.index(what[1])]
                self.silent = 0.0
            case "sign":
                rearm = self.dog.sign(self.now)
                self.signed = True
                self.silent = 0.0
            case _:
                rearm = False
        if rearm:
            self.arm()
        assert self.dog.tool == (self.tools[-1][0] if self.tools else None)


WHAT = st.sampled_from(["sign", "pause", "resume", "a", "b", "-a", "-b", "nothing"])


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 60), WHAT), max_size=40))
def test_whatever_happens_every_verdict_is_true_and_in_time(
    steps: list[tuple[float, str]],
) -> None:
    """As another way of counting says; the timer is set anew only when it must be."""
    shadow = Shadow()

    for seconds, what in steps:
        shadow.let_pass(seconds)
        shadow.act(what)

    if shadow.now < 500 and not shadow.over:
        assert shadow.silent < 100 + 1e-6
        assert all(shadow.now - begin < 70 + 1e-6 for _, begin in shadow.tools)
    elif shadow.now > 510:
        assert isinstance(shadow.over[-1], GiveUp)
        assert shadow.dog.next() == math.inf
