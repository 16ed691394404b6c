"""`Router`: the root actor of all sessions.

It owns `{key: session}`.  Nobody asks it anything by mail: its handle (`RouterRef`)
calls its core, each call one step, so routing a prompt is a look-up and an append, and
no slow session, turn or start can hold up another.  What it hears by the engine's hooks
are the ends of its sessions.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable
from typing import Any, ClassVar

from actors import (
    Actor,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Decision,
    Event,
    Exit,
    Session,
)
from actors.hosting import Props, Timer, TurnRun, actor_of
from supervision._trees.journal import WINDOW, Journal

from .census import enter, leave
from .core.core import Core
from .core.draining import end_all
from .core.keeping import Straight
from .limits import Limits
from .parts.lane import Lane
from .tokens import MemoryTokens, TokenBook, Tokens

_SESSION: Any = Session  # Any: a checker would lose its type arguments


class Router(Actor[Any]):
    """The actor that owns sessions: `{key: session}`.

    Start it with `start_router`, or declare it in a supervised tree:
    `ChildSpec(Router, Chat, (database,), Limits(sessions=1000), id="router")`; then
    `router_ref(ref, Chat)` gives the handle.

    When it ends, its sessions are stopped all at once, each within its grace; turns
    that run are `Aborted`, prompts that wait are `Lost`.  When it crashes, so do they.

    Args:
        make: the class of its sessions.
        args: for the constructor of each.
        limits: what it may have at once.
        tokens: where what sessions `bind` is kept; default: in memory.
    """

    __slots__ = (
        "__weakref__",
        "_args",
        "_bound",
        "_core",
        "_ends",
        "_limits",
        "_make",
        "_tokens",
    )

    stop_at_once: ClassVar[bool] = True
    grace: ClassVar[float] = math.inf
    """Its sessions have graces of their own."""

    def __init__(
        self,
        make: type[Session[Any, Any]],
        args: tuple[Any, ...] = (),
        limits: Limits | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        given: object = make
        if not (isinstance(given, type) and issubclass(given, Session)):
            msg = f"a router takes a subclass of Session, got {make!r}"
            raise TypeError(msg)
        if inspect.isabstract(make):
            msg = f"{make.__name__} cannot be a session: it has no take_turn"
            raise TypeError(msg)
        for name in ("load", "save"):
            if tokens is not None and not callable(getattr(tokens, name, None)):
                msg = f"tokens must be Tokens, with load and save, got {tokens!r}"
                raise TypeError(msg)
        if limits is not None and not isinstance(limits, Limits):
            msg = f"limits must be Limits, got {limits!r}"
            raise TypeError(msg)
        self._make = make
        self._args = args
        self._limits = limits if limits is not None else Limits()
        self._tokens = tokens if tokens is not None else MemoryTokens()
        self._bound = TokenBook(self._tokens)
        self._core: Core | None = None  # made when first needed: it has a seat then
        self._ends: dict[Any, tuple[Lane, Any, Exit]] = {}  # {ref: just ended}
        enter(self)

    def _house(self) -> Core:
        """Its parts."""
        core = self._core
        if core is None:
            seat = self._seat
            core = self._core = Core(
                _World(self, self._make, self._args),
                Straight(),
                self._limits,
                self._bound,
                seat.incarnation,
            )
        return core

    def _configure(self, limits: Limits) -> None:
        """Put limits into force, for this incarnation and for those to come."""
        seat: Any = self._seat
        seat.args = (self._make, self._args, limits, self._tokens)
        self._house().verbs.configure(limits)

    # ------------------------------------------------------------------- what it hears

    def receive(self, message: Any) -> None:
        """Nobody tells it anything."""
        msg = f"a router takes no messages, got {message!r}: use its RouterRef"
        raise TypeError(msg)

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002 - its name
        """A session's actor ends: its lane decides what follows, when it has ended."""
        session = actor_of(child)
        if not isinstance(session, _SESSION):  # of a subclass of this router
            return super().child_ended(child, exit)
        lane: Lane = session._lane
        if lane.session is session:
            self._ends[child] = (lane, session, exit)
        if isinstance(exit, Crashed):
            world: Any = self._house().world
            crashes = lane.extra.crashes if lane.extra is not None else None
            world.log_crash(child.path, exit, len(crashes) if crashes else 0)
        return Decision.END

    def child_stopped(self, child: AnyRef, exit: Exit, undelivered: int) -> None:  # noqa: A002
        """A session's actor has ended."""
        del undelivered
        ended = self._ends.pop(child, None)
        if ended is not None:
            lane, session, _ = ended
            self._house().leaving.ended(lane, session, exit)

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Give every prompt that is left its outcome; nothing runs any more."""
        end_all(self._house(), exit)
        leave(self)


class _World:
    """What a router's core does to the world: this router's actor does it."""

    __slots__ = (
        "_args",
        "_hub",
        "_journal",
        "_router",
        "_seat",
        "events",
        "make",
        "ref",
    )

    def __init__(
        self, router: Router, make: type[Session[Any, Any]], args: tuple[Any, ...]
    ) -> None:
        seat = router._seat
        self._router = router
        self._seat = seat
        self._hub = seat.hub
        self._args = args
        self._journal: Journal | None = None
        self.make = make
        self.events = seat.hub.events
        self.ref: AnyRef = seat.ref

    @property
    def now(self) -> Callable[[], float]:
        clock: Callable[[], float] = self._hub.now
        return clock

    @property
    def ending(self) -> bool:
        return self._seat.ending

    def publish(self, event: Event) -> None:
        self._hub.publish(event)

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        timer: Timer = self._hub.timers.at(deadline, call)
        return timer

    def random(self) -> float:
        return random.random()  # noqa: S311 - not for secrets

    def start_session(self, lane: Lane, name: str) -> Any:
        del lane
        ref = self._router.start(self.make, *self._args, name=name)
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
        return self._router.end_child(session.ref)

    def kill_session(self, session: Any) -> None:
        session.ref.kill()

    def log_unborn(self, key: str, error: BaseException) -> None:
        self._book.ended(key, Crashed(error), "it could not be started", 0)

    def log_crash(self, path: str, exit_: Exit, crashes: int) -> None:
        """Write down that a session has crashed, unless too much was just now."""
        book = self._book
        if not book.full(self.now(), exit_):
            book.ended(path, exit_, "let go", crashes)
        elif book.overdue:
            book.overdue = False
            self.at(self.now() + WINDOW, book.flush)

    @property
    def _book(self) -> Journal:
        if self._journal is None:
            self._journal = Journal(self.ref.path)
        return self._journal
