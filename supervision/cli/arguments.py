"""The command line: which commands there are, and what each may be told.

It only says what was asked; `program` knows who does it.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NoReturn, TypeAlias

from supervision.client.directory import CommandError
from supervision.service import LogFormat, Settings

ORDERS = ("worst", "key", "age", "idle", "queued")
"""The orders of a list of sessions."""

DEMO = "demo"
"""The command whose arguments are its own."""

_LEVELS = ("debug", "info", "warning", "error", "critical")
_DEFAULTS = Settings()


class _Parser(argparse.ArgumentParser):
    """One that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise CommandError(f"{message}; see '{self.prog} --help'")


def make_parser(version: str) -> argparse.ArgumentParser:
    """Make the parser of `actors`; the command's name is in `command`."""
    parser = _Parser(
        prog="actors",
        description="Run a supervised tree as a service, and watch, question and stop "
        "services that run.",
        epilog="Commands find the only service of this user by themselves; with "
        "several, say --socket PATH or set ACTORS_SOCKET.",
    )
    parser.add_argument("--version", action="version", version=f"actors {version}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands"
    )
    _add_run(commands)
    shared = _shared()
    _add_looking(commands, shared)
    _add_doing(commands, shared)
    commands.add_parser(
        DEMO, help="a chat service under real traffic, with faults", add_help=False
    )
    return parser


# its only name; it is no generic class when the program runs
_Commands: TypeAlias = "argparse._SubParsersAction[_Parser]"


def _add_run(commands: _Commands) -> None:
    run = commands.add_parser(
        "run",
        help="run a tree as a service",
        description="Run a tree as a service until SIGTERM or SIGINT: it then drains "
        "and stops.  A second signal ends it at once.",
    )
    run.add_argument(
        "tree",
        metavar="module:Tree",
        help="a Supervisor (or another actor class), a ChildSpec, or a function "
        "without parameters that gives one; found from the current directory",
    )
    run.add_argument("--name", help="of the service (default: the tree's)")
    run.add_argument(
        "--budget",
        type=_seconds,
        default=_DEFAULTS.budget,
        metavar="SECONDS",
        help="that drain and stop may take together (default: %(default)g)",
    )
    run.add_argument(
        "--socket",
        metavar="PATH",
        help="of the control socket, or 'none' (default: NAME.sock in the runtime "
        "directory)",
    )
    run.add_argument(
        "--log-format",
        choices=[each.value for each in LogFormat],
        default=_DEFAULTS.log_format.value,
        help="auto is rich on a terminal and json elsewhere (default: %(default)s)",
    )
    run.add_argument(
        "--log-level",
        type=str.lower,
        choices=_LEVELS,
        default=_DEFAULTS.log_level.lower(),
        help="the least that is written (default: %(default)s)",
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


def _shared() -> _Parser:
    """Make what all commands have that ask a service."""
    shared = _Parser(add_help=False)
    shared.add_argument(
        "--socket", metavar="PATH", help="of the service (default: the only live one)"
    )
    shared.add_argument("--json", action="store_true", help="print the raw answer")
    return shared


def _add_looking(commands: _Commands, shared: _Parser) -> None:
    one = [shared]
    ps = commands.add_parser("ps", help="list the services that run")
    ps.add_argument("--json", action="store_true", help="print the raw answers")

    tree = commands.add_parser("tree", help="show the actors", parents=one)
    tree.add_argument(
        "path", nargs="?", default="/", help="of the topmost (default: /)"
    )
    tree.add_argument("--depth", type=_count, metavar="N", help="levels (default: all)")
    tree.add_argument(
        "--width",
        type=_count,
        default=20,
        metavar="N",
        help="children of one actor at most, the worst (default: %(default)s)",
    )

    top = commands.add_parser("top", help="watch a service", parents=one)
    top.add_argument(
        "--interval",
        type=_interval,
        default=1.0,
        metavar="SECONDS",
        help="between two frames (default: %(default)g)",
    )
    top.add_argument(
        "--rows", type=_count, metavar="N", help="actors at most (default: what fits)"
    )
    top.add_argument("--once", action="store_true", help="print one frame and end")
    top.add_argument(
        "--svg", type=Path, metavar="FILE", help="write one frame there as a picture"
    )

    inspect = commands.add_parser("inspect", help="all about an actor", parents=one)
    inspect.add_argument("path", help="of the actor")

    sessions = commands.add_parser("sessions", help="list sessions", parents=one)
    sessions.add_argument("--router", metavar="PATH", help="only of this router")
    sessions.add_argument("--phase", help="only in this phase, such as running")
    sessions.add_argument("--match", metavar="TEXT", help="only keys that contain it")
    sessions.add_argument("--order", choices=ORDERS, default="worst")
    sessions.add_argument(
        "--limit", type=_count, default=100, metavar="N", help="(default: %(default)s)"
    )

    session = commands.add_parser("session", help="all about a session", parents=one)
    _add_key(session)

    events = commands.add_parser("events", help="follow what happens", parents=one)
    events.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME",
        help="only these, such as ActorCrashed; may be repeated (default: lives and "
        "sessions, not single messages)",
    )

    commands.add_parser("statistics", help="everything that is counted", parents=one)


def _add_doing(commands: _Commands, shared: _Parser) -> None:
    one = [shared]
    stop = commands.add_parser(
        "stop",
        help="stop an actor, or the service",
        description="Stop an actor and keep it stopped; without a path: have the "
        "service drain and stop, and wait until it is gone.",
        parents=one,
    )
    stop.add_argument("path", nargs="?", help="of the actor (default: the service)")
    stop.add_argument(
        "--within",
        type=_seconds,
        metavar="SECONDS",
        help="that the service may take (default: its budget)",
    )

    restart = commands.add_parser(
        "restart", help="restart a supervisor's child", parents=one
    )
    restart.add_argument("path", help="of the child")

    cancel = commands.add_parser(
        "cancel", help="abort the turn of a session", parents=one
    )
    cancel.add_argument("--all", action="store_true", help="take back what waits, too")
    reset = commands.add_parser(
        "reset", help="the same, and forget the session's state", parents=one
    )
    close = commands.add_parser(
        "close", help="the same, and forget the session", parents=one
    )
    for verb in (cancel, reset, close):
        _add_key(verb)
        verb.add_argument("--reason", metavar="TEXT", help="for the outcome")


def _add_key(parser: _Parser) -> None:
    parser.add_argument("key", help="of the session")
    parser.add_argument(
        "--router", metavar="PATH", help="(default: the only one that knows the key)"
    )


def _count(text: str) -> int:
    """Read a whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 on, not {text!r}"
        )
    return number


def _seconds(text: str) -> float:
    """Read a time."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"must be seconds, 0 or more, not {text!r}")
    return number


def _interval(text: str) -> float:
    """Read the time between two frames."""
    number = _seconds(text)
    if number < _QUICKEST:
        raise argparse.ArgumentTypeError(
            f"must be at least {_QUICKEST:g} s, not {text!r}"
        )
    return number


_QUICKEST = 0.1  # seconds: nobody reads faster
