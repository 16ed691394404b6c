"""A test under a virtual clock in which things go on for ever, and the clock does not.

Such as an actor that has something done `after(0)`, which does that again.  Whether a
run comes to its end cannot be told; but one that has gone on for so many passes of
Trio's loop, and for so many real seconds, without the clock having moved is held to be
one that does not.  Then, for some passes more, it is counted who is at work.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import Any, Final

import attrs
import trio
from trio.lowlevel import (
    Task,
    add_instrument,
    current_clock,
    current_statistics,
    remove_instrument,
)
from trio.testing import active_thread_count

from actors.hosting import cells_of, cut_short, hub_of, open_systems, stop_within

from ._tasks import _is_of_trio
from ._waiting import _where, frames_of, who_waits

PASSES: Final = 1000
"""Of Trio's loop, without the clock having moved, ..."""
PATIENCE: Final = 60.0
"""... and real seconds in which that went on: no honest test has both."""
_LOOK_EVERY: Final = 16  # passes
_PAUSE: Final = 1.0  # seconds between two looks: more was a debugger, or a machine's
_COUNTED: Final = 64  # passes in which it is looked who is at work
_SHOWN: Final = 5  # of the busiest


@attrs.define(eq=False)
class Livelock:
    """Notices that the clock does not move although something goes on."""

    _moved: float = -1.0  # what the clock said when it had last moved
    _seen: float = 0.0  # in real time: when it was looked at last
    _spent: float = 0.0  # seconds since then, without pauses between two looks
    _passes: int = 0  # since then
    _busy: _Busy | None = None  # there is one when a livelock is suspected

    def look(self) -> str | None:
        """Count a pass of Trio's loop; who is busy, if it goes on for ever."""
        self._passes += 1
        if self._passes % _LOOK_EVERY:
            return None
        now, here = current_clock().current_time(), time.monotonic()
        self._spent += min(here - self._seen, _PAUSE)
        self._seen = here
        if now != self._moved:
            self.close()
            self._moved, self._spent, self._passes = now, 0.0, 0
            return None
        if self._busy is not None:
            if self._passes < self._busy.until:
                return None
            passes, found = self._passes, self._busy.told()
            self.close()
            took = self._spent
            self._spent, self._passes = 0.0, 0
            for system in open_systems():  # no grace would ever be over
                stop_within(system, 0.0)
                if hub_of(system).late is not None:
                    cut_short(system)
            return (
                f"the clock has not moved in {passes:,} passes of Trio's loop, for "
                f"{took:.0f} real seconds, although something goes on\n{found}"
            )
        is_it = self._passes >= PASSES and self._spent >= PATIENCE
        if is_it and not _may_be_told():
            self._busy = _Busy(self._passes + _COUNTED)
            add_instrument(self._busy)
        return None

    def close(self) -> None:
        """Suspect nothing any more."""
        if self._busy is not None:
            with contextlib.suppress(KeyError):
                remove_instrument(self._busy)
            self._busy = None


class _Busy(trio.abc.Instrument):
    """Counts who is at work, until there have been so many passes."""

    def __init__(self, until: int) -> None:
        self.until = until
        self._handled = {cell: cell.handled for cell in _cells()}
        self._of_engine: dict[Task, Any] = {}  # {task: worker}
        for system in open_systems():
            self._of_engine = self._of_engine | hub_of(system).workers
        self._actors: Counter[str] = Counter()  # {path: steps}
        self._tasks: Counter[Task] = Counter()

    def before_task_step(self, task: Task) -> None:
        worker = self._of_engine.get(task)
        if worker is None:
            self._tasks[task] += 1
        elif worker.cell is not None:
            self._actors[worker.cell.path] += 1

    def told(self) -> str:
        """Say who was at work, the busiest first."""
        handled = {
            cell.path: cell.handled - self._handled.get(cell, 0) for cell in _cells()
        }
        lines = ["busiest meanwhile:"]
        for path, number in Counter(handled).most_common(_SHOWN):
            if number:
                lines.append(f"  {path}  {number:,} messages handled")
        for path, number in self._actors.most_common(_SHOWN):
            lines.append(f"  {path}  {number:,} steps in what it has in hand")
        for task, number in self._tasks.most_common():
            if not (_is_of_trio(task) or task.name.startswith("actors._engine.timers")):
                lines.append(f"  task {task.name}  {number:,} steps")
                lines.append(f"      {_where(frames_of(task))}")
            if len(lines) > 3 * _SHOWN:
                break
        return "\n".join([*lines, who_waits()])


def _cells() -> list[Any]:  # Any: the engine's
    return [cell for system in open_systems() for cell in cells_of(system)]


def _may_be_told() -> bool:
    """Tell whether it may be what comes from outside that all this waits for."""
    numbers = attrs.asdict(current_statistics().io_statistics).values()
    waiting = sum(each for each in numbers if isinstance(each, int))
    return waiting > 1 or bool(active_thread_count())  # 1: Trio's own, for word
