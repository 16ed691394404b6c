"""Many wait for one actor that crashes: each has an error of its own, and one cause."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorCrashedError,
    ActorStoppedError,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Request,
    open_system,
)

ASKERS = 4


@attrs.frozen
class Ask(Request[int]):
    """What is asked."""


class Busy(Actor[Any]):
    """Waits for a word, and then crashes with what it has in hand."""

    def __init__(self, word: trio.Event, crash: Exception) -> None:
        self.word = word
        self.crash = crash

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive(self, message: Any) -> None:
        del message
        await self.word.wait()
        raise self.crash


class Slow(Busy):
    """Crashes before its first message."""

    async def started(self) -> None:
        await self.word.wait()
        raise self.crash


class Collects(Busy):
    """Keeps the requests, and crashes when it has all."""

    def __init__(self, word: trio.Event, crash: Exception) -> None:
        super().__init__(word, crash)
        self.kept: list[Any] = []

    async def receive(self, message: Any) -> None:
        self.kept.append(message)
        if len(self.kept) == ASKERS:
            await super().receive(message)


class Owner(Actor[Any]):
    """Starts one, and lets it end when it crashes."""

    def receive(self, message: Any) -> None:
        make, word, crash = message.wanted
        message.reply(self.start(make, word, crash, name="it"))

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del child
        assert isinstance(exit, Crashed)
        return Decision.END


@attrs.frozen
class Start(Request[AnyRef]):
    """Asks for a child."""

    wanted: tuple[type[Actor[Any]], trio.Event, Exception]


async def ask(ref: AnyRef) -> None:
    """Ask it."""
    await ref.ask(Ask())


async def wait_started(ref: AnyRef) -> None:
    """Wait until it is ready."""
    await ref.wait_started()


async def ask_late(ref: AnyRef) -> None:
    """Come too late."""
    await ref.wait_stopped()
    await ref.ask(Ask())


async def tell_late(ref: AnyRef) -> None:
    """Come too late with a message."""
    await ref.wait_stopped()
    ref.tell_nowait("x")


TOO_LATE = (ask_late, tell_late)
WAYS: dict[str, tuple[type[Actor[Any]], Callable[[AnyRef], Awaitable[None]]]] = {
    "asks wait in its mailbox": (Busy, ask),
    "it has all requests in hand": (Collects, ask),
    "its start fails": (Slow, wait_started),
    "asks come while it starts": (Slow, ask),
    "asks come too late": (Busy, ask_late),
    "messages come too late": (Busy, tell_late),
}


async def errors_of(
    make: type[Actor[Any]], wait: Callable[[AnyRef], Awaitable[None]], crash: Exception
) -> list[BaseException]:
    """What each of those gets who wait for it."""
    errors: list[BaseException] = []
    word = trio.Event()

    async def run(ref: AnyRef) -> None:
        try:
            await wait(ref)
        except (ActorCrashedError, ActorStoppedError) as error:
            errors.append(error)

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = await system.start(Owner).ask(Start((make, word, crash)))
        if wait in TOO_LATE:
            ref.tell_nowait("begin")
        for _ in range(ASKERS):
            nursery.start_soon(run, ref)
        await settle()
        word.set()
    return errors


def shape(error: BaseException) -> tuple[object, ...]:
    """What raising it anew could change."""
    frames = tuple(traceback.walk_tb(error.__traceback__))
    notes = list(getattr(error, "__notes__", ()))
    return frames, error.__context__, error.__cause__, notes


@pytest.mark.parametrize("name", WAYS)
async def test_each_has_an_error_of_its_own(name: str) -> None:
    """Not a copy of the crash, and not another's: its cause is the very crash."""
    make, wait = WAYS[name]
    crash = ValueError("the crash")

    errors = await errors_of(make, wait, crash)

    assert len({id(error) for error in errors}) == ASKERS
    assert all(error.__cause__ is crash for error in errors)
    assert all(error.__suppress_context__ for error in errors)
    lengths = {len(traceback.extract_tb(error.__traceback__)) for error in errors}
    assert len(lengths) <= 2  # who had it in hand may have been told elsewhere
    assert max(lengths) < 10


@pytest.mark.parametrize("name", WAYS)
async def test_what_one_does_with_it_is_not_seen_by_another(name: str) -> None:
    """Raised anew, in the midst of another error, with a note: only that one grows."""
    make, wait = WAYS[name]
    crash = ValueError("the crash")
    first, *others = await errors_of(make, wait, crash)
    before = [shape(error) for error in (crash, *others)]
    own = shape(first)

    for _ in range(3):
        with pytest.raises(type(first)):
            raise_amid(first)

    assert shape(first) != own
    assert [shape(error) for error in (crash, *others)] == before


def raise_amid(error: BaseException) -> None:
    """Raise it while something else is handled."""
    try:
        raise KeyError  # noqa: TRY301
    except KeyError:
        error.add_note("seen once more")
        raise error  # noqa: B904 - its context is what is looked at
