"""What a router needs of sessions, beside what users need: the room between the floors.

Nothing here is for users.  `supervision` hosts sessions through these names only; the
test kit looks through them.
"""

from typing import Any

from ._chunks import Chunks
from ._family import Family
from ._host import Host
from ._lane import (
    ASLEEP,
    BACKOFF,
    CLOSING,
    GONE,
    OPEN,
    PLACE,
    QUARANTINED,
    STARTING,
    UNSET,
    Lane,
    check_key,
)
from ._receipt import ASIDE, FOLLOW_UP, PROMPT, WORK, More, PromptKind
from ._ref import AnyRef
from ._seat import Props, check_async
from ._session import READY, SUSPEND
from ._snapshot import Late
from ._system import ActorSystem, open_systems
from ._turn_policies import (
    seconds,
    valid_count,
    valid_seconds,
    valid_seconds_or_0,
    whole,
)
from ._turn_run import SHUT_DOWN
from ._turn_state import completed


def actor_of(ref: AnyRef) -> Any:
    """The actor behind a ref; None when it has ended for good."""
    return getattr(ref, "actor", None)


def hub_of(system: ActorSystem) -> Any:
    """What the actors of a system share."""
    return system._hub


def root_of(system: ActorSystem) -> Any:
    """The cell on top of a system; a ref is a cell, seen by strangers."""
    return system._root


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
    "ASLEEP",
    "BACKOFF",
    "CLOSING",
    "FOLLOW_UP",
    "GONE",
    "OPEN",
    "PLACE",
    "PROMPT",
    "QUARANTINED",
    "READY",
    "SHUT_DOWN",
    "STARTING",
    "SUSPEND",
    "UNSET",
    "WORK",
    "Chunks",
    "Family",
    "Host",
    "Lane",
    "More",
    "PromptKind",
    "Props",
    "actor_of",
    "check_async",
    "check_key",
    "completed",
    "cut_short",
    "has_failed",
    "hub_of",
    "late_so_far",
    "open_systems",
    "root_of",
    "seconds",
    "stop_within",
    "valid_count",
    "valid_seconds",
    "valid_seconds_or_0",
    "whole",
)
