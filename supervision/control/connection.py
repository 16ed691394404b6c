"""`Connection`: one accepted connection, which no client can hold up.

Hypercorn sends what it has to send behind a shield, for as long as it takes, and there
are requests after which it waits for ever.  Here a client that takes nothing for a
while has lost its connection; so has one that is closed, or of which nothing is being
answered, whatever still waits for it; and everybody when the server is cancelled.

It is the stream that hypercorn's `TCPServer` reads and writes, and knows nothing of
what goes over it.
"""

from __future__ import annotations

import math
import socket
import struct
from typing import Final

import trio

PATIENCE: Final = 60.0
"""Seconds in which a client must take the next piece: a person who reads page by page
may be one."""
PIECE: Final = 64 * 1024
"""Bytes of a piece."""
QUIET: Final = 10.0
"""Seconds without a request that is being answered.  Hypercorn's own limit is shorter,
where it counts at all."""


class Connection:
    """A socket's stream that can be cut at any moment.

    `with` it, a request is being answered.

    Args:
        stream: what was accepted.
    """

    def __init__(self, stream: trio.SocketStream) -> None:
        self.socket = stream.socket
        """For who asks for its address."""
        self.scope = trio.CancelScope()
        """Whoever serves it runs in here."""
        self._stream = stream
        self._sending: trio.CancelScope | None = None
        self._is_cut = False
        self._answering = 0
        self.scope.deadline = trio.current_time() + QUIET

    @property
    def peer(self) -> tuple[int, int] | None:
        """Who is at the other end: ids of the process and of its user.

        None: the kernel does not say, or it is no Unix socket.
        """
        option = getattr(socket, "SO_PEERCRED", None)
        if option is None or self.socket.family != socket.AF_UNIX:
            return None
        packed = self.socket.getsockopt(
            socket.SOL_SOCKET, option, struct.calcsize("3i")
        )
        pid, uid, _ = struct.unpack("3i", packed)
        return int(pid), int(uid)

    def __enter__(self) -> None:
        """A request of it is being answered."""
        self._answering += 1
        self.scope.deadline = math.inf

    def __exit__(self, *_: object) -> None:
        self._answering -= 1
        if not self._answering:
            self.scope.deadline = trio.current_time() + QUIET

    def cut(self) -> None:
        """End it now, whatever is going on; idempotent.  Not a checkpoint."""
        self._is_cut = True
        self.scope.cancel()
        if self._sending is not None:
            self._sending.cancel()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """As of a `trio.SocketStream`."""
        return await self._stream.receive_some(max_bytes)

    async def send_all(self, data: bytes) -> None:
        """Send it, as long as the client takes some.

        Raises:
            trio.BrokenResourceError: the client does not, or the connection is cut.
        """
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            if self._is_cut or not await self._send(view[start : start + PIECE]):
                # the client is gone, or as good as gone: nobody waits for it any more
                self.cut()
                raise trio.BrokenResourceError

    async def _send(self, piece: memoryview) -> bool:
        """Send a piece; False: the client does not take it."""
        with trio.move_on_after(PATIENCE) as self._sending:
            try:
                await self._stream.send_all(piece)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return False
        taken = not self._sending.cancelled_caught
        self._sending = None
        return taken

    async def send_eof(self) -> None:
        """Nothing: it is closed right afterwards, and somebody may be sending."""

    async def aclose(self) -> None:
        """Close it, and end what waits for it; idempotent."""
        self.cut()
        await trio.aclose_forcefully(self._stream)
