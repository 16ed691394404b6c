"""What nodes have in common: partitions, their rows, their verbs; and every question.

Pure, as plain as `tables`: no Trio, no faults, and of the clock one number.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import assert_never

import attrs

from supervision.durable._sharing.words import (
    Beat,
    EndedRow,
    Give,
    Given,
    Hint,
    Lease,
    Leave,
    NodeRow,
    PartitionRow,
    Poll,
    Polled,
    Post,
    Posted,
    Question,
    Reaction,
    Recall,
    Reply,
    Take,
    Taken,
    VerbRow,
    View,
    numbers_of,
)

from .prompts import copy
from .tables import Tables


@attrs.define
class _Verb:
    """A verb, until its answer is told."""

    row: VerbRow
    answer: bytes | None = None


class Cluster:
    """Tables that many nodes share.

    Args:
        partitions: how many there are.
    """

    def __init__(self, partitions: int) -> None:
        self.tables = Tables(partitions)
        """What all of them keep."""
        self.nodes: dict[str, NodeRow] = {}
        """`{name: node}`."""
        self.partitions = [PartitionRow(each, None, 0, 0) for each in range(partitions)]
        """By their numbers."""
        self._verbs: dict[int, _Verb] = {}
        self._ids = 0  # of the latest verb

    def holds(self, node: str, lease: Lease) -> bool:
        """Whether a partition is a node's, in this epoch."""
        row = self.partitions[lease.partition]
        return (row.owner, row.epoch) == (node, lease.epoch)

    def view(self, now: float) -> View:
        """Give all nodes and partitions."""
        nodes = tuple(self.nodes[each] for each in sorted(self.nodes))
        return View(nodes, tuple(self.partitions), now)

    def react(  # noqa: C901, PLR0912 - a case a question
        self, me: NodeRow, question: Question, now: float
    ) -> Reaction:
        """Carry a question out.

        Args:
            me: who asks, as it will be in its row.
            question: what.
            now: the time.
        """
        match question:
            case Beat(beat=beat, leaving=leaving):
                if not self._is_replaced(me):
                    self.nodes[me.node] = attrs.evolve(me, beat=beat, leaving=leaving)
                return self.view(now)
            case Take(leases=leases):
                return self._take(me, leases)
            case Give(leases=leases):
                self._free(
                    each.partition for each in leases if self.holds(me.node, each)
                )
            case Leave():
                self._leave(me)
            case Poll():
                return self._poll(me, question)
            case Post(key=key, verb=verb, arguments=arguments):
                self._ids += 1
                row = VerbRow(self._ids, key, verb, arguments, me.node)
                self._verbs[row.id] = _Verb(row)
                return Posted(row.id)
            case Reply(answers=answers):
                for number, answer in answers:
                    if number in self._verbs:
                        self._verbs[number].answer = answer
            case Recall(ids=ids):
                for number in ids:
                    self._verbs.pop(number, None)
            case Hint():
                pass  # nothing is kept of it
            case _:
                assert_never(question)
        return Given()

    def _is_replaced(self, me: NodeRow) -> bool:
        """Whether a younger one has this name."""
        row = self.nodes.get(me.node)
        return row is not None and row.opened > me.opened

    def _take(self, me: NodeRow, leases: Iterable[Lease]) -> Taken:
        taken: list[Lease] = []
        for each in sorted(leases, key=attrgetter("partition")):
            row = self.partitions[each.partition]
            if row.epoch == each.epoch and not self._is_replaced(me):
                release = max(row.release, me.release)
                mine = PartitionRow(row.partition, me.node, row.epoch + 1, release)
                self.partitions[row.partition] = mine
                taken.append(Lease(row.partition, mine.epoch))
        return Taken(tuple(taken))

    def _free(self, partitions: Iterable[int]) -> None:
        for each in partitions:
            self.partitions[each] = attrs.evolve(self.partitions[each], owner=None)

    def _leave(self, me: NodeRow) -> None:
        if self._is_replaced(me):
            return
        self.nodes.pop(me.node, None)
        self._free(row.partition for row in self.partitions if row.owner == me.node)
        for each in [each for each in self._verbs.values() if each.row.node == me.node]:
            del self._verbs[each.row.id]

    # ---------------------------------------------------------------------- what is new

    def _poll(self, me: NodeRow, poll: Poll) -> Polled:
        prompts, wanted = self.tables.prompts, frozenset(poll.partitions)
        known = frozenset(poll.known)
        first, last = numbers_of(poll.opened)
        new = [
            prompt
            for key in prompts.open
            if prompts.partition_of(key) in wanted
            for prompt in prompts.waiting(key)
            if prompt.row.number not in known and not first <= prompt.row.number <= last
        ]
        new.sort(key=lambda prompt: prompt.order)
        return Polled(
            tuple(copy(prompt.row) for prompt in new[: poll.most]),
            tuple(self._ended(sorted(poll.follows))),
            tuple(
                each.row
                for each in self._verbs.values()
                if each.answer is None and prompts.partition_of(each.row.key) in wanted
            ),
            tuple(self._answers(me, sorted(poll.asked))),
        )

    def _ended(self, numbers: Iterable[int]) -> Iterable[EndedRow]:
        for number in numbers:
            prompt = self.tables.prompts.get(number)
            if prompt is None:
                yield EndedRow(number, None, None)
            elif prompt.outcome is not None:
                yield EndedRow(number, prompt.outcome, prompt.turn, prompt.row.key)

    def _answers(self, me: NodeRow, ids: Iterable[int]) -> Iterable[tuple[int, bytes]]:
        for number in ids:
            verb = self._verbs.get(number)
            if (
                verb is not None
                and verb.row.node == me.node
                and verb.answer is not None
            ):
                yield number, verb.answer
