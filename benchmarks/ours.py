"""The workloads on `actors`, written as a user would write them.

Mailboxes of the flood workloads are large enough that nothing waits; `tell_wait` and
everything else keeps the default. Callers are plain Trio tasks beside the actors, as
the callers of the floors are.
"""

from collections.abc import Awaitable, Callable

import trio
import trio.testing

from actors import Actor, ActorRef, ActorSystem, open_system

from .harness import (
    BURST,
    CLIENTS,
    Function,
    Result,
    bytes_each,
    clock,
    equal,
    latency,
    per_second,
    resident_bytes,
)
from .ours_actors import (
    AsyncEcho,
    Counter,
    Counting,
    Echo,
    Grow,
    Idle,
    LargeCounter,
    Next,
    Owner,
    RestartLog,
    RingNode,
    SkynetRoot,
    Sleeper,
    SuspendingWorker,
    Worker,
)


async def _produce(counter: ActorRef[int], count: int) -> None:
    tell = counter.tell_nowait
    for first in range(0, count, BURST):
        for _ in range(min(BURST, count - first)):
            tell(1)
        await trio.lowlevel.checkpoint()


async def _tell(system: ActorSystem, producers: int, count: int) -> Result:
    done = trio.Event()
    counter = system.start(LargeCounter, count, done)
    await counter.wait_started()
    async with trio.open_nursery() as nursery:
        started = clock()
        for _ in range(producers):
            nursery.start_soon(_produce, counter, count // producers)
        await done.wait()
        return per_second(count, started)  # noqa: ASYNC121


async def _tell_wait(system: ActorSystem, count: int) -> Result:
    done = trio.Event()
    counter = system.start(Counter, count, done)
    await counter.wait_started()
    started = clock()
    for _ in range(count):
        await counter.tell(1)
    await done.wait()
    return per_second(count, started)


async def _asks(
    system: ActorSystem,
    kind: type[Actor[Next]],
    clients: int,
    actors: int,
    count: int,
) -> Result:
    total = 0

    async def client(echo: ActorRef[Next]) -> None:
        nonlocal total
        for value in range(count // clients):
            answer = await echo.ask(Next(value))
            total += answer - value

    echoes = [system.start(kind) for _ in range(actors)]
    await trio.testing.wait_all_tasks_blocked()
    started = clock()
    async with trio.open_nursery() as asking:
        for number in range(clients):
            asking.start_soon(client, echoes[number % actors])
    result = per_second(count, started)
    equal(total, count)
    return result


async def _ask_within(system: ActorSystem, count: int) -> Result:
    """Ask with and without a limit in turns.

    The value is asks per second with one. `time_ratio` is the time of an ask with a
    limit over one without, `time_ratio_inline` the same for a plain receive, which may
    answer in the asking task.
    """
    without, within = await _limited(system.start(AsyncEcho), count)
    inline_without, inline_within = await _limited(system.start(Echo), count)
    detail = {
        "time_ratio": within / without,
        "time_ratio_inline": inline_within / inline_without,
    }
    return Result(count / within, count, within, detail)


async def _limited(echo: ActorRef[Next], count: int) -> tuple[float, float]:
    """The seconds of `count` asks without a limit, and of as many with one."""
    await echo.wait_started()
    spent = [0.0, 0.0]
    ask, turns = echo.ask, 50
    for turn in range(2 * turns):
        started = clock()
        if turn % 2:
            for value in range(count // turns):
                equal(await ask(Next(value), within=1.0), value + 1)
        else:
            for value in range(count // turns):
                equal(await ask(Next(value)), value + 1)
        spent[turn % 2] += clock() - started
    return spent[0], spent[1]


async def _ring(system: ActorSystem, size: int, count: int) -> Result:
    counting = Counting(count)
    ring: list[ActorRef[int]] = []
    for number in range(size):
        ring.append(system.start(RingNode, ring, (number + 1) % size, counting))
    await trio.testing.wait_all_tasks_blocked()
    started = clock()
    ring[0].tell_nowait(count - 1)
    await counting.done.wait()
    result = per_second(count, started)
    equal(counting.total, count)
    return result


async def _start_and_stop(system: ActorSystem, count: int) -> None:
    """Start `count` actors, one message each, and wait until all have stopped."""
    handled = Idle.handled
    refs = [system.start(Idle) for _ in range(count)]
    for ref in refs:
        ref.tell_nowait(1)
    for ref in refs:
        ref.stop()
    for ref in refs:
        if ref.exit is None:
            await ref.wait_stopped()
    equal(Idle.handled - handled, count)


async def _spawn_stop(system: ActorSystem, count: int) -> Result:
    started = clock()
    await _start_and_stop(system, count)
    return per_second(count, started)


async def _memory(system: ActorSystem, count: int) -> Result:
    """Idle actors that have handled one message each.

    They are told in bursts: resident memory remembers the peak, and a mailbox in use is
    not an idle actor. What all mailboxes in use at once would cost is another question.
    """
    handled = Idle.handled
    before, started = resident_bytes(), clock()
    refs: list[ActorRef[int]] = []
    for first in range(0, count, BURST):
        burst = [system.start(Idle) for _ in range(min(BURST, count - first))]
        for ref in burst:
            ref.tell_nowait(1)
        refs += burst
        await trio.testing.wait_all_tasks_blocked()
    equal(Idle.handled - handled, len(refs))
    return bytes_each(count, before, started)


async def _restart(system: ActorSystem, count: int) -> Result:
    log = RestartLog()
    system.start(Owner, log).tell_nowait("start")
    await log.ready.wait()
    child = log.children[0]
    for _ in range(count):
        log.handled = trio.Event()
        child.tell_nowait("crash")
        child.tell_nowait("ping")
        await log.handled.wait()
    equal(len(log.samples), count)
    return latency(log.samples)


async def _skynet(system: ActorSystem, count: int) -> Result:
    counting = Counting(0)
    started = clock()
    system.start(SkynetRoot, counting).tell_nowait(Grow(0, count))
    await counting.done.wait()
    result = per_second(count, started)
    equal(counting.total, count * (count - 1) // 2)
    return result


async def _flood(
    system: ActorSystem, kind: type[Actor[int]], actors: int, count: int
) -> float:
    """Tell `actors` actors in turn until each has its share; return the seconds."""
    counting = Counting(count)
    workers = [system.start(kind, counting) for _ in range(actors)]
    await trio.testing.wait_all_tasks_blocked()
    started = clock()
    for _ in range(count // actors):
        for worker in workers:
            worker.tell_nowait(1)
        await trio.lowlevel.checkpoint()
    await counting.done.wait()
    seconds = clock() - started
    equal(counting.total, count)
    for worker in workers:
        worker.kill()
    return seconds


async def _busy(system: ActorSystem, count: int) -> Result:
    """`throughput_ratio`: beside an actor in a long await, over alone."""
    alone = await _flood(system, Worker, 1_000, count)
    sleeper = system.start(Sleeper)
    sleeper.tell_nowait("sleep")
    beside = await _flood(system, Worker, 1_000, count)
    equal(sleeper.exit, None)
    sleeper.kill()
    return Result(count / beside, count, beside, {"throughput_ratio": alone / beside})


async def _suspend(system: ActorSystem, count: int) -> Result:
    seconds = await _flood(system, SuspendingWorker, CLIENTS, count)
    return Result(count / seconds, count, seconds)


def _run(workload: Callable[..., Awaitable[Result]], *arguments: object) -> Function:
    async def main(count: int) -> Result:
        async with open_system() as system:
            return await workload(system, *arguments, count)

    def measure(count: int) -> Result:
        return trio.run(main, count)

    return measure


OURS: dict[str, Function] = {
    "tell": _run(_tell, 1),
    "tell_wait": _run(_tell_wait),
    "fan_in": _run(_tell, 10),
    "ping_pong": _run(_asks, Echo, 1, 1),
    "ask_async": _run(_asks, AsyncEcho, 1, 1),
    "ask_100_1": _run(_asks, Echo, CLIENTS, 1),
    "ask_100_100": _run(_asks, Echo, CLIENTS, CLIENTS),
    "ring_100": _run(_ring, 100),
    "ring_503": _run(_ring, 503),
    "spawn_stop": _run(_spawn_stop),
    "memory_10k": _run(_memory),
    "memory_100k": _run(_memory),
    "memory_1m": _run(_memory),
    "restart": _run(_restart),
    "skynet": _run(_skynet),
    "busy": _run(_busy),
    "suspend": _run(_suspend),
    "ask_within": _run(_ask_within),
}


async def _churn(total: int, every: int, report: Callable[[int, int], None]) -> None:
    async with open_system() as system:
        for stopped in range(BURST, total + 1, BURST):
            await _start_and_stop(system, BURST)
            if stopped % every == 0:
                report(stopped, resident_bytes())


def churn(total: int, every: int, report: Callable[[int, int], None]) -> None:
    """Start and stop `total` actors in batches.

    `report(stopped so far, resident bytes)` is called after each `every`: flat figures
    say that an actor that has stopped leaves nothing behind.
    """
    trio.run(_churn, total, every, report)
