"""`Reader`: a file that is read, and nothing else.

No lock, no opening of its own, no table brought up: not a byte of it is changed.  A
router may have it meanwhile, in another process; what is asked is asked in transactions
of its own, so the log is not kept from being begun anew for long.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import apsw

from supervision.durable._sealing.sealing import Sealing, limits_behind
from supervision.durable._words.errors import StoreError, StoreTooNewError
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Answer, Record

from .carrying import Carrying
from .database import OPENS_WITHIN, meaning_of
from .schema import SCHEMA, version_of
from .sql import Connection


class Reader:
    """A store's file, or a copy of it, open for reading; not in the router's process.

    Args:
        path: of the file.
        policy: of the store.
        sealing: opens bodies; None: they are as they are.

    Raises:
        StoreError: it is not there, is no store, or one of another release.
    """

    def __init__(
        self, path: Path, policy: StorePolicy, sealing: Sealing | None
    ) -> None:
        self._path = path
        self._sealing = sealing
        self._limits = limits_behind(sealing, policy)
        try:
            self._connection = _open(path)
        except apsw.Error as error:
            raise meaning_of(error, path) from error
        try:
            self._look()
        except BaseException:
            self._connection.close()
            raise

    def _look(self) -> None:
        try:
            found = version_of(self._connection, str(self._path))
        except apsw.Error as error:
            raise meaning_of(error, self._path) from error
        if found > SCHEMA.version:
            raise StoreTooNewError(str(self._path), found, SCHEMA.version)
        if found < SCHEMA.version:
            msg = f"{self._path} is empty, or of an older release: it is not read"
            raise StoreError(msg)

    def ask(self, record: Record) -> Any:  # Any: the answer to this record
        """Ask what changes nothing.

        Raises:
            StoreError: it cannot be read.
        """
        if self._sealing is not None:
            return self._sealing.carry([record], self._carry)[0]
        return self._carry([record])[0]

    def _carry(self, batch: Any) -> list[Answer]:
        connection = self._connection
        try:
            with connection:  # as of one instant
                return Carrying(connection, batch).carry(self._limits)
        except apsw.Error as error:
            raise meaning_of(error, self._path) from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _open(path: Path) -> Connection:
    made: Any = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection: Connection = made  # Any: apsw's own words, see `sql`
    connection.set_busy_timeout(OPENS_WITHIN)
    return connection
