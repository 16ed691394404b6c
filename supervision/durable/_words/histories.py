"""Histories, and all that a key remembers: what is asked of them; see `records`."""

from __future__ import annotations

import attrs

from .looks import KeyRow


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


@attrs.frozen(eq=False)
class Show:
    """Show what a key remembers: its state and its newest entries, as of one instant.

    Answer: `Shown`.
    """

    key: str
    newest: int
    """So many entries."""
    most: int
    """Bytes of their bodies: no more are read in front of the one that comes to it."""
    before: int | None = None
    """Only those with a number below this one; None: of all."""


@attrs.frozen(eq=False)
class Shown:
    """What a key remembers."""

    row: KeyRow | None
    """None: nothing is kept of it, and it has no open prompts."""
    state: bytes | None = None
    """None: it has none."""
    version: int | None = None
    """Of its state; see `State`."""
    end: int = 0
    """Of its history: the number of the next entry."""
    entries: tuple[HistoryRow, ...] = ()
    """By their numbers."""
