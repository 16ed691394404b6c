"""Sessions whose turns are taken by agents in processes of their own.

They speak the Agent Client Protocol over their standard input and output.  Needs
`pip install 'trio-actors[acp]'`.  It may know `actors` and `supervision` as users do,
and nothing above them knows it.  In reading order:

    _pipe/          an agent's process, and calls that go to and fro
    _conversation/  what the calls mean: opened, prompted, cancelled, permitted
    session         AgentSession: all of it, as a session of a router
"""

try:
    import acp.schema as _schema
except ImportError as _error:
    _text = "supervision.acp needs the extra acp: pip install 'trio-actors[acp]'"
    raise ImportError(_text, name=_error.name) from _error

from ._conversation.chunks import Chunk as Chunk
from ._conversation.chunks import HistoryLost as HistoryLost
from ._conversation.chunks import Other as Other
from ._conversation.chunks import Plan as Plan
from ._conversation.chunks import PlanStep as PlanStep
from ._conversation.chunks import Text as Text
from ._conversation.chunks import Thought as Thought
from ._conversation.chunks import ToolCall as ToolCall
from ._conversation.chunks import ToolUpdate as ToolUpdate
from ._conversation.client import PROTOCOL_VERSION as PROTOCOL_VERSION
from ._conversation.content import ContentBlock as ContentBlock
from ._conversation.content import PromptLike as PromptLike
from ._pipe.errors import AgentCancelledError as AgentCancelledError
from ._pipe.errors import AgentError as AgentError
from ._pipe.errors import AgentExitedError as AgentExitedError
from ._pipe.errors import AgentProtocolError as AgentProtocolError
from ._pipe.errors import AgentRefusedError as AgentRefusedError
from ._pipe.errors import AgentStartError as AgentStartError
from ._pipe.errors import AgentStuckError as AgentStuckError
from ._pipe.errors import AgentTimeoutError as AgentTimeoutError
from ._pipe.errors import AgentVersionError as AgentVersionError
from ._pipe.process import AgentProcess as AgentProcess
from ._pipe.process import open_agent_process as open_agent_process
from ._pipe.settings import AgentSettings as AgentSettings
from .session import AgentSession as AgentSession

__all__ = [
    "PROTOCOL_VERSION",
    "AgentCancelledError",
    "AgentError",
    "AgentExitedError",
    "AgentProcess",
    "AgentProtocolError",
    "AgentRefusedError",
    "AgentSession",
    "AgentSettings",
    "AgentStartError",
    "AgentStuckError",
    "AgentTimeoutError",
    "AgentVersionError",
    "Chunk",
    "ContentBlock",
    "HistoryLost",
    "Other",
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
