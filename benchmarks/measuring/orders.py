"""From what was asked for to a report: measure, with a display, and keep what is there.

The commands `run`, `goals` and `check` share this room; it knows no tables.
"""

import os
import shlex
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console

from benchmarks.measuring import catalogue
from benchmarks.measuring.catalogue import Item
from benchmarks.measuring.conditions import conditions, load
from benchmarks.measuring.progress import Display
from benchmarks.measuring.rounds import LIMIT, Measurement
from benchmarks.measuring.store import SCHEMA, Report, ReportError
from benchmarks.scenario import OURS

FULL_ROUNDS: Final = 5
SHORT_ROUNDS: Final = 3
"""Of the short set, and of `--quick`."""
SHORT_PART: Final = 0.5
QUICK_PART: Final = 0.1
"""The part of the counts that are done, where the count is not the question."""
SHORT_CONTENDERS: Final = (
    "park",
    "channel",
    "asyncio",
    "triotp",
    "erlang",
    "plain",
)
"""Of the short set, unless others are named: it is to end in two minutes."""


@attrs.frozen
class Order:
    """What is to be measured."""

    names: tuple[str, ...] = ()
    """Names, beginnings of names, or numbers; none for all."""
    short: bool = False
    modules: tuple[Path, ...] = ()
    against: tuple[str, ...] | None = None
    """Contenders; None for all that can be had."""
    rounds: int | None = None
    """None for `FULL_ROUNDS` or `SHORT_ROUNDS`."""
    seed: int = 0
    quick: bool = False
    limit: float = LIMIT
    arguments: tuple[str, ...] = ()
    """The command line, for the report."""

    @property
    def part(self) -> float:
        """The part of the counts."""
        if self.quick:
            return QUICK_PART
        return SHORT_PART if self.short else 1.0

    @property
    def rounds_asked(self) -> int:
        """How many rounds it is."""
        brief = self.short or self.quick
        return self.rounds or (SHORT_ROUNDS if brief else FULL_ROUNDS)


@attrs.frozen
class Measured:
    """What came of an order."""

    report: Report
    interrupted: bool
    absent: dict[str, str] = attrs.field(factory=dict[str, str])
    """`{contender: why}` of those that were named in `against` and cannot be had."""

    @property
    def failed(self) -> bool:
        """Something that was to be done was not done."""
        return bool(self.absent) or any(each.failed for each in self.report.entries)


def items_of(order: Order) -> list[Item]:
    """The scenarios that are meant: without names those of the modules, if any.

    A module's scenario hides one of the standard set with the same name.

    Raises:
        CatalogueError: there is something wrong with a module or a name.
    """
    own = catalogue.load(order.modules)
    known = own if own and not order.names else {**catalogue.standard(), **own}
    return catalogue.select(known, order.names, short=order.short)


def measure(order: Order, console: Console) -> Measured:
    """Do it, with the display on `console`. Interrupted, it keeps what is there.

    Raises:
        CatalogueError: the order makes no sense; nothing was measured.
    """
    items = items_of(order)
    contenders = catalogue.choose(items, order.against)
    if order.short and order.against is None:
        extra = contenders.keys() - {OURS, *SHORT_CONTENDERS}
        contenders = {k: v for k, v in contenders.items() if k not in extra}
    found = conditions(name for name, reason in contenders.items() if not reason)
    measurement = Measurement(
        items,
        contenders,
        rounds=order.rounds_asked,
        seed=order.seed,
        part=order.part,
        limit=order.limit,
    )
    interrupted = False
    try:
        with _terminable(), Display(console) as display:
            measurement.run(display.step)
    except KeyboardInterrupt:
        interrupted = True
    found["load_after"] = load()
    report = Report(
        schema=SCHEMA,
        conditions=found,
        parameters=_parameters(order, items, list(contenders), interrupted=interrupted),
        entries=measurement.entries(),
    )
    absent = {
        name: contenders[name] for name in order.against or () if contenders[name]
    }
    return Measured(report, interrupted, absent)


def check_writable(path: Path | None) -> None:
    """Refuse a file that could not be written in the end, before anything is measured.

    Raises:
        ReportError: the folder is not there, or not ours.
    """
    if path is None:
        return
    folder = path.resolve().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ReportError(f"cannot write {path}")


def _parameters(
    order: Order, items: Sequence[Item], contenders: Sequence[str], *, interrupted: bool
) -> dict[str, Any]:
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *order.arguments]),
        "executable": sys.executable,
        "scenarios": [item.name for item in items],
        "set": "short" if order.short else "named" if order.names else "full",
        "contenders": list(contenders),
        "against": None if order.against is None else list(order.against),
        "rounds": order.rounds_asked,
        "seed": order.seed,
        "quick": order.quick,
        "limit": order.limit,
        "modules": [str(path) for path in order.modules],
        "interrupted": interrupted,
    }


@contextmanager
def _terminable() -> Generator[None]:
    """A polite end, as by `timeout`, is taken like Ctrl-C: the figures are kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
