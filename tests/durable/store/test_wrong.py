"""A store in a file: what may be wrong with it, and with its disk."""

from __future__ import annotations

import shutil
import stat
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apsw
import pytest

from supervision.durable import (
    SqliteStore,
    StoreAwayError,
    StoreDamagedError,
    StorePolicy,
    StoreTooNewError,
)
from supervision.durable._sqlite import database as database_file
from supervision.durable._sqlite.database import Database
from supervision.durable._sqlite.opening import SqliteOpening
from supervision.durable._sqlite.schema import APPLICATION, SCHEMA, Schema
from supervision.durable._sqlite.sql import connect
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Accepted,
    Bring,
    Brought,
)
from tests.durable.store.bench import Bench, accept, opened
from tests.durable.store.disk import (
    damage,
    fill,
    meta,
    names,
    sizes,
)

# -------------------------------------------------------------------- what may be wrong


@pytest.mark.parametrize("content", [b"hello, I am a diary\n" * 300, b"short"])
async def test_d62_a_file_that_is_no_database(content: bytes, tmp_path: Path) -> None:
    """Is left as it is."""
    path = tmp_path / "chat.db"
    path.write_bytes(content)
    claim = SqliteStore(path).claim()

    with pytest.raises(StoreDamagedError, match="move it away") as caught:
        await claim.open()
    claim.release()

    assert caught.value.path == str(path)
    assert isinstance(caught.value.__cause__, apsw.NotADBError)
    assert sizes(path) == {"chat.db": content}


@pytest.mark.parametrize("number", [0, 7, APPLICATION])
async def test_d62_a_database_that_is_no_store(number: int, tmp_path: Path) -> None:
    """Is left as it is, whoever's it is."""
    path = tmp_path / "chat.db"
    path.touch()
    connection = connect(path)
    connection.execute("create table meta (name text, value)")
    connection.pragma("application_id", number)
    connection.close()
    before = sizes(path)

    with pytest.raises(StoreDamagedError, match="not one of a store"):
        await SqliteStore(path).claim().open()
    assert sizes(path) == before


async def test_d61_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    """And the error says which release is needed."""
    path = tmp_path / "chat.db"
    await fill(path)
    connection = connect(path)
    connection.execute("update meta set value = 9 where name = 'version'")
    connection.close()
    before = sizes(path)

    store = SqliteStore(path)
    with pytest.raises(StoreTooNewError) as caught:
        await store.claim().open()
    assert (caught.value.found, caught.value.known) == (9, SCHEMA.version)
    assert sizes(path) == before
    store.claim().release()  # it is free again


NEWER = Schema(
    3, SCHEMA.tables, {1: "alter table prompts add a", 2: "create table b (c)"}
)


async def test_d61_an_older_file_is_brought_up(tmp_path: Path) -> None:
    """With a copy of it as it was, and nothing of it lost."""
    path = tmp_path / "chat.db"
    await fill(path)

    newer = Database(path, 1, policy=StorePolicy(), schema=NEWER)
    (found,) = newer.carry([Find("a", "id-2")])
    newer.close()

    assert isinstance(found, Found)
    assert found.number == 2
    assert meta(path, "version") == 3
    assert meta(tmp_path / "chat.db.v1", "version") == 1
    assert stat.S_IMODE((tmp_path / "chat.db.v1").stat().st_mode) == 0o600
    assert [each for each in names(tmp_path) if "part" in each] == []


async def test_d61_a_file_that_cannot_be_brought_up_is_as_it_was(
    tmp_path: Path,
) -> None:
    """All of it or nothing."""
    path = tmp_path / "chat.db"
    await fill(path)
    broken = Schema(3, SCHEMA.tables, {1: "alter table prompts add a", 2: "nonsense"})

    with pytest.raises(Exception, match="nonsense"):
        Database(path, 1, policy=StorePolicy(), schema=broken)
    assert meta(path, "version") == 1
    async with opened(SqliteStore(path)) as bench:
        await bench.ask(accept(9), Accepted)


async def test_d62_a_damaged_page_is_found_when_it_is_touched(tmp_path: Path) -> None:
    """That batch is answered so, and nothing is rewritten."""
    path = tmp_path / "chat.db"
    await fill(path, 500)
    before = damage(path)

    opening = await SqliteStore(path).claim().open()
    with pytest.raises(StoreDamagedError) as caught:
        await Bench(opening).carry(Bring("a"))
    assert isinstance(caught.value.__cause__, apsw.CorruptError)
    await opening.close()
    after = path.read_bytes()
    assert after[4096 * 8 :] == before[4096 * 8 :]  # but for the number of the opening


# ------------------------------------------------------------------------ no more space


async def test_d59_a_full_disk_undoes_a_batch_and_it_is_repeated(
    tmp_path: Path,
) -> None:
    """With space again it is as if nothing had been."""
    async with opened(SqliteStore(tmp_path / "chat.db")) as bench:
        await bench.carry(accept(1))
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)
        database = opening._database
        pages = database.connection.pragma("page_count")
        batch = [accept(each, body=b"x" * 5000) for each in range(2, 30)]

        database.connection.pragma("max_page_count", pages)
        for _ in range(3):
            with pytest.raises(StoreAwayError, match="Full") as caught:
                await bench.carry(*batch)
            assert isinstance(caught.value.__cause__, apsw.FullError)
            assert len((await bench.ask(Bring("a"), Brought)).rows) == 1

        database.connection.pragma("max_page_count", 2**30)
        assert all(isinstance(each, Accepted) for each in await bench.carry(*batch))
        assert len((await bench.ask(Bring("a"), Brought)).rows) == 29


@pytest.mark.parametrize(
    ("free", "words"),
    [(0, "IO: disk I/O error: the disk is full"), (2**20, "IO: disk I/O error")],
)
async def test_d59_what_fails_at_an_opening_on_a_full_disk_says_so(
    free: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite calls it an error of the disk: there is no room for what is beside it."""
    path = tmp_path / "chat.db"

    def fails(_: Path) -> Any:
        raise apsw.IOError(words.partition(": the")[0][4:])

    def usage(_: Path) -> Any:
        return SimpleNamespace(free=free)

    monkeypatch.setattr(database_file, "connect", fails)
    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(StoreAwayError) as caught:
        Database(path, 1, policy=StorePolicy())
    assert str(caught.value).endswith(words)


async def test_whoever_else_writes_makes_a_batch_wait(tmp_path: Path) -> None:
    """It is away for as long as that takes."""
    path = tmp_path / "chat.db"
    async with opened(SqliteStore(path)) as bench:
        other = connect(path)
        other.execute("begin immediate")
        with pytest.raises(StoreAwayError, match="Busy"):
            await bench.carry(accept(1))
        other.execute("rollback")
        other.close()
        await bench.ask(accept(1), Accepted)


def test_whoever_has_it_locked_makes_an_opening_wait(tmp_path: Path) -> None:
    """As one who reads it first after a kill, for as long as the log is brought in."""
    path = tmp_path / "chat.db"
    path.touch()
    opens = threading.Event()

    def lock_it() -> None:
        other = connect(path)
        other.execute("begin exclusive")
        locked.set()
        opens.wait()
        other.execute("rollback")
        other.close()

    def hooked(_connection: object) -> None:
        if locked.is_set():
            opens.set()

    locked = threading.Event()
    holder = threading.Thread(target=lock_it)
    apsw.connection_hooks.append(hooked)
    try:
        holder.start()
        locked.wait()
        database = Database(path, 1, policy=StorePolicy())
    finally:
        apsw.connection_hooks.remove(hooked)
        opens.set()
        holder.join()
    database.close()

    assert database.opened == 1


async def test_a_fault_of_ours_is_told_as_it_is(tmp_path: Path) -> None:
    """And undoes the batch."""
    wrong: Any = accept(2)
    wrong.row.kind = object()
    async with opened(SqliteStore(tmp_path / "chat.db")) as bench:
        with pytest.raises(TypeError):
            await bench.carry(accept(1), wrong)
        assert (await bench.ask(Bring("a"), Brought)).rows == ()
