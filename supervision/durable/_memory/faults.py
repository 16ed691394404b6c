"""How a store in memory is to fail: a script that a test writes while it runs.

No Trio here but the event on which batches wait; no tables.  What is set holds until it
is taken back, what is counted until it is used up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import trio

from supervision.durable._words.policy import StorePolicy
from supervision.durable._words.records import Record
from supervision.durable._words.rules import refusal

Point: TypeAlias = Literal[
    "before carry",
    "after carry",
    "before told",
    "after told",
    "before question",
    "after question",
    "after heard",
]
"""A moment in the life of a batch: a process may die at each.  After carry it is
durable, and nobody knows; between that and told other tasks have had a step.

The last three are of questions, which a node of a `MemoryServer` asks."""

Hook: TypeAlias = Callable[[Point, Sequence[Any]], object]
"""What is called at each point with the records, in Trio's thread; of a question with
it alone."""


class Faults:
    """What is to go wrong.

    Args:
        policy: what is refused without being told to.
    """

    def __init__(self, policy: StorePolicy) -> None:
        self.latency = 0.0
        self.hook: Hook | None = None
        self.refuses: Callable[[Record], bool] | None = None
        self.policy = policy
        """What is refused without being told to."""
        self.question_latency = 0.0
        self.unreached: Callable[[], str | None] = lambda: None
        """Says why nothing comes to the store; None: it does."""
        self._still: trio.Event | None = None  # set when it goes on
        self._are_questions_still = False
        self._away = 0
        self._lost = 0
        self._unheard = 0

    def stand_still(self, *, questions: bool) -> None:
        """Let batches wait from now on; and questions?"""
        if self._still is None:
            self._still = trio.Event()
        self._are_questions_still = self._are_questions_still or questions

    def go_on(self) -> None:
        """Let them go on."""
        still, self._still = self._still, None
        self._are_questions_still = False
        if still is not None:
            still.set()

    def away(self, times: int) -> None:
        """Let so many batches come to nothing."""
        self._away = times

    def lose_answers(self, times: int) -> None:
        """Let so many batches go without an answer."""
        self._lost = times

    def lose_reactions(self, times: int) -> None:
        """Let so many questions go without an answer."""
        self._unheard = times

    async def pause_question(self) -> None:
        """Wait as long as a question has to; a checkpoint."""
        await trio.sleep(self.question_latency)
        while self._still is not None and self._are_questions_still:
            await self._still.wait()

    async def pause(self) -> None:
        """Wait as long as a batch has to; a checkpoint."""
        await trio.sleep(self.latency)
        while self._still is not None:
            await self._still.wait()

    def at(self, point: Point, batch: Sequence[Any]) -> None:
        """Tell the hook."""
        if self.hook is not None:
            self.hook(point, batch)

    def is_away(self) -> bool:
        """Whether this batch comes to nothing; it is counted."""
        self._away, was = max(0, self._away - 1), self._away
        return was > 0

    def is_lost(self) -> bool:
        """Whether its answers get lost; it is counted."""
        self._lost, was = max(0, self._lost - 1), self._lost
        return was > 0

    def is_unheard(self) -> bool:
        """Whether the answer to this question gets lost; it is counted."""
        self._unheard, was = max(0, self._unheard - 1), self._unheard
        return was > 0

    def refused(self, record: Record) -> str | None:
        """Say why this record is refused; None: it is not."""
        if self.refuses is not None and self.refuses(record):
            return "the store was told to refuse it"
        return refusal(record, self.policy)
