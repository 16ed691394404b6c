"""`Admission`: what may come in.  Pure: it looks and says, and changes only counts.

Everything that can refuse a prompt is looked at before anything is changed, so a prompt
that is refused has started nothing.  The order of the questions:

    is the message known, does the job run?   - known already: its receipt of old
    does the router take prompts?
    is it for a new key?                      - may its tenant have one more?
    is there a turn to steer?                 - is there room at its checkpoint?
    is the session busy, and the prompt is not to wait?
    is the key in quarantine, is its queue full?
"""

from __future__ import annotations

import enum
import math
from typing import Any, Final

import attrs

from actors import (
    ClosedToNewError,
    PromptPolicy,
    QuarantinedError,
    QueueFullError,
    Receipt,
    SessionBusyError,
    StillRunningError,
    TenantLimitError,
    WhileBusy,
)
from actors.hosting import (
    ASIDE,
    FOLLOW_UP,
    PROMPT,
    More,
    TurnRun,
    is_steerable,
    steering_of,
)

from .busy import FIRST, giving_way, is_busy, wish_of
from .known import Known
from .lane import OPEN, QUARANTINED, Lane

_QUEUE: Final = WhileBusy.QUEUE


@attrs.define(eq=False)
class Offer:
    """A prompt that is to be accepted, with all that comes with it."""

    key: str
    prompt: Any
    more: More
    tenant: str | None = None
    steer: bool = False
    busy: WhileBusy | None = None  # None: as the policy says
    left: bool = False  # a turn has left it: it is not refused any more
    number: int = 0  # in a store; 0: none has been given
    receipt: Receipt[Any] | None = None  # of one that has waited in its store
    void: bool = False  # left, and of no use: its store has another, or has ended it


class Entrance(enum.Enum):
    """Where a prompt goes."""

    NEW = "a key of its own"
    QUEUE = "the queue of its key"
    STEER = "the turn that runs"
    FIRST = "before all that wait, and the turn gives way"
    ASIDE = "beside the turn that runs"


class Admission:
    """Whether the router takes prompts, and how many keys each tenant has.

    A key whose session is being put away is nobody's any more.
    """

    __slots__ = ("_tenants", "open")

    def __init__(self) -> None:
        self.open = True
        self._tenants: dict[str, int] = {}  # {tenant: keys}

    def known(
        self, lane: Lane | None, offer: Offer, past: Known | None = None
    ) -> Receipt[Any] | None:
        """The receipt of a message that has come before; None: it is new.

        Args:
            lane: its key's entry; None: the key is new.
            offer: the prompt.
            past: what a new key knew when it had an entry.

        Raises:
            StillRunningError: its job has not ended.
        """
        memory = lane.extra.known if lane is not None and lane.extra else past
        if memory is None:
            return None
        more = offer.more
        if more.job is not None and memory.runs(more.job):
            raise StillRunningError(offer.key, more.job)
        return memory.receipt_of(more.message_id) if more.message_id else None

    def judge(
        self,
        lane: Lane | None,
        offer: Offer,
        policy: PromptPolicy,
        *,
        ending: bool,
        per_tenant: int | None,
        spare: int = 0,
        now: float = -math.inf,
    ) -> Entrance:
        """Say where a prompt that is new goes.

        Args:
            lane: its key's entry; None: the key is new.
            offer: the prompt.
            policy: how prompts of this key wait.
            ending: the router is to end.
            per_tenant: `Limits.sessions_per_tenant`.
            spare: how many sessions of its tenant may go for a new one.
            now: the clock.

        Raises:
            RefusedError: it does not come in.
        """
        if not self.open:
            raise ClosedToNewError(offer.key)
        if lane is None:
            tenant = offer.tenant
            if not self.may_own(tenant, per_tenant, spare):
                assert tenant is not None
                assert per_tenant is not None
                raise TenantLimitError(offer.key, tenant, per_tenant, self.owns(tenant))
            if ending:
                raise ClosedToNewError(offer.key)
            return Entrance.NEW
        if self._steers(lane, offer, policy):
            run: TurnRun = lane.turn
            waiting = len(steering_of(run))
            capacity = policy.steering_capacity
            if waiting >= capacity:
                raise QueueFullError(lane.key, waiting, capacity, "steering prompts")
            return Entrance.STEER
        wish = wish_of(offer.more, offer.busy, policy)
        if wish is WhileBusy.REFUSE and is_busy(lane, offer.more, policy.batch):
            turn = lane.turn.id if lane.turn is not None else None
            raise SessionBusyError(lane.key, turn)
        if _is_kept_out(lane, offer, now):
            raise quarantined(lane)
        return self._stand(lane, offer, policy, first=wish in FIRST)

    def is_plain(self, lane: Lane, offer: Offer) -> bool:
        """Whether a prompt is new, and comes in at the end of its key's queue.

        What `known` and `judge` come to for most, with fewer questions; False: ask.
        """
        more, extra = offer.more, lane.extra
        if (
            lane.phase != OPEN
            or more.kind is not PROMPT
            or more.message_id is not None
            or more.job is not None
            or offer.steer
            or offer.busy is not None
            or (extra is not None and extra.crashes is not None)
            or not self.open
        ):
            return False
        policy: PromptPolicy = lane.session.prompts
        return (
            policy.batch is None
            and policy.busy is _QUEUE
            and lane.waiting < policy.capacity
        )

    def _stand(
        self, lane: Lane, offer: Offer, policy: PromptPolicy, *, first: bool
    ) -> Entrance:
        """Where it is to stand.  Raises QueueFullError: there is no room."""
        way, depth = Entrance.QUEUE, lane.waiting
        if first:
            way = Entrance.FIRST
            depth -= len(giving_way(lane, offer.more, policy.batch))
        elif offer.more.kind == ASIDE:
            way, depth = Entrance.ASIDE, lane.asides
        if depth >= policy.capacity:
            raise QueueFullError(lane.key, depth, policy.capacity, "prompts")
        return way

    def _steers(self, lane: Lane, offer: Offer, policy: PromptPolicy) -> bool:
        """Whether there is a turn that this prompt is to be put into."""
        run: TurnRun | None = lane.turn
        wanted = offer.steer or (
            wish_of(offer.more, offer.busy, policy) is WhileBusy.STEER
            and offer.more.stream is None
        )
        return (
            wanted
            and run is not None
            and lane.phase == OPEN
            and policy.busy is not WhileBusy.NEVER_STEER
            and is_steerable(run)
        )

    # --------------------------------------------------------------------- its tenants

    def may_own(self, tenant: str | None, most: int | None, spare: int = 0) -> bool:
        """Whether this tenant may have one more key, if so many of his go for it."""
        return tenant is None or most is None or self.owns(tenant) - spare < most

    def over(self, most: int) -> list[str]:
        """The tenants that have more keys than that; looks at each tenant."""
        return [tenant for tenant, keys in self._tenants.items() if keys > most]

    def owns(self, tenant: str) -> int:
        """How many keys are this tenant's."""
        return self._tenants.get(tenant, 0)

    def enter(self, tenant: str) -> None:
        """A key is this tenant's."""
        self._tenants[tenant] = self._tenants.get(tenant, 0) + 1

    def leave(self, tenant: str) -> None:
        """A key of this tenant's is forgotten, or its session is being put away."""
        left = self._tenants[tenant] - 1
        if left:
            self._tenants[tenant] = left
        else:
            del self._tenants[tenant]


def _is_kept_out(lane: Lane, offer: Offer, now: float) -> bool:
    """Whether its key is in quarantine; a session may follow up its own trial."""
    crashes = lane.extra.crashes if lane.extra is not None else None
    if lane.phase == QUARANTINED:
        return crashes is None or now < crashes.until
    return crashes is not None and crashes.trial and offer.more.kind != FOLLOW_UP


def quarantined(lane: Lane) -> QuarantinedError:
    """The error for who sends a prompt to a key in quarantine."""
    crashes = lane.extra.crashes if lane.extra is not None else None
    error = QuarantinedError(lane.key, crashes.until if crashes is not None else None)
    error.__cause__ = crashes.latest if crashes is not None else None
    return error
