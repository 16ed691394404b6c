"""The ways that are measured: each of one message, in a system that is warm.

Warm: the same was done before, so that what is made once is there, and all is at rest.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import attrs
import trio
import trio.testing

from actors import Actor, ActorSystem, Request, Session, Turn, open_system
from supervision import Limits, start_router

from .walking import Walk, walked

WARM: Final = 3  # how often the same is done before


@attrs.frozen
class Name(Request[str]):
    """A question."""


class Clerk(Actor[Name | trio.Event]):
    """Answers, and sets what it is told."""

    def receive(self, message: Name | trio.Event) -> None:
        if isinstance(message, Name):
            message.reply("clerk")
        else:
            message.set()


class AsyncClerk(Actor[Name]):
    """Answers; whether it waits before is not known beforehand."""

    async def receive(self, message: Name) -> None:
        message.reply("clerk")


class Chat(Session[str, str]):
    """Answers in one chunk, which nobody reads."""

    async def take_turn(self, turn: Turn[str, str]) -> int:
        await turn.emit("hello")
        return 42


async def tell(system: ActorSystem) -> Walk:
    """Tell an actor that is at rest, until the message is handled."""
    clerk = system.start(Clerk)

    async def once() -> None:
        handled = trio.Event()
        await clerk.tell(handled)
        await handled.wait()

    return await _measured(once)


async def ask(system: ActorSystem) -> Walk:
    """Ask an actor that is at rest and whose `receive` is a plain `def`."""
    clerk = system.start(Clerk)
    requests = [Name() for _ in range(WARM + 1)]  # making one is no part of the way
    return await _measured(lambda: clerk.ask(requests.pop()))


async def ask_by_mail(system: ActorSystem) -> Walk:
    """Ask an actor that is at rest and whose `receive` is an `async def`."""
    clerk = system.start(AsyncClerk)
    requests = [Name() for _ in range(WARM + 1)]
    return await _measured(lambda: clerk.ask(requests.pop()))


async def send(system: ActorSystem) -> Walk:
    """Send a prompt to an idle session; its turn emits once, to its outcome."""
    router = start_router(system, Chat, limits=Limits(sessions=10, turns=10))

    async def once() -> None:
        receipt = router.send("alice", "hi")
        await receipt.outcome()

    return await _measured(once)


Way = Callable[[ActorSystem], Awaitable[Walk]]
WAYS: Final[dict[str, Way]] = {
    "tell": tell,
    "ask": ask,
    "ask by mail": ask_by_mail,
    "send": send,
}


def measured(name: str) -> Walk:
    """Go one of the ways, in a Trio run of its own."""

    async def main() -> Walk:
        async with open_system() as system:
            return await WAYS[name](system)

    return trio.run(main)


async def _measured(once: Callable[[], Awaitable[object]]) -> Walk:
    """Go a way again and again; how it goes when all that it needs is there."""
    for _ in range(WARM):
        await once()
        await trio.testing.wait_all_tasks_blocked()
    with walked() as walk:
        await once()
    return walk
