"""Right uses: checked by mypy and pyright with no error, never run."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, assert_never, assert_type

import attrs
import trio

from actors import (
    Actor,
    ActorRef,
    Crashed,
    Decision,
    Exit,
    Mailbox,
    Overflow,
    Request,
    Terminated,
    open_system,
)
from actors.testing import StandstillError, run_seeded, seeds, who_waits

K = TypeVar("K")
V = TypeVar("V")


@attrs.frozen
class Add:
    """A message."""

    amount: int


@attrs.frozen
class Total(Request[int]):
    """A request."""


@attrs.frozen
class AddAndTotal(Request[int]):
    """A request with a field."""

    amount: int


@attrs.frozen
class Find(Request[V | None], Generic[K, V]):
    """A generic request: write its parameters, or give it a client function."""

    key: K


@attrs.frozen
class Ended:
    """What a watcher asks to be told instead of `Terminated`."""

    name: str


class Counter(Actor[Add | Total | AddAndTotal]):
    """A plain `receive`; the request's fields are matched by position."""

    mailbox = Mailbox(capacity=100, overflow=Overflow.REJECT)
    grace = 1.0

    def __init__(self, start: int = 0, *, step: int = 1) -> None:
        self.total = start
        self.step = step

    def receive(self, message: Add | Total | AddAndTotal) -> None:
        match message:
            case Add(amount):
                assert_type(amount, int)
                self.total += amount * self.step
            case AddAndTotal(amount):
                self.total += amount
                message.reply(self.total)
            case Total():
                message.reply(self.total)
            case _:
                assert_never(message)


class Book(Actor[Find[str, int]]):
    """An `async def receive`, and hooks of both colours."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive(self, message: Find[str, int]) -> None:
        await trio.lowlevel.checkpoint()
        assert_type(message.abandoned, bool)
        message.reply(None)

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        if isinstance(exit, Crashed):
            assert_type(exit.error, BaseException)

    def undelivered(self, message: Find[str, int]) -> None:
        message.fail(LookupError(message.key))


class Watcher(Actor[Add | Ended | Terminated]):
    """An actor that uses everything an actor may do."""

    def __init__(self, other: ActorRef[Add]) -> None:
        self.other = other

    async def started(self) -> None:
        assert_type(self.ref, ActorRef[Add | Ended | Terminated])
        self.watch(self.other)
        self.watch_with(self.other, Ended("other"))
        self.unwatch(self.other)
        self.after(1.0, Add(1))
        self.every(1.0, Add(1), key="tick")
        self.cancel_timer("tick")
        self.start_soon(self.wait, 1.0)
        child = self.start(Counter, 40, name="counter")
        assert_type(child, ActorRef[Add | Total | AddAndTotal])
        self.start(Counter, mailbox=Mailbox(capacity=1), grace=0.5)

    async def wait(self, seconds: float) -> None:
        """Stand for a child task."""
        await trio.sleep(seconds)

    def receive(self, message: Add | Ended | Terminated) -> None:
        match message:
            case Terminated():
                assert_type(message.exit, Exit)
                assert_type(message.ref, ActorRef[Any])
                assert_type(message.ref.path, str)
            case Ended():
                self.finish()
            case Add():
                self.stash(message)
                self.unstash_all()
            case _:
                assert_never(message)

    def child_ended(self, child: ActorRef[Any], exit: Exit) -> Decision:  # noqa: A002
        assert_type(child.path, str)
        return Decision.RESTART if isinstance(exit, Crashed) else Decision.END


class OtherWatcher(Actor[Add | Ended]):
    """Watches without taking `Terminated`: it says which message it wants instead."""

    def __init__(self, other: ActorRef[Add]) -> None:
        self.other = other

    def started(self) -> None:
        self.watch_with(self.other, Ended("other"))

    def receive(self, message: Add | Ended) -> None:
        """Take both."""


async def find(book: ActorRef[Find[str, int]], key: str) -> int | None:
    """A client function: its callers need no type parameters."""
    return await book.ask(Find[str, int](key))


async def send_and_ask() -> None:
    """Start, tell, ask, end."""
    async with open_system() as system:
        counter = system.start(Counter, 40, name="counter")
        assert_type(counter, ActorRef[Add | Total | AddAndTotal])
        system.start(Counter)
        system.start(Counter, mailbox=Mailbox(capacity=1), grace=0.5)

        counter.tell_nowait(Add(1))
        counter.tell_nowait(Total())  # a request may be told: its answer goes nowhere
        await counter.tell(Add(1))
        counter.tell_from_thread(Add(1))
        assert_type(await counter.ask(Total()), int)
        assert_type(await counter.ask(AddAndTotal(2), within=1.0), int)

        book = system.start(Book)
        assert_type(await book.ask(Find[str, int]("alice")), int | None)
        assert_type(await find(book, "alice"), int | None)

        counter.stop("done")
        counter.kill()
        await counter.wait_started()
        assert_type(await counter.wait_stopped(), Exit)
        assert_type(counter.exit, Exit | None)


def refs_narrow(counter: ActorRef[Add | Total]) -> ActorRef[Add]:
    """A ref that takes more may stand where one that takes less is wanted."""
    everything: ActorRef[Any] = counter
    assert_type(everything.path, str)
    return counter


async def narrow_refs_still_ask(counter: ActorRef[Total]) -> None:
    """What a narrowed ref takes keeps its answer type."""
    assert_type(await counter.ask(Total()), int)


@seeds(5)
async def test_with_a_seed(word: str, *, seed: int) -> None:
    """A test may have a parameter for the seed of its run."""
    await trio.lowlevel.checkpoint()
    assert_type((word, seed), tuple[str, int])


def tests_are_called() -> None:
    """By hand with a seed of one's own; what stands still says so."""
    assert_type(test_with_a_seed("word", seed=1), None)
    try:
        assert_type(run_seeded(find, Book().ref, "alice", seed=1), int | None)
    except StandstillError as error:
        assert_type(error.tree, str)
    assert_type(who_waits(), str)
