"""`bind_socket`: a listening Unix socket at a path, for as long as its block lasts.

A lock on `<path>.lock` says who may have the path.  The kernel frees it however the
holder ends, so a socket file without a holder is what a killed one has left, and may
go.  Anything else at the path is somebody's, and stays.

This room knows nothing of HTTP, nor of Trio: a socket goes out, ready to accept.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import struct
import sys
import weakref
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from supervision._trees.errors import SupervisionError

try:
    import fcntl
except ImportError:  # pragma: no cover - not there on Windows
    fcntl = None  # type: ignore[assignment]

BACKLOG: Final = 1024
"""Connections that may wait to be accepted; then one more is told to come back."""
LONGEST: Final = 107 if sys.platform == "linux" else 103
"""Bytes that the path of a Unix socket may have."""

_Id = tuple[int, int]  # (device, inode): which file it is, whatever its name


class SocketPathError(SupervisionError, OSError):
    """No control socket can be made at a path; nothing there was changed.

    The operator's act, who chose it.  `why` says what would be right: a shorter path, a
    folder that can be written.  `__cause__` is the system's error, if it is one.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(errno.EINVAL, why, path)
        self.path = path
        """The path."""
        self.why = why
        """In words, with what would be right."""

    def __str__(self) -> str:
        return f"no control socket can be made at {self.path!r}: {self.why}"


class SocketHeldError(SupervisionError, OSError):
    """A process that lives has the control socket already.

    The operator's act, who runs both; nothing was changed.  Stop process `pid`, or
    choose another path.  `__cause__` is the system's error, if the lock was held.
    """

    def __init__(self, path: str, pid: int | None) -> None:
        super().__init__(errno.EADDRINUSE, "held by a process that lives", path)
        self.path = path
        """The path."""
        self.pid = pid
        """Id of that process; None: not known."""

    def __str__(self) -> str:
        held = "is held by a process that lives"
        if self.pid is not None:
            held = f"is held by process {self.pid}"
        return (
            f"the control socket {self.path!r} {held}: stop it, or choose another path"
        )


class BoundSocket:
    """A listening Unix socket; leave its block, or `close` it, to give it up.

    Made by `bind_socket`.  A process that is forked without an exec has no part in it.
    """

    def __init__(self, path: str, lock: int) -> None:
        self.path = path
        """Where it is, as an absolute path."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        """It listens already; who accepts from it may close it."""
        self._file: _Id | None = None
        self._lock = lock
        self._owner = _owner_of(path)

    def close(self) -> None:
        """Close it and remove its file, unless that is another's by now; idempotent."""
        if self._lock < 0:
            return
        # the name goes first, so that nobody connects to what is being closed; and the
        # lock's file while the lock is held: see _locked
        for name, ours in (
            (self.path, self._file),
            (_lock_of(self.path), _id_in(os.fstat(self._lock))),
        ):
            if ours is not None and _id_of(name) == ours:
                with contextlib.suppress(OSError):
                    Path(name).unlink()
        self._let_go()

    def is_lost(self) -> bool:
        """Whether somebody has removed its file, or its lock's; two looks at files."""
        return self._lock >= 0 and (
            self._file is None
            or _id_of(self.path) != self._file
            or self._lock_is_lost()
        )

    def _lock_is_lost(self) -> bool:
        return _id_of(_lock_of(self.path)) != _id_in(os.fstat(self._lock))

    def restore(self) -> bool:
        """Take the path again, if its folder has been emptied; not a checkpoint.

        True: `socket` is a new one, which listens; the one before is nobody's any more
        and is not closed.  False: the file is there, and perhaps the lock has been
        taken anew.

        Raises:
            SocketHeldError: another process has taken it meanwhile.
            SocketPathError: as `bind_socket`; or its folder is another user's now.
        """
        if self._lock < 0:
            return False
        if self._lock_is_lost():
            if _owner_of(self.path) not in {None, self._owner}:
                why = "its folder was removed, and is another user's now"
                raise SocketPathError(self.path, why)
            _make_folder(self.path)
            lock = _locked(self.path)
            os.close(self._lock)
            self._lock = lock
        if self._file is not None and _id_of(self.path) == self._file:
            return False
        self._file = None
        _make_room(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _listen(self)
        except BaseException:
            self.socket.close()
            raise
        return True

    def _let_go(self) -> None:
        """Close it, and leave the files: in a forked child they are the parent's."""
        self.socket.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_all: weakref.WeakSet[BoundSocket] = weakref.WeakSet()


def _forked() -> None:
    for each in list(_all):
        each._let_go()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_forked)


def bind_socket(path: str | os.PathLike[str]) -> BoundSocket:
    """Take a path for a control socket: bind, listen, and keep all others away.

    The file has mode 0600 from its first moment.  A missing parent folder is made, for
    the owner only.  What a killed process has left is replaced.  Not a checkpoint; does
    not wait.

    Args:
        path: at most 107 bytes long when absolute (103 beside Linux).

    Raises:
        SocketHeldError: a process that lives has it.
        SocketPathError: it is too long, its folder cannot be used, or something that is
            no socket is there; nothing is removed.  Or this system has no such sockets:
            Windows.
    """
    full = _checked(os.fspath(path))
    if fcntl is None or not hasattr(socket, "AF_UNIX"):  # pragma: no cover - on Windows
        why = "this system has no Unix sockets; WSL and containers have them"
        raise SocketPathError(full, why)
    _make_folder(full)
    bound = BoundSocket(full, _locked(full))
    try:
        _make_room(full)
        _listen(bound)
    except BaseException:
        bound.close()
        raise
    _all.add(bound)
    return bound


def _checked(path: str) -> str:
    if not path or "\0" in path:
        why = "it is empty" if not path else "it has a null character in it"
        raise SocketPathError(path, why)
    full = os.path.abspath(path)  # noqa: PTH100 - links are followed by nobody here
    length = len(os.fsencode(full))
    if length > LONGEST:
        why = (
            f"it has {length} bytes, and a Unix socket's path at most {LONGEST}: "
            "choose a shorter one"
        )
        raise SocketPathError(full, why)
    return full


def _make_folder(path: str) -> None:
    folder = Path(path).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError as error:
        raise SocketPathError(path, f"{str(folder)!r} is not a folder") from error
    except OSError as error:
        why = f"its folder cannot be made: {_words(error)}"
        raise SocketPathError(path, why) from error


def _lock_of(path: str) -> str:
    return path + ".lock"


def _locked(path: str) -> int:
    """Take the lock, and give its descriptor."""
    assert fcntl is not None  # `bind_socket` has looked
    name = _lock_of(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    while True:
        lock = -1
        try:
            lock = os.open(name, flags, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # a holder that ends removes the file: what we have may be a lock of nothing
            if _id_of(name) == _id_in(os.fstat(lock)):
                os.ftruncate(lock, 0)
                os.write(lock, b"%d\n" % os.getpid())
                return lock
        except BlockingIOError as error:
            pid = _pid_in(lock)
            os.close(lock)
            raise SocketHeldError(path, pid) from error
        except OSError as error:
            if lock >= 0:
                os.close(lock)
            why = f"its lock file {name!r} cannot be used: {_words(error)}"
            raise SocketPathError(path, why) from error
        os.close(lock)


def _pid_in(lock: int) -> int | None:
    text = os.pread(lock, 20, 0).strip()
    return int(text) if text.isdigit() else None


def _make_room(path: str) -> None:
    """Remove a socket file that nobody listens at; we have the lock."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise SocketPathError(path, _words(error)) from error
    if not stat.S_ISSOCK(mode):
        what = "folder" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else ""
        why = f"there is a {what or 'file'} of that name: remove it, or choose another"
        raise SocketPathError(path, why)
    if (held := _listener(path)) is not None:
        raise SocketHeldError(path, held or None)
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        why = f"a socket that nobody serves is there, and cannot go: {_words(error)}"
        raise SocketPathError(path, why) from error


def _listener(path: str) -> int | None:
    """Id of the process that listens at a socket that is not ours.

    0: not known; None: nobody does.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        try:
            probe.connect(path)
        except OSError as error:
            if error.errno in {errno.ECONNREFUSED, errno.ENOENT}:
                return None
            if error.errno in {errno.EACCES, errno.EPERM}:
                why = "another user's socket is there: choose another path"
                raise SocketPathError(path, why) from error
            return 0
        if not hasattr(socket, "SO_PEERCRED"):
            return 0
        size = struct.calcsize("3i")
        packed = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", packed)[0])


def _listen(bound: BoundSocket) -> None:
    bound.socket.settimeout(0)
    # the mask is the whole process's: a file that another thread makes just now is
    # closed to others, too
    before = os.umask(0o177)
    try:
        bound.socket.bind(bound.path)
        bound._file = _id_of(bound.path)
        bound.socket.listen(BACKLOG)
    except OSError as error:
        raise SocketPathError(bound.path, _words(error)) from error
    finally:
        os.umask(before)


def _id_of(path: str) -> _Id | None:
    try:
        return _id_in(os.lstat(path))
    except OSError:
        return None


def _owner_of(path: str) -> int | None:
    """Whose the folder of a path is; None: there is none."""
    try:
        return os.stat(Path(path).parent).st_uid  # noqa: PTH116 - as the others here
    except OSError:
        return None


def _id_in(status: os.stat_result) -> _Id:
    return status.st_dev, status.st_ino


def _words(error: OSError) -> str:
    return error.strerror or str(error)
