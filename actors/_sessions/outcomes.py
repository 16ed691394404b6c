"""What becomes of a prompt: exactly one outcome, as data.

Pure vocabulary: frozen values, no behaviour, no Trio.  Loss has a type here, so that it
cannot be a log line.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@attrs.frozen(repr=False)
class Outcome:
    """Base of all outcomes: the one terminal record of an accepted prompt."""

    turn: int | None = attrs.field(default=None, kw_only=True)
    """Id of the turn that the prompt was part of; None: it was part of none."""
    notes: Mapping[str, Any] = attrs.field(default=NOTHING, kw_only=True, hash=False)
    """What the turn has noted (`Turn.note`), such as the reason an agent gave."""
    late: bool = attrs.field(default=False, kw_only=True)
    """The turn did not end within its `abort_grace` and was given up: its task may
    still run, but nothing it does counts any more."""

    forgotten: bool = attrs.field(default=False, kw_only=True)
    """It is that of a message which was sent again, and the rest of it (result, notes,
    partial, a long reason) was too large to be remembered: see `PromptPolicy.dedupe`.
    A `Failed` has an `OutcomeForgottenError` then, which says what the error was."""

    def __repr__(self) -> str:
        fields = attrs.fields(type(self))
        said = [(each.name, getattr(self, each.name)) for each in fields]
        new = zip(fields, said, strict=True)
        text = ", ".join(f"{n}={v!r}" for each, (n, v) in new if v != each.default)
        return f"{type(self).__name__}({text})"


@attrs.frozen(repr=False)
class Completed(Outcome):
    """The turn came to its end; its state was kept."""

    result: Any = None
    """What `take_turn` returned."""
    interrupted: str | None = attrs.field(default=None, kw_only=True)
    """The hint of a soft abort that the turn has honoured; None: there was none."""


@attrs.frozen(repr=False)
class Steered(Outcome):
    """The prompt was put into a turn that was running: `turn` says which.

    That turn's own outcome belongs to the prompts it began with.
    """


@attrs.frozen(repr=False)
class Incomplete(Outcome):
    """Base of `Aborted`, `TimedOut` and `Failed`: what became of half an answer."""

    partial: tuple[Any, ...] = attrs.field(default=(), kw_only=True)
    """The latest chunks that the turn had emitted, the oldest first, as many as
    `TurnPolicy.partial` says; empty if it says nothing.  One that still waited for the
    reader is among them."""
    dropped: int = attrs.field(default=0, kw_only=True)
    """How many chunks there were before these."""


@attrs.frozen(repr=False)
class Aborted(Incomplete):
    """Somebody aborted the turn, or its session was stopped; its state was undone.

    Or a prompt that was just to be begun, with `turn` None.
    """

    reason: object = None
    """What the abort was given; a `Preempted` if another prompt took its place."""


@attrs.frozen
class Preempted:
    """Another prompt was to be the next one: the reason of an `Aborted`.

    And of the `Withdrawn` of what would have steered the turn.
    """

    prompt: int
    """`Receipt.id` of that prompt."""
    kept: bool
    """True: what the turn had done was kept (`WhileBusy.INTERRUPT`); False: it was
    undone (`WhileBusy.REPLACE`)."""

    def __str__(self) -> str:
        how = "interrupted" if self.kept else "replaced"
        return f"{how} by prompt {self.prompt}"


class Limit(enum.Enum):
    """Which clock ran out."""

    TIME = "the turn's time limit"
    INACTIVITY = "nothing came from the turn for too long"
    TOOL = "a tool took too long"
    READER = "its reader did not read for too long"


@attrs.frozen(repr=False)
class TimedOut(Incomplete):
    """A time limit of the turn was over; its state was undone."""

    limit: Limit = Limit.TIME
    """Which."""


@attrs.frozen(repr=False)
class Failed(Incomplete):
    """An exception ended the turn, or the session before it could be taken."""

    error: BaseException = attrs.field(kw_only=True)
    """The exception; a group only if several escaped at once."""
    attempts: int = attrs.field(default=1, kw_only=True)
    """How many times it was tried: more than 1 only if it was sent with `attempts=`
    and its session crashed under it."""


@attrs.frozen(repr=False)
class Withdrawn(Outcome):
    """Taken back before a turn had it: by its sender, `cancel_all` or `close`."""

    reason: object = None
    """Why, if somebody said so."""


@attrs.frozen(repr=False)
class Rejected(Outcome):
    """Refused after it had been accepted: by `Turn.reject`."""

    reason: object = None
    """What `reject` was given."""


@attrs.frozen(repr=False)
class Lost(Outcome):
    """Accepted and never taken: the router ended first.  Sender and id are known."""

    reason: str = "the router has ended"
    """Why."""


class Withdrawal(enum.Enum):
    """What `Receipt.withdraw` has come to."""

    WITHDRAWN = "withdrawn"
    """No turn will have it."""
    TOO_LATE = "too late"
    """A turn has it, or it has its outcome already: nothing was done."""


class Abort(enum.Enum):
    """What an abort has come to."""

    ABORTING = "aborting"
    """The turn ends now (hard), or has been asked to (soft)."""
    ALREADY = "already"
    """Somebody else was first: nothing was done."""
    STALE = "stale"
    """No such turn (any more): nothing was done."""
