"""Right uses of what finds, declares and tells many: checked, never run."""

from __future__ import annotations

from typing import Any, assert_type

from actors import Actor, ActorRef, Session, Turn, broadcast
from supervision import ChildSpec, Limits, Router, Supervisor, find_child


class Clerk(Actor[int | str]):
    """Takes two types."""

    def receive(self, message: int | str) -> None:
        """Hear it."""


class Teller(Actor[int | bytes]):
    """Takes two others."""

    def receive(self, message: int | bytes) -> None:
        """Hear it."""


class Chat(Session[str, int]):
    """Has a constructor with arguments."""

    def __init__(self, database: str, size: int) -> None:
        self.database = database
        self.size = size

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Answer."""


class Tree(Supervisor):
    """Declares a router, its arguments checked."""

    children = (Router.spec(Chat, "chat.db", 5, limits=Limits(turns=3), id="chats"),)


async def find(tree: ActorRef[Any]) -> None:
    """Find children by their ids, and by their class."""
    assert_type(await find_child(tree, "clerk"), ActorRef[Any])
    assert_type(await find_child(tree, "clerk", Clerk), ActorRef[int | str])
    assert_type(await find_child(tree, "desk", "clerk", Clerk), ActorRef[int | str])
    assert_type(await find_child(tree, "chats", Router), ActorRef[Any])
    assert_type(Router.spec(Chat, "chat.db", 5), ChildSpec[Any])


def tell_all(
    clerk: ActorRef[int | str], teller: ActorRef[int | bytes], more: ActorRef[int]
) -> None:
    """Refs of different actors, and a list of them: say what all of them take."""
    broadcast(clerk, teller, message=5)
    everyone: list[ActorRef[int]] = [clerk, teller]
    everyone.append(more)
    assert_type(broadcast(*everyone, message=5), tuple[ActorRef[int], ...])
    for each in everyone:
        assert_type(each, ActorRef[int])
        each.tell_nowait(5)
