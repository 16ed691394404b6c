"""`EventLog`: all events of a system, and the promises that hold for every one.

The checks are a replay: each actor's events go through a small machine (`_Life`) that
knows what may come next.  The machine does not import the engine's inner rooms: it
believes only what the events say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from actors import (
    ActorCrashed,
    ActorStarted,
    ActorStopped,
    ActorSystem,
    AnyRef,
    DeadLetter,
    DeadLetterReason,
    Event,
    IncarnationEnded,
    MessageAccepted,
    MessageBegun,
    MessageEnd,
    MessageEnded,
    Subscription,
)

E = TypeVar("E", bound=Event)

SHOWN = 20


class Log:
    """Events as they come: what `EventLog` and `TurnLog` share."""

    def __init__(
        self, system: ActorSystem, types: tuple[type[Event], ...], capacity: int
    ) -> None:
        self._subscription: Subscription[Event] = system.subscribe(
            *types, capacity=capacity
        )
        self._events: list[Event] = []

    @property
    def events(self) -> tuple[Event, ...]:
        """All events so far, the oldest first."""
        self._drain()
        return tuple(self._events)

    @property
    def dropped(self) -> int:
        """How many events were lost because `capacity` was too small."""
        return self._subscription.dropped

    def _lost(self) -> list[str]:
        if not self.dropped:
            return []
        return [f"{self.dropped} events were lost: raise the capacity"]

    def _report(
        self, faults: list[str], whose: str, concerned: Callable[[Event], bool]
    ) -> str:
        lines = [f"{len(faults)} broken promises"]
        lines += [f"  {fault}" for fault in faults[:SHOWN]]
        latest = [event for event in self._events if concerned(event)]
        lines.append(f"the latest events of those {whose}:")
        lines += [f"  {event!r:.200}" for event in latest[-2 * SHOWN :]]
        return "\n".join(lines)

    def _drain(self) -> None:
        self._events += self._subscription.drain()


class EventLog(Log):
    """Records every event of a system from its making on, also those of each message.

    Make it before the first actor is started.  It slows the system down and keeps all
    events in memory; for tests.

    Args:
        system: which events.
        capacity: how many are kept between two looks (`events`, `of`, `check`); an
            event that is lost fails `check`.
    """

    def __init__(self, system: ActorSystem, *, capacity: int = 1_000_000) -> None:
        super().__init__(system, (Event,), capacity)

    def of(self, cls: type[E], *, ref: AnyRef | None = None) -> list[E]:
        """List the events of a class, of one actor or (None) of all."""
        self._drain()
        return [
            event
            for event in self._events
            if isinstance(event, cls) and (ref is None or event.ref is ref)
        ]

    def check(self) -> None:
        """Check what is promised of every run.

        For each actor: message numbers are accepted once, in order; one message at a
        time is begun, by the incarnation that lives; every end belongs to an accepted
        message, and there is one; handled means begun, skipped means not begun; each
        incarnation ends once, with no message in hand, and none begins after; nothing
        comes after `ActorStopped` except a dead letter for being too late, and a new
        life, of one that its owner has started again (`Actor.revive_child`).

        When the system's block has been left, also: every accepted message has its end,
        and every actor its `ActorStopped`.

        Raises:
            AssertionError: a promise is broken, or events were lost; the text lists
                what, with the events of the actors concerned.
        """
        lives: dict[AnyRef, _Life] = {}
        faults = self._lost()
        for event in self.events:
            life = lives.get(event.ref)
            if life is None:
                life = lives[event.ref] = _Life()
            faults.extend(f"{event.ref.path}: {what}" for what in life.take(event))
        if self._subscription.closed:
            for ref, life in lives.items():
                faults.extend(f"{ref.path}: {what}" for what in life.end())
        if faults:
            paths = {fault.partition(":")[0] for fault in faults[:SHOWN]}
            raise AssertionError(
                self._report(faults, "actors", lambda event: event.ref.path in paths)
            )


_OF_A_LIFE = (ActorStarted, ActorCrashed, IncarnationEnded, MessageAccepted)


class _Life:
    """What the events of one actor may be; each method returns what is wrong."""

    def __init__(self) -> None:
        self._accepted: set[int] = set()
        self._latest = 0  # message number
        self._ends: dict[int, MessageEnd] = {}  # {number: its end}
        self._begun: set[int] = set()
        self._in_hand: int | None = None
        self._ended: int | None = None  # the latest incarnation that has ended
        self._lived = False  # it is about an actor that is or was alive
        self._stopped = False

    def take(self, event: Event) -> list[str]:
        """Take the next event."""
        faults = self._after_the_end(event) if self._stopped else []
        match event:
            case MessageAccepted(number=number):
                faults += self._accept(number)
            case MessageBegun(number=number, incarnation=incarnation):
                faults += self._begin(number, incarnation)
            case MessageEnded(number=number, end=end):
                faults += self._end(number, end)
            case ActorStarted(incarnation=incarnation):
                faults += self._alive("started", incarnation)
            case ActorCrashed(incarnation=incarnation):
                faults += self._alive("crashed", incarnation)
            case IncarnationEnded(incarnation=incarnation):
                faults += self._alive("ended", incarnation)
                if self._in_hand is not None:
                    faults.append(
                        f"incarnation {incarnation} ended with message "
                        f"{self._in_hand} in hand"
                    )
                self._ended = incarnation
            case ActorStopped():
                self._lived = self._stopped = True
            case _:
                pass
        return faults

    def _after_the_end(self, event: Event) -> list[str]:
        """It had ended for good: what may come is a new life, or a late letter."""
        if isinstance(event, _OF_A_LIFE):
            self._stopped = False  # what it says of its incarnation is looked at
            return []
        if isinstance(event, DeadLetter) and event.reason is DeadLetterReason.STOPPED:
            return []
        return [f"{event!r} came after ActorStopped"]

    def end(self) -> list[str]:
        """The system's block has been left."""
        faults = [
            f"message {number} was accepted and never ended"
            for number in sorted(self._accepted - self._ends.keys())
        ]
        if self._lived and not self._stopped:
            faults.append("no ActorStopped")
        return faults

    def _alive(self, what: str, incarnation: int) -> list[str]:
        """Check that it is the turn of this incarnation."""
        self._lived = True
        if self._ended is None:  # the first word of it: it may be older than the log
            self._ended = incarnation - 1
        if incarnation != self._ended + 1:
            return [f"incarnation {incarnation} {what} after the end of {self._ended}"]
        return []

    def _accept(self, number: int) -> list[str]:
        self._lived = True
        faults: list[str] = []
        if number in self._accepted:
            faults.append(f"message {number} was accepted twice")
        elif number != self._latest + 1:
            faults.append(f"message {number} was accepted after {self._latest}")
        self._accepted.add(number)
        self._latest = number
        return faults

    def _begin(self, number: int, incarnation: int) -> list[str]:
        faults = self._alive(f"began message {number}", incarnation)
        if number not in self._accepted:
            faults.append(f"message {number} was begun and never accepted")
        if number in self._ends:
            faults.append(f"message {number} was begun after its end")
        if number in self._begun:
            faults.append(f"message {number} was begun twice")
        if self._in_hand is not None:
            faults.append(
                f"message {number} was begun with {self._in_hand} still in hand"
            )
        self._begun.add(number)
        self._in_hand = number
        return faults

    def _end(self, number: int, end: MessageEnd) -> list[str]:
        faults: list[str] = []
        if number not in self._accepted:
            faults.append(f"message {number} ended and was never accepted")
        if number in self._ends:
            faults.append(
                f"message {number} ended twice: {self._ends[number].name}, {end.name}"
            )
        if end is MessageEnd.HANDLED and number not in self._begun:
            faults.append(f"message {number} was handled without being begun")
        if end is MessageEnd.SKIPPED and number in self._begun:
            faults.append(f"message {number} was skipped after being begun")
        self._ends[number] = end
        if self._in_hand == number:
            self._in_hand = None
        return faults
