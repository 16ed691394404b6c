"""How prompts come in: found or spawned, and enqueued, in one step.

`admit` is that step.  Everything that can refuse a prompt is looked at before anything
is changed, so a refused prompt has started nothing; once it is in a lane it will have
exactly one outcome.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Any

import attrs
import trio

from actors import (
    ClosedToNewError,
    OwnerLimitError,
    PromptAccepted,
    PromptPolicy,
    PromptRefused,
    PromptRepeated,
    QueueFullError,
    Receipt,
    RefusedError,
    StillRunningError,
    WhileBusy,
    Withdrawn,
)
from actors.hosting import (
    ASIDE,
    ASLEEP,
    CLOSING,
    FOLLOW_UP,
    GONE,
    OPEN,
    PROMPT,
    QUARANTINED,
    Family,
    Lane,
    More,
    PromptKind,
    check_key,
)

from .ends import Ends

_JOBS = 64


@attrs.define(eq=False)
class Offer:
    """A prompt that is to be accepted, with all that comes with it."""

    key: str
    prompt: Any
    more: More
    owner: str | None = None
    steer: bool = False
    # of a sender that waits
    task: trio.lowlevel.Task | None = None
    line: deque[Any] | None = None  # where it stands
    receipt: Receipt[Any] | None = None
    error: Exception | None = None


class Entry(Ends):
    """The part of the router that takes prompts."""

    __slots__ = ()

    def offer(self, offer: Offer) -> Receipt[Any]:
        """Accept a prompt, or say that it is refused.

        Raises:
            RefusedError: it is.
            TypeError, ValueError: not a key.
        """
        check_key(offer.key)
        try:
            return self.admit(offer)
        except RefusedError as error:
            self.refuse(offer, error)
            raise

    def refuse(self, offer: Offer, error: Exception | None) -> None:
        """Count and tell that a prompt has not been accepted."""
        if error is not None:
            self.refused[type(error).__name__] += 1
        if self.wants(PromptRefused):
            self.ids += 1
            self.unused += 1
            self.tell(PromptRefused, offer.key, self.ids, offer.more.origin, error)

    def admit(self, offer: Offer) -> Receipt[Any]:
        """Accept a prompt.  Raises RefusedError: it is not."""
        key, more = offer.key, offer.more
        lane = self.lanes.get(key)
        if lane is not None and (more.message_id is not None or more.job is not None):
            known = self._known(lane, more)
            if known is not None:
                self.repeated += 1
                self.tell(PromptRepeated, key, known.id)
                return known
        if not self.open:
            raise ClosedToNewError(key)
        batch = self.policy(lane).batch
        if batch is not None and more.kind == PROMPT:
            more.weight = batch.weigh(offer.prompt)  # it may raise: nothing is changed
        if lane is None:
            lane = self._lane_for(offer)
        else:
            run = self._steerable(lane, offer)
            if run is not None:
                return self._put_steering(run, offer)
            self._check(lane, more)
        return self._put(lane, offer)

    # -------------------------------------------------------------- may it come in?

    def policy(self, lane: Lane | None) -> PromptPolicy:
        """How prompts of this lane, or of a new one, wait."""
        session = lane.session if lane is not None else None
        make: Any = session if session is not None else self.make
        prompts: PromptPolicy = make.prompts
        return prompts

    def _known(self, lane: Lane, more: More) -> Receipt[Any] | None:
        extra = lane.extra
        if extra is None:
            return None
        if more.job is not None and extra.jobs is not None:
            running = extra.jobs.get(more.job)
            if running is not None and running.ended is None:
                raise StillRunningError(lane.key, more.job)
        if more.message_id is not None and extra.known is not None:
            return extra.known.get(more.message_id)
        return None

    def _lane_for(self, offer: Offer) -> Lane:
        owner = offer.owner
        limit = self.limits.sessions_per_owner
        if owner is not None and limit is not None:
            has = self.owners.get(owner, 0)
            if has >= limit:
                raise OwnerLimitError(offer.key, owner, limit)
        if self.ending:
            raise ClosedToNewError(offer.key)
        self.find_place(offer.key)
        lane = self.new_lane(offer.key)
        if owner is not None:
            lane.need_extra().owner = owner
            self.owners[owner] = self.owners.get(owner, 0) + 1
        return lane

    def _check(self, lane: Lane, more: More) -> None:
        if lane.phase == QUARANTINED:
            raise self.quarantined(lane)
        extra = lane.extra
        depth = lane.waiting
        if more.kind == ASIDE:
            depth = (
                len(extra.asides or ()) + len(extra.aside_queue or ()) if extra else 0
            )
        capacity = self.policy(lane).capacity
        if depth >= capacity:
            raise QueueFullError(lane.key, depth, capacity, "prompts")
        if lane.phase == CLOSING:
            self.stay(lane)

    def _steerable(self, lane: Lane, offer: Offer) -> Family | None:
        """The turn that this prompt is to be put into; None: it is for a new one."""
        run: Family | None = lane.turn
        busy = self.policy(lane).busy
        wanted = offer.steer or (
            busy is WhileBusy.STEER
            and offer.more.kind == PROMPT
            and offer.more.stream is None
        )
        if (
            not wanted
            or run is None
            or lane.phase != OPEN
            or busy is WhileBusy.NEVER_STEER
            or run.verdict is not None
            or run.interrupted is not None
            or not run.steerable
        ):
            return None
        waiting = sum(1 for each in run.steering or () if each.ended is None)
        capacity = self.policy(lane).steering_capacity
        if waiting >= capacity:
            raise QueueFullError(lane.key, waiting, capacity, "steering prompts")
        return run

    # ------------------------------------------------------------------ it comes in

    def _receipt(self, lane: Lane, offer: Offer) -> Receipt[Any]:
        self.ids += 1
        more = offer.more
        receipt = Receipt(lane, offer.prompt, self.ids, self.now(), more)
        if more.message_id is not None:
            self._remember(lane, more.message_id, receipt)
        if more.job is not None:
            extra = lane.need_extra()
            if extra.jobs is None:
                extra.jobs = {}
            if len(extra.jobs) >= _JOBS:
                live = {k: v for k, v in extra.jobs.items() if v.ended is None}
                extra.jobs = live
            extra.jobs[more.job] = receipt
        self.tell(PromptAccepted, lane.key, receipt.id, more.origin, more.kind)
        return receipt

    def _remember(self, lane: Lane, message_id: str, receipt: Receipt[Any]) -> None:
        window = self.policy(lane).dedupe
        if not window:
            return
        extra = lane.need_extra()
        if extra.known is None:
            extra.known = OrderedDict()
        extra.known[message_id] = receipt
        if len(extra.known) > window:
            extra.known.popitem(last=False)

    def _put_steering(self, run: Family, offer: Offer) -> Receipt[Any]:
        offer.more.kind = PromptKind.STEER
        receipt = self._receipt(run.lane, offer)
        offer.more.steers = run
        if run.steering is None:
            run.steering = deque()
        run.steering.append(receipt)
        return receipt

    def _put(self, lane: Lane, offer: Offer) -> Receipt[Any]:
        receipt = self._receipt(lane, offer)
        self.idle.remove(lane)
        if offer.more.kind == ASIDE:
            if lane.phase == OPEN:
                self.begin_aside(lane, receipt)
                return receipt
            extra = lane.need_extra()
            if extra.aside_queue is None:
                extra.aside_queue = deque()
            extra.aside_queue.append(receipt)
        else:
            lane.push(receipt)
            self.allow_fast(lane)
        self.advance(lane)
        return receipt

    def enqueue(self, lane: Lane, prompt: Any, origin: object, id: Any) -> Receipt[Any]:  # noqa: A002
        """Accept a prompt that a session sends to itself: a turn of its own."""
        more = More()
        more.kind = FOLLOW_UP
        more.origin = origin
        more.message_id = id
        return self.offer(Offer(lane.key, prompt, more))

    # --------------------------------------------------------------- taking it back

    def withdraw(self, lane: Lane, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take a prompt back, unless a turn has it."""
        more = receipt.need_more()
        if more.turn is not None or lane.phase == GONE:
            return False
        self.settle(receipt, outcome)
        if more.steers is None and more.kind != ASIDE:
            lane.drop()
            self.admit_parked(lane)
            self.nothing_left(lane)
        return True

    def nothing_left(self, lane: Lane) -> None:
        """The prompt that a lane was woken for may have been taken back."""
        if lane.phase in (OPEN, ASLEEP) and not lane.busy:
            self.became_idle(lane)
