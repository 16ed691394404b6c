"""`Reminder`: why a turn runs that nobody has sent a prompt for just now."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen
class Reminder:
    """The reminder whose prompt a turn has: `Turn.reminder`."""

    name: str
    """Its name, as it was given to `remind`."""
    due: datetime
    """The time that this prompt is for, in UTC."""
    missed: int = 0
    """How many due times there were before this one for which no prompt has come, as
    nobody ran then.  Default 0."""
