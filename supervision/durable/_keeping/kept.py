"""`Kept`: a router's `Keeping` with a store behind it.

Each of its hooks is one step: it submits a record and returns.  What follows comes with
the answer.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from actors import (
    BadInputError,
    Lost,
    Receipt,
    RefusedError,
)
from actors.hosting import Timer, TurnRun
from supervision._routing.core.keeping import Begin as GoBegin
from supervision._routing.core.waiting import Line
from supervision._routing.parts.lane import Lane
from supervision.durable._histories.log import StoredLog
from supervision.durable._journals.journals import Journals
from supervision.durable._sharing.policy import SharingPolicy
from supervision.durable._sharing.words import Fenced, numbers_of
from supervision.durable._words.errors import (
    StoreAwayError,
    StoreBusyError,
)
from supervision.durable._words.events import StoreDown, StoreUp
from supervision.durable._words.opened import Claimed, Opened
from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.rules import unwritable
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.waiter import ENDED
from supervision.durable._writing.writer import Writer

from .arriving import Arriving
from .bringing import Bringing, history_of
from .finding import Finding
from .ground.bodies import Bodies
from .ground.place import KeptTokens, key_of
from .ground.wall import Clock
from .later.reminding import Reminding
from .looking import Looking
from .pruning import Pruning
from .recovery import Recovery
from .settling import Settling
from .shared.others import Others
from .turning import Turning
from .vanishing import Vanishing

logger = logging.getLogger("supervision")
LONGEST: Final = 1024
"""Bytes of a key, an id or a name: two of them and more fit into an index's row."""


class Kept:
    """What stands between a router's decisions and what follows, with a store.

    Args:
        claimed: the store, which is this router's.
        policy: how much and how long it keeps.
        codec: values as bytes, and back.
        crash: ends the router with an error.
        clock: by which reminders are due.
        sharing: how nodes live together; None: the store is this router's alone.
    """

    plain = False

    def __init__(
        self,
        claimed: Claimed,
        policy: StorePolicy,
        codec: Bodies,
        crash: Callable[[Exception], None],
        clock: Clock,
        sharing: SharingPolicy | None = None,
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
        # Any: a lane, or a key
        self.submit_of: Callable[[Any, Entry], None] = self.writer.submit_of
        self.submit_key: Callable[[Any, Entry], None] = self.writer.submit_of
        self.others: Others | None = None
        if sharing is not None:
            self.others = others = Others(self, sharing)
            clock = others.members
            self.submit_of, self.submit_key = others.submit_of, others.submit_key
        self.offered, self.accepted = arriving.offered, arriving.accepted
        self.drafted, self.leave_there = arriving.drafted, arriving.leave_there
        self.take_back = arriving.take_back
        self.bringing = Bringing(self)
        self.turning = turning = Turning(self)
        self.seal, self.ended = turning.seal, turning.ended
        self.unbegun, self.returning = turning.unbegun, turning.returning
        self.settling = settling = Settling(self)
        self.settled, self.bound = settling.settled, settling.bound
        self.quarantined, self.left_by = settling.quarantined, settling.left_by
        self.forgotten = settling.forgotten
        self.forgotten_unseen = settling.forgotten_unseen
        self.vanishing = Vanishing(self)
        self.journals = Journals(self)
        self.finding = Finding(self)
        self.clock = clock
        self.reminding = Reminding(self, clock)
        self.recovery = Recovery(self)
        self.store = Looking(self)
        self.opened: Opened | None = None
        self.pruning = Pruning(self)

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
        if self.others is not None:
            self.others.begin(opened.sharing)
        else:
            self.recovery.begin()
            self.finding.clear_doubts()
        self.reminding.begin()
        self.pruning.begin()

    def can_write(self, text: str) -> bool:
        """Whether the store can write a text: a key, an id, a name."""
        return self._why_not(text) is None

    def check_text(self, key: str, what: str, text: str) -> None:
        """Refuse what the store cannot write.  Raises BadInputError."""
        if self.others is None and text.isascii():  # as below, for the most
            return
        why = self._why_not(text)
        if why is not None:
            why = f"the {what} must be text {why}, got {text!r:.100}"
            raise BadInputError(key, what, why)

    def _why_not(self, text: str) -> str | None:
        """What a text would have to be, so that the store can write it; None: it is."""
        if not text.isascii() and unwritable(text) is not None:
            return "that has bytes, without half of a pair of surrogates"
        if self.others is None:
            return None
        if "\0" in text:
            return "without a zero, as nodes share the store"
        if len(text) > LONGEST or len(text.encode()) > LONGEST:
            return f"of at most {LONGEST} bytes, as nodes share the store"
        return None

    def came(self, number: int) -> bool:
        """Whether the prompt with this number came to this router."""
        if self.first < number <= self.before:
            return True
        if self.others is None:
            return number > self.after
        first, last = self.own
        return first <= number <= last

    @property
    def own(self) -> tuple[int, int]:
        """The first and the last number of prompts of this opening."""
        return numbers_of(self.epoch)

    def epoch_of(self, lane: Lane) -> int:
        """See `Keeping`."""
        lease = key_of(lane).lease if self.others is not None else None
        return lease.epoch if lease is not None else self.epoch

    async def close(self) -> None:
        """Wait for what is on its way, within bounds, and let go of the store.

        Cancelled: its time is up.  Then too whoever waits for anything is told.
        """
        self.pruning.end()
        self.reminding.end()
        self.journals.end()
        if self.others is not None:
            self.others.stop()
        self.closed = True
        try:
            await self.writer.wait_quiet(self.policy.close_within)
        finally:
            try:
                self._answer_all(*self.writer.end())
            finally:
                await self._let_go()  # noqa: ASYNC102 - as far as it has to, shielded

    def _answer_all(self, out: tuple[Entry, ...], rest: tuple[Entry, ...]) -> None:
        """Nothing is written any more: nobody is to wait for it.

        Args:
            out: what the store may have carried out.
            rest: what it has not.
        """
        for entry in (*out, *rest):
            if isinstance(entry, Question):
                entry.told(StoreAwayError(ENDED))
        for entry in out:
            for receipt in entry.receipts:
                self.finding.doubt(receipt)
        for entry in rest:
            for receipt in entry.receipts:
                place: Any = receipt.need_more().row
                if place is not None and place.stored:
                    self.finding.doubt(receipt)
                    continue
                if place is not None:
                    place.left()
                self.bringing.give_up(receipt)
                self.core.give(receipt, Lost("the store has not answered"))
        for lane in tuple(self.core.lanes.values()):
            self.core.leaving.go_on(lane)
        self.waiting = [*self._leave_rest(), *self.bringing.rest()]

    async def _let_go(self) -> None:
        """Let go of the store, for another router."""
        try:
            if self.others is not None:
                await self.others.end(self.policy.close_within)
        finally:
            if self.opened is not None:
                await self.opened.close()  # noqa: ASYNC102 - as far as it has to, shielded
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
        self.tell(StoreDown, error)

    def is_up(self, seconds: float) -> None:
        text = "%s: the store answers again, after %.3g s"
        logger.warning(text, self.core.ref.path, seconds)
        self.tell(StoreUp, seconds)

    def has_room(self) -> None:
        self.store.watch()
        if self.line:
            self.core.accepting.waiting.admit_line(self.line)

    def fail(self, error: Exception) -> None:
        self._crash(error)

    def fenced(self, entry: Entry, answer: Fenced) -> None:
        assert self.others is not None
        self.others.fenced(entry, answer)

    def tell(self, kind: Any, *args: Any) -> None:
        """Publish an event about the store, if somebody wants to know."""
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

    def history_of(self, lane: Lane) -> StoredLog:
        """See `Keeping`."""
        return history_of(self, lane)

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
        if self.recovery.waits and self.opened is not None:
            self.recovery.go_on()

    def leave(self) -> None:
        """See `Keeping`."""
        self.leaving = True
        self.has_room()  # those who wait for it are refused

    def keep_no_more(self, receipt: Receipt[Any]) -> bool:
        """Another stands in the store in its place; whether it was among those left."""
        if receipt not in self.left:
            return False
        self.left.remove(receipt)
        return True
