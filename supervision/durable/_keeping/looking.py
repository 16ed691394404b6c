"""`Looking`: what is said of a store to whoever looks, and what an operator does of it.

Counts are from memory, so they are there when the store does not answer; what else is
asked goes through the writer as any record does, behind what was submitted before.
"""

from __future__ import annotations

import logging
from typing import Any

from supervision._routing.limits import StoreStatistics
from supervision._routing.parts.lane import Lane
from supervision.durable._words.events import StoreGrows
from supervision.durable._words.opened import Measures, Opened

from .place import Key

logger = logging.getLogger("supervision")


class Looking:
    """See `Stored`.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_began", "_grown", "_kept")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._began: float | None = None
        self._grown = 0  # so often it was told that the log grows

    def open(self) -> None:
        """The store is open."""
        self._began = self._kept.now()

    def statistics(self) -> StoreStatistics:
        """See `Stored`."""
        kept = self._kept
        opened: Opened | None = kept.opened
        sizes = opened.measures() if opened is not None else Measures(kept.claimed.path)
        writer, began = kept.writer, self._began
        trouble = writer.trouble()
        return StoreStatistics(
            path=sizes.path,
            size=sizes.size,
            log=sizes.log,
            opened=opened.opened if opened is not None else 0,
            age=kept.now() - began if began is not None else None,
            unwritten=writer.book.prompts,
            unwritten_bytes=writer.book.bytes,
            batches=writer.batches,
            operations=writer.records,
            seconds=writer.seconds,
            held=kept.bringing.held,
            down=trouble[0] if trouble is not None else None,
            why=trouble[1].why if trouble is not None else None,
        )

    def why_held(self, lane: Lane) -> str | None:
        """See `Stored`."""
        key: Key | None = lane.extra.kept if lane.extra is not None else None
        if key is None or key.held is None:
            return None
        return str(key.held.__cause__)

    def watch(self) -> None:
        """A batch has been written: has the log grown too long by it?"""
        opened: Opened | None = self._kept.opened
        times, size = opened.grown if opened is not None else (0, 0)
        if opened is None or times == self._grown:
            return
        self._grown = times
        core, limit = self._kept.core, self._kept.policy.log_bytes
        path = opened.measures().path
        text = (
            "%s: the log of %s has %d bytes, above its limit of %d: somebody reads in "
            "that file for very long"
        )
        logger.warning(text, core.ref.path, path, size, limit)
        if core.wants(StoreGrows):
            core.publish(StoreGrows(core.now(), core.ref, path, size, limit))
