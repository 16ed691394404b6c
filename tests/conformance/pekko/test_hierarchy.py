"""Pekko's `SupervisorHierarchySpec`: a tree of a thousand under random faults.

Three levels of supervisors, every strategy and both kinds at the lowest, nine hundred
leaves and more below.  While messages, asks and orders rain on it, leaves fail at every
hook, leaves and supervisors are killed and stopped, children are started, stopped,
restarted and deleted by request.  Then the faults end, and everything is counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from operator import methodcaller
from typing import Any

import attrs
import pytest
import trio

from actors import (
    Actor,
    ActorError,
    ActorRef,
    ActorSystem,
    AnyRef,
    DeadLetter,
    Exit,
    MailboxFullError,
    Request,
    open_system,
)
from actors.testing import EventLog, open_tasks, run_seeded
from supervision import (
    AdminRequest,
    Backoff,
    ChildInfo,
    ChildSpec,
    ChildState,
    DeleteChild,
    Restart,
    RestartChild,
    RestartLimit,
    StartInstance,
    StopChild,
    Strategy,
    SupervisionError,
    list_children,
    start_child,
)
from tests.conformance.supervised import (
    BoomError,
    Crash,
    Finish,
    dynamic,
    settle,
    static,
)

HOUSES, ROOMS, LEAVES = 3, 6, 50
STEPS = 1200
KILL: Callable[[AnyRef], object] = methodcaller("kill")
STOP: Callable[[AnyRef], object] = methodcaller("stop")
Ref = ActorRef[AdminRequest]


@attrs.frozen
class Number:
    """A message that can be told from all others."""

    value: int


@attrs.frozen(eq=False)
class Question(Request[int]):
    """Answered with its value."""

    value: int


class World:
    """What all leaves of one run share: the dice, and what they have done."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - dice
        self.faulty = False
        self.faults: Counter[str] = Counter()  # {hook: how often it has failed}
        self.handled: list[int] = []
        self.leaves: dict[str, AnyRef] = {}  # {path: ref} of the latest at each path

    def strike(self, hook: str, share: float) -> None:
        """Fail now and then while there are faults."""
        if self.faulty and self.dice.random() < share:
            self.faults[hook] += 1
            raise BoomError(hook)


class Leaf(Actor[object]):
    """Handles numbers and questions, slowly or at once; fails at every hook."""

    def __init__(self, world: World, number: int = 0) -> None:
        del number
        self.world = world
        world.strike("__init__", 0.004)

    async def started(self) -> None:
        self.world.leaves[self.ref.path] = self.ref
        self.world.strike("started", 0.004)
        if self.world.dice.random() < 0.1:
            await trio.sleep(0.01)

    async def receive(self, message: object) -> None:
        self.world.strike("receive", 0.02)
        match message:
            case Number():
                if self.world.dice.random() < 0.2:
                    await trio.sleep(0.05)
                self.world.handled.append(message.value)
            case Question():
                message.reply(message.value)
            case Crash():
                self.world.faults["message"] += 1
                raise message.error
            case Finish():
                self.finish()
            case _:
                raise AssertionError(message)

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        if self.world.dice.random() < 0.1:
            await trio.sleep(0.01)
        self.world.strike("stopped", 0.02)


def leaf_spec(world: World, number: int) -> ChildSpec[object]:
    """One leaf: of any restart type, some with a backoff, some with their own limit."""
    dice = world.dice
    return ChildSpec(
        Leaf,
        world,
        number,
        id=f"leaf{number}",
        restart=dice.choice([*Restart, Restart.PERMANENT]),
        limit=dice.choice([None, RestartLimit(2, within=5), RestartLimit(0, within=5)]),
        backoff=dice.choice([None, None, Backoff(0.1, 1)]),
    )


def room_spec(world: World, number: int) -> ChildSpec[Any]:
    """A supervisor of leaves: every strategy has its turn, and the dynamic one."""
    kinds = [*Strategy, None]
    kind = kinds[number % len(kinds)]
    limit = RestartLimit(12, within=2)
    make: type[Actor[AdminRequest]]
    if kind is None:
        spec: Callable[..., ChildSpec[object]] = ChildSpec
        make = dynamic(spec(Leaf, world, restart=Restart.TRANSIENT), limit=limit)
    else:
        specs = [leaf_spec(world, each) for each in range(LEAVES)]
        make = static(*specs, strategy=kind, limit=limit)
    return ChildSpec(make, id=f"room{number}", backoff=Backoff(0.1, 1))


def house_spec(world: World, number: int) -> ChildSpec[Any]:
    """A supervisor of supervisors that never gives up."""
    rooms = [room_spec(world, number + each) for each in range(ROOMS)]
    strategy = [*Strategy][number % 3]
    return ChildSpec(static(*rooms, strategy=strategy, limit=None), id=f"house{number}")


class Driver:
    """Rains messages and orders on the tree."""

    def __init__(self, world: World, top: Ref, nursery: trio.Nursery) -> None:
        self.world, self.top, self.nursery = world, top, nursery
        self.accepted: list[int] = []
        self.refused = 0
        self.asked = 0
        self.outcomes: Counter[str] = Counter()  # {answered or the error: number}
        self.houses: list[Ref] = []
        self.rooms: list[Ref] = []

    async def run(self) -> None:
        """Do all steps."""
        dice = self.world.dice
        for number in range(STEPS):
            leaf = dice.choice([*self.world.leaves.values()])
            share = dice.random()
            if share < 0.6:
                self.tell(leaf, number)
            elif share < 0.75:
                self.asked += 1
                self.nursery.start_soon(self.ask, leaf, number)
            elif share < 0.85:
                self.order(dice.choice(self.rooms), dice.randrange(LEAVES), leaf)
            elif share < 0.996:
                self.strike(leaf)
            else:  # the refs of the rooms of a house that was killed are dead
                dice.choice([*self.rooms, *self.houses]).kill()
            if number % 10 == 0:
                await trio.sleep(dice.random() * 0.2)

    def tell(self, leaf: AnyRef, number: int) -> None:
        """Tell a leaf a number; it is accepted, or refused at once."""
        try:
            leaf.tell_nowait(Number(number))
        except (ActorError, MailboxFullError):
            self.refused += 1
        else:
            self.accepted.append(number)

    async def ask(self, leaf: AnyRef, number: int) -> None:
        """Ask a leaf; there is an outcome in ten seconds at the latest."""
        try:
            answer = await leaf.ask(Question(number), within=10)
        except (ActorError, trio.TooSlowError) as error:
            self.outcomes[type(error).__name__] += 1
        else:
            assert answer == number
            self.outcomes["answered"] += 1

    def strike(self, leaf: AnyRef) -> None:
        """End a leaf's incarnation in one of the four ways."""
        ways: list[Callable[[AnyRef], object]] = [
            KILL,
            STOP,
            methodcaller("tell_nowait", Crash()),
            methodcaller("tell_nowait", Finish()),
        ]
        try:
            self.world.dice.choice(ways)(leaf)
        except ActorError:
            self.refused += 1

    def order(self, room: Ref, number: int, leaf: AnyRef) -> None:
        """Tell a room to do something to a child, whether it can or not."""
        id_ = f"leaf{number}"
        orders: list[AdminRequest] = [
            StopChild(id_),
            StopChild(leaf),
            RestartChild(id_),
            DeleteChild(id_),
            StartInstance((number,)),
        ]
        self.nursery.start_soon(self.request, room, self.world.dice.choice(orders))

    async def request(self, room: Ref, order: AdminRequest) -> None:
        """Have an order answered; there is an outcome in ten seconds at the latest."""
        self.asked += 1
        request: Any = order
        try:
            await room.ask(request, within=10)
        except (SupervisionError, ActorError, trio.TooSlowError) as error:
            self.outcomes[type(error).__name__] += 1
        else:
            self.outcomes["answered"] += 1


async def build(system: ActorSystem, world: World) -> tuple[Ref, list[Ref], list[Ref]]:
    """Start the tree; return its top, the houses and the rooms."""
    houses = [house_spec(world, number) for number in range(HOUSES)]
    top: Ref = system.start(static(*houses, limit=None), name="top")
    await top.wait_started()
    stands = [each.ref for each in await list_children(top) if each.ref]
    rooms: list[Ref] = []
    for house in stands:
        rooms += [each.ref for each in await list_children(house) if each.ref]
    for room in rooms:
        if not await list_children(room):
            for number in range(LEAVES):
                await start_child(room, number)
    return top, stands, rooms


async def accounted_for(system: ActorSystem, top: Ref) -> Counter[ChildState]:
    """Check each child of each supervisor against the tree; count them by state."""
    alive = {each.path: each for each in system.tree().walk()}
    states: Counter[ChildState] = Counter()
    known = {"/", top.path}
    supervisors: list[Ref] = [top]
    for supervisor in supervisors:
        children: tuple[ChildInfo, ...] = await list_children(supervisor)
        for child in children:
            states[child.state] += 1
            if child.state is not ChildState.RUNNING:
                assert child.state in {ChildState.STOPPED, ChildState.QUARANTINED}
                assert child.ref is None or child.ref.exit is not None
                continue
            assert child.ref is not None
            assert child.ref.exit is None
            known.add(child.ref.path)
            if child.supervisor:
                supervisors.append(child.ref)
            else:
                assert await child.ref.ask(Question(7), within=1) == 7
        listed = [child.ref.path for child in reversed(children) if child.ref]
        below = [each.path for each in alive[supervisor.path].children]
        assert sorted(below) == sorted(path for path in listed if path in alive)
    assert known == alive.keys()
    return states


async def hierarchy(seed: int) -> None:
    """One run with this seed."""
    world = World(seed)
    before = open_tasks()
    async with open_system(dead_letters=0) as system:
        log = EventLog(system)
        top, stands, rooms = await build(system, world)
        whole = HOUSES * ROOMS * LEAVES
        assert len(world.leaves) == whole
        assert system.statistics().actors == 1 + HOUSES + HOUSES * ROOMS + whole

        world.faulty = True
        async with trio.open_nursery() as nursery:
            driver = Driver(world, top, nursery)
            driver.houses, driver.rooms = stands, rooms
            await driver.run()
            world.faulty = False
        await trio.sleep(60)
        await settle()

        # everybody is up, or down for a reason that the supervisor knows
        assert top.exit is None
        states = await accounted_for(system, top)
        assert states[ChildState.RUNNING] > whole / 4
        assert states[ChildState.QUARANTINED] > 0
        # every ask has had its outcome
        assert driver.outcomes.total() == driver.asked
        assert driver.outcomes["answered"] > 0
        # whoever was started has ended or is alive
        now = system.statistics()
        assert now.started == now.ended + now.actors
        assert now.actors == states[ChildState.RUNNING] + 1
        assert now.restarts > 0

    # every hook has failed, and nothing was lost: each message has had one end
    assert set(world.faults) == {"__init__", "started", "receive", "stopped", "message"}
    log.check()
    dead = [
        event.message.value
        for event in log.of(DeadLetter)
        if isinstance(event.message, Number)
    ]
    assert sorted(world.handled + dead) == sorted(driver.accepted)
    assert len(driver.accepted) > STEPS / 4
    after = system.statistics()
    assert (after.actors, after.started) == (0, after.ended)
    assert open_tasks() == before


@pytest.mark.parametrize("seed", range(5))
def test_pekko_hierarchy_stress(seed: int) -> None:
    """Nothing is lost and nobody is unaccounted for, whatever fails wherever."""
    run_seeded(hierarchy, seed, seed=seed)
