"""Failing: how long it takes from a crash to the next message.

The owner restarts its child in `child_ended`; the time runs from the raise in the old
incarnation to the first `receive` of the new one.
"""

from collections.abc import Mapping
from typing import ClassVar

import attrs
import trio

from actors import Actor, ActorRef, AnyRef, Decision, Exit, Request, open_system
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario


@attrs.define(eq=False)
class RestartLog:
    """What survives the incarnations of `Fragile`."""

    crashed: float | None = None
    samples: list[float] = attrs.field(factory=list[float])
    handled: int = 0
    goal: int = 0
    done: trio.Event = attrs.field(factory=trio.Event)


class Fragile(Actor[str]):
    """Crashes when told to; its next incarnation notes how long that took."""

    def __init__(self, log: RestartLog) -> None:
        self.log = log

    def receive(self, message: str) -> None:
        """Crash, or count, and note the time since the crash."""
        log = self.log
        if message == "crash":
            log.crashed = clock()
            raise ValueError
        if log.crashed is not None:
            log.samples.append(clock() - log.crashed)
            log.crashed = None
        log.handled += 1
        if log.handled == log.goal:
            log.done.set()


class Begin(Request[ActorRef[str]]):
    """Start the child and say where it is."""


class Owner(Actor[Begin]):
    """Starts one `Fragile` and restarts it after every crash."""

    def __init__(self, log: RestartLog) -> None:
        self.log = log

    def receive(self, message: Begin) -> None:
        """Start the child."""
        message.reply(self.start(Fragile, self.log))

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """Restart it, whatever happened."""
        del child, exit
        return Decision.RESTART


class Restart(Scenario):
    """The time from a crash to the next handled message, one message queued."""

    number = "B13"
    count = 20_000
    unit = MICROSECONDS
    counts: ClassVar[Mapping[str, int]] = {
        "triotp": 200,
        "erlang": 200,
        "fauxtp": 1_000,
    }
    short = True
    provided = True
    _queued: ClassVar[int] = 1

    async def ours(self, run: Run) -> None:
        """Each crash with its queue behind it; the next when all is handled."""
        log = RestartLog()
        async with open_system() as system:
            child = await system.start(Owner, log).ask(Begin())
            await self._crash_often(run, child, log)
            run.equal(system.statistics().restarts, run.count, "restarts")

    async def _crash_often(
        self, run: Run, child: ActorRef[str], log: RestartLog
    ) -> None:
        """Do that with this child; the samples are the run's."""
        for _ in range(run.count):
            log.goal += self._queued
            log.done = trio.Event()
            child.tell_nowait("crash")
            for _ in range(self._queued):
                child.tell_nowait("ping")
            await log.done.wait()
        run.equal(log.handled, run.count * self._queued, "messages handled")
        run.equal(len(log.samples), run.count)
        run.samples(log.samples)


class Restart1000(Restart):
    """The same with 1,000 messages queued, none of which may be lost."""

    name = "restart_1000"
    count = 1_000
    counts: ClassVar[Mapping[str, int]] = {
        "park": 500,
        "channel": 100,
        "asyncio": 200,
        "triotp": 20,
        "erlang": 200,
    }
    short = False
    _queued = 1_000
