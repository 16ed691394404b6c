"""Wrong uses of supervision: rejected by mypy and pyright at their line; never run.

The comments are those of `wrong.py`.  The lines are short, so that they fit.
"""

from __future__ import annotations

import attrs

from actors import Actor, ActorRef, Request
from supervision import (
    ChildSpec,
    DeleteChild,
    DynamicSupervisor,
    ListChildren,
    RestartLimit,
    StartChild,
    Supervisor,
    delete_child,
    restart_child,
    start_child,
    stop_child,
)


@attrs.frozen
class Add:
    """A message."""

    n: int


@attrs.frozen
class Name(Request[str]):
    """A request that nobody takes."""


class Counter(Actor[Add]):
    """Takes what it is told."""

    def __init__(self, start: int) -> None:
        self.total = start

    def receive(self, message: Add) -> None:
        """Take it."""


class Static(Supervisor):
    """A static supervisor."""


class Wrong(Supervisor):
    """Its declarations have wrong types."""

    limit = 3  # error: mypy[assignment] pyright[reportAssignmentType]


class Dynamic(DynamicSupervisor):
    """Its template does not fit its constructor."""

    template = ChildSpec(Counter, 1)
    max_children = "9"  # error: mypy[assignment] pyright[reportAssignmentType]


def specs() -> None:
    """Wrong arguments, and wrong options."""
    ChildSpec(Counter, "x")  # error: mypy[arg-type] pyright[reportArgumentType]
    ChildSpec(Counter)  # error: mypy[arg-type] pyright[reportArgumentType]
    ChildSpec(Counter, 1, 2)  # error: mypy[arg-type] pyright[reportArgumentType]
    ChildSpec(Add, 1)  # error: mypy[arg-type] pyright[reportArgumentType]
    ChildSpec(Counter, 1, id=3)  # error: mypy[arg-type] pyright[reportArgumentType]
    ChildSpec(Counter, 1, x=3)  # error: mypy[call-arg] pyright[reportCallIssue]
    ChildSpec.template(Counter, id=3)  # error: mypy[call-arg] pyright[reportCallIssue]
    ChildSpec.template(Add)  # error: mypy[arg-type] pyright[reportArgumentType]
    RestartLimit(3, 5.0)  # error: mypy[call-arg] pyright[reportCallIssue]


async def tell(s: ActorRef[ListChildren]) -> None:
    """Tell and ask a supervisor what it does not take."""
    s.tell_nowait("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    await s.ask(Name())  # error: mypy[arg-type] pyright[reportArgumentType]
    await s.ask(DeleteChild("a"))  # error: mypy[arg-type] pyright[reportArgumentType]


async def administrate(s: ActorRef[ListChildren], c: ActorRef[Add]) -> None:
    """Ask those who are no supervisors, or narrowed; mistake an answer."""
    await stop_child(c, "a")  # error: mypy[arg-type] pyright[reportArgumentType]
    await delete_child(s, "a")  # error: mypy[arg-type] pyright[reportArgumentType]
    await s.ask(ListChildren)  # error: mypy[arg-type] pyright[reportArgumentType]


async def start(s: ActorRef[StartChild], t: ActorRef[DeleteChild]) -> None:
    """Mistake what a child takes, and who starts it."""
    ref = await start_child(s, ChildSpec(Counter, 1))
    ref.tell_nowait("x")  # error: mypy[arg-type] pyright[reportArgumentType]
    ref.tell_nowait(Name())  # error: mypy[arg-type] pyright[reportArgumentType]
    await ref.ask(Name())  # error: mypy[arg-type] pyright[reportArgumentType]
    await restart_child(t, "a")  # error: mypy[arg-type] pyright[reportArgumentType]
    StartChild(Counter)  # error: mypy[arg-type] pyright[reportArgumentType]
