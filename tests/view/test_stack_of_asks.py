"""What a stack says of who waits in the library: public names, and what was asked."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorRef,
    Mailbox,
    PromptPolicy,
    Request,
    Session,
    Turn,
    open_system,
)
from supervision import RouterRef, start_router
from supervision.service import View
from tests.view.test_stack import calls, only


@attrs.frozen
class Use(Request[str]):
    """Use a tool."""

    name: str


class Kept(Actor[Use]):
    """Answers later."""

    def __init__(self) -> None:
        self.kept: list[Use] = []

    def receive(self, message: Use) -> None:
        self.kept.append(message)


class KeptSlowly(Kept):
    """Has it in hand."""

    async def receive(self, message: Use) -> None:  # type: ignore[override]
        await trio.sleep_forever()
        message.reply("")


class Full(KeptSlowly):
    """Has room for nobody more."""

    mailbox = Mailbox(1)


class Stashes(Kept):
    """Sets it aside."""

    def receive(self, message: Use) -> None:
        self.stash(message)


class Chat(Session[str, str]):
    """Asks a tool, or sends somebody else a prompt."""

    def __init__(self, tool: ActorRef[Use]) -> None:
        self.tool = tool

    async def take_turn(self, turn: Turn[str, str]) -> str:
        return await self.tool.ask(Use(turn.prompt))


@pytest.mark.parametrize(
    ("make", "before"),
    [(Kept, 0), (Stashes, 0), (KeptSlowly, 0), (KeptSlowly, 1), (Full, 2)],
)
async def test_what_is_asked_shows_wherever_it_waits(
    make: type[Kept], before: int
) -> None:
    """Kept, set aside, in hand, in the mailbox, and in the line before it."""
    async with open_system() as system:
        tool = system.start(make, name="tool")
        router = start_router(system, Chat, tool)
        for number in range(before):
            router.send(f"before {number}", "other")
            await settle()
        router.send("alice", "search")
        await settle()
        stack = View(system).session_stack("alice")
        tool.kill()
        router.ref.stop()

    (task,) = only(stack)["tasks"]
    assert calls(task) == [
        "Chat.take_turn(turn=<Turn>)",
        "ActorRef.ask(self=/tool, request=Use(name='search'), within=None)",
    ]


class Waits(Session[str, str]):
    """Waits for room in the queue of another one."""

    prompts = PromptPolicy(capacity=1)
    routers: ClassVar[list[RouterRef[str, str]]] = []

    async def take_turn(self, turn: Turn[str, str]) -> Any:
        if turn.prompt == "wait":
            await self.routers[-1].send_wait("bob", "a third")
        await trio.sleep_forever()


async def test_the_library_shows_by_its_public_names() -> None:
    """Also where a part of it does the work."""
    async with open_system() as system:
        router = start_router(system, Waits)
        Waits.routers.append(router)
        router.send("bob", "a first")
        await settle()
        router.send("bob", "a second")
        router.send("alice", "wait")
        await settle()
        stack = View(system).session_stack("alice")
        router.ref.stop()

    (task,) = only(stack)["tasks"]
    assert calls(task)[1].startswith("RouterRef.send_wait(key='bob', prompt=")
