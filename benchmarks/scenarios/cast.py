"""The actors that several scenarios start, their messages, and what they report to.

They do what the floors' handlers do and no more; an actor of one scenario stands beside
it. Callers are plain Trio tasks beside the actors, as the callers of the floors are.
"""

import attrs
import trio

from actors import Actor, ActorRef, Exit, Mailbox, Request
from benchmarks.load import BURST, share
from supervision import ChildSpec, DynamicSupervisor, Restart, RestartLimit, Supervisor

LARGE = Mailbox(capacity=100_000_000)
"""Nothing waits: for the scenarios that measure telling, not waiting."""

PLENTY = RestartLimit(1_000_000, within=1.0)
"""More restarts than can be done."""


class Counting:
    """What actors of one scenario count together, and the event of the last."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = trio.Event()

    def expect(self, more: int) -> None:
        """Set the goal so many further on."""
        self.goal += more
        self.done = trio.Event()

    def add(self, amount: int) -> None:
        """Count; the last one sets `done`."""
        self.total += amount
        if self.total == self.goal:
            self.done.set()


class Counter(Actor[int]):
    """Adds what it is told; an own total, as actors have, reported at the end."""

    def __init__(self, counting: Counting) -> None:
        self.total = 0
        self.goal = counting.goal
        self.counting = counting

    def receive(self, message: int) -> None:
        """Count."""
        self.total += message
        if self.total == self.goal:
            self.counting.done.set()

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Report."""
        del exit
        self.counting.total += self.total


class AsyncCounter(Actor[int]):
    """The same with an async receive that does not suspend."""

    def __init__(self, counting: Counting) -> None:
        self.total = 0
        self.goal = counting.goal
        self.counting = counting

    async def receive(self, message: int) -> None:
        """Count."""
        self.total += message
        if self.total == self.goal:
            self.counting.done.set()

    def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Report."""
        del exit
        self.counting.total += self.total


class Worker(Actor[int]):
    """Counts into what it shares with others; has no state of its own."""

    mailbox = LARGE

    def __init__(self, counting: Counting) -> None:
        self.counting = counting

    def receive(self, message: int) -> None:
        """Count."""
        self.counting.add(message)


class SuspendingWorker(Actor[int]):
    """Counts after one checkpoint."""

    mailbox = LARGE

    def __init__(self, counting: Counting) -> None:
        self.counting = counting

    async def receive(self, message: int) -> None:
        """Suspend once and count."""
        await trio.lowlevel.checkpoint()
        self.counting.add(message)


class Idle(Actor[object]):
    """Keeps nothing."""

    handled = 0

    def receive(self, message: object) -> None:
        """Count for all of them."""
        del message
        Idle.handled += 1


@attrs.frozen
class Next(Request[int]):
    """Ask for `value + 1`."""

    value: int


class Echo(Actor[Next]):
    """Answers with a plain receive."""

    def receive(self, message: Next) -> None:
        """Answer."""
        message.reply(message.value + 1)


class AsyncEcho(Actor[Next]):
    """Answers with an async receive that does not suspend."""

    async def receive(self, message: Next) -> None:
        """Answer."""
        message.reply(message.value + 1)


class Guardian(Supervisor):
    """Has no children but those that it is asked to start; restarts them."""

    limit = PLENTY


class IdleChildren(DynamicSupervisor):
    """Starts idle actors, each only once."""

    template = ChildSpec(Idle, restart=Restart.TEMPORARY)


async def produce(ref: ActorRef[int], count: int) -> None:
    """Tell `count` ones, in bursts."""
    tell = ref.tell_nowait
    for first in range(0, count, BURST):
        for _ in range(min(BURST, count - first)):
            tell(1)
        await trio.lowlevel.checkpoint()


async def tell_in_turn(
    refs: list[ActorRef[int]], count: int, *, turns: int = 1
) -> None:
    """Tell one to each of `refs` in turn until each has its share of `count`.

    After so many `turns` the others are let run.
    """
    for turn in range(share(count, len(refs))):
        for ref in refs:
            ref.tell_nowait(1)
        if not turn % turns:
            await trio.lowlevel.checkpoint()
