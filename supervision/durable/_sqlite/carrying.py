"""What each record does to the tables: few statements a batch, in C where it counts.

Neighbours of one kind are carried out together, a statement for all of them: this
thread shares the interpreter's lock with Trio's.  No transactions here, and no file.
What it comes to is what `_memory/tables` says in plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar

from supervision.durable._words.histories import Read, Show
from supervision.durable._words.journals import Chunks, ReadChunks
from supervision.durable._words.looks import (
    Find,
    Found,
    Hold,
    Look,
    Waiting,
)
from supervision.durable._words.policy import StorePolicy
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
    Ended,
    Fire,
    Forget,
    Forgotten,
    Prune,
    Pruned,
    Quarantine,
    Record,
    Refused,
    Repeated,
    Row,
    SessionRow,
    Settle,
    State,
    values_of,
)
from supervision.durable._words.reminders import Due, Fired, ForgetReminder, Remind
from supervision.durable._words.rules import FULL, accepting, refusal

from .rows import histories, journals, looks, statements
from .rows.reminders import Reminders
from .sql import Connection, Value

R = TypeVar("R", bound=Record)
Indexed: TypeAlias = "Sequence[tuple[int, R]]"  # [(index in the batch, record)]


class Carrying:
    """A batch that is being carried out, in a transaction that is the caller's.

    Args:
        connection: of the file.
        batch: the records.
    """

    def __init__(self, connection: Connection, batch: Sequence[Record]) -> None:
        self.connection = connection
        self.cursor = connection.cursor()
        self._batch = batch
        self._answers: list[Answer] = [DONE] * len(batch)
        self._accepting: Mapping[int, int] | None = None
        self.reminders = Reminders(connection, self.cursor)

    def carry(self, policy: StorePolicy) -> list[Answer]:
        """Carry it out, run by run.  Raises apsw.Error: nothing of it counts."""
        run: list[tuple[int, Any]] = []  # Any: all of one class
        kind: type[Record] | None = None  # that one
        keys: set[str] = set()  # that the run completes: one turn of a key in each
        for index, record in enumerate(self._batch):
            why = refusal(record, policy)
            if why is not None:
                self._answers[index] = Refused(why)
                continue
            key = record.key if type(record) is Complete else None
            if type(record) is not kind or key in keys:
                self._carry_run(run)
                run.clear()
                keys.clear()
                kind = type(record)
            run.append((index, record))
            if key is not None:
                keys.add(key)
        self._carry_run(run)
        return self._answers

    def _carry_run(self, run: Indexed[Any]) -> None:
        """Carry out neighbours of one class; Any: which is found out here."""
        if run:
            _RUNS[type(run[0][1])](self, run)

    # ------------------------------------------------------------------------ prompts

    def accept(self, run: Indexed[Accept]) -> None:
        """Keep prompts, unless their keys have as many as they may have."""
        if {record.capacity for _, record in run} == {None}:
            self._accept(run)
            return
        for each in run:  # those before it count
            if self._has_room(each[1]):
                self._accept([each])
            else:
                self._answers[each[0]] = FULL

    def _has_room(self, record: Accept) -> bool:
        """Whether the key of a prompt may have one more, or this one is known."""
        row, capacity = record.row, record.capacity
        if capacity is None:
            return True
        ((has_room,),) = self._rows(statements.ROOM, row.key, row.id, capacity)
        return bool(has_room)

    def _accept(self, run: Indexed[Accept]) -> None:
        """Keep prompts; whether all were new is seen in the count of changes."""
        new = self._insert([record.row for _, record in run])
        for index, record in run:
            if new and not record.bring:
                self._answers[index] = ACCEPTED
                continue
            row = record.row
            brought = (
                self._brought(row.key, index, row.number) if record.bring else None
            )
            self._answers[index] = Accepted(brought) if new else self._met(row, brought)

    def _insert(self, rows: Sequence[Row]) -> bool:
        """Keep prompts that are not there; whether none was."""
        before = self.connection.total_changes()
        new = [values_of(row) for row in rows]
        statements.carry_out(self.cursor, statements.insert, new)
        return self.connection.total_changes() - before == len(rows)

    def _met(self, row: Row, brought: Brought | None) -> Answer:
        """Answer with what is at a prompt's address: itself, another, or nothing."""
        found = self._look(row.key, row.id)
        if found.number is None:
            return Refused(f"number {row.number} is another prompt's")
        if found.number == row.number:
            return Accepted(brought)
        return Repeated(found.number, found.outcome, found.turn, brought)

    def begin(self, run: Indexed[Begin]) -> None:
        """Make marks."""
        self.cursor.executemany(
            statements.MARK,
            [
                (tried, record.opened, number)
                for _, record in run
                for number, tried in zip(record.numbers, record.tried, strict=True)
            ],
        )

    def complete(self, run: Indexed[Complete]) -> None:
        """Keep all that turns leave; each of another key."""
        if not self._end(_ends(run, slice(1))):  # a batch that comes again, or others
            run = self._not_overtaken(run)
        sends = [row for _, record in run for row in record.sends]
        new = self._insert(sends) if sends else True
        # with the first ones, if some may have been made just now
        self._end(_ends(run, slice(0 if sends else 1, None)))
        again = [
            (tried, 0, number) for _, record in run for number, tried in record.again
        ]
        if again:
            self.cursor.executemany(statements.MARK, again)
        self._keep([record for _, record in run])
        for index, record in run:
            self._answers[index] = COMPLETION if new else self._passed_over(record)

    def _keep(self, records: Sequence[Complete]) -> None:
        """Keep what turns leave beside outcomes and prompts."""
        kept: list[tuple[Value, ...]] = []
        touched: list[tuple[Value, ...]] = []
        for record in records:
            if record.same:
                continue
            if record.state is None and not record.bound and not record.entries:
                touched.append(statements.touched(record))  # as `KEEP`, with less
            else:
                kept.append(statements.kept(record))
            if record.reminders:
                self.reminders.keep(record.reminders)
            if record.unremind:
                self.reminders.forget([(record.key, each) for each in record.unremind])
        if kept:
            self.cursor.executemany(statements.KEEP, kept)
        if touched:
            self.cursor.executemany(statements.TOUCH, touched)
        histories.write(self.cursor, records)

    def _not_overtaken(self, run: Indexed[Complete]) -> Indexed[Complete]:
        """Leave those out whose first prompt has had an outcome of another turn."""
        firsts = [record.ended[0].number for _, record in run if record.ended]
        turns = dict(self._rows(statements.ENDED, str(firsts))) if firsts else {}
        if not turns:
            return run
        rest: list[tuple[int, Complete]] = []
        for index, record in run:
            first = record.ended[0] if record.ended else None
            if first is not None and turns.get(first.number, first.turn) != first.turn:
                self._answers[index] = OVERTAKEN
            else:
                rest.append((index, record))
        return rest

    def _passed_over(self, record: Complete) -> Completion:
        known = (self._known(each) for each in record.sends)
        return Completion(tuple(each for each in known if each is not None))

    def _known(self, row: Row) -> int | None:
        """Give the number of a prompt that was passed over; None: it was not."""
        return None if self._look(row.key, row.id).number == row.number else row.number

    def settle(self, run: Indexed[Settle]) -> None:
        """Give outcomes; of two for one prompt the first."""
        rows = [_end(record.ended, record.at) for _, record in run]
        self.cursor.executemany(statements.end(1), rows)
        unsent = [(each.ended.number,) for _, each in run if each.unsent]
        self.cursor.executemany(statements.SET_FREE, unsent)

    def _end(self, rows: Sequence[tuple[Value, ...]]) -> bool:
        """Give outcomes to prompts, each once, that have none; whether none had."""
        if not rows:
            return True
        before = self.connection.total_changes()
        statements.carry_out(self.cursor, statements.end, rows)
        return self.connection.total_changes() - before == len(rows)

    # ----------------------------------------------------------------------- sessions

    def bind(self, run: Indexed[Bind]) -> None:
        """Keep tokens."""
        self.cursor.executemany(
            statements.BIND, [(each.key, each.token) for _, each in run]
        )

    def quarantine(self, run: Indexed[Quarantine]) -> None:
        """Keep crashes."""
        self.cursor.executemany(
            statements.QUARANTINE, [(each.key, each.crashes) for _, each in run]
        )

    def forget(self, run: Indexed[Forget]) -> None:
        """Forget keys, one after the other."""
        for index, record in run:
            self.cursor.execute(statements.FORGET, (record.key,))
            known = self.connection.changes() > 0
            histories.forget(self.cursor, record.key)
            known = self.reminders.forget_all(record.key) or known
            behind = self._accepts()
            later = [number for number, at in behind.items() if at >= index]
            journals.forget(self.cursor, record.key, later)
            gone = [
                row.number
                for row in self._open(record.key, index)
                if row.begun != record.opened and row.number not in record.but
            ]
            self._end([(record.withdrawn, None, record.at, each) for each in gone])
            self.cursor.executemany(
                statements.FORGOT, [(record.mark, each) for each in gone]
            )
            # those of an earlier time count too: its answer was lost
            found = self._rows(statements.WITHDRAWN, record.at, record.key, record.mark)
            withdrawn = tuple(number for (number,) in found)
            self._answers[index] = Forgotten(
                known or bool(withdrawn), withdrawn, looks.held(self.connection)
            )

    # ------------------------------------------------------------------- what is there

    def look(self, run: Indexed[Any]) -> None:
        """Look for what is asked, record by record; Any: which is in `_LOOKS`."""
        look = _LOOKS[type(run[0][1])]
        for index, record in run:
            self._answers[index] = look(self, index, record)

    def chunks(self, run: Indexed[Chunks]) -> None:
        """Keep blocks of answers."""
        journals.write(self.cursor, [record for _, record in run])

    def prune(self, run: Indexed[Prune]) -> None:
        """Delete what ended."""
        for index, record in run:
            old = journals.prune(self.connection, record.journals, record.most)
            self.cursor.execute(statements.PRUNE, (record.before, record.most))
            gone = self.connection.changes() + old
            more = self.reminders.prune(record.before, record.most)
            self._answers[index] = Pruned(gone + more)

    # ---------------------------------------------------------------------- reminders

    def remind(self, run: Indexed[Remind]) -> None:
        """Keep reminders."""
        self.reminders.keep([record.reminder for _, record in run])

    def fire(self, run: Indexed[Fire]) -> None:
        """Accept the prompts of those that are."""
        for index, record in run:
            row = record.row
            if self.reminders.fires(record):
                self._insert([row])
            found = self._look(row.key, row.id)
            self._answers[index] = Fired(found.number == row.number)

    def _look(self, key: str, name: str) -> Found:
        return looks.find(self.cursor, Find(key, name))

    def _brought(self, key: str, index: int, itself: int = -1) -> Brought:
        found: SessionRow | None = None
        for state, version, *rest, first, last in self._rows(statements.SESSION, key):
            kept = None if state is None else State(state, version)
            token, generation, crashes, tenant, held = rest
            entries = histories.span(first, last)
            found = SessionRow(kept, token, generation, crashes, tenant, held, entries)
        return Brought(found, tuple(self._open(key, index, itself)))

    def _open(self, key: str, index: int, itself: int = -1) -> list[Row]:
        """Read the open prompts of a key that were there before this record."""
        rows = [Row(*each) for each in self._rows(statements.OPEN, key, itself)]
        if not rows:
            return []
        behind = self._accepts()
        return [row for row in rows if behind.get(row.number, -1) < index]

    def _accepts(self) -> Mapping[int, int]:
        """Give `{prompt: index of the record of this batch that accepts it}`."""
        if self._accepting is None:
            self._accepting = accepting(self._batch)
        return self._accepting

    def _rows(self, query: str, *values: Value) -> list[tuple[Any, ...]]:
        """Read rows; Any: of the columns that the query names."""
        return self.cursor.execute(query, values).fetchall()


# Any: each takes a record of its class, and its index in the batch
_LOOKS: Final[Mapping[type, Callable[[Carrying, int, Any], Answer]]] = {
    Bring: lambda by, index, it: by._brought(it.key, index),
    Find: lambda by, _, it: looks.find(by.cursor, it),
    Look: lambda by, _, it: looks.look(by.connection, it),
    Show: lambda by, _, it: looks.show(by.connection, it),
    Read: lambda by, _, it: histories.read(by.connection, it),
    ReadChunks: lambda by, _, it: journals.read(by.connection, it),
    Waiting: lambda by, _, it: looks.waiting(by.connection, it),
    Hold: lambda by, _, it: looks.hold(by.connection, it),
    Due: lambda by, _, it: by.reminders.due(it),
    ForgetReminder: lambda by, _, it: by.reminders.forget_marked(it),
}
# Any: each takes records of its class, in a run
_RUNS: Final[Mapping[type, Callable[[Carrying, Any], None]]] = {
    Accept: Carrying.accept,
    Begin: Carrying.begin,
    Complete: Carrying.complete,
    Settle: Carrying.settle,
    Bind: Carrying.bind,
    Quarantine: Carrying.quarantine,
    Forget: Carrying.forget,
    Chunks: Carrying.chunks,
    Prune: Carrying.prune,
    Remind: Carrying.remind,
    Fire: Carrying.fire,
    **dict.fromkeys(_LOOKS, Carrying.look),
}


def _end(ended: Ended, at: float) -> tuple[Value, ...]:
    return ended.outcome, ended.turn, at, ended.number


def _ends(run: Indexed[Complete], which: slice) -> Sequence[tuple[Value, ...]]:
    return [_end(each, record.at) for _, record in run for each in record.ended[which]]
