"""The actors that the workloads of `ours.py` start, and their messages.

They do what the floors' handlers do and no more.
"""

import attrs
import trio

from actors import Actor, ActorRef, AnyRef, Decision, Exit, Mailbox, Request

from .harness import clock

LARGE = Mailbox(capacity=100_000_000)
"""Nothing waits: the flood workloads measure telling, not waiting."""


class Counting:
    """What the counting actors of one workload share."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = trio.Event()

    def add(self, amount: int) -> None:
        """Count one message."""
        self.total += amount
        if self.total == self.goal:
            self.done.set()


class Counter(Actor[int]):
    """Adds what it is told; an own total, as actors have."""

    def __init__(self, goal: int, done: trio.Event) -> None:
        self.total = 0
        self.goal = goal
        self.done = done

    def receive(self, message: int) -> None:
        """Count."""
        self.total += message
        if self.total == self.goal:
            self.done.set()


class LargeCounter(Counter):
    """A counter that nobody ever waits for."""

    mailbox = LARGE


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


class Idle(Actor[int]):
    """Keeps nothing."""

    handled = 0

    def receive(self, message: int) -> None:
        """Count for all of them."""
        del message
        Idle.handled += 1


class Sleeper(Actor[str]):
    """Never comes back from its first message."""

    async def receive(self, message: str) -> None:
        """Wait for ever."""
        del message
        await trio.sleep_forever()


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


class Fragile(Actor[str]):
    """Crashes when told to and notes how long it took to handle the next message."""

    def __init__(self, log: "RestartLog") -> None:
        self.log = log

    def receive(self, message: str) -> None:
        """Crash, or note the time since the crash."""
        if message == "crash":
            self.log.crashed = clock()
            raise ValueError
        self.log.samples.append(clock() - self.log.crashed)
        self.log.handled.set()


@attrs.define(eq=False)
class RestartLog:
    """What survives the incarnations of `Fragile`."""

    crashed: float = 0.0
    samples: list[float] = attrs.field(factory=list[float])
    handled: trio.Event = attrs.field(factory=trio.Event)
    children: list[ActorRef[str]] = attrs.field(factory=list[ActorRef[str]])
    ready: trio.Event = attrs.field(factory=trio.Event)


class Owner(Actor[str]):
    """Starts one `Fragile` and restarts it after every crash."""

    def __init__(self, log: RestartLog) -> None:
        self.log = log

    def receive(self, message: str) -> None:
        """Start the child."""
        del message
        self.log.children.append(self.start(Fragile, self.log))
        self.log.ready.set()

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """Restart it, whatever happened."""
        del child, exit
        return Decision.RESTART


@attrs.frozen
class Grow:
    """Become the tree of the numbers from `number` on, `size` of them."""

    number: int
    size: int


class SkynetNode(Actor[Grow | int]):
    """Sums the numbers of its leaves for its parent."""

    def __init__(self, parent: ActorRef[Grow | int]) -> None:
        self.parent = parent
        self.missing = 10
        self.total = 0

    def receive(self, message: Grow | int) -> None:
        """Start ten children, or be a leaf, or add what a child says."""
        if isinstance(message, Grow):
            self._grow(message.number, message.size)
            return
        self.total += message
        self.missing -= 1
        if not self.missing:
            self.parent.tell_nowait(self.total)
            self.finish()

    def _grow(self, number: int, size: int) -> None:
        if size == 1:
            self.parent.tell_nowait(number)
            self.finish()
            return
        part = size // 10
        for child in range(10):
            node = self.start(SkynetNode, self.ref)
            node.tell_nowait(Grow(number + child * part, part))


class SkynetRoot(Actor[Grow | int]):
    """Starts the tree and keeps its sum."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting

    def receive(self, message: Grow | int) -> None:
        """Start the tree, or note its sum."""
        if isinstance(message, Grow):
            self.start(SkynetNode, self.ref).tell_nowait(message)
        else:
            self.counting.total = message
            self.counting.done.set()
