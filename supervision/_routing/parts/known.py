"""`Known`: which messages and jobs one key has had lately.  Pure.

A message that is sent again with its id gets the receipt of the first time; a job does
not overlap itself.  Both memories are bounded: the window of ids by its policy, the
jobs by those that have not ended.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from actors import Receipt

_JOBS = 64


class Known:
    """A window of message ids, and the jobs that run."""

    __slots__ = ("_ids", "_jobs")

    def __init__(self) -> None:
        self._ids: OrderedDict[str, Receipt[Any]] = OrderedDict()
        self._jobs: dict[str, Receipt[Any]] = {}

    def runs(self, job: str) -> bool:
        """Whether this job has not ended."""
        running = self._jobs.get(job)
        return running is not None and running.ended is None

    def receipt_of(self, message_id: str) -> Receipt[Any] | None:
        """The receipt that this message got before; None: it is not known."""
        return self._ids.get(message_id)

    def forget_messages(self) -> None:
        """Know no message any more; a job that runs still runs."""
        self._ids.clear()

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
            self._ids.popitem(last=False)
