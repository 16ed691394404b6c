"""`Looking`: what is said of a store to whoever looks, and what an operator does of it.

Counts are from memory, so they are there when the store does not answer; what else is
asked goes through the writer as any record does, behind what was submitted before.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import trio

from supervision._routing.nodes.words import elsewhere
from supervision._routing.parts.lane import Lane
from supervision._routing.reports import (
    KeyInfo,
    PromptInfo,
    Remembered,
    ReminderInfo,
    StoreStatistics,
)
from supervision.durable._words.errors import (
    CodecError,
    SessionHeldError,
    StoreAwayError,
    StoreError,
)
from supervision.durable._words.events import StoreGrows
from supervision.durable._words.looks import (
    Find,
    Found,
    KeyRow,
    Look,
    Seen,
)
from supervision.durable._words.opened import Measures, Opened
from supervision.durable._words.records import (
    Bring,
    Brought,
    Record,
    Refused,
)
from supervision.durable._words.reminders import Due, DuePage
from supervision.durable._writing.book import Question
from supervision.durable._writing.waiter import ENDED, Waiter

from .ground.place import Key, key_of
from .ground.wall import wall
from .recalling import Recalling

logger = logging.getLogger("supervision")


class Looking:
    """See `Stored`.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_began", "_grown", "_kept", "_recalling")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._began: float | None = None
        self._recalling = Recalling(kept, self._ask)
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
        # Any: of each field its own
        shared: dict[str, Any] = {}
        if kept.others is not None:
            shared = kept.others.statistics()
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
            **shared,
        )

    def why_held(self, lane: Lane) -> str | None:
        """See `Stored`."""
        key: Key | None = lane.extra.kept if lane.extra is not None else None
        if key is None or key.held is None:
            return None
        return str(key.held.__cause__)

    def unread(self, lane: Lane) -> int:
        """See `Stored`."""
        key: Key | None = lane.extra.kept if lane.extra is not None else None
        return len(key.unread) if key is not None else 0

    def heard_of(self, key: str, what: str) -> Callable[[object], None]:
        """What hears of something that nobody waits for: the log, if it is refused."""

        def told(answer: object) -> None:
            if isinstance(answer, Refused):
                text = f"keeps the {what} that it had: the store says, {answer.why}"
                self._kept.core.world.log_failure(logging.ERROR, key, text)

        return told

    # ---------------------------------------------------------- what waits for it

    async def keys(
        self, after: str, most: int, *, held: bool = False
    ) -> Sequence[KeyInfo]:
        """See `Stored`."""
        if after and not self._kept.can_write(after):
            msg = f"keys are listed behind text that could be a key, got {after!r:.100}"
            raise ValueError(msg)
        seen: Seen = await self._ask(Look(after, most, held))
        return [self._info(each) for each in seen.rows]

    async def key(self, key: str) -> KeyInfo | None:
        """See `Stored`."""
        if not self._kept.can_write(key):  # nor is there anything of it
            await trio.lowlevel.checkpoint()
            return None
        seen: Seen = await self._ask(Look("", 1, key=key))
        return self._info(seen.rows[0]) if seen.rows else None

    async def remembered(
        self, key: str, newest: int, before: int | None
    ) -> Remembered | None:
        """See `RouterRef.read`."""
        return await self._recalling.remembered(key, newest, before)

    async def prompt(self, key: str, id: str) -> PromptInfo | None:  # noqa: A002
        """See `Stored`."""
        found: Found = await self._ask(Find(key, id))
        if found.number is None:
            return None
        outcome, held, now = None, None, wall()
        if found.outcome is not None:
            outcome = self._kept.finding.outcome_of(found.outcome)
        else:
            info = await self.key(key)
            held = info.held if info is not None else None
        return PromptInfo(
            number=found.number,
            outcome=outcome,
            turn=found.turn,
            age=max(0.0, now - found.at),
            ended=None if found.ended_at is None else max(0.0, now - found.ended_at),
            held=held,
        )

    async def reminders(
        self, most: int, *, key: str | None = None
    ) -> tuple[Sequence[ReminderInfo], bool]:
        """See `Stored`."""
        page: DuePage = await self._ask(Due(math.inf, most, key=key))
        now = self._kept.clock.now()
        infos = [
            ReminderInfo(
                key=each.key, name=each.name, due=each.due - now, every=each.every
            )
            for each in page.reminders
        ]
        return infos, page.next is not None

    async def backup(self, path: Path) -> int:
        """See `Stored`."""
        opened: Opened | None = self._kept.opened
        if opened is None or self._kept.closed:
            await trio.lowlevel.checkpoint()
            raise StoreAwayError("it is not open" if opened is None else ENDED)
        try:
            return await opened.backup(path)
        except StoreAwayError as error:
            msg = f"the store is not copied to {path}: {error.why}"
            raise StoreError(msg) from error

    async def release(self, key: str) -> bool:
        """See `RouterRef.release`."""
        others = self._kept.others
        if others is not None and others.has(key):
            await trio.lowlevel.checkpoint()
            raise elsewhere(others, key, "release()")
        if not self._kept.can_write(key):
            await trio.lowlevel.checkpoint()
            return False
        return bool(await self._ask(Bring(key), lambda came: self._tried(key, came)))

    def _tried(self, key: str, brought: Brought) -> bool:
        """What is kept of a key is here: was it held, and can it be read now?

        Raises:
            SessionHeldError: it was, and cannot.
        """
        bringing, row = self._kept.bringing, brought.session
        lane: Lane | None = self._kept.core.lanes.get(key)
        if lane is not None:
            if key_of(lane).held is None:
                return False  # it is there, or on its way
            bringing.came(lane, brought)
            still = key_of(lane).held
            if still is not None:
                raise still
            return True
        if row is None:
            return False
        try:
            bringing.read(row)
        except CodecError as error:
            bringing.note(key, row, error)
            raise SessionHeldError(key) from error
        bringing.note(key, row, None)
        if brought.rows:
            self._kept.recovery.again(key)
        return row.held is not None

    async def _ask(
        self, record: Record, then: Callable[[Any], object] | None = None
    ) -> Any:  # Any: the answer to this record, or what `then` makes of it
        """Ask the store, if it answers.  `then` is called in the step of the answer."""
        trouble = self._kept.writer.trouble()
        if self._kept.closed or trouble is not None:
            await trio.lowlevel.checkpoint()
            raise trouble[1] if trouble is not None else StoreAwayError(ENDED)
        waiter = Waiter()

        def told(answer: Any) -> None:
            if isinstance(answer, Refused):
                answer = StoreError(answer.why)
            elif then is not None and not isinstance(answer, Exception):
                try:
                    answer = then(answer)
                except SessionHeldError as error:
                    answer = error
            waiter.told(answer)

        self._kept.submit(Question(record, told))
        return await waiter.wait()

    def _info(self, row: KeyRow) -> KeyInfo:
        left = self._kept.bringing.quarantine_of(row.crashes)
        return KeyInfo(
            key=row.key,
            waiting=row.waiting,
            state=row.state,
            token=row.token,
            generation=row.generation,
            tenant=row.tenant,
            held=row.held,
            quarantined=left if left > 0 else None,
            entries=row.entries,
        )

    # ------------------------------------------------------------------------- its log

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
