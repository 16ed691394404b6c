"""The nodes of `python -m examples.cluster`, each a process, and what they own."""

import json
import socket
import sys
from contextlib import suppress
from pathlib import Path

import trio

from examples.cluster.node import PARTITIONS
from examples.cluster.proxy import Proxy, ask
from examples.cluster.server import Server


class Town:
    """The nodes, behind a proxy."""

    def __init__(self, server: Server, folder: Path, nursery: trio.Nursery) -> None:
        self.server, self.folder, self.nursery = server, folder, nursery
        self.proxy = Proxy()
        self.nodes: dict[str, trio.Process] = {}
        self.began = trio.current_time()

    def say(self, words: str) -> None:
        """Say what happens."""
        print(f"{trio.current_time() - self.began:5.1f} s  {words}", flush=True)

    async def start(self, *names: str) -> None:
        """Start nodes, and wait until they own their share."""
        for name in names:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = self.proxy.ports[name] = free.getsockname()[1]
            command = [sys.executable, "-m", "examples.cluster.node", name, str(port)]
            command += [str(self.folder), self.server.dsn]
            with (self.folder / f"{name}.log").open("wb") as log:
                self.nodes[name] = await trio.lowlevel.open_process(
                    command, stdout=log, stderr=log
                )
        await self.settled()

    async def settled(self) -> None:
        """Wait until the nodes that are there own all, each about its share."""
        began, ports = trio.current_time(), self.proxy.ports
        least = PARTITIONS // (len(ports) + 1)
        shares = dict[str, int]()
        with trio.fail_after(60):
            while (
                shares.keys() != ports.keys()
                or sum(shares.values()) != PARTITIONS
                or min(shares.values()) < least
            ):
                await trio.sleep(0.2)
                shares = await self.shares()
        owned = ", ".join(f"{name} {number}" for name, number in shares.items())
        self.say(f"   partitions: {owned}; {trio.current_time() - began:.1f} s")

    async def shares(self) -> dict[str, int]:
        """Say how many partitions each node that lives has, as one of them sees it."""
        for port in tuple(self.proxy.ports.values()):
            with trio.move_on_after(1):
                if said := await ask(port, do="nodes"):
                    found = said[0].get("nodes", ())
                    return {e["node"]: e["partitions"] for e in found if e["lives"]}
        return {}

    async def epochs(self) -> int:
        """Say how often partitions have changed hands."""
        rows = await self.server.ask("select sum(epoch) from trio_actors.partitions")
        return int(rows[0][0])

    def reports(self) -> list[str]:
        """Give what is wrong with the accounts of nodes that have ended in order."""
        return [
            f"{path.name} does not add up: {path.read_text()}"
            for path in sorted(self.folder.glob("*.json"))
            if not json.loads(path.read_text())["adds_up"]
        ]

    def show_logs(self) -> None:
        """Something has gone wrong: print how the logs end."""
        for path in sorted(self.folder.glob("*.log")):
            print(f"--- {path.name}", *path.read_text().splitlines()[-15:], sep="\n")

    async def end(self) -> None:
        """Leave nothing behind."""
        for process in self.nodes.values():
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        await self.server.kill()
