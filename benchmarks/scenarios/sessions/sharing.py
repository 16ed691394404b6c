"""Sharing: how evenly the slots go round when many sessions want one.

It runs in virtual time, so that the waiting times are those of the order alone and the
same in each run; the speed is that of the work behind it.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from statistics import fmean
from typing import ClassVar, Final

import attrs
import trio
import trio.testing

from actors import PromptPolicy, Receipt, Session, Turn, open_system
from benchmarks.load import share
from benchmarks.run import Run, percentile
from benchmarks.scenario import Scenario
from supervision import Limits, RouterRef, start_router

MODEST: Final = 224
"""Clients that send a prompt when the last one has its outcome."""

GREEDY: Final = 32
"""Clients that have ten prompts under way all the time."""

AHEAD: Final = 10
"""How many that is."""

WARM: Final = 2
"""Turns of each modest client that do not count: all begin at the same time."""


@attrs.frozen
class Wish:
    """A prompt: when it was sent, and how long its turn is to take."""

    sent: float
    length: float
    greedy: bool


class Rota:
    """Who waited how long, in seconds, and who had how many turns."""

    def __init__(self, run: Run, each: int) -> None:
        self.random = run.random
        self.each = each
        self.waits: list[float] = []  # of modest clients, in the order of their turns
        self.turns = self.greedy_turns = 0
        self.full = True  # no modest client has had all of its turns
        self.running = self.most = 0

    def wish(self, *, greedy: bool = False) -> Wish:
        """A prompt of now."""
        length = self.random.uniform(0.5, 1.5)
        return Wish(trio.current_time(), length, greedy)

    async def serve(self, wish: Wish) -> None:
        """What a turn does: note its wait, and take its time."""
        self.running += 1
        self.most = max(self.most, self.running)
        if self.full and len(self.waits) >= WARM * MODEST:
            self.greedy_turns += wish.greedy
            self.turns += not wish.greedy
        if not wish.greedy:
            self.waits.append(trio.current_time() - wish.sent)
        try:
            await trio.sleep(wish.length)
        finally:
            self.running -= 1

    async def share(self, talk: Callable[[str, Wish], Awaitable[None]]) -> None:
        """Let all clients talk until the modest ones have had their turns."""
        async with trio.open_nursery() as everybody:
            for number in range(GREEDY):
                for _ in range(AHEAD):
                    everybody.start_soon(self._insist, talk, f"greedy {number}")
            async with trio.open_nursery() as modest:
                for number in range(MODEST):
                    modest.start_soon(self._ask, talk, f"{number}")
            everybody.cancel_scope.cancel()

    async def _ask(
        self, talk: Callable[[str, Wish], Awaitable[None]], key: str
    ) -> None:
        for _ in range(WARM + self.each):
            await talk(key, self.wish())
        self.full = False

    async def _insist(
        self, talk: Callable[[str, Wish], Awaitable[None]], key: str
    ) -> None:
        while True:
            await talk(key, self.wish(greedy=True))

    def close(self, run: Run, slots: int) -> None:
        """Check, and note how even it was."""
        wanted = MODEST * (WARM + self.each)
        run.equal(len(self.waits), wanted, "turns that were waited for")
        run.equal(self.most, slots, "turns at once")
        ordered = sorted(self.waits[WARM * MODEST :])
        mean = fmean(ordered)
        run.note(
            p50_over_mean=percentile(ordered, 50) / mean,
            p99_over_mean=percentile(ordered, 99) / mean,
            longest_over_mean=ordered[-1] / mean,
        )
        # A small count may leave no moment between the last warm turn of all modest
        # clients and the end of the first of them.
        if self.turns:
            greedy, modest = self.greedy_turns / GREEDY, self.turns / MODEST
            run.note(greedy_over_modest=greedy / modest)


class Patient(Session[Wish, None]):
    """Grants what is wished."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=AHEAD)

    def __init__(self, rota: Rota) -> None:
        self.rota = rota

    async def take_turn(self, turn: Turn[Wish, None]) -> None:
        """Take the time of the wish."""
        await self.rota.serve(turn.prompt)


class _Fair(Scenario):
    """Turns of 256 sessions that share a few slots, in virtual time.

    32 of the sessions always have ten prompts under way, the others one. The notes are
    of the others' waiting times, from the prompt to the first step of its turn, over
    their mean; and the turns of a greedy session over those of a modest one.
    """

    count = 4_480
    floor = "limiter"
    size: ClassVar[int]

    def ours(self, run: Run) -> None:
        """A router with so many slots."""
        self._run(run, self._sessions)

    def limiter(self, run: Run) -> None:
        """By hand: `trio.CapacityLimiter`, and a `trio.Lock` for each session."""
        self._run(run, self._by_hand)

    def _run(self, run: Run, play: Callable[[Rota], Awaitable[None]]) -> None:
        rota = Rota(run, share(run.count, MODEST))
        with run.timed(MODEST * (rota.each + WARM)):
            frozen = trio.testing.MockClock(autojump_threshold=0)
            trio.run(play, rota, clock=frozen)
        rota.close(run, self.size)

    async def _sessions(self, rota: Rota) -> None:
        limits = Limits(sessions=MODEST + GREEDY, turns=self.size)
        async with open_system() as system:
            router = start_router(system, Patient, rota, limits=limits)
            await rota.share(partial(_send, router))

    async def _by_hand(self, rota: Rota) -> None:
        slots = trio.CapacityLimiter(self.size)
        locks: dict[str, trio.Lock] = {}

        async def talk(key: str, wish: Wish) -> None:
            async with locks.setdefault(key, trio.Lock()), slots:
                await rota.serve(wish)

        await rota.share(talk)


async def _send(router: RouterRef[Wish, None], key: str, wish: Wish) -> None:
    receipt: Receipt[Wish] = await router.send_wait(key, wish)
    await receipt.outcome()


class Fair1(_Fair):
    """Share one slot among 256 sessions."""

    name = "fair_1"
    size = 1


class Fair8(_Fair):
    """Share 8 slots among 256 sessions."""

    name = "fair_8"
    size = 8


class Fair64(_Fair):
    """Share 64 slots among 256 sessions."""

    name = "fair_64"
    size = 64
