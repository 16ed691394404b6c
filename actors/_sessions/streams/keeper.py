"""`ChunkKeeper`: what keeps the chunks of a log where they outlive the process.

The log says what there is, and asks for what it does not have in memory any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

# Any in this file: a chunk as it is kept is the keeper's own


class ChunkKeeper(Protocol):
    """Keeps the chunks of one log."""

    written: int
    """Number of the newest chunk that is kept for good."""

    @property
    def has_room(self) -> bool:
        """Whether one more chunk may be on its way."""
        ...

    def pack(self, chunk: Any) -> Any:
        """Make of a chunk what `keep` is given; it may be changed after that.

        Raises:
            TypeError: it would not come back as it is.
            ValueError: it is too large.
        """
        ...

    def put(self, number: int, chunk: Any) -> bool:
        """Keep a chunk, which has this number; False: there is no room.

        Raises:
            TypeError, ValueError: as `pack`, whether there is room or not.
        """
        ...

    def keep(self, number: int, packed: Any) -> None:
        """Keep one that has waited for room; `ChunkLog.kept` when it is kept."""

    def restart(self, base: int) -> None:
        """Nothing up to this number counts any more."""

    def cut(self) -> None:
        """Nothing more is to be kept, and nobody reads what is."""

    async def read(self, after: int) -> Sequence[Any]:
        """Read some chunks behind this number; none: they are not kept any more."""
        ...
