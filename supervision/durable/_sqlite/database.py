"""The file: transactions, what their failures mean, its log, and copies of it.

All of it is called in the writer's thread, on one connection.  Nothing is ever deleted
or rewritten because it cannot be read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

import apsw

from supervision._routing.tokens.disk import wait_for_path
from supervision.durable._sealing.sealing import Sealing, limits_behind
from supervision.durable._words.errors import (
    StoreAwayError,
    StoreDamagedError,
    StoreError,
)
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Answer, Record

from .carrying import Carrying
from .schema import SCHEMA, Schema, bring_up, next_opening
from .sql import connect

Synchronous: TypeAlias = Literal["full", "normal"]

OPENS_WITHIN: Final = 10_000  # ms that an opening waits for another process's lock
# in the log, from one checkpoint to the next, which waits for the disk three times: 512
# senders have 1.4 waits a batch, with 1000 pages 2.1
PAGES: Final = 4000
_STEP: Final = 256  # pages of a copy between two batches
_BEYOND: Final = 2**20  # what the number of a copy's opening is raised by
_FRAME: Final = 24  # bytes before each page in the log
_ROOM: Final = 64 * 1024  # bytes of what is beside a file that is open
_LOG_BYTES: Final = 64 * 1024 * 1024
_DAMAGED: Final = (apsw.CorruptError, apsw.NotADBError)
# with these it is as if it had not been tried: no space, no disk, no lock
_AWAY: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.NoMemError,
    apsw.InterruptError,
    OSError,
)


class Database:
    """An open file.

    Args:
        path: made, with mode 0600, if there is none.
        number: which opening it is at least.
        synchronous: "full": a commit survives a power cut.
        policy: what is refused.
        schema: the tables as they should be.
        sealing: seals and opens bodies; None: they are as they are.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        number: int,
        *,
        synchronous: Synchronous = "full",
        policy: StorePolicy,
        schema: Schema = SCHEMA,
        sealing: Sealing | None = None,
    ) -> None:
        self.path = path
        """The file."""
        self._policy = policy
        self._sealing = sealing
        self._limits = limits_behind(sealing, policy)
        self._log = 0  # pages, as of the last commit
        self._page = 0  # bytes of one in the log
        self._grows = False
        self.grown = (0, 0)
        """How often the log has come above its limit, and its bytes the last time."""
        self._checkpoint_at = PAGES
        try:
            _make(path)
            self.connection = connect(path)
        except (*_AWAY, *_DAMAGED) as error:
            raise self._meaning(error) from error
        try:
            self.opened = self._prepare(number, synchronous, schema)
            """Which opening it is."""
        except BaseException as error:  # noqa: ASYNC103 - nothing is async here
            self.connection.close()
            if isinstance(error, apsw.Error | OSError):
                raise self._meaning(error) from error  # noqa: ASYNC104
            raise

    def _prepare(self, number: int, synchronous: Synchronous, schema: Schema) -> int:
        connection = self.connection
        # whoever reads a file that was killed brings its log in, and locks it for that
        connection.set_busy_timeout(OPENS_WITHIN)
        # what a child or a failing open closes must not touch the log
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        # else a statement is compiled again for each value that an index might know of,
        # which takes ten times as long as what it does; there are no such statistics
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        # on macOS fsync does not wait for the disk, this does; nothing elsewhere
        connection.pragma("fullfsync", 1)
        connection.pragma("checkpoint_fullfsync", 1)
        bring_up(connection, str(self.path), schema, self._keep)
        connection.wal_autocheckpoint(0)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", synchronous)
        connection.pragma("journal_size_limit", _LOG_BYTES)
        self._page = connection.pragma("page_size") + _FRAME
        connection.set_wal_hook(self._logged)
        opened = next_opening(connection, number)
        connection.set_busy_timeout(0)  # a batch is away and sent again: that is told
        return opened

    def _logged(self, _connection: object, _name: str, pages: int) -> int:
        self._log = pages
        size, grew = pages * self._page, self._grows
        self._grows = size > self._policy.log_bytes
        if self._grows and not grew:
            self.grown = self.grown[0] + 1, size
        return apsw.SQLITE_OK

    # ------------------------------------------------------------------------- batches

    def carry(self, batch: Sequence[Record]) -> list[Answer]:
        """Carry out a batch as one transaction.

        Raises:
            StoreAwayError: not now; nothing of it is done, or nobody knows.
            StoreDamagedError: the file is not whole.
        """
        if self._sealing is not None:
            return self._sealing.carry(batch, self._carry)
        return self._carry(batch)

    def _carry(self, batch: Sequence[Record]) -> list[Answer]:
        connection = self.connection
        try:
            connection.execute("begin immediate")
            answers = Carrying(connection, batch).carry(self._limits)
            connection.execute("commit")
        except BaseException as error:  # noqa: ASYNC103 - nothing is async here
            # SQLite may have rolled back by itself, with a full disk for one
            if connection.in_transaction:
                with contextlib.suppress(apsw.Error):
                    connection.execute("rollback")
            if isinstance(error, apsw.Error):
                raise self._meaning(error) from error  # noqa: ASYNC104
            raise
        return answers

    def checkpoint(self) -> None:
        """Bring the log into the file if it is long; between two batches."""
        if self._log < self._checkpoint_at:
            return
        try:
            log, done = self.connection.wal_checkpoint(
                mode=apsw.SQLITE_CHECKPOINT_PASSIVE
            )
        except apsw.Error:
            log, done = self._log, 0  # what is wrong is said of the next batch
        # whoever reads keeps it from being begun anew: later, not at each batch
        self._checkpoint_at = PAGES if log == done else self._log + PAGES

    def truncate(self) -> bool:
        """Empty the log; False: somebody reads in it."""
        try:
            self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.Error:
            return False
        self._log, self._checkpoint_at = 0, PAGES
        self._grows = False
        return True

    def close(self) -> None:
        """Close it; the log is gone then, if nobody reads in it."""
        self.truncate()
        with contextlib.suppress(apsw.Error):
            self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
        self.connection.close()

    # -------------------------------------------------------------------------- copies

    def _keep(self, version: int) -> None:
        """Keep a copy beside a file that is to be brought up."""
        copy = Copy(self, self.path.with_name(f"{self.path.name}.v{version}"))
        try:
            while not copy.step(_STEP):
                pass
            copy.finish(beyond=0)
            copy.publish()
        finally:
            copy.give_up()

    def meaning(self, error: apsw.Error | OSError) -> Exception:
        """Say what a failure means."""
        return meaning_of(error, self.path)

    def _meaning(self, error: apsw.Error | OSError) -> Exception:
        return meaning_of(error, self.path)


class Copy:
    """A copy that is being made, page by page, by the writer's own connection.

    What is written meanwhile is in it too.  It has another name until it is finished.

    Args:
        database: what is copied.
        path: where to.

    Raises:
        FileExistsError: there is something.
    """

    def __init__(self, database: Database, path: Path) -> None:
        if path.exists():
            why = "a copy replaces nothing"
            raise FileExistsError(errno.EEXIST, why, str(path))
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._part.unlink(missing_ok=True)
        self._made = True
        _make(self._part)
        self._connection = connect(self._part)
        self._connection.pragma("synchronous", "off")  # `publish` waits for the disk
        self._backup = self._connection.backup("main", database.connection, "main")

    def step(self, pages: int = _STEP) -> bool:
        """Copy some pages; whether that was all."""
        with contextlib.suppress(apsw.BusyError, apsw.LockedError):
            self._backup.step(pages)
        return self._backup.done

    def finish(self, *, beyond: int = _BEYOND) -> None:
        """It is whole: give it numbers of openings of its own, and let go of it."""
        self._backup.finish()
        connection = self._connection
        connection.pragma("journal_mode", "delete")  # one file
        if beyond:
            connection.execute(
                "update meta set value = value + ? where name = 'opened'", (beyond,)
            )
        connection.close()

    def publish(self) -> int:
        """Wait until it is on the disk, and give it its name; returns its bytes.

        In any thread: it takes long, and the store is not needed for it.
        """
        wait_for_path(self._part)
        size = self._part.stat().st_size
        self._part.replace(self._path)
        self._made = False
        wait_for_path(self._path.parent)
        return size

    def give_up(self) -> None:
        """Leave nothing of it behind, unless it is finished."""
        if self._made:
            self._made = False
            with contextlib.suppress(apsw.Error):
                self._backup.close(force=True)
            self._connection.close(force=True)
            for end in ("", "-wal", "-shm", "-journal"):
                name = self._part.name + end
                self._part.with_name(name).unlink(missing_ok=True)


def meaning_of(error: apsw.Error | OSError, path: Path) -> Exception:
    """Say what a failure of a file means."""
    why = f"{type(error).__name__.removesuffix('Error')}: {error}"
    if isinstance(error, _DAMAGED):
        return StoreDamagedError(str(path), why)
    if isinstance(error, apsw.IOError) and _is_full(path.parent):
        why += ": the disk is full"
    if isinstance(error, _AWAY):
        return StoreAwayError(why)
    return StoreError(why)


def _make(path: Path) -> None:
    """Make an empty file that only its owner can read, if there is none.

    One that is there is not opened: closing it would drop the locks of SQLite.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _is_full(folder: Path) -> bool:
    """Whether a disk has no room for what is made beside a store at its opening."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free < _ROOM
    return False
