"""`TurnStream`: a prompt's answer as its reader sees it, chunk by chunk.

The reader's block owns the turn: leaving it before the end aborts the turn and waits
until that has happened, so nobody streams to a reader who has gone.
"""

from __future__ import annotations

import contextlib
from typing import Any, Generic, Self, TypeVar

import trio
from trio.lowlevel import checkpoint_if_cancelled

from actors import (
    Abort,
    Completed,
    Failed,
    Outcome,
    Receipt,
    TurnNotCompletedError,
)
from actors.hosting import SCHEDULE_EVERY, Chunks

from .core.core import Core

P = TypeVar("P")
C = TypeVar("C")


class TurnStream(Generic[P, C]):
    """The chunks of one answer, in order: `async for chunk in stream`.

    Made by `RouterRef.open_turn`.  The iteration ends when the answer is complete; one
    that will never be complete ends with `TurnNotCompletedError`, after the chunks that
    there were.
    """

    def __init__(
        self,
        core: Core,
        receipt: Receipt[P],
        chunks: Chunks[C],
        steer: Any,
        *,
        own: bool,
    ) -> None:
        self._core = core
        self._own = own  # False: the prompt was known, somebody else reads its answer
        self._chunks = chunks
        self._steer = steer  # Any: a partial of the handle's method
        self.receipt = receipt
        """The prompt's receipt."""

    @property
    def turn(self) -> int | None:
        """Id of the turn; None as long as it waits for the one before it."""
        return self.receipt.turn

    @property
    def ended(self) -> Outcome | None:
        """The outcome; None as long as there is none."""
        return self.receipt.ended

    async def outcome(self) -> Outcome:
        """Wait for the outcome.  Read all chunks before, or the turn may never end."""
        return await self.receipt.outcome()

    def abort(self, reason: object = None) -> Abort:
        """Abort the turn, hard, or take the prompt back if no turn has it yet."""
        turn = self.receipt.turn
        if turn is None:
            self.receipt.withdraw(reason)
            return Abort.ABORTING if self.receipt.ended else Abort.STALE
        return self._core.verbs.abort(
            turn, hard=True, reason=reason, hint=None, within=None
        )

    def steer(self, prompt: P) -> Receipt[P]:
        """Put a message into this conversation's turn; as `RouterRef.steer`."""
        receipt: Receipt[P] = self._steer(self.receipt.key, prompt)
        return receipt

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> C:
        chunks = self._chunks
        queue = chunks.queue
        if queue and chunks.quick:
            core = self._core
            core.reads += 1
            if core.reads & SCHEDULE_EVERY:
                await checkpoint_if_cancelled()  # lets nobody else run: it is there
                if chunks.writers:
                    return chunks.take()
                chunks.passed += 1
                return queue.popleft()
        with contextlib.suppress(trio.EndOfChannel):
            return await chunks.get()
        outcome = await self.receipt.outcome()
        if isinstance(outcome, Completed):
            raise StopAsyncIteration
        cause = outcome.error if isinstance(outcome, Failed) else None
        raise TurnNotCompletedError(outcome) from cause

    async def close(self) -> None:
        """Stop reading: abort what has not ended, and wait until it has."""
        self._chunks.detach()
        if self._own and self.receipt.ended is None:
            self.abort("its reader has left")
            with trio.CancelScope(shield=True):  # as long as `abort_grace` at most
                await self.receipt.outcome()
