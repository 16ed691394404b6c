"""Ages: since when the oldest message of a mailbox waits, without a clock per message.

A mark (n, t) says that the messages after the first n came at t or later.  Marks are
made while a cell cannot be drained at once, at most one a millisecond; the newest mark
at or before the oldest queued message is its age.  Pure: times are given.
"""

from __future__ import annotations

from collections import deque
from typing import Final

EXACT: Final = 0.001
"""Seconds by which an age may be too large."""
MANY: Final = 64
"""Marks that are kept before those that are past are looked for."""


class Ages:
    """The marks of one mailbox."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks: deque[tuple[int, float]] = deque()

    def __len__(self) -> int:
        return len(self._marks)

    def wanted(self, now: float) -> bool:
        """Whether the latest mark is too old to stand for this moment."""
        return not self._marks or now >= self._marks[-1][1] + EXACT

    def mark(self, taken_in: int, now: float) -> None:
        """What comes after the first `taken_in` messages came at `now` or later."""
        self._marks.append((taken_in, now))

    def since(self, gone: int, since: float) -> float:
        """When the oldest message came, `gone` having left; `since`: the mark before.

        Marks that are past are forgotten.
        """
        marks = self._marks
        while marks and marks[0][0] <= gone:
            since = marks.popleft()[1]
        return since
