"""What happens to prompts and turns, as events; `ref` is the router's.

For who subscribes: `system.subscribe(PromptAccepted, PromptEnded)`.  An event that
nobody wants costs one look at a set.
"""

from __future__ import annotations

import enum
from typing import Any

import attrs

from actors.events import Event

from .outcomes import Outcome
from .receipt import PromptKind


@attrs.frozen
class SessionEvent(Event):
    """Base of all of these."""

    key: str
    """The session's key."""


@attrs.frozen
class SessionOpened(SessionEvent):
    """A session's actor has been started."""

    generation: int
    """Counts the actors of this key, from 1, while the router knows the key."""


class CloseReason(enum.Enum):
    """Why a session's actor has ended."""

    CLOSED = "closed"
    RESET = "reset"
    REAPED = "idle for too long"
    EVICTED = "made room for another"
    CRASHED = "crashed"
    FAILED_TO_START = "failed to start"
    FINISHED = "ended itself"
    GIVEN_UP = "a turn of it did not end"
    STOPPED = "the router has ended"
    MOVED = "its key is another node's now"
    PASSIVATED = "was put away"


@attrs.frozen
class SessionClosed(SessionEvent):
    """A session's actor has ended, its clean-up too (but for `GIVEN_UP`)."""

    generation: int
    """Which."""
    reason: CloseReason
    """Why."""


@attrs.frozen
class SessionQuarantined(SessionEvent):
    """A session has crashed too often."""

    error: BaseException
    """The last crash."""


@attrs.frozen
class PromptAccepted(SessionEvent):
    """A prompt will have an outcome: `PromptEnded` comes exactly once."""

    prompt: int
    """`Receipt.id`."""
    origin: object
    """What it was sent with."""
    kind: PromptKind
    """How it was sent."""
    first: bool = False
    """It goes before all that wait: `WhileBusy.INTERRUPT`, `WhileBusy.REPLACE`."""


@attrs.frozen
class PromptRefused(SessionEvent):
    """A prompt was not accepted; it has no outcome."""

    prompt: int
    """An id of its own: no receipt has it."""
    origin: object
    """What it was sent with."""
    error: Exception | None
    """What the sender got; None: the sender gave up waiting for room."""


@attrs.frozen
class PromptRepeated(SessionEvent):
    """A prompt was sent again with an `id` that is known, and got the old receipt."""

    prompt: int
    """`Receipt.id` of the first."""


@attrs.frozen
class PromptEnded(SessionEvent):
    """A prompt has its outcome."""

    prompt: int
    """`Receipt.id`."""
    outcome: Outcome
    """Which."""
    waited: float
    """Seconds from its acceptance to the first step of its turn, or to its end."""


@attrs.frozen
class TurnEvent(SessionEvent):
    """Base of those about one turn."""

    turn: int
    """Its id."""


@attrs.frozen
class TurnStarted(TurnEvent):
    """A turn has its slot and begins."""

    prompts: tuple[int, ...]
    """`Receipt.id` of those it begins with."""
    aside: bool
    """It answers a side question, beside the turn of its session."""


@attrs.frozen
class TurnEnded(TurnEvent):
    """A turn is over, everything it started too; before its prompts' `PromptEnded`."""

    outcome: Outcome
    """How."""
    seconds: float
    """Since its first step; 0 if it never had one."""


@attrs.frozen
class TurnStalled(TurnEvent):
    """Nothing has come from a turn for a while; nothing is done about it."""

    silent: float
    """Seconds."""


@attrs.frozen
class TurnResumed(TurnEvent):
    """A turn that had stalled gives a sign of life."""


@attrs.frozen
class ToolStarted(TurnEvent):
    """A tool begins."""

    tool: str
    """Its name."""


@attrs.frozen
class ToolEnded(TurnEvent):
    """A tool is over, however it ended."""

    tool: str
    """Its name."""
    seconds: float
    """How long it took."""


@attrs.frozen
class ToolSkipped(TurnEvent):
    """A tool was not begun."""

    tool: str
    """Its name."""
    reason: str
    """Why."""


@attrs.frozen
class ChildOrphaned(TurnEvent):
    """A child turn has an outcome and its parent is over: nobody waits for it."""

    parent: int
    """Id of the turn that started it."""
    outcome: Outcome
    """Of the child."""


@attrs.frozen
class HookOverdue(TurnEvent):
    """A hook was too slow or failed, and its default was taken: `Turn.consult`."""

    hook: str
    """Its name."""
    error: Exception | None
    """What it raised; None: it was too slow."""


@attrs.frozen
class OutOfTurn(SessionEvent):
    """A chunk came for no turn that runs: too late, or without being asked for."""

    turn: int | None
    """The turn it was meant for; None: for none."""
    chunk: Any
    """The chunk."""


TURN_EVENTS: tuple[type[Event], ...] = (
    SessionOpened,
    SessionClosed,
    SessionQuarantined,
    PromptAccepted,
    PromptRefused,
    PromptRepeated,
    PromptEnded,
    TurnStarted,
    TurnEnded,
    TurnStalled,
    TurnResumed,
    ToolStarted,
    ToolEnded,
    ToolSkipped,
    ChildOrphaned,
    HookOverdue,
    OutOfTurn,
)
"""All of them."""
