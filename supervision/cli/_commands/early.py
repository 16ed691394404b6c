"""A signal to stop that comes before there is a tree to be stopped.

While the user's module is imported nobody drains anything: there is nothing to be
drained.  The process says so, and ends as one that was stopped in order.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final, NoReturn

from supervision.service import ExitCode

_SHELL: Final = 128  # and the number of the signal

logger = logging.getLogger("supervision.cli")


def known_signals(*names: str) -> tuple[int, ...]:
    """Give the signals of these names that this system has: Windows has few."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


ENDS: Final = known_signals("SIGTERM", "SIGINT", "SIGHUP")
"""What tells a command to end."""


class Heard:
    """What was heard: the number of the first signal, or None."""

    def __init__(self) -> None:
        self.number: int | None = None

    def told(self) -> int:
        """Say it in the log; returns the exit status."""
        assert self.number is not None
        name = signal.Signals(self.number).name
        logger.warning("%s: stopped before there was a tree; nothing was begun", name)
        return ExitCode.OK


@contextmanager
def heard_early() -> Generator[Heard]:
    """In this block a first signal interrupts, and a second one ends the process.

    The block is then left as if it had come to its end, whatever the code that was
    interrupted has made of that: look at what was heard.
    """
    came = Heard()
    if threading.current_thread() is not threading.main_thread():
        yield came  # there nothing is heard of signals
        return

    def heard(number: int, _: FrameType | None) -> NoReturn:
        if came.number is not None:
            os._exit(_SHELL + number)
        came.number = number
        raise KeyboardInterrupt

    before: dict[int, Any] = {}
    try:
        for each in ENDS:
            # None: a handler that is not Python's, which could not be put back
            if signal.getsignal(each) not in (signal.SIG_IGN, None):
                before[each] = signal.signal(each, heard)
        yield came
    except BaseException:  # noqa: ASYNC103 - nothing is async here
        if came.number is None:
            raise
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is heard:  # else the module wants its own
                signal.signal(number, handler)
