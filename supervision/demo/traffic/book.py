"""The traffic's own account: what its senders offered, and what became of it.

Counted by those who send, from the receipts that they hold, and not by the router: in
the end the two accounts are held against each other.  Each prompt is filed under the
one thing that went wrong with it: its accident, or what befell its session or the
router meanwhile.  The account is a JSON file, replaced as a whole, so that whoever
reads it while the service runs sees one instant.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, TypedDict

import attrs
import trio

from actors import Outcome, Receipt

from .plan import Plan
from .recording import Prompt

WAITS_KEPT: Final = 100_000
"""The latest waits of which percentiles are told."""

NOTHING: Final = "nothing"
STEERED: Final = "a word in between"
SESSION_KILLED: Final = "its session was killed"
ROUTER_CRASHED: Final = "the router crashed"
"""Under what a prompt is filed, beside the words of `traffic.Accident`."""

ANSWERED: Final = "calls answered"
MADE_AGAIN: Final = "calls made again"
MET: Final = "calls that met "
"""And the name of an error."""
WITHOUT: Final = "turns that went on without their tool"
"""What is noted of tools."""


_UNHARMED = ("Completed", "Steered", "Withdrawn")


class WaitsShape(TypedDict):
    """Seconds from the acceptance of a prompt to the first step of its turn."""

    number: int
    p50: float
    p99: float
    longest: float


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
    """One prompt that has been accepted."""

    under: str
    """Its own accident, or that it has none."""
    hit_by: str | None = None
    """What befell its session or the router while it was there."""


class Book:
    """The account.

    Args:
        plan: says where it is kept.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.began: float | None = None
        self.position = 0
        """Which prompt is the next."""
        self.planned = self.offered = self.accepted = self.came_back = 0
        self.keys = set[str]()
        self.refused = Counter[str]()
        self.outcomes = Counter[str]()
        self.filed: dict[str, Counter[str]] = {}
        self.waits: deque[float] = deque(maxlen=WAITS_KEPT)
        self.read = 0
        self.faults = Counter[str]()
        self.notes = Counter[str]()
        self.longest_repair = 0.0
        self.crashed = set[int]()
        """Numbers of the prompts whose session has crashed, to be tried again."""
        self.turns = self.waiting = self.sessions = 0
        self.finished = trio.Event()
        """Everything has been sent, and has its outcome."""
        self.befalling: str | None = None
        """What befalls everything that is accepted now."""
        self._open: dict[Receipt[Prompt], Filed] = {}

    def offer(self, key: str) -> None:
        """A prompt is sent now."""
        self.offered += 1
        self.keys.add(key)

    def accept(self, receipt: Receipt[Prompt], under: str) -> None:
        """It was accepted."""
        self.accepted += 1
        self._open[receipt] = Filed(under, self.befalling)

    def refuse(self, error: Exception) -> None:
        """It was not, for good."""
        self.refused[type(error).__name__] += 1

    def settle(self, receipt: Receipt[Prompt], outcome: Outcome) -> None:
        """It has its outcome; told twice, it counts once."""
        filed = self._open.pop(receipt, None)
        if filed is None:
            return
        name = type(outcome).__name__
        self.outcomes[name] += 1
        # one that was hit and came to its end all the same was not harmed
        harmed = filed.hit_by is not None and name not in _UNHARMED
        under = filed.hit_by if harmed else filed.under
        self.filed.setdefault(str(under), Counter())[name] += 1

    def settle_all(self) -> None:
        """Settle whatever has its outcome, whoever was waiting for it."""
        for receipt in tuple(self._open):
            if receipt.ended is not None:
                self.settle(receipt, receipt.ended)

    def file_turn(self, key: str, turn: int, under: str) -> None:
        """Something has befallen the prompts of this turn."""
        for receipt, filed in self._open.items():
            if receipt.turn == turn and receipt.key == key and receipt.ended is None:
                filed.hit_by = under

    @contextmanager
    def file_all(self, under: str) -> Generator[None]:
        """In this block something befalls all: those that are open, those that come."""
        for receipt, filed in self._open.items():
            if receipt.ended is None:
                filed.hit_by = under
        self.befalling = under
        try:
            yield
        finally:
            self.befalling = None

    @property
    def open(self) -> int:
        """Prompts that have no outcome yet."""
        return len(self._open)

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
            "open": self.open,
            "turns": self.turns,
            "waiting": self.waiting,
            "sessions": self.sessions,
            "done": self.finished.is_set(),
        }

    def write(self, now: float) -> None:
        """Replace the file by the account at this instant; nothing without a file."""
        path = self.plan.book
        if path is None:
            return
        shape: Any = self.as_json(now)
        beside = path.with_name(f"{path.name}.new")
        beside.write_text(json.dumps(shape), encoding="utf-8")
        beside.replace(path)
