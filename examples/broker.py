"""A broker in front of agents: each conversation has a process of its own.

    python examples/broker.py                        with the agent beside this file
    python examples/broker.py -- my-agent --acp      with any that speaks the protocol

The router is the broker: it owns `{key: session}`, starts an agent for a new key, gives
it one turn at a time, ends a turn that takes too long, ends agents that nobody uses and
has them resumed when somebody does.  A session owns its process group.  Killed and
started again it goes on with each conversation, answers no message twice, and shows
what was answered.  SIGSTOP stands for an agent that hangs, SIGKILL for one that dies.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import ClassVar, TypeAlias

import trio

from actors import (
    ActorError,
    ActorSystem,
    Journal,
    Outcome,
    SessionClosed,
    Turn,
    TurnPolicy,
    TurnStarted,
    open_system,
)
from supervision import Limits, RouterRef, start_router
from supervision.acp import (
    AgentSession,
    AgentSettings,
    Chunk,
    HistoryLost,
    PromptLike,
    Text,
)
from supervision.durable import SqliteStore

STORE = os.getenv("BROKER_STORE", "broker.db")
AGENT = [sys.executable, str(Path(__file__).with_name("echo_agent.py"))]
HASTE, PATIENCE = 1.0, 15.0  # seconds: for our own agent, for those of others
KEPT = Journal()  # answers are kept as well
Agents: TypeAlias = RouterRef[PromptLike, Chunk]


class Conversation(AgentSession):
    """One conversation; says what becomes of its process."""

    processes: ClassVar[list[int]] = []

    async def take_turn(self, turn: Turn[PromptLike, Chunk]) -> str:
        """Have the agent answer, and note which process it was."""
        try:
            return await super().take_turn(turn)
        finally:
            if self.pid is not None and self.pid not in self.processes:
                self.processes.append(self.pid)
                print(f"{self.key}: has agent process {len(self.processes)}")


class Broker:
    """What the front end of a chat would do, with a log."""

    def __init__(self, system: ActorSystem, router: Agents) -> None:
        self.system = system
        self.router = router

    async def chat(self, key: str, prompt: str, name: str | None = None) -> Outcome:
        """Put a prompt to a conversation, and show the answer as it comes."""
        said: list[str] = []
        async with self.router.open_turn(key, prompt, id=name, stream=KEPT) as answer:
            try:
                async for chunk in answer:
                    if isinstance(chunk, Text):
                        said.append(chunk.text)
                    elif isinstance(chunk, HistoryLost):
                        print(f"{key}: the history is lost: {chunk.why}")
            except ActorError as why:  # it was not completed, or is not kept any more
                print(f"{key}: {why}")
            outcome = await answer.outcome()
        print(f"{key}: {prompt!r} -> {said} {type(outcome).__name__}")
        return outcome

    async def hold(self, key: str, number: signal.Signals) -> None:
        """Send the agent a signal in the middle of a turn; show what comes of it."""
        process = Conversation.processes[-1]
        os.killpg(process, signal.SIGSTOP)
        with self.system.subscribe(TurnStarted) as started:
            receipt = self.router.send(key, "are you there?")
            await started.receive()
        os.killpg(process, number)
        print(f"{key}: the agent gets {number.name} -> {await receipt.outcome()!r}")

    async def watch(self) -> None:
        """Say which processes have ended, and why."""
        async for event in self.system.subscribe(SessionClosed):
            print(f"{event.key}: its agent was ended: {event.reason.value}")

    async def demonstrate(self) -> None:
        """What a broker is for."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.chat, "alice", "good morning", "a message's id")
            nursery.start_soon(self.chat, "bob", "hello hello")
        await self.chat("carol", "what is new")
        print("--- an agent dies")
        await self.hold("carol", signal.SIGKILL)
        await self.chat("carol", "and now")
        print("--- an agent hangs")
        await self.hold("carol", signal.SIGSTOP)
        await self.chat("carol", "and now")
        print("--- nobody says anything")
        with self.system.subscribe(SessionClosed) as closed:
            while self.router.list():
                await closed.receive()
        await self.chat("alice", "good evening")


async def main(command: list[str], patience: float) -> None:
    """Run the broker, and its demonstration."""
    settings = AgentSettings(command, cancel_grace=0.5)
    Conversation.turns = TurnPolicy(time_limit=patience)  # whatever the agent does
    limits = Limits(
        sessions=4,  # processes at once; one more, and the longest idle one has to go
        turns=2,  # that answer at once
        idle=patience / 2,  # seconds that nobody uses it (hours, in real life)
    )
    async with open_system() as system, trio.open_nursery() as nursery:
        router = start_router(
            system, Conversation, settings, limits=limits, durable=SqliteStore(STORE)
        )
        broker = Broker(system, router)
        nursery.start_soon(broker.watch)
        await broker.demonstrate()
        report = await router.drain(within=10)
        print(f"drained in {report.seconds:.1f} s: {router.statistics().outcomes}")
        nursery.cancel_scope.cancel()
    left = [p for p in Conversation.processes if await trio.Path(f"/proc/{p}").exists()]
    print(f"{len(left) or 'no'} process is left of {len(Conversation.processes)}")


if __name__ == "__main__":
    foreign = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    trio.run(main, foreign or AGENT, PATIENCE if foreign else HASTE)
