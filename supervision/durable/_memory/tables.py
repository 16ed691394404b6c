"""What is kept, and what each record does to it.

Pure: no Trio, no clock, no faults.  `Tables.apply` is the meaning of a batch, in Python
as plain as possible; a store that is faster has to come to the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, assert_never

import attrs

from supervision.durable._sharing.words import (
    Back,
    Fenced,
    Lease,
    Owned,
    Sent,
)
from supervision.durable._words.histories import Read, Show
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
    SessionRow,
    Settle,
    changed,
)
from supervision.durable._words.reminders import Due, Fired, ForgetReminder, Remind
from supervision.durable._words.rules import FULL, accepting, marks_of

from .histories import Histories
from .journals import Journals
from .looks import look, show
from .prompts import Prompt, Prompts, StoredPrompt, copy, stored
from .reminders import Reminders

_NOTHING: Final = SessionRow(
    state=None, token=None, generation=1, crashes=None, tenant=None
)


class Tables:
    """Prompts and sessions.

    Args:
        partitions: of a store that is shared; None: of one that is not.
    """

    def __init__(self, partitions: int | None = None) -> None:
        self.prompts = Prompts(partitions)
        self._sessions: dict[str, SessionRow] = {}  # {key: what is kept of it}
        self.histories = Histories()
        self.journals = Journals()
        self.reminders = Reminders()

    # ------------------------------------------------------------------ what is there

    def stored(self) -> tuple[StoredPrompt, ...]:
        """List all prompts, by number."""
        return tuple(stored(each) for each in self.prompts.all())

    def sessions(self) -> dict[str, SessionRow]:
        """Give `{key: what is kept of it}`."""
        return dict(self._sessions)

    # -------------------------------------------------------------- what is to be done

    def apply(
        self,
        batch: Sequence[Sent],
        refused: Callable[[Record], str | None] = lambda _: None,
        holds: Callable[[Lease], bool] = lambda _: True,
    ) -> list[Back]:
        """Carry out a batch and answer each record; what is refused has no effect.

        All or nothing: what may fail is over before the first record is carried out.

        Args:
            batch: the records.
            refused: says why one is; None: it is not.
            holds: whether whoever has sent the batch has this lease.
        """
        records = [each.record if isinstance(each, Owned) else each for each in batch]
        reasons = [refused(record) for record in records]
        behind = accepting(records)
        answers: list[Back] = []
        for index, (sent, why) in enumerate(zip(batch, reasons, strict=True)):
            if why is not None:
                answers.append(Refused(why))
                continue
            # nobody sees a prompt that comes after this record
            hidden = {number for number, place in behind.items() if place >= index}
            if not isinstance(sent, Owned):
                answers.append(self._apply(sent, hidden))
            elif holds(sent.lease):
                answers.append(self._apply(sent.record, hidden))
            else:
                answers.append(self._fenced(sent, hidden))
        return answers

    def _fenced(self, sent: Owned, hidden: set[int]) -> Back:
        record = sent.record
        for number, tried, begun, before in marks_of(record):
            self.prompts.unmark(number, tried, begun, before)
        if not isinstance(record, Accept):
            return Fenced(sent.lease)
        row = changed(record.row, tried=0, begun=None)
        unmarked = changed(record, row=row, bring=False, own=None)
        return Fenced(sent.lease, self._accept(unmarked, hidden))

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
                self.prompts.end(ended, at)
                if record.unsent:
                    self.prompts.set_free(ended.number)
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
                return look(record, *self._seen())
            case Show():
                return show(record, *self._seen())
            case Read():
                return self.histories.read(record)
            case Chunks():
                return self._write_chunks(record)
            case ReadChunks():
                return self.journals.read(record)
            case Waiting():
                return self._waiting(record)
            case Prune():
                return self._prune(record)
            case Remind(reminder=row):
                self.reminders.keep(row)
                return DONE
            case ForgetReminder():
                return self.reminders.forget_marked(record)
            case Due():
                return self.reminders.due(record, self.prompts.partition_of)
            case Fire():
                return self._fire(record)
            case _:
                assert_never(record)

    def _seen(
        self,
    ) -> tuple[
        dict[str, SessionRow], Mapping[str, Collection[int]], set[str], Histories
    ]:
        """What is looked at: see `look`."""
        reminded = self.reminders.keys()
        return self._sessions, self.prompts.open, reminded, self.histories

    def _accept(self, record: Accept, hidden: set[int]) -> Answer:
        row = record.row
        brought = self._brought(row.key, hidden) if record.bring else None
        if not self.prompts.has_room(record):
            return FULL
        others = self.prompts.others(record, hidden)
        if others:
            row = changed(row, tried=0, begun=None)
        there = self.prompts.insert(row)
        if there is None:
            return Accepted(brought, others)
        if (there.row.key, there.row.id) != (row.key, row.id):
            return Refused(f"number {row.number} is another prompt's")
        if there.row.number == row.number:
            return Accepted(brought, others)
        return Repeated(there.row.number, there.outcome, there.turn, brought)

    def _begin(self, record: Begin) -> Answer:
        for number, tried in zip(record.numbers, record.tried, strict=True):
            self.prompts.mark(number, tried, record.opened)
        return DONE

    def _complete(self, record: Complete) -> Answer:
        first = self.prompts.get(record.ended[0].number) if record.ended else None
        if (
            first is not None
            and first.outcome is not None
            and first.turn != record.ended[0].turn
        ):
            return OVERTAKEN
        known = [row.number for row in record.sends if not self.prompts.is_new(row)]
        for ended in record.ended:
            self.prompts.end(ended, record.at)
        for number, tried in record.again:
            self.prompts.mark(number, tried, 0)
        changes: dict[str, object] = {"generation": record.generation}
        if record.state is not None:
            changes["state"] = record.state
        if record.bound:
            changes["token"] = record.token
        if first is not None and first.row.tenant is not None:
            changes["tenant"] = first.row.tenant
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
        for prompt in self.prompts.waiting(record.key, hidden):
            row = prompt.row
            if row.number not in record.but and row.begun != record.opened:
                self.prompts.end(Ended(row.number, record.withdrawn, None), record.at)
                prompt.forgot = record.mark
        of_it = [each for each in self.prompts.all() if each.row.key == record.key]
        for prompt in of_it:
            if prompt.row.number not in hidden:
                self._forget_journal(prompt)
        # those of an earlier time count too: its answer was lost
        withdrawn = tuple(
            prompt.row.number for prompt in of_it if prompt.forgot == record.mark
        )
        return Forgotten(known or bool(withdrawn), withdrawn, self._held())

    def _brought(self, key: str, hidden: set[int]) -> Brought:
        rows = [copy(each.row) for each in self.prompts.waiting(key, hidden)]
        return Brought(self._sessions.get(key), tuple(rows))

    def _waiting(self, record: Waiting) -> Keys:
        wanted = record.partitions
        behind = (
            key
            for key in self.prompts.open
            if key > record.after
            and (wanted is None or self.prompts.partition_of(key) in wanted)
        )
        keys = heapq.nsmallest(record.most, behind)
        return Keys(tuple(keys), self._held())

    def _find(self, record: Find) -> Found:
        if record.number is None:
            prompt = self.prompts.find(record.key, record.id)
        else:
            prompt = self.prompts.get(record.number)
        if prompt is None or prompt.row.key != record.key:
            return Found(None)
        row = prompt.row
        return Found(
            row.number,
            prompt.outcome,
            prompt.turn,
            row.at,
            prompt.ended_at,
            row.stream,
            row.base,
            row.tried,
            self.journals.last(row.number),
        )

    def _write_chunks(self, record: Chunks) -> Answer:
        prompt = self.prompts.get(record.number)
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
        journals = self.prompts.old_journals(record)
        for prompt in journals:
            self._forget_journal(prompt)
        gone = self.prompts.prune(record, self._is_held)
        more = self.reminders.prune(record.before, record.most)
        return Pruned(gone + len(journals) + more)

    def _is_held(self, key: str) -> bool:
        return self._sessions.get(key, _NOTHING).held is not None

    def _fire(self, record: Fire) -> Fired:
        row = record.row
        if self.reminders.fires(record):
            self.prompts.insert(row)
        there = self.prompts.find(row.key, row.id)
        return Fired(there is not None and there.row.number == row.number)
