"""What may stand on the command line; `cli.py` does it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from benchmarks.measuring.rounds import LIMIT


class _Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"benchmarks: {message}; {self.prog} --help says more\n")


SHORT_HELP = "only the short set, half the counts, 3 rounds: two minutes"


def parser() -> argparse.ArgumentParser:
    """Of all commands; `command` is the chosen one's name, None for none."""
    main = _Parser(
        prog="python -m benchmarks",
        description="Measure actors against floors written by hand and against peers.",
        epilog="Exit codes: 0 fine, 1 something failed, 2 bad input, 130 interrupted.",
    )
    main.set_defaults(command=None)
    commands = main.add_subparsers(metavar="COMMAND")

    run = commands.add_parser("run", help="measure, and show the table")
    run.set_defaults(command="run")
    run.add_argument("names", nargs="*", help="names, beginnings, or numbers (B10)")
    run.add_argument("--short", action="store_true", help=SHORT_HELP)
    run.add_argument("--against", metavar="A,B", help="contenders beside ours")
    run.add_argument("--seed", type=int, default=0, help="of the first round")
    run.add_argument("--plots", type=Path, metavar="FOLDER", help="draw into it")
    run.add_argument(
        "--limit", type=_seconds, default=LIMIT, help="seconds for one process"
    )
    _add_measuring(run)
    _add_module(run)

    listing = commands.add_parser("list", help="name the scenarios")
    listing.set_defaults(command="list")
    listing.add_argument(
        "--fairness",
        action="store_true",
        help="what each contender sends, proves, waits for",
    )
    listing.add_argument("--markdown", action="store_true", help="that, for a file")
    _add_module(listing)

    compare = commands.add_parser("compare", help="two JSON files side by side")
    compare.set_defaults(command="compare")
    compare.add_argument("first", type=Path, metavar="A.json")
    compare.add_argument("second", type=Path, metavar="B.json")

    report = commands.add_parser("report", help="the table of a JSON file again")
    report.set_defaults(command="report")
    report.add_argument("file", type=Path, metavar="F.json")
    report.add_argument("--plots", type=Path, metavar="FOLDER", help="draw into it")

    goals = commands.add_parser("goals", help="which goals are reached")
    goals.set_defaults(command="goals")
    goals.add_argument("file", type=Path, nargs="?", metavar="F.json")
    goals.add_argument("--main", action="store_true", help="without the finer ones")
    goals.add_argument("--markdown", action="store_true", help="for the README")
    _add_measuring(goals)

    check = commands.add_parser("check", help="compare with the stored baseline")
    check.set_defaults(command="check")
    check.add_argument("--baseline", type=Path, metavar="F.json")
    check.add_argument("--short", action="store_true", help=SHORT_HELP)
    check.add_argument("--update", action="store_true", help="store a new baseline")
    check.add_argument(
        *("--from", "-f"),
        dest="source",
        type=Path,
        metavar="F.json",
        help="with --update: what `run --json` has measured, instead of measuring now",
    )
    return main


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=_rounds, help="default 5; 3 if short or quick")
    parser.add_argument("--quick", action="store_true", help="a tenth of the counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it all there")


def _add_module(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("--module", "-m"),
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a file with scenarios of your own; may be repeated",
    )


def _rounds(text: str) -> int:
    return int(_above_zero(text, int))


def _seconds(text: str) -> float:
    return _above_zero(text, float)


def _above_zero(text: str, kind: Callable[[str], float]) -> float:
    try:
        value = kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not value > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value
