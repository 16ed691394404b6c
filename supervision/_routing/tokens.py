"""What sessions have bound under their keys: in memory, or in a file.

A token is what a session needs to be resumed (`Session.bind`): a JSON value, small.  It
is saved the moment it is bound, so that a killed process has lost none.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, Protocol

from supervision._trees.errors import SupervisionError

_SLACK: Final = 1000  # superseded lines that a file may hold whatever its size


class TokensFileError(SupervisionError, ValueError):
    """A file of tokens holds something else: not ours, or damaged.

    Nothing was changed.  Repair the line or move the file away; sessions then start
    without their tokens.
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


class Tokens(Protocol):
    """Where a router keeps the tokens of its sessions.

    Both methods are called in Trio's thread and not awaited: be quick.
    """

    def load(self) -> dict[str, object]:
        """Return `{key: token}` of all that is kept; when the router starts."""
        ...

    def save(self, key: str, token: object) -> None:
        """Keep a token, in place of the one before; None: forget it.

        Raises:
            TypeError: it is not a JSON value.
        """
        ...


class MemoryTokens:
    """Tokens that outlive sessions and routers, but not the process."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}  # {key: token as JSON}

    def load(self) -> dict[str, object]:
        """Return `{key: token}` of all that is kept."""
        return {key: json.loads(text) for key, text in self._texts.items()}

    def save(self, key: str, token: object) -> None:
        """Keep a token; None: forget it.  Raises TypeError: not a JSON value."""
        _keep(self._texts, key, token, to_json(token))


class FileTokens:
    """Tokens in a file: they outlive the process, however it ends.

    Each `save` adds one line of JSON and hands it to the operating system before it
    returns: a killed process has lost nothing, a power cut may take the last seconds.
    What is superseded is thrown away by `load`, and when there is more of it than of
    the rest; the file is then replaced in one step.

    One file is for one router.  No file is held open.

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

    def load(self) -> dict[str, object]:
        """Read all tokens, and rewrite the file with one line for each.

        A last line that was cut off when the process was killed does not count: its
        `save` has not returned.

        Raises:
            TokensFileError: the file holds something else.
            OSError: it cannot be read or written.
        """
        self._texts = self._read()
        self._compact()
        return {key: json.loads(text) for key, text in self._texts.items()}

    def save(self, key: str, token: object) -> None:
        """Keep a token; None: forget it.

        Raises:
            TypeError: it is not a JSON value.
            OSError: it cannot be written.
        """
        text = to_json(token)
        if not self._whole:  # never read, or the last line may be cut off
            self._texts = self._read()
            self._compact()
        if token is None and key not in self._texts:
            return
        self._whole = False
        with self.path.open("ab") as file:
            file.write(_line(key, text))
        self._whole = True
        self._lines += 1
        _keep(self._texts, key, token, text)
        if self._lines > 2 * len(self._texts) + _SLACK:
            self._compact()

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
            _keep(texts, key, token, to_json(token))
        return texts

    def _compact(self) -> None:
        """Replace the file by one without what is superseded."""
        new = self.path.with_name(self.path.name + ".new")
        with new.open("wb") as file:
            file.writelines(_line(key, text) for key, text in self._texts.items())
            file.flush()
            os.fsync(file.fileno())
        if self.path.exists():
            new.chmod(self.path.stat().st_mode & 0o777)
        new.replace(self.path)
        self._lines = len(self._texts)
        self._whole = True


def to_json(token: object) -> str:
    """Write a token as JSON.

    Raises:
        TypeError: it is not a JSON value: it would not come back as it is.
    """
    try:
        text = json.dumps(token, allow_nan=False)
        same = bool(json.loads(text) == token)
    except (TypeError, ValueError, RecursionError) as error:
        msg = f"a token must be a JSON value, got {token!r:.100}: {error}"
        raise TypeError(msg) from error
    if not same:
        msg = (
            f"a token must be a JSON value, got {token!r:.100}, which would come back "
            f"as {text:.100}: use lists, and dicts with keys of type str"
        )
        raise TypeError(msg)
    return text


def _keep(texts: dict[str, str], key: str, token: object, text: str) -> None:
    texts.pop(key, None)
    if token is not None:
        texts[key] = text


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


class TokenBook:
    """`{key: token}`, as the store has it.

    Args:
        store: loaded once, and told of each change.
    """

    __slots__ = ("_store", "_tokens")

    def __init__(self, store: Tokens) -> None:
        self._store = store
        self._tokens = store.load()

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self._tokens.get(key)

    def keep(self, key: str, token: object) -> bool:
        """Keep a token; None forgets it.  False: there was nothing to forget.

        Raises:
            TypeError: the store does not take it; nothing was changed.
        """
        if token is None and key not in self._tokens:
            return False
        self._store.save(key, token)
        if token is None:
            del self._tokens[key]
        else:
            self._tokens[key] = token
        return True
