"""Faults that are known and not mended yet: what storms do not complain about.

Each entry names what is wrong and by which words it shows itself.  Delete an entry with
the change that mends its fault; the options `--storm-known` of pytest and `--known` of
`run` have storms complain about all of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import attrs

from .plan import Plan
from .play import play
from .story import Fault


def _as_it_is(plan: Plan) -> Plan:
    return plan


def _never_alive(plan: Plan) -> Plan:
    """Nobody asks sessions whether they are alive."""
    turns = attrs.evolve(plan.cast.turns, alive_every=math.inf)
    return attrs.evolve(plan, cast=attrs.evolve(plan.cast, turns=turns))


@attrs.frozen
class Known:
    """One fault that is known."""

    why: str
    """What is wrong, and where."""
    promise: str = ""
    """The sentence that is broken."""
    detail: str = "$^"
    """A regular expression: found in what was seen; default: in nothing."""
    tame: Callable[[Plan], Plan] = _as_it_is
    """For a fault that breaks too much to be told from others: takes out of a plan what
    brings it about."""

    def excuses(self, fault: Fault) -> bool:
        """Whether this is it."""
        return self.promise == fault.promise and bool(
            re.search(self.detail, fault.detail, re.DOTALL)
        )


KNOWN: tuple[Known, ...] = (
    Known(
        "A19: `alive` is asked when the turn's nursery is closed already, by a timer, "
        "and that breaks the whole system, which then may never be left",
        tame=_never_alive,
    ),
    Known(
        "A19: a turn waits for a critical child that was never begun",
        "a storm comes to its end",
        r"_end_children",
    ),
    Known(
        "A22: steering prompts of a turn that is ending already are named, and run",
        "what a verb names as withdrawn is withdrawn",
        "",
    ),
    Known(
        "A23: who waits for room is refused after the router has ended",
        "what EventLog promises holds",
        r"^[^\n]*PromptRefused[^\n]* came after ActorStopped\n",
    ),
    Known(
        "A23: a generation is counted for a session that was never born",
        "what TurnLog promises holds",
        r"^[^\n]*: generation \d+ was opened after \d+\n",
    ),
    Known(
        "A24: what is emitted after an abort, and what is unread, reaches the reader",
        "nothing is read of a turn after its abort",
        "",
    ),
    Known(
        "a key whose turn was given up and to which nobody writes again is never idle: "
        "it is neither reaped nor evicted, and keeps its place",
        "a router at rest has nothing left to do",
        r"not idle: .*GIVEN_UP.*phase='idle'.*idle=None",
    ),
)
"""All of them."""


def faults_of(plan: Plan, *, known: bool = False) -> list[Fault]:
    """Play a storm: all that is wrong, or (not `known`) what nobody knows of."""
    if known:
        return play(plan)
    for each in KNOWN:
        plan = each.tame(plan)
    faults = play(plan)
    return [f for f in faults if not any(each.excuses(f) for each in KNOWN)]
