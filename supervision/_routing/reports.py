"""What a router says of itself: of its sessions, its store, and what it has done.

Pure vocabulary: frozen values with their units.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from actors import CloseReason, Outcome, Receipt


@attrs.frozen
class VerbResult:
    """What `cancel`, `close` and their like did; falsy: no such key.

    Its `str` is a sentence to print: `aborting turn 7 of 'ann'; took back 2 prompts`,
    `nothing was running for 'ann'`.
    """

    known: bool
    """The router knew the key."""
    turn: int | None = None
    """Id of the turn that is being aborted by this call; None: there was none."""
    withdrawn: tuple[int, ...] = ()
    """`Receipt.id` of the prompts that were taken back, in their order."""
    node: str | None = None
    """The node that has done it, of `RouterRef.anywhere`; None: this one."""
    key: str | None = attrs.field(default=None, eq=False, repr=False)
    """The session's key, for its words; two results are equal without it."""
    away: bool = False
    """Of `passivate`: its session has been put away, or it had none."""
    busy: str | None = None
    """Of `passivate`: what it does, as `SessionInfo.phase`, so that it was left as it
    is; None: it was idle, or had no session."""

    def __bool__(self) -> bool:
        return self.known

    def __str__(self) -> str:
        whose = f" {self.key!r}" if self.key is not None else " that session"
        where = f" on node {self.node}" if self.node is not None else ""
        if self.away:
            text = f"put away{whose}{where}"
        elif self.busy is not None:
            text = f"left{whose} as it is{where}: {self.busy}"
        elif self.turn is None:
            text = f"nothing was running for{whose}{where}"
        else:
            text = f"aborting turn {self.turn} of{whose}{where}"
        taken = len(self.withdrawn)
        if taken:
            text += f"; took back {taken} prompt{'s' if taken > 1 else ''}"
        return text


@attrs.frozen
class SessionInfo:
    """One session at one instant; taken without asking it."""

    key: str
    """Its key."""
    tenant: str | None
    """Whose it is."""
    generation: int
    """How many actors the key has had."""
    phase: str
    """waiting for a place, starting, idle, gathering (the window of a burst), waiting
    for a slot, waiting for tenant (for a slot too: its tenant has as many as one may),
    running, tool, draining, ending, children (only child turns that have outlived
    theirs), backing off, closing, quarantined; given up: it has nothing to do, and the
    code of a turn that was given up goes on; held: what its store has of it cannot be
    read, so nothing of it begins (`held`)."""
    turn: int | None
    """Id of its turn."""
    tool: str | None
    """The tool in flight, the latest if there are several."""
    queued: int
    """Prompts that wait for a turn; of a key that is held those too that only its store
    has, as of when it was last tried."""
    steering: int
    """Prompts that wait for a checkpoint of its turn."""
    children: int
    """Child turns that run, those that have outlived their parents included."""
    asides: int
    """Side questions that are being answered."""
    readers: int
    """Who reads answers of it, those that wait for their turn included."""
    age: float
    """Seconds since the router knows the key."""
    idle: float | None
    """Seconds for which it has been idle; None when it is busy."""
    last_activity: float
    """Seconds since the last sign of life of its turn, or since its last turn ended."""
    given_up: int = 0
    """Turns of it that were given up (`TurnPolicy.abort_grace`) and whose code goes
    on: what is deaf to cancellation cannot be ended."""
    burning: float | None = None
    """Seconds since the first of these was given up; None: there is none."""
    quarantined: float | None = None
    """Seconds until its quarantine lets a prompt in; None: it is in none."""
    held: str | None = None
    """Why its store cannot give what it has of it, so that nothing of it begins; None:
    it can."""
    entries: int = 0
    """Of its history, those included that are on their way into a store."""


@attrs.frozen(kw_only=True)
class KeyInfo:
    """A key, as the store has it: `RouterRef.keys`."""

    key: str
    """The session's key."""
    waiting: int
    """Prompts of it that have no outcome, those that run included."""
    state: int | None
    """Bytes of its state; None: it has none."""
    token: bool
    """Whether a token is bound."""
    generation: int
    """How many actors it has had; 0: its first prompt waits, or a reminder."""
    tenant: str | None
    """Whose it is."""
    held: str | None
    """Why it is held; None: it is not, as far as is known."""
    quarantined: float | None
    """Seconds until its quarantine lets a prompt in; None: it is in none."""
    entries: int
    """Of its history."""


@attrs.frozen(kw_only=True)
class Remembered:
    """What is remembered of a conversation: `RouterRef.read`.

    State and entries are of one instant: what the last committed turn has left.
    """

    key: str
    """The session's key."""
    state: Any
    """Its state, as a new session would find it; None: it has none yet, or it cannot
    be read (`held`)."""
    version: int | None
    """`Session.state_version` of the class that wrote it; None: it was never
    written."""
    history: tuple[Any, ...]
    """The newest entries of its history, the oldest of them first."""
    entries: int
    """How many its history has."""
    before: int | None
    """What to give as `read(before=)` for the entries in front of these; None: there
    are none."""
    waiting: int
    """Prompts of it that have no outcome, those that run included."""
    tenant: str | None
    """Whose it is."""
    generation: int
    """How many actors the key has had."""
    live: bool
    """Whether this router has it in memory, and it is not held."""
    phase: str
    """As `SessionInfo.phase` if this router has it in memory; else passivated (only
    the store has it), suspended (only its token is there), or elsewhere (it is another
    node's: it may be live there).  Held goes before all of them."""
    held: str | None
    """Why nothing of it begins: what its store has of it cannot be read; None: it can,
    as far as is known."""
    node: str | None
    """The node that owns it; None: this one, or nobody, or there are no nodes."""
    age: float | None
    """Seconds since this router knows the key; None: it has it not in memory."""


@attrs.frozen(kw_only=True)
class PromptInfo:
    """A prompt, as the store has it."""

    number: int
    """`Receipt.id`."""
    outcome: Outcome | None
    """None: it has none yet."""
    turn: int | None
    """The turn that gave it."""
    age: float
    """Seconds since it was accepted."""
    ended: float | None
    """Seconds since it got its outcome."""
    held: str | None
    """Why it waits: its key is held; None: it is not, or it has its outcome."""


@attrs.frozen(kw_only=True)
class ReminderInfo:
    """A reminder, as the store has it."""

    key: str
    name: str
    due: float
    """Seconds until it comes next; negative: it is on its way, or waits for room."""
    every: float | None
    """Seconds from one due time to the next; None: it comes once."""


@attrs.frozen(kw_only=True)
class StoreStatistics:
    """A router's store at one instant, and what there was so far."""

    path: str
    """Where it is."""
    size: int | None
    """Bytes of its file; None: there is none."""
    log: int | None
    """Bytes of the log beside it; None: there is none."""
    opened: int
    """Which opening of it this is; 0: it is not open."""
    age: float | None
    """Seconds since it was opened; None: it is not open."""
    unwritten: int
    """Prompts accepted and not stored."""
    unwritten_bytes: int
    """Bytes of these."""
    batches: int
    """Transactions so far."""
    operations: int
    """What was written and read in them, each a part of one."""
    seconds: float
    """Time that the transactions took, waiting for the disk included."""
    held: int
    """Keys that are held: what is kept of them cannot be read."""
    down: float | None
    """Seconds for which it has not answered; None: it does."""
    why: str | None
    """Why it does not; None: it does."""
    node: str | None = None
    """Of a store that nodes share: the name of this one; None: it is this router's."""
    partitions: int = 0
    """How many of its partitions are this node's."""
    following: int = 0
    """Prompts that other nodes run, and somebody here waits for."""
    sent_on: int = 0
    """Prompts that were stored here for other nodes."""
    moved: int = 0
    """Prompts that were here and went on at another node."""
    fenced: int = 0
    """Turns that did not count, as their keys were another node's by then."""


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
    """Prompts that wait for a turn, or for the end of one.  What an earlier router has
    left in a store counts as soon as its key is here, and can be read (`store.held`:
    how many cannot)."""
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
    """Keys that have a token (`Session.bind`) and no session: a prompt would resume
    them."""
    given_up: int
    """Turns that were given up and whose code goes on."""
    chunks: int
    """Chunks emitted so far.  One counts when `emit` returns."""
    unread: int
    """Of these: dropped, because nobody read them: of turns without a reader, or whose
    readers had left."""
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
    kept: int = 0
    """Prompts that its incarnations have left in their store, for the next one or the
    next process; `accepted` is the sum of these, of `outcomes`, and of those that are
    queued."""
    store: StoreStatistics | None = None
    """Its store; None: it has none."""


@attrs.frozen
class DrainReport:
    """How a drain went."""

    seconds: float
    """How long it took."""
    outcomes: Mapping[str, int]
    """`{name of the outcome's class: number}` of prompts since it began."""
    aborted: tuple[int, ...]
    """Ids of the turns that were aborted because their time was up.

    With a store their prompts are `kept` if they were sent with `attempts` above 1.
    """
    lost: tuple[Receipt[Any], ...]
    """The prompts that no turn has taken, in the order of acceptance."""
    kept: tuple[Receipt[Any], ...] = ()
    """Those that wait in a store, or are on their way to it, for the next router.

    What has ended, and its store has not answered so far, is nowhere here: it has its
    outcome as soon as it does.
    """
