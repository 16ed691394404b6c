"""What goes wrong with a router, beside what is wrong with a prompt.

Some errors of stores are here, because whoever talks to a router may get them, and must
not have to import a store to know them; the others are a store's own.
"""

from __future__ import annotations

from actors import BadInputError, RefusedError
from supervision._trees.errors import SupervisionError


class PromptKeptError(SupervisionError):
    """The router has ended before the prompt had its outcome, and a store keeps it.

    The act of whoever stopped the router; nothing that was accepted is lost.
    The next router with that store goes on with it, in this process or another: ask
    that one for the outcome, with `RouterRef.find`.  Where `certain` is false the store
    had not answered: `find` says None if it has not got the prompt.  Sent again with
    its id it is one prompt, whatever it has.
    """

    def __init__(
        self,
        key: str,
        id: int,  # noqa: A002 - as `Receipt.id`
        certain: bool = True,  # noqa: FBT001, FBT002 - `args` are by position
    ) -> None:
        super().__init__(key, id, certain)
        self.key = key
        """The session's key."""
        self.id = id
        """`Receipt.id`."""
        self.certain = certain
        """Whether the store has it; False: nobody knows."""

    def __str__(self) -> str:
        if not self.certain:
            return (
                f"the router has ended, and nobody knows whether its store has prompt "
                f"{self.id} of session {self.key!r}: send it again with its id, to the "
                f"next router with that store"
            )
        return (
            f"the router has ended, and its store keeps prompt {self.id} of session "
            f"{self.key!r}: the next router with that store goes on with it"
        )


class NoStoreError(SupervisionError, RuntimeError):
    """Something was asked of a router's store, and the router has none.

    The act of who started the router, or of the caller; nothing was done.
    Give it one: `start_router(..., durable=SqliteStore("chat.db"))`.
    """

    def __init__(self, path: str, what: str, instead: str | None = None) -> None:
        super().__init__(path, what, instead)
        self.path = path
        """The router's."""
        self.what = what
        """What was asked."""
        self.instead = instead
        """What can be done without one, in words; None: nothing of the kind."""

    def __str__(self) -> str:
        text = f"{self.what} needs a store, and {self.path} has none: give it durable="
        return text if self.instead is None else f"{text}, or {self.instead}"


class StoreError(SupervisionError):
    """A store cannot be used, or has not taken something; base of all its errors.

    Whose act it is, and what to do, says each class below it.  Raised itself it is the
    machine's act, most likely: a failure of the database that is none of those, in its
    words; `__cause__` is what it raised.
    """


class StoreAwayError(StoreError):
    """The store does not answer just now: no space, no server, a lock.

    The machine's act, or the operator's.
    Nobody sees it but in `StoreDown` and the log, and who asks the store something:
    what was to be written is written again until it is there.  Make room, or start the
    server.  `__cause__` is what the database said; None of a router that has ended.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        """In words."""

    def __str__(self) -> str:
        return f"the store does not answer: {self.why}"


class StoreRefusedError(RefusedError, StoreError):
    """The store has not taken this one prompt: the act of who sent it, most likely.

    The outcome of a prompt that was sent by `send` is `Rejected` with this as its
    reason; `accept` and `Receipt.durable` raise it.  `why` says what it does not take:
    mend that, and send anew.
    """

    def __init__(self, key: str, why: str) -> None:
        StoreError.__init__(self, key, why)
        self.key = key
        """The session's key."""
        self.why = why
        """In the store's words."""

    def __str__(self) -> str:
        return f"the store refuses a prompt of session {self.key!r}: {self.why}"


class PromptTooLargeError(RefusedError, ValueError):
    """The prompt has more bytes than a store keeps of one: its sender's act.

    Of a router with a store; nothing was started.  To try again is of no use: send
    less, or raise `StorePolicy.prompt_bytes`.
    """

    def __init__(self, key: str, size: int, most: int) -> None:
        super().__init__(key)
        self.size = size
        """Its bytes, as it would be stored."""
        self.most = most
        """`StorePolicy.prompt_bytes`."""

    def __str__(self) -> str:
        return (
            f"a prompt has at most {self.most} bytes when stored, got {self.size}: "
            f"session {self.key!r}"
        )


class PromptIdError(BadInputError):
    """The id is one that a store makes itself: the act of who chose it.

    Of a router with a store; nothing was started.  Choose another one, such as a UUID.
    """

    def __init__(self, key: str, id: str, begin: str) -> None:  # noqa: A002
        why = f"an id must not begin with {begin!r}, got {id!r:.100}"
        super().__init__(key, "id", why)
        self.id = id
        """What was given."""
        self.begin = begin
        """With what no id may begin."""
