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


def whole(name: str, value: object, *, least: int) -> None:
    """Check a number.  Raises TypeError, ValueError: not an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name} must be an int, got {value!r}"
        raise TypeError(msg)
    if value < least:
        msg = f"{name} must be at least {least}, got {value}"
        raise ValueError(msg)


def seconds(name: str, value: object, *, zero: bool = False) -> None:
    """Check a time.

    Raises:
        TypeError, ValueError: not a number above 0 (or, with `zero`, at least 0).
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name} must be a number of seconds, got {value!r}"
        raise TypeError(msg)
    if not (value >= 0 if zero else value > 0):
        least = "at least" if zero else "above"
        msg = f"{name} must be {least} 0 seconds, got {value!r}"
        raise ValueError(msg)


def valid_seconds(
    instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Check a field: a time above 0."""
    del instance
    seconds(attribute.name, value)


def valid_seconds_or_0(
    instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Check a field: a time of at least 0."""
    del instance
    seconds(attribute.name, value, zero=True)


def valid_count(
    instance: object, attribute: attrs.Attribute[Any], value: object
) -> None:
    """Check a field: a whole number of at least 1."""
    del instance
    whole(attribute.name, value, least=1)


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


def _callable(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    del instance
    if not callable(value):
        msg = f"{attribute.name} must be a function, got {value!r}"
        raise TypeError(msg)


@attrs.frozen(kw_only=True)
class TurnPolicy:
    """How long a turn may take, and what it may spend; `Session.turns`.

    All times are seconds on Trio's clock.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    time_limit: float = attrs.field(default=1800.0, validator=valid_seconds)
    """From the turn's first step to its end, whatever it does.  Default 1800."""
    inactivity: float = attrs.field(default=300.0, validator=valid_seconds)
    """Without a sign of life (a chunk, a tool's start or end, `checkpoint`,
    `progress`).  The clock stands still while a tool runs and while the turn waits for
    its reader.  Default 300."""
    tool_limit: float = attrs.field(default=1800.0, validator=valid_seconds)
    """For one tool.  Default 1800."""
    abort_grace: float = attrs.field(default=120.0, validator=valid_seconds)
    """To end after it was aborted or timed out.  Then the session is given up, its key
    is free again, and the sender is told.  Default 120."""
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
    """How often `Turn.checkpoint` may be called.  Default 50."""
    budget: float = attrs.field(default=math.inf, validator=valid_seconds)
    """Units that the turn and its children may `spend` together.  Default: any."""
    first_look: float = attrs.field(init=False, eq=False, repr=False)
    """Worked out from the others: seconds from a turn's first step to the first instant
    at which one of its clocks could say something."""

    def __attrs_post_init__(self) -> None:
        clocks = (self.time_limit, self.inactivity, self.alive_every, *self.stalls[:1])
        object.__setattr__(self, "first_look", min(clocks))


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
    """What an ordinary `send` is while a turn runs."""

    QUEUE = "queue"
    """It waits for a turn of its own; never injected, aborts nothing."""
    STEER = "steer"
    """As `steer`."""
    NEVER_STEER = "never steer"
    """It waits, and so does every `steer`."""


def _always_1(prompt: object) -> float:
    del prompt
    return 1.0


@attrs.frozen(kw_only=True)
class Batch:
    """Take several waiting prompts into one turn, in their order.

    A turn takes the first and then as many as fit; one that is too heavy alone goes
    alone.  Only ordinary prompts of `send` are taken together.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    prompts: int = attrs.field(default=10, validator=valid_count)
    """How many at most.  Default 10."""
    weight: float = attrs.field(default=24_000.0, validator=valid_seconds)
    """How heavy they may be together, in units of `weigh`.  Default 24,000."""
    weigh: Callable[[Any], float] = attrs.field(default=_always_1, validator=_callable)
    """A prompt's weight, say its tokens.  Default: 1 each."""


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
    """What `send` is while a turn runs.  Default: it waits."""
    steering: Steering = attrs.field(default=Steering.ONE)
    """How many steering prompts a checkpoint takes.  Default one."""
    steering_capacity: int = attrs.field(default=10, validator=valid_count)
    """How many may wait for a checkpoint.  Default 10."""
    dedupe: int = attrs.field(default=64)
    """How many message ids a session remembers: `send(id=...)`.  0: none.
    Default 64."""

    def __attrs_post_init__(self) -> None:
        whole("dedupe", self.dedupe, least=0)
        for name, kind in (
            ("busy", WhileBusy),
            ("steering", Steering),
            ("batch", (Batch, type(None))),
        ):
            value: object = getattr(self, name)
            if not isinstance(value, kind):
                words = kind.__name__ if isinstance(kind, type) else "Batch or None"
                msg = f"{name} must be a {words}, got {value!r}"
                raise TypeError(msg)


@attrs.frozen
class Bounded:
    """A stream with back-pressure: `emit` waits while so many chunks are unread."""

    capacity: int = attrs.field(default=64, validator=valid_count)
    """Chunks.  Default 64."""


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
