"""`open_tree`: a tree beside an asyncio program, as a block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVarTuple

from actors import Actor
from supervision.bridge._wire.host import HostLoop
from supervision.bridge._wire.leaving import what_leaves
from supervision.bridge._wire.thread import TrioThread
from supervision.service import Settings

from .tree import AsyncTree
from .waiting import arrive, arrive_surely, check_loop

Ts = TypeVarTuple("Ts")


def open_tree(
    make: Callable[[*Ts], Actor[Any]], *args: *Ts, settings: Settings | None = None
) -> OpenTree:
    """Run a tree beside an asyncio program, as long as an `async with` block lasts.

    The tree is a service (`supervision.serve`) in a thread of its own, which Trio has
    for itself.  The block begins when it is ready.  Left in order, it drains and stops
    within its budget; left by an exception or a cancellation, it stops in order within
    the same budget, without a drain.  Either way nothing of it runs any more when the
    block has been left: a cancellation is raised after that, not before.

    A crash of the tree cancels the body and leaves the block as the original exception;
    together with another of the body, as a group of both.

    Args:
        make: the class of the actor on top, usually a `Supervisor`.
        args: for its constructor, which runs in Trio's thread.
        settings: default `Settings()`.  Those about the log are not used.

    Raises:
        WrongSideError: not in asyncio; when the block is entered.
        Exception: what starting the tree has failed with.
    """
    return OpenTree(make, args, settings)


class OpenTree:
    """The block of `open_tree`; it is entered once."""

    def __init__(
        self, make: Callable[..., Actor[Any]], args: Any, settings: Settings | None
    ) -> None:
        self._make, self._args, self._settings = make, args, settings
        self._thread: TrioThread | None = None
        self._body: _Body

    async def __aenter__(self) -> AsyncTree:
        """Start the tree, and wait until it is ready."""
        check_loop("open_tree()")
        if self._thread is not None:
            msg = "a block is entered once: call open_tree() again"
            raise RuntimeError(msg)
        self._body = body = _Body()
        self._thread = thread = TrioThread(
            self._make, self._args, self._settings, HostLoop(), body.crashed
        )
        thread.start()
        try:
            await arrive(thread.ready)
        except BaseException:
            thread.cancel()
            await arrive_surely(thread.ended)
            thread.join()
            raise
        if thread.ready.error is not None:
            await arrive_surely(thread.ended)
            thread.join()
        thread.ready.get()
        body.begin(thread)
        return AsyncTree(thread)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the tree, and wait until nothing of it runs any more."""
        thread, body = self._thread, self._body
        assert thread is not None
        if error is None:
            thread.stop()
        else:
            thread.cancel()
        cancelled: asyncio.CancelledError | None = None
        while not thread.ended.full:
            try:
                await arrive(thread.ended)
            except asyncio.CancelledError as again:  # noqa: ASYNC103 - raised below
                if not body.is_ours(again):
                    cancelled = again
                    thread.cancel()
        thread.join()
        await body.end()
        left = what_leaves(error or cancelled, thread.crash, body.is_consequence)
        if left is not None and left is not error:
            raise left


class _Body:
    """The body of a block, and the cancellation that a crash of the tree is for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._open = False
        self._asked = False  # the body has been cancelled, by us
        self._before = 0  # how many cancellations there were when it began

    def crashed(self) -> None:
        """The tree has crashed; in its thread."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._cancel)

    def begin(self, thread: TrioThread) -> None:
        """The body begins."""
        self._open = True
        self._before = self._task.cancelling() if self._task is not None else 0
        if thread.crash is not None and thread.closed:  # it has crashed meanwhile
            self._cancel()

    def is_ours(self, error: asyncio.CancelledError) -> bool:
        """Whether this cancellation is the one that a crash of the tree has made."""
        return self._asked and error.args == (_CRASHED,)

    def is_consequence(self, error: BaseException) -> bool:
        """Whether this is only because the tree has crashed: any cancellation.

        As in a `TaskGroup`, an error goes before a cancellation.
        """
        return isinstance(error, asyncio.CancelledError)

    async def end(self) -> None:
        """The body has ended: what we have asked for is taken back."""
        self._open = False
        if self._asked and self._task is not None:
            if self._task.cancelling() > self._before:
                self._task.uncancel()
            with suppress(asyncio.CancelledError):  # it may not have come yet
                await asyncio.sleep(0)

    def _cancel(self) -> None:
        if self._open and not self._asked and self._task is not None:
            self._asked = True
            self._task.cancel(_CRASHED)


_CRASHED = "the tree beside it has crashed"
