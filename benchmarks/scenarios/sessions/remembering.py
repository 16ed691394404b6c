"""Remembering: what a turn costs in a conversation that is long, by one that is new.

And what it costs to read one without a turn.

Files are in a temporary folder; set `TMPDIR` to measure another disk than that one.
"""

import json
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Final

import trio

from actors import Completed, Session, Turn, open_system
from benchmarks.load import share
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
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


Page = tuple[object, tuple[object, ...]]
"""A state, and entries."""


class Reads(Scenario):
    """Times of `read`: a state and the newest 20 entries of a key that is in the store.

    Of conversations of 40 entries, on a file, one after the other. By turns with it,
    each as the median of these times by theirs: `live_ratio`, a key that has a session;
    `hand_ratio`, the same rows as JSON by `sqlite3` in a thread. `memory_us`: a key of
    a router without a store.
    """

    count = 1_000
    size = 64
    floor = ""
    unit = MICROSECONDS
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """In all four ways by turns, of the same conversations."""
        times: list[list[float]] = [[], [], [], []]
        right = 0
        wanted: Page = (TEXT, (TEXT,) * WINDOW)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            hand = ByHand(Path(folder) / "hand.db", self.size)
            try:
                async with open_system() as system:
                    store = SqliteStore(Path(folder) / "kept.db")
                    kept = start_router(
                        system, Noted, limits=WIDE, durable=store, name="kept"
                    )
                    plain = start_router(system, Noted, limits=WIDE, name="plain")
                    for number in range(self.size):
                        for router in (kept, plain):
                            key = f"{number}"
                            await router.send(key, TEXT).outcome()
                            await router.send(f"live {key}", TEXT).outcome()
                        await kept.passivate(f"{number}")
                    ways = (
                        _reading(kept, ""),
                        _reading(kept, "live "),
                        hand.read,
                        _reading(plain, ""),
                    )
                    for number in range(run.count):
                        order = run.random.sample(range(len(ways)), len(ways))
                        for which in order:
                            started = clock()
                            found = await ways[which](f"{number % self.size}")
                            times[which].append(clock() - started)
                            right += found == wanted
                    sessions = kept.statistics().sessions
            finally:
                hand.close()
        run.equal(right, len(times) * run.count, "right pages")
        run.equal(sessions, self.size, "sessions")
        run.samples(times[0])
        alone, live, by_hand, memory = map(median, times)
        run.note(live_ratio=alone / live, hand_ratio=alone / by_hand)
        run.note(memory_us=memory * 1e6)


class Noted(Session[str, str, str]):
    """Has a state, and entries."""

    initial_state = ""
    entry_type = str

    async def take_turn(self, turn: Turn[str, str, str]) -> None:
        """Have as much as after twenty turns."""
        turn.state = turn.prompt
        for _ in range(2 * WINDOW):
            turn.history.append(turn.prompt)


def _reading(
    router: RouterRef[str, str], prefix: str
) -> Callable[[str], Awaitable[Page]]:
    async def read(key: str) -> Page:
        found = await router.read(prefix + key, newest=WINDOW)
        assert found is not None
        return found.state, found.history

    return read


class ByHand:
    """The same rows in a database, and what reads them in a thread."""

    def __init__(self, path: Path, keys: int) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        text = json.dumps(TEXT)
        self._connection.executescript(
            "pragma journal_mode = wal;"
            "create table states (key text primary key, body text) without rowid;"
            "create table entries (key text, n integer, body text,"
            " primary key (key, n)) without rowid;"
        )
        for key in map(str, range(keys)):
            self._connection.execute("insert into states values (?, ?)", (key, text))
            self._connection.executemany(
                "insert into entries values (?, ?, ?)",
                [(key, number, text) for number in range(2 * WINDOW)],
            )
        self._connection.commit()

    async def read(self, key: str) -> Page:
        """Read a state, and the newest entries."""
        return await trio.to_thread.run_sync(self._read, key)

    def _read(self, key: str) -> Page:
        states = self._connection.execute(
            "select body from states where key = ?", (key,)
        ).fetchall()
        entries = self._connection.execute(
            "select body from entries where key = ? order by n desc limit ?",
            (key, WINDOW),
        ).fetchall()
        ((state,),) = states
        return json.loads(state), tuple(json.loads(each) for (each,) in entries[::-1])

    def close(self) -> None:
        """Close it."""
        self._connection.close()
