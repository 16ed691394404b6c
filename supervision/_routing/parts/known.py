"""`Known`: which messages and jobs one key has had lately.  Pure.

A message that is sent again with its id gets the receipt of the first time; a job does
not overlap itself.  Both memories are bounded: the window of ids by its policy, the
jobs by those that have not ended.
"""

from __future__ import annotations

from collections import OrderedDict
from contextvars import Context
from typing import Any, Final

import attrs

from actors import (
    Completed,
    Failed,
    Incomplete,
    Outcome,
    OutcomeForgottenError,
    Receipt,
    Steered,
)
from actors.hosting import rough_size

BYTES = 65_536
"""Of prompts and outcomes that are remembered for one key, roughly."""
_JOBS = 64
_SHORT = 1000  # bytes of a reason that is kept


class Known:
    """A window of message ids, and the jobs that run."""

    __slots__ = ("_bytes", "_ids", "_jobs", "_sizes")

    def __init__(self) -> None:
        self._bytes = 0
        self._sizes: OrderedDict[str, int] = OrderedDict()  # of those that are over
        self._ids: OrderedDict[str, Receipt[Any]] = OrderedDict()
        self._jobs: dict[str, Receipt[Any]] = {}

    def runs(self, job: str) -> bool:
        """Whether this job has not ended."""
        running = self._jobs.get(job)
        return running is not None and running.ended is None

    def receipt_of(self, message_id: str) -> Receipt[Any] | None:
        """The receipt that this message got before; None: it is not known."""
        return self._ids.get(message_id)

    def find(self, id: str | int) -> Receipt[Any] | None:  # noqa: A002 - as its callers
        """The receipt of a message, by its id or by the receipt's own; None."""
        if isinstance(id, str):
            return self._ids.get(id)
        return next((each for each in self._ids.values() if each.id == id), None)

    def __len__(self) -> int:
        return len(self._ids)

    def forget_messages(self) -> None:
        """Know no message any more; a job that runs still runs."""
        self._ids.clear()
        self._sizes.clear()
        self._bytes = 0

    def forget_message(self, message_id: str) -> None:
        """Do not know this one any more."""
        self._ids.pop(message_id, None)
        self._drop_size(message_id)

    def settled(self, message_id: str, receipt: Receipt[Any]) -> None:
        """A message has its outcome: remember it within bounds, the oldest go first."""
        if self._ids.get(message_id) is not receipt:
            return
        if not isinstance(receipt.ended, Steered):  # its turn has not seen it yet
            receipt._context = Context()  # it may hold on to anything, for a day
        size = rough_size((receipt.prompt, receipt.ended), BYTES)
        if isinstance(receipt.ended, Failed):
            size = BYTES + 1  # its traceback holds on to whatever ran
        self._sizes[message_id] = size
        self._bytes += size
        while self._bytes > BYTES:
            oldest = next(iter(self._sizes))
            self._drop_size(oldest)
            self._ids[oldest] = barest(self._ids[oldest])

    def _drop_size(self, message_id: str) -> None:
        self._bytes -= self._sizes.pop(message_id, 0)

    def remember_job(self, job: str, receipt: Receipt[Any]) -> None:
        """It runs from now on, until its receipt has an outcome."""
        if len(self._jobs) >= _JOBS:
            jobs = self._jobs.items()
            self._jobs = {name: each for name, each in jobs if each.ended is None}
        self._jobs[job] = receipt

    def remember(self, message_id: str, receipt: Receipt[Any], window: int) -> None:
        """Know this message, as one of the latest `window`; 0: none is known."""
        if not window:
            return
        self._ids[message_id] = receipt
        while len(self._ids) > window:
            self._drop_size(self._ids.popitem(last=False)[0])


def barest(receipt: Receipt[Any]) -> Receipt[Any]:
    """A receipt of the same message, without what may be large."""
    outcome = receipt.ended
    assert outcome is not None
    bare: Receipt[Any] = Receipt(receipt._lane, None, receipt.id, receipt.at)
    bare._context = Context()
    bare._turn = receipt.turn
    row = receipt._more.row if receipt._more is not None else None
    if row is not None:
        bare.need_more().row = row
    bare.settle(_bare(receipt.key, outcome))
    return bare


def _bare(key: str, outcome: Outcome) -> Outcome:
    changes: dict[str, Any] = {"forgotten": True, "notes": {}}
    if isinstance(outcome, Completed):
        changes["result"] = None
    if isinstance(outcome, Incomplete):
        changes["partial"] = ()
    if isinstance(outcome, Failed):
        error = outcome.error
        words = type(error).__name__
        changes["error"] = OutcomeForgottenError(key, words)
    reason: object = getattr(outcome, "reason", None)
    if rough_size(reason, _SHORT) > _SHORT:
        changes["reason"] = None
    return attrs.evolve(outcome, **changes)


FOR: Final = 86_400.0
"""Seconds: a day."""
IDS: Final = 100_000
"""Of all keys together; those of the longest forgotten keys go first."""


class Past:
    """What is known of the messages of keys that have no session any more.

    A session is reaped or evicted because nobody needs it just now; a message that is
    sent again must not be answered twice because of that.  So what a key knew outlives
    its entry: for so long, and as many ids of all keys together.  `reset` and `close`
    forget it; it ends with the router.
    """

    __slots__ = ("_ids", "_memories")

    def __init__(self) -> None:
        self._memories: OrderedDict[str, tuple[float, int, Known]] = OrderedDict()
        self._ids = 0

    def __len__(self) -> int:
        return self._ids

    def keep(self, key: str, known: Known, now: float) -> None:
        """A key is forgotten; what it knew is not."""
        self.forget(key)
        if len(known):
            self._memories[key] = (now, len(known), known)
            self._ids += len(known)
        while self._memories and (self._ids > IDS or self._oldest() + FOR < now):
            self.forget(next(iter(self._memories)))

    def get(self, key: str, now: float) -> Known | None:
        """What a key knew, if that is not too long ago."""
        found = self._memories.get(key)
        if found is not None and found[0] + FOR < now:
            self.forget(key)
            return None
        return found[2] if found is not None else None

    def forget(self, key: str) -> None:
        """Nothing is known of it; or it has an entry again, which knows."""
        gone = self._memories.pop(key, None)
        if gone is not None:
            self._ids -= gone[1]

    def _oldest(self) -> float:
        return next(iter(self._memories.values()))[0]
