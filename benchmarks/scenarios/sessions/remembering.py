"""Remembering: what a turn costs in a conversation that is long, by one that is new.

Files are in a temporary folder; set `TMPDIR` to measure another disk than that one.
"""

import tempfile
from pathlib import Path
from typing import Final

import trio

from actors import Completed, Session, Turn, open_system
from benchmarks.load import share
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.sessions.cast import WIDE
from supervision import RouterRef, start_router
from supervision.durable import SqliteStore

TEXT: Final = "x" * 200
"""What each entry says."""
LONG: Final = 20_000
"""Entries of a conversation of 10,000 turns."""
WINDOW: Final = 20
"""Entries that each turn reads."""


class Talk(Session[str, str]):
    """Reads what was said last, and appends what it was told and what it says."""

    entry_type = str

    async def take_turn(self, turn: Turn[str, str]) -> int:
        """Answer with how many entries there are now."""
        await turn.history.window(WINDOW)
        turn.history.append(turn.prompt)
        turn.history.append(TEXT)
        return len(turn.history)


class TurnsRemembered(Scenario):
    """Turns that append two entries each, in conversations of 20,000 entries.

    Of eight sessions, each turn after the one before, on a file; each reads the newest
    20 entries too.  In `new` the conversations begin with the first turn.
    """

    name = "turns_remembered"
    count = 1_600
    size = 8
    floor = "new"

    async def ours(self, run: Run) -> None:
        """As turn 10,000."""
        await self._turns(run, LONG)

    async def new(self, run: Run) -> None:
        """As turn 1."""
        await self._turns(run, 0)

    async def _turns(self, run: Run, entries: int) -> None:
        each = share(run.count, self.size)
        right = 0

        async def fill(turn: Turn[str, str]) -> None:
            for _ in range(entries):
                turn.history.append(TEXT)

        async def client(router: RouterRef[str, str], key: str) -> None:
            nonlocal right
            for number in range(each):
                outcome = await (await router.accept(key, TEXT)).outcome()
                wanted = entries + 2 * (number + 1)
                right += isinstance(outcome, Completed) and outcome.result == wanted

        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            store = SqliteStore(Path(folder) / "kept.db")
            async with open_system() as system:
                router = start_router(system, Talk, limits=WIDE, durable=store)
                for number in range(self.size):
                    await router.run_exclusive(f"{number}", fill).outcome()
                with run.timed(each * self.size):
                    async with trio.open_nursery() as clients:
                        for number in range(self.size):
                            clients.start_soon(client, router, f"{number}")
        run.equal(right, each * self.size, "right answers")
