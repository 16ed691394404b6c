"""`Actor`: what a user subclasses.

An actor is an object in a *seat* (its cell).  Its methods here are thin: each hands on
to the seat, so that this room says what an actor may do and the engine says how.

Actors' code may be interrupted by Ctrl-C, the engine around it may not: the hooks are
marked unprotected when the class is made, so that it costs nothing per message.
"""

from __future__ import annotations

import contextlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, TypeVarTuple

from trio.lowlevel import disable_ki_protection

from ._engine.checks import checked_seconds
from ._engine.seat import Props, Seat, room_of, without_types
from .errors import NoPlaceError
from .exits import Crashed, Decision, Exit
from .mailbox import Mailbox
from .messages import M_contra
from .ref import ActorRef, AnyRef, Terminated

M = TypeVar("M")
Ts = TypeVarTuple("Ts")

_PLACES = ("_seat", "_lane")  # what an actor, a session has when it is started
_OF_CHILDREN = ("child_ended", "child_started", "child_stopped")
_OWN = ("started", "stopped", "undelivered", *_OF_CHILDREN)
_HOOKS = ("receive", *_OWN)


class Actor(ABC, Generic[M_contra]):
    """An object with a mailbox that handles one message at a time.

    Subclass it, write `receive`, start it with `ActorSystem.start` or `Actor.start`.
    Whoever starts an actor owns it: it ends before its owner does.  The order of a
    life: `__init__`, `started`, `receive` for each message, `stopped`.  After a restart
    it is a new object in the same cell, made with the same arguments (positional ones).

    In `__init__` the actor has no seat yet: everything below works from `started` on.
    """

    __slots__ = ("_seat",)
    _seat: Seat

    mailbox: ClassVar[Mailbox] = Mailbox()
    """The declaration of the mailbox: capacity 1024, senders wait."""
    grace: ClassVar[float] = 5.0
    """Seconds to finish what is queued after a stop, before the actor is killed; and
    again for the `stopped` hook.  As OTP's shutdown of 5000 ms."""
    stop_at_once: ClassVar[bool] = False
    """When it ends, its children are stopped all at once, in no order, each within its
    own grace, instead of one after the other.  As OTP's simple_one_for_one."""
    _props: ClassVar[Props]
    """For the engine."""
    _needs: ClassVar[str | None] = None
    """Why a class cannot be started by itself, and what to do."""

    if not TYPE_CHECKING:  # else every name would be an attribute to checkers

        def __getattr__(self, name: str) -> Any:
            # called when nothing else has the name: costs nothing until then
            if name in _PLACES:
                raise NoPlaceError(type(self).__name__)
            msg = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(msg, name=name, obj=self)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for hook in _HOOKS:
            with contextlib.suppress(AttributeError):  # a callable that is no function
                disable_ki_protection(getattr(cls, hook))
        mailbox: object = cls.mailbox
        if not isinstance(mailbox, Mailbox):
            msg = f"{cls.__name__}.mailbox must be a Mailbox, got {mailbox!r}"
            raise TypeError(msg)
        base: Any = Actor  # Any: its hooks' types depend on M
        own: Any = {n: getattr(cls, n) is not getattr(base, n) for n in _OWN}
        cls._props = Props(
            cls=cls,
            label=cls.__name__,
            work=hasattr(cls, "_over"),
            plain=not inspect.iscoroutinefunction(cls.receive),
            consulted=own["child_ended"] or own["child_stopped"],
            stop_at_once=cls.stop_at_once,
            mailbox=mailbox,
            grace=checked_seconds("grace", cls.grace),
            room=room_of(mailbox),
            **own,
        )

    @abstractmethod
    def receive(self, message: M_contra) -> Awaitable[None] | None:
        """Handle one message; `def`, or `async def` if it must await.

        Never runs twice at once.  An exception that escapes is a crash: the message is
        gone (a dead letter), the incarnation ends.  Cancelled means killed.
        """

    def started(self) -> Awaitable[None] | None:
        """Run before the first message of each incarnation; `def` or `async def`.

        Slow or hung, it holds up nobody but this actor.  An exception is a crash.
        """
        return None

    def stopped(self, exit: Exit) -> Awaitable[None] | None:  # noqa: A002
        """Run after the last message of each incarnation, however it ended.

        `def` or `async def`; shielded from cancellation, cut off after `grace` seconds.
        Child tasks and children have ended before.  An exception is a crash.
        """
        del exit
        return None

    def undelivered(self, message: M_contra) -> None:
        """Take a message that nobody will handle; a plain `def`.

        Called for each message left in the mailbox and the stash when the last
        incarnation has ended, in order, after `stopped`, before it becomes a dead
        letter.  Not called on a restart.
        """
        del message

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """Decide what becomes of a child whose incarnation has ended; a plain `def`.

        The hook that supervision is built on.  Runs as part of this actor, never at the
        same time as its `receive`, and before queued messages.  The default is a
        nursery's: a crash climbs, everything else ends the child.  It is not asked when
        the actor itself is ending.  A restart is not done, and the child ends for good,
        if somebody has stopped it and it crashed then, or has stopped it while it was
        ending or held.  It is in no log but yours: for a crash, `exc_info=exit.error`.
        """
        del child
        return Decision.ESCALATE if isinstance(exit, Crashed) else Decision.END

    def child_started(self, child: AnyRef, info: object) -> None:
        """Hear that a child is ready; a plain `def`.

        Called when the `started` hook of a child is done (or when it has called
        `report_ready`, see `postpone_ready`), and when a child that was held has been
        restarted.  Not for a child without that hook that was started or restarted on
        the spot: that one is ready at once.  Nor for one that has called `finish`
        meanwhile.  Runs like `child_ended`; not called when the actor itself is ending.

        Args:
            child: which.
            info: what it gave to `report_ready`; None by default.
        """
        del child, info

    def child_stopped(
        self,
        child: AnyRef,
        exit: Exit,  # noqa: A002
        undelivered: int,
    ) -> None:
        """Hear that a child has ended for good; a plain `def`.

        Called after the child's own `stopped`, when its name is free again, whoever
        decided its end; also while this actor is ending.  Otherwise as `child_ended`.

        Args:
            child: which.
            exit: how its last incarnation ended.
            undelivered: how many messages were left.
        """
        del child, exit, undelivered

    @property
    def ref(self) -> ActorRef[M_contra]:
        """The actor's own ref."""
        return self._seat.ref

    def start(
        self,
        make: Callable[[*Ts], Actor[M]],
        *args: *Ts,
        name: str | None = None,
        mailbox: Mailbox | None = None,
        grace: float | None = None,
    ) -> ActorRef[M]:
        """Start a child actor; returns its ref at once.  Not a checkpoint.

        As `ActorSystem.start`.  The child belongs to this incarnation.

        Raises:
            ActorStoppedError: this actor is ending.
        """
        if getattr(make, "_needs", None) is not None:
            refuse_alone(make)
        return self._seat.start(make, args, name, mailbox, grace)

    def start_soon(
        self, async_fn: Callable[[*Ts], Awaitable[object]], *args: *Ts
    ) -> None:
        """Start a child task that dies with this incarnation.  Not a checkpoint.

        Its crash is the actor's crash, as in a nursery.  It is cancelled before the
        children are stopped.

        Raises:
            TypeError: not an async function.
            ActorStoppedError: this actor is ending.
        """
        self._seat.start_task(async_fn, args)

    def after(self, seconds: float, message: M_contra, *, key: object = None) -> None:
        """Tell this actor `message` in `seconds` from now.  Not a checkpoint.

        Timers end with the incarnation; what they had queued by then is dropped.

        Args:
            seconds: at least 0; 0 queues it now.
            message: what to receive.
            key: names the timer: a new one with the same key replaces the old, whose
                message will not come, not even from the queue.  None: nameless.
        """
        self._seat.timer(seconds, message, key, repeat=False)

    def every(self, seconds: float, message: M_contra, *, key: object = None) -> None:
        """Tell this actor `message` every `seconds`, first in `seconds` from now.

        The grid is fixed, so delays do not add up; a tick whose predecessor is still
        queued is skipped.  `seconds` must be above 0.  Otherwise as `after`.
        """
        self._seat.timer(seconds, message, key, repeat=True)

    def cancel_timer(self, key: object) -> bool:
        """Cancel the timer with this key; False if there is none (any more)."""
        return self._seat.cancel_timer(key)

    def watch(self: Actor[Terminated], ref: AnyRef) -> None:
        """Be told `Terminated(ref, exit)` once, when the actor has ended for good.

        Also if it has ended already, also if watched twice.  The notice goes before
        queued messages.  Watching ends with this incarnation.

        Raises:
            ValueError: it is watched with a message of its own already.
            ActorStoppedError: this incarnation is ending.
        """
        self._seat.watch(ref, None)

    def watch_with(self, ref: AnyRef, message: M_contra) -> None:
        """As `watch`, with a message of your own instead of `Terminated`.

        Raises:
            ValueError: it is watched already, with another message.
        """
        self._seat.watch(ref, message)

    def unwatch(self, ref: AnyRef) -> None:
        """Stop watching; a notice that has not been handled yet is dropped."""
        self._seat.unwatch(ref)

    def stash(self, message: M_contra) -> None:
        """Set the message aside until `unstash_all`.

        Raises:
            StashFullError: the stash is full: `Mailbox(stash=...)`.
        """
        self._seat.stash(message)

    def unstash_all(self) -> int:
        """Put the stash back in front of the mailbox, in its order; return how many.

        A restart does so by itself; at the end the stash is undelivered.
        """
        return self._seat.unstash_all()

    def resume_child(self, child: AnyRef, decision: Decision) -> None:
        """Decide about a child that `child_ended` has held.

        Raises:
            ValueError: the child is not held by this actor.
        """
        self._seat.resume_child(child, decision)

    def end_child(self, child: AnyRef) -> bool:
        """Stop a child, as `ActorRef.stop`; True if it has ended on the spot.

        A child at rest that has nothing to clean up may do so.  Then neither
        `child_ended` nor `child_stopped` is called about it: you know.

        Raises:
            ValueError: not a child of this actor.
        """
        return self._seat.end_child(child)

    def halt_child(self, child: AnyRef) -> None:
        """End the incarnation of a child in order; `child_ended` decides what follows.

        Unlike `ActorRef.stop` it leaves the mailbox open: the message in hand is
        finished, what is queued waits for the next incarnation.  The exit is a
        `Stopped`.  After the child's grace what it awaits is cancelled, and the exit is
        `Killed()`.  Does nothing if it ends already.  For a held child whose restart
        has been decided and not begun, the decision is void: `child_ended` is asked
        again.

        Raises:
            ValueError: not a child of this actor.
        """
        self._seat.halt_child(child)

    def place_child(self, child: AnyRef, before: AnyRef) -> None:
        """Have a child stopped, at the end, as if it had been started before another.

        Raises:
            ValueError: one of them is not a child of this actor.
        """
        self._seat.place_child(child, before)

    def revive_child(self, child: AnyRef) -> None:
        """Start a child again that has ended for good: a new actor behind the old ref.

        It is made with the arguments of the one before, and whoever has kept the ref
        reaches it.  Messages that came meanwhile were refused; who had watched it has
        been told that it ended, and may watch it again.

        Raises:
            ValueError: not a child of this actor, or one that has not ended.
            DuplicateNameError: another child has its name by now.
            ActorStoppedError: this actor is ending.
            Exception: what the constructor raises; the child stays ended.
        """
        self._seat.revive_child(child)

    def release_args(self, child: AnyRef) -> None:
        """Forget the constructor's arguments of a child that will not be restarted.

        Raises:
            ValueError: not a child of this actor.
        """
        self._seat.release_args(child)

    def owns(self, child: object) -> bool:
        """Whether this is a child of this actor that has not ended for good; O(1)."""
        return self._seat.owns(child)

    def child_refs(self) -> tuple[AnyRef, ...]:
        """The children that have not ended for good, in the order of start; O(n)."""
        return tuple(self._seat.children())[::-1]

    @property
    def ending(self) -> bool:
        """Whether this incarnation is to end, or ends already."""
        return self._seat.ending

    def postpone_ready(self) -> None:
        """In `started`: be ready when `report_ready` is called, not when it is done.

        Until then `ActorRef.wait_started` waits and the state is "starting"; messages
        are handled as ever.

        Raises:
            RuntimeError: called elsewhere.
        """
        self._seat.postpone_ready()

    def report_ready(self, info: object = None) -> None:
        """Say that this incarnation is ready; not a checkpoint, idempotent.

        Args:
            info: for the owner's `child_started`.  An actor that has something to tell
                its owner may call this in `started` without having postponed it.
        """
        self._seat.report_ready(info)

    def finish(self) -> None:
        """End by own will: as `ActorRef.stop`, but the exit is `Finished()`."""
        self._seat.finish()


def check_class(make: object) -> Props:
    """The props of an actor class.  Raises TypeError: it is none."""
    given = make  # what `make` is narrowed to below has no type
    if not (isinstance(make, type) and issubclass(make, Actor)):
        msg = f"start() takes a subclass of Actor and its arguments, got {make!r}"
        if hint := without_types(given):
            msg += hint
        elif isinstance(make, Actor):
            msg += ": give it the class, which is called at each restart"
        elif callable(given):
            msg += ": give it the class itself, and its arguments by position"
        raise TypeError(msg)
    return make._props


def refuse_alone(make: Any) -> None:
    """Refuse to start what needs an owner of its own kind.  Raises TypeError."""
    check_class(make)
    msg = f"{make.__name__} cannot be started by itself: {make._needs}"
    raise TypeError(msg)
