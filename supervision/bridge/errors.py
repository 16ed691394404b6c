"""The errors of the bridge: when, whose act, and what to do.

What actors, sessions and routers raise crosses the bridge as it is: the same object,
with its cause and its traceback.  These are the bridge's own.
"""

from __future__ import annotations

from supervision._trees.errors import SupervisionError


class BridgeError(SupervisionError):
    """Base of the errors that the bridge raises on its own account.

    What actors and routers raise crosses it as it is.  Whose act it is, and what to do,
    says each class below it.
    """


class WrongSideError(BridgeError, RuntimeError):
    """A handle was used where it cannot work: the caller's act; nothing was done.

    What waits in asyncio was called outside of it, what blocks was called inside of an
    event loop (it would stand still), what is for Trio was called elsewhere.  The text
    says what to use there.
    """

    def __init__(self, what: str, where: str, instead: str) -> None:
        super().__init__(what, where, instead)
        self.what = what
        """What was called."""
        self.where = where
        """Where it was called, in words."""
        self.instead = instead
        """What to do instead, in words."""

    def __str__(self) -> str:
        return f"{self.what} cannot be used {self.where}: {self.instead}"


class TreeEndedError(BridgeError):
    """The tree has ended: the act of whoever stopped it, or its own.

    Raised by every call from then on, and in those that waited for something of it.
    Open a new one; handles of the old one stay dead.
    When the tree has crashed, `__cause__` is the crash.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        """What the tree was called."""

    def __str__(self) -> str:
        return f"the tree {self.name!r} has ended"


class HostCancelledError(BridgeError):
    """The host cancelled what `run_in_host` ran there: its act, not the caller's.

    Such as by `Task.cancel`, or because its loop shuts down.  Raised in the actor that
    waits for it: try again, or let it crash.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        """Name of the function."""

    def __str__(self) -> str:
        return f"the host's event loop cancelled {self.what}"


class HostEndedError(BridgeError):
    """There is no event loop to run it in (any more): the host has closed its loop.

    The act of the host; nothing was run.  End the tree before the loop is closed.
    `__cause__` is what the loop said.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        """Name of the function."""

    def __str__(self) -> str:
        return f"{self.what} cannot run: the host's event loop has ended"
