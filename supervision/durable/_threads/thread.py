"""The thread that a connection lives in: jobs in, results out, in their order.

It knows no SQL.  Results come back in a later step of Trio's loop.  If there is no loop
any more there is nobody to tell.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Final, TypeVar

import attrs
import trio

QUIET: Final = 1.0
"""Seconds without a job after which there is time for other things."""

T = TypeVar("T")


@attrs.frozen(eq=False)
class _Job:
    """Something to do, and who hears what came of it."""

    work: Callable[[], object]
    told: Callable[[object, Exception | None], None] | None
    after: Callable[[], object] | None


class StoreThread:
    """A thread of its own, from the call on.  Made in Trio's thread.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.quiet: Callable[[], bool] | None = None
        """What is done, once, when there was nothing to do for a while after a job;
        False: to be done again a while later."""
        self.pause = QUIET
        """How long that is."""

    def do(
        self,
        work: Callable[[], T],
        told: Callable[[T | None, Exception | None], None],
        after: Callable[[], object] | None = None,
    ) -> None:
        """Have something done; `told` is called with its result, or its error.

        `after` is done when that is on its way.
        """

        def tell(result: object, error: Exception | None) -> None:
            told(result, error)  # type: ignore[arg-type] # what `work` has returned

        self._jobs.put(_Job(work, tell, after))

    async def ask(self, work: Callable[[], T]) -> T:
        """Have something done, and wait for its result.  Cancelled: it is done yet."""
        heard: list[tuple[T | None, Exception | None]] = []
        there = trio.Event()

        def told(result: T | None, error: Exception | None) -> None:
            heard.append((result, error))
            there.set()

        self.do(work, told)
        await there.wait()
        ((result, error),) = heard
        if error is not None:
            raise error
        return result  # type: ignore[return-value] # no error: it is a T

    def do_unheard(self, work: Callable[[], object]) -> None:
        """Have something done that nobody waits for; it does not raise."""
        self._jobs.put(_Job(work, None, None))

    async def end(self) -> None:
        """Wait until all that was to be done is done, and the thread has ended."""
        there = trio.Event()
        self._jobs.put(_Job(lambda: None, lambda _, __: there.set(), None))
        self._jobs.put(None)
        await there.wait()
        self._thread.join()  # it was its last word

    def _run(self) -> None:
        restless = False  # something was done since it was quiet
        while True:
            try:
                job = self._jobs.get(timeout=self.pause if restless else None)
            except queue.Empty:
                restless = self.quiet is not None and not self.quiet()
                continue
            if job is None:
                return
            self._do(job)
            restless = True

    def _do(self, job: _Job) -> None:
        result, failure = None, None
        try:
            result = job.work()
        except Exception as error:  # noqa: BLE001 - it is told
            failure = error
        if job.told is not None:
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(job.told, result, failure)
        if job.after is not None:
            job.after()
