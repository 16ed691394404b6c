"""`Arriving`: prompts on their way into the store, and what the store says of them.

What is wrong with a prompt is found before anything is changed.  Its record goes out in
the step in which it is accepted; the answer says that it is kept, that the store has
had the same message before, or that it refuses this one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from actors import ClosedToNewError, PromptKind, Receipt, Rejected, Withdrawn
from actors.hosting import ASIDE, ENDED, WORK, TurnRun
from actors.hosting import PROMPT as PROMPT_KIND
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import GONE, Lane
from supervision.durable._words.errors import (
    PromptIdError,
    PromptTooLargeError,
    StoreBusyError,
    StoreRefusedError,
)
from supervision.durable._words.records import (
    ACCEPTED,
    Accept,
    Accepted,
    Refused,
    Repeated,
    Row,
)
from supervision.durable._words.rules import MADE
from supervision.durable._writing.book import Entry

from .ground.bodies import ORIGIN, PROMPT
from .ground.place import Place, key_of
from .ground.wall import wall

STEER: Final = PromptKind.STEER


class Arrival(Entry):
    """A prompt on its way into the store.

    The mark of its turn goes with it, in its row, if that turn has its slot in the step
    in which the prompt is accepted.

    Args:
        arriving: hears the answer.
        lane: its key's.
        receipt: its receipt.
        record: what is to be carried out.
        size: bytes of its body.
    """

    __slots__ = ("_arriving", "_go", "_lane", "_receipt", "_run")

    def __init__(
        self,
        arriving: Arriving,
        lane: Lane,
        receipt: Receipt[Any],
        record: Accept,
        size: int,
    ) -> None:
        self._arriving = arriving
        self._lane = lane
        self._receipt = receipt
        self.record = record
        self.size = size
        self.out = self.void = False
        self.lease = None
        self._run: TurnRun | None = None  # that is marked with it
        self._go: Any = None  # Any: what begins that

    @property
    def receipts(self) -> tuple[Receipt[Any], ...]:  # type: ignore[override] # rare
        """The prompt's."""
        return (self._receipt,)

    def mark(self, run: TurnRun, opened: int, go: Callable[[TurnRun], None]) -> bool:
        """Have a turn marked with it; False: it has other prompts.  It is not out."""
        receipts, receipt = run.receipts, self._receipt
        if len(receipts) != 1 or receipts[0] is not receipt or self.void:
            return False
        row = self.record.row  # type: ignore[union-attr] # it is an Accept
        row.tried, row.begun = receipt.need_more().tried + 1, opened
        self._run, self._go = run, go
        return True

    def told(self, answer: Accepted | Repeated | Refused) -> None:
        """Hear the answer, then that of the mark."""
        arriving, run = self._arriving, self._run
        if answer is ACCEPTED:  # as below, for the most
            more: Any = self._receipt._more  # Any: its row is a `Place`
            more.row.written()
            if more.stream is not None:
                arriving.stored(self._receipt)
        else:
            if run is not None and isinstance(answer, Accepted) and answer.others:
                arriving.not_marked(run)  # others are first
            arriving.answered(self._lane, self._receipt, answer)
        if run is not None:
            arriving.marked(run, self._go)


class Arriving:
    """Prompts come.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "_left")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        # {key: prompts of it that wait in the store, for want of a place}
        self._left: dict[str, list[Offer]] = {}

    def offered(self, offer: Offer) -> None:
        """See `Keeping`."""
        more, key = offer.more, offer.key
        kept = self._kept
        kept.check_text(key, "key", key)  # not even to be asked for
        if more.kind is not PROMPT_KIND and more.kind in (ASIDE, WORK):
            return
        if offer.tenant is not None:
            kept.check_text(key, "tenant", offer.tenant)
        if kept.leaving:
            raise ClosedToNewError(key)
        size = self._encode(offer)
        book = kept.writer.book
        if not book.has_room(size):
            raise StoreBusyError(key, book.prompts, kept.policy.unwritten)

    def drafted(self, offer: Offer) -> None:
        """See `Keeping`."""
        self._kept.check_text(offer.key, "key", offer.key)
        self._encode(offer)

    def _encode(self, offer: Offer) -> int:
        """Look at a prompt, and make its body; how large it is.

        Raises:
            PromptIdError: its id is one that a store makes.
            BadInputError: its id or its job is one that no store can write.
            PromptTooLargeError: it is larger than the store's policy says.
            TypeError, ValueError: it cannot be kept as it is.
        """
        more, kept = offer.more, self._kept
        if more.message_id is not None:
            if more.message_id.startswith(MADE):
                raise PromptIdError(offer.key, more.message_id, MADE)
            kept.check_text(offer.key, "id", more.message_id)
        if more.job is not None:
            kept.check_text(offer.key, "job", more.job)
        body = more.body
        if body is None:
            body = more.body = kept.codec.encode(offer.prompt, PROMPT)
            if more.origin is not None:
                kept.codec.encode(more.origin, ORIGIN)
        most = kept.policy.prompt_bytes
        if len(body) > most:
            raise PromptTooLargeError(offer.key, len(body), most)
        return len(body)

    def accepted(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """See `Keeping`."""
        more, kept = receipt.need_more(), self._kept
        if more.row is not None:  # a turn has left it, and it is there
            kept.finding.come(receipt)
            return
        kind, number = more.kind, receipt.id
        body, more.body = more.body, None
        if kind is not PROMPT_KIND and kind in (ASIDE, WORK):
            return
        assert body is not None
        origin = None
        if more.origin is not None:
            origin = kept.codec.encode(more.origin, ORIGIN)
        key = key_of(lane)
        bring = not (key.brought or key.asked or kept.bringing.rests(key))
        if bring:
            key.asked = True
        row = Row(
            number,
            lane.key,
            more.message_id or f"{MADE}{number}",
            "send" if kind is PROMPT_KIND else kind.value,
            lane.tenant,
            more.job,
            origin,
            more.attempts,
            0,
            None,
            lane.turn.id if kind is STEER else None,
            body,
            wall(),
            kept.journals.accepted(receipt) if more.stream is not None else None,
        )
        entry = Arrival(self, lane, receipt, Accept(row, bring), len(body))
        more.row = Place(lane.key, number, entry)
        kept.finding.come(receipt)
        kept.submit_of(lane, entry)

    def leave_there(self, offer: Offer) -> Receipt[Any]:
        """See `Keeping`: it comes with its key, when there is a place."""
        core, key = self._kept.core, offer.key
        now = core.now()
        lane = Lane(key, core, now)
        receipt = Receipt(lane, offer.prompt, offer.number, now, offer.more)
        offer.receipt = receipt
        self._kept.bringing.hold([receipt])
        others = self._kept.others
        if others is not None and others.has(key):
            lane.phase = GONE
            others.following.hint_owner(key)
        else:
            self._left.setdefault(key, []).append(offer)
        self._kept.recovery.again(key)
        return receipt

    def has_left(self, key: str) -> bool:
        """Whether prompts of this key wait in the store, for want of a place."""
        return key in self._left

    def forget_left(self, key: str) -> None:
        """They come with their key, or are withdrawn there."""
        self._left.pop(key, None)

    def bring_left(self, lane: Lane) -> None:
        """Its key has a place: those that have not come with it are accepted."""
        for offer in self._left.pop(lane.key, ()):
            if self._kept.bringing.let_go(offer.number) is not None:
                self._kept.core.accepting.take([offer])

    def stored(self, receipt: Receipt[Any]) -> None:
        """The store has a prompt whose answer is read as it comes."""
        self._kept.journals.stored(receipt)

    def not_marked(self, run: TurnRun) -> None:
        """The store has not marked a turn that was to be marked with its prompt."""
        self._kept.turning.not_marked(run)

    def marked(self, run: TurnRun, go: Callable[[TurnRun], None]) -> None:
        """The store has the mark of a turn: it begins, if it still is to."""
        kept = self._kept
        if run.phase is not ENDED and not kept.leaving:
            if kept.reminding.waits or kept.reminding.open:
                for each in run.receipts:
                    kept.reminding.moved(each)
            go(run)

    def answered(
        self,
        lane: Lane,
        receipt: Receipt[Any],
        answer: Accepted | Repeated | Refused,
    ) -> None:
        """The store has said whether it has a prompt."""
        place: Place = receipt.need_more().row  # type: ignore[assignment]
        if self._kept.bringing.find(receipt.id) is receipt:
            # its key has gone to another node while this was on its way
            self._kept.others.handing.answered(receipt, answer)
            return
        if isinstance(answer, Refused):
            error = StoreRefusedError(lane.key, answer.why)
            place.written(error)
            self._kept.finding.over(receipt)
            self._forget_id(lane, receipt)
            self._take_out(lane, receipt)
            self._kept.core.give(receipt, Rejected(error))
            key = key_of(lane)
            if key.asked and not key.brought:
                self._kept.bringing.fetch(lane)
            return
        place.written()
        waits = receipt.waits
        if isinstance(
            answer, Repeated
        ):  # first: it is not to be in a turn with the first one
            self._kept.core.books.repeated += 1
            place.repeats = answer
            self._kept.finding.over(receipt)
            if waits:
                self._take_out(lane, receipt)
        else:
            self._kept.journals.stored(receipt)
        if answer.brought is not None:
            self._kept.bringing.came(lane, answer.brought)
        elif isinstance(answer, Accepted) and answer.others:
            self._kept.others.ordering.before(lane, receipt, answer.others)
        if isinstance(answer, Repeated) and (waits or self._kept.keep_no_more(receipt)):
            self._kept.journals.follow(
                receipt,
                answer,
                partial(self._kept.finding.follow, lane, receipt, answer),
            )

    def _take_out(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """Nothing is to be done about a prompt here any more."""
        core, more = self._kept.core, receipt.need_more()
        run: TurnRun | None = None
        if receipt._turn is not None:
            run = core.turns.running.get(receipt._turn)
        if run is not None:
            more.settling = True  # so that it does not wait again
            core.turns.discard(run, receipt)
        elif receipt.waits:
            more.settling = True
            if more.steers is None:
                lane.drop()
                core.accepting.admit_parked(lane)
        core.reaping.nothing_left(lane)

    def take_back(self, receipt: Receipt[Any]) -> None:
        """Whoever waited for it to be stored is cancelled: it is as if never sent."""
        core = self._kept.core
        lane: Any = receipt._lane
        if self._kept.others is not None and core.lanes.get(receipt.key) is not lane:
            self._kept.others.storing.take_back(receipt)
            return
        place: Any = receipt.need_more().row
        if place is None or place.entry is None or not receipt.waits:
            return
        outcome = Withdrawn("cancelled before it was stored")
        entry: Entry = place.entry
        if self._kept.writer.book.take_back(entry):
            place.written(StoreRefusedError(receipt.key, "it was taken back"))
            self._kept.finding.over(receipt)
            if entry.record.bring:  # type: ignore[union-attr] # it is an Accept
                self._kept.bringing.fetch(lane)
        else:
            place.unsent = True
        self._forget_id(lane, receipt)
        if core.withdraw(lane, receipt, outcome):
            return
        run = core.turns.running.get(receipt._turn)
        if run is not None and not run.has_begun:
            core.turns.discard(run, receipt)
            core.settle(receipt, outcome)

    def _forget_id(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """Sent again, it is a new one."""
        name = receipt.need_more().message_id
        known = lane.need_known()
        if name is not None and known.find(name) is receipt:
            known.forget_message(name)
