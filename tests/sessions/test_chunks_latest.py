"""The stream between a turn and its reader that makes one chunk of many."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Bounded, Latest
from actors._sessions.streams.chunks import Chunks
from actors.testing import seeds


async def read_all(chunks: Chunks[int], into: list[int]) -> None:
    """Read to the end."""
    with suppress(trio.EndOfChannel):
        while True:
            into.append(await chunks.get())


async def put_all(chunks: Chunks[int], numbers: range) -> None:
    """Write, one after the other."""
    for number in numbers:
        await chunks.put(number)


@seeds(50)
async def test_latest_never_makes_a_writer_wait() -> None:
    """The newest chunk is read, and the last one always."""
    chunks = Chunks[int](Latest())
    read: list[int] = []

    await put_all(chunks, range(100))
    read.append(await chunks.get())
    await put_all(chunks, range(100, 200))
    chunks.close()
    await read_all(chunks, read)

    assert read == [99, 199]
    assert (chunks.passed, chunks.unread, chunks.waiting_writers) == (2, 0, 0)


@seeds(200)
async def test_merged_chunks_lose_nothing() -> None:
    """Whoever is cancelled: what was put is read once, in order."""
    chunks = Chunks[tuple[int, ...]](Latest(merge=lambda older, newer: older + newer))
    put: list[int] = []
    read: list[int] = []
    writing, reading = trio.CancelScope(), trio.CancelScope()

    async def write() -> None:
        for scope in (writing, trio.CancelScope()):
            with scope:
                for _ in range(20):
                    await chunks.put((len(put),))
                    put.append(len(put))
                    if len(put) % 5 == 0:
                        await trio.lowlevel.checkpoint()
        chunks.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        with reading:
            while True:
                read += await chunks.get()
                if len(read) > 4:
                    reading.cancel()
        writing.cancel()
        with suppress(trio.EndOfChannel):
            while True:
                read += await chunks.get()

    assert read == put == list(range(len(put)))


async def test_an_edit_comes_at_most_every_so_often(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """S73: 1000 chunks, an edit every 1.5 s; the final content is complete."""
    del autojump_clock
    chunks = Chunks[str](Latest(merge=lambda older, newer: older + newer, every=1.5))
    edits: list[tuple[float, str]] = []
    begin = trio.current_time()

    async def write() -> None:
        for number in range(1000):
            await chunks.put("abcdefghij"[number % 10])
            await trio.sleep(0.01)
        chunks.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        with suppress(trio.EndOfChannel):
            while True:
                edit = await chunks.get()
                edits.append((trio.current_time() - begin, edit))

    assert "".join(edit for _, edit in edits) == "abcdefghij" * 100
    assert len(edits) <= edits[-1][0] / 1.5 + 1
    gaps = [after[0] - before[0] for before, after in pairwise(edits)]
    assert min(gaps) >= 1.5
    assert edits[-1][0] < 10 + 1.5


async def test_the_last_chunk_waits_for_its_time_too(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Whoever limits the rate of edits does not know which one is the last."""
    del autojump_clock
    chunks = Chunks[int](Latest(every=60))
    begin = trio.current_time()
    read: list[int] = []

    async with trio.open_nursery() as nursery:
        chunks.put_nowait(1)
        nursery.start_soon(read_all, chunks, read)
        await settle()
        chunks.put_nowait(2)
        await trio.sleep(5)
        assert read == [1]
        chunks.close()

    assert read == [1, 2]
    assert trio.current_time() - begin == 60


async def test_a_merge_that_fails_is_its_writers_error() -> None:
    """The older chunk stays."""

    def merge(older: int, newer: int) -> int:
        raise ArithmeticError(older, newer)

    chunks = Chunks[int](Latest(merge=merge))
    await chunks.put(1)

    with pytest.raises(ArithmeticError):
        await chunks.put(2)

    assert await chunks.get() == 1


@pytest.mark.parametrize("cut", [False, True])
async def test_what_was_merged_is_unread_if_nobody_reads_it(*, cut: bool) -> None:
    """Each chunk counts, and the reader has got those before."""
    chunks = Chunks[int](Latest())
    await put_all(chunks, range(1, 3))
    assert await chunks.get() == 2
    await put_all(chunks, range(3, 6))
    assert (chunks.number, chunks.unread) == (2, 0)

    if cut:
        chunks.cut()
    else:
        chunks.detach()

    assert (chunks.number, chunks.unread, chunks.attached) == (2, 3, 0)
    await put_all(chunks, range(6, 8))
    assert (chunks.number, chunks.unread) == (2, 5)


async def test_a_chunk_that_was_read_takes_no_other_along() -> None:
    """What had become part of it is not part of the next one."""
    chunks = Chunks[int](Latest())
    await put_all(chunks, range(1, 4))
    assert await chunks.get() == 3
    await chunks.put(4)

    assert (chunks.number, chunks.attached) == (3, 1)
    chunks.detach()

    assert (chunks.number, chunks.unread) == (3, 1)


@pytest.mark.parametrize("policy", [Bounded(), Bounded(5), Latest()], ids=repr)
async def test_who_waits_to_read_what_is_cut_gets_the_end(
    policy: Bounded | Latest,
) -> None:
    """In this step, and not the end of the world: its writer is not told."""
    chunks = Chunks[int](policy)
    ends: list[list[int]] = []

    async def read() -> None:
        got: list[int] = []
        await read_all(chunks, got)
        ends.append(got)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await settle()
        chunks.cut()
        await settle()
        assert ends == [[]]  # else it would wait for ever
    assert chunks.put_if_room(1)
    assert (chunks.number, chunks.unread) == (0, 1)


@pytest.mark.parametrize("policy", [Bounded(), Bounded(5), Latest()], ids=repr)
def test_what_is_closed_has_no_room(policy: Bounded | Latest) -> None:
    """Neither the short way nor the other."""
    chunks = Chunks[int](policy)
    assert chunks.put_if_room(1)
    chunks.close()

    assert chunks.room == 0
    with pytest.raises(trio.ClosedResourceError):
        chunks.put_if_room(2)


@pytest.mark.parametrize("every", [0.0, 1.0])
async def test_what_may_still_be_merged_is_never_ready(every: float) -> None:
    """Of other streams is what waits behind the chunk that was read."""
    latest, bounded = Chunks[int](Latest(every=every)), Chunks[int](Bounded())
    for chunks in (latest, bounded):
        for number in range(3):
            chunks.put_nowait(number)
        await chunks.get()

    assert (latest.ready, bounded.ready) == ([], [2, 1])
