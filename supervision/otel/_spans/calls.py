"""Spans inside of a turn: a call of a model, a tool.

Both belong to a turn, and who traces that one makes them, for as long as it runs; where
nobody does there is no span and next to no cost.  The block of a span is written out,
for a generator's costs more than all else here.  What a provider raises stays in it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from opentelemetry.context import Context, attach, get_current
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, set_span_in_context

from actors import Turn

from . import names
from .ends import complain, fail

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
            try:
                self.span.set_attribute(name, value)
            except Exception as error:  # noqa: BLE001 - a provider's own
                complain(error)


def chat(
    turn: Turn[Any, Any, Any], model: str, *, provider: str | None = None
) -> AbstractContextManager[ModelCall]:
    """Call a model inside of this block: a CLIENT span, `chat MODEL`.

    It ends with the block.  An exception makes its status an error, a cancellation too
    (`error.type` is "cancelled" then): the deadline of the turn, say.  So does the end
    of a generator with this block in it, whose reader has left early.

    Args:
        turn: whose call it is.
        model: the name that is asked for.
        provider: who serves it, by the conventions' word, such as "openai".

    Raises:
        TypeError: not a turn, or a model or provider that is no str.

    Example:
        >>> with chat(turn, "gpt-5", provider="openai") as call:
        ...     answer = await client.responses.create(model="gpt-5", input=turn.prompt)
        ...     call.usage(input_tokens=answer.usage.input_tokens)
    """
    _check("chat()", turn, "model", model)
    attributes = {names.GEN_OPERATION: "chat", names.REQUEST_MODEL: model}
    if provider is not None:
        _check_str("provider", provider)
        attributes[names.PROVIDER] = provider
    return _Call(_Block(turn, f"chat {model}", SpanKind.CLIENT, attributes))


def tool(
    turn: Turn[Any, Any, Any], name: str, *, call_id: str | None = None
) -> AbstractContextManager[Span]:
    """Run a tool inside of this block: `Turn.tool`, and a span, `execute_tool NAME`.

    As `chat`; a tool that is skipped has no span.

    Args:
        turn: whose tool it is.
        name: the tool's.
        call_id: the id that the model has given to this call.

    Raises:
        ToolSkippedError, TurnOverError: as `Turn.tool`.
        TypeError: not a turn, or a name or call_id that is no str.
    """
    _check("tool()", turn, "name", name)
    attributes = {names.GEN_OPERATION: "execute_tool", names.TOOL: name}
    if call_id is not None:
        _check_str("call_id", call_id)
        attributes[names.TOOL_CALL] = call_id
    what = f"execute_tool {name}"
    return _use(turn, name, _Block(turn, what, SpanKind.INTERNAL, attributes))


def _check(call: str, turn: object, what: str, name: object) -> None:
    if not isinstance(turn, _TURN):
        msg = f"{call} takes the Turn that take_turn was given, got {turn!r}"
        raise TypeError(msg)
    _check_str(what, name)


def _check_str(what: str, given: object) -> None:
    if not isinstance(given, str):
        msg = f"{what} must be a str, got {given!r}"
        raise TypeError(msg)


class _Block:
    """A span in a turn, the current one while the block lasts."""

    __slots__ = (
        "_around",
        "_attributes",
        "_inside",
        "_kind",
        "_span",
        "_turn",
        "_what",
    )

    def __init__(
        self,
        turn: Turn[Any, Any, Any],
        what: str,
        kind: SpanKind,
        attributes: dict[str, Any],
    ) -> None:
        self._turn = turn
        self._what = what
        self._kind = kind
        self._attributes = attributes
        self._span: Span | None = None
        self._around: Context | None = None  # what is current around the block
        self._inside: Context | None = None  # and in it

    def __enter__(self) -> Span:
        own: Any = getattr(self._turn._run, "tracer", None)  # Any: a PromptTracer
        if own is None:
            return INVALID_SPAN
        span: Span = INVALID_SPAN
        try:
            context = get_current()
            self._attributes[names.CONVERSATION] = self._turn.key
            self._span = span = own.tracer.start_span(
                self._what, context, self._kind, self._attributes
            )
            self._inside = set_span_in_context(span, context)
            attach(self._inside)
            self._around = context
        except Exception as error:  # noqa: BLE001 - a provider's own
            complain(error)
        return span

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        # no token: a generator may be closed in another context, where it is worth
        # nothing, and where what is current may be none of its business
        if self._around is not None and not (
            isinstance(error, GeneratorExit) and get_current() is not self._inside
        ):
            attach(self._around)
        span = self._span
        if span is None:
            return
        try:
            try:
                if error is not None:
                    fail(span, error)
            finally:
                span.end()
        except Exception as trouble:  # noqa: BLE001 - a provider's own
            complain(trouble)


class _Call:
    """The block of a call of a model."""

    __slots__ = ("_block",)

    def __init__(self, block: _Block) -> None:
        self._block = block

    def __enter__(self) -> ModelCall:
        return ModelCall(self._block.__enter__())

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        self._block.__exit__(kind, error, trace)


@contextmanager
def _use(turn: Turn[Any, Any, Any], name: str, block: _Block) -> Generator[Span]:
    with turn.tool(name), block as span:
        yield span
