"""Sessions on several machines: three nodes, one PostgreSQL server, and bad luck.

    python -m examples.cluster

Starts a server of its own in a temporary folder, three nodes of a chat service behind a
proxy, and users who send recorded traffic.  Kills a node, stops another for longer than
its leases live, restarts the server, adds a node, drains one.  In the end it counts
what was accepted, what was told, and what is kept.  Takes about a minute.
"""

import argparse
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import trio

try:
    from examples.cluster.server import WANTED, Server, binaries
except ImportError:  # psycopg
    sys.exit("This example wants an extra: pip install 'trio-actors[postgres]'")

from examples.cluster.audit import audit
from examples.cluster.node import PARTITIONS, TTL
from examples.cluster.proxy import Proxy, ask
from examples.cluster.senders import Senders

SHOWN = 10  # faults


class Play:
    """The nodes, and what befalls them."""

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
            with (self.folder / f"{name}.log").open("wb") as log:
                self.nodes[name] = await trio.lowlevel.open_process(
                    [*command, self.server.dsn], stdout=log, stderr=log
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

    async def course(self) -> None:
        """Everything that befalls them."""
        await trio.sleep(5)
        self.say("node b is killed (kill -9)")
        del self.proxy.ports["b"]
        process = self.nodes.pop("b")
        process.kill()
        await process.wait()
        await self.settled()
        await trio.sleep(3)
        self.say(
            f"node c is stopped (SIGSTOP) for {3 * TTL:g} s, its leases live {TTL:g} s"
        )
        self.nodes["c"].send_signal(signal.SIGSTOP)
        await trio.sleep(3 * TTL)
        self.nodes["c"].send_signal(signal.SIGCONT)
        self.say("node c goes on")
        await self.settled()
        await trio.sleep(3)
        before = await self.epochs()
        self.say("the server is restarted, and is away for three seconds")
        await self.server.stop()
        await trio.sleep(3)
        await self.server.start()
        await trio.sleep(TTL)
        self.say(f"   partitions that changed hands: {await self.epochs() - before}")
        self.say("node d is added")
        await self.start("d")
        await trio.sleep(3)
        self.say("node a is drained (SIGTERM)")
        process = self.nodes.pop("a")
        process.terminate()
        with trio.fail_after(40):
            status = await process.wait()
        del self.proxy.ports["a"]
        self.say(f"node a has ended, with status {status}")
        await self.settled()

    async def whole(self, turns: int, seconds: float) -> int:
        """Begin, play, and count."""
        self.say("a server is made")
        await self.server.make()
        self.say("nodes a, b and c begin")
        await self.start("a", "b", "c")
        senders = Senders(await self.nursery.start(self.proxy.serve), turns, seconds)
        keys = len({each.key for each in senders.prompts})
        self.say(f"users send {turns:,} prompts of {keys:,} conversations")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(senders.run)
            await self.course()
            self.say("what is left is waited for")
        self.say("all prompts have their outcome; it is counted")
        wrong = await audit(self.server, senders, list(self.proxy.ports.values()))
        for process in self.nodes.values():
            process.terminate()
        statuses = [await each.wait() for each in self.nodes.values()]
        if any(statuses):
            wrong.append(f"the last nodes ended with {statuses}")
        self.nursery.cancel_scope.cancel()
        if wrong:
            self.show_logs()
        return self.told(senders, wrong)

    def told(self, senders: Senders, wrong: list[str]) -> int:
        """Print the summary; give the exit status."""
        accepted = sum(map(len, senders.accepted.values()))
        print(
            f"\naccepted   {accepted:,} prompts of {len(senders.accepted):,} sessions"
        )
        print(f"told       {len(senders.told):,} outcomes")
        for what, number in senders.notes.most_common():
            print(f"           {number:,} x {what}")
        proxy = self.proxy
        print(f"routed     {proxy.routed:,} to their owner, {proxy.astray:,} elsewhere")
        for each in wrong[:SHOWN]:
            print(f"WRONG      {each}")
        if len(wrong) > SHOWN:
            print(f"WRONG      and {len(wrong) - SHOWN} more")
        if not wrong:
            print("states     each is the completed prompts of its session, in order")
        print("it adds up" if not wrong else "it does NOT add up")
        return int(bool(wrong))

    def show_logs(self) -> None:
        """Something has gone wrong: print how the logs end."""
        for path in sorted(self.folder.glob("*.log")):
            print(f"--- {path.name}", *path.read_text().splitlines()[-15:], sep="\n")

    async def end(self) -> None:
        """Leave nothing behind."""
        with trio.CancelScope(shield=True):  # whatever has happened
            for process in self.nodes.values():
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            await self.server.kill()


async def play(turns: int, seconds: float) -> int:
    """Play all of it; give the exit status."""
    programs = binaries()
    if programs is None:
        print(WANTED)
        return 2
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        server = Server(programs, folder)
        async with trio.open_nursery() as nursery:
            course = Play(server, folder, nursery)
            try:
                return await course.whole(turns, seconds)
            except BaseException:
                course.show_logs()
                raise
            finally:
                await course.end()


def main() -> int:
    """Read the command line, and play."""
    parser = argparse.ArgumentParser(prog="python -m examples.cluster")
    parser.add_argument("--turns", type=int, default=1000, help="of the recording")
    parser.add_argument("--seconds", type=float, default=40.0, help="for all of these")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leave nothing behind
    return trio.run(play, chosen.turns, chosen.seconds)


if __name__ == "__main__":
    sys.exit(main())
