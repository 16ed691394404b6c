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
class SessionHeld(Event):
    """What the store has of a key cannot be read: nothing of it begins."""

    key: str
    """Its key."""
    error: Exception
    """Why: a `SessionHeldError`, whose cause says more."""
