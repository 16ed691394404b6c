"""`Finding`: prompts by their address, and receipts that follow those of others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import trio

from actors import Failed, Lost, Outcome, Receipt, Withdrawn
from supervision._routing.errors import PromptKeptError
from supervision._routing.parts.lane import GONE, Lane
from supervision.durable._words.errors import CodecError, StoreAwayError
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Repeated,
)
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.waiter import ENDED, Waiter

from .ground.bodies import OUTCOME
from .ground.place import Place, more_of_nobody


class Finding:
    """Who asks for a prompt that may have been another router's.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "_open", "_waiting")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        # {number: the receipt of a prompt that is here, and that nobody has told}
        self._open: dict[int, Receipt[Any]] = {}
        # {number: receipts of a prompt that is in the store, and not brought}
        self._waiting: dict[int, list[Receipt[Any]]] = {}

    def come(self, receipt: Receipt[Any]) -> None:
        """A prompt is here: whoever looks for it gets its receipt."""
        self._open[receipt.id] = receipt
        if self._kept.others is not None:
            self._kept.others.following.came(receipt.id)

    def here(self, number: int) -> Receipt[Any] | None:
        """Give a prompt that is here and has not been told; None."""
        return self._open.get(number)

    def numbers(self) -> Iterable[int]:
        """Those that are here."""
        return self._open

    def followed(self) -> Iterable[int]:
        """Those that somebody has sent again, and that are not here."""
        return self._waiting

    def over(self, receipt: Receipt[Any]) -> None:
        """It has been told, or the store has none of it."""
        self._open.pop(receipt.id, None)
        reminding = self._kept.reminding
        if reminding.waits or reminding.open:
            reminding.moved(receipt)

    def rest(self) -> list[Receipt[Any]]:
        """Those that wait in the store when the router has ended, wherever they were.

        Those who follow one that is not here are told to look for it.  Whoever follows
        is no prompt of its own: it is counted with its outcome, or not at all.
        """
        core = self._kept.core
        rest = [each for each in self._open.values() if each.ended is None]
        self._open.clear()
        for each in rest:
            core.unused += len(each.need_more().followers or ())
        for receipts in self._waiting.values():
            core.unused += len(receipts)
            for each in receipts:
                each.leave(PromptKeptError(each.key, each.id))
        self._waiting.clear()
        return rest

    def doubt(self, receipt: Receipt[Any]) -> None:
        """The router has ended, and nobody knows what the store has of this one."""
        place: Any = receipt.need_more().row
        if receipt.ended is not None:
            return
        if place is None:  # it was kept nowhere
            self._kept.core.give(receipt, Lost("the router has ended"))
        elif place.repeats is None:
            place.in_doubt = True
            place.left()
        elif receipt not in self._waiting.get(place.repeats.number, ()):
            self._kept.core.unused += 1
            receipt.leave(PromptKeptError(receipt.key, receipt.id))

    def clear_doubts(self) -> None:
        """Those of the router before this one: what has the store of them?"""
        for receipt in self._kept.bringing.followed_receipts():
            place: Any = receipt.need_more().row
            if place.in_doubt:
                look = Find(receipt.key, "", receipt.id)
                self._kept.submit(Entry(look, partial(self.cleared, receipt)))

    def cleared(self, receipt: Receipt[Any], found: Found) -> None:
        """The store has said what it has of a prompt that somebody holds."""
        if found.number is not None and found.outcome is None:
            return  # it comes with its key
        kept = self._kept
        if kept.bringing.let_go(receipt.id) is None:
            return
        kept.bringing.count_in(receipt)
        if found.outcome is None:
            kept.core.give(receipt, Lost("the store has not got it"))
        else:
            receipt._turn = found.turn
            kept.core.give(receipt, self.outcome_of(found.outcome))

    def told(self, receipts: tuple[Receipt[Any], ...]) -> None:
        """The turn of these has ended; those without an outcome are tried again."""
        reminding = self._kept.reminding
        moves = bool(reminding.waits or reminding.open)
        for receipt in receipts:
            if receipt._outcome is not None:  # as `over`
                self._open.pop(receipt.id, None)
                if moves:
                    reminding.moved(receipt)

    def outcome_of(self, body: bytes) -> Outcome:
        """What the store has; Failed(CodecError): it cannot be read."""
        try:
            outcome: Outcome = self._kept.codec.decode(body, OUTCOME)
        except CodecError as error:
            return Failed(error=error)
        return outcome

    async def find(self, key: str, id: str) -> Receipt[Any] | None:  # noqa: A002
        """See `RouterRef.find`.  A checkpoint."""
        core = self._kept.core
        lane: Lane | None = core.lanes.get(key)
        if lane is not None and lane.extra is not None and lane.extra.known is not None:
            known: Receipt[Any] | None = lane.extra.known.find(id)
            if known is not None and not getattr(known.ended, "forgotten", False):
                return known
        if not (self._kept.can_write(key) and self._kept.can_write(id)):
            await trio.lowlevel.checkpoint()
            return None
        if self._kept.closed:
            raise StoreAwayError(ENDED)
        waiter = Waiter()

        def told(answer: Found | Exception) -> None:
            # in this very step: what it has not seen is told in a later one
            if isinstance(answer, Found):
                waiter.told(self.receipt_of(key, answer))
            else:
                waiter.told(answer)

        self._kept.submit(Question(Find(key, id), told))
        receipt: Receipt[Any] | None = await waiter.wait()
        return receipt

    def receipt_of(self, key: str, found: Found) -> Receipt[Any] | None:
        """Give the receipt of a prompt of the store; None: there is no such prompt."""
        if found.number is None:
            return None
        core = self._kept.core
        receipt: Receipt[Any] | None
        if found.outcome is None:
            receipt = self._open.get(found.number)
            if receipt is None:
                receipt = self._kept.bringing.find(found.number)
            if receipt is not None:
                return receipt
        # not the lane that may be there: it has not got this prompt, so far
        lane = Lane(key, core, core.now())
        if self._kept.others is not None:
            lane.phase = GONE  # who has it may take it back, and nobody else
        receipt = Receipt(lane, None, found.number, math.nan, more_of_nobody())
        receipt.need_more().row = Place(key, found.number)
        if found.outcome is not None:
            receipt._turn = found.turn
            receipt.settle(self.outcome_of(found.outcome))
        else:
            self._kept.bringing.hold([receipt])
            self._kept.recovery.again(key)
        return receipt

    def follow(self, lane: Lane, receipt: Receipt[Any], answer: Repeated) -> None:
        """Give a receipt the outcome of the prompt with whose id it was sent again."""
        if answer.outcome is not None:
            receipt._turn = answer.turn
            outcome = self.outcome_of(answer.outcome)
            self._kept.core.give(receipt, outcome)
            return
        first = self._open.get(answer.number)
        if first is not None:
            more = first.need_more()
            if more.followers is None:
                more.followers = []
            more.followers.append(receipt)
            return
        # its outcome has been told meanwhile, or it comes with its key
        self._waiting.setdefault(answer.number, []).append(receipt)
        message_id = receipt.need_more().message_id
        assert message_id is not None
        look = Find(lane.key, message_id)
        self._kept.submit(Entry(look, self._looked(), 0, (receipt,)))

    def _looked(self) -> Callable[[Found], None]:
        def told(found: Found) -> None:
            if isinstance(found, Found) and found.outcome is not None:
                outcome = self.outcome_of(found.outcome)
                for receipt in self.followers_of(found.number or 0):
                    receipt._turn = found.turn
                    self._kept.core.give(receipt, outcome)

        return told

    def followers_of(self, number: int) -> list[Receipt[Any]]:
        """Those who wait for a prompt that has come, or has ended, now."""
        return self._waiting.pop(number, [])

    def withdrawn(self, number: int, outcome: Withdrawn) -> None:
        """The store has ended this one, which nobody has brought."""
        core = self._kept.core
        live: Receipt[Any] | None = self._kept.bringing.let_go(number)
        if live is not None:
            self._kept.bringing.count_in(live)
            self.over(live)
            core.give(live, outcome)
        for receipt in self.followers_of(number):
            core.give(receipt, outcome)
