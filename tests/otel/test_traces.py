"""Whose trace a turn is in: its sender's, wherever that is; and actors are in none."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, ClassVar

import pytest
import trio
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from trio.testing import MockClock, wait_all_tasks_blocked

from actors import Actor, Session, Turn, open_system
from supervision import (
    ChildSpec,
    Router,
    Supervisor,
    find_child,
    router_ref,
    start_router,
)
from supervision.bridge import open_blocking_tree
from supervision.durable import MemoryStore
from supervision.otel import entered, instrument, trace_headers

from .scene import Doer, Spans, facts, id_of, nothing, parent_of, trace_of, traced
from .test_turns import hang

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = 0x0AF7651916CD43DD8448EB211C80319C
SPAN = 0xB7AD6B7169203331


async def test_headers_of_a_request_are_entered() -> None:
    """What is sent in the block is in its trace; what comes after it is not."""
    async with traced() as (spans, router, _):
        with entered({"Traceparent": PARENT, "Host": "here"}):
            inside = router.send("ann", nothing)
        await inside.outcome()
        await router.send("ann", nothing).outcome()

    first, second = spans.named("turn")
    assert (trace_of(first), parent_of(first)) == (TRACE, SPAN)
    assert second.parent is None


@pytest.mark.parametrize("wrong", ["", "00-zz-yy-01", "00-" + "0" * 32])
async def test_headers_that_cannot_be_read_do_nothing(wrong: str) -> None:
    """A client may send anything."""
    async with traced() as (spans, router, _):
        with entered({"traceparent": wrong}):
            await router.send("ann", nothing).outcome()
        await router.send("ann", nothing, origin={"traceparent": wrong}).outcome()
        await router.send("ann", nothing, origin={"traceparent": None}).outcome()

    assert [each.parent for each in spans.named("turn")] == [None] * 3


async def test_headers_are_carried_by_the_origin() -> None:
    """Alone or among others; who sends in a trace of its own is in that one."""
    async with traced() as (spans, router, _):
        headers = trace_headers({"TRACEPARENT": PARENT, "Cookie": "secret"})
        assert headers == {"traceparent": PARENT}
        await router.send("ann", nothing, origin=headers).outcome()
        await router.send("ann", nothing, origin={"chat": 7, **headers}).outcome()
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", nothing, origin=headers)
        await receipt.outcome()

    first, second, third = spans.named("turn")
    assert parent_of(first) == parent_of(second) == SPAN
    assert parent_of(third) == id_of(spans.one("request"))


class Letters(TextMapPropagator):
    """A propagator of another kind, as those of Amazon and Zipkin are."""

    def extract(
        self, carrier: Any, context: Context | None = None, getter: Any = default_getter
    ) -> Context:
        """Find it under the header's own spelling."""
        found = getter.get(carrier, "X-Letter")
        assert found
        whose = SpanContext(
            TRACE, int(found[0], 16), is_remote=True, trace_flags=TraceFlags(1)
        )
        return set_span_in_context(NonRecordingSpan(whose), context)

    def inject(
        self, carrier: Any, context: Context | None = None, setter: Any = default_setter
    ) -> None:
        """Put the current span there."""
        span = get_current_span(context).get_span_context()
        setter.set(carrier, "X-Letter", f"{span.span_id:x}")

    @property
    def fields(self) -> set[str]:
        """The one header."""
        return {"X-Letter"}


async def test_any_propagator_carries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own, whatever its headers are called."""
    monkeypatch.setattr("opentelemetry.propagate._HTTP_TEXT_FORMAT", Letters())
    async with traced() as (spans, router, _):
        with spans.tracer.start_as_current_span("request") as request:
            headers = trace_headers()
        await router.send("ann", nothing, origin={"chat": 7, **headers}).outcome()
        with entered({"x-letter": headers["X-Letter"], "traceparent": PARENT}):
            inside = router.send("ann", nothing)
        await inside.outcome()

    wanted = request.get_span_context().span_id
    assert [parent_of(each) for each in spans.named("turn")] == [wanted, wanted]


async def test_what_is_beside_a_trace_is_no_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An `origin` that has a baggage of its own is not asked for headers."""
    async with traced() as (_, router, _):
        await router.send("ann", nothing, origin={"baggage": 3}).outcome()

    assert caplog.records == []


async def test_whoever_withdraws_may_be_in_the_prompts_context() -> None:
    """A context is entered once at a time: it is looked at all the same."""
    async with traced() as (spans, router, _):
        router.send("ann", hang)
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", nothing)
        receipt.context.run(receipt.withdraw)
        span = spans.one("send")
        router.cancel("ann")

    assert parent_of(span) == id_of(spans.one("request"))


async def test_headers_of_here_are_those_of_the_current_span() -> None:
    """None: there are none."""
    spans = Spans()

    assert trace_headers() == {}
    with spans.tracer.start_as_current_span("request") as span:
        headers = trace_headers()
    assert f"{span.get_span_context().span_id:016x}" in headers["traceparent"]


async def test_a_turn_carries_its_own_trace_on() -> None:
    """From session to session, by `follow_up` and by `send` in a turn."""
    async with traced() as (spans, router, _):
        done = trio.Event()

        async def last(turn: Turn[Any, str]) -> None:
            del turn
            done.set()

        async def act(turn: Turn[Any, str]) -> None:
            router.send("bob", nothing)
            turn.send("cas", last)

        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", act)
        await receipt.outcome()
        await done.wait()

    assert spans.tree() == (
        "request\n  turn /router\n    turn /router\n    turn /router"
    )


MARK: ContextVar[int] = ContextVar("MARK")


class Keeper(Session[str, str]):
    """Waits in its first attempt, for ever; looks at its context in another."""

    async def take_turn(self, turn: Turn[str, str]) -> int:
        """Wait, or complete."""
        if turn.attempt == 1:
            await trio.sleep_forever()
        return turn.context.get(MARK, 0)


async def test_a_trace_survives_the_process(autojump_clock: MockClock) -> None:
    """What is in the `origin` is in the store; what was in the context is gone."""
    del autojump_clock
    spans, store = Spans(), MemoryStore()
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider)
        router = start_router(system, Keeper, durable=store)
        with spans.tracer.start_as_current_span("request"):
            here = trace_headers()
            await router.accept("ann", "go", id="a", attempts=2, origin=here)
            await router.accept("bob", "go", id="b", attempts=2)
        await wait_all_tasks_blocked()
        store.kill()

    request = spans.one("request")
    spans.exporter.clear()
    MARK.set(1)
    async with open_system() as system:
        with spans.tracer.start_as_current_span("of whoever starts the next one"):
            instrument(system, tracer_provider=spans.provider)
            router = start_router(system, Keeper, durable=store)
            await router.ref.wait_started()
            for key, name in (("ann", "a"), ("bob", "b")):
                receipt = await router.find(key, name)
                assert receipt is not None
                assert getattr(await receipt.outcome(), "result", None) == 0

    ann, bob = sorted(spans.named("turn"), key=key_of)
    assert (trace_of(ann), parent_of(ann)) == (trace_of(request), id_of(request))
    assert bob.parent is None
    assert [facts(each)["actors.turn.attempt"] for each in (ann, bob)] == [2, 2]


@pytest.mark.parametrize("find", [False, True])
def test_what_a_store_brings_back_is_in_no_trace(find: bool) -> None:  # noqa: FBT001
    """Not in that of the program, of which the store's tasks are, nor the finder's."""
    spans, store = Spans(), MemoryStore()

    async def send() -> None:
        async with open_system() as system:
            router = start_router(system, Keeper, durable=store)
            await router.accept("ann", "go", id="a", attempts=2)
            await wait_all_tasks_blocked()
            store.kill()

    async def go_on() -> None:
        async with open_system() as system:
            instrument(system, tracer_provider=spans.provider)
            router = start_router(system, Keeper, durable=store)
            await router.ref.wait_started()
            if find:
                assert await router.find("ann", "a") is not None
            await wait_all_tasks_blocked()
            receipt = await router.find("ann", "a")
            assert receipt is not None
            assert getattr(receipt.ended, "result", None) == 0

    trio.run(send, clock=MockClock(autojump_threshold=0))
    mark = MARK.set(1)
    with spans.tracer.start_as_current_span("program"):
        trio.run(go_on, clock=MockClock(autojump_threshold=0))
    MARK.reset(mark)

    assert spans.one("turn").parent is None


def key_of(span: ReadableSpan) -> str:
    """The session's key."""
    key: str = facts(span)["gen_ai.conversation.id"]
    return key


class Desk(Supervisor):
    """A router that is started again when it crashes."""

    children = (ChildSpec(Router, Doer, id="router"),)


async def test_a_router_that_is_started_again_is_followed() -> None:
    """Nobody has to say so."""
    spans = Spans()
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider)
        top = system.start(Desk)
        await top.wait_started()
        ref = await find_child(top, "router", Router)
        router = router_ref(ref, Doer)
        await router.send("ann", nothing).outcome()
        world: Any = router._house().world
        world._router._seat.crash(OSError(), None, "by a test")
        await wait_all_tasks_blocked()
        await router.send("ann", nothing).outcome()

    assert len(spans.named("turn")) == 2


class Telemetry(Actor[None]):
    """Has its system traced; the first child of a tree, say."""

    spans: ClassVar[Spans]

    def started(self) -> None:
        instrument(self, tracer_provider=self.spans.provider)

    def receive(self, message: None) -> None:
        del message


class Tree(Supervisor):
    """A tree that has itself traced."""

    children = (
        ChildSpec(Telemetry, id="telemetry"),
        ChildSpec(Router, Doer, id="router"),
    )


def test_a_sender_in_another_thread_is_the_parent() -> None:
    """Its context comes with the prompt."""
    Telemetry.spans = spans = Spans()
    with open_blocking_tree(Tree) as tree:
        router = tree.router(Doer, "router")
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", nothing)
        receipt.outcome()

    assert spans.tree() == "request\n  turn /Tree/router"
