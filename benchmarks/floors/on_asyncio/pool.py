"""A pool of sessions as a careful team writes it on asyncio, without a framework.

A dict of sessions, each a bounded queue and a task that serves it; a task for each
turn, so that a turn can be cancelled and its session goes on; a future for each prompt;
one semaphore for the turns at once. There are no deadlines, no state that goes back,
and nobody is told what happens.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

CAPACITY: Final = 10
"""Prompts that may wait in one session, as in ours by default."""

SLOTS: Final = 100_000
"""Turns at once: more than there ever are."""

# Chunks, then None.
Chunks = asyncio.Queue[int | None]
# What to answer, where the answer goes, where the chunks go.
Prompt = tuple[int, asyncio.Future[int], Chunks | None]
Body = Callable[[int, Chunks | None], Coroutine[Any, Any, int]]


class Pool:
    """Sessions by key, made when they are first sent something.

    Args:
        body: takes a turn: it is given the prompt, and where its chunks go if somebody
            reads them; what it returns is the answer.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.slots = asyncio.Semaphore(SLOTS)
        self.sessions: dict[str, PooledSession] = {}

    def send(
        self, key: str, value: int, chunks: Chunks | None = None
    ) -> asyncio.Future[int]:
        """Hand a prompt to the session of this key; the future has its answer."""
        session = self.sessions.get(key)
        if session is None:
            session = self.sessions[key] = PooledSession(self)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        session.prompts.put_nowait((value, answer, chunks))
        return answer

    def close(self, key: str) -> "asyncio.Task[None]":
        """Forget this session and cancel it; the task that is ending."""
        task = self.sessions.pop(key).task
        task.cancel()
        return task


class PooledSession:
    """One session: its queue, its task, the task of its turn."""

    __slots__ = ("prompts", "task", "turn")

    def __init__(self, pool: Pool) -> None:
        self.prompts: asyncio.Queue[Prompt] = asyncio.Queue(CAPACITY)
        self.turn: asyncio.Task[int] | None = None
        self.task = asyncio.create_task(self._serve(pool))

    async def _serve(self, pool: Pool) -> None:
        while True:
            value, answer, chunks = await self.prompts.get()
            async with pool.slots:
                self.turn = asyncio.create_task(pool.body(value, chunks))
                await self._finish(self.turn, answer)
                self.turn = None
            if chunks is not None:
                await chunks.put(None)

    async def _finish(
        self, turn: asyncio.Task[int], answer: asyncio.Future[int]
    ) -> None:
        """Wait for the turn, and settle the future as it has ended."""
        try:
            result = await turn
        except asyncio.CancelledError:  # noqa: ASYNC103 - the session goes on
            answer.cancel()
            own = asyncio.current_task()
            if own is not None and own.cancelling():
                raise
        except Exception as error:  # noqa: BLE001 - it is the answer
            if not answer.done():
                answer.set_exception(error)
        else:
            if not answer.done():
                answer.set_result(result)


async def reply(value: int, _chunks: Chunks | None) -> int:
    """Answer with one more."""
    return value + 1


async def reply_slowly(value: int, chunks: Chunks | None) -> int:
    """Answer with one more; suspend twice, and between have a chunk for a reader."""
    await asyncio.sleep(0)
    if chunks is not None:
        await chunks.put(value)
    await asyncio.sleep(0)
    return value + 1


async def stream(value: int, chunks: Chunks | None) -> int:
    """Stream so many numbers."""
    if chunks is not None:
        for number in range(value):
            await chunks.put(number)
    return value
