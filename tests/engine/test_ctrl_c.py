"""Ctrl-C: real SIGINT to our own process, wherever it finds us."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    ActorSystem,
    Exit,
    Killed,
    Mailbox,
    Overflow,
    Stopped,
    open_system,
)
from tests.actors.cast import Cast, Do, Farewell, Plain, Puppet, busy, contains_only


@pytest.fixture(autouse=True)
def python_handler() -> Iterator[None]:
    """Make sure that Trio finds Python's own handler, and put ours back."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(main: Callable[[], Awaitable[object]]) -> BaseException | None:
    """Run on a virtual clock; return what escaped."""
    try:
        trio.run(main, clock=MockClock(autojump_threshold=0))
    except BaseException as error:  # noqa: BLE001, ASYNC103 - the test looks at it
        return error  # noqa: ASYNC104 - the test looks at it
    return None


def ctrl_c(*_: object) -> None:
    """Press it."""
    signal.raise_signal(signal.SIGINT)


async def ctrl_c_later(_: Cast) -> None:
    """Press it after a wait, in the actor."""
    await trio.sleep(1)
    ctrl_c()


async def ctrl_c_in_task() -> None:
    """Press it after a wait, in a child task."""
    await trio.sleep(1)
    ctrl_c()


class Presses(Farewell):
    """Presses it in `started`."""

    def started(self) -> None:
        ctrl_c()


def telling(make: type[Cast], act: Callable[[Cast], object]) -> Any:
    """Return a scene: an actor of this class does `act`, the body waits."""

    async def scene(system: ActorSystem, log: list[Any]) -> None:
        system.start(make, log).tell_nowait(Do(act))
        await trio.sleep_forever()

    return scene


async def press_in_body(system: ActorSystem, log: list[Any]) -> None:
    """Press it in the body of the block."""
    del system, log
    ctrl_c()
    await trio.sleep_forever()


async def press_in_started(system: ActorSystem, log: list[Any]) -> None:
    """Press it in an actor's `started`."""
    system.start(Presses, log)
    await trio.sleep_forever()


async def press_while_idle(system: ActorSystem, log: list[Any]) -> None:
    """Press it while everybody waits: a callback of Trio's, no task's code."""
    del system, log
    trio.lowlevel.current_trio_token().run_sync_soon(ctrl_c)
    await trio.sleep_forever()


SCENES: dict[str, Any] = {
    "receive": telling(Puppet, ctrl_c),
    "plain receive": telling(Plain, ctrl_c),
    "receive after a wait": telling(Puppet, ctrl_c_later),
    "child task": telling(Puppet, lambda me: me.start_soon(ctrl_c_in_task)),
    "started": press_in_started,
    "body": press_in_body,
    "idle": press_while_idle,
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=list(SCENES))
def test_ctrl_c_leaves_the_block_as_keyboard_interrupt_in_order(scene: Any) -> None:
    """The first one stops the tree: what is queued is handled, `stopped` runs."""
    log: list[Any] = []
    steps: list[str] = []

    async def main() -> None:
        try:
            async with open_system() as system:
                other = system.start(Farewell, log)
                free = await busy(other, queued=2)
                free.set()
                await scene(system, [])
        except KeyboardInterrupt:
            steps.append("left the block")
            raise

    error = run(main)

    assert isinstance(error, KeyboardInterrupt)
    assert steps == ["left the block"]
    assert log == [0, 1, Stopped()]


def test_ctrl_c_while_engine_code_runs_does_not_tear_it() -> None:
    """In the middle of `tell_nowait` the message is queued, then the signal works."""
    log: list[Any] = []

    def key(message: object) -> object:
        ctrl_c()
        return message

    async def main() -> None:
        async with open_system() as system:
            mailbox = Mailbox(2, overflow=Overflow.KEEP_LATEST, key=key)
            ref = system.start(Puppet, log, mailbox=mailbox)
            ref.tell_nowait("queued")
            await trio.sleep_forever()

    assert isinstance(run(main), KeyboardInterrupt)
    assert log == ["queued"]


def press_soon() -> None:
    """Press it when no task's code runs."""
    trio.lowlevel.current_trio_token().run_sync_soon(ctrl_c)


@pytest.mark.parametrize("second", [ctrl_c, press_soon], ids=["actor", "idle"])
def test_a_second_ctrl_c_kills_at_once(second: Callable[[], None]) -> None:
    """Who does not stop is cancelled without waiting for its grace."""
    exits: list[Exit] = []
    times: list[float] = []

    class Stubborn(Puppet):
        def stopped(self, exit: Exit) -> None:  # noqa: A002
            exits.append(exit)
            times.append(trio.current_time())

    async def again() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(3)
            second()

    async def main() -> None:
        async with open_system(stop_within=500) as system:
            ref = system.start(Stubborn, grace=100)
            helper = system.start(Puppet, grace=100)
            await busy(ref)
            helper.tell_nowait(Do(lambda me: me.start_soon(again)))
            await settle()
            ctrl_c()
            await trio.sleep_forever()

    error = run(main)

    assert error is not None
    assert contains_only(error, KeyboardInterrupt)
    assert exits == [Killed()]
    assert times == [3]


@pytest.mark.parametrize("make", [Plain, Puppet])
def test_system_exit_of_an_actor_leaves_the_block(make: type[Cast]) -> None:
    """`SystemExit` is no crash: it is never swallowed, and the tree stops in order."""
    log: list[Any] = []

    def leave(_: Cast) -> None:
        raise SystemExit(3)

    async def main() -> None:
        async with open_system() as system:
            system.start(Farewell, log)
            system.start(make).tell_nowait(Do(leave))
            await trio.sleep_forever()

    error = run(main)

    assert isinstance(error, SystemExit)
    assert error.code == 3
    assert log == [Stopped()]
