"""`Call`: one call into Trio, from a caller in another thread who may leave.

Whatever happens, its box gets something: the value, the error, `Left`, or that the tree
has ended.  So a caller who leaves can wait until nothing of the call runs any more, and
does.  All that is decided is decided in Trio's thread, where one thing happens at a
time: a caller says that it has left, and *there* it is seen how far the call is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Generic, TypeVar

import trio

from actors import Receipt
from actors.hosting import Whole, stray_of

from .boxes import Box

T = TypeVar("T")


class Left(Whole, Exception):  # noqa: N818 - no error: its caller knows, and nobody else sees it
    """The caller left before there was a result."""


class Call(Generic[T]):
    """One call.

    Args:
        body: what is to be called in Trio's thread.
        waits: whether `body` is async, and has a task of its own.
        lost: called with the value if nobody takes it: the caller left too late.
        ended: called when the call has ended, with its error or None.

    It sees the context variables of Trio's side, unless `sends` says that it sends a
    prompt, which has the context of its sender.
    """

    __slots__ = ("_ended", "_lost", "body", "box", "context", "left", "scope", "waits")

    def __init__(
        self,
        body: Callable[[], Any],
        *,
        waits: bool,
        lost: Callable[[T], object] | None = None,
        ended: Callable[[BaseException | None], object] | None = None,
    ) -> None:
        self.body = body
        self.waits = waits
        self.box: Box[T] = Box()
        self.scope = trio.CancelScope()
        self.context: Context | None = None
        self.left = False  # set by the caller: what has not begun never will
        self._lost = lost
        self._ended = ended

    def sends(self) -> None:
        """It sends a prompt, for whoever calls this: it has a copy of their context."""
        self.context = copy_context()

    # -------------------------------------------------------------- in Trio's thread

    def enter(self, fn: Callable[..., T], *args: Any) -> T:
        """Call a function in the context that this call is to have."""
        context = self.context
        return fn(*args) if context is None else context.run(fn, *args)

    def step(self) -> None:
        """Do what does not wait, now."""
        try:
            value = self.enter(self.body)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - it is the caller's
            self.fail(error)
        else:
            self._put(value)

    async def live(self, over: Callable[[], BaseException]) -> None:
        """Do what waits, as this task.

        Args:
            over: makes the error for the case that the task is cancelled from outside.
        """
        done, value, error = False, None, None
        body: Callable[[], Awaitable[Any]] = self.body
        try:
            with self.scope:
                value = await body()
                done = True
        except trio.Cancelled:
            error = over()
            raise
        except BaseExceptionGroup as group:
            cancelled, rest = group.split(trio.Cancelled)
            error = group if cancelled is None else rest or over()
        except BaseException as raised:  # noqa: BLE001 - it is the caller's
            error = raised
        finally:
            if done:
                self._put(value)
            else:
                self.fail(error or Left())

    def leave_now(self) -> None:
        """The caller has left: cancel what runs, or undo what is done."""
        self.scope.cancel()
        if self.box.full and self.box.error is None:
            self._drop(self.box.get())

    def fail(self, error: BaseException) -> None:
        """It ends with an error."""
        # asyncio's cancellation would look as if the caller was cancelled
        self.box.fail(stray_of(error) or error)
        if self._ended is not None:
            self._ended(error)

    def _put(self, value: Any) -> None:
        if self.left:
            self._drop(value)
        self.box.put(value)
        if self._ended is not None:
            self._ended(None)

    def _drop(self, value: T) -> None:
        if self._lost is not None:
            lost, self._lost = self._lost, None
            lost(value)


def take_back(receipt: Receipt[Any]) -> None:
    """Take a prompt back whose sender has left before it got its receipt.

    Not one with an id of its own: sent again, that gets the receipt after all.
    """
    if receipt._more is None or receipt._more.message_id is None:
        receipt.withdraw("its sender has left")


def name_of(fn: Any) -> str:
    """What a call is named by, for who has made it in the wrong place."""
    fn = fn.func if isinstance(fn, partial) else fn
    return f"{getattr(fn, '__name__', None) or 'a function'}()"
