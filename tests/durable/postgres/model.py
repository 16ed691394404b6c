"""What a store that is shared comes to, in plain Python: a memory store, and leases.

Records as nodes send them: prompts of a key are ended by who names that key, and marks
are made under the lease of their partition.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from supervision.durable._sharing.words import Fenced, Lease, Owned, partition_of
from supervision.durable._words.journals import Chunks, ReadChunks
from supervision.durable._words.looks import Find
from supervision.durable._words.records import (
    ACCEPTED,
    Accept,
    Answer,
    Begin,
    Complete,
    Ended,
    Record,
    Row,
    Settle,
)
from supervision.durable._words.rules import refusal
from tests.durable.store.bench import SMALL, Bench
from tests.durable.store.test_same import KEYS, Dice


class SharedDice(Dice):
    """Makes records that name the right key."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.keys: dict[int, str] = {}  # {number of a prompt: its key}

    def row(self) -> Row:
        made = super().row()
        self.keys[made.number] = made.key
        return made

    def _key_of(self, number: int) -> str:
        return self.keys.get(number, KEYS[0])

    def complete(self) -> Record:
        made = super().complete()
        assert isinstance(made, Complete)
        key = made.key
        return attrs.evolve(
            made,
            ended=tuple(
                each for each in made.ended if self._key_of(each.number) == key
            ),
            again=tuple(each for each in made.again if self._key_of(each[0]) == key),
        )

    def settle(self) -> Record:
        number = self.number()
        ended = Ended(number, b"settled", None)
        return Settle(self._key_of(number), ended, self.at)

    def chunks(self) -> Record:
        made = super().chunks()
        assert isinstance(made, Chunks)
        return attrs.evolve(made, key=self._key_of(made.number))

    def read_chunks(self) -> Record:
        made = super().read_chunks()
        assert isinstance(made, ReadChunks)
        return attrs.evolve(made, key=self._key_of(made.number))

    def find_number(self) -> Record:
        number = self.number()
        return Find(self._key_of(number), "", number)

    def key_of(self, record: Record) -> str | None:
        """Say whose record it is; None: nobody's alone."""
        if isinstance(record, Begin):
            keys = {self._key_of(each) for each in record.numbers}
            return keys.pop() if len(keys) == 1 else None
        if isinstance(record, Accept):
            return record.row.key
        key = getattr(record, "key", None)
        return key if isinstance(key, str) else None


class Leases:
    """Whose partitions are: {partition: (node, epoch)}."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self.owners: dict[int, tuple[str | None, int]] = dict.fromkeys(
            range(partitions), (None, 0)
        )

    def of(self, key: str) -> Lease:
        """Give what is true of a key's partition."""
        partition = partition_of(key, self.partitions)
        return Lease(partition, self.owners[partition][1])

    def holds(self, node: str, lease: Lease) -> bool:
        """Whether a partition is a node's in this epoch."""
        return self.owners[lease.partition] == (node, lease.epoch)

    def take(self, node: str, leases: Sequence[Lease]) -> list[Lease]:
        """As `Take`."""
        taken: list[Lease] = []
        for each in leases:
            if self.owners[each.partition][1] == each.epoch:
                self.owners[each.partition] = (node, each.epoch + 1)
                taken.append(Lease(each.partition, each.epoch + 1))
        return taken


async def carry(
    memory: Bench, leases: Leases, node: str, batch: Sequence[Record | Owned]
) -> list[Answer | Fenced]:
    """Carry a batch of a node out in a store that is not shared."""
    plain: list[Record] = []
    places: list[int] = []
    answers: list[Answer | Fenced] = []
    fenced: dict[int, Lease] = {}
    for index, each in enumerate(batch):
        record, lease = (
            (each.record, each.lease) if isinstance(each, Owned) else (each, None)
        )
        answers.append(ACCEPTED)
        is_refused = refusal(record, SMALL) is not None  # by whomever
        if lease is not None and not is_refused and not leases.holds(node, lease):
            fenced[index] = lease
            answers[index] = Fenced(lease)
            if not isinstance(record, Accept):
                continue
            row = unmarked(record.row)
            record = attrs.evolve(record, row=row, bring=False, own=None)
        plain.append(record)
        places.append(index)
    for index, answer in zip(places, await memory.carry(*plain), strict=True):
        answers[index] = answer
        if index in fenced:
            answers[index] = Fenced(fenced[index], answer)
    return answers


def unmarked(row: Row) -> Row:
    """Make a prompt that waits."""
    if row.begun is None:
        return row
    return attrs.evolve(row, begun=None, tried=0)
