"""One run: what a contender is handed, and what is left of it as a figure.

A contender is a function that takes a `Run`. It prepares what it needs, does the work
inside `run.timed()` (or hands in samples, or bytes), and says what came out with
`run.equal`. A run that was never checked is refused as well as one with a wrong result:
a figure without its work is worth nothing.

This room knows neither scenarios nor statistics over rounds, and imports no contender.
"""

import gc
import math
import os
import random
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs

clock = time.perf_counter

# The percentiles that are kept of a latency distribution, in per cent.
PERCENTILES: Final = (1, 5, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.99, 100)


class WrongResultError(Exception):
    """A contender did not do its work. The scenario's author's act, or a defect."""


@attrs.frozen
class Result:
    """The figure of one run, in the unit of its scenario."""

    value: float
    """Operations per second, bytes each, or microseconds (the median)."""
    count: int
    """Operations done, samples taken, or actors held."""
    seconds: float
    """How long the measured part took."""
    # {name of the note: number}
    notes: dict[str, float] = attrs.field(factory=dict[str, float])
    """What else the contender measured, by `Run.note`."""
    # {per cent: microseconds}
    percentiles: dict[float, float] = attrs.field(factory=dict[float, float])
    """The latency distribution at `PERCENTILES`; empty without samples."""


class Run:
    """Handed to a contender: how much to do, a clock, and the checks.

    `timed` makes a speed, samples alone make a latency, `resident` makes bytes. Samples
    beside a timed block add the latency distribution to the speed.

    Args:
        count: how many operations the contender is to do.
        seed: of `random`; the same for all contenders of a round.
    """

    def __init__(self, count: int, seed: int = 0) -> None:
        self.count = count
        self.seed = seed
        self.random = random.Random(seed)
        self._checks = 0
        self._seconds = 0.0
        self._timed = 0
        self._samples: list[float] = []
        self._bytes: float | None = None
        self._held = 0
        self._notes: dict[str, float] = {}

    @contextmanager
    def timed(self, count: int | None = None) -> Generator[None]:
        """Measure the block: `count` operations (default: the run's) in its time.

        Garbage is collected before, and what is there then is frozen (`gc.freeze`), as
        a service does after its start: otherwise the imports of the harness would be
        part of the figure. The collector then runs with its default thresholds. Several
        blocks add up.
        """
        gc.collect()
        gc.freeze()
        started = clock()
        yield
        self._seconds += clock() - started
        self._timed += self.count if count is None else count

    def sample(self, seconds: float) -> None:
        """Hand in the time of one operation."""
        self._samples.append(seconds)

    def samples(self, seconds: Sequence[float]) -> None:
        """Hand in the times of many operations."""
        self._samples.extend(seconds)

    @contextmanager
    def resident(self, count: int | None = None) -> Generator[None]:
        """Measure how much resident memory the block leaves behind, per `count`.

        Garbage is collected before and after. The block is timed as well.
        """
        before, started = resident_bytes(), clock()
        yield
        self._seconds += clock() - started
        self._held = self.count if count is None else count
        self._bytes = (resident_bytes() - before) / self._held

    def bytes_each(self, value: float, count: int | None = None) -> None:
        """Hand in bytes each that another program has measured for itself."""
        self._held = self.count if count is None else count
        self._bytes = value

    def elapsed(self, seconds: float, count: int | None = None) -> None:
        """Hand in a time that another program has measured for itself."""
        self._seconds += seconds
        self._timed += self.count if count is None else count

    def equal(self, found: object, wanted: object, what: str = "the result") -> None:
        """Refuse the run unless `found == wanted`.

        Raises:
            WrongResultError: they differ.
        """
        self._checks += 1
        if found != wanted:
            raise WrongResultError(f"{what} is {found!r}, it must be {wanted!r}")

    def at_most(self, found: float, limit: float, what: str = "the result") -> None:
        """Refuse the run unless `found <= limit`.

        Raises:
            WrongResultError: it is more.
        """
        self._checks += 1
        if found > limit:
            raise WrongResultError(f"{what} is {found!r}, it must be at most {limit!r}")

    def note(self, **numbers: float) -> None:
        """Keep more numbers beside the figure; they are shown with their medians."""
        self._notes.update(numbers)

    def result(self) -> Result:
        """The figure.

        Raises:
            WrongResultError: nothing was measured, or nothing was checked.
        """
        if not self._checks:
            raise WrongResultError(
                "the contender checked nothing: end it with run.equal(found, wanted)"
            )
        if self._bytes is not None:
            return Result(self._bytes, self._held, self._seconds, self._notes)
        ordered = sorted(self._samples)
        found: dict[float, float] = {}
        if ordered:
            found = {each: percentile(ordered, each) * 1e6 for each in PERCENTILES}
        if self._timed and self._seconds > 0:
            speed = self._timed / self._seconds
            return Result(speed, self._timed, self._seconds, self._notes, found)
        if ordered:
            total = sum(ordered)
            return Result(found[50], len(ordered), total, self._notes, found)
        raise WrongResultError(
            "the contender measured nothing: do the work inside `with run.timed():`"
        )


def percentile(ordered: Sequence[float], per_cent: float) -> float:
    """The smallest of the sorted values that `per_cent` of them do not exceed."""
    rank = math.ceil(len(ordered) * per_cent / 100)
    return ordered[max(rank, 1) - 1]


def resident_bytes() -> int:
    """Resident memory of this process, after a full garbage collection."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
