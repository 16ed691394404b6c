"""A store in a file: copies of it, its log, and the thread that writes it."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from actors import ClosedToNewError, Completed, Outcome, Session, Turn, open_system
from supervision import NoStoreError, start_router
from supervision.durable import (
    MemoryStore,
    SqliteStore,
    StoreAwayError,
    StoreError,
    StorePolicy,
)
from supervision.durable._sqlite import database as database_file
from supervision.durable._sqlite import opening as opening_file
from supervision.durable._sqlite.database import Copy, Database
from supervision.durable._sqlite.opening import SqliteOpening
from supervision.durable._sqlite.sql import connect
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Accepted,
    Bring,
    Brought,
)
from tests.durable.store.bench import accept, complete, opened
from tests.durable.store.disk import (
    PATIENCE,
    fill,
    integrity,
    names,
)


class Echo(Session[str, str]):
    """Answers with the prompt."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Answer."""
        return turn.prompt


def completed(outcome: Outcome) -> bool:
    """Whether it is one of a turn that has completed."""
    return isinstance(outcome, Completed)


# ------------------------------------------------------------------------------- copies


async def test_a_copy_is_whole_while_the_store_is_written(tmp_path: Path) -> None:
    """It has all that was there before; restored, its openings are beyond."""
    path, copy = tmp_path / "chat.db", tmp_path / "copy.db"
    await fill(path, 2000)
    async with opened(SqliteStore(path)) as bench:
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)
        before = opening.opened
        written = 0
        async with trio.open_nursery() as nursery:

            async def write() -> None:
                nonlocal written
                while True:
                    await bench.carry(accept(10_000 + written, "b"))
                    written += 1

            nursery.start_soon(write)
            await opening.backup(copy)
            nursery.cancel_scope.cancel()
        with pytest.raises(FileExistsError):
            await opening.backup(copy)
    assert written > 0
    assert integrity(copy) == "ok"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [each for each in names(tmp_path) if "copy" in each] == ["copy.db"]

    async with opened(SqliteStore(copy)) as bench:
        assert len((await bench.ask(Bring("a"), Brought)).rows) == 2000
        assert bench.opened.opened == before + 2**20 + 1


async def test_a_copy_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    """Cancelled, or without space."""
    path = tmp_path / "chat.db"
    await fill(path, 2000)
    async with opened(SqliteStore(path)) as bench:
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)
        with trio.CancelScope() as scope:
            scope.cancel()
            await opening.backup(tmp_path / "copy.db")
        assert scope.cancelled_caught
        with pytest.raises(StoreAwayError):
            await opening.backup(tmp_path / "none" / "copy.db")
        assert [each for each in names(tmp_path) if "copy" in each] == []
        await bench.ask(accept(5000), Accepted)


async def test_a_router_copies_its_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its handle; a copy is a store, with all that had been accepted."""
    monkeypatch.chdir(tmp_path)
    async with open_system() as system:
        router = start_router(system, Echo, durable=SqliteStore("chat.db"))
        await (await router.accept("ann", "milk", id="1")).outcome()
        size = await router.backup("copy.db")
        assert size == (await trio.Path("copy.db").stat()).st_size
        await (await router.accept("ann", "tea", id="2")).outcome()
        with pytest.raises(FileExistsError, match=r"replaces nothing.*/copy\.db"):
            await router.backup(tmp_path / "copy.db")
        with pytest.raises(FileExistsError, match=r"replaces nothing.*/chat\.db"):
            await router.backup("chat.db")
        with pytest.raises(StoreError, match=r"is not copied to .*none/x"):
            await router.backup("none/x")
    assert [each for each in names(tmp_path) if "copy" in each] == ["copy.db"]

    async with open_system() as system:
        router = start_router(system, Echo, durable=SqliteStore("copy.db"))
        found = await router.find("ann", "1")
        assert found is not None
        assert completed(await found.outcome())
        assert await router.find("ann", "2") is None


@pytest.mark.parametrize(
    ("path", "error"),
    [(3, TypeError), (b"copy.db", TypeError), ("", ValueError), ("a\0b", ValueError)],
)
async def test_what_is_no_path_is_refused(path: Any, error: type[Exception]) -> None:
    """By name, whatever the router has."""
    async with open_system() as system:
        router = start_router(system, Echo)
        with pytest.raises(error, match="path must be"):
            await router.backup(path)


async def test_where_there_is_no_file_there_is_no_copy(tmp_path: Path) -> None:
    """Without a store, in memory, before it is open, after the end."""
    where = tmp_path / "copy.db"
    async with open_system() as system:
        with pytest.raises(NoStoreError, match=r"backup\(\) needs a store, and /bare"):
            await start_router(system, Echo, name="bare").backup(where)
        router = start_router(system, Echo, name="memory", durable=MemoryStore())
        await router.accept("ann", "milk")
        with pytest.raises(StoreError, match="a MemoryStore is in no file"):
            await router.backup(where)
        store = SqliteStore(tmp_path / "chat.db")
        router = start_router(system, Echo, name="file", durable=store)
        with pytest.raises(StoreError, match="it is not open"):
            await router.backup(where)
        await router.accept("ann", "milk")
        router.ref.stop()
        await router.ref.wait_stopped()
        with pytest.raises(ClosedToNewError):
            await router.backup(where)
    assert not await trio.Path(where).exists()


async def test_a_store_that_is_closed_gives_up_its_copy(tmp_path: Path) -> None:
    """Nothing of it is left, and nobody waits for it; nor is there another one."""
    path = tmp_path / "chat.db"
    await fill(path, 2000)
    opening = await SqliteStore(path).claim().open()
    steps = 0

    class Slow(Copy):
        def step(self, pages: int = 1) -> bool:
            nonlocal steps
            steps += 1
            return super().step(pages) and False  # it never ends

    async with trio.open_nursery() as nursery:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opening_file, "Copy", Slow)

            async def copy() -> None:
                with pytest.raises(StoreAwayError, match="closed before"):
                    await opening.backup(tmp_path / "copy.db")

            nursery.start_soon(copy)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(StoreError, match="another copy"):
                await opening.backup(tmp_path / "other.db")
            await opening.close()
    with pytest.raises(StoreError, match="closed"):
        await opening.backup(tmp_path / "late.db")

    assert names(tmp_path) == ["chat.db", "chat.db.lock"]
    assert integrity(path) == "ok"


async def test_nobody_waits_for_the_disk_of_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are carried out while it is brought there, which takes long."""
    token = trio.lowlevel.current_trio_token()
    syncing, synced = trio.Event(), threading.Event()

    def sync(path: Path) -> None:
        del path
        token.run_sync_soon(syncing.set)
        assert synced.wait(PATIENCE), "the store waits for it"

    monkeypatch.setattr(database_file, "wait_for_path", sync)
    async with opened(SqliteStore(tmp_path / "chat.db")) as bench:
        opening = bench.opened
        async with trio.open_nursery() as nursery:
            nursery.start_soon(opening.backup, tmp_path / "copy.db")
            await syncing.wait()
            await bench.ask(accept(1), Accepted)
            assert "copy.db" not in names(tmp_path)
            synced.set()
    assert integrity(tmp_path / "copy.db") == "ok"


@pytest.mark.parametrize("how", ["cancelled", "closed"])
async def test_a_copy_that_is_being_finished_is_there(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is told so: what comes in that moment comes too late."""
    path, copy = tmp_path / "chat.db", tmp_path / "copy.db"
    await fill(path, 20)
    token = trio.lowlevel.current_trio_token()
    finishes = trio.Event()
    finish = Copy.finish
    sizes: list[int] = []

    def told(self: Copy) -> None:
        token.run_sync_soon(finishes.set)
        finish(self)

    monkeypatch.setattr(Copy, "finish", told)
    async with opened(SqliteStore(path)) as bench:
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)

        async def back_up() -> None:
            sizes.append(await opening.backup(copy))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(back_up)
            await finishes.wait()
            if how == "closed":
                await opening.close()
            nursery.cancel_scope.cancel()
    assert sizes == [copy.stat().st_size]
    assert integrity(copy) == "ok"


async def test_a_store_in_memory_has_no_copies(tmp_path: Path) -> None:
    """It says so."""
    async with opened(MemoryStore()) as bench:
        with pytest.raises(StoreError, match="in no file"):
            await bench.opened.backup(tmp_path / "copy.db")
    assert names(tmp_path) == []


# ------------------------------------------------------------------------------ the log


async def test_the_log_is_brought_into_the_file_between_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is long; so it does not grow."""
    monkeypatch.setattr(database_file, "PAGES", 20)
    log = tmp_path / "chat.db-wal"
    async with opened(SqliteStore(tmp_path / "chat.db")) as bench:
        for each in range(60):
            await bench.carry(accept(each, body=b"x" * 4000))
            await bench.carry(complete(each))
        assert log.stat().st_size < 100 * 4096


async def test_d64_the_log_is_emptied_when_it_is_quiet(tmp_path: Path) -> None:
    """Not while somebody reads in it; later then, without a restart."""
    path, log = tmp_path / "chat.db", tmp_path / "chat.db-wal"
    async with opened(SqliteStore(path)) as bench:
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)
        writer, truncate = opening._writer, opening._database.truncate
        reader = connect(path)
        await bench.carry(accept(1))
        reader.execute("begin; select * from prompts").fetchall()
        await bench.carry(accept(2))
        assert not await writer.ask(truncate)
        assert log.stat().st_size > 0
        reader.execute("rollback")
        reader.close()

        assert writer.quiet == truncate
        assert await writer.ask(truncate)
        assert log.stat().st_size == 0
        await bench.ask(accept(3), Accepted)


def test_the_log_grows_anew_when_it_was_emptied(tmp_path: Path) -> None:
    """By a single batch, if that is enough."""
    policy = StorePolicy(log_bytes=10_000)
    database = Database(tmp_path / "chat.db", 1, policy=policy)
    seen = [database.grown]
    for each in range(3):
        database.carry([accept(each, body=b"x" * 20_000)])
        seen.append(database.grown)
        if each == 1:
            assert database.truncate()
    database.close()

    assert [times for times, _ in seen] == [0, 1, 1, 2]
    assert seen[1][1] > 20_000


async def test_the_writer_has_time_when_it_is_quiet(tmp_path: Path) -> None:
    """It does what there is to do until it is done, and then waits for a job."""
    async with opened(SqliteStore(tmp_path / "chat.db")) as bench:
        opening = bench.opened
        assert isinstance(opening, SqliteOpening)
        token, quiet = trio.lowlevel.current_trio_token(), trio.Event()
        answers = [True, False]

        def is_done() -> bool:
            done = answers.pop()
            if done:
                token.run_sync_soon(quiet.set)
            return done

        opening._writer.quiet, opening._writer.pause = is_done, 0.001
        await bench.carry(accept(1))
        with trio.fail_after(PATIENCE):
            await quiet.wait()
        assert answers == []


async def test_a_batch_is_alone_and_answers_end_with_close(tmp_path: Path) -> None:
    """One that is out is carried out all the same, and nobody is told."""
    store = SqliteStore(tmp_path / "chat.db")
    opening = await store.claim().open()
    heard: list[object] = []
    opening.carry([accept(1)], heard.append)
    with pytest.raises(RuntimeError, match="a batch is out"):
        opening.carry([accept(2)], heard.append)
    await opening.close()
    with pytest.raises(RuntimeError, match="closed"):
        opening.carry([accept(2)], heard.append)
    await trio.testing.wait_all_tasks_blocked()

    assert heard == []
    async with opened(store) as bench:
        assert (await bench.ask(Find("a", "id-1"), Found)).number == 1


def test_a_loop_that_has_ended_is_told_nothing(tmp_path: Path) -> None:
    """The thread shrugs, and what it had to do is done."""
    database = Database(tmp_path / "chat.db", 1, policy=StorePolicy())
    database.close()

    async def main() -> SqliteOpening:
        opening = await SqliteStore(tmp_path / "chat.db").claim().open()
        assert isinstance(opening, SqliteOpening)
        return opening

    opening = trio.run(main)
    opening.carry([accept(1)], lambda _: pytest.fail("told"))
    opening._writer.do_unheard(opening._database.close)
    opening._writer._jobs.put(None)
    opening._writer._thread.join(PATIENCE)
    opening._lock.release()

    assert not opening._writer._thread.is_alive()
    again = Database(tmp_path / "chat.db", 1, policy=StorePolicy())
    (found,) = again.carry([Find("a", "id-1")])
    again.close()
    assert isinstance(found, Found)
    assert found.number == 1


def test_a_part_of_a_copy_that_a_kill_has_left_is_replaced(tmp_path: Path) -> None:
    """By the next one."""
    database = Database(tmp_path / "chat.db", 1, policy=StorePolicy())
    (tmp_path / "copy.db.part").write_bytes(b"a part")
    copy = Copy(database, tmp_path / "copy.db")
    while not copy.step():
        pass
    copy.finish()
    copy.publish()
    copy.give_up()
    database.close()

    assert integrity(tmp_path / "copy.db") == "ok"
