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
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import attrs

from .encoding import Encoding
from .policy import StorePolicy
from .records import Answer, Record

Told: TypeAlias = Callable[[Sequence[Answer] | Exception], None]
"""What is called with the answers of a batch, one for each record in their order, or
with the error why there are none; once, in Trio's thread, in a later step."""


@attrs.frozen
class Measures:
    """How large an opened store is, now."""

    path: str
    """Where it is."""
    size: int | None = None
    """Bytes of the file; None: there is none."""
    log: int | None = None
    """Bytes of the log beside it; None: there is none."""


class Opened(Protocol):
    """A store that is open: one router's."""

    opened: int
    """Which opening of this store it is; rises by at least one from each to the next,
    in a copy too."""
    steps: int
    """How many steps of Trio's loop after a batch's answers the next one is closed: 1,
    or more if a batch is so dear that it is worth waiting for who was just told."""
    sharing: Any
    """The other way to a store that many nodes share, a `Sharing` (its room stands
    above this one); None: the store is one router's."""

    @property
    def grown(self) -> tuple[int, int]:
        """How often its log has come above its limit, and its bytes the last time."""
        ...

    def carry(self, batch: Sequence[Record], told: Told) -> None:
        """Have a batch carried out.  One at a time."""

    def measures(self) -> Measures:
        """How large it is; quick, in Trio's thread, at any time."""
        ...

    async def backup(self, path: Path) -> int:
        """Make a copy while it is used; returns its bytes when it is whole.

        Cancelled, or in vain: nothing is left behind.

        Raises:
            FileExistsError: there is something at this path.
            StoreError: it cannot be made, or not now; or the store is closed meanwhile.
        """
        ...

    async def close(self) -> None:
        """Let go of it, for another.  Nothing is out.  Idempotent; a checkpoint."""


class Claimed(Protocol):
    """A store that is this router's, and is not open yet."""

    path: str
    """Where it is, in words."""
    number: int
    """Which opening it will be, as far as can be known without opening it: `opened` is
    at least this.  Of a store that is shared nothing can be known: it is a number that
    no opening has, beyond all of them."""

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
    sharing: Any
    """How nodes live together, a `SharingPolicy`; None: the store is one router's."""

    def claim(self) -> Claimed:
        """Make it this router's; in Trio's thread, quick.

        Raises:
            StoreInUseError: it is another's.
            StoreError: it cannot be had.
        """
        ...
