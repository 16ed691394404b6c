"""`instrument`: have all of a system traced."""

from __future__ import annotations

import contextlib
from typing import Any, Self

from opentelemetry.context import Context, get_current
from opentelemetry.trace import TracerProvider, get_tracer

from actors import Actor, ActorSystem
from actors.hosting import cells_of, hub_of, listen, open_systems, seat_of
from supervision._routing.census import routers_of
from supervision._routing.core.world import TRACER

from .carrying import leave_trace
from .messages import EVENTS, MessageTracer
from .names import SCOPE
from .prompts import PromptTracer

_ACTOR: Any = Actor  # Any: a checker would lose its type argument


class Tracing:
    """What `instrument` has done to a system, until `close`; a context manager."""

    def __init__(
        self, system: ActorSystem, provider: TracerProvider | None, *, prompts: bool
    ) -> None:
        self._system = system
        self._prompts = prompts
        self._tracer = get_tracer(SCOPE, tracer_provider=provider)
        self._messages: MessageTracer | None = None
        self._listener: Any = None  # Any: of events of messages

    def _open(self, *, messages: bool) -> None:
        hub = hub_of(self._system)
        hub.notes[TRACER] = self._tracer_of
        hub.fresh = leave_trace
        cells = cells_of(self._system)
        around: Context = cells[0].context.run(get_current)  # of `open_system`
        for cell in cells:
            # else it is that in which this is called, whose trace it may be
            with contextlib.suppress(RuntimeError):
                if cell.worker is None or cell.context.run(get_current) is around:
                    cell.context.run(leave_trace)  # what runs in its own trace stays
        for core in routers_of(self._system).values():
            core.trace(self._tracer_of(core))
        if messages:
            self._messages = MessageTracer(self._tracer)
            self._listener = listen(self._system, EVENTS, self._messages.hear)

    def _tracer_of(self, core: Any) -> PromptTracer:
        return PromptTracer(self._tracer, core, prompts=self._prompts)

    def close(self) -> None:
        """Trace what begins from now on no more; idempotent.  Not a checkpoint.

        Turns that run have their spans until they end.
        """
        hub = hub_of(self._system)
        if hub.notes.get(TRACER) != self._tracer_of:
            return
        del hub.notes[TRACER]
        hub.fresh = None
        for core in routers_of(self._system).values():
            core.trace(None)
        if self._listener is not None:
            self._listener.close()
        if self._messages is not None:
            self._messages.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def instrument(
    system: ActorSystem | Actor[Any],
    *,
    tracer_provider: TracerProvider | None = None,
    prompts: bool = False,
    messages: bool = False,
) -> Tracing:
    """Have the turns of all routers of a system traced, of those to come too.

    A turn has a span from its first step to its outcome, whose status is made of the
    outcome.  It is the current one in the turn's own code, and a child of the span in
    which its prompt was sent.  Actors that are started from now on are in no trace,
    whoever starts them.  Call it in Trio's thread, before the first prompt; not a
    checkpoint.  It ends with the system, or with `close`.

    Args:
        system: which; in an actor, itself: `instrument(self)` in its `started`.
        tracer_provider: who makes the spans.  Default None: OpenTelemetry's global one.
        prompts: whether each prompt has a span of its sending too, between its sender's
            and its turn's.  Default False: only one that no turn ends, such as
            `Withdrawn`, or that is refused.
        messages: whether each message of an actor is a span.  Default False: they cost
            several times what messages cost.

    Raises:
        TypeError: neither a system nor an actor that has begun, or not a provider.
        RuntimeError: the system is instrumented already.
        WrongThreadError: called in another thread.
    """
    found = _system_of(system)
    given: object = tracer_provider
    if given is not None and not isinstance(given, TracerProvider):
        msg = f"tracer_provider must be a TracerProvider or None, got {given!r}"
        raise TypeError(msg)
    hub = hub_of(found)
    hub.check_thread("instrument()")
    if TRACER in hub.notes:
        msg = "the system is instrumented already: close() the Tracing of before"
        raise RuntimeError(msg)
    tracing = Tracing(found, tracer_provider, prompts=prompts)
    tracing._open(messages=messages)
    return tracing


def _system_of(given: object) -> ActorSystem:
    if isinstance(given, ActorSystem):
        return given
    seat = seat_of(given) if isinstance(given, _ACTOR) else None
    if seat is not None:
        for each in open_systems():
            if hub_of(each) is seat.hub:
                return each
    msg = f"instrument() takes a system, or an actor that has begun, got {given!r}"
    raise TypeError(msg)
