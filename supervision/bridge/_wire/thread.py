"""`TrioThread`: the thread that the tree lives in, from its start to its end.

A run of Trio with the tree as a service (`supervision.service.serve`), and beside it a
task for each call that waits.  When the tree has ended, the calls that still wait fail,
and so does every later one; then the run ends, and the thread.  It is a daemon: a host
that dies without leaving its block is not held up, and its tree is stopped in order by
a hook at the exit of the interpreter.
"""

from __future__ import annotations

import atexit
import contextvars
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import trio

from actors import Actor
from supervision.bridge.errors import TreeEndedError
from supervision.service import Service, ServiceReport, Settings, serve
from supervision.service._terms.settings import settings_for

from .boxes import Box
from .calls import Call, Left, take_back
from .host import HostLoop, set_host

T = TypeVar("T")

logger = logging.getLogger("supervision.bridge")

LEFT: Final = "its host has left the block"
PATIENCE: Final = 3.0
"""Seconds over the budget that the exit of the interpreter waits for a tree that was
never left."""


class TrioThread:
    """The thread of one tree.

    Args:
        make: the class of the actor on top.
        args: for its constructor.
        settings: how it is run; None: as usual.
        host: the loop that `run_in_host` is to use; None: there is none.
        crashed: called, in this thread, when the tree has ended by a crash.
    """

    def __init__(
        self,
        make: Callable[..., Actor[Any]],
        args: tuple[Any, ...],
        settings: Settings | None,
        host: HostLoop | None,
        crashed: Callable[[], object] = lambda: None,
    ) -> None:
        chosen = settings_for(make, args, settings)
        own: str = getattr(make, "__name__", "tree")
        self.name = chosen.name if chosen.name is not None else own
        """What the tree is called."""
        self.ready: Box[Service] = Box()
        """The service when it works, or why it never will."""
        self.ended: Box[None] = Box()
        """Filled when nothing of it runs any more."""
        self.crash: BaseException | None = None
        """What the tree crashed with."""
        self._make, self._args, self._settings = make, args, chosen
        self._host = host
        self._crashed = crashed
        self._thread = threading.Thread(
            target=self._main, name=f"tree {self.name}", daemon=True
        )
        self._cancel = trio.CancelScope()  # all of the tree
        self._cancelled = False
        self._closed = False  # the tree has ended: no call is taken any more
        self._calls: set[Call[Any]] = set()  # that wait
        self._token: trio.lowlevel.TrioToken | None = None
        self._nursery: trio.Nursery | None = None

    # ------------------------------------------------------------------ from any thread

    @property
    def report(self) -> ServiceReport | None:
        """How it went; None before the end, or if it was cancelled."""
        ready = self.ready
        return ready.get().report if ready.full and ready.error is None else None

    @property
    def closed(self) -> bool:
        """Whether the tree has ended."""
        return self._closed

    def start(self) -> None:
        """Start the thread; `ready` says how that went."""
        if self._thread.ident is not None:
            msg = "the block of a tree is entered once: open it again"
            raise RuntimeError(msg)
        atexit.register(self._at_exit)
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread itself, when `ended` is full: microseconds."""
        self._thread.join()

    def step(self, fn: Callable[[], T]) -> Call[T]:
        """Have a plain function called in Trio's thread."""
        call: Call[T] = Call(fn, waits=False)
        self.begin(call)
        return call

    def run(self, async_fn: Callable[[], Awaitable[T]]) -> Call[T]:
        """Have an async function called in Trio's thread, as a task of its own."""
        call: Call[T] = Call(async_fn, waits=True)
        self.begin(call)
        return call

    def send(self, fn: Callable[[], Any], *, waits: bool) -> Call[Any]:
        """Have a prompt sent, in its sender's context; nobody's is taken back."""
        call: Call[Any] = Call(fn, waits=waits, lost=take_back)
        call.sends()
        self.begin(call)
        return call

    def begin(self, call: Call[Any]) -> None:
        """Send a call on its way: calls of one thread arrive in their order.

        Raises:
            TreeEndedError: it cannot arrive.
        """
        if self._closed or not self.post(lambda: self._arrive(call)):
            raise self.over()

    def leave(self, call: Call[Any]) -> None:
        """Its caller does not want it any more; its box says when it has ended."""
        call.left = True
        self.post(call.leave_now)

    def post(self, fn: Callable[[], object]) -> bool:
        """Have a plain function called in Trio's thread; False: it has ended."""
        token = self._token
        if token is None:
            return False
        try:
            token.run_sync_soon(fn)
        except trio.RunFinishedError:
            return False
        return True

    def stop(self, why: str = LEFT) -> None:
        """Drain and stop the tree; `ended` says when that is done."""
        self.post(lambda: self._service_or_none(lambda service: service.stop(why)))

    def hurry(self, why: str) -> None:
        """Stop it at once."""
        self.post(lambda: self._service_or_none(lambda service: service.stop_now(why)))

    def cancel(self) -> None:
        """Stop the tree in order, without a drain; also before it is ready."""
        self._cancelled = True  # read when there is a token, if there is none yet
        self.post(self._cancel.cancel)

    def over(self) -> TreeEndedError:
        """The error of whoever calls too late."""
        error = TreeEndedError(self.name)
        error.__cause__ = self.crash
        return error

    # -------------------------------------------------------------- in Trio's thread

    def _main(self) -> None:
        with suppress(BaseException):  # it is in `crash`
            contextvars.Context().run(self._run)
        atexit.unregister(self._at_exit)
        self.ended.put(None)

    def _run(self) -> None:
        try:
            trio.run(self._live)
        except BaseException as error:
            self.crash = self.crash or error
            raise
        finally:
            self._closed = True
            for call in tuple(self._calls):
                call.fail(self.over())
            self.ready.fail(self.crash or self.over())
            if self.crash is not None:
                self._crashed()

    async def _live(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        set_host(self._host)
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                with self._cancel:
                    if self._cancelled:
                        self._cancel.cancel()
                    await serve(
                        self._make,
                        *self._args,
                        settings=self._settings,
                        task_status=_Ready(self.ready),
                    )
            except BaseException as error:  # noqa: ASYNC103, BLE001 - it leaves the host's block
                self.crash = error
            finally:
                self._closed = True
                nursery.cancel_scope.cancel()

    def _arrive(self, call: Call[Any]) -> None:
        if self._closed:
            call.fail(self.over())
        elif call.left:
            call.fail(Left())
        elif call.waits:
            assert self._nursery is not None
            self._calls.add(call)
            call.enter(self._nursery.start_soon, self._serve, call)
        else:
            call.step()

    async def _serve(self, call: Call[Any]) -> None:
        try:
            await call.live(self.over)
        finally:
            self._calls.discard(call)

    def _service_or_none(self, tell: Callable[[Service], object]) -> None:
        if self.ready.full and self.ready.error is None:
            tell(self.ready.get())

    # ------------------------------------------------------------------------- the exit

    def _at_exit(self) -> None:
        """The interpreter ends, and nobody has left the block."""
        logger.warning("the block of the tree %r was never left: stopping", self.name)
        self.cancel()
        self._thread.join(self._settings.budget + PATIENCE)


class _Ready:
    """What `serve` tells when the tree is ready."""

    def __init__(self, box: Box[Service]) -> None:
        self._box = box

    def started(self, value: Any = None) -> None:
        """It is, or it has been asked to stop before."""
        self._box.put(value)
