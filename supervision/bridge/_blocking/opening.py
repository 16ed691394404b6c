"""`open_blocking_tree`: a tree beside a program of threads, as a block."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVarTuple

from actors import Actor
from supervision.bridge._wire.leaving import what_leaves
from supervision.bridge._wire.thread import TrioThread
from supervision.service import Settings

from .tree import BlockingTree
from .waiting import arrive, check_thread

Ts = TypeVarTuple("Ts")


def open_blocking_tree(
    make: Callable[[*Ts], Actor[Any]], *args: *Ts, settings: Settings | None = None
) -> OpenBlockingTree:
    """Run a tree beside a program of threads, as long as a `with` block lasts.

    As `open_tree`, for programs without an event loop: a script, a WSGI server.  Any
    thread may use the handle.  Ctrl-C in the body or in a call stops the tree in order,
    without a drain; a second one, while the block is being left, stops it at once, and
    a third leaves it behind.

    A crash of the tree cannot interrupt the body: calls raise `TreeEndedError`, and the
    crash leaves the block.

    Args:
        make: the class of the actor on top, usually a `Supervisor`.
        args: for its constructor, which runs in Trio's thread.
        settings: default `Settings()`.  Those about the log are not used.

    Raises:
        WrongSideError: inside an event loop; when the block is entered.
        Exception: what starting the tree has failed with.
    """
    return OpenBlockingTree(TrioThread(make, args, settings, None))


class OpenBlockingTree:
    """The block of `open_blocking_tree`; it is entered once."""

    def __init__(self, thread: TrioThread) -> None:
        self._thread = thread

    def __enter__(self) -> BlockingTree:
        """Start the tree, and wait until it is ready."""
        check_thread("open_blocking_tree()")
        thread = self._thread
        thread.start()
        try:
            arrive(thread.ready)
        except BaseException:
            self._wait(thread.cancel)
            raise
        if thread.ready.error is not None:
            self._wait(thread.stop)
        thread.ready.get()
        return BlockingTree(thread)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the tree, and wait until nothing of it runs any more."""
        thread = self._thread
        interrupted = self._wait(thread.stop if error is None else thread.cancel)
        left = what_leaves(error or interrupted, thread.crash, lambda _: False)
        if left is not None and left is not error:
            raise left

    def _wait(self, ask: Callable[[], object]) -> KeyboardInterrupt | None:
        """Ask the tree to end, and wait for it; Ctrl-C once: it ends at once."""
        thread, interrupted = self._thread, None
        try:
            ask()
            arrive(thread.ended)
        except KeyboardInterrupt as error:
            interrupted = error
            thread.hurry("Ctrl-C")
            arrive(thread.ended)
        thread.join()
        return interrupted
