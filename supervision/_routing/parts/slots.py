"""Slots: who may run a turn.  Pure: no Trio, no turn is touched.

A claim is granted at once while a slot is free; then claims wait, first come first
served, and each release grants exactly one.  A session claims anew for each turn, so
one with fifty prompts stands in line behind one with a single prompt: a claim waits for
as many turns as there were claims before it, divided by the slots.

With a cap for each owner, a claim over it steps aside, keeps its place by its number,
and is back in line when its owner has a slot less.  Everything is O(log n).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

_SWEEP_ABOVE = 64


class Slots(Generic[T]):
    """A number of slots, and the line of those who wait."""

    def __init__(self, limit: int, per_owner: int | None) -> None:
        self.limit = limit
        self.per_owner = per_owner
        self.running = 0
        self._serial = 0
        self._waiting: dict[T, tuple[int, str | None]] = {}  # {who: (number, owner)}
        self._line: list[tuple[int, T]] = []  # a heap; husks are no longer in _waiting
        self._aside: dict[str, deque[tuple[int, T]]] = {}  # {owner: over its cap}
        self._owners: dict[str, int] = {}  # {owner: slots that it has}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def claim(self, who: T, owner: str | None) -> bool:
        """Claim a slot: True if it is granted now, else it waits."""
        if self.running < self.limit and not self._waiting:
            if owner is None:
                self.running += 1
                return True
            if self._may(owner):
                self._grant(owner)
                return True
        self._serial += 1
        self._waiting[who] = (self._serial, owner)
        heapq.heappush(self._line, (self._serial, who))
        if self.running < self.limit:  # all before it may be over their owners' caps
            return who in self._fill()
        return False

    def withdraw(self, who: T) -> bool:
        """Wait no more: True if it has waited."""
        if self._waiting.pop(who, None) is None:
            return False
        if len(self._line) > 2 * len(self._waiting) + _SWEEP_ABOVE:
            self._line = [each for each in self._line if each[1] in self._waiting]
            heapq.heapify(self._line)
        return True

    def release(self, owner: str | None) -> Sequence[T]:
        """Give a slot back; who has one now because of that."""
        self.running -= 1
        if owner is None and not self._waiting:
            return ()
        if owner is not None:
            left = self._owners[owner] - 1
            if left:
                self._owners[owner] = left
            else:
                del self._owners[owner]
            self._recall(owner)
        return self._fill()

    def configure(self, limit: int, per_owner: int | None) -> list[T]:
        """Change the numbers; who has a slot now because of that."""
        self.limit = limit
        self.per_owner = per_owner
        for owner in tuple(self._aside):
            for entry in self._aside.pop(owner):
                heapq.heappush(self._line, entry)
        return self._fill()

    # ---------------------------------------------------------------------------------

    def _may(self, owner: str | None) -> bool:
        cap = self.per_owner
        return owner is None or cap is None or self._owners.get(owner, 0) < cap

    def _grant(self, owner: str | None) -> None:
        self.running += 1
        if owner is not None:
            self._owners[owner] = self._owners.get(owner, 0) + 1

    def _recall(self, owner: str) -> None:
        """Put the owner's first that stepped aside back in line."""
        aside = self._aside.get(owner)
        while aside:
            entry = aside.popleft()
            if entry[1] in self._waiting:
                heapq.heappush(self._line, entry)
                break
        if aside is not None and not aside:
            del self._aside[owner]

    def _fill(self) -> list[T]:
        granted: list[T] = []
        line = self._line
        while line and self.running < self.limit:
            number, who = heapq.heappop(line)
            entry = self._waiting.get(who)
            if entry is None or entry[0] != number:
                continue
            owner = entry[1]
            if not self._may(owner):
                assert owner is not None
                self._aside.setdefault(owner, deque()).append((number, who))
                continue
            del self._waiting[who]
            self._grant(owner)
            granted.append(who)
        return granted
