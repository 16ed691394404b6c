"""A node of the chat service that `python -m examples.cluster` starts several times.

    python -m examples.cluster.node NAME PORT FOLDER DSN

It answers on its port: a line of JSON comes in on each connection, and lines go out.
Any node takes any prompt; the store brings it to the one that owns its session.
"""

import json
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import attrs
import trio

from actors import Actor, ActorError, AnyRef, Completed, Outcome, Session, Turn
from supervision import (
    ChildSpec,
    Limits,
    Router,
    RouterRef,
    Supervisor,
    find_child,
    router_ref,
)
from supervision.durable import PostgresStore, SharingPolicy
from supervision.service import LogFormat, Settings, run

PARTITIONS = 24
TTL = 2.0  # seconds of silence after which another node takes what a node owns
ATTEMPTS = 9  # of a prompt: more than this example interrupts it
RECALL = -1  # the number of a prompt that asks what the session knows


@attrs.frozen
class Said:
    """A prompt: its number, and how long its answer takes."""

    number: int
    takes: float


class Chat(Session[Said, str, tuple[int, ...]]):
    """One conversation: it knows the prompts that it has answered, in their order."""

    initial_state: ClassVar[tuple[int, ...]] = ()

    async def take_turn(self, turn: Turn[Said, str, tuple[int, ...]]) -> list[int]:
        """Think, then answer with what is known."""
        if turn.prompt.number != RECALL:
            await trio.sleep(turn.prompt.takes)
            turn.state = (*turn.state, turn.prompt.number)
        return list(turn.state)


class Door(Actor[None]):
    """Where prompts come in."""

    router: RouterRef[Said, str]

    def __init__(self, tree: AnyRef, port: int) -> None:
        self.tree, self.port = tree, port

    async def started(self) -> None:
        """Open it."""
        self.router = router_ref(await find_child(self.tree, "router"), Chat)
        serve = partial(trio.serve_tcp, self.answer, host="127.0.0.1")
        self.start_soon(serve, self.port)

    def receive(self, message: None) -> None:
        """Nobody tells it anything."""

    async def answer(self, stream: trio.SocketStream) -> None:
        """Answer one question."""

        async def say(**words: Any) -> None:
            await stream.send_all(json.dumps(words).encode() + b"\n")

        with suppress(trio.BrokenResourceError, ValueError):
            asked = json.loads(await stream.receive_some())
            try:
                await getattr(self, f"do_{asked.pop('do')}")(say, **asked)
            except ActorError as error:  # it is drained, say: ask another node
                await say(refused=type(error).__name__)

    async def do_send(
        self, say: Any, key: str, name: str, number: int, takes: float
    ) -> None:
        """Accept a prompt, and tell its outcome; sent again, it is one all the same."""
        receipt = await self.router.accept(
            key, Said(number, takes), id=name, attempts=ATTEMPTS
        )
        await say(accepted=name)
        await say(**as_words(await receipt.outcome()))

    async def do_find(self, say: Any, key: str, name: str) -> None:
        """Tell what became of a prompt."""
        receipt = await self.router.find(key, name)
        if receipt is None:
            await say(outcome="unknown", result=None)
        else:
            await say(**as_words(await receipt.outcome()))

    async def do_locate(self, say: Any, key: str) -> None:
        """Tell where a key is."""
        there = await self.router.locate(key)
        await say(address=there.address if there is not None else None)

    async def do_nodes(self, say: Any) -> None:
        """Tell which nodes there are."""
        await say(nodes=[attrs.asdict(each) for each in self.router.nodes()])


def as_words(outcome: Outcome) -> dict[str, Any]:
    """Make an outcome JSON."""
    result = outcome.result if isinstance(outcome, Completed) else None
    return {"outcome": type(outcome).__name__, "result": result}


class Tree(Supervisor):
    """A router on the shared store, and its door."""

    def __init__(self, store: PostgresStore, port: int) -> None:
        self.store, self.port = store, port

    def declare(self) -> list[ChildSpec[Any]]:
        """Say what there is."""
        limits = Limits(turns=64)
        return [
            ChildSpec(Router, Chat, (), limits, None, self.store, id="router"),
            ChildSpec(Door, self.ref, self.port, id="door"),
        ]


if __name__ == "__main__":
    name, port, folder, dsn = sys.argv[1:]
    store = PostgresStore(
        dsn,
        node=name,
        address=f"127.0.0.1:{port}",
        partitions=PARTITIONS,
        sharing=SharingPolicy(ttl=TTL, moving=8, poll=0.5),
    )
    report = Path(folder) / f"{name}.json"
    settings = Settings(name=name, log_format=LogFormat.PLAIN, report=report)
    sys.exit(run(Tree, store, int(port), settings=settings))
