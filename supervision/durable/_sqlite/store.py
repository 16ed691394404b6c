"""`SqliteStore`: a store in a file, as a value that describes it.

The file is opened by the router that has it.  apsw is imported when one is made.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from supervision.durable._keeping.making import make_keeping
from supervision.durable._sealing.sealing import sealing_of
from supervision.durable._words.encoding import Encoding
from supervision.durable._words.opened import Claimed
from supervision.durable._words.policy import StorePolicy, policy_of


class SqliteStore:
    """A store in a file: what is accepted survives the process, however it ends.

    One file is for one router, of this process or of another one: a file beside it,
    with `.lock` behind its name, says whose it is.  The file has mode 0600 and is in
    SQLite's WAL mode: while it is open there are two more beside it, `-wal` and `-shm`.
    Put it on a disk of this machine, not on one of another.  It may be read by other
    processes meanwhile; they must not write.  Never open it in this process with
    Python's `sqlite3`: that is another library of SQLite, and when it closes the file
    the locks of this one are gone, as POSIX has it.

    Args:
        path: the file; made, with mode 0600, if there is none.
        synchronous: "full": what is stored survives a power cut; "normal": a power cut
            may take the last commits, consistently; nothing else does.
        types: attrs classes, dataclasses and enums that are known by name in values
            whose type is not declared: by `Session[P, C, S]`, say.
        state: the type of states, in place of what the session class says.
        upcasters: `{n: fn}`: builtin values of a state of version n to those of n + 1;
            the class says which it has (`state_version`).
        entry_upcasters: the same for entries of `Turn.history` (`entry_version`).
        seal: an object with `seal(data, context)` and `open(data, context)`, both to
            bytes, for all bodies; keys, ids and times are not sealed.
        policy: how much and how long.

    Raises:
        ImportError: apsw is not installed: `pip install 'trio-actors[durable]'`.
        TypeError, ValueError: an argument that is not what it should be.

    Example:
        >>> start_router(system, Chat, durable=SqliteStore("chat.db"))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["full", "normal"] = "full",
        types: Sequence[type] = (),
        state: Any = None,
        upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        entry_upcasters: Mapping[int, Callable[[Any], Any]] | None = None,
        seal: Any = None,
        policy: StorePolicy | None = None,
    ) -> None:
        try:
            from .database import Database  # noqa: PLC0415 - only who makes one needs it
            from .opening import SqliteClaim  # noqa: PLC0415
            from .reader import Reader  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if error.name != "apsw":
                raise
            text = (
                "SqliteStore needs apsw, which is not installed: "
                "pip install 'trio-actors[durable]'"
            )
            raise ImportError(text, name=error.name) from error
        if synchronous not in {"full", "normal"}:
            msg = f'synchronous must be "full" or "normal", got {synchronous!r}'
            raise ValueError(msg)
        if os.fspath(path) == ":memory:":
            msg = "a SqliteStore is in a file, got ':memory:': take a MemoryStore"
            raise ValueError(msg)
        self.path = Path(path).resolve()
        """The file."""
        self.synchronous: Literal["full", "normal"] = synchronous
        """What a commit waits for."""
        self.policy = policy_of(policy)
        """How much and how long."""
        self.encoding = Encoding(types, state, upcasters, entry_upcasters, seal)
        """How values become bytes."""
        self.clock = None
        self.sharing = None
        self._claim = SqliteClaim
        self._open = Database
        self._read = Reader

    def __repr__(self) -> str:
        return f"SqliteStore({str(self.path)!r})"

    # Any: what a router has of it
    def keep(self, make: type[Any], crash: Callable[[Exception], None]) -> Any:
        """See `Durable`; a router calls it."""
        return make_keeping(self, make, crash)

    def claim(self) -> Claimed:
        """Make it this router's.

        Raises:
            StoreInUseError: it is another's.
            StoreAwayError: its lock file cannot be opened.
        """
        return self._claim(
            self.path,
            lambda number: self._open(
                self.path,
                number,
                synchronous=self.synchronous,
                policy=self.policy,
                sealing=sealing_of(self.encoding, self.policy),
            ),
        )

    # Any: only who looks into one knows what it is
    def look_into(self, path: str | os.PathLike[str]) -> Any:
        """Open this file, or a copy of it, to read what is there and change nothing.

        `actors check --store` does; not in the process of a router that has it.

        Raises:
            StoreError: it is not there, is no store, or one of another release.
        """
        where = Path(path).resolve()
        return self._read(where, self.policy, sealing_of(self.encoding, self.policy))
