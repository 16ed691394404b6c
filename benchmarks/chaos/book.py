"""What is known outside of the store: what was sent, told, done and begun.  Pure."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import attrs


@attrs.define(eq=False)
class Sent:
    """A prompt, as its sender knows it.  Times are the senders' own clock."""

    id: str
    key: str
    attempts: int = 1
    steers: bool = False
    fails: bool = False
    chunks: int = 0
    sent_by: str | None = None
    """The id of the prompt whose turn sends it; None: a sender does."""
    calls: int = 0
    """How often it was sent, to whichever node."""
    called: float = 0.0
    """When it was sent first."""
    accepted: float | None = None
    """When its sender knew that it is stored; None: it never did."""
    told: list[Told] = attrs.Factory(list["Told"])
    """What was said of it, by whatever node."""
    read: list[str] | None = None
    """The answer, as somebody has read it after its end; None: nobody has."""


@attrs.frozen
class Told:
    """An outcome that a node has told."""

    kind: str
    turn: int | None
    node: str


@attrs.frozen
class Began:
    """A turn that has begun, as it has written down itself."""

    id: str
    attempt: int
    epoch: int
    node: str
    turn: int


@attrs.define(eq=False)
class Book:
    """All of it."""

    sent: dict[str, Sent] = attrs.Factory(dict[str, Sent])
    """{id: prompt}."""
    began: list[Began] = attrs.Factory(list[Began])
    cancelled: set[str] = attrs.Factory(set[str])
    """Keys of which a turn may have been aborted by a verb."""
    interrupted: bool = False
    """Some process was killed, or stood still: turns may have been interrupted."""
    moved: list[str] = attrs.Factory(list[str])
    """Partitions that changed hands while only the server was away, in words."""
    left: list[str] = attrs.Factory(list[str])
    """What was left behind on nodes when all had come to rest, in words."""
    died: list[str] = attrs.Factory(list[str])
    """Nodes that ended and should not have, in words."""
    done: dict[str, int] = attrs.Factory(dict[str, int])
    """{what was done to nodes and server: how often}."""
    refused: dict[str, int] = attrs.Factory(dict[str, int])
    """{class of an error: how often a sender was told it}; it tries again."""

    def count(self, what: str) -> None:
        """Something was done once more."""
        self.done[what] = self.done.get(what, 0) + 1

    def refuse(self, error: str) -> None:
        """A sender was told an error."""
        name = error.split(":", 1)[0]
        self.refused[name] = self.refused.get(name, 0) + 1


def read_begun(path: Path) -> list[Began]:
    """Read what nodes have written down; the file may be missing: nothing began."""
    if not path.exists():
        return []
    return list(_begun(path.read_text().splitlines()))


def _begun(lines: Iterable[str]) -> Iterable[Began]:
    for line in lines:
        name, attempt, epoch, node, turn = line.split()
        yield Began(name, int(attempt), int(epoch), node, int(turn))
