"""The prompts and turns of one router, as spans.

A turn is a CONSUMER span from its first step to its outcome, by the conventions for
messaging (it processes its prompt) and for generative AI (`invoke_agent`).  Of one
prompt it is a child of whoever sent it, of a batch it has a link to each.

A prompt has a PRODUCER span, by the same conventions, only of its sending: it may wait
for hours and outlive its process, and how long it has waited is the gap in the trace.
It tells little that the turn does not tell (`actors.prompt.waited`), and costs as much,
so it is made by wish; but where no turn will tell what became of a prompt, its span is
always made, and lasts until its end.
"""

from __future__ import annotations

import time
from contextvars import Context as Variables
from contextvars import copy_context
from typing import Any, Final

from opentelemetry.context import Context, attach
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    Tracer,
    get_current_span,
    set_span_in_context,
)

from actors import Outcome, Receipt, Steered
from actors.hosting import ChunkLog, More, TurnRun

from . import names
from .carrying import context_of
from .ends import CANCELLED, GUARD, end_with, mark, name_of, text_of
from .runs import TracedRun

_LOG: Any = ChunkLog  # Any: a checker would lose its type argument
_WORTH_SAYING: Final = 0.001  # seconds
_NANO: Final = 1_000_000_000


class PromptTracer:
    """Who follows the prompts and turns of one router.

    Args:
        tracer: makes the spans.
        core: the router's.
        prompts: whether each prompt has a span of its own.
    """

    run_class: type[TurnRun] = TracedRun

    def __init__(self, tracer: Tracer, core: Any, *, prompts: bool) -> None:
        self.tracer = tracer
        self._core = core
        self._prompts = prompts
        path: str = core.ref.path
        self._send = f"send {path}"
        self._turn = f"turn {path}"
        self._child = f"child turn {path}"
        agent = {
            names.GEN_OPERATION: "invoke_agent",
            names.AGENT: core.world.make.__name__,
        }
        self._of_turn = {
            names.SYSTEM: names.US,
            names.OPERATION: "turn",
            names.OPERATION_TYPE: "process",
            names.DESTINATION: path,
            **agent,
        }
        self._of_child = agent
        self._of_prompt = {
            names.SYSTEM: names.US,
            names.OPERATION: "send",
            names.OPERATION_TYPE: "send",
            names.DESTINATION: path,
        }

    # -------------------------------------------------------------------------- turns

    def begin(self, run: TracedRun) -> Span:
        """Begin the span of a turn, and make it the current one."""
        if run.parent is not None:
            return self._begin_child(run)
        receipts = run.receipts
        first = receipts[0]
        more = first._more
        attributes: dict[str, Any] = self._of_turn.copy()
        attributes[names.CONVERSATION] = run.lane.key
        attributes[names.TURN] = run.id
        waited = run.started_at - first.at
        if waited >= _WORTH_SAYING:
            attributes[names.WAITED] = waited
        if run.aside:
            attributes[names.ASIDE] = True
        links: list[Link] | None = None
        if len(receipts) == 1 and not self._prompts:
            context = context_of(
                first._context, more.origin if more is not None else None
            )
        else:
            contexts = [self._sent(each) for each in receipts]
            context = contexts[0]
            if len(receipts) > 1:
                context = Context()
                attributes[names.BATCH] = len(receipts)
                links = _links(contexts)
        if more is not None or len(receipts) > 1:
            tried = max(each._more.tried if each._more else 0 for each in receipts)
            if tried:
                attributes[names.ATTEMPT] = 1 + tried
                links = [*(links or ()), *self._links_to_last(receipts)]
        span = self.tracer.start_span(
            self._turn, context, SpanKind.CONSUMER, attributes, links
        )
        attach(set_span_in_context(span, context))
        return span

    def _links_to_last(self, receipts: tuple[Receipt[Any], ...]) -> list[Link]:
        """Give links to the attempts before: to one, if it had all of the prompts."""
        by_id: dict[int, Link] = {}
        for each in receipts:
            more = each._more
            if more is not None and more.attempt is not None:
                by_id[more.attempt.span_id] = Link(more.attempt)
                more.attempt = None
        return list(by_id.values())

    def _begin_child(self, run: TracedRun) -> Span:
        """Begin the span of a child turn, in the context where it was started."""
        context: Context = run.above or Context()
        if not get_current_span(context).get_span_context().is_valid:
            parent: Any = run.parent  # Any: a TracedRun
            if parent.span is not None:
                context = set_span_in_context(parent.span, context)
        attributes: dict[str, Any] = self._of_child.copy()
        attributes[names.CONVERSATION] = run.lane.key
        attributes[names.TURN] = run.id
        span = self.tracer.start_span(
            self._child, context, SpanKind.INTERNAL, attributes
        )
        attach(set_span_in_context(span, context))
        return span

    def end(self, run: TracedRun, span: Span, outcome: Outcome) -> None:
        """End the span of a turn."""
        try:
            if run.stream is not None and run.parent is None:
                span.set_attribute(names.CHUNKS, _emitted(run.stream))
            if run.extra is not None and run.extra.again:
                for receipt in run.receipts:
                    # with the prompt: it may go to another node, and never come back
                    if receipt.id in run.extra.again:
                        receipt.need_more().attempt = span.get_span_context()
        finally:
            end_with(span, outcome)

    def unbegun(
        self, sent: list[tuple[Receipt[Any], Variables]], outcome: Outcome
    ) -> None:
        """Hear that prompts end, whose turn has not had its first step."""
        for receipt, variables in sent:
            self._told(receipt, variables, outcome)

    # ------------------------------------------------------------------------- prompts

    def settled(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Hear that a prompt ends which no turn ends."""
        if type(outcome) is not Steered:
            self._told(receipt, receipt.context, outcome)
            return
        with GUARD:
            self._steered(receipt, outcome)

    def refused(self, key: str, more: More, error: Exception | None) -> None:
        """Hear that a prompt is refused."""
        with GUARD:
            self._refused(key, more, error)

    def _refused(self, key: str, more: More, error: Exception | None) -> None:
        # None: it is its sender who hears it
        context = context_of(more.context or copy_context(), more.origin)
        attributes = {**self._of_prompt, names.CONVERSATION: key}
        span = self.tracer.start_span(
            self._send, context, SpanKind.PRODUCER, attributes
        )
        try:
            if error is None:
                mark(span, CANCELLED, "its sender gave up waiting for room")
            else:
                mark(span, name_of(type(error)), text_of(error))
        finally:
            span.end()

    def _steered(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Have the turn that it was put into linked with its sender."""
        run: Any = self._core.turns.running.get(outcome.turn)
        span: Span | None = getattr(run, "span", None)
        if span is None:
            return
        sent = get_current_span(self._sent(receipt)).get_span_context()
        if sent.is_valid:
            span.add_link(sent)
        span.add_event(names.STEERED, {names.MESSAGE: _message_id(receipt)})

    def _sent(self, receipt: Receipt[Any]) -> Context:
        """Give the context that a prompt was sent in, of its own span if it has one."""
        context = context_of(receipt.context, receipt.origin)
        if not self._prompts:
            return context
        span, begun = self._begin_prompt(receipt, context)
        with GUARD:
            span.end(begun)
        return set_span_in_context(span, context)

    def _told(
        self, receipt: Receipt[Any], variables: Variables, outcome: Outcome
    ) -> None:
        """Make the span of a prompt that has come to its end without a turn's."""
        with GUARD:
            context = context_of(variables, receipt.origin)
            span, _ = self._begin_prompt(receipt, context)
            end_with(span, outcome)

    def _begin_prompt(
        self, receipt: Receipt[Any], context: Context
    ) -> tuple[Span, int]:
        """Begin the span of a prompt as of its acceptance, and say when that was."""
        attributes: dict[str, Any] = self._of_prompt.copy()
        attributes[names.CONVERSATION] = receipt.key
        attributes[names.MESSAGE] = _message_id(receipt)
        ago = self._core.now() - receipt.at
        begun = time.time_ns()  # what is exported is on the wall's clock
        if ago > 0:
            begun -= int(ago * _NANO)
        span = self.tracer.start_span(
            self._send, context, SpanKind.PRODUCER, attributes, start_time=begun
        )
        return span, begun


def _message_id(receipt: Receipt[Any]) -> str:
    return receipt.given_id or str(receipt.id)


def _emitted(stream: Any) -> int:  # Any: a Chunks or a ChunkLog
    """How many chunks have come into the stream, in this attempt."""
    if isinstance(stream, _LOG):
        return int(stream.last - stream.base)
    return int(stream.emitted)


def _links(contexts: list[Context]) -> list[Link]:
    found = [get_current_span(each).get_span_context() for each in contexts]
    return [Link(each) for each in found if each.is_valid]
