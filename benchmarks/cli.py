"""The command line: `python -m benchmarks COMMAND`.

Results go to standard output, progress and complaints to standard error. The exit code
is 0 if all is well; 1 if a check failed, a contender did not do its work, one that was
named cannot be had, or the guard found a regression; 2 for bad input; 130 after Ctrl-C.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.judging import baseline
from benchmarks.judging.baseline import BaselineError
from benchmarks.measuring import catalogue
from benchmarks.measuring.catalogue import CatalogueError
from benchmarks.measuring.orders import (
    SHORT_ROUNDS,
    Measured,
    Order,
    check_writable,
    items_of,
    measure,
)
from benchmarks.measuring.store import Report, ReportError, load, save
from benchmarks.options import parser
from benchmarks.showing import comparison, table

FINE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

_LOG_WIDTH: Final = 120
"""Columns where there is no terminal to ask."""


class UsageError(Exception):
    """Something on the command line that cannot be done here. The user's act."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code.

    Raises:
        SystemExit: the command line cannot be parsed, or asks for help.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    options = parser()
    arguments = options.parse_args(words)
    arguments.words = words
    if arguments.command is None:
        options.print_help(sys.stderr)
        return BAD_INPUT
    try:
        return COMMANDS[arguments.command](arguments)
    except KeyboardInterrupt:
        _complain("benchmarks: interrupted")
        return INTERRUPTED
    except (BaselineError, CatalogueError, ReportError, UsageError) as error:
        *above, last = str(error).splitlines()
        _complain(*above, f"benchmarks: {last}")
        return BAD_INPUT


def run_command(arguments: argparse.Namespace) -> int:
    """Measure, write the file, show the table, draw."""
    check_writable(arguments.json)
    draw = _drawing(arguments.plots)
    measured = measure(_order(arguments), _errors())
    if arguments.json is not None:
        save(arguments.json, measured.report)
    table.show_run(_console(), measured.report)
    draw(measured.report)
    return _conclude(measured)


def list_command(arguments: argparse.Namespace) -> int:
    """Name the scenarios, of the standard set and the modules, or their terms."""
    if arguments.markdown and not arguments.fairness:
        raise UsageError("--markdown goes with --fairness")
    known = {**catalogue.standard(), **catalogue.load(arguments.module)}
    if arguments.markdown:
        sys.stdout.write(comparison.fairness_markdown(known))
    elif arguments.fairness:
        comparison.show_fairness(_console(), known)
    else:
        comparison.show_list(_console(), known)
    return FINE


def compare_command(arguments: argparse.Namespace) -> int:
    """Show two files side by side."""
    first, second = load(arguments.first), load(arguments.second)
    comparison.show_comparison(_console(), first, second)
    return FINE


def report_command(arguments: argparse.Namespace) -> int:
    """Show the table of a file again."""
    draw = _drawing(arguments.plots)
    report = load(arguments.file)
    table.show_run(_console(), report)
    draw(report)
    return FINE


def goals_command(arguments: argparse.Namespace) -> int:
    """Hold the goals against a file, or against a run of what they need."""
    from benchmarks.judging import aims, goals  # noqa: PLC0415 - other commands do not need them

    code = FINE
    if arguments.file is not None:
        report = load(arguments.file)
    else:
        check_writable(arguments.json)
        order = Order(
            names=aims.scenarios_needed(),
            against=aims.contenders_needed(),
            rounds=arguments.rounds,
            quick=arguments.quick,
            arguments=tuple(arguments.words),
        )
        measured = measure(order, _errors())
        report = measured.report
        if arguments.json is not None:
            save(arguments.json, report)
        code = _conclude(measured)
    chosen = goals.main_goals() if arguments.main else aims.GOALS
    if arguments.markdown:
        sys.stdout.write(goals.markdown(report, chosen))
    else:
        _console().print(goals.rich_table(report, chosen))
    return code


def check_command(arguments: argparse.Namespace) -> int:
    """Compare with the stored baseline, or store what is measured as a new one."""
    from benchmarks.judging import guard  # noqa: PLC0415 - other commands do not need it

    if arguments.source and not arguments.update:
        raise UsageError("--from says what to store: it goes with --update")
    path: Path = arguments.baseline or baseline.BASELINE
    if arguments.baseline and not arguments.update and not path.exists():
        raise UsageError(f"there is no baseline {path}: write it with --update")
    check_writable(path if arguments.update else None)
    stored = baseline.load_baseline(path)
    items = items_of(Order(short=arguments.short))
    floors = {item.name: item.scenario.floor for item in items}
    seed = 0

    def fresh(names: Sequence[str]) -> Report:
        nonlocal seed
        order = Order(
            names=tuple(names),
            against=tuple(dict.fromkeys(floors[name] for name in names)),
            rounds=SHORT_ROUNDS if arguments.short else None,
            seed=seed,
            arguments=tuple(arguments.words),
        )
        seed += order.rounds_asked
        measured = measure(order, _errors())
        if measured.interrupted:
            raise KeyboardInterrupt
        return measured.report

    if arguments.update:
        stored_run: Path | None = arguments.source
        report = load(stored_run) if stored_run else fresh(list(floors))
        renewed, skipped = baseline.updated(stored, report)
        baseline.save_baseline(renewed, path)
        _complain(*(f"not stored: {each.scenario}: {each.reason}" for each in skipped))
        _complain(f"wrote {path}")
        return FAILED if any(each.failed for each in report.entries) else FINE
    verdict = guard.check(
        stored,
        fresh,
        names=list(floors),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        allowance=guard.SHORT if arguments.short else guard.FULL,
    )
    for line in guard.lines(verdict):
        table.say(_console(), line)
    return FINE if verdict.passed else FAILED


def _conclude(measured: Measured) -> int:
    """Say once more what went wrong, and turn it into the exit code."""
    for name, reason in measured.absent.items():
        _complain(f"benchmarks: {name} cannot be had here: {reason}")
    for each in measured.report.entries:
        if each.failed:
            _complain(
                f"benchmarks: {each.contender} failed at {each.scenario}: "
                f"{each.missing}"
            )
    if measured.interrupted:
        _complain("benchmarks: interrupted; what was measured before is kept")
        return INTERRUPTED
    return FAILED if measured.failed else FINE


def _order(arguments: argparse.Namespace) -> Order:
    against: str | None = arguments.against
    named = None if against is None else [each.strip() for each in against.split(",")]
    return Order(
        names=tuple(arguments.names),
        short=arguments.short,
        modules=tuple(arguments.module),
        against=None if named is None else tuple(each for each in named if each),
        rounds=arguments.rounds,
        seed=arguments.seed,
        quick=arguments.quick,
        limit=arguments.limit,
        arguments=tuple(arguments.words),
    )


def _drawing(folder: Path | None) -> Callable[[Report], None]:
    """What draws into the folder; whatever that needs is asked for at once."""
    if folder is None:
        return lambda _report: None
    from benchmarks.showing import paint, plots  # noqa: PLC0415 - other commands do not need them

    try:
        paint.matplotlib()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, paint.PlotsMissingError) as error:
        raise UsageError(f"--plots {folder}: {error}") from None

    def draw(report: Report) -> None:
        for path in plots.write_plots(report, folder):
            _complain(f"wrote {path}")

    return draw


def _console() -> Console:
    """Standard output: as wide as the terminal, or as a log file should be."""
    asked = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if asked else _LOG_WIDTH, highlight=False)


def _errors() -> Console:
    return Console(stderr=True, highlight=False)


def _complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")


# by the word on the command line
COMMANDS: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "run": run_command,
    "list": list_command,
    "compare": compare_command,
    "report": report_command,
    "goals": goals_command,
    "check": check_command,
}
