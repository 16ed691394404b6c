"""Nodes: what a router says of those that share its store, and of whose a key is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import attrs

from actors import Receipt, RefusedError

# what `RouterRef.anywhere` has done by the owner, of what a router does itself
_ANYWHERE: Final = frozenset({"cancel()", "cancel_all()", "reset()", "close()"})


@attrs.frozen(kw_only=True)
class NodeInfo:
    """A node: a process with a router on a store that several share.

    As the node that was asked has seen it with its latest beat; `RouterRef.nodes`.
    """

    node: str
    """Its name."""
    address: str | None
    """Where its clients find it, as it was started with; None: it did not say."""
    release: int
    """Of its code."""
    partitions: int
    """How many of the store's are its own."""
    leaving: bool
    """It gives them away: it is being drained."""
    lives: bool
    """Its beat rises, as far as this node has seen."""
    here: bool
    """It is this one."""


@attrs.frozen(kw_only=True)
class Located:
    """Where a key is: the node that owns it, and where clients find that.

    As far as the node that was asked knows; every node takes prompts all the same.
    """

    node: str
    """Its name."""
    address: str | None
    """Where its clients find it; None: it did not say."""
    here: bool
    """It is this one."""


class ElsewhereError(RefusedError):
    """The key is another node's, and only its owner can do this.

    Whose act: the caller's, who came to the wrong node.  Go to `node`, at `address`; or
    use `RouterRef.anywhere`, which has verbs done by the owner.  Plain prompts, and
    those with a `Journal`, are taken by every node.  Of `anywhere` itself: no owner has
    done it within `SharingPolicy.verb_within`; it is taken back.
    """

    def __init__(
        self, key: str, what: str, node: str | None, address: str | None
    ) -> None:
        super().__init__(key)
        self.what = what
        """What was asked: "cancel()", "anywhere.cancel()", "a stream without ..."."""
        self.node = node
        """The owner; None: nobody owns the key just now, or it is not known."""
        self.address = address
        """Where it is; None: it did not say."""

    def __str__(self) -> str:
        if self.node is None:
            return (
                f"{self.what} needs the owner of session {self.key!r}, and no node "
                "owns it just now: try again"
            )
        at = f" at {self.address}" if self.address is not None else ""
        or_so = ", or use router.anywhere" if self.what in _ANYWHERE else ""
        return (
            f"{self.what} needs the owner of session {self.key!r}: that is node "
            f"{self.node}{at}; go there{or_so}"
        )


class Elsewhere(Protocol):
    """What a router with a shared store knows of keys that are not its own."""

    def has(self, key: str) -> bool:
        """Whether a key is another node's, or nobody's, or about to be."""
        ...

    def accept(self, offer: Any) -> Receipt[Any]:
        """Store a prompt for such a key.  Raises RefusedError: it cannot be."""
        ...

    def locate(self, key: str) -> Located | None:
        """Whose a key is; None: nobody's, as far as is known."""
        ...

    def nodes(self) -> Sequence[NodeInfo]:
        """All nodes, by their names."""
        ...

    @property
    def ready(self) -> bool:
        """Whether this node is one of them, and stays."""
        ...

    def leave(self) -> None:
        """This node is drained: its keys go to others."""

    async def ask(self, key: str, verb: str, arguments: Mapping[str, Any]) -> Any:
        """Have a verb done by the owner of a key, and give what it says.

        Raises:
            ElsewhereError: nobody has done it in time.
            StoreError: the store does not answer.
        """


def elsewhere(others: Elsewhere, key: str, what: str) -> ElsewhereError:
    """Say that only the owner of a key can do something."""
    there = others.locate(key)
    if there is None:
        return ElsewhereError(key, what, None, None)
    return ElsewhereError(key, what, there.node, there.address)
