"""A store in a file that is one router's: claimed, opened, closed.

In Trio's thread; what touches the file is handed to the writer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import apsw
import trio

from supervision.durable._threads.thread import StoreThread
from supervision.durable._words.errors import StoreAwayError, StoreError
from supervision.durable._words.opened import Measures, Told
from supervision.durable._words.records import Answer, Record

from .database import Copy, Database
from .lock import StoreLock
from .schema import opened_of

Make: TypeAlias = Callable[[int], Database]
"""Opens the file; the number of the opening is at least this."""


class SqliteClaim:
    """A store in a file that is one router's, and is not open yet.

    Args:
        path: of the store.
        make: opens the file, in the writer's thread.

    Raises:
        StoreInUseError, StoreAwayError: it cannot be had.
    """

    def __init__(self, path: Path, make: Make) -> None:
        self.path = str(path)
        """Of the store."""
        self._name = path.name
        self._make = make
        self._lock: StoreLock | None = StoreLock(path, opened_of)
        self.number = self._lock.number
        """Which opening it will be, at least."""

    async def open(self) -> SqliteOpening:
        """Open the file; a checkpoint.  Cancelled, or in vain: the lock is free again.

        Raises:
            StoreError: it cannot be opened, or the claim was let go of.
        """
        lock, self._lock = self._lock, None
        if lock is None:
            await trio.lowlevel.checkpoint()
            msg = "the store is not claimed any more"
            raise StoreError(msg)
        writer = StoreThread(f"the writer of {self._name}")
        made: list[Database] = []

        def make() -> Database:
            made.append(self._make(self.number))
            lock.say(made[0].opened)
            return made[0]

        try:
            database = await writer.ask(make)
        except BaseException:
            writer.do_unheard(lambda: made[0].close() if made else None)
            with trio.CancelScope(shield=True):
                await writer.end()
            lock.release()
            raise
        return SqliteOpening(database, writer, lock)

    def release(self) -> None:
        """Let go of it without opening it.  Idempotent."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


class SqliteOpening:
    """A store in a file that is open; `SqliteClaim.open` makes it."""

    steps = 1
    """See `Opened`."""

    def __init__(
        self, database: Database, writer: StoreThread, lock: StoreLock
    ) -> None:
        self.opened = database.opened
        """Which opening it is."""
        self.sharing = None
        self._database = database
        self._writer = writer
        self._lock = lock
        self._is_out = False
        self._closed = False
        # what ends the copy that is being made, and that it has ended
        self._copying: tuple[trio.CancelScope, trio.Event] | None = None
        writer.quiet = database.truncate

    @property
    def grown(self) -> tuple[int, int]:
        """How often its log has come above its limit, and its bytes the last time."""
        return self._database.grown

    def carry(self, batch: Sequence[Record], told: Told) -> None:
        """Have a batch carried out.  One at a time.

        Raises:
            RuntimeError: one is out, or it is closed.
        """
        if self._closed or self._is_out:
            msg = "it is closed" if self._closed else "a batch is out"
            raise RuntimeError(msg)
        self._is_out = True

        def heard(answers: list[Answer] | None, error: Exception | None) -> None:
            self._is_out = False
            if not self._closed:
                told(answers if answers is not None else error or AssertionError())

        database = self._database
        # the answers first: nobody waits for the log
        self._writer.do(lambda: database.carry(batch), heard, database.checkpoint)

    def measures(self) -> Measures:
        """How large the file and its log are, as the disk has them."""
        path = self._database.path
        log = path.with_name(path.name + "-wal")
        return Measures(str(path), _size(path), _size(log))

    async def backup(self, path: Path) -> int:
        """Make a copy while the store is used, between its batches; returns its bytes.

        It is whole, and has everything that was stored when this was called.  Restored,
        its openings are numbered beyond any that the original had.  Cancelled, or in
        vain: nothing is left behind.

        Raises:
            FileExistsError: there is something at this path.
            StoreAwayError: it cannot be written; or the store is closed meanwhile.
            StoreError: another copy is being made.
        """
        if self._closed or self._copying is not None:
            await trio.lowlevel.checkpoint()
            msg = "another copy of this store is being made"
            raise StoreError("the store is closed" if self._closed else msg)
        done = trio.Event()
        size = 0
        with trio.CancelScope() as scope:
            self._copying = scope, done
            try:
                size = await self._copy(path)
            finally:
                self._copying = None
                done.set()
        if scope.cancelled_caught:
            msg = "the store was closed before the copy was whole"
            raise StoreAwayError(msg)
        return size

    async def _copy(self, path: Path) -> int:
        database, writer = self._database, self._writer
        made: list[Copy] = []
        size = 0
        try:
            await writer.ask(lambda: made.append(Copy(database, path)))
            while not await writer.ask(made[0].step):
                pass
            with trio.CancelScope(shield=True):  # it is there, or it is not: which?
                await writer.ask(made[0].finish)
                size = await trio.to_thread.run_sync(made[0].publish)
        except FileExistsError:
            raise
        except (apsw.Error, OSError) as error:
            raise database.meaning(error) from error
        finally:
            with trio.CancelScope(shield=True):
                await writer.ask(lambda: made[0].give_up() if made else None)
        return size

    async def close(self) -> None:
        """Wait for the thread, and let go of the file.  Idempotent; a checkpoint.

        A batch that is out all the same is carried out, and nobody is told.
        """
        if self._closed:
            await trio.lowlevel.checkpoint()
            return
        self._closed = True
        if self._copying is not None:
            scope, done = self._copying
            scope.cancel()
            with trio.CancelScope(shield=True):
                await done.wait()
        self._writer.do_unheard(self._database.close)
        with trio.CancelScope(shield=True):
            await self._writer.end()
        self._lock.release()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
