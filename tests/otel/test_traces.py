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
from trio.testing import wait_all_tasks_blocked

from actors import Actor, ActorRef, Session, Turn, open_system
from supervision import (
    ChildSpec,
    Router,
    Supervisor,
    find_child,
    restart_child,
    router_ref,
    start_router,
    stop_child,
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


async def test_a_trace_survives_the_process() -> None:
    """What is in the `origin` is in the store; what was in the context is gone."""
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

    trio.run(send)
    mark = MARK.set(1)
    with spans.tracer.start_as_current_span("program"):
        trio.run(go_on)
    MARK.reset(mark)

    assert spans.one("turn").parent is None


def key_of(span: ReadableSpan) -> str:
    """The session's key."""
    key: str = facts(span)["gen_ai.conversation.id"]
    return key


async def look() -> bool:
    """Whether there is a current span."""
    return get_current_span().get_span_context().is_valid


class Child(Actor[None]):
    """Looks where it is, in each of its hooks."""

    seen: ClassVar[list[bool]] = []

    def __init__(self) -> None:
        self.seen.append(get_current_span().get_span_context().is_valid)

    async def started(self) -> None:
        self.seen.append(await look())

    async def receive(self, message: None) -> None:
        del message
        self.seen.append(await look())


class Owner(Actor[None]):
    """Starts a child in a span, and lets it be started again after a crash."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans

    def receive(self, message: None) -> None:
        del message
        with self.spans.tracer.start_as_current_span("spawns"):
            self.start(Child, name="child").tell_nowait(None)


async def test_actors_start_in_no_trace() -> None:
    """Or all that they do would hang under whoever has started them, for ever."""
    spans, Child.seen = Spans(), []
    with spans.tracer.start_as_current_span("program"):
        async with open_system() as system:
            early = system.start(Child)
            await early.wait_started()
            instrument(system, tracer_provider=spans.provider)
            early.tell_nowait(None)
            system.start(Owner, spans).tell_nowait(None)
            await wait_all_tasks_blocked()

    assert Child.seen == [True, True, False, False, False, False]


class House(Supervisor):
    """Has one child."""

    children = (ChildSpec(Child, id="child"),)


async def test_a_child_that_is_restarted_is_in_no_trace() -> None:
    """Though whoever asks for it is in one, and its supervisor while it does it."""
    Child.seen = []
    async with traced(messages=True) as (spans, _, system):
        house = system.start(House)
        await stop_child(house, "child")
        with spans.tracer.start_as_current_span("request"):
            await restart_child(house, "child")

    assert spans.tree().endswith("request\n  receive House")
    assert Child.seen == [False] * 4


class Starter(Actor[None]):
    """Has a child that has ended start again, in a span."""

    child: ActorRef[None]

    def __init__(self, spans: Spans) -> None:
        self.spans = spans

    def started(self) -> None:
        self.child = self.start(Child)

    async def receive(self, message: None) -> None:
        del message
        self.child.stop()
        await self.child.wait_stopped()
        with self.spans.tracer.start_as_current_span("starts"):
            self.revive_child(self.child)
            self.child.tell_nowait(None)


async def test_an_actor_that_is_started_again_is_in_no_trace() -> None:
    """As one that is started."""
    spans, Child.seen = Spans(), []
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider)
        system.start(Starter, spans).tell_nowait(None)
        await wait_all_tasks_blocked()

    assert Child.seen == [False, False, False, False, False]


class Patient(Actor[trio.Event]):
    """Waits, and looks whether it is in a trace."""

    seen: ClassVar[list[bool]] = []

    async def receive(self, message: trio.Event) -> None:
        await message.wait()
        self.seen.append(await look())


async def test_actors_that_are_there_leave_the_trace() -> None:
    """That of whoever opened the system, or has started them: busy or at rest."""
    spans, Patient.seen, lock = Spans(), [], trio.Event()
    with spans.tracer.start_as_current_span("program"):
        async with open_system() as system:
            system.start(Patient).tell_nowait(lock)
            with spans.tracer.start_as_current_span("request"):
                rests = system.start(Patient)
            await wait_all_tasks_blocked()
            instrument(system, tracer_provider=spans.provider)
            rests.tell_nowait(lock)
            lock.set()

    assert Patient.seen == [False, False]


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
