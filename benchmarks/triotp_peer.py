"""TriOTP, the other OTP on Trio: `gen_server.cast` and `gen_server.call`.

Written as its guide says: `mailbox._init()` for a run without its application, names
for addresses. A gen_server has no "started" signal, so a few checkpoints stand for it.
Its supervisor gives a restarted server a new mailbox: `restart` sends until
one is there.
"""

# TriOTP and its logbook have no types, and need not be installed.
# pyright: reportMissingImports=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import ModuleType
from typing import Any

import trio
from logbook import NullHandler  # type: ignore[import-untyped, import-not-found, unused-ignore] # fmt: skip
from triotp import gen_server, mailbox, supervisor  # type: ignore[import-untyped, import-not-found, unused-ignore] # fmt: skip

from .harness import (
    CLIENTS,
    Function,
    Result,
    bytes_each,
    clock,
    emit,
    equal,
    latency,
    per_second,
    resident_bytes,
)

# A state and a message are whatever the server of the workload makes of them.
State = Any
Handler = Callable[[Any, State], Awaitable[Any]]


@asynccontextmanager
async def running() -> AsyncGenerator[trio.Nursery, None]:
    """A nursery with TriOTP's registry, cancelled at the end of the block."""
    mailbox._init()
    async with trio.open_nursery() as nursery:
        yield nursery
        nursery.cancel_scope.cancel()


async def _settle() -> None:
    for _ in range(3):
        await trio.lowlevel.checkpoint()


async def _init(state: State) -> State:
    return state


def _server(**handlers: Callable[..., Awaitable[Any]]) -> ModuleType:
    module = ModuleType("server")
    vars(module).update(init=_init, **handlers)
    return module


async def _start(
    nursery: trio.Nursery, server: ModuleType, count: int, name: str = "server"
) -> list[str]:
    names = [f"{name}{number}" for number in range(count)]
    for each in names:
        nursery.start_soon(gen_server.start, server, 0, each)
    await _settle()
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


async def _tell(producers: int, count: int) -> Result:
    counter = Counter(count)
    async with running() as nursery:
        server = _server(handle_cast=counter.handle_cast)
        (name,) = await _start(nursery, server, 1)
        started = clock()
        for _ in range(producers):
            nursery.start_soon(_produce, name, count // producers)
        await counter.done.wait()
        result = per_second(count, started)
    equal(counter.total, count)
    return result


async def _asks(within: float | None, clients: int, servers: int, count: int) -> Result:
    total = 0

    async def client(name: str) -> None:
        nonlocal total
        for value in range(count // clients):
            answer = await gen_server.call(name, value, timeout=within)
            total += answer - value

    async with running() as nursery:
        names = await _start(nursery, _server(handle_call=_handle_echo), servers)
        started = clock()
        async with trio.open_nursery() as asking:
            for number in range(clients):
                asking.start_soon(client, names[number % servers])
        result = per_second(count, started)
    equal(total, count)
    return result


async def _ring(size: int, count: int) -> Result:
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
        node = _server(handle_cast=handle_cast)
        for number in range(size):
            following = f"node{(number + 1) % size}"
            nursery.start_soon(gen_server.start, node, following, f"node{number}")
        await _settle()
        started = clock()
        await gen_server.cast("node0", count - 1)
        await done.wait()
        result = per_second(count, started)
    equal(hops, count)
    return result


async def _spawn_stop(count: int) -> Result:
    counter = Counter(count)
    mailbox._init()
    started = clock()
    async with trio.open_nursery() as nursery:
        server = _server(handle_cast=counter.handle_cast)
        names = await _start(nursery, server, count)
        for name in names:
            await gen_server.cast(name, 1)
        for name in names:
            await gen_server.cast(name, "stop")
    equal(counter.total, count)
    return per_second(count, started)


async def _memory(workload: str, count: int) -> Result:
    counter = Counter(count)
    async with running() as nursery:
        before, started = resident_bytes(), clock()
        server = _server(handle_cast=counter.handle_cast)
        names = await _start(nursery, server, count)
        for name in names:
            await gen_server.cast(name, 1)
        await counter.done.wait()
        emit("triotp", workload, bytes_each(count, before, started))
        # To stop n named servers takes it n * n steps: leave without.
        os._exit(0)


async def _restart(count: int) -> Result:
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
        server = _server(handle_cast=handle_cast)
        child = supervisor.child_spec("child", gen_server.start, [server, 0, "child"])
        options = supervisor.options(max_restarts=10**9, max_seconds=1)
        await nursery.start(supervisor.start, [child], options)
        await _settle()
        for _ in range(count):
            handled = trio.Event()
            await gen_server.cast("child", "crash")
            while not await _try_cast("child", "ping"):  # noqa: ASYNC110 - the mailbox is gone for a moment
                await trio.lowlevel.checkpoint()
            await handled.wait()
    equal(len(samples), count)
    return latency(samples)


async def _try_cast(name: str, message: str) -> bool:
    try:
        await gen_server.cast(name, message)
    except (
        mailbox.MailboxDoesNotExist,
        trio.BrokenResourceError,
        trio.ClosedResourceError,
    ):
        return False
    return True


async def _skynet(count: int) -> Result:
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
        await _settle()
        for position, child in enumerate(children):
            grow = (child, name, number + position * part, part)
            await gen_server.cast(child, grow)
        return gen_server.NoReply(), state

    node = _server(handle_cast=handle_node)
    async with running() as nursery:
        started = clock()
        nursery.start_soon(
            gen_server.start, _server(handle_cast=handle_root), 0, "root"
        )
        nursery.start_soon(gen_server.start, node, {}, "node")
        await _settle()
        await gen_server.cast("node", ("node", "root", 0, count))
        await done.wait()
        result = per_second(count, started)
    equal(total, count * (count - 1) // 2)
    return result


async def _flood(name: str, servers: int, count: int) -> Result:
    """Cast to each of `servers` in turn; `busy` has one more in a long await."""
    counter = Counter(count)

    async def wait_long(_message: object, _state: State) -> Any:
        await trio.sleep_forever()

    suspending = name == "suspend"
    handle = counter.handle_suspending if suspending else counter.handle_cast
    async with running() as nursery:
        names = await _start(nursery, _server(handle_cast=handle), servers)
        if not suspending:
            (busy,) = await _start(nursery, _server(handle_cast=wait_long), 1, "busy")
            await gen_server.cast(busy, "sleep")
        await _settle()
        started = clock()
        for _ in range(count // servers):
            for each in names:
                await gen_server.cast(each, 1)
        await counter.done.wait()
        return per_second(count, started)


def _run(workload: Callable[..., Awaitable[Result]], *arguments: object) -> Function:
    def measure(count: int) -> Result:
        with NullHandler().applicationbound():
            return trio.run(partial(workload, *arguments, count))

    return measure


TRIOTP: dict[str, Function] = {
    "tell": _run(_tell, 1),
    "tell_wait": _run(_tell, 1),
    "fan_in": _run(_tell, 10),
    "ping_pong": _run(_asks, None, 1, 1),
    "ask_async": _run(_asks, None, 1, 1),
    "ask_100_1": _run(_asks, None, CLIENTS, 1),
    "ask_100_100": _run(_asks, None, CLIENTS, CLIENTS),
    "ring_100": _run(_ring, 100),
    "ring_503": _run(_ring, 503),
    "spawn_stop": _run(_spawn_stop),
    "memory_10k": _run(_memory, "memory_10k"),
    "memory_100k": _run(_memory, "memory_100k"),
    "restart": _run(_restart),
    "skynet": _run(_skynet),
    "busy": _run(_flood, "busy", 1_000),
    "suspend": _run(_flood, "suspend", CLIENTS),
    "ask_within": _run(_asks, 1.0, 1, 1),
}
