"""Storming: children of a supervisor crash, one or all at once, and come back, or not.

The restarts are those of a real `Supervisor`, one for one, of permanent children; its
log goes where a library's goes without a handler.
"""

from collections.abc import Iterable
from typing import Any

import trio

from actors import (
    Actor,
    ActorRef,
    AnyRef,
    Crashed,
    Decision,
    Exit,
    Request,
    open_system,
)
from benchmarks.load import LOW, TIMES
from benchmarks.run import Run, clock
from benchmarks.scenario import MICROSECONDS, Scenario
from benchmarks.scenarios.cast import PLENTY, Guardian
from benchmarks.scenarios.lives.failing import Fragile, Restart, Restart1000, RestartLog
from supervision import (
    ChildSpec,
    ChildState,
    RestartLimit,
    RestartLimitError,
    Supervisor,
    describe_child,
    list_children,
    start_child,
)


class SupervisedRestart(Restart):
    """From a crash under a supervisor to the next handled message, one queued."""

    async def ours(self, run: Run) -> None:
        """Each crash with its queue behind it; the next when all is handled."""
        log = RestartLog()
        async with open_system() as system:
            supervisor = system.start(Guardian)
            child = await start_child(supervisor, ChildSpec(Fragile, log))
            await self._crash_often(run, child, log)
            info = await describe_child(supervisor, child)
            run.equal(info.restarts, run.count, "restarts of the child")
            run.equal(system.statistics().restarts, run.count, "restarts")


class SupervisedRestart1000(SupervisedRestart, Restart1000):
    """The same with 1,000 messages queued, none of which may be lost."""

    name = "supervised_restart_1000"


class Storm:
    """What the children of one storm do together."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.refs: list[ActorRef[str]] = []
        self.incarnations = 0
        self.crashed: float | None = None
        self.done = trio.Event()

    def began(self, ref: ActorRef[str]) -> None:
        """Count an incarnation; the last of the second ones sets `done`."""
        self.incarnations += 1
        if self.incarnations <= self.count:
            self.refs.append(ref)
        elif self.incarnations == 2 * self.count:
            self.done.set()


class Sturdy(Actor[str]):
    """Says that it is there, and crashes whatever it is told."""

    def __init__(self, storm: Storm) -> None:
        self.storm = storm

    def started(self) -> None:
        """Say that it is there."""
        self.storm.began(self.ref)

    def receive(self, message: str) -> None:
        """Crash."""
        if self.storm.crashed is None:
            self.storm.crashed = clock()
        raise ValueError(message)


class Crew(Supervisor):
    """Restarts all of its children."""

    limit = PLENTY

    def __init__(self, storm: Storm) -> None:
        self.storm = storm

    def declare(self) -> Iterable[ChildSpec[Any]]:
        """As many as the storm has."""
        for number in range(self.storm.count):
            yield ChildSpec(Sturdy, self.storm, id=f"child{number}")


class WeakCrew(Crew):
    """Gives up soon."""

    limit = RestartLimit(LOW, within=5.0)


class _Storm(Scenario):
    """All children of one supervisor crash once, and all come back.

    Five storms, each with a new supervisor; the time is from the first message until
    the last child has been started again.
    """

    number = "B14"
    family = "restart storm"
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Each child has one message, which it crashes on."""
        async with open_system() as system:
            for _ in range(TIMES):
                storm = Storm(run.count)
                supervisor = system.start(Crew, storm)
                await supervisor.wait_started()
                with run.timed():
                    for ref in storm.refs:
                        ref.tell_nowait("crash")
                    await storm.done.wait()
                infos = await list_children(supervisor)
                run.equal(
                    [info.restarts for info in infos], [1] * run.count, "restarts"
                )
                states = {info.state for info in infos}
                run.equal(states, {ChildState.RUNNING}, "their states")
                found = [info.ref for info in reversed(infos)]
                run.equal(found == storm.refs, True, "the children are the same")  # noqa: FBT003
                supervisor.stop()
                await supervisor.wait_stopped()
            statistics = system.statistics()
        run.equal(statistics.restarts, TIMES * run.count, "restarts of all")
        run.equal(statistics.crashes, TIMES * run.count, "crashes of all")
        run.equal(statistics.actors, 0, "actors that are left")


class Storm1000(_Storm):
    """Restart 1,000 children of one supervisor that crash at once."""

    name = "storm_1000"
    count = size = 1_000
    short = True


class Storm5000(_Storm):
    """The same with 5,000 children."""

    name = "storm_5000"
    count = size = 5_000
    rounds = 5


class Found(Request[ActorRef[Any]]):
    """Start the supervisor and say where it is."""


class Ground(Actor[Found | Storm]):
    """Owns the supervisor, and lets it end when it has given up."""

    def __init__(self) -> None:
        self.storm: Storm | None = None

    def receive(self, message: Found | Storm) -> None:
        """Start a supervisor for the storm that was told last."""
        if isinstance(message, Storm):
            self.storm = message
        elif self.storm is not None:
            message.reply(self.start(WeakCrew, self.storm))

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        """Let it go, whatever happened."""
        del child, exit
        return Decision.END


class _Escalation(Scenario):
    """All children crash, which is too much for their supervisor: it gives up.

    The time is from the first crash until the supervisor and all of its children have
    ended. It tolerates three restarts in five seconds.
    """

    number = "B14"
    unit = MICROSECONDS
    family = "restart storm, low limit"
    fixed = True
    provided = True

    async def ours(self, run: Run) -> None:
        """Five storms; the supervisor's owner lets it go."""
        async with open_system() as system:
            ground = system.start(Ground)
            for _ in range(TIMES):
                storm = Storm(max(run.count, LOW + 1))
                ground.tell_nowait(storm)
                supervisor = await ground.ask(Found())
                await supervisor.wait_started()
                for ref in storm.refs:
                    ref.tell_nowait("crash")
                ended = await supervisor.wait_stopped()
                now = clock()
                run.equal(type(ended), Crashed, "the end of the supervisor")
                error = ended.error if isinstance(ended, Crashed) else None
                run.equal(type(error), RestartLimitError, "its crash")
                again = storm.incarnations - storm.count
                run.equal(again, LOW, "children that came back")
                left = sum(ref.exit is None for ref in storm.refs)
                run.equal(left, 0, "children that are left")
                run.equal(system.statistics().actors, 1, "actors that are left")
                run.sample(now - (storm.crashed or now))


class Escalation1000(_Escalation):
    """Give up when 1,000 children crash at once, until the supervisor has ended."""

    name = "escalation_1000"
    count = size = 1_000


class Escalation5000(_Escalation):
    """The same with 5,000 children."""

    name = "escalation_5000"
    count = size = 5_000
    rounds = 5
