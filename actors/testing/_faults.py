"""`with_faults`: the same actor class, but its hooks fail where you say.

It makes a subclass with the public API only, so the engine cannot tell the difference.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar, cast

from actors import Actor

A = TypeVar("A", bound=Actor[Any])

Fault: TypeAlias = (
    BaseException | type[BaseException] | Callable[[int], BaseException | None]
)
"""An exception, raised at each call; or a function that is given the number of the
call, 1 for the first, and returns what to raise, or None for nothing."""


def with_faults(
    cls: type[A],
    *,
    receive: Fault | None = None,
    started: Fault | None = None,
    stopped: Fault | None = None,
    task: Fault | None = None,
) -> type[A]:
    """Return a subclass of `cls` whose hooks fail before doing their own work.

    Calls are counted by the subclass: over all its incarnations, and over all actors
    started from it; make one subclass per actor to count them apart.  A hook that is
    plain stays plain, an async one stays async.

    Of a `Session` it reaches `started`, `stopped` and its tasks.  For what only
    sessions have (`take_turn`, `turn_ended`, `suspend` ...) write a subclass that
    raises.

    Args:
        cls: an actor class; it is not changed.
        receive: fault of `receive`; not of a session, which must not define it.
        started: fault of `started`.
        stopped: fault of `stopped`.
        task: fault of each child task that `start_soon` starts, in that task.

    Raises:
        TypeError: `cls` is not an actor class, or a fault is none.

    Example:
        >>> third = lambda n: OSError() if n == 3 else None
        >>> Flaky = with_faults(Counter, receive=third)
    """
    given: object = cls
    if not (isinstance(given, type) and issubclass(given, Actor)):
        msg = f"with_faults() takes a subclass of Actor, got {given!r}"
        raise TypeError(msg)
    body: dict[str, Any] = {"__module__": cls.__module__, "__doc__": cls.__doc__}
    hooks = {"receive": receive, "started": started, "stopped": stopped}
    for name, fault in hooks.items():
        if fault is not None:
            body[name] = _faulty_hook(getattr(cls, name), _Faults(fault))
    if task is not None:
        body["start_soon"] = _faulty_start_soon(cls, _Faults(task))
    make = cast(Callable[..., type[A]], type(cls))  # a metaclass returns a class
    return make(f"{cls.__name__}WithFaults", (cls,), body)


class _Faults:
    """Counts calls, and raises."""

    def __init__(self, fault: Fault) -> None:
        given: object = fault
        if not (callable(given) or isinstance(given, BaseException)):
            msg = f"a fault is an exception or a function of a number, got {given!r}"
            raise TypeError(msg)
        self._fault = fault
        self._calls = 0

    def strike(self) -> None:
        """Count one more call; raise if it is to fail."""
        self._calls += 1
        fault = self._fault
        if isinstance(fault, BaseException):
            raise fault
        if isinstance(fault, type):
            raise fault()
        error = fault(self._calls)
        if error is not None:
            raise error


def _faulty_hook(hook: Callable[..., Any], faults: _Faults) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(hook):

        @functools.wraps(hook)
        async def faulty_async(self: Actor[Any], *args: Any) -> None:
            faults.strike()
            await hook(self, *args)

        return faulty_async

    @functools.wraps(hook)
    def faulty(self: Actor[Any], *args: Any) -> Any:
        faults.strike()
        return hook(self, *args)

    return faulty


def _faulty_start_soon(cls: type[Actor[Any]], faults: _Faults) -> Callable[..., None]:
    def start_soon(
        self: Actor[Any], async_fn: Callable[..., Awaitable[object]], *args: Any
    ) -> None:
        call = getattr(async_fn, "__call__", None)  # noqa: B004 - an object with one
        if inspect.iscoroutinefunction(async_fn) or inspect.iscoroutinefunction(call):
            cls.start_soon(self, _faulty_task, faults, async_fn, args)
        else:
            cls.start_soon(self, async_fn, *args)  # refused there

    return start_soon


async def _faulty_task(
    faults: _Faults, async_fn: Callable[..., Awaitable[object]], args: tuple[Any, ...]
) -> None:
    faults.strike()
    await async_fn(*args)
