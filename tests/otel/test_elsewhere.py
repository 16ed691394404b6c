"""Traces that come from elsewhere and go there: HTTP, nodes, threads, tasks."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors import Session, Turn, TurnOverError, WrongThreadError, open_system
from supervision import RouterRef, start_router
from supervision.durable import MemoryServer, SharingPolicy
from supervision.http import TurnResponse
from supervision.otel import chat, entered, instrument, tool, trace_headers

from .scene import Spans, id_of, parent_of, status, trace_of, traced

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SPAN = 0xB7AD6B7169203331


async def say(turn: Turn[Any, str]) -> None:
    """Say a word."""
    await turn.emit("word")


async def test_an_answer_over_http_is_in_the_trace_of_its_request() -> None:
    """Though it is sent when its handler has returned, and is in the block no more."""
    sent: list[Any] = []
    left = trio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async with traced() as (spans, router, _):

        async def handle(headers: dict[str, str]) -> TurnResponse[str]:
            with entered(headers):
                return TurnResponse(router.open_turn("ann", say))

        response = await handle({"traceparent": PARENT})
        scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": []}
        await response(scope, receive, send)  # type: ignore[arg-type]
        left.set()

    assert b'data: "word"' in b"".join(each.get("body", b"") for each in sent)
    assert parent_of(spans.one("turn")) == SPAN


class Quiet(Session[str, str]):
    """Completes at once."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Do nothing."""


async def key_of(owner: str, *, asked: RouterRef[str, str]) -> str:
    """Find a key that this node owns."""
    while True:
        for key in map(str, range(100)):
            where = await asked.locate(key)
            if where is not None and where.node == owner:
                return key
        await trio.sleep(0.1)


async def test_a_trace_goes_on_at_another_node(autojump_clock: MockClock) -> None:
    """By the headers in the `origin`; the context stays with its process."""
    del autojump_clock
    here, there = Spans(), Spans()
    server = MemoryServer(sharing=SharingPolicy(ttl=2.0))

    async def serve(
        name: str, spans: Spans, *, task_status: trio.TaskStatus[RouterRef[str, str]]
    ) -> None:
        async with open_system() as system:
            instrument(system, tracer_provider=spans.provider)
            store = server.node(name, address=f"http://{name}:8000")
            task_status.started(start_router(system, Quiet, durable=store))
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        one = await nursery.start(serve, "one", here)
        await key_of("one", asked=one)
        await nursery.start(serve, "two", there)
        key = await key_of("two", asked=one)
        with here.tracer.start_as_current_span("request"):
            headers = trace_headers()
            with_headers = await one.accept(key, "hello", origin=headers, id="1")
            await with_headers.outcome()
            without = await one.accept(key, "hello", id="2")
            await without.outcome()
        nursery.cancel_scope.cancel()

    first, second = there.named("turn")
    assert parent_of(first) == id_of(here.one("request"))
    assert second.parent is None
    assert here.named("turn") == []


async def test_in_a_thread_of_a_turn_a_call_is_inside_of_it() -> None:
    """A tool is refused there, as `Turn.tool` is, and has no span."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            def work() -> None:
                with chat(turn, "small") as call:
                    call.usage(input_tokens=1)
                with pytest.raises(WrongThreadError), tool(turn, "search"):
                    pass

            with tool(turn, "thread"):
                await trio.to_thread.run_sync(work)

        await router.send("ann", act).outcome()

    assert spans.tree() == "turn /router\n  execute_tool thread\n    chat small"


async def test_tasks_of_a_turn_have_blocks_of_their_own() -> None:
    """Each in its own; what is cancelled among them is, and nothing else."""
    async with traced() as (spans, router, _):

        async def work(turn: Turn[Any, str], name: str) -> None:
            with tool(turn, name), chat(turn, name):
                await trio.lowlevel.checkpoint()
            with trio.CancelScope() as scope, tool(turn, f"cut {name}"):
                scope.cancel()
                await trio.lowlevel.checkpoint()
            with chat(turn, f"later {name}"):
                await trio.lowlevel.checkpoint()

        async def act(turn: Turn[Any, str]) -> None:
            with chat(turn, "first"):
                turn.start_soon(work, turn, "a")
                turn.start_soon(work, turn, "b")

        await router.send("ann", act).outcome()

    top = spans.one("turn")
    around = spans.one("chat first")
    assert parent_of(around) == id_of(top)
    for name in ("a", "b"):
        outer = spans.one(f"execute_tool {name}")
        assert parent_of(outer) == id_of(around)
        assert parent_of(spans.one(f"chat {name}")) == id_of(outer)
        assert parent_of(spans.one(f"chat later {name}")) == id_of(around)
        assert status(spans.one(f"execute_tool cut {name}")) == ("ERROR", "cancelled")
    assert {trace_of(each) for each in spans.all} == {trace_of(top)}
    assert status(top) == ("UNSET", None)


async def test_a_turn_that_is_over_uses_no_tools() -> None:
    """A call of a model is no business of its any more, and is a trace of its own."""
    kept: list[Turn[Any, str]] = []
    async with traced() as (spans, router, _):

        async def keep(turn: Turn[Any, str]) -> None:
            kept.append(turn)

        await router.send("ann", keep).outcome()
        with pytest.raises(TurnOverError), tool(kept[0], "search"):
            pass
        with chat(kept[0], "small"):
            pass

    assert spans.tree() == "turn /router\nchat small"


async def test_work_and_what_it_sends_are_spans() -> None:
    """`run_exclusive` is a turn; what is sent in it is in its trace."""
    async with traced() as (spans, router, _):

        async def work(turn: Turn[Any, str]) -> None:
            turn.send("bob", say)

        with spans.tracer.start_as_current_span("request"):
            router.run_exclusive("ann", work)
        await router.drain(5)

    assert spans.tree() == "request\n  turn /router\n    turn /router"
