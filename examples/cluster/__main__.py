"""Sessions on several machines: three nodes, one PostgreSQL server, and bad luck.

    python -m examples.cluster

Starts a server of its own in a temporary folder, three nodes of a chat service behind a
proxy, and users who send recorded traffic.  Kills a node, stops another for longer than
its leases live, restarts the server, adds a node, drains one.  In the end it counts
what was accepted, what was told, and what is kept.  Takes about a minute.
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

import trio

try:
    from examples.cluster.server import WANTED, Server, binaries
except ImportError:  # psycopg
    sys.exit("This example wants an extra: pip install 'trio-actors[postgres]'")

from examples.cluster.course import whole
from examples.cluster.town import Town


async def until_told(scope: trio.CancelScope) -> None:
    """End when somebody says so, and leave nothing behind."""
    with trio.open_signal_receiver(signal.SIGTERM) as signals:
        async for _ in signals:
            scope.cancel()


async def play(turns: int, seconds: float) -> int:
    """Play all of it; give the exit status."""
    programs = binaries()
    if programs is None:
        print(WANTED)
        return 2
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        server = Server(programs, folder)
        status = 143  # if it is told to end
        async with trio.open_nursery() as nursery:
            nursery.start_soon(until_told, nursery.cancel_scope)
            town = Town(server, folder, nursery)
            try:
                status = await whole(town, turns, seconds)
            except Exception:
                town.show_logs()
                raise
            finally:
                with trio.CancelScope(deadline=trio.current_time() + 30, shield=True):
                    await town.end()
    return status


def main() -> int:
    """Read the command line, and play."""
    parser = argparse.ArgumentParser(prog="python -m examples.cluster")
    parser.add_argument("--turns", type=int, default=1000, help="of the recording")
    parser.add_argument("--seconds", type=float, default=40.0, help="for all of these")
    chosen = parser.parse_args()
    return trio.run(play, chosen.turns, chosen.seconds)


if __name__ == "__main__":
    sys.exit(main())
