"""`FileTokens`: they outlive the process, however it ends."""

from __future__ import annotations

import errno
import json
import os
import weakref
from pathlib import Path
from typing import Final

from supervision._trees.errors import SupervisionError

from .disk import wait_for_disk, wait_for_path
from .words import keep, to_json

try:
    import fcntl
except ImportError:  # pragma: no cover - not there on Windows
    fcntl = None  # type: ignore[assignment]

_SLACK: Final = 1000  # superseded lines that a file may hold whatever its size


class TokensFileError(SupervisionError, ValueError):
    """A file of tokens holds something else: not ours, or damaged.

    The act of whoever wrote to it; nothing was changed.  Repair the line or move the
    file away; sessions then start without their tokens.  `__cause__` is what was wrong
    with the line.
    """

    def __init__(self, path: str, line: int, why: str) -> None:
        super().__init__(path, line, why)
        self.path = path
        """The file."""
        self.line = line
        """Number of the line, from 1."""
        self.why = why
        """In words."""

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.why}"


class TokensHeldError(SupervisionError, OSError):
    """A file of tokens is another router's, of this process or of another one.

    The operator's act, who runs both.
    Two that write the same file would lose each other's tokens.  Give each a file of
    its own, or one `FileTokens` to the only router.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path
        """The file."""

    def __str__(self) -> str:
        return (
            f"{self.path} is held by another FileTokens, here or in another process: "
            "one file is for one router"
        )


class FileTokens:
    """Tokens in a file: they outlive the process, however it ends.

    For what is new take a store (`durable=`): it keeps the tokens too, and prompts and
    states with them, and costs no memory for keys without a session.  All that is in
    here is in memory.  `supervision.durable.move_tokens` brings it into a store.

    Each `save` adds one line of JSON and hands it to the operating system before it
    returns: a killed process has lost nothing, a power cut may take the last seconds.
    What is superseded is thrown away by `load`, and when there is more of it than of
    the rest; the file is then replaced in one step.

    One file is for one router: from its first `load` or `save` on this object holds a
    lock (of a file beside it, with `.lock` behind its name), until its router or the
    process has ended, however that is, or until `close`.  Another one, in this process
    or in another, is refused.  On Windows, and where the file
    system has no locks, nothing is locked.

    Args:
        path: the file; made by `load` if there is none.

    Example:
        >>> start_router(system, Chat, tokens=FileTokens("chats.jsonl"))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).resolve()
        """The file."""
        self._texts: dict[str, str] = {}  # {key: token as JSON}
        self._lines = 0  # in the file
        self._whole = False  # the file ends with a whole line, and is as _texts says
        self._lock: int | None = None  # held: by the kernel, until it is closed

    def load(self) -> dict[str, object]:
        """Read all tokens, and rewrite the file with one line for each.

        A last line that was cut off when the process was killed does not count: its
        `save` has not returned.

        Raises:
            TokensFileError: the file holds something else.
            TokensHeldError: it is another router's.
            OSError: it cannot be read or written.
        """
        self._begin()
        return {key: json.loads(text) for key, text in self._texts.items()}

    def save(self, key: str, token: object) -> None:
        """Keep a token; None: forget it.

        Raises:
            TypeError: it is not a JSON value.
            TokensHeldError: the file is another router's.
            OSError: it cannot be written.
        """
        text = to_json(token)
        if not self._whole:  # never read, or the last line may be cut off
            self._begin()
        if token is None and key not in self._texts:
            return
        self._whole = False
        with self.path.open("ab") as file:
            file.write(_line(key, text))
        self._whole = True
        self._lines += 1
        keep(self._texts, key, token, text)
        if self._lines > 2 * len(self._texts) + _SLACK:
            self._compact()

    def _begin(self) -> None:
        """Hold the file, read it, and put it in order."""
        self._hold()
        try:
            self._texts = self._read()
            self._compact()
        except BaseException:
            self.close()  # there is nothing that it could keep
            raise

    def _hold(self) -> None:
        """Hold the lock; it is the kernel's, so a killed process has none."""
        if self._lock is not None or fcntl is None:
            return
        # of its own: the file itself is replaced by another when it is rewritten
        beside = self.path.with_name(self.path.name + ".lock")
        lock = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            if isinstance(error, BlockingIOError):
                raise TokensHeldError(str(self.path)) from None
            if error.errno in _NO_LOCKS:
                return
            raise
        self._lock = lock
        _holders.add(self)

    def close(self) -> None:
        """Let go of the file, for another; `load` and `save` hold it again.

        A router does it at its end.  What was saved is in the file.
        """
        lock, self._lock = self._lock, None
        self._whole = False  # somebody else may write it
        if lock is not None:
            os.close(lock)

    def __del__(self) -> None:
        if getattr(self, "_lock", None) is not None:
            self.close()

    def _read(self) -> dict[str, str]:
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return {}
        texts: dict[str, str] = {}
        for number, line in enumerate(lines, 1):
            is_last = number == len(lines)  # what follows the last line's end
            if is_last and not line:
                break
            try:
                key, token = _parse(line)
            except ValueError as error:
                if is_last:
                    break
                raise TokensFileError(str(self.path), number, str(error)) from error
            keep(texts, key, token, to_json(token))
        return texts

    def _compact(self) -> None:
        """Replace the file by one without what is superseded."""
        new = self.path.with_name(self.path.name + ".new")
        with new.open("wb") as file:
            file.writelines(_line(key, text) for key, text in self._texts.items())
            file.flush()
            wait_for_disk(file.fileno())
        if self.path.exists():
            new.chmod(self.path.stat().st_mode & 0o777)
        new.replace(self.path)
        wait_for_path(self.path.parent)
        self._lines = len(self._texts)
        self._whole = True


_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
_holders: weakref.WeakSet[FileTokens] = weakref.WeakSet()


def _forked() -> None:
    """Let go of the copies of locks in a child: they are the parent's."""
    for each in tuple(_holders):
        each.close()


if fcntl is not None:
    os.register_at_fork(after_in_child=_forked)


def _line(key: str, text: str) -> bytes:
    return f'{{"key": {json.dumps(key)}, "token": {text}}}\n'.encode()


def _parse(line: bytes) -> tuple[str, object]:
    """Read a line.  Raises ValueError: it is not one of ours."""
    entry = json.loads(line)
    match entry:
        case {"key": str(key), "token": token, **rest} if not rest:
            return key, token
        case _:
            msg = f'expected {{"key": ..., "token": ...}}, got {entry!r:.100}'
            raise ValueError(msg)
