"""`Bringing`: what a store has of a key becomes its lane's, before anything begins.

A key is brought whole: its state, its token, its generation, and its open prompts, in
front of those that have come meanwhile.  Mostly the answer to its first `Accept` brings
it, so a passivated key costs no reading of its own.

A prompt that was begun when its process ended is tried again, before those that wait,
as often as its sender said; or it has failed, and is never run again.

What cannot be read is not thrown away: a prompt fails by itself, but with a state that
nobody can read the key is *held*.  Its prompts wait, up to the capacity of its queue,
and nothing of it begins.  It has no place meanwhile.  The store keeps why, until it can
be read.  It is told once; whoever sends to it has it tried again now and then only.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from actors import Failed, PromptKind, Receipt
from actors.hosting import ASIDE, WORK
from supervision._routing.parts.lane import GONE, STARTING, Lane
from supervision.durable._histories.log import StoredLog
from supervision.durable._words.errors import (
    CodecError,
    SessionHeldError,
    StoredError,
    TurnInterruptedError,
)
from supervision.durable._words.events import SessionHeld
from supervision.durable._words.looks import Hold, Holding
from supervision.durable._words.records import (
    Bring,
    Brought,
    Refused,
    Row,
    SessionRow,
)
from supervision.durable._words.rules import MADE
from supervision.durable._writing.book import Entry

from .ground.bodies import ORIGIN, PROMPT, STATE, TOKEN
from .ground.place import Key, Place, key_of, more_of_nobody
from .ground.wall import wall
from .later.beats import PREFIX, reminder_of

_WHY: Final = 500  # characters of a reason that are kept
_AGAIN: Final = 60.0  # seconds until a prompt has a held key tried again


class Bringing:
    """Keys come from the store.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "_live", "_told", "_void", "held")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._live: dict[int, Receipt[Any]] = {}  # {number: one that somebody holds}
        self._void: set[int] = set()  # those whose end is on its way
        self._told: dict[str, str] = {}  # {key that is held: why, as it was told}
        self.held = 0
        """How many keys the store has that are held."""

    def hold(self, receipts: list[Receipt[Any]]) -> None:
        """These are in somebody's hands, and wait in the store: they are to be used."""
        for receipt in receipts:
            self._live[receipt.id] = receipt

    def find(self, number: int) -> Receipt[Any] | None:
        """One that is in somebody's hands and waits to be brought; None."""
        return self._live.get(number)

    def let_go(self, number: int) -> Receipt[Any] | None:
        """It will not be brought: the receipt that somebody holds; None."""
        return self._live.pop(number, None)

    def give_up(self, receipt: Receipt[Any]) -> None:
        """It gets its outcome here: if it was to be brought, it is not any more."""
        if self._live.pop(receipt.id, None) is not None:
            self.count_in(receipt)

    def followed_receipts(self) -> list[Receipt[Any]]:
        """Those that are in somebody's hands, and wait in the store."""
        return list(self._live.values())

    def followed(self) -> list[int]:
        """The numbers of those that the store has."""
        live = self._live.items()
        return [number for number, each in live if is_there(each)]

    def count_out(self, receipts: Sequence[Receipt[Any]]) -> None:
        """These wait in the store, and are no more among the accepted here.

        Nor are those who follow them: they come back with them, or are told with them.
        """
        self._kept.core.unused += sum(map(_counted, receipts))

    def count_in(self, receipt: Receipt[Any]) -> None:
        """It is one of the accepted, and so is who follows it."""
        self._kept.core.unused -= _counted(receipt)

    def is_void(self, number: int) -> bool:
        """Whether the end of one is on its way."""
        return number in self._void

    def join(self, lane: Lane, row: Row) -> None:
        """A prompt has come into the store behind those of this lane."""
        receipt = self.adopt(lane, row)
        if receipt is not None:
            self._kept.core.joining.join(lane, receipt)

    def ends(self, number: int) -> bool:
        """Say that one gets an outcome: if somebody holds it, it is not brought."""
        receipt = self._live.pop(number, None)
        if receipt is None:
            return False
        self._void.add(number)
        self.count_in(receipt)
        lane = self._kept.core.lanes.get(receipt.key)
        if lane is not None:
            key_of(lane).unread -= {number}
        return True

    def has_ended(self, number: int) -> None:
        """The store knows."""
        self._void.discard(number)

    def rest(self) -> list[Receipt[Any]]:
        """Those that have not been brought."""
        rest = list(self._live.values())
        self._live.clear()
        return rest

    def ask(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """Go on with this lane when what the store has of it is there."""
        key = key_of(lane)
        if key.brought:
            go(lane)
            return
        key.go = go
        if not key.asked:
            self.fetch(lane)

    def rests(self, key: Key) -> bool:
        """Whether a key is held, and was tried a moment ago: it is not tried again."""
        return key.held is not None and bool(self._kept.core.now() < key.again)

    def fetch(self, lane: Lane) -> None:
        """Ask the store."""
        key = key_of(lane)
        key.asked = True
        bring = Entry(Bring(lane.key), lambda came: self.came(lane, came))
        self._kept.submit_of(lane, bring)

    def came(self, lane: Lane, brought: Brought) -> None:
        """The store has answered."""
        key = key_of(lane)
        if lane.phase == GONE or key.brought:
            if lane.phase == GONE and brought.rows:
                self._kept.recovery.again(lane.key)
            return
        if key.stale:
            key.stale = False
            brought = Brought(None, ())
        core = self._kept.core
        row = brought.session
        if row is not None:
            try:
                self._restore(lane, key, row)
            except CodecError as error:
                key.asked = False
                key.held = SessionHeldError(lane.key)
                key.held.__cause__ = error
                key.again = core.now() + _AGAIN
                rows = self._unqueued(brought.rows)
                key.unread = frozenset(each.number for each in rows)
                text = f"is held: {error}"
                if self._told.get(lane.key) != text:
                    self._told[lane.key] = text
                    core.world.log_failure(logging.ERROR, lane.key, text, error=error)
                    core.tell(SessionHeld, lane.key, key.held)
                self.note(lane, row, error)
                core.sessions.hold(lane)
                if lane.phase != STARTING:
                    key.go = None
                core.look_again()
                return
            self.note(lane, row, None)
        key.brought = True
        key.held = None
        key.unread = frozenset()
        self._told.pop(lane.key, None)
        self._queue(lane, brought.rows)
        core.sessions.come_back(lane)
        go, key.go = key.go, None
        left, why = self._term_of(row.crashes if row is not None else None)
        if left > 0:
            core.leaving.confine(lane, left, why)
        elif go is not None:
            go(lane)
        else:
            core.turns.advance(lane)

    def note(
        self, whose: Lane | str, row: SessionRow, error: CodecError | None
    ) -> None:
        """Have the store keep why a key cannot be read; None: it can."""
        why = None
        if error is not None:
            why = str(error)[:_WHY].encode("utf-8", "backslashreplace").decode()
        if row.held == why:
            return
        if isinstance(whose, Lane):
            hold = Entry(Hold(whose.key, why), self._noted)
            self._kept.submit_of(whose, hold)
        else:
            self._kept.submit(Entry(Hold(whose, why), self._noted))

    def _noted(self, answer: Holding | Refused) -> None:
        if isinstance(answer, Holding):
            self.held = answer.held

    def quarantine_of(self, crashes: bytes | None) -> float:
        """For how many seconds a key is in quarantine; 0 or less: it is in none."""
        return self._term_of(crashes)[0]

    def _term_of(self, crashes: bytes | None) -> tuple[float, StoredError]:
        """How long it is in quarantine, and why.

        One that cannot be read has been; the next crashes are counted anew.
        """
        if crashes is not None:
            with contextlib.suppress(CodecError):
                until, *words = self._kept.codec.decode(crashes, ORIGIN)
                return until - wall(), StoredError(*words)
        return 0.0, StoredError("", "")

    def _restore(self, lane: Lane, key: Key, row: SessionRow) -> None:
        """Raises CodecError: the state or the token cannot be read."""
        core = self._kept.core
        state, token = self.read(row)
        if row.state is not None:
            lane.state = key.state = state
        key.history = StoredLog(self._kept, lane.key, row.entries)
        if token is not None:
            core.tokens.brought(lane.key, token)
        lane.generation = max(lane.generation, row.generation)

    def read(self, row: SessionRow) -> tuple[Any, Any]:
        """Give state and token of a key.  Raises CodecError: one cannot be read."""
        codec = self._kept.codec
        state = token = None
        if row.token is not None:
            token = codec.decode(row.token, TOKEN)
        if row.state is not None:
            state = codec.decode(row.state.body, STATE, row.state.version)
        return state, token

    def _queue(self, lane: Lane, rows: tuple[Row, ...]) -> None:
        """Open prompts stand before those that have come to this router."""
        before: list[Receipt[Any]] = []
        tenant = rows[0].tenant if rows else None
        if tenant is not None and lane.tenant is None:
            extra = lane.need_extra()
            extra.tenant = tenant
            if not extra.leaving:
                self._kept.core.admission.enter(tenant)
        for row in self._unqueued(rows):
            receipt = self.adopt(lane, row)
            if receipt is not None:
                before.append(receipt)
        if before:
            lane.queue = deque((*before, *(lane.queue or ())))
            lane.waiting += len(before)

    def _unqueued(self, rows: tuple[Row, ...]) -> Iterator[Row]:
        """Those that are in no queue.

        Those that have come to this router may be among the rows, if the store was
        asked late; they have their receipts, or their outcome is on its way.
        """
        for row in rows:
            if self._kept.came(row.number) and row.number not in self._live:
                continue
            if row.number not in self._void:
                yield row

    def adopt(self, lane: Lane, row: Row) -> Receipt[Any] | None:
        """A prompt of the store becomes one of this router's; None: it has ended."""
        core = self._kept.core
        receipt, error = self._receipt_of(lane, row)
        receipt._lane, receipt._turn = lane, None
        more = receipt.need_more()
        more.settling = False
        more.kind = PromptKind(row.kind)
        more.steers = None
        more.message_id = None if row.id.startswith(MADE) else row.id
        more.job = row.job
        more.attempts, more.tried = row.attempts, row.tried
        more.row = Place(row.key, row.number)
        self.count_in(receipt)
        followers = self._kept.finding.followers_of(row.number)
        more.followers = [*(more.followers or ()), *followers] or None
        self._kept.finding.come(receipt)
        if more.message_id is not None:
            window = core.policy(lane).dedupe
            lane.need_known().remember(more.message_id, receipt, window)
        if more.job is not None:
            lane.need_known().remember_job(more.job, receipt)
        outcome = outcome_without_turn(row, error)
        self._kept.journals.adopt(receipt, row, ended=outcome is not None)
        if outcome is None:
            return receipt
        text = f"has failed prompt {receipt.id}: {outcome.error}"
        core.world.log_failure(logging.WARNING, row.key, text, outcome="Failed")
        core.settle(receipt, outcome)
        return None

    def _receipt_of(
        self, lane: Lane, row: Row
    ) -> tuple[Receipt[Any], CodecError | None]:
        """The receipt of a prompt, and why it cannot be read."""
        codec, now = self._kept.codec, self._kept.core.now()
        receipt = self._live.pop(row.number, None)
        if receipt is not None and receipt.at == receipt.at:
            return receipt, None
        prompt = origin = None
        error: CodecError | None = None
        try:
            prompt = codec.decode(row.body, PROMPT)
            if row.origin is not None:
                origin = codec.decode(row.origin, ORIGIN)
        except CodecError as failure:
            error = failure
        if receipt is None:
            receipt = Receipt(lane, prompt, row.number, now, more_of_nobody())
        receipt.prompt = prompt
        receipt.at = now - max(0.0, wall() - row.at)
        if row.id.startswith(PREFIX):
            missed = origin[0] if origin else 0  # nothing: it cannot be read
            reminder = reminder_of(row.id, missed)
            receipt.need_more().reminder = reminder
            self._kept.reminding.came_back(receipt, reminder.name)
        else:
            receipt.need_more().origin = origin
        return receipt, error


def outcome_without_turn(row: Row, error: CodecError | None) -> Failed | None:
    """What becomes of a prompt that no turn is to have; None: one is.

    Args:
        row: the prompt, as its store has it.
        error: why it cannot be read; None: it can.
    """
    if error is not None:
        return Failed(error=error)
    if row.begun is not None and row.tried >= row.attempts:
        interrupted = TurnInterruptedError(row.key, row.tried)
        return Failed(error=interrupted, attempts=row.tried)
    return None


def history_of(kept: Any, lane: Lane) -> StoredLog:
    """What its turns have appended: what the store has, or nothing so far."""
    key = key_of(lane)
    if key.history is None:
        key.history = StoredLog(kept, lane.key, (0, 0))
    return key.history


def is_there(receipt: Receipt[Any]) -> bool:
    """Whether the store has it, and no other in its place."""
    place: Any = receipt.need_more().row
    if place is None or place.repeats is not None:
        return False
    return bool(place.stored or place.in_doubt)


def is_kept(receipt: Receipt[Any]) -> bool:
    """Whether it is for the store: not a side question, not work of `run_exclusive`."""
    return receipt.kind not in (ASIDE, WORK)


def _counted(receipt: Receipt[Any]) -> int:
    return 1 + len(receipt.need_more().followers or ())
