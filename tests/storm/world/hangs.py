"""How a storm that never ends is noticed, and left.

Three ways not to end.  Everything waits and no clock runs, or clocks run for ever: the
guard's own clock runs too, far beyond what any storm takes; it writes down what waits
where, and cancels the storm.  What is deaf to that: the guard takes Trio's run apart,
which is what happens when the abort function of a waiting task raises.  And code that
does not give the processor back: an alarm of the operating system, the only thing here
that knows real time.
"""

from __future__ import annotations

import ctypes
import signal
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import trio

from tests.storm.world.story import Fault, Story

FOR_EVER = 10_000.0
"""Seconds of the virtual clock that no storm takes."""
REAL_SECONDS = 20
"""Seconds of real time that no storm takes."""
NEVER_ENDS = "a storm comes to its end"


class StuckError(BaseException):
    """A storm cannot be left in order."""


async def guard(story: Story, storm: trio.CancelScope) -> None:
    """Wait for what never comes in a sound storm."""
    await trio.sleep(FOR_EVER)
    story.faults.append(Fault(NEVER_ENDS, f"these tasks wait:\n{task_tree()}"))
    storm.cancel()
    deadline = trio.current_time() + FOR_EVER

    def abort(_: object) -> trio.lowlevel.Abort:
        if trio.current_time() >= deadline:
            raise StuckError
        return trio.lowlevel.Abort.SUCCEEDED

    with trio.CancelScope(deadline=deadline, shield=True):
        await trio.lowlevel.wait_task_rescheduled(abort)


def task_tree() -> str:
    """Draw all tasks of this run, each with the line where it waits."""
    lines: list[str] = []

    def draw(task: trio.lowlevel.Task, depth: int) -> None:
        frames = [
            f"{frame.f_code.co_name}:{line}" for frame, line in task.iter_await_frames()
        ]
        lines.append(f"{'  ' * depth}{task.name}: {' > '.join(frames[-6:])}")
        for nursery in task.child_nurseries:
            for child in sorted(nursery.child_tasks, key=lambda each: each.name):
                draw(child, depth + 1)

    root = trio.lowlevel.current_root_task()
    if root is not None:
        draw(root, 0)
    return "\n".join(lines)


def keep_wreck(root: trio.lowlevel.Task | None) -> None:
    """Have nobody clear away what is left of a run, not even at the very end.

    A coroutine that is collected is made to end, outside of any run: it may raise then,
    or loop.
    """
    tasks = [root] if root is not None else []
    for task in tasks:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(task.coro))
        for nursery in task.child_nurseries:
            tasks += nursery.child_tasks


@contextmanager
def alarmed(story: Story) -> Generator[None]:
    """Interrupt code that runs without end."""

    def ring(_: int, frame: FrameType | None) -> None:
        where = "".join(traceback.format_stack(frame)[-8:])
        story.faults.append(Fault(NEVER_ENDS, f"it runs, and runs, here:\n{where}"))
        raise StuckError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, REAL_SECONDS, 5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
