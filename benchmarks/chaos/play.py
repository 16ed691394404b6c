"""One run: a server, nodes, senders, mischief, rest, and what is wrong then."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import trio

from benchmarks.postgres.server import Server, binaries, open_folder

from .book import Book, read_begun
from .checking import Wrong, wrongs
from .fleet import Fleet, GoneError, Node, OrderError, Place, open_fleet
from .mischief import KINDS, ON_NETWORK, Mischief
from .network import Network, open_network
from .rows import Rows, count_open, read_rows
from .senders import Senders

REST: Final = 60.0
"""Seconds within which all comes to rest, once nothing more is sent or done."""
SENDERS: Final = 8
_SPARE: Final = 4  # places for nodes that come before others have gone


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be played."""

    seconds: float
    nodes: int = 3
    seed: int = 0
    ttl: float = 2.0
    partitions: int = 16
    only: tuple[str, ...] = tuple(each for each in KINDS if each not in ON_NETWORK)
    """What may be done; names of `KINDS`."""
    network: bool = False
    """The server and each node have a network namespace of their own."""


@attrs.frozen
class Played:
    """How it went."""

    plan: Plan
    book: Book
    rows: Rows
    wrong: list[Wrong]
    seconds: float


class NoServerError(Exception):
    """There is no PostgreSQL here: install it (apt-get install postgresql)."""


async def play(plan: Plan, say: Callable[[str], None]) -> Played:
    """Play, and check.

    Args:
        plan: what.
        say: told what is done, in words.

    Raises:
        NoServerError: there is no server.
        NoNetworkError: a network was asked for, and there can be none.
    """
    programs = binaries()
    if programs is None:
        raise NoServerError
    began = trio.current_time()
    book = Book()
    with (
        open_folder() as folder,
        tempfile.TemporaryDirectory(prefix="chaos-") as scratch,
        open_network(plan.nodes + _SPARE) if plan.network else nullcontext() as network,
    ):
        if network is None:
            server = Server(programs, Path(folder))
        else:
            there = network.server
            server = Server(
                programs, Path(folder), host=there.address, network=there.path
            )
            if not network.delays:
                say("this kernel delays no packets: no node is slow")
        try:
            await trio.to_thread.run_sync(server.start)
            await _run(plan, book, server, Path(scratch), say, network)
            dsn = server.dsn(host=folder)
            rows = await trio.to_thread.run_sync(read_rows, dsn)
        finally:
            server.stop(signal.SIGQUIT)
        book.began = read_begun(Path(scratch) / "begun")
    took = trio.current_time() - began
    return Played(plan, book, rows, wrongs(book, rows), took)


async def _run(
    plan: Plan,
    book: Book,
    server: Server,
    scratch: Path,
    say: Callable[[str], None],
    network: Network | None,
) -> None:
    dice = Random(plan.seed)
    options = {
        "begun": str(scratch / "begun"),
        "ttl": plan.ttl,
        "partitions": plan.partitions,
    }
    async with (
        open_fleet(scratch, book, options) as fleet,
        trio.open_nursery() as followers,
    ):

        def place() -> Place:
            if network is None:
                return Place(server.dsn())
            there = [each for each in fleet.nodes if not each.ended.is_set()]
            spot = network.free([each.place.network for each in there])
            return Place(server.dsn(), spot.path)

        slow = network is not None and network.delays
        mischief = Mischief(
            fleet=fleet,
            server=server,
            book=book,
            dice=Random(dice.random()),
            size=plan.nodes,
            ttl=plan.ttl,
            place=place,
            say=say,
            only=tuple(each for each in plan.only if slow or each != "slow node"),
            network=network,
        )
        for _ in range(plan.nodes):
            await mischief.start()
        senders = Senders(fleet, book, Random(dice.random()), followers)
        async with trio.open_nursery() as nursery:
            for number in range(SENDERS):
                nursery.start_soon(senders.send, number)
            await mischief.go_on(trio.current_time() + plan.seconds)
            senders.over = True
            say("no more is sent")
            nursery.cancel_scope.deadline = trio.current_time() + REST
        await _rest(fleet, server, book, say)
        followers.cancel_scope.deadline = trio.current_time() + REST / 3


async def _rest(
    fleet: Fleet, server: Server, book: Book, say: Callable[[str], None]
) -> None:
    """Wait until nothing is open and nothing runs, and look what is left then."""
    dsn = server.dsn(host=str(server.folder))
    with trio.move_on_after(REST):
        while await trio.to_thread.run_sync(count_open, dsn) != (0, 0):  # noqa: ASYNC110
            await trio.sleep(0.5)
        say("all prompts have an outcome")
    prompts, verbs = await trio.to_thread.run_sync(count_open, dsn)
    if prompts or verbs:
        book.left.append(f"{prompts} prompts without outcome and {verbs} verbs")
    for node in fleet.living():
        left = await _left(node)
        if left:
            book.left.append(f"on {node.name}: {left}")


async def _left(node: Node) -> dict[str, Any]:  # Any: numbers, as JSON has them
    """Look at a node until nothing is left behind on it, or it is too late."""
    left: dict[str, Any] = {"nothing": "was answered"}
    with trio.move_on_after(REST / 3):
        while left:
            try:
                looked = await node.order("look").next()
            except (GoneError, OrderError) as error:
                return {"error": str(error) or "it is gone"}
            looked.pop("n")
            left = {
                name: looked[name]
                for name in (
                    *("turns_running", "turns_waiting", "queued", "answering"),
                    *("sessions", "following", "unwritten", "unexplained", "down"),
                )
                if looked[name]
            }
            if looked["tasks"] > node.tasks + 1:  # and a worker that is spare
                left["tasks"] = (node.tasks, looked["tasks"])
            if left:
                await trio.sleep(1.0)
    return left
