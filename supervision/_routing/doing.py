"""`Doing`: what a router's core does to the world, done by the router's actor."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from actors import ActorStoppedError, AnyRef, Crashed, Event, Exit, Session
from actors.hosting import Props, Timer, TurnRun, actor_of
from supervision._log.rate import WINDOW
from supervision._trees.journal import Journal

from .failures import FailureLog
from .parts.lane import Lane


class Doing:
    """What a router's core does to the world: this router's actor does it."""

    __slots__ = (
        "_args",
        "_failures",
        "_hub",
        "_journal",
        "_router",
        "_seat",
        "events",
        "make",
        "ref",
    )

    def __init__(
        self,
        router: Any,  # Any: a Router, whose module is above this one
        make: type[Session[Any, Any]],
        args: tuple[Any, ...],
    ) -> None:
        seat = router._seat
        self._router = router
        self._seat = seat
        self._hub = seat.hub
        self._args = args
        self._journal: Journal | None = None
        self._failures: FailureLog | None = None
        self.make = make
        self.events = seat.hub.events
        self.ref: AnyRef = seat.ref

    @property
    def now(self) -> Callable[[], float]:
        clock: Callable[[], float] = self._hub.now
        return clock

    @property
    def ending(self) -> bool:
        return bool(self._seat.ending)

    def publish(self, event: Event) -> None:
        self._hub.publish(event)

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        timer: Timer = self._hub.timers.at(deadline, call)
        return timer

    def random(self) -> float:
        return random.random()  # noqa: S311 - not for secrets

    def start_session(self, lane: Lane, name: str) -> Any:
        del lane
        ref = self._seat.start(self.make, self._args, name, None, None)
        return actor_of(ref)

    def tell_session(self, session: Any, message: object) -> None:
        session.ref.tell_nowait(message)

    def begin_turn(self, run: TurnRun) -> None:
        session = run.session
        session._seat.begin_work(run, session._turn_props, run.id)

    def begin_work(self, work: Any, props: Props) -> bool:
        try:
            self._seat.begin_work(work, props, work.number)
        except ActorStoppedError:
            return False
        return True

    def end_session(self, session: Any) -> bool:
        return bool(self._router.end_child(session.ref))

    def kill_session(self, session: Any) -> None:
        session.ref.kill()

    def log_unborn(self, key: str, error: BaseException) -> None:
        self._log(key, Crashed(error), "it could not be started", 0)

    def log_failure(self, level: int, key: str, text: str, **more: Any) -> None:
        failures = self._failures
        if failures is None:
            failures = FailureLog(self.ref.path, self.now, self.at)
            self._failures = failures
        failures.write(level, key, text, **more)

    def log_rest(self) -> None:
        """Nothing more will fail: say how many have not been written."""
        if self._failures is not None:
            self._failures.flush()

    def log_crash(self, path: str, exit_: Exit, crashes: int) -> None:
        """Write down that a session has crashed."""
        self._log(path, exit_, "let go", crashes)

    def _log(self, name: str, exit_: Exit, what: str, crashes: int) -> None:
        """Write that down, unless too much was just now."""
        book = self._book
        if not book.skips(self.now(), exit_):
            book.ended(name, exit_, what, crashes)
        elif book.overdue:
            book.overdue = False
            self.at(self.now() + WINDOW, book.flush)

    @property
    def _book(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(self.ref.path)
        return self._journal
