"""`Left`: what a turn leaves, on its way into the store as one record.

There is one for each turn that ends, so it is its own entry of the writer: no closure,
and no second object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from actors import Outcome, Receipt
from actors.hosting import TurnRun
from supervision._routing.parts.lane import UNSET
from supervision.durable._histories.log import Commit
from supervision.durable._words.records import (
    Complete,
    Completion,
    Overtaken,
    Refused,
    State,
)
from supervision.durable._writing.book import Entry

from .reminding import Left as Reminders
from .sending import Sent

Steered: TypeAlias = (
    "tuple[Receipt[Any], Outcome, Callable[[Receipt[Any], Outcome], None]]"
)
"""A prompt that was put into a turn, its outcome, and what tells it."""
NO_REMINDERS: Final[Reminders] = ((), ())


class Left(Entry):
    """What a turn leaves, and what follows when it is written.

    It is made when its outcome is sealed, and goes out when the turn has ended.

    Args:
        hears: called with this one and the answer; None: there was nothing to write.
        run: the turn.
        outcome: of it.
        body: of the outcome; empty: none of its prompts is in the store.
        value: the state that it had then.
        state: the same as bytes; None: the store has it.
    """

    __slots__ = (
        "_hears",
        "body",
        "go",
        "history",
        "last",
        "outcome",
        "reminders",
        "run",
        "sends",
        "state",
        "steered",
        "value",
    )

    record: Complete

    def __init__(
        self,
        hears: Callable[[Left, Completion | Overtaken | Refused | None], None],
        run: TurnRun,
        outcome: Outcome,
        body: bytes,
        value: Any = UNSET,  # Any: a state is anything
        state: State | None = None,
    ) -> None:
        self._hears = hears
        self.run = run
        self.outcome = outcome
        self.body = body
        self.value = value
        self.state = state
        self.go: Callable[[TurnRun, Outcome], None]
        """Tells it; set when it has ended."""
        self.steered: Sequence[Steered] = ()
        """What was put into it."""
        self.history: Commit | None = None
        """Of its history; None: the store has that."""
        self.sends: tuple[Sent, ...] = ()
        """The prompts that it sends."""
        self.reminders: Reminders = NO_REMINDERS
        """Those that it sets, and forgets."""
        self.last = False
        """The store has refused something else in its place."""
        self.out = self.void = False
        self.lease = None

    @property
    def receipts(self) -> tuple[Receipt[Any], ...]:  # type: ignore[override] # of parts
        """The prompts that end with it."""
        receipts = self.run.receipts
        if not self.steered:
            return receipts
        return (*receipts, *(each for each, _, _ in self.steered))

    @property
    def is_plain(self) -> bool:
        """Whether it is of one prompt, and has nothing but its outcome and a state."""
        run = self.run
        return run.extra is None and not self.steered and len(run.receipts) == 1

    def carried_by(self, record: Complete) -> Left:
        """Give it its record."""
        self.record = record
        size = len(self.body)
        if self.state is not None:
            size += len(self.state.body)
        if self.history is not None:
            size += self.history.size
        for sent in self.sends:
            size += len(sent.row.body)
        for each in self.reminders[0]:
            size += len(each.body)
        self.size = size
        return self

    def told(self, answer: Completion | Overtaken | Refused | None) -> None:
        """Hear the answer."""
        self._hears(self, answer)


def again_of(run: TurnRun) -> dict[int, int]:
    """{prompt that waits again: how often it has been tried}."""
    return (run.extra.again if run.extra is not None else None) or {}


def unsteered(
    steered: Sequence[Steered],
) -> list[Receipt[Any]]:
    """What was put into a turn that does not count: prompts again."""
    receipts = [receipt for receipt, _, _ in steered]
    for receipt in receipts:
        more = receipt.need_more()
        more.steers, more.settling = None, False
    return receipts
