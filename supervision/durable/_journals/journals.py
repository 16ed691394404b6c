"""`Journals`: the journals of a router, from acceptance to reading again.

Numbers of chunks never mean two chunks, though a process may die with some that its
readers have got and no store has.  So what is tried again in a later opening of the
store has numbers of its own, a thousand million further on for each opening; and what
an earlier one has kept of it goes before the first of them comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actors import Journal, Receipt, UnknownPromptError
from actors.hosting import ChunkLog, Timer, TurnRun
from supervision._routing.core.core import IDS
from supervision.durable._words.errors import StoreAwayError
from supervision.durable._words.journals import GONE
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import Repeated, Row
from supervision.durable._writing.book import Entry, Question
from supervision.durable._writing.waiter import ENDED, Waiter

from .journal import PromptJournal, Terms

_class_of: Callable[[Any], Any] = type
_MOST: Final = 2**63 - 1  # of a number that a store can be asked for


class Journals:
    """Which answers are kept, and who reads them again.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_due", "_timer", "kept", "terms")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self.kept = kept
        self._due: dict[PromptJournal, None] = {}  # those with something to write
        self._timer: Timer | None = None
        self.terms = Terms(kept.codec, kept.policy)

    def make(self, policy: Journal) -> ChunkLog[Any]:
        """Make the stream of a prompt that is about to be accepted."""
        keeper = PromptJournal(self)
        log: ChunkLog[Any] = ChunkLog(policy, keeper=keeper)
        keeper.log = log
        log.uncertain = True  # it may be another one's that the store has
        return log

    def accepted(self, receipt: Receipt[Any]) -> int | None:
        """A prompt has been, and is on its way to the store; as `Row.stream`."""
        keeper = keeper_of(receipt)
        if keeper is None:
            return None
        keeper.key, keeper.number = receipt.key, receipt.id
        return keeper.log.policy.chunks

    def stored(self, receipt: Receipt[Any]) -> None:
        """The store has it, and had no other in its place."""
        log = stream_of(receipt)
        if log is not None:
            log.uncertain = False

    # --------------------------------------------------------------- what is written

    def due(self, journal: PromptJournal) -> None:
        """It has something to write."""
        self._due[journal] = None
        if self._timer is None:
            kept = self.kept
            at = kept.now() + kept.policy.journal_every
            self._timer = kept.at(at, self._write)

    def written(self, journal: PromptJournal) -> None:
        """It has nothing to write any more."""
        self._due.pop(journal, None)

    def _write(self) -> None:
        self._timer = None
        for each in tuple(self._due):
            each.write()

    def ends(self, run: TurnRun) -> None:
        """A turn has ended: its answer is written in front of its outcome.

        A child that outlives it has no part in it from now on.
        """
        for receipt in run.receipts:
            more = receipt._more
            if more is None or more.stream is None:  # of most
                continue
            keeper = keeper_of(receipt)
            if keeper is not None:
                keeper.log.finish()
                keeper.write()

    def end(self) -> None:
        """The store is about to be closed."""
        if self._timer is not None:
            self._timer.cancel()

    # ----------------------------------------------------------- those of the store

    def adopt(self, receipt: Receipt[Any], row: Row, *, ended: bool) -> None:
        """A prompt of the store is this router's.

        Args:
            receipt: its receipt, which may have been the router's before this one.
            row: as the store has it.
            ended: no turn is to have it.
        """
        if not row.stream:
            return
        keeper = keeper_of(receipt)
        if keeper is not None:
            log = keeper.log
            keeper.move(self)
        elif ended:
            return  # who comes for it asks the store
        else:
            log = self._log(row.number, row.key, row.stream, row.base, row.base)
            receipt.need_more().stream = log
        if not ended and row.begun is not None:
            log.restart(row.tried + 1, self._base_of(receipt, row))
        message_id = receipt.need_more().message_id
        self.kept.core.readers.keep(receipt, log, message_id)

    def _base_of(self, receipt: Receipt[Any], row: Row) -> int:
        """The number before that of the first chunk of another try."""
        if self.kept.others is not None:  # numbers of openings say nothing there
            return int(self.kept.core.epoch_of(receipt._lane)) * IDS
        opening = (row.number - 1) // IDS + 1
        return int(self.kept.epoch - opening) * IDS

    def has_said(self, log: ChunkLog[Any], found: Found) -> None:
        """An answer that is given elsewhere has come so far."""
        if not found.stream:
            return
        keeper: Any = log.keeper
        if found.base != log.base:
            log.attempt = max(1, found.tried)
            for place in tuple(log.places):
                log.leave(place)  # each is told when it reads
            log.base = log.dropped = keeper.base = found.base
            log.queue.clear()
            log.wake_reader()
        last = found.last if found.last is not None else found.base
        if last > log.last:
            log.queue.clear()
            log.dropped = keeper.written = last
            log.wake_reader()
        if found.tried:
            log.begin()

    def _log(
        self, number: int, key: str, chunks: int, base: int, last: int
    ) -> ChunkLog[Any]:
        """Make the stream of a prompt whose chunks up to `last` the store has."""
        log = self.make(Journal(chunks=chunks))
        log.base, log.dropped, log.uncertain = base, last, False
        keeper: Any = log.keeper
        keeper.key, keeper.number = key, number
        keeper.base, keeper.written = base, last
        return log

    def _found(self, key: str, found: Found) -> ChunkLog[Any]:
        """Make the stream of a prompt that nobody here has."""
        assert found.number is not None
        assert found.stream
        last = found.last if found.last is not None else found.base
        log = self._log(found.number, key, found.stream, found.base, last)
        log.attempt = max(1, found.tried)
        log.uncertain = found.tried > 0
        return log

    async def find(
        self,
        key: str,
        id: str | int,  # noqa: A002 - as its callers
    ) -> tuple[Receipt[Any], ChunkLog[Any] | None] | None:
        """See `KeepsStreams`."""
        kept = self.kept
        number = id if isinstance(id, int) else None
        name = id if isinstance(id, str) else ""
        if not (kept.can_write(key) and kept.can_write(name)):
            return None
        if number is not None and not 0 < number <= _MOST:
            return None  # nor does any store take it
        if kept.closed:
            raise StoreAwayError(ENDED)
        waiter = Waiter()

        def told(answer: Found | Exception) -> None:
            # in this very step: what it has not seen is told in a later one
            if isinstance(answer, Found):
                waiter.told(self._answer(key, answer, name or None))
            else:
                waiter.told(answer)

        kept.submit(Question(Find(key, name, number), told))
        found: tuple[Receipt[Any], ChunkLog[Any] | None] | None = await waiter.wait()
        return found

    def repeated(self, receipt: Receipt[Any]) -> int | None:
        """See `KeepsStreams`."""
        place: Any = receipt._more.row if receipt._more is not None else None
        first = place.repeats if place is not None else None
        return int(first.number) if first is not None else None

    def _answer(
        self, key: str, found: Found, message_id: str | None
    ) -> tuple[Receipt[Any], ChunkLog[Any] | None] | None:
        if found.number is None or found.stream == GONE:
            return None
        receipt = self.kept.finding.receipt_of(key, found)
        if found.stream is None:
            return receipt, None
        if found.outcome is not None:
            log = self._found(key, found)
            log.close()
            return receipt, log
        keeper = keeper_of(receipt)
        if keeper is not None:
            return receipt, keeper.log
        log = receipt.need_more().stream = self._found(key, found)
        self.kept.core.readers.keep(receipt, log, message_id)
        return receipt, log

    # ------------------------------------------------------ a message is sent again

    def follow(self, receipt: Receipt[Any], answer: Repeated, then: Any) -> None:
        """Have whoever reads a prompt that repeats another read that one's answer.

        Args:
            receipt: of the one that was sent again.
            answer: which one is there.
            then: gives it the outcome of that one; `then()`.
        """
        log = stream_of(receipt)
        if log is None:
            receipt.need_more().unkept = True
            then()
            return
        key, core = receipt.key, self.kept.core

        def told(found: Found) -> None:
            there = self._answer(key, found, None)
            core.readers.let_go(receipt)
            keeper = keeper_of(receipt)
            if there is not None and there[1] is not None:
                self._read_first(log, receipt, there[0], there[1])
            elif keeper is None or found.stream != GONE:
                more = receipt.need_more()
                more.unkept, more.stream = True, None
                log.close()
            else:
                name = receipt.need_more().message_id or receipt.id
                keeper.gone = UnknownPromptError(key, name)
                log.dropped = 1  # whoever reads asks the keeper
                log.wake_reader()
            then()

        look = Find(key, "", answer.number)
        self.kept.submit(Entry(look, told, 0, (receipt,)))

    def _read_first(
        self,
        log: ChunkLog[Any],
        receipt: Receipt[Any],
        first: Receipt[Any],
        its: ChunkLog[Any],
    ) -> None:
        """Have whoever reads the second one's answer read the first one's."""
        log.hand_over(its)
        more = receipt.need_more()
        more.stream = None
        if first.ended is None:
            self.kept.core.readers.keep(first, its, more.message_id)


def stream_of(receipt: Receipt[Any]) -> ChunkLog[Any] | None:
    """Where its chunks go, if its readers may come back; None."""
    more = receipt._more
    if more is None or more.stream is None:  # of most
        return None
    stream: Any = more.stream
    return stream if _class_of(stream) is ChunkLog else None


def keeper_of(receipt: Receipt[Any]) -> PromptJournal | None:
    """What keeps the chunks of a prompt; None: it has no journal."""
    stream = stream_of(receipt)
    if stream is None:
        return None
    keeper: Any = stream.keeper
    return keeper if isinstance(keeper, PromptJournal) else None
