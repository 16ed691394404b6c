"""The tree that the tests run: its sessions do what the prompt says, an async function.

Tests are plain functions that run an event loop of their own.  Nothing waits for time:
a test knows how far the tree is because the turn tells it (`Gate`), or because Trio has
nothing left to do (`quiet`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import attrs
import trio
from trio.testing import wait_all_tasks_blocked

from actors import Actor, Request, Session, Turn
from supervision import ChildSpec, Limits, Router, Supervisor
from supervision.bridge import AsyncTree, BlockingTree

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a test is taken for one that hangs."""

Do: TypeAlias = Callable[[Turn[Any, Any]], Awaitable[object]]


class Doer(Session[Do, Any]):
    """Does what it is told."""

    async def take_turn(self, turn: Turn[Do, Any]) -> object:
        return await turn.prompt(turn)


class Boom(Exception):  # noqa: N818 - a bang, not an error of ours
    """What things crash with here."""


@attrs.frozen
class Total(Request[int]):
    """Asks for the sum."""


@attrs.frozen
class Never(Request[int]):
    """Is never answered."""


class Counter(Actor[int | Total | Never | str]):
    """Adds up; a text is a crash."""

    def __init__(self) -> None:
        self.total = 0
        self.kept: list[Never] = []

    def receive(self, message: int | Total | Never | str) -> None:
        match message:
            case int():
                self.total += message
            case Total():
                message.reply(self.total)
            case Never():
                self.kept.append(message)
            case _:
                raise Boom(message)


class Tree(Supervisor):
    """A router and an actor."""

    children = (
        ChildSpec(Router, Doer, (), Limits(turns=2), id="router"),
        ChildSpec(Counter, id="counter"),
    )


class Gate:
    """Something that has happened, for both threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def open(self) -> None:
        """It has happened."""
        self._event.set()

    @property
    def is_open(self) -> bool:
        """Whether it has."""
        return self._event.is_set()

    def wait(self) -> None:
        """Wait for it, in a thread."""
        assert self._event.wait(PATIENCE)

    async def wait_in_loop(self) -> None:
        """Wait for it, in asyncio."""
        await asyncio.to_thread(self.wait)


def play(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test's own event loop, and see that no thread is left over."""
    before = set(threading.enumerate())

    async def bounded() -> T:
        async with asyncio.timeout(PATIENCE):
            return await main()

    found = asyncio.run(bounded())
    assert trees_left(before) == []
    return found


def trees_left(before: set[threading.Thread]) -> list[str]:
    """List the threads of trees that are there and were not before."""
    now = set(threading.enumerate()) - before
    return [each.name for each in now if each.name.startswith("tree ")]


async def quiet(tree: AsyncTree) -> None:
    """Wait until Trio has nothing to do."""
    await tree.run(wait_all_tasks_blocked)


def quiet_here(tree: BlockingTree) -> None:
    """Wait until Trio has nothing to do."""
    tree.run(wait_all_tasks_blocked)


async def hang(turn: Turn[Any, Any]) -> None:
    """Say that it has begun, and never end."""
    await turn.emit("begun")
    await trio.sleep_forever()


def say(*words: object) -> Do:
    """Emit these, and complete."""

    async def emit(turn: Turn[Any, Any]) -> str:
        for word in words:
            await turn.emit(word)
        return "said"

    return emit
