"""`Handing`: partitions whose keys go on elsewhere, and records that came too late.

Lost: another node has taken a partition, or the store says that it is not this node's.
Its lanes are dropped at once.  Given: a partition is to be another's.  Nothing of it
begins any more; what waits is left to the store, what runs ends where it is, and when
nothing of it is here, nor on its way into the store, it is free.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import attrs

from actors import Receipt
from actors.hosting import Timer
from supervision._routing.parts.lane import GONE, Lane
from supervision.durable._keeping.ground.place import Place, key_of
from supervision.durable._keeping.later.leaving import Left
from supervision.durable._sharing.words import Fenced, Lease, partition_of
from supervision.durable._words.errors import StoreAwayError
from supervision.durable._words.events import PartitionLost
from supervision.durable._words.journals import Chunks
from supervision.durable._words.records import (
    DONE,
    Accept,
    Accepted,
    Fire,
    Refused,
    Repeated,
    Settle,
)
from supervision.durable._words.reminders import Fired
from supervision.durable._writing.book import Entry, Question

_LOOK: Final = 0.05  # seconds between two looks at what is to be given away
_MOVED: Final = "the key is another node's now"


@attrs.define(eq=False)
class _Going:
    """A partition that is to be another's."""

    partition: int
    lanes: dict[Lane, None]
    until: float
    """When what still runs is cut."""
    was_cut: bool = False


class Handing:
    """Keys leave this node.

    Args:
        kept: the other parts.
        follow: called with prompts that are left to the store.
    """

    __slots__ = ("_follow", "_going", "_kept", "_timer", "moved")

    def __init__(
        self,
        kept: Any,  # Any: its module stands above this one
        follow: Callable[[Sequence[Receipt[Any]]], None],
    ) -> None:
        self._kept = kept
        self._follow = follow
        self._going: dict[int, _Going] = {}
        self._timer: Timer | None = None
        self.moved = 0
        """Prompts that were here and went on elsewhere."""

    # ----------------------------------------------------------------- it is another's

    def lose(self, partition: int) -> None:
        """A partition is another node's: what is here of it does not count."""
        self._going.pop(partition, None)
        core, lanes = self._kept.core, self._lanes_of(partition)
        for lane in lanes:
            key = key_of(lane)
            key.dropped = True
            self.leave(core.dropping.drop(lane))
        self._kept.tell(PartitionLost, partition, len(lanes))

    def _lanes_of(self, partition: int) -> list[Lane]:
        core, partitions = self._kept.core, self._kept.others.members.partitions
        return [
            lane
            for key, lane in tuple(core.lanes.items())
            if partition_of(key, partitions) == partition
        ]

    def leave(self, receipts: Sequence[Receipt[Any]]) -> None:
        """These are left to the store: whoever has them hears what it comes to have."""
        left = [each for each in receipts if each.ended is None]
        self.moved += len(left)
        self._kept.bringing.count_out(left)
        self._follow(left)

    def fenced(self, entry: Entry, answer: Fenced) -> None:
        """A record came too late: its key was another node's."""
        record = entry.record
        if isinstance(entry, Left):
            key_of(entry.run.lane).dropped = True
            self._kept.turning.unsent(entry)
            self._kept.vanishing.vanished(entry.run, entry.outcome, entry.steered)
        elif isinstance(record, Accept):
            (receipt,) = entry.receipts
            self.answered(receipt, answer.answer)
        elif isinstance(record, Settle):
            for each in entry.receipts:
                each.need_more().settling = False
                if each.ended is None and not self._kept.bringing.find(each.id):
                    self.leave((each,))
        elif isinstance(record, Fire):
            entry.told(Fired(done=False))
        elif isinstance(record, Chunks):
            entry.told(DONE)
        elif isinstance(entry, Question):
            entry.told(StoreAwayError(_MOVED))

    # Any: a Fenced says no more of what it has
    def answered(self, receipt: Receipt[Any], answer: Any) -> None:
        """A prompt was to be one of this node: it is stored, unless it is refused."""
        if isinstance(answer, Refused):
            self._kept.others.storing.refused(receipt, answer)
            return
        place: Place = receipt.need_more().row  # type: ignore[assignment]
        place.written()
        if isinstance(answer, Accepted):
            self._kept.journals.stored(receipt)
        elif isinstance(answer, Repeated):
            place.repeats = answer
            self._kept.others.storing.repeats(receipt, answer)

    # ------------------------------------------------------------------- it is given up

    def give(self, partitions: Sequence[int]) -> None:
        """Have partitions end in order, and give them away then."""
        kept = self._kept
        within = kept.others.members.policy.handover_within
        for partition in partitions:
            if partition in self._going:
                continue
            lanes = dict.fromkeys(self._lanes_of(partition))
            self._going[partition] = _Going(partition, lanes, kept.now() + within)
            for lane in lanes:
                self._let_rest(lane)
        self._look_later(0.0)

    def _let_rest(self, lane: Lane) -> None:
        left = self._kept.core.dropping.let_rest(lane)
        self.leave(left)

    def turn_over(self, lane: Lane) -> None:
        """A turn of this lane has been told: is it to go?"""
        for going in self._going.values():
            if lane in going.lanes and lane.phase != GONE:
                self._let_rest(lane)

    def _look_later(self, seconds: float) -> None:
        if self._timer is None and self._going:
            at = self._kept.now() + seconds
            self._timer = self._kept.at(at, self._look)

    def _look(self) -> None:
        """What is ready is given away; what is late is cut."""
        self._timer = None
        kept = self._kept
        if kept.closed:
            return
        for going in tuple(self._going.values()):
            here = [lane for lane in going.lanes if lane.phase != GONE]
            for lane in here:
                self._let_rest(lane)
            on_its_way = partial(_is_of, going.partition)
            if not here and not kept.writer.book.has(on_its_way):
                del self._going[going.partition]
                kept.others.members.give(going.partition)
            elif kept.now() >= going.until and not going.was_cut:
                going.was_cut = True
                for lane in here:
                    kept.core.dropping.cut_short(lane)
        self._look_later(_LOOK)

    def end(self) -> None:
        """The router ends."""
        if self._timer is not None:
            self._timer.cancel()


def _is_of(partition: int, entry: Entry) -> bool:
    lease: Lease | None = entry.lease
    return lease is not None and lease.partition == partition
