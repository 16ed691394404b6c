"""The tape, read: turns with all that is known of them.

A router that has ended and one that comes after it may use the same numbers, but never
at the same time; so a mark about a turn is about the latest one of that number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from actors import AnyRef, Event, Outcome, Receipt, TurnEnded, TurnStarted
from tests.storm.world.story import Begun, Final, Mark, Offered, Over, Story, Wrote


@attrs.define(eq=False)
class Record:
    """One turn; places are on the tape."""

    id: int
    key: str
    router: AnyRef | None = None
    started: TurnStarted | None = None
    started_at: int = -1
    ended: TurnEnded | None = None
    ended_at: int = -1
    begun: Begun | None = None
    begun_at: int = -1
    over: Over | None = None
    over_at: int = -1
    written: Any = None
    kept: Any = None
    finals: list[Outcome] = attrs.field(factory=list[Outcome])
    shown: Any = None  # the state in `turn_ended`

    @property
    def aside(self) -> bool:
        """It answers a side question."""
        told = self.started or self.begun
        return told is not None and told.aside

    @property
    def late(self) -> bool:
        """It was given up: it may run on, and nothing that it does counts."""
        outcomes = [self.ended.outcome] if self.ended is not None else []
        receipts = self.begun.receipts if self.begun is not None else ()
        outcomes += [r.ended for r in receipts if r.ended is not None]
        return any(outcome.late for outcome in outcomes)


class Replay:
    """Goes through the tape, and knows the turn that each thing is about."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.turns: list[Record] = []
        self._latest: dict[int, Record] = {}  # {number: its turn}

    def __iter__(self) -> Iterator[tuple[int, Event | Mark, Record | None]]:
        for place, each in enumerate(self.story.tape):
            yield place, each, self._take(place, each)

    def run(self) -> list[Record]:
        """Go through all of it, and give the turns."""
        for _ in self:
            pass
        return self.turns

    def _take(  # noqa: C901, PLR0912 - a table
        self, place: int, each: Event | Mark
    ) -> Record | None:
        match each:
            case TurnStarted():
                record = self._new(each.turn, each.key, each.ref)
                record.started, record.started_at = each, place
            case TurnEnded():
                record = self._of(each.turn, each.key)
                if record.ended is not None or record.router not in (None, each.ref):
                    record = self._new(each.turn, each.key, each.ref)
                record.ended, record.ended_at = each, place
            case Begun():
                record = self._of(each.turn, each.key)
                if record.begun is not None or record.finals:
                    record = self._new(each.turn, each.key, None)
                record.begun, record.begun_at = each, place
            case Over():
                record = self._of(each.turn, each.key)
                record.over, record.over_at = each, place
            case Wrote():
                found = self._latest.get(each.turn)
                if found is None:
                    return None
                record = found
                if each.kept:
                    record.kept = each.value
                else:
                    record.written = each.value
            case Final():
                record = self._of(each.turn, each.key)
                if record.ended is not None:  # one that had never begun
                    record = self._new(each.turn, each.key, None)
                record.finals.append(each.outcome)
                record.shown = each.state
            case _:
                return None
        return record

    def _new(self, number: int, key: str, router: AnyRef | None) -> Record:
        record = self._latest[number] = Record(number, key, router)
        self.turns.append(record)
        return record

    def _of(self, number: int, key: str) -> Record:
        record = self._latest.get(number)
        if record is None or record.key != key:
            record = self._new(number, key, None)
        return record


def offers_by_receipt(story: Story) -> dict[int, Offered]:
    """`{id(receipt): how it was first offered}`; the tape keeps the receipts alive."""
    found: dict[int, Offered] = {}
    for each in story.offers():
        found.setdefault(id(each.receipt), each)
    return found


def receipts_of(story: Story) -> dict[tuple[AnyRef, int], Receipt[Any]]:
    """`{(router, number): receipt}`."""
    found: dict[tuple[AnyRef, int], Receipt[Any]] = {}
    for each in story.offers():
        if each.receipt is not None:
            found[each.router, each.receipt.id] = each.receipt
    return found
