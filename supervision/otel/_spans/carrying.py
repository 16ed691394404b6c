"""Whose trace a prompt is in: its sender's context, or headers in its `origin`.

Within the process a prompt has the context variables of its sender, the trace among
them.  What a store keeps of it for another process is its `origin`, so who wants a
trace to go on after `kill -9`, or on another node, puts headers there.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import Context as Variables
from typing import Any, Final

from opentelemetry import propagate
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import get_current_span

_MAPPING: Any = Mapping  # Any: checkers ask of what it is
_NOTHING: Final = Context()
_BESIDE: Final = {"baggage"}  # no trace is in it; it may be something of the sender's


def trace_headers(source: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Give the headers that carry a trace on, `{"traceparent": "00-..."}` by default.

    For `origin`, alone or among what is yours: `origin={"chat": 7, **trace_headers()}`.
    A mapping with such headers is looked at when the turn begins, if its sender was in
    no trace or lived in another process.  Which headers there are, the global
    propagator of OpenTelemetry says: W3C's by default.

    Args:
        source: headers of a request, to go on with its trace; names in any case.
            Default None: the span that is current here.

    Returns:
        Empty: there is no trace to go on with.

    Raises:
        TypeError: `source` is no mapping.
    """
    if source is None:
        headers: dict[str, str] = {}
        propagate.inject(headers)
        return headers
    _check("source", source)
    wanted = propagate.get_global_textmap().fields
    given = {str(name).lower(): value for name, value in source.items()}
    found = {name: given.get(name.lower()) for name in sorted(wanted)}
    return {name: str(value) for name, value in found.items() if value is not None}


@contextmanager
def entered(headers: Mapping[str, Any]) -> Generator[None]:
    """Be in the trace of these headers: what is sent inside of the block is part of it.

    For a request that no instrumentation of its framework has looked at:
    `with entered(request.headers): router.send(...)`.  Without a trace in them, or with
    one that cannot be read, it does nothing.

    Raises:
        TypeError: not a mapping.
    """
    _check("headers", headers)
    token = attach(propagate.extract(trace_headers(headers), get_current()))
    try:
        yield
    finally:
        detach(token)


def context_of(variables: Variables, origin: Any) -> Context:  # Any: as it was sent
    """Give the context that a prompt was sent in; empty: it was sent in no trace.

    Args:
        variables: the context variables of its sender.
        origin: what it was sent with.
    """
    try:
        context = variables.run(get_current)
    except RuntimeError:  # somebody is in them just now
        context = variables.copy().run(get_current)
    if context and get_current_span(context).get_span_context().is_valid:
        return context
    if (
        origin is not None  # nearly always it is; the question costs more than all else
        and isinstance(origin, _MAPPING)
    ):
        headers = trace_headers(origin)
        if headers.keys() - _BESIDE:
            return propagate.extract(headers, context)
    return context


def _check(name: str, given: object) -> None:
    if not callable(getattr(given, "items", None)):  # frameworks have their own kinds
        msg = f"{name} must be a mapping such as request.headers, got {given!r}"
        raise TypeError(msg)


def leave_trace() -> None:
    """Be in no trace from here on, in the context variables that are in force."""
    if get_current():
        attach(_NOTHING)
