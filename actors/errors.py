"""The errors of the framework: when, whose act, and what to do.

One base, `ActorError`; everything that is a misuse of the API is a `TypeError`,
`ValueError` or `RuntimeError` instead, raised at the call.  Trio's own errors are
used where they fit: `trio.WouldBlock` (no room), `trio.TooSlowError` (an ask over
its `within`), `trio.Cancelled`.  This room knows nothing of actors: it gets paths and
numbers and builds the text from them.
"""

from __future__ import annotations

import threading

import trio

from ._engine.carrying import Whole


class ActorError(Whole, Exception):
    """Base of all errors that the framework raises on its own account.

    Catch it for "something of the framework, whatever": what your own code raises in an
    actor is never one.  Whose act it is, and what to do, says each class below it.
    """


class ActorStoppedError(ActorError):
    """The actor you talk to has ended for good: the act of whoever stopped it.

    Raised by `tell`, `tell_nowait`, `ask` and `start` from the moment the actor was
    asked to stop, and in a waiting `ask` when the actor ends without an answer.
    `exit` is the `Exit` it ended with, or None while it is still stopping.  Its ref
    stays dead: get the ref of the one that has taken its place, or stop asking.
    When it crashed, `__cause__` is the crash.
    """

    def __init__(self, path: str, exit: object = None) -> None:  # noqa: A002 - its name in the vocabulary
        super().__init__(path, exit)
        self.path = path
        """Path of the actor, such as `/chat/alice`."""
        self.exit = exit
        """Its `Exit`; None while it is stopping."""

    def __str__(self) -> str:
        how = "is stopping" if self.exit is None else f"has ended: {self.exit!r}"
        return f"actor {self.path} {how}"


class ActorCrashedError(ActorError):
    """The actor crashed on your request: the act of its code.

    Raised in the asking task at once.  `__cause__` is the crash.  A supervised actor
    may be up again already: the request was not replayed, asking anew is your choice.
    """

    def __init__(self, path: str, request: object) -> None:
        super().__init__(path, request)
        self.path = path
        """Path of the actor that crashed."""
        self.request = request
        """The request that it did not answer."""

    def __str__(self) -> str:
        return f"actor {self.path} crashed with {self.request!r} in hand"


class WrongThreadError(ActorError, RuntimeError):
    """Called from another thread than the one in which Trio runs the system.

    The act of the calling code; nothing has been done.  What belongs to a system (refs,
    handles, receipts, streams, turns, the system itself, and an actor's own methods) is
    for that thread.  In a thread that Trio has started (`trio.to_thread.run_sync`)
    write `trio.from_thread.run_sync(router.send, key, prompt)`; for a message alone
    there is `ActorRef.tell_from_thread`; from any other thread, and from programs on
    asyncio, use `supervision.bridge`.

    What would cost every message something is not looked at: a `tell` or `tell_nowait`
    to an actor that has messages waiting, while the system is at work; and, from
    another run of Trio, an `ask` of an actor that answers at once, and the reading of a
    chunk that is there.  A system that was opened with `debug=True` refuses the first
    two as well.
    """

    def __init__(self, what: str, thread: str | None = None) -> None:
        thread = threading.current_thread().name if thread is None else thread
        super().__init__(what, thread)
        self.what = what
        """What was called."""
        self.thread = thread
        """Name of the thread that called it."""

    def __str__(self) -> str:
        return (
            f"{self.what}: called in thread {self.thread!r}, not in the one that runs "
            "this system; nothing was done.  Use trio.from_thread.run_sync(...) in a "
            "thread that Trio has started, ref.tell_from_thread(...) for a message, "
            "supervision.bridge from anywhere else"
        )


class NoReplyError(ActorError):
    """The actor has dropped your request: it can never be answered.

    The act of the actor's code: its `receive` ended without `reply` or `fail`, and
    kept no reference to the request, by which it could have been answered later.
    Raised in the asking task at once.  It cannot be seen as long as somebody else keeps
    the request, such as the asking code in a variable: bound such asks by `within`, or
    all by `open_system(ask_within=...)`.
    """

    def __init__(self, path: str, request: str) -> None:
        super().__init__(path, request)
        self.path = path
        """Path of the actor."""
        self.request = request
        """Name of the request's class; the request itself is gone."""

    def __str__(self) -> str:
        return (
            f"actor {self.path} did not answer a {self.request}, and has not kept it: "
            "its receive must call reply() or fail(), or keep the request for later"
        )


class NoPlaceError(ActorError, RuntimeError):
    """An actor used what it has only when it is in a system: the act of its code.

    While `__init__` runs it has no ref, no key, no timers and no children yet; do in
    `started` what needs them.  An actor that was made by calling its class has them
    never: start it with `ActorSystem.start` or `Actor.start`, a session with
    `start_router`.
    """

    def __init__(self, cls: str) -> None:
        super().__init__(cls)
        self.cls = cls
        """Name of the actor's class."""

    def __str__(self) -> str:
        return (
            f"{self.cls} has no place in a system yet: in __init__ it cannot do that, "
            "write it in started() instead (and start actors by their class, they are "
            "not made by calling it)"
        )


class MailboxFullError(ActorError, trio.WouldBlock):
    """No room in the mailbox: the act of senders who are faster than the actor.

    Raised by `tell_nowait` (it is a `trio.WouldBlock`), and by `tell` and `ask` too
    when the mailbox was declared with `Overflow.REJECT`.  The message was not sent:
    wait for room with `tell`, or say so to whoever sends too fast.
    """

    def __init__(self, path: str, depth: int, capacity: int) -> None:
        super().__init__(path, depth, capacity)
        self.path = path
        """Path of the actor."""
        self.depth = depth
        """Messages waiting when yours came."""
        self.capacity = capacity
        """How many may wait."""

    def __str__(self) -> str:
        return (
            f"the mailbox of {self.path} is full: {self.depth} messages wait, "
            f"its capacity is {self.capacity}"
        )


class MessageDroppedError(ActorError):
    """Your request was accepted and then dropped to make room for a newer message.

    The act of the mailbox's overflow policy; only `DROP_OLDEST`, `DROP_NEWEST` and
    `KEEP_LATEST` drop.  `reason` is the `DeadLetterReason`.  Ask again if you still
    want to know, or give the actor a mailbox that does not drop.
    """

    def __init__(self, path: str, reason: object) -> None:
        super().__init__(path, reason)
        self.path = path
        """Path of the actor whose mailbox dropped it."""
        self.reason = reason
        """The `DeadLetterReason` of the dead letter."""

    def __str__(self) -> str:
        return f"the mailbox of {self.path} dropped the request: {self.reason}"


class DeadlockError(ActorError):
    """An actor asks itself, directly or (found with `debug=True`) through others.

    The act of the asking actor's code: it would wait for itself for ever.  So would a
    turn that waits for the outcome of a prompt which its own session is to take next.
    `cycle` are the paths, first and last the same.  Tell instead, or ask from a child
    task.
    """

    def __init__(self, cycle: tuple[str, ...]) -> None:
        super().__init__(cycle)
        self.cycle = cycle
        """The paths in the order of asking; the first is also the last."""

    def __str__(self) -> str:
        return "asking would wait for ever: " + " asks ".join(self.cycle)


class DuplicateNameError(ActorError, ValueError):
    """A living actor of the same owner has this name already: the caller's act.

    Raised by `start`, before anything is started.  Use another name, or none; or wait
    until the one at `path` has ended.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path
        """The path that is taken."""

    def __str__(self) -> str:
        return f"there is an actor at {self.path} already; stop it or choose a name"


class StashFullError(ActorError):
    """The stash has no room: the act of the actor that stashes more than it declared.

    Raised by `Actor.stash`; uncaught it is an ordinary crash of the actor.  Call
    `unstash_all` earlier, or declare more room: `Mailbox(stash=...)`.
    """

    def __init__(self, path: str, capacity: int) -> None:
        super().__init__(path, capacity)
        self.path = path
        """Path of the actor."""
        self.capacity = capacity
        """How many messages its stash takes: `Mailbox(stash=...)`."""

    def __str__(self) -> str:
        return f"the stash of {self.path} is full: it takes {self.capacity} messages"
