"""What a person sees of a running system: frozen pictures, taken when asked for."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from .events import DeadLetterReason
from .mailbox import MailboxStatistics


@attrs.frozen
class ActorSnapshot:
    """One actor at one instant, with those it owns."""

    path: str
    """Such as `/chat/alice`; the root is `/`."""
    cls: str
    """Name of its class; `turn`: a turn of the session above it."""
    state: str
    """starting, idle, ready, running, waiting (it awaits), stopping, ending, held."""
    incarnation: int
    """1 for the first."""
    mailbox: MailboxStatistics
    """Depth and the like."""
    in_hand: str | None
    """The class of the message being handled; None when there is none.

    What no message of a user's began has a word instead, such as `go` of a turn.
    """
    in_hand_age: float | None
    """Seconds since it waits with that message in hand; None when it does not."""
    tasks: int
    """Child tasks."""
    children: tuple[ActorSnapshot, ...]
    """In the order of their start."""

    def walk(self) -> Iterator[ActorSnapshot]:
        """Itself and all below, parents first."""
        stack: list[ActorSnapshot] = [self]
        while stack:
            each = stack.pop()
            yield each
            stack.extend(reversed(each.children))


@attrs.frozen
class SystemStatistics:
    """A whole system at one instant; reading it costs the actors nothing."""

    actors: int
    """Alive now, the root not counted."""
    started: int
    """Actors started so far."""
    ended: int
    """Actors that have ended for good."""
    restarts: int
    """Incarnations after the first ones."""
    crashes: int
    """Exceptions that escaped from actors."""
    handled: int
    """Messages taken out of mailboxes so far, or answered inline."""
    ready: int
    """Actors waiting for a worker."""
    workers: int
    """Worker tasks, of which…"""
    spare_workers: int
    """…these wait for work."""
    timers: int
    """Timers and bounded asks that are set."""
    late_replies: int
    """Answers to requests that nobody waited for any more."""
    dead_letters: dict[DeadLetterReason, int]
    """`{reason: number}` so far."""


@attrs.frozen
class Late:
    """An actor that was killed because it took too long to stop."""

    path: str
    """Which."""
    phase: str
    """What it was doing: receive, started, stopped, tasks, queue."""


@attrs.frozen
class StopReport:
    """How the ordered stop of a system went."""

    seconds: float
    """How long it took."""
    late: tuple[Late, ...]
    """Who had to be killed, in that order; empty if everybody was in time."""
