"""The goals we set ourselves, as data.

Those about actors; `aims_sessions.py` has those about sessions and services. This room
only names them; `goals.py` holds them against a report.
"""

from typing import Final

from benchmarks.judging.aims_sessions import SESSIONS, SESSIONS_FINER
from benchmarks.judging.goal import FINER, Goal, least, most
from benchmarks.scenario import OURS, PER_SECOND

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
    *least("tell", "tell", erlang=0.45, triotp=20, park=0.7),
    *least("fan-in of 10 producers", "fan_in", erlang=1.0, asyncio=1.3),
    *least("await tell, a default mailbox", "tell_wait", asyncio=1.0),
    *least("ping-pong", "ping_pong", erlang=1.0, triotp=25),
    *least("100 clients ask 1 actor", "ask_100_1", erlang=1.0, triotp=25),
    *least("ask, async receive", "ask_async", channel=2, park=0.85),
    *least("ring of 100 actors", "ring_100", erlang=0.6, channel=10),
    *least("start and stop", "spawn_stop", erlang=3, asyncio=3),
    *most("memory of an idle actor", "memory_10k", erlang=0.125),
    Goal(
        "memory of 1,000,000 idle actors",
        ("memory_1m",),
        1024,
        at_most=True,
        unit="MiB",
        scale=_MILLION / 2**20,
    ),
    *most("crash to next message", "restart", erlang=0.5),
    *most("crash to next message, supervised", "supervised_restart", erlang=1.0),
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
    Goal(
        "p99 of an ask beside 10 busy actors",
        ("latency_10",),
        2,
        "park",
        at_most=True,
        percentile=99,
    ),
    *SESSIONS,
    *least("skynet, 10,000 leaves", "skynet_10k", erlang=0.65),
    *least("1,000 actors beside a busy one", "busy", erlang=0.8),
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
    *least("tell", "tell", FINER, triotp=25, channel=17, asyncio=1.2),
    *least("fan-in of 10 producers", "fan_in", FINER, triotp=25, channel=17),
    # Each receive of TriOTP is async, so its tell is the same work.
    *least("tell, async receive", "tell_async", FINER, "tell", triotp=13),
    *least("ask, async receive", "ask_async", FINER, triotp=5, channel=2.4),
    *least("ping-pong", "ping_pong", FINER, park=3.5),
    *least(
        "100 clients ask 100 actors",
        "ask_100_100",
        FINER,
        triotp=12,
        park=0.95,
        asyncio=1.5,
    ),
    *least("ring of 100 actors", "ring_100", FINER, triotp=16, asyncio=4, park=3),
    *least("start and stop", "spawn_stop", FINER, triotp=40, park=3),
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
    *most("memory of an idle actor", "memory_10k", FINER, triotp=1 / 17),
    *most("memory of an idle actor", "memory_10k", FINER, channel=1 / 14),
    *most("crash to next message", "restart", FINER, triotp=1 / 60),
    *least("skynet, 10,000 leaves", "skynet_10k", FINER, triotp=25, asyncio=1.8),
    *least("messages that suspend", "suspend", FINER, channel=0.85),
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
        "p99 of an ask beside 10 busy actors, async receive",
        ("latency_10",),
        2,
        "park",
        at_most=True,
        note="async_p99_us",
        percentile=99,
        section=FINER,
    ),
    *SESSIONS_FINER,
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
