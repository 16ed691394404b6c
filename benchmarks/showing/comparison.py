"""Two runs side by side, and the list of what there is.

Between two runs the machine has changed its pace; the ratio to the floor of the same
run has not. A change of ours is therefore judged by that ratio, and only if its 95 %
interval leaves 1 out; without a floor in both runs it is judged by the figures alone.
What the others have changed is shown and not judged.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

import attrs
from rich.console import Console
from rich.text import Text

from benchmarks import figures
from benchmarks.amounts import NOTHING, amount, number, ratio_text
from benchmarks.figures import Ratio
from benchmarks.measuring.catalogue import Catalogue
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import BYTES, OURS, PROVIDERS, provided_by
from benchmarks.showing import fairness
from benchmarks.showing.table import new_table, ratio, say

_COMPARED: Final = ("python", "implementation", "build", "versions", "cpu", "cores")
"""Conditions that make two runs incomparable."""

_TERMS: Final = ("scenario", "contenders", "sent", "proved", "waited for")

_TOO_LONG: Final = ("arguments",)
"""Paths, mostly; what matters of them has names of its own."""


@attrs.frozen
class Change:
    """What became of one contender at one scenario from the first run to the second."""

    before: Entry
    after: Entry
    figure: Ratio
    """The second figure by the first."""
    to_floor: Ratio | None
    """The same of ours by the floor's; None for others and without a floor."""

    @property
    def judged(self) -> Ratio:
        """What the verdict is made of."""
        return self.to_floor or self.figure

    @property
    def verdict(self) -> str:
        """Of ours `better` or `worse` if that is clear, else empty."""
        if self.after.contender != OURS or not self.judged.clear:
            return ""
        more = self.judged.value > 1
        return "worse" if more == self.after.lower_is_better else "better"


def changes(first: Report, second: Report) -> Iterable[Change]:
    """Whoever has figures in both runs, in the order of the second."""
    for after in second.entries:
        before = first.entry(after.scenario, after.contender)
        if before is None:
            continue
        found = figures.unpaired(before.values, after.values)
        if found is None:
            continue
        to_floor = None
        if after.contender == OURS:
            old = ratio(first, after.scenario, before.floor)
            new = ratio(second, after.scenario, after.floor)
            if old is not None and new is not None and before.floor == after.floor:
                to_floor = figures.change(old, new)
        yield Change(before, after, found, to_floor)


def show_comparison(console: Console, first: Report, second: Report) -> None:
    """The table of changes, then what makes the runs differ."""
    table = new_table(
        "A, B, and B by A; ours / floor: the change of the ratio to the floor",
        *("scenario", "contender", "A", "B", "B / A", "95 %"),
        *("ours / floor", "95 %", "clear change"),
        left=2,
    )
    last = ""
    for each in changes(first, second):
        name = each.after.scenario
        if last and name != last:
            table.add_section()
        floor = each.to_floor
        table.add_row(
            name if name != last else "",
            each.after.contender,
            amount(figures.median(each.before.values), each.before.unit),
            amount(figures.median(each.after.values), each.after.unit),
            number(each.figure.value),
            ratio_text(each.figure),
            number(floor.value) if floor else NOTHING,
            ratio_text(floor) if floor else NOTHING,
            each.verdict,
        )
        last = name
    if table.row_count:
        console.print(table)
    else:
        say(console, "the runs have nothing in common")
    for line in (*_only_in(first, second), *_differences(first, second)):
        say(console, line)


def show_list(console: Console, catalogue: Catalogue) -> None:
    """Every scenario with who can be had for it, then who cannot."""
    table = new_table(
        "scenarios; * = short set",
        *("name", "number", "count", "unit", "contenders", "what it does"),
        left=6,
    )
    for item in catalogue.values():
        scenario = item.scenario
        table.add_row(
            f"{scenario.name}{'*' if scenario.short else ''}",
            scenario.number,
            f"{scenario.count:,}",
            {BYTES: "bytes"}.get(scenario.unit, scenario.unit),
            " ".join(item.contenders()),
            Text((type(scenario).__doc__ or "").partition("\n")[0]),
        )
    console.print(table)
    if any(item.scenario.provided for item in catalogue.values()):
        for name in PROVIDERS:
            reason = provided_by(name)
            if isinstance(reason, str):
                say(console, f"missing: {name}: {reason}")


def fairness_rows(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """Each scenario with a peer: contenders of the same terms, and what these are."""
    rows: list[tuple[str, ...]] = []
    for item in catalogue.values():
        for terms, names in fairness.alike(item.name, item.contenders()):
            who = " ".join(names)
            rows.append((item.name, who, terms.sent, terms.proved, terms.waited_for))
    return rows


def show_fairness(console: Console, catalogue: Catalogue) -> None:
    """The table of terms for the terminal."""
    table = new_table("what each contender does", *_TERMS, left=len(_TERMS))
    last = ""
    for name, *cells in fairness_rows(catalogue):
        if last and name != last:
            table.add_section()
        table.add_row(name if name != last else "", *cells)
        last = name
    console.print(table)


def fairness_markdown(catalogue: Catalogue) -> str:
    """The same for a file."""
    lines = [f"| {' | '.join(_TERMS)} |", f"|{'---|' * len(_TERMS)}"]
    lines += [f"| {' | '.join(row)} |" for row in fairness_rows(catalogue)]
    return "\n".join(lines) + "\n"


def _only_in(first: Report, second: Report) -> Iterable[str]:
    """Scenarios that one of the runs lacks."""
    for here, there, name in ((first, second, "A"), (second, first, "B")):
        alone = [each for each in here.scenarios() if each not in there.scenarios()]
        if alone:
            yield f"only in {name}: {', '.join(alone)}"


def _differences(first: Report, second: Report) -> Iterable[str]:
    """Conditions that differ, and counts."""
    for name in _COMPARED:
        old, new = first.conditions.get(name), second.conditions.get(name)
        if old != new:
            yield f"note: {name} differs: {_changed(old, new)}"
    counts: Sequence[str] = [
        f"{each.scenario} of {each.contender}"
        for each in second.entries
        if (old := first.entry(each.scenario, each.contender)) is not None
        and old.count != each.count
    ]
    if counts:
        yield f"note: the counts differ: {', '.join(counts)}"


def _changed(old: Any, new: Any) -> str:
    """Both values; of mappings only what differs."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return f"{old} in A, {new} in B"
    first, second = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
    words = [
        f"{key} {first.get(key)} in A, {second.get(key)} in B"
        for key in {**first, **second}
        if key not in _TOO_LONG and first.get(key) != second.get(key)
    ]
    return "; ".join(words)
