"""The vocabulary of the measurements: what is measured, how one figure looks.

It holds the catalogue of workloads, the result that one subprocess prints as one line
of JSON, and the few tools every contender needs. It must not import any contender.
"""

import gc
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import attrs

clock = time.perf_counter

BURST: Final = 1_000
"""Messages a producer sends before it lets the others run."""

CLIENTS: Final = 100
"""Clients of the workloads with many asks."""

PER_SECOND: Final = "/s"
BYTES: Final = "bytes"
MICROSECONDS: Final = "us"


class WrongResultError(Exception):
    """A workload did not do its work: the figure would be worthless."""


@attrs.frozen
class Result:
    """One figure of one contender, in the unit of its workload."""

    value: float
    count: int
    seconds: float
    detail: dict[str, float] = attrs.field(factory=dict[str, float])

    def to_json(self, contender: str, workload: str) -> str:
        """The line a subprocess prints."""
        line = {"contender": contender, "workload": workload, **attrs.asdict(self)}
        return json.dumps(line)

    @classmethod
    def from_json(cls, line: str) -> "Result":
        """The result in a line that a subprocess printed."""
        data = json.loads(line)
        return cls(data["value"], data["count"], data["seconds"], data["detail"])


Function = Callable[[int], Result]
"""A workload as a contender does it: takes the count, runs its own event loop."""


@attrs.frozen
class Workload:
    """What is measured, with which count, and what counts as good."""

    name: str
    count: int
    unit: str = PER_SECOND
    floor: str = "park"
    """The contender that the column "floor" shows."""
    counts: Mapping[str, int] = attrs.field(factory=dict[str, int])
    """Counts of contenders that need their own: `{contender: count}`."""
    fixed: bool = False
    """The count is part of the question: not scaled by contender or `--quick`."""
    goals: Mapping[str, float] = attrs.field(factory=dict[str, float])
    """`{contender: ratio}`, at least for speeds, at most for bytes and times."""

    @property
    def lower_is_better(self) -> bool:
        """True for bytes and for times."""
        return self.unit != PER_SECOND

    def count_for(self, contender: str, *, quick: bool) -> int:
        """Fewer operations for slow contenders, so that each takes about as long."""
        if contender in self.counts:
            return self.counts[contender]
        if self.fixed:
            return self.count
        count = self.count * _SHARE.get(contender, 1.0) / (10 if quick else 1)
        return max(1_000, int(count) // 1_000 * 1_000)


# {contender: part of the count that it is given}
_SHARE: Final = {"erlang": 2.0, "asyncio": 0.5, "channel": 0.2, "triotp": 0.1}

CONTENDERS: Final = ("ours", "park", "channel", "asyncio", "triotp", "erlang")

_TELL_GOALS: Final = {"erlang": 0.45, "triotp": 20.0, "park": 0.7}
_ASK_GOALS: Final = {"erlang": 1.0, "triotp": 25.0}
_RING_GOALS: Final = {"erlang": 0.6, "channel": 10.0}

CATALOGUE: Final = {
    workload.name: workload
    for workload in (
        Workload("tell", 500_000, goals=_TELL_GOALS),
        Workload("tell_wait", 300_000),
        Workload("fan_in", 500_000, goals={"erlang": 1.0, "asyncio": 1.3}),
        Workload("ping_pong", 200_000, goals=_ASK_GOALS),
        Workload("ask_async", 100_000, goals={"channel": 2.0, "park": 0.85}),
        Workload("ask_100_1", 200_000, goals=_ASK_GOALS),
        Workload("ask_100_100", 200_000, goals={"triotp": 12.0, "asyncio": 1.5}),
        Workload("ring_100", 300_000, goals=_RING_GOALS),
        Workload("ring_503", 300_000, goals=_RING_GOALS),
        Workload(
            "spawn_stop",
            20_000,
            counts={"channel": 10_000, "triotp": 2_000},
            goals={"erlang": 3.0, "asyncio": 3.0, "triotp": 40.0},
        ),
        Workload("memory_10k", 10_000, BYTES, fixed=True, goals={"erlang": 0.125}),
        Workload(
            "memory_100k",
            100_000,
            BYTES,
            fixed=True,
            counts={"channel": 20_000, "triotp": 20_000},
            goals={"erlang": 0.125},
        ),
        Workload(
            "restart",
            2_000,
            MICROSECONDS,
            counts={"triotp": 200, "erlang": 200},
            goals={"erlang": 0.5, "triotp": 1 / 60},
        ),
        Workload(
            "skynet",
            10_000,
            fixed=True,
            counts={"triotp": 1_000},
            goals={"erlang": 0.65, "asyncio": 1.8, "triotp": 25.0},
        ),
        Workload("busy", 500_000, goals={"erlang": 0.8}),
        Workload("suspend", 100_000, floor="channel", goals={"channel": 0.85}),
        Workload("ask_within", 100_000),
    )
}

MILLION: Final = Workload("memory_1m", 1_000_000, BYTES, fixed=True)
"""A million idle actors: a command of its own, for it takes long."""


def check(*, correct: bool, what: str) -> None:
    """Refuse a figure whose work was not done.

    Raises:
        WrongResultError: the workload's own result is wrong.
    """
    if not correct:
        raise WrongResultError(what)


def equal(found: object, wanted: object) -> None:
    """Refuse a figure unless `found == wanted`."""
    check(correct=found == wanted, what=f"found {found!r}, wanted {wanted!r}")


def per_second(count: int, started: float, **detail: float) -> Result:
    """The result of `count` operations done since `started`."""
    seconds = clock() - started
    return Result(count / seconds, count, seconds, detail)


def latency(samples: list[float]) -> Result:
    """The median of `samples` (seconds) in microseconds, with the 99th percentile."""
    ordered = sorted(samples)
    p99 = ordered[int(len(ordered) * 0.99)] * 1e6
    median = statistics.median(ordered) * 1e6
    return Result(median, len(ordered), sum(ordered), {"p99_us": p99})


def resident_bytes() -> int:
    """Resident memory of this process, after a full garbage collection."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def bytes_each(count: int, before: int, started: float) -> Result:
    """Resident bytes per actor since `before` was taken, with the total in MiB."""
    seconds = clock() - started
    grown = resident_bytes() - before
    return Result(grown / count, count, seconds, {"mib": grown / 2**20})


def emit(contender: str, workload: str, result: Result) -> None:
    """Print the one line that the measuring process reads."""
    sys.stdout.write(result.to_json(contender, workload) + "\n")
    sys.stdout.flush()
