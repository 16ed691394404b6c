"""Tables for people, from reports: a run, two runs side by side, the list.

Everything is made of a `Report`, so that a file shows the same table as the run that
wrote it. Lines are as wide as the console; what does not fit beside the main columns
comes in a table of its own below. This room measures nothing and reads no files.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import rich.box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from benchmarks import figures
from benchmarks.amounts import amount, number, per_cent, ratio_text
from benchmarks.figures import Ratio
from benchmarks.measuring.conditions import summary
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import BYTES, MICROSECONDS, OURS, PER_SECOND

NOTHING: Final = "-"
"""Shown where there is no figure."""

_TITLES: Final = {
    PER_SECOND: "operations per second, more is better",
    MICROSECONDS: "microseconds, less is better",
    BYTES: "bytes each, less is better",
}
_SHOWN: Final = (50, 99, 99.9)
"""Percentiles in the table."""


def new_table(title: str, *headings: str, left: int = 1) -> Table:
    """A table whose first `left` columns are words, the others numbers."""
    table = Table(
        box=rich.box.SIMPLE_HEAD,
        title=title,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
    )
    for index, heading in enumerate(headings):
        if index < left:
            table.add_column(heading, overflow="fold")
        else:
            table.add_column(heading, justify="right", no_wrap=True)
    return table


def show_run(console: Console, report: Report) -> None:
    """The whole report: figures, latencies, curves, notes, and what is not there."""
    for unit in (PER_SECOND, MICROSECONDS, BYTES):
        names = [
            name
            for name in report.scenarios()
            if any(each.unit == unit for each in _of(report, name))
        ]
        if names:
            _show_unit(console, report, unit, names)
    _show_latencies(console, report)
    _show_curves(console, report)
    lines = [*_notes(report), "", *_missing(report), *_failed(report)]
    lines += ["", summary(report.conditions)]
    for line in lines:
        say(console, line)


def say(console: Console, line: str) -> None:
    """A line of text as it is: no markup, folded by whoever shows it."""
    console.print(Text(line), soft_wrap=True)


def ratio(report: Report, scenario: str, other: str) -> Ratio | None:
    """Ours by theirs there, from paired rounds; None if one of them is not there."""
    ours, theirs = report.entry(scenario, OURS), report.entry(scenario, other)
    if ours is None or theirs is None:
        return None
    return figures.ratio(ours.values, theirs.values)


def _show_unit(
    console: Console, report: Report, unit: str, names: Sequence[str]
) -> None:
    """The scenarios of one unit: ours, the floor, and the ratio to everybody."""
    others = [
        each
        for each in report.contenders()
        if each != OURS and any(_is_there(report.entry(name, each)) for name in names)
    ]
    whole = _main_table(report, unit, names, others)
    unlimited = console.options.update(max_width=10_000)
    widest = Measurement.get(console, unlimited, whole).maximum
    if widest <= console.width:
        console.print(whole)
        return
    console.print(_main_table(report, unit, names, ()))
    title = f"ours by theirs: {_TITLES[unit]}"
    per_table = max(1, (console.width - 22) // 9)
    for first in range(0, len(others), per_table):
        some = others[first : first + per_table]
        table = new_table(title, "scenario", *(f"x {each}" for each in some))
        for name in names:
            table.add_row(name, *(_short_ratio(report, name, each) for each in some))
        _add_means(table, report, unit, names, some, blank=0)
        console.print(table)


def _main_table(
    report: Report, unit: str, names: Sequence[str], others: Sequence[str]
) -> Table:
    table = new_table(
        _TITLES[unit],
        *("scenario", "ours", "IQR", "floor", "x floor", "95 %"),
        *(f"x {each}" for each in others),
    )
    family = _of(report, names[0])[0].family
    for name in names:
        entries = _of(report, name)
        if entries[0].family != family:
            table.add_section()
            family = entries[0].family
        ours, floor = report.entry(name, OURS), entries[0].floor
        found = ratio(report, name, floor)
        table.add_row(
            name,
            _median(ours),
            per_cent(figures.spread(ours.values)) if ours is not None else NOTHING,
            f"{_median(report.entry(name, floor))} {floor}",
            number(found.value) if found else NOTHING,
            _interval(found),
            *(_short_ratio(report, name, each) for each in others),
        )
    _add_means(table, report, unit, names, others, blank=5)
    return table


def _add_means(
    table: Table,
    report: Report,
    unit: str,
    names: Sequence[str],
    others: Sequence[str],
    *,
    blank: int,
) -> None:
    """The geometric mean of the speeds against each contender that has some."""
    if unit != PER_SECOND or len(names) < 2 or not others:  # noqa: PLR2004
        return
    means: list[str] = []
    for each in others:
        found = [ratio(report, name, each) for name in names]
        mean = figures.geometric_mean(one.value for one in found if one is not None)
        means.append(number(mean))
    table.add_section()
    table.add_row("geometric mean", *[""] * blank, *means)


def _show_latencies(console: Console, report: Report) -> None:
    table = new_table(
        "latency, microseconds (medians of the rounds)",
        *("scenario", "contender", *(f"p{each:g}" for each in _SHOWN)),
        left=2,
    )
    before = ""
    for each in report.entries:
        found = [
            [result.percentiles[share] for result in each.results if result.percentiles]
            for share in _SHOWN
        ]
        if all(found):
            if before and before != each.scenario:
                table.add_section()
            shown = each.scenario if each.scenario != before else ""
            before = each.scenario
            cells = (number(figures.median(values)) for values in found)
            table.add_row(shown, each.contender, *cells)
    if table.row_count:
        console.print(table)


def _show_curves(console: Console, report: Report) -> None:
    """Families: how the whole cost grows with the size."""
    table = new_table(
        "growth of the whole cost with the size: size to the power of",
        *("family", "contender", "sizes", "exponent"),
        left=3,
    )
    for family, contender, points in curves(report):
        slope = figures.exponent(points)
        if slope is not None:
            sizes = ", ".join(f"{size:,.0f}" for size, _ in points)
            table.add_row(family, contender, sizes, f"{slope:.2f}")
    if table.row_count:
        console.print(table)


def curves(report: Report) -> Iterable[tuple[str, str, list[tuple[float, float]]]]:
    """`(family, contender, [(size, cost)])`: the seconds or bytes of all together.

    Of a latency the cost is itself.
    """
    # the points by family and contender
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for each in report.entries:
        if not each.family or not each.results:
            continue
        points = found.setdefault((each.family, each.contender), [])
        points.append((each.size, each.cost(figures.median(each.values))))
    for (family, contender), points in found.items():
        yield family, contender, sorted(points)


def _notes(report: Report) -> Iterable[str]:
    """What contenders have measured besides, as medians."""
    for each in report.entries:
        names = dict.fromkeys(name for found in each.results for name in found.notes)
        shown: list[str] = []
        for name in names:
            values = [
                found.notes[name] for found in each.results if name in found.notes
            ]
            shown.append(f"{name} = {number(figures.median(values))}")
        if shown:
            yield f"note: {each.scenario}, {each.contender}: {', '.join(shown)}"


def _missing(report: Report) -> Iterable[str]:
    """Who could not be measured: each reason once."""
    # the scenarios by contender and reason
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in report.entries:
        if each.missing and not each.failed:
            reasons.setdefault((each.contender, each.missing), []).append(each.scenario)
    for (contender, reason), names in reasons.items():
        everywhere = len(names) > 3  # noqa: PLR2004
        where = f"{len(names)} scenarios" if everywhere else ", ".join(names)
        yield f"missing: {contender}: {reason} ({where})"


def _failed(report: Report) -> Iterable[str]:
    """Who was there and did not do the work."""
    for each in report.entries:
        if each.failed:
            yield f"FAILED: {each.scenario}, {each.contender}: {each.missing}"


def _of(report: Report, name: str) -> list[Entry]:
    return [each for each in report.entries if each.scenario == name]


def _is_there(entry: Entry | None) -> bool:
    """It has figures, or failed to have some."""
    return entry is not None and bool(entry.results or entry.failed)


def _median(entry: Entry | None) -> str:
    if entry is None or not entry.results:
        return "failed" if entry is not None and entry.failed else NOTHING
    return amount(figures.median(entry.values), entry.unit)


def _short_ratio(report: Report, name: str, other: str) -> str:
    found = ratio(report, name, other)
    if found is not None:
        return number(found.value)
    entry = report.entry(name, other)
    return "failed" if entry is not None and entry.failed else NOTHING


def _interval(found: Ratio | None) -> str:
    return ratio_text(found) if found is not None else NOTHING
