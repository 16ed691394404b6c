"""The words of the router: what it is limited by, and what it says of itself.

Pure vocabulary: frozen values with their units and defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from actors import CloseReason, Receipt
from actors.hosting import seconds, whole
from supervision._trees.policies import Backoff, RestartLimit

_LIMIT = RestartLimit(3, within=60.0)


@attrs.frozen(kw_only=True)
class Limits:
    """What a router may have at once, and for how long.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    sessions: int = 10
    """How many sessions.  One more makes the longest idle one go; if none is idle,
    `send` raises `SaturatedError`.  Default 10, as where each is a process of its own:
    sessions that are only objects cost under 1 KiB each, so say how many you want."""
    sessions_per_owner: int | None = None
    """How many of them for one `owner`.  Default None: any."""
    turns: int = 10
    """How many turns run at once: the slots.  Default 10."""
    turns_per_owner: int | None = None
    """How many of them for one `owner`.  Default None: any."""
    idle: float = 14_400.0
    """Seconds that a session may be idle before it is reaped; `math.inf`: never.
    Default 14,400 (four hours)."""
    start_within: float = 120.0
    """Seconds for a session's `started`.  Default 120."""
    restarts: RestartLimit = _LIMIT
    """How often one session may crash; once more puts it into quarantine.  Default
    three times in a minute."""
    backoff: Backoff | None = None
    """How long a crashed session's successor waits.  Default None: not at all."""

    def __attrs_post_init__(self) -> None:
        whole("sessions", self.sessions, least=1)
        whole("turns", self.turns, least=1)
        for name in ("sessions_per_owner", "turns_per_owner"):
            value: object = getattr(self, name)
            if value is not None:
                whole(name, value, least=1)
        seconds("idle", self.idle)
        seconds("start_within", self.start_within)
        for name, kind in (
            ("restarts", RestartLimit),
            ("backoff", (Backoff, type(None))),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind):
                words = kind.__name__ if isinstance(kind, type) else "Backoff or None"
                msg = f"{name} must be a {words}, got {value!r}"
                raise TypeError(msg)


@attrs.frozen
class VerbResult:
    """What `cancel`, `cancel_all`, `reset` or `close` did; falsy: no such key."""

    known: bool
    """The router knew the key."""
    turn: int | None = None
    """Id of the turn that is being aborted by this call; None: there was none."""
    withdrawn: tuple[int, ...] = ()
    """`Receipt.id` of the prompts that were taken back, in their order."""

    def __bool__(self) -> bool:
        return self.known


@attrs.frozen
class SessionInfo:
    """One session at one instant; taken without asking it."""

    key: str
    """Its key."""
    owner: str | None
    """Whose it is."""
    generation: int
    """How many actors the key has had."""
    phase: str
    """waiting for a place, starting, idle, waiting for a slot, running, tool, draining,
    ending, children (only child turns that have outlived theirs), backing off,
    closing, quarantined."""
    turn: int | None
    """Id of its turn."""
    tool: str | None
    """The tool in flight, the latest if there are several."""
    queued: int
    """Prompts that wait for a turn."""
    steering: int
    """Prompts that wait for a checkpoint of its turn."""
    children: int
    """Child turns that run, those that have outlived their parents included."""
    asides: int
    """Side questions that are being answered."""
    age: float
    """Seconds since the router knows the key."""
    idle: float | None
    """Seconds for which it has been idle; None when it is busy."""
    last_activity: float
    """Seconds since the last sign of life of its turn, or since its last turn ended."""


@attrs.frozen
class RouterStatistics:
    """A router at one instant, and what there was so far."""

    sessions: int
    """Keys that it knows."""
    idle: int
    """Of these: idle ones."""
    turns_running: int
    """Slots in use."""
    turns_waiting: int
    """Turns that wait for a slot."""
    slots: int
    """`Limits.turns`."""
    queued: int
    """Prompts that wait for a turn, or for the end of one."""
    answering: int
    """Of these: prompts whose turn runs."""
    accepted: int
    """Prompts accepted so far; `sum(outcomes.values())` of them have their outcome."""
    outcomes: Mapping[str, int]
    """`{name of the outcome's class: number}` so far."""
    refused: Mapping[str, int]
    """`{name of the error's class: number}` of prompts refused so far."""
    repeated: int
    """Prompts that were known by their `id`."""
    opened: int
    """Sessions started so far."""
    closed: Mapping[CloseReason, int]
    """`{why: number}` of those that have ended."""
    suspended: int
    """Tokens that are remembered."""
    chunks: int
    """Chunks emitted so far."""
    unread: int
    """Of these: by turns without a reader."""
    out_of_turn: int
    """Chunks that belonged to no turn."""
    wait_seconds: float
    """Sum of the seconds that prompts waited for the first step of their turn."""
    wait_longest: float
    """The longest of these waits, in seconds."""
    turn_seconds: Mapping[str, float]
    """`{name of the outcome's class: seconds}` of turns so far."""
    turns: Mapping[str, int]
    """`{name of the outcome's class: number}` of turns so far."""


@attrs.frozen
class DrainReport:
    """How a drain went."""

    seconds: float
    """How long it took."""
    outcomes: Mapping[str, int]
    """`{name of the outcome's class: number}` of prompts since it began."""
    aborted: tuple[int, ...]
    """Ids of the turns that were aborted because their time was up."""
    lost: tuple[Receipt[Any], ...]
    """The prompts that no turn has taken, in the order of acceptance."""
