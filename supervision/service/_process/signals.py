"""What SIGTERM and Ctrl-C mean: stop in order; now; at once.

The first signal asks for an ordered stop, the second for an immediate one; both go
through Trio.  The third ends the process on the spot, because then a program that never
comes back to Trio's loop is all that is left to explain it.  Without Trio's own handler
a signal never raises `KeyboardInterrupt` in somebody's code.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import trio

from supervision.service._terms.exit_codes import SHELL

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def watch_signals(
    first: Callable[[signal.Signals], object],
    second: Callable[[signal.Signals], object],
    at_once: Callable[[], object] = lambda: None,
) -> Generator[None]:
    """In this block the first signal calls `first`, the second `second`, in Trio.

    Args:
        first: called in Trio.
        second: called in Trio.
        at_once: called at the first signal, before Trio gets to it: in the main thread,
            in the middle of whatever runs.

    Raises:
        RuntimeError: not in the main thread: only there Python hears of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        msg = "signals are heard in the main thread only: use signals=False elsewhere"
        raise RuntimeError(msg)
    token = trio.lowlevel.current_trio_token()
    calls = [first, second]

    def heard(number: int, _: FrameType | None) -> None:
        if calls:
            if len(calls) > 1:
                at_once()
            token.run_sync_soon(calls.pop(0), signal.Signals(number))
        else:
            os._exit(SHELL + number)

    before: dict[int, Any] = {}
    try:
        for each in SIGNALS:
            before[each] = signal.signal(each, heard)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
