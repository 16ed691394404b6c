"""The errors of sessions and turns: when, whose act, what to do, and the cause.

    refusals   `send` and its like raise these: the prompt was not accepted
    streams    who reads an answer meets these
    turns      raised in a turn, or the `error` of an outcome

Callers import them from here.
"""

from __future__ import annotations

from .refusals import BadInputError as BadInputError
from .refusals import ClosedToNewError as ClosedToNewError
from .refusals import QuarantinedError as QuarantinedError
from .refusals import QueueFullError as QueueFullError
from .refusals import RefusedError as RefusedError
from .refusals import SaturatedError as SaturatedError
from .refusals import SessionBusyError as SessionBusyError
from .refusals import StillRunningError as StillRunningError
from .refusals import TenantLimitError as TenantLimitError
from .streams import StreamGapError as StreamGapError
from .streams import StreamNotKeptError as StreamNotKeptError
from .streams import StreamRestartedError as StreamRestartedError
from .streams import TurnNotCompletedError as TurnNotCompletedError
from .streams import UnknownPromptError as UnknownPromptError
from .turns import BudgetExceededError as BudgetExceededError
from .turns import ChildSlotTimeoutError as ChildSlotTimeoutError
from .turns import DepthExceededError as DepthExceededError
from .turns import NotAliveError as NotAliveError
from .turns import OutcomeForgottenError as OutcomeForgottenError
from .turns import SessionCrashedError as SessionCrashedError
from .turns import SessionStartError as SessionStartError
from .turns import StepLimitError as StepLimitError
from .turns import ToolSkippedError as ToolSkippedError
from .turns import TurnOverError as TurnOverError
