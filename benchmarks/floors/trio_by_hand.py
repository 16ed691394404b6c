"""What Trio allows by hand: a task per actor, without names, bounds or supervision.

Every workload is written once for the two boxes of `boxes.py`; here are the tables of
what there is.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.scenario import Contender

from .boxes import ChannelBox, MakeBox, ParkBox
from .trio_conversing import conversing
from .trio_living import living
from .trio_savina import savina
from .trio_telling import telling
from .trio_waiting import waiting


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
