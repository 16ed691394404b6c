"""The programs of the asyncio floor on uvloop's event loop: what asyncio can be.

Only of the scenarios that all peers have, without memory, which the loop does not
change: the others would say the same again.
"""

# uvloop need not be installed.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportMissingModuleSource=false

from collections.abc import Callable
from typing import Final

import uvloop

from benchmarks.floors.on_asyncio.table import ASYNCIO
from benchmarks.run import Run
from benchmarks.scenario import Contender

SCENARIOS: Final = (
    "tell",
    "fan_in",
    "ping_pong",
    "ask_async",
    "ask_100_1",
    "ask_100_100",
    "ring_100",
    "spawn_stop",
    "restart",
    "skynet_10k",
    "busy",
)


def _on_uvloop(contender: Contender) -> Callable[[Run], None]:
    async def main(run: Run) -> None:
        done = contender(run)
        if done is not None:
            await done

    def contend(run: Run) -> None:
        uvloop.run(main(run))

    return contend


# {scenario's name: contender}
UVLOOP: Final = {name: _on_uvloop(ASYNCIO[name]) for name in SCENARIOS}
