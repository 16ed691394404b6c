"""Pykka: an actor is a thread with a queue, `tell` and a blocking `ask`.

The clients are threads as well. There is no supervision, so there is no `restart`; and
no more than `THREADS` actors live at a time, which is what a process can bear.
"""

# Pykka need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from pykka import ActorRegistry, ThreadingActor

from benchmarks.load import CLIENTS, share
from benchmarks.peers import sum_below, whole_tree
from benchmarks.run import Run, clock

THREADS: Final = 2_000
"""At most so many actors at a time in `spawn_stop` and `memory_10k`."""

BUSY: Final = 1_000
"""The actors beside the one that waits."""

# A `pykka.ActorRef`. It does not know the messages of its actor, nor the answers.
Ref = Any


class Counting:
    """What the actors of one workload count together, whichever thread they are in."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = threading.Event()
        self._lock = threading.Lock()

    def add(self, amount: int) -> None:
        """Count; the last one sets `done`."""
        with self._lock:
            self.total += amount
            if self.total == self.goal:
                self.done.set()


class Counter(ThreadingActor):
    """Counts for itself; only its own thread does."""

    def __init__(self, goal: int, done: threading.Event) -> None:
        super().__init__()
        self.total = 0
        self.goal = goal
        self.done = done

    def on_receive(self, message: int | None) -> int:
        """Count; the answer is the total."""
        self.total += message or 0
        if self.total == self.goal:
            self.done.set()
        return self.total


class Worker(ThreadingActor):
    """Counts into what it shares with others."""

    def __init__(self, counting: Counting) -> None:
        super().__init__()
        self.counting = counting

    def on_receive(self, message: int) -> None:
        """Count."""
        self.counting.add(message)


class Echo(ThreadingActor):
    """Answers."""

    def on_receive(self, message: int) -> int:
        """The next number."""
        return message + 1


class RingNode(ThreadingActor):
    """Passes the token on until it has made its hops."""

    def __init__(self, done: threading.Event) -> None:
        super().__init__()
        self.done = done
        self.following: Ref
        self.hops = 0

    def on_receive(self, message: int | Ref | None) -> int:
        """Take the following node, or pass the token; the answer is the hops."""
        if isinstance(message, int):
            self.hops += 1
            if message:
                self.following.tell(message - 1)
            else:
                self.done.set()
        elif message is not None:
            self.following = message
        return self.hops


class Sleeper(ThreadingActor):
    """Waits in its first message until it is released."""

    def on_receive(self, message: threading.Event) -> None:
        """Wait."""
        message.wait()


class SkynetNode(ThreadingActor):
    """Sums the numbers of its leaves for its parent."""

    def __init__(self, parent: Ref) -> None:
        super().__init__()
        self.parent = parent
        self.missing = 10
        self.total = 0

    def on_receive(self, message: int | tuple[int, int]) -> None:
        """Start ten children, or be a leaf, or add what a child says."""
        if isinstance(message, tuple):
            self._grow(*message)
            return
        self.total += message
        self.missing -= 1
        if not self.missing:
            self.parent.tell(self.total)
            self.stop()

    def _grow(self, number: int, size: int) -> None:
        if size == 1:
            self.parent.tell(number)
            self.stop()
            return
        part = size // 10
        for child in range(10):
            node = SkynetNode.start(self.actor_ref)
            node.tell((number + child * part, part))


class SkynetRoot(ThreadingActor):
    """Keeps the sum."""

    def __init__(self, sums: list[int], done: threading.Event) -> None:
        super().__init__()
        self.sums = sums
        self.done = done

    def on_receive(self, message: int) -> None:
        """Note the sum."""
        self.sums.append(message)
        self.done.set()


@contextmanager
def running() -> Generator[None]:
    """Stop every actor at the end of the block; they would keep the process alive."""
    try:
        yield
    finally:
        ActorRegistry.stop_all()


def _in_threads(works: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _produce(counter: Ref, count: int) -> None:
    for _ in range(count):
        counter.tell(1)


def _tell(run: Run, producers: int) -> None:
    each = share(run.count, producers)
    goal = each * producers
    done = threading.Event()
    with running():
        counter = Counter.start(goal, done)
        with run.timed(goal):
            _in_threads([partial(_produce, counter, each) for _ in range(producers)])
            done.wait()
        run.equal(counter.ask(None), goal)


def _ask(echo: Ref, count: int, totals: list[int]) -> None:
    totals.append(sum(echo.ask(value) - value for value in range(count)))


def _asks(run: Run, clients: int, actors: int) -> None:
    each = share(run.count, clients)
    totals: list[int] = []
    with running():
        echoes = [Echo.start() for _ in range(actors)]
        works = [
            partial(_ask, echoes[number % actors], each, totals)
            for number in range(clients)
        ]
        with run.timed(each * clients):
            _in_threads([*works])
    run.equal(sum(totals), each * clients)


def _ping_pong(run: Run) -> None:
    totals: list[int] = []
    with running():
        echo = Echo.start()
        with run.timed():
            _ask(echo, run.count, totals)
        for value in range(share(run.count, 10)):
            started = clock()
            answer = echo.ask(value)
            run.sample(clock() - started)
            run.equal(answer, value + 1, "the answer")
    run.equal(totals, [run.count])


def _ring(run: Run, size: int) -> None:
    done = threading.Event()
    with running():
        nodes: list[Ref] = [RingNode.start(done) for _ in range(size)]
        for node, following in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
            node.ask(following)
        with run.timed():
            nodes[0].tell(run.count - 1)
            done.wait()
        run.equal(sum(node.ask(None) for node in nodes), run.count)


def _portions(count: int) -> list[int]:
    """`count` in portions of at most `THREADS`."""
    whole, rest = divmod(count, THREADS)
    return [THREADS] * whole + ([rest] if rest else [])


def _spawn_stop(run: Run) -> None:
    handled = 0
    with running():
        with run.timed():
            for portion in _portions(run.count):
                counting = Counting(portion)
                refs = [Worker.start(counting) for _ in range(portion)]
                for ref in refs:
                    ref.tell(1)
                counting.done.wait()
                handled += counting.total
                for stopped in [ref.stop(block=False) for ref in refs]:
                    stopped.get()
        run.equal(ActorRegistry.get_all(), [], "what is left")
    run.equal(handled, run.count)


def _memory(run: Run) -> None:
    counting = Counting(min(run.count, THREADS))
    with running():
        with run.resident(counting.goal):
            refs = [Worker.start(counting) for _ in range(counting.goal)]
            for ref in refs:
                ref.tell(1)
            counting.done.wait()
        run.equal(counting.total, len(ActorRegistry.get_all()))


def _skynet(run: Run) -> None:
    leaves = whole_tree(run.count)
    sums: list[int] = []
    done = threading.Event()
    with running(), run.timed(leaves):
        root = SkynetRoot.start(sums, done)
        SkynetNode.start(root).tell((0, leaves))
        done.wait()
    run.equal(sums, [sum_below(leaves)])


def _busy(run: Run) -> None:
    each = share(run.count, BUSY)
    counting = Counting(each * BUSY)
    released = threading.Event()
    with running():
        workers = [Worker.start(counting) for _ in range(BUSY)]
        sleeper = Sleeper.start()
        sleeper.tell(released)
        with run.timed(counting.goal):
            for _ in range(each):
                for worker in workers:
                    worker.tell(1)
            counting.done.wait()
        alive = len(ActorRegistry.get_all())
        run.equal(alive, BUSY + 1, "the actors alive")
        released.set()
    run.equal(counting.total, counting.goal)


# {scenario's name: contender}
PYKKA: Final[dict[str, Callable[[Run], None]]] = {
    "tell": partial(_tell, producers=1),
    "fan_in": partial(_tell, producers=10),
    "ping_pong": _ping_pong,
    "ask_100_1": partial(_asks, clients=CLIENTS, actors=1),
    "ask_100_100": partial(_asks, clients=CLIENTS, actors=CLIENTS),
    "ring_100": partial(_ring, size=100),
    "spawn_stop": _spawn_stop,
    "memory_10k": _memory,
    "skynet_10k": _skynet,
    "busy": _busy,
}
