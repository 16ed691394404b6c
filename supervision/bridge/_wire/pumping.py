"""The task in Trio that reads a turn for somebody in another thread.

It holds the turn's block open, so what holds for a reader in Trio holds here: when it
is cancelled the turn is aborted, or its prompt taken back, and it ends when the outcome
is there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Generic, TypeAlias, TypeVar

import trio

from actors import (
    Bounded,
    Journal,
    Latest,
    Replay,
    StreamGapError,
    StreamRestartedError,
)
from actors.hosting import LEFT
from supervision._routing.stream import TurnStream
from supervision.bridge.errors import WrongSideError

from .boxes import Box
from .calls import Call, Left
from .flow import Flow

P = TypeVar("P")
C = TypeVar("C")

MOST_AHEAD: Final = 64
"""Chunks of one answer that may lie on the bridge, however large its own stream is."""


def window(stream: Bounded | Latest | Replay | Journal | None) -> int:
    """How many chunks of an answer may lie on the bridge: see `Flow`.

    Raises:
        TypeError: not a way to keep chunks.
    """
    given: object = Bounded() if stream is None else stream
    if isinstance(given, Latest):
        return 0  # what is newest when it is wanted
    if isinstance(given, Bounded):
        return min(given.capacity, MOST_AHEAD)
    if isinstance(given, Replay | Journal):
        return min(given.chunks, MOST_AHEAD)
    kinds = "a Bounded, a Latest, a Replay or a Journal"
    msg = f"stream must be {kinds}, got {stream!r}"
    raise TypeError(msg)


Open: TypeAlias = Callable[[], AbstractAsyncContextManager[TurnStream[P, C]]]
"""Makes the block of an answer, in Trio."""


async def pump(
    open_fn: Open[P, C], opened: Box[TurnStream[P, C]], flow: Flow[C]
) -> None:
    """Read a turn to its end."""
    async with open_fn() as stream:
        flow.number = stream.number
        opened.put(stream)
        try:
            while True:
                await flow.wanted()
                try:
                    chunk = await anext(stream)
                except (StreamGapError, StreamRestartedError) as error:  # once
                    flow.put(None, stream.number, error)
                else:
                    flow.put(chunk, stream.number)
        except StopAsyncIteration:
            flow.end(None)
        except Exception as error:  # noqa: BLE001 - it is the reader's
            flow.end(error)


class Reading(Generic[P, C]):
    """One answer being read in another thread: the call that pumps it, and its flow."""

    def __init__(
        self,
        post: Callable[[Callable[[], object]], object],
        ahead: int,
        open_fn: Open[P, C],
    ) -> None:
        self.opened: Box[TurnStream[P, C]] = Box()
        """The stream, when the prompt has been accepted; or why it has not."""
        self._flow: Flow[C] = Flow(ahead, post)
        self._entered = False

        def body() -> Awaitable[None]:
            return pump(open_fn, self.opened, self._flow)

        self.call: Call[None] = Call(body, waits=True, ended=self._ended)

    def enter(self) -> Call[None]:
        """Give the call, to be begun; once."""
        if self._entered:
            msg = "an answer is opened once: call open_turn() again"
            raise RuntimeError(msg)
        self._entered = True
        self.call.sends()
        return self.call

    def need_stream(self) -> TurnStream[P, C]:
        """Give the stream, to look at.

        Raises:
            WrongSideError: its block has not been entered.
        """
        if not self.opened.full:
            instead = "enter its block: `with router.open_turn(...) as answer:`"
            raise WrongSideError("an answer", "outside of its block", instead)
        return self.opened.get()

    def need_flow(self) -> Flow[C]:
        """Give the chunks.  Raises as `need_stream`."""
        self.need_stream()
        return self._flow

    def leave(self) -> None:
        """Its block has been left: what was not read is not to be had any more."""
        self._flow.close()

    def _ended(self, error: BaseException | None) -> None:
        if error is not None:
            if isinstance(error, Left):
                error = trio.ClosedResourceError(LEFT)
            self.opened.fail(error)
            self._flow.end(error)
