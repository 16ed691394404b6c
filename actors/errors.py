"""The errors of the framework: when, whose act, and what to do.

One base, `ActorError`; everything that is a misuse of the API is a `TypeError`,
`ValueError` or `RuntimeError` instead, raised at the call.  Trio's own errors are
used where they fit: `trio.WouldBlock` (no room), `trio.TooSlowError` (an ask over
its `within`), `trio.Cancelled`.  This room knows nothing of actors: it gets paths and
numbers and builds the text from them.
"""

from __future__ import annotations

import trio


class ActorError(Exception):
    """Base of all errors that the framework raises on its own account."""


class ActorStoppedError(ActorError):
    """The actor you talk to has ended for good: the act of whoever stopped it.

    Raised by `tell`, `tell_nowait`, `ask` and `start` from the moment the actor was
    asked to stop, and in a waiting `ask` when the actor ends without an answer.
    `exit` is the `Exit` it ended with, or None while it is still stopping.
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


class MailboxFullError(ActorError, trio.WouldBlock):
    """No room in the mailbox: the act of senders who are faster than the actor.

    Raised by `tell_nowait` (it is a `trio.WouldBlock`), and by `tell` and `ask` too
    when the mailbox was declared with `Overflow.REJECT`.  The message was not sent.
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
    `KEEP_LATEST` drop.  `reason` is the `DeadLetterReason`.
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

    The act of the asking actor's code: it would wait for itself for ever.  `cycle` are
    the paths, first and last the same.  Tell instead, or ask from a child task.
    """

    def __init__(self, cycle: tuple[str, ...]) -> None:
        super().__init__(cycle)
        self.cycle = cycle
        """The paths in the order of asking; the first is also the last."""

    def __str__(self) -> str:
        return "asking would wait for ever: " + " asks ".join(self.cycle)


class DuplicateNameError(ActorError, ValueError):
    """A living actor of the same owner has this name already: the caller's act."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path
        """The path that is taken."""

    def __str__(self) -> str:
        return f"there is an actor at {self.path} already; stop it or choose a name"


class StashFullError(ActorError):
    """The stash has no room: the act of the actor that stashes more than it declared.

    Raised by `Actor.stash`; uncaught it is an ordinary crash of the actor.
    """

    def __init__(self, path: str, capacity: int) -> None:
        super().__init__(path, capacity)
        self.path = path
        """Path of the actor."""
        self.capacity = capacity
        """How many messages its stash takes: `Mailbox(stash=...)`."""

    def __str__(self) -> str:
        return f"the stash of {self.path} is full: it takes {self.capacity} messages"
