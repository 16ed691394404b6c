"""Wrong uses: each is rejected by mypy and pyright at its line; never run.

A comment names the error codes that `tests/test_typing.py` expects on its line, and
it expects no others anywhere in this file.
"""

from __future__ import annotations

import attrs

from actors import Actor, ActorRef, ActorSystem, Request, Terminated


@attrs.frozen
class Add:
    """A message."""

    amount: int


@attrs.frozen
class Total(Request[int]):
    """A request that the counter takes."""


@attrs.frozen
class Name(Request[str]):
    """A request that the counter does not take."""


class Counter(Actor[Add | Total]):
    """Replies with the wrong type."""

    def __init__(self, start: int) -> None:
        self.total = start

    def receive(self, message: Add | Total) -> None:
        if isinstance(message, Total):
            message.reply("many")  # error: mypy[arg-type] pyright[reportArgumentType]
            message.fail("no")  # error: mypy[arg-type] pyright[reportArgumentType]

    def use_timers(self) -> None:
        """Send itself what it does not take."""
        self.after(1.0, "tick")  # error: mypy[arg-type] pyright[reportArgumentType]
        self.every(1.0, Name())  # error: mypy[arg-type] pyright[reportArgumentType]
        self.stash("later")  # error: mypy[arg-type] pyright[reportArgumentType]
        self.ref.tell_nowait("x")  # error: mypy[arg-type] pyright[reportArgumentType]

    def use_watches(self, other: ActorRef[Add]) -> None:
        """Watch without taking `Terminated`; ask for a message it does not take."""
        self.watch(other)  # error: mypy[misc] pyright[reportAttributeAccessIssue,reportUnknownMemberType]
        self.watch_with(other, "x")  # error: mypy[arg-type] pyright[reportArgumentType]

    def use_children(self) -> None:
        """Start children and tasks with the wrong arguments."""
        self.start(Counter, "x")  # error: mypy[arg-type] pyright[reportArgumentType]
        self.start(Counter)  # error: mypy[arg-type] pyright[reportArgumentType]
        self.start_soon(work, "x")  # error: mypy[arg-type] pyright[reportArgumentType]


class Deaf(Actor[Add]):
    """Its `receive` takes less than it promises."""

    def receive(self, message: Total) -> None:  # error: mypy[override] pyright[reportIncompatibleMethodOverride]
        """Take the wrong message."""


async def work(seconds: float) -> None:
    """Stand for a child task."""


async def tell(counter: ActorRef[Add | Total]) -> None:
    """Tell foreign messages."""
    counter.tell_nowait("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    await counter.tell(Name())  # error: mypy[arg-type] pyright[reportArgumentType]
    counter.tell_from_thread(1)  # error: mypy[arg-type] pyright[reportArgumentType]
    counter.tell_nowait(Add)  # error: mypy[arg-type] pyright[reportArgumentType]
    counter.tell_nowait(Terminated)  # error: mypy[arg-type] pyright[reportArgumentType]


async def ask(counter: ActorRef[Add | Total]) -> None:
    """Ask foreign requests and things that are no requests; mistake the answer."""
    await counter.ask(Name())  # error: mypy[arg-type] pyright[reportArgumentType]
    await counter.ask(Add(1))  # error: mypy[arg-type] pyright[reportArgumentType]
    await counter.ask("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    await counter.ask(Total)  # error: mypy[arg-type] pyright[reportArgumentType]
    text: str = await counter.ask(Total())  # error: mypy[arg-type] pyright[reportAssignmentType]
    await counter.tell_nowait(Add(1))  # error: mypy[misc] pyright[reportGeneralTypeIssues]
    del text


def only_adds(counter: ActorRef[Add | Total]) -> ActorRef[Add]:
    """Narrow a ref (a checker may see through a mere variable)."""
    return counter


async def narrow(counter: ActorRef[Add | Total]) -> None:
    """Ask through a narrowed ref; widen a ref."""
    await only_adds(counter).ask(Total())  # error: mypy[arg-type] pyright[reportArgumentType]
    wide: ActorRef[Add | Name] = counter  # error: mypy[assignment] pyright[reportAssignmentType]
    del wide


def start(system: ActorSystem) -> None:
    """Start with wrong, missing and superfluous constructor arguments."""
    system.start(Counter, "x")  # error: mypy[arg-type] pyright[reportArgumentType]
    system.start(Counter)  # error: mypy[arg-type] pyright[reportArgumentType]
    system.start(Counter, 1, 2)  # error: mypy[arg-type] pyright[reportArgumentType]
    system.start(Counter, 1, name=2)  # error: mypy[arg-type] pyright[reportArgumentType]
    system.start(Add, 1)  # error: mypy[arg-type] pyright[reportArgumentType]
