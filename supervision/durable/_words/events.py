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
class SessionHeld(Event):
    """What the store has of a key cannot be read: nothing of it begins."""

    key: str
    """Its key."""
    error: Exception
    """Why: a `SessionHeldError`, whose cause says more."""
