"""What of a router's failures is written down, and in which words.

Only what has failed comes here.  Turns that somebody has aborted or withdrawn have not
failed, unless they had to be given up; a turn whose session has crashed is told with
the crash.  Pure but for the one call to the router's world, whose room stands above.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from actors import (
    ChildOrphaned,
    Completed,
    Event,
    Failed,
    HookOverdue,
    Lost,
    Outcome,
    Receipt,
    SessionCrashedError,
    TimedOut,
    TurnStalled,
)
from actors.hosting import TurnRun

TOLD: Final[frozenset[type[Event]]] = frozenset(
    (TurnStalled, HookOverdue, ChildOrphaned)
)
"""Events that are written down, whoever listens; each is of something that fails."""


def log_turn(world: Any, run: TurnRun, outcome: Outcome) -> None:
    """A turn has not completed: write it down, if it has failed."""
    level, text = logging.WARNING, ""
    error: BaseException | None = None
    if isinstance(outcome, Failed):
        if isinstance(outcome.error, SessionCrashedError) and not outcome.late:
            return
        error = outcome.error
        level, text = logging.ERROR, f"failed: {_line(error)}"
    elif isinstance(outcome, TimedOut):
        text = f"timed out: {outcome.limit.value}"
    if outcome.late:
        level = logging.ERROR
        text = f"{text or type(outcome).__name__}; it was given up, its code may go on"
    if text:
        kind = type(outcome).__name__
        world.log_failure(
            level, run.lane.key, text, turn=run.id, outcome=kind, error=error
        )


def log_lost(world: Any, receipt: Receipt[Any], outcome: Lost) -> None:
    """A prompt was accepted, and no turn will take it: write it down."""
    text = f"has lost prompt {receipt.id}: {outcome.reason}"
    world.log_failure(logging.WARNING, receipt.key, text, outcome="Lost")


def log_event(world: Any, event: Event) -> None:
    """Write down one of `TOLD`."""
    match event:
        case TurnStalled():
            text = f"has stalled: nothing has come from it for {event.silent:g} s"
            world.log_failure(logging.WARNING, event.key, text, turn=event.turn)
        case HookOverdue():
            why = "was too slow" if event.error is None else "failed"
            text = f"goes on without its hook {event.hook!r}, which {why}"
            world.log_failure(
                logging.WARNING, event.key, text, turn=event.turn, error=event.error
            )
        case ChildOrphaned(outcome=outcome) if not isinstance(outcome, Completed):
            kind = type(outcome).__name__
            text = (
                f"has failed as a child of turn {event.parent}, which is over: {kind}"
            )
            world.log_failure(
                logging.ERROR,
                event.key,
                text,
                turn=event.turn,
                outcome=kind,
                error=outcome.error if isinstance(outcome, Failed) else None,
            )
        case _:
            pass


def _line(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - a stranger's exception
        return type(error).__name__
