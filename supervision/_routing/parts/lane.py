"""`Lane`: one key's entry in the router's map, and the queue of its prompts.

What an actor is *told* comes through its mailbox, which it empties at once.  Prompts
wait for minutes, are counted, batched, steered and taken back; so they wait here, in a
queue of their own, which is bounded, first come first served, and outlives the
session's actor: a crash loses no prompt that waits.

The lane is the claim: it exists if and only if the router knows the key, and whoever
finds it puts a prompt into it in the same step.  It is plain data without a checkpoint
anywhere; every decision about it is the router's, in one step.

Its phases, and what moves it on:

    PLACE    - a place is free -> STARTING (a session is started)
    STARTING - `started` is done -> OPEN;  it failed -> GONE, its prompts failed
    OPEN     - idle too long, evicted, closed, reset -> CLOSING
             - crashed -> BACKOFF, or ASLEEP if nothing waits, or QUARANTINED
    CLOSING  - its actor has ended -> GONE, or STARTING if prompts have come meanwhile
    ASLEEP   - a prompt -> STARTING;  idle too long, evicted -> GONE

A lane is small, because a million idle ones are ordinary: what few need is in `Extra`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from actors import BadInputError, Batch, Receipt, Withdrawn
from actors.hosting import PROMPT, steering_of

from .fates import Crashes
from .known import Known

# phase
PLACE: Final = 0  # waits until there may be one more session
STARTING: Final = 1  # its actor's `started` is not done
OPEN: Final = 2
CLOSING: Final = 3  # its actor is to end, or ends
BACKOFF: Final = 4  # crashed; a successor comes in a while
ASLEEP: Final = 5  # has no actor: the next prompt brings one
QUARANTINED: Final = 6
GONE: Final = 7  # no longer in the map

AT_ONCE: Final = -1  # `room` of an idle lane

UNSET: Final[Any] = object()  # the state of a lane that has had no session yet

_SWEEP_ABOVE = 16


class Extra:
    """What few lanes need; defaults live in the class."""

    tenant: str | None = None
    asides: dict[int, Any] | None = None  # {id: turn beside the session's turn}
    aside_queue: deque[Receipt[Any]] | None = None  # until the session is ready
    criticals = 0  # child turns that have outlived their parents
    parked: deque[Any] | None = None  # senders that wait for room
    known: Known | None = None  # which messages and jobs it has had
    crashes: Crashes | None = None  # of its sessions
    reason: Any = None  # of CLOSING: a CloseReason
    leaving = False  # CLOSING, and its place will be free
    suspending = False  # CLOSING, and `suspend` has been asked for
    overdue = False  # STARTING, and out of time
    timer: Any = None  # of STARTING, BACKOFF
    window: Any = None  # of OPEN: the timer of a burst
    bringing: Any = None  # of STARTING: what is being brought for it
    gone: Any = None  # of CLOSING: what follows when the end of its turn is kept
    kept: Any = None  # what is known of it in a store
    history: Any = None  # without one: what its turns have appended
    looks = False  # it is looked whether others have sent something before


class Lane:
    """One key's entry."""

    __slots__ = (
        "created_at",
        "extra",
        "generation",
        "host",
        "husks",
        "key",
        "older",
        "phase",
        "queue",
        "room",
        "session",
        "since",
        "state",
        "turn",
        "waiting",
        "younger",
    )

    def __init__(self, key: str, host: Any, now: float) -> None:
        self.key = key
        self.host = host  # the router; Any: it stands above
        self.phase = PLACE
        self.session: Any = None  # its actor; Any: it stands above
        self.generation = 0
        self.state: Any = UNSET  # what the session makes of it
        self.turn: Any = None  # the one that it has; Any: it stands above
        self.queue: deque[Receipt[Any]] | None = None
        self.waiting = 0  # receipts in `queue` that are not husks
        self.husks = 0
        # the depth below which a prompt may go in without a thought; 0: think; AT_ONCE:
        # it is idle, and a plain prompt begins a turn
        self.room = 0
        self.created_at = now
        self.since = now  # when it became idle
        self.older: Lane | None = None  # among the idle ones
        self.younger: Lane | None = None
        self.extra: Extra | None = None

    def need_extra(self) -> Extra:
        """Its `Extra`, made now if need be."""
        extra = self.extra
        if extra is None:
            extra = self.extra = Extra()
        return extra

    @property
    def busy(self) -> bool:
        """Whether it has anything to do, or somebody waits for it."""
        extra = self.extra
        return (
            self.turn is not None
            or self.waiting > 0
            or (
                extra is not None
                and bool(
                    extra.asides or extra.criticals or extra.parked or extra.aside_queue
                )
            )
        )

    @property
    def wants_session(self) -> bool:
        """Whether there is something that only a session can take."""
        extra = self.extra
        return self.waiting > 0 or (
            extra is not None and bool(extra.parked or extra.aside_queue)
        )

    @property
    def may_rest(self) -> bool:
        """Whether it may be idle in its phase."""
        return self.phase in (OPEN, ASLEEP)

    @property
    def asides(self) -> int:
        """How many side questions are being answered, or wait for the session."""
        extra = self.extra
        if extra is None:
            return 0
        return len(extra.asides or ()) + len(extra.aside_queue or ())

    @property
    def tenant(self) -> str | None:
        """Whose it is."""
        return self.extra.tenant if self.extra is not None else None

    def need_known(self) -> Known:
        """What it remembers of messages and jobs, made now if need be."""
        extra = self.need_extra()
        if extra.known is None:
            extra.known = Known()
        return extra.known

    def need_crashes(self) -> Crashes:
        """The crashes of its sessions, made now if need be."""
        extra = self.need_extra()
        if extra.crashes is None:
            extra.crashes = Crashes()
        return extra.crashes

    # ---------------------------------------------------------------------- the queue

    def push(self, receipt: Receipt[Any]) -> None:
        """Put a prompt at the end."""
        if self.queue is None:
            self.queue = deque()
        self.queue.append(receipt)
        self.waiting += 1

    def push_front(self, receipts: list[Receipt[Any]]) -> None:
        """Put prompts before those that were sent.

        Of several that have been put there, the one that was accepted first is first;
        before all of them are those that are to be the next.
        """
        if not receipts:
            return
        if self.queue is None:
            self.queue = deque()
        queue = self.queue
        self.waiting += len(receipts)
        front = list(receipts)
        for receipt in receipts:
            receipt.need_more().front = True
        while queue and queue[0].need_more().front:
            front.append(queue.popleft())
        front.sort(key=_rank)
        queue.extendleft(reversed(front))

    def live(self) -> Iterator[Receipt[Any]]:
        """The prompts that wait, in their order."""
        for receipt in self.queue or ():
            if receipt.waits:
                yield receipt

    def receipts(self) -> Iterator[Receipt[Any]]:
        """The prompts that it has: those that wait, and those of its turns."""
        extra = self.extra
        turns = [self.turn] if self.turn is not None else []
        if extra is not None:
            turns += (extra.asides or {}).values()
            yield from extra.aside_queue or ()
        for turn in turns:
            yield from turn.receipts
            yield from steering_of(turn)
        yield from self.live()

    def coming(self, batch: Batch | None) -> list[Receipt[Any]]:
        """What `take` would take."""
        first: list[Receipt[Any]] = []
        weight = 0.0
        for each in self.live():
            alone = batch is None or not may_share_turn(each)
            if batch is not None and not alone:
                weight += each.need_more().weight
            if first and (alone or batch is None or weight > batch.weight):
                break
            first.append(each)
            if batch is None or alone or len(first) >= batch.prompts:
                break
        return first

    def take(self, batch: Batch | None) -> list[Receipt[Any]]:
        """Take the first prompt, and with a batch policy as many more as fit."""
        taken: list[Receipt[Any]] = []
        weight = 0.0
        queue = self.queue
        while queue:
            head = queue[0]
            if not head.waits:
                queue.popleft()
                self.husks -= 1
                continue
            alone = batch is None or not may_share_turn(head)
            if taken and alone:
                break
            if batch is not None and not alone:
                weight += head.need_more().weight
                if taken and weight > batch.weight:
                    break
            queue.popleft()
            self.waiting -= 1
            taken.append(head)
            if batch is None or alone or len(taken) >= batch.prompts:
                break
        self.trim()
        return taken

    def trim(self) -> None:
        """Give the queue back when nothing is in it."""
        if not self.waiting:
            self.queue = None
            self.husks = self.room = 0

    def empty(self) -> list[Receipt[Any]]:
        """Take out all prompts that wait, also those beside the turn."""
        receipts = list(self.live())
        self.waiting = 0
        self.trim()
        extra = self.extra
        if extra is not None and extra.aside_queue:
            receipts += [each for each in extra.aside_queue if each.waits]
            extra.aside_queue = None
        return receipts

    def drop(self) -> None:
        """One of those that wait has got its outcome: it is a husk from now on."""
        self.waiting -= 1
        self.husks += 1
        if not self.waiting:
            self.trim()
        elif self.husks > max(_SWEEP_ABOVE, self.waiting):
            self.queue = deque(self.live())
            self.husks = 0

    def withdraw(self, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take a prompt back, unless a turn has it."""
        return bool(self.host.withdraw(self, receipt, outcome))

    def check_thread(self, what: str) -> None:
        """Refuse a call that comes from another thread than Trio's."""
        self.host.events.check_thread(what)


def may_share_turn(receipt: Receipt[Any]) -> bool:
    """Whether it is an ordinary prompt, and nobody reads its answer."""
    more = receipt._more
    return more is None or (more.kind == PROMPT and more.stream is None)


def _rank(receipt: Receipt[Any]) -> tuple[bool, int]:
    return not receipt.need_more().preempts, receipt.id


def check_text(key: str, name: str, value: object) -> str:
    """What a prompt is known by.  Raises TypeError, BadInputError: no text, empty."""
    if not isinstance(value, str):
        msg = f"{name} must be a str, got {value!r}"
        raise TypeError(msg)
    if not value:
        why = f"{name} must not be empty: it would tell nothing apart; None is none"
        raise BadInputError(key, name, why)
    return value


def check_key(key: object) -> None:
    """Refuse what cannot be a session's key.

    Raises:
        TypeError, BadInputError: not a non-empty str.
    """
    if not isinstance(key, str):
        msg = f"a session's key must be a str, got {key!r}"
        raise TypeError(msg)
    if not key:
        raise BadInputError(key, "key", "a session's key must not be empty")
