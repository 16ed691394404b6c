"""Sessions whose turns are taken by agents in processes of their own.

They speak the Agent Client Protocol over their standard input and output.  Needs
`pip install 'trio-actors[acp]'`.  General layout; a room imports only rooms above it:

    _wire           JSON-RPC by lines, pure
    _errors         how an agent fails its session
    _settings       how an agent is run
    _content        what a prompt may be
    _chunks         what a session answers with
    _family         which processes belong to an agent, and how they are ended
    _process        a program with three pipes, for the length of a block
    _connection     calls to and fro
    _permissions    what the agent asks whether it may
    _prompt         one prompt that is being answered
    _client         what the calls mean: opened, prompted, cancelled, permitted
    _answering      what a turn makes of the chunks
    _session        AgentSession: all of it, as a session of a router
"""

try:
    import acp.schema as _schema
except ImportError as _error:
    _text = "supervision.acp needs the extra acp: pip install 'trio-actors[acp]'"
    raise ImportError(_text, name=_error.name) from _error

from ._chunks import Chunk as Chunk
from ._chunks import HistoryLost as HistoryLost
from ._chunks import Other as Other
from ._chunks import Plan as Plan
from ._chunks import PlanStep as PlanStep
from ._chunks import Text as Text
from ._chunks import Thought as Thought
from ._chunks import ToolCall as ToolCall
from ._chunks import ToolUpdate as ToolUpdate
from ._client import PROTOCOL_VERSION as PROTOCOL_VERSION
from ._content import ContentBlock as ContentBlock
from ._content import PromptLike as PromptLike
from ._errors import AgentCancelledError as AgentCancelledError
from ._errors import AgentError as AgentError
from ._errors import AgentExitedError as AgentExitedError
from ._errors import AgentProtocolError as AgentProtocolError
from ._errors import AgentRefusedError as AgentRefusedError
from ._errors import AgentStartError as AgentStartError
from ._errors import AgentStuckError as AgentStuckError
from ._errors import AgentTimeoutError as AgentTimeoutError
from ._errors import AgentVersionError as AgentVersionError
from ._process import AgentProcess as AgentProcess
from ._process import open_agent_process as open_agent_process
from ._session import AgentSession as AgentSession
from ._settings import AgentSettings as AgentSettings

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
