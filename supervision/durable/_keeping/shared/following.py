"""`Following`: prompts of keys of others, and prompts that others have stored.

Both are looked for in the store, now and then, and at once when a hint has come.  What
is asked is derived from what is there: prompts of this node's partitions that no lane
has, and prompts of which somebody here waits for the outcome.  Nothing is remembered
from one look to the next: a number that is lower may be stored later.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from actors import (
    ClosedToNewError,
    Lost,
    Outcome,
    Receipt,
    SaturatedError,
    UnknownPromptError,
)
from actors.hosting import ChunkLog, Timer
from supervision._routing.parts.lane import Lane
from supervision.durable._journals.journals import stream_of
from supervision.durable._keeping.ground.place import key_of
from supervision.durable._sharing.words import IDS, EndedRow, Hint, Poll, Polled
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import (
    Row,
)
from supervision.durable._writing.book import Entry


class Following:
    """Prompts that are stored by one node and run by another.

    Args:
        kept: the other parts.
    """

    __slots__ = (
        "_again",
        "_asked",
        "_hints",
        "_kept",
        "_seen",
        "_timer",
    )

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._timer: Timer | None = None
        self._asked = False
        self._again = False  # something has come meanwhile: look once more
        self._seen: set[int] = set()  # prompts that came here since the latest look
        self._hints: dict[str, None] = {}

    # ------------------------------------------------------------- they are elsewhere

    def follow(self, receipts: Sequence[Receipt[Any]]) -> None:
        """These were here, and are left to the store."""
        kept = self._kept
        for receipt in receipts:
            more = receipt.need_more()
            more.settling, more.steers = False, None
            receipt._turn = None
            kept.finding.over(receipt)
            place: Any = more.row
            if place.repeats is not None:
                kept.bringing.hold([receipt])
                kept.others.storing.repeats(receipt, place.repeats)
                continue
            log = stream_of(receipt)
            if log is not None and log.keeper is not None:
                log.keeper.cut()
                log.uncertain = True
            elif more.stream is not None:
                more.stream.close()  # nothing more comes here
                more.unkept, more.stream = True, None
            kept.bringing.hold([receipt])
        if receipts:
            self.soon()

    # --------------------------------------------------------------------- it is looked

    def begin(self) -> None:
        """The store is open."""
        self._poll()

    def end(self) -> None:
        """The router ends."""
        if self._timer is not None:
            self._timer.cancel()

    def soon(self) -> None:
        """There may be something new: look now."""
        if self._asked:
            self._again = True
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = self._kept.at(self._kept.now(), self._poll)

    def came(self, number: int) -> None:
        """A prompt is here: what a look says of it is old."""
        if self._asked:
            self._seen.add(number)

    def _poll(self) -> None:
        self._timer = None
        kept = self._kept
        members = kept.others.members
        if kept.closed or members.sharing is None:
            return
        self._asked, self._again = True, False
        self._seen.clear()
        first, last = kept.own
        question = Poll(
            partitions=members.steady,
            opened=kept.epoch,
            known=tuple(
                each for each in kept.finding.numbers() if not first <= each <= last
            ),
            follows=(*kept.bringing.followed(), *kept.finding.followed()),
            asked=kept.others.verbs.asked(),
            most=kept.policy.page,
        )
        members.sharing.ask(question, self._polled)

    def _polled(self, polled: Polled | Exception) -> None:
        self._asked = False
        kept = self._kept
        if kept.closed:
            return
        again = self._again
        if isinstance(polled, Polled):
            moved = self._take_in(polled.rows)
            again = again or (moved and len(polled.rows) >= kept.policy.page)
            for row in polled.ended:
                self._has_ended(row)
            kept.others.verbs.came(polled.verbs, polled.answers)
            self._read_on()
            kept.reminding.look()
        policy, hears = kept.others.members.policy, kept.others.members.sharing.hears
        pause = policy.poll if hears else policy.poll_unheard
        pause *= 1 - kept.random() / 2
        self._timer = kept.at(kept.now() + (0 if again else pause), self._poll)

    # ------------------------------------------------------------ what others have sent

    def _take_in(self, rows: Sequence[Row]) -> bool:
        """Prompts for keys of this node; whether any is here now that was not."""
        kept = self._kept
        core, moved = kept.core, False
        new: dict[str, None] = {}
        for row in rows:
            number = row.number
            if (
                number in self._seen
                or kept.finding.here(number) is not None
                or kept.bringing.is_void(number)
                or not kept.others.members.has(row.key)
            ):
                continue
            lane: Lane | None = core.lanes.get(row.key)
            if lane is None:
                new[row.key] = None
            elif key_of(lane).brought:
                try:
                    core.joining.make_room(lane)
                except (SaturatedError, ClosedToNewError):
                    continue  # the next look finds it
                kept.bringing.join(lane, row)
                moved = True
        for key in new:
            moved = kept.recovery.once(key) or moved
        return moved

    # -------------------------------------------------------- what others have answered

    def _has_ended(self, row: EndedRow) -> None:
        kept, core = self._kept, self._kept.core
        number, outcome = row.number, None
        if row.outcome is not None:
            outcome = kept.finding.outcome_of(row.outcome)
        receipt: Receipt[Any] | None = kept.bringing.find(number)
        if receipt is not None:
            log = stream_of(receipt)
            is_kept = log is not None and log.keeper is not None
            if is_kept and core.readers.of(receipt.key):
                # all that it has said, first: who is to be told of another try is not
                # attached just now, and reads it all the same
                look = Find(receipt.key, "", number)
                then = partial(self._told_last, receipt, outcome, row)
                kept.submit(Entry(look, then))
            else:
                if is_kept:
                    core.readers.let_go(receipt)  # nothing of it is here
                self._tell(receipt, outcome, row)
        for each in kept.finding.followers_of(number):
            if outcome is None:
                core.unused += 1  # it was one of the accepted
                each.leave(UnknownPromptError(each.key, number))
            else:
                each._turn = row.turn
                core.give(each, outcome)

    def _told_last(
        self,
        receipt: Receipt[Any],
        outcome: Outcome | None,
        row: EndedRow,
        found: Found,
    ) -> None:
        self._has_said(receipt, found)
        self._tell(receipt, outcome, row)

    def _tell(
        self, receipt: Receipt[Any], outcome: Outcome | None, row: EndedRow
    ) -> None:
        kept = self._kept
        if kept.bringing.let_go(receipt.id) is None:
            return
        place: Any = receipt.need_more().row
        if outcome is None and place.in_doubt:
            outcome = Lost("the store has not got it")
        elif outcome is None:
            name = receipt.given_id or receipt.id
            for each in (receipt, *(receipt.need_more().followers or ())):
                each.leave(UnknownPromptError(receipt.key, name))
            return
        kept.bringing.count_in(receipt)
        receipt._turn = row.turn
        kept.core.give(receipt, outcome)

    # ------------------------------------------------------------------ what they read

    def _read_on(self) -> None:
        """Whoever reads an answer that is given elsewhere reads on in the store."""
        for receipt in self._kept.bringing.followed_receipts():
            log = stream_of(receipt)
            if log is not None and log.keeper is not None and log.attached:
                look = Find(receipt.key, "", receipt.id)
                self._kept.submit(Entry(look, partial(self._has_said, receipt)))

    def _has_said(self, receipt: Receipt[Any], found: Found) -> None:
        """So far an answer has come, as the store has it."""
        log: ChunkLog[Any] | None = stream_of(receipt)
        if (
            log is None
            or not isinstance(found, Found)
            or found.number is None
            or self._kept.bringing.find(receipt.id) is None  # it is here now
        ):
            return
        self._kept.journals.has_said(log, found)

    # ---------------------------------------------------------------------------- hints

    def hint_owner(self, key: str) -> None:
        """The owner of a key has something to find."""
        members = self._kept.others.members
        owner = members.owner_of(key)
        if owner is not None:
            self.hint(owner.node)
            return
        for each in members.others():  # one of them, it may be
            self.hint(each)

    def hint_senders(self, numbers: Sequence[int]) -> None:
        """Whoever has stored these prompts has something to find."""
        kept = self._kept
        first, last = kept.own
        for number in numbers:
            if not first <= number <= last:
                opened = (number - 1) // IDS + 1
                node = kept.others.members.node_of(opened)
                if node is not None:
                    self.hint(node)

    def hint(self, node: str) -> None:
        """A node has something to find."""
        if not self._hints:
            self._kept.at(self._kept.now(), self._send_hints)
        self._hints[node] = None

    def _send_hints(self) -> None:
        nodes, self._hints = tuple(self._hints), {}
        sharing = self._kept.others.members.sharing
        if nodes and sharing is not None and not self._kept.closed:
            sharing.ask(Hint(nodes), _nothing)


def _nothing(_: object) -> None:
    """Nothing follows."""
