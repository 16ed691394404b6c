"""What of apsw is used, as types, and the one place where a file is opened.

What apsw ships says less to a type checker than this, on the oldest Python that we
support.  Its errors and constants are used as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias

import apsw

Value: TypeAlias = int | float | str | bytes | None
"""What is put into a column, and what comes out."""


class Cursor(Protocol):
    """Carries out statements, one after the other."""

    def execute(self, statements: str, bindings: Sequence[Value] | None = None) -> Self:
        """Carry out statements."""
        ...

    def executemany(self, statements: str, rows: Iterable[Sequence[Value]]) -> Self:
        """Carry one out for each row."""
        ...

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Read one row after the other."""
        ...

    def close(self) -> None:
        """Let go of what has not been read."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Give all rows; Any: of the columns that the statement names."""
        ...


class Backup(Protocol):
    """A copy that is being made."""

    done: bool

    def step(self, pages: int) -> bool:
        """Copy some pages."""
        ...

    def finish(self) -> None:
        """End it."""

    def close(self, *, force: bool) -> None:
        """Give it up."""


class Connection(Protocol):
    """An open file."""

    in_transaction: bool

    def __enter__(self) -> Self:
        """Begin a transaction."""
        ...

    def __exit__(self, *error: object) -> object:
        """End it; with an error nothing of it is done."""

    def execute(
        self, statements: str, bindings: Sequence[Value] | None = None
    ) -> Cursor:
        """Carry out statements, with a cursor of their own."""
        ...

    def cursor(self) -> Cursor:
        """Make a cursor."""
        ...

    def changes(self) -> int:
        """Count the rows that the last statement changed."""
        ...

    def total_changes(self) -> int:
        """Count those that all have."""
        ...

    def pragma(self, name: str, value: Value = None) -> Any:  # Any: each has its own
        """Ask for a setting, or set it."""

    def config(self, setting: int, value: int) -> object:
        """Set what is no pragma."""

    def set_busy_timeout(self, milliseconds: int) -> None:
        """Say how long a statement waits for what another process has locked."""

    def wal_autocheckpoint(self, pages: int) -> None:
        """Say when the log is brought into the file; 0: never by itself."""

    def wal_checkpoint(self, *, mode: int) -> tuple[int, int]:
        """Bring it in; pages of the log, and those that are in the file."""
        ...

    def set_wal_hook(self, hook: Callable[[object, str, int], int]) -> None:
        """Call this after each commit, with the pages of the log."""

    def backup(self, name: str, source: Connection, its_name: str) -> Backup:
        """Begin to make a copy of another one in this one."""
        ...

    def close(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - apsw's
        """Close it."""


def connect(path: Path) -> Connection:
    """Open a file that is there.  Raises apsw.Error."""
    made: Any = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection: Connection = made  # Any: apsw's own words, see above
    return connection
