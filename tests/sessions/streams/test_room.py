"""A `ChunkLog` that is full, closed or cut: who may go on, and what was unread."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Replay
from actors._sessions.streams.log import ChunkLog


async def test_the_slowest_reader_makes_room_for_the_others_too() -> None:
    """One waits at the end; what the slow one lets in is its."""
    log = ChunkLog[int](Replay(chunks=1))
    slow, fast = log.open(), log.open()
    log.put_nowait(1)
    assert await fast.get() == 1
    got: list[int] = []

    async def read() -> None:
        got.append(await fast.get())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        nursery.start_soon(log.put, 2)
        await settle()
        assert (got, log.waiting_writers) == ([], 1)

        assert await slow.get() == 1
        with trio.fail_after(1):
            await settle()
        assert (got, log.waiting_writers) == ([2], 0)
        nursery.cancel_scope.cancel()


async def test_what_somebody_has_read_is_not_unread_when_it_is_dropped() -> None:
    """Neither while it is attached, nor when it has left."""
    log = ChunkLog[int](Replay(chunks=2))
    place = log.open()
    for number in (1, 2, 3, 4):
        log.put_nowait(number)
        assert await place.get() == number
    assert (log.dropped, log.unread) == (2, 0)

    log.leave(place)
    unread: list[int] = []
    for number in (5, 6, 7, 8):
        log.put_nowait(number)
        unread.append(log.unread)

    assert log.dropped == 6
    assert unread == [0, 0, 1, 2]


@pytest.mark.parametrize("chunks", [1, 5])
def test_what_is_closed_has_no_room(chunks: int) -> None:
    """Neither the short way nor the other, and what was there stays."""
    log = ChunkLog[int](Replay(chunks=chunks))
    assert log.put_if_room(1)
    log.close()

    assert log.room == 0
    with pytest.raises(trio.ClosedResourceError):
        log.put_if_room(2)
    assert list(log.queue) == [1]


@pytest.mark.parametrize("chunks", [1, 5])
def test_what_is_cut_takes_everything_and_keeps_nothing(chunks: int) -> None:
    """By the short way too; each is unread."""
    log = ChunkLog[int](Replay(chunks=chunks))
    log.put_if_room(1)
    log.cut()

    assert log.room == 0
    assert log.put_if_room(2)
    assert (list(log.queue), log.unread) == ([], 2)
