"""`Sending`: prompts that turns leave for other keys, or their own, in their commit.

A row of each is part of the turn's record, with a number that is given when the record
is made.  When the store has answered they are accepted here, in the step in which the
turn's outcome is told; those that the store knew by their id are passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import attrs

from actors import Outcome
from actors.hosting import TurnRun, completed
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import Lane
from supervision.durable._keeping.ground.place import Place
from supervision.durable._keeping.ground.wall import wall
from supervision.durable._words.records import Row
from supervision.durable._words.rules import MADE


@attrs.frozen(eq=False)
class Sent:
    """A prompt on its way into the store, in its turn's commit."""

    offer: Offer
    row: Row


class Sending:
    """What turns leave for others.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "_out")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._out: dict[int, Sent] = {}  # {number: without an answer so far}

    def of(self, run: TurnRun, outcome: Outcome) -> tuple[Sent, ...]:
        """What a turn sends; nothing unless it has completed."""
        offers: Sequence[Offer] = run.extra.sends if run.extra is not None else ()
        if not offers or not completed(outcome):
            return ()
        made = tuple(self._make(offer) for offer in offers)
        for each in made:
            self._out[each.row.number] = each
        return made

    def _make(self, offer: Offer) -> Sent:
        core, more = self._kept.core, offer.more
        core.ids = offer.number = core.ids + 1
        core.unused += 1  # until it is accepted
        lane: Lane | None = core.lanes.get(offer.key)
        body, more.body = more.body, None
        assert body is not None
        row = Row(
            offer.number,
            offer.key,
            more.message_id or f"{MADE}{offer.number}",
            more.kind.value,
            lane.tenant if lane is not None else None,
            None,
            None,
            more.attempts,
            0,
            None,
            None,
            body,
            wall(),
        )
        return Sent(offer, row)

    def sent(self, sends: Sequence[Sent], known: Collection[int]) -> None:
        """The store has them, but for those that it knew: they may be accepted."""
        for each in sends:
            offer = each.offer
            self._out.pop(offer.number, None)
            offer.more.row = Place(offer.key, offer.number)
            if offer.number in known:
                self._kept.core.books.repeated += 1
                offer.void = True

    def unsent(self, sends: Sequence[Sent]) -> None:
        """The store has refused the turn that was to leave them."""
        for each in sends:
            self._out.pop(each.row.number, None)

    def forget(self, key: str) -> None:
        """A key is forgotten by a record behind theirs: it withdraws them."""
        for each in self._out.values():
            if each.row.key == key:
                each.offer.void = True
