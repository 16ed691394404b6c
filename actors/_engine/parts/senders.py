"""Senders: who waits for room in a full mailbox, first come first served.

A sender is a task that waits, or a timer's tick that does (no task).  One that has left
stays in the line as a husk; when the husks are the larger half they are swept out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

import trio
from trio.lowlevel import reschedule

from actors._engine.park import WAKE
from actors.messages import PENDING, Counting, Ticket

SWEEP_ABOVE: Final = 64


class Sender:
    """One that waits, and with what.

    `parking` of its ticket while it does: the ticket's end wakes it.
    """

    __slots__ = (
        "admitted",
        "error",
        "gone",
        "hub",
        "message",
        "task",
        "tick",
        "ticket",
    )

    # Any: messages are anything; a tick's room stands above this one
    def __init__(
        self,
        task: trio.lowlevel.Task | None,
        message: Any,
        ticket: Ticket | None = None,
        tick: Any = None,
        *,
        hub: Counting,
    ) -> None:
        self.hub = hub
        self.task = task
        self.message = message
        self.ticket = ticket
        self.tick = tick
        self.gone = False
        self.admitted = False
        self.error: BaseException | None = None

    def wake(self) -> None:
        """Have its task go on, if it is one."""
        if self.task is not None:
            self.hub.woken += 1
            reschedule(self.task, WAKE)

    @property
    def waits(self) -> bool:
        """It has not left, and its ask has not ended meanwhile."""
        return not self.gone and (self.ticket is None or self.ticket.state == PENDING)


class Senders:
    """The line before one mailbox."""

    __slots__ = ("_gone", "_line")

    def __init__(self) -> None:
        self._line: deque[Sender] = deque()
        self._gone = 0  # husks

    def __len__(self) -> int:
        return len(self._line) - self._gone

    def __iter__(self) -> Iterator[Sender]:
        return iter(self._line)

    def line_up(self, sender: Sender) -> None:
        """Go to the end of the line."""
        self._line.append(sender)

    def leave(self, sender: Sender) -> None:
        """It waits no more; idempotent."""
        if sender.gone:
            return
        sender.gone = True
        sender.message = sender.ticket = sender.tick = None
        self._gone += 1
        if self._gone > SWEEP_ABOVE and self._gone * 2 > len(self._line):
            self._line = deque(each for each in self._line if not each.gone)
            self._gone = 0

    def admit(self, room: Callable[[], bool], accept: Callable[[Sender], None]) -> bool:
        """Let in those who wait while there is `room()`.  True: the line is empty."""
        line = self._line
        while line:
            sender = line[0]
            if sender.waits:
                if not room():
                    return False
                if sender.ticket is not None:
                    sender.ticket.parking = None
                accept(sender)
                sender.admitted = True
                sender.wake()
            elif sender.gone:
                self._gone -= 1
            else:
                sender.gone = True  # its ask has ended; it has not run yet
            line.popleft()
        return True

    def turn_away(self, error: Callable[[], Exception]) -> None:
        """Fail them all, each with an error of its own: there will be no room."""
        for sender in self._line:
            ticket = sender.ticket
            if ticket is not None:
                ticket.fail(error())  # wakes it, unless it has left
            elif not sender.gone:
                sender.error = error()
                sender.wake()
            sender.gone = True
        self._line.clear()
        self._gone = 0
