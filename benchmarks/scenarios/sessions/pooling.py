"""Sessions beside a pool of sessions that a careful team has written by hand.

The pools are on asyncio and in Erlang: a map of sessions, a queue and a task or process
for each, another one for each turn, an outcome for each prompt. Every turn is checked
by whoever has sent its prompt. Our router refuses nothing, and its clocks are the
default ones: a turn that hung would be ended, theirs would not.
"""

from collections.abc import Mapping
from typing import ClassVar

import trio

from actors import Bounded, Outcome, Session, Turn, open_system
from benchmarks.load import AT_ONCE, CLIENTS, LIVES, UNREAD, share
from benchmarks.run import Run
from benchmarks.scenario import BYTES, Scenario
from benchmarks.scenarios.sessions.cast import Replier, open_sessions, route_to
from supervision import RouterRef


class Suspender(Session[int, int]):
    """Answers with one more; suspends twice, and between has a chunk for a reader."""

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Answer."""
        await trio.lowlevel.checkpoint()
        await turn.emit(turn.prompt)
        await trio.lowlevel.checkpoint()
        return turn.prompt + 1


class Streamer(Session[int, int]):
    """Streams so many numbers."""

    async def take_turn(self, turn: Turn[int, int]) -> int:
        """Emit them."""
        for number in range(turn.prompt):
            await turn.emit(number)
        return turn.prompt


def is_right(outcome: Outcome, wanted: int) -> bool:
    """Tell whether the turn has completed with this result."""
    return getattr(outcome, "result", None) == wanted


class _Pool(Scenario):
    """What they have in common: the pools by hand."""

    floor = "asyncio"
    provided = True


class Turn1(_Pool):
    """Take one turn after the other in one session; they do not suspend."""

    name = "turn1"
    count = 10_000
    counts: ClassVar[Mapping[str, int]] = {"asyncio": 20_000, "erlang": 100_000}
    _session: ClassVar[type[Replier | Suspender]] = Replier

    async def ours(self, run: Run) -> None:
        """Each prompt is sent when the outcome of the one before is there."""
        right = 0
        async with open_system() as system:
            router = route_to(system, self._session)
            with run.timed():
                for value in range(run.count):
                    outcome = await router.send("key", value).outcome()
                    right += is_right(outcome, value + 1)
        run.equal(right, run.count, "right answers")


class Turn1S(Turn1):
    """The same with turns that suspend twice and emit a chunk that nobody reads."""

    name = "turn1s"
    counts: ClassVar[Mapping[str, int]] = {"asyncio": 20_000, "erlang": 50_000}
    _session = Suspender


class Turn100(_Pool):
    """Take turns in 100 sessions, each with a client that waits; none suspends."""

    name = "turn100"
    count = 10_000
    counts: ClassVar[Mapping[str, int]] = {"asyncio": 20_000, "erlang": 100_000}
    short = True
    _session: ClassVar[type[Replier | Suspender]] = Replier

    async def ours(self, run: Run) -> None:
        """A task for each client; it sends the next when it has the outcome."""
        each = share(run.count, CLIENTS)
        right = 0

        async def client(router: RouterRef[int, int], key: str) -> None:
            nonlocal right
            for value in range(each):
                outcome = await router.send(key, value).outcome()
                right += is_right(outcome, value + 1)

        async with open_system() as system:
            router = route_to(system, self._session)
            with run.timed(each * CLIENTS):
                async with trio.open_nursery() as clients:
                    for number in range(CLIENTS):
                        clients.start_soon(client, router, f"{number}")
        run.equal(right, each * CLIENTS, "right answers")


class Turn100S(Turn100):
    """The same with turns that suspend twice and emit a chunk that nobody reads."""

    name = "turn100s"
    counts: ClassVar[Mapping[str, int]] = {"asyncio": 20_000, "erlang": 50_000}
    short = False
    _session = Suspender


class Stream100(_Pool):
    """Read 100 answers at once, of which 64 chunks each may wait for their reader."""

    name = "stream100"
    count = 100_000
    counts: ClassVar[Mapping[str, int]] = {"asyncio": 100_000, "erlang": 400_000}
    short = True

    async def ours(self, run: Run) -> None:
        """A session and a reader for each; the count is that of chunks."""
        each = share(run.count, CLIENTS)
        whole = chunks = 0

        async def read(router: RouterRef[int, int], key: str) -> None:
            nonlocal whole, chunks
            seen = right = 0
            async with router.open_turn(key, each, stream=Bounded(UNREAD)) as stream:
                async for number in stream:
                    right += number == seen
                    seen += 1
            outcome = await stream.outcome()
            whole += is_right(outcome, seen)
            chunks += right

        async with open_system() as system:
            router = route_to(system, Streamer)
            with run.timed(each * CLIENTS):
                async with trio.open_nursery() as readers:
                    for number in range(CLIENTS):
                        readers.start_soon(read, router, f"{number}")
        run.equal(chunks, each * CLIENTS, "chunks in their order")
        run.equal(whole, CLIENTS, "whole answers")


class Churn(_Pool):
    """Create 500 sessions, let each take one turn, close them; and again."""

    name = "churn"
    count = 5_000
    counts: ClassVar[Mapping[str, int]] = {"asyncio": 10_000, "erlang": 50_000}
    short = True

    async def ours(self, run: Run) -> None:
        """They have ended before the next are created."""
        right = 0
        async with open_system() as system:
            router = route_to(system, Replier)
            with run.timed():
                for first in range(0, run.count, LIVES):
                    values = range(first, min(first + LIVES, run.count))
                    keys = [f"{value}" for value in values]
                    receipts = [
                        router.send(key, value)
                        for key, value in zip(keys, values, strict=True)
                    ]
                    for receipt in receipts:
                        right += is_right(await receipt.outcome(), receipt.prompt + 1)
                    for key in keys:
                        router.close(key)
                    # A router tells nobody that it is empty.
                    while router.statistics().sessions:  # noqa: ASYNC110
                        await trio.lowlevel.checkpoint()
            statistics = router.statistics()
            left = system.statistics().actors
        run.equal(right, run.count, "right answers")
        run.equal(statistics.opened, run.count, "sessions opened")
        run.equal(sum(statistics.closed.values()), run.count, "sessions closed")
        run.equal(left, 1, "actors left, the router among them")


class Memsession(_Pool):
    """Resident memory for each of 10,000 idle sessions that have had one turn."""

    name = "memsession"
    count = 10_000
    unit = BYTES
    fixed = True
    warm_up = 0

    async def ours(self, run: Run) -> None:
        """All behind one router, their keys too; a hundred are there before."""
        async with open_system() as system:
            router = route_to(system, Replier)
            await open_sessions(router, [f"first {each}" for each in range(AT_ONCE)])
            with run.resident():
                keys = (f"{number}" for number in range(run.count))
                answered = await open_sessions(router, [*keys])
            statistics = router.statistics()
        run.equal(answered, run.count, "right answers")
        run.equal(statistics.idle, run.count + AT_ONCE, "idle sessions")
