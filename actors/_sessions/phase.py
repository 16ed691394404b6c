"""Where a turn is, in words."""

from __future__ import annotations

import enum
from typing import Final


class Phase(enum.Enum):
    """Where a turn is."""

    WAITING = "waiting for a slot"
    RUNNING = "running"
    TOOL = "tool"
    """Running, with a tool in flight."""
    DRAINING = "draining"
    """`take_turn` has returned; late chunks still belong to it."""
    ENDING = "ending"
    """Its outcome is certain: it cleans up, or its code has not ended yet."""
    ENDED = "ended"


# looked up once: an enum's members cost a call each time on Python 3.11
WAITING: Final = Phase.WAITING
RUNNING: Final = Phase.RUNNING
DRAINING: Final = Phase.DRAINING
ENDING: Final = Phase.ENDING
ENDED: Final = Phase.ENDED
