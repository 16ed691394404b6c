"""What a router needs of sessions, beside what users need: the room between the floors.

Nothing here is for users.  `supervision` hosts sessions through these names only.
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
from ._turn_policies import seconds, whole
from ._turn_run import SHUT_DOWN
from ._turn_state import completed


def actor_of(ref: AnyRef) -> Any:
    """The actor behind a ref; None when it has ended for good."""
    return getattr(ref, "actor", None)


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
    "seconds",
    "whole",
)
