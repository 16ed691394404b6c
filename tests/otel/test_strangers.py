"""Providers of somebody's own: whose spans raise, that drop all, that hang."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
import trio
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import (
    NonRecordingSpan,
    NoOpTracer,
    Span,
    SpanContext,
    TraceFlags,
    get_current_span,
)
from opentelemetry.trace import Tracer as AnyTracer
from opentelemetry.trace import TracerProvider as AnyProvider
from trio.testing import wait_all_tasks_blocked

from actors import (
    Actor,
    Bounded,
    Completed,
    Failed,
    QueueFullError,
    Request,
    Turn,
    open_system,
)
from supervision import start_router
from supervision.otel import chat, instrument, tool, trace_headers

from .scene import Doer, Spans, id_of, nothing, parent_of
from .test_prompts import Narrow
from .test_turns import fail, hang


class Sour(NonRecordingSpan):
    """A span that takes nothing, and says so by raising."""

    def __init__(self, name: str, number: int, *, end: bool) -> None:
        super().__init__(
            SpanContext(1, number, is_remote=False, trace_flags=TraceFlags(1))
        )
        self.name = name
        self.ends = 0
        self.raises = end

    def _raise(self, *_: Any, **__: Any) -> NoReturn:
        raise ArithmeticError

    set_attribute = set_attributes = set_status = record_exception = _raise
    add_event = add_link = _raise

    def end(self, end_time: int | None = None) -> None:
        """Count it, and raise if it is to."""
        del end_time
        self.ends += 1
        if self.raises:
            raise ArithmeticError


class SourProvider(AnyProvider):
    """Makes them."""

    def __init__(self, *, end: bool) -> None:
        self.made: list[Sour] = []
        self.end = end

    def get_tracer(self, *_: Any, **__: Any) -> AnyTracer:
        """Give a tracer whose spans are sour."""
        provider = self

        class SourTracer(NoOpTracer):
            def start_span(self, name: str, *_: Any, **__: Any) -> Span:
                span = Sour(name, 1 + len(provider.made), end=provider.end)
                provider.made.append(span)
                return span

        return SourTracer()


class Ask(Request[None]):
    """Is answered."""


class Answerer(Actor[Ask | None]):
    """Answers; None is its crash."""

    def receive(self, message: Ask | None) -> None:
        if message is None:
            raise ValueError
        message.reply(None)


@pytest.mark.parametrize("end", [False, True])
async def test_spans_that_raise_harm_nobody(
    end: bool,  # noqa: FBT001
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever is said to them; each one that was begun ends, once."""
    provider = SourProvider(end=end)

    async def act(turn: Turn[Any, str]) -> str:
        await turn.checkpoint()
        with chat(turn, "small") as call, tool(turn, "search"):
            call.usage(input_tokens=1)
            call.answered(model="small-1")
            assert get_current_span().get_span_context().is_valid
        with contextlib.suppress(KeyError), chat(turn, "small"):
            raise KeyError
        await turn.run_child(fail)
        await turn.emit("word")
        return "done"

    with contextlib.suppress(ValueError):
        async with open_system() as system:
            instrument(system, tracer_provider=provider, prompts=True, messages=True)
            router = start_router(system, Narrow)
            receipt = router.send("ann", act)
            router.steer("ann", nothing)
            assert isinstance(await receipt.outcome(), Completed)
            async with router.open_turn("ann", act, stream=Bounded(2)) as words:
                assert [word async for word in words] == ["word"]
            assert isinstance(await router.send("ann", fail).outcome(), Failed)
            router.send("bob", hang)
            router.send("bob", nothing).withdraw()
            router.send("bob", nothing)
            with pytest.raises(QueueFullError):
                router.send("bob", nothing)
            answerer = system.start(Answerer)
            await answerer.ask(Ask())
            await wait_all_tasks_blocked()
            router.cancel("bob")
            await wait_all_tasks_blocked()
            await answerer.tell(None)

    assert Counter(each.name for each in provider.made) == {
        "turn /router": 5,
        "child turn /router": 2,
        "chat small": 4,
        "execute_tool search": 2,
        "send /router": 8,  # one of them is refused, and one taken back
        "receive Answerer": 2,
    }
    assert {each.ends for each in provider.made} == {1}
    told = {each.name for each in caplog.records if each.levelname == "WARNING"}
    assert "supervision.otel" in told


class Stuck(SpanExporter):
    """Exports nothing until it is let go: a collector that does not answer."""

    def __init__(self) -> None:
        self.reached, self.gate = threading.Event(), threading.Event()
        self.got = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Wait, and then count."""
        self.reached.set()
        self.gate.wait(60)
        self.got += len(spans)
        return SpanExportResult.SUCCESS


async def test_an_exporter_that_hangs_holds_up_nobody() -> None:
    """What is too much for its queue is dropped; the turns go on meanwhile."""
    exporter = Stuck()
    provider = TracerProvider(shutdown_on_exit=False)
    batches = BatchSpanProcessor(exporter, max_queue_size=8, max_export_batch_size=4)
    provider.add_span_processor(batches)
    try:
        async with open_system() as system:
            instrument(system, tracer_provider=provider)
            router = start_router(system, Doer)
            for _ in range(4):
                await router.send("ann", nothing).outcome()
            assert await trio.to_thread.run_sync(exporter.reached.wait, 60)
            outcomes = [await router.send("ann", nothing).outcome() for _ in range(40)]
        assert {type(each) for each in outcomes} == {Completed}
    finally:
        exporter.gate.set()
        with trio.move_on_after(60, shield=True):
            await trio.to_thread.run_sync(provider.shutdown)

    assert 4 <= exporter.got < 44


async def test_what_is_not_sampled_is_in_the_trace_all_the_same() -> None:
    """Nobody sees a span of it, and those who are called are told not to sample."""
    spans = Spans(sampler=ALWAYS_OFF)
    seen: list[str] = []

    async def act(turn: Turn[Any, str]) -> None:
        with chat(turn, "small") as call, tool(turn, "search"):
            assert not call.span.is_recording()
            seen.append(trace_headers()["traceparent"])
        seen.append(trace_headers()["traceparent"])

    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider, prompts=True, messages=True)
        router = start_router(system, Doer)
        assert isinstance(await router.send("ann", act).outcome(), Completed)
        await system.start(Answerer).ask(Ask())

    assert spans.all == ()
    (_, trace, _, flags), (_, same, _, _) = (each.split("-") for each in seen)
    assert trace == same
    assert not int(flags, 16) & TraceFlags.SAMPLED


class OnceBroken(SpanProcessor):
    """Raises at the first span of a turn."""

    broken = False

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Raise."""
        del parent_context
        if span.name.startswith("turn") and not self.broken:
            self.broken = True
            raise OSError


async def test_a_turn_whose_span_cannot_be_made_is_no_prompt_without_a_turn() -> None:
    """It has no span then, and neither has its prompt; the next one has."""
    spans = Spans()
    spans.provider.add_span_processor(OnceBroken())
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider)
        router = start_router(system, Doer)
        await router.send("ann", fail).outcome()
        await router.send("ann", nothing).outcome()

    assert spans.tree() == "turn /router"


async def test_two_systems_are_two() -> None:
    """Each with its provider; the trace goes on from one into the other."""
    one, two = Spans(), Spans()
    async with open_system() as first, open_system() as second:
        tracing = instrument(first, tracer_provider=one.provider)
        instrument(second, tracer_provider=two.provider)
        front, back = start_router(first, Doer), start_router(second, Doer)

        async def act(turn: Turn[Any, str]) -> None:
            del turn
            await back.send("bob", nothing).outcome()

        await front.send("ann", act).outcome()
        tracing.close()
        await front.send("ann", act).outcome()

    turn = one.one("turn")
    inside, alone = two.named("turn")
    assert (parent_of(inside), parent_of(alone)) == (id_of(turn), None)
