"""What counts as a crash, and how it is told.

Exceptions stop at the cell: what of one is the actor's crash and what must leave the
system is decided here, once; and what is only the news of a crash, so that each is told
once.  Knows nothing of cells.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Iterator
from typing import Any, Final, cast

import trio

from actors.errors import ActorCrashedError, ActorStoppedError


def split_crash(error: BaseException) -> tuple[Exception | None, BaseException | None]:
    """What of `error` is a crash, and what must go on to the top.

    KeyboardInterrupt and SystemExit are never swallowed; mixed groups are split.  A
    cancellation that is none of this system's, Trio's or asyncio's, is a crash.
    """
    if isinstance(error, Exception):
        return error, None
    if isinstance(error, trio.Cancelled):
        crash = RuntimeError("a trio.Cancelled escaped that nobody here had caused")
        crash.__cause__ = error
        return crash, None
    stray = stray_of(error)
    if stray is not None:
        return stray, None
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        crashes, others = group.split(Exception)
        rest: BaseExceptionGroup[BaseException] | None = others
        if others is not None:
            strays, rest = others.split(_is_stray)
            if strays is not None:
                both = [] if crashes is None else [*crashes.exceptions]
                crashes = ExceptionGroup(group.message, [*both, _stray(strays)])
        if rest is not None:
            rest = rest.split(trio.Cancelled)[1]
        return crashes, rest
    return None, error


def stray_of(error: BaseException) -> Exception | None:
    """The crash that asyncio's cancellation is here; None: it is something else.

    It is no Exception, so that asyncio's own code lets it through, and nobody here has
    cancelled anything by it: a library for asyncio has, or a loop in a thread.
    """
    return _stray(error) if _is_stray(error) else None


def _is_stray(error: BaseException) -> bool:
    asyncio = sys.modules.get("asyncio.exceptions")  # else nobody has raised it
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _stray(error: BaseException) -> Exception:
    crash = RuntimeError(
        "an asyncio.CancelledError escaped: it cancels nothing here, where Trio runs; "
        "a library for asyncio, or a loop in a thread, has raised it"
    )
    crash.__cause__ = error
    return crash


def without_news(
    error: BaseException, crash: BaseException, where: str
) -> BaseException | None:
    """What is left of `error` beside the news of `crash`; None: nothing.

    News is what a task got that talked to the actor that crashed.  It says nothing that
    the crash does not say better; what it knows more, where that was, becomes a note of
    the crash.
    """
    causes = {id(each) for each in _causes(crash)}

    def is_news(each: BaseException) -> bool:
        if each is crash:
            return True
        told = isinstance(each, ActorCrashedError | ActorStoppedError)
        return told and any(id(cause) in causes for cause in _causes(each))

    news: BaseException | None
    rest: BaseException | None
    if isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error)
        news, rest = error.split(is_news)
    else:
        news, rest = (error, None) if is_news(error) else (None, error)
    if news is not None and news is not crash and (place := _place(error)):
        crash.add_note(f"met by {where}, as {type(news).__name__}: {place}")
    return rest


def told_once(errors: list[BaseException], where: str) -> list[BaseException]:
    """The same without those that are only the news of another."""
    left = errors
    for crash in errors:
        if any(each is crash for each in left):
            rests = [
                each if each is crash else without_news(each, crash, where)
                for each in left
            ]
            left = [rest for rest in rests if rest is not None]
    return left


def _causes(error: BaseException) -> Iterator[BaseException]:
    """It, what it was raised from, and the parts of groups among them."""
    found: list[BaseException | None] = [error]
    seen: set[int] = set()
    for each in found:
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        found.append(each.__cause__)
        if isinstance(each, BaseExceptionGroup):
            found += cast("BaseExceptionGroup[BaseException]", each).exceptions


def _place(error: BaseException) -> str:
    """The first line of the user's code that it went through, as tracebacks say it."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        room = str(frame.f_globals.get("__name__")).partition(".")[0]
        if room not in {"actors", "trio"} and not code.co_flags & _GENERATORS:
            return f'File "{code.co_filename}", line {line}, in {code.co_name}'
    return ""


# such a frame is a block, by `@asynccontextmanager`, around the code that is meant
_GENERATORS: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


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
