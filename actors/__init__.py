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
from ._ref import ActorRef as ActorRef
from ._ref import AnyRef as AnyRef
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

_logging.getLogger("actors").addHandler(_logging.NullHandler())

__all__ = [
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
    "Crashed",
    "DeadLetter",
    "DeadLetterReason",
    "DeadLetters",
    "DeadlockError",
    "Decision",
    "DuplicateNameError",
    "Event",
    "Exit",
    "Finished",
    "HookFailed",
    "IncarnationEnded",
    "Killed",
    "Late",
    "Mailbox",
    "MailboxFullError",
    "MailboxStatistics",
    "MessageAccepted",
    "MessageBegun",
    "MessageDroppedError",
    "MessageEnd",
    "MessageEnded",
    "Overflow",
    "Request",
    "StashFullError",
    "StopReport",
    "Stopped",
    "Subscription",
    "SystemStatistics",
    "Terminated",
    "open_system",
]
