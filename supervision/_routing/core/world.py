"""`World`: what a router does to the world, and all that it knows of it.

The one door out: the router's actor is a world (`router`), and so is a test's double
that writes down what was done.  Every call is one step and no checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from actors import AnyRef, Event, Outcome, Receipt
from actors.hosting import More, Props, Timer, TurnRun
from supervision._routing.parts.lane import Lane

TRACER: Final = "tracer"
"""Under which a hub notes what makes the tracer of a router: `make(core)`."""


class Tracer(Protocol):
    """Who follows the prompts and turns of one router; its calls raise nothing."""

    run_class: type[TurnRun]
    """The class of turns that tell it of themselves, below `TurnRun`."""

    def settled(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Hear that a prompt ends which no turn ends: `Steered`, `Withdrawn`, ..."""

    def refused(self, key: str, more: More, error: Exception | None) -> None:
        """Hear that a prompt is refused; None: its sender gave up waiting for room."""


class World(Protocol):
    """What the parts of a router need beside themselves."""

    make: Any
    """The class of its sessions, for their policies."""
    events: Any
    """Its `wanted`: the classes of events that somebody listens to; falsy: nobody."""

    @property
    def now(self) -> Callable[[], float]:
        """The clock: seconds, Trio's."""
        ...

    @property
    def ref(self) -> AnyRef:
        """The router's ref, for events."""
        ...

    @property
    def ending(self) -> bool:
        """Whether the router is to end: it begins nothing any more."""
        ...

    def publish(self, event: Event) -> None:
        """Publish, for callers that have looked at `events`."""

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        """Call `call()` at `deadline`; it must not raise."""
        ...

    def random(self) -> float:
        """A number in [0, 1), for the jitter of a backoff."""
        ...

    def start_session(self, lane: Lane, name: str) -> Any:
        """Start a session's actor; returns the session.

        Raises:
            ActorStoppedError: the router is ending.
            DuplicateNameError: another session has this name and has not ended.
            Exception: what its constructor raised.
        """
        ...

    def tell_session(self, session: Any, message: object) -> None:
        """Tell a session READY or SUSPEND.

        Raises:
            ActorStoppedError, MailboxFullError: it does not hear.
        """

    def begin_turn(self, run: TurnRun) -> None:
        """Have a session take a turn.

        Raises:
            ActorStoppedError: the session is ending.
        """

    def begin_work(self, work: Any, props: Props) -> bool:
        """Do a piece of work in the router's own name; False: the router is ending."""
        ...

    def end_session(self, session: Any) -> bool:
        """Stop a session; True: it has ended on the spot, and nobody will say so."""
        ...

    def kill_session(self, session: Any) -> None:
        """Cancel whatever a session does."""

    def log_unborn(self, key: str, error: BaseException) -> None:
        """Say that a session's constructor has failed."""

    def log_failure(
        self,
        level: int,
        key: str,
        text: str,
        *,
        turn: int | None = None,
        outcome: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        """Write down that a turn, or a session, has failed."""
