"""Tracing: what turns cost that are spans of OpenTelemetry.

Needs `opentelemetry-sdk`, which is imported when it is measured.
"""

import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
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
    `span_us` is what is added to the last. The contender `plain` has no spans.
    """

    count = 1_000
    floor = "plain"
    short = True

    async def ours(self, run: Run) -> None:
        """Of three kinds of turns, with spans and without."""
        ratios: dict[str, float] = {}
        kinds: list[tuple[str, type[Session[int, int]], Take]] = [
            ("empty_ratio", Replier, ask),
            ("suspending_ratio", Suspender, ask),
            ("time_ratio", Answerer, read),
        ]
        each = max(1, run.count // SLICES)
        spent: list[tuple[float, float]] = []
        for name, make, take in kinds:
            spent, right, spans = await self._measure(make, take, each)
            run.equal(right, 2 * SLICES * each, "right answers")
            run.equal(spans, SLICES * each, "spans")
            ratios[name] = median(traced / plain for traced, plain in spent)
            if take is ask and make is Replier:
                added = median(traced - plain for traced, plain in spent)
                ratios["span_us"] = added / each * 1e6
        run.elapsed(sum(traced for traced, _ in spent), SLICES * each)
        run.note(**ratios)

    async def _measure(
        self, make: type[Session[int, int]], take: Take, each: int
    ) -> tuple[list[tuple[float, float]], int, int]:
        """Give the seconds of slices with and without, right answers and spans."""
        exporter, instrument = _exporting()
        spent: list[tuple[float, float]] = []
        right = spans = 0
        async with AsyncExitStack() as stack:
            systems = [await stack.enter_async_context(open_system()) for _ in range(2)]
            instrument(systems[0])
            routers = [route_to(system, make) for system in systems]
            for router in routers:
                await take(router, each)
            gc.collect()
            gc.freeze()
            for number in range(SLICES):
                exporter.clear()
                pair = [0.0, 0.0]
                for which in (0, 1) if number % 2 else (1, 0):
                    started = time.process_time()
                    right += await take(routers[which], each)
                    pair[which] = time.process_time() - started
                spans += len(exporter.get_finished_spans())
                spent.append((pair[0], pair[1]))
        return spent, right, spans

    async def plain(self, run: Run) -> None:
        """Without spans."""
        async with open_system() as system:
            router = route_to(system, Answerer)
            started = time.process_time()
            right = await read(router, run.count)
            run.elapsed(time.process_time() - started, run.count)
        run.equal(right, run.count, "right answers")


def _exporting() -> tuple[Any, Callable[[Any], object]]:
    """Give an exporter in memory, and what has a system traced there."""
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )

    from supervision.otel import instrument  # noqa: PLC0415

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter, lambda system: instrument(system, tracer_provider=provider)
