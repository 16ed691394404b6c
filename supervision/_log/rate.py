"""`Rate`: so many records in a second, then their number.  Pure: time is a number."""

from __future__ import annotations

from typing import Final

WINDOW: Final = 1.0
"""Seconds."""
IN_A_WINDOW: Final = 10
"""Records in that time."""


class Rate:
    """What may still be written.

    Who is told `full` counts as held back.  `overdue` says that this was the first one,
    so that somebody says the number when the second is over: `take`.
    """

    __slots__ = ("_left", "_until", "held", "overdue")

    def __init__(self) -> None:
        self._until = 0.0
        self._left = IN_A_WINDOW
        self.held = 0
        """How many have been held back since the number was said."""
        self.overdue = False
        """The first was held back just now: it is to be said in a second."""

    def full(self, now: float) -> bool:
        """Count one more; True: it is not to be written."""
        if now >= self._until:
            self._until = now + WINDOW
            self._left = IN_A_WINDOW
        if self._left:
            self._left -= 1
            return False
        self.held += 1
        self.overdue = self.held == 1
        return True

    def is_over(self, now: float) -> bool:
        """Whether the second is over, so that the number may be said."""
        return now >= self._until

    def take(self) -> int:
        """How many have been held back; from here on none."""
        held, self.held = self.held, 0
        return held
