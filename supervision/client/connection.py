"""HTTP over a Unix socket, and events that come over it.

It does not know what is asked.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

HAS_SOCKETS: Final = hasattr(socket, "AF_UNIX")
"""Whether this system has Unix sockets; Windows has none."""
NO_SOCKETS: Final = (
    "this system has no Unix sockets, over which a service is asked: run it, and this "
    "command, in WSL or in a container"
)


class EventLines:
    """Events as they come; an iterator.

    Args:
        events: them.
        response: where they come from.
    """

    def __init__(
        self, events: Iterator[dict[str, Any]], response: http.client.HTTPResponse
    ) -> None:
        self._events = events
        self._descriptor = response.fileno()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return self._events

    def cut(self) -> None:
        """End it, from any thread: who waits for an event finds that there is none."""
        # another object for the same connection: closing it closes nothing else
        again = socket.socket(fileno=os.dup(self._descriptor))
        with again, contextlib.suppress(OSError):  # it has ended already
            again.shutdown(socket.SHUT_RDWR)


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect, if that is not done."""
        if self.sock is not None:
            return
        if not HAS_SOCKETS:  # pragma: no cover - on Windows
            raise OSError(errno.EAFNOSUPPORT, NO_SOCKETS)
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(self.timeout)
            connected.connect(str(self._path))
        except BaseException:
            connected.close()
            raise
        self.sock = connected
