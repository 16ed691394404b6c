"""Children: a list in the order of start, threaded through the children themselves.

An owner knows its youngest child, a child its neighbours: an owner of one child costs
nothing more than one of none, and whoever ends is unlinked at once, wherever it stands.
Names that were given are kept beside, in a dictionary of the owner's that is made for
the first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

# Any below: in one list all are of one kind, and mypy knows no such protocol


class Linked(Protocol):
    """Whoever can be a child and have children."""

    youngest: Any  # of its children; older ones by `previous`
    previous: Any  # the next older child of its owner
    next: Any  # the next younger one


def link(owner: Linked, child: Linked) -> None:
    """Make it the youngest child."""
    youngest = owner.youngest
    child.previous = youngest
    child.next = None
    if youngest is not None:
        youngest.next = child
    owner.youngest = child


def unlink(owner: Linked, child: Linked) -> None:
    """Forget a child."""
    older, younger = child.previous, child.next
    if younger is None:
        owner.youngest = older
    else:
        younger.previous = older
    if older is not None:
        older.next = younger
    child.previous = child.next = None


def place(owner: Linked, child: Linked, younger: Linked) -> None:
    """Make a child the next older of another."""
    unlink(owner, child)
    older = younger.previous
    child.previous, child.next = older, younger
    if older is not None:
        older.next = child
    younger.previous = child


def youngest_first(owner: Linked) -> Iterator[Any]:
    """Its children; the one in hand may end meanwhile."""
    child = owner.youngest
    while child is not None:
        older = child.previous
        yield child
        child = older
