"""What is kept, and what each record does to it.

Pure: no Trio, no clock, no faults.  `Tables.apply` is the meaning of a batch, in Python
as plain as possible; a store that is faster has to come to the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any, Final, assert_never

import attrs

from supervision.durable._words.histories import Read
from supervision.durable._words.journals import GONE, Chunks, ReadChunks
from supervision.durable._words.looks import (
    Find,
    Found,
    Hold,
    Holding,
    Keys,
    Look,
    Waiting,
)
from supervision.durable._words.records import (
    DONE,
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
)
from supervision.durable._words.reminders import Due, Fired, ForgetReminder, Remind
from supervision.durable._words.rules import accepting

from .histories import Histories
from .journals import Journals
from .looks import look
from .prompts import Prompt, StoredPrompt, copy, stored
from .reminders import Reminders

_NOTHING: Final = SessionRow(
    state=None, token=None, generation=1, crashes=None, owner=None
)


class Tables:
    """Prompts and sessions."""

    def __init__(self) -> None:
        self._prompts: dict[int, Prompt] = {}  # {number: prompt}
        self._numbers: dict[tuple[str, str], int] = {}  # {(key, id): number}
        self._open: dict[str, set[int]] = {}  # {key: numbers}; a key has at least one
        self._sessions: dict[str, SessionRow] = {}  # {key: what is kept of it}
        self.histories = Histories()
        self.journals = Journals()
        self.reminders = Reminders()

    # ------------------------------------------------------------------ what is there

    def prompts(self) -> tuple[StoredPrompt, ...]:
        """List all prompts, by number."""
        return tuple(stored(self._prompts[each]) for each in sorted(self._prompts))

    def sessions(self) -> dict[str, SessionRow]:
        """Give `{key: what is kept of it}`."""
        return dict(self._sessions)

    # ---------------------------------------------------------------- what is to be do

    def apply(
        self,
        batch: Sequence[Record],
        refused: Callable[[Record], str | None] = lambda _: None,
    ) -> list[Answer]:
        """Carry out a batch and answer each record; what is refused has no effect.

        All or nothing: what may fail is over before the first record is carried out.
        """
        reasons = [refused(record) for record in batch]
        behind = accepting(batch)
        answers: list[Answer] = []
        for index, (record, why) in enumerate(zip(batch, reasons, strict=True)):
            if why is not None:
                answers.append(Refused(why))
                continue
            # nobody sees a prompt that comes after this record
            hidden = {number for number, place in behind.items() if place >= index}
            answers.append(self._apply(record, hidden))
        return answers

    def _apply(  # noqa: C901, PLR0911, PLR0912 - a case a record
        self, record: Record, hidden: set[int]
    ) -> Answer:
        match record:
            case Accept():
                return self._accept(record, hidden)
            case Bring(key=key):
                return self._brought(key, hidden)
            case Begin():
                return self._begin(record)
            case Complete():
                return self._complete(record)
            case Settle(ended=ended, at=at):
                self._end(ended, at)
                return DONE
            case Bind(key=key, token=token):
                self._keep(key, token is not None, token=token)
                return DONE
            case Quarantine(key=key, crashes=crashes):
                self._keep(key, crashes is not None, crashes=crashes)
                return DONE
            case Hold(key=key, why=why):
                self._keep(key, keeps=False, held=why)
                return Holding(self._held())
            case Forget():
                return self._forget(record, hidden)
            case Find():
                return self._find(record)
            case Look():
                return look(record, self._sessions, self._open, self.histories)
            case Read():
                return self.histories.read(record)
            case Chunks():
                return self._write_chunks(record)
            case ReadChunks():
                return self.journals.read(record)
            case Waiting(after=after, most=most):
                behind = (key for key in self._open if key > after)
                keys = heapq.nsmallest(most, behind)
                return Keys(tuple(keys), self._held())
            case Prune():
                return self._prune(record)
            case Remind(reminder=row):
                self.reminders.keep(row)
                return DONE
            case ForgetReminder():
                return self.reminders.forget_marked(record)
            case Due():
                return self.reminders.due(record)
            case Fire():
                return self._fire(record)
            case _:
                assert_never(record)

    def _accept(self, record: Accept, hidden: set[int]) -> Answer:
        row = record.row
        brought = self._brought(row.key, hidden) if record.bring else None
        there = self._insert(row)
        if there is None:
            return Accepted(brought)
        if (there.row.key, there.row.id) != (row.key, row.id):
            return Refused(f"number {row.number} is another prompt's")
        if there.row.number == row.number:
            return Accepted(brought)
        return Repeated(there.row.number, there.outcome, there.turn, brought)

    def _insert(self, row: Row) -> Prompt | None:
        """Keep a prompt, unless there is one in its place: that one then."""
        there = self._numbers.get((row.key, row.id), row.number)
        if there in self._prompts:
            return self._prompts[there]
        self._prompts[row.number] = Prompt(copy(row))
        self._numbers[row.key, row.id] = row.number
        self._open.setdefault(row.key, set()).add(row.number)
        return None

    def _begin(self, record: Begin) -> Answer:
        for number, tried in zip(record.numbers, record.tried, strict=True):
            self._mark(number, tried, record.opened)
        return DONE

    def _mark(self, number: int, tried: int, begun: int) -> None:
        prompt = self._prompts.get(number)
        if prompt is not None and prompt.outcome is None:
            prompt.row.tried = tried
            prompt.row.begun = begun

    def _complete(self, record: Complete) -> Answer:
        known = [row.number for row in record.sends if not self._is_new(row)]
        for ended in record.ended:
            self._end(ended, record.at)
        for number, tried in record.again:
            self._mark(number, tried, 0)
        changes: dict[str, object] = {"generation": record.generation}
        if record.state is not None:
            changes["state"] = record.state
        if record.bound:
            changes["token"] = record.token
        first = self._prompts.get(record.ended[0].number) if record.ended else None
        if first is not None and first.row.owner is not None:
            changes["owner"] = first.row.owner
        if record.entries or record.begins is not None:
            changes["entries"] = self.histories.write(record)
        keeps = (
            record.state is not None
            or (record.bound and record.token is not None)
            or bool(record.entries)
        )
        self._keep(record.key, keeps, **changes)
        for reminder in record.reminders:
            self.reminders.keep(reminder)
        for name in record.unremind:
            self.reminders.forget(record.key, name)
        return Completion(tuple(known))

    def _is_new(self, row: Row) -> bool:
        """Keep a prompt; False: there is another with its id already."""
        there = self._insert(row)
        return there is None or (
            (there.row.number, there.row.key, there.row.id)
            == (row.number, row.key, row.id)
        )

    def _end(self, ended: Ended, at: float) -> None:
        """Give a prompt its outcome, unless it has one: the first one stays."""
        prompt = self._prompts.get(ended.number)
        if prompt is None or prompt.outcome is not None:
            return
        prompt.outcome, prompt.turn, prompt.ended_at = ended.outcome, ended.turn, at
        row = prompt.row
        row.body, row.origin, row.begun = b"", None, None
        numbers = self._open[row.key]
        numbers.discard(row.number)
        if not numbers:
            del self._open[row.key]

    def _held(self) -> int:
        return sum(1 for each in self._sessions.values() if each.held is not None)

    def _keep(self, key: str, keeps: bool, **changes: object) -> None:  # noqa: FBT001
        """Change what is kept of a key; there is something only if it `keeps` any."""
        session = self._sessions.get(key)
        if session is not None or keeps:
            # Any: each field is named by a caller above
            fields: dict[str, Any] = changes
            self._sessions[key] = attrs.evolve(session or _NOTHING, **fields)

    def _forget(self, record: Forget, hidden: set[int]) -> Answer:
        known = self._sessions.pop(record.key, None) is not None
        self.histories.forget(record.key)
        known = self.reminders.forget_all(record.key) or known
        for number in sorted(self._open.get(record.key, set()) - hidden):
            if number in record.but:
                continue
            if self._prompts[number].row.begun != record.opened:
                self._end(Ended(number, record.withdrawn, None), record.at)
                self._prompts[number].forgot = record.mark
        for number, prompt in self._prompts.items():
            if prompt.row.key == record.key and number not in hidden:
                self._forget_journal(prompt)
        # those of an earlier time count too: its answer was lost
        withdrawn = tuple(
            number
            for number, prompt in sorted(self._prompts.items())
            if prompt.row.key == record.key and prompt.forgot == record.mark
        )
        return Forgotten(known or bool(withdrawn), withdrawn, self._held())

    def _brought(self, key: str, hidden: set[int]) -> Brought:
        rows = [self._prompts[each].row for each in self._open.get(key, set()) - hidden]
        rows.sort(key=lambda row: (row.begun is None, row.steers is None, row.number))
        return Brought(self._sessions.get(key), tuple(map(copy, rows)))

    def _find(self, record: Find) -> Found:
        number = record.number
        if number is None:
            number = self._numbers.get((record.key, record.id))
        prompt = self._prompts.get(number) if number is not None else None
        if number is None or prompt is None or prompt.row.key != record.key:
            return Found(None)
        row = prompt.row
        return Found(
            number,
            prompt.outcome,
            prompt.turn,
            row.at,
            prompt.ended_at,
            row.stream,
            row.base,
            row.tried,
            self.journals.last(number),
        )

    def _write_chunks(self, record: Chunks) -> Answer:
        prompt = self._prompts.get(record.number)
        if prompt is not None and record.lost:
            self._forget_journal(prompt)
        elif prompt is not None and prompt.row.stream:
            if not record.body:
                prompt.row.base = record.base
            if not record.body or record.last > prompt.row.base:
                self.journals.write(record)
        return DONE

    def _forget_journal(self, prompt: Prompt) -> None:
        if prompt.row.stream is not None:
            prompt.row.stream = GONE
            self.journals.forget(prompt.row.number)

    def _prune(self, record: Prune) -> Pruned:
        ended = (
            (prompt.ended_at, number)
            for number, prompt in self._prompts.items()
            if prompt.ended_at is not None
            and prompt.ended_at < record.before
            and self._sessions.get(prompt.row.key, _NOTHING).held is None
        )
        kept = (
            (prompt.ended_at, number)
            for number, prompt in self._prompts.items()
            if prompt.ended_at is not None
            and prompt.ended_at < record.journals
            and prompt.row.stream
        )
        journals = heapq.nsmallest(record.most, kept)
        for _, number in journals:
            self._forget_journal(self._prompts[number])
        gone = heapq.nsmallest(record.most, ended)
        for _, number in gone:
            row = self._prompts.pop(number).row
            del self._numbers[row.key, row.id]
        more = self.reminders.prune(record.before, record.most)
        return Pruned(len(gone) + len(journals) + more)

    def _fire(self, record: Fire) -> Fired:
        row = record.row
        if self.reminders.fires(record):
            self._insert(row)
        there = self._prompts.get(self._numbers.get((row.key, row.id), -1))
        return Fired(there is not None and there.row.number == row.number)
