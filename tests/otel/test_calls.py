"""Inside of a turn: calls of models, tools, the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextvars import Context as Variables
from typing import Any

import pytest
import trio
from opentelemetry.context import get_current
from opentelemetry.trace import SpanKind, get_current_span
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import Completed, Failed, ToolSkippedError, Turn, open_system
from supervision import start_router
from supervision.otel import TraceFilter, chat, tool

from .scene import Doer, facts, id_of, nothing, parent_of, status, trace_of, traced


async def test_a_call_of_a_model_is_a_span() -> None:
    """By the conventions for generative AI."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            with chat(turn, "gpt-5", provider="openai") as call:
                await trio.lowlevel.checkpoint()
                call.usage(input_tokens=12, output_tokens=3)
                call.answered(model="gpt-5-1", id="r1", finish_reasons=["stop"])
                call.span.set_attribute("mine", 1)
            with chat(turn, "small") as call:
                call.usage()
                call.answered()

        await router.send("ann", act).outcome()

    assert spans.tree() == "turn /router\n  chat gpt-5\n  chat small"
    first, second = spans.named("chat")
    assert first.kind is SpanKind.CLIENT
    assert status(first) == ("UNSET", None)
    assert facts(first) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5",
        "gen_ai.provider.name": "openai",
        "gen_ai.conversation.id": "ann",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.response.model": "gpt-5-1",
        "gen_ai.response.id": "r1",
        "gen_ai.response.finish_reasons": ("stop",),
        "mine": 1,
    }
    assert set(facts(second)) == {
        "gen_ai.operation.name",
        "gen_ai.request.model",
        "gen_ai.conversation.id",
    }


async def test_a_tool_is_a_span_and_a_tool() -> None:
    """What it does is inside of it; the calls that come after it are not."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            with tool(turn, "search", call_id="c1"):
                assert turn.phase.value == "tool"
                with chat(turn, "small"):
                    await trio.lowlevel.checkpoint()
            with chat(turn, "large"):
                await trio.lowlevel.checkpoint()

        await router.send("ann", act).outcome()

    assert spans.tree() == (
        "turn /router\n  execute_tool search\n    chat small\n  chat large"
    )
    assert facts(spans.one("execute_tool")) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": "c1",
        "gen_ai.conversation.id": "ann",
    }


async def test_a_tool_that_is_skipped_has_no_span() -> None:
    """It was not run."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            router.steer("ann", nothing)
            with pytest.raises(ToolSkippedError), tool(turn, "search"):
                pass

        await router.send("ann", act).outcome()

    assert spans.named("execute_tool") == []


async def test_an_exception_is_the_status_of_all_that_it_leaves() -> None:
    """And goes on as it is."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            with tool(turn, "search"), chat(turn, "small"):
                raise ConnectionError(turn.id)

        outcome = await router.send("ann", act).outcome()
        assert isinstance(outcome, Failed)
        assert type(outcome.error) is ConnectionError

    assert {status(each) for each in spans.all} == {("ERROR", "ConnectionError")}


async def test_a_cancellation_is_an_error(autojump_clock: MockClock) -> None:
    """The call was cut; so is one that a deadline of its own cuts."""
    del autojump_clock
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            with trio.move_on_after(1), chat(turn, "slow"):
                await trio.sleep(2)
            with chat(turn, "slower"):
                await trio.sleep_forever()

        await router.send("ann", act).outcome()

    first, second, turn = spans.all
    assert status(first) == status(second) == ("ERROR", "cancelled")
    assert status(turn) == ("ERROR", "TimedOut")


async def test_a_group_is_what_failed_in_it() -> None:
    """Not the cancellations of what ran beside; two failures are a group."""
    async with traced() as (spans, router, _):

        async def crash(kind: type[Exception]) -> None:
            raise kind

        async def call(turn: Turn[Any, str], *kinds: type[Exception]) -> None:
            with chat(turn, "small"):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    for each in kinds:
                        nursery.start_soon(crash, each)

        async def act(turn: Turn[Any, str]) -> None:
            with pytest.RaisesGroup(KeyError):
                await call(turn, KeyError)
            with pytest.RaisesGroup(KeyError, OSError):
                await call(turn, KeyError, OSError)

        await router.send("ann", act).outcome()

    first, second = spans.named("chat")
    assert status(first) == ("ERROR", "KeyError")
    assert status(second) == ("ERROR", "ExceptionGroup")


async def test_a_failure_beside_a_cancellation_is_the_failure() -> None:
    """A group of both leaves the block: OpenTelemetry's own leave the status unset."""
    async with traced() as (spans, router, _):

        async def crash_when_cancelled() -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError

        async def act(turn: Turn[Any, str]) -> None:
            with chat(turn, "small"):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(crash_when_cancelled)

        receipt = router.send("ann", act)
        await wait_all_tasks_blocked()
        router.cancel("ann")
        await receipt.outcome()

    assert status(spans.one("chat")) == ("ERROR", "KeyError")


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_generator_whose_reader_has_left_is_cancelled(
    elsewhere: bool,  # noqa: FBT001
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Wherever it is closed, and nobody complains; the next call is beside it."""
    async with traced() as (spans, router, _):

        async def words(turn: Turn[Any, str]) -> AsyncGenerator[str]:
            with chat(turn, "small"):
                yield "the"  # noqa: ASYNC119 - that is what is tried
                yield "quick"  # noqa: ASYNC119

        async def close_another(turn: Turn[Any, str]) -> None:
            given = words(turn)
            assert await anext(given) == "the"
            with spans.tracer.start_as_current_span("mine") as span:
                await given.aclose()
                assert get_current_span() is span

        async def act(turn: Turn[Any, str]) -> None:
            given = words(turn)
            assert await anext(given) == "the"
            if elsewhere:
                before = get_current()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(given.aclose)
                    Variables().run(nursery.start_soon, close_another, turn)
                assert get_current() is before
                return
            await given.aclose()
            with chat(turn, "large"):
                pass

        assert isinstance(await router.send("ann", act).outcome(), Completed)

    assert {status(each) for each in spans.named("chat small")} == {
        ("ERROR", "cancelled")
    }
    if not elsewhere:
        assert spans.tree() == "turn /router\n  chat small\n  chat large"
    assert caplog.records == []


async def test_where_nobody_traces_they_do_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A session need not know whether it is traced."""
    async with open_system() as system:
        router = start_router(system, Doer)

        async def act(turn: Turn[Any, str]) -> str:
            with chat(turn, "small") as call, tool(turn, "search") as span:
                call.usage(input_tokens=1)
                assert turn.phase.value == "tool"
                assert not span.is_recording()
            return "done"

        outcome = await router.send("ann", act).outcome()

    assert getattr(outcome, "result", None) == "done"
    assert caplog.records == []


async def test_the_log_has_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    """Of records that are made in a turn; of others there is none."""
    log = logging.getLogger("test.otel")
    caplog.handler.addFilter(TraceFilter())
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            del turn
            log.warning("inside")
            log.warning("own", extra={"trace_id": "mine"})

        await router.send("ann", act).outcome()
        log.warning("outside")
        await wait_all_tasks_blocked()

    turn = spans.one("turn")
    inside, own, outside = (each.__dict__ for each in caplog.records)
    assert inside["trace_id"] == f"{trace_of(turn):032x}"
    assert inside["span_id"] == own["span_id"] == f"{id_of(turn):016x}"
    assert own["trace_id"] == "mine"
    assert "trace_id" not in outside
    assert parent_of(turn) is None
