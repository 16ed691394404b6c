"""`Clocks`: the clocks of a turn that somebody had to look at, with their one timer.

The sums are the watchdog's; this part sets the timer to the earliest of them and does
what it says.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from actors._sessions.events import TurnStalled

from .watchdog import GiveUp, Over, Probe, Stalled, Watchdog


class Timed(Protocol):
    """A turn, as its clocks see it."""

    host: Any  # Any: its room stands above this one

    def publish(self, kind: Any, *args: Any) -> None:
        """Publish an event about it."""

    def heed(self, verdict: Over | Probe | GiveUp) -> None:
        """A clock has run out."""


class Clocks:
    """A watchdog and its timer.

    Args:
        run: whose they are.
        watch: the sums, from the turn's first step on.
    """

    __slots__ = ("run", "timer", "watch")

    def __init__(self, run: Timed, watch: Watchdog) -> None:
        self.run = run
        self.watch = watch
        self.timer: Any = None

    def arm(self) -> None:
        """Set the timer to the earliest of the clocks."""
        deadline = self.watch.next()
        self.stop()
        if deadline != math.inf:
            self.timer = self.run.host.at(deadline, self.look)

    def stop(self) -> None:
        """Nothing counts any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def end_within_grace(self) -> None:
        """The turn has been told to end: from now on `abort_grace` alone counts."""
        self.watch.ending(self.run.host.now())
        self.arm()

    def look(self) -> None:
        """A clock may have run out."""
        self.timer = None
        for due in self.watch.look(self.run.host.now()):
            match due:
                case Stalled(silent):
                    self.run.publish(TurnStalled, silent)
                case GiveUp():
                    self.run.heed(due)
                    return
                case _:
                    self.run.heed(due)
        self.arm()


def tool_of(run: Any) -> str | None:  # Any: its room stands above this one
    """The tool in flight of a turn, the latest if there are several."""
    clocks = run.extra.clocks if run.extra is not None else None
    return clocks.watch.tool if clocks is not None else None


def last_sign_of(run: Any) -> float:
    """When the latest sign of life of a turn came; nan: it has not begun."""
    clocks = run.extra.clocks if run.extra is not None else None
    signed: float = clocks.watch.last_sign if clocks is not None else run.signed_at
    return signed
