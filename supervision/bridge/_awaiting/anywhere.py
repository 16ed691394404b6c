"""`AsyncAnywhere`: the verbs of a router for a key of any node, for asyncio.

The same names, arguments and errors as `Anywhere`; a test holds them to it.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from actors import Journal, Replay
from supervision._routing.handle import RouterRef
from supervision._routing.reports import SessionInfo, VerbResult

from .turn import AsyncReceipt
from .waiting import Line

P = TypeVar("P")
C = TypeVar("C")


class AsyncAnywhere(Generic[P, C]):
    """The verbs for a key wherever its owner is: `AsyncRouter.anywhere`.

    Each waits until the owner of the key has done it; left before that, it may be done
    all the same.
    """

    __slots__ = ("_line", "_ref")

    def __init__(self, line: Line, ref: RouterRef[P, C]) -> None:
        self._line = line
        self._ref = ref

    async def cancel(
        self,
        key: str,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
    ) -> VerbResult:
        """Abort the session's running turn, and nothing else."""
        return await self._line.run(
            self._ref.anywhere.cancel, key, hard=hard, reason=reason, hint=hint
        )

    async def cancel_all(self, key: str, reason: object = None) -> VerbResult:
        """Abort the running turn and side questions, and take back what waits."""
        return await self._line.run(self._ref.anywhere.cancel_all, key, reason)

    async def reset(self, key: str, reason: object = None) -> VerbResult:
        """As `cancel_all`, and begin anew: a new session, without state or token."""
        return await self._line.run(self._ref.anywhere.reset, key, reason)

    async def close(self, key: str, reason: object = None) -> VerbResult:
        """As `reset`, and forget the key."""
        return await self._line.run(self._ref.anywhere.close, key, reason)

    async def passivate(self, key: str) -> VerbResult:
        """Put a key away and forget nothing."""
        return await self._line.run(self._ref.anywhere.passivate, key)

    async def inspect(self, key: str) -> SessionInfo | None:
        """Look at a session; None: its owner has none of it."""
        return await self._line.run(self._ref.anywhere.inspect, key)

    async def steer(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        attempts: int = 1,
        stream: Replay | Journal | None = None,
    ) -> AsyncReceipt[P]:
        """Put a prompt into the running turn, as `RouterRef.steer`.

        With a store it returns when the store has the prompt.
        """
        receipt = await self._line.send_wait(
            self._ref.anywhere.steer,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            attempts=attempts,
            stream=stream,
        )
        return AsyncReceipt(self._line, receipt)
