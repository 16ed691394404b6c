"""tantra-harness: actors for agents on asyncio, on its store in a file or on a server.

A model that answers at once stands in for the real one, and writes no text but the
length of the prompt.  A prompt is `Connection.prompt` with an id: accepted into the
store, run, and its result read there.  It needs Python 3.13.
"""

# tantra need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import tantra
from tantra.providers.base import ModelLimits, StreamEnd, TextDelta

from benchmarks.load import share
from benchmarks.run import Run

LIMITS: Final = ModelLimits(context_window=1_000_000, max_output=64_000)


class Model:
    """Says how long the last text was."""

    provider_name = "bench"

    def limits(self, model: str) -> Any:
        """None that is met here."""
        del model
        return LIMITS

    async def stream(self, request: Any) -> AsyncIterator[Any]:
        """Answer."""
        text = str(len(request.messages[-1].content))
        yield TextDelta(text=text)
        yield StreamEnd(text=text, finish_reason="stop")


class Worker(tantra.Agent):
    """Has no tools."""

    model = "bench"


def turns(run: Run, sessions: int, text: str, dsn: str | None = None) -> None:
    """Have so many sessions take turns at once, each one after the other.

    Args:
        run: how many in all.
        sessions: how many at once.
        text: what each prompt says.
        dsn: a server; None: a file.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if dsn is None:
            store: Any = tantra.SQLiteStore(str(Path(folder) / "kept.db"))
        else:
            from tantra.stores.postgres import PostgresStore  # noqa: PLC0415 - an extra

            store = PostgresStore(dsn)
        asyncio.run(_turns(run, sessions, text, store))


async def _turns(run: Run, sessions: int, text: str, store: Any) -> None:
    each = share(run.count, sessions)
    right = 0
    await store.setup()
    runtime = tantra.Runtime(Model(), store, [Worker])

    async def client(root: Any, times: int) -> None:
        nonlocal right
        async with runtime.connect(root, writable=True) as connection:
            for _ in range(times):
                result = await connection.prompt(text, command_id=uuid4())
                right += result.text == str(len(text))

    roots = [await runtime.create(Worker) for _ in range(sessions)]
    await asyncio.gather(*(client(root, 1) for root in roots))  # it is warm
    run.equal(right, sessions, "right answers")
    right = 0
    with run.timed(each * sessions):
        await asyncio.gather(*(client(root, each) for root in roots))
    await runtime.aclose()
    run.equal(right, each * sessions, "right answers")
