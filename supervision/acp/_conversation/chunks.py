"""What a session of an agent answers with: a few small values, one for each update.

Made from the updates of the protocol, which know of more; whoever needs that finds the
whole update, as `acp.schema` has it, in the chunk's `update`.  What a newer agent says
that we have no word for is an `Other`, never an error.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import attrs
from acp.schema import (
    AgentMessageChunk,
    AgentPlanUpdate,
    AgentThoughtChunk,
    SessionNotification,
    TextContentBlock,
    ToolCallProgress,
    ToolCallStart,
)
from pydantic import ValidationError

from supervision.acp._pipe.wire import shown

_MODELS: Any = SessionNotification  # Any: `update` is a union of thirteen


@attrs.frozen
class Text:
    """A piece of the answer."""

    text: str
    """The piece; they follow each other without anything in between."""
    message: str | None = None
    """Id of the message that it is part of, from agents that say so."""


@attrs.frozen
class Thought:
    """A piece of what the agent thinks on its way to the answer."""

    text: str
    """The piece."""
    message: str | None = None
    """Id of the message that it is part of, from agents that say so."""


@attrs.frozen
class ToolCall:
    """The agent has called a tool."""

    id: str
    """What later updates call it by."""
    title: str
    """What it does, for a person."""
    kind: str
    """read, edit, delete, move, search, execute, think, fetch, switch_mode, other."""
    status: str
    """pending, in_progress, completed, failed."""
    update: ToolCallStart = attrs.field(repr=False)
    """All of it: content, places, input and output."""


@attrs.frozen
class ToolUpdate:
    """Something about a tool call has changed; None: this has not."""

    id: str
    """Which."""
    title: str | None
    """As in `ToolCall`."""
    status: str | None
    """As in `ToolCall`."""
    update: ToolCallProgress = attrs.field(repr=False)
    """All of it."""


@attrs.frozen
class Plan:
    """What the agent is going to do; each plan replaces the one before."""

    steps: tuple[PlanStep, ...]
    """In their order."""


@attrs.frozen
class PlanStep:
    """One step of a plan."""

    text: str
    """What is to be done."""
    status: str
    """pending, in_progress, completed."""
    priority: str
    """high, medium, low."""


@attrs.frozen
class HistoryLost:
    """The agent does not know what was said before: it has begun a new conversation.

    Said once, at the beginning of the next turn.
    """

    session: str
    """The agent's id of the conversation that is lost."""
    why: str
    """In words."""


@attrs.frozen
class Other:
    """An update that is none of these, such as an image, a mode, or what is unknown."""

    kind: str
    """As the protocol names it."""
    update: object = attrs.field(repr=False)
    """The update as in `acp.schema`, or the JSON as it came, unknown to that."""


Chunk: TypeAlias = Text | Thought | ToolCall | ToolUpdate | Plan | HistoryLost | Other
"""What `AgentSession` emits."""


@attrs.frozen
class Update:
    """An update as it came: whose it is, and the chunk that it makes."""

    session: str
    chunk: Chunk
    idle: str | None = None  # the reason, if it says by itself that the turn has ended


def read_update(params: object) -> Update:
    """Read what came with `session/update`.

    Raises:
        ValueError: it has no session, or no kind.
    """
    match params:
        case {"sessionId": str(session), "update": {"sessionUpdate": str(kind)}}:
            pass
        case _:
            msg = f"an update without sessionId or sessionUpdate: {shown(params)}"
            raise ValueError(msg)
    raw = cast("dict[str, Any]", params)["update"]
    try:
        model = _MODELS.model_validate(params).update
    except (ValidationError, RecursionError):
        return Update(session, Other(kind, raw), idle=_idle(kind, raw))
    return Update(session, _chunk(kind, model))


def _idle(kind: str, raw: dict[str, Any]) -> str | None:
    """The next version of the protocol says the end of a turn in an update."""
    if kind != "state_update" or raw.get("state") != "idle":
        return None
    reason: object = raw.get("stopReason", "end_turn")
    return reason if isinstance(reason, str) else "end_turn"


def _chunk(kind: str, model: object) -> Chunk:
    match model:
        case AgentMessageChunk(content=TextContentBlock(text=text)):
            return Text(text, model.message_id)
        case AgentThoughtChunk(content=TextContentBlock(text=text)):
            return Thought(text, model.message_id)
        case ToolCallStart():
            return ToolCall(
                model.tool_call_id,
                model.title,
                model.kind or "other",
                model.status or "pending",
                model,
            )
        case ToolCallProgress():
            return ToolUpdate(model.tool_call_id, model.title, model.status, model)
        case AgentPlanUpdate():
            return Plan(
                tuple(
                    PlanStep(each.content, each.status, each.priority)
                    for each in model.entries
                )
            )
        case _:
            return Other(kind, model)
