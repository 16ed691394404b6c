"""`Pruning`: what has been kept for long enough is deleted, some at a time.

So that nobody waits for it long.  A step goes with the next batch of others, and takes
as many prompts as they have records, or a few: no commit is made for it, the batch of a
lone prompt takes little longer, and as a prompt has two records at least, more goes
than comes, however much comes.  While nobody else writes, a step has a batch of its
own, now and then: a prompt that comes in the middle of one waits for it, so one in a
hundred does.
"""

from __future__ import annotations

from typing import Any, Final

from actors.hosting import Timer
from supervision.durable._words.records import Prune, Pruned
from supervision.durable._writing.book import Entry

from .ground.wall import wall

FEW: Final = 5
"""So many go with a batch at least.  Each is a page or two in the log, and every 4,000
pages the log is brought into the file: with 50 that is one `accept` in thirty, and who
waits for it waits long."""
ALONE: Final = 100
"""So many at once while nobody else writes."""
_REST: Final = 100  # times what the latest batch took, from one alone to the next
_REST_MOST: Final = 1.0  # seconds


class Pruning:
    """Deletes what is old, every `StorePolicy.prune_every` seconds.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_kept", "_timer")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._timer: Timer | None = None

    def begin(self) -> None:
        """The store is open."""
        self._alone_in(self._kept.policy.prune_every)

    def end(self) -> None:
        """It is about to be closed."""
        self._rest()

    def _rest(self) -> None:
        self._kept.writer.rider = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _alone_in(self, seconds: float) -> None:
        self._timer = self._kept.at(self._kept.now() + seconds, self._alone)

    def _alone(self) -> None:
        self._timer = self._kept.writer.rider = None
        self._kept.submit(self._step(ALONE))

    def _ride(self, others: int) -> Entry:
        """The next step, in a batch with so many records of others."""
        self._rest()
        return self._step(max(FEW, others))

    def _step(self, most: int) -> Entry:
        policy = self._kept.policy
        most = min(policy.prune, most)
        journals = wall() - min(policy.journal_keep, policy.keep)

        def told(answer: Pruned) -> None:
            if self._kept.leaving:
                return
            if answer.number < most:
                self.begin()
                return
            writer = self._kept.writer
            writer.rider = self._ride
            self._alone_in(min(_REST_MOST, _REST * writer.took))

        return Entry(Prune(wall() - policy.keep, most, journals), told)
