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
        "_cut",
        "_detached",
        "_due",
        "_every",
        "_merge",
        "_reading",
        "passed",
        "queue",
        "quick",
        "reader",
        "room",
        "unread",
        "writers",
    )

    def __init__(self, policy: Bounded | Latest) -> None:
        self.queue: deque[C] = deque()
        self.writers: OrderedDict[trio.lowlevel.Task, C] = OrderedDict()  # that wait
        self.reader: trio.lowlevel.Task | None = None  # that waits
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
        self.room: float = self._capacity if self._merge is None else 0
        self.quick = not self._every
        """Whether what is there may be taken without a thought."""
        self.passed = 0
        """How many chunks the reader has got."""
        self.unread = 0
        """How many were dropped because the reader had left."""

    @property
    def waiting_writers(self) -> int:
        """How many calls of `put` wait for room."""
        return len(self.writers)

    @enable_ki_protection
    def put_if_room(self, chunk: C) -> bool:
        """Hand a chunk to the reader if there is room; False: there is none.

        Raises:
            trio.ClosedResourceError: the stream was closed.
        """
        queue = self.queue
        if len(queue) >= self.room:
            return self._put(chunk)
        queue.append(chunk)
        if self.reader is not None:
            self.wake_reader()
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
        self.writers[task] = chunk

        def abort(_: object) -> Abort:
            del self.writers[task]
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

    def take(self) -> C:
        """Take the oldest chunk: there is one, and nobody waits for it."""
        return self._take()

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
        self.quick = False
        try:
            await self._checkpoint()
            while not self._may_take():
                if self._detached:
                    raise trio.ClosedResourceError
                if (self._closed and not self.queue) or self._cut:
                    raise trio.EndOfChannel
                with trio.CancelScope(deadline=self._due if self.queue else math.inf):
                    await self._wait_to_read()
            return self._take()
        finally:
            self._reading = False
            self.quick = not self._every

    @enable_ki_protection
    def close(self) -> None:
        """Let no more chunks in.  Idempotent.

        The reader gets what is there, and then the end; writers that wait have put
        nothing.
        """
        self._closed = True
        self.room = 0
        while self.writers:
            task, _ = self.writers.popitem(last=False)
            reschedule(task, outcome.Error(trio.ClosedResourceError()))
        self.wake_reader()

    def cut(self) -> None:
        """Nothing reaches the reader any more, who gets the end.  Idempotent.

        What is unread and what comes is dropped and counted; writers are not told.
        """
        self.detach()
        self._detached = False
        self._cut = True
        self.wake_reader()

    @enable_ki_protection
    def detach(self) -> None:
        """The reader has left: what is unread and what comes is dropped.  Idempotent.

        Nobody waits for it any more.
        """
        self._detached = True
        self.room = 0
        self.unread += len(self.queue) + len(self.writers)
        self.queue.clear()
        while self.writers:
            task, _ = self.writers.popitem(last=False)
            reschedule(task)
        self.wake_reader()

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
        queue = self.queue
        if not queue:
            queue.append(chunk)
            self.wake_reader()
        elif self._merge is not None:
            queue[0] = self._merge(queue[0], chunk)
        elif len(queue) < self._capacity:
            queue.append(chunk)
        else:
            return False
        return True

    def _may_take(self) -> bool:
        if not self.queue:
            return False
        return not self._every or trio.current_time() >= self._due

    def _take(self) -> C:
        """Take the oldest chunk, and one in from the first writer that waits."""
        chunk = self.queue.popleft()
        self.passed += 1
        if self.writers:
            task, waiting = self.writers.popitem(last=False)
            self.queue.append(waiting)
            reschedule(task)
        if self._every:
            self._due = trio.current_time() + self._every
        return chunk

    async def _wait_to_read(self) -> None:
        self.reader = current_task()

        def abort(_: object) -> Abort:
            self.reader = None
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    def wake_reader(self) -> None:
        """There is something for whoever waits to read."""
        if self.reader is not None:
            reader, self.reader = self.reader, None
            reschedule(reader)


def _newer(older: object, newer: object) -> object:
    del older
    return newer
