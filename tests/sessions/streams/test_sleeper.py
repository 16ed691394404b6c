"""`Sleeper`: traps that are used again, by any run of Trio in any thread."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import trio

from actors import Bounded
from actors._sessions.streams import sleeper
from actors._sessions.streams.sleeper import Sleeper, lend
from actors.hosting import Chunks


class Shared(list[Sleeper]):
    """Whatever is there when somebody looks, another thread takes at once."""

    def __len__(self) -> int:
        there = super().__len__()
        self.clear()
        return there


async def test_another_thread_may_take_the_last_spare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To have looked says nothing."""
    monkeypatch.setattr(sleeper, "_spares", Shared([Sleeper()]))
    where: Any = object()
    task = trio.lowlevel.current_task()

    lent = [lend(where, task), lend(where, task)]

    assert lent[0] is not lent[1]
    assert {(each.where, each.task) for each in lent} == {(where, task)}


async def say(chunks: Chunks[int]) -> None:
    """Say a hundred numbers, each when the one before was read."""
    for number in range(100):
        await chunks.put(number)
        await trio.lowlevel.checkpoint()
    chunks.close()


async def read_on(chunks: Chunks[int], read: list[int]) -> bool:
    """Read until it ends, or is cancelled."""
    try:
        while True:
            read.append(await chunks.get())
    except trio.EndOfChannel:
        return True


async def cancel(scope: trio.CancelScope) -> None:
    """Cancel it soon."""
    await trio.lowlevel.checkpoint()
    scope.cancel()


def test_runs_in_several_threads_share_the_spares() -> None:
    """Each wakes its own tasks, and cancels them."""
    all_read: list[list[int]] = []

    async def talk() -> None:
        chunks = Chunks[int](Bounded(1))
        read: list[int] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(say, chunks)
            ended = False
            while not ended:
                with trio.CancelScope() as scope:
                    async with trio.open_nursery() as inner:
                        inner.start_soon(cancel, scope)
                        ended = await read_on(chunks, read)
        all_read.append(read)

    threads = [threading.Thread(target=trio.run, args=(talk,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert all_read == [[*range(100)]] * 4
