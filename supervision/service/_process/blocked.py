"""Names the code that blocks the event loop, while it does.

A thread asks the loop for a sign of life and waits.  If none comes in time it looks at
the frames of the loop's thread: there is the code that does not return.  One record for
each block, and one when it is over.  The loop pays for one callback each time it is
asked, at most once in `after` seconds.

That time passes is not enough: a process that was stopped, or a machine that slept, has
not run this thread either.  A gap of the thread's own counts as a block only if the
process has used the processor meanwhile: then some code has not let go of it.
"""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Final

import trio

from supervision._log.safe import Log
from supervision._words.text import duration
from supervision._words.traceback import user_stack

_GAP: Final = 1.0  # seconds over the time that the thread meant to wait
_BUSY: Final = 0.5  # of a gap: on the processor

logger = Log("supervision.service")


class Watch:
    """Looks after one thread's loop.

    Args:
        ask: has a function called by the loop; RuntimeError: the loop is over.
        after: seconds without a sign of life after which the loop is blocked.
        thread: its id.
        now: a clock that runs always, in seconds.
        used: seconds of processor that the process has used.
        frame: the frame in which a thread is; None: nowhere.
    """

    def __init__(
        self,
        ask: Callable[[Callable[[], object]], object],
        after: float,
        thread: int,
        *,
        now: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
        frame: Callable[[int], FrameType | None] = lambda thread: (
            sys._current_frames().get(thread)
        ),
    ) -> None:
        self._ask = ask
        self._after = after
        self._thread = thread
        self._now = now
        self._used = used
        self._frame = frame

    def look(self, sign: threading.Event, over: Callable[[float], bool]) -> bool:
        """Ask once, and deal with what comes; False: the loop is over.

        Args:
            sign: set by the loop.
            over: waits for the sign, at most so many seconds; whether it came.
        """
        asked, used = self._now(), self._used()
        try:
            self._ask(sign.set)
        except RuntimeError:
            return False
        if over(self._after):
            return True
        took = self._now() - asked
        if took > self._after + _GAP and self._used() - used < _BUSY * took:
            return True  # it was not the loop that stood still
        frame = self._frame(self._thread)
        stack = user_stack(frame) if frame is not None else "(nothing to be seen)"
        del frame
        text = (
            "the event loop is blocked, for at least %s, by code that does not return:"
        )
        logger.write(
            logging.WARNING,
            text + "\n%s",
            duration(took),
            stack,
            extra={"blocked": took},
        )
        over(math.inf)
        took = self._now() - asked
        text = "the event loop was blocked for at least %s"
        logger.warning(text, duration(took), extra={"blocked": took})
        return True


@contextmanager
def watch_loop(after: float) -> Generator[None]:
    """In this block the loop of this thread is watched; called in Trio.

    Args:
        after: seconds that it may not give a sign of life; infinite: it is not watched.
    """
    if math.isinf(after):
        yield
        return
    token = trio.lowlevel.current_trio_token()
    watch = Watch(token.run_sync_soon, after, threading.get_ident())
    ended = threading.Event()

    def run() -> None:
        while True:
            sign = threading.Event()
            if not watch.look(sign, partial(_wait, sign)) or ended.wait(after):
                return

    thread = threading.Thread(target=run, name="supervision watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _wait(sign: threading.Event, seconds: float) -> bool:
    return sign.wait(None if math.isinf(seconds) else seconds)
