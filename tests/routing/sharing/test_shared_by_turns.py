"""A resource that turns share: a reload of it harms none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import Session, Turn, open_system
from actors.testing import seeds
from supervision import Shared, start_router


class Provider:
    """Knows who uses it, and must not be closed under them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.users: Counter[str] = Counter()  # {key: turns}
        self.closed = False

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Provider]:
        """Open it."""
        try:
            yield self
        finally:
            assert self.users.total() == 0
            self.closed = True


class Asker(Session[trio.Event, None]):
    """Uses the resource until the prompt is set, and again at the turn's end."""

    def __init__(self, shared: Shared[Provider]) -> None:
        self.shared = shared

    async def take_turn(self, turn: Turn[trio.Event, None]) -> str:
        """Use it."""
        async with self.shared.use() as provider:
            provider.users[self.key] += 1
            try:
                await turn.prompt.wait()
            finally:
                provider.users[self.key] -= 1
        return provider.name

    async def turn_ended(self, turn: object, outcome: object) -> None:
        """Say so to the provider, whatever has happened."""
        del turn, outcome
        async with self.shared.use() as provider:
            assert not provider.closed


@seeds(50)
async def test_turns_keep_their_resource_and_new_ones_get_the_new() -> None:
    """S103: closed only after the last turn that uses it, also at the end of all."""
    old, new = Provider("old"), Provider("new")
    leave, never = trio.Event(), trio.Event()

    async with Shared(old.open) as shared, open_system() as system:
        router = start_router(system, Asker, shared)
        receipts = [router.send(key, leave) for key in "xy"]
        await settle()
        await shared.replace(new.open)
        receipts += [router.send("x", leave), router.send("z", never)]
        await settle()
        before = (+old.users, +new.users, old.closed)
        leave.set()
        results = [getattr(await r.outcome(), "result", None) for r in receipts[:3]]
        await settle()
        after = (+old.users, +new.users, old.closed, new.closed)

    assert before == ({"x": 1, "y": 1}, {"z": 1}, False)
    assert results == ["old", "old", "new"]
    assert after == ({}, {"z": 1}, True, False)
    assert new.closed
    assert +new.users == {}
