"""One call of a scripted model, and the stream that its caller reads."""

from __future__ import annotations

import copy
import enum
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Generic, TypeVar, cast

import trio

from actors.hosting import LEFT

from .words import Answer, Hold, Wait

Q = TypeVar("Q")
P = TypeVar("P")


class CallEnd(enum.Enum):
    """How the reading of an answer has ended."""

    WHOLE = "read to its end"
    FAILED = "it raised an exception of the script"
    LEFT = "its block was left before its end"
    CANCELLED = "its reader was cancelled"


class ModelCall(Generic[Q, P]):
    """What a scripted model was asked once, and what became of the answer."""

    def __init__(self, number: int, request: Q) -> None:
        self.number = number
        """1 for the first call of its model."""
        self.request: Q = _copied(request)
        """What was asked: a copy, so what is done to it later is not seen here."""
        self.pieces: tuple[P, ...] = ()
        """What was taken of the answer so far."""
        self.end: CallEnd | None = None
        """How the reading has ended; None: it has not.  After `CANCELLED` it may go on,
        if its reader was only cancelled for a moment."""
        self.error: Exception | None = None
        """What the script raised; None: nothing."""

    def __repr__(self) -> str:
        state = self.end.value if self.end is not None else "open"
        return f"<ModelCall {self.number}: {self.request!r:.300}, {state}>"


class Stream(Generic[P]):
    """An answer being read, piece by piece; its block ends it."""

    def __init__(self, call: ModelCall[object, P], answer: Answer[P]) -> None:
        self._call = call
        self._steps = list(answer.steps)
        self._entered = self._left = self._read = False

    async def __aenter__(self) -> AsyncIterator[P]:
        await trio.lowlevel.checkpoint()
        self._entered = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._left = True
        if self._call.end is None:
            cancelled = error is not None and is_cancelled(error)
            self._call.end = CallEnd.CANCELLED if cancelled else CallEnd.LEFT

    async def aclose(self) -> None:
        """End it, read to its end or not."""
        await self.__aexit__(None, None, None)  # noqa: ASYNC102 - no await

    def __aiter__(self) -> AsyncIterator[P]:
        return self

    async def __anext__(self) -> P:
        if not self._entered:
            msg = "an answer is read in its block: `async with model.stream(request) as"
            msg = f"{msg} pieces: async for piece in pieces`"
            raise TypeError(msg)
        if self._left:
            raise trio.ClosedResourceError(LEFT)
        if self._read:
            msg = "another task reads this answer"
            raise trio.BusyResourceError(msg)
        if self._call.end is CallEnd.CANCELLED:
            self._call.end = None
        self._read = True
        try:
            return await self._next()
        finally:
            self._read = False

    async def _next(self) -> P:
        try:
            await trio.lowlevel.checkpoint()
            while self._steps:
                match step := self._steps[0]:
                    case Wait(seconds):
                        await trio.sleep(seconds)
                    case Hold():
                        await step._pass()
                    case Exception():
                        self._call.end, self._call.error = CallEnd.FAILED, step
                        raise step
                    case piece:
                        del self._steps[0]
                        self._call.pieces += (piece,)
                        return piece
                del self._steps[0]
        except trio.Cancelled:
            self._call.end = CallEnd.CANCELLED
            raise
        self._call.end = self._call.end or CallEnd.WHOLE
        raise StopAsyncIteration


def is_cancelled(error: BaseException) -> bool:
    """Tell whether an error is a cancellation, or has one in it."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.subgroup(trio.Cancelled) is not None
    return isinstance(error, trio.Cancelled)


def _copied(request: Q) -> Q:
    try:
        return copy.deepcopy(request)
    except Exception as error:
        msg = f"a request is data that can be copied, got {request!r:.300}"
        raise TypeError(msg) from error
