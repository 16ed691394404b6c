"""What the nodes that share a store say to it, beside their batches, and what it says.

A *node* is a process with a router on a shared store.  The keys are spread over a fixed
number of *partitions*; each belongs to one node at most.  Who takes it raises its
*epoch*: what was sent by an owner before that is *fenced*.

Beside its batches a node has one other way to the store: questions that are answered
one after the other, each by itself.  They wait for no batch, so a node whose batches
take long is not taken for dead.

Times are seconds.  Whether a node lives is judged by each of the others, on its own
clock, by whether its beat rises: no clock of one node is compared with one of another.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, Protocol, TypeAlias

import attrs

from supervision.durable._words.records import Answer, Record, Row

PARTITIONS: Final = 64
"""How many there are, if nobody says."""


IDS: Final = 1_000_000_000
"""Numbers of prompts that one opening gives."""


def numbers_of(opened: int) -> tuple[int, int]:
    """Give the first and the last number that an opening gives to prompts."""
    return (opened - 1) * IDS + 1, opened * IDS


def partition_of(key: str, partitions: int) -> int:
    """Say in which of so many partitions a key is.  The same on every machine."""
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % partitions


# --------------------------------------------------------------------------- in batches


@attrs.frozen
class Lease:
    """A partition, and the epoch in which it is somebody's."""

    partition: int
    epoch: int


@attrs.define(eq=False)
class Owned:
    """Carry out a record if the partition is this node's, in this epoch.

    If not, nothing of it is done; of an `Accept` all but its mark.  A mark that it has
    made before, when its answer was lost, is taken back: nobody has run that turn.
    Answer: the record's, or `Fenced`.
    """

    record: Record
    lease: Lease


@attrs.frozen(eq=False)
class Fenced:
    """The partition is not this node's, or was not all the time: nothing was done."""

    lease: Lease
    answer: Answer | None = None
    """Of an `Accept`: the prompt is kept, or repeated, and nothing was brought."""


Sent: TypeAlias = Record | Owned
"""What stands in a batch."""
Back: TypeAlias = Answer | Fenced
"""What is answered to it."""


# ---------------------------------------------------------------------------- questions


@attrs.frozen
class NodeRow:
    """A node, as the store has it."""

    node: str
    """Its name."""
    address: str | None
    """Where its clients find it; the store does not look at it."""
    release: int
    """Of its code: partitions do not go back to an older one."""
    opened: int
    """Its opening of the store."""
    beat: int
    """Rises as long as it lives."""
    leaving: bool
    """It gives its partitions away."""


@attrs.frozen
class PartitionRow:
    """A partition, as the store has it."""

    partition: int
    owner: str | None
    """Whose it is; None: nobody's."""
    epoch: int
    release: int
    """The highest release that has had it."""


@attrs.frozen
class View:
    """All nodes and partitions, in one moment."""

    nodes: tuple[NodeRow, ...]
    """By their names."""
    partitions: tuple[PartitionRow, ...]
    """By their numbers; all of them."""
    now: float
    """The store's clock: seconds since the epoch."""


@attrs.frozen(eq=False)
class Beat:
    """This node lives.  Makes its row if there is none.  Answer: `View`."""

    beat: int
    leaving: bool = False


@attrs.frozen(eq=False)
class Take:
    """Make partitions this node's, those that still have these epochs.

    Each gets the next epoch.  Answer: `Taken`.
    """

    leases: tuple[Lease, ...]
    """As they were seen."""


@attrs.frozen(eq=False)
class Taken:
    """These are this node's."""

    leases: tuple[Lease, ...]
    """As they are now."""


@attrs.frozen(eq=False)
class Give:
    """Make partitions nobody's, those that are this node's in these epochs.

    Answer: `Given`.
    """

    leases: tuple[Lease, ...]


@attrs.frozen(eq=False)
class Given:
    """They are nobody's, or were not this node's."""


@attrs.frozen(eq=False)
class Leave:
    """This node ends: give what it has, and forget its row.  Answer: `Given`."""


@attrs.frozen(eq=False)
class Poll:
    """What is new for this node?  Answer: `Polled`."""

    partitions: tuple[int, ...]
    """Those of which open prompts and verbs are told."""
    opened: int
    """Prompts with `numbers_of` this opening are not told: they are known."""
    known: tuple[int, ...]
    """Nor are these, with numbers of others."""
    follows: tuple[int, ...]
    """Numbers of prompts of which somebody waits for the outcome."""
    asked: tuple[int, ...]
    """Verbs of this node that wait for an answer."""
    most: int
    """So many prompts are told at once at most."""


@attrs.frozen(eq=False)
class EndedRow:
    """The outcome of a prompt that somebody follows."""

    number: int
    outcome: bytes | None
    """None: the prompt is no longer kept."""
    turn: int | None
    key: str = ""


@attrs.frozen(eq=False)
class VerbRow:
    """Something to be done by the owner of a key."""

    id: int
    key: str
    verb: str
    arguments: bytes
    node: str
    """Who asks."""


@attrs.frozen(eq=False)
class Polled:
    """What is new."""

    rows: tuple[Row, ...]
    """Prompts without outcome, in the order in which they were accepted."""
    ended: tuple[EndedRow, ...]
    verbs: tuple[VerbRow, ...]
    """Without answer, by their ids."""
    answers: tuple[tuple[int, bytes], ...]
    """(id of a verb, its answer); the store has them until they are recalled."""


@attrs.frozen(eq=False)
class Post:
    """Have a verb done by the owner of a key.  Answer: `Posted`."""

    key: str
    verb: str
    arguments: bytes


@attrs.frozen(eq=False)
class Posted:
    """It stands in the store."""

    id: int


@attrs.frozen(eq=False)
class Reply:
    """Answer verbs that are done; those that are not there are passed over.

    Answer: `Given`.
    """

    answers: tuple[tuple[int, bytes], ...]
    """(id, answer)."""


@attrs.frozen(eq=False)
class Recall:
    """Forget verbs that nobody waits for any more, answered or not.

    Answer: `Given`.
    """

    ids: tuple[int, ...]


@attrs.frozen(eq=False)
class Hint:
    """Tell nodes that there may be something new for them; it may get lost.

    Answer: `Given`.
    """

    nodes: tuple[str, ...]


Question: TypeAlias = Beat | Take | Give | Leave | Poll | Post | Reply | Recall | Hint
Reaction: TypeAlias = View | Taken | Given | Polled | Posted

Heard: TypeAlias = Callable[[Any], None]
"""What is called with the reaction to a question, or with the error why there is none
(a `StoreAwayError`: perhaps later); once, in Trio's thread, in a later step."""


class Sharing(Protocol):
    """A node's way to a store that it shares."""

    node: str
    """Its name: no other node that lives has it."""
    address: str | None
    release: int
    partitions: int
    """How many there are."""
    hears: bool
    """Whether hints come to this node, as far as is known."""
    hinted: Callable[[], None] | None
    """What is called when one has come, in Trio's thread, or when `hears` changes."""

    def ask(self, question: Question, heard: Heard) -> None:
        """Ask; questions are answered in their order, and wait for no batch."""
        ...
