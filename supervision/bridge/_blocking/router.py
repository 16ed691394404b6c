"""`BlockingRouter`: a router's prompts and verbs, in a thread: as `RouterRef`."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TypeVar

from actors import Abort
from supervision._routing.limits import Limits
from supervision._routing.nodes.words import Located, NodeInfo
from supervision._routing.reports import (
    DrainReport,
    KeyInfo,
    Remembered,
    RouterStatistics,
    SessionInfo,
    VerbResult,
)

from .anywhere import BlockingAnywhere
from .sending import BlockingSending

P = TypeVar("P")
C = TypeVar("C")


class BlockingRouter(BlockingSending[P, C]):
    """The handle of a router in a thread: as `RouterRef`, but each verb blocks.

    Made by `BlockingTree.router`.  What a verb raises there is raised here, and
    `TreeEndedError` when the tree has ended.
    """

    __slots__ = ()

    # ---------------------------------------------------------------------------- verbs

    def abort(
        self,
        turn: int,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
        within: float | None = None,
    ) -> Abort:
        """Abort a turn, by its id: as `RouterRef.abort`."""
        return self._line.step(
            self.ref.abort, turn, hard=hard, reason=reason, hint=hint, within=within
        )

    def cancel(
        self,
        key: str,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
    ) -> VerbResult:
        """Abort the session's running turn, and nothing else."""
        return self._line.step(
            self.ref.cancel, key, hard=hard, reason=reason, hint=hint
        )

    def cancel_all(self, key: str, reason: object = None) -> VerbResult:
        """Abort the running turn and side questions, and take back what waits."""
        return self._line.step(self.ref.cancel_all, key, reason)

    def reset(self, key: str, reason: object = None) -> VerbResult:
        """As `cancel_all`, and begin anew: a new session, without state or token."""
        return self._line.step(self.ref.reset, key, reason)

    def close(self, key: str, reason: object = None) -> VerbResult:
        """As `reset`, and forget the key."""
        return self._line.step(self.ref.close, key, reason)

    def passivate(self, key: str) -> VerbResult:
        """Put a key away and forget nothing: as `RouterRef.passivate`."""
        return self._line.run(self.ref.passivate, key)

    def release(self, key: str) -> bool:
        """Try a key again that is held: as `RouterRef.release`."""
        return self._line.run(self.ref.release, key)

    def backup(self, path: str | PathLike[str]) -> int:
        """Copy the store to a file, while it is used: as `RouterRef.backup`."""
        return self._line.run(self.ref.backup, path)

    def stop_admission(self) -> None:
        """Take no more prompts: `ClosedToNewError` from here on.  Idempotent."""
        self._line.step(self.ref.stop_admission)

    def drain(self, within: float) -> DrainReport:
        """Stop in order, within so many seconds: as `RouterRef.drain`."""
        return self._line.run(self.ref.drain, within)

    # --------------------------------------------------------------------- where it is

    @property
    def anywhere(self) -> BlockingAnywhere[P, C]:
        """The verbs for a key wherever its owner is: as `RouterRef.anywhere`."""
        return BlockingAnywhere(self._line, self.ref)

    def locate(self, key: str) -> Located | None:
        """Say which node owns a key: as `RouterRef.locate`."""
        return self._line.run(self.ref.locate, key)

    def nodes(self) -> Sequence[NodeInfo]:
        """Look at the nodes that share the store; none: there are none."""
        return self._line.step(self.ref.nodes)

    # ------------------------------------------------------------------- looking at it

    def inspect(self, key: str) -> SessionInfo | None:
        """Look at a session; None: unknown."""
        return self._line.step(self.ref.inspect, key)

    def read(
        self, key: str, *, newest: int = 20, before: int | None = None
    ) -> Remembered | None:
        """Read what is remembered of a conversation: as `RouterRef.read`."""
        return self._line.run(self.ref.read, key, newest=newest, before=before)

    def keys(
        self, prefix: str = "", *, after: str = "", most: int = 100
    ) -> tuple[KeyInfo, ...]:
        """Look at the keys that the store has: as `RouterRef.keys`."""
        return self._line.run(self.ref.keys, prefix, after=after, most=most)

    def list(self) -> list[SessionInfo]:
        """Look at all sessions; O(n), in Trio's thread."""
        return self._line.step(self.ref.list)

    def suspended(self) -> Sequence[str]:
        """List the keys that have a token and no session: `RouterRef.suspended`."""
        return self._line.step(self.ref.suspended)

    def limits(self) -> Limits:
        """Give the limits that are in force; here a call, as it crosses."""
        return self._line.step(lambda: self.ref.limits)

    def statistics(self) -> RouterStatistics:
        """Look at the counters of the whole router."""
        return self._line.step(self.ref.statistics)

    def configure(self, limits: Limits) -> None:
        """Put other limits into force, from now on: as `RouterRef.configure`."""
        self._line.step(self.ref.configure, limits)
