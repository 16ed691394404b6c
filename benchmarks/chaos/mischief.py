"""What is done to nodes and to the server: one thing after the other, by chance."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Final

import attrs
import trio

from benchmarks.postgres.server import Server

from .book import Book
from .fleet import Fleet, GoneError, Node, OrderError, Place
from .network import Network, Spot
from .rows import read_partitions

SETTLE: Final = 60.0
"""Seconds within which the partitions are all owned by nodes that live."""


@attrs.define(eq=False)
class Mischief:
    """Does things by chance.

    Args:
        fleet: the nodes.
        server: theirs.
        book: what is written down.
        dice: what is done, and when.
        size: how many nodes there are to be.
        ttl: of leases, in seconds.
        place: says where one more node is to live.
        say: told what is done.
        only: what may be done; names of `KINDS`.
        network: that they live on; None: they are of this machine.
    """

    fleet: Fleet
    server: Server
    book: Book
    dice: Random
    size: int
    ttl: float
    place: Callable[[], Place]
    say: Callable[[str], None]
    only: tuple[str, ...]
    network: Network | None = None

    async def go_on(self, until: float) -> None:
        """Do one thing after the other until this time, Trio's."""
        kinds = [each for each in self.only for _ in range(WEIGHTS[each])]
        while True:
            await trio.sleep(self.dice.uniform(0.5, 1.5) * self.ttl)
            if trio.current_time() >= until:
                return
            await self.do(self.dice.choice(kinds))

    async def do(self, kind: str) -> None:
        """Do one thing."""
        self.book.count(kind)
        self.say(kind)
        if kind in INTERRUPTING:
            self.book.interrupted = True
        await KINDS[kind](self)

    async def start(self, name: str | None = None) -> Node:
        """Start a node, with a name that it may have had before."""
        return await self.fleet.start(name or self.fleet.new_name(), self.place())

    async def settled(self) -> dict[int, tuple[str | None, int]]:
        """Wait until every partition is a living node's, and stays so for a while.

        Raises:
            trio.TooSlowError: that does not come.
        """
        before: dict[int, tuple[str | None, int]] = {}
        since = trio.current_time()
        with trio.fail_after(SETTLE):
            while True:
                now = await self.partitions()
                living = {each.name for each in self.fleet.living()}
                owners = {owner for owner, _ in now.values()}
                if now != before or owners != living:
                    before, since = now, trio.current_time()
                elif trio.current_time() - since >= self.ttl:
                    return now
                await trio.sleep(self.ttl / 10)

    async def partitions(self) -> dict[int, tuple[str | None, int]]:
        """Read which is whose, past all networks."""
        dsn = self.server.dsn(host=str(self.server.folder))
        return await trio.to_thread.run_sync(read_partitions, dsn)

    # --------------------------------------------------------------------- the nodes

    async def _kill(self) -> None:
        """One is killed; another one comes, now and then under the same name."""
        node = self.dice.choice(self.fleet.living())
        await self.fleet.kill(node)
        await trio.sleep(self.dice.choice((0.0, 0.5, 2.0)) * self.ttl)
        await self.start(self.dice.choice((node.name, None)))

    async def _stall(self) -> None:
        """One stands still for longer than `ttl`."""
        node = self.dice.choice(self.fleet.living())
        self.fleet.stop(node)
        await trio.sleep(self.dice.uniform(1.2, 3.0) * self.ttl)
        self.fleet.go_on(node)

    async def _blink(self) -> None:
        """One stands still for less than `ttl`: nothing follows."""
        node = self.dice.choice(self.fleet.living())
        self.fleet.stop(node)
        await trio.sleep(self.dice.uniform(0.1, 0.6) * self.ttl)
        self.fleet.go_on(node)

    async def _join(self) -> None:
        """One comes; another one leaves in order if there are too many."""
        await self.start()
        if len(self.fleet.living()) > self.size + 1:
            await self._leave()

    async def _drain(self) -> None:
        """One leaves in order, and another one comes."""
        await self._leave()
        if len(self.fleet.living()) < self.size:
            await self.start()

    async def _leave(self) -> None:
        node = self.dice.choice(self.fleet.living())
        try:
            report = await self.fleet.drain(node)
        except (GoneError, OrderError, trio.TooSlowError) as error:
            self.book.died.append(f"{node.name} did not drain: {error!r}")
            return
        if report["lost"] or report["aborted"]:
            self.book.died.append(f"{node.name} has drained, and lost {report}")

    # --------------------------------------------------------------------- the server

    async def _fast(self) -> None:
        """It is restarted in order, as far as that goes."""
        await self._restarted(signal.SIGINT, 0.0)

    async def _immediate(self) -> None:
        """It is restarted as after a crash."""
        await self._restarted(signal.SIGQUIT, 0.0)

    async def _outage(self) -> None:
        """It is away for three times `ttl`."""
        how = self.dice.choice((signal.SIGINT, signal.SIGQUIT))
        await self._restarted(how, 3 * self.ttl)

    async def _restarted(self, how: int, away: float) -> None:
        """Stop it and start it again: nothing changes hands because of that."""
        before = await self.settled()
        await trio.to_thread.run_sync(self.server.stop, how)
        await trio.sleep(away)
        await trio.to_thread.run_sync(self.server.start)
        await self._compare(before, f"the server was away {away} s")

    async def _compare(
        self, before: Mapping[int, tuple[str | None, int]], why: str
    ) -> None:
        """Wait a while, and write down which partitions have changed hands."""
        await trio.sleep(4 * self.ttl)
        after = await self.partitions()
        for partition, was in before.items():
            now = after.get(partition)
            if now != was:
                self.book.moved.append(f"{partition} was {was}, and is {now}: {why}")

    # -------------------------------------------------------------------- the network

    async def _cut(self) -> None:
        """One node and the server do not hear each other."""
        await self._cut_off(self._spots()[:1], out=True, back=True)

    async def _cut_out(self) -> None:
        """One node is not heard, and hears."""
        await self._cut_off(self._spots()[:1], out=True, back=False)

    async def _cut_in(self) -> None:
        """One node is heard, and does not hear."""
        await self._cut_off(self._spots()[:1], out=False, back=True)

    async def _cut_server(self) -> None:
        """Nobody hears the server: nothing changes hands because of that."""
        before = await self.settled()
        seconds = self.dice.uniform(3.0, 7.0) * self.ttl
        await self._cut_off(self._spots(), out=True, back=True, seconds=seconds)
        await self._compare(before, "the server was cut off")

    async def _slow(self) -> None:
        """What one node sends comes late."""
        network, spot = self.network, self._spots()[0]
        assert network is not None
        network.slow(spot)
        await trio.sleep(3 * self.ttl)
        network.quick(spot)

    def _spots(self) -> list[Spot]:
        """Where the nodes that live are, in an order that is chance's."""
        assert self.network is not None
        used = {each.place.network for each in self.fleet.living()}
        spots = [each for each in self.network.spots if each.path in used]
        self.dice.shuffle(spots)
        return spots

    async def _cut_off(
        self, spots: list[Spot], *, out: bool, back: bool, seconds: float | None = None
    ) -> None:
        network = self.network
        assert network is not None
        for spot in spots:
            if out:
                network.cut(spot, network.server)
            if back:
                network.cut(network.server, spot)
        await trio.sleep(seconds or self.dice.uniform(1.2, 3.0) * self.ttl)
        for spot in spots:
            network.mend(spot, network.server)
            network.mend(network.server, spot)


KINDS: Final[Mapping[str, Callable[[Mischief], Awaitable[None]]]] = {
    "kill": Mischief._kill,
    "stall": Mischief._stall,
    "blink": Mischief._blink,
    "join": Mischief._join,
    "drain": Mischief._drain,
    "restart fast": Mischief._fast,
    "restart immediate": Mischief._immediate,
    "outage": Mischief._outage,
    "cut node": Mischief._cut,
    "cut what a node sends": Mischief._cut_out,
    "cut what a node hears": Mischief._cut_in,
    "cut server": Mischief._cut_server,
    "slow node": Mischief._slow,
}
"""{name: what is done}."""
WEIGHTS: Final = {
    "kill": 4,
    "stall": 3,
    "blink": 1,
    "join": 2,
    "drain": 2,
    "restart fast": 1,
    "restart immediate": 1,
    "outage": 1,
    "cut node": 2,
    "cut what a node sends": 2,
    "cut what a node hears": 2,
    "cut server": 1,
    "slow node": 1,
}
ON_NETWORK: Final = frozenset(
    {
        *("cut node", "cut what a node sends", "cut what a node hears"),
        *("cut server", "slow node"),
    }
)
"""Those for which there must be a network."""
INTERRUPTING: Final = frozenset(
    {
        *("kill", "stall"),
        *("cut node", "cut what a node sends", "cut what a node hears"),
    }
)
"""Those by which turns may be interrupted, and no others."""
