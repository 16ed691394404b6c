"""Reminders: what is kept of them, what is asked, what is answered; see `records`."""

from __future__ import annotations

import attrs


@attrs.frozen
class ReminderRow:
    """A prompt that is to come at a time, as the store has it."""

    key: str
    name: str
    due: float
    """When it comes next."""
    every: float | None
    """Seconds from one due time to the next; None: it comes once."""
    body: bytes
    """The prompt."""


@attrs.frozen(eq=False)
class Remind:
    """Keep a reminder, in place of one with its name.  Answer: `Done`."""

    reminder: ReminderRow


@attrs.frozen(eq=False)
class ForgetReminder:
    """Forget a reminder.  Answer: `Unreminded`."""

    key: str
    name: str
    mark: int
    """A number that no other such record has: by it its answer is the same if it comes
    twice."""
    at: float = 0.0


@attrs.frozen(eq=False)
class Due:
    """Look for reminders, by (due, key, name).  Answer: `DuePage`."""

    until: float
    """Those that are due then or before."""
    most: int
    after: tuple[float, str, str] | None = None
    """Those behind this one; None begins."""
    key: str | None = None
    """Only those of this key; None: of all."""
    partitions: tuple[int, ...] | None = None
    """Only those of these partitions, in a store that has them; None: of all."""


@attrs.frozen(eq=False)
class Unreminded:
    """A reminder is not there any more."""

    known: bool
    """It was there, and has been forgotten by this."""


@attrs.frozen(eq=False)
class DuePage:
    """Reminders, by (due, key, name)."""

    reminders: tuple[ReminderRow, ...]
    next: float | None
    """When the first one behind these is due; None: there is none."""


@attrs.frozen(eq=False)
class Fired:
    """A reminder was due."""

    done: bool
    """Its prompt is kept.  False: the reminder has been forgotten, or set to another
    time, or the prompt of this time is another one."""
