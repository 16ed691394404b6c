"""`Model`: it stands in for the real one, and counts who asks it at once.

May know nothing of any runtime: how to wait is given to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

SHOWN = 20
"""How many messages of a conversation it is shown: the newest."""


class Model:
    """Answers "re: " and the last message.

    Args:
        sleep: waits so many seconds, as the loop does that it runs on.
        seconds: how long an answer takes; 0: it does not wait.
    """

    def __init__(
        self, sleep: Callable[[float], Awaitable[object]], seconds: float = 0
    ) -> None:
        self.sleep = sleep
        self.seconds = seconds
        self.running = 0
        self.most = 0
        """How many were asked at once."""
        self.shown: list[int] = []
        """How many messages each was shown, in the order of asking."""

    async def answer(self, messages: Sequence[str]) -> str:
        """Answer the last of these, in whose light the others stand."""
        self.shown.append(len(messages))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if self.seconds:
                await self.sleep(self.seconds)
        finally:
            self.running -= 1
        return f"re: {messages[-1]}"
