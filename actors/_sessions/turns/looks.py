"""`FirstLooks`: one timer for all turns that have given no cause to look closer.

Nearly all turns end before any of their clocks could run out.  So a turn begins
without clocks of its own: it stands here, in the order of its begin, until the first
instant at which something could be due (`TurnPolicy.first_look`).  Whoever is still
there then gets its `Clocks`, made as if they had run all the time.  Entering and
leaving are one write each; the timer is set anew only when it fires, so what it finds
may have left, which is fine.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Protocol

GAP: Final = 1.0
"""Seconds: a timer that goes off so late says that the loop itself stood still."""


class Fair:
    """A timer for what somebody must do in time: time in which the loop ran.

    If the loop stood still when it was due, it is set anew: nobody had a chance.

    Args:
        host: has the clock, and sets timers.
        seconds: from now.
        call: what is called then; it must not raise.
    """

    __slots__ = ("_call", "_due", "_host", "_seconds", "_timer")

    def __init__(self, host: Any, seconds: float, call: Callable[[], object]) -> None:
        self._host = host
        self._seconds = seconds
        self._call = call
        self._set()

    def cancel(self) -> None:
        """Never call; idempotent."""
        self._timer.cancel()

    def _set(self) -> None:
        self._due = self._host.now() + self._seconds
        self._timer = self._host.at(self._due, self._fire)

    def _fire(self) -> None:
        if self._host.now() - self._due > GAP:
            self._set()
        else:
            self._call()


class Looked(Protocol):
    """A turn, as it is seen here."""

    def need_clocks(self) -> Any:
        """It has clocks of its own from now on; leaves this room."""

    def look(self) -> None:
        """A clock of it may have run out."""


class FirstLooks:
    """Turns by the instant of their first look.

    Args:
        now: the clock.
        at: sets a timer: `at(deadline, call)`.
    """

    __slots__ = ("_at", "_due", "_now", "_timer", "young")

    def __init__(
        self,
        now: Callable[[], float],
        at: Callable[[float, Callable[[], object]], Any],
    ) -> None:
        self._now = now
        self._at = at
        # {seconds to the first look: {turn: its instant}}, each in the order of begin
        self.young: dict[float, dict[Any, float]] = {}
        self._due = math.inf  # what the timer is set to
        self._timer: Any = None

    def enter(self, run: Looked, after: float, now: float) -> None:
        """It has begun; the first look is due in `after` seconds, `math.inf`: never."""
        if after == math.inf:
            return
        due = now + after
        group = self.young.get(after)
        if group is None:
            group = self.young[after] = {}
        group[run] = due
        if due < self._due:
            self._set(due)

    def leave(self, run: Looked, after: float) -> None:
        """It has ended, or has clocks of its own; idempotent."""
        group = self.young.get(after)
        if group is not None:
            group.pop(run, None)

    def close(self) -> None:
        """Nothing is looked at any more."""
        self.young.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        self._due = math.inf
        now = self._now()
        due: list[Any] = []
        nearest = math.inf
        for group in self.young.values():
            for run, instant in group.items():
                if instant > now:
                    nearest = min(nearest, instant)
                    break
                due.append(run)
        for run in due:
            run.need_clocks()
            run.look()
        if nearest < self._due:
            self._set(nearest)
