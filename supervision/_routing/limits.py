"""`Limits`: what a router may have at once, and for how long; of a kind of sessions."""

from __future__ import annotations

from typing import Any, Final

import attrs

from actors.hosting import explained, refuse_unread, seconds, whole
from supervision._trees.policies import Backoff, RestartLimit


class _Unsaid(int):
    """A number that is there because nobody has said one.

    The kind of session may have another (`Session.limits`).
    """


_SESSIONS: Final = _Unsaid(100_000)
_TURNS: Final = _Unsaid(1000)
_LIMIT = RestartLimit(3, within=60.0)
_TERMS = Backoff(30.0, 3600.0, reset_after=7200.0)


@explained
@attrs.frozen(kw_only=True)
class Limits:
    """What a router may have at once, and for how long.

    How many sessions and turns is by their kind if you do not say it: many of those
    that are objects in this process, ten of `supervision.acp.AgentSession`, each of
    which has a process of its own.  A class says so by `Session.limits`.

    On nodes that share a store they are each node's own, those of a tenant too: n nodes
    may have n times as many.

    Raises:
        TypeError, ValueError: a field that is not what it says.
    """

    sessions: int = _SESSIONS
    """How many sessions.  One more makes the longest idle one go; if none is idle,
    `send` raises `SaturatedError`.  Default 100,000, at under 1 KiB each: say fewer if
    they hold more (a socket, a long history).  Of agents 10."""
    sessions_per_tenant: int | None = None
    """How many of them for one `tenant`.  One more makes the longest idle one of that
    tenant go; if none of its is idle, `send` raises `TenantLimitError`.  One that goes
    does not count any more, also while it cleans up.  Default None: any."""
    turns: int = _TURNS
    """How many turns run at once: the slots; the others wait for one.  Default 1000:
    say fewer if what they call (a model, a database) takes fewer.  Of agents 10."""
    turns_per_tenant: int | None = None
    """How many of them for one `tenant`.  Default None: any."""
    replays: int = 1000
    """How many answers that have ended are kept for readers who come back (`Replay`):
    one more, and the one that ended first is forgotten.  Default 1000."""
    idle: float = 14_400.0
    """Seconds that a session may be idle before it is reaped; `math.inf`: never.
    Default 14,400 (four hours)."""
    start_within: float = 120.0
    """Seconds for a session's `started`.  Default 120."""
    restarts: RestartLimit = _LIMIT
    """How often one session may crash; once more puts it into quarantine.  Default
    three times in a minute.  A crash does not count while sessions of at least three
    other keys crash too, within ten seconds: what they share is at fault then."""
    quarantine: Backoff = _TERMS
    """How long a quarantine lasts, the n-th of a row.  Then one prompt is let in: if a
    turn of it ends and the session lives, it is over.  Default 30 seconds, twice as
    long each time, at most an hour, with jitter.  A key in quarantine is not reaped;
    it gives its place to another as one that is idle, and without a store it is
    forgotten then."""
    backoff: Backoff | None = None
    """How long a crashed session's successor waits.  Default None: not at all."""

    def __attrs_post_init__(self) -> None:
        whole("sessions", self.sessions, least=1)
        whole("turns", self.turns, least=1)
        whole("replays", self.replays, least=0)
        for name in ("sessions_per_tenant", "turns_per_tenant"):
            value: object = getattr(self, name)
            if value is not None:
                whole(name, value, least=1)
        seconds("idle", self.idle)
        seconds("start_within", self.start_within)
        for name, kind in (
            ("restarts", RestartLimit),
            ("quarantine", Backoff),
            ("backoff", (Backoff, type(None))),
        ):
            value = getattr(self, name)
            if not isinstance(value, kind):
                words = kind.__name__ if isinstance(kind, type) else "Backoff or None"
                msg = f"{name} must be a {words}, got {value!r}"
                raise TypeError(msg)


def limits_of(make: Any, given: Limits | None) -> Limits:  # Any: a class of sessions
    """What a router of these sessions may have, if this is what was said.

    Raises:
        TypeError: not `Limits`, or the class's are not.
    """
    limits = given
    cls: type
    for cls in make.__mro__:
        refuse_unread(cls, {"limits": Limits})
        own: object = vars(cls).get("limits")
        values: dict[str, object] = {"limits": limits, f"{cls.__name__}.limits": own}
        for where, value in values.items():
            if value is not None and not isinstance(value, Limits):
                msg = f"{where} must be Limits, got {value!r}"
                raise TypeError(msg)
        if isinstance(own, Limits):
            limits = own if limits is None else _filled(limits, own)
    return limits if limits is not None else Limits()


def _filled(limits: Limits, kind: Limits) -> Limits:
    """What is not said is as the kind says."""
    sessions, turns = limits.sessions, limits.turns
    return attrs.evolve(
        limits,
        sessions=kind.sessions if isinstance(sessions, _Unsaid) else sessions,
        turns=kind.turns if isinstance(turns, _Unsaid) else turns,
    )
