"""Spans inside of a turn: a call of a model, a tool.

Both belong to a turn, which says whose tracer makes them; where its system is not
instrumented there is no span and next to no cost.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry.context import attach, detach, get_current
from opentelemetry.trace import (
    INVALID_SPAN,
    NoOpTracer,
    Span,
    SpanKind,
    Tracer,
    set_span_in_context,
)

from actors import Turn

from . import names
from .ends import fail, guard

_NOBODY: Final = NoOpTracer()
_TURN: Any = Turn  # Any: a checker would lose its type arguments


class ModelCall:
    """One call of a model, made by `chat`: for what its answer says of itself."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span
        """The span, for attributes of your own; without a tracer one that does nothing.
        """

    def usage(
        self, *, input_tokens: int | None = None, output_tokens: int | None = None
    ) -> None:
        """Say how many tokens it took; None: not known."""
        self._set(names.INPUT_TOKENS, input_tokens)
        self._set(names.OUTPUT_TOKENS, output_tokens)

    def answered(
        self,
        *,
        model: str | None = None,
        id: str | None = None,  # noqa: A002 - the conventions' word
        finish_reasons: Sequence[str] | None = None,
    ) -> None:
        """Say which model has answered, under which id, and why it stopped."""
        self._set(names.RESPONSE_MODEL, model)
        self._set(names.RESPONSE_ID, id)
        self._set(names.FINISH_REASONS, finish_reasons)

    def _set(self, name: str, value: Any) -> None:  # Any: what attributes take
        if value is not None:
            self.span.set_attribute(name, value)


@contextmanager
def chat(
    turn: Turn[Any, Any, Any], model: str, *, provider: str | None = None
) -> Generator[ModelCall]:
    """Call a model inside of this block: a CLIENT span, `chat MODEL`.

    It ends with the block.  An exception makes its status an error, a cancellation too
    (`error.type` is "cancelled" then): the deadline of the turn, say.

    Args:
        turn: whose call it is.
        model: the name that is asked for.
        provider: who serves it, by the conventions' word, such as "openai".

    Raises:
        TypeError: not a turn, or a model that is no str.

    Example:
        >>> with chat(turn, "gpt-5", provider="openai") as call:
        ...     answer = await client.responses.create(model="gpt-5", input=turn.prompt)
        ...     call.usage(input_tokens=answer.usage.input_tokens)
    """
    _check("chat()", turn, "model", model)
    attributes = {names.GEN_OPERATION: "chat", names.REQUEST_MODEL: model}
    if provider is not None:
        attributes[names.PROVIDER] = provider
    with _inside(turn, f"chat {model}", SpanKind.CLIENT, attributes) as span:
        yield ModelCall(span)


@contextmanager
def tool(
    turn: Turn[Any, Any, Any], name: str, *, call_id: str | None = None
) -> Generator[Span]:
    """Run a tool inside of this block: `Turn.tool`, and a span, `execute_tool NAME`.

    As `chat`; a tool that is skipped has no span.

    Args:
        turn: whose tool it is.
        name: the tool's.
        call_id: the id that the model has given to this call.

    Raises:
        ToolSkippedError, TurnOverError: as `Turn.tool`.
        TypeError: not a turn, or a name that is no str.
    """
    _check("tool()", turn, "name", name)
    attributes = {names.GEN_OPERATION: "execute_tool", names.TOOL: name}
    if call_id is not None:
        attributes[names.TOOL_CALL] = call_id
    what = f"execute_tool {name}"
    with (
        turn.tool(name),
        _inside(turn, what, SpanKind.INTERNAL, attributes) as span,
    ):
        yield span


def _check(call: str, turn: object, what: str, name: object) -> None:
    if not isinstance(turn, _TURN):
        msg = f"{call} takes the Turn that take_turn was given, got {turn!r}"
        raise TypeError(msg)
    if not isinstance(name, str):
        msg = f"{what} must be a str, got {name!r}"
        raise TypeError(msg)


@contextmanager
def _inside(
    turn: Turn[Any, Any, Any], what: str, kind: SpanKind, attributes: dict[str, Any]
) -> Generator[Span]:
    """Open a span in a turn, and have it be the current one."""
    own: Any = turn._run.host.tracer  # Any: a PromptTracer, whoever follows this turn
    tracer: Tracer = own.tracer if own is not None else _NOBODY
    span: Span = INVALID_SPAN
    context = get_current()
    with guard():
        attributes[names.CONVERSATION] = turn.key
        span = tracer.start_span(what, context, kind, attributes)
    if span.get_span_context().is_valid and own is not None:
        context = set_span_in_context(span, context)
    token = attach(context)
    try:
        yield span
    except BaseException as error:
        with guard():
            fail(span, error)
        raise
    finally:
        detach(token)
        with guard():
            span.end()
