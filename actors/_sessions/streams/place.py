"""`Place`: where a reader is in a log of chunks, and how it goes on from there.

It is *attached* while the log waits for it.  One that was let go, or whose answer has
begun anew, comes back when it reads: then it is told what is missing, once.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import trio
from trio.lowlevel import enable_ki_protection

from actors._sessions.errors import StreamGapError, StreamRestartedError

from .writers import pass_by

C = TypeVar("C")


class Place(Generic[C]):
    """Where a reader is in a log.  Made by `ChunkLog.open`."""

    __slots__ = (
        "_attempt",
        "_base",
        "_calls",
        "_left",
        "_reading",
        "at",
        "log",
        "quick",
    )

    def __init__(self, log: Any, at: int) -> None:  # a ChunkLog, which stands above
        self.log = log
        self.at = at
        """Number of the latest chunk that it has got, or is not to get."""
        self.quick = True
        """Whether what is there may be taken without a thought."""
        self._attempt = log.attempt
        self._base = log.base
        self._left = False
        self._reading = False
        self._calls = 0

    @property
    def number(self) -> int:
        """Number of the latest chunk that the reader has got; 0: none."""
        return self.at

    @enable_ki_protection
    def take(self) -> C:
        """Take the next chunk, which is there.

        Raises:
            IndexError: it is not.
        """
        log = self.log
        chunk: C = log.queue[self.at - log.dropped]
        self.at += 1
        if log.writers:
            log.make_room()
        return chunk

    @enable_ki_protection
    async def get(self) -> C:
        """Take the next chunk, waiting for one.

        Raises:
            trio.EndOfChannel: the stream was closed, and nothing is left.
            trio.ClosedResourceError: `detach` was called, before or meanwhile.
            trio.BusyResourceError: somebody else reads here.
            StreamGapError, StreamRestartedError: something is missing.  Told once.
        """
        if self._reading:
            msg = "a stream has one task at a time that reads"
            raise trio.BusyResourceError(msg)
        self._reading = True
        try:
            self._calls += 1
            await pass_by(self._calls)
            log = self.log
            while True:
                if self._left:
                    raise trio.ClosedResourceError
                if log.is_cut:
                    raise trio.EndOfChannel
                self._come_back()
                if self.at < log.last:
                    return self.take()
                if log.closed:
                    raise trio.EndOfChannel
                await log.sleep()
        finally:
            self._reading = False

    async def wait_begun(self) -> None:
        """Wait until the turn has begun.  A checkpoint."""
        await self.log.wait_begun()

    def cut(self) -> None:
        """Nothing of this answer reaches anybody any more."""
        self.log.cut()

    def detach(self) -> None:
        """The reader has left.  Idempotent."""
        self._left = True
        self.quick = False
        self.log.leave(self)
        self.log.wake_reader()

    def _come_back(self) -> None:
        """Be attached; say what is missing, once."""
        log = self.log
        if self in log.places:
            return
        self.quick = True
        try:
            self._catch_up()
        finally:
            log.attach(self)

    def _catch_up(self) -> None:
        """Go to where there is something to read; say what is missing."""
        log = self.log
        if self._attempt != log.attempt:
            nothing_read = self.at == self._base
            self._attempt = log.attempt
            self.at = self._base = log.base
            if not nothing_read:
                raise StreamRestartedError(log.attempt, log.base + 1)
        after = self.at
        if after < log.dropped:
            self.at = log.dropped
            raise StreamGapError(after, log.dropped + 1, log.last)
