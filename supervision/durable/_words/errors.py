"""What goes wrong with a store: whose act it is, and what to do about it."""

from __future__ import annotations

import trio

from actors import RefusedError
from actors.hosting import Whole
from supervision._routing.errors import (
    PromptIdError as PromptIdError,  # noqa: PLC0414
)
from supervision._routing.errors import (
    PromptTooLargeError as PromptTooLargeError,  # noqa: PLC0414
)
from supervision._routing.errors import (
    StoreAwayError as StoreAwayError,  # noqa: PLC0414 - for who imports from here
)
from supervision._routing.errors import (
    StoreError as StoreError,  # noqa: PLC0414
)
from supervision._routing.errors import (
    StoreRefusedError as StoreRefusedError,  # noqa: PLC0414
)


class StoreInUseError(StoreError):
    """The store is another router's, of this process or of another one.

    The operator's act, who runs both.
    Give each router a store of its own.  It is free when the other one has ended,
    however that is, also by `kill -9`; one that is only stopped still has it.
    """

    def __init__(self, path: str, pid: int | None) -> None:
        super().__init__(path, pid)
        self.path = path
        """Which store."""
        self.pid = pid
        """The process that has it; None: it has not said."""

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid is not None else "another process"
        return f"{self.path} is in use by {who}: one store is for one router"


class StoreTooNewError(StoreError):
    """A newer release has written this store; nothing of it was touched.

    The operator's act, who has gone back to an older release.
    Run that release, or a newer one; or restore a backup from before.
    """

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(path, found, known)
        self.path = path
        """Which store."""
        self.found = found
        """The version of its tables."""
        self.known = known
        """The newest that this release knows."""

    def __str__(self) -> str:
        return (
            f"{self.path} has tables of version {self.found}, and this release knows "
            f"{self.known} at most: run a newer one; nothing was changed"
        )


class StoreDamagedError(StoreError):
    """The file is no store, or what is in it is not whole; nothing was deleted.

    The machine's act, or of whoever wrote to it.
    Move it away together with the files beside it (`-wal`, `-shm`) and restore a
    backup, or have `sqlite3 FILE ".recover"` save what can be saved.  `__cause__` is
    what the database said; None if it is sound, and not a store's.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        """Which store."""
        self.why = why
        """In the database's words."""

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be read: {self.why}; nothing was changed: move it "
            "away and restore a backup, or recover what can be read with sqlite3"
        )


class StoreBusyError(RefusedError, StoreError, trio.WouldBlock):
    """Too many prompts wait to be written: the act of senders faster than the store.

    Use `accept`, which waits; or say so to whoever talks too fast.
    """

    def __init__(self, key: str, unwritten: int, most: int) -> None:
        RefusedError.__init__(self, key)
        self.unwritten = unwritten
        """How many have been accepted and are not stored."""
        self.most = most
        """How many may be: `StorePolicy.unwritten`, or so many as have its bytes."""

    def __str__(self) -> str:
        return (
            f"session {self.key!r} takes no prompt just now: {self.unwritten} wait to "
            f"be written, {self.most} may"
        )


class CodecError(StoreError):
    """Stored bytes cannot be read: of another type, a newer class, another seal.

    The act of who changed the type, or of the operator who lost the seal's key.  Put
    the old one back, or teach the new one to read it; nothing was deleted.
    `__cause__` is what the codec said.
    """

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, why)
        self.what = what
        """What was read: "a prompt", "a state"."""
        self.why = why
        """In words."""

    def __str__(self) -> str:
        return f"{self.what} cannot be read: {self.why}"


class StateTooLargeError(StoreError):
    """A turn left a state or a result above the limit; the turn is `Failed` with this.

    The act of the session's code.
    A state is written whole at each commit: keep what grows elsewhere, or raise
    `StorePolicy.state_bytes`.
    """

    def __init__(self, key: str, what: str, size: int, most: int) -> None:
        super().__init__(key, what, size, most)
        self.key = key
        """The session's key."""
        self.what = what
        """"state" or "outcome"."""
        self.size = size
        """Bytes it has, encoded."""
        self.most = most
        """Bytes it may have: `StorePolicy.state_bytes`."""

    def __str__(self) -> str:
        return (
            f"the {self.what} of session {self.key!r} has {self.size} bytes, "
            f"{self.most} may be"
        )


class SessionHeldError(StoreError):
    """What a store has of a key cannot be read: nothing of it begins, nothing is lost.

    The act of who changed the code that reads it, most likely.
    `__cause__` says why.  Its prompts wait: mend the code and restart, or what else is
    wrong and `release` the key; or `reset` it, which forgets its state.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} is held: {self.__cause__}"


class TurnInterruptedError(StoreError):
    """The process ended while the turn ran, and the prompt is not to be tried again.

    The act of whoever killed the process; the `error` of a `Failed`.
    Say `attempts=2` or more for prompts whose turns do no harm if they run twice.
    """

    def __init__(self, key: str, attempts: int) -> None:
        super().__init__(key, attempts)
        self.key = key
        """The session's key."""
        self.attempts = attempts
        """How often it was begun."""

    def __str__(self) -> str:
        times = "once" if self.attempts == 1 else f"{self.attempts} times"
        return (
            f"the process ended while a turn of session {self.key!r} ran; it was begun "
            f"{times}, and is not to be tried again"
        )


class StoredError(Whole, Exception):
    """What `Failed.error` is after a restart: words of the exception that it was.

    The act of the code that raised that one: `text` and `traceback` say where to mend
    it.  It equals another one with the same words.  `__cause__` is the cause of that
    exception, kept in the same way.
    """

    def __init__(self, type_: str, text: str, traceback: str = "") -> None:
        super().__init__(type_, text, traceback)
        self.type = type_
        """Module and name of its class."""
        self.text = text
        """Its `str`."""
        self.traceback = traceback
        """As Python prints it; "" if it was not kept."""

    def __str__(self) -> str:
        return f"{self.type}: {self.text}" if self.text else self.type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredError) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)
