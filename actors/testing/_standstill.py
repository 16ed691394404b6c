"""A deadlock under a virtual clock ends the test, and says who waits in what.

With a `MockClock` nothing comes by itself: when every task waits, and no deadline is
set to which the clock could go, or the clock does not go, then only somebody else can
wake one.  If there is nobody else the run stands still for ever, silently or spinning.
Where tasks go on for ever and the clock does not, `_livelock` says so.

The watch is an instrument of Trio: it is told before each wait for input and output.
Looking at once at each would cost more than the tests do; so it looks now and then,
and once it suspects something it looks at each, and at whether any task makes a step in
between, for who polls by `wait_all_tasks_blocked` stands still in each single look.
Where a clock that does not go meets a thread that may say something, Trio waits for a
day: an alarm, a thread of the watch's own, has it look again when patience is over.

An instrument cannot raise; it cancels a scope around the test, and `watched` raises.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, TypeVarTuple

import attrs
import trio
from trio.lowlevel import Task, add_instrument, current_statistics, remove_instrument
from trio.testing import MockClock, active_thread_count

from actors.hosting import Whole

from ._livelock import Livelock
from ._tasks import _children, _is_of_trio
from ._waiting import who_waits

R = TypeVar("R")
Ts = TypeVarTuple("Ts")

_LOOK_EVERY: Final = 64  # passes of Trio's loop, while nothing is suspected
_SURE: Final = 3  # looks in a row
_FOR_EVER: Final = 3600.0  # seconds; Trio says a day when it knows no deadline
PATIENCE: Final = 30.0
"""Real seconds of standstill, if threads that are not Trio's could still end it."""


class StandstillError(Whole, AssertionError):
    """Every task waits, under a virtual clock that has no deadline to go to.

    The act of the test, or of what it tests.
    Nothing could ever happen any more: a deadlock, or something that was to be sent,
    set or closed and never is.  The test is to be mended, or what it tests; `tree`
    says who waits in what.

    Args:
        tree: as `who_waits` draws it.
    """

    def __init__(self, tree: str) -> None:
        super().__init__(tree)
        self.tree = tree
        """Who waited in what, as `who_waits` draws it."""

    def __str__(self) -> str:
        return f"everything waits, and no clock runs: for ever\n{self.tree}"


class LivelockError(StandstillError):
    """Things go on for ever under a virtual clock, and it does not move.

    The act of the test, or of what it tests.
    As with an actor that has something done `after(0)`, which does that again.  A test
    that has gone on so for a minute of real time and 1,000 passes of Trio's loop is to
    be mended, or what it tests; `tree` names who was busy, and says what else
    waits in what.

    Args:
        tree: how long it went on, who was busy, and what `who_waits` draws.
    """

    def __str__(self) -> str:
        return self.tree


async def watched(async_fn: Callable[[*Ts], Awaitable[R]], *args: *Ts) -> R:
    """Run `async_fn(*args)`; under a `MockClock`, end it if everything stands still.

    A wait for input, output, a process or a thread is no standstill: it may end.

    Raises:
        StandstillError: it stood still; it was cancelled then.
        LivelockError: the clock stood still, and everything else went on.
        BaseException: what `async_fn` raises.
    """
    if not isinstance(trio.lowlevel.current_clock(), MockClock):
        return await async_fn(*args)
    watch = _Watch()
    add_instrument(watch)
    try:
        with watch.scope:
            return await async_fn(*args)
    finally:
        watch.close()
        if watch.found is not None:
            raise watch.found
    raise AssertionError  # pragma: no cover - only the watch cancels the scope


class _Steps(trio.abc.Instrument):
    """Notices whether a task goes on that is not Trio's own."""

    def __init__(self) -> None:
        self.any = False

    def before_task_step(self, task: Task) -> None:
        self.any = self.any or not _is_own(task)


class _Alarm(threading.Timer):
    """Leaves word for Trio after so many seconds."""

    def __init__(self, seconds: float, word: Callable[[], None]) -> None:
        token = trio.lowlevel.current_trio_token()
        super().__init__(seconds, token.run_sync_soon, (word,))
        self.daemon = True


@attrs.define(eq=False)
class _Watch(trio.abc.Instrument):
    """Notices that a run stands still, and cancels."""

    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    found: StandstillError | None = None
    _passes: int = 0
    _steps: _Steps | None = None  # there is one while a standstill is suspected
    _since: float = 0.0  # when that began, in real time
    _looks: int = 0  # since then, in a row, without strangers
    _tries: int = 0
    _livelock: Livelock = attrs.field(factory=Livelock)
    _alarm: _Alarm | None = None  # set; at most one, however often it is suspected

    def before_io_wait(self, timeout: float) -> None:
        """Look, if it is time to."""
        busy = self._livelock.look()
        if busy is not None:
            self._end(LivelockError(busy))
            return
        self._passes += 1
        suspicious = self._steps is not None
        if not (suspicious or timeout or self._passes % _LOOK_EVERY == 0):
            return
        if (self._steps is not None and self._steps.any) or not _stands_still():
            self._forget()
            return
        if self._steps is None:
            self._since = time.monotonic()
            self._steps = _Steps()
            add_instrument(self._steps)
        if _strangers():
            self._looks = 0  # a word of theirs makes a pass in which to look again
            left = PATIENCE - (time.monotonic() - self._since)
            over = left < 0
            if timeout > _FOR_EVER and not over:
                self._set_alarm(left)
        else:
            self._looks += 1
            over = self._looks > _SURE
            if timeout > _FOR_EVER:
                _make_pass()  # there may be word on its way
        if over:
            self._forget()
            self._end(StandstillError(who_waits()))

    def close(self) -> None:
        """Watch no more."""
        self._forget()
        self._livelock.close()
        _remove(self)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm.join()  # nothing is left over; it waits for nobody

    def _set_alarm(self, seconds: float) -> None:
        if self._alarm is None:
            self._alarm = _Alarm(seconds, self._ring)
            self._alarm.start()

    def _ring(self) -> None:
        """Be word of the alarm, in Trio's thread; a look follows."""
        self._alarm = None

    def _forget(self) -> None:
        self._looks = 0
        if self._steps is not None:
            _remove(self._steps)
            self._steps = None

    def _end(self, found: StandstillError) -> None:
        """Cancel the test; what is shielded from that, as far as it can be reached."""
        _make_pass()  # Trio is about to wait as long as it had meant to
        self._tries += 1
        if self._tries == 1:
            self.found = found
            self.scope.cancel()
        elif self._tries == 2:  # noqa: PLR2004 - the second one
            _cancel_all()
        else:
            sys.stderr.write(f"{self.found}\nand a shield keeps it from being ended\n")
            self.close()


def _stands_still() -> bool:
    """Tell whether no task can run, now or later, unless a stranger wakes it."""
    now = current_statistics()
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, MockClock)
    runs = clock.rate > 0 or clock.autojump_threshold < math.inf
    if now.tasks_runnable or (runs and now.seconds_to_next_deadline < math.inf):
        return False
    numbers = attrs.asdict(now.io_statistics).values()
    waiting = sum(each for each in numbers if isinstance(each, int))
    return waiting <= 1 and not active_thread_count()  # 1: Trio's own, for word


def _is_own(task: Task) -> bool:
    """Tell Trio's own tasks, which run word from elsewhere."""
    nursery = task.parent_nursery
    return nursery is None or (
        nursery.parent_task.parent_nursery is None and _is_of_trio(task)
    )


def _strangers() -> bool:
    """Tell whether there are threads from which word may come.

    Those that Trio keeps for later do nothing, and an alarm says nothing new.
    """
    return any(
        each is not threading.current_thread()
        and not each.name.startswith("Trio thread")
        and not isinstance(each, _Alarm)
        for each in threading.enumerate()
    )


def _cancel_all() -> None:
    """Cancel every nursery there is, behind whatever shield."""
    root = trio.lowlevel.current_root_task()
    assert root is not None
    tasks = [task for task in _children(root) if not _is_of_trio(task)]
    for task in tasks:
        for nursery in task.child_nurseries:
            nursery.cancel_scope.cancel()
        tasks.extend(_children(task))


def _remove(instrument: trio.abc.Instrument) -> None:
    with contextlib.suppress(KeyError):  # Trio has removed it, and logged why
        remove_instrument(instrument)


def _make_pass() -> None:
    """Have Trio look around again, instead of waiting."""
    trio.lowlevel.current_trio_token().run_sync_soon(_nothing)


def _nothing() -> None:
    """Be word that says nothing."""
