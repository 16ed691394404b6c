"""Mailboxes by hand: the two that a bare Trio programmer would choose from.

`ChannelBox` is a memory channel with a one-shot channel for each reply, `ParkBox` the
cheapest that the public `trio.lowlevel` gives (a deque, `wait_task_rescheduled`,
`reschedule`). `ParkBox` is not safe under cancellation of a caller; it is a limit, not
a design to use.
"""

import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import outcome
import trio
from trio.lowlevel import Abort, RaiseCancelT, Task, current_task, reschedule

# Items are whatever the workload puts in: the floor has no types to keep.
Item = Any
Handle = Callable[[Item], None]
AsyncHandle = Callable[[Item], Awaitable[None]]


class ChannelBox:
    """A memory channel, and a one-shot memory channel for each reply."""

    yields = True
    """Taking an item lets other tasks run, also when there is one."""

    def __init__(self, capacity: float = math.inf) -> None:
        self._sender, self._receiver = trio.open_memory_channel[Item](capacity)
        self.put = self._sender.send_nowait
        self.send = self._sender.send
        self.close = self._sender.close
        self.get = self._receiver.receive

    def offer(self, item: Item) -> bool:
        """Queue at once if there is room; False if there is none."""
        try:
            self.put(item)
        except trio.WouldBlock:
            return False
        return True

    def push(self, item: Item) -> bool:
        """Queue at once; False if the oldest item had to go for it."""
        if self.offer(item):
            return True
        self._receiver.receive_nowait()
        self.put(item)
        return False

    async def serve(self, handle: Handle) -> None:
        """Handle items one by one until the box is closed."""
        async for item in self._receiver:
            handle(item)

    async def serve_async(self, handle: AsyncHandle) -> None:
        """Do the same with a handler that may suspend."""
        async for item in self._receiver:
            await handle(item)

    async def ask(self, value: int) -> int:
        """Put `(value, caller)` and wait for the answer."""
        sender, receiver = trio.open_memory_channel[int](1)
        self.put((value, sender))
        return await receiver.receive()

    @staticmethod
    def answer(caller: trio.MemorySendChannel[int], value: int) -> None:
        """Answer the caller of an item."""
        caller.send_nowait(value)


class ParkBox:
    """A deque and the task parked on it."""

    yields = False

    __slots__ = ("_capacity", "_closed", "_items", "_parked", "_senders")

    def __init__(self, capacity: float = math.inf) -> None:
        self._items: deque[Item] = deque()
        self._parked: Task | None = None
        self._closed = False
        self._capacity = capacity
        self._senders = trio.lowlevel.ParkingLot()

    def put(self, item: Item) -> None:
        """Queue at once and wake the server."""
        self._items.append(item)
        if self._parked is not None:
            self._wake(self._parked)

    async def send(self, item: Item) -> None:
        """Queue; if there is no room, wait until the box is empty."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while len(self._items) >= self._capacity:
            await self._senders.park()
        self.put(item)

    def offer(self, item: Item) -> bool:
        """Queue at once if there is room; False if there is none."""
        if len(self._items) >= self._capacity:
            return False
        self.put(item)
        return True

    def push(self, item: Item) -> bool:
        """Queue at once; False if the oldest item had to go for it."""
        room = len(self._items) < self._capacity
        if not room:
            self._items.popleft()
        self.put(item)
        return room

    def close(self) -> None:
        """Let the server end when the box is empty."""
        self._closed = True
        if self._parked is not None:
            self._wake(self._parked)

    async def get(self) -> Item:
        """Take one item."""
        if not self._items:
            await self._park()
        return self._items.popleft()

    async def serve(self, handle: Handle) -> None:
        """Handle items one by one until the box is closed."""
        items = self._items
        while True:
            while items:
                handle(items.popleft())
            if self._senders:
                self._senders.unpark_all()
            if self._closed:
                return
            await self._park()

    async def serve_async(self, handle: AsyncHandle) -> None:
        """Do the same with a handler that may suspend."""
        items = self._items
        while True:
            while items:
                await handle(items.popleft())
            if self._senders:
                self._senders.unpark_all()
            if self._closed:
                return
            await self._park()

    async def ask(self, value: int) -> int:
        """Put `(value, caller)` and wait for the answer."""
        self.put((value, current_task()))
        answer: int = await trio.lowlevel.wait_task_rescheduled(_give_up)
        return answer

    @staticmethod
    def answer(caller: Task, value: int) -> None:
        """Answer the caller of an item."""
        reschedule(caller, outcome.Value(value))

    async def _park(self) -> None:
        self._parked = current_task()
        await trio.lowlevel.wait_task_rescheduled(self._give_up)

    def _wake(self, task: Task) -> None:
        self._parked = None
        reschedule(task)

    def _give_up(self, _raise_cancel: RaiseCancelT) -> Abort:
        self._parked = None
        return Abort.SUCCEEDED


def _give_up(_raise_cancel: RaiseCancelT) -> Abort:
    return Abort.SUCCEEDED


Box = ChannelBox | ParkBox
MakeBox = type[ChannelBox] | type[ParkBox]
