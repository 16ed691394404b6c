"""Hints from other nodes, and whether they come at all.

A connection that listens may be dead without a word; and a pooler that lends
connections for a transaction takes the listening and passes nothing on.  So now and
then a word is sent to oneself, by another connection: if it does not come, hints do
not.  Then there is another try, later.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable
from typing import Any, Final

import psycopg

from supervision.durable._postgres.link import Link
from supervision.durable._postgres.rows.message import name
from supervision.durable._words.errors import StoreError

FIRST: Final = 2.0
"""Seconds in which the first word of a connection must have come."""
ROUND: Final = 10.0
"""Seconds from one word to the next."""
PAUSE: Final = 10.0
"""Seconds from a connection that hears nothing to the next one."""


class Listening:
    """A thread that listens.  It begins when it is made.

    Args:
        link: to the server, of its own.
        channel: of hints.
        node: what a hint for this node is.
        send: has a word sent to the channel, by another connection; it does not block.
        heard: called in this thread, when a hint has come.
        hears: called in this thread, with whether hints come, when that changes.
    """

    def __init__(
        self,
        link: Link,
        *,
        channel: str,
        node: str,
        send: Callable[[str], None],
        heard: Callable[[], None],
        hears: Callable[[bool], None],
    ) -> None:
        self._link = link
        self._channel = channel
        self._node = node
        self._send = send
        self._heard = heard
        self._say = hears
        self._hears = False
        self._ends = threading.Event()
        self.pause, self.first, self.round = PAUSE, FIRST, ROUND
        self._thread = threading.Thread(
            target=self._run, name=f"the listener of {node}", daemon=True
        )

    def begin(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def end(self) -> None:
        """Have it end, soon; from any thread."""
        self._ends.set()
        self._link.cut()

    def _run(self) -> None:
        while not self._ends.is_set():
            with contextlib.suppress(StoreError, psycopg.Error, OSError):
                self._listen(self._link.connected())
            self._hear(hears=False)
            self._link.close()
            self._ends.wait(self.pause)
        self._link.close()

    def _listen(self, connection: psycopg.Connection[Any]) -> None:
        """Listen until a word of one's own does not come."""
        connection.execute(f"listen {name(self._channel)}".encode())
        within = self.first
        while not self._ends.is_set():
            # no name of a node begins like this
            word = f"\n{secrets.token_hex(8)}"
            self._send(word)
            came = False
            for each in connection.notifies(timeout=within):
                if each.payload == word:
                    came = True
                    self._hear(hears=True)
                elif each.payload == self._node:
                    self._heard()
            if not came:
                return
            within = self.round

    def _hear(self, *, hears: bool) -> None:
        if hears != self._hears:
            self._hears = hears
            self._say(hears)
