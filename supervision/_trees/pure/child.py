"""What the machine knows of one child, and what it wants done: the commands.

A child that has never failed is a small record; what came of its failures, and who
waits for it, is kept beside it once there is something.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs

from actors import AnyRef, Exit
from supervision._trees.policies import (
    Backoff,
    ChildState,
    Restart,
    RestartLimit,
    RestartRecord,
)
from supervision._trees.requests import ChildInfo
from supervision._trees.spec import ChildSpec

from .ledger import Entry, Ledger

_PERMANENT = Restart.PERMANENT
HISTORY = 10  # records kept for each child


class Past:
    """What a child has been through."""

    __slots__ = (
        "exit",
        "history",
        "ledger",
        "restarted_at",
        "restarts",
        "row",
        "undelivered",
    )

    def __init__(self) -> None:
        self.restarts = 0
        self.row = 0  # restarts in a row, for the backoff
        self.restarted_at = -math.inf  # when the latest restart was, or will be, done
        self.history: list[Entry] = []  # short, so a deque would be six times as big
        self.ledger: Ledger | None = None  # for its own limit
        self.exit: Exit | None = None
        self.undelivered = 0

    def wait(self, backoff: Backoff, now: float, random: Callable[[], float]) -> float:
        """How long to wait before the next restart, in seconds."""
        if self.restarted_at + backoff.quiet <= now:
            self.row = 0
        seconds = backoff.seconds(self.row, random)
        self.row += 1
        return seconds

    def beyond(self, limit: RestartLimit, entry: Entry) -> bool:
        """Whether this restart is beyond the child's own limit."""
        if self.ledger is None:
            self.ledger = Ledger(limit)
        return not self.ledger.charge(entry)

    def enter(self, entry: Entry) -> None:
        """One more restart is done, or will be."""
        self.restarts += 1
        self.history.append(entry)
        if len(self.history) > HISTORY:
            del self.history[0]
        self.restarted_at = entry[0] + entry[3]


class Child:
    """One child; of a dynamic supervisor only those that need a record."""

    __slots__ = (
        "known",
        "left",
        "plain",
        "proven",
        "ref",
        "refusal",
        "spec",
        "starter",
        "state",
        "stoppers",
        "then",
    )

    def __init__(self, spec: ChildSpec[Any], state: ChildState) -> None:
        self.spec = spec
        self.state = state
        # it is always restarted, at once, and ready then
        self.plain = spec.restart is _PERMANENT and spec.simple
        self.ref: AnyRef | None = None
        self.left: AnyRef | None = None  # where its actor was, that has ended for good
        self.known: Past | None = None  # its past, if it has any
        self.proven = False  # it has been ready once
        self.then: ChildState | None = None  # once it has stopped; None: forgotten
        self.starter: Any = None  # who waits for it to be ready
        self.refusal: Exception | None = None  # what the starter gets instead
        self.stoppers: list[Any] | None = None  # who waits for it to end

    @property
    def past(self) -> Past:
        """What it has been through, so far nothing perhaps."""
        if self.known is None:
            self.known = Past()
        return self.known

    def info(self) -> ChildInfo:
        """What a person sees."""
        past = self.known or Past()
        spec = self.spec
        return ChildInfo(
            id=spec.id,
            ref=self.ref,
            state=self.state,
            supervisor=spec.supervises,
            cls=spec.make_name,
            restarts=past.restarts,
            history=tuple(RestartRecord(*each) for each in past.history),
            exit=past.exit,
            undelivered=past.undelivered,
        )


@attrs.frozen
class Start:
    """Make an actor for the child, where it had one before (`left`) if it had."""

    child: Child
    before: AnyRef | None = None
    """The next in the order of start that has an actor; None: it comes last."""


@attrs.frozen
class Resume:
    """Restart the held child."""

    child: Child


@attrs.frozen
class Halt:
    """End the child's incarnation, to be restarted."""

    child: Child


@attrs.frozen
class Stop:
    """Stop the child for good."""

    child: Child


@attrs.frozen
class Release:
    """End the held child for good."""

    child: Child


@attrs.frozen
class Arm:
    """Say `due` of the child in some seconds."""

    child: Child
    seconds: float


@attrs.frozen
class Disarm:
    """Do not say it."""

    child: Child


@attrs.frozen
class Answer:
    """Answer a request."""

    caller: Any
    value: Any


@attrs.frozen
class Refuse:
    """Answer a request with an error."""

    caller: Any
    error: Exception


@attrs.frozen
class Ready:
    """All children have been started."""


@attrs.frozen
class Complete:
    """The group has done its work: end in order."""


@attrs.frozen
class GiveUp:
    """Crash with this error."""

    error: Exception
    cause: BaseException | None


Command = (
    Start
    | Resume
    | Halt
    | Stop
    | Release
    | Arm
    | Disarm
    | Answer
    | Refuse
    | Ready
    | Complete
    | GiveUp
)
