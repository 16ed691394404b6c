"""`Answering`: what one turn makes of the chunks of its agent, on their way out.

It hands each one on (and waits for the user's reader, as any turn does), keeps the text
for the outcome, and tells the turn which tools the agent has in flight, so that the
clock of silence stands still for a tool and its own clock runs.  While somebody is
asked whether a tool may run, it does not run: its clock begins with the answer.
"""

from __future__ import annotations

import contextlib

from actors import ToolSkippedError, Turn, TurnOverError
from supervision.acp._words.chunks import (
    Chunk,
    PermissionAsked,
    Text,
    ToolCall,
    ToolUpdate,
)
from supervision.acp._words.content import PromptLike

_TOOLS = 32  # clocks that a turn keeps; an agent with more in flight has them unwatched
_MOST = 1000  # open tool calls, and denials, that a turn remembers
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
        self._open: dict[str, str] = {}  # {tool call that has not ended: its title}
        self._asking: dict[str, int] = {}  # {tool call: how many questions about it}
        self._tools: dict[str, contextlib.ExitStack] = {}  # {tool call: its clock}
        self._unwatched: set[str] = set()  # in flight, and without a clock
        self.denied: list[str] = []
        """The titles of what it was not allowed to do."""

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
            case _:
                self.hear(chunk)
        await self._turn.emit(chunk)

    def hear(self, chunk: Chunk) -> None:
        """Take note of what a chunk says of a tool."""
        match chunk:
            case ToolCall(id=tool, title=title, status=status):
                self._know(tool, title, status)
            case ToolUpdate(id=tool, title=title, status=str(status)):
                self._know(tool, title or self._open.get(tool, tool), status)
            case _:
                pass

    def asking(self, asked: PermissionAsked) -> None:
        """Somebody is asked about a tool call: it does not run."""
        tool = asked.tool
        self._asking[tool] = self._asking.get(tool, 0) + 1
        self._open.setdefault(tool, asked.title)
        self._stop(tool)

    def answered(self, asked: PermissionAsked, *, allowed: bool | None) -> None:
        """It may run, from now on; or it may not; None: nobody has decided."""
        tool = asked.tool
        self._asking[tool] -= 1
        if not self._asking[tool]:
            del self._asking[tool]
        if allowed is None:
            return
        if not allowed:
            if len(self.denied) < _MOST:
                self.denied.append(asked.title)
        elif tool not in self._asking and tool in self._open:
            self._start(tool, self._open[tool])

    def close_tools(self, status: str) -> list[ToolUpdate]:
        """The tool calls that are open end with the turn: what there is to be told."""
        updates = [ToolUpdate(tool, None, status) for tool in self._open]
        self._open.clear()
        return updates

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

    def _know(self, tool: str, title: str, status: str) -> None:
        if status not in _IN_FLIGHT:
            self._open.pop(tool, None)
            self._stop(tool)
            return
        if tool in self._open or len(self._open) < _MOST:
            self._open[tool] = title
        if tool not in self._asking:
            self._start(tool, title)

    def _start(self, tool: str, title: str) -> None:
        """Its clock begins."""
        if tool in self._tools or tool in self._unwatched:
            return
        if len(self._tools) < _TOOLS:
            # it runs already, so "skipped" only means that the turn keeps no clock
            with contextlib.suppress(ToolSkippedError, TurnOverError):
                clock = contextlib.ExitStack()
                clock.enter_context(self._turn.tool(title[:_NAME] or "tool"))
                self._tools[tool] = clock
                return
        if len(self._unwatched) < _TOOLS:
            self._unwatched.add(tool)

    def _stop(self, tool: str) -> None:
        """Its clock ends."""
        self._unwatched.discard(tool)
        clock = self._tools.pop(tool, None)
        if clock is not None:
            clock.close()
