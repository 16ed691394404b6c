"""Messages of actors as spans, by wish."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

import pytest
import trio
from opentelemetry.trace import INVALID_SPAN, SpanKind, get_current_span
from trio.testing import wait_all_tasks_blocked

from actors import Actor, ActorCrashedError, ActorRef, Exit, Request, open_system
from actors.testing import seeds
from supervision.otel import instrument

from .scene import Doer, Spans, facts, id_of, links_of, parent_of, status, traced


class Total(Request[int]):
    """How much it is."""


class Counter(Actor[int | Total]):
    """Counts; a negative number is its crash."""

    def __init__(self) -> None:
        self.total = 0

    async def receive(self, message: int | Total) -> None:
        await trio.lowlevel.checkpoint()
        if isinstance(message, Total):
            message.reply(self.total)
        elif message < 0:
            msg = "negative"
            raise ValueError(msg)
        else:
            self.total += message


class Ticker(Actor[int]):
    """Tells itself one less, down to 0."""

    def __init__(self, counter: ActorRef[int | Total]) -> None:
        self.counter = counter

    def receive(self, message: int) -> None:
        self.counter.tell_nowait(message)
        if message:
            self.ref.tell_nowait(message - 1)


async def test_off_they_are_no_spans() -> None:
    """They cost more than messages do."""
    async with traced() as (spans, _, system):
        counter = system.start(Counter)
        with spans.tracer.start_as_current_span("request"):
            await counter.tell(1)
            assert await counter.ask(Total()) == 1

    assert spans.tree() == "request"


async def test_what_is_asked_is_inside_of_the_askers_span() -> None:
    """Who waits for it."""
    async with traced(messages=True) as (spans, _, system):
        counter = system.start(Counter)
        with spans.tracer.start_as_current_span("request"):
            await counter.ask(Total())

    assert spans.tree() == "request\n  receive Counter"
    span = spans.one("receive")
    assert span.kind is SpanKind.CONSUMER
    assert facts(span) == {
        "messaging.system": "actors",
        "messaging.operation.name": "receive",
        "messaging.operation.type": "process",
        "messaging.destination.name": "/Counter-1",
        "messaging.destination.template": "Counter",
    }


async def test_what_is_told_has_a_link_to_its_sender() -> None:
    """And a trace of its own: what tells itself the next would else be without end."""
    async with traced(messages=True) as (spans, _, system):
        counter = system.start(Counter)
        ticker = system.start(Ticker, counter)
        with spans.tracer.start_as_current_span("request"):
            await ticker.tell(2)
        await wait_all_tasks_blocked()

    ticks, counts = spans.named("receive Ticker"), spans.named("receive Counter")
    assert [each.parent for each in ticks + counts] == [None] * 6
    senders = [id_of(spans.one("request")), *map(id_of, ticks)]
    assert [links_of(each) for each in ticks] == [[each] for each in senders[:3]]
    assert [links_of(each) for each in counts] == [[each] for each in senders[1:]]


async def test_a_crash_is_an_error_and_the_next_one_is_not() -> None:
    """Its span ends with the message."""
    spans = Spans()
    with contextlib.suppress(ValueError):
        async with open_system() as system:
            instrument(system, tracer_provider=spans.provider, messages=True)
            counter = system.start(Counter)
            await counter.tell(1)
            await counter.tell(-1)
            with pytest.raises(ActorCrashedError):
                await counter.ask(Total())

    told, crashed = spans.named("receive")
    assert status(told) == ("UNSET", None)
    assert status(crashed) == ("ERROR", "crashed")


class Idler(Actor[trio.Event]):
    """Waits, and looks whose span it is in when it is over."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def receive(self, message: trio.Event) -> None:
        self.seen.append(get_current_span())
        await message.wait()
        assert get_current_span() is self.seen[-1]


class Leaver(Actor[None]):
    """Looks whether it is in a span when it ends."""

    seen: ClassVar[list[bool]] = []

    async def receive(self, message: None) -> None:
        del message
        self.seen.append(get_current_span().is_recording())
        self.finish()

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        self.seen.append(get_current_span() is INVALID_SPAN)


async def test_behind_a_message_there_is_no_span() -> None:
    """What the actor does between messages is in no trace."""
    Leaver.seen.clear()
    async with traced(messages=True) as (_, _, system):
        leaver = system.start(Leaver)
        await leaver.tell(None)
        await leaver.wait_stopped()

    assert Leaver.seen == [True, True]


async def test_of_what_nobody_handles_nothing_is_remembered() -> None:
    """It waited when its actor was killed."""
    async with open_system() as system:
        tracing = instrument(system, tracer_provider=Spans().provider, messages=True)
        idler = system.start(Idler)
        await idler.tell(trio.Event())
        await wait_all_tasks_blocked()
        await idler.tell(trio.Event())
        messages = tracing._messages
        assert messages is not None
        assert (len(messages._open), len(messages._sent)) == (1, 1)
        idler.kill()
        await idler.wait_stopped()

        assert (messages._open, messages._sent) == ({}, {})


@seeds(10)
async def test_each_is_in_its_own(seed: int) -> None:
    """Of many that wait at once, and none is open when the system has ended."""
    del seed
    spans = Spans()
    async with open_system() as system:
        instrument(system, tracer_provider=spans.provider, messages=True)
        idlers = [system.start(Idler) for _ in range(5)]
        gates = [trio.Event() for _ in range(3)]
        for gate in gates:
            for each in idlers:
                await each.tell(gate)
        for gate in gates[:2]:
            await wait_all_tasks_blocked()
            gate.set()
        await wait_all_tasks_blocked()
        assert len(spans.all) == 10
        for each in idlers[:4]:
            each.kill()

        gates[2].set()

    assert len(spans.all) == 15
    assert len({id_of(each) for each in spans.all}) == 15
    assert {parent_of(each) for each in spans.all} == {None}


class Late(Doer):
    """Takes a while to start, so its router hears of it by a message."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()

    async def suspend(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("make", [Doer, Late])
async def test_sessions_and_turns_have_no_messages_of_their_own(
    make: type[Doer],
) -> None:
    """What a router says to its sessions is its own affair."""
    async with traced(make, messages=True) as (spans, router, _):

        async def say(turn: Any) -> None:
            await turn.emit("hello")

        await router.send("ann", say).outcome()

    assert spans.tree() == "turn /router"
