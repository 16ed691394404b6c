"""`Prompting`: one prompt that the agent answers, and what comes of it, in its order.

The reader of the connection puts chunks in, and waits while `AgentSettings.queue` of
them have not been taken; the turn takes them out.  The end is in the same line, so that
nothing that was said before it comes after it.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
import trio

from supervision.acp._pipe.connection import Connection
from supervision.acp._pipe.errors import AgentProtocolError, AgentRefusedError
from supervision.acp._pipe.wire import Answer, shown
from supervision.acp._words.chunks import Chunk

METHOD = "session/prompt"


@attrs.frozen
class Ended:
    """The agent says that the turn has ended."""

    reason: str | None
    """Its `stopReason`, known to us or not; None: it has not said one."""
    usage: Any = None
    """The tokens it has used, as JSON, if it says so."""


class Prompting:
    """A prompt that is being answered."""

    def __init__(
        self, connection: Connection, program: str, room: int, turn: int
    ) -> None:
        self.turn = turn
        """The id of the turn that it is of."""
        self._connection = connection
        self._program = program
        self._in, self._out = trio.open_memory_channel[
            Chunk | Ended | AgentRefusedError | AgentProtocolError
        ](room)
        self.number = -1
        """The number of the call."""
        self.ended = False
        """The agent has answered."""
        self.said = False
        """Something has come of it."""
        self.over = False
        """The turn has taken the end, or an error in its place."""

    async def put(self, chunk: Chunk) -> bool:
        """Hand a chunk to the turn, waiting for room; False: nobody takes it."""
        self.said = True
        try:
            await self._in.send(chunk)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return False
        return True

    async def end(self, reason: str) -> None:
        """It has ended, whatever its answer will be."""
        if not self.ended:
            await self._settle(Ended(reason))

    async def answered(self, answer: Answer) -> None:
        """Take the answer."""
        if not self.ended:
            await self._settle(self._read(answer))

    def _read(self, answer: Answer) -> Ended | AgentRefusedError | AgentProtocolError:
        if answer.error is not None:
            return self._connection.refused(METHOD, answer.error)
        said: object = answer.result
        if said is None or isinstance(said, dict):
            result = cast("dict[str, Any]", said or {})
            reason: object = result.get("stopReason")
            if isinstance(reason, str | None):
                return Ended(reason, result.get("usage"))
        why = f"its answer to {METHOD!r} is none: {shown(answer.result)}"
        return AgentProtocolError(self._program, why, stderr=self._connection.stderr)

    async def _settle(
        self, item: Ended | AgentRefusedError | AgentProtocolError
    ) -> None:
        self.ended = True
        try:
            await self._in.send(item)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            return

    def broke(self) -> None:
        """There will be no answer; what has come before can still be taken."""
        self._in.close()

    async def take(self) -> Chunk | Ended:
        """Wait for what comes next.

        Raises:
            AgentRefusedError, AgentProtocolError: it was answered with an error.
            AgentError: the connection has broken.
        """
        try:
            item = await self._out.receive()
        except trio.EndOfChannel:
            self.over = True
            raise self._connection.why_broken() from None
        if isinstance(item, AgentRefusedError | AgentProtocolError):
            self.over = True
            raise item
        if isinstance(item, Ended):
            self.over = True
        return item

    def close(self) -> list[Chunk]:
        """Take no more; returns the chunks that nobody has taken."""
        left: list[Chunk] = []
        while True:
            try:
                item = self._out.receive_nowait()
            except (trio.WouldBlock, trio.EndOfChannel):
                break
            if not isinstance(item, Ended | AgentRefusedError | AgentProtocolError):
                left.append(item)
        self._out.close()
        self._in.close()
        self._connection.forget(self.number)
        return left
