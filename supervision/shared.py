"""`Shared`: one resource for many turns, which can be replaced while they run.

`Resource` is the actor that holds one open, where a tree has no block around it.

Each resource is held by a task of its own, which opens and closes it, so that it may
have a nursery inside.  That task is shielded while the resource is used: a cancelled
service first ends its turns, whose clean-up may need the resource, and then closes it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, ClassVar, Generic, Never, Self, TypeAlias, TypeVar, cast

import trio

from actors import Actor
from supervision._log.safe import Log

T = TypeVar("T")

Open: TypeAlias = Callable[[], AbstractAsyncContextManager[T]]

_log = Log("supervision")


class _Holder(Generic[T]):
    """One resource that is open, and how many use it."""

    def __init__(self, resource: T, scope: trio.CancelScope) -> None:
        self.resource = resource
        self.scope = scope
        self.users = 0
        self.retired = False  # no new users
        self.ended = False
        self.unused = trio.Event()  # retired, and the last user has left

    def leave(self) -> None:
        """A user has left."""
        self.users -= 1
        self._look()

    def retire(self) -> None:
        """Let nobody new in."""
        self.retired = True
        self._look()

    def _look(self) -> None:
        if self.retired and not self.users:
            self.unused.set()


class Shared(Generic[T]):
    """A resource that many use and somebody may replace, such as a client of a model.

    Its block opens the resource and closes it, after the last user has left.  Put it
    around the block of the system whose actors use it, or give it to a `Resource`, a
    child of the tree that holds the block open.  It can be entered again when it has
    been left.

    Args:
        open_fn: a function that makes the async context manager of the resource, anew
            with each call.

    Raises:
        TypeError: `open_fn` is no function, but the context manager itself, say.

    Example:
        >>> shared = Shared(lambda: open_client(config))
        >>> async with shared, open_system() as system:
        ...     start_router(system, Chat, shared)
        ...
        >>> async with shared.use() as client:  # in a turn
        ...     await client.ask("...")
        >>> await shared.replace(lambda: open_client(new_config))
    """

    def __init__(self, open_fn: Open[T]) -> None:
        self._open_fn = _function(open_fn)
        self._nursery: trio.Nursery | None = None
        self._current: _Holder[T] | None = None
        self._holders: set[_Holder[T]] = set()
        self._lock = trio.Lock()  # of replace
        self._opening = trio.CancelScope()  # of one resource at a time
        self._opener: trio.lowlevel.Task | None = None  # in `open_fn` now
        self._failures: list[Exception] = []  # to close what had been replaced
        self._block: AbstractAsyncContextManager[None] | None = None

    async def __aenter__(self) -> Self:
        if self._block is not None:
            msg = "this Shared is open already: its block can be entered again later"
            raise RuntimeError(msg)
        self._failures = []
        self._block = self._own()
        try:
            await self._block.__aenter__()
        except BaseException:
            self._block = None
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if self._block is None:
            raise self._closed_error()
        try:
            return await self._block.__aexit__(  # noqa: ASYNC102 - as of a nursery
                kind, error, traceback
            )
        finally:
            self._block = None

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[T]:
        """Use the resource as it is now; it stays open until this block is left.

        However often it is replaced meanwhile: who uses one goes on with it.

        Raises:
            trio.ClosedResourceError: the block of this `Shared` is not open.
        """
        holder = self._current
        if holder is None:
            raise self._closed_error()
        holder.users += 1
        try:
            yield holder.resource
        finally:
            holder.leave()

    async def replace(self, open_fn: Open[T]) -> None:
        """Open another resource for all who come from now on.

        Returns when it is open.  The old one is closed after its last user has left; if
        that fails it is logged, and raised at the end of this `Shared`'s block.  Calls
        are served in their order.

        Args:
            open_fn: a function that makes the async context manager of the new one.

        Raises:
            TypeError: `open_fn` is no function, or makes something else.
            trio.ClosedResourceError: the block of this `Shared` is not open, or was
                left meanwhile, which cancels the opening.
            RuntimeError: called by what opens the resource: it would wait for itself.
            Exception: what `open_fn` raises; the old resource stays.
        """
        _function(open_fn)
        self._look_for_circle("replace")
        async with self._lock:
            await self._put_in_place(self._current, open_fn)

    async def renew(self, broken: T) -> None:
        """Open another in place of one that is of no use, such as a connection lost.

        As `replace`, by what opened it.  Whoever says so of one that is not the current
        one any more waits for nothing: many users may find out at once, and one opens
        another.  If that fails, or is cancelled, the next of them tries, so bound what
        may hang in `open_fn`.  To be called inside of the block of `use`, or after it;
        who still uses the old one is let finish.

        Args:
            broken: what `use` has given: another object each time it is opened.

        Raises:
            TypeError: `broken` is this `Shared`, and not what `use` has given.
            trio.ClosedResourceError: the block of this `Shared` is not open, or was
                left meanwhile, which cancels the opening.
            RuntimeError: called by what opens the resource: it would wait for itself.
            Exception: what opening it raises; the old resource stays, and who comes
                then may try again.

        Example:
            >>> async with shared.use() as client:
            ...     try:
            ...         return await client.ask("...")
            ...     except ConnectionError:
            ...         await shared.renew(client)
            ...         raise
        """
        if broken is self:
            msg = "renew takes what `use` has given, got the Shared itself"
            raise TypeError(msg)
        self._look_for_circle("renew")
        old = self._current
        async with self._lock:
            if old is None:
                raise self._closed_error()
            if old.resource is not broken or self._current not in (old, None):
                return
            await self._put_in_place(self._current, self._open_fn)

    def _look_for_circle(self, verb: str) -> None:
        if trio.lowlevel.current_task() is self._opener:
            msg = f"{verb} in the function that opens the resource waits for itself"
            raise RuntimeError(msg)

    async def _put_in_place(self, old: _Holder[T] | None, open_fn: Open[T]) -> None:
        if old is None:
            raise self._closed_error()
        new = await self._start(open_fn)
        if self._current is None:
            new.retire()
            new.scope.shield = False
            raise self._closed_error()
        self._current = new
        self._open_fn = open_fn  # of who enters the block again
        old.retire()

    @asynccontextmanager
    async def _own(self) -> AsyncGenerator[None]:
        failure: BaseException | None = None
        try:
            async with trio.open_nursery() as self._nursery:
                self._current = await self._start(self._open_fn)
                try:
                    yield
                except BaseException as error:  # noqa: ASYNC103 - it is raised below
                    if _is_cancellation(error):
                        raise
                    failure = error  # it must not cancel what the users still do
                finally:
                    self._current = None
                    self._opening.cancel()
                    for holder in tuple(self._holders):
                        holder.retire()
                        holder.scope.shield = False
        except BaseExceptionGroup as group:
            alone, *others = group.exceptions
            if others:
                raise
            raise alone from None  # noqa: ASYNC123 - as if there were no nursery
        if failure is not None:
            raise failure
        if len(self._failures) > 1:
            msg = "resources could not be closed"
            raise ExceptionGroup(msg, self._failures)
        if self._failures:
            raise self._failures[0]

    async def _start(self, open_fn: Open[T]) -> _Holder[T]:
        assert self._nursery is not None
        holder: _Holder[T] | None = None
        with trio.CancelScope() as self._opening:
            holder = await self._nursery.start(self._hold, open_fn)
        if holder is None or holder.ended:
            raise self._closed_error()
        holder.scope.shield = True
        return holder

    async def _hold(  # noqa: ASYNC114 - it is started in one place
        self, open_fn: Open[T], *, task_status: trio.TaskStatus[_Holder[T]]
    ) -> None:
        """Open a resource, and close it when nobody will use it any more."""
        holder: _Holder[T] | None = None
        try:
            with trio.CancelScope() as scope:
                self._opener = trio.lowlevel.current_task()
                async with _context(open_fn) as resource:
                    self._opener = None  # from here on it may renew this one
                    holder = _Holder(resource, scope)
                    self._holders.add(holder)
                    task_status.started(holder)
                    await holder.unused.wait()
                    scope.shield = False
        except Exception as error:
            if holder is None or not holder.retired:
                raise
            _log.exception("a shared resource could not be closed")
            self._failures.append(error)
        else:
            if holder is not None and not holder.retired:
                msg = "the shared resource has ended by itself"
                raise RuntimeError(msg)
        finally:
            if holder is None:
                self._opener = None
            else:
                holder.ended = True
                self._holders.discard(holder)

    def _closed_error(self) -> trio.ClosedResourceError:
        msg = "the shared resource is not open: its block was not entered, or was left"
        return trio.ClosedResourceError(msg)


class Resource(Actor[Never]):
    """A child that holds a `Shared` open for its siblings.

    It is ready when the resource is open: declare it before those who use it, so that
    it starts before them and stops after them.  If the resource cannot be opened, or
    ends by itself, it crashes, and its supervisor restarts it by its rules; meanwhile
    `Shared.use` raises `trio.ClosedResourceError`.  When it stops it waits for the last
    user to leave, at most `grace` seconds, and closes the resource.

    Args:
        shared: what it holds.

    Example:
        >>> class Tree(Supervisor):
        ...     def declare(self) -> list[ChildSpec[Any]]:
        ...         model = Shared(open_client)
        ...         return [
        ...             ChildSpec(Resource, model, id="model"),
        ...             ChildSpec(Router, Chat, (model,), id="router"),
        ...         ]
    """

    grace: ClassVar[float] = 10.0
    """Seconds for the last users to leave, and for the resource to close."""

    def __init__(self, shared: Shared[Any]) -> None:
        given: object = shared
        if not isinstance(given, _SHARED):
            msg = f"a Resource takes a Shared, got {shared!r}"
            raise TypeError(msg)
        self._shared = shared
        self._opened = trio.Event()

    async def started(self) -> None:
        """Open it."""
        self.start_soon(self._hold)
        await self._opened.wait()

    def receive(self, message: Never) -> None:
        """Nobody tells it anything."""
        msg = f"a Resource takes no messages, got {message!r}"
        raise TypeError(msg)

    async def _hold(self) -> None:
        scope, closing = trio.CancelScope(), trio.Event()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep, scope, closing)
                try:
                    await trio.sleep_forever()
                finally:
                    closing.set()
                    scope.deadline = trio.current_time() + self.grace
        except BaseExceptionGroup as group:
            several = len(group.exceptions) > 1  # else that one is the crash
            raise (group if several else group.exceptions[0]) from None

    async def _keep(self, scope: trio.CancelScope, closing: trio.Event) -> None:
        with scope:
            async with self._shared:
                scope.shield = True  # it is closed in order, whoever is cancelled
                self._opened.set()
                await closing.wait()


def _function(given: Open[T]) -> Open[T]:
    """Refuse a context manager in place of what makes it: some can be called, too."""
    function: object = given
    if callable(function) and not hasattr(type(function), "__aenter__"):
        return given
    msg = "a Shared takes a function that makes the async context manager, such as"
    msg = f"{msg} lambda: open_client(...), got {given!r}"
    raise TypeError(msg)


def _context(open_fn: Open[T]) -> AbstractAsyncContextManager[T]:
    context = open_fn()
    made: object = context
    if hasattr(type(made), "__aenter__") and hasattr(type(made), "__aexit__"):
        return context
    if isinstance(made, Coroutine):
        made.close()
    msg = (
        "the function of a Shared makes an async context manager: `yield` the resource"
    )
    msg = f"{msg} below @asynccontextmanager; {open_fn!r} has made {made!r:.200}"
    raise TypeError(msg)


def _is_cancellation(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return group.subgroup(trio.Cancelled) is not None
    return isinstance(error, trio.Cancelled)


_SHARED: Any = Shared  # Any: a checker would lose its type argument
