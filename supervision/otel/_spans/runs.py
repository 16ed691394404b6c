"""`TracedRun`: a turn that has a span, from its first step to its outcome.

It is the turn itself, so there is nothing to be looked up and nobody to be listened to:
as its body is called, its span begins and is put into the context variables of its own
that a turn has; with its outcome the span ends.  That is outside of all its deadlines.

Each turn takes this way, so it is written out: no blocks, few calls, and nothing of it
refers to itself, or each turn would be garbage for the collector, with its prompt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from opentelemetry.context import Context, get_current
from opentelemetry.trace import Span

from actors import Completed, Outcome, Receipt, TurnPolicy
from actors.hosting import ENDED, TurnRun

from .ends import complain


class TracedRun(TurnRun):
    """A turn with a span."""

    __slots__ = ("above", "span", "take", "tracer")

    def __init__(
        self,
        id: int,  # noqa: A002 - as a turn has them
        home: Any,
        receipts: tuple[Receipt[Any], ...],
        body: Callable[[Any], Awaitable[object]],
        policy: TurnPolicy,
        *,
        aside: bool = False,
        parent: TurnRun | None = None,
    ) -> None:
        TurnRun.__init__(
            self, id, home, receipts, _begin, policy, aside=aside, parent=parent
        )
        self.take = body
        self.span: Span | None = None
        self.tracer: Any  # a PromptTracer: its module is above this one
        self.above: Context | None = None  # a child's: where it was started
        if parent is None:
            self.tracer = self.host.tracer
        else:  # that one may be traced no more, and has its span to its end
            made_by: Any = parent  # a TracedRun: children are of its class
            self.tracer = made_by.tracer
            self.above = get_current()

    def conclude(self, outcome: Outcome, *, late: bool = False) -> None:
        """End the span, with its outcome; once, as there is one outcome."""
        if self.phase is ENDED:
            return
        span, self.span = self.span, None
        if span is None and not self.has_begun:
            # now: what a session remembers of its messages has no context any more
            sent = [(each, each.context) for each in self.receipts]
            TurnRun.conclude(self, outcome, late=late)
            self.tracer.unbegun(sent, self.outcome)
            return
        TurnRun.conclude(self, outcome, late=late)
        if span is None:  # it could not be made
            return
        try:
            if self.stream is None and type(self.outcome) is Completed:
                span.end()  # as the tracer would, and nearly always
            else:
                self.tracer.end(self, span, self.outcome)
        except Exception as error:  # noqa: BLE001 - a provider's own
            complain(error)


def _begin(turn: Any) -> Awaitable[object]:
    """Begin the span, and then what the turn does.  In the turn's own context."""
    run: TracedRun = turn._run
    try:
        run.span = run.tracer.begin(run)
    except Exception as error:  # noqa: BLE001 - a provider's own
        complain(error)
    return run.take(turn)
