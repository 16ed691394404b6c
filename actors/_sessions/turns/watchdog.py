"""`Watchdog`: the clocks of one turn, as arithmetic: no Trio, no tasks, no timers.

Whoever runs the turn says what happens and when (`sign`, `pause`, `tool_begins` ...),
keeps one timer at `next()`, and when that fires calls `look`, does what it says, and
sets the timer anew.  So it does after every call but two: `pause`, and a `sign` that
returns False.  A sign comes with every chunk, so it is a few writes and moves no timer;
that may then fire too early, and `look` finds nothing, which is fine.

An instant that `next` names is one at which `look` finds something, if nothing has
happened meanwhile: both use the same sums, so that no rounding makes them differ.

The limit of a turn is absolute: chatter does not move it.  Inactivity and stalls are
measured in silence, and that clock stands still while a tool runs or the turn waits for
its reader.  Then the reader's runs, from the latest chunk that was taken.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import attrs

from actors._sessions.outcomes import Limit
from actors._sessions.policies import TurnPolicy


@attrs.frozen
class Over:
    """A limit is over: the turn is to be ended.  Said once."""

    limit: Limit
    """Which; the one that was over first."""


@attrs.frozen
class Stalled:
    """There has been so much silence."""

    seconds: float
    """One of `TurnPolicy.stalls`."""


@attrs.frozen
class Probe:
    """It is time to ask whether the session is alive."""


@attrs.frozen
class Unread:
    """The turn has waited for its reader for too long.  Said once for each wait."""


@attrs.frozen
class GiveUp:
    """The turn was to end and has not, for as long as it may take.  Said once."""


Verdict: TypeAlias = Over | Stalled | Probe | Unread | GiveUp


class Watchdog:
    """The clocks of one turn, from its first step on.

    Args:
        policy: the limits.
        now: the instant of the first step.
        signed: that of the latest sign of life; None: the first step was it.
    """

    __slots__ = (
        "_ending",
        "_held",
        "_holds",
        "_over",
        "_paused",
        "_policy",
        "_probe",
        "_silent",
        "_since",
        "_stalls",
        "_started",
        "_tools",
        "_unread",
        "_waits",
        "last_sign",
    )

    def __init__(
        self, policy: TurnPolicy, now: float, signed: float | None = None
    ) -> None:
        self._policy = policy
        self._started = now
        last = now if signed is None else signed
        self.last_sign = last
        """When the latest sign of life came."""
        self._since = last  # silence is counted from here, unless paused
        self._silent = 0.0  # seconds of silence before the pause
        self._holds = 0  # how many reasons there are to hold the limits
        self._held = now  # since when, if there is one
        self._paused = 0  # how many reasons there are to pause
        self._stalls = 0  # how many of policy.stalls have been reported
        self._tools: list[tuple[str, float]] = []  # (name, begin), the oldest first
        self._waits = 0  # how many wait for the reader
        self._unread = math.inf  # since when nothing has been read; inf: nobody waits
        self._probe = now + policy.alive_every
        self._over = False  # reported
        self._ending: float | None = None  # when it was told to end; inf: given up

    @property
    def tool(self) -> str | None:
        """The name of the tool that has begun last, of those that run."""
        return self._tools[-1][0] if self._tools else None

    @property
    def tools(self) -> tuple[tuple[str, float], ...]:
        """The tools that run, the oldest first: `(name, when it began)`."""
        return tuple(self._tools)

    def left(self, now: float) -> dict[str, float]:
        """Seconds until each limit is over, of those that count now."""
        if self._ending is not None:
            return {"grace": max(self._ending + self._policy.abort_grace - now, 0.0)}
        if self._over:
            return {}
        return {
            limit.name.lower(): max(instant - now, 0.0)
            for instant, limit in self._limits()
            if instant != math.inf
        }

    def sign(self, now: float) -> bool:
        """Take a sign of life; tell whether a stall had been reported.

        If so, set the timer anew: the next stall may come before it.
        """
        self._since = self.last_sign = now
        self._silent = 0.0
        if self._stalls:
            self._stalls = 0
            return True
        return False

    def pause(self, now: float) -> None:
        """Stop the clock of silence.  May be nested; not a sign of life."""
        if not self._paused:
            self._silent = now - self._since
        self._paused += 1

    def resume(self, now: float) -> None:
        """End one `pause`."""
        assert self._paused, "resume() without pause()"
        self._paused -= 1
        if not self._paused:
            self._since = now - self._silent

    def hold(self, now: float) -> None:
        """Hold the limits of the turn and its tools: a `pause`, and may be nested.

        What is done meanwhile is not its doing, and has a limit of its own.
        """
        self.pause(now)
        if not self._holds:
            self._held = now
        self._holds += 1

    def release(self, now: float) -> None:
        """End one `hold`: the limits have the time back."""
        self.resume(now)
        self._holds -= 1
        if not self._holds:
            self._started += now - self._held
            self._tools = [
                (name, begun + now - max(begun, self._held))
                for name, begun in self._tools
            ]

    def waits(self, now: float) -> None:
        """Somebody waits for the reader from now on: a `pause`."""
        self.pause(now)
        if not self._waits:
            self._unread = now
        self._waits += 1

    def served(self, now: float, *, read: bool) -> None:
        """One of them does not any more: a `resume`; `read`: the reader has read."""
        self.resume(now)
        self._waits -= 1
        if not self._waits:
            self._unread = math.inf
        elif read:
            self._unread = now

    def tool_begins(self, now: float, name: str) -> bool:
        """A tool begins: a `sign` and a `pause`; tell what `sign` tells."""
        had_stalled = self.sign(now)
        self.pause(now)
        self._tools.append((name, now))
        return had_stalled

    def tool_ends(self, now: float, name: str) -> bool:
        """A tool ends: a `sign` and a `resume`; tell what `sign` tells.

        Of several with this name it is the oldest one: a tool that is in time is never
        taken for one that is not.

        Raises:
            ValueError: no tool of this name runs.
        """
        names = [each for each, _ in self._tools]
        if name not in names:
            msg = f"no tool {name!r} runs"
            raise ValueError(msg)
        del self._tools[names.index(name)]
        had_stalled = self.sign(now)
        self.resume(now)
        return had_stalled

    def ending(self, now: float) -> None:
        """The turn has been told to end: nothing counts any more but `abort_grace`.

        The first call counts.
        """
        if self._ending is None:
            self._ending = now

    def forgive(self, now: float, lost: float) -> None:
        """The loop stood still: the turn had no chance to say anything.

        Silence is counted anew from here, for nobody knows what was said meanwhile; all
        other clocks have the time back that is known to be lost.
        """
        self._since = now
        self._silent = 0.0
        self._started += lost
        self._probe += lost
        self._unread += lost
        self._held += lost
        self._tools = [(name, begun + lost) for name, begun in self._tools]
        if self._ending is not None:
            self._ending += lost

    def next(self) -> float:
        """The earliest instant at which something is to be looked at; inf: none."""
        if self._ending is not None:
            return self._ending + self._policy.abort_grace
        if self._over:
            return math.inf
        unread = self._unread + self._policy.reader_limit
        return min(self._limits()[0][0], self._next_stall(), self._probe, unread)

    def look(self, now: float) -> list[Verdict]:
        """Say what is due, in the order in which to do it."""
        if self._ending is not None:
            if now < self._ending + self._policy.abort_grace:
                return []
            self._ending = math.inf
            return [GiveUp()]
        if self._over:
            return []
        verdicts: list[Verdict] = []
        while self._next_stall() <= now:
            verdicts.append(Stalled(self._policy.stalls[self._stalls]))
            self._stalls += 1
        instant, limit = self._limits()[0]
        if instant <= now:
            self._over = True
            verdicts.append(Over(limit))
        elif self._probe <= now:
            self._probe = now + self._policy.alive_every
            verdicts.append(Probe())
        if not self._over and self._unread + self._policy.reader_limit <= now:
            self._unread = math.inf
            verdicts.append(Unread())
        return verdicts

    def _limits(self) -> list[tuple[float, Limit]]:
        """When which limit is over if nothing happens, the first one first."""
        policy = self._policy
        if self._holds:
            return [(math.inf, Limit.TIME)]
        limits = [(self._started + policy.time_limit, Limit.TIME)]
        if self._tools:
            limits.append((self._tools[0][1] + policy.tool_limit, Limit.TOOL))
        if not self._paused:
            limits.append((self._since + policy.inactivity, Limit.INACTIVITY))
        return sorted(limits, key=lambda each: each[0])  # of equals the turn's own

    def _next_stall(self) -> float:
        stalls = self._policy.stalls
        if self._paused or self._stalls == len(stalls):
            return math.inf
        return self._since + stalls[self._stalls]
