"""The goals that we set ourselves for sessions, and for services that run them."""

from typing import Final

from benchmarks.judging.goal import FINER, Goal, least

POOLS: Final = ("turn1", "turn1s", "turn100", "turn100s", "stream100", "churn")
"""The scenarios of the geometric mean over what sessions do."""

_POOLS_MEAN: Final = "geometric mean of the six speeds of sessions"

# (what is measured, scenario, at least this part of the speed of asyncio)
_POOLED: Final = (
    ("turns of one session that do not suspend", "turn1", 0.60),
    ("turns of one session that suspend twice", "turn1s", 0.40),
    ("turns of 100 sessions that do not suspend", "turn100", 0.60),
    ("turns of 100 sessions that suspend twice", "turn100s", 0.40),
    ("chunks of 100 answers that are read at once", "stream100", 0.80),
    ("sessions created, used once, closed", "churn", 0.60),
)

SESSIONS: Final = (
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
    Goal(
        "time of an answer of 100 chunks that is a span, by of one that is none",
        ("turn_traced",),
        1.3,
        at_most=True,
        note="time_ratio",
    ),
    Goal(
        "time of a turn whose readers may come back, by of one whose may not",
        ("turn_resumable",),
        1.1,
        at_most=True,
        note="time_ratio",
    ),
    Goal(
        "time of a turn whose chunks a store keeps, by of one whose it does not",
        ("turns_journaled",),
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
    *(
        Goal(text, ("watched_10k",), limit, at_most=True, note=note, unit="%")
        for text, note, limit in (
            (
                "turns that a live view of 10,000 sessions takes, a frame a second",
                "watched_percent",
                5,
            ),
            (
                "turns that a control socket takes to which nobody talks",
                "unwatched_percent",
                1,
            ),
        )
    ),
    *(
        each
        for text, scenario, limit in _POOLED
        for each in least(text, scenario, shown="erlang", asyncio=limit)
    ),
    Goal(_POOLS_MEAN, POOLS, 0.60, "asyncio", shown="erlang"),
    Goal(
        "memory of an idle session",
        ("memsession",),
        0.16,
        "asyncio",
        at_most=True,
        shown="erlang",
    ),
    Goal(
        "time of the stop of a service with 1,000 turns that do not end, of its budget",
        ("drain_hung",),
        100,
        at_most=True,
        note="budget_percent",
        unit="%",
    ),
    *(
        Goal(f"prompts accepted by {senders}{disk}", (scenario + end,), limit, "disk")
        for disk, end in (
            (" at once", ""),
            (", where each wait for the disk takes 4 ms more", "_slow"),
        )
        for senders, scenario, limit in (
            ("1 sender", "accept_1", 0.6),
            ("32 senders", "accept_32", 0.7),
            ("512 senders", "accept_512", 0.2),
        )
    ),
    *(
        Goal(f"turns of {sessions} sessions, kept", (scenario,), limit, "memory")
        for sessions, scenario, limit in (
            ("32", "turns_durable_32", 0.35),
            ("512", "turns_durable_512", 0.5),
        )
    ),
    Goal(
        "transactions of a turn of which nobody shares one",
        ("turns_durable_32",),
        2,
        at_most=True,
        note="batches_alone",
        unit="",
    ),
    Goal(
        "turns that append to a history of 20,000 entries, by to a new one",
        ("turns_remembered",),
        0.83,
        "new",
    ),
    Goal(
        "memory of each of 1,000,000 keys that only the store knows",
        ("passivated_1m",),
        4,
        at_most=True,
        unit="B",
    ),
    *(
        Goal(text, (scenario,), limit, at_most=True, note=note)
        for text, scenario, note, limit in (
            (
                "time of an accept to one of 10,000 of these, by to a key in memory",
                "passivated_10k",
                "time_ratio",
                1.5,
            ),
            (
                "time of an accept to one of 1,000,000 of these, by to a key in memory",
                "passivated_1m",
                "time_ratio",
                1.5,
            ),
            (
                "time to open a store of 1,000,000 keys, by of 1,000",
                "passivated_1m",
                "open_ratio",
                1.5,
            ),
            (
                "accept, p99, while 1,000,000 outcomes are pruned, by before",
                "passivated_1m",
                "p99_ratio",
                2,
            ),
            (
                "accept, p99, while copies of the store are made, by alone",
                "accept_backup",
                "p99_ratio",
                3,
            ),
        )
    ),
)
"""The main ones."""

SESSIONS_FINER: Final = (
    Goal(_POOLS_MEAN, POOLS, 0.80, "asyncio", shown="erlang", section=FINER),
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
        "turns that a live view of 100,000 sessions takes, a frame a second",
        ("watched_100k",),
        5,
        at_most=True,
        note="watched_percent",
        unit="%",
        section=FINER,
    ),
    Goal(
        "time for which a frame of 100,000 sessions holds up others at once",
        ("look_100k",),
        1,
        at_most=True,
        note="step_us",
        unit="ms",
        scale=1e-3,
        section=FINER,
    ),
    Goal(
        "memory of a frame of 100,000 sessions while it is made",
        ("look_100k",),
        256,
        at_most=True,
        note="kib",
        unit="KiB",
        section=FINER,
    ),
    Goal(
        "time of a frame by the number of sessions to the power of",
        ("look_10k", "look_100k"),
        1.1,
        at_most=True,
        growth=True,
        unit="",
        section=FINER,
    ),
)
"""Those that ask for more."""
