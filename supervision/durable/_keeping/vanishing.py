"""`Vanishing`: turns that have no outcome of their own.

Another node has their key, or has had it: what they leave is not kept, and what the
store comes to have is what their receipts get.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from actors import Outcome, Receipt
from actors.hosting import TurnRun
from supervision._routing.parts.lane import GONE
from supervision.durable._words.events import TurnFenced
from supervision.durable._words.looks import Find
from supervision.durable._writing.book import Entry

from .ground.place import key_of
from .later.leaving import Left, Steered

MOVED: Final = "does not count: the key is another node's by now"
"""Why a turn of a key that has gone has no outcome."""
_ENDED: Final = (
    "does not count: its prompt has an outcome already, which another turn has given"
)


class Vanishing:
    """What becomes of such turns, and of who waits for them.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "turns")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self.turns = 0
        """How many there were."""

    def overtaken(self, left: Left) -> None:
        """The store has not kept what a turn leaves: what its lane has is old.

        The key comes anew out of the store.  It should never be needed: whoever owns a
        key has its prompts alone.
        """
        kept, lane = self._kept, left.run.lane
        key_of(lane).dropped = True
        if lane.phase != GONE:
            self.leave(kept.core.dropping.drop(lane))
        kept.turning.unsent(left)
        self.vanished(left.run, left.outcome, left.steered, _ENDED)
        if kept.others is None or not kept.others.has(lane.key):
            kept.recovery.once(lane.key)

    def vanished(
        self,
        run: TurnRun,
        outcome: Outcome,
        steered: Sequence[Steered],
        why: str = MOVED,
    ) -> None:
        """A turn of a lane that was dropped has ended."""
        core = self._kept.core
        stored: list[Receipt[Any]] = [each for each, _, _ in steered]
        for each in run.receipts:
            more = each._more
            if more is not None and more.row is not None:
                stored.append(each)
            else:
                core.give(each, outcome)  # it was kept nowhere
        self.turns += 1
        core.world.log_failure(logging.WARNING, run.lane.key, why, turn=run.id)
        self._kept.tell(TurnFenced, run.lane.key, run.id)
        core.turns.follow_ups(run)
        core.dropping.vanish(run)
        self.leave(stored)
        self.leave(core.dropping.take_kept(run.lane))

    def leave(self, receipts: Sequence[Receipt[Any]]) -> None:
        """These are left to the store: whoever has them hears what it comes to have."""
        kept = self._kept
        if kept.others is not None:
            kept.others.handing.leave(receipts)
            return
        left = [each for each in receipts if each.ended is None]
        kept.bringing.count_out(left)  # until it is known
        for receipt in left:
            more = receipt.need_more()
            more.settling, more.steers = False, None
            receipt._turn = None
            kept.finding.over(receipt)
            kept.bringing.hold([receipt])
            look = Find(receipt.key, "", receipt.id)
            kept.submit(Entry(look, partial(kept.finding.cleared, receipt)))
