"""Timers: one heap, one task, Trio's clock.

A timer is a deadline and a function to call there.  Cancelled timers stay in the heap
as husks; when they are the larger half they are swept out, so a million asks that were
answered in time leave nothing behind.  The task sleeps on one cancel scope whose
deadline is the heap's top: setting an earlier timer moves the deadline, costs no task
switch, and a MockClock sees exactly one deadline.  Knows nothing of actors.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Any

import trio
from trio.lowlevel import enable_ki_protection

_SWEEP_ABOVE = 64


class Timer:
    """One deadline; `cancel` it or let it call."""

    __slots__ = ("_timers", "call", "deadline")

    def __init__(
        self, timers: Timers, deadline: float, call: Callable[[], Any]
    ) -> None:
        self._timers = timers
        self.deadline = deadline
        self.call: Callable[[], Any] | None = call

    def cancel(self) -> None:
        """Never call; idempotent."""
        if self.call is not None:
            self.call = None
            self._timers.cancelled()


class Timers:
    """The heap and the task that serves it."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed  # told if a call raises, which none should
        self._heap: list[tuple[float, int, Timer]] = []  # (deadline, serial, timer)
        self._serial = 0
        self._husks = 0
        self._scope: trio.CancelScope | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._heap) - self._husks

    def at(self, deadline: float, call: Callable[[], Any]) -> Timer:
        """Call `call()` at `deadline`, or soon after; ties in the order of setting."""
        timer = Timer(self, deadline, call)
        self._serial += 1
        heap = self._heap
        heapq.heappush(heap, (deadline, self._serial, timer))
        scope = self._scope
        if scope is not None and deadline < scope.deadline:
            scope.deadline = deadline
        return timer

    def cancelled(self) -> None:
        """A timer became a husk; sweep when they are the larger half."""
        self._husks += 1
        if self._husks > _SWEEP_ABOVE and self._husks * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].call is not None]
            heapq.heapify(self._heap)
            self._husks = 0

    @enable_ki_protection
    async def run(self) -> None:
        """Serve until `close`."""
        while not self._closed:
            deadline = self._next()
            with trio.CancelScope(shield=True, deadline=deadline) as self._scope:
                await trio.sleep_forever()
            self._scope = None
            self._fire(trio.current_time())

    def close(self) -> None:
        """End the task; nothing is called any more."""
        self._closed = True
        for _, _, timer in self._heap:
            timer.call = None
        self._heap.clear()
        self._husks = 0
        if self._scope is not None:
            self._scope.cancel()

    def _next(self) -> float:
        heap = self._heap
        while heap and heap[0][2].call is None:
            heapq.heappop(heap)
            self._husks -= 1
        return heap[0][0] if heap else math.inf

    def _fire(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            timer = heapq.heappop(self._heap)[2]
            call = timer.call
            if call is None:
                self._husks -= 1
            else:
                timer.call = None
                try:
                    call()
                except Exception as error:  # noqa: BLE001 - told, not swallowed
                    self._failed(error)
