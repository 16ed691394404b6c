"""What ends a turn, and what its outcome is: decisions, no effects.

A turn's outcome is, in this order: its *verdict* (an abort, a clock, a spent budget:
whoever was first), what came out of its body, what crashed in a task of its own, and
else what ends its session.
"""

from __future__ import annotations

from typing import Any, Final, cast

import trio

from actors._engine.carrying import Whole
from actors._sessions.errors import SessionCrashedError, TurnOverError
from actors._sessions.outcomes import (
    NOTHING,
    Aborted,
    Completed,
    Failed,
    Outcome,
    Rejected,
)
from actors.errors import ActorStoppedError
from actors.exits import Crashed, Exit

PARENT_ENDED: Final = "its parent has ended"
SHUT_DOWN: Final = "the session was stopped"

_GROUP: Any = ExceptionGroup  # Any: a checker does not know of what


class RejectTurnError(Whole, Exception):
    """Carries `Turn.reject` out of `take_turn`."""

    def __init__(self, reason: object) -> None:
        super().__init__(reason)
        self.reason = reason


def completed(outcome: Outcome | None) -> bool:
    """Whether the turn's state is to be kept."""
    return isinstance(outcome, Completed)


def completed_with(run: Any, extra: Any, result: object) -> Outcome:
    """What comes out of a turn, no plain one, whose body has returned this."""
    return Completed(
        result,
        interrupted=extra.interrupted,
        turn=run.id,
        notes=extra.notes or NOTHING,
    )


def unwrapped(error: Exception) -> Exception:
    """An exception without the groups of one that nurseries put around it."""
    alone = _alone_in(error)
    while alone is not None:
        error, alone = alone, _alone_in(alone)
    return error


def _alone_in(error: Any) -> Exception | None:  # Any: perhaps a group, of anything
    inside: tuple[Any, ...] = getattr(error, "exceptions", ())
    return inside[0] if isinstance(error, _GROUP) and len(inside) == 1 else None


def failed(error: BaseException) -> Outcome:
    """What becomes of a turn out of which this has come."""
    if isinstance(error, Exception):
        error = unwrapped(error)
    if isinstance(error, RejectTurnError):
        return Rejected(error.reason)
    return Failed(error=error)


def refused_to(run: Any, error: BaseException) -> bool:
    """Whether a turn wanted to start something when it was being ended already.

    In itself, or in its session that was.  Then that is no failure of its own: what
    ends it is its outcome.
    """
    alone = unwrapped(error) if isinstance(error, Exception) else error
    if isinstance(alone, ActorStoppedError):
        session = run.session
        return bool(session._seat.ending) and alone.path == session.ref.path
    return (
        isinstance(alone, TurnOverError)
        and alone.turn == run.id
        and isinstance(alone.__cause__, ActorStoppedError)
    )


def with_crash(returned: Outcome | None, exit_: Exit) -> Outcome | None:
    """What came out of the body, and what crashed beside it, together."""
    if not isinstance(exit_, Crashed):
        return returned
    if not isinstance(returned, Failed):
        return failed(exit_.error)
    if returned.error is exit_.error:
        return returned
    both = [returned.error, exit_.error]
    return Failed(error=BaseExceptionGroup("several errors ended the turn", both))


def ended_with_session(key: str, exit_: Exit | None) -> Outcome:
    """What becomes of a turn whose session ends, as said by the session's exit."""
    if isinstance(exit_, Crashed):
        error = SessionCrashedError(key)
        error.__cause__ = exit_.error
        return Failed(error=error)
    return Aborted(SHUT_DOWN)


def cancelled_in(error: BaseException) -> BaseException | None:
    """The cancellation in it, which must go on; None: there is none."""
    if isinstance(error, trio.Cancelled):
        return error
    if not isinstance(error, BaseExceptionGroup):
        return None
    group = cast("BaseExceptionGroup[BaseException]", error)
    return group.split(trio.Cancelled)[0]
