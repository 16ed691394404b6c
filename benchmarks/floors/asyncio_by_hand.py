"""The same work by hand on asyncio: a task and a queue per actor, a future per reply.

Not a floor of ours (Trio's scheduler costs more than asyncio's), but what the other
half of Python would write without a framework. Here is the table of what there is.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.floors.asyncio_conversing import CONVERSING
from benchmarks.floors.asyncio_living import LIVING
from benchmarks.floors.asyncio_pooling import POOLING
from benchmarks.floors.asyncio_savina import SAVINA
from benchmarks.floors.asyncio_telling import TELLING
from benchmarks.floors.asyncio_waiting import WAITING
from benchmarks.scenario import Contender

ASYNCIO: Final[Mapping[str, Contender]] = {
    **TELLING,
    **LIVING,
    **SAVINA,
    **WAITING,
    **CONVERSING,
    **POOLING,
}
