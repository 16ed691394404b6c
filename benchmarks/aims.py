"""The goals we set ourselves, as data.

A goal is a ratio, ours by a contender's of the same rounds, or what ours takes more
than a contender's, or an absolute figure of ours, or how that grows. This room only
names them; `goals.py` holds them against a report.
"""

from typing import Final

import attrs

from .amounts import amount, number
from .scenario import OURS, PER_SECOND

MAIN: Final = "main"
FINER: Final = "finer"


@attrs.frozen
class Goal:
    """One sentence that a report can prove or refute."""

    text: str
    """What is measured."""
    scenarios: tuple[str, ...]
    """Of more than one, the geometric mean counts, or the growth."""
    limit: float
    against: str = ""
    """Ours by this contender's; empty for an absolute figure of ours."""
    at_most: bool = False
    """The limit is an upper one; otherwise a lower one."""
    more: bool = False
    """Ours less the contender's, instead of ours by it."""
    growth: bool = False
    """The exponent with which the cost of all together grows with the scenarios' size,
    of ours: 1 is linear."""
    note: str = ""
    """This note of ours instead of its figure."""
    unit: str = "x"
    """Of the limit and of what is found: "x", "/s", "B", "MiB", "ms", "%", or none."""
    scale: float = 1.0
    """By which an absolute figure or note is multiplied to be in that unit."""
    beside: str = ""
    """The scenario of the contender, where it has another that is the same work."""
    section: str = MAIN
    """`MAIN`, or `FINER` for those that ask for more than the main ones."""

    @property
    def wanted(self) -> str:
        """The limit for people: "at least 0.45 x"."""
        sign = "at most" if self.at_most else "at least"
        return f"{sign} {quantity(self.limit, self.unit)}"

    def holds(self, value: float) -> bool:
        """Tell whether the value keeps to the limit."""
        return value <= self.limit if self.at_most else value >= self.limit


def _least(
    text: str, scenario: str, section: str = MAIN, beside: str = "", **limits: float
) -> tuple[Goal, ...]:
    """At least so many times as fast as each of these contenders."""
    return tuple(
        Goal(text, (scenario,), limit, name, beside=beside, section=section)
        for name, limit in limits.items()
    )


def _most(
    text: str, scenario: str, section: str = MAIN, **limits: float
) -> tuple[Goal, ...]:
    """At most this part of the time or the memory of each of these contenders."""
    return tuple(
        Goal(text, (scenario,), limit, name, at_most=True, section=section)
        for name, limit in limits.items()
    )


THROUGHPUT: Final = (
    "tell",
    "fan_in",
    "ping_pong",
    "ask_100_1",
    "ring_100",
    "spawn_stop",
    "skynet_10k",
    "busy",
)
"""The scenarios of the geometric mean."""

_MEAN: Final = "geometric mean of the eight throughput rows"
_MILLION: Final = 1_000_000

GOALS: Final = (
    *_least("tell", "tell", erlang=0.45, triotp=20, park=0.7),
    *_least("fan-in of 10 producers", "fan_in", erlang=1.0, asyncio=1.3),
    *_least("ping-pong", "ping_pong", erlang=1.0, triotp=25),
    *_least("100 clients ask 1 actor", "ask_100_1", erlang=1.0, triotp=25),
    *_least("ask, async receive", "ask_async", channel=2, park=0.85),
    *_least("ring of 100 actors", "ring_100", erlang=0.6, channel=10),
    *_least("start and stop", "spawn_stop", erlang=3, asyncio=3),
    *_most("memory of an idle actor", "memory_10k", erlang=0.125),
    Goal(
        "memory of 1,000,000 idle actors",
        ("memory_1m",),
        1024,
        at_most=True,
        unit="MiB",
        scale=_MILLION / 2**20,
    ),
    *_most("crash to next message", "restart", erlang=0.5),
    *_most("crash to next message, supervised", "supervised_restart", erlang=1.0),
    Goal(
        "restart storm, its time by the number of children to the power of",
        ("storm_1000", "storm_5000"),
        1.15,
        at_most=True,
        growth=True,
        unit="",
    ),
    *(
        Goal(
            f"memory that a {kind} supervisor adds to an idle actor",
            (scenario,),
            200,
            "plain",
            at_most=True,
            more=True,
            unit="B",
        )
        for kind, scenario in (
            ("dynamic", "supervised_memory_dynamic"),
            ("static", "supervised_memory_static"),
        )
    ),
    *(
        Goal(
            f"time of {what} to a supervised actor, by to a plain one",
            (scenario,),
            1.02,
            at_most=True,
            note="time_ratio",
        )
        for what, scenario in (
            ("a tell", "supervised_tell"),
            ("an ask", "supervised_ask"),
        )
    ),
    *(
        Goal(
            f"time of a send to {whom}, by a tell that is handled",
            (scenario,),
            1.5,
            at_most=True,
            note="time_ratio",
        )
        for whom, scenario in (
            ("a session that is busy", "route_queued"),
            ("a session that is idle", "route_idle"),
        )
    ),
    *(
        Goal(
            f"time of a send with {live} live sessions, by with 10 of them",
            (scenario,),
            1.3,
            at_most=True,
            note="time_ratio",
        )
        for live, scenario in (("10,000", "route_10k"), ("1,000,000", "route_1m"))
    ),
    *(
        Goal(
            f"memory of each of {live} idle sessions",
            (scenario,),
            1024,
            at_most=True,
            unit="B",
        )
        for live, scenario in (
            ("10,000", "session_memory_10k"),
            ("1,000,000", "session_memory_1m"),
        )
    ),
    Goal(
        "time of a turn with all deadlines armed, by with none",
        ("turn_deadlines",),
        1.1,
        at_most=True,
        note="time_ratio",
    ),
    *(
        Goal(
            f"longest wait for one of {slots}, 256 sessions, by the mean",
            (scenario,),
            1.5,
            at_most=True,
            note="longest_over_mean",
        )
        for slots, scenario in (
            ("1 slot", "fair_1"),
            ("8 slots", "fair_8"),
            ("64 slots", "fair_64"),
        )
    ),
    *_least("skynet, 10,000 leaves", "skynet_10k", erlang=0.65),
    *_least("1,000 actors beside a busy one", "busy", erlang=0.8),
    Goal(_MEAN, THROUGHPUT, 1.0, "erlang"),
    Goal(_MEAN, THROUGHPUT, 25, "triotp"),
    *(
        Goal(text, ("observed",), 5, at_most=True, note=note, unit="%")
        for text, note in (
            ("time a subscription adds to tells and asks", "messages_percent"),
            ("the same with one life for 25 of them", "events_percent"),
            ("time added by statistics once a second", "statistics_percent"),
        )
    ),
    # From here on the finer ones; what a main goal implies is not repeated.
    *_least("tell", "tell", FINER, triotp=25, channel=17, asyncio=1.2),
    *_least("fan-in of 10 producers", "fan_in", FINER, triotp=25, channel=17),
    # Each receive of TriOTP is async, so its tell is the same work.
    *_least("tell, async receive", "tell_async", FINER, "tell", triotp=13),
    *_least("ask, async receive", "ask_async", FINER, triotp=5, channel=2.4),
    *_least("ping-pong", "ping_pong", FINER, park=3.5),
    *_least(
        "100 clients ask 100 actors",
        "ask_100_100",
        FINER,
        triotp=12,
        park=0.95,
        asyncio=1.5,
    ),
    *_least("ring of 100 actors", "ring_100", FINER, triotp=16, asyncio=4, park=3),
    *_least("start and stop", "spawn_stop", FINER, triotp=40, park=3),
    *(
        Goal(
            f"memory of each of {count} idle actors",
            (scenario,),
            320,
            at_most=True,
            unit="B",
            section=FINER,
        )
        for count, scenario in (("10,000", "memory_10k"), ("100,000", "memory_100k"))
    ),
    *_most("memory of an idle actor", "memory_10k", FINER, triotp=1 / 17),
    *_most("memory of an idle actor", "memory_10k", FINER, channel=1 / 14),
    *_most("crash to next message", "restart", FINER, triotp=1 / 60),
    *_least("skynet, 10,000 leaves", "skynet_10k", FINER, triotp=25, asyncio=1.8),
    *_least("messages that suspend", "suspend", FINER, channel=0.85),
    Goal(
        "1,000 actors beside one in a long await, by without it",
        ("busy",),
        0.97,
        note="throughput_ratio",
        section=FINER,
    ),
    Goal(
        "time of an ask with a limit, by without one",
        ("ask_within",),
        1.12,
        at_most=True,
        note="time_ratio",
        section=FINER,
    ),
    Goal(
        "time of a send to a session that is busy, by a tell_nowait that is handled",
        ("route_queued",),
        1.5,
        at_most=True,
        note="nowait_ratio",
        section=FINER,
    ),
    Goal(
        "turns of a session with ten prompts waiting, by of one with one",
        ("fair_8",),
        1.05,
        at_most=True,
        note="greedy_over_modest",
        section=FINER,
    ),
    Goal(
        "longest collector pause, 100,000 idle actors, raised thresholds",
        ("gc_pause",),
        10,
        at_most=True,
        note="thresholds_us",
        unit="ms",
        scale=1e-3,
        section=FINER,
    ),
    Goal(
        "p99 that a flood adds to another task's 1 ms sleeps",
        ("flood",),
        1.5,
        at_most=True,
        note="added_p99_us",
        unit="ms",
        scale=1e-3,
        section=FINER,
    ),
    Goal(
        "tells from a foreign thread",
        ("from_threads",),
        1e6,
        unit=PER_SECOND,
        section=FINER,
    ),
)
"""All of them, in the order in which they are shown."""


def scenarios_needed() -> tuple[str, ...]:
    """The scenarios that the goals are about, each once."""
    names = (name for goal in GOALS for name in (*goal.scenarios, goal.beside) if name)
    return tuple(dict.fromkeys(names))


def contenders_needed() -> tuple[str, ...]:
    """The contenders that the goals are about, ours first."""
    against = (goal.against for goal in GOALS if goal.against)
    return tuple(dict.fromkeys((OURS, *against)))


def quantity(value: float, unit: str) -> str:
    """A value in the unit of a goal: "0.45 x", "1M/s", "320 B", "1.15"."""
    if unit == PER_SECOND:
        return amount(value, unit)
    return f"{number(value)} {unit}".rstrip()
