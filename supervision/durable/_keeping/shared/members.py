"""`Members`: which partitions are this node's, and what changes that.

A beat goes out every few seconds, and with its answer comes a view of all nodes.  What
follows from a view is decided by `Leases`; here it is carried out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from actors.hosting import Timer
from supervision._routing.nodes.words import NodeInfo
from supervision.durable._keeping.ground.wall import wall
from supervision.durable._sharing.leases import Leases, Steps
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import (
    Give,
    Given,
    Lease,
    Leave,
    NodeRow,
    Sharing,
    Take,
    Taken,
    View,
    partition_of,
)
from supervision.durable._words.errors import StoreError
from supervision.durable._words.events import PartitionGiven, PartitionTaken

logger = logging.getLogger("supervision")


class Members:
    """The nodes, as this one sees them.

    Args:
        kept: the other parts.
        policy: how nodes live together.
        came: called with the partitions that have become this node's.
        lost: called with one that is another's now: nothing of it counts any more.
        goes: called with those that it is to give away.
    """

    __slots__ = (
        "_asked",
        "_came",
        "_goes",
        "_kept",
        "_lost",
        "_offset",
        "_over",
        "_seen",
        "_timer",
        "leases",
        "policy",
        "sharing",
    )

    def __init__(
        self,
        kept: Any,  # Any: its module stands above this one
        policy: SharingPolicy,
        came: Callable[[tuple[int, ...]], None],
        lost: Callable[[int], None],
        goes: Callable[[tuple[int, ...]], None],
    ) -> None:
        self._kept = kept
        self.policy = policy
        self._came = came
        self._lost = lost
        self._goes = goes
        self.sharing: Sharing | None = None
        self.leases: Leases | None = None
        self._timer: Timer | None = None
        self._asked = False  # a beat is on its way
        self._over = False  # it has left
        self._seen = 0.0  # when the latest view came
        self._offset = 0.0  # of the store's clock

    # ------------------------------------------------------------------ what is whose

    def begin(self, sharing: Sharing, opened: int) -> None:
        """The store is open."""
        self.sharing = sharing
        self.leases = Leases(
            sharing.node,
            policy=self.policy,
            partitions=sharing.partitions,
            release=sharing.release,
            opened=opened,
        )
        self._beat()

    def has(self, key: str) -> bool:
        """Whether a key is this node's, and is to stay so."""
        leases, sharing = self.leases, self.sharing
        if leases is None or sharing is None:
            return False
        return leases.keeps(partition_of(key, sharing.partitions))

    def lease_of(self, key: str) -> Lease | None:
        """By what a key is this node's; None: it is not."""
        leases, sharing = self.leases, self.sharing
        if leases is None or sharing is None:
            return None
        partition = partition_of(key, sharing.partitions)
        epoch = leases.held.get(partition)
        return Lease(partition, epoch) if epoch is not None else None

    @property
    def steady(self) -> tuple[int, ...]:
        """The partitions that are this node's, and are to stay so."""
        leases = self.leases
        if leases is None:
            return ()
        return tuple(each for each in leases.held if leases.keeps(each))

    @property
    def partitions(self) -> int:
        """How many there are."""
        return self.sharing.partitions if self.sharing is not None else 1

    def owner_of(self, key: str) -> NodeRow | None:
        """Whose a key is, as far as is known; None: nobody's."""
        leases, sharing = self.leases, self.sharing
        if leases is None or sharing is None:
            return None
        return leases.owner_of(partition_of(key, sharing.partitions))

    def node_of(self, opened: int) -> str | None:
        """Which node has this opening of the store; None: none that lives."""
        for each in self.leases.nodes if self.leases is not None else ():
            if each.opened == opened:
                return each.node
        return None

    def others(self) -> list[str]:
        """The names of the other nodes that live."""
        leases = self.leases
        if leases is None:
            return []
        return [each.node for each in leases.nodes if each.node != leases.node]

    def nodes(self) -> list[NodeInfo]:
        """All nodes, as the latest view has them."""
        leases, sharing = self.leases, self.sharing
        if leases is None or sharing is None or leases.view is None:
            return []
        living = {each.node for each in leases.nodes}
        counts: dict[str | None, int] = {}
        for each in leases.view.partitions:
            counts[each.owner] = counts.get(each.owner, 0) + 1
        return [
            NodeInfo(
                node=each.node,
                address=each.address,
                release=each.release,
                partitions=counts.get(each.node, 0),
                leaving=each.leaving,
                lives=each.node in living,
                here=each.node == sharing.node,
            )
            for each in leases.view.nodes
        ]

    @property
    def ready(self) -> bool:
        """Whether this node has been seen among the others, lately, and stays."""
        leases = self.leases
        if leases is None or leases.view is None or self._over:
            return False
        late = self._kept.now() - self._seen > self.policy.ttl
        return not late and not leases.leaving and not self._kept.leaving

    def now(self) -> float:
        """The store's clock, as far as is known: seconds since the epoch."""
        if self.leases is None or self.leases.view is None:
            return wall()
        return float(self._kept.now() + self._offset)

    # ------------------------------------------------------------------------- beats

    def _beat(self) -> None:
        self._timer = None
        if self._over or self.leases is None or self.sharing is None:
            return
        self._timer = self._kept.at(self._kept.now() + self.policy.beats, self._beat)
        if not self._asked:
            self._asked = True
            self.sharing.ask(self.leases.beat(), self._heard)

    def _heard(self, view: View | Exception) -> None:
        self._asked = False
        if self._over or self.leases is None:
            return
        now = self._kept.now()
        if isinstance(view, Exception):
            self.leases.failed(now)
            return
        self._seen = now
        self._offset = view.now - now
        self._follow(self.leases.saw(view, now))

    def look(self) -> None:
        """Something has changed that the next beat will tell: have it sent now."""
        if self._timer is not None:
            self._timer.cancel()
        self._beat()

    def _follow(self, steps: Steps) -> None:
        """Do what is to be done about what was seen."""
        assert self.sharing is not None
        for node in steps.gone:
            logger.warning("%s: node %s is gone", self._path, node)
        for node in steps.joined:
            logger.info("%s: node %s is there", self._path, node)
        if steps.lost:
            self.say_lost(steps.lost)
        for partition in steps.lost:
            self._lost(partition)
        if steps.replaced:
            self._over = True
            name = self.sharing.node
            why = f"another process is node {name} now: name nodes apart"
            self._kept.fail(StoreError(why))
            return
        if steps.take:
            self.sharing.ask(Take(steps.take), self._took)
        if steps.give:
            self._goes(steps.give)

    def _took(self, taken: Taken | Exception) -> None:
        if self._over or self.leases is None:
            return
        if isinstance(taken, Exception):  # what was taken is seen with the next view
            self.leases.failed(self._kept.now())
            return
        self.leases.took(taken.leases)
        if taken.leases:
            named = _named([each.partition for each in taken.leases])
            logger.info("%s: has taken %s", self._path, named)
        for each in taken.leases:
            self._kept.tell(PartitionTaken, each.partition, each.epoch)
        self._came(tuple(each.partition for each in taken.leases))

    def say_lost(self, partitions: Sequence[int]) -> None:
        """Write down that these are another node's."""
        text = "%s: has lost %s: another node has not waited for this one"
        logger.warning(text, self._path, _named(partitions))

    def fenced(self, lease: Lease) -> bool:
        """The store says that this lease is not this node's; whether that is news."""
        leases = self.leases
        if leases is None or leases.held.get(lease.partition) != lease.epoch:
            return False
        leases.fenced(lease.partition)
        self.say_lost((lease.partition,))
        return True

    # ------------------------------------------------------------------- it gives away

    def give(self, partition: int) -> None:
        """Nothing of this one is here any more: it may be another's."""
        leases, sharing = self.leases, self.sharing
        if leases is None or sharing is None:
            return
        epoch = leases.held.get(partition)
        if epoch is None:
            return
        lease = Lease(partition, epoch)

        def heard(given: Given | Exception) -> None:
            if isinstance(given, Exception):  # it is this node's until that is heard
                at = self._kept.now() + self.policy.beats
                self._kept.at(at, lambda: self.give(partition))
                return
            if leases.held.get(partition) == epoch:
                leases.gave(partition)
            logger.info("%s: has given away %s", self._path, _named([partition]))
            self._kept.tell(PartitionGiven, partition, epoch)

        sharing.ask(Give((lease,)), heard)

    def leave(self) -> None:
        """It gives all away from now on."""
        if self.leases is not None:
            self.leases.leave()
            self.look()

    def end(self, heard: Callable[[Any], None]) -> bool:
        """It is no node any more; False: it never was."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self.sharing is None:
            return False
        self.sharing.ask(Leave(), heard)
        return True

    @property
    def _path(self) -> str:
        return str(self._kept.core.ref.path)


def _named(partitions: Sequence[int]) -> str:
    numbers = ", ".join(map(str, sorted(partitions)))
    return f"partition{'s' if len(partitions) != 1 else ''} {numbers}"
