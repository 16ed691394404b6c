"""`Joining`: prompts that other nodes have stored stand in the queues of this one.

And those for keys of others: they are looked at as any, and then stored.
"""

from __future__ import annotations

from typing import Any

from actors import ClosedToNewError, Failed, PromptKind, Receipt
from actors.hosting import SteeringQueue, TurnRun, is_steerable
from supervision._routing.parts.admission import Offer, quarantined
from supervision._routing.parts.lane import CLOSING, QUARANTINED, Lane


class Joining:
    """Where prompts go that do not come and stay here.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core",)

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core

    def send_on(self, offer: Offer) -> Receipt[Any]:
        """Accept a prompt for a key of another node.

        Raises:
            RefusedError: it is not taken.
            TypeError, ValueError: it cannot be kept as it is.
        """
        core = self._core
        if not core.admission.open:
            raise ClosedToNewError(offer.key)
        core.keeping.offered(offer)
        receipt: Receipt[Any] = core.keeping.others.accept(offer)
        return receipt

    def make_room(self, lane: Lane) -> None:
        """A lane that is about to go is to stay, for a prompt.

        Raises:
            SaturatedError: its place is promised to another.
        """
        if lane.phase == CLOSING:
            self._core.sessions.stay(lane)

    def join(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """A prompt of the store stands in the queue of a lane that is there."""
        core, more = self._core, receipt.need_more()
        crashes = lane.extra.crashes if lane.extra is not None else None
        if lane.phase == QUARANTINED and crashes is not None:
            if crashes.until > core.now():
                core.settle(receipt, Failed(error=quarantined(lane)))
                return
            core.leaving.try_again(lane)
        core.idle.remove(lane)
        run: TurnRun | None = lane.turn
        if more.kind is PromptKind.STEER and run is not None and is_steerable(run):
            more.steers = run
            extra = run.need_extra()
            if extra.steering is None:
                extra.steering = SteeringQueue()
            extra.steering.put(receipt)
            return
        lane.push(receipt)
        core.turns.open_way(lane)
        core.turns.advance(lane)
