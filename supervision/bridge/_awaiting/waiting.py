"""How a coroutine of asyncio waits for what another thread puts down.

A caller who is cancelled says so in Trio's thread, and waits until nothing of its call
runs there any more: only then is the cancellation raised.  Further cancellations in the
meantime change nothing, as that wait is bounded by what is being cancelled.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

import trio

from actors import Receipt
from supervision.bridge._wire.boxes import Source
from supervision.bridge._wire.calls import Call, Left, name_of
from supervision.bridge._wire.thread import TrioThread
from supervision.bridge.errors import TreeEndedError, WrongSideError

T = TypeVar("T")
P = TypeVar("P")
Params = ParamSpec("Params")

IN_TRIO: Final = "use what you would use in Trio: `RouterRef`, `ActorRef`"


def check_loop(what: str) -> None:
    """See to it that this is asyncio.

    Raises:
        WrongSideError: it is not.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if trio.lowlevel.in_trio_run():
            raise WrongSideError(what, "inside Trio", IN_TRIO) from None
        instead = "in threads there is `open_blocking_tree`, and `AsyncTree.blocking`"
        raise WrongSideError(what, "outside of asyncio", instead) from None


async def arrive(source: Source) -> None:
    """Wait until there is something."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(resolve, context=contextvars.Context())

    def resolve() -> None:
        if not future.done():
            future.set_result(None)

    if source.add(wake):
        try:
            await future
        finally:
            source.remove(wake)


async def arrive_surely(source: Source) -> None:
    """Wait until there is something, cancelled or not."""
    there = False
    while not there:
        with suppress(asyncio.CancelledError):
            await arrive(source)
            there = True


class Line:
    """How handles call into a tree."""

    def __init__(self, thread: TrioThread) -> None:
        self.thread = thread

    async def step(
        self,
        fn: Callable[Params, T],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> T:
        """Have a plain function called in Trio."""
        check_loop(name_of(fn))
        return await self.end_of(self.thread.step(partial(fn, *args, **options)))

    async def run(
        self,
        async_fn: Callable[Params, Awaitable[T]],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> T:
        """Have an async function called in Trio."""
        check_loop(name_of(async_fn))
        return await self.end_of(self.thread.run(partial(async_fn, *args, **options)))

    async def send(
        self,
        fn: Callable[Params, Receipt[P]],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> Receipt[P]:
        """Have a prompt sent; one whose sender leaves meanwhile is taken back."""
        check_loop(name_of(fn))
        call = self.thread.send(partial(fn, *args, **options), waits=False)
        return await self.end_of(call)

    async def send_wait(
        self,
        async_fn: Callable[Params, Awaitable[Receipt[P]]],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> Receipt[P]:
        """Have a prompt sent when there is room."""
        check_loop(name_of(async_fn))
        call = self.thread.send(partial(async_fn, *args, **options), waits=True)
        return await self.end_of(call)

    async def end_of(self, call: Call[T]) -> T:
        """Wait for a call, or leave it."""
        try:
            await arrive(call.box)
        except asyncio.CancelledError:
            await self.leave(call)  # noqa: ASYNC102 - of asyncio
            raise
        return call.box.get()

    async def leave(self, call: Call[Any]) -> None:
        """Leave a call: return when nothing of it runs any more.

        Raises:
            Exception: what its clean-up has failed with.
        """
        if call.box.full:
            self.thread.leave(call)  # it is over: what nobody takes is dropped
            return
        self.thread.leave(call)
        await arrive_surely(call.box)
        error = call.box.error
        if error is not None and not isinstance(error, Left | TreeEndedError):
            raise error
