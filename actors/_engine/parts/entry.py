"""`Entry`: a queued message that needs bookkeeping.

A plain message is queued as it is.  An ask, a timer's tick and a traced message ride in
an `Entry`, so that whoever takes it from the queue knows whom to tell.
"""

from __future__ import annotations

from typing import Any

from actors.messages import Ticket


class Entry:
    """An ask, a timer's tick, or a traced message."""

    __slots__ = ("message", "number", "tick", "ticket")

    # Any: messages are anything; a tick's room stands above this one
    def __init__(
        self, message: Any, ticket: Ticket | None = None, tick: Any = None
    ) -> None:
        self.message = message
        self.ticket = ticket
        self.tick = tick
        self.number = 0  # in the trace; 0 if not traced
