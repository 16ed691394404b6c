"""`Chunks`: the stream between a turn and the one reader of its answer.

With `Bounded` a writer waits while too much is unread; writers are served in their
order.  With `Latest` no writer ever waits: what is unread becomes one chunk.  What is
read is gone, and so is what comes after the reader has left.

Cancelled means not put, and not taken.  Every call is a cancellation point; as in
`tell` the scheduler is entered by every 64th call only, or when there is a wait.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

import trio
from trio.lowlevel import (
    checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    reschedule,
)

from actors._engine.park import WAKE, park
from actors._sessions.errors import StreamGapError
from actors._sessions.policies import Bounded, Latest

from . import burst, first
from .sleeper import give_back, lend
from .writers import LEFT, SCHEDULE_EVERY, Writers, pass_by

C = TypeVar("C")


class Chunks(Generic[C]):
    """A stream for any number of writers and one reader.

    Args:
        policy: how much may be unread, or what becomes of it.
        stays: whether the turn goes on when its reader has left.
    """

    __slots__ = (
        "_calls",
        "_capacity",
        "_closed",
        "_cut",
        "_dropping",
        "_due",
        "_every",
        "_late",
        "_left",
        "_merge",
        "_merged",
        "_missing",
        "_pending",
        "_reading",
        "_taken",
        "_until",
        "beginning",
        "begun",
        "counted",
        "limit",
        "queue",
        "reader",
        "ready",
        "room",
        "stamped",
        "stays",
        "unread",
        "writers",
    )

    begin_burst, end_burst = burst.begin, burst.end
    begin, wait_begun = first.begin, first.wait_begun
    keeper: ClassVar = None  # as in `ChunkLog`

    def __init__(self, policy: Bounded | Latest, *, stays: bool = False) -> None:
        self.queue: deque[C] = deque()
        self.writers: Writers[C] = Writers()
        self.reader: trio.lowlevel.Task | None = None  # that waits
        self.stays = stays
        self._reading = False  # somebody is inside get()
        self._closed = False
        self._dropping = False  # nobody will read what comes
        self._left = False  # dropping, because the reader has left
        self._late = False  # dropping, because it does not read, and was not told yet
        self._cut = False  # dropping, and it gets the end
        self._missing = 0  # chunks that were dropped then, and was not told of
        self.begun = False
        self.beginning: trio.Event | None = None  # for who waits until it has begun
        self._calls = 0
        self._capacity = math.inf
        self._merge: Callable[[Any, Any], Any] | None = None  # Latest only
        self._merged = 0  # chunks that have become part of another
        self._pending = 0  # of these: part of the one that is unread, if there is one
        self._every = 0.0  # seconds between two chunks
        self._due = -math.inf  # when the next chunk may be handed out
        if isinstance(policy, Bounded):
            self._capacity = policy.capacity
        else:
            self._merge = policy.merge or _newer
            self._every = policy.every
        # the depth below which a chunk may go in without a thought
        self.room: float = self._capacity if self._merge is None else 0
        self.stamped: Any = None  # the turn that has a burst here, see there
        self.limit: float = 0  # of it: how long the queue may become
        self.counted = 0  # of it: what had been counted before
        self.ready: list[C] = []
        """The oldest chunks, which may be read without a thought, the next one last.

        They have left the queue and still count in its room.  None are here while a
        writer or the reader waits.
        """
        self._taken = 0  # how many have left the queue for the reader
        self._until = SCHEDULE_EVERY  # how many may: then the reader lets others run
        self.unread = 0
        """How many were dropped because nobody reads (any more)."""

    @property
    def waiting_writers(self) -> int:
        """How many calls of `put` wait for room."""
        return len(self.writers)

    @property
    def passed(self) -> int:
        """How many chunks the reader has got."""
        return self._taken - len(self.ready)

    @property
    def number(self) -> int:
        """Number of the latest chunk that the reader has got; 0: none.

        Of several that have become one it is the last one's.
        """
        return self.passed + self._merged - (self._pending if self.queue else 0)

    @property
    def emitted(self) -> int:
        """How many chunks have come into it, read or not."""
        return self._taken + self._merged + len(self.queue) + self.unread

    @property
    def attached(self) -> int:
        """How many readers there are."""
        return 0 if self._dropping else 1

    @property
    def reader_comes(self) -> bool:
        """Whether the reader is about to read: it waits for nothing but the loop."""
        return self._reading and self.reader is None

    @property
    def takes_next(self) -> bool:
        """In a burst: whether who waits now is let in by the reader's next step."""
        return not self.writers  # it has been woken: it takes a chunk for sure

    @enable_ki_protection
    def put_if_room(self, chunk: C) -> bool:
        """Hand a chunk to the reader if there is room; False: there is none.

        Raises:
            trio.ClosedResourceError: the stream was closed.
        """
        return self._put(chunk)

    @enable_ki_protection
    async def put(self, chunk: C) -> None:
        """Hand a chunk to the reader, waiting for room if need be.

        Raises:
            trio.ClosedResourceError: the stream was closed, before or meanwhile.
        """
        self._calls += 1
        await pass_by(self._calls)
        if not self._put(chunk):
            self.unready()
            await self.writers.wait(chunk)

    @enable_ki_protection
    def put_nowait(self, chunk: C) -> None:
        """Hand a chunk to the reader if there is room.

        Raises:
            trio.WouldBlock: there is none, or others wait for it.
            trio.ClosedResourceError: the stream was closed.
        """
        if not self._put(chunk):
            raise trio.WouldBlock

    @enable_ki_protection
    async def get(self) -> C:
        """Take the oldest chunk, waiting for one.

        Raises:
            trio.EndOfChannel: the stream was closed, and nothing is left.
            trio.ClosedResourceError: `detach` was called, before or meanwhile.
            trio.BusyResourceError: somebody else is reading.
            StreamGapError: it came too late (`let_go`).  Told once.
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
            if not self.queue and not self._closed and not self._dropping:
                await self._wait_to_read()
            elif self._calls & SCHEDULE_EVERY and (
                self._taken < self._until or not self.queue
            ):
                await checkpoint_if_cancelled()
            else:
                await checkpoint()
                self._scheduled()
            while not self._may_take():
                if self._left:
                    raise trio.ClosedResourceError(LEFT)
                if self._late:
                    self._late = False
                    last = self.number + self.unread
                    raise StreamGapError(self.number, last + 1, last)
                if (self._closed and not self.queue) or self._cut:
                    raise trio.EndOfChannel
                if not self.queue:
                    await self._wait_to_read()
                else:  # the next chunk is not due
                    with trio.CancelScope(deadline=self._due):
                        await self._wait_to_read()
            return self._take()
        finally:
            self._reading = False

    @enable_ki_protection
    def close(self) -> None:
        """Let no more chunks in.  Idempotent.

        The reader gets what is there, and then the end; writers that wait have put
        nothing.
        """
        burst.stop(self)
        self._closed = True
        self.room = 0
        self.begin()
        self.writers.refuse()
        self.wake_reader()

    def cut(self) -> None:
        """Nothing reaches the reader any more, who gets the end.  Idempotent.

        What is unread and what comes is dropped and counted; writers are not told.
        """
        before = self.unread
        self._drop()
        self._cut = True
        self._missing += self.unread - before
        self.wake_reader()

    def missed(self) -> StreamGapError | None:
        """What the reader has not got, as all was cut, once; None: nothing."""
        missing, self._missing = self._missing, 0
        last = self.number + missing
        return StreamGapError(self.number, last + 1, last) if missing else None

    def detach(self) -> None:
        """The reader has left: what is unread and what comes is dropped.  Idempotent.

        Nobody waits for it any more.
        """
        self._left = True
        self._drop()
        self.wake_reader()

    def let_go(self) -> bool:
        """The reader has not read for too long: nobody waits for it any more.

        False: the turn is to end with it, as when it leaves; nothing was done.
        """
        if not self.stays:
            return False
        self._late = True
        self._drop()
        return True

    # ------------------------------------------------------------------- the inside

    def _scheduled(self) -> None:
        """The reader has let others run: so many chunks it may take now at once."""
        self._calls = 0
        self._until = self._taken + 1 + SCHEDULE_EVERY

    @enable_ki_protection
    def _drop(self) -> None:
        """What is unread is dropped, and so is what comes."""
        burst.stop(self)
        self.unready()
        self._dropping = True
        self.room = 0
        self.unread += len(self.queue) + self.writers.release()
        if self.queue:
            self.unread += self._pending
            self._merged -= self._pending
        self.queue.clear()

    def _put(self, chunk: C) -> bool:
        """Take a chunk in; tell whether there was room."""
        if self._dropping and (self._cut or not self._closed):
            self.unread += 1
            return True
        if self._closed:
            raise trio.ClosedResourceError
        burst.stop(self)
        queue = self.queue
        if self._merge is not None and queue:
            queue[0] = self._merge(queue[0], chunk)
            self._merged += 1
            self._pending += 1
        elif len(queue) + len(self.ready) < self._capacity and not self.writers:
            queue.append(chunk)
            self._pending = 0
            if self.reader is not None:
                self.wake_reader()
        else:
            return False
        return True

    def _may_take(self) -> bool:
        if not self.queue:
            return False
        return not self._every or trio.current_time() >= self._due

    def _take(self) -> C:
        """Take the oldest chunk, and one in from the first writer that waits.

        If nobody else does, have those behind it ready.
        """
        queue = self.queue
        chunk = queue.popleft()
        self._taken += 1
        if self.writers:
            queue.append(self.writers.take())
        if self._merge is not None:
            if self._every:
                self._due = trio.current_time() + self._every
        elif queue and not self.writers:
            ready, more = self.ready, self._until - self._taken
            if len(queue) <= more:
                ready.extend(queue)
                queue.clear()
            else:
                ready.extend(queue.popleft() for _ in range(more))
            ready.reverse()
            self._taken += len(ready)
        return chunk

    def unready(self) -> None:
        """Have in the queue again what is ready: somebody is to see all that waits."""
        ready = self.ready
        if ready:
            self._taken -= len(ready)
            self.queue.extendleft(ready)
            ready.clear()

    async def _wait_to_read(self) -> None:
        self.reader = task = current_task()
        sleeper = lend(self, task)
        try:
            await park(sleeper.trap)
        finally:
            give_back(sleeper)
        if self.stamped is not None:
            burst.has_run(self)
        self._calls = 0  # as `_scheduled`
        self._until = self._taken + 1 + SCHEDULE_EVERY

    def forget(self, _: object) -> None:
        """The reader has been cancelled while it waited."""
        self.reader = None

    def wake_reader(self) -> None:
        """There is something for whoever waits to read."""
        if self.reader is not None:
            reader, self.reader = self.reader, None
            reschedule(reader, WAKE)


def _newer(older: object, newer: object) -> object:
    del older
    return newer
