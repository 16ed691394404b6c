"""What is told of a store, to whoever subscribes to events."""

from __future__ import annotations

import attrs

from actors import Event


@attrs.frozen
class StoreDown(Event):
    """A router's store does not answer; told once, until it does."""

    error: Exception
    """Why: a `StoreAwayError`."""


@attrs.frozen
class StoreUp(Event):
    """It answers again."""

    seconds: float
    """How long it did not."""


@attrs.frozen
class StoreGrows(Event):
    """The log of a store in a file is above its limit; told again when it was below.

    Another process reads in the file for very long: what is written meanwhile cannot
    be brought in.  Everything goes on; the log shrinks when that reader has left.
    """

    path: str
    """The file; its log is beside it, with `-wal` behind its name."""
    bytes: int
    """How long the log is."""
    limit: int
    """`StorePolicy.log_bytes`."""


@attrs.frozen
class StateGrows(Event):
    """A session's state is above its limit; told again when it was below, or gone.

    It is written whole by each turn that changes it.  What grows from turn to turn
    belongs into `turn.history`.
    """

    key: str
    """The session's."""
    bytes: int
    """How long the state is when stored."""
    limit: int
    """`StorePolicy.state_large`."""


@attrs.frozen
class SessionHeld(Event):
    """What the store has of a key cannot be read: nothing of it begins."""

    key: str
    """Its key."""
    error: Exception
    """Why: a `SessionHeldError`, whose cause says more."""


@attrs.frozen
class PartitionTaken(Event):
    """A partition of a store that is shared is this node's: its keys run here.

    Told at the start, and when a node has left, is silent, or gives it to this one.
    """

    partition: int
    """Which."""
    epoch: int
    """In which epoch; it rises with every owner."""


@attrs.frozen
class PartitionGiven(Event):
    """A partition is this node's no more: it was handed over in good order."""

    partition: int
    """Which."""
    epoch: int
    """In which epoch it was this node's."""


@attrs.frozen
class PartitionLost(Event):
    """A partition is another node's, which has not waited: as this one was silent.

    What its turns come to here does not count: for each that ran, `TurnFenced`.  Too
    little processor time, a loop that stood still, or a bad network, for longer than
    `SharingPolicy.ttl`.
    """

    partition: int
    """Which."""
    keys: int
    """How many keys of it were here."""


@attrs.frozen
class TurnFenced(Event):
    """A turn does not count: its key is another node's now.

    Or its prompt has an outcome that another turn has given: that should never happen,
    and is looked for on every store.  Its state and what it has sent are not kept; what
    it has done outside is done.  Its prompts get the outcome that the store comes to
    have.
    """

    key: str
    """Its key."""
    turn: int
    """Its id here."""
