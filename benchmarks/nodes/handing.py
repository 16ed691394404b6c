"""Handing: how long keys and prompts wait when a node or the server is gone.

    python -m benchmarks run --module benchmarks/nodes/handing.py

Three nodes, as processes, on a server that is started for the run; senders send to all
of them while it happens.  Each figure is a time; beside it stands `ttl`, as long as a
lease lasts, so that the ratio is in units of that.
"""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import attrs
import trio

from benchmarks.chaos.fleet import GoneError, OrderError
from benchmarks.nodes.cast import PATIENCE, TTL, Nodes, open_nodes, open_server
from benchmarks.run import Run
from benchmarks.scenario import MICROSECONDS, Scenario

NODES: Final = 3
SENDERS: Final = 12
TURN: Final = 0.05
"""Seconds that each turn takes."""
AWAY: Final = 3
"""Times `ttl` that the server is away."""
LOOK: Final = 0.02
"""Seconds between two looks at the partitions."""


class _Handing(Scenario):
    """What is compared with a lease."""

    unit = MICROSECONDS
    floor = "ttl"
    count = 1
    fixed = True
    warm_up = 0
    family = "handing"

    def ttl(self, run: Run) -> None:
        """As long as a lease lasts."""
        run.sample(TTL)
        run.equal(run.count, 1, "leases")


class NodeKilled(_Handing):
    """A node is killed under load: until all its partitions are others'."""

    name = "node_killed"

    async def ours(self, run: Run) -> None:
        """Kill one of three."""
        with open_server() as server:
            async with open_nodes(server, NODES) as nodes, _load(nodes) as load:
                await trio.sleep(TTL)
                victim = nodes.ready()[run.seed % NODES]
                await nodes.fleet.kill(victim)
                killed = trio.current_time()
                with trio.fail_after(PATIENCE):
                    while _has(  # noqa: ASYNC110 - nobody tells
                        victim.name, await nodes.partitions()
                    ):
                        await trio.sleep(LOOK)
                run.sample(trio.current_time() - killed)
                await trio.sleep(TTL)
            run.equal(load.without, 0, "prompts without outcome")
            run.note(prompts=len(load.waits), longest=max(load.waits) / TTL)


class ServerAway(_Handing):
    """The server is away for 3 x `ttl`: from its return to the last prompt's outcome.

    Of those prompts that were sent before it came back.  No partition changes hands.
    """

    name = "server_away"

    async def ours(self, run: Run) -> None:
        """Stop it, in order or as in a crash, and start it again."""
        how = (signal.SIGINT, signal.SIGQUIT)[run.seed % 2]
        with open_server() as server:
            async with open_nodes(server, NODES) as nodes, _load(nodes) as load:
                await trio.sleep(TTL)
                before = await nodes.partitions()
                await trio.to_thread.run_sync(server.stop, how)
                await trio.sleep(AWAY * TTL)
                await trio.to_thread.run_sync(server.start)
                back = trio.current_time()
                meanwhile = set(load.open)
                with trio.fail_after(PATIENCE):
                    while meanwhile & load.open:  # noqa: ASYNC110 - nobody tells
                        await trio.sleep(LOOK)
                run.sample(trio.current_time() - back)
                await trio.sleep(AWAY * TTL)
                after = await nodes.partitions()
            moved = sum(after[each] != before[each] for each in before)
            run.equal(moved, 0, "partitions that have changed hands")
            run.equal(load.without, 0, "prompts without outcome")
            run.equal(set(load.kinds), {"Completed"}, "outcomes")
            run.note(moved=moved, prompts=len(load.waits))


class NodeDrained(_Handing):
    """A node drains and another one joins under load: the longest wait of a prompt.

    From the first call to the outcome, less the time of its turn.  None is failed,
    aborted or lost by it.
    """

    name = "node_drained"

    async def ours(self, run: Run) -> None:
        """Drain one of three, and have another one join meanwhile."""
        with open_server() as server:
            async with open_nodes(server, NODES) as nodes, _load(nodes) as load:
                await trio.sleep(TTL)
                leaver = nodes.ready()[run.seed % NODES]
                before = len(load.waits)
                usual = max(load.waits)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(nodes.start)
                    report = await nodes.fleet.drain(leaver)
                await nodes.settled()
                await trio.sleep(TTL)
            run.sample(max(load.waits[before:]))
            run.equal(report["lost"] + report["aborted"], 0, "lost or aborted by it")
            run.equal(set(load.kinds), {"Completed"}, "outcomes")
            run.equal(load.without, 0, "prompts without outcome")
            run.note(prompts=len(load.waits) - before, usual=usual / TTL)


@attrs.define(eq=False)
class _Load:
    """Senders, and what became of what they have sent."""

    nodes: Nodes
    waits: list[float] = attrs.Factory(list[float])
    """Seconds from the first call to the outcome, less the time of a turn."""
    kinds: Counter[str] = attrs.Factory(Counter[str])
    open: set[str] = attrs.Factory(set[str])
    """Ids of prompts without outcome."""
    without: int = 0
    """How many had none in the end."""
    over: bool = False

    async def send(self, sender: int) -> None:
        """Send one prompt after the other, each to another node."""
        for number in itertools.count():
            if self.over:
                return
            name = f"p{sender}-{number}"
            self.open.add(name)
            called = trio.current_time()
            self.kinds[await self._outcome(sender, number, name)] += 1
            self.waits.append(trio.current_time() - called - TURN)
            self.open.discard(name)

    async def _outcome(self, sender: int, number: int, name: str) -> str:
        """Its outcome; asked of another node if one cannot tell."""
        for attempt in itertools.count(sender + number):
            ready = self.nodes.ready()
            call = ready[attempt % len(ready)].order(
                "accept",
                key=f"session-{sender}",
                say={"id": name, "seconds": TURN},
                attempts=3,
                journal=False,
            )
            try:
                await call.next()
                kind = str((await call.next())["told"])
            except (GoneError, OrderError):
                await trio.sleep(LOOK)
                continue
            if kind != "Lost":  # its node has ended: another one knows
                return kind
        raise AssertionError


@asynccontextmanager
async def _load(nodes: Nodes) -> AsyncGenerator[_Load]:
    """Send in this block, and wait at its end for what has been sent."""
    load = _Load(nodes)
    async with trio.open_nursery() as nursery:
        for sender in range(SENDERS):
            nursery.start_soon(load.send, sender)
        yield load
        load.over = True
        nursery.cancel_scope.deadline = trio.current_time() + PATIENCE
    load.without = len(load.open)


def _has(node: str, partitions: dict[int, tuple[str | None, int]]) -> bool:
    return any(owner == node for owner, _ in partitions.values())
