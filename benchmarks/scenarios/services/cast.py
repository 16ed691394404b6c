"""The service that several scenarios watch and stop, its load, and its onlooker."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Self

import attrs
import trio

from actors import PromptPolicy, Session, Turn
from benchmarks.load import CLIENTS
from benchmarks.run import clock
from benchmarks.scenarios.sessions.cast import WIDE, Gated
from supervision import (
    ChildSpec,
    Router,
    RouterRef,
    Service,
    ServiceReport,
    Settings,
    Supervisor,
    find_child,
    router_ref,
    serve,
)
from supervision.service import ServiceState

ONLOOKER: Final = "benchmarks.scenarios.services.onlooker"

ROOT: Final = Path(__file__).resolve().parents[3]


class Talks(Supervisor):
    """The tree of the service: a router that refuses nothing."""

    def __init__(self, make: type[Session[int, int]], *args: Any) -> None:
        self.make = make
        self.args = args

    def declare(self) -> list[ChildSpec[Any]]:
        """The router."""
        return [ChildSpec(Router, self.make, self.args, WIDE, id="router")]


class Hung(Session[int, int]):
    """Does not answer until it is cancelled."""

    prompts: ClassVar[PromptPolicy] = Gated.prompts

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Wait for ever."""
        del turn
        await trio.sleep_forever()


class Served:
    """A service that runs, and the handle of its router."""

    def __init__(self, service: Service, router: RouterRef[int, int]) -> None:
        self.service = service
        self.router = router

    async def ended(self) -> ServiceReport:
        """How it went, when it has ended."""
        await self.service.wait_for(ServiceState.ENDED)
        report = self.service.report
        assert report is not None
        return report


@asynccontextmanager
async def serving(
    make: type[Session[int, int]], *args: Any, budget: float = 60.0
) -> AsyncGenerator[Served]:
    """A service of such sessions; it is asked to stop when the block is left."""
    settings = Settings(name="talks", budget=budget)
    start: Any = partial(serve, settings=settings)  # Any: partial loses types
    async with trio.open_nursery() as nursery:
        service: Service = await nursery.start(start, Talks, make, *args)
        assert service.tree is not None
        router = router_ref(await find_child(service.tree, "router"), make)
        yield Served(service, router)
        service.stop("it has been measured")


@attrs.frozen
class Slice:
    """A part of the load."""

    turns: int
    seconds: float
    busy: float
    """Of them, those in which this process had a processor: all, but for what others
    on the machine have taken, as the clients leave no pause."""

    @property
    def speed(self) -> float:
        """Turns in a second of the processor's."""
        return self.turns / self.busy


class Talkers:
    """Clients that each have one turn after the other, each with keys of its own."""

    def __init__(self, router: RouterRef[int, int], keys: Sequence[str]) -> None:
        self._router = router
        self._keys = [keys[number::CLIENTS] for number in range(CLIENTS)]
        self.turns = 0
        self.right = 0

    async def talk(self, seconds: float) -> Slice:
        """Have turns for about so long: each client ends its last one."""
        before, started, busy = self.turns, clock(), time.process_time()
        until = started + seconds
        async with trio.open_nursery() as nursery:
            for own in filter(None, self._keys):
                nursery.start_soon(self._client, own, until)
        seconds, busy = clock() - started, time.process_time() - busy
        return Slice(self.turns - before, seconds, busy)

    async def _client(self, own: Sequence[str], until: float) -> None:
        send, some = self._router.send, len(own)
        value = self.turns  # so that each slice goes through other keys first
        while True:
            receipt = send(own[value % some], value)
            outcome = await receipt.outcome()
            self.turns += 1
            self.right += getattr(outcome, "result", None) == value + 1
            value += 1
            if clock() >= until:
                break


@attrs.frozen
class Look:
    """What the onlooker saw."""

    seconds: float
    """From its request to its answer, parsed and checked."""
    sessions: int
    """How many there are, as the service says."""
    shown: int
    """How many of them were in the frame."""


class Onlooker:
    """A process that looks at the service behind a socket whenever it is told to."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._said = b""

    @classmethod
    @asynccontextmanager
    async def at(cls, path: Path) -> AsyncGenerator[Self]:
        """Have it for a block, ready to look."""
        inherited = filter(None, [os.environ.get("PYTHONPATH")])
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", ONLOOKER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *inherited])},
        )
        try:
            yield cls(process)
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()
                for pipe in (process.stdin, process.stdout):
                    assert pipe is not None
                    await pipe.aclose()

    async def look(self) -> Look:
        """Let it look once.

        Raises:
            ConnectionError: it could not, and why.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with contextlib.suppress(trio.BrokenResourceError):
            await stdin.send_all(b"\n")
        while b"\n" not in self._said:
            more = await stdout.receive_some()
            if not more:
                raise ConnectionError("the onlooker has ended")
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        found = json.loads(line)
        if "error" in found:
            raise ConnectionError(f"the onlooker sees nothing: {found['error']}")
        return Look(**found)
