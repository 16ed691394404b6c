"""Savina's programs of messages: the thread ring, fork-join throughput, and big.

As in "Savina - An Actor Benchmark Suite" (Imam and Sarkar, 2014). Those where actors
wait for each other are in `meeting.py`; the parallel group computes on many cores,
which says nothing about one thread under the interpreter lock.
"""

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import ClassVar

import attrs

from actors import Actor, ActorRef, open_system
from benchmarks.load import DRAWN, FORKED, PLAYERS, share
from benchmarks.run import Run
from benchmarks.scenario import Scenario
from benchmarks.scenarios.cast import LARGE, Counting, tell_in_turn


class RingNode(Actor[int]):
    """Passes the token on until it has made its hops."""

    def __init__(
        self, ring: list[ActorRef[int]], following: int, counting: Counting
    ) -> None:
        self.ring = ring
        self.following = following
        self.counting = counting

    def receive(self, message: int) -> None:
        """Pass the token, one hop less."""
        self.counting.total += 1
        if message:
            self.ring[self.following].tell_nowait(message - 1)
        else:
            self.counting.done.set()


class _Ring(Scenario):
    """Hops of one token around a ring; the subclasses say how large it is."""

    number = "B6"
    count = 800_000
    counts: ClassVar[Mapping[str, int]] = {
        "park": 200_000,
        "channel": 100_000,
        "asyncio": 200_000,
    }
    provided = True
    _actors: ClassVar[int] = 100

    async def ours(self, run: Run) -> None:
        """The token is a number that counts down."""
        counting = Counting(run.count)
        ring: list[ActorRef[int]] = []
        async with open_system() as system:
            for number in range(self._actors):
                following = (number + 1) % self._actors
                ring.append(system.start(RingNode, ring, following, counting))
            await ring[-1].wait_started()
            with run.timed():
                ring[0].tell_nowait(run.count - 1)
                await counting.done.wait()
        run.equal(counting.total, run.count)


class Ring100(_Ring):
    """Pass a token around 100 actors."""

    name = "ring_100"
    short = True


class Ring503(_Ring):
    """Pass a token around 503 actors."""

    name = "ring_503"
    _actors = 503


class ForkedCounter(Actor[int]):
    """Counts its share, and then adds it to the sum."""

    mailbox = LARGE

    def __init__(self, goal: int, counting: Counting) -> None:
        self.total = 0
        self.goal = goal
        self.counting = counting

    def receive(self, message: int) -> None:
        """Count."""
        self.total += message
        if self.total == self.goal:
            self.counting.add(self.total)


class ForkJoin(Scenario):
    """Tell 60 actors in turn until each has 10,000 messages."""

    number = "B5"
    count = FORKED * 10_000
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Each counts for itself; the sum is taken when all have their share."""
        each = share(run.count, FORKED)
        counting = Counting(each * FORKED)
        async with open_system() as system:
            forked = [
                system.start(ForkedCounter, each, counting) for _ in range(FORKED)
            ]
            await forked[-1].wait_started()
            with run.timed(counting.goal):
                await tell_in_turn(forked, run.count)
                await counting.done.wait()
        run.equal(counting.total, counting.goal)


@attrs.frozen
class Play:
    """Ping these, one after the other, until you have as many answers."""

    targets: Iterator[ActorRef["Game"]]
    pings: int


@attrs.frozen
class Ping:
    """Answer the sender."""

    sender: ActorRef["Game"]


@attrs.frozen
class Pong:
    """The answer."""


Game = Play | Ping | Pong


class Player(Actor[Game]):
    """Pings a random other, and the next one when it is answered."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self.targets: Iterator[ActorRef[Game]]
        self.missing = 0
        self.answered = 0

    def receive(self, message: Game) -> None:
        """Answer a ping, or send the next."""
        match message:
            case Ping(sender):
                sender.tell_nowait(PONG)
                return
            case Pong():
                self.answered += 1
                self.missing -= 1
            case Play(targets, pings):
                self.targets = targets
                self.missing = pings
        if self.missing:
            next(self.targets).tell_nowait(Ping(self.ref))
        else:
            self.counting.add(self.answered)


PONG = Pong()


class _Big(Scenario):
    """Pings and answers among 120 actors, each of which pings one at a time."""

    number = "B7"
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Whom each pings is drawn before."""
        each = share(run.count, PLAYERS)
        counting = Counting(each * PLAYERS)
        async with open_system() as system:
            players = [system.start(Player, counting) for _ in range(PLAYERS)]
            orders = [
                Play(cycle(run.random.choices(players, k=DRAWN)), each) for _ in players
            ]
            await players[-1].wait_started()
            with run.timed(counting.goal):
                for player, order in zip(players, orders, strict=True):
                    player.tell_nowait(order)
                await counting.done.wait()
        run.equal(counting.total, counting.goal, "the answers")


class Big(_Big):
    """Let 120 actors ping random others 2,000 times each."""

    count = PLAYERS * 2_000


class BigLong(_Big):
    """The same with 20,000 pings each."""

    count = PLAYERS * 20_000
    counts: ClassVar[Mapping[str, int]] = {"channel": PLAYERS * 2_000}
    warm_up = 0.01
    rounds = 1
