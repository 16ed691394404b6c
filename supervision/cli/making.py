"""The commands that ask no service: what starts one, looks at a tree, writes one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from supervision.service import LogFormat, Settings

from .parser import Parser
from .said import SAID
from .values import LEVELS, level, seconds

_DEFAULTS = Settings()

# its only name; it is no generic class when the program runs
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def add(commands: Commands, name: str, parents: Sequence[Parser] = ()) -> Parser:
    """Add a command, which says what it does and shows how it is called."""
    said = SAID[name]
    return commands.add_parser(
        name,
        help=said.short,
        description=said.description,
        epilog=f"example: {said.example}",
        parents=list(parents),
    )


def add_run(commands: Commands) -> None:
    """Add `actors run`."""
    run = add(commands, "run")
    run.add_argument(
        "tree",
        metavar="module:Tree",
        help="a Supervisor (or another actor class), a ChildSpec, or a function "
        "without parameters that gives one; found from the current directory",
    )
    run.add_argument("--name", help="of the service (default: the tree's)")
    _add_budget(run, "that drain and stop may take together")
    run.add_argument(
        "--socket",
        metavar="PATH",
        help="of the control socket, or 'none' (default: NAME.sock in the runtime "
        "directory)",
    )
    run.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        help="serve /metrics, /health and /ready over TCP, for Prometheus",
    )
    run.add_argument(
        "--log-format",
        choices=[each.value for each in LogFormat],
        default=_DEFAULTS.log_format.value,
        help="auto is rich on a terminal and json elsewhere (default: %(default)s)",
    )
    run.add_argument(
        "--log-level",
        type=level,
        action="append",
        default=[],
        metavar="[LOGGER=]LEVEL",
        help=f"the least that is written, of all or of one logger: {', '.join(LEVELS)}"
        f"; may be repeated (default: {_DEFAULTS.log_level.lower()})",
    )
    run.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the final report there too, as JSON",
    )
    run.add_argument(
        "--tuned-gc",
        action="store_true",
        help="shorter pauses with many actors, for more memory",
    )


def add_making(commands: Commands) -> None:
    """Add `actors check` and `actors new`."""
    check = add(commands, "check")
    check.add_argument("tree", metavar="module:Tree", help="as for run")
    check.add_argument(
        "--unit",
        type=Path,
        metavar="FILE",
        help="look at this unit file of systemd, too; its --budget counts",
    )
    _add_budget(check, "as for run")
    check.add_argument(
        "--store",
        type=Path,
        metavar="FILE",
        help="read all that is in this copy of a router's store with the code of the "
        "tree, too, and change nothing",
    )
    check.add_argument(
        "--router",
        metavar="PATH",
        help="whose store it is (default: the only one that has one in a file)",
    )
    check.add_argument("--json", action="store_true", help="print it for a program")
    new = add(commands, "new")
    new.add_argument(
        "name", metavar="NAME", help="of the service: of its package, and of its unit"
    )
    new.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="where it is written: a new folder, or an empty one (default: NAME)",
    )


def _add_budget(command: Parser, what: str) -> None:
    command.add_argument(
        "--budget",
        type=seconds,
        default=_DEFAULTS.budget,
        metavar="SECONDS",
        help=f"{what} (default: %(default)g)",
    )
