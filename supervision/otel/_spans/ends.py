"""What an outcome, or an exception, is to a span.

OpenTelemetry's own blocks look at `Exception` only: a span that a cancellation leaves
stays as if all were well, and so does one that is left by a group of an error and a
cancellation.  So every status here is set by hand, from what it has come to.

Completed, steered and withdrawn: nobody has failed, the status stays unset.  All else
is an error, whoever wanted it so; `error.type` tells them apart.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import trio
from opentelemetry.trace import Span, Status, StatusCode

from actors import (
    Aborted,
    Completed,
    Failed,
    Lost,
    Outcome,
    Rejected,
    Steered,
    TimedOut,
    Withdrawn,
)

from .names import ERROR_TYPE, LATE, OUTCOME

CANCELLED: Final = "cancelled"
"""`error.type` of what a cancellation has ended."""
_MOST: Final = 500  # characters of a description that are kept
_GROUP: Any = BaseExceptionGroup  # Any: checkers ask of what it is
_FINE: Final = (Steered, Withdrawn)
_log = logging.getLogger("supervision.otel")


def end_with(span: Span, outcome: Outcome) -> None:
    """End a span with what its turn, or its prompt, has come to."""
    kind = type(outcome)
    try:
        if kind is not Completed:  # nearly all are: each attribute costs 2 us
            span.set_attribute(OUTCOME, kind.__name__)
            if outcome.late:
                span.set_attribute(LATE, value=True)
            if isinstance(outcome, Failed):
                fail(span, outcome.error)
            elif kind not in _FINE:
                mark(span, kind.__name__, _said(outcome))
    finally:
        span.end()


def _said(outcome: Outcome) -> str:
    match outcome:
        case TimedOut(limit=limit):
            return limit.value
        case Aborted(reason=reason) | Rejected(reason=reason) | Lost(reason=reason):
            return "" if reason is None else text_of(reason)
        case _:
            return ""


def fail(span: Span, error: BaseException) -> None:
    """Say that an exception has ended it; the span is still open."""
    crash = crash_in(error)
    if crash is None:
        mark(span, CANCELLED, "")
        return
    with GUARD:  # it cannot be printed, say
        span.record_exception(crash)
    mark(span, name_of(type(crash)), text_of(crash))


def text_of(value: object) -> str:
    """Give its `str`; empty: it has none, for that raises."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a stranger's
        return ""


def crash_in(error: BaseException) -> BaseException | None:
    """Give what of it is no cancellation; of a group of one, that one."""
    if isinstance(error, (trio.Cancelled, GeneratorExit)):
        return None
    group: Any = error
    while isinstance(group, _GROUP):
        _, group = group.split(trio.Cancelled)
        if group is None or len(group.exceptions) != 1:
            break
        group = group.exceptions[0]
    found: BaseException | None = group
    return found


def mark(span: Span, kind: str, text: str) -> None:
    """Set the status to an error of this kind; the span is still open."""
    span.set_attribute(ERROR_TYPE, kind)
    span.set_status(Status(StatusCode.ERROR, text[:_MOST] or kind))


def name_of(kind: type) -> str:
    """Name a class as recorded exceptions are named."""
    module = kind.__module__
    name = kind.__qualname__
    return name if module == "builtins" else f"{module}.{name}"


class _Guard:
    """What a provider raises in this block is told, and nobody else sees it."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> bool:
        if isinstance(error, Exception):
            complain(error)
            return True
        return False


GUARD: Final = _Guard()


def complain(error: Exception) -> None:
    """Write down that a span could not be made or ended."""
    _log.warning("a span could not be made or ended", exc_info=error)
