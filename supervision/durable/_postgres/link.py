"""A connection that is made when it is needed, and again when it is broken.

It blocks: each lives in a thread of its own.  What a failure means is said here: is it
worth another try, or is something wrong that no try mends?
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import Any, Final

import psycopg

from actors.hosting import Whole
from supervision.durable._words.errors import StoreAwayError, StoreError

from .rows.message import Rows
from .target import Target

# classes of SQLSTATE: as if it had not been tried.  Connection, transaction rolled
# back, no resources, not just now, operator, system; 25: a server that only reads
_AWAY: Final = ("08", "25", "40", "53", "55", "57", "58")
# what a record has that the server does not take: a value, or too much of it
_REFUSED: Final = ("22", "23", "54")
_READS_ONLY: Final = "25006"


class RefusedByServerError(Whole, Exception):
    """The server does not take something in this message; nothing of it is done."""


class Link:
    """A connection to a server.

    Args:
        target: where it is.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = threading.Lock()  # of what `cut` looks at
        self._cut = False

    def connected(self) -> psycopg.Connection[Any]:
        """Give the connection; it is made if there is none.

        Raises:
            StoreAwayError: it cannot be, just now.
        """
        connection = self._connection
        if connection is not None and not connection.closed:
            return connection
        self.close()
        try:
            connection = self._target.connect()
        except (psycopg.Error, OSError) as error:
            raise self._away(error) from self._cause(error)
        with self._lock:
            self._connection = connection
            if self._cut:
                self._shut()
        return connection

    def carry(self, message: bytes) -> list[Rows]:
        """Have a message carried out; the rows that each statement has found.

        Raises:
            RefusedByServerError: a part of it is not taken; nothing of it is done.
            StoreAwayError: not now; nothing of it is done, or nobody knows.
            StoreError: it cannot be done.
        """
        connection = self.connected()
        found: list[Rows] = []
        try:
            with connection.cursor() as cursor:
                cursor.execute(message)
                more: bool | None = True
                while more:
                    has_rows = cursor.description is not None
                    found.append(cursor.fetchall() if has_rows else [])
                    more = cursor.nextset()
        except (psycopg.Error, OSError) as error:
            raise self._meaning(error, connection) from self._cause(error)
        return found

    def cut(self) -> None:
        """Have whoever waits for the server hear that it is gone; from any thread.

        And so has everybody from now on.
        """
        with self._lock:
            self._cut = True
            self._shut()

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                connection.close()

    def _shut(self) -> None:
        """Shut the way both ways; the descriptor stays its owner's."""
        connection = self._connection
        if connection is None or connection.closed:
            return
        with contextlib.suppress(psycopg.Error, OSError):
            descriptor = os.dup(connection.fileno())
            with socket.socket(fileno=descriptor) as way:
                way.shutdown(socket.SHUT_RDWR)

    def _meaning(
        self, error: psycopg.Error | OSError, connection: psycopg.Connection[Any]
    ) -> Exception:
        """Say what a failure means."""
        state = error.sqlstate if isinstance(error, psycopg.Error) else None
        if connection.closed or state is None:
            self.close()
            return self._away(error)
        if state == _READS_ONLY:
            self.close()  # it was another server's place
        if state[:2] in _AWAY:
            return self._away(error)
        words = self._target.said(error)
        if state[:2] in _REFUSED:
            return RefusedByServerError(words)
        return StoreError(f"PostgreSQL has failed with {state}: {words}")

    def _away(self, error: psycopg.Error | OSError) -> StoreAwayError:
        return StoreAwayError(self._target.said(error))

    def _cause(self, error: psycopg.Error | OSError) -> Exception:
        """Make one that says the same, and has neither frames nor a connection."""
        return type(error)(self._target.said(error))
