"""Seeing that nobody reads standard output any more, without writing to it.

A program that waits for something to say does not notice that `| head -1` has gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
import threading
from collections.abc import Callable, Generator


@contextlib.contextmanager
def reader_watched(gone: Callable[[], None]) -> Generator[threading.Event]:
    """A block in which `gone` is called, once, when the reader of a pipe has gone.

    Called in a thread of its own.  Where standard output is no pipe it is never called.

    Args:
        gone: what is to be done then.

    Yields:
        Set when that has been done.
    """
    seen = threading.Event()
    descriptor = _pipe()
    if descriptor is None:
        yield seen
        return
    wake, stop = os.pipe()

    def watch() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)  # POLLERR is always told
        poll.register(wake, select.POLLHUP)
        ready = {number for number, _ in poll.poll()}
        if descriptor in ready and wake not in ready:
            seen.set()
            gone()

    thread = threading.Thread(target=watch, name="reader of standard output")
    thread.start()
    try:
        yield seen
    finally:
        os.close(stop)
        thread.join()
        os.close(wake)


def _pipe() -> int | None:
    """The descriptor of standard output, if it is a pipe or a socket."""
    try:
        descriptor = sys.stdout.fileno()
        mode = os.fstat(descriptor).st_mode
    except (OSError, ValueError, AttributeError):
        return None
    return descriptor if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None
