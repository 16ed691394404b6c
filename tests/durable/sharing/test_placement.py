"""Which node is to own which partition: spread, still, and the same everywhere."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.durable._sharing.placement import place
from supervision.durable._sharing.words import NodeRow, PartitionRow
from tests.durable.sharing.rows import node, parts

SEEDS = 40
names = st.text(min_size=1, max_size=8)
one = st.builds(
    NodeRow,
    node=names,
    address=st.none(),
    release=st.integers(0, 2),
    opened=st.just(1),
    beat=st.just(1),
    leaving=st.booleans(),
)
nodes_of = st.lists(one, max_size=9, unique_by=attrgetter("node"))
releases = st.lists(st.integers(0, 3), min_size=1, max_size=40)


def partitions_of(has: Sequence[int]) -> tuple[PartitionRow, ...]:
    """Make a partition of each release."""
    return tuple(PartitionRow(p, None, 0, release) for p, release in enumerate(has))


def moved(one: Mapping[int, str], other: Mapping[int, str]) -> int:
    """Count the partitions that are elsewhere."""
    return sum(1 for each in one if one[each] != other[each])


def many(count: int, seed: int = 0) -> list[NodeRow]:
    """Make so many nodes."""
    return [node(f"host-{seed}-{each}") for each in range(count)]


@given(nodes_of, releases)
def test_each_has_one_place_that_fits(nodes: list[NodeRow], has: Sequence[int]) -> None:
    """A node that stays, of the partition's release or newer if there is any."""
    found = place(partitions_of(has), nodes)

    staying = {each.node: each.release for each in nodes if not each.leaving}
    if not staying:
        assert found == {}
        return
    assert set(found) == set(range(len(has)))
    assert set(found.values()) <= set(staying)
    newest = max(staying.values())
    for partition, name in found.items():
        assert staying[name] >= has[partition] or has[partition] > newest


@given(nodes_of, releases, st.integers(0, 100))
def test_all_nodes_come_to_the_same(
    nodes: list[NodeRow], has: Sequence[int], seed: int
) -> None:
    """In whatever order they see them; whose a partition is plays no part."""
    mixed = list(nodes)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - an order, not a secret
    owned = [attrs.evolve(each, owner="x", epoch=9) for each in partitions_of(has)]

    assert place(owned, mixed) == place(partitions_of(has), nodes)


@given(st.integers(1, 12), st.integers(1, 100), st.integers(0, 1000))
def test_no_node_has_more_than_its_share(count: int, number: int, seed: int) -> None:
    """`ceil(partitions / nodes)`."""
    found = place(parts({}, number), many(count, seed))
    assert max(Counter(found.values()).values()) <= math.ceil(number / count)


@given(st.integers(1, 12), st.integers(1, 100), st.integers(0, 1000))
def test_no_node_has_two_less_than_another(count: int, number: int, seed: int) -> None:
    """16 of three nodes are 6, 5 and 5."""
    nodes = many(count, seed)
    load = Counter(place(parts({}, number), nodes).values())
    assert min(load[each.node] for each in nodes) == number // count


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_few_partitions_move_when_a_node_comes_or_goes(count: int) -> None:
    """At most twice the share of the one, half as much again on average."""
    rows, share = parts({}, 64), math.ceil(64 / (count + 1))
    moves = [
        moved(place(rows, many(count, seed)), place(rows, many(count + 1, seed)))
        for seed in range(SEEDS)
    ]
    assert max(moves) <= 2 * share
    assert sum(moves) / SEEDS <= 1.5 * share


def test_nothing_moves_but_to_the_newest() -> None:
    """In a rolling upgrade each partition that a new node has taken stays there."""
    old, new = many(3), [node("new-1", release=1), node("new-2", release=1)]
    rows = parts({}, 64)
    nodes = [*old, new[0]]
    first = place(rows, nodes)
    for partition in [each for each, name in first.items() if name == "new-1"]:
        rows = tuple(
            attrs.evolve(row, release=1) if row.partition == partition else row
            for row in rows
        )
        assert place(rows, nodes) == first

    nodes = [*old[1:], *new]
    found = place(rows, nodes)
    assert all(
        found[each].startswith("new") for each in first if first[each] == "new-1"
    )
    assert max(Counter(found.values()).values()) <= 16


def test_one_new_node_has_all_that_only_it_may_have() -> None:
    """The others share the rest."""
    has = 40 * [1] + 24 * [0]
    nodes = [*many(2), node("new", release=1)]
    load = Counter(place(partitions_of(has), nodes).values())
    assert sorted(load.values()) == [12, 12, 40]
    assert load["new"] == 40


def test_a_release_that_nobody_has_any_more_holds_nothing_up() -> None:
    """All nodes were rolled back: any will do."""
    assert len(place(partitions_of(8 * [5]), many(2))) == 8


def test_names_are_spread() -> None:
    """Names that differ little do not come together: a hash that is none would."""
    firsts = Counter(
        place(parts({}, 1), many(4, seed))[0][-1] for seed in range(10 * SEEDS)
    )
    assert min(firsts.values()) > SEEDS
