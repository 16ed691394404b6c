"""A node: a process with a router on the shared store, told what to do by lines.

    python -m benchmarks.chaos.node OPTIONS

It reads orders from its input and answers on its output, a JSON object a line.  It ends
when its input ends, when it is told to drain, and with whoever has started it.

A turn writes down that it has begun before anything else, in a file that all nodes
append to: a line is there also when its process is killed in the next moment.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs
import trio

from actors import (
    ActorSystem,
    Journal,
    PromptPolicy,
    Receipt,
    Session,
    StreamRestartedError,
    Turn,
    open_system,
)
from supervision import Limits, RouterRef, start_router
from supervision.durable import PostgresStore, SharingPolicy

# Any in this file: orders and answers are JSON
DRAIN: Final = 30.0
"""Seconds that a drain may take."""
SLOTS: Final = 64
_DIE_WITH_PARENT: Final = 1  # PR_SET_PDEATHSIG


@attrs.frozen
class Say:
    """A prompt: what its turn does."""

    id: str
    """Under which it is kept; also what becomes of it in the state."""
    seconds: float = 0.0
    """How long its turn takes."""
    chunks: int = 0
    """How many it emits."""
    fails: bool = False
    sends: tuple[str, str] | None = None
    """(key, id) of a prompt that its turn sends."""


@attrs.frozen
class Options:
    """What a node is told at its start."""

    dsn: str
    node: str
    begun: str
    """The file of what has begun."""
    ttl: float
    partitions: int


class Chat(Session[Say, str, tuple[str, ...]]):
    """Its state is the ids of the prompts that it has completed."""

    prompts = PromptPolicy(capacity=200)

    def __init__(self, node: str, begun: int) -> None:
        self.node = node
        self.begun = begun  # a file, open to append

    def new_state(self) -> tuple[str, ...]:
        """Nothing so far."""
        return ()

    async def take_turn(self, turn: Turn[Say, str, tuple[str, ...]]) -> int:
        """Do as the prompt says."""
        say = turn.prompt
        line = f"{say.id} {turn.attempt} {turn.epoch} {self.node} {turn.id}\n"
        os.write(self.begun, line.encode())
        done = [say.id]
        for number in range(say.chunks):
            await turn.emit(f"{turn.attempt} {number}")
        for _ in range(2):
            await trio.sleep(say.seconds / 2)
            done += [each.prompt.id for each in await turn.checkpoint()]
        if say.sends is not None:
            key, name = say.sends
            turn.send(key, Say(name), id=name)
        if say.fails:
            raise ValueError(say.id)
        turn.state = (*turn.state, *done)
        return len(turn.state)


class Desk:
    """Carries orders out.

    Args:
        system: that of the router.
        router: by this one.
        say: sends an answer.
        drained: called when it is told to drain, and has.
    """

    def __init__(
        self,
        system: ActorSystem,
        router: RouterRef[Say, str],
        say: Callable[[dict[str, Any]], None],
        drained: Callable[[], None],
    ) -> None:
        self._system = system
        self._router = router
        self._say = say
        self._drained = drained

    async def obey(self, order: dict[str, Any]) -> None:
        """Carry an order out, and answer; each error is an answer."""
        number = order["n"]
        act: Callable[..., Awaitable[None]] = getattr(self, f"_{order['do']}")
        try:
            await act(number, **order["with"])
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            self._say({"n": number, "error": f"{type(error).__name__}: {error}"})

    async def _accept(
        self, n: int, key: str, say: dict[str, Any], attempts: int, *, journal: bool
    ) -> None:
        prompt = _said(say)
        stream = Journal() if journal else None
        receipt = await self._router.accept(
            key, prompt, id=prompt.id, attempts=attempts, stream=stream
        )
        self._say({"n": n, "accepted": True})
        await self._tell(n, receipt)

    async def _steer(self, n: int, key: str, say: dict[str, Any]) -> None:
        prompt = _said(say)
        receipt = await self._router.anywhere.steer(key, prompt, id=prompt.id)
        await receipt.durable()
        self._say({"n": n, "accepted": True})
        await self._tell(n, receipt)

    async def _find(self, n: int, key: str, id: str) -> None:  # noqa: A002
        receipt = await self._router.find(key, id)
        self._say({"n": n, "found": receipt is not None})
        if receipt is not None:
            await self._tell(n, receipt)

    async def _tell(self, n: int, receipt: Receipt[Say]) -> None:
        outcome = await receipt.outcome()
        self._say({"n": n, "told": type(outcome).__name__, "turn": outcome.turn})

    async def _read(self, n: int, key: str, id: str) -> None:  # noqa: A002
        chunks: list[str] = []
        for _ in range(10):  # tries of its turn
            chunks.clear()
            try:
                async with self._router.reopen_turn(key, id) as answer:
                    async for chunk in answer:
                        chunks.append(chunk)  # noqa: PERF401 - those so far count
                break
            except StreamRestartedError:
                continue
        self._say({"n": n, "chunks": chunks})

    async def _cancel(self, n: int, key: str) -> None:
        done = await self._router.anywhere.cancel(key)
        self._say({"n": n, "known": done.known})

    async def _inspect(self, n: int, key: str) -> None:
        info = await self._router.anywhere.inspect(key)
        self._say({"n": n, "known": info is not None})

    async def _drain(self, n: int) -> None:
        report = await self._router.drain(DRAIN)
        self._say({"n": n, "lost": len(report.lost), "aborted": len(report.aborted)})
        self._drained()

    async def _look(self, n: int) -> None:
        """Say what is there now."""
        await trio.lowlevel.checkpoint()
        now = self._router.statistics()
        assert now.store is not None
        self._say(
            {
                "n": n,
                "turns_running": now.turns_running,
                "turns_waiting": now.turns_waiting,
                "queued": now.queued,
                "answering": now.answering,
                "sessions": now.sessions,
                "following": now.store.following,
                "unwritten": now.store.unwritten,
                "unexplained": now.accepted
                - sum(now.outcomes.values())
                - now.kept
                - now.queued,
                "tasks": trio.lowlevel.current_statistics().tasks_living
                - self._system.statistics().spare_workers,
                "partitions": now.store.partitions,
                "moved": now.store.moved,
                "fenced": now.store.fenced,
                "down": now.store.down is not None,
            }
        )


def _said(say: dict[str, Any]) -> Say:
    sends = say.pop("sends", None)
    return Say(**say, sends=tuple(sends) if sends else None)


async def live(options: Options) -> None:
    """Be a node until told otherwise."""
    begun = os.open(options.begun, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    store = PostgresStore(
        options.dsn,
        node=options.node,
        partitions=options.partitions,
        sharing=SharingPolicy(
            ttl=options.ttl, handover_within=20.0, verb_within=2 * options.ttl
        ),
    )
    answers, to_say = trio.open_memory_channel[dict[str, Any]](float("inf"))
    over, said = trio.Event(), trio.Event()

    def say(answer: dict[str, Any]) -> None:
        with contextlib.suppress(trio.ClosedResourceError):
            answers.send_nowait(answer)

    limits = Limits(turns=SLOTS, idle=1.0)
    async with open_system() as system, trio.open_nursery() as nursery:
        router = start_router(
            system, Chat, options.node, begun, limits=limits, durable=store
        )
        nursery.start_soon(_says, to_say, said)
        nursery.start_soon(_hears, Desk(system, router, say, over.set), over)
        await over.wait()
        answers.close()
        with trio.move_on_after(5):
            await said.wait()
        nursery.cancel_scope.cancel()


async def _says(
    to_say: trio.MemoryReceiveChannel[dict[str, Any]], said: trio.Event
) -> None:
    output = trio.lowlevel.FdStream(os.dup(1))
    async for answer in to_say:
        await output.send_all(json.dumps(answer).encode() + b"\n")
    said.set()


async def _hears(desk: Desk, over: trio.Event) -> None:
    async with trio.open_nursery() as orders:
        rest = b""
        async for data in trio.lowlevel.FdStream(os.dup(0)):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                orders.start_soon(desk.obey, json.loads(line))
        over.set()  # whoever has started it is gone, or wants it no more


def main() -> int:
    """Run a node, as the options on the command line say."""
    libc = ctypes.CDLL(None)
    libc.prctl(_DIE_WITH_PARENT, int(signal.SIGKILL))
    options = Options(**json.loads(sys.argv[1]))
    trio.run(live, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
