"""fauxtp, an OTP on AnyIO, here on Trio: `GenServer`, `cast`, `call`, `Supervisor`.

The servers run in the task group of `running`, as its guide has it. A restarted child
says from its `init` where it is, as an Erlang child would.
"""

# fauxtp need not be installed; without it everything of it is unknown.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUntypedBaseClass=false, reportUnknownParameterType=false

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import fauxtp.supervisor
import trio.testing
from anyio import create_task_group  # noqa: ASYNC106 - or it, not fauxtp, is missed
from anyio.abc import TaskGroup
from fauxtp import PID, GenServer, call, cast

from benchmarks.load import CLIENTS, share
from benchmarks.peers import sum_below, whole_tree
from benchmarks.run import Run, clock

BUSY: Final = 1_000
"""The actors beside the one in a long await."""

# A state is whatever the server makes of it; the library hands it in and out.
State = Any


class Counting:
    """What the servers of one workload count together."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = trio.Event()

    def add(self, amount: int) -> None:
        """Count; the last one sets `done`."""
        self.total += amount
        if self.total == self.goal:
            self.done.set()


class Counter(GenServer):
    """Counts, and stops when told to."""

    def __init__(self, counting: Counting) -> None:
        super().__init__()
        self.counting = counting

    async def handle_cast(self, request: int | str, state: State) -> State:
        """Count, or stop."""
        if isinstance(request, str):
            self.stop()
        else:
            self.counting.add(request)
        return state


class Echo(GenServer):
    """Answers."""

    async def handle_call(
        self, request: int, from_ref: object, state: State
    ) -> tuple[int, State]:
        """The next number."""
        del from_ref
        return request + 1, state


class RingNode(GenServer):
    """Passes the token on; its state is the node that follows."""

    def __init__(self, counting: Counting) -> None:
        super().__init__()
        self.counting = counting

    async def handle_cast(self, request: int | PID, state: State) -> State:
        """Take the following node, or pass the token."""
        if not isinstance(request, int):
            return request
        if request:
            await cast(state, request - 1)
        self.counting.add(1)
        return state


class Sleeper(GenServer):
    """Never comes back from its first message."""

    async def handle_cast(self, request: str, state: State) -> State:
        """Wait for ever."""
        del request, state
        await trio.sleep_forever()


class RestartLog:
    """What survives the incarnations of `Fragile`."""

    def __init__(self) -> None:
        self.crashed = 0.0
        self.samples: list[float] = []
        self.start, self.started = trio.open_memory_channel[PID](math.inf)
        self.handled = trio.Event()


class Fragile(GenServer):
    """Crashes when told to and notes how long it took to handle the next message."""

    def __init__(self, log: RestartLog) -> None:
        super().__init__()
        self.log = log

    async def init(self) -> State:
        """Say where it is."""
        self.log.start.send_nowait(self.pid)
        return None

    async def handle_cast(self, request: str, state: State) -> State:
        """Crash, or note the time since the crash."""
        if request == "crash":
            self.log.crashed = clock()
            raise ValueError
        self.log.samples.append(clock() - self.log.crashed)
        self.log.handled.set()
        return state


class SkynetNode(GenServer):
    """Sums the numbers of its leaves for its parent."""

    def __init__(self, tasks: TaskGroup, parent: PID) -> None:
        super().__init__()
        self.tasks = tasks
        self.parent = parent
        self.missing = 10
        self.total = 0

    async def handle_cast(self, request: int | tuple[int, int], state: State) -> State:
        """Start ten children, or be a leaf, or add what a child says."""
        if isinstance(request, tuple):
            await self._grow(*request)
            return state
        self.total += request
        self.missing -= 1
        if not self.missing:
            await cast(self.parent, self.total)
            self.stop()
        return state

    async def _grow(self, number: int, size: int) -> None:
        if size == 1:
            await cast(self.parent, number)
            self.stop()
        part = size // 10
        for child in range(10):
            node = await SkynetNode.start(self.tasks, self.pid, task_group=self.tasks)
            await cast(node, (number + child * part, part))


@asynccontextmanager
async def running() -> AsyncGenerator[TaskGroup]:
    """A task group for servers, cancelled at the end of the block."""
    async with create_task_group() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()


async def _produce(counter: PID, count: int) -> None:
    # A cast is no checkpoint: this one lets nobody else run.
    for _ in range(count):
        await cast(counter, 1)


async def _tell(run: Run, producers: int) -> None:
    each = share(run.count, producers)
    counting = Counting(each * producers)
    async with running() as tasks:
        counter = await Counter.start(counting, task_group=tasks)
        with run.timed(counting.goal):
            for _ in range(producers):
                tasks.start_soon(_produce, counter, each)
            await counting.done.wait()
    run.equal(counting.total, counting.goal)


async def _asks(run: Run, clients: int, servers: int) -> None:
    total = 0
    each = share(run.count, clients)

    async def client(echo: PID) -> None:
        nonlocal total
        for value in range(each):
            answer = await call(echo, value)
            total += answer - value

    async with running() as tasks:
        echoes = [await Echo.start(task_group=tasks) for _ in range(servers)]
        with run.timed(each * clients):
            async with create_task_group() as asking:
                for number in range(clients):
                    asking.start_soon(client, echoes[number % servers])
    run.equal(total, each * clients)


async def _ping_pong(run: Run) -> None:
    await _asks(run, 1, 1)
    async with running() as tasks:
        echo = await Echo.start(task_group=tasks)
        for value in range(share(run.count, 10)):
            started = clock()
            answer = await call(echo, value)
            run.sample(clock() - started)
            run.equal(answer, value + 1, "the answer")


async def _ring(run: Run, size: int) -> None:
    counting = Counting(run.count)
    async with running() as tasks:
        nodes = [await RingNode.start(counting, task_group=tasks) for _ in range(size)]
        for node, following in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
            await cast(node, following)
        with run.timed():
            await cast(nodes[0], run.count - 1)
            await counting.done.wait()
    run.equal(counting.total, run.count)


async def _spawn_stop(run: Run) -> None:
    counting = Counting(run.count)
    reaped = Counting(run.count)

    async def on_exit(_pid: PID, reason: str) -> None:
        reaped.add(reason == "normal")

    with run.timed():
        async with create_task_group() as tasks:
            handles = [
                await Counter.start_link(counting, task_group=tasks, on_exit=on_exit)
                for _ in range(run.count)
            ]
            for handle in handles:
                await cast(handle.pid, 1)
            await counting.done.wait()
            for handle in handles:
                await cast(handle.pid, "stop")
    run.equal((counting.total, reaped.total), (run.count, run.count))


async def _memory(run: Run) -> None:
    counting = Counting(run.count)
    async with running() as tasks:
        with run.resident():
            pids = [
                await Counter.start(counting, task_group=tasks)
                for _ in range(run.count)
            ]
            for pid in pids:
                await cast(pid, 1)
            await counting.done.wait()
    run.equal(counting.total, len(pids))


async def _restart(run: Run) -> None:
    log = RestartLog()
    async with running() as tasks:
        children = [fauxtp.supervisor.ChildSpec(Fragile, "child", (log,))]
        await fauxtp.supervisor.Supervisor.start(children, task_group=tasks)
        child = await log.started.receive()
        for _ in range(run.count):
            log.handled = trio.Event()
            await cast(child, "crash")
            child = await log.started.receive()
            await cast(child, "ping")
            await log.handled.wait()
    run.equal(len(log.samples), run.count)
    run.samples(log.samples)


async def _skynet(run: Run) -> None:
    leaves = whole_tree(run.count)
    counting = Counting(sum_below(leaves))
    async with running() as tasks:
        with run.timed(leaves):
            root = await Counter.start(counting, task_group=tasks)
            node = await SkynetNode.start(tasks, root, task_group=tasks)
            await cast(node, (0, leaves))
            await counting.done.wait()
    run.equal(counting.total, counting.goal)


async def _busy(run: Run) -> None:
    each = share(run.count, BUSY)
    counting = Counting(each * BUSY)
    async with running() as tasks:
        pids = [await Counter.start(counting, task_group=tasks) for _ in range(BUSY)]
        sleeper = await Sleeper.start(task_group=tasks)
        await cast(sleeper, "sleep")
        await trio.testing.wait_all_tasks_blocked()
        with run.timed(counting.goal):
            for _ in range(each):
                for pid in pids:
                    await cast(pid, 1)
                await trio.lowlevel.checkpoint()
            await counting.done.wait()
    run.equal(counting.total, counting.goal)


# {scenario's name: contender}
FAUXTP: Final[dict[str, Callable[[Run], Awaitable[None]]]] = {
    "tell": partial(_tell, producers=1),
    "fan_in": partial(_tell, producers=10),
    "ping_pong": _ping_pong,
    "ask_async": partial(_asks, clients=1, servers=1),
    "ask_100_1": partial(_asks, clients=CLIENTS, servers=1),
    "ask_100_100": partial(_asks, clients=CLIENTS, servers=CLIENTS),
    "ring_100": partial(_ring, size=100),
    "spawn_stop": _spawn_stop,
    "memory_10k": _memory,
    "restart": _restart,
    "supervised_restart": _restart,
    "skynet_10k": _skynet,
    "busy": _busy,
}
