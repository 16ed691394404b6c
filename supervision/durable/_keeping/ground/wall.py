"""The wall clock, for what outlives the process: when a prompt came, when it ended.

Everything that a router decides in its lifetime is on Trio's clock; what it writes into
a store is read by another process, which has another one.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import trio

_APART = 1.0  # seconds by which a virtual clock is known


def wall() -> float:
    """Seconds since the epoch."""
    return time.time()


class Clock(Protocol):
    """By which reminders are due."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...


class Wall:
    """The wall clock as reminders have it: where Trio's clock is virtual, it is too.

    Trio's is virtual if it goes at another pace than the time of this machine.

    Args:
        virtual: it is from the beginning: it starts at a whole second.
    """

    __slots__ = ("_base", "_began", "_clock", "_last", "_since", "_virtual", "virtual")

    def __init__(self, *, virtual: bool = False) -> None:
        self.virtual = virtual
        self._virtual = virtual  # of the clock below
        self._clock: Any = None  # Trio's, that it has been set by
        self._base = self._began = self._since = self._last = 0.0

    def now(self) -> float:
        """Seconds since the epoch; in a run of Trio."""
        clock = trio.lowlevel.current_clock()
        if clock is not self._clock:
            self._set(clock)
        elapsed = clock.current_time() - self._since
        if not self._virtual:
            here = time.monotonic() - self._began
            if abs(here - elapsed) < _APART:
                return time.time()
            self._virtual = True
        self._last = self._base + elapsed
        return self._last

    def _set(self, clock: Any) -> None:
        """Go on by another clock; what is virtual never goes back."""
        self._clock = clock
        self._since = clock.current_time()
        self._began = time.monotonic()
        self._virtual = self.virtual
        self._base = time.time()
        if self.virtual:
            self._base = max(self._last, float(int(self._base)))
