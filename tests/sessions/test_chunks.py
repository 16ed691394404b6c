"""The stream between a turn and its reader: order, room, leaving."""

from __future__ import annotations

import gc
import random
import signal
import weakref
from contextlib import suppress
from typing import TypeVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Bounded, Latest
from actors._sessions.streams.chunks import Chunks
from actors.testing import open_tasks, seeds

C = TypeVar("C")


async def read_all(chunks: Chunks[C], into: list[C]) -> None:
    """Read to the end."""
    with suppress(trio.EndOfChannel):
        while True:
            into.append(await chunks.get())


async def put_all(chunks: Chunks[int], numbers: range) -> None:
    """Write, one after the other."""
    for number in numbers:
        await chunks.put(number)


# ------------------------------------------------------------------------ Bounded


@seeds(50)
async def test_chunks_are_read_in_their_order() -> None:
    """And what is there at the end comes before the end."""
    chunks = Chunks[int](Bounded(3))
    read: list[int] = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_all, chunks, read)
        await put_all(chunks, range(20))
        chunks.close()

    assert read == list(range(20))
    assert (chunks.passed, chunks.unread) == (20, 0)


async def test_waiting_for_the_begin_ends_with_it_or_with_the_end() -> None:
    """And is a checkpoint afterwards too."""
    for act in ("begin", "close"):
        chunks = Chunks[int](Bounded())
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(chunks.wait_begun)
            await settle()
            assert len(nursery.child_tasks) == 2  # both wait
            getattr(chunks, act)()
        with trio.CancelScope() as scope:
            scope.cancel()
            await chunks.wait_begun()
        assert scope.cancelled_caught


@seeds(50)
async def test_a_writer_waits_while_too_much_is_unread() -> None:
    """S74: memory is bounded, however fast the writer is."""
    chunks = Chunks[int](Bounded(2))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_all, chunks, range(5))
        await settle()
        waiting = chunks.waiting_writers
        with pytest.raises(trio.WouldBlock):
            chunks.put_nowait(99)
        read = [await chunks.get() for _ in range(5)]

    assert waiting == 1
    assert read == [0, 1, 2, 3, 4]
    assert chunks.waiting_writers == 0


@seeds(50)
async def test_writers_are_served_in_their_order() -> None:
    """Nobody overtakes who waits, and `put_nowait` does not either."""
    chunks = Chunks[int](Bounded(1))
    chunks.put_nowait(0)
    read: list[int] = []

    async with trio.open_nursery() as nursery:
        for number in range(1, 6):
            nursery.start_soon(chunks.put, number)
            await settle()
        read.append(await chunks.get())
        with pytest.raises(trio.WouldBlock):
            chunks.put_nowait(99)
        read += [await chunks.get() for _ in range(5)]

    assert read == [0, 1, 2, 3, 4, 5]


@seeds(20)
async def test_closing_wakes_the_reader() -> None:
    """It gets the end, and gets it again."""
    chunks = Chunks[int](Bounded())
    read: list[int] = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_all, chunks, read)
        await settle()
        chunks.close()
        chunks.close()

    with pytest.raises(trio.EndOfChannel):
        await chunks.get()
    assert read == []


@pytest.mark.parametrize("policy", [Bounded(1), Latest()])
async def test_a_closed_stream_takes_nothing(policy: Bounded | Latest) -> None:
    """Neither way, and what was there is still read."""
    chunks = Chunks[int](policy)
    chunks.put_nowait(1)
    chunks.close()

    with pytest.raises(trio.ClosedResourceError):
        chunks.put_nowait(2)
    with pytest.raises(trio.ClosedResourceError):
        await chunks.put(2)

    assert await chunks.get() == 1
    with pytest.raises(trio.EndOfChannel):
        await chunks.get()


@seeds(20)
async def test_closing_tells_the_writers_that_wait() -> None:
    """What they wanted to put is not in the stream."""
    chunks = Chunks[int](Bounded(1))
    chunks.put_nowait(0)
    refused: list[int] = []
    read: list[int] = []

    async def put(number: int) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await chunks.put(number)
        refused.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put, 1)
        nursery.start_soon(put, 2)
        await settle()
        chunks.close()
        await read_all(chunks, read)

    assert sorted(refused) == [1, 2]
    assert read == [0]


@seeds(200)
async def test_a_cancelled_writer_has_put_nothing() -> None:
    """Exactly the chunks whose `put` came back are read, each writer's in order."""
    chunks = Chunks[tuple[int, int]](Bounded(2))
    put: list[tuple[int, int]] = []
    read: list[tuple[int, int]] = []
    scopes = [trio.CancelScope() for _ in range(4)]

    async def write(writer: int) -> None:
        with scopes[writer]:
            for number in range(10):
                await chunks.put((writer, number))
                put.append((writer, number))

    async def write_all() -> None:
        async with trio.open_nursery() as nursery:
            for writer in range(4):
                nursery.start_soon(write, writer)
        chunks.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write_all)
        with suppress(trio.EndOfChannel):
            while True:
                read.append(await chunks.get())
                if len(read) in {5, 12}:
                    scopes[len(read) % 4].cancel()

    assert sorted(read) == sorted(put)
    for writer in range(4):
        mine = [number for who, number in read if who == writer]
        assert mine == list(range(len(mine)))
    assert chunks.waiting_writers == 0
    assert chunks.passed == len(read)


@seeds(200)
async def test_a_cancelled_reader_has_taken_nothing() -> None:
    """Whoever reads on finds every chunk, in order, once."""
    chunks = Chunks[int](Bounded(2))
    read: list[int] = []
    scope = trio.CancelScope()

    async def read_some() -> None:
        with scope:
            while True:
                read.append(await chunks.get())

    async def write() -> None:
        await put_all(chunks, range(10))
        await trio.lowlevel.checkpoint()
        scope.cancel()
        await put_all(chunks, range(10, 20))
        chunks.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await read_some()
        await read_all(chunks, read)

    assert read == list(range(20))
    assert (chunks.passed, chunks.unread) == (20, 0)


async def test_there_is_one_reader() -> None:
    """A second one is told so, and the first goes on."""
    chunks = Chunks[int](Bounded())
    read: list[int] = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_all, chunks, read)
        await settle()
        with pytest.raises(trio.BusyResourceError):
            await chunks.get()
        chunks.put_nowait(1)
        chunks.close()

    assert read == [1]


@pytest.mark.parametrize("policy", [Bounded(), Latest()])
async def test_every_call_is_a_cancellation_point(policy: Bounded | Latest) -> None:
    """Also when there is room, and something to read; nothing is done then."""
    chunks = Chunks[int](policy)
    await chunks.put(1)

    with trio.CancelScope() as writing:
        writing.cancel()
        await chunks.put(2)
    with trio.CancelScope() as reading:
        reading.cancel()
        await chunks.get()

    assert writing.cancelled_caught
    assert reading.cancelled_caught
    assert await chunks.get() == 1
    assert chunks.passed == 1


@pytest.mark.parametrize("policy", [Bounded(1000), Latest()])
async def test_a_busy_stream_lets_others_run(policy: Bounded | Latest) -> None:
    """Within 64 calls, although there is always room."""
    chunks = Chunks[int](policy)
    turns: list[None] = []

    async def count() -> None:
        while True:
            await trio.lowlevel.checkpoint()
            turns.append(None)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await put_all(chunks, range(640))
        written = len(turns)
        nursery.cancel_scope.cancel()

    assert written >= 8


# ----------------------------------------------------------- the reader has left


@seeds(50)
async def test_nobody_waits_for_a_reader_that_has_left() -> None:
    """All that it did not read is counted: before, waiting, and after."""
    chunks = Chunks[int](Bounded(2))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_all, chunks, range(7))
        nursery.start_soon(put_all, chunks, range(7, 9))
        await settle()
        first = await chunks.get()
        chunks.detach()
        chunks.detach()
    chunks.put_nowait(9)

    assert first in {0, 7}
    assert (chunks.passed, chunks.unread) == (1, 9)
    assert chunks.waiting_writers == 0


@pytest.mark.parametrize("policy", [Bounded(), Latest()])
async def test_a_reader_that_has_left_gets_nothing(policy: Bounded | Latest) -> None:
    """Neither who calls then nor who was waiting."""
    chunks = Chunks[int](policy)
    told: list[type[Exception]] = []

    async def read() -> None:
        with pytest.raises(trio.ClosedResourceError) as caught:
            await chunks.get()
        told.append(caught.type)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await settle()
        chunks.detach()
    await read()

    assert told == [trio.ClosedResourceError] * 2


async def test_a_dropped_chunk_is_forgotten() -> None:
    """The stream holds nothing that nobody will read."""

    class Chunk:
        pass

    chunks = Chunks[Chunk](Bounded())
    chunk = Chunk()
    remembered = weakref.ref(chunk)
    chunks.put_nowait(chunk)
    del chunk

    chunks.detach()
    gc.collect()

    assert remembered() is None


# ------------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("seed", range(20))
def test_ctrl_c_loses_no_chunk(seed: int) -> None:
    """It strikes while chunks are passed on, and nothing is lost or doubled."""
    chunks = Chunks[int](Bounded(1))
    chance = random.Random(seed)  # noqa: S311 - to find instants, not to hide them
    put: list[int] = []
    read: list[int] = []

    async def write() -> None:
        while True:
            await chunks.put(len(put))
            put.append(len(put))

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            for _ in range(chance.randrange(50)):
                read.append(await chunks.get())  # noqa: PERF401 - kept if it is struck
            signal.raise_signal(signal.SIGINT)
            await trio.sleep_forever()

    async def run() -> list[str]:
        with pytest.RaisesGroup(KeyboardInterrupt, allow_unwrapped=True):
            await main()
        chunks.close()
        await read_all(chunks, read)
        return open_tasks()

    assert trio.run(run) == []
    assert read == list(range(len(read)))
    assert len(put) <= len(read) <= len(put) + 1
    assert chunks.waiting_writers == 0
