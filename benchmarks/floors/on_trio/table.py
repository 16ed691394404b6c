"""What Trio allows by hand: a task per actor, without names, bounds or supervision.

Every workload is written once for the two boxes of `boxes.py`; here are the tables of
what there is.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.floors.on_trio.boxes import ChannelBox, MakeBox, ParkBox
from benchmarks.floors.on_trio.conversing import conversing
from benchmarks.floors.on_trio.living import living
from benchmarks.floors.on_trio.savina import savina
from benchmarks.floors.on_trio.telling import telling
from benchmarks.floors.on_trio.waiting import waiting
from benchmarks.scenario import Contender


def _with(make: MakeBox) -> dict[str, Contender]:
    return {
        **telling(make),
        **living(make),
        **savina(make),
        **waiting(make),
        **conversing(make),
    }


PARK: Final[Mapping[str, Contender]] = _with(ParkBox)
CHANNEL: Final[Mapping[str, Contender]] = _with(ChannelBox)
