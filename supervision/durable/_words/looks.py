"""What a store is asked by whoever looks for keys and prompts, and what it says.

Which keys are held is known to the store, so that it is seen without trying each.
"""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen(eq=False)
class Look:
    """Look at keys that something is kept of, or that have open prompts, or reminders.

    In the order of keys.  Answer: `Seen`.
    """

    after: str
    """Those behind this one; "" begins."""
    most: int
    held: bool = False
    """Only those that are held."""
    key: str | None = None
    """Only this one, wherever it is."""


@attrs.frozen
class KeyRow:
    """A key as whoever looks sees it."""

    key: str
    waiting: int
    """Prompts that have no outcome."""
    state: int | None
    """Bytes of its state; None: it has none."""
    token: bool
    """Whether a token is bound."""
    generation: int
    """As `SessionRow`; 0: nothing is kept of it but its prompts."""
    crashes: bytes | None
    tenant: str | None
    held: str | None
    entries: int = 0
    """Of its history."""


def key_row(*columns: Any) -> KeyRow:
    """Make a row of the columns of a database; Any: each has its type."""
    key, waiting, state, token, generation, crashes, tenant, held, first, last = columns
    return KeyRow(
        key=key,
        waiting=waiting,
        state=state,
        token=bool(token),
        generation=generation,
        crashes=crashes,
        tenant=tenant,
        held=held,
        entries=0 if first is None else last + 1 - first,  # numbers without a gap
    )


@attrs.frozen(eq=False)
class Seen:
    """Keys."""

    rows: tuple[KeyRow, ...]


@attrs.frozen(eq=False)
class Hold:
    """Keep why a key cannot be read; None: it can.  Answer: `Holding`.

    A key that nothing is kept of stays so.
    """

    key: str
    why: str | None


@attrs.frozen(eq=False)
class Holding:
    """How many keys are held now."""

    held: int


@attrs.frozen(eq=False)
class Waiting:
    """Look for keys with open prompts, in the order of keys.  Answer: `Keys`."""

    after: str
    """Those behind this one; "" begins."""
    most: int
    partitions: tuple[int, ...] | None = None
    """Only those of these partitions, in a store that has them; None: of all."""


@attrs.frozen(eq=False)
class Keys:
    """Keys with open prompts."""

    keys: tuple[str, ...]
    held: int = 0
    """How many keys are held, with open prompts or without."""


@attrs.frozen(eq=False)
class Find:
    """Look for a prompt by its address.  Answer: `Found`."""

    key: str
    id: str
    number: int | None = None
    """In place of its id."""


@attrs.frozen(eq=False)
class Found:
    """A prompt, or none."""

    number: int | None
    """None: unknown, or no longer kept."""
    outcome: bytes | None = None
    turn: int | None = None
    at: float = 0.0
    """When it was accepted."""
    ended_at: float | None = None
    """When it got its outcome."""
    stream: int | None = None
    """As `Row.stream`, and so is `base`."""
    base: int = 0
    tried: int = 0
    """How often it has been begun."""
    last: int | None = None
    """Of its journal: the number of the last chunk that is kept; None: none is."""
