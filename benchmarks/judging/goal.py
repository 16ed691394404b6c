"""What a goal is: one sentence with a limit, as data.

A goal is a ratio, ours by a contender's of the same rounds, or what ours takes more
than a contender's, or an absolute figure of ours, or how that grows.
`aims.py` and `aims_sessions.py` name the goals, `goals.py` holds them against a report.
"""

from typing import Final

import attrs

from benchmarks.amounts import amount, number
from benchmarks.scenario import PER_SECOND

MAIN: Final = "main"
FINER: Final = "finer"


@attrs.frozen
class Goal:
    """One sentence that a report can prove or refute."""

    text: str
    """What is measured."""
    scenarios: tuple[str, ...]
    """Of more than one, the geometric mean counts, or the growth."""
    limit: float
    against: str = ""
    """Ours by this contender's; empty for an absolute figure of ours."""
    at_most: bool = False
    """The limit is an upper one; otherwise a lower one."""
    more: bool = False
    """Ours less the contender's, instead of ours by it."""
    growth: bool = False
    """The exponent with which the cost of all together grows with the scenarios' size,
    of ours: 1 is linear."""
    note: str = ""
    """This note of ours instead of its figure."""
    unit: str = "x"
    """Of the limit and of what is found: "x", "/s", "B", "KiB", "MiB", "ms", "%",
    or none."""
    scale: float = 1.0
    """By which an absolute figure or note is multiplied to be in that unit."""
    percentile: float = 0.0
    """Of the latencies, instead of the figure, in per cent: of theirs, and of ours
    unless there is a note."""
    shown: str = ""
    """A contender that ours is told by as well; it has no limit."""
    beside: str = ""
    """The scenario of the contender, where it has another that is the same work."""
    section: str = MAIN
    """`MAIN`, or `FINER` for those that ask for more than the main ones."""

    @property
    def wanted(self) -> str:
        """The limit for people: "at least 0.45 x"."""
        sign = "at most" if self.at_most else "at least"
        return f"{sign} {quantity(self.limit, self.unit)}"

    def holds(self, value: float) -> bool:
        """Tell whether the value keeps to the limit."""
        return value <= self.limit if self.at_most else value >= self.limit


def least(
    text: str,
    scenario: str,
    section: str = MAIN,
    beside: str = "",
    shown: str = "",
    **limits: float,
) -> tuple[Goal, ...]:
    """At least so many times as fast as each of these contenders."""
    return tuple(
        Goal(
            text,
            (scenario,),
            limit,
            name,
            beside=beside,
            section=section,
            shown=shown,
        )
        for name, limit in limits.items()
    )


def most(
    text: str, scenario: str, section: str = MAIN, **limits: float
) -> tuple[Goal, ...]:
    """At most this part of the time or the memory of each of these contenders."""
    return tuple(
        Goal(text, (scenario,), limit, name, at_most=True, section=section)
        for name, limit in limits.items()
    )


def quantity(value: float, unit: str) -> str:
    """A value in the unit of a goal: "0.45 x", "1M/s", "320 B", "1.15"."""
    if unit == PER_SECOND:
        return amount(value, unit)
    return f"{number(value)} {unit}".rstrip()
