"""The words of supervision: small frozen values, each with its defaults and units.

Pure vocabulary: no Trio, no actor is touched here.  What each value means is at its
definition; what a supervisor does with them is in `pure`.
The words are OTP's (https://www.erlang.org/doc/system/sup_princ.html) and, for
`Backoff`, Akka's.
"""

from __future__ import annotations

import enum
import math
import sys
from collections.abc import Callable

import attrs

from actors import Crashed, Exit, Killed
from actors.hosting import explained, seconds


class Restart(enum.Enum):
    """Whether a child that has ended is started again.  As in OTP."""

    PERMANENT = "permanent"
    """Always, however it ended."""
    TRANSIENT = "transient"
    """Only when it crashed or was killed; after `Finished` or `Stopped` it stays
    stopped, its spec is kept."""
    TEMPORARY = "temporary"
    """Never; its spec is dropped with it."""

    def wants(self, exit: Exit) -> bool:  # noqa: A002 - its name in the vocabulary
        """Whether a child that ended like this is to be started again."""
        if self is Restart.TRANSIENT:
            return isinstance(exit, (Crashed, Killed))
        return self is Restart.PERMANENT


class Strategy(enum.Enum):
    """Who is restarted when one child fails.  As in OTP."""

    ONE_FOR_ONE = "one for one"
    """The child that failed."""
    ONE_FOR_ALL = "one for all"
    """All children: stopped, the youngest first, then started in their order."""
    REST_FOR_ONE = "rest for one"
    """The child that failed and those that come after it in the order of start."""


class AutoShutdown(enum.Enum):
    """Whether a supervisor ends when its significant children have.  As OTP 24."""

    NEVER = "never"
    """It ends when it is stopped, or gives up."""
    ANY_SIGNIFICANT = "any significant"
    """When one significant child has ended by itself and is not restarted; and when the
    last one has, in whatever way but `stop_child` (as a TEMPORARY one that goes with
    the restart of its group): there is nobody left to wait for.  OTP would wait for
    ever then."""
    ALL_SIGNIFICANT = "all significant"
    """When the last significant child has, in whatever way but `stop_child`."""


class ChildState(enum.Enum):
    """What a supervisor knows of a child."""

    WAITING = "waiting"
    """For its turn in the order of start; it has no actor yet."""
    STARTING = "starting"
    """Its `started` hook is not done."""
    RUNNING = "running"
    HALTING = "halting"
    """Its incarnation is to end, for a group restart; the mailbox stays open."""
    RESTARTING = "restarting"
    """Its incarnation has ended; it waits for its backoff or for its group."""
    STOPPING = "stopping"
    """It is to end for good."""
    STOPPED = "stopped"
    """It has ended and is not to be restarted; the spec is kept."""
    QUARANTINED = "quarantined"
    """It was over its own limit and was let go; the spec is kept.  No group restart
    revives it, only `restart_child`."""


@explained
@attrs.frozen
class RestartLimit:
    """How many restarts are tolerated: at most `restarts` in any `within` seconds.

    The window slides on Trio's clock and both its ends belong to it: a restart counts
    while `now <= then + within`.  The restart that would be one too many is not done.
    Every attempt counts, also one that fails; a group restart counts once, each of its
    retries once more.  As in OTP, but to the clock's resolution instead of whole
    seconds.  Levels multiply: how often a leaf restarts before the top gives up is
    about the product of the limits above it, so do not copy one limit to every level.

    Raises:
        TypeError, ValueError: `restarts` is not an int of at least 0, or `within` not
            a number above 0.
    """

    restarts: int
    """How many, at least 0; 0: the first failure is one too many."""
    within: float = attrs.field(kw_only=True)
    """Seconds, above 0; `math.inf` counts for ever."""

    def __attrs_post_init__(self) -> None:
        restarts: object = self.restarts
        if isinstance(restarts, bool) or not isinstance(restarts, int):
            msg = f"restarts must be an int, got {restarts!r}"
            raise TypeError(msg)
        if restarts < 0:
            msg = f"restarts must be at least 0, got {restarts}"
            raise ValueError(msg)
        seconds("within", self.within)


@explained
@attrs.frozen
class Backoff:
    """How long to wait before a restart: longer each time, up to a limit.  As Akka.

    The n-th restart in a row (from 0) waits `min(limit, first * factor**n)` seconds,
    times `1 + jitter * random()`.  n starts again from 0 when the child has run for
    `reset_after` seconds since its last restart.  Meanwhile the mailbox collects.

    Raises:
        TypeError, ValueError: a field that is not a number, `first` not above 0,
            `limit` below `first`, `factor` below 1, `jitter` below 0, one of them
            infinite, `reset_after` not above 0.
    """

    first: float
    """Seconds before the first restart, above 0."""
    limit: float
    """Seconds that no wait exceeds, but for the jitter."""
    factor: float = attrs.field(default=2.0, kw_only=True)
    """By which the wait grows, at least 1.  Default 2."""
    jitter: float = attrs.field(default=0.2, kw_only=True)
    """Share of the wait that is added at random, so that many do not come back in the
    same instant.  Default 0.2; 0 for none."""
    reset_after: float | None = attrs.field(default=None, kw_only=True)
    """Seconds of quiet that end a row.  Default `(first + limit) / 2`, as Akka."""

    def __attrs_post_init__(self) -> None:
        seconds("first", self.first)
        seconds("limit", self.limit)
        for name, value, least in (
            ("limit", self.limit, self.first),
            ("factor", self.factor, 1),
            ("jitter", self.jitter, 0),
        ):
            if isinstance(value, bool) or not isinstance(value, int | float):
                msg = f"{name} must be a number, got {value!r}"
                raise TypeError(msg)
            if not least <= value <= sys.float_info.max:
                msg = f"{name} must be finite and at least {least:g}, got {value!r:.40}"
                raise ValueError(msg)
        if self.reset_after is not None:
            seconds("reset_after", self.reset_after)

    def seconds(self, n: int, random: Callable[[], float]) -> float:
        """The wait before the n-th restart in a row, n from 0; `random()` in [0, 1)."""
        try:
            grown = self.first * self.factor**n
        except OverflowError:
            grown = math.inf
        return min(self.limit, grown) * (1 + self.jitter * random())

    @property
    def quiet(self) -> float:
        """Seconds of quiet that end a row: `reset_after`, or its default."""
        if self.reset_after is not None:
            return self.reset_after
        return (self.first + self.limit) / 2


@attrs.frozen
class RestartRecord:
    """One restart, or the one that was one too many."""

    at: float
    """Seconds on Trio's clock."""
    id: str
    """The child's id; for a child of a dynamic supervisor its path."""
    exit: Exit
    """How the incarnation before it ended."""
    delay: float
    """Seconds of backoff before the new one."""
