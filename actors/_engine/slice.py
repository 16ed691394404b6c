"""A slice: how long a worker goes on before others have their turn.

Half a millisecond by Trio's clock, or 1,024 messages, whichever comes first.  The clock
is read every `stride` messages, and the stride follows how long they take: long
handlers are followed by a look at the clock at once.  On a MockClock time stands still
while code runs, so there only the number counts, and runs repeat.  Knows no cells.
"""

from __future__ import annotations

from .hub import Hub

SLICE_SECONDS = 0.0005
SLICE_MESSAGES = 1024
MAX_STRIDE = 64


class Slice:
    """What a worker may still do before it lets others run."""

    __slots__ = ("hub", "left", "slice_end", "slice_start", "stride", "total")

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.stride = 16
        self.left: int = 0  # messages to the next look at the clock
        self.total: int = 0  # messages to the end of the slice
        self.slice_start = self.slice_end = 0.0

    def new_slice(self) -> None:
        now = self.hub.tick = self.slice_start = self.hub.now()
        self.slice_end = now + SLICE_SECONDS
        self.left = self.stride
        self.total = SLICE_MESSAGES

    def over_budget(self) -> bool:
        """Look at the clock: is this slice over?"""
        now = self.hub.now()
        self.total -= self.stride
        done = SLICE_MESSAGES - self.total
        spent = now - self.slice_start
        if now >= self.slice_end or self.total <= 0:
            if spent > SLICE_SECONDS:
                self.stride = max(
                    1, min(MAX_STRIDE, int(done * SLICE_SECONDS / spent / 4))
                )
            self.total = 0
            return True
        if spent < SLICE_SECONDS / 8 and self.stride < MAX_STRIDE:
            self.stride *= 2
        self.left = self.stride
        return False
