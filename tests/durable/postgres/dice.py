"""Records as nodes send them.

Prompts of a key are ended by who names that key, and marks are made under the lease of
their partition.
"""

from __future__ import annotations

import attrs

from supervision.durable._words.journals import Chunks, ReadChunks
from supervision.durable._words.looks import Find
from supervision.durable._words.records import (
    Accept,
    Begin,
    Ended,
    Record,
    Settle,
)
from tests.durable.store.test_same import KEYS, Dice


class SharedDice(Dice):
    """Makes records that name the right key."""

    def _key_of(self, number: int) -> str:
        return self.keys.get(number, KEYS[0])

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
