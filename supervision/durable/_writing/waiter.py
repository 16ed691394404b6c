"""`Waiter`: a task that waits for an answer."""

from __future__ import annotations

from typing import Any, Final

import trio

ENDED: Final = "the router has ended"
"""Why there will be no answer."""


class Waiter:
    """A task that waits for an answer."""

    __slots__ = ("_answer", "_come")

    def __init__(self) -> None:
        self._come = trio.Event()
        self._answer: Any = None

    def told(self, answer: Any) -> None:
        """The answer, or the error why there will be none."""
        self._answer = answer
        self._come.set()

    async def wait(self) -> Any:
        """Wait for it.  A checkpoint."""
        await self._come.wait()
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer
