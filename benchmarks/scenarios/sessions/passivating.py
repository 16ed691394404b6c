"""Passivated keys: what a router has of those that only its store knows.

Files are in a temporary folder; set `TMPDIR` to measure another disk than that one.
"""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import trio

from actors import Completed, Session, Turn, open_system
from benchmarks.run import Run, clock, percentile, resident_bytes
from benchmarks.scenario import BYTES, MICROSECONDS, Scenario
from benchmarks.scenarios.sessions.cast import WIDE
from supervision import Limits, RouterRef, start_router
from supervision.durable import SqliteStore, StorePolicy

TEXT: Final = "x" * 200
"""What each prompt says, and what a state becomes."""
CLIENTS: Final = 512
"""Who fill a store at once."""
NARROW: Final = Limits(sessions=1_000, turns=1_000)
"""So many keys have a session; all others are passivated."""
WARM: Final = 10_000
"""Keys that are there before memory is measured: what a router needs it has then."""
FEW: Final = 1_000
"""Keys of the store beside it."""
OPENINGS: Final = 10
"""Of each store."""
SAMPLES: Final = 300
"""Times of `accept`, of each kind."""
BRIEF: Final = StorePolicy(keep=1e-3, prune_every=1e-3)
"""Outcomes are not kept: they are pruned at once, as many in a step as by default."""
BALLAST: Final = 60
"""Prompts of half a megabyte in a store that is copied: 30 MB."""


class Noter(Session[str, str, str]):
    """Keeps what it was told last."""

    initial_state = ""

    async def take_turn(self, turn: Turn[str, str, str]) -> int:
        """Keep it, and say how much was kept before; "hang" never ends."""
        if turn.prompt == "hang":
            await trio.sleep_forever()
        before = len(turn.state)
        turn.state = turn.prompt
        return before


Router = RouterRef[str, str]


class _Passivated(Scenario):
    """Resident memory for each key that has had a turn, and is in the store alone.

    Notes: `open_ratio`, the time of an opening by that of a store of 1,000 keys;
    `time_ratio`, that of an `accept` to a passivated key by one to a key in memory,
    p50; `p99_ratio`, that of an `accept` while all outcomes are pruned, by before, and
    `pruned_kib`, what the process grows by it. What waits is there afterwards.
    """

    family = "passivated keys"
    floor = ""
    unit = BYTES
    fixed = True
    warm_up = 0
    rounds = 1

    async def ours(self, run: Run) -> None:
        """Fill a store, open it again, and send to keys that are only there."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            path, other = Path(folder) / "kept.db", Path(folder) / "few.db"
            await self._fill(run, path)
            await _fill_few(other)
            await self._open(run, path, other)
            await self._accept(run, path)
            await self._prune(run, path)

    async def _fill(self, run: Run, path: Path) -> None:
        async with open_system() as system:
            store = SqliteStore(path)
            router = start_router(system, Noter, limits=NARROW, durable=store)
            right = await _turns(router, (f"first {each}" for each in range(WARM)))
            with run.resident():
                right += await _turns(router, map(str, range(run.count)))
            found = router.statistics()
        run.equal(right, run.count + WARM, "right answers")
        run.at_most(found.sessions, NARROW.sessions, "sessions")

    async def _open(self, run: Run, path: Path, other: Path) -> None:
        times: dict[Path, list[float]] = {path: [], other: []}
        for _ in range(OPENINGS):
            for each, found in times.items():
                found.append(await _opening(each))
        many, few = median(times[path]), median(times[other])
        run.note(open_us=many * 1e6, open_ratio=many / few)

    async def _accept(self, run: Run, path: Path) -> None:
        """To a passivated key, and to one in memory, by turns."""
        numbers = run.random.sample(range(run.count), min(SAMPLES, run.count))
        passivated: list[float] = []
        there: list[float] = []
        right = 0
        async with open_system() as system:
            store = SqliteStore(path)
            router = start_router(system, Noter, limits=WIDE, durable=store)
            for number in range(SAMPLES):
                await _turn(router, f"first {number}")
            for number, place in enumerate(numbers):
                for key, times in (
                    (f"{place}", passivated),
                    (f"first {number}", there),
                ):
                    before, seconds = await _turn(router, key)
                    times.append(seconds)
                    right += before == len(TEXT)
        run.equal(right, 2 * len(numbers), "states that are there")
        one, other = median(passivated), median(there)
        run.note(passivated_us=one * 1e6, time_ratio=one / other)

    async def _prune(self, run: Run, path: Path) -> None:
        """Have all outcomes pruned; those that wait are kept."""
        async with open_system() as system:
            router = start_router(system, Noter, limits=WIDE, durable=SqliteStore(path))
            for number in range(SAMPLES // 10):
                await router.accept(f"{number}", "hang", id="open", attempts=2)
            before = [
                (await _turn(router, f"new {number}", name="1"))[1]
                for number in range(SAMPLES)
            ]
        during: list[float] = []
        async with open_system() as system:
            store = SqliteStore(path, policy=BRIEF)
            router = start_router(system, Noter, limits=WIDE, durable=store)
            grown, started = -resident_bytes(), clock()
            for number in itertools.count():
                during.append((await _turn(router, f"newer {number % SAMPLES}"))[1])
                last = await router.find(f"new {SAMPLES - 1}", "1")
                if last is None and number >= SAMPLES:
                    break
            seconds, grown = clock() - started, grown + resident_bytes()
            kept = [
                await router.find(f"{number}", "open")
                for number in range(SAMPLES // 10)
            ]
        run.equal(sum(each is not None for each in kept), len(kept), "what waits")
        ratio = percentile(sorted(during), 99) / percentile(sorted(before), 99)
        run.note(p99_ratio=ratio, pruned_seconds=seconds, pruned_kib=grown / 1024)


class Passivated10K(_Passivated):
    """Resident bytes for each of 10,000 keys that are in the store alone."""

    name = "passivated_10k"
    count = size = 10_000
    rounds = 3


class Passivated1M(_Passivated):
    """Resident bytes for each of a million keys that are in the store alone."""

    name = "passivated_1m"
    count = size = 1_000_000


class AcceptBackup(Scenario):
    """Times of `accept` while copies of the store are made, one after the other.

    Of a store of 30 MB.  `p99_ratio` is the 99th percentile of these times by that of
    as many without a copy, a hundred at a time, by turns.
    """

    name = "accept_backup"
    count = 1_000
    floor = ""
    unit = MICROSECONDS
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """Beside copies, and alone."""
        beside: list[float] = []
        alone: list[float] = []
        made = 0
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            async with open_system() as system:
                store = SqliteStore(Path(folder) / "kept.db")
                router = start_router(system, Noter, limits=WIDE, durable=store)
                for number in range(BALLAST):
                    await _turn(router, f"{number}", "x" * 500_000)

                async def copying() -> None:
                    nonlocal made
                    while True:
                        copy = Path(folder) / f"copy-{made}.db"
                        made += 1
                        await router.backup(copy)
                        await trio.to_thread.run_sync(copy.unlink)

                async def accepting(times: list[float]) -> None:
                    for number in range(min(100, run.count - len(times))):
                        _, seconds = await _turn(router, f"key {number}")
                        times.append(seconds)

                while len(alone) < run.count:
                    await accepting(alone)
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(copying)
                        await accepting(beside)
                        nursery.cancel_scope.cancel()
        run.at_most(1, made, "one copy, of those that were begun,")
        run.equal(len(beside), len(alone), "times")
        run.samples(beside)
        ratio = percentile(sorted(beside), 99) / percentile(sorted(alone), 99)
        run.note(p99_ratio=ratio)


async def _fill_few(path: Path) -> None:
    async with open_system() as system:
        store = SqliteStore(path)
        router = start_router(system, Noter, limits=NARROW, durable=store)
        await _turns(router, map(str, range(FEW)))


async def _opening(path: Path) -> float:
    """Seconds from the start of a router to the first answer of its store."""
    async with open_system() as system:
        started = clock()
        router = start_router(system, Noter, limits=WIDE, durable=SqliteStore(path))
        await router.find("nobody", "1")
        return clock() - started


async def _turn(
    router: Router, key: str, text: str = TEXT, name: str | None = None
) -> tuple[object, float]:
    """The result of a turn, and seconds of its `accept`."""
    started = clock()
    receipt = await router.accept(key, text, id=name)
    seconds = clock() - started
    outcome = await receipt.outcome()
    assert isinstance(outcome, Completed)
    return outcome.result, seconds


async def _turns(router: Router, keys: Iterator[str]) -> int:
    """A turn of each of these keys; how many were right."""
    right = 0

    async def client() -> None:
        nonlocal right
        for key in keys:
            receipt = await router.accept(key, TEXT, id="1")
            outcome = await receipt.outcome()
            right += isinstance(outcome, Completed) and outcome.result == 0

    async with trio.open_nursery() as clients:
        for _ in range(CLIENTS):
            clients.start_soon(client)
    return right
