"""What becomes of a key when its session has ended, and of prompts that were cut short.

Pure: how it ended goes in, what follows comes out; time is a number.

    | phase    | how it ended     | it counts as    | what follows                     |
    |----------|------------------|-----------------|----------------------------------|
    | CLOSING  | in any way       | as was planned  | CLOSED: gone, or anew if busy    |
    | STARTING | in any way       | failed to start | UNSTARTED: its prompts fail      |
    | else     | in order         | finished        | CLOSED                           |
    | else     | killed           | crashed         | REPLACED: when it is needed      |
    | else     | crashed          | crashed         | REPLACED, or QUARANTINED above   |
    |          |                  |                 | `Limits.restarts`                |

A quarantine has a term.  After it one prompt is let in, as a *trial*: if a turn ends
and its session lives, the quarantine is over; if the session crashes or does not start,
the next term is longer (as a circuit breaker that is half open).
"""

from __future__ import annotations

import enum
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from actors import (
    Aborted,
    CloseReason,
    Crashed,
    Exit,
    Failed,
    Killed,
    Outcome,
    SessionCrashedError,
)
from actors.hosting import SHUT_DOWN, More, TurnRun
from supervision._trees.policies import Backoff, RestartLimit


class Fate(enum.Enum):
    """What follows the end of a session."""

    CLOSED = "closed"
    """The key is forgotten, or begins anew if somebody waits."""
    UNSTARTED = "unstarted"
    """What waited fails; a key without a past is forgotten."""
    REPLACED = "replaced"
    """A new session with the state of the last completed turn, when it is needed."""


def fate_of(
    exit_: Exit, *, starting: bool, planned: CloseReason | None
) -> tuple[Fate, CloseReason]:
    """Say what follows, and what the end counts as: the table above.

    Args:
        exit_: how the session's actor ended.
        starting: its `started` was not done.
        planned: it was to end, for this reason; None: nobody had asked for it.
    """
    if planned is not None:
        return Fate.CLOSED, planned
    if starting:
        return Fate.UNSTARTED, CloseReason.FAILED_TO_START
    if isinstance(exit_, Crashed | Killed):
        return Fate.REPLACED, CloseReason.CRASHED
    return Fate.CLOSED, CloseReason.FINISHED


def tried_again(
    run: TurnRun, more: More, outcome: Outcome, *, ending: bool
) -> int | None:
    """How often a prompt that is to wait again has been tried; None: it has ended.

    Args:
        run: its turn, which has ended.
        more: of the prompt.
        outcome: what became of the turn.
        ending: with a store: the router's actor has begun to end.
    """
    tried = more.tried + 1
    if type(outcome) is Failed:
        if not isinstance(outcome.error, SessionCrashedError):
            return None
    elif type(outcome) is not Aborted or more.attempts == 1 or run.aside:
        return None
    elif run.interrupted is not None:
        return None  # somebody has asked it to end
    elif run.extra is not None and run.extra.returns:
        tried = more.tried  # nothing is wrong with it
    elif not ending or outcome.reason != SHUT_DOWN:
        return None
    # else: it may be why the router has crashed
    return tried if tried < more.attempts else None


class Crashes:
    """The crashes of one key's sessions, and how long the next successor waits."""

    __slots__ = (
        "_quiet_since",
        "_row",
        "_stamps",
        "_terms",
        "latest",
        "trial",
        "until",
    )

    def __init__(self) -> None:
        self._stamps: deque[float] = deque()  # those that count
        self._row = 0  # waits in a row, as `Backoff` counts them
        self._quiet_since = 0.0  # when the latest wait was over
        self._terms = 0  # quarantines in a row
        self.latest: BaseException | None = None
        """The latest of them."""
        self.until = -math.inf
        """When the term of its quarantine is over."""
        self.trial = False
        """A prompt has been let in after it, and nobody knows what comes of it."""

    def __len__(self) -> int:
        return len(self._stamps)

    def charge(self, crash: BaseException, now: float, limit: RestartLimit) -> bool:
        """Count one; False: it is one too many."""
        stamps = self._stamps
        stamps.append(now)
        while stamps[0] + limit.within < now:
            stamps.popleft()
        self.latest = crash
        return len(stamps) <= limit.restarts

    def quarantine(
        self, now: float, terms: Backoff, random: Callable[[], float]
    ) -> float:
        """It is in quarantine from now on; the seconds of its term."""
        if now - self.until >= terms.quiet:
            self._terms = 0
        term = terms.seconds(self._terms, random)
        self._terms += 1
        self.until = now + term
        self.trial = False
        return term

    def pardon(self) -> None:
        """The trial went well: what was before does not count any more."""
        self.trial = False
        self._stamps.clear()

    def wait(self, now: float, backoff: Backoff, random: Callable[[], float]) -> float:
        """The seconds that the successor of a session that has ended now waits."""
        if now - self._quiet_since >= backoff.quiet:
            self._row = 0
        delay = backoff.seconds(self._row, random)
        self._row += 1
        self._quiet_since = now + delay
        return delay


WITHIN: Final = 10.0
"""Seconds: crashes so close together may have one cause."""
OTHERS: Final = 3
"""So many other keys must have crashed within them."""
_MOST: Final = 64  # keys remembered; many more crash in an outage


class Outage:
    """Which keys have crashed lately: is it one session, or what stands behind all?

    When a database or a model's API is away, many sessions crash within a short time,
    each perhaps as often as would put it into quarantine, and none of them is at fault.
    So a crash does not count against its key while others crash as well.
    """

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: OrderedDict[str, float] = OrderedDict()  # {key: when, lately}

    def crashed(self, key: str, now: float) -> bool:
        """A session of this key has; whether that is one crash of many."""
        latest = self._latest
        latest[key] = now
        latest.move_to_end(key)
        while len(latest) > _MOST:
            latest.popitem(last=False)
        while next(iter(latest.values())) + WITHIN < now:
            latest.popitem(last=False)
        return len(latest) > OTHERS
