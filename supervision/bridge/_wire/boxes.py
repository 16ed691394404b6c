"""`Box`: a place for one result, put there by one thread, awaited by any other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, cast

T = TypeVar("T")

Wake = Callable[[], object]
"""Tells whoever waits that there is something; any thread may call it."""


class Source(Protocol):
    """What can be waited for."""

    def add(self, wake: Wake) -> bool:
        """Have `wake` called when there is something; False: there is, look at once."""
        ...

    def remove(self, wake: Wake) -> None:
        """It is not wanted any more."""
        ...


class Box(Generic[T]):
    """One result, or one error; the first counts."""

    __slots__ = ("_error", "_full", "_lock", "_value", "_wakes")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._full = False
        self._value: T | None = None
        self._error: BaseException | None = None
        self._wakes: list[Wake] = []

    @property
    def full(self) -> bool:
        """Whether there is a result."""
        return self._full

    @property
    def error(self) -> BaseException | None:
        """The error that it holds; None: a value, or nothing yet."""
        return self._error

    def put(self, value: T) -> None:
        """Put the result in, unless there is one."""
        self._fill(value, None)

    def fail(self, error: BaseException) -> None:
        """Put an error in, unless there is a result."""
        self._fill(None, error)

    def get(self) -> T:
        """Give the result, or raise the error; it must be there."""
        assert self._full
        if self._error is not None:
            raise self._error
        return cast("T", self._value)

    def add(self, wake: Wake) -> bool:
        """Have `wake` called when there is a result; False: there is one."""
        with self._lock:
            if self._full:
                return False
            self._wakes.append(wake)
            return True

    def remove(self, wake: Wake) -> None:
        """It is not wanted any more."""
        with self._lock:
            if wake in self._wakes:
                self._wakes.remove(wake)

    def _fill(self, value: T | None, error: BaseException | None) -> None:
        with self._lock:
            if self._full:
                return
            self._value, self._error, self._full = value, error, True
            wakes, self._wakes = self._wakes, []
        for wake in wakes:
            wake()
