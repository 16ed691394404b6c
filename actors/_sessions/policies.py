"""The policies of sessions and turns: frozen values, with their units and defaults.

Pure vocabulary.  A session class names the policies of its turns and prompts; the
router has those of all sessions together.  `math.inf` means "never".
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import attrs

from actors._engine.checks import (
    is_plain,
    seconds,
    valid_count,
    valid_seconds,
    valid_seconds_or_0,
    whole,
)
from actors._engine.explaining import explained


def _rising(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    del instance
    if not isinstance(value, tuple):
        msg = f"{attribute.name} must be a tuple of seconds, got {value!r}"
        raise TypeError(msg)
    values = cast("tuple[float, ...]", value)
    for each in values:
        seconds(attribute.name, each)
    if any(later <= earlier for earlier, later in pairwise(values)):
        msg = f"{attribute.name} must rise, got {value!r}"
        raise ValueError(msg)


def _is(name: str, value: object, kind: type, *, none: bool = False) -> None:
    """Check a field.  Raises TypeError: not of this class, nor (with `none`) None."""
    if not isinstance(value, kind) and not (none and value is None):
        words = f"{kind.__name__} or None" if none else kind.__name__
        msg = f"{name} must be a {words}, got {value!r}"
        raise TypeError(msg)


def _callable(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    del instance
    if not is_plain(value):
        said = "a function that is not async" if callable(value) else "a function"
        msg = f"{attribute.name} must be {said}, got {value!r}"
        raise TypeError(msg)


class KeepState(enum.Enum):
    """What stays of a turn's state if the turn does not complete."""

    COMPLETED = "completed turns only"
    """Nothing: it is what it was at the turn's start, or at its last
    `Turn.keep_state`."""
    STEPS = "completed steps"
    """What was there at the latest `Turn.step`: a step begins when the one before is
    completed.  And what `Turn.keep_state` says."""
    ALWAYS = "always"
    """It stays as the turn's code leaves it."""


@explained
@attrs.frozen(kw_only=True)
class Partial:
    """How much of what a turn emits is kept for an outcome that is not complete.

    The latest chunks are, and one that still waited for its reader is the last of them.
    Meant for prompts that nobody reads while they are answered.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    chunks: int = attrs.field(default=1000, validator=valid_count)
    """How many at most.  Default 1000."""
    bytes: int = attrs.field(default=65_536, validator=valid_count)
    """How large they may be together, roughly: what they refer to is counted too.
    Default 65,536."""


@explained
@attrs.frozen(kw_only=True)
class TurnPolicy:
    """How long a turn may take, and what it may spend; `Session.turns`.

    All times are seconds on Trio's clock, of time in which the loop ran: when it stood
    still (blocked, stopped, its container paused) for more than a second, that is not
    the turn's silence, and what came meanwhile is read before a clock is judged.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    time_limit: float = attrs.field(default=1800.0, validator=valid_seconds)
    """From the turn's first step to its end, whatever it does.  Default 1800."""
    inactivity: float = attrs.field(default=300.0, validator=valid_seconds)
    """Without a sign of life (a chunk, a tool's start or end, `checkpoint`, `step`,
    `progress`).  The clock stands still while a tool runs and while the turn waits for
    its reader.  Default 300."""
    tool_limit: float = attrs.field(default=1800.0, validator=valid_seconds)
    """For one tool.  Default 1800."""
    reader_limit: float = attrs.field(default=60.0, validator=valid_seconds)
    """For one wait for a reader who does not read.  Then nobody waits for that reader
    any more: with `Leave.ABORT` the turn is `TimedOut(Limit.READER)`, with
    `Leave.DETACH` it goes on.  Default 60."""
    abort_grace: float = attrs.field(default=30.0, validator=valid_seconds)
    """To end after it was aborted or timed out.  Then the session is given up, its key
    is free again, and the sender is told.  Default 30: code that is awaited ends at
    once, unless its clean-up is slow.  Of agents in processes 120."""
    alive_every: float = attrs.field(default=30.0, validator=valid_seconds)
    """Between two questions to `Session.alive`, which has as long to answer.
    Default 30."""
    stalls: tuple[float, ...] = attrs.field(default=(10.0, 30.0), validator=_rising)
    """After so much silence a `TurnStalled` is published.  Default 10 and 30."""
    drain_window: float = attrs.field(default=0.0, validator=valid_seconds_or_0)
    """After `take_turn` has returned, for chunks that others still bring.  Default 0:
    whoever reads from an agent that says "end" too early wants 0.2."""
    cleanup_within: float = attrs.field(default=5.0, validator=valid_seconds)
    """For `Session.turn_ended`.  Default 5."""
    steps: int = attrs.field(default=50, validator=valid_count)
    """How often `Turn.step` may be called.  Default 50, for a loop that calls a model
    in each; nothing counts what does not call it, and agents in processes do not."""
    budget: float = attrs.field(default=math.inf, validator=valid_seconds)
    """Units that the turn and its children may `spend` together.  Default: any."""
    keep_state: KeepState = attrs.field(default=KeepState.COMPLETED)
    """What stays of the state if the turn does not complete.  Default: nothing."""
    partial: Partial | None = attrs.field(default=None)
    """How much of what it emitted `Aborted`, `TimedOut` and `Failed` have.  Default
    None: nothing, which costs nothing."""
    first_look: float = attrs.field(init=False, eq=False, repr=False)
    """Worked out from the others: seconds from a turn's first step to the first instant
    at which one of its clocks could say something."""

    def __attrs_post_init__(self) -> None:
        _is("keep_state", self.keep_state, KeepState)
        _is("partial", self.partial, Partial, none=True)
        clocks = (self.time_limit, self.inactivity, self.alive_every, *self.stalls[:1])
        object.__setattr__(self, "first_look", min(clocks))


@explained
@attrs.frozen(kw_only=True)
class ChildPolicy:
    """What child turns may; `Session.child_turns`.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    depth: int = attrs.field(default=3, validator=valid_count)
    """How many levels below the turn.  Default 3."""
    width: int = attrs.field(default=5, validator=valid_count)
    """How many at once below one turn.  Default 5."""
    slot_wait: float = attrs.field(default=30.0, validator=valid_seconds)
    """Seconds that `start_child` waits when there are so many.  Default 30."""
    time_limit: float = attrs.field(default=300.0, validator=valid_seconds)
    """Seconds for one child.  Default 300."""


class Steering(enum.Enum):
    """How many steering prompts one `Turn.checkpoint` takes."""

    ONE = "one at a time"
    ALL = "all"


class WhileBusy(enum.Enum):
    """What an ordinary prompt does while its session has a turn.

    For all prompts of a session by `PromptPolicy.busy`, for one by `send(busy=...)`;
    `steer`, `follow_up`, `ask_aside` and `run_exclusive` say it by their names.  A turn
    is there from the moment at which its session could begin it: running, draining,
    waiting for its slot.  One that is ending already, however, ends as it was to; work
    of `run_exclusive` is let finish; side questions go on.
    """

    QUEUE = "queue"
    """It waits for a turn of its own; never injected, aborts nothing."""
    STEER = "steer"
    """As `steer`; one that somebody reads (`open_turn`) waits."""
    NEVER_STEER = "never steer"
    """It waits, and so does every `steer`."""
    REFUSE = "refuse"
    """`SessionBusyError`, also if other prompts wait; it never waits itself, unless a
    `Batch` takes it together with all that do."""
    INTERRUPT = "interrupt"
    """The turn is aborted, and its state stays as its code leaves it; then this prompt
    runs, before all others that wait.  The turn's outcome is `Aborted` with the reason
    `Preempted(prompt, kept=True)`; what would have steered it is `Withdrawn`.  One that
    is only draining completes.

    A prompt that was to be the next one itself, and what a session that has no turn yet
    would have begun with, is `Aborted` likewise: the last word counts.  Unless prompts
    share turns by a `Batch`: then it takes its place behind those that wait, so that
    they run together, in their order."""
    REPLACE = "replace"
    """As INTERRUPT, but the turn's state goes back to what it was at its start, or at
    its last `keep_state`; one that is draining is aborted too.  The reason is
    `Preempted(prompt, kept=False)`."""


def _always_1(prompt: object) -> float:
    del prompt
    return 1.0


@explained
@attrs.frozen(kw_only=True)
class Batch:
    """Take several waiting prompts into one turn, in their order.

    A turn takes the first and then as many as fit; one that is too heavy alone goes
    alone.  Only ordinary prompts of `send` are taken together.

    With a `window` a session that could begin waits a moment, so that a burst of
    messages is one turn.  Meanwhile it is busy, takes no slot and is not reaped;
    `cancel` takes the whole burst for the turn that is to be aborted, a drain does not
    wait for more, and a prompt that cannot share the turn ends the wait at once.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    prompts: int = attrs.field(default=10, validator=valid_count)
    """How many at most.  Default 10."""
    weight: float = attrs.field(default=24_000.0, validator=valid_seconds)
    """How heavy they may be together, in units of `weigh`.  Default 24,000."""
    weigh: Callable[[Any], float] = attrs.field(default=_always_1, validator=_callable)
    """A prompt's weight, say its tokens.  Default: 1 each."""
    window: float = attrs.field(default=0.0, validator=valid_seconds_or_0)
    """Seconds to wait for one more after the latest prompt.  Default 0: not at all."""
    max_wait: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(valid_seconds)
    )
    """Seconds to wait at most, from the first prompt on.  Default None: five times
    `window`."""

    @property
    def longest(self) -> float:
        """`max_wait`, or what it is by default."""
        return self.max_wait if self.max_wait is not None else 5 * self.window


@explained
@attrs.frozen(kw_only=True)
class PromptPolicy:
    """How prompts wait; `Session.prompts`.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    capacity: int = attrs.field(default=10, validator=valid_count)
    """How many may wait for their turn; then `send` raises `QueueFullError` and
    `send_wait` waits.  Default 10."""
    batch: Batch | None = attrs.field(default=None)
    """Take several into one turn.  Default None: one each."""
    busy: WhileBusy = attrs.field(default=WhileBusy.QUEUE)
    """What `send` does while a turn runs.  Default: it waits."""
    steering: Steering = attrs.field(default=Steering.ONE)
    """How many steering prompts a checkpoint takes.  Default one."""
    steering_capacity: int = attrs.field(default=10, validator=valid_count)
    """How many may wait for a checkpoint.  Default 10."""
    dedupe: int = attrs.field(default=64)
    """How many message ids a session remembers: `send(id=...)`.  0: none.  Default 64.

    A message that is sent again gets the first one's receipt.  Of prompts and outcomes
    that are over 64 KiB are remembered for each session; of larger ones, and of errors,
    only what came of them (`Outcome.forgotten`), the oldest first.  What a session
    remembers outlives it for a day when it is reaped or evicted, up to 100,000 ids of
    all; not a `reset` or `close`, nor its router."""

    def __attrs_post_init__(self) -> None:
        whole("dedupe", self.dedupe, least=0)
        _is("busy", self.busy, WhileBusy)
        _is("steering", self.steering, Steering)
        _is("batch", self.batch, Batch, none=True)


@explained
@attrs.frozen
class Bounded:
    """A stream with back-pressure: `emit` waits while so many chunks are unread."""

    capacity: int = attrs.field(default=64, validator=valid_count)
    """Chunks.  Default 64."""


@explained
@attrs.frozen(kw_only=True)
class Latest:
    """A stream that never makes the turn wait: unread chunks become one.

    The last state of things is always delivered, before the stream ends.
    """

    merge: Callable[[Any, Any], Any] | None = attrs.field(
        default=None, validator=attrs.validators.optional(_callable)
    )
    """`merge(older, newer)` of two unread chunks; default None: the newer one."""
    every: float = attrs.field(default=0.0, validator=valid_seconds_or_0)
    """Seconds between two chunks that are handed out, the last one included.  Default
    0: as fast as they are read."""


@explained
@attrs.frozen(kw_only=True)
class Replay:
    """A stream whose chunks are kept: readers may leave, come back, and be several.

    `emit` waits while so many chunks are unread by the slowest reader that is attached.
    While nobody is, it never waits: the oldest chunk is dropped for a new one, and who
    wants it later is told so (`StreamGapError`).
    """

    chunks: int = attrs.field(default=4096, validator=valid_count)
    """How many are kept, the newest.  Default 4096."""
    keep: float = attrs.field(default=300.0, validator=valid_seconds_or_0)
    """Seconds for which they are kept after the end of the turn.  Default 300."""


@explained
@attrs.frozen(kw_only=True)
class Journal:
    """A stream whose chunks a store keeps: they outlive the process, as prompts do.

    Only with a router that has a store.  Readers hold up nobody: who is behind reads
    from the store.  `emit` waits while too much is on its way there.  For how long the
    chunks are kept is the store's policy.
    """

    chunks: int = attrs.field(default=256, validator=valid_count)
    """How many are in memory too, the newest, for who reads along.  Default 256.

    Up to 64 of them, at most half, may have been let go before: it is done at times.
    """


class Leave(enum.Enum):
    """What becomes of a turn when the block that opened it is left before its end."""

    ABORT = "abort"
    """It is aborted, or its prompt is taken back; the block waits for the outcome."""
    DETACH = "detach"
    """It goes on, and nothing is waited for."""
