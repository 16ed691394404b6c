"""The checks of what users give to sessions and turns: clear errors at the call."""

from __future__ import annotations

import functools
import inspect


def is_async(function: object) -> bool:
    """Whether it is an async function, also inside a partial or as `__call__`."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    call = getattr(inner, "__call__", None)  # noqa: B004 - an object with one
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(call)


def check_async(what: str, async_fn: object) -> None:
    """Refuse what is no async function.

    Raises:
        TypeError: it is none.
    """
    if not is_async(async_fn):
        msg = f"{what} takes an async function and its arguments, got {async_fn!r}"
        raise TypeError(msg)


def check_key(key: object) -> None:
    """Refuse what cannot be a session's key.

    Raises:
        TypeError, ValueError: not a non-empty str.
    """
    if not isinstance(key, str):
        msg = f"a session's key must be a str, got {key!r}"
        raise TypeError(msg)
    if not key:
        msg = "a session's key must not be empty"
        raise ValueError(msg)
