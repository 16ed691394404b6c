"""A span for each turn: its status, its place in the tree, and that it ends once."""

from __future__ import annotations

import gc
import weakref
from contextvars import Context as Variables
from functools import partial
from typing import Any, ClassVar

import pytest
import trio
from opentelemetry.trace import SpanKind, get_current_span
from trio.testing import MockClock

from actors import (
    Aborted,
    Bounded,
    Completed,
    Failed,
    Leave,
    Session,
    TimedOut,
    Turn,
    TurnPolicy,
    open_system,
)
from actors.testing import seeds
from supervision import start_router
from supervision.otel import chat, instrument, tool

from .scene import Doer, Spans, facts, id_of, nothing, parent_of, status, traced


async def test_a_turn_is_a_span(autojump_clock: MockClock) -> None:
    """By the conventions of messaging and of generative AI; all went well: unset."""
    del autojump_clock  # or it may have waited for a processor
    async with traced() as (spans, router, _):
        await router.send("ann", nothing).outcome()

    span = spans.one("turn")
    assert span.name == "turn /router"
    assert span.kind is SpanKind.CONSUMER
    assert status(span) == ("UNSET", None)
    assert facts(span) == {
        "messaging.system": "actors",
        "messaging.operation.name": "turn",
        "messaging.operation.type": "process",
        "messaging.destination.name": "/router",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "Doer",
        "gen_ai.conversation.id": "ann",
        "actors.turn.id": facts(span)["actors.turn.id"],
    }


async def test_it_is_the_current_one_in_the_turn() -> None:
    """And in what the turn starts, before and after it has suspended."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            for name in ("first", "second"):
                with spans.tracer.start_as_current_span(name):
                    await trio.lowlevel.checkpoint()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(inner)
                nursery.start_soon(trio.lowlevel.checkpoint)
            turn.start_soon(inner)

        async def inner() -> None:
            with spans.tracer.start_as_current_span("inner"):
                await trio.lowlevel.checkpoint()

        await router.send("ann", act).outcome()
        assert not get_current_span().get_span_context().is_valid

    assert spans.tree() == ("turn /router\n  first\n  second\n  inner\n  inner")


async def test_it_waits_for_its_slot(autojump_clock: MockClock) -> None:
    """How long is said; the span begins with the first step."""
    del autojump_clock
    async with traced() as (spans, router, _):

        async def wait(turn: Turn[Any, str]) -> None:
            del turn
            await trio.sleep(3)

        first = router.send("ann", wait)
        second = router.send("ann", nothing)
        await first.outcome()
        await second.outcome()

    ann, then = spans.named("turn")
    assert "actors.prompt.waited" not in facts(ann)
    assert facts(then)["actors.prompt.waited"] == pytest.approx(3)


async def fail(turn: Turn[Any, str]) -> None:
    """Raise."""
    del turn
    msg = "no such city"
    raise LookupError(msg)


async def hang(turn: Turn[Any, str]) -> None:
    """Wait for ever."""
    del turn
    await trio.sleep_forever()


async def shielded(turn: Turn[Any, str]) -> None:
    """Do not end when told to."""
    del turn
    with trio.CancelScope(shield=True):
        await trio.sleep(100)


async def end_in_a_group(turn: Turn[Any, str]) -> None:
    """Raise, while what runs beside is cancelled."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        nursery.start_soon(fail, turn)


async def reject(turn: Turn[Any, str]) -> None:
    """Refuse the prompt."""
    turn.reject("not today")


async def test_an_exception_is_its_status() -> None:
    """And it is recorded."""
    async with traced() as (spans, router, _):
        assert isinstance(await router.send("ann", fail).outcome(), Failed)

    span = spans.one("turn")
    assert status(span) == ("ERROR", "LookupError")
    assert span.status.description == "no such city"
    assert facts(span)["actors.outcome"] == "Failed"
    (event,) = span.events
    assert event.name == "exception"


class MuteError(Exception):
    """Cannot be printed."""

    def __str__(self) -> str:
        raise ZeroDivisionError


async def raise_mute(turn: Turn[Any, str]) -> None:
    """Fail with an error that cannot be printed."""
    del turn
    raise MuteError


async def test_what_cannot_be_printed_is_a_status() -> None:
    """An exception, and a reason: both spans end, and say what it was."""
    async with traced() as (spans, router, _):
        await router.send("ann", raise_mute).outcome()
        stopped = router.send("ann", hang)
        await trio.testing.wait_all_tasks_blocked()
        router.cancel("ann", reason=MuteError())
        await stopped.outcome()

    failed, aborted = spans.named("turn")
    assert status(failed) == ("ERROR", f"{__name__}.MuteError")
    assert status(aborted) == ("ERROR", "Aborted")


async def test_a_group_with_a_cancellation_in_it_is_an_error() -> None:
    """OpenTelemetry's own block would leave the span as if all were well."""
    async with traced() as (spans, router, _):
        assert isinstance(await router.send("ann", end_in_a_group).outcome(), Failed)

    assert status(spans.one("turn")) == ("ERROR", "LookupError")


async def test_a_time_limit_is_an_error(autojump_clock: MockClock) -> None:
    """The cancellation that ends the turn is inside of the span."""
    del autojump_clock
    async with traced() as (spans, router, _):
        assert isinstance(await router.send("ann", hang).outcome(), TimedOut)

    span = spans.one("turn")
    assert status(span) == ("ERROR", "TimedOut")
    assert span.status.description == "the turn's time limit"


async def test_an_abort_says_why() -> None:
    """It is an error too; `error.type` tells it apart."""
    async with traced() as (spans, router, _):
        receipt = router.send("ann", hang)
        await trio.testing.wait_all_tasks_blocked()
        router.cancel("ann", reason="she left")
        assert isinstance(await receipt.outcome(), Aborted)

    span = spans.one("turn")
    assert status(span) == ("ERROR", "Aborted")
    assert span.status.description == "she left"


async def test_a_rejection_is_an_error() -> None:
    """With its reason."""
    async with traced() as (spans, router, _):
        await router.send("ann", reject).outcome()

    assert status(spans.one("turn")) == ("ERROR", "Rejected")


async def test_one_that_is_given_up_ends_then(autojump_clock: MockClock) -> None:
    """Once: its task ends later and is not looked at."""
    del autojump_clock
    async with traced() as (spans, router, _):
        outcome = await router.send("ann", shielded).outcome()
        assert outcome.late
        (span,) = spans.all
        await trio.sleep(200)

    assert spans.all == (span,)
    assert status(span) == ("ERROR", "TimedOut")
    assert facts(span)["actors.outcome.late"] is True


async def test_one_that_is_killed_with_its_session_is_an_error() -> None:
    """It ends with the router."""
    async with traced() as (spans, router, _):
        router.send("ann", hang)
        await trio.testing.wait_all_tasks_blocked()
        router.ref.kill()
        await router.ref.wait_stopped()
        assert status(spans.one("turn")) == ("ERROR", "Aborted")


async def test_none_is_open_when_the_system_has_ended() -> None:
    """Whatever was on its way."""
    async with traced() as (spans, router, _):
        for key in ("ann", "bob"):
            router.send(key, hang)
            router.send(key, nothing)
        await trio.testing.wait_all_tasks_blocked()
        assert spans.all == ()

    assert [status(each) for each in spans.named("turn")] == [("ERROR", "Aborted")] * 2
    assert [status(each) for each in spans.named("send")] == [("ERROR", "Lost")] * 2


async def test_a_child_turn_is_inside_of_its_parents() -> None:
    """Under the span that was current where it was started; so is a critical one."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            await turn.run_child(fail)
            child = await turn.start_child(nothing, critical=True)
            await child.outcome()

        await router.send("ann", act).outcome()

    top = spans.one("turn")
    first, second = spans.named("child turn")
    assert parent_of(first) == parent_of(second) == id_of(top)
    assert first.kind is SpanKind.INTERNAL
    assert status(first) == ("ERROR", "LookupError")
    assert status(second) == status(top) == ("UNSET", None)


async def test_a_child_is_inside_of_what_started_it() -> None:
    """In a task of the turn too, whose current span is its own."""
    async with traced() as (spans, router, _):

        async def work(turn: Turn[Any, str], name: str, *, critical: bool) -> None:
            with tool(turn, name):
                child = await turn.start_child(nothing, critical=critical)
                await child.outcome()

        async def act(turn: Turn[Any, str]) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(work, critical=False), turn, "a")
                nursery.start_soon(partial(work, critical=True), turn, "b")

        await router.send("ann", act).outcome()

    tools = [id_of(each) for each in spans.named("execute_tool")]
    assert sorted(parent_of(each) or 0 for each in spans.named("child")) == sorted(
        tools
    )


async def test_a_child_that_begins_when_its_parent_has_ended_is_in_its_trace() -> None:
    """A critical one stays, and has had no step yet."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            await turn.start_child(nothing, critical=True)

        await router.send("ann", act).outcome()

    assert spans.tree() == "turn /router\n  child turn /router"


async def test_a_child_that_is_started_in_no_trace_is_its_parents() -> None:
    """In a task that somebody has given an empty context."""
    async with traced() as (spans, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            async def start() -> None:
                await turn.run_child(nothing)

            async with trio.open_nursery() as nursery:
                Variables().run(nursery.start_soon, start)

        await router.send("ann", act).outcome()

    assert spans.tree() == "turn /router\n  child turn /router"


async def test_a_turn_is_no_garbage() -> None:
    """Or its prompt would stay until the collector comes, and cost its time."""
    async with traced() as (_, router, _):

        async def act(turn: Turn[Any, str]) -> None:
            with chat(turn, "small"):
                await trio.lowlevel.checkpoint()

        async def prompt(turn: Turn[Any, str]) -> None:
            await act(turn)

        gone = weakref.ref(prompt)
        gc.collect()
        gc.disable()
        try:
            await router.send("ann", prompt).outcome()
            del prompt
            await trio.testing.wait_all_tasks_blocked()
            assert gone() is None
        finally:
            gc.enable()


async def test_chunks_are_counted() -> None:
    """They are no spans; of what nobody reads there is no count."""
    async with traced() as (spans, router, _):

        async def say(turn: Turn[Any, str]) -> None:
            for word in ["the", "quick", "brown", "fox"]:
                await turn.emit(word)

        async with router.open_turn("ann", say, stream=Bounded(2)) as stream:
            assert len([word async for word in stream]) == 4
        left = router.open_turn("ann", say, stream=Bounded(2), leave=Leave.DETACH)
        async with left as stream:
            await anext(stream)
        await router.send("ann", say).outcome()

    read, dropped, unread = spans.all
    assert facts(read)["actors.turn.chunks"] == 4
    assert facts(dropped)["actors.turn.chunks"] == 4
    assert "actors.turn.chunks" not in facts(unread)


async def test_an_aside_says_so() -> None:
    """It runs beside the session's turn."""
    async with traced() as (spans, router, _):
        await router.ask_aside("ann", nothing).outcome()

    assert facts(spans.one("turn"))["actors.turn.aside"] is True


class Careful(Doer):
    """Has a hook."""

    ended: ClassVar[list[bool]] = []

    async def turn_ended(self, turn: Turn[Any, str], outcome: object) -> None:
        """Look whether the span is current."""
        del turn, outcome
        self.ended.append(get_current_span().is_recording())


async def test_the_hook_is_inside_of_the_span() -> None:
    """`turn_ended` runs in the turn's own context."""
    Careful.ended.clear()
    async with traced(Careful) as (spans, router, _):
        await router.send("ann", nothing).outcome()
        assert len(spans.all) == 1

    assert Careful.ended == [True]


class Mixed(Session[int, str]):
    """Ends in one of many ways."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=2, abort_grace=0.5)

    async def take_turn(self, turn: Turn[int, str]) -> object:
        """By the number."""
        ways = (nothing, fail, hang, shielded, end_in_a_group, reject)
        await trio.sleep(turn.prompt % 3)
        await ways[turn.prompt % len(ways)](turn)
        return turn.prompt


@seeds(20)
async def test_each_outcome_is_one_span(seed: int) -> None:
    """In any order: as many spans as turns, each with the status of its outcome."""
    spans = Spans()
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider)
        router = start_router(system, Mixed)
        receipts = [router.send(f"key{each % 4}", each) for each in range(24)]
        for number, each in enumerate(receipts):
            if (number + seed) % 7 == 0:
                each.withdraw()
        outcomes = [await each.outcome() for each in receipts]

    told = [type(each).__name__ for each in outcomes if not isinstance(each, Completed)]
    assert len(spans.all) == len(receipts)
    found = [facts(each).get("actors.outcome") for each in spans.all]
    assert sorted(each for each in found if each) == sorted(told)
