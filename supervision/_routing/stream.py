"""`TurnStream`: a prompt's answer as one of its readers sees it; `Opening`: its block.

By default the reader's block owns the turn: leaving it before the end aborts the turn
and waits until that has happened, so nobody streams to a reader who has gone.  Where
the turn is to go on, leaving the block gives up nothing but this reader's place.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from threading import get_ident
from typing import Any, Generic, Self, TypeVar, cast

import trio
from trio.lowlevel import checkpoint_if_cancelled

from actors import (
    Abort,
    BadInputError,
    Bounded,
    Completed,
    Failed,
    Journal,
    Latest,
    Leave,
    Outcome,
    Phase,
    Receipt,
    Replay,
    StreamGapError,
    StreamNotKeptError,
    TurnNotCompletedError,
    WhileBusy,
    Withdrawal,
)
from actors.hosting import ChunkLog, Chunks, Place, TurnRun

from .core.core import Core
from .errors import PromptKeptError
from .offering import Policy, check, stream_of
from .parts.admission import Offer

P = TypeVar("P")
C = TypeVar("C")


class TurnStream(Generic[P, C]):
    """The chunks of one answer, in order: `async for chunk in stream`.

    Made by `RouterRef.open_turn` and `RouterRef.reopen_turn`.  The iteration ends when
    the answer is complete; one that will never be complete ends with
    `TurnNotCompletedError`, after the chunks that there were; one whose chunks were
    never kept with `StreamNotKeptError`, so that it does not look empty.  A `Replay`
    that cannot go on where the reader was raises `StreamGapError` or
    `StreamRestartedError`, once; so does a whole answer that was forgotten (`reset`,
    `close`) before all of it was read.  Cancelled while waiting for a chunk: it is not
    lost, the next call gets it.
    """

    __slots__ = (
        "_aborts",
        "_after",
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
        after: int = 0,
    ) -> None:
        self._core = core
        self._after = after  # the chunk before the first, of one that reads nothing
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
        return self._reader.number or self._after

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

        A prompt that has steered has no turn of its own: the one that took it goes on.
        That is another's answer, and `router.abort(answer.turn)` aborts it.

        Returns:
            Of a prompt that no turn has, or that has steered: `ABORTING` if this call
            took it back, `ALREADY` if its outcome is on its way, `STALE` if it has one.
        """
        core, receipt = self._core, self.receipt
        core.events.check_thread("TurnStream.abort()")
        turn = receipt.turn
        if turn is None:
            if receipt.withdraw(reason) is Withdrawal.WITHDRAWN:
                return Abort.ABORTING  # with a store its outcome comes a little later
            return Abort.ALREADY if receipt.ended is None else Abort.STALE
        run: TurnRun | None = core.turns.running.get(turn)
        if run is not None and receipt not in run.receipts:  # it has steered it
            return Abort.ALREADY if receipt.ended is None else Abort.STALE
        return core.verbs.abort(turn, hard=True, reason=reason, hint=None, within=None)

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
            missed = self._reader.missed()
            if missed is not None:
                raise missed
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
        """Stop reading.  If the block owns the turn: abort it, and wait for its end.

        Where the router has ended, and a store keeps the prompt, there is nothing to
        wait for: `outcome` says so, and leaving the block does not, so that an error
        of the block is what comes out of it.
        """
        self._core.events.check_thread("TurnStream.close()")
        self._reader.detach()
        self._core.readers.leave(self.receipt.key, self._reader)
        if self._aborts and self.receipt.ended is None:
            self.abort("its reader has left")
            with suppress(PromptKeptError), trio.CancelScope(shield=True):
                await self.receipt.outcome()  # as long as `abort_grace` at most


class Opening(AbstractAsyncContextManager[TurnStream[P, C]], Generic[P, C]):
    """What `open_turn` was given: looked at, and sent, when its block is entered.

    That is once, and may be done by somebody else: a `TurnResponse` does so later.

    Args:
        house: gives the router's core, `house(key)`.
        steer: the handle's.
        offer: the prompt, not looked at yet.
        stream: how chunks are kept.
        leave: what leaving the block before the end does.
    """

    __slots__ = ("_house", "_leave", "_offer", "_opened", "_steer", "_stream")

    def __init__(
        self,
        house: Callable[[str], Core],
        steer: Callable[[str, P], Receipt[P]],
        offer: Offer,
        stream: Policy | None,
        leave: Leave | None,
    ) -> None:
        self._house = house
        self._steer = steer
        self._offer = offer
        self._stream = stream
        self._leave = leave
        self._opened: TurnStream[P, C] | None = None

    async def __aenter__(self) -> TurnStream[P, C]:
        offer = self._offer
        more = offer.more
        if more.stream is not None:
            msg = "the block of open_turn() is entered once: call it again for another"
            raise RuntimeError(msg)
        check(offer)
        if offer.busy is WhileBusy.STEER:
            why = "open_turn() cannot steer: there would be nothing to read"
            raise BadInputError(offer.key, "busy", why)
        given, stays = _asked(self._stream, self._leave)
        core = self._house(offer.key)
        chunks: Chunks[C] | ChunkLog[C] = stream_of(core, given, stays=stays)
        more.stream = chunks
        receipt, id_ = core.accepting.offer(offer), more.message_id
        own = receipt._more is more
        unkept: str | int | None = None
        if not own:  # somebody else sent it first
            first = await _again(core, receipt, id_, chunks)
            if first is None:
                unkept = id_ or receipt.id
                chunks.close()
            else:
                chunks = first
        elif isinstance(chunks, ChunkLog):
            core.readers.keep(receipt, chunks, id_)
        reader: Chunks[C] | Place[C]
        if isinstance(chunks, ChunkLog):
            reader = chunks.open()
            if own:
                chunks.owner = reader
        else:
            reader = chunks
        aborts = own and not stays
        self._opened = opened = TurnStream[P, C](
            core, receipt, reader, self._steer, aborts=aborts, unkept=unkept
        )
        return opened

    async def __aexit__(self, *_: object) -> None:
        opened = self._opened
        assert opened is not None
        await opened.close()  # noqa: ASYNC102 - it shields itself


def _asked(stream: object, leave: object) -> tuple[Policy, bool]:
    """How chunks are kept, and whether the turn goes on when its reader leaves.

    Raises:
        TypeError: an argument that is not what it should be.
    """
    given: object = Bounded() if stream is None else stream
    if not isinstance(given, (Bounded, Latest, Replay, Journal)):
        kinds = "a Bounded, a Latest, a Replay or a Journal"
        msg = f"stream must be {kinds}, got {stream!r}"
        raise TypeError(msg)
    if leave is None:
        kept = isinstance(given, (Replay, Journal))
        leave = Leave.DETACH if kept else Leave.ABORT
    if not isinstance(leave, Leave):
        msg = f"leave must be a Leave, got {leave!r}"
        raise TypeError(msg)
    return given, leave is Leave.DETACH


async def _again(
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
