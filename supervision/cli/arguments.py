"""The command line: which commands there are, and what each may be told.

It only says what was asked; `program` knows who does it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from supervision._view.limits import CHANGEABLE
from supervision._view.sessions import ALL_PHASES
from supervision.service import LogFormat, Settings

from .parser import Parser, Top
from .said import SAID
from .values import LEVELS, count, interval, level, seconds

ORDERS = ("worst", "key", "age", "idle", "queued")
"""The orders of a list of sessions."""

SHELLS = ("bash", "zsh", "fish")
"""What `actors completion` knows."""

DEMO = "demo"
"""The command whose arguments are its own."""

_DEFAULTS = Settings()


def make_parser(version: str) -> argparse.ArgumentParser:
    """Make the parser of `actors`; the command's name is in `command`."""
    parser = Top(
        prog="actors",
        description="Run a supervised tree as a service, and watch, question and stop "
        "services that run.",
        epilog="Commands find the only service of this user by themselves; with "
        "several, say --socket NAME or set ACTORS_SOCKET.",
    )
    parser.add_argument("--version", action="version", version=f"actors {version}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", parser_class=Parser
    )
    _add_run(commands)
    _add_making(commands)
    shared = _shared()
    _add_looking(commands, shared)
    _add_doing(commands, shared)
    completion = _add(commands, "completion")
    completion.add_argument("shell", choices=SHELLS, help="which one")
    commands.add_parser(DEMO, help=SAID[DEMO].short, add_help=False)
    completion.set_defaults(words=_words(commands))
    return parser


def _words(commands: _Commands) -> dict[str, tuple[str, ...]]:
    """Give the long options of each command."""
    return {
        name: tuple(
            option
            for action in parser._actions
            for option in action.option_strings
            if option.startswith("--")
        )
        for name, parser in commands.choices.items()
    }


# its only name; it is no generic class when the program runs
_Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def _add(commands: _Commands, name: str, parents: Sequence[Parser] = ()) -> Parser:
    """Add a command, which says what it does and shows how it is called."""
    said = SAID[name]
    return commands.add_parser(
        name,
        help=said.short,
        description=said.description,
        epilog=f"example: {said.example}",
        parents=list(parents),
    )


def _add_run(commands: _Commands) -> None:
    run = _add(commands, "run")
    run.add_argument(
        "tree",
        metavar="module:Tree",
        help="a Supervisor (or another actor class), a ChildSpec, or a function "
        "without parameters that gives one; found from the current directory",
    )
    run.add_argument("--name", help="of the service (default: the tree's)")
    run.add_argument(
        "--budget",
        type=seconds,
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


def _add_making(commands: _Commands) -> None:
    check = _add(commands, "check")
    check.add_argument("tree", metavar="module:Tree", help="as for run")
    check.add_argument(
        "--unit",
        type=Path,
        metavar="FILE",
        help="look at this unit file of systemd, too; its --budget counts",
    )
    check.add_argument(
        "--budget",
        type=seconds,
        default=_DEFAULTS.budget,
        metavar="SECONDS",
        help="as for run (default: %(default)g)",
    )
    check.add_argument("--json", action="store_true", help="print it for a program")
    new = _add(commands, "new")
    new.add_argument(
        "name", metavar="NAME", help="of the service: of its package, and of its unit"
    )
    new.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="where it is written: a new folder, or an empty one (default: NAME)",
    )


def _shared() -> Parser:
    """Make what all commands have that ask a service."""
    shared = Parser(add_help=False)
    shared.add_argument(
        "--socket",
        metavar="PATH",
        help="of the service, or its name (default: the only live one)",
    )
    shared.add_argument("--json", action="store_true", help="print the raw answer")
    return shared


def _add_looking(commands: _Commands, shared: Parser) -> None:
    one = [shared]
    ps = _add(commands, "ps")
    ps.add_argument(
        "--socket",
        metavar="PATH",
        help="also the service that has its socket there (default: $ACTORS_SOCKET)",
    )
    ps.add_argument("--json", action="store_true", help="print the raw answers")
    ps.add_argument(
        "--pid",
        nargs="?",
        const="",
        metavar="NAME",
        help="instead: print nothing but the number of a service's process, by the "
        "service's name or its socket, also if it hangs (default: the only live one)",
    )

    tree = _add(commands, "tree", one)
    tree.add_argument(
        "path", nargs="?", default="/", help="of the topmost (default: /)"
    )
    tree.add_argument("--depth", type=count, metavar="N", help="levels (default: all)")
    tree.add_argument(
        "--width",
        type=count,
        default=20,
        metavar="N",
        help="children of one actor at most, the worst (default: %(default)s)",
    )

    top = _add(commands, "top", one)
    top.add_argument(
        "--interval",
        type=interval,
        default=1.0,
        metavar="SECONDS",
        help="between two frames (default: %(default)g)",
    )
    top.add_argument(
        "--rows", type=count, metavar="N", help="actors at most (default: what fits)"
    )
    top.add_argument("--once", action="store_true", help="print one frame and end")
    top.add_argument(
        "--svg", type=Path, metavar="FILE", help="write one frame there as a picture"
    )

    inspect = _add(commands, "inspect", one)
    inspect.add_argument("path", help="of the actor")

    sessions = _add(commands, "sessions", one)
    sessions.add_argument("--router", metavar="PATH", help="only of this router")
    wanted = sessions.add_mutually_exclusive_group()
    wanted.add_argument(
        "--phase",
        choices=ALL_PHASES,
        metavar="PHASE",
        help="only in this one: " + ", ".join(ALL_PHASES),
    )
    wanted.add_argument(
        "--suspended",
        dest="phase",
        action="store_const",
        const="suspended",
        help="instead: keys that have no session, and that a prompt would resume",
    )
    wanted.add_argument(
        "--all",
        action="store_true",
        help="also keys that are only in the store; a page, in the order of keys",
    )
    sessions.add_argument(
        "--held", action="store_true", help="of all: those whose state cannot be read"
    )
    sessions.add_argument(
        "--after", metavar="KEY", help="of all: those behind this key"
    )
    sessions.add_argument("--match", metavar="TEXT", help="only keys that contain it")
    sessions.add_argument(
        "--order",
        choices=ORDERS,
        metavar="ORDER",
        help=f"one of {', '.join(ORDERS)} (default: {ORDERS[0]})",
    )
    sessions.add_argument(
        "--limit", type=count, default=100, metavar="N", help="(default: %(default)s)"
    )

    session = _add(commands, "session", one)
    _add_key(session)

    stack = _add(commands, "stack", one)
    stack.add_argument("key", nargs="?", help="of the session, or the path of an actor")
    stack.add_argument(
        "--pid",
        type=count,
        metavar="N",
        help="instead: all actors of a process that hangs, without its socket "
        "(Python 3.14 and newer)",
    )
    _add_router(stack, "the only one that knows the key")
    stack.add_argument(
        "--all", action="store_true", help="show frames of the library, too"
    )

    events = _add(commands, "events", one)
    events.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME",
        help="only these, such as ActorCrashed; may be repeated (default: lives and "
        "sessions, not single messages)",
    )

    _add(commands, "statistics", one)
    _add_stored(commands, shared)


def _add_stored(commands: _Commands, shared: Parser) -> None:
    one = [shared]
    nodes = _add(commands, "nodes", one)
    _add_router(nodes, "all that share a store")
    locate = _add(commands, "locate", one)
    locate.add_argument("key", help="of the session")
    _add_router(locate, "the only one that shares a store")

    read = _add(commands, "read", one)
    _add_key(read)
    read.add_argument(
        "--newest", type=count, default=20, metavar="N", help="(default: %(default)s)"
    )
    read.add_argument(
        "--before", type=count, metavar="N", help="the page in front: `before` of one"
    )

    reminders = _add(commands, "reminders", one)
    reminders.add_argument("key", nargs="?", help="of a session (default: of all)")
    reminders.add_argument(
        "--limit", type=count, default=100, metavar="N", help="(default: %(default)s)"
    )
    _add_router(reminders, "the only one that has a store")

    outcome = _add(commands, "outcome", one)
    outcome.add_argument("key", help="of the session")
    outcome.add_argument("id", help="what the prompt was sent with")
    _add_router(outcome, "the only one that has it")


def _add_doing(commands: _Commands, shared: Parser) -> None:
    one = [shared]
    stop = _add(commands, "stop", one)
    stop.add_argument("path", nargs="?", help="of the actor (default: the service)")
    stop.add_argument(
        "--within",
        type=seconds,
        metavar="SECONDS",
        help="that the service may take (default: its budget)",
    )

    restart = _add(commands, "restart", one)
    restart.add_argument("path", help="of the child")

    abort = _add(commands, "abort", one)
    abort.add_argument("turn", type=count, help="its id, as lists and outcomes show it")
    _add_router(abort, "the only one with such a turn")
    abort.add_argument("--reason", metavar="TEXT", help="for the outcome")
    abort.add_argument(
        "--soft",
        metavar="HINT",
        nargs="?",
        const="",
        help="ask it to end by itself, and why",
    )

    limits = _add(commands, "limits", one)
    limits.add_argument(
        "words",
        nargs="*",
        metavar="[ROUTER] NAME=VALUE",
        help="path of a router (default: all; to change, the only one); limits to "
        f"change: {', '.join(CHANGEABLE)}",
    )

    store = _add(commands, "store", one)
    store.add_argument(
        "words",
        nargs="*",
        metavar="backup PATH",
        help="copy it to a file that is not there, while the service runs",
    )
    _add_router(store, "all; to copy, the only one that has a store")
    _add_key(_add(commands, "release", one))
    _add_key(_add(commands, "passivate", one))

    cancel = _add(commands, "cancel", one)
    cancel.add_argument("--all", action="store_true", help="take back what waits, too")
    reset = _add(commands, "reset", one)
    close = _add(commands, "close", one)
    for verb in (cancel, reset, close):
        _add_key(verb)
        verb.add_argument("--reason", metavar="TEXT", help="for the outcome")


def _add_key(parser: Parser) -> None:
    parser.add_argument("key", help="of the session")
    _add_router(parser, "the only one that knows the key")


def _add_router(parser: Parser, default: str) -> None:
    parser.add_argument("--router", metavar="PATH", help=f"(default: {default})")
