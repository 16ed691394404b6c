"""`TraceFilter`: which trace a line of the log belongs to."""

from __future__ import annotations

import logging

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span


class TraceFilter(logging.Filter):
    """Lets everything through, with `trace_id` and `span_id` of the current span.

    Add it to handlers: `handler.addFilter(TraceFilter())`; the JSON log of a service
    shows both.  Hexadecimal, as in `traceparent`.  Records that are made in no span get
    neither, and fields that a record has already stay as they are.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add them."""
        found = get_current_span().get_span_context()
        if found.is_valid:
            fields = record.__dict__
            fields.setdefault("trace_id", format_trace_id(found.trace_id))
            fields.setdefault("span_id", format_span_id(found.span_id))
        return True
