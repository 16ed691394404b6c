"""`AsyncRouter`: a router's prompts and verbs, in asyncio: as `RouterRef`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from os import PathLike
from typing import Generic, TypeVar

from actors import Abort, Bounded, Journal, Latest, Leave, Replay, Turn, WhileBusy
from supervision._routing.handle import RouterRef
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
from supervision.bridge._wire.pumping import MOST_AHEAD, window

from .anywhere import AsyncAnywhere
from .turn import AsyncReceipt, AsyncTurn
from .waiting import Line

P = TypeVar("P")
C = TypeVar("C")


class AsyncRouter(Generic[P, C]):
    """The handle of a router in asyncio: as `RouterRef`, each verb awaited.

    Made by `AsyncTree.router`.  What a verb raises there is raised here, and
    `TreeEndedError` when the tree has ended.
    """

    __slots__ = ("_line", "ref")

    def __init__(self, line: Line, ref: RouterRef[P, C]) -> None:
        self._line = line
        self.ref = ref
        """The router's handle in Trio."""

    def __repr__(self) -> str:
        return f"<AsyncRouter {self.ref.ref.path}>"

    # -------------------------------------------------------------------- prompts go in

    async def send(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        stream: Replay | Journal | None = None,
    ) -> AsyncReceipt[P]:
        """Send a prompt to a session, starting the session if there is none.

        As `RouterRef.send`.  Cancelled: it has not been sent, or is taken back if no
        turn has it yet (not if it has an `id`: send it again, and get its receipt).

        Raises:
            RefusedError: it is not accepted, for one of the reasons named there.
            TreeEndedError, WrongSideError, TypeError, ValueError: as the others.
        """
        receipt = await self._line.send(
            self.ref.send,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            job=job,
            attempts=attempts,
            busy=busy,
            stream=stream,
        )
        return AsyncReceipt(self._line, receipt)

    async def send_wait(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        stream: Replay | Journal | None = None,
    ) -> AsyncReceipt[P]:
        """As `send`, but wait for room: in the queue, or for one more session.

        Cancelled means not sent.
        """
        receipt = await self._line.send_wait(
            self.ref.send_wait,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            job=job,
            attempts=attempts,
            busy=busy,
            stream=stream,
        )
        return AsyncReceipt(self._line, receipt)

    async def accept(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        stream: Replay | Journal | None = None,
    ) -> AsyncReceipt[P]:
        """As `send_wait`, and wait until a store has it: as `RouterRef.accept`.

        Cancelled means not sent.
        """
        receipt = await self._line.send_wait(
            self.ref.accept,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            job=job,
            attempts=attempts,
            busy=busy,
            stream=stream,
        )
        return AsyncReceipt(self._line, receipt)

    async def find(self, key: str, id: str) -> AsyncReceipt[P] | None:  # noqa: A002
        """Find a prompt of this router, or of one before it: as `RouterRef.find`."""
        receipt = await self._line.run(self.ref.find, key, id)
        return AsyncReceipt(self._line, receipt) if receipt is not None else None

    async def remind(
        self,
        key: str,
        name: str,
        *,
        after: float | None = None,
        at: datetime | None = None,
        every: float | None = None,
        prompt: P,
    ) -> None:
        """Have a session get a prompt at a time: as `RouterRef.remind`."""
        call = partial(self.ref.remind, after=after, at=at, every=every, prompt=prompt)
        await self._line.run(call, key, name)

    async def forget(self, key: str, name: str) -> bool:
        """Forget a reminder; whether it was there: as `RouterRef.forget`."""
        return await self._line.run(self.ref.forget, key, name)

    def open_turn(
        self,
        key: str,
        prompt: P,
        *,
        stream: Bounded | Latest | Replay | Journal | None = None,
        leave: Leave | None = None,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        busy: WhileBusy | None = None,
    ) -> AsyncTurn[P, C]:
        """Send a prompt and read its answer: `async with router.open_turn(...) as it:`.

        As `RouterRef.open_turn`: leaving the block before the end, cancelled or not,
        aborts the turn (or takes the prompt back), and waits until its outcome is
        there; unless it is to go on.  A slow reader slows the turn down as there; with
        `Bounded` as many chunks once more, but 64 at most, are on their way.

        Raises:
            TypeError: `stream` is no way to keep chunks.
            RefusedError: it is not accepted; when the block is entered.
        """
        open_fn = partial(
            self.ref.open_turn,
            key,
            prompt,
            stream=stream,
            leave=leave,
            id=id,
            origin=origin,
            tenant=tenant,
            busy=busy,
        )
        return AsyncTurn(self._line, window(stream), open_fn)

    def reopen_turn(
        self,
        key: str,
        id: str | int,  # noqa: A002
        *,
        after: int = 0,
    ) -> AsyncTurn[P, C]:
        """Read an answer to a prompt sent with `Replay` or `Journal`, again or too.

        As `RouterRef.reopen_turn`; leaving the block aborts nothing.

        Raises:
            UnknownPromptError, StreamNotKeptError, StreamGapError: when the block is
                entered; the second when it is read, if the turn has ended.
        """
        open_fn = partial(self.ref.reopen_turn, key, id, after=after)
        return AsyncTurn(self._line, MOST_AHEAD, open_fn)

    async def steer(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        stream: Replay | Journal | None = None,
    ) -> AsyncReceipt[P]:
        """Put a prompt into the turn that runs: as `RouterRef.steer`."""
        receipt = await self._line.send(
            self.ref.steer,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            stream=stream,
        )
        return AsyncReceipt(self._line, receipt)

    async def follow_up(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
    ) -> AsyncReceipt[P]:
        """Send a prompt that is to have a turn of its own."""
        receipt = await self._line.send(
            self.ref.follow_up, key, prompt, id=id, origin=origin, tenant=tenant
        )
        return AsyncReceipt(self._line, receipt)

    async def ask_aside(
        self,
        key: str,
        prompt: P,
        *,
        origin: object = None,
        tenant: str | None = None,
    ) -> AsyncReceipt[P]:
        """Ask a side question: as `RouterRef.ask_aside`."""
        receipt = await self._line.send(
            self.ref.ask_aside, key, prompt, origin=origin, tenant=tenant
        )
        return AsyncReceipt(self._line, receipt)

    async def run_exclusive(
        self, key: str, async_fn: Callable[[Turn[P, C]], Awaitable[object]]
    ) -> AsyncReceipt[None]:
        """Have `async_fn(turn)` run in Trio, in the session's order.

        As `RouterRef.run_exclusive`.
        """
        receipt = await self._line.send(self.ref.run_exclusive, key, async_fn)
        return AsyncReceipt(self._line, receipt)

    # ---------------------------------------------------------------------------- verbs

    async def abort(
        self,
        turn: int,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
        within: float | None = None,
    ) -> Abort:
        """Abort a turn, by its id: as `RouterRef.abort`."""
        return await self._line.step(
            self.ref.abort, turn, hard=hard, reason=reason, hint=hint, within=within
        )

    async def cancel(
        self,
        key: str,
        *,
        hard: bool = True,
        reason: object = None,
        hint: str | None = None,
    ) -> VerbResult:
        """Abort the session's running turn, and nothing else."""
        return await self._line.step(
            self.ref.cancel, key, hard=hard, reason=reason, hint=hint
        )

    async def cancel_all(self, key: str, reason: object = None) -> VerbResult:
        """Abort the running turn and side questions, and take back what waits."""
        return await self._line.step(self.ref.cancel_all, key, reason)

    async def reset(self, key: str, reason: object = None) -> VerbResult:
        """As `cancel_all`, and begin anew: a new session, without state or token."""
        return await self._line.step(self.ref.reset, key, reason)

    async def close(self, key: str, reason: object = None) -> VerbResult:
        """As `reset`, and forget the key."""
        return await self._line.step(self.ref.close, key, reason)

    async def passivate(self, key: str) -> VerbResult:
        """Put a key away and forget nothing: as `RouterRef.passivate`."""
        return await self._line.run(self.ref.passivate, key)

    async def release(self, key: str) -> bool:
        """Try a key again that is held: as `RouterRef.release`."""
        return await self._line.run(self.ref.release, key)

    async def backup(self, path: str | PathLike[str]) -> int:
        """Copy the store to a file, while it is used: as `RouterRef.backup`."""
        return await self._line.run(self.ref.backup, path)

    async def stop_admission(self) -> None:
        """Take no more prompts: `ClosedToNewError` from here on.  Idempotent."""
        await self._line.step(self.ref.stop_admission)

    async def drain(self, within: float) -> DrainReport:
        """Stop in order, within so many seconds: as `RouterRef.drain`."""
        return await self._line.run(self.ref.drain, within)

    # --------------------------------------------------------------------- where it is

    @property
    def anywhere(self) -> AsyncAnywhere[P, C]:
        """The verbs for a key wherever its owner is: as `RouterRef.anywhere`."""
        return AsyncAnywhere(self._line, self.ref)

    async def locate(self, key: str) -> Located | None:
        """Say which node owns a key: as `RouterRef.locate`."""
        return await self._line.run(self.ref.locate, key)

    async def nodes(self) -> Sequence[NodeInfo]:
        """Look at the nodes that share the store; none: there are none."""
        return await self._line.step(self.ref.nodes)

    # ------------------------------------------------------------------- looking at it

    async def inspect(self, key: str) -> SessionInfo | None:
        """Look at a session; None: unknown."""
        return await self._line.step(self.ref.inspect, key)

    async def read(
        self, key: str, *, newest: int = 20, before: int | None = None
    ) -> Remembered | None:
        """Read what is remembered of a conversation: as `RouterRef.read`."""
        return await self._line.run(self.ref.read, key, newest=newest, before=before)

    async def keys(
        self, prefix: str = "", *, after: str = "", most: int = 100
    ) -> tuple[KeyInfo, ...]:
        """Look at the keys that the store has: as `RouterRef.keys`."""
        return await self._line.run(self.ref.keys, prefix, after=after, most=most)

    async def list(self) -> list[SessionInfo]:
        """Look at all sessions; O(n), in Trio's thread."""
        return await self._line.step(self.ref.list)

    async def suspended(self) -> Sequence[str]:
        """List the keys that have a token and no session: `RouterRef.suspended`."""
        return await self._line.step(self.ref.suspended)

    async def limits(self) -> Limits:
        """Give the limits that are in force; here a call, as it crosses."""
        return await self._line.step(lambda: self.ref.limits)

    async def statistics(self) -> RouterStatistics:
        """Look at the counters of the whole router."""
        return await self._line.step(self.ref.statistics)

    async def configure(self, limits: Limits) -> None:
        """Put other limits into force, from now on: as `RouterRef.configure`."""
        await self._line.step(self.ref.configure, limits)
