"""What a session of an agent answers with: a few small values, one for each update.

Made from the updates of the protocol (`updates`), which know of more; whoever needs
that finds the whole update, as `acp.schema` has it, in the chunk's `update`, and what
the agent has added to it in `meta`.  What a newer agent says that we have no word for
is an `Other`, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
from acp.schema import (
    RequestPermissionRequest,
    SessionNotification,
    ToolCallProgress,
    ToolCallStart,
)

from .agent import Command, ConfigOption

Meta: TypeAlias = Mapping[str, Any] | None
if TYPE_CHECKING:
    KnownUpdate: TypeAlias = object
else:  # each of them, so that a store knows them
    KnownUpdate = SessionNotification.model_fields["update"].annotation


@attrs.frozen
class Text:
    """A piece of the answer."""

    text: str
    """The piece; they follow each other without anything in between."""
    message: str | None = None
    """Id of the message that it is part of, from agents that say so."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


@attrs.frozen
class Thought:
    """A piece of what the agent thinks on its way to the answer."""

    text: str
    """The piece."""
    message: str | None = None
    """Id of the message that it is part of, from agents that say so."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


@attrs.frozen
class Information:
    """What the agent marks as no part of its answer: a banner, a warning, a notice."""

    text: str
    """What it says."""
    level: str | None = None
    """info, warning, error ..., from agents that say so."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


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

    @property
    def meta(self) -> Meta:
        """What the agent has added (`_meta`); None."""
        return self.update.field_meta


@attrs.frozen
class ToolUpdate:
    """Something about a tool call has changed; None: this has not."""

    id: str
    """Which."""
    title: str | None
    """As in `ToolCall`."""
    status: str | None
    """As in `ToolCall`; or cancelled: it was open when the turn was, and we say so."""
    update: ToolCallProgress | None = attrs.field(default=None, repr=False)
    """All of it; None: the agent has not said it, we have."""

    @property
    def meta(self) -> Meta:
        """What the agent has added (`_meta`); None."""
        return self.update.field_meta if self.update is not None else None


@attrs.frozen
class PermissionAsked:
    """The agent asks whether it may, and waits; `AgentSession.permission` decides.

    Comes after the `ToolCall` that it is about.
    """

    tool: str
    """The id of the tool call."""
    title: str
    """What it wants to do, for a person."""
    request: RequestPermissionRequest = attrs.field(repr=False)
    """All of it: the tool call, and the options."""

    @property
    def meta(self) -> Meta:
        """What the agent has added (`_meta`); None."""
        return self.request.field_meta


@attrs.frozen
class Plan:
    """What the agent is going to do; each plan replaces the one before."""

    steps: tuple[PlanStep, ...]
    """In their order."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


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
class ModeChanged:
    """The agent works in another mode; `AgentSession.agent` has it too."""

    mode: str
    """Its id."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


@attrs.frozen
class ConfigChanged:
    """The options of the agent have changed; `AgentSession.agent` has them too."""

    options: tuple[ConfigOption, ...]
    """All of them."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


@attrs.frozen
class CommandsChanged:
    """The commands of the agent have changed; `AgentSession.agent` has them too."""

    commands: tuple[Command, ...]
    """All of them."""
    meta: Meta = attrs.field(default=None, repr=False, eq=False, kw_only=True)
    """What the agent has added (`_meta`); None.  Not compared."""


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
    """An update that is none of these, such as an image, or what is unknown."""

    kind: str
    """As the protocol names it."""
    update: KnownUpdate | object = attrs.field(repr=False)
    """The update as in `acp.schema`, or the JSON as it came, unknown to that."""


Chunk: TypeAlias = (
    Text
    | Thought
    | Information
    | ToolCall
    | ToolUpdate
    | PermissionAsked
    | Plan
    | ModeChanged
    | ConfigChanged
    | CommandsChanged
    | HistoryLost
    | Other
)
"""What `AgentSession` emits."""
