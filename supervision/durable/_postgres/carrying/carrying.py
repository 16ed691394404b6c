"""A batch: what the server is told, and what its answers are.

What it comes to is what `_memory/tables` says in plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from supervision.durable._postgres.rows import (
    journals,
    prompts,
    reminders,
    sessions,
    turns,
)
from supervision.durable._postgres.rows.message import (
    Message,
    Place,
    Rows,
    settings,
)
from supervision.durable._postgres.rows.prompts import Met
from supervision.durable._sharing.words import Fenced, Lease, partition_of
from supervision.durable._words.journals import Chunks
from supervision.durable._words.looks import (
    Find,
    Found,
)
from supervision.durable._words.records import (
    ACCEPTED,
    COMPLETION,
    DONE,
    OVERTAKEN,
    Accept,
    Accepted,
    Answer,
    Begin,
    Bind,
    Bring,
    Brought,
    Complete,
    Completion,
    Fire,
    Forget,
    Forgotten,
    Quarantine,
    Record,
    Refused,
    Repeated,
    Row,
    SessionRow,
    Settle,
)
from supervision.durable._words.reminders import (
    Fired,
    Remind,
)
from supervision.durable._words.rules import FULL, accepting

from .grouping import grouped
from .looking import LOOKS

Indexed: TypeAlias = "Sequence[tuple[int, Any]]"
"""[(index in the batch, record)]; Any: all of the class that the method names."""
Reply: TypeAlias = "Answer | Fenced"

_NOTHING: Final = Found(None)
_cached: Final = lru_cache(4096)(partition_of)


class Carrying:
    """A batch on its way.

    Args:
        place: the tables, and who writes.
        batch: (index, record); the indexes rise.
        leases: {index: what the record needs}.
    """

    def __init__(
        self,
        place: Place,
        batch: Sequence[tuple[int, Record]],
        leases: Mapping[int, Lease],
    ) -> None:
        self.message = Message(place)
        """What the server is told."""
        self.answers: dict[int, Reply] = {index: DONE for index, _ in batch}
        """{index: answer}, when all is heard."""
        self.unclear: dict[int, Row] = {}
        """{index of an `Accept`: its prompt}, that met one which could not be seen."""
        self._leases = leases
        self._partitions = place.partitions
        self._records = batch
        self._accepting: dict[int, int] | None = None  # {prompt: index of its record}
        self._held: set[tuple[int, int]] = set()  # (partition, epoch) that are ours
        self.message.say(settings())
        if leases:
            self._fence()
        for group in grouped(batch, leases, self.partition):
            _KINDS[group.kind](self, group.items)

    def partition(self, key: str) -> int:
        """Say in which partition a key is."""
        return _cached(key, self._partitions)

    def heard(self, found: Sequence[Rows]) -> None:
        """Make answers of what the statements have found."""
        self.message.heard(found)
        for index, lease in self._leases.items():
            if (lease.partition, lease.epoch) not in self._held:
                self.answers[index] = self._fenced(index, lease)

    def _fence(self) -> None:
        """Lock the rows of what is needed: nobody takes it until all is over."""
        s, needed = self.message.tables, {it.partition for it in self._leases.values()}
        mine = self.message.place.node

        def read(found: Rows) -> None:
            self._held.update((p, epoch) for p, epoch, owner in found if owner == mine)

        self.message.say(
            f"select p, epoch, owner from {s}.partitions"
            f" where p = any ({self.message.array(sorted(needed), 'int4')})"
            " order by p for share",
            read,
            "int4 int8 text",
        )

    def _fenced(self, index: int, lease: Lease) -> Fenced:
        answer = self.answers[index]
        match answer:
            case Accepted():
                return Fenced(lease, ACCEPTED)
            case Repeated(number=number, outcome=outcome, turn=turn):
                return Fenced(lease, Repeated(number, outcome, turn, None))
            case Refused():
                return Fenced(lease, answer)
            case _:
                return Fenced(lease)

    def _needs(self, run: Indexed) -> list[Lease | None]:
        return [self._leases.get(index) for index, _ in run]

    def _behind(self) -> Mapping[int, int]:
        """Give `{prompt: index of the record of this batch that accepts it}`."""
        if self._accepting is None:
            found = accepting([record for _, record in self._records])
            self._accepting = {
                number: self._records[each][0] for number, each in found.items()
            }
        return self._accepting

    # ------------------------------------------------------------------------ prompts

    def accept(self, run: Indexed) -> None:
        """Keep prompts."""
        others: prompts.Others = {}
        self.answers |= {index: ACCEPTED for index, _ in run}

        def met(found: prompts.Others) -> None:
            others.update(found)
            for place, what in found.items():
                index, record = run[place]
                self.answers[index] = self._met(index, record.row, what, None)

        rows = [record.row for _, record in run]
        prompts.insert(
            self.message,
            rows,
            [self.partition(row.key) for row in rows],
            self._needs(run),
            unmarked=True,
            met=met,
            capacities=[record.capacity for _, record in run],
            owns=[record.own for _, record in run],
        )
        bring = [(place, *each) for place, each in enumerate(run) if each[1].bring]
        if bring:
            self._bring(bring, others)

    def _bring(
        self, run: Sequence[tuple[int, int, Accept]], others: prompts.Others
    ) -> None:
        """Say what is kept of keys: (place, index, record), {place: what it met}."""

        def told(kept: dict[str, SessionRow], there: dict[str, Rows]) -> None:
            for place, index, record in run:
                row, answer = record.row, self.answers[index]
                brought = self._brought(row.key, index, kept, there, row.number)
                if isinstance(answer, Accepted):
                    self.answers[index] = Accepted(brought, answer.others)
                else:
                    self.answers[index] = self._met(index, row, others[place], brought)

        places = {it.row.key: self.partition(it.row.key) for _, _, it in run}
        prompts.bring(self.message, places, told)

    def _met(self, index: int, row: Row, what: Met, brought: Brought | None) -> Answer:
        """Answer with what is at a prompt's address: itself, another, or nothing."""
        if not what.room:
            return FULL
        if what.number is None:
            self.unclear[index] = row
            return Repeated(-1, None, None, brought)
        if what.number == row.number:
            others = (*what.others,)
            return Accepted(brought, others) if brought or others else ACCEPTED
        return Repeated(what.number, what.outcome, what.turn, brought)

    def clear(self, index: int, what: Met) -> None:
        """Say what an `Accept` has met, after another look."""
        row = self.unclear.pop(index)
        answer = self.answers[index]
        fence = answer if isinstance(answer, Fenced) else None
        found = fence.answer if fence is not None else answer
        brought = found.brought if isinstance(found, Repeated) else None
        made: Answer
        if what.number is None:
            made = Refused(f"number {row.number} is another prompt's")
        else:
            made = self._met(index, row, what, brought)
        self.answers[index] = made if fence is None else Fenced(fence.lease, made)

    def begin(self, run: Indexed) -> None:
        """Make marks."""
        prompts.mark(self.message, [record for _, record in run], self._needs(run))

    def settle(self, run: Indexed) -> None:
        """Give outcomes."""
        prompts.settle(self.message, [record for _, record in run], self._needs(run))

    def complete(self, run: Indexed) -> None:
        """Keep all that turns leave."""
        for index, _ in run:
            self.answers[index] = COMPLETION

        def met(place: int, row: Row, what: Met) -> None:
            if what.number != row.number:
                index = run[place][0]
                done = cast("Completion", self.answers[index])
                self.answers[index] = Completion((*done.known, row.number))

        def overtaken(place: int) -> None:
            self.answers[run[place][0]] = OVERTAKEN

        turns.complete(
            self.message,
            [record for _, record in run],
            self._needs(run),
            self.partition,
            met,
            overtaken,
        )

    # ----------------------------------------------------------------------- sessions

    def bind(self, run: Indexed) -> None:
        """Keep tokens."""
        values = [(record.key, record.token) for _, record in run]
        needs = self._needs(run)
        sessions.keep(self.message, "token", values, needs, self.partition)

    def quarantine(self, run: Indexed) -> None:
        """Keep crashes."""
        values = [(record.key, record.crashes) for _, record in run]
        needs = self._needs(run)
        sessions.keep(self.message, "crashes", values, needs, self.partition)

    def forget(self, run: Indexed) -> None:
        """Forget a key."""
        for index, record in run:
            behind = self._behind()
            later = [number for number, at in behind.items() if at >= index]

            def told(
                known: bool,  # noqa: FBT001 - what was found, in its order
                withdrawn: tuple[int, ...],
                held: int,
                index: int = index,
            ) -> None:
                self.answers[index] = Forgotten(known, withdrawn, held)

            lease = self._leases.get(index)
            sessions.forget(self.message, record, lease, later, told)

    # ------------------------------------------------------------------- what is there

    def bring(self, run: Indexed) -> None:
        """Say what is kept of keys."""

        def told(kept: dict[str, SessionRow], there: dict[str, Rows]) -> None:
            for index, record in run:
                self.answers[index] = self._brought(record.key, index, kept, there)

        places = {record.key: self.partition(record.key) for _, record in run}
        prompts.bring(self.message, places, told)

    def _brought(
        self,
        key: str,
        index: int,
        kept: dict[str, SessionRow],
        there: dict[str, Rows],
        itself: int = -1,
    ) -> Brought:
        """Give what was there before this record."""
        rows = [Row(*each) for each in there.get(key, ())]
        if rows:
            behind = self._behind()
            rows = [
                row
                for row in rows
                if row.number != itself and behind.get(row.number, -1) < index
            ]
        return Brought(kept.get(key), tuple(rows))

    def find(self, run: Indexed) -> None:
        """Look for prompts."""
        for index, _ in run:
            self.answers[index] = _NOTHING

        def told(place: int, found: Any) -> None:  # Any: a `Found`
            self.answers[run[place][0]] = found

        prompts.find(self.message, [record for _, record in run], told)

    def look(self, run: Indexed) -> None:
        """Look for what is asked, record by record."""
        for index, record in run:
            lease, told = self._leases.get(index), self._tell(index)
            LOOKS[type(record)](self.message, self.partition, record, lease, told)

    def _tell(self, index: int) -> Callable[[Answer], None]:
        def told(answer: Answer) -> None:
            self.answers[index] = answer

        return told

    def chunks(self, run: Indexed) -> None:
        """Keep blocks of answers."""
        journals.write(self.message, [record for _, record in run], self._needs(run))

    # ---------------------------------------------------------------------- reminders

    def remind(self, run: Indexed) -> None:
        """Keep reminders."""
        rows = [record.reminder for _, record in run]
        reminders.keep(self.message, rows, self._needs(run), self.partition)

    def fire(self, run: Indexed) -> None:
        """Accept the prompts of those that are due."""

        def told(place: int, done: bool) -> None:  # noqa: FBT001 - what was found
            self.answers[run[place][0]] = Fired(done)

        records = [record for _, record in run]
        needs = self._needs(run)
        reminders.fire(self.message, records, needs, self.partition, told)


_KINDS: Final[Mapping[type, Callable[[Carrying, Indexed], None]]] = {
    Accept: Carrying.accept,
    Begin: Carrying.begin,
    Complete: Carrying.complete,
    Settle: Carrying.settle,
    Bind: Carrying.bind,
    Quarantine: Carrying.quarantine,
    Forget: Carrying.forget,
    Bring: Carrying.bring,
    Find: Carrying.find,
    Chunks: Carrying.chunks,
    Remind: Carrying.remind,
    Fire: Carrying.fire,
    **dict.fromkeys(LOOKS, Carrying.look),
}
