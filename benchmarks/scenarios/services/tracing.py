"""Tracing: what turns cost that are spans of OpenTelemetry.

Needs `opentelemetry-sdk`, which is imported when it is measured.
"""

import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from statistics import median
from typing import Any, Final

import trio

from actors import Bounded, Completed, Session, Turn, open_system
from benchmarks.load import UNREAD
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.sessions.cast import Replier, route_to
from benchmarks.scenarios.sessions.pooling import Suspender
from supervision import RouterRef

SLICES: Final = 40
"""How often turns with and without spans are measured, in turns."""
WORDS: Final = 100
"""Chunks of an answer."""

Take = Callable[[RouterRef[int, int], int], Awaitable[int]]
Spent = tuple[float, float, float]
"""Seconds of processor time: with spans, without, with one by hand."""


class Answerer(Session[int, int]):
    """Uses a tool, and says words that come one at a time, as from a model."""

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Say them."""
        with turn.tool("search"):
            await trio.lowlevel.checkpoint()
        for word in range(WORDS):
            await trio.lowlevel.checkpoint()
            await turn.emit(word)
        return turn.prompt + 1


async def ask(router: RouterRef[int, int], count: int) -> int:
    """One turn after the other; return how many were right."""
    right = 0
    for value in range(count):
        outcome = await router.send("key", value).outcome()
        right += isinstance(outcome, Completed) and outcome.result == value + 1
    return right


async def read(router: RouterRef[int, int], count: int) -> int:
    """One answer after the other, chunk by chunk; return how many were whole."""
    right = 0
    for value in range(count):
        stream = router.open_turn("key", value, stream=Bounded(UNREAD))
        async with stream as answer:
            words = [word async for word in answer]
        right += words == list(range(WORDS))
    return right


class TurnTraced(Scenario):
    """Answers of 100 chunks that are read, each of them a span kept in memory.

    `time_ratio` is the processor time of such a turn over that of one without, the
    median of slices that follow each other in one process; `suspending_ratio` and
    `empty_ratio` are those of turns that suspend twice, and that answer at once;
    `span_us` is what is added to the last. What names `hand` is of turns around whose
    code a bare span of the SDK with the same attributes is begun and ended by hand: it
    is nobody's parent, and a floor. The contender `plain` has no spans.
    """

    count = 1_000
    floor = "plain"
    short = True

    async def ours(self, run: Run) -> None:
        """Of three kinds of turns, with spans and without."""
        notes: dict[str, float] = {}
        kinds: list[tuple[str, type[Session[int, int]], Take]] = [
            ("empty_ratio", Replier, ask),
            ("suspending_ratio", Suspender, ask),
            ("time_ratio", Answerer, read),
        ]
        each = max(1, run.count // SLICES)
        spent: list[Spent] = []
        for name, make, take in kinds:
            spent, right, spans = await self._measure(make, take, each)
            run.equal(right, 3 * SLICES * each, "right answers")
            run.equal(spans, 2 * SLICES * each, "spans")
            notes[name] = median(traced / plain for traced, plain, _ in spent)
            notes[f"hand_{name}"] = median(hand / plain for _, plain, hand in spent)
            if take is ask and make is Replier:
                added = median(traced - plain for traced, plain, _ in spent)
                notes["span_us"] = added / each * 1e6
                added = median(hand - plain for _, plain, hand in spent)
                notes["hand_span_us"] = added / each * 1e6
        run.elapsed(sum(traced for traced, _, _ in spent), SLICES * each)
        run.note(**notes)

    async def _measure(
        self, make: type[Session[int, int]], take: Take, each: int
    ) -> tuple[list[Spent], int, int]:
        """Give the seconds of slices, how many answers were right, and the spans."""
        exporter, provider, instrument = _exporting()
        spent: list[Spent] = []
        right = spans = 0
        makes = (make, make, by_hand(make, provider.get_tracer("by hand")))
        async with AsyncExitStack() as stack:
            systems = [await stack.enter_async_context(open_system()) for _ in makes]
            instrument(systems[0])
            routers = [
                route_to(system, each)
                for system, each in zip(systems, makes, strict=True)
            ]
            for router in routers:
                await take(router, each)
            gc.collect()
            gc.freeze()
            for number in range(SLICES):
                exporter.clear()
                taken = [0.0, 0.0, 0.0]
                for which in (0, 1, 2) if number % 2 else (2, 1, 0):
                    started = time.process_time()
                    right += await take(routers[which], each)
                    taken[which] = time.process_time() - started
                spans += len(exporter.get_finished_spans())
                spent.append((taken[0], taken[1], taken[2]))
        return spent, right, spans

    async def plain(self, run: Run) -> None:
        """Without spans."""
        async with open_system() as system:
            router = route_to(system, Answerer)
            started = time.process_time()
            right = await read(router, run.count)
            run.elapsed(time.process_time() - started, run.count)
        run.equal(right, run.count, "right answers")


def by_hand(make: type[Session[int, int]], tracer: Any) -> type[Session[int, int]]:
    """Give sessions whose turns have a bare span of the SDK around their code."""
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    take: Any = make.take_turn
    facts = {
        "messaging.system": "actors",
        "messaging.operation.name": "turn",
        "messaging.operation.type": "process",
        "messaging.destination.name": "/router",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": make.__name__,
    }

    async def take_turn(self: Any, turn: Turn[int, int]) -> int:
        attributes: dict[str, Any] = facts.copy()
        attributes["gen_ai.conversation.id"] = turn.key
        attributes["actors.turn.id"] = turn.id
        span = tracer.start_span("turn", None, SpanKind.CONSUMER, attributes)
        try:
            answer: int = await take(self, turn)
        finally:
            span.end()
        return answer

    return type(make.__name__, (make,), {"take_turn": take_turn})


def _exporting() -> tuple[Any, Any, Callable[[Any], object]]:
    """Give an exporter in memory, its provider, and what has a system traced there."""
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )

    from supervision.otel import instrument  # noqa: PLC0415

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace = partial(instrument, tracer_provider=provider)
    return exporter, provider, trace
