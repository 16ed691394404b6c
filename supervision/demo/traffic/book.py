"""The senders' own account: what they offered, and what they were told became of it.

Counted by those who send, from what they are told, and not by the service: in the end
it is held against the service's report, and against the store.  Each prompt is filed
under the one thing that went wrong with it: its accident, or what befell its session,
the router or the whole service meanwhile.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final, TypedDict

import attrs
import trio

from .words import Ended, News

WAITS_KEPT: Final = 100_000
"""The latest waits of which percentiles are told."""

NOTHING: Final = "nothing"
STEERED: Final = "a word in between"
SESSION_KILLED: Final = "its session was killed"
ROUTER_CRASHED: Final = "the router crashed"
SERVICE_KILLED: Final = "the service was killed"
"""Under what a prompt is filed, beside the words of `traffic.Accident`."""

ANSWERED: Final = "calls answered"
MADE_AGAIN: Final = "calls made again"
MET: Final = "calls that met "
"""And the name of an error."""
WITHOUT: Final = "turns that went on without their tool"
"""What is noted of tools."""

UNANSWERED: Final = "NoAnswer"
"""What was sent as the service ended, and was never answered, is refused with this."""

_UNHARMED = ("Completed", "Steered", "Withdrawn")
_INTERRUPTED = "TurnInterruptedError"


class WaitsShape(TypedDict):
    """Seconds from the acceptance of a prompt to the first step of its turn."""

    number: int
    p50: float
    p99: float
    longest: float


class KillsShape(TypedDict):
    """What became of the prompts that had no outcome when the service was killed."""

    number: int
    """How often it was killed."""
    longest_away: float
    """Seconds until it was back, at most."""
    away: float
    """All of them; the recording stood still meanwhile."""
    open: int
    """Prompts that were accepted and had no outcome."""
    interrupted: int
    """Their turn ran, and they were not to be tried again: failed."""
    tried_again: int
    """Their turn ran, and they were begun once more."""
    sent_again: int
    """Beside the open ones: nobody had answered, and they were sent again."""


class BookShape(TypedDict):
    """The account, as JSON."""

    seconds: float
    """Since the first prompt."""
    planned: int
    """Prompts that are to be sent."""
    offered: int
    """Prompts that have been sent so far, accepted or not."""
    conversations: int
    """To which they belonged."""
    accepted: int
    refused: dict[str, int]
    """`{name of the error: prompts}`, refused for good."""
    came_back: int
    """Prompts that were refused and accepted later, when there was room."""
    outcomes: dict[str, int]
    kept: int
    """Prompts that wait in the store for the next process."""
    missing: int
    """Prompts that were accepted and of which nobody knows anything: must be none."""
    filed: dict[str, dict[str, int]]
    """`{what went wrong: {name of the outcome: prompts}}`."""
    waits: WaitsShape
    read: int
    """Chunks that were read as they came."""
    faults: dict[str, int]
    """`{fault of the tree: how often}`."""
    notes: dict[str, int]
    """`{what followed of them: how often}`."""
    longest_repair: float
    """Seconds that the router was away, at most."""
    kills: KillsShape
    open: int
    """Prompts that have no outcome yet."""
    turns: int
    """Turns that run."""
    waiting: int
    """Turns that wait for a slot."""
    sessions: int
    done: bool
    """Everything has been sent, and has its outcome."""


@attrs.define(eq=False)
class Filed:
    """One prompt that has been sent."""

    key: str
    under: str
    """Its own accident, or that it has none."""
    accepted: bool = False
    """Its sender was told so."""
    killed: bool = False
    """The service was killed while it was there."""
    end: str | None = None
    """Name of its outcome; None: it has none."""


class Book:
    """The account."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.position = 0
        """Which prompt is the next."""
        self.lap = 0
        """How often the recording has been over."""
        self.planned = self.offered = self.accepted = self.came_back = 0
        self.kept = self.missing = self.read = 0
        self.keys = set[str]()
        self.refused = Counter[str]()
        self.outcomes = Counter[str]()
        self.filed: dict[str, Counter[str]] = {}
        self.waits: deque[float] = deque(maxlen=WAITS_KEPT)
        self.faults = Counter[str]()
        self.notes = Counter[str]()
        self.longest_repair = 0.0
        self.kills: KillsShape = {
            "number": 0,
            "longest_away": 0.0,
            "away": 0.0,
            "open": 0,
            "interrupted": 0,
            "tried_again": 0,
            "sent_again": 0,
        }
        self.turns = self.waiting = self.sessions = 0
        self.finished = trio.Event()
        """Everything has been sent, and has its outcome."""
        self.prompts: dict[str, Filed] = {}
        """`{id: every prompt that was not refused}`."""
        self._open = set[str]()

    def offer(self, id: str, key: str, under: str) -> None:  # noqa: A002 - its name
        """A prompt is sent now, for the first time."""
        self.offered += 1
        self.keys.add(key)
        self.prompts[id] = Filed(key, under)
        self._open.add(id)

    def accept(self, id: str, *, waited: bool = False) -> None:  # noqa: A002
        """It was accepted; told twice, it counts once."""
        filed = self.prompts[id]
        if filed.accepted:
            return
        filed.accepted = True
        self.accepted += 1
        self.came_back += waited

    def refuse(self, id: str, error: str) -> None:  # noqa: A002
        """It was not, for good."""
        self._open.discard(id)
        del self.prompts[id]
        self.refused[error] += 1

    def settle(self, told: Ended) -> None:
        """It has its outcome; told twice, it counts once."""
        if told.id not in self._open:
            return
        self._open.discard(told.id)
        filed = self.prompts[told.id]
        filed.end = told.outcome
        self.outcomes[told.outcome] += 1
        hit_by = told.hit_by
        if filed.killed and hit_by is None:
            self.kills["tried_again"] += told.tries > 1
            if told.error == _INTERRUPTED:
                self.kills["interrupted"] += 1
                hit_by = SERVICE_KILLED
        # one that was hit and came to its end all the same was not harmed
        harmed = hit_by is not None and told.outcome not in _UNHARMED
        under = hit_by if harmed else filed.under
        self.filed.setdefault(str(under), Counter())[told.outcome] += 1

    def keep(self, id: str) -> None:  # noqa: A002
        """It waits in the store; the service has ended."""
        if not self.prompts[id].accepted:
            self.refuse(id, UNANSWERED)
        elif id in self._open:
            self._open.discard(id)
            self.kept += 1

    def miss(self, id: str) -> None:  # noqa: A002
        """It was accepted, and nobody knows it."""
        if id in self._open:
            self._open.discard(id)
            self.missing += 1

    def kill(self) -> None:
        """The service is killed now."""
        self.kills["number"] += 1
        for each in self._open:
            filed = self.prompts[each]
            filed.killed = True
            self.kills["open" if filed.accepted else "sent_again"] += 1
        self.turns = self.waiting = self.sessions = 0

    def back(self, seconds: float) -> None:
        """And was back after so long."""
        self.kills["away"] += seconds
        self.kills["longest_away"] = max(self.kills["longest_away"], seconds)

    def note(self, news: News) -> None:
        """The service has said something of itself."""
        self.turns, self.waiting = news.turns, news.waiting
        self.sessions = news.sessions
        self.waits.extend(news.waits)
        self.faults.update(news.faults)
        self.notes.update(news.notes)
        self.longest_repair = max(self.longest_repair, news.longest_repair)

    def close(self) -> None:
        """The service has ended: what was not answered will not be."""
        for each in tuple(self._open):
            if not self.prompts[each].accepted:
                self.refuse(each, UNANSWERED)
        self.turns = self.waiting = self.sessions = 0

    @property
    def open(self) -> int:
        """Prompts that have no outcome yet."""
        return len(self._open)

    @property
    def ended(self) -> int:
        """Prompts whose senders were told an outcome."""
        return self.outcomes.total()

    def as_json(self, now: float) -> BookShape:
        """The account at this instant."""
        ordered = sorted(self.waits)
        last = len(ordered) - 1
        at = (ordered[last * each // 100] if ordered else 0.0 for each in (50, 99, 100))
        p50, p99, longest = at
        return {
            "seconds": now - self.began if self.began is not None else 0.0,
            "planned": self.planned,
            "offered": self.offered,
            "conversations": len(self.keys),
            "accepted": self.accepted,
            "refused": dict(self.refused),
            "came_back": self.came_back,
            "outcomes": dict(self.outcomes),
            "kept": self.kept,
            "missing": self.missing,
            "filed": {under: dict(each) for under, each in self.filed.items()},
            "waits": {
                "number": len(ordered),
                "p50": p50,
                "p99": p99,
                "longest": longest,
            },
            "read": self.read,
            "faults": dict(self.faults),
            "notes": dict(self.notes),
            "longest_repair": self.longest_repair,
            "kills": self.kills.copy(),
            "open": self.open,
            "turns": self.turns,
            "waiting": self.waiting,
            "sessions": self.sessions,
            "done": self.finished.is_set(),
        }
