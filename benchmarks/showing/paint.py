"""How the pictures look: one calm style, colours that everybody can tell apart.

matplotlib is an extra and is imported only when a picture is made. It is `Any` here, so
that the type checkers need not have it.
"""

import math
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from benchmarks.scenario import OURS

WIDTH: Final = 8.0
"""Inches of every picture: a README shows 8 of them in 800 pixels."""

INK: Final = "#1f2933"
SOFT: Final = "#7b8794"
HAIR: Final = "#d9dee3"
"""Text, secondary text, and lines that must not be looked at."""

BETTER: Final = "#0060a8"
WORSE: Final = "#c8500a"
UNCLEAR: Final = "#8a939c"

# By Okabe and Ito, darkened where white is behind: https://jfly.uni-koeln.de/color/
COLOURS: Final = {
    OURS: "#0060a8",
    "park": "#008566",
    "channel": "#2d9fd8",
    "asyncio": "#a87800",
    "erlang": "#c8500a",
    "triotp": "#b4558c",
    "pykka": "#5f6770",
}
_OTHERS: Final = ("#7a5195", "#5a8f29", "#a05a3c", "#3c6e71")

TITLES: Final = {
    OURS: "ours",
    "park": "Trio, parked\ntasks by hand",
    "channel": "Trio, channels\nby hand",
    "asyncio": "asyncio\nby hand",
    "uvloop": "uvloop\nby hand",
    "erlang": "Erlang\ngen_server",
    "triotp": "TriOTP",
    "pykka": "Pykka\n(threads)",
}
"""Headings of columns."""

_NAMES: Final = {
    "park": "Trio, parked",
    "channel": "Trio, channels",
    "erlang": "Erlang",
    "triotp": "TriOTP",
    "pykka": "Pykka",
}
_ORDER: Final = tuple(TITLES)

STYLE: Final = {
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "svg.fonttype": "path",
    # Without it the names inside the file are drawn at random.
    "svg.hashsalt": "trio-actors",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": INK,
    "ytick.labelsize": 8.5,
}


class PlotsMissingError(Exception):
    """There is no matplotlib. The user's act: install it, or ask for no pictures."""

    def __init__(self) -> None:
        super().__init__(
            "pictures need matplotlib: python -m pip install 'trio-actors[plots]'"
        )


def matplotlib(module: str = "") -> Any:
    """A module of matplotlib, which has types of its own that nobody needs here.

    Raises:
        PlotsMissingError: it is not installed.
    """
    try:
        return import_module(f"matplotlib{module and '.'}{module}")
    except ImportError:
        raise PlotsMissingError from None


def new_figure(height: float) -> Any:
    """An empty figure of so many inches."""
    return matplotlib("figure").Figure(figsize=(WIDTH, height))


def save(figure: Any, path: Path) -> None:
    """Write it, without a date: equal figures give equal files."""
    metadata = {"Date": None} if path.suffix == ".svg" else None
    figure.savefig(path, dpi=100, metadata=metadata)


def title(figure: Any, text: str, more: str) -> None:
    """What is seen, in one sentence, and under it how to read it."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.12 / height, text, size=13, weight="bold", va="top")
    figure.text(0.012, 1 - 0.42 / height, more, size=9, color=SOFT, va="top")


def in_order(contenders: Sequence[str]) -> list[str]:
    """Ours, floors, peers; strangers behind them."""
    known = [name for name in _ORDER if name in contenders]
    return known + [name for name in contenders if name not in known]


def colour(contender: str) -> str:
    """The same in every picture."""
    number = sum(map(ord, contender)) % len(_OTHERS)
    return COLOURS.get(contender, _OTHERS[number])


def name(contender: str) -> str:
    """What it is called beside its line, where there is little room."""
    return _NAMES.get(contender, contender)


def short(value: float) -> str:
    """Two digits: 0.051, 0.51, 5.1, 51, 510."""
    if value >= 10:  # noqa: PLR2004
        return f"{float(f'{value:.2g}'):,.0f}"
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:.{max(digits, 0)}f}"


def span(microseconds: float) -> str:
    """A time on an axis: 10 µs, 1 ms, 100 s."""
    for unit, suffix in ((1e6, "s"), (1e3, "ms")):
        if microseconds >= unit * 0.999:
            return f"{microseconds / unit:g} {suffix}"
    return f"{microseconds:g} µs"


def decades(low: float, high: float) -> list[float]:
    """The powers of ten from `low` to `high`."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [10.0**power for power in range(first, last + 1)]


def spread(wanted: Sequence[float], gap: float, end: float = math.inf) -> list[float]:
    """Places near the wanted ones, in their order, that are at least `gap` apart.

    Labels that would overlap are moved as a block about the middle of what they want;
    none goes beyond `end`.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    # Blocks of labels that touch each other: where the first one is, and all of them.
    blocks: list[tuple[float, list[int]]] = []
    for index in order:
        start, block = wanted[index], [index]
        while blocks:
            before, members = blocks[-1]
            if before + gap * len(members) <= start:
                break
            blocks.pop()
            block = members + block
            shifts = [wanted[each] - gap * n for n, each in enumerate(block)]
            start = sum(shifts) / len(shifts)
        blocks.append((start, block))
    places = [0.0] * len(wanted)
    for start, block in blocks:
        for number, index in enumerate(block):
            places[index] = start + gap * number
    for above, index in enumerate(reversed(order)):
        places[index] = min(places[index], end - gap * above)
    return places
