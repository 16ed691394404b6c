"""Storms find faults: each of those that are planted, in a bounded number of seeds."""

from __future__ import annotations

import pytest

from tests.storm.world.plan import make_plan

from .faults import PLANTED, Planted
from .known import faults_of
from .shrinking import Shrinking

MOST = 100
"""Seeds in which a planted fault must be found."""


def first_seed_with(planted: Planted) -> int | None:
    """The first seed whose storm breaks one of the promises."""
    for seed in range(MOST):
        faults = faults_of(make_plan(seed), known=planted.known)
        if any(fault.promise in planted.promises for fault in faults):
            return seed
    return None


@pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.plant.__name__)
def test_a_storm_finds_a_planted_fault(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that cannot fail checks nothing."""
    planted.plant(monkeypatch)

    assert first_seed_with(planted) is not None


def test_a_failing_plan_is_cut_down_to_a_few_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left still fails, and is a part of what there was."""
    planted = next(each for each in PLANTED if each.plant.__name__ == "a_slot_kept")
    planted.plant(monkeypatch)
    seed = first_seed_with(planted)
    assert seed is not None
    plan = make_plan(seed)
    promise = next(f.promise for f in faults_of(plan) if f.promise in planted.promises)

    small = plan.keep(Shrinking(plan, promise).run())

    assert len(small.steps) <= 8
    assert {step.number for step in small.steps} <= {s.number for s in plan.steps}
    assert promise in {fault.promise for fault in faults_of(small)}
