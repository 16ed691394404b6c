"""`Place`: where a reader is in a log of chunks, and how it goes on from there.

It is *attached* while the log waits for it.  One that was let go, or whose answer has
begun anew, comes back when it reads: then it is told what is missing, once.

Where the log has a keeper, one that is behind what is in memory reads there, page by
page, until it is not.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Any, Generic, TypeVar

import trio
from trio.lowlevel import checkpoint, checkpoint_if_cancelled, enable_ki_protection

from actors._sessions.errors import StreamGapError, StreamRestartedError

from .writers import LEFT, SCHEDULE_EVERY

C = TypeVar("C")


class Place(Generic[C]):
    """Where a reader is in a log.  Made by `ChunkLog.open`."""

    __slots__ = (
        "_at",
        "_base",
        "_calls",
        "_left",
        "_page",
        "_page_at",
        "_reading",
        "_until",
        "log",
        "ready",
    )

    def __init__(self, log: Any, at: int) -> None:  # a ChunkLog, which stands above
        self.log = log
        self._at = at  # number of the latest chunk that it has got, or that is ready
        self._until = at + SCHEDULE_EVERY  # a number: then the reader lets others run
        self.ready: list[C] = []
        """What is there and may be taken without a thought, the next one last.

        Nothing while a writer waits.
        """
        self._base = log.base
        self._left = False
        self._reading = False
        self._page: deque[C] | None = None  # what has been read from the keeper
        self._page_at = 0  # number of the chunk before the first of it
        self._calls = 0

    @property
    def at(self) -> int:
        """Number of the latest chunk that it has got, or is not to get."""
        return self._at - len(self.ready)

    @property
    def number(self) -> int:
        """Number of the latest chunk that the reader has got; 0: none."""
        return self.at

    @enable_ki_protection
    async def get(self) -> C:  # noqa: C901, PLR0912 - the way of a chunk, step by step
        """Take the next chunk, waiting for one.

        Raises:
            trio.EndOfChannel: the stream was closed, and nothing is left.
            trio.ClosedResourceError: `detach` was called, before or meanwhile.
            trio.BusyResourceError: somebody else reads here.
            StreamGapError, StreamRestartedError: something is missing.  Told once.
            Exception: the log's keeper cannot read; nothing is lost by it.
        """
        if self._reading:
            msg = "a stream has one task at a time that reads"
            raise trio.BusyResourceError(msg)
        if self.ready:
            await checkpoint_if_cancelled()
            return self.ready.pop()
        self._reading = True
        try:
            self._calls += 1
            log, at = self.log, self._at
            if at >= log.dropped + len(log.queue) and self._may_wait(log):
                await log.sleep()
                self._scheduled()
            elif self._calls & SCHEDULE_EVERY and at < self._until:
                await checkpoint_if_cancelled()
            else:
                await checkpoint()
                self._scheduled()
            while True:
                log = self.log
                if self._left:
                    raise trio.ClosedResourceError(LEFT)
                if log.is_cut:
                    raise trio.EndOfChannel
                if self not in log.places:
                    self._come_back()
                at = self._at  # nothing is ready
                if at < log.dropped:
                    if self._page and self._page_at == at:
                        self._page_at = self._at = at + 1
                        return self._page.popleft()
                    await self._read_page()
                    continue
                if at < log.dropped + len(log.queue):  # `last`
                    return self._take(log)
                if log.closed:
                    raise trio.EndOfChannel
                await log.sleep()
                self._scheduled()
        finally:
            self._reading = False

    def _may_wait(self, log: Any) -> bool:
        """Whether there is nothing to read, and nothing else to be told."""
        return self in log.places and not (log.closed or log.is_cut or self._left)

    def _take(self, log: Any) -> C:
        """Take the next chunk, which is there; those behind it are ready then."""
        queue, at = log.queue, self._at - log.dropped
        chunk: C = queue[at]
        self._at += 1
        if log.writers:
            log.make_room()
        if not log.writers:
            queue, at = log.queue, self._at - log.dropped
            there = len(queue)
            most = min(there, self._until - log.dropped)
            if most > at:
                if there - most <= at:  # from the end that is nearer
                    found = islice(reversed(queue), there - most, there - at)
                    self.ready.extend(found)
                else:
                    self.ready.extend(islice(queue, at, most))
                    self.ready.reverse()
                self._at += most - at
        return chunk

    def unready(self) -> None:
        """Have got nothing but what was read: somebody is to see where it is."""
        self._at -= len(self.ready)
        self.ready.clear()

    def move(self, log: Any) -> None:
        """Read this log from now on: from its beginning, or where it is."""
        self.unready()
        nothing_read = self._at == self._base
        self.log = log
        self._until = 0
        if not nothing_read and self._at <= log.base:
            self._base = -1  # it is told when it reads
            return
        self._base = log.base
        if nothing_read:
            self._at = log.base
        log.attach(self)

    def missed(self) -> StreamGapError | None:
        """What it has not got of an answer that was forgotten, once; None: nothing."""
        log, after = self.log, self.at
        if not log.is_cut or after >= log.last:
            return None
        self._at = log.last
        return StreamGapError(after, log.last + 1, log.last)

    async def wait_begun(self) -> None:
        """Wait until the turn has begun.  A checkpoint."""
        await self.log.wait_begun()

    def cut(self) -> None:
        """Nothing of this answer reaches anybody any more."""
        self.log.cut()

    def detach(self) -> None:
        """The reader has left.  Idempotent."""
        self._left = True
        self.log.leave(self)
        self.log.wake_reader()

    def _scheduled(self) -> None:
        """It has let others run: so many chunks it may take now at once."""
        self._calls = 0
        self._until = self._at + 1 + SCHEDULE_EVERY

    async def _read_page(self) -> None:
        """Read on where the log's keeper has what is not in memory."""
        log, after, base = self.log, self._at, self._base
        page = await log.keeper.read(after)
        if base != log.base or log.is_cut or self._left:
            return  # it is of no use
        if page:
            self._page, self._page_at = deque(page), after
        else:
            self._at = log.dropped
            raise StreamGapError(after, log.dropped + 1, log.last)

    def _come_back(self) -> None:
        """Be attached; say what is missing, once."""
        try:
            self._catch_up()
        finally:
            self.log.attach(self)

    def _catch_up(self) -> None:
        """Go to where there is something to read; say what is missing."""
        log = self.log
        if self._base != log.base:
            nothing_read = self._at == self._base
            self._page = None
            self._at = self._base = log.base
            if not nothing_read:
                raise StreamRestartedError(log.attempt, log.base + 1)
        after = self._at
        if after < log.dropped and log.keeper is None:
            self._at = log.dropped
            raise StreamGapError(after, log.dropped + 1, log.last)


def place_of(log: Any, after: int) -> int:
    """Say where in a log somebody begins who has had the chunk with this number.

    Raises:
        StreamGapError: what comes after it is not there (any more).
        StreamRestartedError: it is of a try that does not count.
    """
    at: int = after or log.base
    if 0 < after <= log.base:
        raise StreamRestartedError(log.attempt, log.base + 1)
    oldest: int = log.dropped
    if log.keeper is not None:
        oldest = log.base
        if log.closed or log.uncertain:  # it may have had what was never kept
            return at
    if not oldest <= at <= log.last:
        raise StreamGapError(after, oldest + 1, log.last)
    return at
