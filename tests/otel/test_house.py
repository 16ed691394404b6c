"""What is off, what is closed, what is refused, what a broken provider does."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import trio
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace import TracerProvider as SdkProvider
from opentelemetry.trace import NoOpTracerProvider

from actors import Actor, Completed, Turn, open_system
from actors.hosting import TurnRun, hub_of
from supervision import start_router
from supervision.otel import chat, entered, instrument, tool, trace_headers

from .scene import Doer, Spans, nothing, traced


def test_nothing_else_imports_it() -> None:
    """Not the package itself: who does not ask for it does not load it."""
    code = (
        "import sys, actors, supervision, supervision.durable, supervision.http,"
        " supervision.bridge, supervision.control, supervision.cli;"
        "print([each for each in sys.modules if each.startswith('opentelemetry')])"
    )
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


async def test_off_is_as_if_it_were_not_there() -> None:
    """Turns are made of the plain class, nobody listens, nothing is noted."""
    async with open_system() as system:
        router = start_router(system, Doer)
        hub = hub_of(system)
        await router.send("ann", nothing).outcome()

        assert router._house().make_run is TurnRun
        assert router._house().tracer is None
        assert (hub.fresh, hub.notes.get("tracer")) == (None, None)


async def test_on_the_short_ways_stay_short() -> None:
    """Nobody listens to events: a prompt goes in as if nobody looked."""
    async with traced() as (_, router, system):
        await router.send("ann", nothing).outcome()

        assert not hub_of(system).events.wanted
        assert not hub_of(system).careful


async def test_it_ends_with_close() -> None:
    """A turn that runs has its span to its end; `with` closes too."""
    spans = Spans()
    async with open_system() as system:
        router = start_router(system, Doer)
        gate = trio.Event()

        async def wait(turn: Turn[Any, str]) -> None:
            del turn
            await gate.wait()

        with instrument(system, tracer_provider=spans.provider) as tracing:
            first = router.send("ann", wait)
            await trio.testing.wait_all_tasks_blocked()
        tracing.close()
        second = router.send("bob", nothing)
        gate.set()
        await first.outcome()
        await second.outcome()
        assert len(spans.all) == 1

        again = instrument(system, tracer_provider=spans.provider, messages=True)
        await router.send("ann", nothing).outcome()
        tracing.close()
        await router.send("ann", nothing).outcome()
        assert len(spans.all) == 3
        again.close()
        await router.send("ann", nothing).outcome()

    assert len(spans.all) == 3


async def test_twice_is_refused() -> None:
    """Each turn would have two spans."""
    async with open_system() as system:
        instrument(system)
        with pytest.raises(RuntimeError, match="instrumented already"):
            instrument(system)


class Alone(Actor[None]):
    """An actor that has not begun."""

    def receive(self, message: None) -> None:
        del message


async def test_only_a_system_is_instrumented() -> None:
    """Or an actor that is in one."""
    wrong: Any
    for wrong in (None, "system", Alone(), Alone):
        with pytest.raises(TypeError, match="instrument\\(\\) takes a system"):
            instrument(wrong)


async def test_what_is_wrong_is_refused_by_its_name() -> None:
    """At the call, with what would be right."""
    wrong: Any = 7
    given: Any
    async with open_system() as system:
        for given in (wrong, Spans().exporter, Spans().tracer, SdkProvider):
            with pytest.raises(TypeError, match="tracer_provider must be a TracerPro"):
                instrument(system, tracer_provider=given)
        instrument(system).close()  # nothing was done

    with pytest.raises(TypeError, match="source must be a mapping"):
        trace_headers(wrong)
    for given in (7, None):
        with (
            pytest.raises(TypeError, match="headers must be a mapping"),
            entered(given),
        ):
            pass
    with pytest.raises(TypeError, match=r"chat\(\) takes the Turn"):
        chat(wrong, "gpt-5")
    with pytest.raises(TypeError, match=r"tool\(\) takes the Turn"):
        tool(wrong, "add")

    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            with pytest.raises(TypeError, match="model must be a str"):
                chat(turn, wrong)
            with pytest.raises(TypeError, match="provider must be a str"):
                chat(turn, "gpt-5", provider=wrong)
            with pytest.raises(TypeError, match="name must be a str"):
                tool(turn, wrong)
            with pytest.raises(TypeError, match="call_id must be a str"):
                tool(turn, "add", call_id=wrong)

        assert isinstance(await router.send("ann", act).outcome(), Completed)

    assert spans.tree() == "turn /router"


class Broken(SpanProcessor):
    """Raises when spans end, and when they start if it is to."""

    def __init__(self, *, start: bool) -> None:
        self.start = start

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Raise."""
        del span, parent_context
        if self.start:
            raise OSError("on_start")

    def on_end(self, span: Any) -> None:
        """Raise."""
        del span
        raise OSError("on_end")


@pytest.mark.parametrize("start", [True, False])
async def test_a_broken_provider_harms_nobody(
    caplog: pytest.LogCaptureFixture,
    start: bool,  # noqa: FBT001
) -> None:
    """Its errors are in the log."""
    spans = Spans()
    spans.provider.add_span_processor(Broken(start=start))

    async def call(turn: Turn[Any, str]) -> None:
        with chat(turn, "gpt-5") as answer, tool(turn, "search"):
            answer.usage(input_tokens=1)

    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider, prompts=True, messages=True)
        router = start_router(system, Doer)
        outcome = await router.send("ann", call).outcome()
        receipt = router.send("ann", nothing)
        receipt.withdraw()

    assert isinstance(outcome, Completed)
    assert {each.name for each in caplog.records} == {"supervision.otel"}


class Waiter(Actor[trio.Event]):
    """Handles a message until an event."""

    async def receive(self, message: trio.Event) -> None:
        await message.wait()


async def test_spans_that_cannot_be_ended_do_not_keep_it_from_closing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Those of messages that are being handled: each of them ends."""
    spans, lock = Spans(), trio.Event()
    spans.provider.add_span_processor(Broken(start=False))
    async with open_system() as system:
        tracing = instrument(system, tracer_provider=spans.provider, messages=True)
        for _ in range(2):
            system.start(Waiter).tell_nowait(lock)
        await trio.testing.wait_all_tasks_blocked()
        tracing.close()
        assert len(spans.named("receive")) == 2
        lock.set()

    assert len(caplog.records) == 2


async def test_a_turn_that_runs_keeps_its_tracer() -> None:
    """After `close` what it begins is in its trace; so it is when another follows."""
    spans, other = Spans(), Spans()

    async def act(turn: Turn[Any, str]) -> None:
        await gate.wait()
        with chat(turn, "small"), tool(turn, "search"):
            await turn.run_child(nothing)

    for again in (False, True):
        gate = trio.Event()
        async with open_system() as system:
            router = start_router(system, Doer)
            tracing = instrument(system, tracer_provider=spans.provider)
            receipt = router.send("ann", act)
            await trio.testing.wait_all_tasks_blocked()
            tracing.close()
            if again:
                instrument(system, tracer_provider=other.provider)
            gate.set()
            await receipt.outcome()

        assert spans.tree() == (
            "turn /router\n  chat small\n    execute_tool search\n"
            "      child turn /router"
        )
        assert other.all == ()
        spans.exporter.clear()


async def test_a_turn_that_nobody_traces_has_no_spans_in_it() -> None:
    """One that ran before its system was instrumented."""
    spans, gate = Spans(), trio.Event()

    async def act(turn: Turn[Any, str]) -> None:
        await gate.wait()
        with chat(turn, "small"), tool(turn, "search"):
            await turn.run_child(nothing)

    async with open_system() as system:
        router = start_router(system, Doer)
        receipt = router.send("ann", act)
        await trio.testing.wait_all_tasks_blocked()
        instrument(system, tracer_provider=spans.provider)
        gate.set()
        assert isinstance(await receipt.outcome(), Completed)

    assert spans.all == ()


async def test_without_a_provider_nothing_is_exported() -> None:
    """The global one does nothing until a program sets one."""
    async with open_system() as system:
        instrument(system, tracer_provider=NoOpTracerProvider())
        router = start_router(system, Doer)
        assert isinstance(await router.send("ann", nothing).outcome(), Completed)
