"""What the agent says, read: updates and questions become chunks.

That a piece of text is no answer an agent can only say in the `_meta` of its update,
and each has words of its own for it.  So we look for what they have in common: a
`notify`, or a kind, type, level or severity that is a word of `_MARKS`, at the top or
one level below, where the agent's own name stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs
from acp.schema import (
    AgentMessageChunk,
    AgentPlanUpdate,
    AgentThoughtChunk,
    RequestPermissionRequest,
    SessionNotification,
    TextContentBlock,
    ToolCallProgress,
    ToolCallStart,
    UserMessageChunk,
)
from pydantic import ValidationError

from supervision.acp._pipe.wire import shown

from .agent import read_commands, read_options
from .chunks import (
    Chunk,
    CommandsChanged,
    ConfigChanged,
    Information,
    ModeChanged,
    Other,
    Plan,
    PlanStep,
    Text,
    Thought,
    ToolCall,
    ToolUpdate,
)

_MODELS: Any = SessionNotification  # Any: `update` is a union of thirteen
_MARKS = (
    *("info", "information", "warning", "warn", "error", "notice", "notification"),
    *("banner", "status", "system", "debug"),
)
_PLACES = ("level", "severity", "kind", "type")


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
    meta: object = raw.get("_meta")
    chunk = _of_session(kind, raw, _mapping(meta))
    if chunk is not None:
        return Update(session, chunk)
    try:
        model = _MODELS.model_validate(params).update
    except (ValidationError, RecursionError):
        return Update(session, _unknown(kind, raw), idle=_idle(kind, raw))
    return Update(session, _chunk(kind, model))


def _idle(kind: str, raw: dict[str, Any]) -> str | None:
    """The next version of the protocol says the end of a turn in an update."""
    if kind != "state_update" or raw.get("state") != "idle":
        return None
    reason: object = raw.get("stopReason", "end_turn")
    return reason if isinstance(reason, str) else "end_turn"


def _unknown(kind: str, raw: dict[str, Any]) -> Chunk:
    """What the models do not know; a tool's end by a word that they lack is an end."""
    match kind, raw:
        case "tool_call_update", {"toolCallId": str(tool), "status": str(status)}:
            title: object = raw.get("title")
            return ToolUpdate(tool, title if isinstance(title, str) else None, status)
        case _:
            return Other(kind, raw)


def _of_session(
    kind: str, raw: dict[str, Any], meta: Mapping[str, Any] | None
) -> Chunk | None:
    """What is about the session and no turn; read by hand, as `agent` is."""
    match kind, raw:
        case "current_mode_update", {"currentModeId": str(mode)}:
            return ModeChanged(mode, meta=meta)
        case "config_option_update", {"configOptions": _}:
            return ConfigChanged(read_options(raw["configOptions"]), meta=meta)
        case "available_commands_update", {"availableCommands": _}:
            return CommandsChanged(read_commands(raw["availableCommands"]), meta=meta)
        case _:
            return None


def _chunk(kind: str, model: Any) -> Chunk:  # Any: one of thirteen
    match model:
        case AgentMessageChunk(content=TextContentBlock(text=text)):
            return _piece(text, model)
        case AgentThoughtChunk(content=TextContentBlock(text=text)):
            return Thought(text, model.message_id, meta=model.field_meta)
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
                ),
                meta=model.field_meta,
            )
        case _:
            return Other(kind, model)


def _piece(text: str, model: AgentMessageChunk) -> Text | Information:
    """A piece of the answer, unless it is marked as none."""
    for said in (model.field_meta, model.content.field_meta):
        if said is not None and (level := information(said)) is not None:
            return Information(text, level or None, meta=said)
    return Text(text, model.message_id, meta=model.field_meta)


def said_by_user(chunk: Chunk) -> str | None:
    """The text of a prompt that the agent repeats to us; None: it is none."""
    match chunk:
        case Other(update=UserMessageChunk(content=TextContentBlock(text=text))):
            return text
        case Other(update=UserMessageChunk()):
            return ""
        case _:
            return None


def tool_asked_for(request: RequestPermissionRequest) -> ToolCall:
    """The tool call of a question, as if the agent had announced it before."""
    asked = request.tool_call
    title = asked.title or asked.tool_call_id
    said = asked.model_dump(by_alias=True, exclude_none=True)
    start = ToolCallStart.model_validate(
        {**said, "title": title, "sessionUpdate": "tool_call"}
    )
    return ToolCall(asked.tool_call_id, title, asked.kind or "other", "pending", start)


def information(meta: Mapping[str, Any]) -> str | None:
    """How an agent marks that something is no answer: its level, ""; None: it does not.

    Args:
        meta: the `_meta` of an update.
    """
    for each in (meta, *meta.values()):
        said = _mapping(each)
        if said is None:
            continue
        if "notify" in said:
            level: object = (_mapping(said["notify"]) or {}).get("level")
            return level if isinstance(level, str) else ""
        for place in _PLACES:
            word: object = said.get(place)
            if isinstance(word, str) and word.lower() in _MARKS:
                return word
    return None


def _mapping(given: object) -> Mapping[str, Any] | None:
    return cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else None
