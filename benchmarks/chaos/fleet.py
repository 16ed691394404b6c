"""The nodes, as processes: started, spoken to by lines, stopped by their pids.

Leaving `open_fleet` ends all of them, those that stand still too.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any, Final

import attrs
import trio

from .book import Book

# Any in this file: orders and answers are JSON
PATIENCE: Final = 30.0
"""Seconds for a node to start, or to end."""
PROGRAM: Final = "benchmarks.chaos.node"
_WAITING: Final = 8  # answers to one order that nobody has read yet
_LAST: Final = frozenset({"error", "told", "chunks", "known", "lost", "tasks", "done"})
"""What stands in the last answer to an order."""


class GoneError(Exception):
    """The node has ended before it has answered."""


class OrderError(Exception):
    """The node has answered with an error; its text has the class first."""


class Call:
    """An order that a node has, and its answers, as they come."""

    def __init__(self, answers: trio.MemoryReceiveChannel[dict[str, Any]]) -> None:
        self._answers = answers

    async def next(self) -> dict[str, Any]:
        """Give the next answer.

        Raises:
            GoneError: the node has ended.
            OrderError: it is an error.
        """
        try:
            answer = await self._answers.receive()
        except trio.EndOfChannel:
            raise GoneError from None
        if "error" in answer:
            raise OrderError(answer["error"])
        return answer


@attrs.frozen
class Place:
    """Where a node lives, and how it reaches the server."""

    dsn: str
    network: str = ""
    """The path of a network namespace; "": this process's."""


@attrs.define(eq=False)
class Node:
    """A node that was started."""

    name: str
    place: Place
    process: Popen[bytes]
    errors: Path
    """What it has said beside its answers."""
    expected: bool = False
    """It is to end, or may."""
    stands: bool = False
    """It stands still."""
    ended: trio.Event = attrs.Factory(trio.Event)
    tasks: int = 0
    """How many it had when nothing had been sent to it."""
    _calls: dict[int, trio.MemorySendChannel[dict[str, Any]]] = attrs.Factory(
        dict[int, trio.MemorySendChannel[dict[str, Any]]]
    )
    _orders: list[bytes] = attrs.Factory(list[bytes])
    _new: trio.Event = attrs.Factory(trio.Event)
    _number: int = 0

    @property
    def lives(self) -> bool:
        """Whether orders may be given to it."""
        return not self.ended.is_set() and not self.expected

    def order(self, do: str, /, **given: Any) -> Call:
        """Give an order; not a checkpoint."""
        self._number += 1
        send, receive = trio.open_memory_channel[dict[str, Any]](_WAITING)
        if self.ended.is_set():
            send.close()
        else:
            self._calls[self._number] = send
            line = json.dumps({"n": self._number, "do": do, "with": given})
            self._orders.append(line.encode() + b"\n")
            self._new.set()
        return Call(receive)

    def signal(self, which: int) -> None:
        """Send it a signal, if it is there."""
        with suppress(ProcessLookupError):
            self.process.send_signal(which)

    async def run(self) -> None:
        """Speak with it until it ends."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            await self._read()
            nursery.cancel_scope.cancel()
        for each in self._calls.values():
            each.close()
        self._calls.clear()

    async def _write(self) -> None:
        assert self.process.stdin is not None
        stream = trio.lowlevel.FdStream(os.dup(self.process.stdin.fileno()))
        self.process.stdin.close()
        async with stream:
            while True:
                await self._new.wait()
                self._new = trio.Event()
                orders, self._orders = self._orders, []
                with suppress(trio.BrokenResourceError):
                    await stream.send_all(b"".join(orders))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        stream = trio.lowlevel.FdStream(os.dup(self.process.stdout.fileno()))
        self.process.stdout.close()
        rest = b""
        async with stream:
            async for data in stream:
                *lines, rest = (rest + bytes(data)).split(b"\n")
                for line in lines:
                    self._heard(json.loads(line))

    def _heard(self, answer: dict[str, Any]) -> None:
        channel = self._calls.get(answer["n"])
        if channel is None:
            return
        with suppress(trio.WouldBlock, trio.BrokenResourceError):
            channel.send_nowait(answer)
        if answer.keys() & _LAST or answer.get("found") is False:
            del self._calls[answer["n"]]
            channel.close()


class Fleet:
    """All nodes of a run.

    Args:
        nursery: of their tasks.
        folder: for what they write.
        book: what has happened.
        options: of each node, beside its name and the server's address.
        program: the module that is a node.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        folder: Path,
        book: Book,
        options: Mapping[str, Any],
        program: str = PROGRAM,
    ) -> None:
        self.nodes: list[Node] = []
        """Those that have been started, in their order."""
        self._nursery = nursery
        self._folder = folder
        self._book = book
        self._options = options
        self._program = program
        self._names = 0

    def living(self) -> list[Node]:
        """Those that orders may be given to, also if they stand still."""
        return [each for each in self.nodes if each.lives]

    def new_name(self) -> str:
        """Make a name that no node has had."""
        self._names += 1
        return f"n{self._names}"

    async def start(self, name: str, place: Place) -> Node:
        """Start a node, and wait until it answers.

        Raises:
            GoneError: it has ended.
            trio.TooSlowError: it does not.
        """
        options = {**self._options, "node": name, "dsn": place.dsn}
        there = ["nsenter", f"--net={place.network}", "--"] if place.network else []
        errors = self._folder / f"{name}-{len(self.nodes)}.log"
        with errors.open("wb") as output:
            # in this thread: it is to end with it, and others come and go
            process = Popen(  # noqa: ASYNC220, S603 - it takes a few milliseconds
                [
                    *there,
                    *(sys.executable, "-m", self._program),
                    json.dumps(options),
                ],
                stdin=PIPE,
                stdout=PIPE,
                stderr=output,
            )
        node = Node(name, place, process, errors)
        self.nodes.append(node)
        self._nursery.start_soon(self._live, node)
        with trio.fail_after(PATIENCE):
            node.tasks = (await node.order("look").next())["tasks"]
        return node

    async def _live(self, node: Node) -> None:
        try:
            await node.run()
        finally:
            node.signal(signal.SIGKILL)
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(node.process.wait)
            node.ended.set()
        if not node.expected:
            words = node.errors.read_text(errors="replace")[-1500:]
            self._book.died.append(
                f"{node.name} ended with {node.process.returncode}: {words}"
            )

    async def kill(self, node: Node) -> None:
        """End a node as `kill -9` does, and wait until it is gone."""
        node.expected = True
        node.signal(signal.SIGKILL)
        await node.ended.wait()

    def stop(self, node: Node) -> None:
        """Have a node stand still."""
        node.stands = True
        node.signal(signal.SIGSTOP)

    def go_on(self, node: Node) -> None:
        """Have it go on."""
        node.stands = False
        node.signal(signal.SIGCONT)

    async def drain(self, node: Node) -> dict[str, Any]:
        """Have a node leave in order, and wait until it is gone; its report.

        Raises:
            GoneError, OrderError: it could not.
            trio.TooSlowError: it is still there; it is killed.
        """
        call = node.order("drain")
        node.expected = True
        try:
            with trio.fail_after(2 * PATIENCE):
                report = await call.next()
                await node.ended.wait()
        finally:
            node.signal(signal.SIGKILL)  # nothing, if it is gone
        return report


@asynccontextmanager
async def open_fleet(
    folder: Path, book: Book, options: Mapping[str, Any], program: str = PROGRAM
) -> AsyncGenerator[Fleet]:
    """Open a fleet without nodes; leaving ends all that were started in it."""
    async with trio.open_nursery() as nursery:
        fleet = Fleet(nursery, folder, book, options, program)
        try:
            yield fleet
        finally:
            for each in fleet.nodes:
                each.expected = True
            nursery.cancel_scope.cancel()
