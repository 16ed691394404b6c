"""One actor, and what an actor is made of.

General layout, from the bottom up; a room imports only rooms above it in this list:

    _errors _exits          vocabulary: errors, how an incarnation ends
    _park                   the one trick: driving a coroutine by hand
    _mailbox                what a mailbox is declared to be
    _messages _ref          Request and its ticket; the abstract ActorRef
    _actor                  the class users subclass
    _events _timers         events, dead letters; one heap of deadlines
    _snapshot _hub          what a person sees; what cells and workers share
    _cell_state _cell_inbox _cell_life _cell     the seat of an actor, in four layers
    _worker                 the tasks that handle messages
    _system                 open_system
    testing/                what you need to test your own actors

Nothing here knows of supervision.
"""

import logging as _logging

from ._actor import Actor as Actor
from ._errors import (
    ActorCrashedError as ActorCrashedError,
    ActorError as ActorError,
    ActorStoppedError as ActorStoppedError,
    DeadlockError as DeadlockError,
    DuplicateNameError as DuplicateNameError,
    MailboxFullError as MailboxFullError,
    MessageDroppedError as MessageDroppedError,
    StashFullError as StashFullError,
)
from ._events import (
    ActorCrashed as ActorCrashed,
    ActorLate as ActorLate,
    ActorStarted as ActorStarted,
    ActorStopped as ActorStopped,
    DeadLetter as DeadLetter,
    DeadLetterReason as DeadLetterReason,
    DeadLetters as DeadLetters,
    Event as Event,
    HookFailed as HookFailed,
    IncarnationEnded as IncarnationEnded,
    MessageAccepted as MessageAccepted,
    MessageBegun as MessageBegun,
    MessageEnd as MessageEnd,
    MessageEnded as MessageEnded,
    Subscription as Subscription,
)
from ._exits import (
    Crashed as Crashed,
    Decision as Decision,
    Exit as Exit,
    Finished as Finished,
    Killed as Killed,
    Stopped as Stopped,
)
from ._mailbox import (
    Mailbox as Mailbox,
    MailboxStatistics as MailboxStatistics,
    Overflow as Overflow,
)
from ._messages import Request as Request, Terminated as Terminated
from ._ref import ActorRef as ActorRef, AnyRef as AnyRef
from ._snapshot import (
    ActorSnapshot as ActorSnapshot,
    Late as Late,
    StopReport as StopReport,
    SystemStatistics as SystemStatistics,
)
from ._system import ActorSystem as ActorSystem, open_system as open_system

_logging.getLogger("actors").addHandler(_logging.NullHandler())

__all__ = sorted(  # noqa: PLE0605 - pyright reads the `as` forms above
    name for name in globals() if not name.startswith("_")
)
