"""How a failing plan is cut down: to few steps, and few words, that still fail.

Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
input", 2002): leave out half of the steps, then smaller and smaller parts, as long as
the same promise is broken; then the same with the words of each script.  A plan is pure
data and a play of it repeats exactly, so no play is done twice and none is in vain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs

from tests.storm.world.plan import Cut, Plan, make_plan
from tests.storm.world.story import Fault

from .known import faults_of

T = TypeVar("T")

ORDERS = (0, 1, 2)
"""Orders of scheduling that are tried, beside that of the plan."""
MOST = 2000
"""Plays that one shrinking takes at most."""
SECONDS = 60.0
"""Seconds of real time that it takes at most: storms that hang are slow."""


class Shrinking:
    """Cuts one plan down.

    Args:
        plan: it fails.
        promise: the sentence that it breaks.
        known: whether faults that are known count.
    """

    def __init__(self, plan: Plan, promise: str, *, known: bool = False) -> None:
        self.plan = plan
        self.promise = promise
        self.known = known
        self.plays = 0
        self.until = time.monotonic() + SECONDS
        self.cut = plan.whole()

    def run(self) -> Cut:
        """Cut it down, as far as it goes."""
        before = None
        while before != self.cut:
            before = self.cut
            self._shrink_steps()
            self._shrink_words()
        return self.cut

    def _fails(self, cut: Cut) -> bool:
        """Whether it fails, in its own order or in another one: fewer, other races."""
        for order in (cut.order, *ORDERS):
            if self.plays >= MOST or time.monotonic() > self.until:
                return False
            self.plays += 1
            tried = attrs.evolve(cut, order=order)
            faults = faults_of(self.plan.keep(tried), known=self.known)
            if any(fault.promise == self.promise for fault in faults):
                self.cut = tried
                return True
        return False

    def _shrink_steps(self) -> None:
        def fails(numbers: Sequence[int]) -> bool:
            steps = {number: self.cut.steps[number] for number in numbers}
            return self._fails(attrs.evolve(self.cut, steps=steps))

        minimize(tuple(self.cut.steps), fails)

    def _shrink_words(self) -> None:
        for number in tuple(self.cut.steps):

            def fails(words: Sequence[int], number: int = number) -> bool:
                steps = {**self.cut.steps, number: tuple(words)}
                return self._fails(attrs.evolve(self.cut, steps=steps))

            minimize(self.cut.steps[number], fails)


def minimize(parts: tuple[T, ...], fails: Callable[[Sequence[T]], bool]) -> None:
    """Leave out as many parts as possible; `fails` keeps what it says yes to."""
    size = max(1, len(parts) // 2)
    while parts:
        place, smaller = 0, False
        while place < len(parts):
            left = parts[:place] + parts[place + size :]
            if fails(left):
                parts, smaller = left, True
            else:
                place += size
        if size == 1 and not smaller:
            return
        size = max(1, size // 2)


def report(seed: int, promise: str, *, known: bool = False) -> str:
    """Cut the plan of a seed down that breaks a promise; tell how to repeat it."""
    plan = make_plan(seed)
    shrinking = Shrinking(plan, promise, known=known)
    cut = shrinking.run()
    small, plays = plan.keep(cut), shrinking.plays
    option = " --known" if known else ""
    lines = [
        f"seed {seed}: {promise}?",
        f"cut down from {len(plan.steps)} steps to {len(small.steps)} ({plays} plays):",
        *(f"    {step}" for step in small.steps),
        *described(small, faults_of(small, known=known)),
        "repeat it with:",
        f"    python -m tests.storm.run --first {seed} --cut '{cut}'{option}",
    ]
    return "\n".join(lines)


def described(plan: Plan, faults: list[Fault]) -> list[str]:
    """Tell the surroundings of a storm, and what is wrong with it."""
    lines = [
        f"    heard: {plan.heard}; {plan.strategy}; end: {plan.end} at {plan.end_at:g}",
        f"    {plan.limits}",
        f"    {plan.cast}",
    ]
    for fault in faults:
        lines += [f"  {fault.promise}?", f"    {fault.detail}"]
    return lines
