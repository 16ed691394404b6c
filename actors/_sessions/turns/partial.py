"""`Kept`: the latest chunks of a turn, for an outcome that is not complete.  Pure."""

from __future__ import annotations

from collections import deque
from typing import Any

from actors._sessions.policies import Partial
from actors._sessions.sizes import rough_size


class Kept:
    """The latest chunks, within the limits.

    Args:
        limits: how many, and how large.
    """

    __slots__ = ("_bytes", "_chunks", "_limits", "dropped")

    def __init__(self, limits: Partial) -> None:
        self._limits = limits
        self._chunks: deque[tuple[Any, int]] = deque()  # Any: chunks are anything
        self._bytes = 0
        self.dropped = 0
        """How many there were before those that are kept."""

    @property
    def chunks(self) -> tuple[Any, ...]:
        """Those that are kept, the oldest first."""
        return tuple(chunk for chunk, _ in self._chunks)

    def add(self, chunk: Any) -> None:
        """Keep one more; the oldest go."""
        limits, chunks = self._limits, self._chunks
        size = rough_size(chunk, limits.bytes)
        chunks.append((chunk, size))
        self._bytes += size
        while len(chunks) > limits.chunks or self._bytes > limits.bytes:
            self._bytes -= chunks.popleft()[1]
            self.dropped += 1
