"""Turns, streams and lives of sessions in a pool by hand; `pool.py` has it."""

import asyncio
import gc
from collections.abc import Mapping
from functools import partial
from typing import Final

from benchmarks.floors.on_asyncio.pool import (
    Body,
    Chunks,
    Pool,
    reply,
    reply_slowly,
    stream,
)
from benchmarks.load import AT_ONCE, BURST, CLIENTS, LIVES, UNREAD, share
from benchmarks.run import Run
from benchmarks.scenario import Contender


async def _turn_1(body: Body, run: Run) -> None:
    pool, right = Pool(body), 0
    with run.timed():
        for value in range(run.count):
            right += await pool.send("key", value) == value + 1
    run.equal(right, run.count, "right answers")
    await _close(pool)


async def _turn_100(body: Body, run: Run) -> None:
    each = share(run.count, CLIENTS)
    pool, right = Pool(body), 0

    async def client(key: str) -> None:
        nonlocal right
        for value in range(each):
            answer = await pool.send(key, value)
            right += answer == value + 1

    with run.timed(each * CLIENTS):
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(client(f"{number}"))
    run.equal(right, each * CLIENTS, "right answers")
    await _close(pool)


async def _stream_100(run: Run) -> None:
    each = share(run.count, CLIENTS)
    pool = Pool(stream)
    whole = total = 0

    async def read(key: str) -> None:
        nonlocal whole, total
        seen = right = 0
        chunks: Chunks = asyncio.Queue(UNREAD)
        answer = pool.send(key, each, chunks)
        while (number := await chunks.get()) is not None:
            right += number == seen
            seen += 1
        length = await answer
        whole += length == seen
        total += right

    with run.timed(each * CLIENTS):
        async with asyncio.TaskGroup() as readers:
            for number in range(CLIENTS):
                readers.create_task(read(f"{number}"))
    run.equal(total, each * CLIENTS, "chunks in their order")
    run.equal(whole, CLIENTS, "whole answers")
    await _close(pool)


async def _churn(run: Run) -> None:
    pool, right, opened = Pool(reply), 0, 0
    with run.timed():
        for first in range(0, run.count, LIVES):
            values = range(first, min(first + LIVES, run.count))
            keys = [f"{value}" for value in values]
            answers = [
                pool.send(key, value) for key, value in zip(keys, values, strict=True)
            ]
            for value, answer in zip(values, answers, strict=True):
                right += await answer == value + 1
            opened += len(pool.sessions)
            await _close(pool, keys)
    run.equal(right, run.count, "right answers")
    run.equal(opened, run.count, "sessions opened")
    run.equal(len(asyncio.all_tasks()), 1, "tasks left, this one among them")


async def _memory(run: Run) -> None:
    pool = Pool(reply)
    first = await _open(pool, [f"first {number}" for number in range(AT_ONCE)])
    with run.resident():
        keys = (f"{number}" for number in range(run.count))
        right = await _open(pool, [*keys])
    run.equal(first + right, run.count + AT_ONCE, "right answers")
    run.equal(len(pool.sessions), run.count + AT_ONCE, "idle sessions")
    await _close(pool)


async def _open(pool: Pool, keys: list[str]) -> int:
    """Send each a prompt, some at a time; how many have answered rightly."""
    right = 0
    for first in range(0, len(keys), AT_ONCE):
        answers = [pool.send(key, first) for key in keys[first : first + AT_ONCE]]
        for answer in answers:
            right += await answer == first + 1
        if not first % BURST:
            gc.collect()
            gc.freeze()
    return right


async def _close(pool: Pool, keys: list[str] | None = None) -> None:
    """Close these sessions, or all, and wait until they have ended."""
    closing = [*pool.sessions] if keys is None else keys
    ending = [pool.close(key) for key in closing]
    await asyncio.gather(*ending, return_exceptions=True)


POOLING: Final[Mapping[str, Contender]] = {
    "turn1": partial(_turn_1, reply),
    "turn1s": partial(_turn_1, reply_slowly),
    "turn100": partial(_turn_100, reply),
    "turn100s": partial(_turn_100, reply_slowly),
    "stream100": _stream_100,
    "churn": _churn,
    "memsession": _memory,
}
"""{scenario's name: contender}."""
