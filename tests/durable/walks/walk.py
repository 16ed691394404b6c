"""A walk: some processes, one after the other, on the store of a world.

Each has senders and somebody who disturbs it, and ends as by `kill -9`, by a drain, or
as its system's block is left; the last one when nothing is open any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any

import trio

from actors import Completed, Journal, RefusedError, Turn, open_system
from actors.testing import TurnLog
from supervision import Backoff, Limits, PromptKeptError, RouterRef, start_router
from supervision.durable import MemoryStore, StoreError, StorePolicy
from supervision.durable._writing import writer

from .world import BACK, KEYS, Said, Say, Walker, World, add, compact

HOPELESS = (RefusedError, PromptKeptError, StoreError)


async def walk(seed: int) -> World:
    """Walk under this seed, to the end."""
    dice = Random(seed)  # noqa: S311 - of a test
    policy = StorePolicy(
        batch=dice.choice((2, 1000)),
        unwritten=dice.choice((3, 10_000)),
        page=2,
        reminders=dice.choice((1, 100)),
    )
    world = World(dice, MemoryStore(policy=policy, types=(Say,)))
    with told_at_once(dice.choice((1, 3, 64))):
        for _ in range(dice.randrange(1, 4)):
            if not world.wrong:
                await _process(world, dice.choice(("kill", "kill", "drain", "leave")))
        if not world.wrong:
            await _process(world, "last")
            _look_back(world)
    return world


@contextmanager
def told_at_once(number: int) -> Generator[None]:
    """So many answers are told in one step: others have theirs in between."""
    module: Any = writer
    before, module.TOLD = module.TOLD, number
    try:
        yield
    finally:
        module.TOLD = before


async def _process(world: World, how: str) -> None:
    store, dice, gone = world.store, world.dice, trio.CancelScope()
    world.dead = False
    world.running.clear()
    store.latency = dice.choice((0.0, 0.0, 0.02, 0.5))
    left = dice.randrange(1, 120) if how == "kill" else 0

    def at(point: str, batch: Any) -> None:
        nonlocal left
        if not world.dead:
            world.at(point, batch)
            left -= 1
            if not left:
                die()

    def die() -> None:
        world.dead = True
        store.kill()
        gone.cancel()

    store.at_point(at)
    store.go_on()
    limits = Limits(
        sessions=dice.choice((1, 3, 100, 100)),
        turns=dice.choice((1, 3)),
        idle=dice.choice((1, 100)),
        backoff=dice.choice((None, Backoff(1, 2))),
    )
    with gone, trio.fail_after(10_000):
        async with trio.open_nursery() as tasks:
            async with open_system(stop_within=30) as system:
                log = TurnLog(system, durable=True)
                router = start_router(
                    system, Walker, world, limits=limits, durable=store
                )
                world.router = router
                if how == "last":
                    await _rest(world, router)
                else:
                    for _ in range(dice.choice((1, 3))):
                        tasks.start_soon(_sends, world, router)
                    tasks.start_soon(_disturbs, world, router)
                    await trio.sleep(dice.choice((1, 5, 30)))
                    store.go_on()
                if how == "drain":
                    world.drains += 1
                    await router.drain(dice.choice((1, 10)))
                if how == "kill":
                    await trio.sleep(60)
                    die()
                    await trio.sleep_forever()
            log.check()
            await trio.sleep(1)
            world.check(not world.waiting, "still wait:", world.waiting)
            tasks.cancel_scope.cancel()
    world.router = None
    world.waiting.clear()


async def _sends(world: World, router: RouterRef[Say, str]) -> None:
    dice = world.dice
    for _ in range(dice.randrange(1, 8)):
        await trio.sleep(dice.choice((0.0, 0.0, 0.1, 2.0)))
        way = dice.choice(("accept",) * 4 + ("again",) * 2 + ("steer", "work", "burst"))
        try:
            async with trio.open_nursery() as nursery:
                for receipt in await _send(world, router, way):
                    nursery.start_soon(_waits, world, receipt)
        except* HOPELESS:
            pass


async def _waits(world: World, receipt: Any) -> None:
    with trio.move_on_after(world.dice.choice((0.0, 1000.0))):
        await world.waits(receipt)


async def _send(world: World, router: RouterRef[Say, str], way: str) -> list[Any]:
    """Send what there is to send; the receipts."""
    dice, say, key = world.dice, world.new(), world.dice.choice(KEYS)
    if way == "work":
        return [router.run_exclusive(key, _work(world))]
    if way == "steer":
        return [router.steer(key, say, id=f"s{say.number}")]
    if way == "burst":
        receipts: list[Any] = []
        for each in (world.new("quick") for _ in range(100)):
            with suppress(*HOPELESS):
                name = f"b{each.number}"
                receipts.append(router.send(f"k{each.number % 90}", each, id=name))
        return receipts
    if way == "again" and world.keys:
        number = dice.choice([*world.keys])
        say, key = Say(number, "quick"), world.keys[number]
    attempts = world.attempts.setdefault(say.number, dice.choice((1, 2, 9)))
    world.keys[say.number] = key
    name, stream = f"m{say.number}", dice.choice((None, None, Journal(chunks=2)))
    with trio.move_on_after(dice.choice((0.0, 0.05, 50.0, 50.0))):
        receipt = await router.accept(
            key, say, id=name, attempts=attempts, stream=stream
        )
        if not world.dead:
            world.accepted.add(say.number)
        return [receipt]
    return []


def _work(world: World) -> Any:
    """Make something for `run_exclusive`."""

    async def work(turn: Turn[Say, str]) -> None:
        said: Said = world.begins(turn)
        add(turn, said, world.new().number)
        await trio.sleep(0.5)
        await compact(turn)

    return work


async def _disturbs(world: World, router: RouterRef[Say, str]) -> None:
    dice = world.dice
    for _ in range(dice.randrange(2, 12)):
        await trio.sleep(dice.choice((0.0, 0.2, 1.5, 6.0)))
        try:
            await _disturb(world, router, dice.choice(KEYS), dice.randrange(14))
        except HOPELESS:
            continue


async def _disturb(  # noqa: C901, PLR0912 - a case a verb
    world: World, router: RouterRef[Say, str], key: str, what: int
) -> None:
    store = world.store
    match what:
        case 0:
            router.cancel(key, hard=world.dice.random() < 0.5)
        case 1:
            router.cancel_all(key)
        case 2 | 3:
            world.verbs += 1
            world.forgotten[key] = world.verbs
            (router.reset if what == 2 else router.close)(key)
        case 4:
            await router.passivate(key)
        case 5:
            store.lose_answers()
        case 6:
            store.away(2)
        case 7:
            store.stand_still()
            await trio.sleep(world.dice.choice((0.5, 8.0)))
            store.go_on()
        case 8:
            world.refuses += 1
        case 9 if world.waiting:
            world.dice.choice(world.waiting).withdraw()
        case 10:
            await router.remind(key, "r", after=2, prompt=world.new("quick"))
        case 11:
            await router.forget(key, "every")
        case 12 if world.keys:
            number = world.dice.choice([*world.keys])
            found = await router.find(world.keys[number], f"m{number}")
            if found is not None:
                await _waits(world, found)
        case _:
            read = await router.read(key, newest=1000)
            if read is not None and read.history:
                flat = tuple(number for each in read.history for number in each)
                world.check(flat == read.state, "read", read)


async def _rest(world: World, router: RouterRef[Say, str]) -> None:
    """A last burst, and all ends: nothing is left in the router."""
    store = world.store
    store.latency = 0.0
    router.configure(Limits(sessions=100, turns=3, idle=1))
    receipts = await _send(world, router, "burst")
    await trio.sleep(600)
    world.check(all(each.ended for each in receipts), "not all end:", receipts)
    now = store.time.timestamp()
    for each in store.reminders():
        world.check(each.due > now - 1, "is late:", each)
        await router.forget(each.key, each.name)
    await trio.sleep(600)
    seen = router.statistics()
    world.check(seen.sessions == seen.queued == seen.turns_running == 0, "left:", seen)


def _look_back(world: World) -> None:
    """Each prompt has one outcome, each that was accepted is there."""
    prompts = world.store.prompts()
    ids = Counter((each.key, each.id) for each in prompts)
    world.check(set(ids.values()) <= {1}, "twice:", ids.most_common(1))
    names = {each.id for each in prompts}
    made = [
        each.outcome
        for each in prompts
        if each.id[0] == "~" and ":" not in each.id
        # its id is set free
        if each.outcome is None or world.outcome(each.outcome) != BACK
    ]
    world.check(len(made) == world.sent, "of", world.sent, "sent are", len(made))
    for number in world.accepted:
        world.check(f"m{number}" in names, number, "is lost")
    latest: dict[str, int] = {}
    for each in prompts:  # by number: as they were accepted
        world.check(each.outcome is not None, each, "has no outcome")
        if each.outcome is None or each.turn is None or each.id[0] not in "mb":
            continue
        if isinstance(world.outcome(each.outcome), Completed):
            right = each.turn > latest.get(each.key, 0)
            world.check(right, each.key, each.id, "has run too late")
            latest[each.key] = each.turn
