"""`Chunks.ready`: what has left the queue for the reader, and is not read yet."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Bounded, StreamGapError
from actors.hosting import Chunks


async def filled(capacity: int, count: int, *, stays: bool = False) -> Chunks[int]:
    """A stream with so many chunks, of which the first was read."""
    chunks = Chunks[int](Bounded(capacity), stays=stays)
    for number in range(count):
        chunks.put_nowait(number)
    assert await chunks.get() == 0
    return chunks


async def test_what_is_ready_still_counts_in_the_room() -> None:
    """One was read: there is room for one."""
    chunks = await filled(4, 4)

    assert len(chunks.ready) == 3
    assert (chunks.passed, chunks.number, chunks.emitted) == (1, 1, 4)
    assert chunks.put_if_room(4)
    assert not chunks.put_if_room(5)
    assert [await chunks.get() for _ in range(4)] == [1, 2, 3, 4]


async def test_nothing_is_ready_while_a_writer_waits() -> None:
    """Whoever reads one lets the first of them in, as ever."""
    chunks = await filled(4, 4)
    chunks.put_nowait(4)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(chunks.put, 5)
        await settle()
        assert (chunks.ready, [*chunks.queue]) == ([], [1, 2, 3, 4])
        assert await chunks.get() == 1
        assert chunks.waiting_writers == 0
        assert not chunks.put_if_room(6)

    assert [await chunks.get() for _ in range(4)] == [2, 3, 4, 5]


async def test_what_was_ready_and_not_read_is_counted() -> None:
    """The reader has left."""
    chunks = await filled(4, 4)

    chunks.detach()

    assert (chunks.ready, chunks.passed, chunks.unread) == ([], 1, 3)
    with pytest.raises(trio.ClosedResourceError):
        await chunks.get()


async def test_who_is_let_go_is_told_of_what_was_ready() -> None:
    """It is dropped like the rest."""
    chunks = await filled(4, 4, stays=True)

    assert chunks.let_go()

    with pytest.raises(StreamGapError) as caught:
        await chunks.get()
    assert (caught.value.after, caught.value.first, caught.value.last) == (1, 5, 4)


async def test_what_is_ready_is_read_after_the_end() -> None:
    """Closing keeps it."""
    chunks = await filled(4, 4)

    chunks.close()

    assert [await chunks.get() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(trio.EndOfChannel):
        await chunks.get()


async def test_no_more_is_ready_than_one_may_read_at_once() -> None:
    """Then the reader lets others run."""
    chunks = await filled(1000, 200)

    assert len(chunks.ready) == 62
    assert [await chunks.get() for _ in range(199)] == [*range(1, 200)]
