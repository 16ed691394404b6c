"""Faults that are known and not mended yet: what storms do not complain about.

Each entry names what is wrong and by which words it shows itself.  Delete an entry with
the change that mends its fault; the options `--storm-known` of pytest and `--known` of
`run` have storms complain about all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from tests.storm.world.plan import Plan
from tests.storm.world.play import play
from tests.storm.world.story import Fault


def _as_it_is(plan: Plan) -> Plan:
    return plan


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


KNOWN: tuple[Known, ...] = ()
"""All of them."""


def faults_of(plan: Plan, *, known: bool = False) -> list[Fault]:
    """Play a storm: all that is wrong, or (not `known`) what nobody knows of."""
    if known:
        return play(plan)
    for each in KNOWN:
        plan = each.tame(plan)
    faults = play(plan)
    return [f for f in faults if not any(each.excuses(f) for each in KNOWN)]
