"""The one trick: driving a coroutine by hand, and carrying its first trap on.

Trio's contract with a coroutine is one object (the *trap*) out of `send`, one outcome
back in.  Two things follow that `trio.lowlevel` allows but does not spell out:

- A coroutine that finishes on its first `send(None)` never suspended, so it needs no
  task of its own.  If it yields a trap instead, any task may yield that same trap to
  Trio *in its own name* and go on with the coroutine (`carry_on`): from then on the two
  are one, and cancel scopes, nurseries and `current_task()` inside are right.
- The trap of `wait_task_rescheduled(abort)` depends on `abort` alone, so a task that
  waits often may make its trap once (`make_trap`) and yield it again and again
  (`park`).

Only public functions of `trio.lowlevel` are called.  `tests/engine/test_park.py`
fails loudly if a release of Trio changes the protocol.  This room knows nothing of
actors.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

import outcome
import trio

Trap = object
"""What a suspended coroutine yields to Trio; opaque to us."""

WAKE: Final[outcome.Value[None]] = outcome.Value(None)
"""The one value that our own `reschedule` calls send; it carries nothing."""


def make_trap(abort: Callable[[Any], trio.lowlevel.Abort]) -> Trap:
    """Return the trap that parks a task until `reschedule(task, WAKE)`.

    `abort` is called when the parked task is cancelled, as
    `trio.lowlevel.wait_task_rescheduled` describes.
    """
    coroutine = trio.lowlevel.wait_task_rescheduled(abort)  # noqa: ASYNC105 - by hand
    trap = coroutine.send(None)
    coroutine.close()
    return trap


@types.coroutine
def park(trap: Trap) -> Generator[Trap, Any, None]:
    """Wait on `trap`.  Raises `trio.Cancelled` (or KeyboardInterrupt) if aborted."""
    result = yield trap
    if result is not WAKE:
        result.unwrap()


@types.coroutine
def carry_on(
    coroutine: Coroutine[Trap, Any, Any], trap: Trap
) -> Generator[Trap, Any, Any]:
    """Finish, as this task, a coroutine whose `send(None)` has yielded `trap`."""
    while True:
        try:
            value = yield trap
        except BaseException as error:  # noqa: BLE001, ASYNC103 - it is thrown on, not kept
            resume: Callable[[Any], Trap] = coroutine.throw
            value = error
        else:
            resume = coroutine.send
        try:
            trap = resume(value)
        except StopIteration as stop:
            return stop.value
