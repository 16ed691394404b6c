"""Tables for people and JSON for machines from the figures of `rounds.py`."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import rich.box
import trio
from rich.console import Console
from rich.table import Table as RichTable

from .harness import BYTES, MICROSECONDS, Workload
from .rounds import Figures, Table

PEERS = ("park", "channel", "asyncio", "triotp", "erlang")

_NOTHING = Figures()


def conditions(rounds: int) -> dict[str, object]:
    """What the figures depend on."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "trio": trio.__version__,
        "cpus": os.cpu_count(),
        "gc": "default thresholds, nothing frozen",
        "rounds": rounds,
        "load": round(os.getloadavg()[0], 2),
    }


def ratio(table: Table, workload: Workload, peer: str) -> float | None:
    """Ours by the peer's: speeds above 1 are better, bytes and times below 1."""
    ours = table.get((workload.name, "ours"), _NOTHING).value
    theirs = table.get((workload.name, peer), _NOTHING).value
    return None if ours is None or not theirs else ours / theirs


def show(console: Console, workloads: Sequence[Workload], table: Table) -> None:
    """Print the table, what it could not measure, and the goals it misses."""
    rich = RichTable(box=rich_box(), caption="x = ours by theirs")
    rich.add_column("workload")
    for heading in ("ours", "floor", *(f"x {peer}" for peer in PEERS)):
        rich.add_column(heading, justify="right")
    for workload in workloads:
        ours = table.get((workload.name, "ours"), _NOTHING).value
        floor = table.get((workload.name, workload.floor), _NOTHING).value
        ratios = [ratio(table, workload, peer) for peer in PEERS]
        rich.add_row(
            workload.name,
            _amount(ours, workload.unit),
            f"{_amount(floor, workload.unit)} {workload.floor}",
            *map(_ratio, ratios),
        )
    speeds = [each for each in workloads if not each.lower_is_better]
    means = (_mean(ratio(table, each, peer) for each in speeds) for peer in PEERS)
    rich.add_section()
    rich.add_row("geometric mean of speeds", "", "", *map(_ratio, means))
    console.print(rich)
    for line in (*_details(table), *_misses(workloads, table), *_reasons(table)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def rich_box() -> rich.box.Box:
    """Lines that survive a log file."""
    return rich.box.ASCII2


def to_json(rounds: int, table: Table) -> dict[str, Any]:
    """The same for machines, with every round."""
    return {
        "conditions": conditions(rounds),
        "figures": [
            {
                "workload": workload,
                "contender": contender,
                "median": figures.value,
                "missing": figures.missing,
                "rounds": [attrs.asdict(result) for result in figures.results],
            }
            for (workload, contender), figures in table.items()
        ],
    }


def _details(table: Table) -> Iterable[str]:
    for (workload, contender), figures in table.items():
        if contender == "ours":
            for key, value in figures.detail.items():
                yield f"detail: {workload}, {key} = {value:.3g}"


def _misses(workloads: Iterable[Workload], table: Table) -> Iterable[str]:
    """The goals of PERFORMANCE.md, section 5 and 6, that these figures miss."""
    for workload in workloads:
        for peer, goal in workload.goals.items():
            found = ratio(table, workload, peer)
            if found is None:
                continue
            missed = found > goal if workload.lower_is_better else found < goal
            if missed:
                sign = "<=" if workload.lower_is_better else ">="
                yield (
                    f"goal missed: {workload.name} x {peer} "
                    f"is {found:.3g}, wanted {sign} {goal:.3g}"
                )


def _reasons(table: Table) -> Iterable[str]:
    """Why figures are missing, each reason once."""
    # {(contender, reason): names of workloads}
    missing: dict[tuple[str, str], list[str]] = {}
    for (workload, contender), figures in table.items():
        if figures.missing:
            missing.setdefault((contender, figures.missing), []).append(workload)
    for (contender, reason), names in missing.items():
        yield f"n/a: {contender}: {reason} ({', '.join(names)})"


def _mean(ratios: Iterable[float | None]) -> float | None:
    known = [each for each in ratios if each]
    return statistics.geometric_mean(known) if known else None


def _ratio(value: float | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "n/a"
    if unit == BYTES:
        return f"{value:,.0f} B"
    if unit == MICROSECONDS:
        return f"{value:.2f} us"
    return f"{value:,.0f}/s"
