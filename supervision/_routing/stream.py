"""`TurnStream`: a prompt's answer as one of its readers sees it, chunk by chunk.

By default the reader's block owns the turn: leaving it before the end aborts the turn
and waits until that has happened, so nobody streams to a reader who has gone.  Where
the turn is to go on, leaving the block gives up nothing but this reader's place.
"""

from __future__ import annotations

from threading import get_ident
from typing import Any, Generic, Self, TypeVar, cast

import trio
from trio.lowlevel import checkpoint_if_cancelled

from actors import (
    Abort,
    Completed,
    Failed,
    Outcome,
    Phase,
    Receipt,
    StreamGapError,
    StreamNotKeptError,
    TurnNotCompletedError,
    UnknownPromptError,
    Withdrawal,
)
from actors.hosting import ChunkLog, Chunks, Place, TurnRun

from .core.core import Core

P = TypeVar("P")
C = TypeVar("C")


class TurnStream(Generic[P, C]):
    """The chunks of one answer, in order: `async for chunk in stream`.

    Made by `RouterRef.open_turn` and `RouterRef.reopen_turn`.  The iteration ends when
    the answer is complete; one that will never be complete ends with
    `TurnNotCompletedError`, after the chunks that there were; one whose chunks were
    never kept with `StreamNotKeptError`, so that it does not look empty.  A `Replay`
    that cannot go on where the reader was raises `StreamGapError` or
    `StreamRestartedError`, once.  Cancelled while waiting for a chunk: it is not lost,
    the next call gets it.
    """

    __slots__ = (
        "_aborts",
        "_core",
        "_reader",
        "_ready",
        "_steer",
        "_unkept",
        "receipt",
    )

    def __init__(
        self,
        core: Core,
        receipt: Receipt[P],
        reader: Chunks[C] | Place[C],
        steer: Any,
        *,
        aborts: bool,
        unkept: str | int | None = None,
    ) -> None:
        self._core = core
        self._unkept = unkept  # what was asked for, if its chunks were never kept
        self._aborts = aborts  # the turn, if the block is left before its end
        self._reader = reader
        self._ready = reader.ready  # what it has there is always this list
        self._steer = steer  # Any: a partial of the handle's method
        self.receipt = receipt
        """The prompt's receipt."""
        core.readers.enter(receipt.key, reader)

    @property
    def turn(self) -> int | None:
        """Id of the turn; None as long as it waits for the one before it."""
        return self.receipt.turn

    @property
    def ended(self) -> Outcome | None:
        """The outcome; None as long as there is none."""
        return self.receipt.ended

    @property
    def number(self) -> int:
        """Number of the latest chunk that was read here; `reopen_turn(after=...)`.

        The first chunk of an answer is number 1; before it: 0.  After `reopen_turn` it
        is `after`, until a chunk is read.
        """
        return self._reader.number

    @property
    def phase(self) -> Phase:
        """Where the turn is; `Phase.WAITING` also while the prompt waits for one."""
        receipt = self.receipt
        if receipt.ended is not None:
            return Phase.ENDED
        run: TurnRun | None = self._core.turns.running.get(receipt.turn or 0)
        if run is None:
            return Phase.WAITING
        turn = run.turn  # None: its end is being kept
        phase: Phase = turn.phase if turn is not None else Phase.ENDING
        return phase

    async def wait_begun(self) -> None:
        """Wait until the turn has its first step, or the prompt its outcome.

        Any number of tasks may wait.  A checkpoint.
        """
        await self._reader.wait_begun()

    async def outcome(self) -> Outcome:
        """Wait for the outcome.  Read all chunks before, or the turn may never end."""
        return await self.receipt.outcome()

    def abort(self, reason: object = None) -> Abort:
        """Abort the turn, hard, or take the prompt back if no turn has it yet.

        Returns:
            Of a prompt that no turn has: `ABORTING` if this call took it back,
            `ALREADY` if its outcome is on its way, `STALE` if it has one.
        """
        self._core.events.check_thread("TurnStream.abort()")
        turn = self.receipt.turn
        if turn is None:
            if self.receipt.withdraw(reason) is Withdrawal.WITHDRAWN:
                return Abort.ABORTING  # with a store its outcome comes a little later
            return Abort.ALREADY if self.receipt.ended is None else Abort.STALE
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
        ready = self._ready
        if ready:
            try:
                await checkpoint_if_cancelled()  # nobody else runs: it is there
            except RuntimeError:  # Trio's: not in its thread
                self._core.events.check_thread("reading a TurnStream")
                raise
            return ready.pop()
        events = self._core.events
        if get_ident() != events.thread:
            events.check_thread("reading a TurnStream")
        try:
            return await self._reader.get()
        except trio.EndOfChannel:
            pass
        outcome = await self.receipt.outcome()
        if isinstance(outcome, Completed):
            self._check_kept()
            raise StopAsyncIteration
        cause = outcome.error if isinstance(outcome, Failed) else None
        raise TurnNotCompletedError(outcome) from cause

    def _check_kept(self) -> None:
        """Refuse to end as a whole answer does if its chunks went to nobody here."""
        receipt, asked = self.receipt, self._unkept
        if asked is None:
            more = receipt._more
            if more is None or not more.unkept:
                return
            asked = receipt.given_id or receipt.id
        raise StreamNotKeptError(receipt.key, asked)

    async def close(self) -> None:
        """Stop reading.  If the block owns the turn: abort it, and wait for its end."""
        self._core.events.check_thread("TurnStream.close()")
        self._reader.detach()
        self._core.readers.leave(self.receipt.key, self._reader)
        if self._aborts and self.receipt.ended is None:
            self.abort("its reader has left")
            with trio.CancelScope(shield=True):  # as long as `abort_grace` at most
                await self.receipt.outcome()


async def first_answer(
    core: Core,
    receipt: Receipt[Any],
    id: str | None,  # noqa: A002
    chunks: Chunks[C] | ChunkLog[C],
) -> ChunkLog[C] | None:
    """What is read of a prompt that was sent before; None: it is not kept.

    Raises:
        StreamGapError: of its answer nothing is kept any more.
        StoreError: it is to be looked up in the store, which does not answer.
    """
    key, journals = receipt.key, core.keeping.journals
    kept = core.readers.find(key, receipt.id)
    if kept is None and id is not None:
        kept = core.readers.find(key, id)  # it repeats one of an earlier process
    if kept is not None:
        return kept.log
    more = receipt._more
    first: object = more.stream if more is not None else None
    if isinstance(first, ChunkLog):
        log = cast("ChunkLog[C]", first)
        if log.keeper is None and log.last:  # its time is over
            raise StreamGapError(0, log.last + 1, log.last)
        return log
    kept_too = isinstance(chunks, ChunkLog)
    if kept_too and journals is not None and id is not None:
        found = await journals.find(key, id)
        return found[1] if found is not None else None
    return None


async def kept_answer(
    core: Core,
    key: str,
    id: str | int,  # noqa: A002
) -> tuple[Receipt[Any], ChunkLog[Any] | None]:
    """A prompt whose answer may be read again; without a stream: it has ended.

    Raises:
        UnknownPromptError, StreamNotKeptError: it may not.
        StoreError: the store does not answer.
    """
    kept = core.readers.find(key, id)
    journals = core.keeping.journals
    if kept is None and journals is not None:
        found = await journals.find(key, id)
        kept = core.readers.find(key, id)  # it may have come meanwhile
        if kept is None and found is not None:
            receipt, log = found
            if log is None:
                if receipt.ended is None:
                    raise StreamNotKeptError(key, id)
                here = _here(core, key, id)
                if here is not None and _had_stream(here):  # a Replay, not the store's
                    raise UnknownPromptError(key, id)
            return receipt, log
    if kept is not None:
        return kept.receipt, kept.log
    return _not_kept(core, key, id), None


def _not_kept(core: Core, key: str, id: str | int) -> Receipt[Any]:  # noqa: A002
    """The receipt of a prompt whose answer is not kept, if it has its outcome.

    Raises:
        UnknownPromptError, StreamNotKeptError: it has not.
    """
    receipt = _here(core, key, id)
    if receipt is None:
        raise UnknownPromptError(key, id)
    if _had_stream(receipt):  # its time is over
        raise UnknownPromptError(key, id)
    if receipt.ended is None:
        raise StreamNotKeptError(key, id)
    return receipt


def _had_stream(receipt: Receipt[Any]) -> bool:
    """Whether it was sent for readers who come back."""
    more = receipt._more
    return more is not None and isinstance(more.stream, ChunkLog)


def _here(core: Core, key: str, id: str | int) -> Receipt[Any] | None:  # noqa: A002
    """The receipt of a prompt that this process remembers."""
    lane = core.lanes.get(key)
    if lane is None:
        memory = core.past.get(key, core.now())
    else:
        memory = lane.extra.known if lane.extra is not None else None
    receipt: Receipt[Any] | None = memory.find(id) if memory is not None else None
    if receipt is None and lane is not None:  # it has no id of its own
        receipt = next((each for each in lane.receipts() if each.id == id), None)
    return receipt
