"""`ChunkLog` with a keeper: who is first, what is cut, where a reader goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import trio
from trio.lowlevel import currently_ki_protected, disable_ki_protection
from trio.testing import wait_all_tasks_blocked as settle

from actors import Journal, Replay, StreamGapError, StreamRestartedError
from actors.hosting import ChunkLog


class Shelf:
    """A keeper that has room when the test says so."""

    def __init__(self) -> None:
        self.has_room = True
        self.written = 0
        self.kept: list[Any] = []
        self.calls: list[Any] = []
        self.bytes_of_texts = 64 * 100
        self.cuts = 0

    def put(self, number: int, chunk: Any) -> bool:
        """Keep it; whether there is room for more."""
        self.calls.append(chunk)
        self.keep(number, chunk)
        return self.has_room

    def put_texts(self, last: int, texts: Sequence[str]) -> None:
        """Keep them."""
        self.calls.append(" ".join(texts))
        for number, chunk in enumerate(texts, last - len(texts) + 1):
            self.keep(number, chunk)

    def pack(self, chunk: Any) -> Any:
        """As it is."""
        return chunk

    def keep(self, number: int, packed: Any) -> None:
        """Keep it."""
        self.kept.append((number, packed))

    def restart(self, base: int) -> None:
        """Nothing up to this number counts."""
        del base

    def cut(self) -> None:
        """Count."""
        self.cuts += 1

    async def read(self, after: int) -> Sequence[Any]:
        """What is kept behind this number."""
        await trio.lowlevel.checkpoint()
        return [chunk for number, chunk in self.kept if number > after]


def made() -> tuple[ChunkLog[str], Shelf]:
    """A log, and its keeper."""
    shelf = Shelf()
    return ChunkLog[str](Journal(), keeper=shelf), shelf


async def test_who_waits_for_a_keeper_is_let_in_when_there_is_room() -> None:
    """Not before, and before all who come later."""
    log, shelf = made()
    shelf.has_room = False
    log.kept()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.put, "first")
        await settle()
        log.kept()
        assert (log.waiting_writers, shelf.kept) == (1, [])

        shelf.has_room = True
        with pytest.raises(trio.WouldBlock):
            log.put_nowait("second")
        log.kept()

    log.put_nowait("second")
    assert shelf.kept == [(1, "first"), (2, "second")]


async def test_a_keeper_hears_that_its_log_is_cut() -> None:
    """Nothing more is to be kept."""
    log, shelf = made()
    log.put_nowait("first")

    log.cut()
    log.put_nowait("second")

    assert shelf.cuts == 1
    assert shelf.kept == [(1, "first")]


@pytest.mark.parametrize("after", [2, 99])
async def test_nobody_goes_on_behind_the_latest_chunk(after: int) -> None:
    """Unless more may have been read than is known here."""
    log, _ = made()
    log.put_nowait("first")

    with pytest.raises(StreamGapError) as caught:
        log.open(after)
    assert (caught.value.after, caught.value.first, caught.value.last) == (after, 1, 1)
    log.uncertain = True

    assert log.open(after).number == after


async def test_a_reader_that_is_handed_over_is_told_if_it_must_begin_anew() -> None:
    """It had read what does not count any more; another had not."""
    log = ChunkLog[str](Replay())
    log.put_nowait("old")
    reader, fresh = log.open(), log.open()
    assert await reader.get() == "old"
    other = ChunkLog[str](Replay())
    other.restart(2, base=5)

    log.hand_over(other)
    other.put_nowait("new")

    with pytest.raises(StreamRestartedError) as caught:
        await reader.get()
    assert (caught.value.attempt, caught.value.first) == (2, 6)
    assert [await each.get() for each in (reader, fresh)] == ["new", "new"]
    assert (reader.number, fresh.number) == (6, 6)


async def test_a_reader_that_is_handed_over_goes_on_where_it_is() -> None:
    """What it has read counts there too."""
    log, other = ChunkLog[str](Replay()), ChunkLog[str](Replay())
    for each in (log, other):
        each.put_nowait("first")
    reader = log.open()
    assert await reader.get() == "first"

    log.hand_over(other)
    other.put_nowait("second")

    assert await reader.get() == "second"
    assert other.attached == 1


class Room:
    """The host of a turn, as far as a burst counts there."""

    chunks = 0


class Run:
    """A turn, as far as a burst knows it."""

    def __init__(self) -> None:
        self.burst: Any = None
        self.calls = 0
        self.host = Room()


def in_burst(chunks: int = 256) -> tuple[ChunkLog[Any], Shelf]:
    """A log in a burst, whose keeper takes 64 texts of 100 bytes at once."""
    shelf = Shelf()
    log = ChunkLog[Any](Journal(chunks=chunks), keeper=shelf)
    log.begin_burst(Run())
    return log, shelf


def test_texts_are_kept_when_their_burst_ends() -> None:
    """All together; what is no text is kept behind them, at once."""
    log, shelf = in_burst()

    for chunk in ("a", "b", ["c"], "d", "\u00e9"):
        log.queue.append(chunk)
    assert shelf.calls == ["a b", ["c"], "d", "\u00e9"]
    log.queue.append("e")
    log.end_burst()

    assert shelf.calls[4:] == ["e"]
    assert [number for number, _ in shelf.kept] == [1, 2, 3, 4, 5, 6]


def test_no_more_texts_wait_than_fit() -> None:
    """One that is too long is kept at once, behind those that wait."""
    log, shelf = in_burst()

    log.queue.append("a" * 99)
    assert shelf.calls == []
    log.queue.append("b" * 100)
    assert shelf.calls == ["a" * 99, "b" * 100]
    log.queue.append("c")
    assert shelf.calls[2:] == []
    log.end_burst()
    assert shelf.calls[2:] == ["c"]


def test_a_burst_ends_when_the_keeper_is_full() -> None:
    """Nobody appends any more without asking."""
    log, shelf = in_burst()
    shelf.has_room = False

    log.queue.append([])

    assert (log.room, log.limit) == (0, 0)
    log.end_burst()
    assert log.stamped is None
    assert not log.put_if_room("next")


def test_what_is_forgotten_in_a_burst_has_been_said() -> None:
    """It counts as much as what is still there."""
    log, shelf = in_burst(chunks=2)
    run = log.stamped
    log.queue.append("a")
    log.end_burst()
    run.calls = 0
    log.begin_burst(run)
    log.queue.append("b")
    shelf.written = 1
    log.policy = Journal(chunks=1)

    log.kept()

    assert run.host.chunks == 2
    assert (log.dropped, list(log.queue)) == (1, ["b"])


def test_an_answer_that_is_whole_has_no_burst() -> None:
    """What was said is kept before the end is; a child says nothing more."""
    log, shelf = in_burst()
    log.queue.append("a")

    log.finish()

    assert shelf.calls == ["a"]
    assert (log.stamped, log.room) == (None, 0)


class Guarded(Shelf):
    """Writes down whether Ctrl-C could have interrupted it."""

    def __init__(self) -> None:
        super().__init__()
        self.guards: list[bool] = []

    def put(self, number: int, chunk: Any) -> bool:
        """As it does."""
        self.guards.append(currently_ki_protected())
        return super().put(number, chunk)

    def put_texts(self, last: int, texts: Sequence[str]) -> None:
        """As it does."""
        self.guards.append(currently_ki_protected())
        super().put_texts(last, texts)


async def test_ctrl_c_comes_between_no_chunk_and_its_number() -> None:
    """Neither in a burst nor outside of one, though the turn may be interrupted."""
    shelf, run = Guarded(), Run()
    log = ChunkLog[Any](Journal(), keeper=shelf)

    @disable_ki_protection
    def speak() -> bool:
        log.queue.append("a")
        log.begin_burst(run)
        log.queue.append("b")
        log.queue.append([])
        log.queue.append("c")
        log.end_burst()
        return currently_ki_protected()

    assert not speak()
    assert shelf.calls == ["a", "b", [], "c"]
    assert shelf.guards == [True] * 4
