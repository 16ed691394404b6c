"""What is seen while a storm is played: one tape, in the order of events.

Everybody who plays or acts puts marks on the tape, and before each mark the events that
have been published meanwhile are put there.  So the tape knows what came before what,
also within one instant, and the checks are replays of it.  A story knows nothing of the
inside of what it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias

import attrs
import trio

from actors import (
    TURN_EVENTS,
    ActorStopped,
    ActorSystem,
    AnyRef,
    Event,
    IncarnationEnded,
    Outcome,
    Receipt,
    Session,
    Subscription,
    Withdrawal,
)
from supervision import Limits, RouterRef, Supervisor, VerbResult
from tests.storm.world.plan import OWNERS, Plan

CAPACITY = 1_000_000


class StormError(Exception):
    """What scripts, hooks and clerks raise."""


class StormOverError(Exception):
    """What the body of the block raises, if the plan says so."""


@attrs.frozen
class Prompt:
    """What sessions are sent."""

    number: int
    """Of the step; one that a session sends itself has another."""
    script: str
    """What to do."""


@attrs.frozen
class Offered:
    """Somebody has sent a prompt, or was refused."""

    at: float
    key: str
    router: AnyRef
    way: str
    origin: int
    receipt: Receipt[Any] | None
    error: Exception | None
    id: str | None = None
    job: str | None = None


@attrs.frozen
class Begun:
    """A turn's body begins; `state` is what it finds."""

    at: float
    key: str
    turn: int
    receipts: tuple[Receipt[Any], ...]
    aside: bool
    state: Any


@attrs.frozen
class Over:
    """A turn's body is over, however."""

    at: float
    key: str
    turn: int


@attrs.frozen
class Wrote:
    """A turn has put another state (or, `kept`, decided to keep it)."""

    turn: int
    value: Any
    kept: bool = False


@attrs.frozen
class Final:
    """`turn_ended` was called; `state` is what the session has then."""

    key: str
    turn: int
    outcome: Outcome
    state: Any


@attrs.frozen
class Commanding:
    """A verb is about to be called."""

    key: str
    verb: str


@attrs.frozen
class Commanded:
    """A verb has returned; `aborted` is the turn that is aborted hard by it."""

    at: float
    key: str
    router: AnyRef
    verb: str
    result: VerbResult | None
    aborted: int | None


@attrs.frozen
class Took:
    """A receipt's `withdraw` has returned."""

    receipt: Receipt[Any]
    result: Withdrawal


@attrs.frozen
class Read:
    """A reader has got a chunk."""

    at: float
    receipt: Receipt[Any]
    router: AnyRef
    chunk: str


@attrs.frozen
class Limited:
    """Other limits are in force."""

    at: float
    router: AnyRef | None
    limits: Limits


Mark: TypeAlias = (
    Offered
    | Begun
    | Over
    | Wrote
    | Final
    | Commanding
    | Commanded
    | Took
    | Read
    | Limited
)


@attrs.frozen
class Fault:
    """A promise that was broken."""

    promise: str
    """A sentence: what is true of every sound storm."""
    detail: str
    """What was seen instead."""


@attrs.define(eq=False)
class Story:
    """One storm, as it was seen."""

    plan: Plan
    performer: type[Session[Prompt, str]]
    """The class of the sessions."""
    root: trio.lowlevel.Task | None = None
    """Of the run."""
    system: ActorSystem | None = None
    desk: Supervisor | None = None
    """The supervisor above the router: whoever it is now."""
    sessions: dict[str, Session[Any, Any]] = attrs.field(
        factory=dict[str, Session[Any, Any]]
    )
    """`{key: the session that has started last}`."""
    clerks: dict[str, AnyRef] = attrs.field(factory=dict[str, AnyRef])
    """`{name: ref}` of plain actors, and of their supervisors."""
    lives: Counter[str] = attrs.field(factory=Counter[str])
    """`{clerk: incarnations that have started}`."""
    faults: list[Fault] = attrs.field(factory=list[Fault])
    """What was found wrong at once."""
    accepted: set[int] = attrs.field(factory=set[int])
    """Numbers of messages that clerks' mailboxes have taken."""
    handled: Counter[int] = attrs.field(factory=Counter[int])
    """`{number of a message: how often it was handled to the end}`."""
    order: dict[tuple[AnyRef, int], list[int]] = attrs.field(
        factory=dict[tuple[AnyRef, int], list[int]]
    )
    """`{(clerk, sender): numbers of its messages as they were begun}`."""
    numbers: int = 0
    """Messages made so far."""
    watched: Counter[AnyRef] = attrs.field(factory=Counter[AnyRef])
    """`{ref: watches that must have been told}`, of the one watcher of them all."""
    notices: Counter[AnyRef] = attrs.field(factory=Counter[AnyRef])
    """`{ref: notices}` to that watcher."""
    drained: bool = False
    """Somebody has drained the router."""
    _tape: list[Event | Mark] = attrs.field(factory=list[Event | Mark])
    _events: Subscription[Event] | None = None

    @property
    def tape(self) -> list[Event | Mark]:
        """All events and marks so far, in their order."""
        if self._events is not None:
            self._tape += self._events.drain()
        return self._tape

    @property
    def hears(self) -> bool:
        """Whether there are events on the tape."""
        return self.plan.heard != "none"

    def listen(self, system: ActorSystem) -> None:
        """Begin."""
        self.system = system
        if self.hears:
            self._events = system.subscribe(
                *TURN_EVENTS, IncarnationEnded, ActorStopped, capacity=CAPACITY
            )
        self.note(Limited(0.0, None, self.plan.limits))

    def note(self, mark: Mark) -> None:
        """Put a mark on the tape."""
        self.tape.append(mark)

    def wrong(self, promise: str, detail: str) -> None:
        """Note what is wrong whatever comes."""
        self.faults.append(Fault(promise, f"at {trio.current_time():g}: {detail}"))

    def next_number(self) -> int:
        """Make a number for a message."""
        self.numbers += 1
        return self.numbers

    def offers(self, key: str | None = None) -> list[Offered]:
        """Prompts that were accepted so far."""
        return [
            each
            for each in self._tape
            if isinstance(each, Offered)
            and each.receipt is not None
            and key in (None, each.key)
        ]

    def refused(self) -> Iterator[Offered]:
        """Prompts that were not."""
        for each in self._tape:
            if isinstance(each, Offered) and each.receipt is None:
                yield each

    def router(self) -> AnyRef | None:
        """The router's ref, if there is a router now."""
        desk = self.desk
        if desk is None:
            return None
        for ref in desk.child_refs():
            if ref.name == "router" and ref.exit is None:
                return ref
        return None


Handle: TypeAlias = RouterRef[Prompt, str]


def tenant_of(key: str) -> str | None:
    """Whose session it is."""
    return OWNERS.get(key)
