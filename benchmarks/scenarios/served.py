"""Served: what it costs that turns are kept on a PostgreSQL server.

Not in the standard set: there must be a server, and `BENCH_POSTGRES` says where; what
is measured is in a schema of its own there, which is dropped in the end.

    BENCH_POSTGRES=postgresql://... python -m benchmarks run \
        --module benchmarks/scenarios/served.py

What is measured is the store alone, as a router's writer speaks to it: batches of so
many turns, each under its lease, one batch after the other.  `plain` is the same number
of rows with the same bytes, inserted by one statement a batch into a table with a
primary key, each batch committed.
"""

import os
import secrets
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import trio

from benchmarks.run import Run
from benchmarks.scenario import Scenario
from supervision.durable import PostgresStore
from supervision.durable._sharing.words import Lease, Owned, Take, partition_of
from supervision.durable._words.records import Accept, Complete, Ended, Row, State

BATCH: Final = 256
"""Turns of a batch."""
KEYS: Final = 1_000
PARTITIONS: Final = 64
PROMPT: Final = b"p" * 200
STATE: Final = b"s" * 200
OUTCOME: Final = b"o" * 40


class _OnAServer(Scenario):
    """Batches of turns; see the module."""

    floor = "plain"
    count = BATCH * 40
    warm_up = 0
    fixed = True

    def plain(self, run: Run) -> None:
        """Rows with the same bytes."""
        with _schema() as (dsn, schema), psycopg.connect(dsn) as connection:
            connection.execute(
                f"create table {schema}.rows (number int8 primary key, key text,"
                " id text, body bytea)".encode()
            )
            connection.commit()
            insert = (
                f"insert into {schema}.rows select * from"  # noqa: S608 - ours
                " unnest(%s::int8[], %s::text[], %s::text[], %s::bytea[])"
            ).encode()
            body = PROMPT + STATE + OUTCOME
            with run.timed(run.count):
                for first in range(0, run.count, BATCH):
                    rows = range(first, first + BATCH)
                    connection.execute(
                        insert,
                        (
                            [*rows],
                            [_key(each) for each in rows],
                            [f"id-{each}" for each in rows],
                            [body] * BATCH,
                        ),
                    )
                    connection.commit()
            found = connection.execute(f"select count(*) from {schema}.rows".encode())  # noqa: S608 - ours
            run.equal(found.fetchall(), [(run.count,)], "rows")


class CommitsOnAServer(_OnAServer):
    """Commits of turns, 256 a batch: outcome and state; their prompts are there."""

    name = "served_commits"

    async def ours(self, run: Run) -> None:
        """With their prompts accepted before."""
        with _schema() as (dsn, schema):
            store = _Store(dsn, schema)
            await store.open()
            batches = range(0, run.count, BATCH)
            for first in batches:
                await store.carry(_accepts(first))
            with run.timed(run.count):
                for first in batches:
                    await store.carry(_completes(first))
            await store.close(run, schema)


class TurnsOnAServer(_OnAServer):
    """Turns, 256 a batch: accepted with their marks, committed in the next batch."""

    name = "served_turns"

    async def ours(self, run: Run) -> None:
        """With those that are accepted next to those that are committed."""
        with _schema() as (dsn, schema):
            store = _Store(dsn, schema)
            await store.open()
            with run.timed(run.count):
                before: list[Owned] = []
                for first in range(0, run.count, BATCH):
                    await store.carry([*before, *_accepts(first)])
                    before = _completes(first)
                await store.carry(before)
            await store.close(run, schema)


class _Store:
    """A store that is open, whose node owns all."""

    def __init__(self, dsn: str, schema: str) -> None:
        self._dsn = dsn
        self._store = PostgresStore(dsn, schema=schema, partitions=PARTITIONS)
        self._opening: Any = None  # Any: see `Claimed`

    async def open(self) -> None:
        """Open it, and take all partitions."""
        self._opening = await self._store.claim().open()
        all_ = Take(tuple(Lease(each, 0) for each in range(PARTITIONS)))
        there = trio.Event()
        self._opening.sharing.ask(all_, lambda _: there.set())
        await there.wait()

    async def carry(self, batch: Sequence[Owned]) -> None:
        """Have a batch carried out."""
        heard: list[object] = []
        there = trio.Event()

        def told(answers: object) -> None:
            heard.append(answers)
            there.set()

        self._opening.carry(batch, told)
        await there.wait()
        if isinstance(heard[0], Exception):
            raise heard[0]

    async def close(self, run: Run, schema: str) -> None:
        """Close it, and say what is there."""
        await self._opening.close()
        with psycopg.connect(self._dsn) as connection:
            found = connection.execute(
                f"select count(*) from {schema}.prompts where outcome is not null"  # noqa: S608 - ours
                " and ended_at = 2".encode()
            )
            run.equal(found.fetchall(), [(run.count,)], "outcomes")


def _key(number: int) -> str:
    return f"session-{number % KEYS}"


def _lease(number: int) -> Lease:
    return Lease(partition_of(_key(number), PARTITIONS), 1)


def _accepts(first: int) -> list[Owned]:
    return [
        Owned(
            Accept(
                Row(
                    number=each,
                    key=_key(each),
                    id=f"id-{each}",
                    kind="send",
                    owner=None,
                    job=None,
                    origin=None,
                    attempts=1,
                    tried=1,
                    begun=1,
                    steers=None,
                    body=PROMPT,
                    at=1.0,
                ),
                bring=False,
            ),
            _lease(each),
        )
        for each in range(first, first + BATCH)
    ]


def _completes(first: int) -> list[Owned]:
    return [
        Owned(
            Complete(
                key=_key(each),
                turn=each,
                ended=(Ended(each, OUTCOME, each),),
                state=State(STATE, 1),
                at=2.0,
            ),
            _lease(each),
        )
        for each in range(first, first + BATCH)
    ]


@contextmanager
def _schema() -> Generator[tuple[str, str]]:
    """Make a schema for a run; gives how the server is reached, and its name."""
    dsn = os.environ.get("BENCH_POSTGRES", "")
    if not dsn:
        msg = "BENCH_POSTGRES does not say where a server is"
        raise ImportError(msg)
    schema = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"create schema {schema}".encode())
        try:
            yield dsn, schema
        finally:
            connection.execute(f"drop schema {schema} cascade".encode())


SCENARIOS: Final = (CommitsOnAServer, TurnsOnAServer)
