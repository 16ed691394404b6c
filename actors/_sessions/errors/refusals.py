"""Why a prompt was not accepted: raised by `send` and its like, in the sender.

Before anything is started: a refused prompt has no outcome.  Each says whose act it is
and what to do.
"""

from __future__ import annotations

import trio

from actors.errors import ActorError


class RefusedError(ActorError):
    """The prompt was not accepted; base of the errors that `send` and its like raise.

    `key` is the session's.  Nothing was started for it, and it has no outcome: to try
    again is the sender's choice.  Whose act it is says each class below it.
    """

    text = "refuses the prompt"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} {self.text}"


class BadInputError(RefusedError, ValueError):
    """What came with a call cannot be what it is to be: the act of whoever chose it.

    An id that is empty, say, or a key that no store can write.  Nothing was started.
    To try again is of no use: tell who has chosen it; `http_error` makes it a 422.
    """

    def __init__(self, key: str, what: str, why: str) -> None:
        super().__init__(key)
        self.what = what
        """Which it was: "key", "id", "tenant", "job", "busy", "after" or "name"."""
        self.why = why
        """In words, with what would be right."""

    def __str__(self) -> str:
        return self.why


class ClosedToNewError(RefusedError):
    """The router takes no more prompts: it drains, stops or has ended.

    The act of whoever shuts the service down, or has closed the router.  Prompts that
    were accepted before still get their outcomes.  Tell the user to come back, and send
    to the router of the next process.
    """

    text = "takes no more prompts: its router is shutting down"


class QueueFullError(RefusedError, trio.WouldBlock):
    """Too many prompts of this session wait: the act of senders faster than it.

    Also for the queue of steering prompts.  Wait with `send_wait`, or say so to whoever
    talks too fast.  How many may wait says `PromptPolicy`.
    """

    def __init__(self, key: str, depth: int, capacity: int, what: str) -> None:
        super().__init__(key)
        self.depth = depth
        """How many wait."""
        self.capacity = capacity
        """How many may: `PromptPolicy.capacity` or `.steering_capacity`."""
        self.what = what
        """"prompts" or "steering prompts"."""

    def __str__(self) -> str:
        return (
            f"session {self.key!r} is full: {self.depth} {self.what} wait, "
            f"{self.capacity} may"
        )


class SessionBusyError(RefusedError, trio.WouldBlock):
    """The session has a turn, or prompts that wait, and the prompt was not to wait.

    By `WhileBusy.REFUSE`: the act of whoever said so, in `send` or in the session's
    `PromptPolicy`.  Await the outcome of the turn and send again, or send with another
    `WhileBusy`.
    """

    def __init__(self, key: str, turn: int | None) -> None:
        super().__init__(key)
        self.turn = turn
        """Id of its turn; None: prompts wait for their first."""

    def __str__(self) -> str:
        what = "prompts wait" if self.turn is None else f"turn {self.turn} is there"
        return f"session {self.key!r} is busy: {what}"


class SaturatedError(RefusedError, trio.WouldBlock):
    """As many sessions as there may be, and none of them idle: raise `Limits.sessions`.

    The act of all senders together.  Or wait for room with `send_wait`, or tell the
    user to come back.
    """

    def __init__(self, key: str, limit: int) -> None:
        super().__init__(key)
        self.limit = limit
        """`Limits.sessions`."""

    def __str__(self) -> str:
        return f"no room for session {self.key!r}: all {self.limit} sessions are busy"


class TenantLimitError(RefusedError):
    """This tenant has as many sessions as one may have, all busy: the tenant's act.

    Raised when a prompt would begin one more; if one of his were idle, that would have
    been put away.  Each node counts its own: a tenant on three nodes may have three
    times as many.  Wait until one has ended its turn, abort or close one, or raise
    `Limits.sessions_per_tenant`.
    """

    def __init__(
        self, key: str, tenant: str, limit: int, has: int | None = None
    ) -> None:
        super().__init__(key)
        self.tenant = tenant
        """Who."""
        self.limit = limit
        """`Limits.sessions_per_tenant`."""
        self.has = limit if has is None else has
        """How many the tenant has: more than `limit` if that has been lowered."""

    def __str__(self) -> str:
        return (
            f"no session {self.key!r} for {self.tenant!r}: it has {self.has}, all "
            f"busy, and the limit is {self.limit}"
        )


class StillRunningError(RefusedError):
    """A job of this name has been accepted before and has not ended: `send(job=)`.

    The act of whoever starts the job again, such as a timer that is faster than it.
    Nothing is to be done if one at a time is meant; else give each a name of its own.
    """

    def __init__(self, key: str, job: str) -> None:
        super().__init__(key)
        self.job = job
        """Its name."""

    def __str__(self) -> str:
        return f"session {self.key!r}: job {self.job!r} is still running"


class QuarantinedError(RefusedError):
    """The session has crashed too often: the act of its code.

    For a term (`Limits.quarantine`); then one prompt is let in as a trial, others are
    refused until its turn has ended.  `reset` and `close` end it at once, and so it is,
    without a store, where its place is needed for another key.  Prompts that waited
    have failed with this error too.  `__cause__` is the last crash.
    """

    text = "has crashed too often and is in quarantine for a while"

    def __init__(self, key: str, until: float | None = None) -> None:
        super().__init__(key)
        self.until = until
        """When its term is over: seconds on Trio's clock; past: its trial runs."""
