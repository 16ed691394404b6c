"""The stream whose readers may leave, come back, and be several."""

from __future__ import annotations

import gc
import random
import weakref
from contextlib import suppress
from typing import TypeVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Replay, StreamGapError, StreamRestartedError
from actors._sessions.streams.log import ChunkLog
from actors._sessions.streams.place import Place
from actors.testing import seeds

C = TypeVar("C")


async def read_all(place: Place[C], into: list[C]) -> None:
    """Read to the end."""
    with suppress(trio.EndOfChannel):
        while True:
            into.append(await place.get())


async def put_all(log: ChunkLog[int], numbers: range) -> None:
    """Write, one after the other."""
    for number in numbers:
        await log.put(number)


def filled(chunks: int, count: int) -> ChunkLog[int]:
    """A log with room for so many, into which so many were put: 1, 2, ..."""
    log = ChunkLog[int](Replay(chunks=chunks))
    for number in range(1, count + 1):
        log.put_nowait(number)
    return log


# ---------------------------------------------------------------------- several readers


@seeds(50)
async def test_readers_see_the_same_chunks_in_the_same_order() -> None:
    """From the beginning, or behind a number; the end comes after what there is."""
    log = ChunkLog[int](Replay(chunks=3))
    read: list[list[int]] = [[], [], []]

    async with trio.open_nursery() as nursery:
        for each in read[:2]:
            nursery.start_soon(read_all, log.open(), each)
        await put_all(log, range(1, 6))
        nursery.start_soon(read_all, log.open(log.last), read[2])
        await put_all(log, range(6, 21))
        log.close()

    assert read == [[*range(1, 21)], [*range(1, 21)], [*range(6, 21)]]
    assert (log.last, log.unread) == (20, 0)


async def test_the_slowest_attached_reader_rules() -> None:
    """A writer waits for it alone, and until it leaves."""
    log = ChunkLog[int](Replay(chunks=2))
    quick, slow = log.open(), log.open()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_all, log, range(1, 6))
        await settle()
        assert [await quick.get(), await quick.get()] == [1, 2]
        await settle()
        assert (log.waiting_writers, log.last) == (1, 2)
        assert await slow.get() == 1
        await settle()
        assert (log.waiting_writers, log.last) == (1, 3)
        with pytest.raises(trio.WouldBlock):
            log.put_nowait(99)
        slow.detach()
        await settle()
        assert (log.waiting_writers, log.last) == (1, 4)
        assert await quick.get() == 3

    assert [await quick.get(), await quick.get()] == [4, 5]
    assert log.unread == 0


async def test_with_nobody_attached_the_log_goes_on_within_its_bound() -> None:
    """What is dropped before anybody has read it is counted."""
    log = filled(3, 2)
    reader = log.open()
    assert await reader.get() == 1
    reader.detach()
    for number in range(3, 11):
        log.put_nowait(number)

    assert [*log.queue] == [8, 9, 10]
    assert (log.dropped, log.last, log.unread) == (7, 10, 6)
    assert log.attached == 0


@pytest.mark.parametrize("after", [0, 1, 6, 11, 99])
async def test_who_wants_what_is_not_there_is_told_what_there_is(after: int) -> None:
    """Too old, or a number that no chunk has."""
    log = filled(3, 10)

    with pytest.raises(StreamGapError) as caught:
        log.open(after)

    error = caught.value
    assert (error.after, error.first, error.last) == (after, 8, 10)
    assert log.attached == 0


async def test_whoever_comes_back_reads_on() -> None:
    """Behind any number of which the next is there, up to the last."""
    log = filled(3, 10)
    log.close()
    read: list[list[int]] = []

    for after in (7, 8, 10):
        read.append([])
        await read_all(log.open(after), read[-1])

    assert read == [[8, 9, 10], [9, 10], []]


# -------------------------------------------------------------------- who does not read


async def test_readers_that_hold_up_the_turn_are_let_go() -> None:
    """Those alone; they keep their places, and come back when they read."""
    log = ChunkLog[int](Replay(chunks=2))
    asleep, awake = log.open(), log.open()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_all, log, range(1, 4))
        await settle()
        assert await awake.get() == 1
        assert log.let_go()
    assert (log.attached, asleep.ready, awake in log.places) == (1, [], True)
    awake.detach()
    log.put_nowait(4)

    with pytest.raises(StreamGapError) as caught:
        await asleep.get()
    assert (caught.value.after, caught.value.first) == (0, 3)
    assert log.attached == 1
    assert [await asleep.get(), await asleep.get()] == [3, 4]
    assert asleep.number == 4


async def test_one_that_was_let_go_misses_nothing_that_is_still_there() -> None:
    """It goes on where it was, and is attached again."""
    log = ChunkLog[int](Replay(chunks=3))
    reader = log.open()
    log.put_nowait(1)
    assert await reader.get() == 1
    async with trio.open_nursery() as nursery:
        nursery.start_soon(put_all, log, range(2, 6))
        await settle()
        assert log.let_go()

    # chunk 2 was dropped for 5, and this is told; 3 to 5 are there
    with pytest.raises(StreamGapError):
        await reader.get()
    assert await reader.get() == 3
    assert log.let_go()
    assert log.attached == 1
    assert await reader.get() == 4


async def test_an_owner_that_does_not_read_ends_the_turn_if_it_is_to() -> None:
    """Then nothing is done here; other readers never do."""
    log = ChunkLog[int](Replay(chunks=1), stays=False)
    log.owner = owner = log.open()
    log.put_nowait(1)
    assert not log.let_go()
    assert log.attached == 1

    other = log.open()
    assert await owner.get() == 1
    assert log.let_go()
    assert [*log.places] == [owner]
    assert other.number == 0


# --------------------------------------------------------------- cancelled, cut, closed


@seeds(100)
async def test_a_cancelled_reader_has_taken_nothing() -> None:
    """Whoever reads on finds every chunk, in order, once."""
    log = ChunkLog[int](Replay(chunks=2))
    place = log.open()
    read: list[int] = []
    scope = trio.CancelScope()

    async def read_some() -> None:
        with scope:
            while True:
                read.append(await place.get())

    async def write() -> None:
        await put_all(log, range(1, 11))
        await trio.lowlevel.checkpoint()
        scope.cancel()
        await put_all(log, range(11, 21))
        log.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        await read_some()
        await read_all(place, read)

    assert read == [*range(1, 21)]


async def test_others_wait_on_when_a_reader_is_cancelled() -> None:
    """The one that is left gets the next chunk."""
    log = ChunkLog[int](Replay())
    read: list[int] = []
    scope = trio.CancelScope()

    async def give_up(place: Place[int]) -> None:
        with scope:
            await place.get()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(give_up, log.open())
        nursery.start_soon(read_all, log.open(), read)
        await settle()
        scope.cancel()
        await settle()
        log.put_nowait(1)
        log.close()

    assert read == [1]


async def test_a_cancelled_writer_has_put_nothing() -> None:
    """Those behind it are served."""
    log = filled(1, 1)
    place = log.open()
    scope = trio.CancelScope()

    async def give_up() -> None:
        with scope:
            await log.put(98)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(give_up)
        await settle()
        nursery.start_soon(log.put, 2)
        await settle()
        scope.cancel()
        await settle()
        assert [await place.get(), await place.get()] == [1, 2]


async def test_every_call_is_a_cancellation_point() -> None:
    """Also when there is room, and something to read; nothing is done then."""
    log = filled(9, 1)
    place = log.open()

    with trio.CancelScope() as writing:
        writing.cancel()
        await log.put(2)
    with trio.CancelScope() as reading:
        reading.cancel()
        await place.get()

    assert writing.cancelled_caught
    assert reading.cancelled_caught
    assert (place.number, log.last) == (0, 1)


async def test_what_is_cut_reaches_nobody() -> None:
    """Neither who waits nor who comes; writers go on, and are not told."""
    log = filled(2, 2)
    reader, waiting = log.open(1), log.open(2)
    read: list[int] = []

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_all, waiting, read)
        nursery.start_soon(put_all, log, range(3, 6))
        await settle()
        assert read == [3]
        log.cut()
    log.put_nowait(6)

    for place in (reader, waiting):
        with pytest.raises(trio.EndOfChannel):
            await place.get()
    assert read == [3]
    assert (len(log.queue), log.unread) == (0, 3)


async def test_a_closed_log_takes_nothing_and_tells_once() -> None:
    """Writers that wait have put nothing; what there is can be read for ever."""
    log = filled(1, 1)
    ends: list[None] = []
    log.ended = lambda: ends.append(None)
    place = log.open()
    refused: list[int] = []

    async def write(number: int) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await log.put(number)
        refused.append(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write, 2)
        await settle()
        log.close()
        log.close()
    await write(3)
    with pytest.raises(trio.ClosedResourceError):
        log.put_nowait(4)

    read: list[int] = []
    await read_all(place, read)
    await read_all(log.open(), read)
    assert (refused, read, ends) == ([2, 3], [1, 1], [None])


async def test_one_that_has_left_gets_nothing_and_one_task_reads_a_place() -> None:
    """Neither who calls then nor who was waiting."""
    log = ChunkLog[int](Replay())
    place = log.open()

    async def read() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await place.get()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await settle()
        with pytest.raises(trio.BusyResourceError):
            await place.get()
        place.detach()
        place.detach()
    await read()


async def test_waiting_for_the_begin_ends_with_it_or_with_the_end() -> None:
    """And is a checkpoint afterwards too."""
    for act in ("begin", "close"):
        log = ChunkLog[int](Replay())
        place = log.open()
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(place.wait_begun)
            await settle()
            assert len(nursery.child_tasks) == 2  # both wait
            getattr(log, act)()
        with trio.CancelScope() as scope:
            scope.cancel()
            await place.wait_begun()
        assert scope.cancelled_caught


@pytest.mark.parametrize("act", ["cut", "restart"])
@pytest.mark.parametrize(("read", "unread"), [(0, 5), (2, 3), (5, 0)])
async def test_what_nobody_has_read_when_all_is_dropped_is_counted(
    act: str, read: int, unread: int
) -> None:
    """Once, however often it is said; what a reader has got is not."""
    log = ChunkLog[int](Replay())
    place = log.open()
    for number in range(5):
        log.put_nowait(number)
    for _ in range(read):
        await place.get()

    for attempt in (2, 3):
        if act == "cut":
            log.cut()
        else:
            log.restart(attempt)

        assert (log.unread, len(log.queue)) == (unread, 0)


async def test_a_dropped_chunk_is_forgotten() -> None:
    """The log holds nothing that is out of its bound."""

    class Chunk:
        pass

    log = ChunkLog[Chunk](Replay(chunks=1))
    chunk = Chunk()
    remembered = weakref.ref(chunk)
    log.put_nowait(chunk)
    del chunk
    log.put_nowait(Chunk())
    gc.collect()

    assert remembered() is None


# -------------------------------------------------------------------------- tried again


async def test_a_try_that_crashed_is_never_mixed_with_the_next() -> None:
    """Who has read of it is told, once; who has not reads the new one whole."""
    log = filled(9, 3)
    read_some, read_all_of_it, read_none = log.open(), log.open(2), log.open()
    assert await read_some.get() == 1
    assert await read_all_of_it.get() == 3
    log.restart(2)
    log.put_nowait(11)

    for place in (read_some, read_all_of_it):
        with pytest.raises(StreamRestartedError) as caught:
            await place.get()
        assert (caught.value.attempt, caught.value.first) == (2, 4)
    for after in (1, 3):
        with pytest.raises(StreamRestartedError):
            log.open(after)
    for place in (read_some, read_all_of_it, read_none, log.open()):
        assert await place.get() == 11
        assert place.number == 4


async def test_one_that_waits_for_a_chunk_hears_of_the_next_try() -> None:
    """In its instant, not with the next chunk."""
    log = filled(9, 1)
    place = log.open(1)

    async def read() -> None:
        with pytest.raises(StreamRestartedError):
            await place.get()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await settle()
        log.restart(2)


# ---------------------------------------------------------------------------- by chance


class Player:
    """A reader by chance: it reads, leaves, comes back; it holds what it was told."""

    def __init__(self, log: ChunkLog[int], chance: random.Random) -> None:
        self.log = log
        self.chance = chance
        self.number = 0
        self.over = False

    async def play(self) -> None:
        """Read to the end, now and then from another place."""
        while not self.over:
            try:
                place = self.log.open(self.number)
            except StreamGapError as error:
                self.told(error)
                continue
            try:
                await self.read(place)
            finally:
                place.detach()
            for _ in range(self.chance.randrange(6)):
                await trio.lowlevel.checkpoint()

    def told(self, error: StreamGapError) -> None:
        """What it wants is really gone: it goes on with the first that there is."""
        assert error.after == self.number < error.first - 1 == self.log.dropped
        self.number = error.first - 1

    async def read(self, place: Place[int]) -> None:
        """Read for a while."""
        for _ in range(self.chance.randrange(8)):
            scope = trio.CancelScope()
            if self.chance.random() < 0.2:
                scope.cancel()
            with scope:
                try:
                    chunk = await place.get()
                except trio.EndOfChannel:
                    self.over = True
                    return
                except StreamGapError as error:
                    self.told(error)
                    continue
                assert chunk == place.number == self.number + 1
                self.number = chunk
            if self.chance.random() < 0.2:
                await settle()
            if self.chance.random() < 0.1:
                self.log.let_go()


@pytest.mark.parametrize("seed", range(100))
async def test_whatever_happens_a_reader_gets_all_or_is_told(seed: int) -> None:
    """Numbers rise without a gap, or it was told; memory stays within the bound."""
    chance = random.Random(seed)  # noqa: S311 - to find cases, not to hide them
    log = ChunkLog[int](Replay(chunks=chance.choice((1, 2, 7, 50))))
    players = [Player(log, chance) for _ in range(chance.randrange(1, 5))]
    count = 120
    numbers = iter(range(1, count + 1))

    async def write() -> None:
        for number in numbers:
            if chance.random() < 0.5 and log.put_if_room(number):
                continue
            await log.put(number)
            assert len(log.queue) <= log.policy.chunks
            if chance.random() < 0.1:
                await settle()
        log.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        for player in players:
            nursery.start_soon(player.play)

    assert {player.number for player in players} == {count}
    assert (log.attached, log.waiting_writers, log.reader) == (0, 0, None)
    assert log.unread <= count - len(log.queue)
