"""What the agent asks a person for: a form to fill in, a page to visit; pure.

Read by hand: the protocol calls it unstable, and an agent that asks in words of its own
is to be declined in order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast

import attrs

from supervision.acp._pipe.wire import Call

from .questions import Question

METHOD = "elicitation/create"
DECLINED: Final[Mapping[str, Any]] = MappingProxyType({"action": "decline"})
"""The answer that is none."""
_CANCELLED: Final[Mapping[str, Any]] = MappingProxyType({"action": "cancel"})


@attrs.frozen
class Elicitation:
    """The agent wants something from a person; `AgentSession.elicitation` decides."""

    message: str
    """What it wants, for a person."""
    mode: str
    """form: fill in `schema`; url: visit `url`; or what a newer agent says."""
    schema: Mapping[str, Any]
    """A JSON Schema of an object: the fields of the form.  Empty: it is none."""
    url: str | None
    """Where the person is to go; None: nowhere."""
    tool: str | None
    """The id of the tool call that it is for; None: it is for none."""
    request: Mapping[str, Any] = attrs.field(repr=False)
    """All of it, as JSON."""


Elicit: TypeAlias = Callable[[Elicitation], Awaitable[Mapping[str, Any] | None]]


def read_elicitation(call: Call) -> Elicitation | None:
    """Read a question; None: it is none."""
    match call.params:
        case {"message": str(message), "mode": str(mode)}:
            pass
        case _:
            return None
    said = cast("dict[str, Any]", call.params)
    schema: object = said.get("requestedSchema")
    url: object = said.get("url")
    tool: object = said.get("toolCallId")
    return Elicitation(
        message,
        mode,
        cast("dict[str, Any]", schema) if isinstance(schema, dict) else {},
        url if isinstance(url, str) else None,
        tool if isinstance(tool, str) else None,
        said,
    )


def elicitation_question(call: Call, asked: Elicitation, elicit: Elicit) -> Question:
    """The question that a request is."""

    async def answer() -> Any:
        given = await elicit(asked)
        if given is None:
            return dict(DECLINED)
        if not isinstance(given, Mapping):
            msg = f"elicitation() must return a mapping or None, got {given!r}"
            raise TypeError(msg)
        return {"action": "accept", "content": dict(given)}

    return Question(call.id, "elicitation", answer, dict(_CANCELLED))
