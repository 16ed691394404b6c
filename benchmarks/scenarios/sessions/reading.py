"""Reading: what it costs that the readers of an answer may come back."""

import gc
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Final, TypeAlias

from actors import (
    Bounded,
    Completed,
    Journal,
    Leave,
    Replay,
    Session,
    Turn,
    open_system,
)
from benchmarks.load import share
from benchmarks.run import Run, clock
from benchmarks.scenario import Scenario
from benchmarks.scenarios.sessions.cast import WIDE
from supervision import RouterRef, start_router
from supervision.durable import SqliteStore

CHUNKS: Final = 100
"""Of each answer."""
TEXT: Final = "a few words "
"""Each of them."""
ROOM: Final = 1_000
"""Chunks that may be unread: more than there are, so that neither kind ever waits."""
SLICES: Final = 40
"""How often answers of both kinds are measured, in turns."""
Kind: TypeAlias = Bounded | Replay | Journal
"""How chunks are kept until they are read."""


class Narrator(Session[int, str]):
    """Streams so many pieces of text."""

    async def take_turn(self, turn: Turn[int, str]) -> int:
        """Emit them."""
        for _ in range(turn.prompt):
            await turn.emit(TEXT)
        return turn.prompt


async def read_turns(
    router: RouterRef[int, str], count: int, stream: Kind
) -> tuple[float, int]:
    """One after the other, each read to its end: the seconds, and how many were whole.

    Leaving is the same in both kinds, so that the streams alone differ.
    """
    whole = 0
    started = clock()
    for _ in range(count):
        async with router.open_turn(
            "key", CHUNKS, stream=stream, leave=Leave.DETACH
        ) as answer:
            seen = 0
            async for text in answer:
                seen += text is TEXT
        outcome = answer.ended
        whole += (
            isinstance(outcome, Completed) and outcome.result == seen == answer.number
        )
    return clock() - started, whole


class TurnResumable(Scenario):
    """Answers of 100 chunks, whose readers may come back.

    `time_ratio` is their time over that of answers whose readers may not, the median of
    slices that follow each other in one process. The contender `plain` reads the
    latter.
    """

    count = 2_000
    floor = "plain"

    async def ours(self, run: Run) -> None:
        """Both kinds in turns, slice by slice."""
        async with open_system() as system:
            router = start_router(system, Narrator, limits=WIDE)
            await compare(run, router, Replay(chunks=ROOM), Bounded(ROOM))

    async def plain(self, run: Run) -> None:
        """Those whose readers may not."""
        async with open_system() as system:
            router = start_router(system, Narrator, limits=WIDE)
            with run.timed():
                _, whole = await read_turns(router, run.count, Bounded(ROOM))
        run.equal(whole, run.count, "whole answers")


class TurnsJournaled(Scenario):
    """Answers of 100 chunks that a store keeps, on a file.

    `time_ratio` is their time over that of answers whose chunks it does not keep, as in
    `turn_resumable`; the turns of both are kept.
    """

    name = "turns_journaled"
    count = 2_000
    floor = "plain"

    async def ours(self, run: Run) -> None:
        """Both kinds in turns, slice by slice."""
        async with stored() as router:
            await compare(run, router, Journal(chunks=ROOM), Bounded(ROOM))

    async def plain(self, run: Run) -> None:
        """Those whose chunks it does not keep."""
        async with stored() as router:
            with run.timed():
                _, whole = await read_turns(router, run.count, Bounded(ROOM))
        run.equal(whole, run.count, "whole answers")


@asynccontextmanager
async def stored() -> AsyncGenerator[RouterRef[int, str]]:
    """Open a router with a store in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        store = SqliteStore(Path(folder) / "kept.db")
        async with open_system() as system:
            yield start_router(system, Narrator, limits=WIDE, durable=store)


async def compare(
    run: Run, router: RouterRef[int, str], kept: Kind, plain: Kind
) -> None:
    """Read answers of two kinds in turns, slice by slice, in one process."""
    kinds = (kept, plain)
    each = share(run.count, SLICES)
    for kind in kinds:
        await read_turns(router, each, kind)
    gc.collect()
    gc.freeze()
    spent: list[tuple[float, float]] = []
    whole = 0
    for number in range(SLICES):
        pair = [0.0, 0.0]
        for which in (0, 1) if number % 2 else (1, 0):
            pair[which], right = await read_turns(router, each, kinds[which])
            whole += right
        spent.append((pair[0], pair[1]))
    run.equal(whole, 2 * SLICES * each, "whole answers")
    run.elapsed(sum(kept for kept, _ in spent), SLICES * each)
    run.note(time_ratio=median(kept / plain for kept, plain in spent))
