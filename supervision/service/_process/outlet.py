"""`Outlet`: a text stream in front of another that never holds up who writes.

Standard error may be a pipe that nobody reads, one whose reader has gone, a full disk
or a closed file.  None of that is a reason to stop working: who writes here only
appends to a queue, bounded in characters; a thread of its own writes on, which ends
when nothing has come for a second and is there again when something does.  What does
not fit, or cannot be written, is dropped and counted, and the number is said as soon as
there is room.

It writes to the file descriptor itself, past Python's buffer: what stays in a buffer
that cannot be flushed would spoil the exit status of the process.  A stream without a
descriptor, as in tests, is written to directly.  Knows no records.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, TextIO

ROOM: Final = 4 * 1024 * 1024
"""Characters that may wait."""
PATIENCE: Final = 2.0
"""Seconds that the end of a process waits for the reader."""
IDLE: Final = 1.0
"""Seconds that the thread waits for more."""
_PIECE: Final = 64 * 1024
_EACH: Final = 100  # what a piece of text takes beside its characters


def _said(number: int) -> str:
    return f"{number} records of the log could not be written\n"


class Outlet:
    """A stream to write text to; a few methods of `TextIO`, none of which fails.

    Safe in threads, and in signal handlers.  A process that is forked has a new one in
    its place, with nothing in it.

    Args:
        stream: where to.
        said: makes the line that tells how many pieces were dropped.
    """

    def __init__(
        self, stream: TextIO, said: Callable[[int], str] | None = None
    ) -> None:
        self.stream = stream
        """Where to."""
        self.dropped = 0
        """Pieces of text that were not written, in all."""
        self.encoding: str = getattr(stream, "encoding", None) or "utf-8"
        """Of the stream."""
        self._said = said or _said
        self._told = 0  # of `dropped`
        self._number = _descriptor(stream)
        self._begin()
        _all.add(self)

    def _begin(self) -> None:
        self._queue: SimpleQueue[str | threading.Event | None] = SimpleQueue()
        self._lock = threading.RLock()  # a signal handler may write while we do
        self._waiting = 0  # characters in the queue, about
        self._given_up = False  # the end has waited in vain
        self._thread: threading.Thread | None = None

    # --------------------------------------------------------------------- a stream

    def write(self, text: str) -> int:
        """Have it written, or count it as dropped; never waits."""
        if self._number is None:
            self._write_directly(text)
            return len(text)
        with self._lock:
            size = len(text) + _EACH
            if self._waiting + size > ROOM:
                self.dropped += 1
                return len(text)
            self._waiting += size
            if self._thread is None and not self._start():
                self._waiting -= size
                self.dropped += 1
                return len(text)
            self._given_up = False
            self._queue.put(text)
        return len(text)

    def flush(self) -> None:
        """Nothing: it is flushed by itself.  See `drain`."""

    def isatty(self) -> bool:
        """Whether a person reads it."""
        try:
            return self.stream.isatty()
        except Exception:  # noqa: BLE001 - closed, say
            return False

    def fileno(self) -> int:
        """The descriptor.  Raises OSError: there is none."""
        if self._number is None:
            msg = "there is no file descriptor behind it"
            raise OSError(msg)
        return self._number

    # ---------------------------------------------------------------------- its end

    def drain(self, within: float = PATIENCE) -> bool:
        """Wait until all is written; False: it was not, within so many seconds.

        Whoever waits behind one who has waited in vain does not wait again.
        """
        with self._lock:
            if self._thread is None or self._given_up:
                return not self._given_up
            done = threading.Event()
            self._queue.put(done)
        if done.wait(within):
            return True
        self._given_up = True
        return False

    def close(self) -> None:
        """Drain it, and end its thread; idempotent.  The stream stays open."""
        self.drain()
        with self._lock:
            if self._thread is not None:
                self._thread = None
                self._queue.put(None)

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="supervision log", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends, or there are too many
            return False
        self._thread = thread
        return True

    # ------------------------------------------------------------------- its thread

    def _run(self) -> None:
        queue = self._queue
        # what others have left in Python's buffer comes first
        with contextlib.suppress(Exception):
            self.stream.flush()
        while True:
            try:
                item = queue.get(timeout=IDLE)
            except Empty:
                if self._is_done(queue):
                    return
                continue
            if item is None:
                return
            if isinstance(item, threading.Event):
                self._tell()
                item.set()
                continue
            with self._lock:
                self._waiting -= len(item) + _EACH
                if queue.empty():
                    self._waiting = 0
            if self._put(item):
                self._tell()
            else:
                self._count()

    def _is_done(self, queue: SimpleQueue[str | threading.Event | None]) -> bool:
        """Leave, if there is nothing: whoever comes next finds no thread."""
        with self._lock:
            if not queue.empty():
                return False
            if queue is self._queue:
                self._thread = None
            return True

    def _tell(self) -> None:
        """Say how many were dropped, if that can be said."""
        missing = self.dropped - self._told
        if missing and self._put(self._said(missing)):
            self._told += missing

    def _count(self) -> None:
        with self._lock:
            self.dropped += 1

    def _put(self, text: str) -> bool:
        """Write it, however long that takes; False: it cannot be written."""
        number = self._number
        assert number is not None
        left = memoryview(text.encode(self.encoding, "backslashreplace"))
        try:
            while left:
                if self.stream.closed:  # the number may be another file's by now
                    return False
                try:
                    left = left[os.write(number, left[:_PIECE]) :]
                except BlockingIOError:  # somebody has made it so for all
                    _wait_for_room(number)
        except (OSError, ValueError):
            return False
        return True

    def _write_directly(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except Exception:  # noqa: BLE001 - a stranger's stream
            self._count()


_all: weakref.WeakSet[Outlet] = weakref.WeakSet()


def _forked() -> None:
    for each in list(_all):
        each._begin()


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_forked)


def _descriptor(stream: TextIO) -> int | None:
    try:
        number = stream.fileno()
    except Exception:  # noqa: BLE001 - a stream in memory has none
        return None
    # a test's stream may be anything
    return number if isinstance(number, int) else None


def _wait_for_room(number: int) -> None:
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(number, select.POLLOUT)
        poll.poll(1000)
    else:  # pragma: no cover - not on our platforms
        threading.Event().wait(0.05)
