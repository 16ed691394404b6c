"""Measure actors against floors written by hand and against peers.

`python -m benchmarks list` names what there is, `python -m benchmarks run` measures it.
This package may import `actors`, `supervision`, trio, asyncio, attrs, rich and peers;
nothing imports it. What a scenario of your own needs stands below: subclass `Scenario`,
write `ours` and whatever it is to be compared with, and end each with `run.equal`.

Read ratios, not absolute numbers: a shared machine drifts by 20-50 % between runs, and
the rounds are interleaved so that the drift meets every contender alike.
"""

from benchmarks.run import Result, Run, WrongResultError
from benchmarks.scenario import BYTES, MICROSECONDS, PER_SECOND, Scenario

__all__ = [
    "BYTES",
    "MICROSECONDS",
    "PER_SECOND",
    "Result",
    "Run",
    "Scenario",
    "WrongResultError",
]
