"""The pictures with lines: latency distributions, and how costs grow with the size.

Drawn from a report alone, with the means of `paint.py`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from benchmarks import figures
from benchmarks.measuring.store import Entry, Report
from benchmarks.scenario import BYTES, MICROSECONDS, OURS, PER_SECOND
from benchmarks.showing.paint import (
    HAIR,
    WIDTH,
    colour,
    decades,
    in_order,
    name,
    new_figure,
    span,
    spread,
    title,
)
from benchmarks.showing.table import curves

_TAILS: Final = (50.0, 90.0, 99.0, 99.9, 99.99)
"""The ticks of a percentile axis, from its first to its last percentile."""

# (per cent, name of the note)
_ASYNC: Final = ((50.0, "async_p50_us"), (99.0, "async_p99_us"))

_ASKS: Final = "ping_pong"
_LOADED: Final = "latency under load"
"""The family of the asks under load."""
_ALONE: Final = "latency_0"
"""The same question; it is shown where there is no ping-pong."""


@attrs.frozen
class Curve:
    """A line of one contender."""

    contender: str
    points: tuple[tuple[float, float], ...]
    """Of (x, y)."""
    label: str
    dashed: bool = False


def latencies(report: Report) -> list[tuple[str, list[Curve]]]:
    """`[(heading, curves)]` of ping-pong and of the asks under load."""
    panels: list[tuple[str, list[Curve]]] = []
    names = report.scenarios()
    for scenario in names:
        if scenario == _ALONE and _ASKS in names:
            continue
        entries = [each for each in report.entries if each.scenario == scenario]
        if scenario != _ASKS and entries[0].family != _LOADED:
            continue
        size = entries[0].size
        words = f"{size:,} other actors running" if size else "nobody else running"
        found = [_distribution(each) for each in entries]
        found += [_async(each) for each in entries]
        lines = [each for each in found if each is not None]
        if lines:
            panels.append((words, _sorted(lines)))
    return panels


def _distribution(entry: Entry) -> Curve | None:
    """The medians, over the rounds, of each percentile."""
    rounds = [result.percentiles for result in entry.results if result.percentiles]
    if not rounds:
        return None
    points = [
        (tail(each), figures.median([one[each] for one in rounds if each in one]))
        for each in sorted(rounds[0])
        if _TAILS[0] <= each <= _TAILS[-1]
    ]
    return Curve(entry.contender, tuple(points), name(entry.contender))


def _async(entry: Entry) -> Curve | None:
    """The same of an async receive, of which a contender may note two percentiles."""
    points = [
        (tail(per_cent), figures.median(values))
        for per_cent, note in _ASYNC
        if (values := _notes(entry, note))
    ]
    if len(points) < len(_ASYNC):
        return None
    label = f"{name(entry.contender)}, async"
    return Curve(entry.contender, tuple(points), label, dashed=True)


def _notes(entry: Entry, note: str) -> list[float]:
    """The note of each round that has it."""
    return [found.notes[note] for found in entry.results if note in found.notes]


def tail(per_cent: float) -> float:
    """Where a percentile stands: 90 at 1, 99 at 2, 99.9 at 3."""
    return -math.log10(max(1 - per_cent / 100, 1e-9))


def scalings(report: Report) -> list[tuple[str, list[Curve]]]:
    """`[(family, curves)]`, each labelled with its exponent."""
    panels: dict[str, list[Curve]] = {}
    for family, contender, points in curves(report):
        _add(panels, family, Curve(contender, tuple(points), name(contender)))
    # Medians of an async receive, by family and contender.
    more: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for each in report.entries:
        medians = _notes(each, _ASYNC[0][1])
        if each.family and medians:
            point = each.size, figures.median(medians)
            more.setdefault((each.family, each.contender), []).append(point)
    for (family, contender), points in more.items():
        label = f"{name(contender)}, async"
        line = Curve(contender, tuple(sorted(points)), label, dashed=True)
        _add(panels, family, line)
    return [(family, _sorted(lines)) for family, lines in panels.items()]


def _add(panels: dict[str, list[Curve]], family: str, line: Curve) -> None:
    """Put its exponent on the label; a line of one point has none and is left out."""
    slope = figures.exponent(line.points)
    if slope is not None:
        labelled = attrs.evolve(line, label=f"{line.label}  {slope:.2f}")
        panels.setdefault(family, []).append(labelled)


def _sorted(lines: Sequence[Curve]) -> list[Curve]:
    order = in_order([each.contender for each in lines])
    return sorted(lines, key=lambda each: order.index(each.contender))


def draw_latency(report: Report) -> Any:
    """A panel for each load: percentiles to the right, microseconds upwards."""
    panels = latencies(report)
    if not panels:
        return None
    grid = _Grid(len(panels))
    title(
        grid.figure,
        "How long an ask takes, and how long the slowest take",
        "Single asks of one client; at each percentile the median of the rounds. "
        "Lower and flatter is better.\n"
        "Ours has a plain receive, which may answer in the asking task; dashed: an "
        "async one, p50 and p99.",
    )
    low, high = _around([each for _, lines in panels for each in lines])
    for index, (heading, lines) in enumerate(panels):
        axes = grid.axes(index)
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        _ticks_upwards(axes, span)
        axes.set_xlim(tail(_TAILS[0]), tail(_TAILS[-1]))
        axes.set_xticks(
            [tail(each) for each in _TAILS], [f"{each:g}" for each in _TAILS]
        )
        axes.set_xlabel("percentile")
        axes.set_title(heading)
        _lines(axes, lines, marker="")
        _labels(axes, lines)
    return grid.figure


def draw_scaling(report: Report) -> Any:
    """A panel for each family: the size to the right, the whole cost upwards."""
    panels = scalings(report)
    if not panels:
        return None
    grid = _Grid(len(panels), right=1.5)
    title(
        grid.figure,
        "How the cost grows with the size",
        "Beside each name its exponent: with 1.00 ten times the size costs ten times "
        "as much, with 0 no more.\n"
        "Dashed: ours with an async receive.",
    )
    units = {each.family: each.unit for each in report.entries}
    for index, (family, lines) in enumerate(panels):
        axes = grid.axes(index)
        scale, heading, ticks = _UPWARDS[units[family]]
        # A size of 0 stands where 1 would.
        shown = [
            attrs.evolve(
                each, points=tuple((x or 1.0, y * scale) for x, y in each.points)
            )
            for each in lines
        ]
        sizes = sorted({x for each in lines for x, _ in each.points})
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks([x or 1.0 for x in sizes], [_size(x) for x in sizes])
        axes.set_xticks([], minor=True)
        axes.set_ylim(_around(shown))
        _ticks_upwards(axes, ticks)
        axes.set_xlabel(_RIGHT.get(family, "size"))
        axes.set_title(f"{family}: {heading}")
        _lines(axes, shown, marker="o")
        _labels(axes, shown)
    return grid.figure


def _mebibytes(value: float) -> str:
    return f"{value:,g} MiB"


# {unit: (what the cost is multiplied by, what it is, how it is written)}
_UPWARDS: Final[Mapping[str, tuple[float, str, Callable[[float], str]]]] = {
    PER_SECOND: (1e6, "time for all", span),
    BYTES: (2.0**-20, "all together", _mebibytes),
    MICROSECONDS: (1.0, "median", span),
}

# {family: what its size counts}
_RIGHT: Final = {
    "memory": "idle actors",
    "memory of sessions": "idle sessions",
    "routing": "live sessions",
    "looks": "idle sessions",
    "skynet": "leaves",
    _LOADED: "other actors running",
    "restart storm": "children that crash",
    "restart storm, low limit": "children that crash",
}


class _Grid:
    """Panels in two columns, with room for labels right of each."""

    _top = 0.92
    _each = 2.8

    def __init__(self, panels: int, right: float = 1.22) -> None:
        self.right = right
        self.columns = min(2, panels)
        self.height = self._top + self._each * math.ceil(panels / self.columns)
        self.figure = new_figure(self.height)

    def axes(self, index: int) -> Any:
        """The axes of this panel."""
        row, column = divmod(index, self.columns)
        width, left, below, above = WIDTH / self.columns, 0.72, 0.55, 0.3
        bottom = self.height - self._top - self._each * (row + 1) + below
        axes = self.figure.add_axes(
            (
                (column * width + left) / WIDTH,
                bottom / self.height,
                (width - left - self.right) / WIDTH,
                (self._each - below - above) / self.height,
            )
        )
        axes.grid(visible=True, color=HAIR, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0, which="both")
        return axes


def _lines(axes: Any, lines: Sequence[Curve], marker: str) -> None:
    for each in lines:
        ours = each.contender == OURS
        axes.plot(
            *zip(*each.points, strict=True),
            color=colour(each.contender),
            linewidth=2.6 if ours and not each.dashed else 1.4,
            linestyle=(0, (4, 2)) if each.dashed else "-",
            marker=marker,
            markersize=4.5 if ours else 3.5,
            zorder=4 if ours else 3,
        )


def _labels(axes: Any, lines: Sequence[Curve]) -> None:
    """The names right of the lines' ends, moved apart where they would touch."""
    low, high = (math.log10(each) for each in axes.get_ylim())
    heights = [(math.log10(each.points[-1][1]) - low) / (high - low) for each in lines]
    places = spread(heights, gap=0.085, end=0.99)
    beside = 1 + 0.14 / (axes.get_position().width * WIDTH)
    for each, place in zip(lines, places, strict=True):
        axes.annotate(
            each.label,
            each.points[-1],
            xytext=(beside, place),
            textcoords="axes fraction",
            va="center",
            size=8.5,
            color=colour(each.contender),
            weight="bold" if each.contender == OURS else "normal",
            arrowprops={
                "arrowstyle": "-",
                "color": colour(each.contender),
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def _ticks_upwards(axes: Any, words: Callable[[float], str]) -> None:
    """A tick at each power of ten."""
    ticks = decades(*axes.get_ylim())
    axes.set_yticks(ticks, [words(each) for each in ticks])
    axes.set_yticks([], minor=True)


def _around(lines: Sequence[Curve]) -> tuple[float, float]:
    """A little more than all values, and at least one decade."""
    values = [y for each in lines for _, y in each.points]
    low, high = min(values) / 1.4, max(values) * 1.4
    return min(low, 10 ** math.floor(math.log10(high))), high


def _size(value: float) -> str:
    """10,000 as 10k."""
    for least, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= least:
            return f"{value / least:g}{suffix}"
    return f"{value:g}"
