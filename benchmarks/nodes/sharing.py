"""Sharing: what it costs that a key is another node's, and what more nodes bring.

python -m benchmarks run --module benchmarks/nodes/sharing.py
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import trio

from actors import open_system
from benchmarks.nodes.cast import (
    LIMITS,
    NODE,
    TTL,
    Nodes,
    Work,
    Worker,
    open_nodes,
    open_server,
    store_on,
)
from benchmarks.nodes.node import keys_of, work
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from supervision import start_router

TEXT: Final = "x" * 200
BURNS: Final = 0.001
"""Seconds of the processor that a turn takes."""
SESSIONS: Final = 96
"""How many take turns at once, on all nodes together."""
KEYS: Final = 8


class OutcomeElsewhere(Scenario):
    """A prompt's outcome where it was accepted, by a node that does not have its key.

    Two nodes; one prompt at a time, accepted and told.  `owner` is the same of keys
    that the node has itself.
    """

    name = "outcome_elsewhere"
    unit = MICROSECONDS
    floor = "owner"
    count = 400
    fixed = True
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """Keys of the other node."""
        await self._one_by_one(run, here=False)

    async def owner(self, run: Run) -> None:
        """Keys of its own."""
        await self._one_by_one(run, here=True)

    async def _one_by_one(self, run: Run, *, here: bool) -> None:
        right = 0
        with open_server() as server:
            async with open_nodes(server, 1, NODE) as nodes, open_system() as system:
                store = store_on(server.dsn(), "here")
                router = start_router(system, Worker, limits=LIMITS, durable=store)
                await nodes.settled("here")
                await trio.sleep(TTL)  # both know of it
                keys = await keys_of(router, KEYS, here=here)
                for key in keys:
                    await work(router, key, Work(TEXT), 1)
                for number in range(run.count):
                    began = clock()
                    right += await work(router, keys[number % KEYS], Work(TEXT), 1)
                    run.sample(clock() - began)
        run.equal(right, run.count, "right answers")


class NodesBurning(Scenario):
    """Turns that burn 1 ms of the processor each, on three nodes.

    96 sessions at once on all nodes together, each prompt accepted, run, committed and
    told by the node that has its key; `alone` is one node with all of them.  Beside it
    stands the processor's time that a turn took, of the nodes and of the server.
    """

    name = "nodes_burning"
    floor = "alone"
    count = SESSIONS * 30
    fixed = True
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """Three nodes."""
        await self._burn(run, 3)

    async def alone(self, run: Run) -> None:
        """One node."""
        await self._burn(run, 1)

    async def _burn(self, run: Run, count: int) -> None:
        each = run.count // SESSIONS
        done: list[int] = []
        with open_server() as server:
            async with open_nodes(server, count, NODE) as nodes:

                async def on(index: int, times: int) -> None:
                    call = nodes.fleet.nodes[index].order(
                        "work",
                        sessions=SESSIONS // count,
                        times=times,
                        text=TEXT,
                        burns=BURNS,
                    )
                    done.append((await call.next())["done"])

                for times in (1, each):  # the first time sessions are started
                    done.clear()
                    nodes_before, server_before = _burnt(nodes)
                    began = clock()
                    async with trio.open_nursery() as nursery:
                        for index in range(count):
                            nursery.start_soon(on, index, times)
                run.elapsed(clock() - began)
                of_nodes, of_server = _burnt(nodes)
        run.equal(sum(done), run.count, "right answers")
        run.note(
            node_us=1e6 * (of_nodes - nodes_before) / run.count,
            server_us=1e6 * (of_server - server_before) / run.count,
        )


def _burnt(nodes: Nodes) -> tuple[float, float]:
    """Seconds of the processor that nodes have had, and the server."""
    pid = nodes.server.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    of_nodes = sum(seconds_of(each.process.pid) for each in nodes.started)
    return of_nodes, sum(map(seconds_of, [pid, *map(int, children)]))


def seconds_of(pid: int) -> float:
    """Of a process and of its children that have ended; 0: it has just ended itself."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # as the server's workers do, whenever they like
    fields = line.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
