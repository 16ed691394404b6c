"""A store in a file: whose it is, and what a kill leaves."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

from supervision._routing.tokens import disk as disk_file
from supervision.durable import (
    SqliteStore,
    StoreAwayError,
    StoreInUseError,
    StorePolicy,
)
from supervision.durable._sqlite.database import Database, Synchronous
from supervision.durable._words.records import Bring, Brought
from tests.durable.store.bench import accept, opened
from tests.durable.store.disk import (
    PATIENCE,
    child,
    integrity,
    modes,
    names,
    run,
)

# -------------------------------------------------------------------------- whose it is


async def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """The file, and all that is beside it."""
    path = tmp_path / "chat.db"
    mask = os.umask(0)
    try:
        async with opened(SqliteStore(path)) as bench:
            await bench.carry(accept(1))
            made = modes(tmp_path)
    finally:
        os.umask(mask)

    assert {*made} == {"chat.db", "chat.db-wal", "chat.db-shm", "chat.db.lock"}
    assert {*made.values()} == {0o600}
    assert names(tmp_path) == ["chat.db", "chat.db.lock"]


async def test_d60_a_second_opening_is_refused_with_the_pid(tmp_path: Path) -> None:
    """Of this process, and through another name of the same path."""
    path = tmp_path / "chat.db"
    async with opened(SqliteStore(path)):
        with pytest.raises(StoreInUseError, match=f"process {os.getpid()}") as caught:
            SqliteStore(tmp_path / "." / "chat.db").claim()
        assert (caught.value.pid, caught.value.path) == (os.getpid(), str(path))
    async with opened(SqliteStore(path)):
        pass


async def test_d60_another_processs_store_is_refused_even_while_it_is_stopped(
    tmp_path: Path,
) -> None:
    """And free when it was killed."""
    store = SqliteStore(tmp_path / "chat.db")
    with child(store.path) as process:
        for number in (signal.SIGCONT, signal.SIGSTOP):
            process.send_signal(number)
            with pytest.raises(StoreInUseError) as caught:
                store.claim()
            assert caught.value.pid == process.pid
        process.kill()
        process.wait(PATIENCE)

        claim = store.claim()
        assert claim.number == 2
        claim.release()


async def test_a_lock_file_may_say_nothing(tmp_path: Path) -> None:
    """Then nobody knows who, and the numbers are the file's."""
    path = tmp_path / "chat.db"
    async with opened(SqliteStore(path)) as bench:
        first = bench.opened.opened
        for said in (b"", b"nonsense\n", b'{"pid": null}\n'):
            (tmp_path / "chat.db.lock").write_bytes(said)
            with pytest.raises(StoreInUseError, match="another process") as caught:
                SqliteStore(path).claim()
            assert caught.value.pid is None

    (tmp_path / "chat.db.lock").unlink()
    claim = SqliteStore(path).claim()
    assert claim.number == first + 1
    opening = await claim.open()
    assert opening.opened == first + 1
    line = (tmp_path / "chat.db.lock").read_text()
    assert json.loads(line) == {"pid": os.getpid(), "opened": first + 1}
    await opening.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_holds_nothing(tmp_path: Path) -> None:
    """Its parent's end is the end of the lock, though the child lives."""
    program = """
import os, signal, sys
from supervision.durable import SqliteStore
claim = SqliteStore(sys.argv[1]).claim()
child = os.fork()
if not child:
    print(os.getpid(), flush=True)
signal.pause()
"""
    store = SqliteStore(tmp_path / "chat.db")
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", program, str(store.path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            parent.kill()
            parent.wait(PATIENCE)
            store.claim().release()
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_folder_that_is_not_there_is_no_store(tmp_path: Path) -> None:
    """It is not made, either."""
    with pytest.raises(StoreAwayError, match="none is not there, make it"):
        SqliteStore(tmp_path / "none" / "chat.db").claim()
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    """Nothing is written beside it."""
    folder = tmp_path / "chat"
    folder.mkdir()
    with pytest.raises(StoreAwayError, match="chat is a folder: name a file in it"):
        SqliteStore(folder).claim()
    assert list(tmp_path.iterdir()) == [folder]


async def test_a_claim_that_is_cancelled_is_free(tmp_path: Path) -> None:
    """The file is closed then."""
    store = SqliteStore(tmp_path / "chat.db")
    claim = store.claim()
    with trio.CancelScope() as scope:
        scope.cancel()
        await claim.open()
    assert scope.cancelled_caught
    claim.release()

    async with opened(store):
        pass


def test_apsw_is_wanted_by_who_makes_one(tmp_path: Path) -> None:
    """And by nobody else."""
    program = """
import sys
sys.modules["apsw"] = None  # as if it were not there
from supervision.durable import MemoryStore, SqliteStore
MemoryStore()
try:
    SqliteStore(sys.argv[1])
except ImportError as error:
    print(error)
"""
    said = run(program, tmp_path / "chat.db")
    assert "pip install 'trio-actors[durable]'" in said


def test_a_store_is_a_value(tmp_path: Path) -> None:
    """That does nothing yet."""
    store = SqliteStore(tmp_path / "chat.db", synchronous="normal", types=[StorePolicy])

    assert repr(store) == f"SqliteStore({str(tmp_path / 'chat.db')!r})"
    assert (store.policy, store.encoding.types) == (StorePolicy(), (StorePolicy,))
    assert [*tmp_path.iterdir()] == []
    wrong: Any = "off"
    with pytest.raises(ValueError, match="'off'"):
        SqliteStore(tmp_path / "chat.db", synchronous=wrong)


@pytest.mark.parametrize("synchronous", ["full", "normal"])
def test_macos_is_told_to_wait_for_the_disk_itself(
    tmp_path: Path, synchronous: Synchronous
) -> None:
    """At commits and when the log is brought in; elsewhere SQLite does not look."""
    path = tmp_path / "chat.db"
    database = Database(path, 1, synchronous=synchronous, policy=StorePolicy())
    names = ("fullfsync", "checkpoint_fullfsync")
    said = [database.connection.pragma(each) for each in names]
    database.close()

    assert said == [1, 1]


def test_a_copy_waits_for_the_disk_as_the_system_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync, or on macOS a call of its own; Windows cannot wait for a folder."""
    waited: list[object] = []
    file = tmp_path / "copy.db"
    file.touch()

    def fsync(_: int) -> None:
        waited.append("fsync")

    def wait_whole(_: int, what: int) -> None:
        waited.append(what)

    monkeypatch.setattr(os, "fsync", fsync)
    for folders in (True, False):
        monkeypatch.setattr(disk_file, "_FOLDERS", folders)
        disk_file.wait_for_path(file)
        disk_file.wait_for_path(tmp_path)
    monkeypatch.setattr(disk_file, "_WHOLE", 51)
    monkeypatch.setattr(fcntl, "fcntl", wait_whole)
    disk_file.wait_for_path(file)

    assert waited == ["fsync", "fsync", "fsync", 51]


# ----------------------------------------------------------------------- what is killed


@pytest.mark.parametrize("lines", [1, 4])
async def test_d12_what_was_answered_survives_a_kill(
    lines: int, tmp_path: Path
) -> None:
    """A batch that was not is there whole, or not at all."""
    path = tmp_path / "chat.db"
    with child(path, "write") as process:
        assert process.stdout is not None
        answered = 0
        for _ in range(lines):
            answered = int(process.stdout.readline())
        process.kill()
        answered = max([answered, *map(int, process.stdout.read().split())])

    async with opened(SqliteStore(path)) as bench:
        rows = (await bench.ask(Bring("a"), Brought)).rows
        assert [each.number for each in rows] == [*range(len(rows))]
        assert len(rows) in {answered, answered + 20}
    assert integrity(path) == "ok"
