"""How a thread waits for what another one puts down; Ctrl-C and `within` end the wait.

Who stops waiting says so in Trio's thread, and waits until nothing of its call runs
there any more.  A second Ctrl-C in that wait is obeyed at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

import trio

from actors import Receipt
from supervision.bridge._wire.boxes import Source
from supervision.bridge._wire.calls import Call, Left, name_of
from supervision.bridge._wire.thread import TrioThread
from supervision.bridge.errors import TreeEndedError, WrongSideError

P = TypeVar("P")
T = TypeVar("T")
Params = ParamSpec("Params")


def check_thread(what: str) -> None:
    """See to it that no event loop would stand still.

    Raises:
        WrongSideError: one would.
    """
    if trio.lowlevel.in_trio_run():
        instead = "use what you would use in Trio: `RouterRef`, `ActorRef`"
        raise WrongSideError(what, "inside Trio, which would stand still", instead)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    instead = "use `AsyncTree`, or call it in `asyncio.to_thread`"
    raise WrongSideError(what, "inside asyncio, which would stand still", instead)


def arrive(source: Source, within: float | None = None) -> None:
    """Wait until there is something.

    Raises:
        TimeoutError: `within` seconds are over.
    """
    there = threading.Event()
    wake = there.set
    if source.add(wake):
        try:
            if not there.wait(within):
                msg = f"nothing came within {within} s"
                raise TimeoutError(msg)
        finally:
            source.remove(wake)


class Line:
    """How handles call into a tree."""

    def __init__(self, thread: TrioThread) -> None:
        self.thread = thread

    def step(
        self,
        fn: Callable[Params, T],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> T:
        """Have a plain function called in Trio."""
        check_thread(name_of(fn))
        return self.end_of(self.thread.step(partial(fn, *args, **options)))

    def run(
        self,
        async_fn: Callable[Params, Awaitable[T]],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> T:
        """Have an async function called in Trio."""
        return self.run_within(None, partial(async_fn, *args, **options))

    def run_within(
        self, within: float | None, async_fn: Callable[[], Awaitable[T]]
    ) -> T:
        """As `run`, for so many seconds."""
        check_thread(name_of(async_fn))
        return self.end_of(self.thread.run(async_fn), within)

    def send(
        self,
        fn: Callable[Params, Receipt[P]],
        /,
        *args: Params.args,
        **options: Params.kwargs,
    ) -> Receipt[P]:
        """Have a prompt sent; one whose sender leaves meanwhile is taken back."""
        check_thread(name_of(fn))
        call = self.thread.send(partial(fn, *args, **options), waits=False)
        return self.end_of(call)

    def send_wait(
        self, within: float | None, async_fn: Callable[[], Awaitable[Receipt[P]]]
    ) -> Receipt[P]:
        """Have a prompt sent when there is room."""
        check_thread(name_of(async_fn))
        return self.end_of(self.thread.send(async_fn, waits=True), within)

    def end_of(self, call: Call[T], within: float | None = None) -> T:
        """Wait for a call, or leave it.

        Raises:
            TimeoutError: `within` seconds are over.
        """
        try:
            arrive(call.box, within)
        except BaseException:
            self.leave(call)
            raise
        return call.box.get()

    def leave(self, call: Call[Any]) -> None:
        """Leave a call: return when nothing of it runs any more.

        Raises:
            Exception: what its clean-up has failed with.
        """
        if call.box.full:
            self.thread.leave(call)  # it is over: what nobody takes is dropped
            return
        self.thread.leave(call)
        arrive(call.box)
        error = call.box.error
        if error is not None and not isinstance(error, Left | TreeEndedError):
            raise error
