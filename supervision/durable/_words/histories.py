"""Histories: what is kept of them, what is asked, what is answered; see `records`."""

from __future__ import annotations

import attrs


@attrs.frozen
class HistoryRow:
    """An entry of a session's history.  Those of a key have numbers without a gap."""

    number: int
    body: bytes
    version: int
    """Of the class: `Session.entry_version`."""


@attrs.frozen(eq=False)
class Read:
    """Read entries of a key's history.  Answer: `Page`."""

    key: str
    first: int
    """From this number on."""
    end: int
    """Up to this one, which is not among them."""
    most: int
    """Bytes of bodies: no more are read behind the one that comes to it."""


@attrs.frozen(eq=False)
class Page:
    """Entries of a history."""

    rows: tuple[HistoryRow, ...]
    """By their numbers."""
