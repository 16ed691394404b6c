"""`Leases`: what one node knows of the others, and what it is to do next.

Pure.  Times are numbers of this node's own monotonic clock, and nothing else is
compared with them.  A node is told every answer to its questions, in their order, and
asks again at each beat: what got lost on the way is seen in the next view.

How a partition changes hands:

    in order     its owner gives it, it is nobody's, and who is to have it takes it
    by silence   its owner's beat has not risen for `ttl`: as if it were nobody's
    left lying   it is nobody's, or was a silent node's, and who is to have it has not
                 taken it for another `ttl`: whoever sees that takes it
    come back    it is this node's by name, in an epoch that this life has not taken:
                 it takes it at once

How long something has been so counts only while this node could read.  After an answer
that failed, or more than two beats without one, every observation begins anew: a store
that was away has silenced everybody, and each has a whole `ttl` to beat again.  Who was
known to be gone before stays so until its beat rises.

**Two nodes of one name.**  The younger one wins, by its opening: the store lets no
older one write over its row, and the older one is told `Steps.replaced`.  It has
nothing then, and is to end; what it still sends is fenced as soon as the younger one
has taken what was its.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from .placement import place
from .policy import SharingPolicy
from .watching import Watch
from .words import Beat, Lease, NodeRow, PartitionRow, View

BEATS: Final = 1_000_000_000
"""The beats of an opening begin at its number times this."""
_MISSED: Final = 2  # beats without an answer that are a gap


@attrs.frozen
class Steps:
    """What follows from a view."""

    take: tuple[Lease, ...] = ()
    """Leases, as they were seen, to be taken now.  Each is named once: until `took` or
    `failed` is told it counts as asked for."""
    give: tuple[int, ...] = ()
    """Partitions of this node that it begins to hand over.  Each is named once, and is
    `giving` until `gave`; one that is wanted here again meanwhile is given all the
    same, and comes back."""
    lost: tuple[int, ...] = ()
    """Partitions that it had, and does not have any more: the store says they are
    another's, nobody's, or in another epoch."""
    joined: tuple[str, ...] = ()
    """Other nodes that live, and did not as far as was known; at first all of them."""
    gone: tuple[str, ...] = ()
    """Nodes that lived, and have left or are silent."""
    replaced: bool = False
    """A younger node has this one's name: this one is to end."""


class Leases:
    """What one node has, knows, and is to do.

    Args:
        node: its name.
        opened: its opening of the store: what earlier lives of this name had is lower.
        policy: how long, how many.
        partitions: how many there are.
        release: of its code.
    """

    def __init__(
        self,
        node: str,
        *,
        opened: int,
        policy: SharingPolicy,
        partitions: int,
        release: int = 0,
    ) -> None:
        self.node = node
        self.view: View | None = None
        """The last that was seen; None: none was."""
        self.leaving = False
        """It gives what it has away."""
        self.replaced = False
        """A younger node has its name."""
        self._opened = opened
        self._policy = policy
        self._partitions = partitions
        self._row = NodeRow(node, None, release, opened, 0, leaving=False)
        self._beat = opened * BEATS
        self._held: dict[int, int] = {}  # {partition: epoch}
        self._giving: set[int] = set()  # of those held
        self._given: dict[int, int] = {}  # {partition: epoch}, until another has it
        self._asked: dict[int, int] = {}  # {partition: epoch} that are to be taken
        self._beats = Watch[str](policy.ttl)  # of the other nodes
        self._free = Watch[int](policy.ttl)  # partitions that are nobody's
        self._read: float | None = None  # when a view came, if nothing failed since
        self._living: dict[str, NodeRow] = {}  # {node: row}, this one too
        self._rows: dict[int, PartitionRow] = {}
        self._plan: tuple[object, dict[int, str]] = (None, {})  # (of what, places)

    # ------------------------------------------------------------------ what is known

    @property
    def held(self) -> Mapping[int, int]:
        """`{partition: epoch}` of this node's, those it is giving among them."""
        return MappingProxyType(self._held)

    @property
    def giving(self) -> frozenset[int]:
        """Partitions of this node's that it is handing over."""
        return frozenset(self._giving)

    def keeps(self, partition: int) -> bool:
        """Whether a partition is this node's, and is to stay so."""
        return partition in self._held and partition not in self._giving

    @property
    def nodes(self) -> tuple[NodeRow, ...]:
        """Nodes that live, as far as is known, this one too; by their names."""
        return tuple(self._living[name] for name in sorted(self._living))

    def owner_of(self, partition: int) -> NodeRow | None:
        """Give the node that owns a partition, whether it lives or is silent.

        None: nobody, or not known yet.
        """
        row = self._rows.get(partition)
        name = row.owner if row is not None else None
        if partition in self._held:
            name = self.node
        elif name == self.node:
            return None  # not any more, or not yet
        view = self.view
        if name is None or view is None:
            return None
        return next((each for each in view.nodes if each.node == name), None)

    # --------------------------------------------------------------- what is to be done

    def beat(self) -> Beat:
        """Make the next beat; each is above all before, those of earlier lives too."""
        self._beat += 1
        return Beat(self._beat, self.leaving)

    def saw(self, view: View, now: float) -> Steps:
        """Hear the answer to a beat.

        Args:
            view: what was seen.
            now: when it came.

        Raises:
            ValueError: the store has another number of partitions.
        """
        if len(view.partitions) != self._partitions:
            msg = (
                f"view must have {self._partitions} partitions, "
                f"got {len(view.partitions)}"
            )
            raise ValueError(msg)
        self.view = view
        self._rows = {each.partition: each for each in view.partitions}
        mine = next((each for each in view.nodes if each.node == self.node), None)
        if mine is not None and mine.opened > self._opened:
            self.replaced = True
        if self.replaced:
            return self._end()
        self._watch(view, now)
        joined, gone = self._count(view)
        lost = self._compare()
        places = self._places(view)
        return Steps(
            take=tuple(self._takes(places)),
            give=tuple(self._gives(places)),
            lost=lost,
            joined=joined,
            gone=gone,
        )

    def failed(self, now: float) -> None:
        """A question had no answer; of a `Take`: nobody knows."""
        del now  # whenever it was: the next view begins anew
        self._read = None
        self._asked.clear()

    def took(self, leases: Iterable[Lease]) -> None:
        """Hear the answer to `Take`: these are this node's."""
        self._asked.clear()
        if self.replaced:
            return
        for each in leases:
            self._held[each.partition] = each.epoch
            self._giving.discard(each.partition)
            self._given.pop(each.partition, None)
            self._free.forget(each.partition)

    def gave(self, partition: int) -> None:
        """Hear the answer to `Give`, not before it has come."""
        epoch = self._held.pop(partition, None)
        self._giving.discard(partition)
        if epoch is not None:
            self._given[partition] = epoch

    def fenced(self, partition: int, epoch: int | None = None) -> bool:
        """Something was answered `Fenced`.

        Args:
            partition: which.
            epoch: of the lease that was fenced; None: the one that is held.

        Returns:
            Whether the partition was this node's until now.
        """
        held = self._held.get(partition)
        if held is None or (epoch is not None and epoch != held):
            return False
        self._drop(partition)
        return True

    def leave(self) -> None:
        """From now on take nothing, and give all at once.

        Not a few at a time: a node that leaves begins nothing, so what waits there
        would wait for its turn to be given.
        """
        self.leaving = True

    # ----------------------------------------------------------------------- who lives

    def _watch(self, view: View, now: float) -> None:
        """See what has changed, and what has been the same for `ttl`."""
        gap = _MISSED * self._policy.beats
        if self._read is None or now - self._read > gap:
            self._beats.anew(now)
            self._free.anew(now)
        self._read = now
        beats = {each.node: (each.opened, each.beat) for each in view.nodes}
        for row in view.partitions:
            if row.owner is not None:
                beats.setdefault(row.owner, (0, 0))  # one that has no row any more
        beats.pop(self.node, None)
        self._beats.see(beats, now)
        free = [row for row in view.partitions if row.owner is None]
        self._free.see({row.partition: (row.epoch, 0) for row in free}, now)

    def _count(self, view: View) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Find out who lives; who has come, and who is gone."""
        before = self._living
        self._living = {
            each.node: each
            for each in view.nodes
            if each.node == self.node or not self._beats[each.node].over
        }
        self._living.setdefault(self.node, self._row)
        joined = sorted(self._living.keys() - before.keys() - {self.node})
        gone = sorted(before.keys() - self._living.keys())
        return tuple(joined), tuple(gone)

    # -------------------------------------------------------------------- what is whose

    def _compare(self) -> tuple[int, ...]:
        """Drop what the store says is not this node's."""
        lost = [
            partition
            for partition, epoch in self._held.items()
            if (self._rows[partition].owner, self._rows[partition].epoch)
            != (self.node, epoch)
        ]
        for partition in lost:
            self._drop(partition)
        self._given = {
            partition: epoch
            for partition, epoch in self._given.items()
            if (free := self._free.get(partition)) is not None
            and free.stamp == (epoch, 0)
            and not free.over
        }
        return tuple(sorted(lost))

    def _drop(self, partition: int) -> None:
        del self._held[partition]
        self._giving.discard(partition)

    def _end(self) -> Steps:
        """Another has this name: nothing is this node's."""
        lost = tuple(sorted(self._held))
        self._held.clear()
        self._giving.clear()
        self._given.clear()
        self._asked.clear()
        return Steps(lost=lost, replaced=True)

    def _places(self, view: View) -> Mapping[int, str]:
        """Say where each partition is to be; made anew when something has changed."""
        nodes = self.nodes
        of = (
            [(each.node, each.release) for each in nodes if not each.leaving],
            [each.release for each in view.partitions],
        )
        if self._plan[0] != of:
            self._plan = (of, place(view.partitions, nodes))
        return self._plan[1]

    def _takes(self, places: Mapping[int, str]) -> Iterable[Lease]:
        if self.leaving:
            return
        for row in self._rows.values():
            partition, epoch = row.partition, row.epoch
            if partition in self._held or self._asked.get(partition) == epoch:
                continue
            if row.owner is None:
                free = self._free[partition]
                takes = free.over or places.get(partition) == self.node
            elif row.owner == self.node:
                takes = True
            else:
                owner = self._beats[row.owner]
                takes = owner.lies or (
                    owner.over and places.get(partition) == self.node
                )
            if takes:
                self._asked[partition] = epoch
                yield Lease(partition, epoch)

    def _gives(self, places: Mapping[int, str]) -> Iterable[int]:
        room = self._policy.moving - len(self._giving) - len(self._given)
        for partition in sorted(self._held.keys() - self._giving):
            if not self.leaving:
                if places.get(partition, self.node) == self.node:
                    continue
                if room <= 0:
                    return
                room -= 1
            self._giving.add(partition)
            yield partition
