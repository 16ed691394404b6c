"""Sessions whose turns are taken by agents in processes of their own.

They speak the Agent Client Protocol over their standard input and output.  Needs
`pip install 'trio-actors[acp]'`.  It may know `actors` and `supervision` as users do,
and nothing above them knows it.  In reading order:

    _pipe/          an agent's process, and calls that go to and fro
    _words/         what is said, as values
    _conversation/  what the calls mean: opened, prompted, cancelled, permitted
    session         AgentSession: all of it, as a session of a router
"""

try:
    import acp.schema as _schema
except ImportError as _error:
    _text = "supervision.acp needs the extra acp: pip install 'trio-actors[acp]'"
    raise ImportError(_text, name=_error.name) from _error

from ._conversation.elicitation import Elicitation as Elicitation
from ._conversation.opening import PROTOCOL_VERSION as PROTOCOL_VERSION
from ._pipe.errors import AgentAuthError as AgentAuthError
from ._pipe.errors import AgentCancelledError as AgentCancelledError
from ._pipe.errors import AgentContentError as AgentContentError
from ._pipe.errors import AgentError as AgentError
from ._pipe.errors import AgentExitedError as AgentExitedError
from ._pipe.errors import AgentNotOfferedError as AgentNotOfferedError
from ._pipe.errors import AgentOptionError as AgentOptionError
from ._pipe.errors import AgentProtocolError as AgentProtocolError
from ._pipe.errors import AgentRefusedError as AgentRefusedError
from ._pipe.errors import AgentStartError as AgentStartError
from ._pipe.errors import AgentStuckError as AgentStuckError
from ._pipe.errors import AgentTimeoutError as AgentTimeoutError
from ._pipe.errors import AgentVersionError as AgentVersionError
from ._pipe.process import AgentProcess as AgentProcess
from ._pipe.process import open_agent_process as open_agent_process
from ._pipe.settings import AgentSettings as AgentSettings
from ._words.agent import AgentInfo as AgentInfo
from ._words.agent import AuthMethod as AuthMethod
from ._words.agent import Capabilities as Capabilities
from ._words.agent import Choice as Choice
from ._words.agent import Command as Command
from ._words.agent import ConfigOption as ConfigOption
from ._words.agent import Conversation as Conversation
from ._words.chunks import Chunk as Chunk
from ._words.chunks import CommandsChanged as CommandsChanged
from ._words.chunks import ConfigChanged as ConfigChanged
from ._words.chunks import HistoryLost as HistoryLost
from ._words.chunks import Information as Information
from ._words.chunks import ModeChanged as ModeChanged
from ._words.chunks import Other as Other
from ._words.chunks import PermissionAsked as PermissionAsked
from ._words.chunks import Plan as Plan
from ._words.chunks import PlanStep as PlanStep
from ._words.chunks import Text as Text
from ._words.chunks import Thought as Thought
from ._words.chunks import ToolCall as ToolCall
from ._words.chunks import ToolUpdate as ToolUpdate
from ._words.content import ContentBlock as ContentBlock
from ._words.content import PromptLike as PromptLike
from .session import AgentSession as AgentSession

__all__ = [
    "PROTOCOL_VERSION",
    "AgentAuthError",
    "AgentCancelledError",
    "AgentContentError",
    "AgentError",
    "AgentExitedError",
    "AgentInfo",
    "AgentNotOfferedError",
    "AgentOptionError",
    "AgentProcess",
    "AgentProtocolError",
    "AgentRefusedError",
    "AgentSession",
    "AgentSettings",
    "AgentStartError",
    "AgentStuckError",
    "AgentTimeoutError",
    "AgentVersionError",
    "AuthMethod",
    "Capabilities",
    "Choice",
    "Chunk",
    "Command",
    "CommandsChanged",
    "ConfigChanged",
    "ConfigOption",
    "ContentBlock",
    "Conversation",
    "Elicitation",
    "HistoryLost",
    "Information",
    "ModeChanged",
    "Other",
    "PermissionAsked",
    "Plan",
    "PlanStep",
    "PromptLike",
    "Text",
    "Thought",
    "ToolCall",
    "ToolUpdate",
    "open_agent_process",
]

del _schema
