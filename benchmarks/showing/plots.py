"""The pictures of a report, as SVG files: how many times as good, and the curves.

`write_plots` writes those for which the report has something to show. This room knows
no measuring; `curves.py` draws what is a line, `paint.py` has the style.
"""

import math
from pathlib import Path
from typing import Any, Final

import attrs

from benchmarks import figures
from benchmarks.figures import Ratio
from benchmarks.judging.aims import THROUGHPUT
from benchmarks.judging.goal import Goal
from benchmarks.judging.goals import goals_table
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import BYTES, MICROSECONDS, OURS, PER_SECOND
from benchmarks.showing.curves import draw_latency, draw_scaling
from benchmarks.showing.paint import (
    BETTER,
    HAIR,
    INK,
    SOFT,
    STYLE,
    TITLES,
    UNCLEAR,
    WIDTH,
    WORSE,
    decades,
    in_order,
    matplotlib,
    new_figure,
    save,
    short,
    title,
)

_KINDS: Final = (
    (PER_SECOND, "more per second"),
    (BYTES, "less memory"),
    (MICROSECONDS, "shorter time"),
)
"""The blocks of the overview: unit, and what better means."""

_MEAN: Final = "geometric mean"

_TICKS: Final = 4
"""More powers of ten than this find no room under a column."""

_PERCENTILES: Final = (50.0, 99.0)
"""The rows of a time that has a distribution: its middle alone may mislead."""


@attrs.frozen
class Cell:
    """Ours against one contender at one scenario."""

    ratio: Ratio
    """How many times as good ours is: above 1 is better, whatever the unit."""
    floor: bool = False
    """It is the floor of the scenario."""

    @property
    def colour(self) -> str:
        """Better, worse, or not clear."""
        if not self.ratio.clear and self.ratio.low is not None:
            return UNCLEAR
        return BETTER if self.ratio.value >= 1 else WORSE


@attrs.frozen
class Line:
    """A row of the overview."""

    name: str
    # The cells by contender.
    cells: dict[str, Cell] = attrs.field(factory=dict[str, Cell])


def write_plots(report: Report, folder: Path, suffix: str = ".svg") -> list[Path]:
    """Write the pictures into the folder, which is made; return their paths.

    Equal reports give equal files. A picture without anything to show is left out.

    Raises:
        PlotsMissingError: matplotlib is not installed.
        OSError: the folder or a file cannot be written.
    """
    drawn: list[Path] = []
    with matplotlib().rc_context(STYLE):
        for name, draw in (
            ("overview", draw_overview),
            ("latency", draw_latency),
            ("scaling", draw_scaling),
        ):
            figure = draw(report)
            if figure is not None:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{name}{suffix}"
                save(figure, path)
                drawn.append(path)
    return drawn


def overview(report: Report) -> list[tuple[str, list[Line]]]:
    """`[(what better means, its rows)]`; only rows with something to compare."""
    blocks: list[tuple[str, list[Line]]] = []
    for unit, words in _KINDS:
        entries = [report.entry(name) for name in report.scenarios()]
        rows = [
            row
            for ours in entries
            if ours is not None and ours.unit == unit
            for row in _rows(report, ours)
            if row.cells
        ]
        mean = _mean(report)
        if unit == PER_SECOND and mean.cells:
            rows.append(mean)
        if rows:
            blocks.append((words, rows))
    return blocks


def _rows(report: Report, ours: Entry) -> list[Line]:
    """One row, or one for each percentile of a time that has them."""
    name = ours.scenario
    theirs = [
        each
        for each in report.entries
        if each.scenario == name and each.contender != OURS
    ]
    sampled = ours.results and _PERCENTILES[-1] in ours.results[0].percentiles
    if ours.unit != MICROSECONDS or not sampled:
        values = {each.contender: each.values for each in theirs}
        return [_row(name, ours, ours.values, values)]
    return [
        _row(
            f"{name}, p{per_cent:g}",
            ours,
            _at(ours, per_cent),
            {each.contender: _at(each, per_cent) for each in theirs},
        )
        for per_cent in _PERCENTILES
    ]


def _at(entry: Entry, per_cent: float) -> list[float]:
    """This percentile of each round; 0, which is left out, where there is none."""
    return [result.percentiles.get(per_cent, 0.0) for result in entry.results]


def _row(
    name: str, ours: Entry, values: list[float], theirs: dict[str, list[float]]
) -> Line:
    """How many times as good ours is, whatever the unit."""
    line = Line(name)
    for contender, others in theirs.items():
        pair = (others, values) if ours.lower_is_better else (values, others)
        found = figures.ratio(*pair)
        if found is not None:
            line.cells[contender] = Cell(found, contender == ours.floor)
    return line


def _mean(report: Report) -> Line:
    """The geometric mean of the throughput rows of the goals, by those who have all."""
    line = Line(_MEAN)
    for contender in report.contenders():
        if contender != OURS:
            goal = Goal(_MEAN, THROUGHPUT, 1, contender)
            found = goals_table(report, (goal,))[0].found
            if found is not None:
                line.cells[contender] = Cell(found)
    return line


@attrs.frozen
class _Sheet:
    """Where everything of the overview goes, in inches and in rows."""

    # Where each row is, its words, and its line; a heading has none.
    places: list[tuple[float, str, Line | None]]
    end: float
    limits: tuple[float, float]
    left: float
    top: float = 1.2
    bottom: float = 0.62

    @property
    def height(self) -> float:
        """Of the whole figure."""
        return self.top + self.bottom + 0.2 * self.end


def _sheet(blocks: list[tuple[str, list[Line]]]) -> _Sheet:
    """A heading takes a row; between two blocks there is some space."""
    places: list[tuple[float, str, Line | None]] = []
    at = 0.0
    for words, lines in blocks:
        places.append((at, words, None))
        places += [(at + 1 + number, row.name, row) for number, row in enumerate(lines)]
        at += len(lines) + 1.6
    cells = [cell for _, _, row in places if row for cell in row.cells.values()]
    values = [cell.ratio.value for cell in cells]
    limits = min([*values, 0.4]) / 1.6, max([*values, 2.5]) * 1.6
    longest = max(len(words) for _, words, _ in places)
    return _Sheet(places, at - 0.6, limits, left=0.3 + 0.072 * max(longest, 17))


def draw_overview(report: Report) -> Any:
    """A column for each contender, a row for each scenario, all on one log scale."""
    blocks = overview(report)
    names = {each: None for _, lines in blocks for row in lines for each in row.cells}
    if not names:
        return None
    sheet = _sheet(blocks)
    figure = new_figure(sheet.height)
    title(
        figure,
        "How many times as good ours is",
        "Log scale: right of the line ours is better (blue), left of it worse "
        "(orange). Bars: 95 % intervals.\n"
        "Grey: the interval has the line in it. Hollow: one round only. "
        "Bold: the scenario's floor.",
    )
    width = (WIDTH - sheet.left - 0.05) / max(len(names), 4)
    for column, contender in enumerate(in_order(list(names))):
        axes = figure.add_axes(
            (
                (sheet.left + column * width) / WIDTH,
                sheet.bottom / sheet.height,
                width * 0.92 / WIDTH,
                0.2 * sheet.end / sheet.height,
            )
        )
        _column(axes, contender, sheet)
    for place, words, row in sheet.places:
        figure.text(
            (sheet.left - 0.12) / WIDTH,
            1 - (sheet.top + 0.2 * (place + 0.6)) / sheet.height,
            words,
            ha="right",
            va="center",
            weight="bold" if words == _MEAN else "normal",
            style="normal" if row else "italic",
            color=INK if row else SOFT,
        )
    if any(words == _MEAN for _, words, _ in sheet.places):
        note = f"{_MEAN} of {', '.join(THROUGHPUT)}"
        figure.text(0.012, 0.1 / sheet.height, note, size=8.5, color=SOFT)
    return figure


def _column(axes: Any, contender: str, sheet: _Sheet) -> None:
    """The dots of one contender on the left, their numbers on the right."""
    low, high = sheet.limits
    axes.set_xscale("log")
    # The numbers take the rest on the right.
    axes.set_xlim(low, high * (high / low) ** 0.45)
    axes.set_ylim(sheet.end - 0.6, -0.6)
    axes.set_title(TITLES.get(contender, contender), size=9, weight="normal", pad=4)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, which="both", labelsize=7, labelcolor=SOFT)
    axes.set_yticks([])
    ticks = decades(low, high)
    if len(ticks) > _TICKS:
        ticks = [tick for tick in ticks if round(math.log10(tick)) % 2 == 0]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.axvline(1, color=SOFT, linewidth=0.9, zorder=1)
    for place, _, row in sheet.places:
        if row is None:
            continue
        axes.axhline(place, color=HAIR, linewidth=0.6, zorder=0)
        cell = row.cells.get(contender)
        if cell is not None:
            _dot(axes, place, cell, sheet, bold=cell.floor or row.name == _MEAN)


def _dot(axes: Any, place: float, cell: Cell, sheet: _Sheet, *, bold: bool) -> None:
    ratio = cell.ratio
    fill = "white"
    if ratio.low is not None and ratio.high is not None:
        low, high = max(ratio.low, sheet.limits[0]), min(ratio.high, sheet.limits[1])
        axes.plot((low, high), (place, place), color=cell.colour, linewidth=2)
        fill = cell.colour
    axes.plot(
        (ratio.value,),
        (place,),
        "o",
        color=cell.colour,
        markerfacecolor=fill,
        markersize=4.5,
    )
    axes.text(
        1.0,
        place,
        short(ratio.value),
        transform=axes.get_yaxis_transform(),
        ha="right",
        va="center",
        size=8.5,
        color=cell.colour,
        weight="bold" if bold else "normal",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )
