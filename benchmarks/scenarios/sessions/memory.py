"""What an idle session takes: its entry in the router, its cell, its actor, its key.

Resident memory remembers the peak, so nothing is warmed up here but a hundred sessions
in the same router: what their turns take is taken once.
"""

from actors import open_system
from benchmarks.load import AT_ONCE
from benchmarks.run import Run
from benchmarks.scenario import BYTES, Scenario
from benchmarks.scenarios.cast import Idle
from benchmarks.scenarios.lives.memory import start_idle
from benchmarks.scenarios.sessions.cast import Replier, open_sessions, route_to


class _SessionMemory(Scenario):
    """Resident memory for each idle session that has had one turn.

    The contender `plain` has as many actors in a dict.
    """

    number = "B11"
    family = "memory of sessions"
    floor = "plain"
    unit = BYTES
    fixed = True
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """All behind one router; their keys are among it."""
        async with open_system() as system:
            router = route_to(system, Replier)
            first = [f"first {number}" for number in range(AT_ONCE)]
            await open_sessions(router, first)
            with run.resident():
                keys = [f"{number}" for number in range(run.count)]
                answered = await open_sessions(router, keys)
            statistics = router.statistics()
        run.equal(answered, run.count, "right answers")
        run.equal(statistics.idle, run.count + AT_ONCE, "idle sessions")

    async def plain(self, run: Run) -> None:
        """Actors that have handled one message, by their keys."""
        handled = Idle.handled
        async with open_system() as system:
            with run.resident():
                refs = await start_idle(system, run.count)
                by_key = {f"{number}": ref for number, ref in enumerate(refs)}
                del refs
            run.equal(system.statistics().actors, len(by_key), "idle actors")
        run.equal(Idle.handled - handled, run.count, "messages handled")


class SessionMemory10K(_SessionMemory):
    """Resident bytes for each of 10,000 idle sessions."""

    name = "session_memory_10k"
    count = size = 10_000
    short = True


class SessionMemory1M(_SessionMemory):
    """Resident bytes for each of a million idle sessions."""

    name = "session_memory_1m"
    count = size = 1_000_000
    rounds = 1
