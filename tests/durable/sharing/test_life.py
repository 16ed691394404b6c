"""Many nodes in virtual time: one owner at most, and soon one again."""

from __future__ import annotations

import pytest

from tests.durable.sharing.world import WAY, Node, World

SEEDS = range(16)
QUIET = 120.0  # seconds in which everything has found its place


def settled(seed: int, count: int, *, partitions: int = 16) -> World:
    """Make a world of so many nodes that has come to rest."""
    world = World(seed, partitions=partitions)
    for each in range(count):
        world.join(f"n{each}")
        world.run(world.dice.uniform(0, 5))
    world.run(QUIET)
    assert world.balanced()
    world.changes.clear()
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_nodes_that_come_share(seed: int) -> None:
    """And nothing moves any more then."""
    world = settled(seed, world_size(seed))
    world.run(QUIET)
    assert world.changes == []


def world_size(seed: int) -> int:
    """Say how many nodes there are: 2 to 5."""
    return 2 + seed % 4


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_dead_node_had_is_taken_in_time(seed: int) -> None:
    """D71: within 1.5 x ttl, whenever it dies."""
    world = settled(seed, world_size(seed))
    world.run(world.dice.uniform(0, 3))
    dead = world.dice.choice(world.living)
    had = set(dead.leases.held)
    killed = world.now
    world.kill(dead)

    world.run(1.5 * world.policy.ttl)
    assert dead.leases.node not in world.owners()
    first = {each.partition: each.at for each in reversed(world.changes)}
    assert first.keys() >= had
    silent = world.policy.ttl - world.policy.beats - 2 * WAY
    assert all(first[each] - killed >= silent for each in had)
    world.run(QUIET)
    assert world.balanced()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_taken_because_the_server_was_away(seed: int) -> None:
    """D75: up to 3 x ttl, and again before all have beaten."""
    world = settled(seed, world_size(seed))
    for _ in range(3):
        world.away = True
        world.run(world.dice.uniform(0.2, 3) * world.policy.ttl)
        world.away = False
        world.run(world.dice.uniform(0, 2) * world.policy.ttl)
    world.run(QUIET)
    assert world.changes == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_node_that_was_stopped_takes_part_again(seed: int) -> None:
    """D72: what it had is another's; it hears so, and gets its share in good order."""
    world = settled(seed, world_size(seed))
    node = world.dice.choice(world.living)
    had = set(node.leases.held)
    node.stop(2.5 * world.policy.ttl)
    world.run(2.4 * world.policy.ttl)
    assert node.leases.node not in world.owners()

    world.run(world.policy.ttl)
    assert set(node.all("lost")) == had
    world.run(QUIET)
    assert world.balanced()
    assert world.owners().count(node.leases.node) == len(had)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_that_stops_for_less_keeps_what_it_has(seed: int) -> None:
    """And takes nothing from those whose beats it has not seen meanwhile."""
    world = settled(seed, world_size(seed))
    for node in world.living:
        node.stop(0.75 * world.policy.ttl)
        world.run(world.dice.uniform(1, 10))
    world.run(QUIET)
    assert world.changes == []


@pytest.mark.parametrize("seed", SEEDS)
def test_all_were_stopped_at_once(seed: int) -> None:
    """As a machine that sleeps: nobody has seen anybody be silent."""
    world = settled(seed, world_size(seed))
    for node in world.living:
        node.stop(5 * world.policy.ttl + world.dice.uniform(0, 1))
    world.run(QUIET)
    assert world.changes == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_node_that_joins_gets_its_share_bit_by_bit(seed: int) -> None:
    """D76: each of the others has at most two on the way at any moment."""
    world = settled(seed, world_size(seed), partitions=32)
    world.join("new")
    world.run(2 * QUIET)
    assert world.balanced()
    lying: dict[str, set[int]] = {}
    for each in world.changes:
        if each.owner is None and each.before is not None:
            lying.setdefault(each.before, set()).add(each.partition)
        else:
            for partitions in lying.values():
                partitions.discard(each.partition)
        assert all(len(partitions) <= 2 for partitions in lying.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_node_that_leaves_waits_for_nobodys_silence(seed: int) -> None:
    """All that it has is another's in the time of a few beats and its turns."""
    world = settled(seed, world_size(seed))
    node = world.dice.choice(world.living)
    node.leases.leave()
    world.run(world.policy.ttl)
    assert node not in world.living
    assert node.leases.node not in world.nodes
    assert None not in world.owners()
    world.run(QUIET)
    assert world.balanced()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_node_that_comes_again_at_once_has_all_again(seed: int) -> None:
    """By the same name, in a new epoch: nobody waits for its silence."""
    world = settled(seed, world_size(seed))
    node = world.dice.choice(world.living)
    had = dict(node.leases.held)
    world.kill(node)
    again = world.join(node.leases.node)
    world.run(world.policy.beats)
    assert dict(again.leases.held) == {p: epoch + 1 for p, epoch in had.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_with_one_name_the_younger_one_stays(seed: int) -> None:
    """The older one is told, and has nothing then."""
    world = settled(seed, world_size(seed))
    old = world.dice.choice(world.living)
    had = set(old.leases.held)
    new = world.join(old.leases.node)
    world.run(2 * world.policy.beats)
    assert old.leases.replaced
    assert not old.leases.held
    assert old not in world.living
    assert set(new.leases.held) == had


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_it_comes_to_rest(seed: int) -> None:
    """D80, of leases: kills, stops, outages, joins, leaves; then all is owned."""
    world = World(seed, partitions=12)
    for each in range(3):
        world.join(f"n{each}")
    names = [f"n{each}" for each in range(6)]
    for _ in range(40):
        world.run(world.dice.expovariate(1 / 8))
        dice = world.dice.random()
        if dice < 0.25:
            absent = sorted({*names} - {each.leases.node for each in world.living})
            if absent:
                world.join(world.dice.choice(absent), world.dice.choice((0, 0, 1)))
        elif dice < 0.4:
            outage(world)
        elif len(world.living) > 1:
            trouble(world, world.dice.choice(world.living))
    world.away = False
    if not any(not each.leases.leaving for each in world.living):
        world.join("last")
    world.run(4 * QUIET)
    staying = {each.leases.node for each in world.living}
    assert set(world.owners()) <= staying
    held = {p: node.leases.node for node in world.living for p in node.leases.held}
    assert [held[each] for each in range(12)] == world.owners()
    assert all(not node.leases.giving for node in world.living)
    world.changes.clear()
    world.run(QUIET)
    assert world.changes == []


def outage(world: World) -> None:
    """The server is away for a while."""
    world.away = True

    def back() -> None:
        world.away = False

    world.at(world.now + world.dice.uniform(0.1, 3) * world.policy.ttl, back)


def trouble(world: World, node: Node) -> None:
    """Something happens to a node."""
    dice = world.dice.random()
    if dice < 0.4:
        world.kill(node)
    elif dice < 0.8:
        node.stop(world.dice.uniform(0.1, 3) * world.policy.ttl)
    else:
        node.leases.leave()
