"""Why an incarnation ended, as data, and what its owner makes of it.

Pure vocabulary: frozen values, no behaviour, no Trio.
"""

from __future__ import annotations

import enum

import attrs


@attrs.frozen
class Finished:
    """The actor ended by its own will: it called `Actor.finish`."""


@attrs.frozen
class Stopped:
    """Somebody asked it to stop, and it ended in order."""

    reason: object = None
    """What `ActorRef.stop` was given; None by default."""


@attrs.frozen
class Crashed:
    """An exception escaped from its code."""

    error: BaseException
    """The exception; a group only if several escaped at once."""


@attrs.frozen
class Killed:
    """Its time was up, or `ActorRef.kill` was called: cancelled where it stood."""


Exit = Finished | Stopped | Crashed | Killed
"""How an incarnation ended."""


class Decision(enum.Enum):
    """What an owner does about a child that ended: see `Actor.child_ended`."""

    RESTART = "restart"
    """A new incarnation in the same cell: same ref, same arguments, same mailbox."""
    END = "end"
    """Let it go: the ref is dead, what is queued becomes dead letters."""
    ESCALATE = "escalate"
    """The child's crash is the owner's own crash. For other exits the same as END."""
    HOLD = "hold"
    """Decide later, with `Actor.resume_child`; meanwhile its mailbox collects."""
