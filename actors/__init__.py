"""One actor, and what an actor is made of.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _errors _exits          vocabulary: errors, how an incarnation ends
    _park                   the one trick: driving a coroutine by hand
    _mailbox                what a mailbox is declared to be
    _messages _ref          Request and its ticket; the abstract ActorRef
    _seat _actor            what actor and engine know of each other; the class users
                            subclass
    _events _timers         events, dead letters; one heap of deadlines
    _snapshot _hub          what a person sees; what cells and workers share
    _cell_state _cell_inbox _cell_life _cell_owner _cell_start _cell_next _cell_end
    _cell_send _cell
                            the seat of an actor, in layers
    _slice _attend _drain _worker   the tasks that handle messages
    _system                 open_system

One conversation, on top of that:

    _outcomes _turn_errors _turn_policies _receipt _turn_events
                            vocabulary: what becomes of a prompt, errors, policies
    _chunks _watchdog _lane the stream to a reader; a turn's clocks, and a session's
                            queue of prompts, both pure
    _turn_state _turn_run _family   a turn's inner side: clocks, course, children
    _turn_facts _turn       what users see of it
    _host _session          what a session needs of its owner; the class users subclass
    hosting                 what `supervision` needs of all this
    testing/                what you need to test your own actors

Nothing here knows of supervision.
"""

import logging as _logging

from ._actor import Actor as Actor
from ._errors import (
    ActorCrashedError as ActorCrashedError,
)
from ._errors import (
    ActorError as ActorError,
)
from ._errors import (
    ActorStoppedError as ActorStoppedError,
)
from ._errors import (
    DeadlockError as DeadlockError,
)
from ._errors import (
    DuplicateNameError as DuplicateNameError,
)
from ._errors import (
    MailboxFullError as MailboxFullError,
)
from ._errors import (
    MessageDroppedError as MessageDroppedError,
)
from ._errors import (
    StashFullError as StashFullError,
)
from ._events import (
    ActorCrashed as ActorCrashed,
)
from ._events import (
    ActorLate as ActorLate,
)
from ._events import (
    ActorStarted as ActorStarted,
)
from ._events import (
    ActorStopped as ActorStopped,
)
from ._events import (
    DeadLetter as DeadLetter,
)
from ._events import (
    DeadLetterReason as DeadLetterReason,
)
from ._events import (
    DeadLetters as DeadLetters,
)
from ._events import (
    Event as Event,
)
from ._events import (
    HookFailed as HookFailed,
)
from ._events import (
    IncarnationEnded as IncarnationEnded,
)
from ._events import (
    MessageAccepted as MessageAccepted,
)
from ._events import (
    MessageBegun as MessageBegun,
)
from ._events import (
    MessageEnd as MessageEnd,
)
from ._events import (
    MessageEnded as MessageEnded,
)
from ._events import (
    Subscription as Subscription,
)
from ._exits import (
    Crashed as Crashed,
)
from ._exits import (
    Decision as Decision,
)
from ._exits import (
    Exit as Exit,
)
from ._exits import (
    Finished as Finished,
)
from ._exits import (
    Killed as Killed,
)
from ._exits import (
    Stopped as Stopped,
)
from ._mailbox import (
    Mailbox as Mailbox,
)
from ._mailbox import (
    MailboxStatistics as MailboxStatistics,
)
from ._mailbox import (
    Overflow as Overflow,
)
from ._messages import Request as Request
from ._messages import Terminated as Terminated
from ._outcomes import Abort as Abort
from ._outcomes import Aborted as Aborted
from ._outcomes import Completed as Completed
from ._outcomes import Failed as Failed
from ._outcomes import Limit as Limit
from ._outcomes import Lost as Lost
from ._outcomes import Outcome as Outcome
from ._outcomes import Rejected as Rejected
from ._outcomes import Steered as Steered
from ._outcomes import TimedOut as TimedOut
from ._outcomes import Withdrawal as Withdrawal
from ._outcomes import Withdrawn as Withdrawn
from ._receipt import PromptKind as PromptKind
from ._receipt import Receipt as Receipt
from ._ref import ActorRef as ActorRef
from ._ref import AnyRef as AnyRef
from ._session import Session as Session
from ._snapshot import (
    ActorSnapshot as ActorSnapshot,
)
from ._snapshot import (
    Late as Late,
)
from ._snapshot import (
    StopReport as StopReport,
)
from ._snapshot import (
    SystemStatistics as SystemStatistics,
)
from ._system import ActorSystem as ActorSystem
from ._system import open_system as open_system
from ._turn import Turn as Turn
from ._turn_errors import BudgetExceededError as BudgetExceededError
from ._turn_errors import ChildSlotTimeoutError as ChildSlotTimeoutError
from ._turn_errors import ClosedToNewError as ClosedToNewError
from ._turn_errors import DepthExceededError as DepthExceededError
from ._turn_errors import NotAliveError as NotAliveError
from ._turn_errors import OwnerLimitError as OwnerLimitError
from ._turn_errors import QuarantinedError as QuarantinedError
from ._turn_errors import QueueFullError as QueueFullError
from ._turn_errors import RefusedError as RefusedError
from ._turn_errors import SaturatedError as SaturatedError
from ._turn_errors import SessionCrashedError as SessionCrashedError
from ._turn_errors import SessionStartError as SessionStartError
from ._turn_errors import StepLimitError as StepLimitError
from ._turn_errors import StillRunningError as StillRunningError
from ._turn_errors import ToolSkippedError as ToolSkippedError
from ._turn_errors import TurnNotCompletedError as TurnNotCompletedError
from ._turn_errors import TurnOverError as TurnOverError
from ._turn_events import TURN_EVENTS as TURN_EVENTS
from ._turn_events import ChildOrphaned as ChildOrphaned
from ._turn_events import CloseReason as CloseReason
from ._turn_events import HookOverdue as HookOverdue
from ._turn_events import OutOfTurn as OutOfTurn
from ._turn_events import PromptAccepted as PromptAccepted
from ._turn_events import PromptEnded as PromptEnded
from ._turn_events import PromptRefused as PromptRefused
from ._turn_events import PromptRepeated as PromptRepeated
from ._turn_events import SessionClosed as SessionClosed
from ._turn_events import SessionEvent as SessionEvent
from ._turn_events import SessionOpened as SessionOpened
from ._turn_events import SessionQuarantined as SessionQuarantined
from ._turn_events import ToolEnded as ToolEnded
from ._turn_events import ToolSkipped as ToolSkipped
from ._turn_events import ToolStarted as ToolStarted
from ._turn_events import TurnEnded as TurnEnded
from ._turn_events import TurnEvent as TurnEvent
from ._turn_events import TurnResumed as TurnResumed
from ._turn_events import TurnStalled as TurnStalled
from ._turn_events import TurnStarted as TurnStarted
from ._turn_facts import ChildTurn as ChildTurn
from ._turn_policies import Batch as Batch
from ._turn_policies import Bounded as Bounded
from ._turn_policies import ChildPolicy as ChildPolicy
from ._turn_policies import Latest as Latest
from ._turn_policies import PromptPolicy as PromptPolicy
from ._turn_policies import Steering as Steering
from ._turn_policies import TurnPolicy as TurnPolicy
from ._turn_policies import WhileBusy as WhileBusy
from ._turn_state import Phase as Phase

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
    "HookFailed",
    "HookOverdue",
    "IncarnationEnded",
    "Killed",
    "Late",
    "Latest",
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
    "NotAliveError",
    "OutOfTurn",
    "Outcome",
    "Overflow",
    "OwnerLimitError",
    "Phase",
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
    "Request",
    "SaturatedError",
    "Session",
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
    "Subscription",
    "SystemStatistics",
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
    "WhileBusy",
    "Withdrawal",
    "Withdrawn",
    "open_system",
]
