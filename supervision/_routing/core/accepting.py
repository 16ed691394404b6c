"""Prompts are accepted: found or spawned, and enqueued, in one step.

`admit` is that step.  Everything that can refuse a prompt is looked at before anything
is changed, so a refused prompt has started nothing; once `_accept` has made its receipt
it will have exactly one outcome.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from contextvars import copy_context
from typing import Any

from actors import (
    Aborted,
    ClosedToNewError,
    Failed,
    Preempted,
    PromptAccepted,
    PromptKind,
    PromptPolicy,
    PromptRefused,
    PromptRepeated,
    Receipt,
    RefusedError,
    SaturatedError,
    WhileBusy,
    Withdrawn,
)
from actors.hosting import (
    ASIDE,
    FOLLOW_UP,
    PROMPT,
    WORK,
    More,
    SteeringQueue,
    TurnRun,
    give_way,
)
from supervision._routing.parts.admission import Entrance, Offer, quarantined
from supervision._routing.parts.busy import giving_way, shares, wish_of
from supervision._routing.parts.lane import (
    CLOSING,
    GONE,
    OPEN,
    QUARANTINED,
    Lane,
    check_key,
    check_text,
)

from .waiting import Sender, Waiting


class Accepting:
    """The way in.

    Args:
        core: the other parts.
    """

    __slots__ = ("_core", "waiting")

    def __init__(self, core: Any) -> None:  # Any: its room stands above this one
        self._core = core
        self.waiting = Waiting(core, self._enter, self.refuse)

    def at_once(self, lane: Lane, prompt: Any) -> Receipt[Any]:
        """Accept a plain prompt for an idle session, and begin its turn.

        What `offer` comes to where `room` is AT_ONCE and nobody listens.
        """
        core = self._core
        if core.world.ending:
            return self.offer(Offer(lane.key, prompt, More()))
        core.ids = number = core.ids + 1
        receipt = Receipt(lane, prompt, number, core.now())
        core.idle.remove(lane)
        core.turns.give(lane, (receipt,))
        return receipt

    def offer(self, offer: Offer) -> Receipt[Any]:
        """Accept a prompt, or say that it is refused.

        Raises:
            RefusedError: it is.
            TypeError, BadInputError: not a key.
        """
        check_key(offer.key)
        try:
            return self.admit(offer)
        except RefusedError as error:
            self.refuse(offer, error)
            raise

    def refuse(self, offer: Offer, error: Exception | None) -> None:
        """Count and tell that a prompt has not been accepted."""
        core = self._core
        if error is not None:
            core.books.refused[type(error).__name__] += 1
        if core.tracer is not None:
            core.tracer.refused(offer.key, offer.more, error)
        if offer.left:
            text = f"has not got a prompt that a turn has left for it: {error}"
            core.world.log_failure(logging.WARNING, offer.key, text)
        if PromptRefused in core.events.wanted:
            core.ids += 1
            core.unused += 1
            core.tell(PromptRefused, offer.key, core.ids, offer.more.origin, error)

    def admit(self, offer: Offer) -> Receipt[Any]:
        """Accept a prompt.  Raises RefusedError: it is not."""
        core = self._core
        others = core.keeping.others
        if others is not None and others.has(offer.key):
            return core.joining.send_on(offer)  # type: ignore[no-any-return] # a Receipt
        found: Lane | None = core.lanes.get(offer.key)
        if found is None or core.keeping.plain:
            return self._judge(found, offer)
        if core.admission.is_plain(found, offer):
            return self._plainly(found, offer)
        return self._judge(found, offer)

    def _judge(self, found: Lane | None, offer: Offer) -> Receipt[Any]:
        core = self._core
        key, more = offer.key, offer.more
        if (known := self._known(found, offer)) is not None:
            return known
        policy = core.policy(found)
        if core.admission.open:
            self._look_at(offer, policy)
        limit = core.limits.sessions_per_tenant
        way = core.admission.judge(
            found,
            offer,
            policy,
            ending=core.world.ending,
            per_tenant=limit,
            spare=core.idle.count_of(offer.tenant) if limit and offer.tenant else 0,
            now=core.now(),
        )
        lane: Lane
        if found is None:
            lane = core.sessions.enter(key, offer.tenant)
        elif way is Entrance.STEER:
            return self._steer(found.turn, offer)
        else:
            lane = found
            if lane.phase == CLOSING:
                core.sessions.stay(lane, accepted=False)
            elif lane.phase == QUARANTINED:
                core.leaving.try_again(lane)
        if way is Entrance.FIRST:
            more.preempts = not shares(lane, more, policy.batch)
        receipt = self._accept(lane, offer)
        core.idle.remove(lane)
        if way is Entrance.ASIDE or more.kind == ASIDE:
            self._beside(lane, receipt)
        elif way is Entrance.FIRST:
            self._first(lane, receipt, offer)
        else:
            lane.push(receipt)
            core.turns.open_way(lane)
        core.turns.advance(lane)
        return receipt

    def _known(self, found: Lane | None, offer: Offer) -> Receipt[Any] | None:
        """The receipt of a message that has come before; None: it is new."""
        core, key = self._core, offer.key
        past = core.past.get(key, core.now()) if found is None else None
        known: Receipt[Any] | None = core.admission.known(found, offer, past)
        if known is not None:
            core.books.repeated += 1
            core.tell(PromptRepeated, key, known.id)
        return known

    def _plainly(self, lane: Lane, offer: Offer) -> Receipt[Any]:
        """As `admit`, without the questions: it stands at the end of a queue."""
        core = self._core
        core.keeping.offered(offer)
        receipt = self._accept(lane, offer)
        core.idle.remove(lane)
        waits = lane.turn is not None or lane.waiting > 0
        if waits or core.finishing or core.world.ending:
            lane.push(receipt)
        else:  # as if it had been in the queue
            core.turns.give(lane, (receipt,))
        return receipt

    def _look_at(self, offer: Offer, policy: PromptPolicy) -> None:
        """Look at the prompt itself: what is wrong with it raises here."""
        if policy.batch is not None and offer.more.kind == PROMPT:
            offer.more.weight = policy.batch.weigh(offer.prompt)
        keeping = self._core.keeping
        if not keeping.plain:
            keeping.offered(offer)

    def _accept(self, lane: Lane, offer: Offer) -> Receipt[Any]:
        """From here on it will have exactly one outcome."""
        core, more = self._core, offer.more
        number = offer.number
        if number:
            core.unused -= 1  # it was given when the store was asked
        else:
            core.ids = number = core.ids + 1
        receipt = offer.receipt
        if receipt is None:
            receipt = Receipt(lane, offer.prompt, number, core.now(), more)
        receipt._lane = lane
        if more.message_id is not None:
            window = core.policy(lane).dedupe
            lane.need_known().remember(more.message_id, receipt, window)
        if more.job is not None:
            lane.need_known().remember_job(more.job, receipt)
        core.keeping.accepted(lane, receipt)
        core.tell(
            PromptAccepted, lane.key, receipt.id, more.origin, more.kind, more.preempts
        )
        return receipt

    def _steer(self, run: TurnRun, offer: Offer) -> Receipt[Any]:
        offer.more.kind = PromptKind.STEER
        receipt = self._accept(run.lane, offer)
        offer.more.steers = run
        extra = run.need_extra()
        if extra.steering is None:
            extra.steering = SteeringQueue()
        extra.steering.put(receipt)
        return receipt

    def _first(self, lane: Lane, receipt: Receipt[Any], offer: Offer) -> None:
        """It is to be the next one: what is there before it gives way.

        It stands first in the queue before anything is aborted: a turn that waits for
        its slot ends on the spot, and then the next one is begun.
        """
        core, more = self._core, offer.more
        policy = core.policy(lane)
        kept = wish_of(more, offer.busy, policy) is WhileBusy.INTERRUPT
        reason = Preempted(receipt.id, kept=kept)
        if more.preempts:
            out = giving_way(lane, more, policy.batch)
            lane.push_front([receipt])
            for each in out:
                core.settle(each, Aborted(reason))
                lane.drop()
        else:
            lane.push(receipt)
        run: TurnRun | None = lane.turn
        if run is not None and run.receipts[0].kind is not WORK:
            give_way(run, reason)
        self.admit_parked(lane)
        core.turns.open_way(lane)

    def _beside(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """A side question: answered now, or when the session is ready."""
        if lane.phase == OPEN:
            self._core.turns.give(lane, (receipt,), aside=True)
            return
        extra = lane.need_extra()
        if extra.aside_queue is None:
            extra.aside_queue = deque()
        extra.aside_queue.append(receipt)

    # ---------------------------------------------------------- what turns have left

    def draft(self, key: str, prompt: Any, id: object, attempts: int = 1) -> Offer:  # noqa: A002
        """See `Host`."""
        check_key(key)
        core, more = self._core, More()
        more.context, more.attempts = copy_context(), attempts
        more.message_id = None if id is None else check_text(key, "id", id)
        offer = Offer(key, prompt, more)
        offer.left = True
        batch = core.policy(core.lanes.get(key)).batch
        if batch is not None:
            more.weight = batch.weigh(prompt)
        core.keeping.drafted(offer)
        return offer

    def take(self, offers: Sequence[Offer]) -> None:
        """A turn has left these: accept them, above all limits but that of sessions.

        Where there is no place they stand in line for one, as senders do.
        """
        for offer in offers:
            if not offer.void:
                self.waiting.enter(Sender(offer, _nobody_waits))

    def _take(self, offer: Offer) -> Receipt[Any]:
        """Accept what was left.  Raises RefusedError: not now, or nobody is there."""
        core, key = self._core, offer.key
        others = core.keeping.others
        if others is not None and others.has(key):
            return core.keeping.leave_there(offer)  # type: ignore[no-any-return]
        found: Lane | None = core.lanes.get(key)
        if core.keeping.plain and (known := self._known(found, offer)) is not None:
            return known  # else its store has looked
        try:
            lane = found if found is not None else self._new_lane(key)
            if lane.phase == CLOSING:
                core.sessions.stay(lane)
        except RefusedError:
            waits: Receipt[Any] | None = core.keeping.leave_there(offer)
            if waits is None:
                raise
            return waits
        crashes = lane.extra.crashes if lane.extra is not None else None
        is_out = lane.phase == QUARANTINED
        if is_out and crashes is not None and crashes.until <= core.now():
            is_out = False
            core.leaving.try_again(lane)
        receipt = self._accept(lane, offer)
        lane.push(receipt)
        if is_out:
            core.settle(receipt, Failed(error=quarantined(lane)))
            lane.drop()
            return receipt
        core.idle.remove(lane)
        core.turns.open_way(lane)
        core.turns.advance(lane)
        return receipt

    def _enter(self, offer: Offer) -> Receipt[Any]:
        """Let in whoever stands in line.  Raises RefusedError: as the two others."""
        return self._take(offer) if offer.left else self.admit(offer)

    def _new_lane(self, key: str) -> Lane:
        core = self._core
        if core.finishing or core.world.ending:
            raise ClosedToNewError(key)
        try:
            lane: Lane = core.sessions.enter(key, None)
        except SaturatedError:
            if not core.admission.open:  # nobody stands in line any more
                raise ClosedToNewError(key) from None
            raise
        return lane

    def enqueue(
        self,
        lane: Lane,
        prompt: Any,
        origin: object,
        id: Any,  # noqa: A002 - its name
    ) -> Receipt[Any]:
        """Accept a prompt that a session sends to itself: a turn of its own."""
        more = More()
        more.kind = FOLLOW_UP
        more.origin = origin
        more.message_id = id
        return self.offer(Offer(lane.key, prompt, more))

    def withdraw(self, lane: Lane, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take a prompt back, unless a turn has it."""
        if receipt._turn is not None or lane.phase == GONE or not receipt.waits:
            return False
        core = self._core
        core.settle(receipt, outcome)
        more = receipt._more
        if more is not None and more.kind == ASIDE:
            assert lane.extra is not None
            assert lane.extra.aside_queue is not None
            lane.extra.aside_queue.remove(receipt)
        elif more is None or more.steers is None:
            lane.drop()
            self.waiting.admit_parked(lane)
            if lane.extra is not None and lane.extra.window is not None:
                core.turns.advance(lane)  # the moment may be over earlier
        else:
            self.admit_parked(lane)
        core.reaping.nothing_left(lane)
        return True

    def admit_parked(self, lane: Lane) -> None:
        """There may be room in a key's queue."""
        if lane.extra is not None and lane.extra.parked:
            self.waiting.admit_parked(lane)

    def admit_crowd(self) -> None:
        """There may be a place for one more key."""
        if self.waiting.crowd:
            self.waiting.admit_crowd()

    def close(self) -> None:
        """Take no more prompts, for good; those who wait for room are refused."""
        core = self._core
        core.admission.open = False
        for lane in tuple(core.lanes.values()):
            lane.room = 0
            self.admit_parked(lane)
            if lane.extra is not None and lane.extra.window is not None:
                core.turns.advance(lane)  # nothing more will come
        self.admit_crowd()


def _nobody_waits() -> None:
    """Whoever has sent it has gone on."""
