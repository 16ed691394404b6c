"""A store on a server that a router has: claimed, opened, closed.

In Trio's thread; what waits for the server is handed to threads.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, cast

import attrs
import trio

from supervision.durable._sealing.asking import Asked
from supervision.durable._sealing.sealing import Sealing
from supervision.durable._sharing.words import Owned
from supervision.durable._threads.thread import StoreThread
from supervision.durable._words.errors import StoreError
from supervision.durable._words.opened import Measures, Told
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Answer, Record

from .carrying.carrying import Reply
from .database import Database
from .ending import end
from .link import Link
from .nodes.asking import Asking
from .nodes.sharing import PostgresSharing
from .rows.message import Place
from .schema import SCHEMA, bring_up, next_opening
from .target import Target

BEYOND: Final = 2**22
"""No opening has this number, or one above it: a store is not opened so often.  With
twice of it numbers of prompts still fit into what JavaScript counts exactly, 2**53."""
STEPS: Final = 4
"""A turn that waits for nothing is over three steps after it has been told to begin."""


@attrs.frozen(eq=False)
class Plan:
    """What a store is opened with."""

    target: Target
    place: Place
    policy: StorePolicy
    address: str | None
    release: int
    channel: str
    sealing: Sealing | None


class PostgresClaim:
    """A store on a server that is a router's, and is not open yet.

    Args:
        plan: what it is opened with.
        left: called once, when it is free for another router of this process.
    """

    def __init__(self, plan: Plan, left: Callable[[], None]) -> None:
        self.path = plan.target.path
        """Host and database."""
        self.number = BEYOND + secrets.randbelow(BEYOND)
        """A number that no opening has, beyond all of them."""
        self._plan = plan
        self._left = left
        self._is_ours = True

    async def open(self) -> PostgresOpening:
        """Connect, make or bring up the tables; a checkpoint.

        Cancelled, or in vain: it is free.

        Raises:
            StoreAwayError: the server does not answer, or lets nobody in.
            StoreTooNewError: a newer release has brought the tables up.
            StoreError: it cannot be opened, or the claim was let go of.
        """
        if not self._is_ours:
            await trio.lowlevel.checkpoint()
            msg = "the store is not claimed any more"
            raise StoreError(msg)
        self._is_ours = False
        plan, link = self._plan, Link(self._plan.target)
        thread = StoreThread(f"the writer of {plan.place.node}")

        def make() -> int:
            bring_up(link, plan.place, self.path, SCHEMA)
            return next_opening(link, plan.place)

        try:
            opened = await thread.ask(make)
        except BaseException:
            link.cut()
            with trio.CancelScope(shield=True):
                await end(thread, link)
            self._left()
            raise
        database = Database(link, plan.place, plan.policy, plan.sealing)
        return PostgresOpening(opened, database, thread, plan, self._left)

    def release(self) -> None:
        """Let go of it without opening it.  Idempotent."""
        if self._is_ours:
            self._is_ours = False
            self._left()


class PostgresOpening:
    """A store on a server that is open; `PostgresClaim.open` makes it."""

    steps = STEPS
    """See `Opened`."""

    def __init__(
        self,
        opened: int,
        database: Database,
        thread: StoreThread,
        plan: Plan,
        left: Callable[[], None],
    ) -> None:
        self.opened = opened
        """Which opening it is, of all that all nodes have made."""
        self.grown = (0, 0)  # its log is the server's
        asking = Asking(
            plan.place,
            address=plan.address,
            release=plan.release,
            opened=opened,
            channel=plan.channel,
        )
        self.sharing = PostgresSharing(
            lambda: Link(plan.target),
            plan.place,
            asking,
            address=plan.address,
            release=plan.release,
            channel=plan.channel,
            asked=Asked(plan.sealing) if plan.sealing is not None else None,
        )
        """The other way to it: a `Sharing`."""
        self._path = plan.target.path
        self._database = database
        self._thread = thread
        self._left = left
        self._is_out = False
        self._closed = False

    def carry(self, batch: Sequence[Record | Owned], told: Told) -> None:
        """Have a batch carried out.  One at a time.

        What stands in an `Owned` may be answered `Fenced`.

        Raises:
            RuntimeError: one is out, or it is closed.
        """
        if self._closed or self._is_out:
            msg = "it is closed" if self._closed else "a batch is out"
            raise RuntimeError(msg)
        self._is_out = True

        def heard(answers: list[Reply] | None, error: Exception | None) -> None:
            self._is_out = False
            if not self._closed:
                # whoever sends an `Owned` knows of `Fenced`
                said = cast("list[Answer] | None", answers)
                told(said if said is not None else error or AssertionError())

        self._thread.do(lambda: self._database.carry(batch), heard)

    def measures(self) -> Measures:
        """Where it is; how large it is knows the server."""
        return Measures(self._path)

    async def backup(self, path: Path) -> int:
        """Refuse; a checkpoint.  Raises StoreError: the server's own tool does it."""
        await trio.lowlevel.checkpoint()
        msg = (
            f"a store in PostgreSQL is copied by pg_dump (or pg_basebackup), not to"
            f" {path}: what it copies is whole, also while the store is used"
        )
        raise StoreError(msg)

    async def close(self) -> None:
        """Let go of it.  Idempotent; a checkpoint.

        A batch that is out all the same has a second; nobody is told.  A server that
        does not answer is not waited for.
        """
        if self._closed:
            await trio.lowlevel.checkpoint()
            return
        self._closed = True
        with trio.CancelScope(shield=True):
            await self.sharing.close()
            await end(self._thread, self._database.link)
        self._left()
