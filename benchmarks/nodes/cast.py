"""What the scenarios of this room have in common: a server, nodes, sessions.

A node is a process of its own on a server of its own, which is started for the run and
waits for its disk as it would in earnest.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from actors import PromptPolicy, Session, Turn
from benchmarks.chaos.book import Book
from benchmarks.chaos.fleet import PROGRAM, Fleet, Node, Place, open_fleet
from benchmarks.chaos.rows import read_partitions
from benchmarks.postgres.server import Server, binaries, open_folder
from supervision import Limits
from supervision.durable import PostgresStore, SharingPolicy

TTL: Final = 2.0
"""Seconds that a lease lasts."""
PARTITIONS: Final = 16
PATIENCE: Final = 60.0
"""Seconds until what does not come is taken for lost."""
LIMITS: Final = Limits(turns=512)
"""As many turns at once as there are sessions."""
NODE: Final = "benchmarks.nodes.node"
"""The program of a node that is told to work."""

Partitions = dict[int, tuple[str | None, int]]
"""`{partition: (its owner, its epoch)}`."""


class MissingServerError(ImportError):
    """There is no PostgreSQL here: install it (apt-get install postgresql)."""


@attrs.frozen
class Work:
    """A prompt: what its turn costs."""

    text: str
    burns: float = 0.0
    """Seconds of the processor."""


class Worker(Session[Work, str, int]):
    """Counts its turns, and says how long the text was."""

    prompts = PromptPolicy(capacity=1_000)

    def new_state(self) -> int:
        """None so far."""
        return 0

    async def take_turn(self, turn: Turn[Work, str, int]) -> int:
        """Burn, and answer."""
        until = time.thread_time() + turn.prompt.burns
        while time.thread_time() < until:
            pass
        turn.state += 1
        return len(turn.prompt.text)


def store_on(dsn: str, node: str, ttl: float = TTL) -> PostgresStore:
    """Describe the store that all nodes share."""
    return PostgresStore(
        dsn, node=node, partitions=PARTITIONS, sharing=SharingPolicy(ttl=ttl)
    )


@contextmanager
def open_server() -> Generator[Server]:
    """Start a server; leaving stops it.

    Raises:
        MissingServerError: there is none.
    """
    programs = binaries()
    if programs is None:
        raise MissingServerError(MissingServerError.__doc__)
    with open_folder() as folder:
        server = Server(programs, Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)


@attrs.frozen
class Nodes:
    """Nodes on a server, at rest, each with its part of the keys."""

    server: Server
    fleet: Fleet
    started: list[Node] = attrs.Factory(list[Node])
    """Those that have answered once."""

    async def start(self) -> Node:
        """Start one more, and wait until it answers."""
        place = Place(self.server.dsn())
        node = await self.fleet.start(self.fleet.new_name(), place)
        self.started.append(node)
        return node

    def ready(self) -> list[Node]:
        """Those that a load balancer would send to."""
        return [each for each in self.started if each.lives]

    async def partitions(self) -> Partitions:
        """Read which is whose."""
        return await trio.to_thread.run_sync(read_partitions, self.server.dsn())

    async def settled(self, *more: str) -> Partitions:
        """Wait until those that live, and these, have all, none more than its part.

        Raises:
            trio.TooSlowError: that does not come.
        """
        with trio.fail_after(PATIENCE):
            while True:
                found = await self.partitions()
                owners = [owner for owner, _ in found.values()]
                names = [*more, *(each.name for each in self.fleet.living())]
                parts = [owners.count(each) for each in names]
                fair = min(parts) > 0 and max(parts) <= -(-PARTITIONS // len(parts))
                if fair and sum(parts) == PARTITIONS:
                    return found
                await trio.sleep(TTL / 20)


@asynccontextmanager
async def open_nodes(
    server: Server, count: int, program: str = PROGRAM
) -> AsyncGenerator[Nodes]:
    """Start so many nodes, and wait until they have settled; leaving ends them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        options: Mapping[str, Any] = {  # Any: JSON
            "begun": str(Path(folder) / "begun"),
            "ttl": TTL,
            "partitions": PARTITIONS,
        }
        async with open_fleet(Path(folder), Book(), options, program) as fleet:
            nodes = Nodes(server, fleet)
            for _ in range(count):
                await nodes.start()
            if count:
                await nodes.settled()
            yield nodes
