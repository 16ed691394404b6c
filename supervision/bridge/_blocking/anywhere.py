"""`BlockingAnywhere`: the verbs of a router for a key of any node, in a thread.

The same names, arguments and errors as `Anywhere`; a test holds them to it.
"""

from __future__ import annotations

from functools import partial
from typing import Generic, TypeVar

from actors import Journal, Replay
from supervision._routing.handle import RouterRef
from supervision._routing.reports import SessionInfo, VerbResult

from .turn import BlockingReceipt
from .waiting import Line

P = TypeVar("P")
C = TypeVar("C")


class BlockingAnywhere(Generic[P, C]):
    """The verbs for a key wherever its owner is: `BlockingRouter.anywhere`.

    Each waits until the owner of the key has done it; left before that, it may be done
    all the same.
    """

    __slots__ = ("_line", "_ref")

    def __init__(self, line: Line, ref: RouterRef[P, C]) -> None:
        self._line = line
        self._ref = ref

    def cancel(
        self,
        key: str,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
    ) -> VerbResult:
        """Abort the session's running turn, and nothing else."""
        return self._line.run(
            self._ref.anywhere.cancel, key, hard=hard, reason=reason, hint=hint
        )

    def cancel_all(self, key: str, reason: object = None) -> VerbResult:
        """Abort the running turn and side questions, and take back what waits."""
        return self._line.run(self._ref.anywhere.cancel_all, key, reason)

    def reset(self, key: str, reason: object = None) -> VerbResult:
        """As `cancel_all`, and begin anew: a new session, without state or token."""
        return self._line.run(self._ref.anywhere.reset, key, reason)

    def close(self, key: str, reason: object = None) -> VerbResult:
        """As `reset`, and forget the key."""
        return self._line.run(self._ref.anywhere.close, key, reason)

    def passivate(self, key: str) -> VerbResult:
        """Put a key away and forget nothing."""
        return self._line.run(self._ref.anywhere.passivate, key)

    def inspect(self, key: str) -> SessionInfo | None:
        """Look at a session; None: its owner has none of it."""
        return self._line.run(self._ref.anywhere.inspect, key)

    def steer(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        attempts: int = 1,
        stream: Replay | Journal | None = None,
    ) -> BlockingReceipt[P]:
        """Put a prompt into the running turn, as `RouterRef.steer`.

        With a store it returns when the store has the prompt.
        """
        steer = partial(
            self._ref.anywhere.steer,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            attempts=attempts,
            stream=stream,
        )
        receipt = self._line.send_wait(None, steer)
        return BlockingReceipt(self._line, receipt)
