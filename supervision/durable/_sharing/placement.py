"""Which node is to own which partition.

Pure, and the same on every node that sees the same nodes: what a partition is now, and
whose, has no part in it, so there is nothing to agree on.

Each node has a score for each partition, made by a hash of both (*rendezvous hashing*).
The best pairs are taken first; a node that has its share takes no more.  When a node
comes or goes the other scores stay, so most partitions stay where they are.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from .words import NodeRow, PartitionRow

_AT_ONCE: Final = 8  # scores in one digest


def place(
    partitions: Sequence[PartitionRow], nodes: Collection[NodeRow]
) -> dict[int, str]:
    """Say where each partition is to be: `{partition: name of a node}`.

    No node has more than its share, `ceil(partitions / nodes)`, and if all partitions
    can go to all nodes none has less than one below that.  A partition goes only
    to nodes of its release or a newer one, if there is any; what can go only to nodes
    that have their share already is spread over these.

    Args:
        partitions: all of them; only their numbers and releases count.
        nodes: those that live.  Those that leave get nothing.

    Returns:
        Nothing, if no node stays.
    """
    staying = {each.node: each.release for each in nodes if not each.leaving}
    if not staying:
        return {}
    newest = max(staying.values())
    # {partition: the release that a node must have; None: any will do}
    least = {
        each.partition: each.release if each.release <= newest else None
        for each in partitions
    }
    scores = {name: _scores(name, len(partitions)) for name in staying}
    cap = -(-len(least) // len(staying))
    # how many may have as many as that, if the others are to have one less: even where
    # all can go anywhere; if not, no node has more than its share
    full = len(least) - (cap - 1) * len(staying)
    for most in (full, len(staying)):
        places = _Places(scores)
        places.fill(least, staying, cap, most)
        if len(places.found) == len(least):
            return places.found
    # some can go to few nodes only, where others have taken the room: they go first
    places = _Places(scores)
    tiers = sorted({each for each in least.values() if each is not None}, reverse=True)
    for tier in (*tiers, None):
        members = {each: tier for each, release in least.items() if release == tier}
        fit = [name for name, has in staying.items() if tier is None or has >= tier]
        places.fill(members, staying, places.cap(len(members), fit))
    return places.found


class _Places:
    """Partitions that have a place, and how many each node has.

    Args:
        scores: `{node: its score for each partition}`.
    """

    def __init__(self, scores: dict[str, tuple[int, ...]]) -> None:
        self.found: dict[int, str] = {}  # {partition: node}
        self._scores = scores
        self._load = dict.fromkeys(scores, 0)  # {node: how many}

    def cap(self, more: int, nodes: Collection[str]) -> int:
        """How many each of these may have at most, so that so many more find room."""
        loads = sorted(self._load[name] for name in nodes)
        while True:
            cap = -(-(more + sum(loads)) // len(loads))
            if cap >= loads[-1]:
                return cap
            loads.pop()  # it has more than that already, and takes none of them

    def fill(
        self,
        least: dict[int, int | None],
        nodes: dict[str, int],
        cap: int,
        full: int | None = None,
    ) -> None:
        """Give each of these partitions a place, if one that fits has room.

        Args:
            least: `{partition: release that it needs; None: any}`.
            nodes: `{node: its release}`.
            cap: how many a node may have.
            full: how many nodes may have so many; None: all.
        """
        left = len(nodes) if full is None else full
        pairs = [
            (-self._scores[name][partition], partition, name)
            for name, release in nodes.items()
            for partition, needed in least.items()
            if needed is None or release >= needed
        ]
        for _, partition, name in sorted(pairs):
            load = self._load[name]
            if partition in self.found or load >= cap - (not left):
                continue
            self.found[partition] = name
            self._load[name] = load + 1
            left -= load + 1 == cap


@lru_cache(maxsize=256)
def _scores(node: str, partitions: int) -> tuple[int, ...]:
    """Give a node's score for each partition, from 0 to 2**64 - 1."""
    key = blake2b(node.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    found: list[int] = []
    for block in range(-(-partitions // _AT_ONCE)):
        digest = blake2b(block.to_bytes(8, "big"), key=key).digest()
        found += struct.unpack(f">{_AT_ONCE}Q", digest)
    return tuple(found[:partitions])
