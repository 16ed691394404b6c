"""`Chunks`: the stream between a turn and the one reader of its answer.

With `Bounded` a writer waits while too much is unread; writers are served in their
order, and a chunk is taken over from a waiting writer by whoever makes room, so that
there is no moment at which somebody else could be first.  With `Latest` no writer ever
waits: what is unread becomes one chunk.

Cancelled means not put, and not taken.  Every call is a cancellation point; as in
`tell` the scheduler is entered by every 64th call only, or when there is a wait.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import outcome
import trio
from trio.lowlevel import (
    Abort,
    checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from .policies import Bounded, Latest

C = TypeVar("C")

SCHEDULE_EVERY: Final = 63  # a mask: every 64th call enters the scheduler


class Chunks(Generic[C]):
    """A stream for any number of writers and one reader.

    Args:
        policy: how much may be unread, or what becomes of it.
    """

    __slots__ = (
        "_calls",
        "_capacity",
        "_closed",
        "_detached",
        "_due",
        "_cut",
        "_every",
        "_merge",
        "_queue",
        "_reader",
        "_reading",
        "_room",
        "_writers",
        "passed",
        "unread",
    )

    def __init__(self, policy: Bounded | Latest) -> None:
        self._queue: deque[C] = deque()
        self._writers: OrderedDict[trio.lowlevel.Task, C] = OrderedDict()  # that wait
        self._reader: trio.lowlevel.Task | None = None  # that waits
        self._reading = False  # somebody is inside get()
        self._closed = False
        self._detached = False
        self._cut = False  # what comes is dropped: the turn is to end
        self._calls = 0
        self._capacity = math.inf
        self._merge: Callable[[Any, Any], Any] | None = None  # Latest only
        self._every = 0.0  # seconds between two chunks
        self._due = -math.inf  # when the next chunk may be handed out
        if isinstance(policy, Bounded):
            self._capacity = policy.capacity
        else:
            self._merge = policy.merge or _newer
            self._every = policy.every
        # the depth below which a chunk may go in without a thought
        self._room: float = self._capacity if self._merge is None else 0
        self.passed = 0
        """How many chunks the reader has got."""
        self.unread = 0
        """How many were dropped because the reader had left."""

    @property
    def waiting_writers(self) -> int:
        """How many calls of `put` wait for room."""
        return len(self._writers)

    @enable_ki_protection
    def put_if_room(self, chunk: C) -> bool:
        """Hand a chunk to the reader if there is room; False: there is none.

        Raises:
            trio.ClosedResourceError: the stream was closed.
        """
        queue = self._queue
        if len(queue) >= self._room:
            return self._put(chunk)
        queue.append(chunk)
        if self._reader is not None:
            self._wake_reader()
        return True

    @enable_ki_protection
    async def put(self, chunk: C) -> None:
        """Hand a chunk to the reader, waiting for room if need be.

        Raises:
            trio.ClosedResourceError: the stream was closed, before or meanwhile.
        """
        await self._checkpoint()
        if self._put(chunk):
            return
        task = current_task()
        self._writers[task] = chunk

        def abort(_: object) -> Abort:
            del self._writers[task]
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    @enable_ki_protection
    def put_nowait(self, chunk: C) -> None:
        """Hand a chunk to the reader if there is room.

        Raises:
            trio.WouldBlock: there is none, or others wait for it.
            trio.ClosedResourceError: the stream was closed.
        """
        if not self._put(chunk):
            raise trio.WouldBlock

    @property
    def at_hand(self) -> bool:
        """Whether `take` may be called: a chunk is there, and nobody waits for one."""
        return not self._reading and bool(self._queue) and not self._every

    @enable_ki_protection
    async def take(self) -> C:
        """Take the oldest chunk, which is `at_hand`.  As `get`, without the wait."""
        self._calls += 1
        if self._calls & SCHEDULE_EVERY:
            await checkpoint_if_cancelled()  # lets nobody else run: it is still there
            return self._take()
        return await self.get()

    @enable_ki_protection
    async def get(self) -> C:
        """Take the oldest chunk, waiting for one.

        Raises:
            trio.EndOfChannel: the stream was closed, and nothing is left.
            trio.ClosedResourceError: `detach` was called, before or meanwhile.
            trio.BusyResourceError: somebody else is reading.
        """
        if self._reading:
            msg = "a stream of chunks has one reader"
            raise trio.BusyResourceError(msg)
        self._reading = True
        try:
            await self._checkpoint()
            while not self._may_take():
                if self._detached:
                    raise trio.ClosedResourceError
                if (self._closed and not self._queue) or self._cut:
                    raise trio.EndOfChannel
                with trio.CancelScope(deadline=self._due if self._queue else math.inf):
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
        self._closed = True
        self._room = 0
        while self._writers:
            task, _ = self._writers.popitem(last=False)
            reschedule(task, outcome.Error(trio.ClosedResourceError()))
        self._wake_reader()

    def cut(self) -> None:
        """Nothing reaches the reader any more, who gets the end.  Idempotent.

        What is unread and what comes is dropped and counted; writers are not told.
        """
        self.detach()
        self._detached = False
        self._cut = True
        self._wake_reader()

    @enable_ki_protection
    def detach(self) -> None:
        """The reader has left: what is unread and what comes is dropped.  Idempotent.

        Nobody waits for it any more.
        """
        self._detached = True
        self._room = 0
        self.unread += len(self._queue) + len(self._writers)
        self._queue.clear()
        while self._writers:
            task, _ = self._writers.popitem(last=False)
            reschedule(task)
        self._wake_reader()

    # ------------------------------------------------------------------- the inside

    async def _checkpoint(self) -> None:
        self._calls += 1
        if self._calls & SCHEDULE_EVERY:
            await checkpoint_if_cancelled()
        else:
            await checkpoint()

    def _put(self, chunk: C) -> bool:
        """Take a chunk in; tell whether there was room."""
        if self._closed:
            if self._cut:
                self.unread += 1
                return True
            raise trio.ClosedResourceError
        if self._detached or self._cut:
            self.unread += 1
            return True
        queue = self._queue
        if not queue:
            queue.append(chunk)
            self._wake_reader()
        elif self._merge is not None:
            queue[0] = self._merge(queue[0], chunk)
        elif len(queue) < self._capacity:
            queue.append(chunk)
        else:
            return False
        return True

    def _may_take(self) -> bool:
        if not self._queue:
            return False
        return not self._every or trio.current_time() >= self._due

    def _take(self) -> C:
        """Take the oldest chunk, and one in from the first writer that waits."""
        chunk = self._queue.popleft()
        self.passed += 1
        if self._writers:
            task, waiting = self._writers.popitem(last=False)
            self._queue.append(waiting)
            reschedule(task)
        if self._every:
            self._due = trio.current_time() + self._every
        return chunk

    async def _wait_to_read(self) -> None:
        self._reader = current_task()

        def abort(_: object) -> Abort:
            self._reader = None
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    def _wake_reader(self) -> None:
        if self._reader is not None:
            reader, self._reader = self._reader, None
            reschedule(reader)


def _newer(older: object, newer: object) -> object:
    del older
    return newer
