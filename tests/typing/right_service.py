"""Right uses of services: accepted by mypy and pyright; never run."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import trio

from actors import Actor, ActorSystem, Event, Subscription, Turn
from supervision import Service, ServiceReport, Settings, Supervisor, run, serve
from supervision.acp import AgentSession, AgentSettings, Chunk, PromptLike, Text
from supervision.service import (
    ActorShape,
    ResultShape,
    ServiceState,
    SessionShape,
    TopShape,
    View,
)


class Tree(Supervisor):
    """A tree."""


class Named(Actor[str]):
    """An actor that takes an argument."""

    def __init__(self, name: str) -> None:
        self.name = name

    def receive(self, message: str) -> None:
        """Take it."""


def as_a_process() -> None:
    """Run trees."""
    assert_type(run(Tree), int)
    assert_type(run(Named, "x", settings=Settings(socket=Path("x.sock"))), int)


async def inside_trio() -> None:
    """Serve trees."""
    assert_type(await serve(Tree), ServiceReport)
    assert_type(await serve(Named, "x", signals=True), ServiceReport)
    async with trio.open_nursery() as nursery:
        service: Service = await nursery.start(serve, Tree)
        assert_type(service.state, ServiceState)
        assert_type(service.report, ServiceReport | None)
        service.stop("enough", within=3)


async def look(system: ActorSystem) -> None:
    """Look at a service."""
    view = View(system)
    tree = await view.tree("/", depth=3)
    assert_type(tree, ActorShape)
    assert_type(tree["children"], list[ActorShape])
    assert_type(view.session("k"), SessionShape)
    assert_type(await view.top(rows=3), TopShape)
    assert_type(view.session_verb("k", "cancel"), ResultShape)
    assert_type(view.subscribe(["TurnEnded"]), Subscription[Event])


class Agent(AgentSession):
    """An agent of somebody else."""

    def configure(self, settings: AgentSettings) -> AgentSettings:
        """As given."""
        return settings

    async def take_turn(self, turn: Turn[PromptLike, Chunk]) -> str:
        """Take it."""
        assert_type(turn.prompt, PromptLike)
        await turn.emit(Text("hello"))
        return await super().take_turn(turn)
