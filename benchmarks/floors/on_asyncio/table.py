"""The same work by hand on asyncio: a task and a queue per actor, a future per reply.

Not a floor of ours (Trio's scheduler costs more than asyncio's), but what the other
half of Python would write without a framework. Here is the table of what there is.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.floors.on_asyncio.conversing import CONVERSING
from benchmarks.floors.on_asyncio.living import LIVING
from benchmarks.floors.on_asyncio.pooling import POOLING
from benchmarks.floors.on_asyncio.savina import SAVINA
from benchmarks.floors.on_asyncio.telling import TELLING
from benchmarks.floors.on_asyncio.waiting import WAITING
from benchmarks.scenario import Contender

ASYNCIO: Final[Mapping[str, Contender]] = {
    **TELLING,
    **LIVING,
    **SAVINA,
    **WAITING,
    **CONVERSING,
    **POOLING,
}
