"""What a router needs of sessions, beside what users need: the room between the floors.

Nothing here is for users.  `supervision` hosts sessions through these names only; the
test kit looks through them.
"""

from collections.abc import Callable
from typing import Any

from ._engine.carrying import Whole
from ._engine.cell.shown import FUNCTIONS, request_of
from ._engine.checks import (
    is_plain,
    refuse_unread,
    seconds,
    valid_count,
    valid_seconds,
    valid_seconds_or_0,
    whole,
)
from ._engine.crashes import shown, stray_of
from ._engine.explaining import declaration_of, explained, words_in
from ._engine.objects import plainer
from ._engine.park import park
from ._engine.seat import Props, check_async, without_types
from ._engine.timers import Timer
from ._sessions.histories.draft import Change
from ._sessions.histories.log import Log, MemoryLog
from ._sessions.host import Host
from ._sessions.phase import ENDED
from ._sessions.receipt import (
    ASIDE,
    FOLLOW_UP,
    PROMPT,
    WORK,
    More,
    dismiss,
    enlist,
    wake,
)
from ._sessions.session import READY, SUSPEND
from ._sessions.sizes import rough_size
from ._sessions.streams.burst import in_burst
from ._sessions.streams.chunks import Chunks
from ._sessions.streams.log import ChunkLog
from ._sessions.streams.place import Place
from ._sessions.streams.writers import LEFT
from ._sessions.turn import unprotected
from ._sessions.turns.clocks import (
    hold_limits,
    last_sign_of,
    time_left_of,
    tool_of,
    tools_of,
)
from ._sessions.turns.early import (
    LAST_WORDS_PROPS,
    abort,
    cut,
    give_way,
    history_left,
    put_back,
    undo,
    withdraw_steering,
)
from ._sessions.turns.looks import Fair, FirstLooks
from ._sessions.turns.run import TurnRun
from ._sessions.turns.steering import Steering as SteeringQueue
from ._sessions.turns.steering import is_steerable, steering_of
from ._sessions.turns.verdicts import SHUT_DOWN, completed
from ._sessions.values import can_change
from .errors import NoPlaceError
from .events import EventType, Listener
from .messages import Ticket
from .ref import AnyRef
from .snapshot import Late
from .system import ActorSystem, open_systems


def looked_for(*functions: Callable[..., object]) -> None:
    """Have a ref that is asked for a method of their name tell of these functions."""
    for each in functions:
        FUNCTIONS[each.__name__] = each.__module__.partition(".")[0]


def actor_of(ref: AnyRef) -> Any:
    """The actor behind a ref; None when it has ended for good."""
    return getattr(ref, "actor", None)


def seat_of(actor: Any) -> Any:
    """The cell that an actor sits in; None as long as it has none."""
    try:
        return actor._seat
    except NoPlaceError:
        return None


def hub_of(system: ActorSystem) -> Any:
    """What the actors of a system share."""
    return system._hub


def root_of(system: ActorSystem) -> Any:
    """The cell on top of a system; a ref is a cell, seen by strangers."""
    return system._root


def cells_of(system: ActorSystem) -> list[Any]:
    """All cells of a system, owners before what they own; Any: the engine's."""
    return system._cells()


def listen(
    system: ActorSystem, types: tuple[EventType, ...], call: Callable[[Any], object]
) -> Listener[Any]:
    """Have these events told to a function at once, until what is returned is closed.

    It is called where the event happens, in the context of whoever makes it happen, and
    must neither raise nor wait.
    """
    listener: Listener[Any] = system._hub.events.listen(types, call)
    system._trace_messages()
    return listener


def has_failed(system: ActorSystem) -> bool:
    """Whether a crash, or the like, is about to leave its block."""
    return system._failure is not None


def late_so_far(system: ActorSystem) -> tuple[Late, ...]:
    """Who had to be killed in the ordered stop, while it lasts or after it."""
    report = system.stop_report
    return report.late if report is not None else tuple(hub_of(system).late or ())


def stop_within(system: ActorSystem, seconds: float) -> None:
    """How long the ordered stop may take; before it has begun."""
    system._stop_within = seconds


def cut_short(system: ActorSystem) -> None:
    """Kill whoever is left, in a stop that has begun."""
    system._cut_short()


__all__ = (
    "ASIDE",
    "ENDED",
    "FOLLOW_UP",
    "LAST_WORDS_PROPS",
    "LEFT",
    "PROMPT",
    "READY",
    "SHUT_DOWN",
    "SUSPEND",
    "WORK",
    "Change",
    "ChunkLog",
    "Chunks",
    "Fair",
    "FirstLooks",
    "Host",
    "Log",
    "MemoryLog",
    "More",
    "Place",
    "Props",
    "SteeringQueue",
    "Ticket",
    "Timer",
    "TurnRun",
    "Whole",
    "abort",
    "actor_of",
    "can_change",
    "cells_of",
    "check_async",
    "completed",
    "cut",
    "cut_short",
    "declaration_of",
    "dismiss",
    "enlist",
    "explained",
    "give_way",
    "has_failed",
    "history_left",
    "hold_limits",
    "hub_of",
    "in_burst",
    "is_plain",
    "is_steerable",
    "last_sign_of",
    "late_so_far",
    "listen",
    "looked_for",
    "open_systems",
    "park",
    "plainer",
    "put_back",
    "refuse_unread",
    "request_of",
    "root_of",
    "rough_size",
    "seconds",
    "shown",
    "steering_of",
    "stop_within",
    "stray_of",
    "time_left_of",
    "tool_of",
    "tools_of",
    "undo",
    "unprotected",
    "valid_count",
    "valid_seconds",
    "valid_seconds_or_0",
    "wake",
    "whole",
    "withdraw_steering",
    "without_types",
    "words_in",
)
