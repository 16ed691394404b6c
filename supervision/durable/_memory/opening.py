"""One router's opening of a store in memory: it ends by `close`, or by a kill.

It carries batches out on tables that are not its own, and tells the answers from a task
of Trio's, one for each batch: so a mock clock and a seed decide when, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

import trio

from supervision.durable._sharing.words import Back, Sent
from supervision.durable._words.errors import StoreAwayError, StoreError
from supervision.durable._words.opened import Measures, Told
from supervision.durable._words.records import Answer

from .faults import Faults
from .questions import MemorySharing

WHERE: Final = "a MemoryStore"
"""What is said of where it is."""

Carry = Callable[[Sequence[Sent]], list[Back]]


class MemoryOpening:
    """An opened store.

    Args:
        opened: which opening it is.
        carry: carries out a batch.
        faults: how it is to fail.
        left: called once, when it is closed: the store is free.
        sharing: the other way to a store that is shared; None: it is not.
    """

    steps = 1
    """See `Opened`."""

    def __init__(
        self,
        opened: int,
        carry: Carry,
        faults: Faults,
        left: Callable[[], None],
        sharing: MemorySharing | None = None,
    ) -> None:
        self.opened = opened
        self.grown = (0, 0)  # it has no log
        self.sharing = sharing
        self._carry = carry
        self._faults = faults
        self._left = left
        self._ended = False  # closed, or dead
        self._dead = False
        self._scope: trio.CancelScope | None = None  # of the batch that is out

    def carry(self, batch: Sequence[Sent], told: Told) -> None:
        """Have a batch carried out.  One at a time.

        Raises:
            RuntimeError: one is out, or it is closed.
        """
        if self._dead:
            return  # so is who calls
        if self._ended or self._scope is not None:
            msg = "it is closed" if self._ended else "a batch is out"
            raise RuntimeError(msg)
        self._scope = trio.CancelScope()
        trio.lowlevel.spawn_system_task(
            self._go, self._scope, tuple(batch), told, name="a batch of a memory store"
        )

    def measures(self) -> Measures:
        """It has no size."""
        return Measures(WHERE)

    async def backup(self, path: Path) -> int:
        """Refuse; a checkpoint.  Raises StoreError: it is in no file."""
        await trio.lowlevel.checkpoint()
        msg = f"a MemoryStore is in no file: nothing is copied to {path}"
        raise StoreError(msg)

    async def close(self) -> None:
        """Let go of the store.  Idempotent; a checkpoint.

        A batch that is out all the same is given up: nothing is told.
        """
        if not self._ended:
            self._ended = True
            if self._scope is not None:
                self._scope.cancel()
            if self.sharing is not None:
                self.sharing.close()
            self._left()
        await trio.lowlevel.checkpoint()

    def kill(self) -> None:
        """Its process is gone: it neither does nor tells anything from now on."""
        self._dead = self._ended = True
        if self._scope is not None:
            self._scope.cancel()
        if self.sharing is not None:
            self.sharing.kill()

    async def _go(
        self, scope: trio.CancelScope, batch: Sequence[Sent], told: Told
    ) -> None:
        """Carry out a batch, and tell; after each step it may be dead."""
        faults = self._faults
        with scope:
            await faults.pause()
            faults.at("before carry", batch)
            if self._ended:
                return
            answers: Sequence[Answer] | Exception
            if (why := faults.unreached()) is not None:
                answers = StoreAwayError(why)
            elif faults.is_away():
                answers = StoreAwayError("it was told to be away")
            else:
                # Fenced is among them where it was asked for
                answers = cast("list[Answer]", self._carry(batch))
                faults.at("after carry", batch)
                await trio.lowlevel.checkpoint()
                if faults.is_lost() or faults.unreached() is not None:
                    answers = StoreAwayError("its answers were told to be lost")
            faults.at("before told", batch)
            if self._ended:
                return
            self._scope = None  # the next one may be handed over in `told`
            told(answers)
            faults.at("after told", batch)
