"""A slice: how long a worker goes on before others have their turn.

Half a millisecond by Trio's clock, or 1,024 messages, whichever comes first; but only
75 microseconds while an asker is at its schedule point, or an asker's answer has come
and no others follow: as long as answers keep coming, all of them wait for the same
round of Trio's loop.  Nobody pays for short slices while nobody waits.

The clock is read every `stride` messages, and the stride follows how long they take:
long handlers are followed by a look at the clock at once.  On a MockClock time stands
still while code runs, so there only the number counts, and runs repeat.  Knows no
cells.
"""

from __future__ import annotations

from typing import Final

from actors._engine.hub import Hub

SECONDS: Final = 0.0005
HURRIED: Final = SECONDS * 0.15
LOOK: Final = SECONDS / 10
"""Seconds between two looks at the clock, about and at most."""
MESSAGES: Final = 1024
MAX_STRIDE: Final = 64


class Slice:
    """What a worker may still do before it lets others run."""

    __slots__ = ("_hub", "_looked", "_start", "_stride", "_woken", "left", "total")

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stride = 16
        self._start = self._looked = 0.0
        self._woken = 0  # of the hub, at the latest look
        self.left: int = 0  # messages to the next look at the clock
        self.total: int = 0  # messages to the end of the slice

    def begin(self) -> None:
        """The next slice."""
        hub = self._hub
        hub.tick = self._start = self._looked = hub.now()
        self._woken = hub.woken
        self.left = self._stride
        self.total = MESSAGES

    def over(self) -> bool:
        """Look at the clock, as often as `left` says: is this slice over?"""
        hub = self._hub
        now = hub.now()
        stride = self._stride
        self.total -= stride
        took = now - self._looked
        if took > LOOK:
            self._stride = max(1, int(stride * LOOK / took))
        elif took < LOOK / 2 and stride < MAX_STRIDE:
            self._stride = stride * 2
        spent = now - self._start
        if (
            spent >= SECONDS
            or self.total <= 0
            or (spent >= HURRIED and self._hurried())
        ):
            self.total = 0
            return True
        self._looked = now
        self._woken = hub.woken
        self.left = self._stride
        return False

    def _hurried(self) -> bool:
        hub = self._hub
        return hub.giving_way > 0 or 0 < hub.woken <= self._woken
