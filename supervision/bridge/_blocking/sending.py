"""The part of `BlockingRouter` that sends prompts and reads answers, as `RouterRef`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from actors import Bounded, Journal, Latest, Leave, Replay, Turn, WhileBusy
from supervision._routing.handle import RouterRef
from supervision.bridge._wire.pumping import MOST_AHEAD, window

from .turn import BlockingReceipt, BlockingTurn
from .waiting import Line

P = TypeVar("P")
C = TypeVar("C")


class BlockingSending(Generic[P, C]):
    """How prompts are sent and answers read, the rest is `BlockingRouter`."""

    __slots__ = ("_line", "ref")

    def __init__(self, line: Line, ref: RouterRef[P, C]) -> None:
        self._line = line
        self.ref = ref
        """The router's handle in Trio."""

    def __repr__(self) -> str:
        return f"<BlockingRouter {self.ref.ref.path}>"

    def send(
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
    ) -> BlockingReceipt[P]:
        """Send a prompt to a session, starting the session if there is none.

        As `RouterRef.send`.  Interrupted: it has not been sent, or is taken back if no
        turn has it yet (not if it has an `id`: send it again, and get its receipt).

        Raises:
            RefusedError: it is not accepted, for one of the reasons named there.
            TreeEndedError, WrongSideError, TypeError, ValueError: as the others.
        """
        send = partial(self.ref.send, key, prompt, id=id, job=job, attempts=attempts)
        receipt = self._line.send(
            send, origin=origin, tenant=tenant, busy=busy, stream=stream
        )
        return BlockingReceipt(self._line, receipt)

    def send_wait(
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
        within: float | None = None,
    ) -> BlockingReceipt[P]:
        """As `send`, but wait for room: in the queue, or for one more session.

        Interrupted means not sent.

        Args:
            key: as `send`, and so are the others.
            prompt: see there.
            id: see there.
            origin: see there.
            tenant: see there.
            job: see there.
            attempts: see there.
            busy: see there.
            stream: see there.
            within: seconds until TimeoutError, which means not sent; None: for ever.
        """
        offer = partial(
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
        return BlockingReceipt(self._line, self._line.send_wait(within, offer))

    def accept(
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
        within: float | None = None,
    ) -> BlockingReceipt[P]:
        """As `send_wait`, and wait until a store has it: as `RouterRef.accept`.

        Interrupted, or late (`within`), means not sent.
        """
        offer = partial(
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
        return BlockingReceipt(self._line, self._line.send_wait(within, offer))

    def find(self, key: str, id: str) -> BlockingReceipt[P] | None:  # noqa: A002
        """Find a prompt of this router, or of one before it: as `RouterRef.find`."""
        receipt = self._line.run(self.ref.find, key, id)
        return BlockingReceipt(self._line, receipt) if receipt is not None else None

    def remind(
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
        self._line.run(call, key, name)

    def forget(self, key: str, name: str) -> bool:
        """Forget a reminder; whether it was there: as `RouterRef.forget`."""
        return self._line.run(self.ref.forget, key, name)

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
        job: str | None = None,
        attempts: int = 1,
        busy: WhileBusy | None = None,
        durable: bool = False,
    ) -> BlockingTurn[P, C]:
        """Send a prompt and read its answer: `with router.open_turn(...) as it:`.

        As `RouterRef.open_turn`: leaving the block before the end, by Ctrl-C or not,
        aborts the turn (or takes the prompt back), and waits until its outcome is
        there; unless it is to go on.  A slow reader slows the turn down as there; with
        `Bounded` as many chunks once more, but 64 at most, are on their way.

        Raises:
            TypeError: `stream` is no way to keep chunks.
            RefusedError: it is not accepted; when the block is entered.
            NoStoreError: it is to be `durable`, and the router has no store.
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
            job=job,
            attempts=attempts,
            busy=busy,
            durable=durable,
        )
        return BlockingTurn(self._line, window(stream), open_fn)

    def reopen_turn(
        self,
        key: str,
        id: str | int,  # noqa: A002
        *,
        after: int = 0,
    ) -> BlockingTurn[P, C]:
        """Read an answer to a prompt sent with `Replay` or `Journal`, again or too.

        As `RouterRef.reopen_turn`; leaving the block aborts nothing.

        Raises:
            UnknownPromptError, StreamNotKeptError, StreamGapError: when the block is
                entered; the second when it is read, if the turn has ended.
        """
        open_fn = partial(self.ref.reopen_turn, key, id, after=after)
        return BlockingTurn(self._line, MOST_AHEAD, open_fn)

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
        """Put a prompt into the turn that runs: as `RouterRef.steer`."""
        steer = partial(self.ref.steer, key, prompt, id=id, attempts=attempts)
        receipt = self._line.send(steer, origin=origin, tenant=tenant, stream=stream)
        return BlockingReceipt(self._line, receipt)

    def follow_up(
        self,
        key: str,
        prompt: P,
        *,
        id: str | None = None,  # noqa: A002 - its name to users
        origin: object = None,
        tenant: str | None = None,
        job: str | None = None,
        attempts: int = 1,
        stream: Replay | Journal | None = None,
    ) -> BlockingReceipt[P]:
        """Send a prompt that is to have a turn of its own."""
        receipt = self._line.send(
            self.ref.follow_up,
            key,
            prompt,
            id=id,
            origin=origin,
            tenant=tenant,
            job=job,
            attempts=attempts,
            stream=stream,
        )
        return BlockingReceipt(self._line, receipt)

    def ask_aside(
        self,
        key: str,
        prompt: P,
        *,
        origin: object = None,
        tenant: str | None = None,
    ) -> BlockingReceipt[P]:
        """Ask a side question: as `RouterRef.ask_aside`."""
        receipt = self._line.send(
            self.ref.ask_aside, key, prompt, origin=origin, tenant=tenant
        )
        return BlockingReceipt(self._line, receipt)

    def run_exclusive(
        self, key: str, async_fn: Callable[[Turn[P, C]], Awaitable[object]]
    ) -> BlockingReceipt[None]:
        """Have `async_fn(turn)` run in Trio, in the session's order.

        As `RouterRef.run_exclusive`.
        """
        receipt = self._line.send(self.ref.run_exclusive, key, async_fn)
        return BlockingReceipt(self._line, receipt)
