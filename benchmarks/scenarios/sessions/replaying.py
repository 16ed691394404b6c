"""Replaying: an hour of a real chat service, in virtual time."""

from benchmarks.replay.replaying import replay
from benchmarks.run import Run
from benchmarks.scenario import Scenario


class RealTraffic(Scenario):
    """Replay 12,031 turns of 7,373 recorded conversations, with accidents.

    The notes are the waiting times in virtual seconds, and the most of everything at
    once; `python -m benchmarks.replay` shows more.
    """

    number = "B21"
    count = 12_031
    fixed = True
    warm_up = 0
    rounds = 2

    def ours(self, run: Run) -> None:
        """One router; its own clock."""
        found = replay(run.count, seed=run.seed)
        run.equal(found.broken, (), "broken promises")
        run.equal(sum(found.outcomes.values()), found.accepted, "outcomes")
        run.elapsed(found.seconds, found.turns)
        run.note(
            **{f"wait_p{each:g}": waited for each, waited in found.waits.items()},
            peak_sessions=found.peak_sessions,
            peak_turns=found.peak_turns,
            peak_tasks=found.peak_tasks,
            blocks_left=found.blocks,
        )
