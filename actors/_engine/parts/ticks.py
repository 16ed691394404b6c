"""Ticks: the timers of an actor, whose messages go through its mailbox.

What is over is dropped, what has been queued and is cancelled is skipped when its turn
comes.  The heap of deadlines and the mailbox are the world's: see `World`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Protocol

from actors._engine.timers import Timer


class World(Protocol):
    """What ticks want of the world around them."""

    def now(self) -> float:
        """The clock."""
        ...

    def at(self, deadline: float, call: Any, /) -> Timer:  # Any: takes no argument
        """Have `call()` called at the deadline."""
        ...

    def queue(self, tick: Tick, /) -> None:
        """Queue its message, now or when there is room."""


class Tick:
    """One timer."""

    __slots__ = ("_ticks", "cancelled", "key", "message", "period", "queued", "timer")

    def __init__(
        self, ticks: Ticks, message: Any, key: Hashable | None, period: float
    ) -> None:
        self._ticks = ticks
        self.message = message
        self.key = self if key is None else key
        self.period = period  # 0: once
        self.timer: Timer | None = None
        self.cancelled = False
        self.queued = False  # in the mailbox, or waiting for room

    def cancel(self) -> None:
        """End it; what it has queued will be skipped."""
        self.cancelled = True
        if self.timer is not None:
            self.timer.cancel()
        self._ticks.forget(self)

    def taken(self) -> None:
        """Its message has left the mailbox, to be handled or as a dead letter."""
        self.queued = False
        if not self.period:
            self.cancel()

    def fire(self) -> None:
        """Queue the message, then set the next one."""
        timer, period = self.timer, self.period
        world = self._ticks.world
        if not self.queued:
            self.queued = True
            world.queue(self)
        if period and timer is not None and not self.cancelled:
            missed = (world.now() - timer.deadline) // period
            deadline = timer.deadline + period * (1 + missed)
            self.timer = world.at(deadline, self.fire)


class Ticks:
    """The timers of one actor."""

    __slots__ = ("_keyed", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self._keyed: dict[Hashable, Tick] = {}  # {key, or the tick itself: tick}

    def __len__(self) -> int:
        return len(self._keyed)

    def set(
        self, seconds: float, message: Any, key: Hashable | None, *, repeat: bool
    ) -> None:
        """Queue `message` in `seconds`, once or again and again; replaces its key's."""
        self.cancel(key)
        tick = Tick(self, message, key, seconds if repeat else 0)
        self._keyed[tick.key] = tick
        if seconds == 0:
            tick.fire()
        else:
            tick.timer = self.world.at(self.world.now() + seconds, tick.fire)

    def cancel(self, key: Hashable | None) -> bool:
        """Cancel the one with this key; False if there is none."""
        tick = self._keyed.get(key) if key is not None else None
        if tick is None:
            return False
        tick.cancel()
        return True

    def cancel_all(self) -> None:
        """End them all."""
        for tick in tuple(self._keyed.values()):
            tick.cancel()

    def forget(self, tick: Tick) -> None:
        """It is over."""
        if self._keyed.get(tick.key) is tick:
            del self._keyed[tick.key]
