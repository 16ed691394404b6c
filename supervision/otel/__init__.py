"""OpenTelemetry: a span for each turn, found again across processes and restarts.

Needs `trio-actors[otel]`; nothing else imports it, and where it is not used nothing of
it costs anything.  `instrument(system)` is all; inside of a turn `chat` and `tool` add
spans of calls of a model and of tools, `trace_headers` carries a trace on (`origin`),
`TraceFilter` puts its ids into the log.

What spans look like follows OpenTelemetry's conventions for messaging and for
generative AI; neither is stable yet, so their names are written out in one place.
What prompts and answers say is in no span.  In reading order:

    _spans/     how prompts, turns and messages become spans
"""

from ._spans.calls import ModelCall, chat, tool
from ._spans.carrying import entered, trace_headers
from ._spans.logs import TraceFilter
from ._spans.tracing import Tracing, instrument

__all__ = (
    "ModelCall",
    "TraceFilter",
    "Tracing",
    "chat",
    "entered",
    "instrument",
    "tool",
    "trace_headers",
)
