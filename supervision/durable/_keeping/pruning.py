"""`Pruning`: what has been kept for long enough is deleted, some at a time.

With the batches of others, so that nobody waits for it long: a step is a few prompts,
or twice as many as there were records in the batch before.  So a batch of one takes
little longer by it, and where very many come together as many go.
"""

from __future__ import annotations

from typing import Any, Final

from actors.hosting import Timer
from supervision.durable._words.records import Prune, Pruned
from supervision.durable._writing.book import Entry

from .ground.wall import wall

_FEW: Final = 50
_MANY: Final = 2  # times the records of the batch before


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
        due = self._kept.now() + self._kept.policy.prune_every
        self._timer = self._kept.at(due, self._prune)

    def end(self) -> None:
        """It is about to be closed."""
        if self._timer is not None:
            self._timer.cancel()

    def _prune(self) -> None:
        self._timer = None
        kept = self._kept
        if kept.leaving:
            return
        policy = kept.policy
        journals = wall() - min(policy.journal_keep, policy.keep)
        most = min(policy.prune, max(_FEW, _MANY * kept.writer.latest))
        record = Prune(wall() - policy.keep, most, journals)

        def told(answer: Pruned) -> None:
            if answer.number >= most:
                self._prune()
            elif not kept.leaving:
                self.begin()

        kept.submit(Entry(record, told))
