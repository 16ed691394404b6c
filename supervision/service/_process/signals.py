"""What SIGTERM, Ctrl-C and a hangup mean: stop in order; now; at once.

The first signal asks for an ordered stop, the second for an immediate one; both go
through Trio.  The third ends the process on the spot, because then a program that never
comes back to Trio's loop is all that is left to explain it.  Without Trio's own handler
a signal never raises `KeyboardInterrupt` in somebody's code.

SIGHUP (the terminal has been closed) can be the first, never the second or third: a
closing terminal sends it twice, once by its shell and once by the kernel, and a service
manager may send it right behind SIGTERM.  Who has it ignored keeps it so: that is what
`nohup` is.

Between the first line of a process and Trio's loop there is nobody to stop anything in
order: `hold_signals` keeps what comes meanwhile for whoever hears signals first.
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
HANGUP: Final = getattr(signal, "SIGHUP", None)  # not on Windows


class _Holding:
    """A handler that keeps the first signal; at a second one the process ends."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        if self.number is None:
            self.number = number
        elif number != HANGUP:
            os._exit(SHELL + number)

    def take(self) -> int | None:
        """What it has kept; from then on it has nothing."""
        number, self.number = self.number, None
        return number


@contextmanager
def hold_signals() -> Generator[None]:
    """In this block a signal waits until `watch_signals` hears it.

    If nobody has heard it by the end of the block, it comes then, and to whom it would
    have come without the block.  Not in the main thread: does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    holding = _Holding()
    before: dict[int, Any] = {}
    try:
        for each in _heard():
            if signal.getsignal(each) is not None:  # None: it could not be put back
                before[each] = signal.signal(each, holding)
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is holding:
                signal.signal(number, handler)
        unheard = holding.take()
        if unheard is not None:
            signal.raise_signal(unheard)


@contextmanager
def watch_signals(
    first: Callable[[signal.Signals], object],
    second: Callable[[signal.Signals], object],
    at_once: Callable[[], object] = lambda: None,
    *,
    last: bool = False,
) -> Generator[None]:
    """In this block the first signal calls `first`, the second `second`, in Trio.

    One that `hold_signals` has kept is heard at once.

    Args:
        first: called in Trio.
        second: called in Trio; never for SIGHUP.
        at_once: called at the first signal, before Trio gets to it: in the main thread,
            in the middle of whatever runs.
        last: nothing comes after this block but the end of the process: after one
            hangup another one does not end it there.  Default False.

    Raises:
        RuntimeError: not in the main thread: only there Python hears of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        msg = "signals are heard in the main thread only: use signals=False elsewhere"
        raise RuntimeError(msg)
    token = trio.lowlevel.current_trio_token()
    calls = [first, second]
    numbers: set[int] = set()  # heard so far

    def heard(number: int, _: FrameType | None) -> None:
        numbers.add(number)
        if number == HANGUP and len(calls) < 2:  # noqa: PLR2004 - it stops already
            return
        if calls:
            if len(calls) > 1:
                at_once()
            token.run_sync_soon(calls.pop(0), signal.Signals(number))
        else:
            os._exit(SHELL + number)

    before: dict[int, Any] = {}
    try:
        for each in _heard():
            before[each] = signal.signal(each, heard)
        for held in before.values():  # one and the same for all
            early = held.take() if isinstance(held, _Holding) else None
            if early is not None:
                heard(early, None)
        yield
    finally:
        for number, handler in before.items():
            again = last and number == HANGUP and number in numbers
            signal.signal(number, signal.SIG_IGN if again else handler)


def _heard() -> tuple[int, ...]:
    """Which are heard in this process."""
    if HANGUP is None or signal.getsignal(HANGUP) is signal.SIG_IGN:
        return SIGNALS
    return (*SIGNALS, HANGUP)
