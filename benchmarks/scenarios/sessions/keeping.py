"""Keeping: what it costs that prompts, outcomes and states survive the process.

Files are in a temporary folder; set `TMPDIR` to measure another disk than that one.
"""

import os
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import trio

from actors import Completed, PromptPolicy, Session, Turn, open_system
from benchmarks.load import share
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.sessions.cast import MANY, WIDE, Gate
from supervision import RouterRef, start_router
from supervision.durable import MemoryStore, SqliteStore, StorePolicy

TEXT: Final = "x" * 200
"""What each prompt says."""
POLICY: Final = StorePolicy(unwritten=MANY, unwritten_bytes=MANY)
"""Nothing is refused, and nobody waits for room."""
PATIENCE: Final = 100.0
"""Seconds until what does not come is taken for lost."""
SLOW: Final = 0.004
"""Seconds that each wait for a slow disk takes longer: of a cloud, or with plates."""
ALONE: Final = 20
"""Turns, one after the other, whose batches are counted."""


class Heard(Session[str, int]):
    """Comes to the gate, goes through it, and says how long the prompt was."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=MANY)

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def take_turn(self, turn: Turn[str, int]) -> int:
        """Answer."""
        self.gate.handled += 1
        if not self.gate.opened.is_set():
            await self.gate.opened.wait()
        return len(turn.prompt)


class _Accept(Scenario):
    """Prompts that are in a file when `accept` returns, of so many senders at once.

    Each sender has a session of its own, whose first turn waits for a gate, so that
    nothing is measured but accepting. Then the router ends, and another one must find
    all of them in the file. `disk` is one thread that appends the same texts to a file,
    a group of as many as there are senders at a time, with `fdatasync` after each.
    """

    floor = "disk"
    family = "accepting"
    wait: ClassVar[float] = 0.0
    """Seconds that each wait for the disk takes longer, for both."""

    async def ours(self, run: Run) -> None:
        """Accept them, and find them again."""
        with _folder(self.wait) as folder:
            store = SqliteStore(folder / "kept.db", policy=POLICY)
            await self._send(run, store)
            gate = Gate()
            gate.close()
            wanted = (share(run.count, self.size) - 1) * self.size
            async with open_system() as system:
                router = start_router(system, Heard, gate, limits=WIDE, durable=store)
                await _until(lambda: router.statistics().queued >= wanted)
                run.equal(router.statistics().queued, wanted, "prompts that are kept")

    async def _send(self, run: Run, store: SqliteStore | None) -> int:
        """Send them all; gives how many have no outcome then."""
        each = share(run.count, self.size)
        gate = Gate()
        gate.close()

        async def sender(router: RouterRef[str, int], key: str, count: int) -> None:
            send = router.accept if store is not None else router.send_wait
            for _ in range(count):
                await send(key, TEXT)

        async with open_system() as system:
            router = start_router(system, Heard, gate, limits=WIDE, durable=store)
            await sender(router, "first", 1)  # a store is open then
            with run.timed(each * self.size):
                async with trio.open_nursery() as senders:
                    for number in range(self.size):
                        senders.start_soon(sender, router, f"{number}", each)
            await _until(lambda: gate.handled > self.size)
            queued = router.statistics().queued
        run.equal(gate.handled, self.size + 1, "turns that wait, and are aborted")
        return queued

    def disk(self, run: Run) -> None:
        """The same texts, the same groups."""
        each = share(run.count, self.size)
        group = TEXT.encode() * self.size
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            path = Path(folder) / "kept"
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                with run.timed(each * self.size):
                    for _ in range(each):
                        os.write(file, group)
                        os.fdatasync(file)
                        if self.wait:
                            time.sleep(self.wait)
            finally:
                os.close(file)
            run.equal(path.stat().st_size, each * len(group), "bytes")


class _AcceptBeside(_Accept):
    """The same, beside a router in `memory` too: faster than that no store can be."""

    async def memory(self, run: Run) -> None:
        """Accepted, and written nowhere."""
        queued = await self._send(run, None)
        wanted = share(run.count, self.size) * self.size + 1
        run.equal(queued, wanted, "prompts that have no outcome")


class Accept1(_AcceptBeside):
    """Prompts that one sender has accepted, one after the other."""

    name = "accept_1"
    count = 400
    size = 1


class Accept32(_AcceptBeside):
    """Prompts that 32 senders have accepted at once."""

    name = "accept_32"
    count = 6_400
    size = 32


class Accept512(_AcceptBeside):
    """Prompts that 512 senders have accepted at once."""

    name = "accept_512"
    count = 20_480
    size = 512


class Accept1Slow(_Accept):
    """One sender, where each wait for the disk takes 4 ms more."""

    name = "accept_1_slow"
    family = "accepting slowly"
    count = 200
    size = 1
    wait = SLOW


class Accept32Slow(_Accept):
    """32 senders, where each wait for the disk takes 4 ms more."""

    name = "accept_32_slow"
    family = "accepting slowly"
    count = 6_400
    size = 32
    wait = SLOW


class Accept512Slow(_Accept):
    """512 senders, where each wait for the disk takes 4 ms more."""

    name = "accept_512_slow"
    family = "accepting slowly"
    count = 40_960
    size = 512
    wait = SLOW


class _Turns(Scenario):
    """Turns that answer at once, of so many sessions, each one after the other.

    A prompt is accepted, and its outcome awaited; both are in a file by then. In
    `memory` the router has no file. `batches_alone` is how many transactions a turn
    takes of which nobody shares one, to its outcome.
    """

    floor = "memory"
    family = "turns kept"

    async def ours(self, run: Run) -> None:
        """With a file."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            store = SqliteStore(Path(folder) / "kept.db", policy=POLICY)
            await self._turns(run, store)
        run.note(batches_alone=await _batches_alone())

    async def memory(self, run: Run) -> None:
        """In memory."""
        await self._turns(run, None)

    async def _turns(self, run: Run, store: SqliteStore | None) -> None:
        each = share(run.count, self.size)
        right = 0

        async def client(router: RouterRef[str, int], key: str) -> None:
            nonlocal right
            send = router.accept if store is not None else router.send_wait
            for _ in range(each):
                receipt = await send(key, TEXT)
                outcome = await receipt.outcome()
                right += isinstance(outcome, Completed) and outcome.result == len(TEXT)

        async with open_system() as system:
            router = start_router(system, Heard, Gate(), limits=WIDE, durable=store)
            await router.send("first", TEXT).outcome()  # it is open
            with run.timed(each * self.size):
                async with trio.open_nursery() as clients:
                    for number in range(self.size):
                        clients.start_soon(client, router, f"{number}")
            outcomes = router.statistics().outcomes
        run.equal(right, each * self.size, "right answers")
        run.equal(dict(outcomes), {"Completed": right + 1}, "outcomes")


class TurnsDurable32(_Turns):
    """Turns of 32 sessions whose prompts, outcomes and states are kept in a file."""

    name = "turns_durable_32"
    count = 3_200
    size = 32


class TurnsDurable512(_Turns):
    """Turns of 512 sessions whose prompts, outcomes and states are kept in a file."""

    name = "turns_durable_512"
    count = 10_240
    size = 512


@contextmanager
def _folder(wait: float) -> Generator[Path]:
    """A folder of its own, on a disk for which SQLite waits so much longer."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if not wait:
            yield Path(folder)
            return
        with _slow_sqlite(wait):
            yield Path(folder)


@contextmanager
def _slow_sqlite(wait: float) -> Generator[None]:
    """Every file of SQLite's that is opened here has waits that are longer.

    All of them: for the log at a commit, and for both files when the log is brought in.
    """
    import apsw  # noqa: PLC0415 - only who has the extra can measure it

    class SlowFile(apsw.VFSFile):
        """Its disk takes longer."""

        def xSync(self, flags: int) -> None:  # noqa: N802 - apsw's
            super().xSync(flags)
            time.sleep(wait)

    class SlowFiles(apsw.VFS):
        """All files are like this, of whoever names no other way to open them."""

        def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - Any: apsw's own
            return SlowFile("unix", name, flags)

    files = SlowFiles("slow", "unix", makedefault=True)
    try:
        yield
    finally:
        files.unregister()


async def _until(done: Callable[[], bool]) -> None:
    """Wait until it is true, or for too long."""
    with trio.move_on_after(PATIENCE):
        while not done():  # noqa: ASYNC110 - nothing tells
            await trio.sleep(0.01)


async def _batches_alone() -> float:
    """Transactions of each turn, of a session that is there."""
    store = MemoryStore()
    async with open_system() as system:
        router = start_router(system, Heard, Gate(), limits=WIDE, durable=store)
        await (await router.accept("key", TEXT)).outcome()
        before = store.batches
        for _ in range(ALONE):
            await (await router.accept("key", TEXT)).outcome()
        return (store.batches - before) / ALONE
