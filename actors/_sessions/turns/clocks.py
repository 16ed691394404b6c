"""`Clocks`: the clocks of a turn that somebody had to look at, with their one timer.

The sums are the watchdog's; this part sets the timer to the earliest of them and does
what it says.  A sign of life is a stamp on the turn (`signed_at`), for it comes with
every chunk; the watchdog hears of the latest one before it is told anything else.  Only
when a stall has been reported is the next sign to be told at once (`Extra.stalled`).
"""

from __future__ import annotations

import math
from typing import Any, Protocol

from actors._sessions.events import TurnStalled

from .watchdog import GiveUp, Over, Probe, Stalled, Watchdog


class Timed(Protocol):
    """A turn, as its clocks see it."""

    # Any: their rooms stand above this one
    host: Any
    turn: Any
    signed_at: float

    @property
    def open(self) -> bool:
        """Whether it may still do things."""
        ...

    def need_extra(self) -> Any:
        """What it has beside, made now if need be."""

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

    def sign(self) -> bool:
        """The watchdog hears of the latest sign; tell whether a stall had been told."""
        signed: float = self.run.signed_at
        return signed > self.watch.last_sign and self.watch.sign(signed)

    def pause(self) -> None:
        """The clock of silence stands still."""
        self.sign()
        self.watch.pause(self.run.host.now())
        self.arm()

    def resume(self) -> None:
        """It goes on."""
        self.sign()
        self.watch.resume(self.run.host.now())
        if self.run.open:
            self.arm()

    def tool_begins(self, name: str, now: float) -> None:
        """A tool begins."""
        self.sign()
        self.watch.tool_begins(now, name)
        self.arm()

    def tool_ends(self, name: str, now: float) -> None:
        """A tool ends."""
        self.sign()
        self.watch.tool_ends(now, name)
        if self.run.turn is not None:
            self.arm()

    def arm(self) -> None:
        """Set the timer to the earliest of the clocks."""
        self.sign()
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
        self.sign()
        for due in self.watch.look(self.run.host.now()):
            match due:
                case Stalled(silent):
                    self.run.need_extra().stalled = True
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
    signed: float = run.signed_at
    clocks = run.extra.clocks if run.extra is not None else None
    return signed if clocks is None else max(signed, clocks.watch.last_sign)
