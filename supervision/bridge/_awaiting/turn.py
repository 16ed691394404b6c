"""`AsyncReceipt` and `AsyncTurn`: what the sender of a prompt holds in asyncio."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, Self, TypeVar, cast

from actors import Abort, Outcome, Phase, Receipt, Withdrawal
from supervision._routing.stream import TurnStream
from supervision.bridge._wire.flow import NOT_YET
from supervision.bridge._wire.pumping import Open, Reading

from .waiting import Line, arrive, check_loop

P = TypeVar("P")
C = TypeVar("C")


class AsyncReceipt(Generic[P]):
    """One accepted prompt, as `actors.Receipt`.

    What is no coroutine here is a look at it, from any thread.
    """

    __slots__ = ("_line", "receipt")

    def __init__(self, line: Line, receipt: Receipt[P]) -> None:
        self._line = line
        self.receipt = receipt
        """The receipt itself: to look at, or to use in Trio."""

    def __repr__(self) -> str:
        return repr(self.receipt).replace("Receipt", "AsyncReceipt", 1)

    @property
    def id(self) -> int:
        """Unique in its router; rises with acceptance."""
        return self.receipt.id

    @property
    def key(self) -> str:
        """The session's key."""
        return self.receipt.key

    @property
    def prompt(self) -> P:
        """What was sent."""
        return self.receipt.prompt

    @property
    def turn(self) -> int | None:
        """Id of the turn that has it; None while it waits, or if none ever had it."""
        return self.receipt.turn

    @property
    def ended(self) -> Outcome | None:
        """Its outcome; None as long as there is none."""
        return self.receipt.ended

    async def outcome(self) -> Outcome:
        """Wait for the outcome; any number of tasks may wait.

        Cancelled: the wait ends, and nothing else.

        Raises:
            TreeEndedError: the tree ended before there was one.
            WrongSideError: not in asyncio.
        """
        check_loop("AsyncReceipt.outcome()")
        found = self.receipt.ended
        if found is not None:
            return found
        return await self._line.run(self.receipt.outcome)

    async def durable(self) -> None:
        """Wait until a store has the prompt: as `Receipt.durable`.

        Raises:
            TreeEndedError, WrongSideError: as `outcome`.
        """
        await self._line.run(self.receipt.durable)

    async def withdraw(self, reason: object = None) -> Withdrawal:
        """Take the prompt back, if no turn has it yet: as `Receipt.withdraw`.

        Raises:
            TreeEndedError, WrongSideError: as `outcome`.
        """
        return await self._line.step(self.receipt.withdraw, reason)


class AsyncTurn(Generic[P, C]):
    """An answer being read: `async with router.open_turn(...) as answer:`.

    `async for chunk in answer` gives its chunks, as `TurnStream` does.
    """

    def __init__(self, line: Line, ahead: int, open_fn: Open[P, C]) -> None:
        self._line = line
        self._reading = Reading(line.thread.post, ahead, open_fn)

    async def __aenter__(self) -> Self:
        check_loop("open_turn()")
        self._line.thread.begin(self._reading.enter())
        try:
            await arrive(self._reading.opened)
        except BaseException:
            await self._line.leave(self._reading.call)  # noqa: ASYNC102 - of asyncio
            raise
        self._reading.opened.get()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reading.leave()
        await self._line.leave(self._reading.call)  # noqa: ASYNC102 - of asyncio

    @property
    def receipt(self) -> AsyncReceipt[P]:
        """The prompt's receipt."""
        return AsyncReceipt(self._line, self._stream.receipt)

    @property
    def turn(self) -> int | None:
        """Id of the turn; None as long as it waits for the one before it."""
        return self._stream.turn

    @property
    def ended(self) -> Outcome | None:
        """The outcome; None as long as there is none."""
        return self._stream.ended

    @property
    def number(self) -> int:
        """Number of the latest chunk that was read here: as `TurnStream.number`."""
        return self._reading.need_flow().number

    @property
    def phase(self) -> Phase:
        """Where the turn is: as `TurnStream.phase`."""
        return self._stream.phase

    async def wait_begun(self) -> None:
        """Wait until the turn has its first step, or the prompt its outcome."""
        await self._line.run(self._stream.wait_begun)

    async def outcome(self) -> Outcome:
        """Wait for the outcome.  Read all chunks before, or the turn may never end."""
        return await self.receipt.outcome()

    async def abort(self, reason: object = None) -> Abort:
        """Abort the turn, or take the prompt back: as `TurnStream.abort`."""
        return await self._line.step(self._stream.abort, reason)

    async def steer(self, prompt: P) -> AsyncReceipt[P]:
        """Put a message into this conversation's turn; as `AsyncRouter.steer`."""
        receipt = await self._line.send(self._stream.steer, prompt)
        return AsyncReceipt(self._line, receipt)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> C:
        check_loop("an answer")
        flow = self._reading.need_flow()
        try:
            while (chunk := flow.take()) is NOT_YET:
                await arrive(flow)
        except StopIteration:
            raise StopAsyncIteration from None
        return cast("C", chunk)

    @property
    def _stream(self) -> TurnStream[P, C]:
        return self._reading.need_stream()
