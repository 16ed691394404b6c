"""The commands: the table, one workload in this process, a million actors.

    python -m benchmarks [--rounds 5] [--only tell,ask_async] [--json FILE] [--quick]
    python -m benchmarks one CONTENDER WORKLOAD COUNT
    python -m benchmarks memory [--actors 1000000]

Run it from the root of the repository.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from .harness import (
    CATALOGUE,
    CONTENDERS,
    MILLION,
    Result,
    Workload,
    emit,
    resident_bytes,
)
from .report import conditions, show, to_json
from .rounds import functions_of, measure, run_one

EVERY = 100_000
"""Actors stopped between two lines of the `memory` command."""


def main() -> int:
    """Parse the command line and run its command; return the exit status."""
    arguments = _parse()
    match arguments.command:
        case "one":
            functions = functions_of(arguments.contender)
            if arguments.workload not in functions:
                sys.exit("it has no such workload")
            result = functions[arguments.workload](arguments.count)
            emit(arguments.contender, arguments.workload, result)
            return 0
        case "churn":
            return _churn(arguments.actors)
        case "memory":
            return _memory(arguments.actors)
        case _:
            return _table(arguments)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, help="default 5; 1 with --quick")
    parser.add_argument("--only", help="workloads, with commas; a prefix is enough")
    parser.add_argument("--against", help=f"contenders of {', '.join(CONTENDERS)}")
    parser.add_argument("--json", type=Path, help="write every round to this file")
    parser.add_argument("--quick", action="store_true", help="a tenth of the counts")
    commands = parser.add_subparsers(dest="command")
    one = commands.add_parser("one", help="one workload in this process")
    one.add_argument("contender", choices=CONTENDERS)
    one.add_argument("workload")
    one.add_argument("count", type=int)
    memory = commands.add_parser("memory", help="a million idle, a million short-lived")
    memory.add_argument("--actors", type=int, default=MILLION.count)
    churn = commands.add_parser("churn", help="the short-lived ones, in this process")
    churn.add_argument("--actors", type=int, default=MILLION.count)
    return parser.parse_args()


def _selected(only: str | None) -> list[Workload]:
    """The workloads whose names begin with one of `only`."""
    prefixes = tuple(only.split(",")) if only else ("",)
    chosen = [each for each in CATALOGUE.values() if each.name.startswith(prefixes)]
    if not chosen:
        sys.exit(f"no workload begins with {only}; there are {', '.join(CATALOGUE)}")
    return chosen


def _header(console: Console, rounds: int) -> None:
    line = ", ".join(f"{key} {value}" for key, value in conditions(rounds).items())
    console.print(line, highlight=False, soft_wrap=True)


def _table(arguments: argparse.Namespace) -> int:
    console = Console(width=None if sys.stdout.isatty() else 120)
    errors = Console(stderr=True)
    workloads = _selected(arguments.only)
    against = arguments.against.split(",") if arguments.against else CONTENDERS
    contenders = tuple(each for each in CONTENDERS if each in {"ours", *against})
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    _header(console, rounds)
    with errors.status("") as status:
        table = measure(
            workloads,
            contenders,
            rounds,
            quick=arguments.quick,
            progress=status.update,
        )
    show(console, workloads, table)
    if arguments.json:
        text = json.dumps(to_json(rounds, table), indent=2)
        arguments.json.write_text(text + "\n")
    return 0


def _memory(actors: int) -> int:
    """A million idle actors, then a million that live for one message."""
    console = Console(highlight=False)
    _header(console, 1)
    for contender in ("ours", "erlang"):
        result = run_one(contender, MILLION.name, actors)
        if isinstance(result, Result):
            mib = result.value * result.count / 2**20
            text = f"{mib:,.0f} MiB, {result.value:,.0f} bytes each"
            text += f", started in {result.seconds:.1f} s"
        else:
            text = f"n/a ({result})"
        console.print(f"{actors:,} idle actors, {contender}: {text}", soft_wrap=True)
    return _churn(actors)


def _churn(actors: int) -> int:
    from .ours import churn  # noqa: PLC0415 - it may be missing

    started = resident_bytes()

    def report(stopped: int, resident: int) -> None:
        grown = (resident - started) / 2**20
        sys.stdout.write(
            f"{stopped:,} started and stopped: {resident / 2**20:.1f} MiB"
            f" ({grown:+.1f})\n"
        )
        sys.stdout.flush()

    churn(actors, EVERY, report)
    return 0


if __name__ == "__main__":
    sys.exit(main())
