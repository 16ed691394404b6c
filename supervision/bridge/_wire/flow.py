"""`Flow`: the chunks of one answer on their way to a reader in another thread.

The writer asks before it reads on (`wanted`), so a turn runs ahead of its reader by its
own stream's capacity and by `window` chunks here; with a window of 0 it reads one when
the reader waits for one.  In between the reader takes what is there without waking
anybody: Trio's thread hears of it when half of the window is free.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import trio

from actors.hosting import LEFT

from .boxes import Wake

C = TypeVar("C")

NOT_YET: Final = object()
"""There is no chunk: wait."""


class Flow(Generic[C]):
    """A stream from Trio's thread to one reader elsewhere.

    Args:
        window: how many chunks may lie here.
        post: has a plain call made in Trio's thread.
    """

    def __init__(self, window: int, post: Callable[[Wake], object]) -> None:
        self._lock = threading.Lock()
        self._window = window
        self._post = post
        self._chunks: deque[tuple[C | None, int, Exception | None]] = deque()
        self.number = 0
        """Number of the latest chunk that was taken: `TurnStream.number`."""
        self._ended = False
        self._error: BaseException | None = None
        self._reader: Wake | None = None  # waits
        self._writer: trio.Event | None = None  # waits

    # ------------------------------------------------------------ in Trio's thread

    async def wanted(self) -> None:
        """Wait until one more chunk is wanted."""
        with self._lock:
            if len(self._chunks) < self._window or self._is_starving():
                return
            self._writer = room = trio.Event()
        await room.wait()

    def put(self, chunk: C | None, number: int, error: Exception | None = None) -> None:
        """One more chunk, which is wanted; or an error after which others may come."""
        with self._lock:
            if self._ended:  # its reader has left meanwhile
                return
            self._chunks.append((chunk, number, error))
            reader, self._reader = self._reader, None
        if reader is not None:
            reader()

    def end(self, error: BaseException | None) -> None:
        """No chunk comes any more; the first end counts."""
        with self._lock:
            if self._ended:
                return
            self._ended, self._error = True, error
            reader, self._reader = self._reader, None
        if reader is not None:
            reader()

    # -------------------------------------------------------- in the reader's thread

    def take(self) -> C | object:
        """Take a chunk; `NOT_YET`: there is none.

        Raises:
            StopIteration: the answer is complete.
            Exception: it will never be; or one after which reading may go on.
        """
        with self._lock:
            if self._chunks:
                chunk, self.number, error = self._chunks.popleft()
                room = self._room()
            elif not self._ended:
                return NOT_YET
            elif self._error is not None:
                raise self._error
            else:
                raise StopIteration
        if room is not None:
            self._post(room.set)
        if error is not None:
            raise error
        return chunk

    def close(self) -> None:
        """The reader has left its block: it reads nothing any more."""
        with self._lock:
            self._chunks.clear()
            self._ended = True
            self._error = trio.ClosedResourceError(LEFT)
            reader, self._reader = self._reader, None
        if reader is not None:
            reader()

    def add(self, wake: Wake) -> bool:
        """Have `wake` called when there is a chunk, or the end; False: there is.

        Raises:
            trio.BusyResourceError: somebody else waits already.
        """
        with self._lock:
            if self._chunks or self._ended:
                return False
            if self._reader is not None:
                msg = "an answer has one reader"
                raise trio.BusyResourceError(msg)
            self._reader = wake
            room = self._room()
        if room is not None:
            self._post(room.set)
        return True

    def remove(self, wake: Wake) -> None:
        """It is not wanted any more."""
        with self._lock:
            if self._reader is wake:
                self._reader = None

    # --------------------------------------------------------------- under the lock

    def _is_starving(self) -> bool:
        return self._reader is not None and not self._chunks

    def _room(self) -> trio.Event | None:
        """Whom to wake for more: the writer waits, and half of the window is free."""
        if self._writer is None:
            return None
        if self._is_starving() or 2 * len(self._chunks) < self._window:
            room, self._writer = self._writer, None
            return room
        return None
