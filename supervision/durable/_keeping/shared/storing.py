"""`Storing`: prompts for keys of other nodes are stored here, and run there."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from actors import (
    PromptAccepted,
    PromptKind,
    QueueFullError,
    Receipt,
    Rejected,
    WhileBusy,
    Withdrawn,
)
from actors.hosting import ASIDE, WORK
from supervision._routing.nodes.words import ElsewhereError, elsewhere
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.lane import GONE, Lane
from supervision.durable._keeping.ground.bodies import ORIGIN
from supervision.durable._keeping.ground.place import Place
from supervision.durable._keeping.ground.wall import wall
from supervision.durable._words.errors import StoreRefusedError
from supervision.durable._words.records import (
    Accept,
    Accepted,
    Refused,
    Repeated,
    Row,
)
from supervision.durable._words.rules import MADE
from supervision.durable._writing.book import Entry

BACK: Final = "cancelled before it was stored"
"""Why a prompt is taken back."""
_WAITS: Final = (None, WhileBusy.QUEUE, WhileBusy.STEER)
_VERBS: Final = {ASIDE: "ask_aside()", WORK: "run_exclusive()"}


class Storing:
    """Prompts go where they do not run.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "_unwanted", "sent")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._unwanted: set[int] = set()  # taken back while they were on their way
        self.sent = 0
        """Prompts that were stored here for other nodes."""

    def accept(self, offer: Offer) -> Receipt[Any]:
        """Store a prompt for a key of another node.

        Raises:
            ElsewhereError: only its owner can take this one.
        """
        kept, more, key = self._kept, offer.more, offer.key
        core = kept.core
        if more.kind in _VERBS:
            raise self._elsewhere(key, _VERBS[more.kind])
        if offer.busy not in _WAITS:
            raise self._elsewhere(key, f"busy={offer.busy}")
        if offer.steer or offer.busy is WhileBusy.STEER:
            more.kind = PromptKind.STEER
        owner = kept.others.members.owner_of(key)
        is_read_here = more.stream is not None and keeper_of_stream(more.stream) is None
        if is_read_here and owner is not None:
            raise self._elsewhere(key, "a stream without a Journal")
        body, more.body = more.body, None
        assert body is not None
        core.ids = number = core.ids + 1
        core.unused += 1  # it is not among those that are accepted here
        self.sent += 1
        now = core.now()
        lane = Lane(key, core, now)  # in no map: it has this prompt alone
        lane.phase = GONE
        receipt = Receipt(lane, offer.prompt, number, now, more)
        origin = None
        if more.origin is not None:
            origin = kept.codec.encode(more.origin, ORIGIN)
        row = Row(
            number,
            key,
            more.message_id or f"{MADE}{number}",
            more.kind.value,
            offer.tenant,
            more.job,
            origin,
            more.attempts,
            0,
            None,
            None,
            body,
            wall(),
            kept.journals.accepted(receipt),
        )
        capacity = core.policy(None).capacity
        told = partial(self._answered, receipt, capacity)
        record = Accept(row, bring=False, capacity=capacity)
        entry = Entry(record, told, len(body), (receipt,))
        more.row = Place(key, number, entry)
        kept.bringing.hold([receipt])
        kept.submit(entry)
        core.tell(PromptAccepted, key, number, more.origin, more.kind, more.preempts)
        return receipt

    def _elsewhere(self, key: str, what: str) -> ElsewhereError:
        """Say that only the owner of a key can do this."""
        return elsewhere(self._kept.others, key, what)

    def take_back(self, receipt: Receipt[Any]) -> None:
        """Whoever waited for it to be stored is cancelled.

        Of its turn and this exactly one happens: what is on its way is taken back by
        its owner, if that is in time.
        """
        kept, place = self._kept, receipt.need_more().row
        entry: Any = place.entry if isinstance(place, Place) else None
        if entry is None or not receipt.waits:
            return
        if not kept.writer.book.take_back(entry):
            self._unwanted.add(receipt.id)
            return
        assert isinstance(place, Place)
        place.written(StoreRefusedError(receipt.key, "it was taken back"))
        kept.bringing.give_up(receipt)
        kept.core.give(receipt, Withdrawn(BACK))

    def _answered(
        self,
        receipt: Receipt[Any],
        capacity: int,
        answer: Accepted | Repeated | Refused,
    ) -> None:
        place: Any = receipt.need_more().row
        kept, key = self._kept, receipt.key
        if isinstance(answer, Refused):
            self.refused(receipt, answer, capacity)
            return
        place.written()
        if isinstance(answer, Repeated):
            place.repeats = answer
            self.repeats(receipt, answer)
            return
        kept.journals.stored(receipt)
        if receipt.id in self._unwanted:
            self._unwanted.discard(receipt.id)
            kept.others.verbs.withdraw(receipt, BACK)
        if kept.others.members.has(key):  # it has come here meanwhile
            kept.recovery.again(key)
        else:
            kept.others.following.hint_owner(key)

    def refused(
        self, receipt: Receipt[Any], answer: Refused, capacity: int = 0
    ) -> None:
        """The store does not take it."""
        kept, key = self._kept, receipt.key
        error: Exception = StoreRefusedError(key, answer.why)
        if answer.full:
            error = QueueFullError(key, capacity, capacity, "prompts")
        place: Any = receipt.need_more().row
        place.written(error)
        if kept.bringing.find(receipt.id) is not None:
            kept.bringing.give_up(receipt)
            kept.core.give(receipt, Rejected(error))

    def repeats(self, receipt: Receipt[Any], answer: Repeated) -> None:
        """It was sent again: it gets what the first one gets."""
        kept = self._kept
        if kept.bringing.let_go(receipt.id) is None:
            return
        core, lane = kept.core, receipt._lane
        kept.bringing.count_in(receipt)
        core.books.repeated += 1
        then = partial(kept.finding.follow, lane, receipt, answer)
        kept.journals.follow(receipt, answer, then)
        kept.others.following.soon()


def keeper_of_stream(stream: Any) -> Any:
    """What keeps the chunks of a stream; None: it has none."""
    return getattr(stream, "keeper", None)
