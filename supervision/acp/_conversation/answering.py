"""`Answering`: what one turn makes of the chunks of its agent, on their way out.

It hands each one on (and waits for the user's reader, as any turn does), keeps the text
for the outcome, and tells the turn which tools the agent has in flight, so that the
clock of silence stands still for a tool and its own clock runs.
"""

from __future__ import annotations

import contextlib

from actors import ToolSkippedError, Turn, TurnOverError

from .chunks import Chunk, Text, ToolCall, ToolUpdate
from .content import PromptLike

_TOOLS = 32  # clocks that a turn keeps; an agent with more in flight has them unwatched
_NAME = 80  # characters of a title that are a tool's name
_IN_FLIGHT = ("pending", "in_progress")


class Answering:
    """The answer of one turn, so far.

    Args:
        turn: whose.
        limit: characters of text to keep.
    """

    def __init__(self, turn: Turn[PromptLike, Chunk], limit: int) -> None:
        self._turn = turn
        self._limit = limit
        self._pieces: list[str] = []
        self._length = 0
        self._tools: dict[str, contextlib.ExitStack] = {}  # {tool call: its clock}
        self._unwatched: set[str] = set()  # in flight, and without a clock

    @property
    def text(self) -> str:
        """The text so far, if it is not too long; else its beginning."""
        return "".join(self._pieces)

    @property
    def cut(self) -> bool:
        """There was more text than is kept."""
        return self._length > self._limit

    async def take(self, chunk: Chunk) -> None:
        """Hand a chunk on."""
        match chunk:
            case Text(text=text):
                room = self._limit - self._length
                if room > 0:
                    self._pieces.append(text[:room])
                self._length += len(text)
            case ToolCall(id=number, title=title, status=status):
                self._clock(number, title, status)
            case ToolUpdate(id=number, title=title, status=str(status)):
                self._clock(number, title or number, status)
            case _:
                pass
        await self._turn.emit(chunk)

    def tick(self) -> None:
        """Some time has passed: a tool without a clock is a sign of life."""
        if self._unwatched:
            self._turn.progress()

    def close(self) -> None:
        """The turn is over, and so are its tools."""
        for clock in self._tools.values():
            clock.close()
        self._tools.clear()
        self._unwatched.clear()

    def _clock(self, number: str, title: str, status: str) -> None:
        if status not in _IN_FLIGHT:
            self._unwatched.discard(number)
            clock = self._tools.pop(number, None)
            if clock is not None:
                clock.close()
            return
        if number in self._tools or number in self._unwatched:
            return
        if len(self._tools) < _TOOLS:
            # it runs already, so "skipped" only means that the turn keeps no clock
            with contextlib.suppress(ToolSkippedError, TurnOverError):
                clock = contextlib.ExitStack()
                clock.enter_context(self._turn.tool(title[:_NAME] or "tool"))
                self._tools[number] = clock
                return
        if len(self._unwatched) < _TOOLS:
            self._unwatched.add(number)
