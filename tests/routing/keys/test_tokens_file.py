"""`FileTokens`: when its file is rewritten, and who holds it."""

from __future__ import annotations

import errno
import os
import stat
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trio

from actors import Session, Turn, open_system
from supervision import FileTokens, TokensHeldError, start_router
from supervision._routing.tokens import disk
from supervision.durable import SqliteStore

fcntl = pytest.importorskip("fcntl")
SLACK = 1000  # superseded lines that a file may hold whatever its size


def lines(path: Path) -> int:
    """How many it has."""
    return len(path.read_bytes().splitlines())


def test_a_file_is_rewritten_when_it_has_too_much_and_not_before(
    tmp_path: Path,
) -> None:
    """Twice what there is, and some more; then it begins anew."""
    path = tmp_path / "tokens"
    tokens = FileTokens(path)
    for number in range(1, 2 + SLACK + 1):
        tokens.save("a", number)
    assert lines(path) == 2 + SLACK

    tokens.save("a", "last")
    assert lines(path) == 1
    tokens.save("a", "another")
    assert lines(path) == 2
    assert tokens.load() == {"a": "another"}


def test_forgetting_what_is_not_known_writes_nothing(tmp_path: Path) -> None:
    """Forgetting what is known is a line."""
    path = tmp_path / "tokens"
    tokens = FileTokens(path)
    tokens.save("a", 1)

    tokens.save("b", None)
    assert lines(path) == 1
    tokens.save("a", None)
    tokens.save("a", None)

    assert lines(path) == 2
    assert tokens.load() == {}


def test_what_another_has_written_meanwhile_is_kept(tmp_path: Path) -> None:
    """A file that was let go is held and read again before it is written."""
    path = tmp_path / "tokens"
    mine, other = FileTokens(path), FileTokens(path)
    mine.save("a", 1)
    mine.close()
    mine.close()
    other.save("b", 2)
    other.close()

    mine.save("c", 3)

    with pytest.raises(TokensHeldError):
        other.save("d", 4)
    assert mine.load() == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_locks_nothing_is_locked(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is kept all the same."""

    def refuse(*_: object) -> None:
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    tokens = FileTokens(tmp_path / "tokens")
    tokens.save("a", 1)

    assert tokens._lock is None
    assert FileTokens(tmp_path / "tokens").load() == {"a": 1}


def test_a_lock_that_fails_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and nothing is held."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(fcntl, "flock", refuse)
    tokens = FileTokens(tmp_path / "tokens")

    with pytest.raises(OSError, match="broken"):
        tokens.save("a", 1)

    assert tokens._lock is None
    assert not (tmp_path / "tokens").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_of_the_process_holds_nothing(tmp_path: Path) -> None:
    """The file is free when its holder lets go of it, though the child still runs."""
    tokens = FileTokens(tmp_path / "tokens")
    tokens.save("a", 1)
    (there, is_there), (until, over) = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads of others
        child = os.fork()
    if not child:
        os.close(over)
        os.write(is_there, b"!")
        os.read(until, 1)  # until the other end is closed
        os._exit(0)
    try:
        os.close(is_there)
        assert os.read(there, 1) == b"!"
        tokens.close()

        other = FileTokens(tmp_path / "tokens")
        assert other.load() == {"a": 1}
        other.close()
    finally:
        for each in (over, until, there):
            os.close(each)
        os.waitpid(child, 0)


class Mac:
    """A `fcntl` of macOS: it writes down what it is asked to wait for."""

    def __init__(self, error: OSError | None = None) -> None:
        self.waited: list[tuple[bool, int]] = []
        """(whether it was a folder, what it was asked for)"""
        self.error = error

    def fcntl(self, file: int, what: int) -> None:
        """Wait for a file."""
        self.waited.append((stat.S_ISDIR(os.fstat(file).st_mode), what))
        if self.error is not None:
            raise self.error


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What is waited for with fsync: whether it was a folder."""
    waited: list[bool] = []

    def fsync(file: int) -> None:
        waited.append(stat.S_ISDIR(os.fstat(file).st_mode))

    monkeypatch.setattr(os, "fsync", fsync)
    return waited


async def copy_a_store(tmp_path: Path) -> None:
    """A copy of a store in a file, which is whole when it is there."""
    async with open_system() as system:
        store = SqliteStore(tmp_path / "chat.db")
        router = start_router(system, Quiet, durable=store)
        await router.accept("k", "x")
        await router.backup(tmp_path / "copy.db")


class Quiet(Session[str, str]):
    """Does nothing."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Do it."""


async def write_tokens(tmp_path: Path) -> None:
    """A file of tokens, put in order when it is opened."""
    FileTokens(tmp_path / "tokens").load()
    await trio.lowlevel.checkpoint()


WRITES = pytest.mark.parametrize("write", [write_tokens, copy_a_store])


@WRITES
async def test_what_is_to_last_is_on_the_disk_and_its_name_too(
    write: Callable[[Path], Awaitable[None]], tmp_path: Path, plainly: list[bool]
) -> None:
    """The file first, then the folder in which it has got its name."""
    await write(tmp_path)

    assert plainly == [False, True]


@WRITES
async def test_on_macos_it_is_waited_for_the_disk_itself(
    write: Callable[[Path], Awaitable[None]],
    tmp_path: Path,
    plainly: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As SQLite does there; fsync alone would wait for less."""
    mac = Mac()
    monkeypatch.setattr(disk, "fcntl", mac)
    monkeypatch.setattr(disk, "_WHOLE", 51)

    await write(tmp_path)

    assert (mac.waited, plainly) == ([(False, 51), (True, 51)], [])


def test_a_file_system_that_does_not_know_it_is_waited_for_as_ever(
    tmp_path: Path, plainly: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network's, say."""
    monkeypatch.setattr(disk, "fcntl", Mac(OSError(errno.ENOTSUP, "not here")))
    monkeypatch.setattr(disk, "_WHOLE", 51)

    disk.wait_for_path(tmp_path)

    assert plainly == [True]
