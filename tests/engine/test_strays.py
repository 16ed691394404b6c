"""asyncio's cancellation where Trio runs: the crash of whoever it comes out of.

It is no `Exception`, and yet no reason to end the whole tree.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, cast

import pytest
import trio

from actors import (
    Actor,
    Completed,
    Crashed,
    Decision,
    Failed,
    Request,
    Session,
    Turn,
    open_system,
)
from actors._engine.crashes import split_crash, stray_of
from supervision import Resource, Shared, start_router
from supervision.bridge import open_tree

Deed: TypeAlias = Callable[[], Awaitable[object]]
SAID = "an asyncio.CancelledError escaped"


class Doer(Session[Deed, str]):
    """Does its prompts."""

    async def take_turn(self, turn: Turn[Deed, str]) -> object:
        return await turn.prompt()


async def raises() -> None:
    """As a library for asyncio that was cancelled."""
    await trio.lowlevel.checkpoint()
    raise asyncio.CancelledError


async def raises_in_a_nursery() -> None:
    """It comes in a group then."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(raises)
        nursery.start_soon(trio.sleep_forever)


def cancels_itself() -> None:
    """A loop in a thread whose main task is cancelled."""

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    asyncio.run(main())


async def raises_in_a_thread() -> None:
    """That one leaves `asyncio.run`, and `to_thread`."""
    await trio.to_thread.run_sync(cancels_itself)


async def nothing() -> str:
    """Do nothing."""
    await trio.lowlevel.checkpoint()
    return "done"


def check(error: BaseException) -> None:
    """It says what it was, and has it as its cause."""
    assert isinstance(error, RuntimeError)
    assert SAID in str(error)
    assert isinstance(error.__cause__, asyncio.CancelledError | BaseExceptionGroup)


@pytest.mark.parametrize("deed", [raises, raises_in_a_nursery, raises_in_a_thread])
async def test_it_is_the_failure_of_its_turn(deed: Deed) -> None:
    """The session goes on, and so does all else."""
    async with open_system() as system:
        router = start_router(system, Doer)
        outcome = await router.send("ann", deed).outcome()
        assert isinstance(outcome, Failed)
        check(outcome.error)
        assert isinstance(await router.send("ann", nothing).outcome(), Completed)
        info = router.inspect("ann")
        assert info is not None
        assert info.generation == 1


class Ask(Request[str]):
    """Have a deed done."""

    def __init__(self, deed: Deed) -> None:
        super().__init__()
        self.deed = deed


class Worker(Actor[Ask]):
    """Does what it is asked for."""

    async def receive(self, message: Ask) -> None:
        """Do it."""
        await message.deed()


class Owner(Actor[str]):
    """Hears how its child ends, and has it begin anew, once."""

    def __init__(self, heard: list[object], make: type[Actor[Any]]) -> None:
        self.heard, self.make = heard, make

    def started(self) -> None:
        """Start it."""
        self.start(self.make)

    def receive(self, message: str) -> None:
        """Do nothing."""

    def child_ended(self, child: Any, exit: Any) -> Decision:  # noqa: A002 - its name
        """Write it down."""
        del child
        self.heard.append(exit)
        return Decision.END if len(self.heard) > 1 else Decision.RESTART


async def ended(heard: list[object]) -> BaseException:
    """The crash, when it has been heard of."""
    with trio.fail_after(10):
        while not heard:  # noqa: ASYNC110 - nobody tells
            await trio.lowlevel.checkpoint()
    exit_ = heard[0]
    assert isinstance(exit_, Crashed)
    return exit_.error


async def test_it_is_the_crash_of_its_actor() -> None:
    """Who asked is told; where no owner decides it climbs, as any crash."""

    async def ask() -> None:
        async with open_system() as system:
            await system.start(Worker).ask(Ask(raises))

    with pytest.raises(RuntimeError, match=SAID) as caught:
        await ask()
    check(caught.value)


class InStarted(Actor[str]):
    """It escapes out of a hook."""

    async def started(self) -> None:
        await raises()

    def receive(self, message: str) -> None:
        """Do nothing."""


class InTask(Actor[str]):
    """It escapes out of a child task."""

    def started(self) -> None:
        self.start_soon(raises)

    def receive(self, message: str) -> None:
        """Do nothing."""


class InStopped(Actor[str]):
    """It escapes when it stops."""

    def started(self) -> None:
        self.ref.stop()

    async def stopped(self, exit: Any) -> None:  # noqa: A002 - its name
        del exit
        await raises()

    def receive(self, message: str) -> None:
        """Do nothing."""


@pytest.mark.parametrize("make", [InStarted, InTask, InStopped])
async def test_it_is_a_crash_in_hooks_and_child_tasks(make: type[Actor[Any]]) -> None:
    """Once, and told to the owner."""
    heard: list[object] = []
    async with open_system() as system:
        system.start(Owner, heard, make)
        check(await ended(heard))


class Unborn(Actor[str]):
    """Its constructor fails."""

    def __init__(self) -> None:
        raise asyncio.CancelledError

    def receive(self, message: str) -> None:
        """Do nothing."""


async def test_it_is_the_failure_of_a_constructor() -> None:
    """Raised by `start`, as a supervisor wants it."""
    async with open_system() as system:
        with pytest.raises(RuntimeError, match=SAID) as caught:
            system.start(Unborn)
    check(caught.value)


async def test_it_is_the_crash_of_who_opens_a_resource() -> None:
    """Its supervisor decides what becomes of it: here it opens at the second time."""
    tries: list[int] = []

    @asynccontextmanager
    async def open_model() -> AsyncGenerator[str]:
        tries.append(1)
        if len(tries) == 1:
            await raises()
        yield "model"

    model = Shared(open_model)

    class Holder(Resource):
        def __init__(self) -> None:
            super().__init__(model)

    async with open_system() as system:
        heard: list[object] = []
        system.start(Owner, heard, Holder)
        check(await ended(heard))
        with trio.fail_after(10):
            while len(tries) == 1:  # noqa: ASYNC110 - nobody tells
                await trio.lowlevel.checkpoint()


class Root(Actor[str]):
    """A tree with nothing in it."""

    def receive(self, message: str) -> None:
        """Do nothing."""


def test_it_does_not_cancel_who_calls_from_asyncio() -> None:
    """Over the bridge too it is an error, and no cancellation of the caller's task."""

    async def main() -> None:
        async with open_tree(Root) as tree:
            with pytest.raises(RuntimeError, match=SAID):
                await tree.run(raises)
        task = asyncio.current_task()
        assert task is not None
        assert not task.done()

    asyncio.run(main())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_what_is_meant_for_the_process_goes_to_the_top(error: BaseException) -> None:
    """Alone, and in a group together with a stray."""
    assert split_crash(error) == (None, error)
    assert stray_of(error) is None
    several = [error, asyncio.CancelledError(), ValueError()]
    crash, rest = split_crash(BaseExceptionGroup("several", several))
    value, stray = parts_of(crash)
    assert isinstance(value, ValueError)
    check(stray)
    assert parts_of(rest) == (error,)


def parts_of(group: Any) -> tuple[BaseException, ...]:
    """What is in a group."""
    assert isinstance(group, BaseExceptionGroup)
    parts: Any = cast("Any", group).exceptions
    return tuple(parts)


def test_without_asyncio_nothing_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked for where it is, and not imported."""
    monkeypatch.delitem(sys.modules, "asyncio.exceptions")
    error = asyncio.CancelledError()
    assert split_crash(error) == (None, error)
    assert "asyncio.exceptions" not in sys.modules
