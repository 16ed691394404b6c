"""Batches on a connection: sealed, carried out, and what is done when one is not.

It blocks; all of it is called in the writer's thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from supervision.durable._sealing.sealing import Sealing, limits_behind
from supervision.durable._sharing.words import Fenced, Lease, Owned
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Record, Refused
from supervision.durable._words.rules import marks_of

from .carrying.carrying import Carrying, Reply
from .carrying.refusing import refused
from .link import Link, RefusedByServerError
from .rows import prompts
from .rows.message import Message, Place, settings

Indexed: TypeAlias = "Sequence[tuple[int, Record]]"
"""[(index in the batch, record)]."""


class Database:
    """A store on a server, for batches.

    Args:
        link: to the server.
        place: the tables, and who writes.
        policy: what is refused.
        sealing: seals and opens bodies; None: they are as they are.
    """

    def __init__(
        self, link: Link, place: Place, policy: StorePolicy, sealing: Sealing | None
    ) -> None:
        self.link = link
        """To the server."""
        self._place = place
        self._sealing = sealing
        self._limits = limits_behind(sealing, policy)

    def carry(self, batch: Sequence[Record | Owned]) -> list[Reply]:
        """Carry out a batch as one transaction; see `Opened.carry`.

        A record that the server refuses is refused alone: the others are carried out
        in their order, as one transaction.

        Raises:
            StoreAwayError: not now; nothing of it is done, or nobody knows.
            StoreError: it cannot be done.
        """
        records = [each.record if isinstance(each, Owned) else each for each in batch]
        leases = {
            index: each.lease
            for index, each in enumerate(batch)
            if isinstance(each, Owned)
        }
        if self._sealing is None:
            return self._carry(records, leases)
        sealed = self._sealing.sealed(records)
        answers = self._carry(sealed, leases)
        return [
            self._sealing.opened(record, answer)
            for record, answer in zip(records, answers, strict=True)
        ]

    def _carry(
        self, records: Sequence[Record | Refused], leases: Mapping[int, Lease]
    ) -> list[Reply]:
        answers: dict[int, Reply] = {}
        going: list[tuple[int, Record]] = []
        for index, record in enumerate(records):
            if isinstance(record, Refused):
                answers[index] = record
            elif (why := refused(record, self._limits)) is not None:
                answers[index] = Refused(why)
            else:
                going.append((index, record))
        answers.update(self._poison(going, leases))
        return [answers[index] for index in range(len(records))]

    def _poison(
        self, going: list[tuple[int, Record]], leases: Mapping[int, Lease]
    ) -> dict[int, Reply]:
        """Carry records out; those that the server refuses are left out, one by one."""
        answers: dict[int, Reply] = {}
        while going:
            try:
                return {**answers, **self._go(going, leases)}
            except RefusedByServerError:
                found = self._first_refused(going, leases)
                if found is not None:  # None: it is taken now
                    place, why = found
                    index, _ = going.pop(place)
                    answers[index] = Refused(why)
        return answers

    def _first_refused(
        self, going: Indexed, leases: Mapping[int, Lease]
    ) -> tuple[int, str] | None:
        """Find the first record without which those before it are taken, and why.

        By halves: what is tried is taken back by its own last statement.
        """
        why = self._refusal(going, leases)
        if why is None:
            return None
        least, most = 0, len(going)  # so many are taken; with so many it is refused
        while most - least > 1:
            middle = (least + most) // 2
            found = self._refusal(going[:middle], leases)
            if found is None:
                least = middle
            else:
                most, why = middle, found
        return least, why

    def _refusal(self, some: Indexed, leases: Mapping[int, Lease]) -> str | None:
        """Say why the server does not take these; None: it does."""
        message = self._carrying(some, leases).message
        message.say("rollback")
        try:
            self.link.carry(message.written())
        except RefusedByServerError as error:
            return str(error)
        return None

    def _carrying(self, some: Indexed, leases: Mapping[int, Lease]) -> Carrying:
        those = {index: leases[index] for index, _ in some if index in leases}
        return Carrying(self._place, some, those)

    def _go(self, going: Indexed, leases: Mapping[int, Lease]) -> dict[int, Reply]:
        carrying = self._carrying(going, leases)
        carrying.heard(self.link.carry(carrying.message.written()))
        if carrying.unclear:
            self._clear(carrying)
        marks = [
            mark
            for index, record in going
            if isinstance(carrying.answers[index], Fenced)
            for mark in marks_of(record)
        ]
        if marks:  # rare: so it costs nobody else a statement
            message = Message(self._place)
            message.say(settings())
            prompts.unmark(message, marks)
            message.heard(self.link.carry(message.written()))
        return carrying.answers

    def _clear(self, carrying: Carrying) -> None:
        """Look again at what was being written by another node just then."""
        unclear = [*carrying.unclear.items()]
        message = Message(self._place)
        message.say(settings())
        prompts.lookup(
            message,
            [row for _, row in unclear],
            lambda place, what: carrying.clear(unclear[place][0], what),
        )
        message.heard(self.link.carry(message.written()))
