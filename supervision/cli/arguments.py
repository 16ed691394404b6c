"""The command line: which commands there are, and what each may be told.

It only says what was asked; `program` knows who does it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from supervision._view.limits import CHANGEABLE
from supervision._view.sessions import ALL_PHASES

from .making import Commands, add, add_making, add_run
from .parser import Parser, Top
from .said import SAID
from .values import count, interval, seconds

ORDERS = ("worst", "key", "age", "idle", "queued")
"""The orders of a list of sessions."""

SHELLS = ("bash", "zsh", "fish")
"""What `actors completion` knows."""

DEMO = "demo"
"""The command whose arguments are its own."""


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
    add_run(commands)
    add_making(commands)
    shared = _shared()
    _add_looking(commands, shared)
    _add_doing(commands, shared)
    completion = add(commands, "completion")
    completion.add_argument("shell", choices=SHELLS, help="which one")
    commands.add_parser(DEMO, help=SAID[DEMO].short, add_help=False)
    completion.set_defaults(words=_words(commands))
    return parser


def _words(commands: Commands) -> dict[str, tuple[str, ...]]:
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


def _add_looking(commands: Commands, shared: Parser) -> None:
    one = [shared]
    ps = add(commands, "ps")
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

    tree = add(commands, "tree", one)
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

    top = add(commands, "top", one)
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

    inspect = add(commands, "inspect", one)
    inspect.add_argument("path", help="of the actor")

    sessions = add(commands, "sessions", one)
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
        "--prefix", metavar="TEXT", help="of all: those that begin with it"
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

    session = add(commands, "session", one)
    _add_key(session)

    stack = add(commands, "stack", one)
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

    events = add(commands, "events", one)
    events.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="NAME",
        help="only these, such as ActorCrashed; may be repeated (default: lives and "
        "sessions, not single messages)",
    )

    add(commands, "statistics", one)
    _add_stored(commands, shared)


def _add_stored(commands: Commands, shared: Parser) -> None:
    one = [shared]
    nodes = add(commands, "nodes", one)
    _add_router(nodes, "all that share a store")
    locate = add(commands, "locate", one)
    locate.add_argument("key", help="of the session")
    _add_router(locate, "the only one that shares a store")

    read = add(commands, "read", one)
    _add_key(read)
    read.add_argument(
        "--newest", type=count, default=20, metavar="N", help="(default: %(default)s)"
    )
    read.add_argument(
        "--before", type=count, metavar="N", help="the page in front: `before` of one"
    )

    reminders = add(commands, "reminders", one)
    reminders.add_argument("key", nargs="?", help="of a session (default: of all)")
    reminders.add_argument(
        "--limit", type=count, default=100, metavar="N", help="(default: %(default)s)"
    )
    _add_router(reminders, "the only one that has a store")

    outcome = add(commands, "outcome", one)
    outcome.add_argument("key", help="of the session")
    outcome.add_argument("id", help="what the prompt was sent with")
    _add_router(outcome, "the only one that has it")


def _add_doing(commands: Commands, shared: Parser) -> None:
    one = [shared]
    stop = add(commands, "stop", one)
    stop.add_argument("path", nargs="?", help="of the actor (default: the service)")
    stop.add_argument(
        "--within",
        type=seconds,
        metavar="SECONDS",
        help="that the service may take (default: its budget)",
    )

    restart = add(commands, "restart", one)
    restart.add_argument("path", help="of the child")

    abort = add(commands, "abort", one)
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

    limits = add(commands, "limits", one)
    limits.add_argument(
        "words",
        nargs="*",
        metavar="[ROUTER] NAME=VALUE",
        help="path of a router (default: all; to change, the only one); limits to "
        f"change: {', '.join(CHANGEABLE)}",
    )

    store = add(commands, "store", one)
    store.add_argument(
        "words",
        nargs="*",
        metavar="backup PATH",
        help="copy it to a file that is not there, while the service runs",
    )
    _add_router(store, "all; to copy, the only one that has a store")
    _add_key(add(commands, "release", one))
    _add_key(add(commands, "passivate", one))

    cancel = add(commands, "cancel", one)
    cancel.add_argument("--all", action="store_true", help="take back what waits, too")
    reset = add(commands, "reset", one)
    close = add(commands, "close", one)
    for verb in (cancel, reset, close):
        _add_key(verb)
        verb.add_argument("--reason", metavar="TEXT", help="for the outcome")


def _add_key(parser: Parser) -> None:
    parser.add_argument("key", help="of the session")
    _add_router(parser, "the only one that knows the key")


def _add_router(parser: Parser, default: str) -> None:
    parser.add_argument("--router", metavar="PATH", help=f"(default: {default})")
