"""What goes wrong with a router, beside what is wrong with a prompt."""

from __future__ import annotations

from supervision._trees.errors import SupervisionError


class PromptKeptError(SupervisionError):
    """The router has ended before the prompt had its outcome, and a store keeps it.

    The next router with that store goes on with it, in this process or another: ask
    that one for the outcome, with `RouterRef.find`.
    """

    def __init__(self, key: str, id: int) -> None:  # noqa: A002 - as `Receipt.id`
        super().__init__(key, id)
        self.key = key
        """The session's key."""
        self.id = id
        """`Receipt.id`."""

    def __str__(self) -> str:
        return (
            f"the router has ended, and its store keeps prompt {self.id} of session "
            f"{self.key!r}: the next router with that store goes on with it"
        )


class NoStoreError(SupervisionError, RuntimeError):
    """Something was asked of a router's store, and the router has none.

    Give it one: `start_router(..., durable=SqliteStore("chat.db"))`.
    """

    def __init__(self, path: str, what: str) -> None:
        super().__init__(path, what)
        self.path = path
        """The router's."""
        self.what = what
        """What was asked."""

    def __str__(self) -> str:
        return f"{self.what} needs a store, and {self.path} has none: give it durable="
