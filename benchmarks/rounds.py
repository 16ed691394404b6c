"""Run the workloads, each in a process of its own, the contenders in turns.

The rounds are the outer loop, so that a slow minute of the machine meets everybody; the
order of the contenders turns by one each round, so that nobody is always first.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import attrs

from .harness import CONTENDERS, Function, Result, Workload

ROOT: Final = Path(__file__).parent.parent
LIMIT: Final = 180.0
"""Seconds one subprocess may take."""


@attrs.define
class Figures:
    """What one contender reached at one workload, over all rounds."""

    results: list[Result] = attrs.field(factory=list[Result])
    missing: str = ""
    """Why there are no results; empty if there are."""

    @property
    def value(self) -> float | None:
        """The median of the rounds, None if it could not be measured."""
        if self.missing or not self.results:
            return None
        return statistics.median(result.value for result in self.results)

    @property
    def detail(self) -> dict[str, float]:
        """The medians of what else was measured."""
        return {
            key: statistics.median(result.detail[key] for result in self.results)
            for key in (self.results[0].detail if self.results else {})
        }


# {(workload's name, contender): figures}
Table = dict[tuple[str, str], Figures]


def functions_of(contender: str) -> dict[str, Function]:
    """The workloads of a contender, imported only now: it may be missing.

    Raises:
        ImportError: it is not installed.
        ValueError: there is no such contender.
    """
    # ruff: noqa: PLC0415
    match contender:
        case "ours":
            from .ours import OURS

            return OURS
        case "park":
            from .floors import PARK

            return PARK
        case "channel":
            from .floors import CHANNEL

            return CHANNEL
        case "asyncio":
            from .asyncio_floor import ASYNCIO

            return ASYNCIO
        case "triotp":
            from .triotp_peer import TRIOTP

            return TRIOTP
        case "erlang":
            from .erlang_peer import ERLANG

            return ERLANG
        case _:
            raise ValueError(f"contender must be one of {CONTENDERS}, got {contender}")


def run_one(contender: str, workload: str, count: int) -> Result | str:
    """One workload of one contender in a process of its own; a reason if it failed."""
    command = [sys.executable, "-m", "benchmarks", "one", contender, workload]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*command, str(count)],
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    except subprocess.TimeoutExpired:
        return f"not done in {LIMIT:.0f} s"
    if done.returncode:
        return (done.stderr.strip() or "no message").splitlines()[-1]
    return Result.from_json(done.stdout.splitlines()[-1])


def measure(
    workloads: Iterable[Workload],
    contenders: tuple[str, ...],
    rounds: int,
    *,
    quick: bool,
    progress: Callable[[str], None],
) -> Table:
    """All figures; a contender that fails at a workload is not asked again."""
    table: Table = {}
    for number in range(rounds):
        turn = number % len(contenders)
        order = contenders[turn:] + contenders[:turn]
        for workload in workloads:
            for contender in order:
                figures = table.setdefault((workload.name, contender), Figures())
                if figures.missing:
                    continue
                progress(f"round {number + 1}/{rounds}: {workload.name}, {contender}")
                count = workload.count_for(contender, quick=quick)
                result = run_one(contender, workload.name, count)
                if isinstance(result, str):
                    figures.missing = result
                else:
                    figures.results.append(result)
    return table
