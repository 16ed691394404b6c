#!/usr/bin/env bash
# OpenTelemetry + Trio: a span inside a cancelled nursery shows no error, its caller gets one.
#
# A span that is left by an exception is marked ERROR and records it.  The guess is that
# this holds for whatever error the caller then sees.  When a task fails while its siblings
# are cancelled from outside, what passes through the span is a *BaseExceptionGroup* of the
# error and of Cancelled; the SDK heeds subclasses of Exception only, so the span is ended
# with status UNSET and without the error.  Further out the cancel scope takes its
# Cancelled out of the group, and the error arrives: the trace says nothing of what the log
# is full of.  Open the span outside of the deadline, or set its status by hand.
#
# Seen with opentelemetry-sdk 1.44.0, Trio 0.35.0 on Python 3.11:
#
#     alone:                  caller sees ValueError, span is ERROR, 1 event
#     beside a cancellation:  caller sees ValueError, span is UNSET, 0 events
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet opentelemetry-sdk==1.44.0 trio==0.35.0

"$work/venv/bin/python" - <<'PY'
import sys
import trio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

memory = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(memory))
tracer = provider.get_tracer("finding")

async def fails_when_cancelled():
    try:
        await trio.sleep_forever()
    finally:
        raise ValueError("clean-up failed")

async def work(cancelled):
    with trio.CancelScope() as scope:
        with tracer.start_as_current_span("work"):
            async with trio.open_nursery() as nursery:
                if cancelled:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(fails_when_cancelled)
                    await trio.testing.wait_all_tasks_blocked()
                    scope.cancel()
                    await trio.lowlevel.checkpoint()
                else:
                    raise ValueError("clean-up failed")

import trio.testing

seen = []
for cancelled in (False, True):
    memory.clear()
    try:
        trio.run(work, cancelled)
        caller = None
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        caller = type(error).__name__
    (span,) = memory.get_finished_spans()
    seen.append((caller, span.status.status_code.name, len(span.events)))
for name, (caller, status, events) in zip(("alone:                 ", "beside a cancellation: "), seen):
    print(f"{name} caller sees {caller}, span is {status}, {events} event{'s' * (events != 1)}")
sys.exit(seen != [("ValueError", "ERROR", 1), ("ValueError", "UNSET", 0)])
PY
