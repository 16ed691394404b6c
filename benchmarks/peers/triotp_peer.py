"""TriOTP, the other OTP on Trio: `gen_server.cast` and `gen_server.call`.

Written as its guide says: `mailbox._init()` for a run without its application, names
for addresses. A gen_server has no "started" signal, so a few checkpoints stand for it.
Its supervisor gives a restarted server a new mailbox: `restart` sends until
one is there.
"""

# TriOTP and its logbook have no types, and need not be installed.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any, Concatenate, Final, ParamSpec

import trio
import triotp.supervisor
from logbook import NullHandler
from triotp import gen_server, mailbox

from benchmarks.load import CLIENTS, share
from benchmarks.peers import sum_below, whole_tree
from benchmarks.peers.triotp_children import start_stop_children
from benchmarks.peers.triotp_parts import State, running, server_with, settle, try_cast
from benchmarks.run import Run, clock

P = ParamSpec("P")
Contender = Callable[[Run], Awaitable[None]]

BUSY: Final = 1_000
"""The actors beside the one in a long await."""


async def _start(
    nursery: trio.Nursery, server: ModuleType, count: int, name: str = "server"
) -> list[str]:
    names = [f"{name}{number}" for number in range(count)]
    for each in names:
        nursery.start_soon(gen_server.start, server, 0, each)
    await settle()
    return names


class Counter:
    """Counts what is handled and says when the last has come."""

    def __init__(self, goal: int) -> None:
        self.total = 0
        self.goal = goal
        self.done = trio.Event()

    async def handle_cast(self, message: Any, state: State) -> Any:
        """Count, or stop."""
        if message == "stop":
            return gen_server.Stop(), state
        self.total += message
        if self.total == self.goal:
            self.done.set()
        return gen_server.NoReply(), state

    async def handle_suspending(self, message: Any, state: State) -> Any:
        """Suspend once and count."""
        await trio.lowlevel.checkpoint()
        return await self.handle_cast(message, state)


async def _handle_echo(message: int, _caller: object, state: State) -> Any:
    return gen_server.Reply(message + 1), state


async def _produce(name: str, count: int) -> None:
    for _ in range(count):
        await gen_server.cast(name, 1)


async def _tell(run: Run, producers: int) -> None:
    each = share(run.count, producers)
    counter = Counter(each * producers)
    async with running() as nursery:
        server = server_with(handle_cast=counter.handle_cast)
        (name,) = await _start(nursery, server, 1)
        with run.timed(counter.goal):
            for _ in range(producers):
                nursery.start_soon(_produce, name, each)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


async def _asks(run: Run, within: float | None, clients: int, servers: int) -> None:
    total = 0
    each = share(run.count, clients)

    async def client(name: str) -> None:
        nonlocal total
        for value in range(each):
            answer = await gen_server.call(name, value, timeout=within)
            total += answer - value

    async with running() as nursery:
        names = await _start(nursery, server_with(handle_call=_handle_echo), servers)
        with run.timed(each * clients):
            async with trio.open_nursery() as asking:
                for number in range(clients):
                    asking.start_soon(client, names[number % servers])
    run.equal(total, each * clients)


async def _ping_pong(run: Run) -> None:
    await _asks(run, None, 1, 1)
    async with running() as nursery:
        (name,) = await _start(nursery, server_with(handle_call=_handle_echo), 1)
        for value in range(share(run.count, 10)):
            started = clock()
            answer = await gen_server.call(name, value)
            run.sample(clock() - started)
            run.equal(answer, value + 1, "the answer")


async def _ring(run: Run, size: int) -> None:
    done = trio.Event()
    hops = 0

    async def handle_cast(left: int, following: str) -> Any:
        nonlocal hops
        hops += 1
        if left:
            await gen_server.cast(following, left - 1)
        else:
            done.set()
        return gen_server.NoReply(), following

    async with running() as nursery:
        node = server_with(handle_cast=handle_cast)
        for number in range(size):
            following = f"node{(number + 1) % size}"
            nursery.start_soon(gen_server.start, node, following, f"node{number}")
        await settle()
        with run.timed():
            await gen_server.cast("node0", run.count - 1)
            await done.wait()
    run.equal(hops, run.count)


async def _spawn_stop(run: Run) -> None:
    counter = Counter(run.count)
    mailbox._init()
    with run.timed():
        async with trio.open_nursery() as nursery:
            server = server_with(handle_cast=counter.handle_cast)
            names = await _start(nursery, server, run.count)
            for name in names:
                await gen_server.cast(name, 1)
            await counter.done.wait()
            for name in names:
                await gen_server.cast(name, "stop")
    run.equal(counter.total, run.count)
    run.equal(mailbox.context_mailbox_registry.get(), {}, "what is left")


async def _memory(run: Run) -> None:
    counter = Counter(run.count)
    async with running() as nursery:
        with run.resident():
            server = server_with(handle_cast=counter.handle_cast)
            names = await _start(nursery, server, run.count)
            for name in names:
                await gen_server.cast(name, 1)
            await counter.done.wait()
    run.equal(counter.total, len(names))


async def _restart(run: Run) -> None:
    samples: list[float] = []
    crashed = 0.0
    handled = trio.Event()

    async def handle_cast(message: str, state: State) -> Any:
        nonlocal crashed
        if message == "crash":
            crashed = clock()
            raise ValueError
        samples.append(clock() - crashed)
        handled.set()
        return gen_server.NoReply(), state

    async with running() as nursery:
        server = server_with(handle_cast=handle_cast)
        child = triotp.supervisor.child_spec(
            "child", gen_server.start, [server, 0, "child"]
        )
        options = triotp.supervisor.options(max_restarts=10**9, max_seconds=1)
        await nursery.start(triotp.supervisor.start, [child], options)
        await settle()
        for _ in range(run.count):
            handled = trio.Event()
            await gen_server.cast("child", "crash")
            while not await try_cast("child", "ping"):  # noqa: ASYNC110 - the mailbox is gone for a moment
                await trio.lowlevel.checkpoint()
            await handled.wait()
    run.equal(len(samples), run.count)
    run.samples(samples)


async def _skynet(run: Run) -> None:
    leaves = whole_tree(run.count)
    done = trio.Event()
    total = 0

    async def handle_root(message: int, state: State) -> Any:
        nonlocal total
        total = message
        done.set()
        return gen_server.Stop(), state

    async def handle_node(message: Any, state: dict[str, Any]) -> Any:
        if isinstance(message, int):
            state["total"] += message
            state["missing"] -= 1
            if state["missing"]:
                return gen_server.NoReply(), state
            await gen_server.cast(state["parent"], state["total"])
            return gen_server.Stop(), state
        name, parent, number, size = message
        if size == 1:
            await gen_server.cast(parent, number)
            return gen_server.Stop(), state
        state.update(parent=parent, missing=10, total=0)
        part, children = size // 10, [f"{name}.{child}" for child in range(10)]
        for child in children:
            nursery.start_soon(gen_server.start, node, {}, child)
        await settle()
        for position, child in enumerate(children):
            grow = (child, name, number + position * part, part)
            await gen_server.cast(child, grow)
        return gen_server.NoReply(), state

    node, root = (
        server_with(handle_cast=handle_node),
        server_with(handle_cast=handle_root),
    )
    async with running() as nursery:
        with run.timed(leaves):
            nursery.start_soon(gen_server.start, root, 0, "root")
            nursery.start_soon(gen_server.start, node, {}, "node")
            await settle()
            await gen_server.cast("node", ("node", "root", 0, leaves))
            await done.wait()
    run.equal(total, sum_below(leaves))


async def _wait_long(_message: object, _state: State) -> Any:
    await trio.sleep_forever()


async def _in_turn(run: Run, servers: int, *, suspend: bool) -> None:
    """Cast to each in turn; beside one in a long await, unless they suspend."""
    each = share(run.count, servers)
    counter = Counter(each * servers)
    handle = counter.handle_suspending if suspend else counter.handle_cast
    async with running() as nursery:
        names = await _start(nursery, server_with(handle_cast=handle), servers)
        if not suspend:
            waiting = server_with(handle_cast=_wait_long)
            (busy,) = await _start(nursery, waiting, 1, "busy")
            await gen_server.cast(busy, "sleep")
        await settle()
        with run.timed(counter.goal):
            for _ in range(each):
                for name in names:
                    await gen_server.cast(name, 1)
            await counter.done.wait()
    run.equal(counter.total, counter.goal)


def _silent(
    workload: Callable[Concatenate[Run, P], Awaitable[None]],
    *args: P.args,
    **options: P.kwargs,
) -> Contender:
    """Without a log: a supervisor writes an error for each crash."""

    async def contend(run: Run) -> None:
        with NullHandler().applicationbound():
            await workload(run, *args, **options)

    return contend


# {scenario's name: contender}
TRIOTP: Final = {
    "tell": _silent(_tell, 1),
    "tell_wait": _silent(_tell, 1),
    "fan_in": _silent(_tell, 10),
    "ping_pong": _silent(_ping_pong),
    "ask_async": _silent(_asks, None, 1, 1),
    "ask_100_1": _silent(_asks, None, CLIENTS, 1),
    "ask_100_100": _silent(_asks, None, CLIENTS, CLIENTS),
    "ask_within": _silent(_asks, 1.0, 1, 1),
    "ring_100": _silent(_ring, 100),
    "ring_503": _silent(_ring, 503),
    "spawn_stop": _silent(_spawn_stop),
    "memory_10k": _silent(_memory),
    "restart": _silent(_restart),
    "supervised_restart": _silent(_restart),
    "start_stop_children": _silent(start_stop_children),
    "skynet_10k": _silent(_skynet),
    "busy": _silent(_in_turn, BUSY, suspend=False),
    "suspend": _silent(_in_turn, CLIENTS, suspend=True),
}
