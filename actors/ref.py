"""`ActorRef`: the only way to talk to an actor.

Abstract here, so that messages, actors and users can name it without knowing the cell
that stands behind it; `Cell` in `_engine` is the implementation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, Never, TypeVar

import attrs

from .errors import ActorStoppedError, MailboxFullError
from .exits import Exit
from .messages import Askable, M_contra, R

M = TypeVar("M")


class ActorRef(ABC, Generic[M_contra]):
    """The address of one actor, valid across its restarts; cheap to keep and pass on.

    Contravariant in M: an `ActorRef[A | B]` may be passed where an `ActorRef[A]` is
    wanted.  Refs are compared by identity.  Messages from one sender to one actor
    arrive in the order of sending.
    """

    __slots__ = ()

    def __copy__(self) -> ActorRef[M_contra]:
        """It is an identity: a copy is itself."""
        return self

    def __deepcopy__(self, memo: object) -> ActorRef[M_contra]:
        """As `copy`, also inside of what is copied."""
        return self

    def __reduce__(self) -> Never:
        """Refuse to be pickled: an actor lives in its process."""
        msg = f"{self!r} cannot leave its process: send its path, or a message of yours"
        raise TypeError(msg)

    @property
    @abstractmethod
    def path(self) -> str:
        """Where the actor is in the tree, such as `/chat/router/alice`.

        An actor started without a name has one made of its class and a number.
        """

    @property
    @abstractmethod
    def name(self) -> str:
        """The last part of its path."""

    @property
    @abstractmethod
    def exit(self) -> Exit | None:
        """How the actor ended for good; None while it lives or restarts."""

    @abstractmethod
    def tell_nowait(self, message: M_contra) -> None:
        """Queue a message and return at once.  Not a checkpoint.

        A loop that only tells holds up the whole event loop: use `tell` there.

        Raises:
            MailboxFullError: no room (a `trio.WouldBlock`); not with a policy that
                drops, then the dropped message is a dead letter.
            ActorStoppedError: the actor is stopping or has ended.
        """

    @abstractmethod
    async def tell(self, message: M_contra) -> None:
        """Queue a message, waiting for room, first come first served.

        Always a cancellation point, a schedule point at least every 64th call.
        Cancelled means not sent.

        Raises:
            MailboxFullError: no room, and the mailbox was declared with REJECT.
            ActorStoppedError: the actor is stopping or has ended, also while waiting.
        """

    @abstractmethod
    def forward(self, request: M_contra) -> None:
        """Hand on a request that you hold, and the care for it: as `tell_nowait`.

        From now on its asker depends on this actor, not on the one that was asked.

        Raises:
            TypeError: not a `Request`.
            MailboxFullError, ActorStoppedError: as `tell_nowait`; you still hold it.
        """

    @abstractmethod
    async def ask(
        self, request: Askable[M_contra, R], *, within: float | None = None
    ) -> R:
        """Queue a request and wait for its answer.

        Always a cancellation point.  Cancelled: the request is abandoned, skipped if
        the actor has not begun it; a late answer is dropped and counted.  Bound it with
        `with trio.fail_after(1):`, or on hot paths with `within`.

        An idle actor whose `receive` is a plain `def` may answer in the asking task:
        it cannot suspend, so this is a very fast worker; the schedule point comes at
        least every 64th ask.

        Args:
            request: a `Request` that has not been asked before.
            within: seconds until `trio.TooSlowError`, counted by the framework's own
                timers; None (default): the system's `ask_within`, or as long as it
                takes.

        Raises:
            ActorCrashedError: the actor crashed on it; `__cause__` is the crash.
            ActorStoppedError: the actor has ended, or ends without an answer.
            NoReplyError: the actor has dropped the request unanswered.
            MailboxFullError: no room, and the mailbox was declared with REJECT.
            MessageDroppedError: the mailbox's policy dropped the request.
            DeadlockError: the actor asks itself.
            trio.TooSlowError: `within` is over.
            TypeError: not a request.
            RuntimeError: the request has been asked before.
            Exception: whatever the actor gave to `Request.fail`.
        """

    @abstractmethod
    def tell_from_thread(self, message: M_contra) -> None:
        """Queue a message from a thread that is not Trio's; returns at once.

        It arrives in the order of calling, a moment later.  If there is no room then,
        or the actor has ended, it becomes a dead letter.

        Raises:
            trio.RunFinishedError: the Trio run is over.
        """

    @abstractmethod
    def stop(self, reason: object = None) -> None:
        """Ask the actor to stop; returns at once.  Not a checkpoint; idempotent.

        From this call on nobody can send to it.  What is queued is still handled, then
        its child tasks are cancelled, its children stopped, last started first, and
        `Actor.stopped` runs.  After its `grace` it is killed.
        """

    @abstractmethod
    def kill(self) -> None:
        """End the actor now; returns at once.  Not a checkpoint; idempotent.

        What it awaits is cancelled, its child tasks too, its children are killed; what
        is queued becomes dead letters.  `Actor.stopped` still runs, shielded, for at
        most `grace` seconds.  Code that never suspends cannot be interrupted.
        """

    @abstractmethod
    async def wait_started(self) -> None:
        """Wait until the actor is ready: its `started` hook is done.  A checkpoint.

        Raises:
            ActorStoppedError: it ended before; `__cause__` is the crash, if it crashed.
        """

    @abstractmethod
    async def wait_stopped(self) -> Exit:
        """Wait until the actor has ended for good, and say how.  A checkpoint.

        It returns after `Actor.stopped`, and after the last dead letter.  A crash is
        data here and is not swallowed by looking: unsupervised, it still climbs.
        """


def broadcast(*refs: ActorRef[M], message: M) -> tuple[ActorRef[M], ...]:
    """Tell all of them the same, in their order, without waiting.  Not a checkpoint.

    The refs may be of actors that take more than this message, each something else.

    Returns:
        Those that have not got it: no room, or they are stopping or have ended.
    """
    missed: list[ActorRef[M]] = []
    for ref in refs:
        try:
            ref.tell_nowait(message)
        except (ActorStoppedError, MailboxFullError):
            missed.append(ref)
    return tuple(missed)


AnyRef = ActorRef[Any]
"""A ref whose message type does not matter."""


@attrs.frozen
class Terminated:
    """A watched actor has ended for good; delivered once, before queued messages."""

    ref: AnyRef
    """Whom you watched."""
    exit: Exit
    """How its last incarnation ended."""
