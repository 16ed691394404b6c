"""Why a service does not show or do what it was asked for; each has an HTTP status."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from actors.hosting import Whole


class ViewError(Whole, Exception):
    """Why a service does not show or do something; base of these.

    The text is for the person who asked.  Whose act it is says each class below it.
    """

    status: ClassVar[int] = 400
    """As an answer over HTTP."""


class BadQueryError(ViewError):
    """A question that makes no sense; the asker's act.

    Such as no such parameter, limit, verb or kind of event; nothing was done.  The text
    says what would be right.  `__cause__` is what could not be read, if that is it.
    """


class UnknownPathError(ViewError):
    """There is no such actor (any more).

    The asker's act, or nobody's: it may have ended since you saw it.  Ask for the tree,
    and take a path from there.
    """

    status: ClassVar[int] = 404

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"there is no actor {path!r}")


class UnknownSessionError(ViewError):
    """No router knows this key; or there is no such router, or turn.

    The asker's act, or nobody's: it may have been closed since.  List the sessions, and
    take a key from there.
    """

    status: ClassVar[int] = 404


class AmbiguousKeyError(ViewError):
    """Several routers know this key, and none was named.

    The asker's act; nothing was done.  Say which router: the text lists them.
    """

    status: ClassVar[int] = 409

    def __init__(self, key: str, routers: Iterable[str]) -> None:
        self.key = key
        named = ", ".join(sorted(routers))
        super().__init__(f"several routers know {key!r}: say which of {named}")


class CannotError(ViewError):
    """That actor is there, but this cannot be done with it.

    The asker's act, or a store's that does not answer.  The text says why, and what to
    do instead.  `__cause__` is what a supervisor or a store has raised, if one has.
    """

    status: ClassVar[int] = 409


class OtherNodeError(ViewError):
    """The session is another node's, and only that one can do this.

    The asker's act, who came to the wrong node; nothing was done.  Ask `node`, at
    `address`; with no node, try again.  `__cause__` is the `ElsewhereError`, if the
    router has raised one.
    """

    status: ClassVar[int] = 409

    def __init__(
        self, key: str, what: str, node: str | None, address: str | None
    ) -> None:
        self.key = key
        self.node = node
        """The owner; None: nobody owns the key just now."""
        self.address = address
        """Where it is; None: it did not say."""
        whose = f"{what} is for the owner of session {key!r}"
        at = f" at {address}" if address is not None else ""
        text = (
            f"{whose}, and no node owns it just now: try again"
            if node is None
            else f"{whose}: ask node {node}{at}"
        )
        super().__init__(text)
