"""`Books`: what a router has counted.  Pure.

Counting happens with each turn, looking seldom: what is counted by class here gets its
name when somebody looks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Final

from actors import CloseReason, Outcome, Receipt

_LOST: Final = 100


class Tally:
    """What came of prompts and turns in one way."""

    __slots__ = ("prompts", "seconds", "turns")

    def __init__(self) -> None:
        self.prompts = 0
        self.turns = 0
        self.seconds = 0.0


class Books:
    """The counts of one incarnation."""

    __slots__ = (
        "_tallies",
        "closed",
        "lost",
        "opened",
        "refused",
        "repeated",
        "settled",
        "wait_longest",
        "wait_seconds",
    )

    def __init__(self) -> None:
        self._tallies: dict[type[Outcome], Tally] = defaultdict(Tally)
        self.settled = 0
        """Prompts that have their outcome."""
        self.opened = 0
        """Sessions."""
        self.repeated = 0
        """Prompts that were known."""
        self.refused: Counter[str] = Counter()
        """`{class of error: prompts}`."""
        self.closed: Counter[CloseReason] = Counter()
        """`{why: sessions}`."""
        self.lost: list[tuple[str, int]] = []
        """Key and id of the first 100 lost prompts."""
        self.wait_seconds = 0.0
        """For the first step of a turn, all prompts together."""
        self.wait_longest = 0.0
        """The longest of these."""

    def of(self, kind: type[Outcome]) -> Tally:
        """What came of prompts and turns in this way."""
        return self._tallies[kind]

    def lose(self, receipt: Receipt[object]) -> None:
        """A prompt is lost; that it has its outcome is counted elsewhere."""
        if len(self.lost) < _LOST:
            self.lost.append((receipt.key, receipt.id))

    def prompts(self) -> dict[str, int]:
        """`{class of outcome: prompts}`."""
        tallies = self._tallies.items()
        return {kind.__name__: each.prompts for kind, each in tallies if each.prompts}

    def turns(self) -> dict[str, int]:
        """`{class of outcome: turns}`."""
        tallies = self._tallies.items()
        return {kind.__name__: each.turns for kind, each in tallies if each.turns}

    def turn_seconds(self) -> dict[str, float]:
        """`{class of outcome: seconds of turns}`."""
        tallies = self._tallies.items()
        return {kind.__name__: each.seconds for kind, each in tallies if each.turns}
