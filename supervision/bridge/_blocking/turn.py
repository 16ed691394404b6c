"""`BlockingReceipt`, `BlockingTurn`: what the sender of a prompt has in a thread."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, Self, TypeVar, cast

from actors import Abort, Outcome, Phase, Receipt, Withdrawal
from supervision._routing.stream import TurnStream
from supervision.bridge._wire.flow import NOT_YET
from supervision.bridge._wire.pumping import Open, Reading

from .waiting import Line, arrive, check_thread

P = TypeVar("P")
C = TypeVar("C")


class BlockingReceipt(Generic[P]):
    """One accepted prompt, as `actors.Receipt`.

    What takes no argument and gives no outcome is a look at it, and blocks nobody.
    """

    __slots__ = ("_line", "receipt")

    def __init__(self, line: Line, receipt: Receipt[P]) -> None:
        self._line = line
        self.receipt = receipt
        """The receipt itself: to look at, or to use in Trio."""

    def __repr__(self) -> str:
        return repr(self.receipt).replace("Receipt", "BlockingReceipt", 1)

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

    def outcome(self, within: float | None = None) -> Outcome:
        """Wait for the outcome; any number of threads may wait.

        Args:
            within: seconds until TimeoutError, which ends the wait and nothing else;
                None (default): as long as it takes.

        Raises:
            TimeoutError: `within` is over.
            TreeEndedError: the tree ended before there was one.
            WrongSideError: inside an event loop.
        """
        check_thread("BlockingReceipt.outcome()")
        found = self.receipt.ended
        if found is not None:
            return found
        return self._line.run_within(within, self.receipt.outcome)

    def durable(self, within: float | None = None) -> None:
        """Wait until a store has the prompt: as `Receipt.durable`.

        Args:
            within: as `outcome`.

        Raises:
            TimeoutError, TreeEndedError, WrongSideError: as `outcome`.
        """
        self._line.run_within(within, self.receipt.durable)

    def withdraw(self, reason: object = None) -> Withdrawal:
        """Take the prompt back, if no turn has it yet: as `Receipt.withdraw`.

        Raises:
            TreeEndedError, WrongSideError: as `outcome`.
        """
        return self._line.step(self.receipt.withdraw, reason)


class BlockingTurn(Generic[P, C]):
    """An answer being read: `with router.open_turn(...) as answer:`.

    `for chunk in answer` gives its chunks, as `TurnStream` does.
    """

    def __init__(self, line: Line, ahead: int, open_fn: Open[P, C]) -> None:
        self._line = line
        self._reading = Reading(line.thread.post, ahead, open_fn)

    def __enter__(self) -> Self:
        check_thread("open_turn()")
        self._line.thread.begin(self._reading.enter())
        try:
            arrive(self._reading.opened)
        except BaseException:
            self._line.leave(self._reading.call)
            raise
        self._reading.opened.get()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reading.leave()
        self._line.leave(self._reading.call)

    @property
    def receipt(self) -> BlockingReceipt[P]:
        """The prompt's receipt."""
        return BlockingReceipt(self._line, self._stream.receipt)

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

    def wait_begun(self) -> None:
        """Wait until the turn has its first step, or the prompt its outcome."""
        self._line.run(self._stream.wait_begun)

    def outcome(self, within: float | None = None) -> Outcome:
        """Wait for the outcome.  Read all chunks before, or the turn may never end.

        Args:
            within: seconds until TimeoutError; None (default): as long as it takes.
        """
        return self.receipt.outcome(within)

    def abort(self, reason: object = None) -> Abort:
        """Abort the turn, or take the prompt back: as `TurnStream.abort`."""
        return self._line.step(self._stream.abort, reason)

    def steer(self, prompt: P) -> BlockingReceipt[P]:
        """Put a message into this conversation's turn; as `BlockingRouter.steer`."""
        receipt = self._line.send(self._stream.steer, prompt)
        return BlockingReceipt(self._line, receipt)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> C:
        return self.read()

    def read(self, within: float | None = None) -> C:
        """Read the next chunk, as `next(answer)` does, for so many seconds.

        Args:
            within: seconds until TimeoutError, after which one may read on; None
                (default): as long as it takes.

        Raises:
            StopIteration: the answer is complete.
            TurnNotCompletedError: it will never be.
            TimeoutError: `within` is over.
        """
        check_thread("an answer")
        flow = self._reading.need_flow()
        while (chunk := flow.take()) is NOT_YET:
            arrive(flow, within)
        return cast("C", chunk)

    @property
    def _stream(self) -> TurnStream[P, C]:
        return self._reading.need_stream()
