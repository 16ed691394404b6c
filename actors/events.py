"""Typed events, subscriptions that never block, and the dead-letter store.

The engine calls `Events.publish` only when somebody listens to that type, so an event
that nobody wants costs one look at a set.  A subscription is a bounded ring: when its
reader is slow the oldest event goes and `dropped` counts it.  Lifecycle events come by
default; those about single messages are made only for who names their types, because
they put every mailbox on the slow way in.

Events carry `at`, seconds on Trio's clock.  This room knows refs, not cells.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterator
from threading import get_ident
from typing import Any, Generic, Self, TypeAlias, TypeVar

import attrs
import trio

from .errors import WrongThreadError
from .exits import Exit
from .ref import AnyRef


class DeadLetterReason(enum.Enum):
    """Why no actor will handle a message."""

    CRASHED = "the actor crashed on it"
    KILLED = "the actor was killed with it in hand"
    UNDELIVERED = "the actor ended before it"
    DROPPED_OLDEST = "dropped from a full mailbox, being the oldest"
    DROPPED_NEWEST = "not queued in a full mailbox"
    REPLACED = "replaced by a newer message with the same key"
    NO_ROOM = "no room for a message that cannot wait"
    STOPPED = "the actor had ended"


@attrs.frozen
class Event:
    """Base of all events."""

    at: float
    """Seconds on Trio's clock."""
    ref: AnyRef
    """The actor it is about."""


@attrs.frozen
class ActorStarted(Event):
    """An incarnation is ready: its `started` hook is done."""

    incarnation: int
    """1 for the first."""


@attrs.frozen
class ActorCrashed(Event):
    """An exception escaped from an incarnation."""

    incarnation: int
    """Which one."""
    error: BaseException
    """What escaped."""


@attrs.frozen
class IncarnationEnded(Event):
    """An incarnation is over, its `stopped` hook too; nothing of it runs any more."""

    incarnation: int
    """Which one."""
    exit: Exit
    """How it ended."""


@attrs.frozen
class ActorStopped(Event):
    """An actor has ended for good."""

    exit: Exit
    """How its last incarnation ended."""
    undelivered: int
    """How many messages were left."""


@attrs.frozen
class ActorLate(Event):
    """An actor was killed because its grace or the system's deadline was over."""

    phase: str
    """What it was doing: receive, started, stopped, tasks, queue."""


@attrs.frozen
class HookFailed(Event):
    """`stopped` or `undelivered` raised in an actor that had crashed or was killed."""

    hook: str
    """Its name."""
    error: BaseException
    """What it raised."""


@attrs.frozen
class DeadLetter(Event):
    """A message that no actor will handle."""

    message: Any
    """The message."""
    reason: DeadLetterReason
    """Why."""


class MessageEnd(enum.Enum):
    """The one end of an accepted message."""

    HANDLED = "handled"
    STASHED = "set aside: it comes again, or is a dead letter"
    DEAD = "dead letter"
    SKIPPED = "its asker had left, or its timer was cancelled"


@attrs.frozen
class MessageAccepted(Event):
    """A message is in a mailbox.  For subscribers who name this type."""

    number: int
    """Counts the messages of this actor."""
    message: Any
    """The message."""


@attrs.frozen
class MessageBegun(Event):
    """`receive` gets a message.  For subscribers who name this type."""

    number: int
    """As in `MessageAccepted`."""
    incarnation: int
    """Which one receives it."""


@attrs.frozen
class MessageEnded(Event):
    """A message has met its end.  For subscribers who name this type."""

    number: int
    """As in `MessageAccepted`."""
    end: MessageEnd
    """Which."""


EventType: TypeAlias = type[Event]
E = TypeVar("E", bound=Event)

LIFECYCLE: tuple[EventType, ...] = (
    ActorStarted,
    ActorCrashed,
    IncarnationEnded,
    ActorStopped,
    ActorLate,
    HookFailed,
    DeadLetter,
)
"""What `subscribe()` without arguments gives."""

MESSAGES: tuple[EventType, ...] = (MessageAccepted, MessageBegun, MessageEnded)
"""What puts the system on the slow way in."""


class Subscription(Generic[E]):
    """A bounded ring of events; a context manager and an async iterator.

    It never blocks the publisher: when full, the oldest event goes.  Closed by leaving
    its block, or by the end of the system: then what is left can still be read.
    """

    def __init__(
        self, events: Events, types: frozenset[EventType], capacity: int
    ) -> None:
        self._events = events
        self.types = types
        """What it gets."""
        self._ring: deque[E] = deque(maxlen=capacity)
        self._lot = trio.lowlevel.ParkingLot()
        self.dropped = 0
        """How many events went because the reader was slow."""
        self.closed = False
        """No more events will come."""

    def _put(self, event: E) -> None:
        ring = self._ring
        if len(ring) == ring.maxlen:
            self.dropped += 1
        ring.append(event)
        if self._lot:
            self._lot.unpark()

    def __len__(self) -> int:
        return len(self._ring)

    def receive_nowait(self) -> E:
        """Take the oldest event.

        Raises:
            trio.WouldBlock: there is none now.
            trio.EndOfChannel: there is none and none will come.
        """
        if self._ring:
            return self._ring.popleft()
        if self.closed:
            raise trio.EndOfChannel
        raise trio.WouldBlock

    def drain(self) -> list[E]:
        """Take all events that are here."""
        taken = list(self._ring)
        self._ring.clear()
        return taken

    async def receive(self) -> E:
        """Take the oldest event, waiting for one.  Raises trio.EndOfChannel."""
        self._events.check_thread("Subscription.receive()")
        await trio.lowlevel.checkpoint()
        while not self._ring:
            if self.closed:
                raise trio.EndOfChannel
            await self._lot.park()
        return self._ring.popleft()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Stop listening; idempotent."""
        self._events.check_thread("Subscription.close()")
        self.closed = True
        self._events.remove(self)
        self._lot.unpark_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Listener(Subscription[E]):
    """Has each event told to a function, at once, instead of keeping it.

    The function is called where the event happens and must neither raise nor wait.
    """

    def __init__(
        self,
        events: Events,
        types: frozenset[EventType],
        call: Callable[[E], object],
    ) -> None:
        super().__init__(events, types, 1)
        self._call = call

    def _put(self, event: E) -> None:
        self._call(event)


def _with_subclasses(types: tuple[EventType, ...]) -> frozenset[EventType]:
    """Give these classes of events and all below them."""
    found = list(types)
    for each in found:
        found += each.__subclasses__()
    return frozenset(found)


class Events:
    """Who listens to what."""

    def __init__(self) -> None:
        self.wanted: frozenset[EventType] = frozenset()
        self.thread = get_ident()  # that of Trio
        self._subscriptions: list[Subscription[Any]] = []

    def check_thread(self, what: str) -> None:
        """Refuse a call that comes from another thread.

        Raises:
            WrongThreadError: it does.
        """
        if get_ident() != self.thread:
            raise WrongThreadError(what)

    def add(self, types: tuple[EventType, ...], capacity: int) -> Subscription[Any]:
        """Open a subscription.

        Raises:
            TypeError: something that is not an event class.
            ValueError: a capacity below 1.
        """
        for each in types:
            if not (isinstance(each, type) and issubclass(each, Event)):
                msg = f"subscribe() takes event classes, got {each!r}"
                raise TypeError(msg)
        if capacity < 1:
            msg = f"capacity must be at least 1, got {capacity}"
            raise ValueError(msg)
        wanted = _with_subclasses(types or LIFECYCLE)
        subscription: Subscription[Any] = Subscription(self, wanted, capacity)
        self._subscriptions.append(subscription)
        self._count()
        return subscription

    def listen(
        self, types: tuple[EventType, ...], call: Callable[[Any], object]
    ) -> Listener[Any]:
        """Have these events told to a function, until what is returned is closed."""
        listener: Listener[Any] = Listener(self, _with_subclasses(types), call)
        self._subscriptions.append(listener)
        self._count()
        return listener

    def remove(self, subscription: Subscription[Any]) -> None:
        """Forget a subscription."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._count()

    def _count(self) -> None:
        self.wanted = frozenset().union(*(s.types for s in self._subscriptions))

    def publish(self, event: Event) -> None:
        """Hand it to who listens."""
        kind = type(event)
        for subscription in self._subscriptions:
            if kind in subscription.types:
                subscription._put(event)

    def close(self) -> None:
        """No more events: wake every reader."""
        for subscription in tuple(self._subscriptions):
            subscription.close()


class DeadLetters:
    """The latest dead letters, bounded, and the number of all by reason."""

    def __init__(self, capacity: int) -> None:
        # (at, ref, message, reason), made into DeadLetters when somebody looks
        self._raw: deque[tuple[float, AnyRef, Any, DeadLetterReason]]
        self._raw = deque(maxlen=capacity)
        self._counts: dict[str, int] = {}  # {reason's value: number}

    def add(
        self, at: float, ref: AnyRef, message: Any, reason: DeadLetterReason
    ) -> None:
        """Keep it; the oldest one goes if the store is full."""
        key = reason._value_  # an Enum's own hash is a Python call
        self._counts[key] = self._counts.get(key, 0) + 1
        self._raw.append((at, ref, message, reason))

    @property
    def counts(self) -> dict[DeadLetterReason, int]:
        """`{reason: number}` of all dead letters so far, kept or not."""
        return {DeadLetterReason(key): n for key, n in self._counts.items()}

    def __len__(self) -> int:
        return len(self._raw)

    def __iter__(self) -> Iterator[DeadLetter]:
        return iter([DeadLetter(*raw) for raw in self._raw])
