"""`Steering`: the prompts that wait for a checkpoint of one turn.  Pure.

First come, first served.  A prompt that has got its outcome otherwise stays as a husk
that is passed over.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .receipt import Receipt


class Steering:
    """A queue of receipts."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: deque[Receipt[Any]] = deque()

    def __len__(self) -> int:
        return sum(1 for each in self._queue if each.ended is None)

    def put(self, receipt: Receipt[Any]) -> None:
        """Let one wait."""
        self._queue.append(receipt)

    def take(self) -> Receipt[Any] | None:
        """Take the first one that waits; None: there is none."""
        while self._queue:
            receipt = self._queue.popleft()
            if receipt.ended is None:
                return receipt
        return None

    def empty(self) -> list[Receipt[Any]]:
        """Take them all."""
        waiting = self.live()
        self._queue.clear()
        return waiting

    def live(self) -> list[Receipt[Any]]:
        """Those that wait, in their order."""
        return [each for each in self._queue if each.ended is None]
