"""One file a runtime, with the name that it has in the table.

Each has `open_runtime(model)`, which gives a `Runtime`; nothing else of it is used.
They need not be installed.  May know the model, and one runtime each.  In reading
order:

- `trio_actors`: ours
- `langgraph`, `autogen`, `google_adk`: the others
"""

from __future__ import annotations

from typing import Protocol


class Runtime(Protocol):
    """Conversations in memory."""

    async def say(self, key: str, text: str) -> str:
        """Say something in a conversation, and wait for the answer."""
        ...

    async def remembered(self, key: str) -> list[str]:
        """Give what it remembers of a conversation, prompts and answers."""
        ...


RUNTIMES = {
    "trio_actors": "trio-actors",
    "langgraph": "langgraph",
    "autogen": "autogen-core",
    "google_adk": "google-adk",
}
"""`{module: distribution}`."""

ON_TRIO = frozenset({"trio_actors"})
"""The others run on asyncio."""
