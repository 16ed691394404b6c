"""What the tests share: an exporter in memory, a session that does what it is told."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, TypeAlias

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import Tracer

from actors import ActorSystem, Session, Turn, TurnPolicy, open_system
from supervision import Limits, RouterRef, start_router
from supervision.otel import instrument

Do: TypeAlias = Callable[[Turn[Any, str]], Awaitable[object]]


class Doer(Session[Do, str]):
    """Does what it is told."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10, abort_grace=1)

    async def take_turn(self, turn: Turn[Do, str]) -> object:
        """Do it."""
        return await turn.prompt(turn)


async def nothing(turn: Turn[Any, str]) -> None:
    """Complete at once."""


class Spans:
    """What has been exported."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def tracer(self) -> Tracer:
        """For spans of a test's own."""
        return self.provider.get_tracer("test")

    @property
    def all(self) -> Sequence[ReadableSpan]:
        """In the order of their ends."""
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """Those whose name begins with this."""
        return [each for each in self.all if each.name.startswith(name)]

    def one(self, name: str) -> ReadableSpan:
        """The only one whose name begins with this."""
        (found,) = self.named(name)
        return found

    def tree(self) -> str:
        """Draw what hangs under what, a span a line, by begin."""
        spans = sorted(self.all, key=lambda each: each.start_time or 0)
        here = {each.context.span_id for each in spans if each.context}
        lines: list[str] = []

        def draw(span: ReadableSpan, depth: int) -> None:
            lines.append("  " * depth + span.name)
            for each in spans:
                if each.parent and each.parent.span_id == id_of(span):
                    draw(each, depth + 1)

        for each in spans:
            if each.parent is None or each.parent.span_id not in here:
                draw(each, 0)
        return "\n".join(lines)


def id_of(span: ReadableSpan) -> int:
    """Its id."""
    assert span.context is not None
    span_id: int = span.context.span_id
    return span_id


def trace_of(span: ReadableSpan) -> int:
    """The id of its trace."""
    assert span.context is not None
    trace_id: int = span.context.trace_id
    return trace_id


def parent_of(span: ReadableSpan) -> int | None:
    """The id of its parent."""
    return span.parent.span_id if span.parent is not None else None


def links_of(span: ReadableSpan) -> list[int]:
    """The ids of the spans that it has links to."""
    return sorted(each.context.span_id for each in span.links)


def facts(span: ReadableSpan) -> Mapping[str, Any]:
    """Its attributes."""
    return span.attributes or {}


def status(span: ReadableSpan) -> tuple[str, str | None]:
    """Its status, and what kind of error it says."""
    kind = facts(span).get("error.type")
    return span.status.status_code.name, kind


@asynccontextmanager
async def traced(
    make: type[Session[Any, Any]] = Doer, limits: Limits | None = None, **options: Any
) -> AsyncGenerator[tuple[Spans, RouterRef[Any, Any], ActorSystem]]:
    """Open a system that is instrumented, and a router in it."""
    spans = Spans()
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider, **options)
        yield spans, start_router(system, make, limits=limits), system
