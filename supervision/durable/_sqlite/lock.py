"""Whose file a store is, and which opening of it: a lock file beside it.

The lock is the kernel's, so a process that was killed has none, and one that is stopped
still has it.  In the file is a line of JSON, `{"pid": 4711, "opened": 3}`: who has it,
or had it last.  The database itself is not locked by this: closing any descriptor of it
would drop the locks that SQLite has.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Final

from supervision.durable._words.errors import StoreAwayError, StoreInUseError

try:
    import fcntl
except ImportError:  # pragma: no cover - not there on Windows
    fcntl = None  # type: ignore[assignment]

_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
_MOST: Final = 1000  # bytes; a line has less
_AS_IT_IS: Final = getattr(os, "O_BINARY", 0)  # Windows would change the line's end


class StoreLock:
    """The lock of a store, held from the call on.

    On Windows, and where the file system has no locks, nothing is locked.

    Args:
        path: the store.
        opened_of: says which opening of a store was the latest, for one that came
            without its lock file: a copy.

    Raises:
        StoreInUseError: another has it.
        StoreAwayError: the lock file cannot be opened or written, or the store is a
            folder.
    """

    def __init__(
        self, path: Path, opened_of: Callable[[Path], int] = lambda _: 0
    ) -> None:
        beside = path.with_name(path.name + ".lock")
        if path.is_dir():  # SQLite would say no more than that it cannot open it
            msg = f"{path} is a folder: name a file in it"
            raise StoreAwayError(msg)
        self._file: int | None = None
        file: int | None = None
        try:
            file = os.open(beside, os.O_RDWR | os.O_CREAT | _AS_IT_IS, 0o600)
            _hold(file, path)
            self._file = file
            latest = _read(file)[1] or opened_of(path)
            self.number = latest + 1
            """Which opening it is, by what the file says, or the store."""
            self.say(self.number)
        except OSError as error:
            _close(file)
            self._file = None
            why = error.strerror
            if isinstance(error, FileNotFoundError):
                why = f"the folder {path.parent} is not there, make it"
            msg = f"{beside} cannot be had: {why}"
            raise StoreAwayError(msg) from error
        except StoreInUseError:
            _close(file)
            raise
        _holders.add(self)

    def say(self, opened: int) -> None:
        """Write down who has it, and which opening it is.  Raises OSError."""
        if self._file is not None:
            line = json.dumps({"pid": os.getpid(), "opened": opened}).encode() + b"\n"
            # in this order: whoever reads meanwhile reads a whole first line
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, line)
            os.ftruncate(self._file, len(line))

    def release(self) -> None:
        """Let go of it.  Idempotent."""
        if self._file is not None and fcntl is not None:
            # whoever has a copy of the descriptor, a child that was just forked
            with contextlib.suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)
        self.forget()

    def forget(self) -> None:
        """Close the descriptor and leave the lock as it is: it is the parent's."""
        file, self._file = self._file, None
        _close(file)

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self.release()


_holders: weakref.WeakSet[StoreLock] = weakref.WeakSet()


def _forked() -> None:
    """Let go of the copies of locks in a child: they are the parent's."""
    for each in tuple(_holders):
        each.forget()


if fcntl is not None:
    os.register_at_fork(after_in_child=_forked)


def _hold(file: int, path: Path) -> None:
    if fcntl is None:  # pragma: no cover - not there on Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreInUseError(str(path), _read(file)[0]) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def _read(file: int) -> tuple[int | None, int]:
    """Read who had it last, and which opening that was; (None, 0): it is not said."""
    os.lseek(file, 0, os.SEEK_SET)
    try:
        entry = json.loads(os.read(file, _MOST).partition(b"\n")[0])
    except ValueError:
        return None, 0
    match entry:
        case {"pid": int(pid), "opened": int(opened)}:
            return pid, opened
        case _:
            return None, 0


def _close(file: int | None) -> None:
    if file is not None:
        os.close(file)
