"""Tasks: the child tasks of an incarnation, and their nursery while there are any.

The nursery needs a task to hold it open: that one runs the first child task itself.
Every nursery is one round; when its last task has ended there may be another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import trio
from trio.lowlevel import disable_ki_protection, enable_ki_protection

from actors._engine.crashes import split_crash, stray_of

AsyncFn: TypeAlias = Callable[..., Awaitable[Any]]


@disable_ki_protection
async def _unprotected(async_fn: AsyncFn, args: tuple[Any, ...]) -> None:
    await async_fn(*args)


class Tasks:
    """One round of child tasks.

    `began` is called in the task that holds the nursery, before the first of them runs.
    `ended` is called with what escaped from them (None: nothing), in the same task,
    before `wait_ended` returns.
    """

    __slots__ = (
        "_began",
        "_cancelled",
        "_done",
        "_ended",
        "_nursery",
        "_waiting",
        "count",
        "crash",
        "failing",
    )

    def __init__(
        self,
        began: Callable[[], None],
        ended: Callable[[Tasks, BaseException | None], None],
    ) -> None:
        self._began = began
        self._ended = ended
        self._cancelled = False
        self._nursery: trio.Nursery | None = None
        self._waiting: list[tuple[AsyncFn, tuple[Any, ...]]] = []  # until it is open
        self._done = trio.Event()
        self.count = 0
        self.failing = False  # a task has crashed
        self.crash: Exception | None = None  # the first one, until it is reported

    @property
    def nursery(self) -> trio.Nursery | None:
        """What they run in; None: it is not open yet.  Its own task runs the first."""
        return self._nursery

    def add(self, async_fn: AsyncFn, args: tuple[Any, ...]) -> None:
        """Run one more task."""
        self.count += 1
        if self._nursery is None:
            self._waiting.append((async_fn, args))
        else:
            self._nursery.start_soon(self._run, async_fn, args)

    def cancel(self) -> None:
        """Cancel all, also those that have not begun."""
        self._cancelled = True
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    async def wait_ended(self) -> None:
        """Wait until the round is over and what came of it has been told."""
        await self._done.wait()

    @enable_ki_protection
    async def hold(self) -> None:
        """Hold the nursery open while there are tasks; the first has been added."""
        failure: BaseException | None = None
        self._began()
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.cancel_scope.shield = True
                if self._cancelled:
                    nursery.cancel_scope.cancel()
                (first, first_args), *others = self._waiting
                self._waiting.clear()
                for async_fn, args in others:
                    nursery.start_soon(self._run, async_fn, args)
                # the first needs no task of its own: this one would only wait
                await self._run(first, first_args)
        except BaseExceptionGroup as group:
            # our nursery's own level of grouping is taken off again
            failure = group.exceptions[0] if len(group.exceptions) == 1 else group
        finally:
            self.count = 0
            self._ended(self, failure)
        self._done.set()

    @enable_ki_protection
    async def _run(self, async_fn: AsyncFn, args: tuple[Any, ...]) -> None:
        try:
            await _unprotected(async_fn, args)
        except BaseException as error:
            self.failing = True  # it stays the round until it has reported
            stray = stray_of(error)
            if stray is not None:
                if self.crash is None:
                    self.crash = stray
                raise stray from error  # noqa: ASYNC104 - it is no Cancelled
            if self.crash is None and not isinstance(error, trio.Cancelled):
                self.crash = split_crash(error)[0]
            raise
        self.count -= 1
