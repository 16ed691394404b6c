"""Right uses of the typed state: checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import Any, assert_type

from actors import ActorRef, ActorSystem, History, Outcome, Session, Turn
from supervision import Durable, RouterRef, start_router
from supervision.durable import MemoryStore, PostgresStore, SqliteStore


class Untyped(Session[str, int]):
    """Says nothing of its state: Any."""

    initial_state = ()

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Look at it."""
        assert_type(self.state, Any)
        assert_type(turn.state, Any)
        assert_type(turn.prompt, str)


class Typed(Session[str, int, list[str]]):
    """Says of which type its state is."""

    def new_state(self) -> list[str]:
        """Make one."""
        return []

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Look at it, and set it."""
        assert_type(self.state, list[str])
        self.state = [*self.state, turn.prompt]


class Remembers(Session[str, int]):
    """Says of which type its entries are; checkers do not read that."""

    entry_type = str | int

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Read it, and write it."""
        assert_type(turn.history, History[Any])
        history: History[str | int] = turn.history
        assert_type(await history.window(5), tuple[str | int, ...])
        async for each in history.all():
            assert_type(each, str | int)
        history.append(turn.prompt)
        history.replace(len(history), "summary")
        history.replace(1)


class Told(Session[str, int, list[str]]):
    """Its turns say it too."""

    async def take_turn(self, turn: Turn[str, int, list[str]]) -> None:
        """Look at it, and set it; what it hands the turn to may leave it out."""
        assert_type(turn.state, list[str])
        turn.state = [*turn.state, turn.prompt]
        assert_type(turn.parent, Turn[str, int, list[str]] | None)
        assert_type(self.turn, Turn[str, int, list[str]] | None)
        await look(turn)
        await turn.start_child(look)
        await turn.run_child(look_closely, 5)

    async def turn_ended(self, turn: Turn[str, int], outcome: Outcome) -> None:
        """One hook may say it and another not."""
        del outcome
        assert_type(turn.state, Any)


async def look(turn: Turn[str, int]) -> None:
    """For any state."""
    await turn.emit(5)


async def look_closely(turn: Turn[str, int, list[str]], number: int) -> None:
    """For this one."""
    turn.state[number].upper()


async def look_whole(turn: Turn[str, int, list[str]]) -> None:
    """A router does not know it: this is believed."""
    turn.state = [*turn.state, "whole"]


def both(untyped: RouterRef[str, int], ref: ActorRef[Any], actor: Any) -> None:
    """A router's handle is of prompts and chunks, whatever the state is."""
    router = start_router(actor, Typed)
    assert_type(router, RouterRef[str, int])
    assert_type(start_router(actor, Told), RouterRef[str, int])
    router.run_exclusive("alice", look)
    router.run_exclusive("alice", look_whole)
    assert_type(start_router(actor, Untyped), RouterRef[str, int])
    del untyped, ref


def make_store(where: str) -> Durable:
    """Each store is one."""
    if where == "memory":
        return MemoryStore()
    return PostgresStore(where) if "://" in where else SqliteStore(where)


def routers(system: ActorSystem) -> None:
    """A router takes any."""
    start_router(system, Untyped, durable=make_store("chat.db"))
