"""The children that the conformance tests of supervision put on trial.

A `Stage` is what the children of one test share: the log of what happens to them, as
short phrases such as `"a made"`, and for each child a `Plan` of what it is to do at
which start.  Both outlive incarnations.  A `Worker` follows its plan; in `receive` it
obeys the messages below.  A phrase is logged

    made       at the beginning of the constructor, before it may raise
    started    at the end of `started`, before it may finish by its plan
    got x      for each message that is no order
    stopped    at the beginning of `stopped`
    left       at the end of `stopped`, only if the plan makes it slow

The builders `static` and `dynamic` make supervisor classes out of their arguments;
`keep` starts a supervisor below an owner that survives its crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from typing import Any, cast

import attrs
import trio

from actors import (
    Actor,
    ActorRef,
    ActorSystem,
    AnyRef,
    Crashed,
    Exit,
    Finished,
    Killed,
    Stopped,
)
from supervision import (
    AdminRequest,
    AutoShutdown,
    Backoff,
    ChildSpec,
    ChildState,
    DynamicSupervisor,
    Restart,
    RestartLimit,
    Strategy,
    Supervisor,
    list_children,
)
from tests.conformance.actors_under_test import (
    BoomError,
    Crash,
    Do,
    Echo,
    Journal,
    Owner,
    Wait,
    end_always,
    settle,
)

__all__ = (
    "EXITS",
    "USUAL",
    "BoomError",
    "Child",
    "Crash",
    "Echo",
    "Finish",
    "From",
    "Plan",
    "Shielded",
    "Stage",
    "Wait",
    "Worker",
    "children_of",
    "crash",
    "dynamic",
    "end_now",
    "end_with",
    "incarnations",
    "keep",
    "refs_of",
    "settle",
    "start_ready",
    "states_of",
    "static",
    "worker",
)

USUAL = RestartLimit(3, within=5.0)
"""The default limit of a supervisor."""


@attrs.frozen(eq=False)
class Finish:
    """The worker ends by its own will."""


@attrs.frozen(eq=False)
class Shielded:
    """The worker awaits for `seconds` where no cancellation reaches it."""

    seconds: float


@attrs.frozen
class From:
    """All numbers from `least` on, for a `Plan`."""

    least: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number >= self.least


@attrs.define(eq=False)
class Plan:
    """What one child does at which of its starts, counted from 1 over all its actors.

    Constructors and `started` hooks are counted apart: a constructor that raises leaves
    the number of the next `started` as it is.
    """

    fail_made: Container[int] = ()
    """Constructors that raise `BoomError`, such as `{2}` or `From(2)`."""
    fail_started: Container[int] = ()
    """`started` hooks that raise it."""
    finish_started: Container[int] = ()
    """`started` hooks that call `finish`: what OTP calls ignore."""
    gates: dict[int, trio.Event] = attrs.Factory(dict[int, trio.Event])
    """`{number of started: it waits for this, before all else}`."""
    info: object = None
    """What `started` gives to `report_ready`; None: it does not call it."""
    stopped_takes: float = 0
    """Seconds that each `stopped` takes."""
    fail_stopped: bool = False
    """Each `stopped` raises `BoomError` at its end."""

    def hang(self, number: int) -> trio.Event:
        """Have the `started` of this number wait; the event lets it go on."""
        return self.gates.setdefault(number, trio.Event())


class Stage:
    """What the children of one test share: a log, plans, exits and counts."""

    def __init__(self) -> None:
        self.log: list[str] = []
        """What happened, oldest first."""
        self.plans: dict[str, Plan] = {}
        """`{name: plan}`"""
        self.exits: dict[str, list[Exit]] = {}
        """`{name: what each stopped was given}`"""
        self.args: dict[str, list[object]] = {}
        """`{name: the third argument of each constructor}`"""
        self.count: Counter[str] = Counter()
        """How often each phrase was logged so far; `take` does not touch it."""

    def note(self, name: str, what: str) -> int:
        """Log a phrase; returns how often it has been logged by now."""
        phrase = f"{name} {what}"
        self.log.append(phrase)
        self.count[phrase] += 1
        return self.count[phrase]

    def take(self) -> list[str]:
        """The log since the last `take`."""
        taken = self.log.copy()
        self.log.clear()
        return taken

    def names(self, what: str) -> list[str]:
        """Who did this, in order: `names("started")` may be `["a", "b"]`."""
        end = f" {what}"
        return [each.removesuffix(end) for each in self.log if each.endswith(end)]

    def plan(self, name: str, **changes: Any) -> Plan:
        """The plan of a child, made when first asked for, with these changes."""
        plan = self.plans.setdefault(name, Plan())
        for field, value in changes.items():
            setattr(plan, field, value)
        return plan

    def spec(
        self,
        name: str,
        arg: object = None,
        *,
        restart: Restart = Restart.PERMANENT,
        grace: float | None = None,
        significant: bool = False,
        limit: RestartLimit | None = None,
        backoff: Backoff | None = None,
    ) -> ChildSpec[object]:
        """The spec of a `Worker` with this name as its id."""
        return ChildSpec(
            Worker,
            self,
            name,
            arg,
            id=name,
            restart=restart,
            grace=grace,
            significant=significant,
            limit=limit,
            backoff=backoff,
        )

    def specs(self, names: str) -> tuple[ChildSpec[object], ...]:
        """The specs of several workers, by names between blanks."""
        return tuple(map(self.spec, names.split()))


class Worker(Actor[object]):
    """A child that logs its life on a stage and follows its plan there."""

    def __init__(self, stage: Stage, name: str, arg: object = None) -> None:
        self.stage, self.name, self.arg = stage, name, arg
        self.plan = stage.plan(name)
        stage.args.setdefault(name, []).append(arg)
        if stage.note(name, "made") in self.plan.fail_made:
            raise BoomError(name, "made")

    async def started(self) -> None:
        self.stage.count[f"{self.name} starting"] += 1
        number = self.stage.count[f"{self.name} starting"]
        if number in self.plan.gates:
            await self.plan.gates[number].wait()
        if number in self.plan.fail_started:
            raise BoomError(self.name, "started")
        if self.plan.info is not None:
            self.report_ready(self.plan.info)
        self.stage.note(self.name, "started")
        if number in self.plan.finish_started:
            self.finish()

    async def receive(self, message: object) -> None:
        match message:
            case Crash():
                raise message.error
            case Finish():
                self.finish()
            case Wait():
                await message.gate.wait()
            case Shielded():
                with trio.CancelScope(shield=True):
                    await trio.sleep(message.seconds)
            case Echo():
                message.reply(message.text)
            case _:
                self.stage.note(self.name, f"got {message}")

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        self.stage.note(self.name, "stopped")
        self.stage.exits.setdefault(self.name, []).append(exit)
        if self.plan.stopped_takes:
            await trio.sleep(self.plan.stopped_takes)
            self.stage.note(self.name, "left")
        if self.plan.fail_stopped:
            raise BoomError(self.name, "stopped")


def worker(stage: Stage, **options: Any) -> ChildSpec[object]:
    """The template of a dynamic supervisor: a `Worker` that is given its name last.

    `options` are those of `ChildSpec`.
    """
    make = cast("Callable[..., Actor[object]]", Worker)  # the rest comes at each start
    return ChildSpec(make, stage, **options)


def static(
    *specs: ChildSpec[Any],
    strategy: Strategy = Strategy.ONE_FOR_ONE,
    limit: RestartLimit | None = USUAL,
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER,
) -> type[Supervisor]:
    """Make a class of supervisor with these children; no jitter in its backoffs.

    Raises:
        SpecError: as the class statement would.
    """
    by, at_most, ends = strategy, limit, auto_shutdown

    class Static(Supervisor):
        """Made by a test."""

        children = specs
        strategy = by
        limit = at_most
        auto_shutdown = ends

        def random(self) -> float:
            return 0.0

    return Static


def dynamic(
    spec: ChildSpec[Any],
    *,
    limit: RestartLimit | None = USUAL,
    max_children: int | None = None,
) -> type[DynamicSupervisor]:
    """Make a class of dynamic supervisor of this template; no jitter in its backoffs.

    Raises:
        SpecError: as the class statement would.
    """
    at_most, room = limit, max_children

    class Dynamic(DynamicSupervisor):
        """Made by a test."""

        template = spec
        limit = at_most
        max_children = room

        def random(self) -> float:
            return 0.0

    return Dynamic


async def start_ready(
    system: ActorSystem, make: type[Actor[AdminRequest]], *, name: str = "sup"
) -> ActorRef[AdminRequest]:
    """Start a supervisor at the top level and wait until its children are ready."""
    ref = system.start(make, name=name)
    await ref.wait_started()
    return ref


async def keep(
    system: ActorSystem,
    make: type[Actor[AdminRequest]],
    *args: object,
    journal: Journal | None = None,
    name: str = "sup",
) -> ActorRef[AdminRequest]:
    """Start a supervisor below an owner that lets it go however it ends.

    The owner writes `(path, exit)` into the journal.  Returns when the supervisor has
    its ref: it may still be starting.
    """
    owner = system.start(Owner, end_always, journal)
    ref: ActorRef[AdminRequest] = await owner.ask(
        Do(lambda me: me.start(make, *args, name=name))
    )
    return ref


async def crash(ref: AnyRef) -> None:
    """Have a worker crash, and let happen what happens at this instant."""
    ref.tell_nowait(Crash())
    await settle()


EXITS: dict[str, Exit] = {
    "finished": Finished(),
    "stopped": Stopped("enough"),
    "crashed": Crashed(BoomError()),
    "killed": Killed(),
}
"""One exit of each kind, by the word that `end_with` takes; compare their types."""


def end_now(how: str, ref: AnyRef) -> None:
    """Tell a worker to end: finished, stopped, crashed or killed.  Not a checkpoint."""
    match how:
        case "finished":
            ref.tell_nowait(Finish())
        case "stopped":
            ref.stop("enough")
        case "killed":
            ref.kill()
        case _:
            ref.tell_nowait(Crash())


async def end_with(how: str, ref: AnyRef) -> None:
    """As `end_now`, and let happen what happens at this instant."""
    end_now(how, ref)
    await settle()


@attrs.frozen
class Child:
    """A child as a test compares it: who it is, and its which life this is."""

    ref: AnyRef | None
    """By identity; None while it has no actor."""
    state: ChildState
    """As in `ChildInfo`."""
    incarnation: int
    """0 if it has no actor."""

    def again(self, times: int = 1) -> Child:
        """The same actor so many incarnations later."""
        return attrs.evolve(self, incarnation=self.incarnation + times)


async def children_of(
    system: ActorSystem, supervisor: ActorRef[AdminRequest]
) -> dict[str, Child]:
    """`{id: child}` of all children, in the order of start."""
    lives = {each.path: each.incarnation for each in system.tree().walk()}
    return {
        each.id: Child(
            each.ref, each.state, lives.get(each.ref.path, 0) if each.ref else 0
        )
        for each in reversed(await list_children(supervisor))
    }


async def refs_of(supervisor: ActorRef[AdminRequest]) -> dict[str, AnyRef]:
    """`{id: ref}` of the children that have an actor, in the order of start."""
    return {
        each.id: each.ref
        for each in reversed(await list_children(supervisor))
        if each.ref is not None
    }


async def states_of(supervisor: ActorRef[AdminRequest]) -> dict[str, ChildState]:
    """`{id: state}` of all children, in the order of start."""
    return {each.id: each.state for each in reversed(await list_children(supervisor))}


def incarnations(system: ActorSystem, supervisor: AnyRef) -> dict[str, int]:
    """`{last part of the path: incarnation}` of the actors right below a supervisor."""
    below = next(
        (each for each in system.tree().walk() if each.path == supervisor.path), None
    )
    return {
        each.path.rpartition("/")[2]: each.incarnation
        for each in (below.children if below is not None else ())
    }
