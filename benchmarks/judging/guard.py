"""The guard: has anything become clearly slower, against its floor, than it was?

What is compared is the ratio of ours to the floor of the same rounds with the ratio
that the baseline has for this version of Python; times and speeds of different days are
never compared. A regression is clear only if the whole 95 % interval of the change lies
beyond the allowance, and if it does so again in each of a few fresh measurements of the
suspects alone. Whatever is not compared is named, with its reason.

This room decides; how to measure is handed in.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import attrs

from benchmarks import figures
from benchmarks.amounts import number
from benchmarks.figures import Ratio
from benchmarks.judging.baseline import Baseline, Known, Skipped, to_floor
from benchmarks.measuring.store import Report
from benchmarks.scenario import OURS

FULL: Final = 1.25
"""The allowance of a full check: a quarter worse is not yet a regression."""

SHORT: Final = 2.0
"""That of a check with few rounds on any machine, which must never cry wolf."""

Measure = Callable[[Sequence[str]], Report]


@attrs.frozen
class Compared:
    """One scenario held against the baseline."""

    scenario: str
    floor: str
    before: Ratio
    after: Ratio
    worse: Ratio
    """How many times as slow, or as large, as in the baseline, against the floor."""
    allowance: float
    attempt: int
    """Which measurement this is of, from 1."""

    @property
    def suspect(self) -> bool:
        """The whole interval is beyond the allowance."""
        return self.worse.low is not None and self.worse.low > self.allowance

    @property
    def blind(self) -> bool:
        """It is no suspect, but its noise could hide what is not allowed."""
        high = self.worse.high
        return not self.suspect and (high is None or high > self.allowance)

    @property
    def better(self) -> bool:
        """It is clearly better than the baseline, by more than the allowance."""
        high = self.worse.high
        return high is not None and high < 1 / self.allowance

    @property
    def noise(self) -> float | None:
        """The half width of the interval in per cent, of both runs together."""
        if self.worse.high is None or not math.isfinite(self.worse.high):
            return None
        return 100 * (self.worse.high / self.worse.value - 1)


@attrs.frozen
class Verdict:
    """What the guard found."""

    python: str
    compared: tuple[Compared, ...] = ()
    """The last comparison of each scenario."""
    regressed: tuple[Compared, ...] = ()
    """Those that were clearly worse in every attempt."""
    acquitted: tuple[str, ...] = ()
    """Those that were suspect first and not clearly worse in a fresh measurement."""
    failed: tuple[Skipped, ...] = ()
    """Scenarios of which ours could not be measured, or gave a wrong result."""
    skipped: tuple[Skipped, ...] = ()

    @property
    def passed(self) -> bool:
        """Nothing regressed and nothing failed."""
        return not self.regressed and not self.failed


def check(
    baseline: Baseline,
    measure: Measure,
    attempts: int = 3,
    *,
    names: Sequence[str],
    python: str,
    allowance: float = FULL,
) -> Verdict:
    """Measure and compare; measure suspects again, up to `attempts` times.

    Args:
        baseline: what was.
        measure: measures these scenarios, ours and their floors, in fresh rounds.
        attempts: how many fresh measurements must agree after the first one.
        names: the scenarios to measure.
        python: the version that measures, "3.11".
        allowance: how many times worse is still no regression.
    """
    known = baseline.pythons.get(python, {})
    absent = f"not in the baseline of Python {python}, `check --update` writes it"
    here = [name for name in names if name in known]
    skipped: list[Skipped] = [
        Skipped(name, absent) for name in names if name not in known
    ]
    skipped += [
        Skipped(name, "in the baseline, but not asked for here")
        for name in known
        if name not in names
    ]
    if not here:
        return Verdict(python, skipped=tuple(skipped))
    found: dict[str, Compared] = {}
    failed: list[Skipped] = []
    acquitted: list[str] = []
    suspects: list[str] = here
    for attempt in range(1, attempts + 2):
        results = _compare(known, measure(suspects), suspects, allowance, attempt)
        suspects = []
        for each in results:
            if isinstance(each, Compared):
                found[each.scenario] = each
                if each.suspect:
                    suspects.append(each.scenario)
                elif attempt > 1:
                    acquitted.append(each.scenario)
                continue
            found.pop(each.why.scenario, None)
            kept: list[Skipped] = failed if each.failed else skipped
            kept.append(each.why)
        if not suspects:
            break
    return Verdict(
        python,
        compared=tuple(found.values()),
        regressed=tuple(found[name] for name in suspects),
        acquitted=tuple(acquitted),
        failed=tuple(failed),
        skipped=tuple(skipped),
    )


@attrs.frozen
class _Without:
    """A scenario that could not be compared."""

    why: Skipped
    failed: bool = False
    """Because ours failed, which is worse than slow."""


def _compare(
    known: Mapping[str, Known],
    report: Report,
    names: Iterable[str],
    allowance: float,
    attempt: int,
) -> list[Compared | _Without]:
    """Each of these scenarios, in their order."""
    return [
        _compare_one(name, known[name], report, allowance, attempt) for name in names
    ]


def _compare_one(
    name: str, before: Known, report: Report, allowance: float, attempt: int
) -> Compared | _Without:
    ours = report.entry(name, OURS)
    if ours is None or not ours.results:
        reason = "it was not measured" if ours is None else ours.missing
        return _Without(Skipped(name, reason or "no results"), failed=True)
    after = to_floor(ours, report.entry(name, before.floor))
    if isinstance(after, str):
        return _Without(Skipped(name, after))
    pair = (before.ratio, after) if ours.lower_is_better else (after, before.ratio)
    worse = figures.change(*pair)
    return Compared(name, before.floor, before.ratio, after, worse, allowance, attempt)


def lines(verdict: Verdict) -> list[str]:
    """The verdict for people: what was compared, its noise, what regressed."""
    wide = max((len(each.scenario) for each in verdict.compared), default=0)
    shown = [
        f"{each.scenario:{wide}}  {_change(each):44} {_remark(verdict, each)}"
        for each in verdict.compared
    ]
    shown += [f"FAILED: {lost.scenario}: {lost.reason}" for lost in verdict.failed]
    # {why: names of scenarios}
    reasons: dict[str, list[str]] = {}
    for skipped in verdict.skipped:
        reasons.setdefault(skipped.reason, []).append(skipped.scenario)
    shown += [
        f"not compared: {', '.join(names)}: {why}" for why, names in reasons.items()
    ]
    if not verdict.compared and not verdict.failed:
        return [*shown, f"Nothing was compared on Python {verdict.python}."]
    shown.append(
        f"{len(verdict.compared)} compared on Python {verdict.python}: "
        f"{len(verdict.regressed)} regressed, {len(verdict.failed)} failed, "
        f"{len(verdict.skipped)} not compared."
    )
    return shown


def _change(each: Compared) -> str:
    """Before, now, and the change of the cost with its noise."""
    noise = "?" if each.noise is None else f"{each.noise:.0f} %"
    return (
        f"{number(each.before.value)} -> {number(each.after.value)} x {each.floor}, "
        f"cost x {each.worse.value:.2f} (noise {noise})"
    )


def _remark(verdict: Verdict, each: Compared) -> str:
    """What becomes of it."""
    if each in verdict.regressed:
        many = f"{each.attempt} measurements of {each.attempt}"
        return f"REGRESSED by more than x {each.allowance:g} in {many}"
    if each.scenario in verdict.acquitted:
        return "fine: suspect at first, but not in a fresh measurement"
    if each.better:
        return "fine: clearly better, `check --update` would keep it"
    if each.blind:
        return f"not clearly worse; too noisy to rule out x {each.allowance:g}"
    return "fine"
