"""What `openai_agent.py` says to its model, and hears from it: nobody's library."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias

import attrs

Message: TypeAlias = dict[str, Any]  # as the server takes it


@attrs.define
class Call:
    """The model wants a tool to be run; the arguments are JSON."""

    id: str = ""
    name: str = ""
    arguments: str = ""

    def as_asked(self) -> Message:
        """Give it as it stands in a history."""
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}

    def as_told(self, text: str) -> Message:
        """Give what became of it, for a history."""
        return {"role": "tool", "tool_call_id": self.id, "content": text}


@attrs.frozen
class Tokens:
    """What a request and its answer have cost."""

    total: int


@attrs.frozen
class Cut:
    """The answer has ended early, as for its length."""

    reason: str


Piece: TypeAlias = str | Call | Tokens | Cut


class Model(Protocol):
    """What the agent calls."""

    def stream(
        self, request: list[Message], /
    ) -> AbstractAsyncContextManager[AsyncIterator[Piece]]:
        """Ask, and read the answer in the block."""
        ...
