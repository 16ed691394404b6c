"""Nodes on one server in memory, each with a router in a system of its own.

The sessions are those of `keeping.stage`: they play their prompts.  All nodes share
the doors, and what was begun.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import trio

from actors import Outcome, Receipt, open_system
from actors.testing import TurnLog
from supervision import Limits, RouterRef, start_router
from supervision.durable import MemoryServer, MemoryStore, SharingPolicy
from tests.durable.keeping.stage import WIDE, Player, Stage

TTL = 10.0
POLICY = SharingPolicy(ttl=TTL)


@attrs.define(eq=False)
class Node:
    """One node: a process with a router."""

    name: str
    store: MemoryStore
    router: RouterRef[str, str]
    gone: trio.CancelScope
    stopped: trio.Event
    dead: bool = False

    def kill(self) -> None:
        """Let it die, as by `kill -9`."""
        if not self.dead:
            self.dead = True
            self.store.kill()
            self.gone.cancel()

    def owns(self) -> int:
        """How many partitions are its own."""
        store = self.router.statistics().store
        assert store is not None
        return store.partitions


@attrs.define(eq=False)
class Town:
    """The server, and its nodes."""

    server: MemoryServer
    nursery: trio.Nursery
    stage: Stage
    make: type[Player]
    limits: Limits
    partitions: int
    nodes: dict[str, Node] = attrs.Factory(dict[str, Node])

    async def add(self, name: str, **options: Any) -> Node:
        """Start a node, and wait until it is one of them."""
        store = self.server.node(name, **options)
        started: Node = await self.nursery.start(self.serve, name, store)
        self.nodes[name] = started
        return started

    async def serve(
        self, name: str, store: MemoryStore, task_status: trio.TaskStatus[Node]
    ) -> None:
        stopped = trio.Event()
        stage = attrs.evolve(self.stage, store=store)
        with trio.CancelScope() as gone:
            async with open_system() as system:
                log = TurnLog(system, durable=True)
                router = start_router(
                    system, self.make, stage, limits=self.limits, durable=store
                )
                node = Node(name, store, router, gone, stopped)
                task_status.started(node)
                await trio.sleep_forever()
            if not node.dead:
                log.check()
        stopped.set()

    async def settled(self, *names: str) -> None:
        """Wait until these nodes have all partitions, each its fair share."""
        most = -(-self.partitions // len(names))

        def done() -> bool:
            owned = [self.nodes[each].owns() for each in names]
            seen = [self._seen_by(each) for each in names]
            return (
                sum(owned) == self.partitions
                and max(owned) <= most
                and all(each == self.server.owners() for each in seen)
            )

        await self.until(done)

    def _seen_by(self, name: str) -> dict[int, str | None]:
        """Who owns what, as a node sees it."""
        router: Any = self.nodes[name].router
        leases = router._house().keeping.others.members.leases
        view = leases.view if leases is not None else None
        if view is None:
            return {}
        return {each.partition: each.owner for each in view.partitions}

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until this is so."""
        while not done():  # noqa: ASYNC110 - nobody tells
            await trio.sleep(0.1)

    def key_of(self, name: str, nth: int = 0) -> str:
        """Give a key of this node."""
        keys = self.keys_of(name)
        return keys[nth]

    def keys_of(self, name: str) -> list[str]:
        """Give keys of this node, out of many."""
        node = self.nodes[name]
        others: Any = node.router._house().keeping.others
        return [each for each in map(str, range(200)) if not others.has(each)]

    def outcomes(self) -> dict[str, Outcome | None]:
        """Give `{id: what became of it}`."""
        return self._look().outcomes()

    def state(self, key: str) -> Any:  # Any: whatever is there
        """Give the state that is kept of a key."""
        return self._look().state(key)

    def _look(self) -> Stage:
        return attrs.evolve(self.stage, store=next(iter(self.nodes.values())).store)


@asynccontextmanager
async def open_town(
    *names: str,
    partitions: int = 8,
    policy: SharingPolicy = POLICY,
    make: type[Player] = Player,
    limits: Limits = WIDE,
) -> AsyncGenerator[Town]:
    """Open a town with these nodes; all has settled.

    What is promised of turns is checked of each node that is not killed.
    """
    server = MemoryServer(partitions=partitions, sharing=policy)
    with trio.fail_after(20_000):
        async with AsyncExitStack() as stack:
            nursery = await stack.enter_async_context(trio.open_nursery())
            town = Town(server, nursery, Stage(), make, limits, partitions)
            for name in names:
                await town.add(name)
            if names:
                await town.settled(*names)
            yield town
            for node in town.nodes.values():
                node.gone.cancel()


async def all_told(receipts: list[Receipt[str]]) -> list[Outcome]:
    """Wait for the outcomes."""
    return [await each.outcome() for each in receipts]
