"""Wrong uses of sessions: rejected by mypy and pyright at their line; never run.

The comments are those of `wrong.py`.  The lines are short, so that they fit.
"""

from __future__ import annotations

from typing import TypeAlias

from actors import (
    Actor,
    ActorSystem,
    Outcome,
    PromptPolicy,
    Receipt,
    Session,
    Turn,
    TurnPolicy,
)
from supervision import Limits, RouterRef, start_router


class Chat(Session[str, int]):
    """Takes texts, answers with numbers."""

    def __init__(self, model: str) -> None:
        self.model = model

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Take it."""

    def use_itself(self) -> None:
        """Send itself, and deliver, what it does not take."""
        self.follow_up(1)  # error: mypy[arg-type] pyright[reportArgumentType]
        self.deliver("x", 1)  # error: mypy[arg-type] pyright[reportArgumentType]
        self.deliver(1, "x")  # error: mypy[arg-type] pyright[reportArgumentType]


class Plain(Actor[str]):
    """An actor, no session."""

    def receive(self, message: str) -> None:
        """Take it."""


class Odd(Session[str, int]):
    """Declares and overrides wrongly."""

    turns = 30  # error: mypy[assignment] pyright[reportAssignmentType]

    async def take_turn(self, turn: Turn[str, int]) -> None:
        """Take it."""

    def turn_ended(  # error: mypy[override] pyright[reportIncompatibleMethodOverride]
        self, turn: Turn[str, int], outcome: Outcome
    ) -> None:
        """Not async."""


async def work(turn: Turn[str, int], number: int) -> int:
    """Stand for a child."""
    return number + turn.id


async def take(t: Turn[str, int]) -> None:
    """Emit, spend and start the wrong things."""
    await t.emit("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    t.emit_nowait("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    n: int = t.prompt  # error: mypy[assignment] pyright[reportAssignmentType]
    t.note(1)  # error: mypy[call-arg] pyright[reportCallIssue]
    t.spend("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    t.start_soon(work, t, "x")  # error: mypy[arg-type] pyright[reportArgumentType]
    await t.run_child(work)  # error: mypy[arg-type] pyright[reportArgumentType]
    await t.start_child(work)  # error: mypy[arg-type] pyright[reportArgumentType]
    await t.run_child(work, "")  # error: mypy[arg-type] pyright[reportArgumentType]
    await t.run_child(print)  # error: mypy[arg-type] pyright[reportArgumentType]
    del n


def start(s: ActorSystem) -> None:
    """Start routers of the wrong things."""
    start_router(s, Chat)  # error: mypy[arg-type] pyright[reportArgumentType]
    start_router(s, Chat, 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    start_router(s, Plain)  # error: mypy[arg-type] pyright[reportArgumentType]
    start_router(3, Chat, "x")  # error: mypy[arg-type] pyright[reportArgumentType]
    r = start_router(s, Chat, "x")
    r.send("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]


R: TypeAlias = RouterRef[str, int]


async def send(r: R) -> None:
    """Send the wrong things, and mistake what comes."""
    r.send(3, "x")  # error: mypy[arg-type] pyright[reportArgumentType]
    r.send("k", "x", id=3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.send("k", "x", kind=3)  # error: mypy[call-arg] pyright[reportCallIssue]
    r.steer("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.follow_up("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.ask_aside("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.open_turn("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.reopen_turn("k", 3.5)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.reopen_turn("k", "m", 3)  # error: mypy[call-arg] pyright[reportCallIssue]
    await r.send_wait("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    await r.send("k", "x")  # error: mypy[misc] pyright[reportGeneralTypeIssues]
    r.run_exclusive("k", 3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.configure(3)  # error: mypy[arg-type] pyright[reportArgumentType]
    r.abort("k")  # error: mypy[arg-type] pyright[reportArgumentType]
    r.cancel(3)  # error: mypy[arg-type] pyright[reportArgumentType]
    await r.drain("x")  # error: mypy[arg-type] pyright[reportArgumentType]


async def read(r: R, mine: Receipt[str]) -> None:
    """Mistake what is read."""
    n: int = mine.prompt  # error: mypy[assignment] pyright[reportAssignmentType]
    s: str = mine.outcome  # error: mypy[assignment] pyright[reportAssignmentType]
    async with r.open_turn("k", "x") as t:
        t.steer(3)  # error: mypy[arg-type] pyright[reportArgumentType]
        async for c in t:
            s = c  # error: mypy[assignment] pyright[reportAssignmentType]
    del n, s


def policies() -> None:
    """Wrong fields."""
    TurnPolicy(steps="x")  # error: mypy[arg-type] pyright[reportArgumentType]
    TurnPolicy(3)  # error: mypy[call-arg] pyright[reportCallIssue]
    PromptPolicy(batch=3)  # error: mypy[arg-type] pyright[reportArgumentType]
    Limits(turns="x")  # error: mypy[arg-type] pyright[reportArgumentType]
    Limits(session=3)  # error: mypy[call-arg] pyright[reportCallIssue]
