"""What the service can say of each prompt, and of itself.

It knows the receipts of all prompts that have no outcome yet, by the ids of their
senders, and notes on each what befalls it.  Whoever is told is a function: it leads to
senders in this process, or to a socket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager

import attrs

from actors import Completed, Failed, Outcome, Receipt, RefusedError
from supervision import RouterRef
from supervision.demo.traffic.recording import Prompt
from supervision.demo.traffic.words import Ended, Kept, News, Told


@attrs.define(eq=False)
class Open:
    """One prompt that has no outcome yet."""

    receipt: Receipt[Prompt]
    hit_by: str | None
    """What befell its session or the router while it was there."""


class Ledger:
    """It.

    Args:
        rota: faults of the tree that there were in processes before.
    """

    def __init__(self, rota: int = 0) -> None:
        self.tell: Callable[[Told], None] = _nobody
        """Who is told."""
        self.rota = rota
        """Faults of the tree so far."""
        self.waits: list[float] = []
        self.notes = Counter[str]()
        self.longest_repair = 0.0
        self._faults = Counter[str]()
        self._befalling: str | None = None  # everything that is accepted now
        self._open: dict[str, Open] = {}

    def accept(self, id: str, receipt: Receipt[Prompt]) -> None:  # noqa: A002 - its name
        """The router has accepted it; said twice, it is the same."""
        if id not in self._open:
            self._open[id] = Open(receipt, self._befalling)

    def find(self, id: str) -> Receipt[Prompt] | None:  # noqa: A002
        """Give the receipt of a prompt that has no outcome yet; None: there is none."""
        found = self._open.get(id)
        return found.receipt if found is not None else None

    def settle(self, id: str, outcome: Outcome) -> None:  # noqa: A002
        """It has its outcome: tell it, once."""
        found = self._open.pop(id, None)
        if found is not None:
            self.tell(ended(id, outcome, found.hit_by))

    def forget(self, id: str) -> None:  # noqa: A002
        """It was not accepted after all."""
        self._open.pop(id, None)

    def settle_all(self) -> None:
        """The router has ended: tell of all that nobody was waiting for."""
        for id, found in tuple(self._open.items()):  # noqa: A001
            if found.receipt.ended is not None:
                self.settle(id, found.receipt.ended)
            else:
                del self._open[id]
                self.tell(Kept(id))

    def fault(self, name: str) -> None:
        """One more thing has gone wrong with the tree."""
        self.rota += 1
        self._faults[name] += 1

    def file_turn(self, key: str, turn: int, under: str) -> None:
        """Something has befallen the prompts of this turn."""
        for found in self._open.values():
            receipt = found.receipt
            if receipt.turn == turn and receipt.key == key and receipt.ended is None:
                found.hit_by = under

    @contextmanager
    def file_all(self, under: str) -> Generator[None]:
        """In this block something befalls all: those that are open, those that come."""
        for found in self._open.values():
            if found.receipt.ended is None:
                found.hit_by = under
        self._befalling = under
        try:
            yield
        finally:
            self._befalling = None

    def tell_news(self, router: RouterRef[Prompt, int] | None) -> None:
        """Tell what is new; None: there is no router any more."""
        turns = waiting = sessions = 0
        if router is not None:
            try:
                now = router.statistics()
            except RefusedError:  # it has ended for good, or is being restarted
                pass
            else:
                turns, waiting = now.turns_running, now.turns_waiting
                sessions = now.sessions
        news = News(
            turns=turns,
            waiting=waiting,
            sessions=sessions,
            waits=self.waits,
            faults=dict(self._faults),
            notes=dict(self.notes),
            longest_repair=self.longest_repair,
        )
        self.waits = []
        self._faults.clear()
        self.notes.clear()
        self.tell(news)


def ended(id: str, outcome: Outcome, hit_by: str | None = None) -> Ended:  # noqa: A002
    """Say of an outcome what the senders are told."""
    tries, error = 0, None
    match outcome:
        case Completed(result=int(number)):
            tries = number
        case Failed(error=failure, attempts=tries):
            # one that comes out of the store may be words only
            error = str(getattr(failure, "type", type(failure).__name__))
        case _:
            pass
    return Ended(id, type(outcome).__name__, tries, error, hit_by)


def _nobody(told: Told) -> None:
    """Hear nothing."""
