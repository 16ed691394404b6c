"""Actors are in no trace, whoever starts them; or all they ever do would hang there."""

from __future__ import annotations

from typing import ClassVar

import trio
from opentelemetry.trace import get_current_span
from trio.testing import wait_all_tasks_blocked

from actors import Actor, ActorRef, Request, open_system
from supervision import ChildSpec, Supervisor, restart_child, stop_child
from supervision.otel import instrument

from .scene import Spans, traced


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


class Admit(Request[ActorRef[trio.Event]]):
    """Asks for a patient."""


class Nurse(Actor[Admit]):
    """Starts one, in a span."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans

    def receive(self, message: Admit) -> None:
        with self.spans.tracer.start_as_current_span("starts"):
            message.reply(self.start(Patient))


async def test_actors_that_are_there_leave_the_trace() -> None:
    """That of whoever opened the system, or has started them: busy or at rest."""
    spans, Patient.seen, lock = Spans(), [], trio.Event()
    with spans.tracer.start_as_current_span("program"):
        async with open_system() as system:
            system.start(Patient).tell_nowait(lock)
            rests = await system.start(Nurse, spans).ask(Admit())
            await wait_all_tasks_blocked()
            instrument(system, tracer_provider=spans.provider)
            rests.tell_nowait(lock)
            lock.set()

    assert Patient.seen == [False, False]
