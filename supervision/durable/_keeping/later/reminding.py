"""`Reminding`: one timer for all reminders, and their prompts when they are due.

The store has them, and says which are due, some at a time.  Of each the prompt is
accepted and its next time set in one record, so there is one prompt for each due time,
whoever dies.  Then it is accepted here, as what a turn has sent.

Of very many that are due at once only so many wait for a turn at a time; the others
stay in the store.  So a prompt that is sent meanwhile stands behind these, not behind
all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import attrs

from actors import BadInputError, ClosedToNewError, Failed, Outcome, Receipt
from actors.hosting import FOLLOW_UP, More, Timer, TurnRun, completed
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import Lane
from supervision.durable._keeping.ground.bodies import ORIGIN, PROMPT
from supervision.durable._keeping.ground.place import Place
from supervision.durable._keeping.ground.wall import Clock, wall
from supervision.durable._words.errors import CodecError, StoreRefusedError
from supervision.durable._words.records import Fire, Refused, Row
from supervision.durable._words.reminders import (
    Due,
    DuePage,
    Fired,
    ForgetReminder,
    Remind,
    ReminderRow,
)
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.waiter import Waiter

from .beats import beat_of, first_due, id_of, reminder_of

_EARLY: Final = 0.001  # seconds that a timer may be early: a float is not exact
_LOOK: Final = 60.0  # the wall clock is looked at so often, as somebody may set it
_STUCK: Final = 60.0  # what has waited for a turn so long keeps nobody back any more
_IDS: Final = 1_000_000_000

Left: TypeAlias = "tuple[tuple[ReminderRow, ...], tuple[str, ...]]"
"""What a turn leaves: those that it has set, and the names that it has forgotten."""


Name: TypeAlias = "tuple[str, str]"
"""A reminder: its key, and its name there."""


class Reminding:
    """The reminders of a store.

    Args:
        kept: the other parts.
        clock: by which they are due.
    """

    __slots__ = (
        "_again",
        "_clock",
        "_fires",
        "_full",
        "_kept",
        "_late",
        "_looks",
        "_marks",
        "_next",
        "_out",
        "_timer",
        "_void",
        "open",
        "waits",
    )

    # Any: its module stands above this one
    def __init__(self, kept: Any, clock: Clock) -> None:
        self._kept = kept
        self._clock = clock
        self._timer: Timer | None = None
        self._next: float | None = None  # when the timer is to go off, by the clock
        self._looks = False  # a page is asked for, or its prompts are on their way
        self._full = False  # more are due, and enough wait for a turn
        self._fires = 0  # of a page: on their way
        self._out: dict[int, Row] = {}  # {number: its prompt is on its way}
        self._void: set[int] = set()  # of these: their key has been forgotten
        self.waits: dict[int, float] = {}
        """`{number: since when it waits for a turn}`."""
        self.open: dict[Name, int] = {}
        """`{whose: its prompt that has no turn yet}`."""
        self._late: set[Name] = set()  # of these: due again meanwhile
        self._again = False  # one of them may come now: look once more
        self._marks = 0

    # ------------------------------------------------------------------- they are set

    # Any: a prompt is anything
    def draft(
        self,
        key: str,
        name: str,
        after: object,
        at: object,
        every: object,
        *,
        prompt: Any,
    ) -> ReminderRow:
        """Make a reminder.

        Raises:
            TypeError, ValueError: it cannot be, or the prompt cannot be kept.
        """
        self._check_name(key, name)
        due, often = first_due(self._clock.now(), after, at, every)
        offer = Offer(key, prompt, More())
        self._kept.drafted(offer)
        assert offer.more.body is not None
        return ReminderRow(key, name, due, often, offer.more.body)

    def draft_forget(self, key: str, name: str) -> str:
        """Look at the name of one that is to be forgotten.

        Raises:
            TypeError, BadInputError: it cannot be one.
        """
        self._check_name(key, name)
        return name

    def _check_name(self, key: str, name: object) -> None:
        """Refuse what cannot be a reminder's name.

        Raises:
            TypeError, BadInputError: not a non-empty str that can be stored.
        """
        if not isinstance(name, str):
            msg = f"a reminder's name must be a str, got {name!r}"
            raise TypeError(msg)
        if not name:
            raise BadInputError(key, "name", "a reminder's name must not be empty")
        self._kept.check_text(key, "key", key)
        self._kept.check_text(key, "name", name)

    async def remind(self, row: ReminderRow) -> None:
        """Keep one.  A checkpoint.  Raises StoreRefusedError: it is not kept."""
        await self._ask(row.key, Remind(row), len(row.body), lambda: self.come([row]))

    async def unremind(self, key: str, name: str) -> bool:
        """Forget one; whether it was there.  A checkpoint."""
        self._marks += 1
        mark = self._kept.epoch * _IDS + self._marks
        record = ForgetReminder(key, name, mark, wall())
        answer = await self._ask(key, record, 0, lambda: None)
        return bool(answer.known)

    # Any: the answer that belongs to the record
    async def _ask(
        self, key: str, record: Any, size: int, then: Callable[[], object]
    ) -> Any:
        if self._kept.leaving:
            raise ClosedToNewError(key)
        waiter = Waiter()

        def told(answer: object) -> None:  # whoever waits may have been cancelled
            if not isinstance(answer, Refused | Exception):
                then()
            waiter.told(answer)

        self._kept.submit(Question(record, told, size))
        answer = await waiter.wait()
        if isinstance(answer, Refused):
            raise StoreRefusedError(key, answer.why)
        return answer

    def of(self, run: TurnRun, outcome: Outcome) -> Left:
        """What a turn leaves; nothing unless it has completed."""
        extra = run.extra
        if extra is None or not extra.reminders or not completed(outcome):
            return (), ()
        rows = tuple(each for each in extra.reminders.values() if each is not None)
        names = tuple(name for name, each in extra.reminders.items() if each is None)
        return rows, names

    def come(self, rows: Any) -> None:
        """The store has these: the timer may have to go off earlier."""
        for row in rows:
            if self._next is None or row.due < self._next:
                self._arm(row.due)

    # ------------------------------------------------------------------- they are due

    def begin(self) -> None:
        """The store is open: some may have been due meanwhile."""
        self._look()

    def look(self) -> None:
        """Some may be due that were not this node's, or that another has set."""
        if not self._full:
            self._look()

    def end(self) -> None:
        """The router ends: what is due stays in the store."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        self._next = due
        self._set(min(max(0.0, due - self._clock.now()), _LOOK), self._ring)

    def _set(self, seconds: float, call: Callable[[], object]) -> None:
        self.end()
        core = self._kept.core
        self._timer = core.at(core.now() + seconds, call)

    def _ring(self) -> None:
        self._timer = None
        if self._next is None or self._next <= self._clock.now() + _EARLY:
            self._look()
        else:
            self._arm(self._next)

    def _look(self) -> None:
        """Look for those that are due, as many as may wait for a turn."""
        core = self._kept.core
        if self._looks or self._kept.leaving or not core.admission.open:
            return
        now = core.now()
        for number, since in tuple(self.waits.items()):
            if since + _STUCK > now:
                break
            del self.waits[number]
        room = self._kept.policy.reminders - len(self.waits)
        self._full = room <= 0
        if self._full:
            since = next(iter(self.waits.values()))
            self._next = None
            self._set(since + _STUCK - now, self._ring)
            return
        self._looks = True
        self._again = False
        due = Due(self._clock.now() + _EARLY, room)
        if self._kept.others is not None:
            due = attrs.evolve(due, partitions=self._kept.others.steady)
        self._ask_page(due)

    def _ask_page(self, due: Due) -> None:
        self._kept.submit(Entry(due, lambda page: self._came(page, due)))

    def _came(self, page: DuePage, due: Due) -> None:
        self._next = None
        if self._kept.leaving:
            self._looks = False
            return
        rows = [row for row in page.reminders if not self._is_late(row)]
        if rows:
            self._fires = len(rows)
            for row in rows:
                self._fire(row, due.until)
        elif page.reminders and page.next is not None and page.next <= due.until:
            last = page.reminders[-1]  # all of them are late: there may be others
            after = (last.due, last.key, last.name)
            self._ask_page(attrs.evolve(due, after=after))
        else:
            self._looks = False
            if self._again:
                self._look()
            elif page.next is not None:
                self._arm(page.next)

    def _is_late(self, row: ReminderRow) -> bool:
        """Whether its prompt before this one still waits: it comes after that."""
        place = row.key, row.name
        if row.every is None or place not in self.open:
            return False
        self._late.add(place)
        return True

    def _fire(self, reminder: ReminderRow, now: float) -> None:
        """Have the prompt of one accepted, in the store first."""
        core, key = self._kept.core, reminder.key
        beat = beat_of(reminder.due, reminder.every, now)
        core.ids = number = core.ids + 1
        core.unused += 1  # until it is accepted
        row = Row(
            number,
            key,
            id_of(reminder.name, beat.due),
            FOLLOW_UP.value,
            None,
            None,
            self._kept.codec.encode([beat.missed], ORIGIN),
            1,
            0,
            None,
            None,
            reminder.body,
            wall(),
        )
        self._out[number] = row
        record = Fire(row, reminder.name, reminder.due, beat.next)

        def told(answer: Fired | Refused) -> None:
            self._fired(row, beat.missed, answer)

        self._kept.submit_key(key, Entry(record, told, len(row.body)))

    def _fired(self, row: Row, missed: int, answer: Fired | Refused) -> None:
        if isinstance(answer, Refused):  # it would be due for ever
            raise StoreRefusedError(row.key, answer.why)
        del self._out[row.number]
        if row.number in self._void:
            self._void.discard(row.number)  # it has been withdrawn
        elif answer.done:
            self._take(row, missed)
        self._fires -= 1
        if not self._fires:
            self._looks = False
            self._look()

    def _take(self, row: Row, missed: int) -> None:
        """The store has the prompt: it is accepted here too."""
        core, key, now = self._kept.core, row.key, self._kept.core.now()
        more = More()
        more.kind = FOLLOW_UP
        more.message_id = row.id
        more.reminder = reminder_of(row.id, missed)
        more.row = Place(key, row.number)
        lane: Lane | None = core.lanes.get(key)
        try:
            prompt = self._kept.codec.decode(row.body, PROMPT)
        except CodecError as error:
            lane = lane if lane is not None else Lane(key, core, now)
            receipt = Receipt[Any](lane, None, row.number, now, more)
            self._kept.finding.come(receipt)
            core.unused -= 1
            core.settle(receipt, Failed(error=error))
            return
        self.open[key, more.reminder.name] = row.number
        offer = Offer(key, prompt, more)
        offer.left, offer.number = True, row.number
        if lane is None or (lane.turn is None and not lane.waiting):
            self.waits[row.number] = now  # else it is its own key that it waits for
        core.accepting.take([offer])

    def moved(self, receipt: Receipt[Any]) -> None:
        """A prompt waits no more: its turn begins, or it has its outcome."""
        if self.open:
            self._moved_on(receipt)
        if self.waits.pop(receipt.id, None) is None or not self._full:
            return
        if len(self.waits) <= self._kept.policy.reminders // 2:
            self._look()

    def came_back(self, receipt: Receipt[Any], name: str) -> None:
        """A prompt that an earlier router has had waits here."""
        self.open[receipt.key, name] = receipt.id

    def _moved_on(self, receipt: Receipt[Any]) -> None:
        """If it is a reminder's, and that was due again meanwhile: it may come."""
        more = receipt._more
        if more is None or more.reminder is None:
            return
        place = receipt.key, more.reminder.name
        if self.open.get(place) != receipt.id:
            return
        del self.open[place]
        if place in self._late:
            self._late.discard(place)
            self._again = True
            self._look()

    def forget(self, key: str) -> None:
        """A key is forgotten by a record behind those on their way."""
        self._void.update(each.number for each in self._out.values() if each.key == key)
