"""Many storms, as a program: `python -m tests.storm.run --seeds 20000 --jobs 2`.

Each seed is one storm.  Those that fail are counted by the promise that they break; the
first of each is cut down and told in full.  `--cut` plays what such a report says.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial

from tests.storm.world.plan import Cut, make_plan

from .known import faults_of
from .shrinking import described, report

EVERY = 2.0  # seconds between two lines of progress


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns 1 if a storm has failed."""
    parser = argparse.ArgumentParser(prog="tests.storm.run", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--cut", help="play this part of the plan of --first only")
    parser.add_argument("--known", action="store_true", help="known faults count too")
    parser.add_argument("--whole", action="store_true", help="cut nothing down")
    options = parser.parse_args(arguments)
    if options.cut is not None:
        return _play_cut(options.first, options.cut, known=options.known)
    seeds = range(options.first, options.first + options.seeds)
    found = find_failing(seeds, jobs=options.jobs, known=options.known)
    for promise, failing in found.items():
        _say(f"\n{len(failing)} of {len(seeds)} seeds: {promise}?")
        _say(f"    {' '.join(map(str, sorted(failing)[:20]))}")
        if not options.whole:
            _say(report(min(failing), promise, known=options.known))
    return 1 if found else 0


def find_failing(
    seeds: range, *, jobs: int = 1, known: bool = False
) -> dict[str, list[int]]:
    """Play the storms of these seeds; give `{promise: seeds that break it}`."""
    found: dict[str, list[int]] = {}
    begun = told = time.monotonic()
    with _results(seeds, jobs, known=known) as results:
        for done, (seed, promises) in enumerate(results, 1):
            for promise in promises:
                found.setdefault(promise, []).append(seed)
                sys.stderr.write(f"\rseed {seed}: {promise}?\n")
            now = time.monotonic()
            if now - told > EVERY:
                told = now
                bad = len({seed for failing in found.values() for seed in failing})
                rate = done / (now - begun)
                sys.stderr.write(f"\r{done} of {len(seeds)}, {rate:.0f}/s, {bad} bad ")
                sys.stderr.flush()
    seconds = time.monotonic() - begun
    sys.stderr.write(f"\r{len(seeds)} storms in {seconds:.1f} s\n")
    return found


@contextmanager
def _results(
    seeds: range, jobs: int, *, known: bool
) -> Generator[Iterator[tuple[int, list[str]]]]:
    one = partial(broken, known=known)
    if jobs == 1:
        yield map(one, seeds)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield pool.imap_unordered(one, seeds, chunksize=8)


def broken(seed: int, *, known: bool = False) -> tuple[int, list[str]]:
    """Play one storm: its seed, and the promises that it breaks."""
    faults = faults_of(make_plan(seed), known=known)
    return seed, sorted({fault.promise for fault in faults})


def _play_cut(seed: int, text: str, *, known: bool) -> int:
    plan = make_plan(seed).keep(Cut.parse(text))
    faults = faults_of(plan, known=known)
    for step in plan.steps:
        _say(f"    {step}")
    _say("\n".join(described(plan, faults)))
    return 1 if faults else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
