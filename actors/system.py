"""`open_system`: the block that owns a tree of actors.

Layout of one system, in Trio's terms: one nursery, in the task that opened the block,
holds the workers, the timer task and the hosts of child tasks.  All of them are
shielded from the outside, so that a cancellation, a crash or Ctrl-C reaches the *body*
of the block and nothing else; leaving the body, however, stops the tree in order, under
one deadline, and only then do the workers go.  Nothing survives the block.

The root is an ordinary cell without a mailbox of its own use: it owns what
`system.start` starts, and its crash is the system's.
"""

from __future__ import annotations

import contextvars
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Never, TypeVar, TypeVarTuple, overload

import trio
from trio.lowlevel import enable_ki_protection

from ._engine.cell.cell import Cell
from ._engine.checks import checked_seconds
from ._engine.crashes import without_news
from ._engine.hub import Hub
from ._engine.workers.worker import Worker, wake
from .actor import Actor, refuse_alone
from .events import MESSAGES, DeadLetters, E, Event, EventType, Subscription
from .exits import Stopped
from .mailbox import Mailbox
from .ref import ActorRef
from .snapshot import ActorSnapshot, StopReport, SystemStatistics

M = TypeVar("M")
Ts = TypeVarTuple("Ts")

_open: trio.lowlevel.RunVar[tuple[ActorSystem, ...]]
_open = trio.lowlevel.RunVar("open systems of actors", ())


class _Root(Actor[Never]):
    """Owns the top level; handles nothing."""

    def receive(self, message: Never) -> None:
        raise AssertionError(message)  # pragma: no cover - nobody has its ref


class ActorSystem:
    """A running tree of actors; made by `open_system` only."""

    def __init__(self, hub: Hub, *, stop_within: float) -> None:
        self._hub = hub
        self._stop_within = stop_within
        self._failure: BaseException | None = None
        self._body = trio.CancelScope()  # covers the body of the block, nothing else
        self._report: StopReport | None = None
        self._root = Cell(hub, None, _Root._props, (), None, contextvars.copy_context())
        self._root.actor = _Root()
        self._root.props = _Root._props
        hub.interrupt = self._interrupt
        hub.broken = self._broken
        hub.spawn = self._spawn_worker
        hub.wake = partial(wake, hub)

    def start(
        self,
        make: Callable[[*Ts], Actor[M]],
        *args: *Ts,
        name: str | None = None,
        mailbox: Mailbox | None = None,
        grace: float | None = None,
    ) -> ActorRef[M]:
        """Start an actor at the top level; returns its ref at once.  Not a checkpoint.

        The constructor runs now, in the actor's own context; what it raises is raised
        here.  `started` runs later: `await ref.wait_started()` waits for it.  Messages
        may be sent at once.

        Args:
            make: the actor's class itself; no function, no `partial`, no object.
            args: for its constructor, now and at each restart; by position, so a
                parameter of it that is keyword-only needs a default.
            name: last part of the path, unique among the living of one owner; None
                (default) makes one of the class and a number.
            mailbox: instead of the class's declaration.
            grace: seconds, instead of the class's.

        Raises:
            TypeError: not an actor class, or an option of the wrong type.
            ValueError: an option out of range.
            DuplicateNameError: the name is taken.
            ActorStoppedError: the system is stopping.
        """
        if getattr(make, "_needs", None) is not None:
            refuse_alone(make)
        ref: ActorRef[M] = self._root.start(make, args, name, mailbox, grace)
        return ref

    def tree(self) -> ActorSnapshot:
        """A frozen picture of all actors, the root `/` on top.  Not a checkpoint."""
        self._hub.check_thread("ActorSystem.tree()")
        return self._root.snapshot(trio.current_time())

    def statistics(self) -> SystemStatistics:
        """Counters of the whole system; O(1).  Not a checkpoint."""
        hub = self._hub
        hub.check_thread("ActorSystem.statistics()")
        alive = int(self._root.exit is None)  # the root counts itself too
        return SystemStatistics(
            actors=hub.started - hub.ended - alive,
            started=hub.started - 1,
            ended=hub.ended - 1 + alive,
            restarts=hub.restarts,
            crashes=hub.crashes,
            handled=hub.handled,
            ready=len(hub.ready),
            workers=len(hub.workers),
            spare_workers=len(hub.spares),
            timers=len(hub.timers),
            late_replies=hub.late_replies,
            dead_letters=hub.dead_letters.counts,
        )

    @overload
    def subscribe(self, *, capacity: int = 1024) -> Subscription[Event]: ...
    @overload
    def subscribe(self, *types: type[E], capacity: int = 1024) -> Subscription[E]: ...
    def subscribe(self, *types: EventType, capacity: int = 1024) -> Subscription[Any]:
        """Listen to events of these types and their subclasses.  Not a checkpoint.

        Without types: all about the life of actors and dead letters, not about single
        messages (`MessageAccepted`, `MessageBegun`, `MessageEnded`); naming one of
        those, or `Event`, slows every message of the system down from then on, and
        counts messages from then on.

        Args:
            types: event classes.
            capacity: how many unread events are kept, at least 1; then the oldest goes
                and `Subscription.dropped` counts it.
        """
        hub = self._hub
        hub.check_thread("ActorSystem.subscribe()")
        subscription = hub.events.add(types, capacity)
        self._trace_messages()
        return subscription

    def _trace_messages(self) -> None:
        """Number the messages from now on, if somebody listens to them."""
        hub = self._hub
        if not hub.traced and hub.events.wanted.intersection(MESSAGES):
            hub.traced = hub.careful = True
            for cell in self._cells():
                cell.room = -1

    @property
    def dead_letters(self) -> DeadLetters:
        """The latest dead letters, and how many there were by reason."""
        return self._hub.dead_letters

    @property
    def stop_report(self) -> StopReport | None:
        """How the ordered stop went; None before the end of the block."""
        return self._report

    # ---------------------------------------------------------------- the machinery

    def _spawn_worker(self) -> None:
        hub = self._hub
        # in the root's context: a worker must not remember who woke it
        self._root.context.copy().run(hub.nursery.start_soon, Worker(hub).run)

    def _interrupt(self, error: BaseException) -> None:
        """Something must leave the block: a crash at the top, Ctrl-C, SystemExit."""
        if self._failure is None:
            self._failure = error
        elif error is not self._failure:
            both = [self._failure, error]
            self._failure = BaseExceptionGroup("several errors ended the system", both)
        if isinstance(error, KeyboardInterrupt) and self._root.closed:
            self._cut_short()
        self._body.cancel()

    def _broken(self, error: BaseException) -> None:
        """A bug of the engine: give up order, keep structure, show the error."""
        self._interrupt(error)
        cells: list[Any] = [self._root]
        for cell in cells:
            cells.extend(cell.children())
            if cell.rare is not None and cell.rare.tasks is not None:
                cell.rare.tasks.cancel()
        for worker in self._hub.workers.values():
            worker.cancel()
        self._root.ended_event().set()

    @enable_ki_protection
    async def _stop(self) -> None:
        """Stop the tree in order, under one deadline; then let the workers go."""
        hub = self._hub
        begun = trio.current_time()
        hub.late = []
        timer = hub.timers.at(begun + self._stop_within, self._cut_short)
        self._root.request_stop(Stopped())
        ended = self._root.ended_event()
        with trio.CancelScope(shield=True):
            while not ended.is_set():
                try:
                    await ended.wait()
                except KeyboardInterrupt as error:
                    self._interrupt(error)
        timer.cancel()
        self._report = StopReport(trio.current_time() - begun, tuple(hub.late))
        hub.closing = True
        hub.timers.close()
        while hub.spares:
            hub.wake()
        hub.events.close()

    def _cut_short(self) -> None:
        """The total deadline is over: kill whoever is left; once."""
        if self._hub.cut:
            return
        self._hub.cut = True
        for cell in reversed(self._cells()):
            cell.cut_short()

    def _cells(self) -> list[Any]:
        """List all cells, owners before what they own."""
        cells: list[Any] = [self._root]
        for cell in cells:
            cells.extend(cell.children())
        return cells


def open_systems() -> tuple[ActorSystem, ...]:
    """Give the systems whose block is open in this Trio run, the oldest first."""
    return _open.get()


@asynccontextmanager
async def open_system(
    *,
    stop_within: float = 30.0,
    dead_letters: int = 1000,
    debug: bool = False,
    ask_within: float | None = None,
) -> AsyncGenerator[ActorSystem]:
    """Open a system of actors; leaving the block stops it in order.

    However the block is left - its end, an exception, cancellation, Ctrl-C - the
    top-level actors are stopped, the last started first, each within its grace, all
    within `stop_within`; whoever is late is killed and named in `stop_report` and the
    log.  Ctrl-C while it stops kills at once.  When the block has been left no task,
    nursery or timer of it exists.

    A crash that nobody supervises cancels the body, stops the tree, and leaves the
    block as the original exception, the actor's path in a note; together with an
    exception of the body, as a group of both, the crash first.  What the body got only
    because of the crash, as the `ActorCrashedError` of its `ask`, does not count: it is
    one more note, which says where that was.

    Args:
        stop_within: seconds for the whole ordered stop, default 30.
        dead_letters: how many dead letters are kept, default 1000.
        debug: look for circles of asks (`DeadlockError`), and whether each message
            comes from the right thread (`WrongThreadError`); every message costs more.
        ask_within: seconds that an `ask` waits which does not say `within`; then it
            raises `trio.TooSlowError`.  Default None: as long as it takes.

    Raises:
        TypeError, ValueError: an option that is not what it should be.
    """
    stop_within = checked_seconds("stop_within", stop_within)
    if dead_letters < 0:
        msg = f"dead_letters must be at least 0, got {dead_letters}"
        raise ValueError(msg)
    if ask_within is not None:
        ask_within = checked_seconds("ask_within", ask_within)
    hub = Hub(debug=debug, dead_letters=dead_letters, ask_within=ask_within)
    system = ActorSystem(hub, stop_within=stop_within)
    errors: list[BaseException] = []
    _open.set((*_open.get(), system))
    try:
        async with trio.open_nursery() as nursery:
            hub.nursery = nursery
            nursery.start_soon(hub.timers.run)
            try:
                with system._body:
                    yield system
            except BaseException as body_error:  # noqa: BLE001, ASYNC103 - raised below
                errors.append(body_error)
            await system._stop()  # it shields and bounds itself
    except trio.Cancelled as cancelled:  # noqa: ASYNC103 - raised below
        if not errors:
            errors.append(cancelled)
    finally:
        _open.set(tuple(each for each in _open.get() if each is not system))
    failure = system._failure
    if failure is not None:
        text = "the body of open_system()"
        left = [without_news(error, failure, text) for error in errors]
        errors = [failure, *(error for error in left if error is not None)]
    if not errors:
        return
    error = errors[0]
    if len(errors) > 1:
        text = "the body of open_system() and an actor both failed"
        error = BaseExceptionGroup(text, errors)
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context  # not what else was raised on the way here
        del errors, error, failure
