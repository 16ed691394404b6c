"""Rivals: durable turns of ours, and of what people would take instead.

    python -m benchmarks run --module benchmarks/nodes/rivals.py

32 sessions at once, each one turn after the other: a prompt is accepted, its turn run,
its outcome and state committed, and its sender told.  Everyone waits for the disk by
its own defaults.  Who is not installed is left out, with the reason.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import trio

from actors import open_system
from benchmarks.load import share
from benchmarks.nodes.cast import LIMITS, Work, Worker, open_server
from benchmarks.nodes.node import work
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from supervision import start_router
from supervision.durable import PostgresStore, SqliteStore

SESSIONS: Final = 32
TEXT: Final = "x" * 200
"""What each prompt says."""


class DurableTurns(Scenario):
    """Turns of 32 sessions: accepted, run, committed, told.

    `ours` keeps them on a PostgreSQL server, `file` in a file; `restate` is its server
    and a service by its Python SDK, `tantra` is tantra-harness on its store in a file,
    `tantra_server` on the same PostgreSQL server as ours.
    """

    name = "durable_turns"
    floor = "restate"
    count = 6_400
    counts = {"restate": 1_600, "tantra": 160, "tantra_server": 160}  # noqa: RUF012
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """On a server."""
        with open_server() as server:
            await _turns(run, PostgresStore(server.dsn()))

    async def file(self, run: Run) -> None:
        """In a file."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            await _turns(run, SqliteStore(Path(folder) / "kept.db"))

    async def restate(self, run: Run) -> None:
        """Its server, its SDK."""
        from benchmarks.peers import restate_peer  # noqa: PLC0415 - may be missing

        await restate_peer.turns(run, SESSIONS, TEXT)

    def tantra(self, run: Run) -> None:
        """On its store in a file."""
        from benchmarks.peers import tantra_peer  # noqa: PLC0415 - may be missing

        tantra_peer.turns(run, SESSIONS, TEXT)

    def tantra_server(self, run: Run) -> None:
        """On its store on a server."""
        from benchmarks.peers import tantra_peer  # noqa: PLC0415 - may be missing

        with open_server() as server:
            tantra_peer.turns(run, SESSIONS, TEXT, server.dsn())


async def _turns(run: Run, store: PostgresStore | SqliteStore) -> None:
    each = share(run.count, SESSIONS)
    rights: list[int] = []
    async with open_system() as system:
        router = start_router(system, Worker, limits=LIMITS, durable=store)

        async def client(number: int, times: int) -> None:
            rights.append(await work(router, f"{number}", Work(TEXT), times))

        async with trio.open_nursery() as clients:
            for number in range(SESSIONS):
                clients.start_soon(client, number, 1)  # it is warm
        rights.clear()
        with run.timed(each * SESSIONS):
            async with trio.open_nursery() as clients:
                for number in range(SESSIONS):
                    clients.start_soon(client, number, each)
    run.equal(sum(rights), each * SESSIONS, "right answers")
