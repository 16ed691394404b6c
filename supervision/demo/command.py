"""`actors demo`: its options, and what it ends with."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import attrs

from actors.hosting import whole

from .traffic.plan import Plan

_PLAN: Final = Plan()
_SECONDS: Final = 45.0
_BUDGET: Final = 20.0
_FAULTS: Final = 15
"""How many faults of the tree a demo has room for: one round of the rota and a half."""
_FAULT_EVERY: Final = (0.2, 3.0)
"""Seconds between two of them, at least and at most."""
_KILLS: Final = 2
_USAGE: Final = 2  # `ExitCode.USAGE`, which is not loaded for `--help`


class _Parser(argparse.ArgumentParser):
    """One that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        sys.stderr.write(f"actors: error: {message}; see 'actors demo --help'\n")
        sys.exit(_USAGE)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the options."""
    parser = _Parser(
        prog="actors demo",
        description="Run a chat service under recorded real traffic, three quarters of "
        "an hour of it in 45 seconds, with faults; watch it, kill it, stop it, and see "
        "that it adds up.  It has a store in a temporary file, if the extra 'durable' "
        "is installed.  The exit status "
        "is 0 only if every accepted prompt has one outcome and the service has "
        "drained in time.",
        epilog="example: actors demo --- the traffic: 12,031 turns of "
        "7,373 conversations, from the paper Mooncake (FAST '25), Apache License 2.0.",
    )
    add = parser.add_argument
    add(
        "--speed",
        type=float,
        default=_PLAN.speed,
        help="seconds of the recording in one second (default: %(default)g)",
    )
    add(
        "--seconds",
        type=float,
        default=_SECONDS,
        help="for how long it plays (default: %(default)g)",
    )
    add("--turns", type=int, help="only the first so many turns (default: all)")
    add(
        "--sessions",
        type=int,
        default=_PLAN.sessions,
        help="sessions at once (default: %(default)d)",
    )
    add(
        "--slots",
        type=int,
        default=_PLAN.slots,
        help="turns at once (default: %(default)d)",
    )
    add(
        "--seed",
        type=int,
        default=_PLAN.seed,
        help="of all accidents (default: %(default)d)",
    )
    add(
        "--faults",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="let things go wrong (default: yes)",
    )
    add(
        "--kills",
        type=int,
        default=_KILLS,
        help="how often the service is killed with kill -9, if it has a store "
        "(default: %(default)d; 0 with --no-faults)",
    )
    add(
        "--budget",
        type=float,
        default=_BUDGET,
        help="seconds for the service to drain and stop (default: %(default)g)",
    )
    add(
        "--socket",
        metavar="PATH",
        help="of the service, or 'none' (default: where 'actors' looks); a second demo "
        "needs another",
    )
    add("--log", type=Path, metavar="FILE", help="keep the service's log")
    add(
        "--plain",
        action="store_true",
        help="lines instead of the live view, also in a terminal",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `actors demo`; returns its exit status.

    0 only if all is accounted for and in time; otherwise the service's own exit status,
    or 1 if the two accounts differ.

    Args:
        arguments: of the command line; default: those of this process.

    Raises:
        SystemExit: after `--help`, or for a wrong command line.
    """
    parser = make_parser()
    given = parser.parse_args(arguments)
    low, high = _FAULT_EVERY
    try:
        for name in ("seconds", "budget"):
            _check(name, getattr(given, name))
        whole("kills", given.kills, least=0)
        plan = attrs.evolve(
            _PLAN,
            speed=given.speed,
            turns=given.turns,
            sessions=given.sessions,
            slots=given.slots,
            seed=given.seed,
            faults=given.faults,
            fault_every=min(high, max(low, given.seconds / _FAULTS)),
        )
    except ValueError as error:
        parser.error(f"--{error}")
    # at run time: what draws need not be there for the service, nor for benchmarks
    terminal: Any = importlib.import_module("supervision.demo._playing.terminal")
    status: int = terminal.show(plan, given)
    return status


def _check(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        msg = f"{name} must be a number of seconds above 0, got {value:g}"
        raise ValueError(msg)
