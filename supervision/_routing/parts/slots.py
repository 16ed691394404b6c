"""Slots: who may run a turn.  Pure: no Trio, no turn is touched.

A claim is granted at once while a slot is free; then claims wait, first come first
served, and each release grants exactly one.  A session claims anew for each turn, so
one with fifty prompts stands in line behind one with a single prompt: a claim waits for
as many turns as there were claims before it, divided by the slots.

With a cap for each tenant, a claim over it steps aside, keeps its place by its number,
and is back in line when its tenant has a slot less.  Everything is O(log n).
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

    def __init__(self, limit: int, per_tenant: int | None) -> None:
        self.limit = limit
        self.per_tenant = per_tenant
        self.running = 0
        self._serial = 0
        self._waiting: dict[T, tuple[int, str | None]] = {}  # {who: (number, tenant)}
        self._line: list[tuple[int, T]] = []  # a heap; husks are no longer in _waiting
        self._aside: dict[str, deque[tuple[int, T]]] = {}  # {tenant: over its cap}
        self._tenants: dict[str, int] = {}  # {tenant: slots that it has}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def claim(self, who: T, tenant: str | None) -> bool:
        """Claim a slot: True if it is granted now, else it waits."""
        if self.running < self.limit and not self._waiting:
            if tenant is None:
                self.running += 1
                return True
            if self._may(tenant):
                self._grant(tenant)
                return True
        self._serial += 1
        self._waiting[who] = (self._serial, tenant)
        heapq.heappush(self._line, (self._serial, who))
        if self.running < self.limit:  # all before it may be over their tenants' caps
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

    def release(self, tenant: str | None) -> Sequence[T]:
        """Give a slot back; who has one now because of that."""
        self.running -= 1
        if tenant is None and not self._waiting:
            return ()
        if tenant is not None:
            left = self._tenants[tenant] - 1
            if left:
                self._tenants[tenant] = left
            else:
                del self._tenants[tenant]
            self._recall(tenant)
        return self._fill()

    def is_full(self, tenant: str | None) -> bool:
        """Whether this tenant has as many slots as one may: its own hold it up."""
        return not self._may(tenant)

    def configure(self, limit: int, per_tenant: int | None) -> list[T]:
        """Change the numbers; who has a slot now because of that."""
        self.limit = limit
        self.per_tenant = per_tenant
        for tenant in tuple(self._aside):
            for entry in self._aside.pop(tenant):
                heapq.heappush(self._line, entry)
        return self._fill()

    # ---------------------------------------------------------------------------------

    def _may(self, tenant: str | None) -> bool:
        cap = self.per_tenant
        return tenant is None or cap is None or self._tenants.get(tenant, 0) < cap

    def _grant(self, tenant: str | None) -> None:
        self.running += 1
        if tenant is not None:
            self._tenants[tenant] = self._tenants.get(tenant, 0) + 1

    def _recall(self, tenant: str) -> None:
        """Put the tenant's first that stepped aside back in line."""
        aside = self._aside.get(tenant)
        while aside:
            entry = aside.popleft()
            if entry[1] in self._waiting:
                heapq.heappush(self._line, entry)
                break
        if aside is not None and not aside:
            del self._aside[tenant]

    def _fill(self) -> list[T]:
        granted: list[T] = []
        line = self._line
        while line and self.running < self.limit:
            number, who = heapq.heappop(line)
            entry = self._waiting.get(who)
            if entry is None or entry[0] != number:
                continue
            tenant = entry[1]
            if not self._may(tenant):
                assert tenant is not None
                self._aside.setdefault(tenant, deque()).append((number, who))
                continue
            del self._waiting[who]
            self._grant(tenant)
            granted.append(who)
        return granted
