"""One actor, and what an actor is made of.

General layout, in reading order:

    errors exits            vocabulary: errors, how an incarnation ends
    mailbox messages ref    what a mailbox is declared to be; Request; the ActorRef
    events snapshot         what is told, and what a person sees
    actor                   the class users subclass
    _engine/                how messages get handled: cells, workers, timers
    system                  open_system
    _sessions/              one conversation: session, turn, receipt, outcomes
    hosting                 what `supervision` needs of all this
    testing/                what you need to test your own actors

Nothing here knows of supervision.
"""

import logging as _logging

from ._sessions.errors import BadInputError as BadInputError
from ._sessions.errors import BudgetExceededError as BudgetExceededError
from ._sessions.errors import ChildSlotTimeoutError as ChildSlotTimeoutError
from ._sessions.errors import ClosedToNewError as ClosedToNewError
from ._sessions.errors import DepthExceededError as DepthExceededError
from ._sessions.errors import NotAliveError as NotAliveError
from ._sessions.errors import OutcomeForgottenError as OutcomeForgottenError
from ._sessions.errors import QuarantinedError as QuarantinedError
from ._sessions.errors import QueueFullError as QueueFullError
from ._sessions.errors import RefusedError as RefusedError
from ._sessions.errors import SaturatedError as SaturatedError
from ._sessions.errors import SessionBusyError as SessionBusyError
from ._sessions.errors import SessionCrashedError as SessionCrashedError
from ._sessions.errors import SessionStartError as SessionStartError
from ._sessions.errors import StepLimitError as StepLimitError
from ._sessions.errors import StillRunningError as StillRunningError
from ._sessions.errors import StreamGapError as StreamGapError
from ._sessions.errors import StreamNotKeptError as StreamNotKeptError
from ._sessions.errors import StreamRestartedError as StreamRestartedError
from ._sessions.errors import TenantLimitError as TenantLimitError
from ._sessions.errors import ToolSkippedError as ToolSkippedError
from ._sessions.errors import TurnNotCompletedError as TurnNotCompletedError
from ._sessions.errors import TurnOverError as TurnOverError
from ._sessions.errors import UnknownPromptError as UnknownPromptError
from ._sessions.events import TURN_EVENTS as TURN_EVENTS
from ._sessions.events import ChildOrphaned as ChildOrphaned
from ._sessions.events import CloseReason as CloseReason
from ._sessions.events import HookOverdue as HookOverdue
from ._sessions.events import OutOfTurn as OutOfTurn
from ._sessions.events import PromptAccepted as PromptAccepted
from ._sessions.events import PromptEnded as PromptEnded
from ._sessions.events import PromptRefused as PromptRefused
from ._sessions.events import PromptRepeated as PromptRepeated
from ._sessions.events import SessionClosed as SessionClosed
from ._sessions.events import SessionEvent as SessionEvent
from ._sessions.events import SessionOpened as SessionOpened
from ._sessions.events import SessionQuarantined as SessionQuarantined
from ._sessions.events import ToolEnded as ToolEnded
from ._sessions.events import ToolSkipped as ToolSkipped
from ._sessions.events import ToolStarted as ToolStarted
from ._sessions.events import TurnEnded as TurnEnded
from ._sessions.events import TurnEvent as TurnEvent
from ._sessions.events import TurnResumed as TurnResumed
from ._sessions.events import TurnStalled as TurnStalled
from ._sessions.events import TurnStarted as TurnStarted
from ._sessions.facts import ChildTurn as ChildTurn
from ._sessions.histories.history import History as History
from ._sessions.leaves.reminder import Reminder as Reminder
from ._sessions.outcomes import Abort as Abort
from ._sessions.outcomes import Aborted as Aborted
from ._sessions.outcomes import Completed as Completed
from ._sessions.outcomes import Failed as Failed
from ._sessions.outcomes import Incomplete as Incomplete
from ._sessions.outcomes import Limit as Limit
from ._sessions.outcomes import Lost as Lost
from ._sessions.outcomes import Outcome as Outcome
from ._sessions.outcomes import Preempted as Preempted
from ._sessions.outcomes import Rejected as Rejected
from ._sessions.outcomes import Steered as Steered
from ._sessions.outcomes import TimedOut as TimedOut
from ._sessions.outcomes import Withdrawal as Withdrawal
from ._sessions.outcomes import Withdrawn as Withdrawn
from ._sessions.phase import Phase as Phase
from ._sessions.policies import Batch as Batch
from ._sessions.policies import Bounded as Bounded
from ._sessions.policies import ChildPolicy as ChildPolicy
from ._sessions.policies import Journal as Journal
from ._sessions.policies import KeepState as KeepState
from ._sessions.policies import Latest as Latest
from ._sessions.policies import Leave as Leave
from ._sessions.policies import Partial as Partial
from ._sessions.policies import PromptPolicy as PromptPolicy
from ._sessions.policies import Replay as Replay
from ._sessions.policies import Steering as Steering
from ._sessions.policies import TurnPolicy as TurnPolicy
from ._sessions.policies import WhileBusy as WhileBusy
from ._sessions.receipt import PromptKind as PromptKind
from ._sessions.receipt import Receipt as Receipt
from ._sessions.session import Session as Session
from ._sessions.turn import Turn as Turn
from .actor import Actor as Actor
from .errors import (
    ActorCrashedError as ActorCrashedError,
)
from .errors import (
    ActorError as ActorError,
)
from .errors import (
    ActorStoppedError as ActorStoppedError,
)
from .errors import (
    DeadlockError as DeadlockError,
)
from .errors import (
    DuplicateNameError as DuplicateNameError,
)
from .errors import (
    MailboxFullError as MailboxFullError,
)
from .errors import (
    MessageDroppedError as MessageDroppedError,
)
from .errors import (
    NoPlaceError as NoPlaceError,
)
from .errors import (
    NoReplyError as NoReplyError,
)
from .errors import (
    StashFullError as StashFullError,
)
from .errors import (
    WrongThreadError as WrongThreadError,
)
from .events import (
    ActorCrashed as ActorCrashed,
)
from .events import (
    ActorLate as ActorLate,
)
from .events import (
    ActorStarted as ActorStarted,
)
from .events import (
    ActorStopped as ActorStopped,
)
from .events import (
    DeadLetter as DeadLetter,
)
from .events import (
    DeadLetterReason as DeadLetterReason,
)
from .events import (
    DeadLetters as DeadLetters,
)
from .events import (
    Event as Event,
)
from .events import (
    HookFailed as HookFailed,
)
from .events import (
    IncarnationEnded as IncarnationEnded,
)
from .events import (
    MessageAccepted as MessageAccepted,
)
from .events import (
    MessageBegun as MessageBegun,
)
from .events import (
    MessageEnd as MessageEnd,
)
from .events import (
    MessageEnded as MessageEnded,
)
from .events import (
    Subscription as Subscription,
)
from .exits import (
    Crashed as Crashed,
)
from .exits import (
    Decision as Decision,
)
from .exits import (
    Exit as Exit,
)
from .exits import (
    Finished as Finished,
)
from .exits import (
    Killed as Killed,
)
from .exits import (
    Stopped as Stopped,
)
from .mailbox import (
    Mailbox as Mailbox,
)
from .mailbox import (
    MailboxStatistics as MailboxStatistics,
)
from .mailbox import (
    Overflow as Overflow,
)
from .messages import Request as Request
from .ref import ActorRef as ActorRef
from .ref import AnyRef as AnyRef
from .ref import Terminated as Terminated
from .ref import broadcast as broadcast
from .snapshot import (
    ActorSnapshot as ActorSnapshot,
)
from .snapshot import (
    Late as Late,
)
from .snapshot import (
    StopReport as StopReport,
)
from .snapshot import (
    SystemStatistics as SystemStatistics,
)
from .system import ActorSystem as ActorSystem
from .system import open_system as open_system

_logging.getLogger("actors").addHandler(_logging.NullHandler())

__all__ = [
    "TURN_EVENTS",
    "Abort",
    "Aborted",
    "Actor",
    "ActorCrashed",
    "ActorCrashedError",
    "ActorError",
    "ActorLate",
    "ActorRef",
    "ActorSnapshot",
    "ActorStarted",
    "ActorStopped",
    "ActorStoppedError",
    "ActorSystem",
    "AnyRef",
    "BadInputError",
    "Batch",
    "Bounded",
    "BudgetExceededError",
    "ChildOrphaned",
    "ChildPolicy",
    "ChildSlotTimeoutError",
    "ChildTurn",
    "CloseReason",
    "ClosedToNewError",
    "Completed",
    "Crashed",
    "DeadLetter",
    "DeadLetterReason",
    "DeadLetters",
    "DeadlockError",
    "Decision",
    "DepthExceededError",
    "DuplicateNameError",
    "Event",
    "Exit",
    "Failed",
    "Finished",
    "History",
    "HookFailed",
    "HookOverdue",
    "IncarnationEnded",
    "Incomplete",
    "Journal",
    "KeepState",
    "Killed",
    "Late",
    "Latest",
    "Leave",
    "Limit",
    "Lost",
    "Mailbox",
    "MailboxFullError",
    "MailboxStatistics",
    "MessageAccepted",
    "MessageBegun",
    "MessageDroppedError",
    "MessageEnd",
    "MessageEnded",
    "NoPlaceError",
    "NoReplyError",
    "NotAliveError",
    "OutOfTurn",
    "Outcome",
    "OutcomeForgottenError",
    "Overflow",
    "Partial",
    "Phase",
    "Preempted",
    "PromptAccepted",
    "PromptEnded",
    "PromptKind",
    "PromptPolicy",
    "PromptRefused",
    "PromptRepeated",
    "QuarantinedError",
    "QueueFullError",
    "Receipt",
    "RefusedError",
    "Rejected",
    "Reminder",
    "Replay",
    "Request",
    "SaturatedError",
    "Session",
    "SessionBusyError",
    "SessionClosed",
    "SessionCrashedError",
    "SessionEvent",
    "SessionOpened",
    "SessionQuarantined",
    "SessionStartError",
    "StashFullError",
    "Steered",
    "Steering",
    "StepLimitError",
    "StillRunningError",
    "StopReport",
    "Stopped",
    "StreamGapError",
    "StreamNotKeptError",
    "StreamRestartedError",
    "Subscription",
    "SystemStatistics",
    "TenantLimitError",
    "Terminated",
    "TimedOut",
    "ToolEnded",
    "ToolSkipped",
    "ToolSkippedError",
    "ToolStarted",
    "Turn",
    "TurnEnded",
    "TurnEvent",
    "TurnNotCompletedError",
    "TurnOverError",
    "TurnPolicy",
    "TurnResumed",
    "TurnStalled",
    "TurnStarted",
    "UnknownPromptError",
    "WhileBusy",
    "Withdrawal",
    "Withdrawn",
    "WrongThreadError",
    "broadcast",
    "open_system",
]
