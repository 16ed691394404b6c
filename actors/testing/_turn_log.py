"""`TurnLog`: all events of sessions and turns, and the promises that hold for each.

As in `_log.py` the checks are a replay: each router's events go through its `Book`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from actors import (
    TURN_EVENTS,
    ActorSystem,
    AnyRef,
    Event,
    IncarnationEnded,
    SessionEvent,
)

from ._log import SHOWN, Log
from ._turn_book import Book

S = TypeVar("S", bound=SessionEvent)


class TurnLog(Log):
    """Records every event of sessions, prompts and turns of a system.

    Make it before the first router is started.  It keeps all events in memory; for
    tests.

    Args:
        system: which events.
        durable: its routers have stores.  Then a prompt may be an earlier router's, and
            one without an end waits for the next: look at what the store has.
        capacity: how many are kept between two looks (`events`, `of`, `check`); an
            event that is lost fails `check`.
    """

    def __init__(
        self,
        system: ActorSystem,
        *,
        durable: bool = False,
        capacity: int = 1_000_000,
    ) -> None:
        self._durable = durable
        super().__init__(system, (*TURN_EVENTS, IncarnationEnded), capacity)

    @property
    def events(self) -> tuple[SessionEvent, ...]:
        """All of them so far, the oldest first."""
        return tuple(self.of(SessionEvent))

    def of(self, cls: type[S], key: str | None = None) -> list[S]:
        """List the events of a class, of one session key or (None) of all."""
        self._drain()
        return [
            event
            for event in self._events
            if isinstance(event, cls) and (key is None or event.key == key)
        ]

    def check(self) -> None:
        """Check what is promised of every run.

        For each router: a prompt is accepted once, with a number above all before it,
        or refused; an accepted one ends once, and after the turn that it was part of.
        (With a store what turns send and reminders has the number that the store was
        given, and may be accepted later than one with a higher number.)
        For each key: one turn at a time (asides apart), in a session that is open; the
        turns begin with the prompts in their order; a successor is opened when its
        predecessor has closed.  A turn starts once and ends once, its tools before it,
        and nothing comes from it afterwards; a turn that never started takes no time.

        The order is that of acceptance.  Prompts that were sent to steer a turn, and
        came too late for it, have an order of their own, and so have those that go
        before all that wait (`PromptAccepted.first`); one that is tried again after
        a crash does not count.

        When a router has ended or crashed, also: every accepted prompt (unless a store
        may have it) and every started turn has its end, and every session is closed.

        Raises:
            AssertionError: a promise is broken, or events were lost; the text lists
                what, with the events of the sessions concerned.
        """
        found = list(self._faults())
        if not found and not self.dropped:
            return
        concerned = {(ref, key) for ref, key, _ in found[:SHOWN]}

        def is_concerned(event: Event) -> bool:
            return (
                isinstance(event, SessionEvent) and (event.ref, event.key) in concerned
            )

        faults = self._lost()
        faults += [f"{ref.path}, session {key!r}: {what}" for ref, key, what in found]
        raise AssertionError(self._report(faults, "sessions", is_concerned))

    def _faults(self) -> Iterator[tuple[AnyRef, str, str]]:
        """Replay: (router, session key, what is wrong)."""
        self._drain()
        books: dict[AnyRef, Book] = {}
        for event in self._events:
            ref = event.ref
            book = books.setdefault(ref, Book(durable=self._durable))
            if isinstance(event, SessionEvent):
                yield from ((ref, event.key, what) for what in book.take(event))
            else:  # a router, or some other actor, has ended
                yield from ((ref, key, what) for key, what in books.pop(ref).end())
        if self._subscription.closed:
            for ref, book in books.items():
                yield from ((ref, key, what) for key, what in book.end())
