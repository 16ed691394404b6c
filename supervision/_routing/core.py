"""The router's books, and how a prompt gets its outcome.

The router is one actor in layers, as a cell is; every method of every layer is one step
without a checkpoint, called by whoever has something to say: a sender, a turn that has
ended, a timer, the engine.  That is what makes its decisions atomic: no step can be
interrupted by another.

    core        the books: lanes, counters, outcomes, events
    turns       slots; turns begin and end
    places      sessions come: places, starting
    ends        sessions go: reaping, eviction, closing, crashes
    entry       prompts come in
    waiting     senders that wait for room
    verbs       cancel, reset, close; looking at it
    router      the actor
    stream sending handle       what users hold

A lane's phases (`actors._sessions.lane`) and what moves it on:

    PLACE    - a place is free -> STARTING (a session is started)
    STARTING - `started` is done -> OPEN;  it failed -> GONE, its prompts failed
    OPEN     - idle too long, evicted, closed, reset -> CLOSING
             - crashed -> BACKOFF, or ASLEEP if nothing waits, or QUARANTINED
    CLOSING  - its actor has ended -> GONE, or STARTING if prompts have come meanwhile
    ASLEEP   - a prompt -> STARTING;  idle too long, evicted -> GONE
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import trio

from actors import CloseReason, Outcome, PromptEnded, Receipt, Session
from actors.hosting import Family, Host, Lane
from supervision._trees.journal import Journal

from .idle import IdleList
from .limits import Limits
from .slots import Slots
from .tokens import Tokens

_FORGETTING = (CloseReason.RESET, CloseReason.CLOSED)


class Core(Host):
    """The books."""

    __slots__ = (
        "__weakref__",
        "admitting",
        "args",
        "changed",
        "clock",
        "closed",
        "crowd",
        "ends",
        "events",
        "finishing",
        "idle",
        "journal",
        "lanes",
        "leaving",
        "limits",
        "line",
        "make",
        "open",
        "opened",
        "outcomes",
        "owners",
        "reaper",
        "refused",
        "repeated",
        "slots",
        "store",
        "stranded",
        "tokens",
        "turn_counts",
        "turn_seconds",
        "turns",
        "unused",
        "used",
        "wait_longest",
        "wait_seconds",
    )

    def __init__(
        self,
        make: Callable[..., Session[Any, Any]],
        args: tuple[Any, ...],
        limits: Limits,
        store: Tokens,
    ) -> None:
        super().__init__()
        self.make = make
        self.args = args
        self.limits = limits
        self.store = store
        self.tokens = store.load()  # {key: what a session has bound}
        self.open = True  # takes prompts
        self.finishing = False  # a drain's time is over: nothing begins any more
        self.lanes: dict[str, Lane] = {}
        self.turns: dict[int, Family] = {}  # {id: those that have not ended}
        self.slots: Slots[Family] = Slots(limits.turns, limits.turns_per_owner)
        self.idle = IdleList()
        self.stranded: deque[Family] = deque()  # turns whose sessions are gone
        self.reaper: Any = None  # the timer of the oldest idle one
        self.used: int = 0  # lanes that have a place: all but those in PLACE
        self.leaving: int = 0  # of these: will give it back soon
        self.line: deque[Lane] = deque()  # lanes in PLACE; husks are in other phases
        self.crowd: deque[Any] = deque()  # senders that wait for a place
        self.admitting = False  # the crowd is being let in
        self.owners: dict[str, int] = {}  # {owner: lanes}
        self.ends: dict[Any, Lane] = {}  # {ref: lane whose actor has just ended}
        self.journal: Journal | None = None
        self.changed: trio.Event | None = None  # set when a drain is to look again
        self.unused: int = 0  # of `ids`: not of accepted prompts
        # the next two are the system's, kept at hand for `send`
        self.events: Any = None
        self.clock: Callable[[], float]
        self.opened: int = 0  # sessions
        self.repeated: int = 0  # prompts that were known
        self.outcomes: Counter[str] = Counter()  # {class of outcome: prompts}
        self.refused: Counter[str] = Counter()  # {class of error: prompts}
        self.closed: Counter[CloseReason] = Counter()
        self.turn_counts: Counter[str] = Counter()  # {class of outcome: turns}
        self.turn_seconds: dict[str, float] = {}  # {class of outcome: seconds}
        self.wait_seconds = self.wait_longest = 0.0

    @property
    def accepted(self) -> int:
        """Prompts accepted so far."""
        return self.ids - self.unused

    @property
    def unsettled(self) -> int:
        """How many accepted prompts have no outcome yet."""
        return self.accepted - self.outcomes.total()

    def settle(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Give a prompt its outcome, once, and say so."""
        if not receipt.settle(outcome):
            return
        more = receipt._more
        if more is not None and more.stream is not None:
            more.stream.close()
        self.outcomes[type(outcome).__name__] += 1
        if self.wants(PromptEnded):
            now = self.now()
            turn = self.turns.get(outcome.turn) if outcome.turn is not None else None
            begun = now if turn is None or turn.waiting_still else turn.started_at
            waited = max(0.0, begun - receipt.at)
            event = PromptEnded(now, self.ref, receipt.key, receipt.id, outcome, waited)
            self.publish(event)
        self.look_again()

    def look_again(self) -> None:
        """Something has ended: wake a drain."""
        changed = self.changed
        if changed is not None:
            self.changed = None
            changed.set()

    def tell(self, kind: type[Any], key: str, *args: Any) -> None:
        """Publish an event about a session, if somebody wants to know."""
        if self.wants(kind):
            self.publish(kind(self.now(), self.ref, key, *args))

    def count_turn(self, run: Family, outcome: Outcome, seconds: float) -> None:
        """A turn has ended."""
        name = type(outcome).__name__
        self.turn_counts[name] += 1
        self.turn_seconds[name] = self.turn_seconds.get(name, 0.0) + seconds
        if run.waiting_still:
            return
        for receipt in run.receipts:
            waited = max(0.0, run.started_at - receipt.at)
            self.wait_seconds += waited
            self.wait_longest = max(self.wait_longest, waited)

    def owner_of(self, lane: Lane) -> str | None:
        """Whose session it is."""
        return lane.extra.owner if lane.extra is not None else None

    def committed(self, lane: Lane) -> Any:
        """The state that asides see: without what a running turn has changed."""
        run = lane.turn
        if run is not None and not run.waiting_still:
            return run.before
        return lane.state

    def token_of(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self.tokens.get(key)

    def bind(self, lane: Lane, session: Any, token: object) -> None:
        """Remember a token for those that come after this session; None forgets it."""
        reason = lane.extra.reason if lane.extra is not None else None
        if lane.session is session and reason not in _FORGETTING:
            self.keep_token(lane.key, token)

    def keep_token(self, key: str, token: object) -> None:
        """Keep a token; None forgets it."""
        if token is None and key not in self.tokens:
            return
        self.store.save(key, token)
        if token is None:
            del self.tokens[key]
        else:
            self.tokens[key] = token

    # ----------------------------------------------------- what the other layers have

    @abstractmethod
    def advance(self, lane: Lane) -> None:
        """Give a session its next turn, or a lane its session, if it is time."""

    @abstractmethod
    def spawn(self, lane: Lane) -> None:
        """Start a session for a lane that has a place."""

    @abstractmethod
    def close_lane(self, lane: Lane, reason: CloseReason) -> None:
        """Close a lane; nothing of it runs, or its turns have been aborted."""

    @abstractmethod
    def rest(self, lane: Lane) -> None:
        """It has nothing to do, or just got something."""

    @property
    def book(self) -> Journal:
        """The log."""
        if self.journal is None:
            self.journal = Journal(self.ref.path)
        return self.journal

    @abstractmethod
    def end_session(self, lane: Lane) -> None:
        """A session that is to close has nothing to do any more: end its actor."""

    @abstractmethod
    def became_idle(self, lane: Lane) -> None:
        """A lane has nothing to do."""

    @abstractmethod
    def admit_parked(self, lane: Lane) -> None:
        """There may be room for senders that wait."""

    @abstractmethod
    def admit_crowd(self) -> None:
        """There may be a place for senders that wait."""
