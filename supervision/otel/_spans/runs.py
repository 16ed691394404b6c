"""`TracedRun`: a turn that has a span, from its first step to its outcome.

It is the turn itself, so there is nothing to be looked up and nobody to be listened to:
as its body is called, its span begins and is put into the context variables of its own
that a turn has; with its outcome the span ends.  That is outside of all its deadlines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.trace import Span

from actors import Outcome
from actors.hosting import ENDED, TurnRun

from .ends import complain


class TracedRun(TurnRun):
    """A turn with a span."""

    __slots__ = ("span", "take", "tracer")

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: as a turn has them
        super().__init__(*args, **options)
        self.span: Span | None = None
        self.take: Callable[[Any], Awaitable[object]] = self.body
        self.tracer: Any = self.host.tracer  # Any: its module is above this one
        self.body = self._begin

    def _begin(self, turn: Any) -> Awaitable[object]:
        """Begin the span, and then what the turn does.  In the turn's own context."""
        try:
            self.span = self.tracer.begin(self)
        except Exception as error:  # noqa: BLE001 - as `guard`, at less cost
            complain(error)
        return self.take(turn)

    def conclude(self, outcome: Outcome, *, late: bool = False) -> None:
        """End the span, with its outcome; once, as there is one outcome."""
        if self.phase is ENDED:
            return
        super().conclude(outcome, late=late)
        span, self.span = self.span, None
        try:
            self.tracer.end(self, span, self.outcome)
        except Exception as error:  # noqa: BLE001 - as `guard`, at less cost
            complain(error)
