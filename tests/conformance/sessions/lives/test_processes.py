"""What a session has started does not survive the session: scenario S94.

The real processes run on the real clock; the tests wait for what they write and for the
end of their output, never for a time.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio

from actors import (
    CloseReason,
    Receipt,
    Session,
    SessionClosed,
    Turn,
    open_system,
)
from actors.testing import open_tasks, seeds
from supervision import Limits, RouterRef, start_router

BOUND = 100.0
"""Seconds after which a test of real processes fails; nothing waits for it."""

# ------------------------------------------------------------------ S94, real ones

AGENT = """
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in sys.argv else signal.SIG_DFL)
below = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(below.pid, flush=True)
signal.pause()
"""
"""Has a child process of its own; both hold the pipe open until they are gone."""


@attrs.define
class Yard:
    """Where a test sees the process group of its session."""

    stream: trio.abc.ReceiveStream  # its other end is held by all processes
    write: int  # that end
    deaf: bool = False
    processes: list[trio.Process] = attrs.Factory(list[trio.Process])
    heard: trio.Event = attrs.Factory(trio.Event)

    async def hear(self) -> None:
        """Wait until a group says that it is complete."""
        while b"\n" not in await self.stream.receive_some():
            pass
        self.heard.set()


class Housed(Session[str, str]):
    """Has an agent: a process group that lives exactly as long as the session."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.ready = trio.Event()

    async def started(self) -> None:
        self.start_soon(self._house)
        await self.ready.wait()

    async def _house(self) -> None:
        words = [sys.executable, "-c", AGENT, *(["deaf"] if self.yard.deaf else [])]
        process = await trio.lowlevel.open_process(
            words, stdout=self.yard.write, start_new_session=True
        )
        self.yard.processes.append(process)
        self.ready.set()
        try:
            await process.wait()
        finally:
            with trio.CancelScope(shield=True):
                await end_group(process)

    async def take_turn(self, turn: Turn[str, str]) -> None:
        match turn.prompt:
            case "crash":
                self.start_soon(self._crash)
                await trio.sleep_forever()
            case "stay":
                await trio.sleep_forever()
            case _:
                await self.yard.hear()

    async def _crash(self) -> None:
        raise LookupError


async def end_group(process: trio.Process) -> None:
    """Ask the process group to end; after 1.5 seconds kill it; leave no zombie."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with trio.move_on_after(1.5):
        await process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def assert_no_zombie(process: trio.Process) -> None:
    """The system has nothing left of a process that was waited for."""
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)


@asynccontextmanager
async def open_yard(*, deaf: bool = False) -> AsyncGenerator[Yard]:
    """Give a yard; then wait for the last process of all groups to be gone."""
    read, write = os.pipe()
    async with trio.lowlevel.FdStream(read) as stream:
        yard = Yard(stream, write, deaf)
        with trio.fail_after(BOUND):  # noqa: ASYNC100 - it is in the block, and here
            try:
                yield yard
            finally:
                os.close(write)
            async for _ in stream:
                pass  # what other groups said
    assert yard.processes
    for process in yard.processes:
        assert process.returncode is not None
        assert_no_zombie(process)


async def end_by(how: str, router: RouterRef[str, str], yard: Yard) -> None:
    """End the session "k", which has been used, and wait until it has ended."""
    group = yard.processes[0]
    match how:
        case "close":
            router.close("k")
        case "close while busy":
            router.send("k", "stay")
            router.close("k")
        case "reset":
            router.reset("k")
        case "crash":
            router.send("k", "crash")
        case "eviction":
            router.send("other", "hello")
        case "reaping":
            pass  # by itself
        case "the agent's own end":
            os.killpg(group.pid, signal.SIGKILL)
        case "drain":
            await router.drain(within=10)
        case "stop":
            router.ref.stop()
            await router.ref.wait_stopped()
        case _:
            pytest.fail(how)
    await group.wait()


@pytest.mark.parametrize(
    "how",
    [
        "close",
        "close while busy",
        "reset",
        "crash",
        "eviction",
        "reaping",
        "the agent's own end",
        "drain",
        "stop",
    ],
)
async def test_s94_the_process_group_ends_with_its_session(how: str) -> None:
    """Grandchildren too, with no zombie, however the session has ended."""
    limits = Limits(sessions=1, idle=0.05 if how == "reaping" else math.inf)
    async with open_yard() as yard, open_system() as system:
        router = start_router(system, Housed, yard, limits=limits)
        await router.send("k", "hello").outcome()
        await end_by(how, router, yard)


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("deaf", [False, True])
async def test_s94_the_process_group_ends_when_the_whole_program_is_cancelled(
    *, busy: bool, deaf: bool
) -> None:
    """Also a group that is deaf to SIGTERM; the session may be idle or busy."""
    receipts: list[Receipt[str]] = []
    async with open_yard(deaf=deaf) as yard:
        with trio.CancelScope() as root:
            async with open_system() as system:
                router = start_router(system, Housed, yard)
                receipts += [router.send("k", each) for each in ("hello", "stay")]
                await yard.heard.wait()
                if not busy:
                    router.cancel_all("k")
                    await receipts[1].outcome()
                root.cancel()
                await trio.sleep_forever()

        assert root.cancelled_caught
        assert receipts[1].ended is not None


# ------------------------------------------------------------------ S94, on every path


REASONS = {
    "closed": CloseReason.CLOSED,
    "reset": CloseReason.RESET,
    "crash": CloseReason.CRASHED,
    "idle": CloseReason.REAPED,
}
"""Why each session of the test below ends, by its key."""


class Guest(Session[str, str]):
    """As `Housed`, with a double of the process: what there is, is in the set."""

    def __init__(self, living: set[str]) -> None:
        self.living = living

    async def started(self) -> None:
        self.start_soon(self._house)
        await trio.lowlevel.checkpoint()

    async def _house(self) -> None:
        self.living.add(self.key)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1.5)
            self.living.discard(self.key)

    async def take_turn(self, turn: Turn[str, str]) -> None:
        assert turn.key in self.living
        match turn.prompt:
            case "crash":
                self.start_soon(self._crash)
                await trio.sleep_forever()
            case "stay":
                await trio.sleep_forever()
            case _:
                await trio.lowlevel.checkpoint()

    async def _crash(self) -> None:
        raise LookupError


@seeds(500)
async def test_s94_what_a_session_holds_is_gone_when_it_is_told_closed() -> None:
    """On every path, the cancellation of everything included, and no task is left."""
    alive: set[str] = set()
    with trio.CancelScope() as root:
        async with open_system() as system:
            limits = Limits(sessions=4, idle=60)
            router = start_router(system, Guest, alive, limits=limits)
            closed = system.subscribe(SessionClosed)
            for key in ("closed", "reset", "idle"):
                await router.send(key, "hello").outcome()
                await trio.sleep(1)
            router.send("crash", "crash")
            router.send("crash", "stay")  # for the successor
            router.close("closed")
            router.reset("reset")
            left = set(REASONS)
            with trio.move_on_after(80):
                while left:
                    event = await closed.receive()
                    left.discard(event.key)
                    if event.key != "crash":
                        assert event.key not in alive
                    assert event.reason is REASONS[event.key]
            assert left == set()
            assert alive == {"crash"}
            root.cancel()
            await trio.sleep_forever()
    assert alive == set()
    assert open_tasks() == []
