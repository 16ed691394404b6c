"""A slice: how long a worker goes on before others have their turn.

Half a millisecond by Trio's clock, or 1,024 messages, whichever comes first.  The clock
is read every `stride` messages, and the stride follows how long they take: long
handlers are followed by a look at the clock at once.  On a MockClock time stands still
while code runs, so there only the number counts, and runs repeat.  Knows no cells.
"""

from __future__ import annotations

from typing import Final

from actors._engine.hub import Hub

SECONDS: Final = 0.0005
MESSAGES: Final = 1024
MAX_STRIDE: Final = 64


class Slice:
    """What a worker may still do before it lets others run."""

    __slots__ = ("_end", "_hub", "_start", "_stride", "left", "total")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stride = 16
        self._start = self._end = 0.0
        self.left: int = 0  # messages to the next look at the clock
        self.total: int = 0  # messages to the end of the slice

    def begin(self) -> None:
        """The next slice."""
        hub = self._hub
        now = hub.tick = self._start = hub.now()
        self._end = now + SECONDS
        self.left = self._stride
        self.total = MESSAGES

    def over(self) -> bool:
        """Look at the clock, as often as `left` says: is this slice over?"""
        now = self._hub.now()
        self.total -= self._stride
        done = MESSAGES - self.total
        spent = now - self._start
        if now >= self._end or self.total <= 0:
            if spent > SECONDS:
                self._stride = max(1, min(MAX_STRIDE, int(done * SECONDS / spent / 4)))
            self.total = 0
            return True
        if spent < SECONDS / 8 and self._stride < MAX_STRIDE:
            self._stride *= 2
        self.left = self._stride
        return False
