"""`Kept`: a router's `Keeping` with a store behind it.

Each of its hooks is one step: it submits a record and returns.  What follows comes with
the answer.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from actors import (
    Lost,
    Outcome,
    Receipt,
    RefusedError,
    Steered,
    Withdrawn,
)
from actors.hosting import Timer, TurnRun
from supervision._routing.core.core import IDS
from supervision._routing.core.keeping import Begin as GoBegin
from supervision._routing.core.keeping import Settle as GoSettle
from supervision._routing.core.waiting import Line
from supervision._routing.parts.lane import UNSET, Lane
from supervision.durable._codec.failures import words_of
from supervision.durable._histories.log import StoredLog
from supervision.durable._journals.journals import Journals
from supervision.durable._words.errors import (
    StoreAwayError,
    StoreBusyError,
    StoreRefusedError,
)
from supervision.durable._words.events import StoreDown, StoreUp
from supervision.durable._words.opened import Claimed, Opened
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import (
    Bind,
    Ended,
    Forget,
    Forgotten,
    Quarantine,
    Refused,
    Settle,
)
from supervision.durable._words.rules import unwritable
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.waiter import ENDED
from supervision.durable._writing.writer import Writer

from .arriving import Arriving
from .bodies import ORIGIN, OUTCOME, TOKEN, Bodies
from .bringing import Bringing, history_of, key_of
from .finding import Finding
from .later.reminding import Reminding
from .looking import Looking
from .place import KeptTokens
from .pruning import Pruning
from .recovery import Recovery
from .turning import Turning
from .wall import Wall, wall

logger = logging.getLogger("supervision")


class Kept:
    """What stands between a router's decisions and what follows, with a store.

    Args:
        claimed: the store, which is this router's.
        policy: how much and how long it keeps.
        codec: values as bytes, and back.
        crash: ends the router with an error.
        clock: by which reminders are due.
    """

    plain = False

    def __init__(
        self,
        claimed: Claimed,
        policy: StorePolicy,
        codec: Bodies,
        crash: Callable[[Exception], None],
        clock: Wall,
    ) -> None:
        self.claimed = claimed
        self.policy = policy
        self.codec = codec
        self._crash = crash
        self.core: Any = None  # the router's parts; Any: made after this one
        self.epoch = claimed.number
        # numbers of prompts that came to this router before its store was open are
        # behind the first and up to the second; later ones are behind the third
        self.first = self.before = self.after = 0
        self.tokens = KeptTokens()
        self.left: list[Receipt[Any]] = []
        # when it is closed: those that wait in the store and may be in somebody's hands
        self.waiting: list[Receipt[Any]] = []
        self.line: Line = deque()  # who waits for room in the store
        self.leaving = False
        self.closed = False  # nobody will be answered any more
        self.writer = Writer(policy, self)
        self.arriving = arriving = Arriving(self)
        # hooks that are a part's alone, without a call between
        self.submit = self.writer.submit
        self.offered, self.accepted = arriving.offered, arriving.accepted
        self.drafted, self.leave_there = arriving.drafted, arriving.leave_there
        self.take_back = arriving.take_back
        self.bringing = Bringing(self)
        self.turning = turning = Turning(self)
        self.seal, self.ended = turning.seal, turning.ended
        self.unbegun, self.returning = turning.unbegun, turning.returning
        self.journals = Journals(self)
        self.finding = Finding(self)
        self.clock = clock
        self.reminding = Reminding(self, clock)
        self.recovery = Recovery(self)
        self.store = Looking(self)
        self.opened: Opened | None = None
        self.pruning = Pruning(self)
        self._forgets = 0  # so many keys have been forgotten

    def join(self, core: Any, receipts: list[Receipt[Any]]) -> None:
        """The router is there.

        Args:
            core: its parts.
            receipts: what is in somebody's hands of the router before this one.
        """
        self.core = core
        self.first = self.before = self.after = core.ids
        self.bringing.hold(receipts)

    # -------------------------------------------------------------------- it is open

    async def open(self, ids: int) -> None:
        """Open the store.  Raises StoreError: it cannot be.

        Args:
            ids: so many there are in one opening.
        """
        self.opened = opened = await self.claimed.open()
        core = self.core
        more = (opened.opened - self.epoch) * ids
        self.epoch = opened.opened
        self.before = core.ids  # those that were given before stay as they are
        core.ids += more
        self.after = core.ids
        core.unused += more
        core.turn_ids += more
        self.writer.begin(opened)
        self.store.open()
        self.recovery.begin()
        self.reminding.begin()
        self.pruning.begin()

    def came(self, number: int) -> bool:
        """Whether the prompt with this number came to this router."""
        return self.first < number <= self.before or number > self.after

    async def close(self) -> None:
        """Wait for what is on its way, within bounds, and let go of the store.

        Cancelled: its time is up.  Then too whoever waits for anything is told.
        """
        self.pruning.end()
        self.reminding.end()
        self.journals.end()
        self.closed = True
        try:
            await self.writer.wait_quiet(self.policy.close_within)
        finally:
            try:
                self._answer_all(self.writer.end())
            finally:
                await self._let_go()  # noqa: ASYNC102 - as far as it has to, shielded

    def _answer_all(self, unanswered: tuple[Entry, ...]) -> None:
        """Nothing is written any more: nobody is to wait for it."""
        for entry in unanswered:
            if isinstance(entry, Question):
                entry.told(StoreAwayError(ENDED))
            for receipt in entry.receipts:
                row = receipt.need_more().row
                if row is not None:
                    row.left()
                self.core.give(receipt, Lost("the store has not answered"))
        for lane in tuple(self.core.lanes.values()):
            self.core.leaving.go_on(lane)
        self.waiting = [*self._leave_rest(), *self.bringing.rest()]

    async def _let_go(self) -> None:
        """Let go of the store, for another router."""
        if self.opened is not None:
            await self.opened.close()
        else:
            self.claimed.release()

    def _leave_rest(self) -> list[Receipt[Any]]:
        """Count as left what has no outcome, wherever it was.

        A turn may have ended since the lanes were looked at, and its prompts are to be
        tried again.
        """
        rest = self.finding.rest()
        known = {each.id for each in self.left}
        self.left += [each for each in rest if each.id not in known]
        return rest

    # ------------------------------------------------------------- a writer's router

    def now(self) -> float:
        """See `Surroundings`; so are the next five."""
        return float(self.core.now())

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        timer: Timer = self.core.at(deadline, call)
        return timer

    def random(self) -> float:
        return float(self.core.world.random())

    def is_down(self, error: StoreAwayError) -> None:
        logger.error("%s: %s", self.core.ref.path, error)
        self._tell(StoreDown, error)

    def is_up(self, seconds: float) -> None:
        text = "%s: the store answers again, after %.3g s"
        logger.warning(text, self.core.ref.path, seconds)
        self._tell(StoreUp, seconds)

    def has_room(self) -> None:
        self.store.watch()
        if self.line:
            self.core.accepting.waiting.admit_line(self.line)

    def fail(self, error: Exception) -> None:
        self._crash(error)

    def _tell(self, kind: Any, *args: Any) -> None:
        core = self.core
        if core.wants(kind):
            core.publish(kind(core.now(), core.ref, *args))

    # -------------------------------------------------------------------- prompts come

    def line_for(self, error: RefusedError) -> Line | None:
        """See `Keeping`."""
        return self.line if isinstance(error, StoreBusyError) else None

    async def find(self, key: str, id: str) -> Receipt[Any] | None:  # noqa: A002
        """See `RouterRef.find`."""
        return await self.finding.find(key, id)

    # ------------------------------------------------------------- the other hooks

    def bring(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """See `Keeping`."""
        self.bringing.ask(lane, go)

    def begins(self, run: TurnRun, go: GoBegin) -> None:
        """See `Keeping`."""
        if not self.leaving:
            self.turning.begins(run, go)

    def settled(self, receipt: Receipt[Any], outcome: Outcome, go: GoSettle) -> None:
        """See `Keeping`."""
        place: Any = receipt.need_more().row
        if place is None:
            go(receipt, outcome)
            return
        if isinstance(outcome, Steered):
            self.turning.steered(receipt, outcome, go)
            return
        if place.error is not None:  # it is not there
            go(receipt, outcome)
            return
        body = self.codec.encode(outcome, OUTCOME)
        record = Settle(receipt.key, Ended(receipt.id, body, outcome.turn), wall())
        away = self.bringing.ends(receipt.id)

        def told(answer: object) -> None:
            if isinstance(answer, Refused):  # an outcome as small as they come
                raise StoreRefusedError(receipt.key, answer.why)
            if away:
                self.bringing.has_ended(receipt.id)
            if place.repeats is not None:  # what it got belongs to the first one
                lane: Any = receipt._lane
                self.finding.follow(lane, receipt, place.repeats)
            else:
                self.finding.over(receipt)
                go(receipt, outcome)

        self.submit(Entry(record, told, len(body), (receipt,)))

    def bound(self, key: str, token: object) -> None:
        """See `Keeping`."""
        lane: Lane | None = self.core.lanes.get(key)
        run: TurnRun | None = lane.turn if lane is not None else None
        if (
            lane is not None
            and run is not None
            and run.has_begun
            and run.turn is not None
        ):
            known = key_of(lane)
            known.bound, known.token = True, token
            return
        body = None
        if token is not None:
            body = self.codec.encode(token, TOKEN)
        self.submit(Entry(Bind(key, body, wall()), self.store.heard_of(key, "token")))

    def quarantined(self, lane: Lane, term: float, crash: BaseException) -> None:
        """See `Keeping`."""
        now = wall()
        body = self.codec.encode([now + term, *words_of(crash).args], ORIGIN)
        told = self.store.heard_of(lane.key, "quarantine")
        self.submit(Entry(Quarantine(lane.key, body, now), told))

    def forgotten(self, lane: Lane, reason: object) -> None:
        """See `Keeping`."""
        key = key_of(lane)
        key.state, key.bound, key.token = None, False, None
        key.forgotten = True
        history_of(self, lane).forget()
        key.stale = key.asked and not key.brought
        run: TurnRun | None = lane.turn
        taken = self.turning.taken(run) if run is not None else ()
        self._forget(lane.key, tuple(each.id for each in taken), reason)
        if key.held is not None:  # there is nothing left that cannot be read
            key.held = None
            self.bringing.fetch(lane)

    def forgotten_unseen(self, key: str, reason: object) -> bool:
        """See `Keeping`."""
        if unwritable(key) is not None:
            return False
        self._forget(key, (), reason)
        return True

    def history_of(self, lane: Lane) -> StoredLog:
        """See `Keeping`."""
        return history_of(self, lane)

    def left_by(self, lane: Lane) -> Any:
        """See `Keeping`."""
        key = key_of(lane)
        forgotten, key.forgotten = key.forgotten, False
        return UNSET if forgotten else lane.state

    def _forget(self, key: str, but: tuple[int, ...], reason: object) -> None:
        """In one record: what waits here is settled by others, which come too late."""
        outcome = Withdrawn(reason)
        withdrawn = self.codec.encode(outcome, OUTCOME)
        self._forgets += 1
        mark = self.epoch * IDS + self._forgets
        record = Forget(key, withdrawn, self.epoch, but, wall(), mark)
        self.turning.forget(key)
        self.reminding.forget(key)
        self.arriving.forget_left(key)

        def told(answer: Forgotten | Refused) -> None:
            if isinstance(answer, Refused):  # an outcome as small as they come
                raise StoreRefusedError(key, answer.why)
            self.bringing.held = answer.held
            for number in answer.withdrawn:
                self.finding.withdrawn(number, outcome)

        self.submit(Entry(record, told))

    def kept(self, receipt: Receipt[Any]) -> bool:
        """See `Keeping`."""
        place: Any = receipt.need_more().row
        if place is None or place.error is not None:
            return False
        receipt.need_more().settling = True
        self.left.append(receipt)
        return True

    def room(self) -> None:
        """See `Keeping`."""
        if self.opened is not None and not self.recovery.done:
            self.recovery.go_on()

    def leave(self) -> None:
        """See `Keeping`."""
        self.leaving = True
        self.has_room()  # those who wait for it are refused
