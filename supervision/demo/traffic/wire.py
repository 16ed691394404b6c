"""A socket between senders and service: the same at both ends."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import trio

from .words import Ask, Told, line_of, word_of

_SENT_WITHIN: Final = 5.0
"""Seconds for what is being sent when this end is cancelled."""


class Wire:
    """Words over a socket.

    What is to be said is a list that a task sends.  It has no bound: there is no more
    of it than there is traffic, and the other end reads all the time.

    Args:
        end: a connected socket, which becomes this object's own.
    """

    def __init__(self, end: socket.socket) -> None:
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(end))
        self._lines: list[bytes] = []
        self._something = trio.Event()

    def say(self, word: Ask | Told) -> None:
        """Put it into the list.  Not a checkpoint."""
        self._lines.append(line_of(word))
        self._something.set()

    async def send_all(self) -> None:
        """Send it, and what comes, until cancelled."""
        while True:
            await self._something.wait()
            await self.flush()

    async def flush(self) -> None:
        """Send what is in the list; when cancelled, for a few seconds more.

        What nobody reads any more is dropped.
        """
        self._something = trio.Event()
        lines, self._lines = self._lines, []
        with (
            trio.move_on_after(_SENT_WITHIN, shield=True),  # never half a line
            contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError),
        ):
            await self._stream.send_all(b"".join(lines))

    async def words(self) -> AsyncIterator[Any]:  # Any: as `word_of`
        """What the other end says, until it has gone."""
        rest = b""
        while data := await self._more():
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield word_of(line)

    async def _more(self) -> bytes:
        """What has come; empty: the other end has gone."""
        try:
            return bytes(await self._stream.receive_some())
        except trio.BrokenResourceError:
            return b""

    async def aclose(self) -> None:
        """Close this end."""
        await self._stream.aclose()
