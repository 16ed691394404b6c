"""Entries of histories in a store: written with a commit, read by number and size."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervision.durable import SqliteStore
from supervision.durable._sqlite.opening import SqliteOpening
from supervision.durable._words.histories import HistoryRow, Page, Read
from supervision.durable._words.opened import Engine
from supervision.durable._words.records import (
    Bring,
    Brought,
    Complete,
    Completion,
    Forget,
    Forgotten,
    Prune,
    Pruned,
    Refused,
)
from tests.durable.store.bench import (
    Bench,
    accept,
    complete,
    kind,
    opened,
    store,
)

__all__ = ["kind", "store"]  # fixtures


def entry(number: int, body: bytes | None = None, version: int = 1) -> HistoryRow:
    """Make an entry."""
    return HistoryRow(number, body if body is not None else b"%d" % number, version)


def leaves(
    *numbers: int, key: str = "a", begins: int | None = None, turn: int = 7
) -> Complete:
    """Make the commit of a turn that leaves nothing but entries."""
    rows = tuple(entry(each) for each in numbers)
    return complete(key=key, turn=turn, state=None, entries=rows, begins=begins)


async def read(
    bench: Bench, first: int = 0, end: int = 99, most: int = 1000, key: str = "a"
) -> list[int]:
    """Read the numbers of the entries that are there."""
    page = await bench.ask(Read(key, first, end, most), Page)
    for each in page.rows:
        assert each == entry(each.number)
    return [each.number for each in page.rows]


async def span(bench: Bench, key: str = "a") -> tuple[int, int] | None:
    """Say from which number to which a key has entries; None: it is unknown."""
    session = (await bench.ask(Bring(key), Brought)).session
    return session.entries if session is not None else None


async def test_entries_are_written_with_their_turn(store: Engine) -> None:
    """Each key has its own; a key that has nothing else has a row by them."""
    async with opened(store) as bench:
        assert await span(bench) is None
        assert await read(bench) == []
        answers = await bench.carry(leaves(0, 1), leaves(5, key="b"))
        assert [type(each) for each in answers] == [Completion, Completion]
        await bench.ask(leaves(2, 3), Completion)

        assert await read(bench) == [0, 1, 2, 3]
        assert await span(bench) == (0, 4)
        assert await read(bench, key="b") == [5]
        assert await span(bench, "b") == (5, 6)


async def test_they_are_read_from_one_number_to_another(store: Engine) -> None:
    """And no more than a size, but at least one."""
    async with opened(store) as bench:
        await bench.ask(leaves(*range(8)), Completion)

        assert await read(bench, 2, 5) == [2, 3, 4]
        assert await read(bench, 5, 5) == []
        assert await read(bench, 6, 99) == [6, 7]
        assert await read(bench, 0, 99, most=3) == [0, 1, 2]
        assert await read(bench, 4, 99, most=1) == [4]
        assert await read(bench) == [*range(8)]  # a page that was cut left nothing


async def test_a_summary_stands_in_place_of_the_first(store: Engine) -> None:
    """What is below it goes, in the same step; sent again it comes to the same."""
    async with opened(store) as bench:
        await bench.ask(leaves(*range(6)), Completion)
        summary = complete(
            state=None, turn=8, entries=(entry(3, b"sum", 2), entry(6)), begins=3
        )
        for _ in range(2):
            await bench.ask(summary, Completion)
            page = await bench.ask(Read("a", 0, 99, 1000), Page)
            assert page.rows == (entry(3, b"sum", 2), entry(4), entry(5), entry(6))
            assert await span(bench) == (3, 7)

        await bench.ask(leaves(begins=7), Completion)
        assert await read(bench) == []
        assert await span(bench) == (0, 0)


async def test_they_are_forgotten_with_their_key(store: Engine) -> None:
    """In the same record, and only that key's."""
    async with opened(store) as bench:
        await bench.carry(leaves(0, 1), leaves(0, key="b"))
        forgotten = await bench.ask(Forget("a", b"why", 1), Forgotten)
        assert forgotten.known
        assert await read(bench) == []
        assert await span(bench) is None
        assert await read(bench, key="b") == [0]
        assert not (await bench.ask(Forget("a", b"why", 1), Forgotten)).known


async def test_they_stay_when_old_prompts_go(store: Engine) -> None:
    """A history is kept as long as its state is."""
    async with opened(store) as bench:
        rows = (entry(0), entry(1))
        await bench.carry(accept(1), complete(1, entries=rows))
        assert (await bench.ask(Prune(99.0, 10), Pruned)).number == 1
        assert await read(bench) == [0, 1]


async def test_a_commit_with_an_entry_that_is_too_large_is_refused(
    store: Engine,
) -> None:
    """All of it; others of the batch are not."""
    async with opened(store) as bench:
        large = complete(entries=(entry(0), entry(1, b"x" * 101)), begins=0)
        first, second = await bench.carry(large, leaves(0, key="b"))
        assert isinstance(first, Refused)
        assert first.why == "the entry has 101 bytes, 100 may be"
        assert isinstance(second, Completion)
        assert await span(bench) is None
        assert await read(bench, key="b") == [0]


async def test_a_key_that_cannot_be_written_cannot_be_read(store: Engine) -> None:
    """Half of a surrogate pair."""
    async with opened(store) as bench:
        await bench.ask(Read("\ud800", 0, 1, 1), Refused)


async def test_a_copy_has_them(tmp_path: Path) -> None:
    """As all that is in the file."""
    store, copy = SqliteStore(tmp_path / "chat.db"), tmp_path / "copy.db"
    async with opened(store) as bench:
        await bench.ask(leaves(0, 1, 2), Completion)
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)
        await opening.backup(copy)
    async with opened(SqliteStore(copy)) as bench:
        assert await read(bench) == [0, 1, 2]
        assert await span(bench) == (0, 3)


@pytest.mark.parametrize("first", [0, 4])
async def test_turns_of_one_key_in_one_batch_are_carried_out_in_their_order(
    store: Engine, first: int
) -> None:
    """What one has appended the next one drops."""
    async with opened(store) as bench:
        await bench.carry(
            leaves(*range(first)), leaves(first), leaves(first + 1, begins=first)
        )
        assert await read(bench) == [first, first + 1]
