"""The messages of actors, as spans: by wish, for they cost more than messages do.

A message is a CONSUMER span while `receive` has it.  What is asked is a child of its
asker's span, who waits for it.  What is told has a trace of its own and a link to where
it came from: a timer that tells itself the next tick would make one trace without end.
"""

from __future__ import annotations

from typing import Any, Final, get_args

from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Tracer,
    get_current_span,
    set_span_in_context,
)

from actors import (
    AnyRef,
    MessageAccepted,
    MessageBegun,
    MessageEnd,
    MessageEnded,
    Request,
)
from actors.hosting import READY, SUSPEND, TurnRun, actor_of

from . import names
from .ends import GUARD, mark

_REQUEST: Any = Request  # Any: a checker would lose its type arguments
_NEWS: Final = (READY, SUSPEND)  # what routers tell their sessions
_NOTHING: Final = Context()

Event = MessageAccepted | MessageBegun | MessageEnded
EVENTS: Final = get_args(Event)


class MessageTracer:
    """Who follows the messages of one system.

    Args:
        tracer: makes the spans.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        # {(its actor, its number): whether it is asked, and its sender's context}
        self._sent: dict[tuple[AnyRef, int], tuple[bool, Context]] = {}
        self._open: dict[tuple[AnyRef, int], Span] = {}  # of messages being handled

    def hear(self, event: Event) -> None:
        """Hear what happens to a message."""
        with GUARD:
            if isinstance(event, MessageAccepted):
                self._accepted(event)
            elif isinstance(event, MessageBegun):
                self._begun(event)
            else:
                self._ended(event)

    def close(self) -> None:
        """No more messages: what is open ends."""
        spans, self._open = self._open, {}
        self._sent.clear()
        for span in spans.values():
            with GUARD:
                span.end()

    def _accepted(self, event: MessageAccepted) -> None:
        message = event.message
        if any(message is each for each in _NEWS) or isinstance(message, TurnRun):
            return
        asked = isinstance(message, _REQUEST)
        self._sent[event.ref, event.number] = (asked, get_current())

    def _begun(self, event: MessageBegun) -> None:
        at = (event.ref, event.number)
        sent = self._sent.pop(at, None)
        if sent is None:
            return
        asked, context = sent
        origin = get_current_span(context).get_span_context()
        links = None
        if not asked:
            context = _NOTHING
            links = [Link(origin)] if origin.is_valid else None
        kind = type(actor_of(event.ref)).__name__
        attributes = {
            names.SYSTEM: names.US,
            names.OPERATION: "receive",
            names.OPERATION_TYPE: "process",
            names.DESTINATION: event.ref.path,
            names.TEMPLATE: kind,
        }
        span = self._tracer.start_span(
            f"receive {kind}", context, SpanKind.CONSUMER, attributes, links
        )
        self._open[at] = span
        attach(set_span_in_context(span, context))

    def _ended(self, event: MessageEnded) -> None:
        at = (event.ref, event.number)
        self._sent.pop(at, None)
        span = self._open.pop(at, None)
        if span is None:
            return
        if get_current_span() is span:  # else this is somebody else's context
            attach(_NOTHING)
        try:
            if event.end is MessageEnd.DEAD:
                mark(span, "crashed", "the actor crashed on it, or was killed with it")
        finally:
            span.end()
