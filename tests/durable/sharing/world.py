"""Nodes that are `Leases` and nothing else, a server of a few lines, virtual time.

Each node asks one question after the other, with random time on the way there and back.
A node may stop (nothing of it moves) and go on, die, leave; the server may be away:
what is on its way then has no answer, before or after it was carried out.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import attrs

from supervision.durable._sharing.leases import Leases, Steps
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import (
    Beat,
    Give,
    Given,
    Lease,
    Leave,
    NodeRow,
    PartitionRow,
    Question,
    Reaction,
    Take,
    Taken,
    View,
)

WAY = 0.1  # seconds from a node to the server, and back, at most


@attrs.frozen
class Change:
    """A partition has changed hands."""

    at: float
    partition: int
    owner: str | None
    before: str | None


class World:
    """A server, its nodes, and time."""

    def __init__(self, seed: int, *, partitions: int = 16, moving: int = 2) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a plan, not a secret
        self.policy = SharingPolicy(moving=moving)
        self.now = 0.0
        self.rows = [PartitionRow(each, None, 0, 0) for each in range(partitions)]
        self.nodes: dict[str, NodeRow] = {}
        self.living: list[Node] = []
        self.changes: list[Change] = []
        self.away = False
        self.openings = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    # ---------------------------------------------------------------------------- time

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Call this then."""
        self._count += 1
        heapq.heappush(self._events, (when, self._count, call))

    def run(self, seconds: float) -> None:
        """Let time pass; after each step what must always hold is looked at."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, call = heapq.heappop(self._events)
            call()
            self.look()
        self.now = end

    def look(self) -> None:
        """No two have the same; and a node gives few at a time."""
        held = Counter(
            each for node in self.living for each in node.leases.held.items()
        )
        assert not [each for each, count in held.items() if count > 1]
        for node in self.living:
            if not node.leases.leaving:
                assert len(node.leases.giving) <= self.policy.moving

    # --------------------------------------------------------------------------- nodes

    def join(self, name: str, release: int = 0) -> Node:
        """A node comes, or comes again."""
        self.openings += 1
        node = Node(self, name, self.openings, release)
        self.living.append(node)
        node.begin()
        return node

    def kill(self, node: Node) -> None:
        """It is gone."""
        node.dead = True
        self.living.remove(node)

    def owners(self) -> list[str | None]:
        """Name the owner of each partition."""
        return [each.owner for each in self.rows]

    def balanced(self) -> bool:
        """Whether each partition is where every node wants it, and evenly so."""
        load = Counter(self.owners())
        names = {each.leases.node for each in self.living}
        share = -(-len(self.rows) // len(names))
        return load.keys() <= names and max(load.values()) <= share

    # -------------------------------------------------------------------------- server

    def react(  # noqa: C901 - a case a question
        self, node: Node, question: Question
    ) -> Reaction:
        """Carry a question out."""
        name = node.leases.node
        row = self.nodes.get(name)
        match question:
            case Beat(beat=beat, leaving=leaving):
                if row is None or row.opened <= node.opened:
                    self.nodes[name] = NodeRow(
                        name, None, node.release, node.opened, beat, leaving
                    )
                nodes = tuple(self.nodes[each] for each in sorted(self.nodes))
                return View(nodes, tuple(self.rows), 0.0)
            case Take(leases=leases):
                taken = [
                    Lease(each.partition, each.epoch + 1)
                    for each in leases
                    if self.rows[each.partition].epoch == each.epoch
                ]
                for each in taken:
                    self._set(each.partition, name, each.epoch, node.release)
                return Taken(tuple(taken))
            case Give(leases=leases):
                for each in leases:
                    held = self.rows[each.partition]
                    if (held.owner, held.epoch) == (name, each.epoch):
                        self._set(each.partition, None, each.epoch, 0)
                return Given()
            case Leave():
                if row is not None and row.opened == node.opened:
                    del self.nodes[name]
                    for has in self.rows:
                        if has.owner == name:
                            self._set(has.partition, None, has.epoch, 0)
                return Given()
            case _:
                raise AssertionError(question)

    def _set(self, partition: int, owner: str | None, epoch: int, release: int) -> None:
        row = self.rows[partition]
        self.changes.append(Change(self.now, partition, owner, row.owner))
        self.rows[partition] = PartitionRow(
            partition, owner, epoch, max(row.release, release)
        )


class Node:
    """A node: its leases, what it has asked, and what it does about the steps."""

    def __init__(self, world: World, name: str, opened: int, release: int) -> None:
        self.world = world
        self.opened = opened
        self.release = release
        self.leases = Leases(
            name,
            opened=opened,
            policy=world.policy,
            partitions=len(world.rows),
            release=release,
        )
        self.dead = False
        self.stopped = False
        self.steps: list[tuple[float, Steps]] = []
        self._asked: deque[Question] = deque()
        self._missed: list[Callable[[], None]] = []
        self._done: set[int] = set()

    def begin(self) -> None:
        """Beat, and again."""
        self.ask(self.leases.beat())
        pause = self.world.policy.beats * self.world.dice.uniform(0.8, 1)
        self.soon(pause, self.begin)

    def soon(self, seconds: float, call: Callable[[], None]) -> None:
        """Call this later, if it moves then; as soon as it does."""

        def later() -> None:
            if self.stopped:
                self._missed.append(later)
            elif not self.dead:
                call()

        self.world.at(self.world.now + seconds, later)

    def stop(self, seconds: float) -> None:
        """Let nothing of it move for so long."""
        self.stopped = True
        self.world.at(self.world.now + seconds, self._go_on)

    def _go_on(self) -> None:
        self.stopped = False
        missed, self._missed = self._missed, []
        for each in missed:
            each()

    # ----------------------------------------------------------------------- questions

    def ask(self, question: Question) -> None:
        """Ask, behind what was asked before."""
        self._asked.append(question)
        if len(self._asked) == 1:
            self._send()

    def _send(self) -> None:
        dice, world = self.world.dice, self.world
        question = self._asked[0]

        def arrives() -> None:
            # it is on its way, whether the node moves or not
            reaction = None if world.away else world.react(self, question)
            if not world.away or dice.random() < 0.5:
                self.soon(dice.uniform(0, WAY), lambda: self._hear(question, reaction))
            else:  # nobody says that nobody is there
                self.soon(dice.uniform(1, 5), lambda: self._hear(question, None))

        world.at(world.now + dice.uniform(0, WAY), arrives)

    def _hear(self, question: Question, reaction: Reaction | None) -> None:
        if self.world.away and self.world.dice.random() < 0.5:
            reaction = None  # it got lost on its way back
        self._asked.popleft()
        if self._asked:
            self._send()
        if reaction is None:
            self.leases.failed(self.world.now)
            return
        match question, reaction:
            case Beat(), View():
                self._step(self.leases.saw(reaction, self.world.now))
            case Take(), Taken(leases=leases):
                self.leases.took(leases)
            case Give(leases=leases), Given():
                for each in leases:
                    self.leases.gave(each.partition)
            case Leave(), Given():
                self.world.kill(self)
            case _:
                raise AssertionError(reaction)

    # --------------------------------------------------------------------------- steps

    def _step(self, steps: Steps) -> None:
        self.steps.append((self.world.now, steps))
        if steps.replaced:
            if not self.dead:
                self.world.kill(self)
            return
        if steps.take:
            self.ask(Take(steps.take))
        for each in steps.give:
            self.soon(self.world.dice.uniform(0, 3), self._giver(each))
        for each in self._done & self.leases.giving:
            self._give(each)  # the answer to the last time got lost
        if self.leases.leaving and not self.leases.held:
            self.ask(Leave())

    def _giver(self, partition: int) -> Callable[[], None]:
        return lambda: self._give(partition)

    def _give(self, partition: int) -> None:
        """What ran there has ended."""
        self._done.add(partition)
        if partition in self.leases.giving:
            lease = Lease(partition, self.leases.held[partition])
            self.ask(Give((lease,)))

    def all(self, name: str) -> list[Any]:  # Any: of that kind
        """List all of one kind of step that there were."""
        return [each for _, steps in self.steps for each in getattr(steps, name)]
