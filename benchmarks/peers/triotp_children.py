"""TriOTP's dynamic supervisor: children that come and go.

It cannot be asked to stop a child, nor does it say when one has been started: a cast
that arrives is the start, and the child is told to stop. Then its mailbox is gone.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any

import trio
import triotp.dynamic_supervisor
import triotp.supervisor
from triotp import gen_server, mailbox

from benchmarks.peers.triotp_parts import State, running, server_with, try_cast
from benchmarks.run import Run


async def start_stop_children(run: Run) -> None:
    """Start a temporary child, tell it to stop, wait until it is gone."""
    stopped = 0

    async def handle_cast(message: str, state: State) -> Any:
        nonlocal stopped
        stopped += message == "stop"
        return gen_server.Stop(), state

    async with running() as nursery:
        spec = triotp.supervisor.child_spec(
            "child",
            gen_server.start,
            [server_with(handle_cast=handle_cast), 0, "child"],
            restart=triotp.supervisor.restart_strategy.TEMPORARY,
        )
        options = triotp.supervisor.options()
        await nursery.start(triotp.dynamic_supervisor.start, options, "supervisor")
        with run.timed():
            for _ in range(run.count):
                await triotp.dynamic_supervisor.start_child("supervisor", spec)
                while not await try_cast("child", "stop"):  # noqa: ASYNC110 - no signal
                    await trio.lowlevel.checkpoint()
                while "child" in mailbox.context_name_registry.get():  # noqa: ASYNC110 - no signal
                    await trio.lowlevel.checkpoint()
    run.equal(stopped, run.count, "children that were stopped")
