"""An opened store, as the writer sees it: batches go in, answers come back.

A batch is carried out as one transaction, its records in their order, and is durable
when its answers come.  One batch is out at a time.  What happens when there are no
answers is decided by the error:

    StoreAwayError      nothing of it, or all of it, has been done, and nobody knows: it
                        is carried out again as it was, until there are answers
    any other           the store is of no use any more: the router crashes with it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from .encoding import Encoding
from .policy import StorePolicy
from .records import Answer, Record

Told: TypeAlias = Callable[[Sequence[Answer] | Exception], None]
"""What is called with the answers of a batch, one for each record in their order, or
with the error why there are none; once, in Trio's thread, in a later step."""


class Opened(Protocol):
    """A store that is open: one router's."""

    opened: int
    """Which opening of this store it is; rises by at least one from each to the next,
    in a copy too."""

    def carry(self, batch: Sequence[Record], told: Told) -> None:
        """Have a batch carried out.  One at a time."""

    async def close(self) -> None:
        """Let go of it, for another.  Nothing is out.  Idempotent; a checkpoint."""


class Claimed(Protocol):
    """A store that is this router's, and is not open yet."""

    number: int
    """Which opening it will be, as far as can be known without opening it: `opened` is
    at least this."""

    async def open(self) -> Opened:
        """Open it.  Raises StoreError: it cannot be.  Cancelled: it is not open."""
        ...

    def release(self) -> None:
        """Let go of it without opening it.  Idempotent."""


class Engine(Protocol):
    """What a description of a store (`SqliteStore`, `MemoryStore`) is to the router."""

    policy: StorePolicy
    encoding: Encoding
    clock: Any
    """By which reminders are due; None: the wall clock."""

    def claim(self) -> Claimed:
        """Make it this router's; in Trio's thread, quick.

        Raises:
            StoreInUseError: it is another's.
            StoreError: it cannot be had.
        """
        ...
