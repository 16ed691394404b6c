"""Measure actors against floors written by hand and against peers.

`python -m benchmarks list` names what there is, `python -m benchmarks run` measures it.
This package may know the public names of `actors` and `supervision`, trio, asyncio,
attrs, rich and peers; nothing imports it. What a scenario of your own needs stands
below: subclass `Scenario`, write `ours` and whatever it is to be compared with, and end
each with `run.equal`. In reading order:

- `scenario`, `run`: what a scenario and a contender are, and one run of one
- `load`: the shape of the load, on which all contenders agree
- `scenarios/`: the standard set, with ours
- `floors/`, `peers/`: the same work by hand, and by others
- `measuring/`: rounds, workers, reports
- `figures`, `amounts`: statistics, and figures as words
- `showing/`, `judging/`: reports for people; goals and the guard
- `replay/`: an hour of real traffic
- `postgres/`, `chaos/`: a server of one's own, and many nodes that are killed on it
- `nodes/`: many nodes on one server, and what others would take instead
- `apart/`: what becomes of one conversation here, and in other runtimes
- `options`, `cli`: the command line, which knows them all

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
