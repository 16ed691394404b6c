"""Rounds: each contender of each scenario once, then all of them again.

The rounds are the outer loop, so that a slow minute of the machine meets every
contender of a scenario alike; the order of the contenders turns by one each round, so
that nobody is always first. This room decides who runs when and keeps what comes back;
`worker.py` runs it.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from benchmarks.measuring.catalogue import Item
from benchmarks.measuring.store import Entry
from benchmarks.measuring.worker import ABSENT, DONE, WRONG, Job, Outcome, run_worker
from benchmarks.run import Result

LIMIT: Final = 300.0
"""Seconds that one process may take, unless `--limit` says otherwise."""

INTERRUPTED: Final = "interrupted before its first round"


@attrs.frozen
class Step:
    """Where a measurement stands: what it does next."""

    done: int
    total: int
    """Steps in all; less when a contender is given up."""
    round: int
    rounds: int
    scenario: str
    contender: str
    left: float | None
    """Seconds, from what the same steps took before; None before the first one."""


@attrs.define(eq=False)
class Lane:
    """One contender of one scenario, over all rounds."""

    item: Item
    contender: str
    count: int
    rounds: int
    missing: str = ""
    failed: bool = False
    results: list[Result] = attrs.field(factory=list[Result])
    seconds: list[float] = attrs.field(factory=list[float])
    """How long its processes took."""

    @property
    def key(self) -> tuple[str, str]:
        """Its scenario's name and its own."""
        return self.item.name, self.contender

    def entry(self) -> Entry:
        """What is kept of it."""
        scenario = self.item.scenario
        missing = self.missing
        if not missing and not self.results:
            missing = INTERRUPTED
        return Entry(
            scenario=scenario.name,
            contender=self.contender,
            unit=scenario.unit,
            floor=scenario.floor,
            family=scenario.family,
            size=scenario.size,
            count=self.count,
            missing=missing,
            results=tuple(self.results),
            failed=self.failed,
        )


class Measurement:
    """All rounds of all contenders of some scenarios; `entries` at any time.

    Args:
        items: the scenarios, in the order of the table.
        contenders: `{name: why it cannot be had, or ""}`, in the order of the table.
        rounds: how many; a scenario may set itself fewer.
        seed: of the first round; each further round takes the next one.
        part: of the counts, for runs that are to be brief.
        limit: seconds for each process.
        worker: does a job; another one only in tests.
    """

    def __init__(
        self,
        items: Sequence[Item],
        contenders: Mapping[str, str],
        *,
        rounds: int,
        seed: int = 0,
        part: float = 1.0,
        limit: float = LIMIT,
        worker: Callable[[Job, float], Outcome] = run_worker,
    ) -> None:
        self.seed = seed
        self.limit = limit
        self._worker = worker
        self._done = 0
        # {scenario's name: its lanes}
        self._lanes: dict[str, list[Lane]] = {}
        for item in items:
            scenario = item.scenario
            there = scenario.contenders()
            self._lanes[item.name] = [
                Lane(
                    item,
                    name,
                    scenario.count_for(name, part),
                    min(rounds, scenario.rounds),
                    missing="" if name in there else reason,
                )
                for name, reason in contenders.items()
                if name in there or (reason and scenario.provided)
            ]

    def run(self, progress: Callable[[Step], None]) -> None:
        """Measure everything. A contender that fails at a scenario is given up there.

        `entries` has what there is when this is interrupted, too.
        """
        for number in range(self._rounds):
            for lanes in self._lanes.values():
                for lane in _turned(lanes, number):
                    if lane.missing or number >= lane.rounds:
                        continue
                    progress(self._step(lane, number))
                    self._keep(lane, self._worker(self._job(lane, number), self.limit))
                    self._done += 1

    def entries(self) -> tuple[Entry, ...]:
        """What has been measured so far, in the order of the table."""
        return tuple(lane.entry() for lane in self._all())

    @property
    def _rounds(self) -> int:
        return max((lane.rounds for lane in self._all()), default=0)

    def _all(self) -> Iterator[Lane]:
        for lanes in self._lanes.values():
            yield from lanes

    def _job(self, lane: Lane, number: int) -> Job:
        name, contender = lane.key
        item, seed = lane.item, self.seed + number
        room = "" if item.module is not None else type(item.scenario).__module__
        return Job(name, contender, lane.count, seed, item.module, room)

    def _keep(self, lane: Lane, outcome: Outcome) -> None:
        lane.seconds.append(outcome.seconds)
        if outcome.kind == DONE and outcome.result is not None:
            lane.results.append(outcome.result)
            return
        lane.missing = outcome.reason or "no reason given"
        lane.failed = outcome.kind != ABSENT
        if outcome.kind == WRONG:
            lane.results.clear()  # who is wrong once is not believed the other times

    def _step(self, lane: Lane, number: int) -> Step:
        open_rounds = [
            (each, each.rounds - len(each.results))
            for each in self._all()
            if not each.missing
        ]
        known = [time for each in self._all() for time in each.seconds]
        left = None
        if known:
            usual = statistics.fmean(known)
            left = sum(
                rounds * (statistics.fmean(each.seconds) if each.seconds else usual)
                for each, rounds in open_rounds
            )
        name, contender = lane.key
        return Step(
            done=self._done,
            total=self._done + sum(rounds for _, rounds in open_rounds),
            round=number + 1,
            rounds=self._rounds,
            scenario=name,
            contender=contender,
            left=left,
        )


def _turned(lanes: list[Lane], number: int) -> list[Lane]:
    """The lanes, beginning with another one each round."""
    turn = number % len(lanes) if lanes else 0
    return lanes[turn:] + lanes[:turn]
