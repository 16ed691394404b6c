"""Prompts: of a span of their own, or without; batches, steering, other attempts."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from opentelemetry.trace import SpanKind
from trio.testing import MockClock

from actors import (
    ActorError,
    Batch,
    PromptPolicy,
    QueueFullError,
    Session,
    Turn,
)
from actors.testing import seeds
from supervision import Backoff, Limits
from supervision.otel import trace_headers
from supervision.otel._spans.prompts import PromptTracer

from .scene import (
    Doer,
    facts,
    id_of,
    links_of,
    nothing,
    parent_of,
    status,
    traced,
)
from .test_turns import hang


@pytest.mark.parametrize("prompts", [False, True])
async def test_a_prompt_has_a_span_by_wish(prompts: bool) -> None:  # noqa: FBT001
    """Of its sending, by the conventions: between the sender's and the turn's."""
    async with traced(prompts=prompts) as (spans, router, _):
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", nothing, id="m1")
        await receipt.outcome()

    if not prompts:
        assert spans.tree() == "request\n  turn /router"
        return
    assert spans.tree() == "request\n  send /router\n    turn /router"
    span = spans.one("send")
    assert span.kind is SpanKind.PRODUCER
    assert span.start_time == span.end_time
    assert facts(span) == {
        "messaging.system": "actors",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "/router",
        "gen_ai.conversation.id": "ann",
        "messaging.message.id": "m1",
    }


async def test_its_waiting_is_the_gap(autojump_clock: MockClock) -> None:
    """The span of its sending is as of its acceptance."""
    del autojump_clock
    async with traced(prompts=True) as (spans, router, _):

        async def wait(turn: Turn[Any, str]) -> None:
            del turn
            await trio.sleep(6)

        router.send("ann", wait)
        await router.send("ann", nothing).outcome()

    sent, turn = spans.named("send")[1], spans.named("turn")[1]
    assert sent.end_time is not None
    assert turn.start_time is not None
    assert turn.start_time - sent.end_time >= 6 * 10**9


async def test_one_that_no_turn_ends_has_a_span(autojump_clock: MockClock) -> None:
    """As long as it has waited, with what it has come to; withdrawn is no error."""
    del autojump_clock
    async with traced() as (spans, router, _):
        router.send("ann", hang)
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", nothing)
        await trio.sleep(5)
        receipt.withdraw()
        span = spans.one("send")
        router.cancel("ann")

    assert spans.tree().startswith("request\n  send /router\n")
    assert status(span) == ("UNSET", None)
    assert facts(span)["actors.outcome"] == "Withdrawn"
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time - span.start_time >= 5 * 10**9


@pytest.mark.parametrize("give_up", [False, True])
async def test_one_whose_turn_never_begins_has_one_too(
    autojump_clock: MockClock,
    give_up: bool,  # noqa: FBT001
) -> None:
    """It waits for its slot: its span is in its sender's trace."""
    del autojump_clock
    async with traced(Doer, limits=Limits(turns=1)) as (spans, router, _):
        router.send("ann", hang)
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("bob", nothing, id="m1")  # which is remembered
        await trio.testing.wait_all_tasks_blocked()
        if give_up:
            await router.drain(0.1)
        else:
            router.cancel("bob", reason="she left")
        outcome = await receipt.outcome()
        span = spans.one("send")
        router.cancel("ann")

    assert parent_of(span) == id_of(spans.one("request"))
    assert facts(span)["actors.outcome"] == type(outcome).__name__
    assert facts(span)["messaging.message.id"] == "m1"


class Narrow(Doer):
    """Lets one wait."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=1)


async def test_a_refusal_is_an_error_in_its_senders_trace() -> None:
    """It has no outcome, and a span."""
    async with traced(Narrow) as (spans, router, _):
        router.send("ann", hang)
        router.send("ann", nothing)
        with (
            spans.tracer.start_as_current_span("request"),
            pytest.raises(QueueFullError),
        ):
            router.send("ann", nothing)
        (refused, request) = spans.all
        router.cancel("ann")

    assert parent_of(refused) == id_of(request)
    assert refused.name == "send /router"
    assert status(refused)[0] == "ERROR"
    assert str(status(refused)[1]).endswith("QueueFullError")


async def test_a_refusal_is_in_the_trace_of_the_origin() -> None:
    """Where its sender is in none."""
    async with traced(Narrow) as (spans, router, _):
        router.send("ann", hang)
        router.send("ann", nothing)
        with spans.tracer.start_as_current_span("request"):
            headers = trace_headers()
        with pytest.raises(QueueFullError):
            router.send("ann", nothing, origin=headers)
        refused = spans.one("send")
        router.cancel("ann")

    assert parent_of(refused) == id_of(spans.one("request"))


async def test_whoever_waits_for_room_is_in_the_own_trace() -> None:
    """Though it is somebody else's step that lets the prompt in."""
    async with traced(Narrow) as (spans, router, _):
        gate = trio.Event()

        async def wait(turn: Turn[Any, str]) -> None:
            del turn
            with spans.tracer.start_as_current_span("inside"):
                await gate.wait()

        async def late() -> None:
            with spans.tracer.start_as_current_span("late"):
                receipt = await router.send_wait("ann", nothing)
                await receipt.outcome()

        async def gives_up() -> None:
            with (
                spans.tracer.start_as_current_span("gives up"),
                scope,
            ):
                await router.send_wait("ann", nothing)

        scope = trio.CancelScope()
        async with trio.open_nursery() as nursery:
            router.send("ann", wait)
            router.send("ann", nothing)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(late)
            nursery.start_soon(gives_up)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            gate.set()

    assert sorted(spans.tree().splitlines()) == sorted(
        [
            "turn /router",
            "  inside",
            "turn /router",
            "gives up",
            "  send /router",
            "late",
            "  turn /router",
        ]
    )
    assert status(spans.one("send")) == ("ERROR", "cancelled")


async def test_whoever_is_refused_while_waiting_is_in_the_own_trace() -> None:
    """It is the end of the router that refuses."""
    async with traced(Narrow) as (spans, router, _):

        async def late() -> None:
            with spans.tracer.start_as_current_span("late"), pytest.raises(ActorError):
                await router.send_wait("ann", nothing)

        async with trio.open_nursery() as nursery:
            router.send("ann", hang)
            router.send("ann", nothing)
            nursery.start_soon(late)
            await trio.testing.wait_all_tasks_blocked()
            router.ref.stop()

    refused = [each for each in spans.named("send") if each.parent is not None]
    assert [parent_of(each) for each in refused] == [id_of(spans.one("late"))]


class Batcher(Session[str, str]):
    """Takes all that wait together."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(batch=Batch())
    gate: ClassVar[trio.Event]

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Wait."""
        del turn
        await self.gate.wait()


@pytest.mark.parametrize("prompts", [False, True])
async def test_a_batch_has_links_and_no_parent(prompts: bool) -> None:  # noqa: FBT001
    """Whose child would it be?"""
    Batcher.gate = trio.Event()
    async with traced(Batcher, prompts=prompts) as (spans, router, _):
        router.send("ann", "first")
        sent: list[int] = []
        receipts: list[Any] = []
        for name in ("one", "two"):
            with spans.tracer.start_as_current_span(name) as span:
                receipts.append(router.send("ann", name))
                sent.append(span.get_span_context().span_id)
        Batcher.gate.set()
        await receipts[1].outcome()

    turn = spans.named("turn")[1]
    assert turn.parent is None
    assert facts(turn)["messaging.batch.message_count"] == 2
    if prompts:
        sent = [id_of(each) for each in spans.named("send")[1:]]
    assert links_of(turn) == sorted(sent)


@pytest.mark.parametrize("prompts", [False, True])
async def test_who_steers_a_turn_is_linked(prompts: bool) -> None:  # noqa: FBT001
    """At the moment when the turn takes it."""
    async with traced(prompts=prompts) as (spans, router, _):
        gate = trio.Event()

        async def listen(turn: Turn[Any, str]) -> None:
            await gate.wait()
            await turn.checkpoint()

        first = router.send("ann", listen)
        await trio.testing.wait_all_tasks_blocked()
        with spans.tracer.start_as_current_span("request") as span:
            router.steer("ann", nothing, id="s1")
        gate.set()
        await first.outcome()

    turn = spans.one("turn")
    wanted = (
        id_of(spans.named("send")[1]) if prompts else span.get_span_context().span_id
    )
    assert links_of(turn) == [wanted]
    (event,) = turn.events
    assert event.name == "actors.steered"
    assert event.attributes == {"messaging.message.id": "s1"}


class Fragile(Session[str, str]):
    """Crashes once, with its turn."""

    crashed: ClassVar[bool]

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Have the session crash in the first attempt."""
        del turn
        if not Fragile.crashed:
            Fragile.crashed = True
            self.start_soon(self.crash)
            await trio.sleep_forever()
        return "done"

    async def crash(self) -> None:
        """Crash."""
        msg = "oh"
        raise OSError(msg)


@seeds(5)
async def test_another_attempt_is_another_span(seed: int) -> None:
    """A child of the same sender's, with a link to the one before."""
    del seed
    Fragile.crashed = False
    async with traced(Fragile) as (spans, router, _):
        with spans.tracer.start_as_current_span("request"):
            receipt = router.send("ann", "hello", attempts=2)
        await receipt.outcome()

    assert spans.tree() == "request\n  turn /router\n  turn /router"
    first, second = spans.named("turn")
    assert status(first)[0] == "ERROR"
    assert status(second) == ("UNSET", None)
    assert facts(second)["actors.turn.attempt"] == 2
    assert links_of(second) == [id_of(first)]


async def test_what_is_tried_elsewhere_leaves_nothing_in_its_tracer() -> None:
    """The link lies with the prompt: it may go to another node, and not come back."""
    Fragile.crashed = False
    limits = Limits(backoff=Backoff(1000.0, 1000.0, jitter=0.0))
    async with traced(Fragile, limits) as (spans, router, _):
        before = _sizes(router)
        receipt = router.send("ann", "hello", attempts=2)
        with trio.fail_after(10):
            while not spans.named("turn"):  # noqa: ASYNC110 - nobody tells
                await trio.lowlevel.checkpoint()

        assert _sizes(router) == before
        assert receipt._more is not None
        assert receipt._more.attempt.span_id == id_of(spans.one("turn"))
        router.cancel_all("ann")


def _sizes(router: Any) -> list[int]:
    """How much a router's tracer remembers."""
    tracer: PromptTracer = router._house().tracer
    kept = vars(tracer)
    return [len(each) for name, each in kept.items() if name not in _WORDS]


_WORDS: Any = {"tracer", "_core", "_prompts"}
