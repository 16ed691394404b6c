"""What counts as a crash, and how it is told.

Exceptions stop at the cell: what of one is the actor's crash and what must leave the
system is decided here, once.  Knows nothing of cells.
"""

from __future__ import annotations

import inspect
from typing import Any, cast

import trio


def split_crash(error: BaseException) -> tuple[Exception | None, BaseException | None]:
    """What of `error` is a crash, and what must go on to the top.

    KeyboardInterrupt and SystemExit are never swallowed; mixed groups are split.
    """
    if isinstance(error, Exception):
        return error, None
    if isinstance(error, trio.Cancelled):
        crash = RuntimeError("a trio.Cancelled escaped that nobody here had caused")
        crash.__cause__ = error
        return crash, None
    if isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error)
        crashes, others = error.split(Exception)
        rest: BaseException | None = others
        if others is not None:
            rest = others.split(trio.Cancelled)[1]
        return crashes, rest
    return None, error


def shown(message: object) -> str:
    """A message for a person; its `repr` is a stranger's code and may fail."""
    try:
        return f"{message!r:.200}"
    except Exception as error:  # noqa: BLE001 - it must not hide the crash
        return f"a {type(message).__name__} whose repr() fails: {error!r:.100}"


def refuse_result(result: Any, what: str) -> None:
    """Crash on a hook that returns what it must not.

    Raises:
        TypeError: always.
    """
    if inspect.iscoroutine(result):
        result.close()
        msg = f"{what} returned a coroutine; declare it `async def`"
    else:
        msg = f"{what} must return None, got {result!r}"
    raise TypeError(msg)
