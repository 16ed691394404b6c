"""What it costs that turns are kept on a server.

`python -m tests.durable.postgres.measure` starts a server of its own.  What is measured
is the store alone, as a router's writer speaks to it: batches of 256 turns, each under
its lease, one batch after the other.  Beside it is `plain`: the same number of rows
with the same bytes, inserted by one statement a batch into a table with a primary key,
each batch committed.

    commits    outcome and state of each turn; their prompts were accepted before
    turns      prompts accepted with their marks; the next batch commits them, and
               accepts others
"""

from __future__ import annotations

import secrets
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import trio

from benchmarks.postgres.server import Server, binaries, open_folder
from supervision.durable import PostgresStore
from supervision.durable._sharing.words import Lease, Owned, Take, partition_of
from supervision.durable._words.records import Ended, State
from tests.durable.postgres.asking import ask
from tests.durable.store.bench import Bench, accept, complete, opened

BATCH: Final = 256
"""Turns of a batch."""
BATCHES: Final = 30
"""Of a round."""
ROUNDS: Final = 9
KEYS: Final = 1_000
PARTITIONS: Final = 64
PROMPT: Final = b"p" * 200
STATE: Final = State(b"s" * 200, 1)
OUTCOME: Final = b"o" * 40


def _key(number: int) -> str:
    return f"session-{number % KEYS}"


def _lease(number: int) -> Lease:
    return Lease(partition_of(_key(number), PARTITIONS), 1)


def _accepts(first: int) -> list[Owned]:
    return [
        Owned(accept(each, _key(each), body=PROMPT, tried=1, begun=1), _lease(each))
        for each in range(first, first + BATCH)
    ]


def _completes(first: int) -> list[Owned]:
    return [
        Owned(
            complete(
                key=_key(each),
                turn=each,
                ended=(Ended(each, OUTCOME, each),),
                state=STATE,
            ),
            _lease(each),
        )
        for each in range(first, first + BATCH)
    ]


async def timed(bench: Bench, batches: Sequence[Sequence[Owned]]) -> float:
    """Carry batches out; seconds."""
    began = time.perf_counter()
    for each in batches:
        await bench.carry(*each)
    return time.perf_counter() - began


async def commits(bench: Bench) -> float:
    """Commit turns; seconds."""
    firsts = range(0, BATCH * BATCHES, BATCH)
    await timed(bench, [_accepts(each) for each in firsts])
    return await timed(bench, [_completes(each) for each in firsts])


async def turns(bench: Bench) -> float:
    """Accept prompts, and commit their turns; seconds."""
    batches = [
        [*_completes(first - BATCH), *_accepts(first)]
        for first in range(BATCH, BATCH * BATCHES, BATCH)
    ]
    last = _completes(BATCH * (BATCHES - 1))
    return await timed(bench, [_accepts(0), *batches, last])


def plain(server: Server, schema: str) -> float:
    """Insert rows with the same bytes; seconds."""
    body = PROMPT + STATE.body + OUTCOME
    insert = (
        f"insert into {schema}.rows select * from"
        " unnest(%s::int8[], %s::text[], %s::text[], %s::bytea[])"
    ).encode()
    with server.connect() as connection:
        connection.execute(
            f"create schema {schema}; create table {schema}.rows"
            " (number int8 primary key, key text, id text, body bytea)".encode()
        )
        began = time.perf_counter()
        for first in range(0, BATCH * BATCHES, BATCH):
            rows = range(first, first + BATCH)
            keys, ids = [_key(each) for each in rows], [f"id-{each}" for each in rows]
            connection.execute(insert, ([*rows], keys, ids, [body] * BATCH))
        return time.perf_counter() - began


async def measure(server: Server) -> None:
    """Take turns at each, and say what they come to."""
    seconds: dict[str, list[float]] = {"plain": [], "commits": [], "turns": []}
    for _ in range(ROUNDS):
        seconds["plain"].append(plain(server, f"x{secrets.token_hex(4)}"))
        for name, run in (("commits", commits), ("turns", turns)):
            schema = f"x{secrets.token_hex(4)}"
            store = PostgresStore(server.dsn(), schema=schema, partitions=PARTITIONS)
            async with opened(store) as bench:
                every = tuple(Lease(each, 0) for each in range(PARTITIONS))
                await ask(bench, Take(every))
                seconds[name].append(await run(bench))
    floor = statistics.median(seconds["plain"])
    for name, found in seconds.items():
        middle = statistics.median(found)
        rate = BATCH * BATCHES / middle
        print(f"{name:8} {rate:9,.0f} /s   {floor / middle:5.2f} of plain")  # noqa: T201 - what it is for


def main() -> None:
    """Start a server, and measure."""
    programs = binaries()
    if programs is None:
        raise SystemExit("there is no PostgreSQL server here")
    with open_folder() as folder:
        server = Server(programs, Path(folder))
        server.start()
        try:
            trio.run(measure, server)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
