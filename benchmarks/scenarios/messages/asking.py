"""Asking: how fast answers come back, to one client or to many.

A plain `receive` may be answered in the asking task, an async one is not; both are
asked. Callers are plain Trio tasks.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

import attrs
import trio

from actors import Actor, ActorRef, Request, open_system
from benchmarks.load import BLOCK, CLIENTS, QUEUE_ASKS, middle, share
from benchmarks.run import Run, WrongResultError, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from benchmarks.scenarios.cast import LARGE, AsyncEcho, Echo, Next


async def timed_asks(
    echo: ActorRef[Next], count: int, *, until: float = math.inf
) -> list[float]:
    """Ask `count` times, or until the clock says so; return the seconds of each."""
    samples: list[float] = []
    for value in range(count):
        started = clock()
        if started > until:
            break
        answer = await echo.ask(Next(value))
        samples.append(clock() - started)
        if answer != value + 1:
            raise WrongResultError(f"the answer to {value} is {answer}")
    return samples


class PingPong(Scenario):
    """One client asks one actor, again and again; then the latency of single asks."""

    number = "B2"
    count = 5 * BLOCK
    counts: ClassVar[Mapping[str, int]] = {
        "park": 2 * BLOCK,
        "channel": BLOCK // 2,
        "asyncio": 2 * BLOCK,
    }
    short = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Blocks of asks, then a tenth of them with the clock read around each."""
        total = 0
        async with open_system() as system:
            echo = system.start(Echo)
            await echo.wait_started()
            for first in range(0, run.count, BLOCK):
                block = min(BLOCK, run.count - first)
                with run.timed(block):
                    for value in range(block):
                        total += await echo.ask(Next(value)) - value
            run.samples(await timed_asks(echo, share(run.count, 10)))
        run.equal(total, run.count)


class PingPong1M(PingPong):
    """A million asks, one after the other, in one block."""

    name = "ping_pong_1m"
    count = 1_000_000
    counts: ClassVar[Mapping[str, int]] = {}
    fixed = True
    short = False
    rounds = 1

    async def ours(self, run: Run) -> None:
        """One block."""
        total = 0
        async with open_system() as system:
            echo = system.start(Echo)
            await echo.wait_started()
            with run.timed():
                for value in range(run.count):
                    total += await echo.ask(Next(value)) - value
            run.samples(await timed_asks(echo, share(run.count, 10)))
        run.equal(total, run.count)


class _Asks(Scenario):
    """Clients ask actors; the subclasses say how many ask whom."""

    _kind: ClassVar[type[Actor[Next]]] = Echo
    _clients: ClassVar[int] = 1
    _actors: ClassVar[int] = 1
    provided = True

    async def ours(self, run: Run) -> None:
        """A task for each client."""
        total = 0
        each = share(run.count, self._clients)

        async def client(echo: ActorRef[Next]) -> None:
            nonlocal total
            for value in range(each):
                answer = await echo.ask(Next(value))
                total += answer - value

        async with open_system() as system:
            echoes = [system.start(self._kind) for _ in range(self._actors)]
            for echo in echoes:
                await echo.wait_started()
            with run.timed(each * self._clients):
                async with trio.open_nursery() as asking:
                    for number in range(self._clients):
                        asking.start_soon(client, echoes[number % self._actors])
        run.equal(total, each * self._clients)


class AskAsync(_Asks):
    """One client asks one actor whose receive is async and does not suspend."""

    number = "B1"
    count = 60_000
    short = True
    _kind = AsyncEcho


class Ask1001(_Asks):
    """A hundred clients ask one actor."""

    name = "ask_100_1"
    number = "B1"
    count = 200_000
    short = True
    _clients = CLIENTS


class Ask100100(_Asks):
    """A hundred clients ask a hundred actors."""

    name = "ask_100_100"
    number = "B1"
    count = 200_000
    _clients = CLIENTS
    _actors = CLIENTS


class AskWithin(Scenario):
    """Ask with a limit of time, and without one in turns.

    `time_ratio` is the time of an ask with a limit over one without, of an async
    receive; `time_ratio_inline` the same of a plain one.
    """

    number = "B1"
    count = 40_000
    provided = True

    async def ours(self, run: Run) -> None:
        """`ask(request, within=1.0)`."""
        async with open_system() as system:
            without, within = await self._limited(run, system.start(AsyncEcho))
            inline_without, inline_within = await self._limited(run, system.start(Echo))
        run.elapsed(within)
        run.note(
            time_ratio=within / without,
            time_ratio_inline=inline_within / inline_without,
        )

    async def _limited(self, run: Run, echo: ActorRef[Next]) -> tuple[float, float]:
        """The seconds of the asks without a limit, and of as many with one."""
        await echo.wait_started()
        turns = min(50, run.count)
        spent = {None: 0.0, 1.0: 0.0}
        total = 0
        for turn in range(turns):
            asks = run.count // turns + (turn < run.count % turns)
            for within in spent:
                started = clock()
                for value in range(asks):
                    total += await echo.ask(Next(value), within=within) - value
                spent[within] += clock() - started
        run.equal(total, 2 * run.count)
        return spent[None], spent[1.0]


@attrs.frozen
class Begin(Request[list[float]]):
    """Queue as many messages for yourself, then ask, then say how long each took."""

    queued: int
    asks: int


class Counted(Request[int]):
    """How many of the queued messages have been handled?"""


class Asker(Actor[Begin | Counted | int]):
    """Asks while messages wait in its own mailbox, and counts those afterwards."""

    mailbox = LARGE

    def __init__(self, echo: ActorRef[Next]) -> None:
        self.echo = echo
        self.counted = 0

    async def receive(self, message: Begin | Counted | int) -> None:
        """Count, or queue and ask, or say what was counted."""
        if isinstance(message, int):
            self.counted += message
        elif isinstance(message, Counted):
            message.reply(self.counted)
        else:
            for _ in range(message.queued):
                self.ref.tell_nowait(1)
            message.reply(await timed_asks(self.echo, message.asks))


class LongQueue(Scenario):
    """The time of an ask by an actor that has 500,000 messages queued.

    `empty_us` is the median with an empty mailbox, `ratio` that of the full one over
    it: at most 2 is wanted.
    """

    number = "B18"
    count = 500_000
    unit = MICROSECONDS
    fixed = True
    warm_up = 0
    provided = True

    async def ours(self, run: Run) -> None:
        """The asked actor has an async receive, so each answer is a switch of tasks."""
        asks = min(QUEUE_ASKS, run.count)
        async with open_system() as system:
            asker = system.start(Asker, system.start(AsyncEcho))
            empty = await asker.ask(Begin(0, asks))
            full = await asker.ask(Begin(run.count, asks))
            run.equal(await asker.ask(Counted()), run.count, "what was queued")
        run.equal(len(full), asks)
        run.samples(full)
        run.note(empty_us=middle(empty), ratio=middle(full) / middle(empty))
