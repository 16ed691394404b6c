"""`Ordering`: prompts of one key that came through different nodes, in their order.

The owner of a key does not know at once what others have stored for it.  When the store
has a prompt that came here it says which others stood before: nothing of that lane
begins until they do here too.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any

from actors import Receipt
from actors.hosting import ENDED
from supervision._routing.parts.lane import GONE, Lane
from supervision.durable._keeping.ground.place import key_of
from supervision.durable._words.records import Bring, Brought
from supervision.durable._writing.book import Entry


class Ordering:
    """What stands before what.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept",)

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept

    def before(
        self, lane: Lane, receipt: Receipt[Any], numbers: tuple[int, ...]
    ) -> None:
        """Prompts that others have stored stand before this one.

        Its turn, if it was to have one now, may be another's: it waits again.
        """
        core, finding = self._kept.core, self._kept.finding
        if lane.phase == GONE or not key_of(lane).brought:
            return
        run = core.turns.running.get(receipt._turn) if receipt._turn else None
        if run is not None and not run.has_begun and run.phase is not ENDED:
            core.turns.unbegin(run)
        is_void = self._kept.bringing.is_void
        if all(finding.here(each) or is_void(each) for each in numbers):
            self._stand_behind(lane, receipt, numbers)
            core.turns.advance(lane)
        else:
            lane.need_extra().looks = True
            then = partial(self._came, lane, receipt, numbers)
            self._kept.submit_of(lane, Entry(Bring(lane.key), then))

    def _stand_behind(
        self, lane: Lane, receipt: Receipt[Any], numbers: tuple[int, ...]
    ) -> None:
        """They are here: it stands behind them."""
        queue = list(lane.live())
        if receipt not in queue:
            return
        at = queue.index(receipt)
        last = max(
            (n for n, each in enumerate(queue) if each.id in numbers), default=at
        )
        if last > at:
            queue.insert(last + 1, receipt)
            del queue[at]
            self._line_up(lane, queue)

    def _came(
        self,
        lane: Lane,
        receipt: Receipt[Any],
        numbers: tuple[int, ...],
        brought: Brought,
    ) -> None:
        """All open prompts of a lane, in their order: so they stand in its queue."""
        lane.need_extra().looks = False
        if lane.phase == GONE:
            return
        bringing, finding = self._kept.bringing, self._kept.finding
        for row in brought.rows:
            if not (finding.here(row.number) or bringing.is_void(row.number)):
                adopted = bringing.adopt(lane, row)
                if adopted is not None:
                    lane.push(adopted)
        place = {row.number: nth for nth, row in enumerate(brought.rows)}
        last = len(place)  # what is on its way to the store comes behind
        queue = sorted(lane.live(), key=lambda each: place.get(each.id, last))
        self._line_up(lane, queue)
        self._stand_behind(lane, receipt, numbers)  # it may have been marked
        self._kept.core.turns.advance(lane)

    def _line_up(self, lane: Lane, queue: list[Receipt[Any]]) -> None:
        if queue:
            lane.queue, lane.waiting, lane.husks = deque(queue), len(queue), 0
