"""`Sleeper`: a place to wait in, used again and again.

Making a trap for each wait would cost as much as the wait.  Whoever waits takes a
sleeper, says `where` it is known as the one who waits, and gives the sleeper back.
"""

from __future__ import annotations

from typing import Any, Final

from trio.lowlevel import Abort, Task, current_task, reschedule

from actors._engine.park import WAKE, Trap, make_trap, park

_MOST_SPARES: Final = 1024
_spares: list[Sleeper] = []  # free ones, of any run of Trio: an append, a pop


class Sleeper:
    """One task that waits until it is rescheduled with `WAKE`, or with an error."""

    __slots__ = ("task", "trap", "where")

    def __init__(self) -> None:
        self.task: Task | None = None
        self.where: Any = None  # its `forget(task)` is called if the task is cancelled
        self.trap: Trap = make_trap(self._abort)

    def _abort(self, _: object) -> Abort:
        self.where.forget(self.task)
        return Abort.SUCCEEDED


class Sleepers(dict[Task, None]):
    """All who wait for the same."""

    __slots__ = ()

    async def wait(self, where: Any) -> None:
        """Wait for `wake`; `where` forgets whoever is cancelled."""
        task = current_task()
        self[task] = None
        sleeper = lend(where, task)
        try:
            await park(sleeper.trap)
        finally:
            give_back(sleeper)

    def wake(self) -> None:
        """Let all go on."""
        while self:
            reschedule(self.popitem()[0], WAKE)


def lend(where: Any, task: Task) -> Sleeper:
    """Have a task wait: `await park(sleeper.trap)`; `where` knows it already."""
    try:
        sleeper = _spares.pop()
    except IndexError:  # not looked up first: another thread may be quicker
        sleeper = Sleeper()
    sleeper.where, sleeper.task = where, task
    return sleeper


def give_back(sleeper: Sleeper) -> None:
    """Its task waits no more."""
    sleeper.where = sleeper.task = None
    if len(_spares) < _MOST_SPARES:
        _spares.append(sleeper)
