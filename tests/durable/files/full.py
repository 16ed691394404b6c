"""A process whose disk becomes full while its router is used; run where it is alone.

    unshare -Urm sh -c 'mount -t tmpfs -o size=2m none DISK && python -m ... DISK'

Says what went wrong, a line each, and "done" at the end.
"""

from __future__ import annotations

import errno
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from actors import Completed, Receipt, Session, Turn, open_system
from supervision import Limits, RouterRef, start_router
from supervision.durable import SqliteStore, StoreDown, StorePolicy, StoreUp
from supervision.durable._sqlite import opening
from supervision.durable._sqlite.opening import SqliteOpening
from supervision.durable._words.opened import Told
from supervision.durable._words.records import Record

BODY: Final = "x" * 10_000
MANY: Final = 40  # of these are more than what the log may have room for
TRIES: Final = 5  # a batch is carried out in vain so often while the disk is full
POLICY: Final = StorePolicy(retry_first=0.001, retry_most=0.01)
LIMITS: Final = Limits(sessions=100, turns=100)


class Tries:
    """Counts batches that are handed to a store."""

    number = 0
    wanted: float = float("inf")
    come = trio.Event()

    @classmethod
    async def more(cls) -> None:
        """Wait until so many have been, from now on."""
        cls.wanted = cls.number + TRIES
        await cls.come.wait()


class Opening(SqliteOpening):
    """An opened store whose batches are counted."""

    def carry(self, batch: Sequence[Record], told: Told) -> None:
        """Count it."""
        Tries.number += 1
        if Tries.number >= Tries.wanted:
            Tries.come.set()
        super().carry(batch, told)


class Count(Session[str, str, int]):
    """Counts its prompts; the process counts begins."""

    initial_state = 0

    async def take_turn(self, turn: Turn[str, str, int]) -> int:
        """Count it."""
        BEGUN[turn.key] += 1
        if turn.prompt == "wait":
            RUNS.set()
            await DOOR.wait()
        turn.state += 1
        return turn.state


BEGUN: Final[Counter[str]] = Counter()
RUNS: Final = trio.Event()
DOOR: Final = trio.Event()


def fill(ballast: Path) -> None:
    """Take all that is left of the disk, to the last byte."""
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


class Checks:
    """What went wrong."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def that(self, holds: object, words: str) -> None:
        """Write it down if it does not hold."""
        if not holds:
            self.found.append(words)


async def first(disk: Path, checks: Checks) -> None:
    """A process: its disk is full for a while."""
    ballast = disk / "ballast"
    returned: list[Receipt[str]] = []
    async with open_system() as system:
        events = system.subscribe(StoreDown, StoreUp)
        store = SqliteStore(disk / "chat.db", policy=POLICY)
        router: RouterRef[str, str] = start_router(
            system, Count, limits=LIMITS, durable=store
        )
        await (await router.accept("before", "x", id="1")).outcome()
        waiting = await router.accept("waits", "wait", id="1")
        await RUNS.wait()

        async def accept(key: str) -> None:
            returned.append(await router.accept(key, BODY, id="1"))

        fill(ballast)
        async with trio.open_nursery() as nursery:
            for number in range(MANY):
                nursery.start_soon(accept, f"k{number}")
            down = await anext(events)
            stored = len(returned)
            sent = router.send("sent", "x", id="1")
            DOOR.set()  # its turn ends, and waits for its commit
            sizes = router.statistics().store
            checks.that(isinstance(down, StoreDown) and "Full" in str(down), str(down))
            checks.that(
                sizes is not None and sizes.down is not None and "Full" in str(sizes),
                f"statistics do not name it: {sizes}",
            )
            await Tries.more()
            told = len(returned) != stored or waiting.ended or sent.ended
            checks.that(not told, "told although the disk is full")
            checks.that(not BEGUN["sent"], "begun although the disk is full")
            ballast.unlink()
            up = await anext(events)
            checks.that(isinstance(up, StoreUp), str(up))
        for receipt in (*returned, waiting, sent):
            outcome = await receipt.outcome()
            checks.that(isinstance(outcome, Completed), f"{receipt.key}: {outcome}")
        checks.that(not events.drain(), "told again")
    once = Counter(dict.fromkeys(BEGUN, 1))
    checks.that(once == BEGUN, f"begun twice: {BEGUN - once}")
    checks.that(len(BEGUN) == MANY + 3, f"begun: {len(BEGUN)}")


async def second(disk: Path, checks: Checks) -> None:
    """The next one: all of it is there, once."""
    async with open_system() as system:
        store = SqliteStore(disk / "chat.db", policy=POLICY)
        router: RouterRef[str, str] = start_router(
            system, Count, limits=LIMITS, durable=store
        )
        for key in tuple(BEGUN):
            receipt = await router.find(key, "1")
            before = await receipt.outcome() if receipt is not None else None
            after = await (await router.accept(key, "y")).outcome()
            results = [getattr(each, "result", each) for each in (before, after)]
            checks.that(results == [1, 2], f"{key} after a restart: {results}")


async def main(disk: Path) -> None:
    """Both."""
    checks = Checks()
    opening.SqliteOpening = Opening  # type: ignore[misc] # what a claim makes
    with trio.fail_after(90):
        await first(disk, checks)
        await second(disk, checks)
    sys.stdout.write("\n".join([*checks.found, "done\n"]))


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]).resolve())
