"""`Settling`: outcomes that no turn gives, and what is kept of keys beside states."""

from __future__ import annotations

import logging
from typing import Any

from actors import Outcome, Receipt, Steered, Withdrawn
from actors.hosting import TurnRun
from supervision._routing.core.core import IDS
from supervision._routing.core.keeping import Settle as GoSettle
from supervision._routing.parts.lane import UNSET, Lane
from supervision.durable._codec.failures import words_of
from supervision.durable._words.errors import StoreRefusedError
from supervision.durable._words.events import StateGrows
from supervision.durable._words.records import (
    Bind,
    Ended,
    Forget,
    Forgotten,
    Quarantine,
    Refused,
    Settle,
)
from supervision.durable._writing.book import Entry

from .bringing import history_of
from .ground.bodies import ORIGIN, OUTCOME, TOKEN
from .ground.place import key_of
from .ground.wall import wall


class Settling:
    """What ends without a turn, and what is forgotten.

    Args:
        kept: the other parts.
    """

    __slots__ = ("_forgets", "_kept")

    def __init__(self, kept: Any) -> None:  # Any: its module stands above this one
        self._kept = kept
        self._forgets = 0  # so many keys have been forgotten

    def settled(self, receipt: Receipt[Any], outcome: Outcome, go: GoSettle) -> None:
        """See `Keeping`."""
        kept = self._kept
        place: Any = receipt.need_more().row
        if place is None:
            go(receipt, outcome)
            return
        if isinstance(outcome, Steered):
            kept.turning.steered(receipt, outcome, go)
            return
        if place.error is not None:  # it is not there
            go(receipt, outcome)
            return
        body = kept.codec.encode(outcome, OUTCOME)
        ended = Ended(receipt.id, body, outcome.turn)
        record = Settle(receipt.key, ended, wall(), place.unsent)
        away = kept.bringing.ends(receipt.id)

        def told(answer: object) -> None:
            if isinstance(answer, Refused):  # an outcome as small as they come
                raise StoreRefusedError(receipt.key, answer.why)
            if away:
                kept.bringing.has_ended(receipt.id)
            if place.repeats is not None:  # what it got belongs to the first one
                lane: Any = receipt._lane
                kept.finding.follow(lane, receipt, place.repeats)
            else:
                kept.finding.over(receipt)
                go(receipt, outcome)
                for each in kept.finding.followers_of(receipt.id):
                    kept.core.give(each, outcome)

        entry = Entry(record, told, len(body), (receipt,))
        kept.submit_of(receipt._lane, entry)

    def bound(self, key: str, token: object) -> None:
        """See `Keeping`."""
        kept = self._kept
        lane: Lane | None = kept.core.lanes.get(key)
        run: TurnRun | None = lane.turn if lane is not None else None
        if (
            lane is not None
            and run is not None
            and run.has_begun
            and run.turn is not None
        ):
            known = key_of(lane)
            known.bound, known.token = True, token
            return
        if lane is not None:
            key_of(lane).generation = 0  # there may be a row now
        body = None
        if token is not None:
            body = kept.codec.encode(token, TOKEN)
        told = kept.store.heard_of(key, "token")
        kept.submit_key(key, Entry(Bind(key, body, wall()), told))

    def grows(self, lane: Lane, size: int) -> None:
        """Its state is large, or was: told once."""
        kept, key = self._kept, key_of(lane)
        limit = kept.policy.state_large
        told, key.large = key.large, size > limit
        if key.large and not told:
            text = (
                f"has a state of {size} bytes, above {limit}: each turn writes it "
                "whole, and what grows belongs into turn.history"
            )
            kept.core.world.log_failure(logging.WARNING, lane.key, text)
            kept.tell(StateGrows, lane.key, size, limit)

    def quarantined(self, lane: Lane, term: float, crash: BaseException) -> None:
        """See `Keeping`."""
        kept = self._kept
        key_of(lane).generation = 0  # there may be a row now
        now = wall()
        body = kept.codec.encode([now + term, *words_of(crash).args], ORIGIN)
        told = kept.store.heard_of(lane.key, "quarantine")
        kept.submit_of(lane, Entry(Quarantine(lane.key, body, now), told))

    def forgotten(self, lane: Lane, reason: object) -> None:
        """See `Keeping`."""
        kept = self._kept
        key = key_of(lane)
        key.state, key.bound, key.token = None, False, None
        key.forgotten = True
        history_of(kept, lane).forget()
        key.stale = key.asked and not key.brought
        run: TurnRun | None = lane.turn
        taken = kept.turning.taken(run) if run is not None else ()
        self._forget(lane.key, tuple(each.id for each in taken), reason)
        if key.held is not None:  # there is nothing left that cannot be read
            key.held = None
            key.unread = frozenset()
            kept.bringing.fetch(lane)

    def forgotten_unseen(self, key: str, reason: object) -> bool:
        """See `Keeping`."""
        if not self._kept.can_write(key):
            return False
        self._forget(key, (), reason)
        return True

    def left_by(self, lane: Lane) -> Any:
        """See `Keeping`."""
        key = key_of(lane)
        forgotten, key.forgotten = key.forgotten, False
        return UNSET if forgotten else lane.state

    def _forget(self, key: str, but: tuple[int, ...], reason: object) -> None:
        """In one record: what waits here is settled by others, which come too late."""
        kept = self._kept
        outcome = Withdrawn(reason)
        withdrawn = kept.codec.encode(outcome, OUTCOME)
        self._forgets += 1
        mark = kept.epoch * IDS + self._forgets
        record = Forget(key, withdrawn, kept.epoch, but, wall(), mark)
        kept.turning.forget(key)
        kept.reminding.forget(key)
        kept.arriving.forget_left(key)

        def told(answer: Forgotten | Refused) -> None:
            if isinstance(answer, Refused):  # an outcome as small as they come
                raise StoreRefusedError(key, answer.why)
            kept.bringing.held = answer.held
            for number in answer.withdrawn:
                kept.finding.withdrawn(number, outcome)

        kept.submit_key(key, Entry(record, told))
