"""Which of the goals a report reaches, for the terminal and for the README.

`goals_table` is a pure function of a report. This room knows neither how a figure is
measured nor the command line.
"""

import math
import re
import statistics
from collections.abc import Sequence
from typing import Final, Literal

import attrs
import rich.box
from rich.table import Table
from rich.text import Text

from benchmarks import figures
from benchmarks.amounts import NOTHING, amount, ratio_text
from benchmarks.figures import Ratio
from benchmarks.judging.aims import GOALS
from benchmarks.judging.goal import MAIN, Goal, quantity
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import OURS, PER_SECOND

Verdict = Literal["reached", "missed", "not measured"]

COMMAND: Final = "python -m benchmarks goals --markdown"
"""What is named if the report does not say how it was made."""

_STYLES: Final = {"reached": "green", "missed": "red", "not measured": "dim"}

# (name in the conditions, what a reader calls it)
_VERSIONS: Final = (
    ("trio", "Trio"),
    ("erlang", "Erlang/OTP"),
    ("triotp", "TriOTP"),
    ("pykka", "Pykka"),
)
ABSENT: Final = "in this run"
_FILES: Final = re.compile(r" --(json|plots)[ =]\S+")

TITLES: Final = {
    OURS: "ours",
    "park": "Trio, parked tasks by hand",
    "channel": "Trio, channels by hand",
    "asyncio": "asyncio by hand",
    "erlang": "Erlang gen_server",
    "triotp": "TriOTP",
    "plain": "an actor without a supervisor",
    "disk": "one thread that appends to a file",
    "memory": "a router in memory",
}
"""What the contenders of the goals are."""


@attrs.frozen
class Row:
    """A goal and what a report says about it."""

    goal: Goal
    found: Ratio | None
    """The value with its 95 % interval, in the goal's unit; None: not measured."""
    verdict: Verdict
    reason: str = ""
    """Why it is not measured; empty if it is."""
    shown: Ratio | None = None
    """Ours by the contender that is told as well; None: none, or not measured."""

    @property
    def clear(self) -> bool:
        """The whole interval lies on one side of the limit."""
        found = self.found
        if found is None or found.low is None or found.high is None:
            return False
        return self.goal.holds(found.low) == self.goal.holds(found.high)

    @property
    def words(self) -> str:
        """The verdict for people, with what makes it doubtful."""
        if self.found is None or self.clear:
            return self.verdict
        single = self.found.low is None
        return f"{self.verdict}, {'one round only' if single else 'within noise'}"


def goals_table(report: Report, goals: Sequence[Goal] = GOALS) -> list[Row]:
    """One row for each goal, in their order."""
    return [_row(report, goal) for goal in goals]


def rich_table(report: Report, goals: Sequence[Goal] = GOALS) -> Table:
    """The same for the terminal."""
    rows = goals_table(report, goals)
    caption = "\n".join([summary(rows), *reasons(rows)])
    table = Table(box=rich.box.ASCII2, title=heading(report), caption=caption)
    table.add_column("goal")
    table.add_column("against")
    table.add_column("wanted", justify="right")
    table.add_column("found (95 % interval)", justify="right")
    table.add_column("verdict")
    section = MAIN
    for row in rows:
        if row.goal.section != section:
            section = row.goal.section
            table.add_section()
        cells = [Text(cell) for cell in _cells(row)]
        cells[-1].stylize(_STYLES[row.verdict])
        table.add_row(*cells)
    return table


def markdown(report: Report, goals: Sequence[Goal] = GOALS) -> str:
    """The same for a README, under a line that says what was measured with what."""
    rows = goals_table(report, goals)
    lines = [heading(report) + ".", ""]
    lines += ["| goal | against | wanted | found (95 % interval) | |"]
    lines += ["|---|---|---:|---:|---|"]
    for row in rows:
        *cells, words = _cells(row)
        if row.verdict == "missed":
            words = f"**{words}**"
        cells = [cell.replace("|", "\\|") for cell in (*cells, words)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", " ".join([summary(rows), *(f"{each}." for each in reasons(rows))])]
    return "\n".join(lines) + "\n"


def heading(report: Report) -> str:
    """Date, versions and command of the run, as far as the report has them.

    Without the files that the command wrote: they are not part of the measurement.
    """
    found = report.conditions
    versions: dict[str, str] = {
        **(found.get("versions") or {}),
        **(found.get("peers") or {}),
    }
    parts = [f"{found.get('implementation', 'Python')} {found.get('python', '?')}"]
    parts += [f"{title} {versions[key]}" for key, title in _VERSIONS if key in versions]
    day = str(found["date"])[:10] if "date" in found else "an unknown day"
    command = str(report.parameters.get("command") or COMMAND)
    command = _FILES.sub("", command)
    return f"The goals we set, on {day} with {', '.join(parts)}: `{command}`"


def main_goals() -> list[Goal]:
    """Without the finer ones."""
    return [goal for goal in GOALS if goal.section == MAIN]


def reasons(rows: Sequence[Row]) -> list[str]:
    """Why goals are not measured, each reason once."""
    found = list(dict.fromkeys(row.reason for row in rows if row.reason))
    absent = [each for each in found if each.endswith(ABSENT)]
    if not absent:
        return found
    known = [each for each in found if each not in absent]
    return [*known, f"{len(absent)} more were not {ABSENT}"]


def summary(rows: Sequence[Row]) -> str:
    """How many goals are reached, missed, not measured."""
    verdicts = [row.verdict for row in rows]
    counts = {each: verdicts.count(each) for each in ("reached", "missed")}
    line = f"{counts['reached']} of {len(verdicts)} reached, {counts['missed']} missed"
    unknown = verdicts.count("not measured")
    return line + (f", {unknown} not measured." if unknown else ".")


def _cells(row: Row) -> tuple[str, str, str, str, str]:
    goal, found = row.goal, row.found
    against = TITLES.get(goal.against, goal.against) or NOTHING
    shown = NOTHING
    if found is not None:
        shown = quantity(found.value, goal.unit)
        if found.low is not None and found.high is not None:
            shown += f" ({_interval(found, goal.unit)})"
    if row.shown is not None:
        title = TITLES.get(goal.shown, goal.shown)
        shown += f"; of {title} {quantity(row.shown.value, goal.unit)}"
    return goal.text, against, goal.wanted, shown, row.words


def _interval(found: Ratio, unit: str) -> str:
    if unit == PER_SECOND:
        return f"{amount(found.low, unit)} to {amount(found.high, unit)}"
    return ratio_text(found)


def _row(report: Report, goal: Goal) -> Row:
    if goal.growth:
        found = _growth(report, goal)
    elif goal.more:
        found = _more(report, goal)
    else:
        found = _ratio(report, goal) if goal.against else _absolute(report, goal)
    if isinstance(found, str):
        return Row(goal, None, "not measured", found)
    verdict: Verdict = "reached" if goal.holds(found.value) else "missed"
    return Row(goal, found, verdict, shown=_shown(report, goal))


def _shown(report: Report, goal: Goal) -> Ratio | None:
    """Ours by the contender that has no limit, if there are figures."""
    if not goal.shown:
        return None
    found = _ratio(report, attrs.evolve(goal, against=goal.shown, beside=""))
    return None if isinstance(found, str) else found


def _ratio(report: Report, goal: Goal) -> Ratio | str:
    """Ours by theirs, or why there is none."""
    # A list of rounds for each scenario.
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for name in goal.scenarios:
        pair = (name, OURS), (goal.beside or name, goal.against)
        for values, (scenario, contender) in zip((ours, theirs), pair, strict=True):
            entry = report.entry(scenario, contender)
            if entry is None or not entry.results:
                return _why(entry, scenario, contender)
            rounds = _rounds(entry, goal)
            if not rounds:
                return f"{scenario} of {contender} has no latencies"
            values.append(rounds)
    found = figures.ratio(_means(ours), _means(theirs))
    return found or "a figure is not positive"


def _rounds(entry: Entry, goal: Goal) -> list[float]:
    """What counts of each round: the figure, or of ours a note, or a percentile."""
    if goal.note and entry.contender == OURS:
        found = [each.notes.get(goal.note) for each in entry.results]
    elif goal.percentile:
        found = [each.percentiles.get(goal.percentile) for each in entry.results]
    else:
        return entry.values
    return [each for each in found if each is not None]


def _means(rounds: list[list[float]]) -> list[float]:
    """The geometric mean over the scenarios, for each round that all of them have."""
    return [
        figures.geometric_mean(values) or 0.0 for values in zip(*rounds, strict=False)
    ]


def _absolute(report: Report, goal: Goal) -> Ratio | str:
    """The mean of our figure or note over the rounds, or why there is none."""
    (scenario,) = goal.scenarios
    entry = report.entry(scenario, OURS)
    if entry is None or not entry.results:
        return _why(entry, scenario, OURS)
    values = _rounds(entry, goal)
    if not values:
        return f"{scenario} has no note {goal.note}"
    return _mean([each * goal.scale for each in values])


def _more(report: Report, goal: Goal) -> Ratio | str:
    """The mean over the rounds of ours less theirs, or why there is none."""
    (scenario,) = goal.scenarios
    rounds: list[list[float]] = []
    for contender in (OURS, goal.against):
        entry = report.entry(scenario, contender)
        if entry is None or not entry.results:
            return _why(entry, scenario, contender)
        rounds.append(entry.values)
    pairs = zip(*rounds, strict=False)
    return _mean([(ours - theirs) * goal.scale for ours, theirs in pairs])


def _growth(report: Report, goal: Goal) -> Ratio | str:
    """The mean over the rounds of the exponent of ours, or why there is none."""
    # the costs of each scenario, round by round
    costs: list[list[tuple[float, float]]] = []
    for scenario in goal.scenarios:
        entry = report.entry(scenario, OURS)
        if entry is None or not entry.results:
            return _why(entry, scenario, OURS)
        costs.append([(entry.size, entry.cost(each)) for each in entry.values])
    found = [figures.exponent(points) for points in zip(*costs, strict=False)]
    known = [each for each in found if each is not None]
    return _mean(known) if known else "a figure is not positive"


def _mean(values: list[float]) -> Ratio:
    """With the interval of the mean, if there is more than one value."""
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Ratio(mean)
    error = statistics.stdev(values) / math.sqrt(len(values))
    width = figures.t_value(len(values) - 1) * error
    return Ratio(mean, mean - width, mean + width)


def _why(entry: Entry | None, scenario: str, contender: str) -> str:
    """Why this contender has no results there."""
    who = TITLES.get(contender, contender)
    if entry is None:
        return f"no {scenario} of {who} {ABSENT}"
    reason = " ".join(entry.missing.split()) or "no results"
    return f"{who}: {reason}"
