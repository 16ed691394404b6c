"""From Trio into the host's event loop: a coroutine function runs there, as a task.

The task has ended when the call has: a cancellation goes to the task and is waited for.
Its context is a copy of what the host's was when it opened the tree; nothing of the
actor's context goes over.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, TypeVarTuple

import outcome
import trio

from actors.hosting import check_async
from supervision.bridge.errors import (
    HostCancelledError,
    HostEndedError,
    WrongSideError,
)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def _name(async_fn: object) -> str:
    return getattr(async_fn, "__qualname__", None) or repr(async_fn)


class HostLoop:
    """The loop of the program that the tree runs beside; made in that loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()

    def post(self, fn: Callable[[], object]) -> None:
        """Have a plain call made in the loop.

        Raises:
            RuntimeError: it is closed.
        """
        self._loop.call_soon_threadsafe(fn, context=self._context.copy())

    async def run(
        self, async_fn: Callable[..., Awaitable[T]], args: tuple[Any, ...]
    ) -> T:
        """Run it in the loop; called in Trio."""
        found: T = await _Errand(self, async_fn, args).run()
        return found


class _Errand:
    """One function in the host's loop, and the task in Trio that waits for it."""

    def __init__(
        self, host: HostLoop, async_fn: Callable[..., Awaitable[Any]], args: Any
    ) -> None:
        self._host = host
        self._async_fn = async_fn
        self._args = args
        self._token = trio.lowlevel.current_trio_token()
        self._waiting = trio.lowlevel.current_task()
        self._task: asyncio.Task[Any] | None = None
        self._cancelled: Callable[[], Any] | None = None  # raises the cancellation

    async def run(self) -> Any:
        """Start it and wait for it."""
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            self._host.post(self._begin)
        except RuntimeError as error:
            raise HostEndedError(_name(self._async_fn)) from error
        return await trio.lowlevel.wait_task_rescheduled(self._abort)

    def _abort(self, raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
        self._cancelled = raise_cancel
        try:
            self._host.post(self._cancel)
        except RuntimeError:  # the loop is closed: nothing of it will end any more
            return trio.lowlevel.Abort.SUCCEEDED
        return trio.lowlevel.Abort.FAILED

    def _resume(self, result: outcome.Outcome[Any]) -> None:
        trio.lowlevel.reschedule(self._waiting, result)

    # -------------------------------------------------------------- in the host's loop

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._body())
        self._task.add_done_callback(self._done)

    async def _body(self) -> Any:
        return await self._async_fn(*self._args)

    def _cancel(self) -> None:
        assert self._task is not None
        self._task.cancel("cancelled in Trio")

    def _done(self, task: asyncio.Task[Any]) -> None:
        result: outcome.Outcome[Any]
        if not task.cancelled():
            error = task.exception()
            result = (
                outcome.Value(task.result()) if error is None else outcome.Error(error)
            )
        elif self._cancelled is not None:
            result = outcome.capture(self._cancelled)
        else:
            result = outcome.Error(HostCancelledError(_name(self._async_fn)))
        self._token.run_sync_soon(self._resume, result)


_host: trio.lowlevel.RunVar[HostLoop | None]
_host = trio.lowlevel.RunVar("the event loop of the host", None)


def set_host(host: HostLoop | None) -> None:
    """Say which loop `run_in_host` is to use in this run of Trio."""
    _host.set(host)


async def run_in_host(async_fn: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    """Run a coroutine function of asyncio in the host's event loop, from an actor.

    For what lives there: the host's database pool, its HTTP client, its Discord client.
    Only in a tree that `open_tree` has opened beside asyncio.  It runs as a task, in a
    copy of the context that the host had then; what it raises is raised here.  It may
    run as long as the tree does, also while that drains and stops.

    Cancelled: the task is cancelled, and this waits until it has ended.  One that takes
    no notice is waited for.

    Args:
        async_fn: `async def`; Trio knows nothing of what it awaits.
        args: for it.

    Raises:
        TypeError: not an async function.
        WrongSideError: not in Trio, or in no tree of `open_tree`.
        HostCancelledError: the host cancelled it, as `asyncio.run` does at its end.
        HostEndedError: the host has closed its loop.
    """
    check_async("run_in_host()", async_fn)
    if not trio.lowlevel.in_trio_run():
        raise WrongSideError(
            "run_in_host()", "outside of Trio", "await the function itself"
        )
    host = _host.get()
    if host is None:
        instead = "open the tree with `async with open_tree(...)` in the host's loop"
        raise WrongSideError("run_in_host()", "without a host", instead)
    return await host.run(async_fn, args)
