"""How the tests speak to a node: batches as `Bench`, questions as one call each."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import trio

from supervision.durable._sharing.words import (
    Beat,
    Lease,
    Owned,
    Poll,
    Polled,
    Question,
    Take,
    Taken,
    View,
)
from supervision.durable._words.opened import Engine
from supervision.durable._words.records import Record
from tests.durable.store.bench import Bench

R = TypeVar("R")


class Desk(Bench):
    """An opened node, and what is asked of it in a test."""

    def __init__(self, opened: Any) -> None:  # Any: its `sharing` is one of these
        super().__init__(opened)
        self.sharing = opened.sharing
        self.number = opened.opened * 1_000_000_000
        self._beats = 0

    async def asks(self, question: Question, reaction: type[R]) -> R:
        """Ask one question, whose reaction is of this type.

        Raises:
            Exception: what was told instead.
        """
        heard: list[Any] = []
        there = trio.Event()

        def hear(what: Any) -> None:
            heard.append(what)
            there.set()

        self.sharing.ask(question, hear)
        assert heard == [], "told in the same step"
        await there.wait()
        (found,) = heard
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, reaction), found
        return found

    async def beat(self, *, leaving: bool = False) -> View:
        """Beat."""
        self._beats += 1
        return await self.asks(Beat(self._beats, leaving), View)

    async def take(self, *partitions: int) -> dict[int, Lease]:
        """Take partitions, whosever they are: `{partition: lease}`."""
        rows = (await self.beat()).partitions
        leases = tuple(Lease(each, rows[each].epoch) for each in partitions)
        taken = await self.asks(Take(leases), Taken)
        return {each.partition: each for each in taken.leases}

    async def poll(self, *partitions: int, **changes: Any) -> Polled:
        """Look for what is new; Any: fields of `Poll`."""
        fields: dict[str, Any] = {
            "opened": self.opened.opened,
            "known": (),
            "follows": (),
            "asked": (),
            "most": 100,
        }
        return await self.asks(Poll(partitions, **{**fields, **changes}), Polled)

    async def owned(self, record: Record, lease: Lease) -> Any:
        """Carry out a record that depends on a lease; Any: its answer, or Fenced."""
        sent: Any = Owned(record, lease)  # Any: `Bench` knows stores that are alone
        (answer,) = await self.carry(sent)
        return answer


@asynccontextmanager
async def at(store: Engine) -> AsyncGenerator[Desk]:
    """Open a node for this block."""
    desk = Desk(await store.claim().open())
    try:
        yield desk
    finally:
        with trio.CancelScope(shield=True):
            await desk.opened.close()
